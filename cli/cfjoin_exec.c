/* SPDX-License-Identifier: MIT */
/* cfjoin --exec: the secret for one child, through a pipe. */
#define _GNU_SOURCE /* pipe2 */

#include "cfjoin_open.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Not a fork: no page with a secret is ever the child's. */
static int spawn(char *const *command, int input, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        sigemptyset(&signals);
        sigaddset(&signals, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &signals);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        rc = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (rc == 0)
            rc = posix_spawnp(child, command[0], &actions, &attributes, command, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* A child that has read enough is no failure; what it makes of it, its status tells. */
static int write_all(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t done = write(fd, p, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno == EPIPE ? 0 : errno;
        p += done;
        size -= (size_t)done;
    }
    return 0;
}

static int wait_for(pid_t child, const char *name, struct cfk_error *err)
{
    char what[64];
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return split_fail(err, CFK_E_IO, name, NULL);
    if (WIFSIGNALED(status)) {
        snprintf(what, sizeof what, "ended by signal %d", WTERMSIG(status));
        return split_fail(err, CFK_E_KILLED, name, what);
    }
    if (WEXITSTATUS(status) == 0)
        return CFK_OK;
    snprintf(what, sizeof what, "ended with status %d", WEXITSTATUS(status));
    return split_fail(err, CFK_E_EXITED, name, what);
}

int join_feed(char *const *command, const void *data, size_t size, struct cfk_error *err)
{
    pid_t child;
    int ends[2];
    int cause;
    int rc;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return split_fail(err, CFK_E_IO, command[0], NULL);
    signal(SIGPIPE, SIG_IGN);
    cause = spawn(command, ends[0], &child);
    close(ends[0]);
    if (cause != 0) {
        close(ends[1]);
        rc = split_fail(err, CFK_E_EXEC, command[0], strerror(cause));
        err->sys_errno = cause;
        return rc;
    }
    cause = write_all(ends[1], data, size);
    close(ends[1]);
    rc = wait_for(child, command[0], err);
    if (rc != CFK_OK || cause == 0)
        return rc;
    errno = cause;
    return split_fail(err, CFK_E_IO, command[0], NULL);
}
