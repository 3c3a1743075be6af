/* SPDX-License-Identifier: MIT */
/* The new process's side: taking over from the one that started it. */
#include "base/error.h"
#include "upgrade/channel.h"
#include "upgrade/handle.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"

#include <unistd.h>

/* Inherited paths are ours only when the parent cannot come back to them. */
static bool may_remove(const cfk_upgrade *u, const struct cfk__fd_entry *entry)
{
    return entry->path != NULL && ((entry->flags & CFK_UPGRADE_INHERITED) == 0 ||
                                   (u->state == CFK__SERVING && u->own_paths));
}

static void close_all(cfk_upgrade *u, struct cfk__fds *fds, bool remove_paths)
{
    for (size_t i = 0; i < fds->count; i++)
        if (remove_paths && may_remove(u, &fds->items[i]))
            cfk__path_remove(fds->items[i].path, &fds->items[i].id);
    cfk__fds_clear(fds);
}

void cfk__close_sockets(cfk_upgrade *u, bool remove_paths)
{
    close_all(u, &u->fds, remove_paths);
    close_all(u, &u->leaving, remove_paths);
}

void cfk__close_leaving(cfk_upgrade *u, uint64_t number)
{
    struct cfk__fds *fds = &u->leaving;
    size_t kept = 0;

    for (size_t i = 0; i < fds->count; i++) {
        struct cfk__fd_entry *entry = &fds->items[i];

        if (entry->fd >= 0 ? entry->last_child >= number : !u->own_paths) {
            fds->items[kept++] = *entry;
            continue;
        }
        if (may_remove(u, entry))
            cfk__path_remove(entry->path, &entry->id);
        cfk__fds_release(fds, entry);
    }
    fds->count = kept;
}

/* A path is remembered (without descriptor) until it is ours to remove. */
static void close_unclaimed(cfk_upgrade *u)
{
    size_t kept = 0;

    for (size_t i = 0; i < u->fds.count; i++) {
        struct cfk__fd_entry *entry = &u->fds.items[i];

        if ((entry->flags & CFK_UPGRADE_CLAIMED) != 0) {
            u->fds.items[kept++] = *entry;
            continue;
        }
        close(entry->fd);
        entry->fd = -1;
        if (entry->path == NULL || !cfk__fds_move(&u->leaving, entry))
            cfk__fds_release(&u->fds, entry);
    }
    u->fds.count = kept;
    u->fds.cursor = 0;
}

/* No way back for the parent: it said so, is gone, or there was none. */
static void pass(cfk_upgrade *u)
{
    u->own_paths = true;
    cfk__close_leaving(u, 0);
}

void cfk__take_over(cfk_upgrade *u)
{
    u->state = CFK__SERVING;
    if (!cfk__is_holder(u))
        close_unclaimed(u);
    if (u->parent < 0)
        pass(u);
}

/* 1: our turn. What comes with it replaces the state that came at the start. */
static int on_commit(cfk_upgrade *u, const struct cfk__message *message, int *fds)
{
    if (u->state == CFK__READY_SENT) {
        if ((message->flags & CFK__WITH_STATE) != 0) {
            if (!cfk__state_adopt(&u->given, fds[0], message->version))
                return 0;
            fds[0] = -1;
        }
        /* If this does not arrive, nobody is there to hear it. */
        cfk__say(u->parent, CFK__MESSAGE_SERVING);
        cfk__take_over(u);
        return 1;
    }
    return 0;
}

static bool on_message(cfk_upgrade *u, const struct cfk__message *message, int *fds,
                       struct cfk_upgrade_event *event)
{
    switch (message->type) {
    case CFK__MESSAGE_COMMIT:
        if (!on_commit(u, message, fds))
            return false;
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
        return true;
    case CFK__MESSAGE_PASSED:
        if (u->state == CFK__SERVING)
            pass(u);
        return true;
    case CFK__MESSAGE_DRAINED: u->drained = true; return true;
    default: return false;
    }
}

static void on_end(cfk_upgrade *u, struct cfk_upgrade_event *event)
{
    if (u->state == CFK__READY_SENT) {
        cfk__tell_passed(u, getpid());
        cfk__take_over(u); /* that the parent has gone is told next time */
        event->type = CFK_UPGRADE_EVENT_COMMITTED;
        return;
    }
    cfk__poll_close(u->poll, &u->parent);
    if (u->state == CFK__SERVING)
        pass(u);
    event->type = CFK_UPGRADE_EVENT_PARENT_GONE;
    event->reason = u->drained ? CFK_OK : CFK_E_EXITED;
}

int cfk__on_parent(cfk_upgrade *u, struct cfk_upgrade_event *event, struct cfk_error *err)
{
    struct cfk__message message;
    int fds[CFK__CHANNEL_FDS];
    enum cfk__heard heard = cfk__hear(u->parent, &message, fds);
    bool good = heard != CFK__HEARD_NONSENSE;

    if (heard == CFK__HEARD_END)
        on_end(u, event);
    else if (heard == CFK__HEARD_MESSAGE)
        good = on_message(u, &message, fds, event);
    for (int i = 0; i < CFK__CHANNEL_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (!good) {
        cfk__poll_close(u->poll, &u->parent);
        return cfk__fail(err, CFK_E_PROTOCOL,
                         "upgrade: the process that started this one speaks nonsense");
    }
    if (event->type != CFK_UPGRADE_EVENT_NONE)
        event->generation = u->generation;
    return CFK_OK;
}
