/* SPDX-License-Identifier: MIT */
/* The handle: making it, its descriptors, its words to others. process.c is its ear. */
#include "cfkit/upgrade.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "upgrade/handle.h"
#include "upgrade/inherit.h"
#include "upgrade/protocol.h"
#include "upgrade/socket.h"
#include "upgrade/system.h"
#include "upgrade/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t SECOND = 1000000000;

enum { DEFAULT_MAX_FDS = 65536, DEFAULT_TIMEOUT_S = 60, DEFAULT_DRAIN_S = 30 };

_Static_assert(sizeof(struct cfk_upgrade_event) == 64, "part of the ABI");

static int import_options(const struct cfk_upgrade_options *opts,
                          struct cfk_upgrade_options *o, struct cfk_error *err)
{
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    if ((o->flags & ~(uint32_t)(CFK_UPGRADE_HOLDER | CFK_UPGRADE_KEEP_ENV)) != 0 ||
        o->reserved != 0)
        return cfk__fail(err, CFK_E_NOTSUP, "upgrade: options with unknown flags");
    if (o->stop_signal < 0 || o->stop_signal > 64)
        return cfk__fail(err, CFK_E_INVALID, "upgrade: %d is no signal", o->stop_signal);
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
    u->notify = got.notify;
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
    u->poll = u->wake = u->parent = -1;
    u->fds.alloc = &u->alloc;
    u->fds.limit = o.max_fds;
    /* Before a descriptor of ours could be taken for one that was passed. */
    rc = adopt(u, err);
    if (rc == CFK_OK)
        rc = open_waiting(u, err);
    if (rc != CFK_OK) {
        cfk_upgrade_free(u);
        return rc;
    }
    *out = u;
    return CFK_OK;
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
    while (u->children != NULL)
        cfk__child_drop(u, u->children);
    cfk__fds_clear(&u->fds);
    cfk__poll_close(u->poll, &u->parent);
    cfk__poll_close(u->poll, &u->wake);
    if (u->poll >= 0)
        close(u->poll);
    alloc = u->alloc;
    cfk__free(&alloc, u->notify);
    cfk__free(&alloc, u);
}

static int check_open(const cfk_upgrade *u, struct cfk_error *err)
{
    if (u->state == CFK__HANDED_OVER)
        return cfk__fail(err, CFK_E_STOPPED, "upgrade: this process has handed over");
    if (u->state == CFK__STOPPED)
        return cfk__fail(err, CFK_E_STOPPED, "upgrade: this process has stopped");
    return CFK_OK;
}

static int check_name(const char *name, struct cfk_error *err)
{
    if (name == NULL || !cfk__text_is_name(name, strlen(name)))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: '%.60s' is no name: 1 to 255 bytes without ':' and "
                         "control characters",
                         name == NULL ? "" : name);
    return CFK_OK;
}

/* A duplicate for the caller, who may want none. */
static int give(const cfk_upgrade *u, int fd, bool listening, int *out,
                struct cfk_error *err)
{
    int flags;
    int copy;

    if (out == NULL)
        return CFK_OK;
    copy = cfk__fd_duplicate(fd);
    if (copy < 0)
        return cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot duplicate %d", fd);
    if (listening && !cfk__is_holder(u)) {
        flags = fcntl(copy, F_GETFL);
        fcntl(copy, F_SETFL, flags | O_NONBLOCK);
    }
    *out = copy;
    return CFK_OK;
}

static int listen_new(cfk_upgrade *u, const char *name,
                      const struct cfk__address *address,
                      const struct cfk__socket_options *options, int *fd,
                      struct cfk_error *err)
{
    const char *path = cfk__address_path(address);
    uint32_t flags = CFK_UPGRADE_CLAIMED;
    struct cfk__path_id id = { 0, 0 };
    int copy = -1;
    int own;
    int rc = cfk__socket_open(address, options, &own, &id, err);

    if (rc != CFK_OK)
        return rc;
    if (path != NULL)
        flags |= CFK_UPGRADE_OWNS_PATH;
    rc = give(u, own, true, fd == NULL ? NULL : &copy, err);
    if (rc == CFK_OK)
        rc = cfk__fds_add(&u->fds, name, strlen(name), path, &id, own, flags, err);
    if (rc != CFK_OK) {
        if (path != NULL)
            cfk__path_remove(path, &id);
        if (copy >= 0)
            close(copy);
        close(own);
        return rc;
    }
    if (fd != NULL)
        *fd = copy;
    return CFK_OK;
}

