/* SPDX-License-Identifier: MIT */
/* What the handle hears of the processes that it started, and what it makes of it. */
#include "base/error.h"
#include "upgrade/channel.h"
#include "upgrade/handle.h"
#include "upgrade/system.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64 }; /* readable things looked at before the caller gets a turn */

/* It has closed READY_FD: time to see whether it lives on. */
static const uint64_t CLOSED_GRACE_NS = 20000000;

static const uint64_t MICROSECOND = 1000;

static void describe(struct cfk_upgrade_event *event, int32_t type,
                     const struct cfk__child *child)
{
    event->type = type;
    event->pid = (int32_t)child->pid;
    event->generation = child->generation;
}

/* It has passed: whoever served before gives way. */
static void child_passes(cfk_upgrade *u, struct cfk__child *child,
                         struct cfk_upgrade_event *event)
{
    cfk__timer_arm(child->timer, 0);
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state == CFK_UPGRADE_SERVING)
            cfk__child_retire(u, c, false);
    child->state = CFK_UPGRADE_SERVING;
    u->succeeded++;
    cfk__tell_passed(u, child->pid);
    describe(event, CFK_UPGRADE_EVENT_READY, child);
    if (child->speaks)
        cfk__say(child->channel, CFK__MESSAGE_PASSED);
    cfk__close_leaving(u, child->number);
    if (cfk__is_holder(u)) {
        u->generation = child->generation;
    } else {
        u->state = CFK__HANDED_OVER;
        cfk__close_sockets(u, false);
    }
}

static bool somebody_serves(const cfk_upgrade *u)
{
    for (const struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state == CFK_UPGRADE_SERVING)
            return true;
    return !cfk__is_holder(u);
}

/* It serves; whether it stays is another matter, where one could go back. */
static void child_serves(cfk_upgrade *u, struct cfk__child *child,
                         struct cfk_upgrade_event *event)
{
    if (u->options.probation_ns == 0 || !somebody_serves(u)) {
        child_passes(u, child, event);
        return;
    }
    child->state = CFK_UPGRADE_PROBATION;
    child->was_serving = true;
    cfk__timer_arm(child->timer, u->options.probation_ns);
    describe(event, CFK_UPGRADE_EVENT_PROBATION, child);
}

static void commit(cfk_upgrade *u, struct cfk__child *child)
{
    struct cfk__message message = { .type = CFK__MESSAGE_COMMIT };
    int count = 0;

    if (u->mine_is_new && u->mine.fd >= 0) {
        message.flags = CFK__WITH_STATE;
        message.version = u->mine.version;
        count = 1;
    }
    if (cfk__say_with(child->channel, &message, &u->mine.fd, count) != 0)
        return; /* it is gone: that is heard elsewhere */
    child->state = CFK_UPGRADE_COMMITTING;
    cfk__timer_arm(child->timer, u->options.timeout_ns);
}

/* It says that it is ready, or is believed to be. */
static void child_is_ready(cfk_upgrade *u, struct cfk__child *child,
                           struct cfk_upgrade_event *event)
{
    child->says_ready = false;
    if (child->state != CFK_UPGRADE_STARTING ||
        cfk__process_is_ending(child->process, child->pid))
        return;
    if ((u->options.flags & CFK_UPGRADE_CONFIRM) != 0 && !child->confirmed) {
        if (!child->prepared)
            describe(event, CFK_UPGRADE_EVENT_PREPARE, child);
        child->prepared = true;
    } else if (child->speaks) {
        commit(u, child);
    } else {
        child_serves(u, child, event);
    }
}

static void on_ready_message(cfk_upgrade *u, struct cfk__child *child,
                             struct cfk_upgrade_event *event)
{
    child->speaks = true;
    if (child->state == CFK_UPGRADE_STARTING)
        child_is_ready(u, child, event);
    else /* it was believed to be ready before it said so */
        cfk__say_with(child->channel,
                      &(struct cfk__message){ .type = CFK__MESSAGE_COMMIT }, NULL, 0);
}

