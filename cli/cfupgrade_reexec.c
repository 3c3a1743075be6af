/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* environ */

#include "cfupgrade_reexec.h"

#include "cfupgrade_state.h"
#include "common/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char VARIABLE[] = "CFUPGRADE_STATE";

enum {
    CHECK_TRIES = 1000,
    CHECK_PAUSE_MS = 5
}; /* the check takes five seconds at most */

void cfupgrade_reexec_init(struct holder *h, char **argv)
{
    ssize_t len = readlink("/proc/self/exe", h->program, sizeof h->program - 1);

    h->program[len > 0 ? len : 0] = '\0';
    h->argv = argv;
}

static void set_variable(const char *prefix, int fd)
{
    char text[32];

    snprintf(text, sizeof text, "%s%d", prefix, fd);
    setenv(VARIABLE, text, 1);
}

/* Wait for the check, not for ever. */
static bool check_succeeds(pid_t pid)
{
    const struct timespec pause = { .tv_nsec = CHECK_PAUSE_MS * 1000000L };
    int status = -1;

    for (int i = 0; i < CHECK_TRIES; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        nanosleep(&pause, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return false;
}

/* Run the new program aside: can it read what it would be given? */
static bool check(const struct holder *h, int state)
{
    pid_t pid;
    int failure;

    set_variable("check:", state);
    failure = posix_spawn(&pid, h->program, NULL, NULL, h->argv, environ);
    unsetenv(VARIABLE);
    if (failure != 0) {
        cli_warn("cfupgrade stays as it is: cannot run %s: %s", h->program,
                 strerror(failure));
        return false;
    }
    if (check_succeeds(pid))
        return true;
    cli_warn("cfupgrade stays as it is: %s does not understand its state", h->program);
    return false;
}

static bool freeze(struct holder *h, struct cfupgrade_frozen *frozen)
{
    struct cfk_error err;

    *frozen = (struct cfupgrade_frozen){ -1, -1 };
    if (cfk_upgrade_freeze(h->u, &frozen->upgrade, &err) == CFK_OK &&
        (h->control_u == NULL ||
         cfk_upgrade_freeze(h->control_u, &frozen->control, &err) == CFK_OK))
        return true;
    cli_warn("cfupgrade stays as it is: %s", cfk_error_message(&err));
    return false;
}

void cfupgrade_reexec(struct holder *h)
{
    struct cfupgrade_frozen frozen;
    int state = -1;

    if (freeze(h, &frozen)) {
        state = cfupgrade_state_write(h, &frozen);
        if (state < 0)
            cli_warn("cfupgrade stays as it is: %s", strerror(errno));
        if (state >= 0 && check(h, state)) {
            set_variable("", state);
            fflush(stdout);
            execv(h->program, h->argv);
            cli_warn("cfupgrade stays as it is: %s: %s", h->program, strerror(errno));
            unsetenv(VARIABLE);
        }
    }
    if (state >= 0)
        close(state);
    if (frozen.upgrade >= 0)
        cfk_upgrade_unfreeze(h->u, frozen.upgrade);
    if (frozen.control >= 0)
        cfk_upgrade_unfreeze(h->control_u, frozen.control);
}

enum cfupgrade_state cfupgrade_state(int *fd)
{
    const char *text = getenv(VARIABLE);
    enum cfupgrade_state state = CFUPGRADE_RESUME;
    uint64_t number;

    if (text == NULL)
        return CFUPGRADE_NO_STATE;
    if (strncmp(text, "check:", 6) == 0) {
        state = CFUPGRADE_CHECK;
        text += 6;
    }
    if (!cli_parse_u64(text, 3, INT32_MAX, &number))
        state = CFUPGRADE_NO_STATE;
    else
        *fd = (int)number;
    unsetenv(VARIABLE);
    return state;
}

static int thaw(struct holder *h, const struct cfupgrade_frozen *frozen,
                struct cfk_error *err)
{
    struct cfk_upgrade_entry entry;
    int rc = cfk_upgrade_thaw(&h->options.upgrade, frozen->upgrade, &h->u, err);

    if (rc == CFK_OK && frozen->control >= 0) {
        rc = cfk_upgrade_thaw(NULL, frozen->control, &h->control_u, err);
        if (rc == CFK_OK)
            rc = cfk_upgrade_get(h->control_u, 0, &entry, err);
        if (rc == CFK_OK)
            h->control.listener = fcntl(entry.fd, F_DUPFD_CLOEXEC, 3);
    }
    return rc;
}

int cfupgrade_resume(struct holder *h, int fd)
{
    struct cfk_error err = { .code = CFK_E_INVALID,
                             .message = "CFUPGRADE_STATE names no state of cfupgrade" };
    struct cfupgrade_frozen frozen;
    const char **specs = NULL;
    char *text = NULL;
    int *fds = NULL;
    size_t count = 0;
    int rc = CFK_E_INVALID;

    if (cfupgrade_state_read(h, fd, &frozen, &text, &specs, &fds, &count))
        rc = thaw(h, &frozen, &err);
    if (rc == CFK_OK)
        rc = cfupgrade_sockets_adopt(&h->sockets, h->u, specs, fds, count, &err);
    free(text);
    free(specs);
    free(fds);
    if (rc != CFK_OK)
        return cli_fail(&err);
    close(fd);
    return CLI_YES;
}
