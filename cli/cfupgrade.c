/* SPDX-License-Identifier: MIT */
/* Holds sockets for a server and replaces it without a failed connection. */
#define _GNU_SOURCE /* signalfd */

#include "cfupgrade_setup.h"
#include "common/cli.h"
#include "common/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct holder {
    struct cfupgrade_options options;
    cfk_upgrade *u;
    int signals;
    bool serving;  /* a server is ready */
    bool starting; /* one is on its way */
    bool stopping;
    bool finished;
    int status;
};

/* One event as a JSON line; takes over what belongs to it. */
static void tell_json(const char *event, json_t *fields)
{
    json_t *line = json_pack("{ss}", "event", event);

    if (line != NULL && fields != NULL)
        json_object_update(line, fields);
    json_decref(fields);
    if (cli_json())
        cli_print_json(line);
    else
        json_decref(line);
    fflush(stdout);
}

static json_t *about(const struct cfk_upgrade_event *event)
{
    json_t *fields = json_pack("{si si}", "generation", (int)event->generation, "pid",
                               (int)event->pid);

    if (event->reason != 0)
        json_object_set_new(fields, "reason", json_string(cfk_error_name(event->reason)));
    if (event->reason == CFK_E_EXITED)
        json_object_set_new(fields, "status", json_integer(event->status));
    if (event->reason == CFK_E_KILLED)
        json_object_set_new(fields, "signal", json_integer(event->status));
    if (event->forced != 0)
        json_object_set_new(fields, "forced", json_true());
    return fields;
}

/* How a process ended, in words. Static. */
static const char *how(const struct cfk_upgrade_event *event)
{
    static char words[80];

    if (event->reason == CFK_E_KILLED)
        snprintf(words, sizeof words, "was killed by signal %d (%s)", event->status,
                 strsignal(event->status));
    else if (event->reason == CFK_E_EXITED && event->status >= 0)
        snprintf(words, sizeof words, "exited with status %d", event->status);
    else if (event->reason == CFK_E_TIMEOUT)
        snprintf(words, sizeof words, "was not ready in time");
    else if (event->reason == CFK_E_PROTOCOL)
        snprintf(words, sizeof words, "spoke nonsense");
    else
        snprintf(words, sizeof words, "ended");
    return words;
}

static int exit_status(const struct cfk_upgrade_event *event)
{
    if (event->status < 0)
        return CLI_TROUBLE;
    return event->reason == CFK_E_KILLED ? 128 + event->status : event->status;
}

/* "no upgrade: upgrade: ..." would be one too many. */
static const char *words_of(const struct cfk_error *err)
{
    const char *message = cfk_error_message(err);

    return strncmp(message, "upgrade: ", 9) == 0 ? message + 9 : message;
}

static void stop(struct holder *h, uint32_t flags)
{
    struct cfk_error err;

    h->stopping = true;
    if (cfk_upgrade_stop(h->u, flags, &err) != CFK_OK)
        cli_fail(&err);
}

static void start(struct holder *h)
{
    struct cfk_error err;
    int rc = cfk_upgrade_start(h->u, h->options.command, NULL, &err);

    if (rc == CFK_OK) {
        h->starting = true;
        cli_detail("starting %s as generation %u", h->options.command[0],
                   cfk_upgrade_generation(h->u) + 1);
        return;
    }
    if (!h->serving && rc != CFK_E_BUSY) {
        h->status = cli_fail(&err);
        stop(h, 0);
        return;
    }
    cli_warn("no upgrade: %s", words_of(&err));
    tell_json("failed", json_pack("{ss ss}", "reason", cfk_error_name(rc), "message",
                                  words_of(&err)));
}

static void on_ready(struct holder *h, const struct cfk_upgrade_event *event)
{
    struct cfk_error err;

    h->serving = true;
    h->starting = false;
    cli_note("generation %u serves (pid %d)", event->generation, event->pid);
    tell_json("ready", about(event));
    /* Whoever started cfupgrade may be waiting for this. */
    if (cfk_upgrade_ready(h->u, &err) != CFK_OK)
        cli_warn("%s", words_of(&err));
}

static void on_failed(struct holder *h, const struct cfk_upgrade_event *event)
{
    h->starting = false;
    tell_json("failed", about(event));
    if (h->stopping)
        return;
    if (h->serving) {
        cli_warn("generation %u %s; generation %u goes on", event->generation, how(event),
                 cfk_upgrade_generation(h->u));
        return;
    }
    if (h->status == CLI_YES) {
        cli_warn("the server %s before it was ready", how(event));
        h->status = CLI_NO;
    }
    stop(h, 0);
}