int cfk_upgrade_listen(cfk_upgrade *u, const char *name, const char *address,
                       const char *options, int *fd, struct cfk_error *err)
{
    char derived[CFK__NAME_MAX + 1];
    struct cfk__socket_options o;
    struct cfk__fd_entry *entry;
    struct cfk__address a;
    int rc = check_open(u, err);

    if (rc == CFK_OK)
        rc = cfk__address_parse(address, &a, err);
    if (rc == CFK_OK)
        rc = cfk__socket_options_parse(options, &a, &o, err);
    if (rc == CFK_OK && name == NULL) {
        cfk__address_name(address, derived, sizeof derived);
        name = derived;
    }
    if (rc == CFK_OK)
        rc = check_name(name, err);
    if (rc != CFK_OK)
        return rc;
    entry = cfk__fds_find(&u->fds, name);
    if (entry == NULL)
        return listen_new(u, name, &a, &o, fd, err);
    if (!cfk__socket_has_type(entry->fd, a.type))
        return cfk__fail(
            err, CFK_E_INVALID,
            "upgrade: what was inherited as %.60s is no socket of the type of "
            "%.100s",
            name, address);
    rc = give(u, entry->fd, true, fd, err);
    if (rc == CFK_OK)
        entry->flags |= CFK_UPGRADE_CLAIMED;
    return rc;
}

int cfk_upgrade_add_fd(cfk_upgrade *u, const char *name, int fd, struct cfk_error *err)
{
    int copy;
    int rc = check_open(u, err);

    if (rc == CFK_OK)
        rc = check_name(name, err);
    if (rc != CFK_OK)
        return rc;
    /* An epoll set would carry this process's descriptors with it. */
    if (cfk__is_poll(fd, u->wake))
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: %s: an epoll set cannot be handed on", name);
    copy = cfk__fd_duplicate(fd);
    if (copy < 0)
        return cfk__fail_errno(err, errno == EBADF ? CFK_E_INVALID : CFK_E_IO, errno,
                               "upgrade: %.60s: cannot duplicate %d", name, fd);
    rc = cfk__fds_add(&u->fds, name, strlen(name), NULL, NULL, copy, CFK_UPGRADE_CLAIMED,
                      err);
    if (rc != CFK_OK)
        close(copy);
    return rc;
}

int cfk_upgrade_take_fd(cfk_upgrade *u, const char *name, int *fd, struct cfk_error *err)
{
    struct cfk__fd_entry *entry;
    int rc = check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    entry = cfk__fds_find(&u->fds, name);
    if (entry == NULL)
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "upgrade: nothing named %.60s was inherited, or it is taken",
                         name);
    rc = give(u, entry->fd, false, fd, err);
    if (rc == CFK_OK)
        entry->flags |= CFK_UPGRADE_CLAIMED;
    return rc;
}

size_t cfk_upgrade_count(const cfk_upgrade *u)
{
    return u->fds.count;
}

int cfk_upgrade_get(const cfk_upgrade *u, size_t index, struct cfk_upgrade_entry *out,
                    struct cfk_error *err)
{
    if (index >= u->fds.count)
        return cfk__fail(err, CFK_E_NOTFOUND, "upgrade: %zu descriptors, no number %zu",
                         u->fds.count, index);
    *out = (struct cfk_upgrade_entry){
        .name = u->fds.items[index].name,
        .fd = u->fds.items[index].fd,
        .flags = u->fds.items[index].flags,
    };
    return CFK_OK;
}

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

int cfk_upgrade_owns_pid(const cfk_upgrade *u, int32_t pid)
{
    for (const struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->pid == pid)
            return 1;
    return 0;
}

int cfk_upgrade_ready(cfk_upgrade *u, struct cfk_error *err)
{
    int rc = check_open(u, err);

    if (rc != CFK_OK)
        return rc;
    if (u->state != CFK__STARTING)
        return CFK_OK;
    if (u->parent >= 0 && cfk__say(u->parent, CFK__MESSAGE_READY) == 0) {
        u->state = CFK__READY_SENT;
        return CFK_OK;
    }
    /* A parent that cannot be told is gone, and this process is the only one. */
    if (u->notify != NULL) {
        rc = cfk_upgrade_notify(u->notify, "READY=1", err);
        if (rc != CFK_OK)
            return rc;
    }
    cfk__take_over(u);
    u->tell_committed = true;
    cfk__wake_set(u->wake);
    return CFK_OK;
}

int cfk_upgrade_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                      struct cfk_error *err)
{
    int rc = check_open(u, err);

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
    if (!cfk__is_holder(u) && u->parent >= 0)
        return cfk__fail(err, CFK_E_PARENT,
                         "upgrade: the process that started this one still runs");
    return cfk__child_start(u, argv, env, err);
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

    if ((flags & ~(uint32_t)CFK_UPGRADE_NOW) != 0 || u->owner != getpid())
        return cfk__fail(err, CFK_E_INVALID,
                         "upgrade: stop with unknown flags, or in a forked process");
    cfk__close_sockets(u, u->state != CFK__STOPPED && u->state != CFK__HANDED_OVER);
    u->state = CFK__STOPPED;
    for (struct cfk__child *c = u->children; c != NULL; c = next) {
        next = c->next;
        if (c->state != CFK__CHILD_SERVING && c->state != CFK__CHILD_DRAINING)
            cfk__child_fail(c, CFK_E_STOPPED);
        else if (cfk__is_holder(u))
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
