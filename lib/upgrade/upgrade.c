/* SPDX-License-Identifier: MIT */
/* The handle: making it, and its words to others. process.c and parent.c are its ears. */
#define _GNU_SOURCE /* O_PATH */

#include "cfkit/upgrade.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "upgrade/channel.h"
#include "upgrade/handle.h"
#include "upgrade/inherit.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t SECOND = 1000000000;

enum {
    DEFAULT_MAX_FDS = 65536,
    DEFAULT_TIMEOUT_S = 60,
    DEFAULT_DRAIN_S = 30,
    KNOWN_FLAGS = CFK_UPGRADE_HOLDER | CFK_UPGRADE_KEEP_ENV | CFK_UPGRADE_CONFIRM |
                  CFK_UPGRADE_READY_FD | CFK_UPGRADE_START_DIR,
};

_Static_assert(sizeof(struct cfk_upgrade_event) == 64, "part of the ABI");
_Static_assert(sizeof(struct cfk_upgrade_child) == 64, "part of the ABI");
_Static_assert(sizeof(struct cfk_upgrade_status) == 128, "part of the ABI");

static int import_options(const struct cfk_upgrade_options *opts,
                          struct cfk_upgrade_options *o, struct cfk_error *err)
{
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    if ((o->flags & ~(uint32_t)KNOWN_FLAGS) != 0)
        return cfk__fail(err, CFK_E_NOTSUP, "upgrade: options with unknown flags");
    if (o->stop_signal < 0 || o->stop_signal > 64)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: %d is no signal", o->stop_signal);
    if (o->generations > CFK__FORMER_MAX)
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: %" PRIu32 " generations, of at most %d",
                         o->generations, CFK__FORMER_MAX);
    if (o->max_fds == 0)
        o->max_fds = DEFAULT_MAX_FDS;
    if (o->timeout_ns == 0)
        o->timeout_ns = DEFAULT_TIMEOUT_S * SECOND;
    if (o->drain_ns == 0)
        o->drain_ns = DEFAULT_DRAIN_S * SECOND;
    if (o->stop_signal == 0)
        o->stop_signal = SIGTERM;
    return CFK_OK;
}

static int open_directory(cfk_upgrade *u, struct cfk_error *err)
{
    int fd;

    if ((u->options.flags & CFK_UPGRADE_START_DIR) == 0)
        return CFK_OK;
    fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: the current directory");
    u->directory = fd > 2 ? fd : cfk__fd_duplicate(fd);
    if (fd <= 2)
        close(fd);
    return u->directory >= 0
               ? CFK_OK
               : cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: the current directory");
}

static int open_waiting(cfk_upgrade *u, struct cfk_error *err)
{
    u->poll = cfk__poll_new();
    u->wake = cfk__wake_new();
    if (u->poll < 0 || u->wake < 0 ||
        cfk__poll_add(u->poll, u->wake, cfk__token(0, CFK__ON_WAKE)) != 0 ||
        (u->parent >= 0 &&
         cfk__poll_add(u->poll, u->parent, cfk__token(0, CFK__ON_PARENT)) != 0))
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: no descriptor to poll");
    return CFK_OK;
}

static int adopt(cfk_upgrade *u, struct cfk_error *err)
{
    struct cfk__inheritance got;
    int rc = cfk__inherit(&u->fds, &got, err);

    if (rc != CFK_OK)
        return rc;
    u->parent = got.channel;
    u->parent_is_holder = got.from_holder;
    u->former = got.former;
    u->ready_fd = got.ready_fd;
    u->notify = got.notify;
    if (got.state >= 0 && !cfk__state_adopt(&u->given, got.state, got.state_version)) {
        close(got.state);
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot look at the state");
    }
    u->generation = cfk__is_holder(u) ? 0 : got.generation;
    if ((u->options.flags & CFK_UPGRADE_KEEP_ENV) == 0)
        cfk__inherit_clean();
    return CFK_OK;
}

