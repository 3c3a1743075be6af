/* SPDX-License-Identifier: MIT */
/* Holds sockets for a server and replaces it without a failed connection. */
#define _GNU_SOURCE /* signalfd */

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

enum {
    OPT_LISTEN = CLI_OPT_OWN,
    OPT_READY,
    OPT_TIMEOUT,
    OPT_DRAIN,
    OPT_STOP_SIGNAL,
    OPT_PID_FILE,
    OPT_ENV,
    FIRST_FD = 3, /* where a server finds its sockets */
};

static const char help[] =
    "usage: cfupgrade --listen [NAME=]ADDRESS[,OPTION...]... [OPTION...] -- COMMAND...\n"
    "\n"
    "Holds sockets and runs a server on them. On SIGHUP it starts the command anew\n"
    "with the same sockets; when the new server is ready the former one is told to\n"
    "stop. No connection fails, and a new server that fails changes nothing.\n"
    "\n"
    "  --listen [NAME=]ADDRESS  tcp:HOST:PORT, udp:HOST:PORT, unix:PATH or unix:@NAME,\n"
    "                           with a numeric HOST, localhost, or * for every address;\n"
    "                           then, after commas, socket options: backlog=N,\n"
    "                           reuseport, nodelay, fastopen=N, notsent_lowat=N,\n"
    "                           congestion=NAME, mode=OCTAL, owner=UID:GID, ...\n"
    "  --ready HOW              how a server becomes ready: notify (it sends READY=1 to\n"
    "                           NOTIFY_SOCKET; the default) or delay:TIME (it is still\n"
    "                           alive after so long)\n"
    "  --timeout TIME           a new server that is not ready by then is killed (60s)\n"
    "  --drain TIME             a former one that has not ended by then is (30s)\n"
    "  --stop-signal NAME       what tells a server to finish and exit (TERM)\n"
    "  --pid-file FILE          gets the process id of cfupgrade, to be signalled\n"
    "  --env NAME=VALUE         for the server; {fd0}, {fd1}... become the descriptors\n"
    "                           of the first socket, the second...\n"
    "      --json               events on standard output, one JSON object a line\n"
    "  -q, --quiet              no words on standard error but errors\n"
    "  -v, --verbose            more of them\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n"
    "\n"
    "The server finds its sockets from descriptor 3 on, as systemd passes them\n"
    "(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES); sockets that cfupgrade itself is given\n"
    "that way are passed on. SIGHUP upgrades; SIGTERM and SIGINT stop the server, a\n"
    "second one kills it. The exit status is the server's where it ends by itself,\n"
    "else 0 after a stop, 1 if no server became ready, 2 for trouble.\n"
    "\n"
    "Example:\n"
    "  cfupgrade --listen tcp:127.0.0.1:8080 --ready delay:0.2 --env 'NGINX={fd0};' \\\n"
    "      --stop-signal QUIT -- nginx -g 'daemon off;'\n";

static const struct option longs[] = {
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "ready", required_argument, NULL, OPT_READY },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "drain", required_argument, NULL, OPT_DRAIN },
    { "stop-signal", required_argument, NULL, OPT_STOP_SIGNAL },
    { "pid-file", required_argument, NULL, OPT_PID_FILE },
    { "env", required_argument, NULL, OPT_ENV },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfupgrade", help, "+" CLI_COMMON_SHORTS, longs };

struct holder {
    struct cfk_upgrade_options options;
    const char **listens; /* as given, in order */
    size_t listen_count;
    const char **env; /* NAME=VALUE */
    size_t env_count;
    const char *pid_file;
    const char *const *command;
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
    int rc = cfk_upgrade_start(h->u, h->command, NULL, &err);

