/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* posix_spawn attributes */

#include "cfupgrade_probe.h"

#include "common/cli.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t CONNECT_EVERY_NS = 10000000;
static const uint64_t COMMAND_EVERY_NS = 100000000;

/* The first socket that takes connections, or -1. */
static int listener_of(const cfk_upgrade *u)
{
    for (size_t i = 0; i < cfk_upgrade_count(u); i++) {
        struct cfk_upgrade_entry entry;
        int listening = 0;
        socklen_t size = sizeof listening;

        if (cfk_upgrade_get(u, i, &entry, NULL) == CFK_OK &&
            getsockopt(entry.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
            listening != 0)
            return entry.fd;
    }
    return -1;
}

bool cfupgrade_probe_possible(const cfk_upgrade *u)
{
    return listener_of(u) >= 0;
}

void cfupgrade_probe_begin(struct cfupgrade_probe *p, uint64_t now_ns)
{
    cfupgrade_probe_end(p);
    p->complained = false;
    if (p->connect || p->command != NULL)
        p->next_ns = now_ns;
}

static void complain(struct cfupgrade_probe *p, const char *words)
{
    if (!p->complained)
        cli_warn("--ready: %s", words);
    p->complained = true;
}

static bool try_connect(struct cfupgrade_probe *p, const cfk_upgrade *u,
                        const struct cfk_upgrade_child *child)
{
    struct cfk_error err;
    int rc = cfk_upgrade_probe(listener_of(u), child->pid, &p->connection, &err);

    if (rc != CFK_OK && rc != CFK_E_AGAIN)
        complain(p, cfk_error_message(&err));
    return rc == CFK_OK;
}

/* The environment of the server, and who it is. */
static const char **env_with_pid(char *const *env, const char *pid)
{
    const char **out;
    size_t n = 0;

    while (env[n] != NULL)
        n++;
    out = calloc(n + 2, sizeof *out);
    for (size_t i = 0; out != NULL && i < n; i++)
        out[i + 1] = env[i];
    if (out != NULL)
        out[0] = pid;
    return out;
}

static void start_command(struct cfupgrade_probe *p, char *const *env,
                          const struct cfk_upgrade_child *child)
{
    char pid[32];
    char shell[] = "sh";
    char flag[] = "-c";
    union {
        const char *in;
        char *out;
    } command = { p->command }; /* execve() takes pointers to what it does not change */
    char *argv[] = { shell, flag, command.out, NULL };
    union {
        const char **in;
        char *const *out;
    } strings;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    int failure = ENOMEM;

    snprintf(pid, sizeof pid, "SERVER_PID=%d", child->pid);
    strings.in = env_with_pid(env, pid);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    if (strings.in != NULL)
        failure =
            posix_spawn(&p->process, "/bin/sh", NULL, &attributes, argv, strings.out);
    posix_spawnattr_destroy(&attributes);
    free(strings.in);
    if (failure != 0) {
        p->process = 0;
        complain(p, strerror(failure));
    }
}

bool cfupgrade_probe_due(struct cfupgrade_probe *p, const cfk_upgrade *u, uint64_t now_ns,
                         char *const *env)
{
    struct cfk_upgrade_child child;

    if (now_ns < p->next_ns || cfk_upgrade_get_child(u, 0, &child, NULL) != CFK_OK ||
        child.state != CFK_UPGRADE_STARTING)
        return false;
    if (p->connect) {
        p->next_ns = now_ns + CONNECT_EVERY_NS;
        return try_connect(p, u, &child);
    }
    start_command(p, env, &child);
    p->next_ns = p->process != 0 ? UINT64_MAX : now_ns + COMMAND_EVERY_NS;
    return false;
}

bool cfupgrade_probe_ended(struct cfupgrade_probe *p, pid_t pid, int status,
                           uint64_t now_ns)
{
    if (p->process == 0 || pid != p->process)
        return false;
    p->process = 0;
    p->next_ns = now_ns + COMMAND_EVERY_NS;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void cfupgrade_probe_end(struct cfupgrade_probe *p)
{
    if (p->connection >= 0)
        close(p->connection);
    if (p->process != 0)
        kill(-p->process, SIGKILL); /* it is reaped as an orphan is */
    p->connection = -1;
    p->process = 0;
    p->next_ns = UINT64_MAX;
}