int cfk_upgrade_new(const struct cfk_upgrade_options *opts, cfk_upgrade **out,
                    struct cfk_error *err)
{
    struct cfk_upgrade_options o;
    cfk_upgrade *u;
    int rc;

    *out = NULL;
    rc = import_options(opts, &o, err);
    if (rc != CFK_OK)
        return rc;
    u = cfk__calloc(o.alloc, 1, sizeof *u);
    if (u == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory for a handle");
    u->alloc = *cfk__alloc_or_default(o.alloc);
    u->options = o;
    u->options.alloc = NULL;
    u->owner = getpid();
    u->poll = u->wake = u->parent = u->directory = u->ready_fd = -1;
    u->given.fd = u->mine.fd = -1;
    u->fds.alloc = u->leaving.alloc = &u->alloc;
    u->fds.limit = o.max_fds;
    /* Before a descriptor of ours could be taken for one that was passed. */
    rc = adopt(u, err);
    if (rc == CFK_OK)
        rc = open_directory(u, err);
    if (rc == CFK_OK)
        rc = open_waiting(u, err);
    if (rc != CFK_OK) {
        cfk_upgrade_free(u);
        return rc;
    }
    *out = u;
    return CFK_OK;
}

/* Only now: that it closes means the same as READY. */
static void close_ready_fd(cfk_upgrade *u)
{
    if (u->ready_fd >= 0)
        close(u->ready_fd);
    u->ready_fd = -1;
}

/* The process that took over may know that this one ends because it has finished. */
static void tell_drained(const cfk_upgrade *u)
{
    for (const struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state == CFK_UPGRADE_SERVING && c->speaks && c->channel >= 0)
            cfk__say(c->channel, CFK__MESSAGE_DRAINED);
}

void cfk_upgrade_free(cfk_upgrade *u)
{
    struct cfk_alloc alloc;

    if (u == NULL)
        return;
    if (u->owner != getpid() && u->poll >= 0) {
        close(u->poll); /* shared with the owner, whose set must stay as it is */
        u->poll = -1;
    }
    if (u->state == CFK__HANDED_OVER && u->owner == getpid())
        tell_drained(u);
    while (u->children != NULL)
        cfk__child_drop(u, u->children);
    cfk__fds_clear(&u->fds);
    cfk__fds_clear(&u->leaving);
    cfk__state_drop(&u->given);
    cfk__state_drop(&u->mine);
    cfk__former_clear(&u->former);
    cfk__poll_close(u->poll, &u->parent);
    cfk__poll_close(u->poll, &u->wake);
    if (u->poll >= 0)
        close(u->poll);
    if (u->directory >= 0)
        close(u->directory);
    close_ready_fd(u);
    alloc = u->alloc;
    cfk__free(&alloc, u->notify);
    cfk__free(&alloc, u);
}

int cfk__check_open(const cfk_upgrade *u, struct cfk_error *err)
{
    if (u->state == CFK__HANDED_OVER)
        return cfk__fail(err, CFK_E_STOPPED, "upgrade: this process has handed over");
    if (u->state == CFK__STOPPED)
        return cfk__fail(err, CFK_E_STOPPED, "upgrade: this process has stopped");
    return CFK_OK;
}

int cfk_upgrade_ready(cfk_upgrade *u, struct cfk_error *err)
{
    int rc = cfk__check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    if (u->state != CFK__STARTING)
        return CFK_OK;
    if (u->parent >= 0 && cfk__say(u->parent, CFK__MESSAGE_READY) == 0) {
        u->state = CFK__READY_SENT;
        close_ready_fd(u);
        return CFK_OK;
    }
    /* A parent that cannot be told is gone, and this process is the only one. */
    if (u->parent >= 0) {
        cfk__tell_passed(u, getpid());
    } else if (u->notify != NULL) {
        rc = cfk__notify_send(u->notify, "READY=1", NULL, 0, err);
        if (rc != CFK_OK)
            return rc;
    }
    cfk__take_over(u);
    u->tell_committed = true;
    cfk__wake_set(u->wake);
    return CFK_OK;
}

/* A parent in its probation, and a holder, have not let go at all. */
static int check_former(cfk_upgrade *u, struct cfk_error *err)
{
    int running = cfk__former_running(&u->former) + (u->parent >= 0);

    if (cfk__is_holder(u))
        return CFK_OK;
    if (u->parent >= 0 &&
        (u->options.generations == 0 || u->parent_is_holder || !u->own_paths))
        return cfk__fail(err, CFK_E_PARENT,
                         "upgrade: the process that started this one still runs");
    if (running > (int)u->options.generations)
        return cfk__fail(err, CFK_E_PARENT,
                         "upgrade: %d former processes still run, of at most %" PRIu32,
                         running, u->options.generations);
    return CFK_OK;
}

int cfk_upgrade_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                      struct cfk_error *err)
{
    int rc = cfk__check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    if (argv == NULL || argv[0] == NULL || argv[0][0] == '\0')
        return cfk__fail(err, CFK_E_INVALID, "upgrade: no program to start");
    if (u->owner != getpid())
        return cfk__fail(err, CFK_E_STATE, "upgrade: the handle is another process's");
    if (cfk__child_starting(u) != NULL)
        return cfk__fail(err, CFK_E_BUSY, "upgrade: a process is starting already");
    if (!cfk__is_holder(u) && u->state != CFK__SERVING)
        return cfk__fail(err, CFK_E_STATE,
                         "upgrade: this process has not taken over yet");
    rc = check_former(u, err);
    if (rc != CFK_OK)
        return rc;
    return cfk__child_start(u, argv, env, err);
}

