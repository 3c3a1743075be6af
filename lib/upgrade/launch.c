/* SPDX-License-Identifier: MIT */
/* What a new process is given: environment, descriptors, and word of them. */
#define _GNU_SOURCE /* environ */

#include "upgrade/launch.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "cfkit/sd.h"
#include "upgrade/channel.h"
#include "upgrade/inherit.h"
#include "upgrade/system.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUR_VARIABLES = 10,      /* those set below, and the NULL */
    MOST_NAMES = 100 * 1024, /* the kernel takes 128 KiB in one variable */
    PID_SIZE = 32,           /* "WATCHDOG_PID=" and a number */
};

/* All that a spawn needs, to be released whatever became of it. */
struct launch {
    const struct cfk_alloc *alloc;
    struct cfk__spawn spawn;
    const char **env;
    char count[32];
    char pid[PID_SIZE];
    char watchdog_pid[PID_SIZE];
    char watchdog[48];
    char manager[sizeof "CFK_NOTIFY=" + CFK__NOTIFY_ADDRESS_MAX];
    char notify[32 + CFK__NOTIFY_ADDRESS];
    char handover[32 + CFK__HANDOVER_TEXT];
    char ready_fd[32];
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

/* The service manager, and its watchdog where it watches this process. Returns how many.
 */
static size_t add_manager(const cfk_upgrade *u, struct launch *l, const char **env)
{
    uint64_t interval_ns;
    size_t n = 0;

    if (u->notify == NULL || cfk__is_holder(u))
        return 0;
    snprintf(l->manager, sizeof l->manager, "CFK_NOTIFY=%s", u->notify);
    env[n++] = l->manager;
    if (cfk_sd_watchdog(&interval_ns, NULL) != CFK_OK)
        return n;
    snprintf(l->watchdog, sizeof l->watchdog, "WATCHDOG_USEC=%" PRIu64,
             interval_ns / 1000);
    l->spawn.pid_texts[1] =
        l->watchdog_pid + snprintf(l->watchdog_pid, PID_SIZE, "WATCHDOG_PID=");
    env[n++] = l->watchdog;
    env[n++] = l->watchdog_pid;
    return n;
}

/* base without what is ours, then ours. */
static int build_env(const cfk_upgrade *u, const char *const *base, struct launch *l,
                     struct cfk_error *err)
{
    static const char *const nothing[] = { NULL };
    union {
        char **in;
        const char *const *out;
    } own = { environ };
    size_t n = 0;
    int rc = build_names(u, l, err);

    if (rc != CFK_OK)
        return rc;
    if (base == NULL)
        base = environ == NULL ? nothing : own.out;
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
    l->spawn.pid_texts[0] = l->pid + snprintf(l->pid, PID_SIZE, "LISTEN_PID=");
    n += add_manager(u, l, l->env + n);
    l->env[n++] = l->notify;
    l->env[n++] = l->handover;
    if (l->ready_fd[0] != '\0')
        l->env[n++] = l->ready_fd;
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
static int send_hello(const cfk_upgrade *u, const struct cfk__child *child,
                      const uint8_t cookie[CFK__COOKIE_SIZE], struct cfk_error *err)
{
    struct cfk__message hello = { .type = CFK__MESSAGE_HELLO,
                                  .generation = child->generation,
                                  .first = CFK__FIRST_FD,
                                  .count = (uint32_t)u->fds.count };
    struct cfk__buffer text = { .alloc = &u->alloc };
    int fds[CFK__CHANNEL_FDS];
    int count = 1;
    int former;
    int opened;
    int rc = CFK_OK;

    if (cfk__fds_encode(&u->fds, !cfk__is_holder(u), &text) != CFK_OK) {
        cfk__buffer_free(&text);
        return no_memory(err);
    }
    memcpy(hello.cookie, cookie, CFK__COOKIE_SIZE);
    hello.flags = cfk__is_holder(u) ? CFK__HELLO_HOLDER : 0;
    if (u->mine.fd >= 0) {
        hello.flags |= CFK__WITH_STATE;
        hello.version = u->mine.version;
        fds[count++] = u->mine.fd;
    }
    former = cfk__former_list(&u->former, cfk__is_holder(u) ? -1 : u->parent, fds + count,
                              &opened);
    if (former > 0)
        hello.flags |= CFK__WITH_FORMER;
    fds[0] = cfk__sealed_new(text.data, text.size);
    cfk__buffer_free(&text);
    if (former < 0 || fds[0] < 0 ||
        cfk__say_with(child->channel, &hello, fds, count + former) != 0)
        rc = cfk__fail_errno(err, CFK_E_IO, errno,
                             "upgrade: cannot describe the descriptors");
    if (fds[0] >= 0)
        close(fds[0]);
    if (opened >= 0)
        close(opened);
    return rc;
}

/* Descriptors in their order, the new process's ends of ours behind them. */
static int build_fds(const cfk_upgrade *u, const struct cfk__their_ends *theirs,
                     struct launch *l, struct cfk_error *err)
{
    size_t n = u->fds.count;

    l->fds = cfk__calloc(l->alloc, n + 2, 2 * sizeof *l->fds);
    if (l->fds == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        l->fds[i] = u->fds.items[i].fd;
    l->fds[n++] = theirs->channel;
    if (theirs->ready_fd >= 0)
        l->fds[n++] = theirs->ready_fd;
    l->spawn.fds = l->fds;
    l->spawn.holders = l->fds + n;
    l->spawn.first = CFK__FIRST_FD;
    l->spawn.count = (unsigned)n;
    return CFK_OK;
}

static void print_variables(const cfk_upgrade *u, const struct cfk__their_ends *theirs,
                            const char *notify, const struct cfk__handover *handover,
                            struct launch *l)
{
    char text[CFK__HANDOVER_TEXT];

    cfk__handover_print(handover, text);
    snprintf(l->notify, sizeof l->notify, "NOTIFY_SOCKET=%s", notify);
    snprintf(l->handover, sizeof l->handover, "CFK_UPGRADE=%s", text);
    if (theirs->ready_fd >= 0)
        snprintf(l->ready_fd, sizeof l->ready_fd, "READY_FD=%zu",
                 CFK__FIRST_FD + u->fds.count + 1);
}

int cfk__launch(cfk_upgrade *u, struct cfk__child *child,
                const struct cfk__their_ends *theirs, const char *const *argv,
                const char *const *env, struct cfk_error *err)
{
    struct launch l = { .alloc = &u->alloc };
    struct cfk__handover handover = { .fd = CFK__FIRST_FD + (int)u->fds.count };
    char address[CFK__NOTIFY_ADDRESS];
    int rc = cfk__random(handover.cookie, sizeof handover.cookie, err);

    if (rc == CFK_OK)
        rc = send_hello(u, child, handover.cookie, err);
    if (rc == CFK_OK)
        rc = cfk__notify_open(&child->notify, address, err);
    if (rc == CFK_OK) {
        print_variables(u, theirs, address, &handover, &l);
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
        l.spawn.directory = u->directory;
        rc = cfk__spawn(&l.spawn, &child->pid, &child->process, err);
    }
    release_launch(&l);
    return rc;
}