    if (rc == CFK_OK) {
        h->starting = true;
        cli_detail("starting %s as generation %u", h->command[0],
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

/* [NAME=]ADDRESS[,OPTION...] */
static int open_socket(const struct holder *h, const char *text, struct cfk_error *err)
{
    const char *equals = strchr(text, '=');
    char *copy = strdup(text);
    char *address = copy;
    char *name = NULL;
    char *options;
    int rc;

    if (copy == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for %s", text);
    if (equals != NULL && (size_t)(equals - text) < strcspn(text, ":")) {
        name = copy;
        copy[equals - text] = '\0';
        address = copy + (equals - text) + 1;
    }
    options = strchr(address, ',');
    if (options != NULL)
        *options++ = '\0';
    rc = cfk_upgrade_listen(h->u, name, address, options, NULL, err);
    free(copy);
    return rc == CFK_OK ? CLI_YES : cli_fail(err);
}

static int open_sockets(const struct holder *h)
{
    struct cfk_error err;

    for (size_t i = 0; i < h->listen_count; i++) {
        int status = open_socket(h, h->listens[i], &err);

        if (status != CLI_YES)
            return status;
    }
    if (cfk_upgrade_count(h->u) == 0)
        return cli_usage("no socket to hold: give --listen");
    return CLI_YES;
}

/* text with {fdN} replaced by the number of a descriptor, on the heap; or NULL. */
static char *expand(const struct holder *h, const char *text)
{
    char *out = malloc(strlen(text) + 1); /* {fdN} is longer than what takes its place */
    char *p = out;

    while (out != NULL && *text != '\0') {
        char *end;
        unsigned long n;

        if (strncmp(text, "{fd", 3) != 0 || text[3] < '0' || text[3] > '9') {
            *p++ = *text++;
            continue;
        }
        n = strtoul(text + 3, &end, 10);
        if (*end != '}' || n >= cfk_upgrade_count(h->u)) {
            cli_usage("--env: '%.40s' names no socket of %zu", text,
                      cfk_upgrade_count(h->u));
            free(out);
            return NULL;
        }
        p += sprintf(p, "%lu", FIRST_FD + n);
        text = end + 1;
    }
    if (out == NULL) {
        cli_error(CFK_E_NOMEM, "no memory for the environment");
        return NULL;
    }
    *p = '\0';
    return out;
}

/* The server gets our environment: what --env gives goes into it. */
static int set_env(const struct holder *h)
{
    for (size_t i = 0; i < h->env_count; i++) {
        char *text = expand(h, h->env[i]);
        char *equals = text == NULL ? NULL : strchr(text, '=');
        int rc = -1;

        if (text == NULL)
            return CLI_TROUBLE;
        if (equals != NULL) {
            *equals = '\0';
            rc = setenv(text, equals + 1, 1);
        }
        free(text);
        if (rc != 0)
            return cli_error(CFK_E_NOMEM, "cannot set '%s'", h->env[i]);
    }
    return CLI_YES;
}

static int write_pid_file(const struct holder *h)
{
    struct cfk_error err;
    char text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());

    if (h->pid_file == NULL)
        return CLI_YES;
    if (cli_output_whole(h->pid_file, CLI_OUTPUT_REPLACE, text, (size_t)len, &err) !=
        CFK_OK)
        return cli_fail(&err);
    return CLI_YES;
}

/* Unless it is another one's by now. */
static void remove_pid_file(const struct holder *h)
{
    FILE *file = fopen(h->pid_file, "re");
    int pid = 0;

    if (file == NULL)
        return;
    if (fscanf(file, "%d", &pid) == 1 && pid == (int)getpid())
        unlink(h->pid_file);
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
    if (cfk_upgrade_new(&h->options, &h->u, &err) != CFK_OK)
        return cli_fail(&err);
    status = open_sockets(h);
    if (status == CLI_YES)
        status = set_env(h);
    if (status == CLI_YES)
        status = write_pid_file(h);
    if (status == CLI_YES) {
        status = serve(h);
        if (h->pid_file != NULL)
            remove_pid_file(h);
    } else {
        cfk_upgrade_stop(h->u, 0, NULL); /* removes the paths of UNIX sockets */
    }
    return status;
}

static bool parse_time(const char *text, uint64_t *ns)
{
    return cli_parse_duration(text, ns) && *ns > 0;
}

static bool parse_ready(const char *text, uint64_t *delay_ns)
{
    *delay_ns = 0;
    if (strcmp(text, "notify") == 0)
        return true;
    return strncmp(text, "delay:", 6) == 0 && parse_time(text + 6, delay_ns);
}

/* "TERM", "SIGTERM" or "15". */
static bool parse_signal(const char *text, int32_t *out)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        { "TERM", SIGTERM },   { "QUIT", SIGQUIT }, { "INT", SIGINT },
        { "HUP", SIGHUP },     { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
        { "WINCH", SIGWINCH }, { "KILL", SIGKILL },
    };
    uint64_t number;

    if (cli_parse_u64(text, 1, 64, &number)) {
        *out = (int32_t)number;
        return true;
    }
    if (strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(text, signals[i].name) == 0) {
            *out = signals[i].number;
            return true;
        }
    return false;
}

/* CLI_YES, or what main() is to return. */
static int take_option(struct holder *h, int c)
{
    switch (c) {
    case OPT_LISTEN: h->listens[h->listen_count++] = optarg; return CLI_YES;
    case OPT_ENV:
        if (strchr(optarg, '=') == NULL || optarg[0] == '=')
            return cli_usage("--env wants NAME=VALUE, not '%s'", optarg);
        h->env[h->env_count++] = optarg;
        return CLI_YES;
    case OPT_READY:
        if (!parse_ready(optarg, &h->options.ready_delay_ns))
            return cli_usage("--ready wants notify or delay:TIME, not '%s'", optarg);
        return CLI_YES;
    case OPT_TIMEOUT:
        if (!parse_time(optarg, &h->options.timeout_ns))
            return cli_usage("--timeout wants a time such as 60s, not '%s'", optarg);
        return CLI_YES;
    case OPT_DRAIN:
        if (!parse_time(optarg, &h->options.drain_ns))
            return cli_usage("--drain wants a time such as 30s, not '%s'", optarg);
        return CLI_YES;
    case OPT_STOP_SIGNAL:
        if (!parse_signal(optarg, &h->options.stop_signal))
            return cli_usage("--stop-signal wants a name such as TERM, not '%s'", optarg);
        return CLI_YES;
    case OPT_PID_FILE: h->pid_file = optarg; return CLI_YES;
    default: return cli_usage(NULL);
    }
}

int main(int argc, char **argv)
{
    struct holder h = { .options = { .size = sizeof h.options,
                                     .flags = CFK_UPGRADE_HOLDER } };
    union {
        char **in;
        const char *const *out;
    } command;
    int status = CLI_YES;
    int c;

    cli_start(&tool);
    h.listens = calloc((size_t)argc, sizeof *h.listens);
    h.env = calloc((size_t)argc, sizeof *h.env);
    if (h.listens == NULL || h.env == NULL)
        status = cli_error(CFK_E_NOMEM, "no memory for the command line");
    while (status == CLI_YES && (c = cli_option(argc, argv)) != -1)
        status = take_option(&h, c);
    if (status == CLI_YES && optind == argc)
        status = cli_usage("no command to run");
    command.in = argv + optind;
    h.command = command.out;
    if (status == CLI_YES)
        status = run(&h);
    cfk_upgrade_free(h.u);
    free(h.listens);
    free(h.env);
    return cli_finish(status);
}
