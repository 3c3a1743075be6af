/* SPDX-License-Identifier: MIT */
/* What the handle hears: of the process that started it and of those it starts. */
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/notify.h"
#include "upgrade/protocol.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64 }; /* readable things looked at before the caller gets a turn */

int cfk__say(int channel, uint8_t type)
{
    struct cfk__message message = { .type = type };
    uint8_t data[CFK__MESSAGE_MAX];
    size_t size = cfk__message_encode(&message, data);

    return send(channel, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* 1 and a message's type, 0 at the end, -1 for nonsense, -2 when there is nothing. */
static int hear(int channel, uint8_t *type)
{
    uint8_t data[CFK__MESSAGE_MAX];
    struct cfk__message message;
    ssize_t got;

    /* MSG_TRUNC tells the true size; descriptors without room for them are closed. */
    got = recv(channel, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return -2;
    if (got <= 0)
        return 0;
    if ((size_t)got > sizeof data ||
        cfk__message_decode(data, (size_t)got, &message, NULL) != CFK_OK)
        return -1;
    *type = message.type;
    return 1;
}

void cfk__close_sockets(cfk_upgrade *u, bool remove_paths)
{
    for (size_t i = 0; i < u->fds.count; i++) {
        const struct cfk__fd_entry *entry = &u->fds.items[i];

        /* What was inherited is ours to remove once we have taken over. */
        if (remove_paths && entry->path != NULL &&
            ((entry->flags & CFK_UPGRADE_INHERITED) == 0 || u->state == CFK__SERVING))
            cfk__path_remove(entry->path, &entry->id);
    }
    cfk__fds_clear(&u->fds);
}

static void close_unclaimed(cfk_upgrade *u)
{
    size_t kept = 0;

    for (size_t i = 0; i < u->fds.count; i++) {
        struct cfk__fd_entry *entry = &u->fds.items[i];

        if ((entry->flags & CFK_UPGRADE_CLAIMED) != 0) {
            u->fds.items[kept++] = *entry;
            continue;
        }
        if (entry->path != NULL)
            cfk__path_remove(entry->path, &entry->id);
        cfk__fds_release(&u->fds, entry);
    }
    u->fds.count = kept;
    u->fds.cursor = 0;
}

void cfk__take_over(cfk_upgrade *u)
{
    u->state = CFK__SERVING;
    if (!cfk__is_holder(u))
        close_unclaimed(u);
}

static void describe(struct cfk_upgrade_event *event, int32_t type,
                     const struct cfk__child *child)
{
    event->type = type;
    event->pid = (int32_t)child->pid;
    event->generation = child->generation;
}

/* The child serves: whoever served before gives way. */
static void child_serves(cfk_upgrade *u, struct cfk__child *child,
                         struct cfk_upgrade_event *event)
{
    cfk__timer_arm(child->timer, 0);
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state == CFK__CHILD_SERVING)
            cfk__child_retire(u, c, false);
    child->state = CFK__CHILD_SERVING;
    describe(event, CFK_UPGRADE_EVENT_READY, child);
    if (cfk__is_holder(u)) {
        u->generation = child->generation;
    } else {
        u->state = CFK__HANDED_OVER;
        cfk__close_sockets(u, false);
    }
}

/* READY=1, or time enough: there is no one to confirm, so it serves if it lives. */
static void child_is_ready(cfk_upgrade *u, struct cfk__child *child,
                           struct cfk_upgrade_event *event)
{
    if (child->state == CFK__CHILD_STARTING && !cfk__process_has_ended(child->process))
        child_serves(u, child, event);
}

static void on_child_message(cfk_upgrade *u, struct cfk__child *child,
                             struct cfk_upgrade_event *event)
{
    uint8_t type = 0;
    int got = hear(child->channel, &type);
    bool good = false;

    if (got == -2)
        return;
    if (got == 0) {
        /* Programs close what they do not know. Its end, if it is one, is seen elsewhere.
         */
        cfk__poll_close(u->poll, &child->channel);
        return;
    }
    if (got == 1 && type == CFK__MESSAGE_READY) {
        good = true;
        if (child->state == CFK__CHILD_STARTING &&
            cfk__say(child->channel, CFK__MESSAGE_COMMIT) == 0) {
            child->state = CFK__CHILD_COMMITTING;
            cfk__timer_arm(child->timer, u->options.timeout_ns);
        }
    } else if (got == 1 && type == CFK__MESSAGE_SERVING) {
        good = child->state != CFK__CHILD_STARTING;
        if (child->state == CFK__CHILD_COMMITTING &&
            !cfk__process_has_ended(child->process))
            child_serves(u, child, event);
    }
    if (!good) {
        cfk__poll_close(u->poll, &child->channel);
        cfk__child_fail(child, CFK_E_PROTOCOL);
    }
}

static void on_notify(cfk_upgrade *u, struct cfk__child *child,
                      struct cfk_upgrade_event *event)
{
    struct cfk__notification notification;

    if (cfk__notify_receive(child->notify, child->pid, &notification) == 1 &&
        notification.ready)
        child_is_ready(u, child, event);
}

static void on_timer(cfk_upgrade *u, struct cfk__child *child,
                     struct cfk_upgrade_event *event)
{
    cfk__timer_arm(child->timer, 0);
    if (child->state == CFK__CHILD_STARTING && u->options.ready_delay_ns != 0)
        child_is_ready(u, child, event);
    else if (child->state == CFK__CHILD_DRAINING)
        cfk__child_retire(u, child, true);
    else
        cfk__child_fail(child, CFK_E_TIMEOUT);
}

static void on_exit_of(cfk_upgrade *u, struct cfk__child *child,
                       struct cfk_upgrade_event *event)
{
    enum cfk__child_state state = child->state;

    switch (state) {
    case CFK__CHILD_SERVING: describe(event, CFK_UPGRADE_EVENT_EXITED, child); break;
    case CFK__CHILD_DRAINING: describe(event, CFK_UPGRADE_EVENT_DRAINED, child); break;
    default: describe(event, CFK_UPGRADE_EVENT_FAILED, child); break;
    }
    cfk__process_reap(child->process, &event->reason, &event->status);
    if (state == CFK__CHILD_DYING)
        event->reason = child->reason;
    event->forced = child->forced;
    child->state = CFK__CHILD_DRAINING; /* reaped: there is nothing to kill */
    cfk__child_drop(u, child);
    if (u->state == CFK__STOPPED && u->children == NULL) {
        u->tell_stopped = true;
        cfk__wake_set(u->wake);
    }
}

static int on_parent(cfk_upgrade *u, struct cfk_upgrade_event *event,
                     struct cfk_error *err)
{
    uint8_t type = 0;
    int got = hear(u->parent, &type);

    if (got == -2)
        return CFK_OK;
    if (got == 1 && type == CFK__MESSAGE_COMMIT && u->state == CFK__READY_SENT) {
        /* If this does not arrive, nobody is there to hear it. */
        cfk__say(u->parent, CFK__MESSAGE_SERVING);
        cfk__take_over(u);
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
    } else if (got == 0 && u->state == CFK__READY_SENT) {
        cfk__take_over(u); /* that the parent has gone is told next time */
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
    } else if (got == 0) {
        cfk__poll_close(u->poll, &u->parent);
        event->type = CFK_UPGRADE_EVENT_PARENT_GONE;
    } else {
        cfk__poll_close(u->poll, &u->parent);
        return cfk__fail(err, CFK_E_PROTOCOL,
                         "upgrade: the process that started this one speaks nonsense");
    }
    event->generation = u->generation;
    return CFK_OK;
}

static int dispatch(cfk_upgrade *u, uint64_t token, struct cfk_upgrade_event *event,
                    struct cfk_error *err)
{
    enum cfk__token_kind kind = (enum cfk__token_kind)(token % CFK__ON_KINDS);
    struct cfk__child *child = cfk__child_by_number(u, token / CFK__ON_KINDS);

    if (kind == CFK__ON_WAKE)
        cfk__wake_clear(u->wake);
    else if (kind == CFK__ON_PARENT)
        return on_parent(u, event, err);
    else if (kind == CFK__ON_EXIT)
        on_exit_of(u, child, event);
    else if (kind == CFK__ON_TIMER)
        on_timer(u, child, event);
    else if (kind == CFK__ON_CHANNEL)
        on_child_message(u, child, event);
    else
        on_notify(u, child, event);
    return CFK_OK;
}

/* Events of the handle's own making. */
static bool tell(cfk_upgrade *u, struct cfk_upgrade_event *event)
{
    if (u->tell_committed) {
        u->tell_committed = false;
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
    } else if (u->tell_stopped) {
        u->tell_stopped = false;
        event->type = CFK_UPGRADE_EVENT_STOPPED;
    } else {
        return false;
    }
    event->generation = u->generation;
    return true;
}

int cfk_upgrade_process(cfk_upgrade *u, struct cfk_upgrade_event *event,
                        struct cfk_error *err)
{
    *event = (struct cfk_upgrade_event){ .type = CFK_UPGRADE_EVENT_NONE };
    if (u->owner != getpid())
        return CFK_OK;
    for (int i = 0; i < MOST_AT_ONCE; i++) {
        uint64_t token;
        int got;
        int rc;

        if (tell(u, event))
            return CFK_OK;
        got = cfk__poll_next(u->poll, &token);
        if (got < 0)
            return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot poll");
        if (got == 0)
            return CFK_OK;
        rc = dispatch(u, token, event, err);
        if (rc != CFK_OK || event->type != CFK_UPGRADE_EVENT_NONE)
            return rc;
    }
    return CFK_OK;
}
