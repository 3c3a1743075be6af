/* SPDX-License-Identifier: MIT */
/* Holds sockets for a server and replaces it without a failed connection. */
#define _GNU_SOURCE /* signalfd */

#include "cfupgrade_ctl.h"
#include "cfupgrade_env.h"
#include "cfupgrade_holder.h"
#include "cfupgrade_reexec.h"
#include "cfupgrade_setup.h"
#include "cfupgrade_time.h"
#include "common/cli.h"
#include "common/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWN_DESCRIPTORS = 2 }; /* polled beside those of the control socket */

static void reap(struct holder *h, pid_t pid)
{
    int status = -1;

    if (waitpid(pid, &status, WNOHANG) == pid &&
        cfupgrade_probe_ended(&h->probe, pid, status, cfupgrade_monotonic_ns()))
        cfupgrade_confirm(h);
}

/* As process 1 we are given the orphans of others; the handle reaps its own. */
static bool reap_orphans(struct holder *h)
{
    siginfo_t info;

    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return true;
        if (!cfk_upgrade_owns_pid(h->u, info.si_pid))
            reap(h, info.si_pid);
        else if (!cfupgrade_process(h))
            return false;
    }
}

static void on_signal(struct holder *h, uint32_t signal)
{
    switch (signal) {
    case SIGHUP:
        if (!h->stopping)
            cfupgrade_again(h);
        break;
    case SIGTERM:
    case SIGINT: cfupgrade_asked_to_stop(h, h->stopping); break;
    case SIGUSR1: /* log files are to be opened anew, most often */
        if (h->server != 0)
            kill(h->server, SIGUSR1);
        break;
    case SIGUSR2:
        if (!h->stopping)
            cfupgrade_reexec(h);
        break;
    default: break; /* SIGCHLD: what has ended is seen below */
    }
}

static void read_signals(struct holder *h)
{
    struct signalfd_siginfo info;

    while (read(h->signals, &info, sizeof info) == (ssize_t)sizeof info)
        on_signal(h, info.ssi_signo);
}

/* Milliseconds until something is to be done unasked, for poll(). */
static int patience(const struct holder *h)
{
    uint64_t now = cfupgrade_monotonic_ns();
    uint64_t due = cfupgrade_control_deadline(&h->control);

    if (h->restart_ns != 0 && h->restart_ns < due)
        due = h->restart_ns;
    if (h->starting && h->probe.next_ns < due)
        due = h->probe.next_ns;
    if (h->manager.watchdog_ns != 0 && h->manager.next_ns < due)
        due = h->manager.next_ns;
    if (due == UINT64_MAX)
        return -1;
    if (due <= now)
        return 0;
    due = (due - now) / 1000000 + 1;
    return due > 60000 ? 60000 : (int)due;
}

/* One turn: wait, then do what there is to do. False: it cannot go on. */
static bool turn(struct holder *h, struct pollfd *p)
{
    size_t count;

    p[0] = (struct pollfd){ .fd = h->signals, .events = POLLIN };
    p[1] = (struct pollfd){ .fd = cfk_upgrade_fd(h->u), .events = POLLIN };
    count = cfupgrade_control_poll(&h->control, p + OWN_DESCRIPTORS,
                                   cfupgrade_monotonic_ns());
    if (poll(p, (nfds_t)(OWN_DESCRIPTORS + count), patience(h)) < 0 && errno != EINTR) {
        h->status = cli_error(CFK_E_IO, "cannot poll: %s", strerror(errno));
        return false;
    }
    read_signals(h);
    if (!cfupgrade_process(h) || !reap_orphans(h))
        return false;
    cfupgrade_control_process(&h->control, p + OWN_DESCRIPTORS, count,
                              cfupgrade_serve_request, h);
    cfupgrade_due(h, cfupgrade_monotonic_ns());
    cfupgrade_manager_alive(&h->manager, cfupgrade_monotonic_ns());
    return true;
}

static int serve(struct holder *h)
{
    struct pollfd *p = NULL;
    bool good = true;

    while (good && !h->finished) {
        size_t room = OWN_DESCRIPTORS + cfupgrade_control_room(&h->control);
        struct pollfd *moved = realloc(p, room * sizeof *p);

        if (moved == NULL) {
            h->status = cli_error(CFK_E_NOMEM, "no memory for %zu clients", room);
            break;
        }
        p = moved;
        good = turn(h, p);
    }
    free(p);
    return h->status;
}