int cfk_upgrade_confirm(cfk_upgrade *u, struct cfk_error *err)
{
    struct cfk__child *child = cfk__child_starting(u);

    if (child == NULL || child->state != CFK_UPGRADE_STARTING || u->owner != getpid())
        return cfk__fail(err, CFK_E_STATE, "upgrade: no process is starting");
    child->confirmed = true;
    child->says_ready = true;
    cfk__wake_set(u->wake);
    return CFK_OK;
}

int cfk_upgrade_cancel(cfk_upgrade *u, struct cfk_error *err)
{
    struct cfk__child *child = cfk__child_starting(u);

    if (child == NULL || u->owner != getpid())
        return cfk__fail(err, CFK_E_STATE, "upgrade: no process is starting");
    cfk__child_fail(child, CFK_E_STOPPED);
    return CFK_OK;
}

int cfk_upgrade_stop(cfk_upgrade *u, uint32_t flags, struct cfk_error *err)
{
    struct cfk__child *next;

    if ((flags & ~(uint32_t)(CFK_UPGRADE_NOW | CFK_UPGRADE_KEEP_PATHS)) != 0 ||
        u->owner != getpid())
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: stop with unknown flags, or in a forked process");
    cfk__close_sockets(u, u->state != CFK__STOPPED && u->state != CFK__HANDED_OVER &&
                              (flags & CFK_UPGRADE_KEEP_PATHS) == 0);
    u->state = CFK__STOPPED;
    for (struct cfk__child *c = u->children; c != NULL; c = next) {
        next = c->next;
        if (c->state != CFK_UPGRADE_SERVING && c->state != CFK_UPGRADE_DRAINING &&
            c->state != CFK_UPGRADE_PROBATION)
            cfk__child_fail(c, CFK_E_STOPPED);
        else if (cfk__is_holder(u) || c->state == CFK_UPGRADE_PROBATION)
            cfk__child_retire(u, c, (flags & CFK_UPGRADE_NOW) != 0);
        else
            cfk__child_drop(u, c); /* it has our sockets and goes on */
    }
    if (u->children == NULL && !u->tell_stopped) {
        u->tell_stopped = true;
        cfk__wake_set(u->wake);
    }
    return CFK_OK;
}