/* The server ended by itself: so do we, unless the next one is on its way. */
static void on_exited(struct holder *h, const struct cfk_upgrade_event *event)
{
    h->serving = false;
    h->status = exit_status(event);
    cli_warn("generation %u %s", event->generation, how(event));
    tell_json("exited", about(event));
    if (!h->starting && !h->stopping)
        stop(h, 0);
}

static void on_event(struct holder *h, const struct cfk_upgrade_event *event)
{
    switch (event->type) {
    case CFK_UPGRADE_EVENT_READY: on_ready(h, event); break;
    case CFK_UPGRADE_EVENT_FAILED: on_failed(h, event); break;
    case CFK_UPGRADE_EVENT_EXITED: on_exited(h, event); break;
    case CFK_UPGRADE_EVENT_DRAINED:
        if (event->forced != 0)
            cli_warn("generation %u did not end in time and was killed",
                     event->generation);
        else
            cli_note("generation %u %s", event->generation, how(event));
        tell_json("drained", about(event));
        break;
    case CFK_UPGRADE_EVENT_STOPPED:
        tell_json("stopped", json_object());
        h->finished = true;
        break;
    default: break; /* COMMITTED and PARENT_GONE change nothing here */
    }
}

static bool process_all(struct holder *h)
{
    struct cfk_upgrade_event event;
    struct cfk_error err;

    do {
        if (cfk_upgrade_process(h->u, &event, &err) != CFK_OK) {
            h->status = cli_fail(&err);
            return false;
        }
        if (event.type == CFK_UPGRADE_EVENT_READY)
            h->status = CLI_YES;
        on_event(h, &event);
    } while (event.type != CFK_UPGRADE_EVENT_NONE);
    return true;
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
            waitpid(info.si_pid, NULL, WNOHANG);
        else if (!process_all(h))
            return false;
    }
}

static void on_signal(struct holder *h, uint32_t signal)
{
    if (signal == SIGHUP && !h->stopping) {
        start(h);
    } else if (signal == SIGTERM || signal == SIGINT) {
        cli_note(h->stopping ? "stopping now" : "stopping");
        if (!h->stopping)
            h->status = CLI_YES;
        stop(h, h->stopping ? CFK_UPGRADE_NOW : 0);
    }
}

static void read_signals(struct holder *h)
{
    struct signalfd_siginfo info;

    while (read(h->signals, &info, sizeof info) == (ssize_t)sizeof info)
        on_signal(h, info.ssi_signo);
}

static int serve(struct holder *h)
{
    start(h);
    while (!h->finished) {
        struct pollfd p[2] = {
            { .fd = h->signals, .events = POLLIN },
            { .fd = cfk_upgrade_fd(h->u), .events = POLLIN },
        };

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return cli_error(CFK_E_IO, "cannot poll: %s", strerror(errno));
        read_signals(h);
        if (!process_all(h) || !reap_orphans(h))
            return h->status;
    }
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

static int watch_signals(struct holder *h)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN); /* whoever read our words may leave; the server goes on */
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (h->signals < 0)
        return cli_error(CFK_E_IO, "cannot watch for signals: %s", strerror(errno));
    return CLI_YES;
}

static int run(struct holder *h)
{
    struct cfk_error err;
    int status = watch_signals(h);

    if (status != CLI_YES)
        return status;
    if (cfk_upgrade_new(&h->options.upgrade, &h->u, &err) != CFK_OK)
        return cli_fail(&err);
    status = cfupgrade_open_sockets(h->u, &h->options);
    if (status == CLI_YES)
        status = cfupgrade_set_env(h->u, &h->options);
    if (status == CLI_YES)
        status = write_pid_file(h);
    if (status == CLI_YES) {
        status = serve(h);
        if (h->options.pid_file != NULL)
            remove_pid_file(h);
    } else {
        cfk_upgrade_stop(h->u, 0, NULL); /* removes the paths of UNIX sockets */
    }
    return status;
}

int main(int argc, char **argv)
{
    struct holder h = { .u = NULL };
    int status = cfupgrade_options_parse(&h.options, argc, argv);

    if (status == CLI_YES)
        status = run(&h);
    cfk_upgrade_free(h.u);
    cfupgrade_options_free(&h.options);
    return cli_finish(status);
}