/* SERVING from one that was told to. After a READY that came late it changes nothing. */
static bool on_serving_message(cfk_upgrade *u, struct cfk__child *child,
                               struct cfk_upgrade_event *event)
{
    if (child->state == CFK_UPGRADE_COMMITTING &&
        !cfk__process_is_ending(child->process, child->pid))
        child_serves(u, child, event);
    else if (child->state == CFK_UPGRADE_SERVING)
        cfk__say(child->channel, CFK__MESSAGE_PASSED);
    return child->state != CFK_UPGRADE_STARTING;
}

static void on_child_message(cfk_upgrade *u, struct cfk__child *child,
                             struct cfk_upgrade_event *event)
{
    struct cfk__message message;
    enum cfk__heard heard = cfk__hear(child->channel, &message, NULL);
    bool good = true;

    if (heard == CFK__HEARD_NOTHING)
        return;
    if (heard == CFK__HEARD_END) {
        /* Programs close what they do not know. Its end, if it is one, is seen elsewhere.
         */
        cfk__poll_close(u->poll, &child->channel);
        return;
    }
    if (heard == CFK__HEARD_NONSENSE)
        good = false;
    else if (message.type == CFK__MESSAGE_READY)
        on_ready_message(u, child, event);
    else if (message.type == CFK__MESSAGE_SERVING)
        good = on_serving_message(u, child, event);
    else if (message.type == CFK__MESSAGE_REJECT) {
        child->code = (int32_t)message.code;
        cfk__child_fail(child, CFK_E_REJECTED);
    } else
        good = false;
    if (!good) {
        cfk__poll_close(u->poll, &child->channel);
        cfk__child_fail(child, CFK_E_PROTOCOL);
    }
}

/* It asks for more time: to become ready, or to finish. */
static void extend(struct cfk__child *child, uint64_t microseconds)
{
    uint64_t ns =
        microseconds > UINT64_MAX / MICROSECOND ? UINT64_MAX : microseconds * MICROSECOND;
    uint64_t left = cfk__timer_left(child->timer);

    if ((child->state == CFK_UPGRADE_STARTING || child->state == CFK_UPGRADE_DRAINING) &&
        left != 0 && ns > left)
        cfk__timer_arm(child->timer, ns);
}

static void on_notify(cfk_upgrade *u, struct cfk__child *child,
                      struct cfk_upgrade_event *event)
{
    struct cfk__notification n;

    if (cfk__notify_receive(child->notify, child->pid, u->notification, &n) != 1)
        return;
    if (n.extend_us != 0)
        extend(child, n.extend_us);
    if (n.other && cfk__is_holder(u)) {
        describe(event, CFK_UPGRADE_EVENT_NOTIFIED, child);
        child->says_ready |= n.ready; /* comes next */
    } else if (n.ready) {
        child_is_ready(u, child, event);
    }
}

static void on_ready_fd(cfk_upgrade *u, struct cfk__child *child,
                        struct cfk_upgrade_event *event)
{
    char data[64];
    ssize_t got = read(child->ready_fd, data, sizeof data);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    cfk__poll_close(u->poll, &child->ready_fd);
    if (got > 0) {
        child_is_ready(u, child, event);
    } else if (child->state == CFK_UPGRADE_STARTING && !child->prepared) {
        child->closed = true;
        cfk__timer_arm(child->timer, CLOSED_GRACE_NS);
    }
}

static void on_timer(cfk_upgrade *u, struct cfk__child *child,
                     struct cfk_upgrade_event *event)
{
    cfk__timer_arm(child->timer, 0);
    switch (child->state) {
    case CFK_UPGRADE_STARTING:
        if ((child->closed || u->options.ready_delay_ns != 0) && !child->prepared) {
            cfk__timer_arm(child->timer, u->options.timeout_ns);
            child_is_ready(u, child, event);
            break;
        }
        cfk__child_fail(child, CFK_E_TIMEOUT);
        break;
    case CFK_UPGRADE_PROBATION:
        if (!cfk__process_is_ending(child->process, child->pid))
            child_passes(u, child, event);
        break;
    case CFK_UPGRADE_DRAINING: cfk__child_retire(u, child, true); break;
    default: cfk__child_fail(child, CFK_E_TIMEOUT); break;
    }
}