static int write_pid_file(const struct holder *h)
{
    struct cfk_error err;
    char text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());

    if (h->options.pid_file == NULL)
        return CLI_YES;
    if (cli_output_whole(h->options.pid_file, CLI_OUTPUT_REPLACE, text, (size_t)len,
                         &err) != CFK_OK)
        return cli_fail(&err);
    return CLI_YES;
}

/* Unless it is another one's by now. */
static void remove_pid_file(const struct holder *h)
{
    FILE *file = fopen(h->options.pid_file, "re");
    int pid = 0;

    if (file == NULL)
        return;
    if (fscanf(file, "%d", &pid) == 1 && pid == (int)getpid())
        unlink(h->options.pid_file);
    fclose(file);
}

static void block_signals(sigset_t *set)
{
    static const int watched[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGUSR2 };

    signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it */
    signal(SIGPIPE, SIG_IGN); /* whoever read our words may leave; the server goes on */
    sigemptyset(set);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        sigaddset(set, watched[i]);
    sigprocmask(SIG_BLOCK, set, NULL);
}

/* A first start: all that comes before the server. */
static int prepare(struct holder *h)
{
    struct cfk_error err;
    int status;

    cfupgrade_manager_init(&h->manager, h->options.store);
    if (cfk_upgrade_new(&h->options.upgrade, &h->u, &err) != CFK_OK)
        return cli_fail(&err);
    status = cfupgrade_open_sockets(h);
    if (status == CLI_YES)
        status = cfupgrade_open_control(h);
    if (status == CLI_YES)
        status = cfupgrade_check_env(h);
    if (status == CLI_YES)
        status = write_pid_file(h);
    if (status != CLI_YES)
        cfk_upgrade_stop(h->u, 0, NULL); /* removes the paths of UNIX sockets */
    return status;
}

static int run(struct holder *h, enum cfupgrade_state state, int state_fd)
{
    sigset_t signals;
    int status;

    block_signals(&signals);
    h->probe.connect = h->options.connect;
    h->probe.command = h->options.probe;
    status = state == CFUPGRADE_NO_STATE ? prepare(h) : cfupgrade_resume(h, state_fd);
    if (state == CFUPGRADE_CHECK)
        return status;
    /* Not before the handle has looked at what descriptors were passed. */
    h->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (status == CLI_YES && h->signals < 0)
        status = cli_error(CFK_E_IO, "cannot watch for signals: %s", strerror(errno));
    if (status == CLI_YES) {
        if (state == CFUPGRADE_NO_STATE)
            cfupgrade_begin(h);
        else
            cfupgrade_resumed(h);
        status = serve(h);
        if (h->options.pid_file != NULL)
            remove_pid_file(h);
    }
    cfupgrade_control_close(&h->control);
    if (h->control_u != NULL)
        cfk_upgrade_stop(h->control_u, 0, NULL);
    return status;
}

static void release(struct holder *h)
{
    cfk_upgrade_free(h->u);
    cfk_upgrade_free(h->control_u);
    cfupgrade_manager_free(&h->manager);
    cfupgrade_sockets_free(&h->sockets);
    free(h->current);
    free(h->previous);
    free(h->pending);
    cfupgrade_options_free(&h->options);
}

int main(int argc, char **argv)
{
    struct holder h = { .control = { .listener = -1 },
                        .signals = -1,
                        .probe = { .connection = -1, .next_ns = UINT64_MAX } };
    enum cfupgrade_state state;
    int state_fd = -1;
    int status;

    if (argc > 1 && strcmp(argv[1], "ctl") == 0)
        return cfupgrade_ctl(argc - 1, argv + 1);
    state = cfupgrade_state(&state_fd);
    cfupgrade_reexec_init(&h, argv);
    status = cfupgrade_options_parse(&h.options, argc, argv);
    if (status == CLI_YES)
        status = run(&h, state, state_fd);
    release(&h);
    return cli_finish(status);
}
