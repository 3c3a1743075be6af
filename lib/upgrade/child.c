/* SPDX-License-Identifier: MIT */
/* Processes that a handle starts: how they are prepared, told, and let go. */
#define _GNU_SOURCE /* environ */

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "upgrade/handle.h"
#include "upgrade/inherit.h"
#include "upgrade/notify.h"
#include "upgrade/protocol.h"
#include "upgrade/system.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OUR_VARIABLES = 6,       /* those set below, and the NULL */
    MOST_NAMES = 100 * 1024, /* the kernel takes 128 KiB in one variable */
    PID_PREFIX = 11,         /* "LISTEN_PID=" */
};

/* All that a spawn needs, to be released whatever became of it. */
struct launch {
    const struct cfk_alloc *alloc;
    struct cfk__spawn spawn;
    const char **env;
    char count[32];
    char pid[PID_PREFIX + 16];
    char notify[32 + CFK__NOTIFY_ADDRESS];
    char handover[32 + CFK__HANDOVER_TEXT];
    struct cfk__buffer names;
    char *paths;
    int *fds;
};

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "upgrade: no memory to start a process");
}

static bool is_ours(const char *variable)
{
    for (size_t i = 0; cfk__handover_variables[i] != NULL; i++) {
        size_t len = strlen(cfk__handover_variables[i]);

        if (strncmp(variable, cfk__handover_variables[i], len) == 0 &&
            variable[len] == '=')
            return true;
    }
    return false;
}

static int build_names(const cfk_upgrade *u, struct launch *l, struct cfk_error *err)
{
    static const char prefix[] = "LISTEN_FDNAMES=";
    int rc;

    l->names = (struct cfk__buffer){ .alloc = l->alloc };
    rc = cfk__buffer_append(&l->names, prefix, sizeof prefix - 1);
    if (rc == CFK_OK)
        rc = cfk__fds_names(&u->fds, &l->names);
    if (rc == CFK_OK)
        rc = cfk__buffer_append(&l->names, "", 1);
    return rc == CFK_OK ? CFK_OK : no_memory(err);
}

/* base without what is ours, then ours. */
static int build_env(const cfk_upgrade *u, const char *const *base, struct launch *l,
                     struct cfk_error *err)
{
    size_t n = 0;
    int rc = build_names(u, l, err);

    if (rc != CFK_OK)
        return rc;
    while (base[n] != NULL)
        n++;
    l->env = cfk__calloc(l->alloc, n + OUR_VARIABLES, sizeof *l->env);
    if (l->env == NULL)
        return no_memory(err);
    n = 0;
    for (; *base != NULL; base++)
        if (!is_ours(*base))
            l->env[n++] = *base;
    snprintf(l->count, sizeof l->count, "LISTEN_FDS=%zu", u->fds.count);
    snprintf(l->pid, sizeof l->pid, "LISTEN_PID=");
    l->spawn.pid_text = l->pid + PID_PREFIX;
    l->env[n++] = l->notify;
    l->env[n++] = l->handover;
    if (u->fds.count > 0) {
        l->env[n++] = l->count;
        l->env[n++] = l->pid;
        /* What is too long for the environment comes through the channel alone. */
        if (l->names.size <= MOST_NAMES)
            l->env[n++] = (const char *)l->names.data;
    }
    return CFK_OK;
}

/* The files that argv[0] may mean, as execvp() would try them. */
static int build_paths(const char *program, struct launch *l, struct cfk_error *err)
{
    const char *path = getenv("PATH");
    size_t len = strlen(program);
    size_t entries = 1;
    char *out;

    if (path == NULL || path[0] == '\0')
        path = "/bin:/usr/bin";
    for (const char *p = path; *p != '\0'; p++)
        entries += *p == ':';
    l->paths = out = cfk__calloc(l->alloc, entries + 1, strlen(path) + len + 3);
    if (out == NULL)
        return no_memory(err);
    if (strchr(program, '/') != NULL) {
        memcpy(out, program, len);
        return CFK_OK;
    }
    for (;;) {
        size_t part = strcspn(path, ":");

        if (part > 0) {
            memcpy(out, path, part);
            out += part;
            *out++ = '/';
        }
        memcpy(out, program, len + 1);
        out += len + 1;
        if (path[part] == '\0')
            return CFK_OK;
        path += part + 1;
    }
}