/* It may have said why before it ended. */
static void hear_last_words(struct cfk__child *child)
{
    struct cfk__message message;

    while (child->channel >= 0 && child->state != CFK_UPGRADE_DYING &&
           cfk__hear(child->channel, &message, NULL) == CFK__HEARD_MESSAGE)
        if (message.type == CFK__MESSAGE_REJECT) {
            child->code = (int32_t)message.code;
            child->reason = CFK_E_REJECTED;
            child->state = CFK_UPGRADE_DYING;
        }
}

static void describe_failure(const struct cfk__child *child,
                             struct cfk_upgrade_event *event)
{
    if (child->state == CFK_UPGRADE_DYING) {
        event->reason = child->reason;
        if (child->reason == CFK_E_REJECTED)
            event->status = child->code;
    } else if (child->state == CFK_UPGRADE_PROBATION) {
        event->cause = event->reason;
        event->reason = CFK_E_PROBATION;
    }
}

static void on_exit_of(cfk_upgrade *u, struct cfk__child *child,
                       struct cfk_upgrade_event *event)
{
    switch (child->state) {
    case CFK_UPGRADE_SERVING: describe(event, CFK_UPGRADE_EVENT_EXITED, child); break;
    case CFK_UPGRADE_DRAINING: describe(event, CFK_UPGRADE_EVENT_DRAINED, child); break;
    default: describe(event, CFK_UPGRADE_EVENT_FAILED, child); break;
    }
    cfk__process_reap(child->process, &event->reason, &event->status);
    if (event->type == CFK_UPGRADE_EVENT_FAILED) {
        hear_last_words(child);
        describe_failure(child, event);
        u->failed++;
        if (u->state == CFK__SERVING)
            cfk__tell_failed(u);
        u->tell_resume =
            child->was_serving && !cfk__is_holder(u) && u->state == CFK__SERVING;
    }
    event->forced = child->forced;
    u->forced += child->forced;
    child->state = CFK_UPGRADE_DRAINING; /* reaped: there is nothing to kill */
    cfk__child_drop(u, child);
    u->tell_stopped = u->state == CFK__STOPPED && u->children == NULL;
    if (u->tell_stopped || u->tell_resume)
        cfk__wake_set(u->wake);
}

static int dispatch(cfk_upgrade *u, uint64_t token, struct cfk_upgrade_event *event,
                    struct cfk_error *err)
{
    enum cfk__token_kind kind = (enum cfk__token_kind)(token % CFK__ON_KINDS);
    struct cfk__child *child = cfk__child_by_number(u, token / CFK__ON_KINDS);

    switch (kind) {
    case CFK__ON_WAKE: cfk__wake_clear(u->wake); break;
    case CFK__ON_PARENT: return cfk__on_parent(u, event, err);
    case CFK__ON_EXIT: on_exit_of(u, child, event); break;
    case CFK__ON_TIMER: on_timer(u, child, event); break;
    case CFK__ON_CHANNEL: on_child_message(u, child, event); break;
    case CFK__ON_READY_FD: on_ready_fd(u, child, event); break;
    default: on_notify(u, child, event); break;
    }
    /* A message that says more than one thing: the rest comes with the next call. */
    if (kind == CFK__ON_NOTIFY && child->says_ready)
        cfk__wake_set(u->wake);
    return CFK_OK;
}

/* Events of the handle's own making. */
static bool tell(cfk_upgrade *u, struct cfk_upgrade_event *event)
{
    struct cfk__child *child = cfk__child_starting(u);

    if (u->tell_committed) {
        u->tell_committed = false;
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
    } else if (u->tell_resume) {
        u->tell_resume = false;
        event->type = CFK_UPGRADE_EVENT_RESUME;
    } else if (u->tell_stopped) {
        u->tell_stopped = false;
        event->type = CFK_UPGRADE_EVENT_STOPPED;
    } else {
        if (child != NULL && child->says_ready)
            child_is_ready(u, child, event);
        return event->type != CFK_UPGRADE_EVENT_NONE;
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
