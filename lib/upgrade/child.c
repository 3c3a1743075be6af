/* SPDX-License-Identifier: MIT */
/* Processes that a handle starts: how they are started, told, and let go. */
#define _GNU_SOURCE /* pipe2 */

#include "base/alloc.h"
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/launch.h"
#include "upgrade/system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Watch it, and set the time by which it must be ready (or is taken to be). */
static int watch(const cfk_upgrade *u, const struct cfk__child *c, struct cfk_error *err)
{
    const struct cfk_upgrade_options *o = &u->options;
    uint64_t ns = o->ready_delay_ns != 0 ? o->ready_delay_ns : o->timeout_ns;

    if (cfk__poll_add(u->poll, c->timer, cfk__token(c->number, CFK__ON_TIMER)) != 0 ||
        cfk__poll_add(u->poll, c->channel, cfk__token(c->number, CFK__ON_CHANNEL)) != 0 ||
        cfk__poll_add(u->poll, c->notify, cfk__token(c->number, CFK__ON_NOTIFY)) != 0 ||
        cfk__poll_add(u->poll, c->process, cfk__token(c->number, CFK__ON_EXIT)) != 0 ||
        (c->ready_fd >= 0 &&
         cfk__poll_add(u->poll, c->ready_fd, cfk__token(c->number, CFK__ON_READY_FD)) !=
             0) ||
        cfk__timer_arm(c->timer, ns) != 0)
        return cfk__fail_errno(err, CFK_E_IO, errno,
                               "upgrade: cannot watch the new process");
    return CFK_OK;
}

/* The pipe through which it may say that it is ready; *theirs is its end. */
static int open_ready_fd(const cfk_upgrade *u, struct cfk__child *c, int *theirs,
                         struct cfk_error *err)
{
    int ends[2];

    if ((u->options.flags & CFK_UPGRADE_READY_FD) == 0)
        return CFK_OK;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no pipe for readiness");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->ready_fd = ends[0];
    *theirs = ends[1];
    return CFK_OK;
}

/* A child that is not running yet, linked. */
static struct cfk__child *new_child(cfk_upgrade *u)
{
    struct cfk__child *child = cfk__calloc(&u->alloc, 1, sizeof *child);

    if (child == NULL)
        return NULL;
    child->state = CFK_UPGRADE_STARTING;
    child->process = child->channel = child->notify = child->ready_fd = -1;
    child->number = ++u->child_number;
    child->generation = u->generation + 1;
    child->timer = cfk__timer_new();
    child->next = u->children;
    u->children = child;
    return child;
}

int cfk__child_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                     struct cfk_error *err)
{
    struct cfk__child *child = new_child(u);
    struct cfk__their_ends theirs = { -1, -1 };
    int pair[2] = { -1, -1 };
    int rc = CFK_OK;

    if (child == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for a process");
    if (child->timer < 0 || cfk__channel_new(pair) != 0)
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot start a process");
    child->channel = pair[0];
    theirs.channel = pair[1];
    if (rc == CFK_OK)
        rc = open_ready_fd(u, child, &theirs.ready_fd, err);
    if (rc == CFK_OK)
        rc = cfk__launch(u, child, &theirs, argv, env, err);
    if (theirs.channel >= 0)
        close(theirs.channel);
    if (theirs.ready_fd >= 0)
        close(theirs.ready_fd);
    if (rc == CFK_OK)
        rc = watch(u, child, err);
    if (rc != CFK_OK) {
        cfk__child_drop(u, child);
        return rc;
    }
    u->mine_is_new = false;
    u->started++;
    cfk__tell_begun(u);
    return CFK_OK;
}

struct cfk__child *cfk__child_starting(const cfk_upgrade *u)
{
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state != CFK_UPGRADE_SERVING && c->state != CFK_UPGRADE_DRAINING)
            return c;
    return NULL;
}

struct cfk__child *cfk__child_by_number(const cfk_upgrade *u, uint64_t number)
{
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->number == number)
            return c;
    return NULL;
}

void cfk__child_fail(struct cfk__child *child, int32_t reason)
{
    if (child->state != CFK_UPGRADE_STARTING && child->state != CFK_UPGRADE_COMMITTING &&
        child->state != CFK_UPGRADE_PROBATION)
        return;
    child->state = CFK_UPGRADE_DYING;
    child->reason = reason;
    cfk__timer_arm(child->timer, 0);
    cfk__process_kill(child->process, child->pid, SIGKILL);
}

void cfk__child_retire(cfk_upgrade *u, struct cfk__child *child, bool now)
{
    if (now) {
        child->forced = true;
        cfk__process_kill(child->process, child->pid, SIGKILL);
    } else if (child->state != CFK_UPGRADE_DRAINING) {
        cfk__process_kill(child->process, child->pid, u->options.stop_signal);
        cfk__timer_arm(child->timer, u->options.drain_ns);
    }
    child->state = CFK_UPGRADE_DRAINING;
}

void cfk__child_drop(cfk_upgrade *u, struct cfk__child *child)
{
    struct cfk__child **link = &u->children;
    int32_t reason;
    int32_t status;

    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    if (child->process >= 0 && u->owner == getpid() &&
        (child->state == CFK_UPGRADE_STARTING || child->state == CFK_UPGRADE_COMMITTING ||
         child->state == CFK_UPGRADE_DYING)) {
        cfk__process_kill(child->process, child->pid, SIGKILL);
        cfk__process_reap(child->process, &reason, &status);
    }
    cfk__poll_close(u->poll, &child->process);
    cfk__poll_close(u->poll, &child->timer);
    cfk__poll_close(u->poll, &child->channel);
    cfk__poll_close(u->poll, &child->notify);
    cfk__poll_close(u->poll, &child->ready_fd);
    cfk__free(&u->alloc, child);
}