static void release_launch(struct launch *l)
{
    cfk__free(l->alloc, l->env);
    cfk__free(l->alloc, l->paths);
    cfk__free(l->alloc, l->fds);
    cfk__buffer_free(&l->names);
}

/* Queue HELLO with the description of the descriptors: it outlives this process. */
static int send_hello(const cfk_upgrade *u, int channel,
                      const uint8_t cookie[CFK__COOKIE_SIZE], uint32_t generation,
                      struct cfk_error *err)
{
    struct cfk__message hello = { .type = CFK__MESSAGE_HELLO, .generation = generation };
    struct cfk__buffer text = { .alloc = &u->alloc };
    uint8_t data[CFK__MESSAGE_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    struct iovec iov = { .iov_base = data };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    int sealed;
    int rc = CFK_OK;

    if (cfk__fds_encode(&u->fds, !cfk__is_holder(u), &text) != CFK_OK) {
        cfk__buffer_free(&text);
        return no_memory(err);
    }
    memcpy(hello.cookie, cookie, CFK__COOKIE_SIZE);
    hello.flags = cfk__is_holder(u) ? CFK__HELLO_HOLDER : 0;
    hello.first = CFK__FIRST_FD;
    hello.count = (uint32_t)u->fds.count;
    iov.iov_len = cfk__message_encode(&hello, data);
    sealed = cfk__sealed_new(text.data, text.size);
    cfk__buffer_free(&text);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof sealed);
    memcpy(CMSG_DATA(cmsg), &sealed, sizeof sealed);
    if (sealed < 0 || sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        rc = cfk__fail_errno(err, CFK_E_IO, errno,
                             "upgrade: cannot describe the descriptors");
    if (sealed >= 0)
        close(sealed);
    return rc;
}

/* Descriptors in their order, the new process's end of the channel behind them. */
static int build_fds(const cfk_upgrade *u, int channel, struct launch *l,
                     struct cfk_error *err)
{
    l->fds = cfk__calloc(l->alloc, u->fds.count + 1, 2 * sizeof *l->fds);
    if (l->fds == NULL)
        return no_memory(err);
    for (size_t i = 0; i < u->fds.count; i++)
        l->fds[i] = u->fds.items[i].fd;
    l->fds[u->fds.count] = channel;
    l->spawn.fds = l->fds;
    l->spawn.holders = l->fds + u->fds.count + 1;
    l->spawn.first = CFK__FIRST_FD;
    l->spawn.count = (unsigned)u->fds.count + 1;
    return CFK_OK;
}

static int launch(cfk_upgrade *u, struct cfk__child *child, int theirs,
                  const char *const *argv, const char *const *env, struct cfk_error *err)
{
    struct launch l = { .alloc = &u->alloc };
    struct cfk__handover handover = { .fd = CFK__FIRST_FD + (int)u->fds.count };
    char address[CFK__NOTIFY_ADDRESS];
    char text[CFK__HANDOVER_TEXT];
    int rc = cfk__random(handover.cookie, sizeof handover.cookie, err);

    if (rc == CFK_OK)
        rc = send_hello(u, child->channel, handover.cookie, child->generation, err);
    if (rc == CFK_OK)
        rc = cfk__notify_open(&child->notify, address, err);
    if (rc == CFK_OK) {
        cfk__handover_print(&handover, text);
        snprintf(l.notify, sizeof l.notify, "NOTIFY_SOCKET=%s", address);
        snprintf(l.handover, sizeof l.handover, "CFK_UPGRADE=%s", text);
        rc = build_env(u, env, &l, err);
    }
    if (rc == CFK_OK)
        rc = build_paths(argv[0], &l, err);
    if (rc == CFK_OK)
        rc = build_fds(u, theirs, &l, err);
    if (rc == CFK_OK) {
        union {
            const char **in;
            char *const *out;
        } strings = { l.env }; /* execve() takes pointers to what it does not change */

        l.spawn.argv = argv;
        l.spawn.env = strings.out;
        l.spawn.paths = l.paths;
        rc = cfk__spawn(&l.spawn, &child->pid, &child->process, err);
    }
    release_launch(&l);
    return rc;
}

/* Watch it, and set the time by which it must be ready (or is taken to be). */
static int watch(const cfk_upgrade *u, const struct cfk__child *c, struct cfk_error *err)
{
    const struct cfk_upgrade_options *o = &u->options;
    uint64_t ns = o->ready_delay_ns != 0 ? o->ready_delay_ns : o->timeout_ns;

    if (cfk__poll_add(u->poll, c->timer, cfk__token(c->number, CFK__ON_TIMER)) != 0 ||
        cfk__poll_add(u->poll, c->channel, cfk__token(c->number, CFK__ON_CHANNEL)) != 0 ||
        cfk__poll_add(u->poll, c->notify, cfk__token(c->number, CFK__ON_NOTIFY)) != 0 ||
        cfk__poll_add(u->poll, c->process, cfk__token(c->number, CFK__ON_EXIT)) != 0 ||
        cfk__timer_arm(c->timer, ns) != 0)
        return cfk__fail_errno(err, CFK_E_IO, errno,
                               "upgrade: cannot watch the new process");
    return CFK_OK;
}

int cfk__child_start(cfk_upgrade *u, const char *const *argv, const char *const *env,
                     struct cfk_error *err)
{
    static const char *const nothing[] = { NULL };
    union {
        char **in;
        const char *const *out;
    } own = { environ };
    struct cfk__child *child = cfk__calloc(&u->alloc, 1, sizeof *child);
    int pair[2] = { -1, -1 };
    int rc = CFK_OK;

