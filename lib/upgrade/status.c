/* SPDX-License-Identifier: MIT */
/* What a handle can tell about itself and the processes that it started. */
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/system.h"

#include <errno.h>
#include <unistd.h>

int cfk_upgrade_fd(const cfk_upgrade *u)
{
    return u->poll;
}

int cfk_upgrade_has_parent(const cfk_upgrade *u)
{
    return u->parent >= 0;
}

uint32_t cfk_upgrade_generation(const cfk_upgrade *u)
{
    return u->generation;
}

const char *cfk_upgrade_notification(const cfk_upgrade *u)
{
    return u->notification;
}

static uint32_t own_state(const cfk_upgrade *u)
{
    switch (u->state) {
    case CFK__STARTING: return CFK_UPGRADE_STARTING;
    case CFK__READY_SENT: return CFK_UPGRADE_COMMITTING;
    case CFK__SERVING: return u->own_paths ? CFK_UPGRADE_SERVING : CFK_UPGRADE_PROBATION;
    case CFK__HANDED_OVER: return CFK_UPGRADE_DRAINING;
    default: return CFK_UPGRADE_STOPPED;
    }
}

void cfk_upgrade_get_status(const cfk_upgrade *u, struct cfk_upgrade_status *out)
{
    *out = (struct cfk_upgrade_status){
        .state = own_state(u),
        .generation = u->generation,
        .started = u->started,
        .succeeded = u->succeeded,
        .failed = u->failed,
        .forced = u->forced,
    };
}

int cfk_upgrade_get_child(const cfk_upgrade *u, size_t index,
                          struct cfk_upgrade_child *out, struct cfk_error *err)
{
    const struct cfk__child *child = u->children;

    for (size_t i = 0; child != NULL && i < index; i++)
        child = child->next;
    if (child == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: there is no process %zu", index);
    *out = (struct cfk_upgrade_child){
        .pid = (int32_t)child->pid,
        .generation = child->generation,
        .state = child->state,
    };
    return CFK_OK;
}

int cfk_upgrade_wait(cfk_upgrade *u, uint64_t timeout_ns, struct cfk_upgrade_event *event,
                     struct cfk_error *err)
{
    int timer = cfk__timer_new();
    int rc = CFK_OK;

    *event = (struct cfk_upgrade_event){ .type = CFK_UPGRADE_EVENT_NONE };
    if (timer < 0 || cfk__timer_arm(timer, timeout_ns == 0 ? 1 : timeout_ns) != 0)
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no timer to wait with");
    while (rc == CFK_OK) {
        rc = cfk_upgrade_process(u, event, err);
        if (rc != CFK_OK || event->type != CFK_UPGRADE_EVENT_NONE ||
            cfk__timer_left(timer) == 0)
            break;
        if (cfk__wait_for(u->poll, timer) != 0)
            rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot wait");
    }
    if (timer >= 0)
        close(timer);
    return rc;
}

int cfk_upgrade_owns_pid(const cfk_upgrade *u, int32_t pid)
{
    for (const struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->pid == pid)
            return 1;
    return 0;
}