    if (child == NULL)
        return no_memory(err);
    if (env == NULL)
        env = environ == NULL ? nothing : own.out;
    child->process = child->channel = child->notify = -1;
    child->number = u->child_number + 1;
    child->generation = u->generation + 1;
    child->timer = cfk__timer_new();
    if (child->timer < 0 || cfk__channel_new(pair) != 0)
        rc = cfk__fail_errno(err, CFK_E_IO, errno, "upgrade: cannot start a process");
    child->channel = pair[0];
    if (rc == CFK_OK)
        rc = launch(u, child, pair[1], argv, env, err);
    if (pair[1] >= 0)
        close(pair[1]);
    child->next = u->children;
    u->children = child;
    u->child_number++;
    if (rc == CFK_OK)
        rc = watch(u, child, err);
    if (rc != CFK_OK)
        cfk__child_drop(u, child);
    return rc;
}

struct cfk__child *cfk__child_starting(const cfk_upgrade *u)
{
    for (struct cfk__child *c = u->children; c != NULL; c = c->next)
        if (c->state != CFK__CHILD_SERVING && c->state != CFK__CHILD_DRAINING)
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
    if (child->state != CFK__CHILD_STARTING && child->state != CFK__CHILD_COMMITTING)
        return;
    child->state = CFK__CHILD_DYING;
    child->reason = reason;
    cfk__timer_arm(child->timer, 0);
    cfk__process_kill(child->process, child->pid, SIGKILL);
}

void cfk__child_retire(cfk_upgrade *u, struct cfk__child *child, bool now)
{
    if (now) {
        child->forced = true;
        cfk__process_kill(child->process, child->pid, SIGKILL);
    } else if (child->state == CFK__CHILD_SERVING) {
        cfk__process_kill(child->process, child->pid, u->options.stop_signal);
        cfk__timer_arm(child->timer, u->options.drain_ns);
    }
    child->state = CFK__CHILD_DRAINING;
}

void cfk__child_drop(cfk_upgrade *u, struct cfk__child *child)
{
    struct cfk__child **link = &u->children;
    int32_t reason;
    int32_t status;

    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    if (child->process >= 0 && child->state != CFK__CHILD_SERVING &&
        child->state != CFK__CHILD_DRAINING && u->owner == getpid()) {
        cfk__process_kill(child->process, child->pid, SIGKILL);
        cfk__process_reap(child->process, &reason, &status);
    }
    cfk__poll_close(u->poll, &child->process);
    cfk__poll_close(u->poll, &child->timer);
    cfk__poll_close(u->poll, &child->channel);
    cfk__poll_close(u->poll, &child->notify);
    cfk__free(&u->alloc, child);
}
