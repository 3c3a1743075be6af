/* SPDX-License-Identifier: MIT */
#include "cfupgrade_options.h"

#include "cfupgrade_env.h"
#include "common/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_LISTEN = CLI_OPT_OWN,
    OPT_READY,
    OPT_TIMEOUT,
    OPT_DRAIN,
    OPT_STOP_SIGNAL,
    OPT_PID_FILE,
    OPT_ENV,
    OPT_CONTROL,
    OPT_COMPAT,
    OPT_RESTART,
    OPT_FD_STORE,
    OPT_PROBATION,
};

static const uint64_t PROBATION_NS = 2000000000;

const char cfupgrade_help[] =
    "usage: cfupgrade --listen [NAME=]ADDRESS[,OPTION...]... [OPTION...] -- COMMAND...\n"
    "       cfupgrade ctl PATH upgrade [--wait] [--listen ...]... [-- COMMAND...]\n"
    "       cfupgrade ctl PATH rollback [--wait] | stop [--now] | status | fds\n"
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
    "  --ready HOW              how it is known that a server is ready: notify (it "
    "sends\n"
    "                           READY=1 to NOTIFY_SOCKET; the default), fd (it writes "
    "to\n"
    "                           or closes descriptor READY_FD), connect (it accepts\n"
    "                           connections), exec:COMMAND (that exits 0), or "
    "delay:TIME\n"
    "                           (it is still alive after so long: a guess)\n"
    "  --timeout TIME           a new server that is not ready by then is killed (60s)\n"
    "  --probation TIME         one that ends so soon after it was ready has failed, "
    "and\n"
    "                           the former one goes on (2s; 0: none)\n"
    "  --drain TIME             a former one that has not ended by then is (30s)\n"
    "  --stop-signal NAME       what tells a server to finish and exit (TERM)\n"
    "  --restart                start a server that ended by itself anew, after a pause\n"
    "                           that grows from 0.1 s to 30 s while it keeps ending\n"
    "  --pid-file FILE          gets the process id of cfupgrade, to be signalled\n"
    "  --control PATH           a UNIX socket (or @NAME) for cfupgrade ctl\n"
    "  --env NAME=VALUE         for the server; {fd0}, {fd1}... become the descriptors\n"
    "                           of the first socket, the second..., {addr0}... their\n"
    "                           addresses\n"
    "  --compat FAMILY          tell the server of its sockets as nginx, einhorn, "
    "starter\n"
    "                           (Server::Starter) or fpm (php-fpm) does, too\n"
    "  --fd-store               have the service manager keep the sockets while\n"
    "                           cfupgrade itself is restarted\n"
    "      --json               events on standard output, one JSON object a line; with\n"
    "                           ctl, the answer\n"
    "  -q, --quiet              no words on standard error but errors\n"
    "  -v, --verbose            more of them\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n"
    "\n"
    "ctl PATH asks the cfupgrade whose --control is PATH:\n"
    "  upgrade                  start the command (or a new one) in place of the "
    "server;\n"
    "                           --listen gives it another set of sockets\n"
    "  rollback                 the same with the command that ran before\n"
    "      --wait               until it serves, or why it does not is known\n"
    "  stop                     stop the server and cfupgrade; --now kills it\n"
    "  status, fds              what runs, and on which sockets\n"
    "It exits 0 when that is done, 1 when the answer is no (exited, killed, timeout,\n"
    "busy, ...), 2 for trouble.\n"
    "\n"
    "The server finds its sockets from descriptor 3 on, as systemd passes them\n"
    "(LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES); sockets that cfupgrade itself is given\n"
    "that way are passed on. SIGHUP upgrades; SIGTERM and SIGINT stop the server, a\n"
    "second one kills it; SIGUSR1 goes to the server; SIGUSR2 replaces the program of\n"
    "cfupgrade itself, with all that it holds. The exit status is the server's\n"
    "where it ends by itself, else 0 after a stop, 1 if no server became ready, 2 for\n"
    "trouble.\n"
    "\n"
    "Example:\n"
    "  cfupgrade --listen tcp:127.0.0.1:8080 --ready connect --compat nginx \\\n"
    "      --stop-signal QUIT --control ./web.ctl -- nginx -g 'daemon off;' &\n"
    "  cfupgrade ctl ./web.ctl upgrade --wait\n";

static const struct option longs[] = {
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "ready", required_argument, NULL, OPT_READY },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "drain", required_argument, NULL, OPT_DRAIN },
    { "stop-signal", required_argument, NULL, OPT_STOP_SIGNAL },
    { "pid-file", required_argument, NULL, OPT_PID_FILE },
    { "env", required_argument, NULL, OPT_ENV },
    { "control", required_argument, NULL, OPT_CONTROL },
    { "compat", required_argument, NULL, OPT_COMPAT },
    { "restart", no_argument, NULL, OPT_RESTART },
    { "fd-store", no_argument, NULL, OPT_FD_STORE },
    { "probation", required_argument, NULL, OPT_PROBATION },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfupgrade", cfupgrade_help, "+" CLI_COMMON_SHORTS,
                                      longs };

static bool parse_time(const char *text, uint64_t *ns)
{
    return cli_parse_duration(text, ns) && *ns > 0;
}

static bool parse_ready(const char *text, struct cfupgrade_options *o)
{
    o->upgrade.ready_delay_ns = 0;
    o->upgrade.flags = CFK_UPGRADE_HOLDER;
    o->connect = strcmp(text, "connect") == 0;
    o->probe = NULL;
    if (strcmp(text, "notify") == 0)
        return true;
    if (strcmp(text, "fd") == 0) {
        o->upgrade.flags |= CFK_UPGRADE_READY_FD;
        return true;
    }
    if (strncmp(text, "delay:", 6) == 0)
        return parse_time(text + 6, &o->upgrade.ready_delay_ns);
    if (strncmp(text, "exec:", 5) == 0 && text[5] != '\0')
        o->probe = text + 5;
    /* The word of the server is not enough then. */
    o->upgrade.flags |= CFK_UPGRADE_CONFIRM;
    return o->connect || o->probe != NULL;
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
static int take_option(struct cfupgrade_options *o, int c)
{
    switch (c) {
    case OPT_LISTEN: o->listens[o->listen_count++] = optarg; return CLI_YES;
    case OPT_ENV:
        if (strchr(optarg, '=') == NULL || optarg[0] == '=')
            return cli_usage("--env wants NAME=VALUE, not '%s'", optarg);
        o->env[o->env_count++] = optarg;
        return CLI_YES;
    case OPT_READY:
        if (!parse_ready(optarg, o))
            return cli_usage("--ready wants notify, fd, connect, delay:TIME or "
                             "exec:COMMAND, not '%s'",
                             optarg);
        return CLI_YES;
    case OPT_TIMEOUT:
        if (!parse_time(optarg, &o->upgrade.timeout_ns))
            return cli_usage("--timeout wants a time such as 60s, not '%s'", optarg);
        return CLI_YES;
    case OPT_PROBATION:
        if (!cli_parse_duration(optarg, &o->upgrade.probation_ns))
            return cli_usage("--probation wants a time such as 2s, not '%s'", optarg);
        return CLI_YES;
    case OPT_DRAIN:
        if (!parse_time(optarg, &o->upgrade.drain_ns))
            return cli_usage("--drain wants a time such as 30s, not '%s'", optarg);
        return CLI_YES;
    case OPT_STOP_SIGNAL:
        if (!parse_signal(optarg, &o->upgrade.stop_signal))
            return cli_usage("--stop-signal wants a name such as TERM, not '%s'", optarg);
        return CLI_YES;
    case OPT_PID_FILE: o->pid_file = optarg; return CLI_YES;
    case OPT_CONTROL: o->control = optarg; return CLI_YES;
    case OPT_RESTART: o->restart = true; return CLI_YES;
    case OPT_FD_STORE: o->store = true; return CLI_YES;
    case OPT_COMPAT:
        if (cfupgrade_compat(optarg) == 0)
            return cli_usage("--compat wants nginx, einhorn, starter or fpm, not '%s'",
                             optarg);
        o->compat |= cfupgrade_compat(optarg);
        return CLI_YES;
    default: return cli_usage(NULL);
    }
}

int cfupgrade_options_parse(struct cfupgrade_options *options, int argc, char **argv)
{
    union {
        char **in;
        const char *const *out;
    } command;
    int status = CLI_YES;
    int c;

    *options = (struct cfupgrade_options){
        .upgrade = { .size = sizeof options->upgrade,
                     .flags = CFK_UPGRADE_HOLDER,
                     .probation_ns = PROBATION_NS },
        .listens = calloc((size_t)argc, sizeof *options->listens),
        .env = calloc((size_t)argc, sizeof *options->env),
    };
    cli_start(&tool);
    if (options->listens == NULL || options->env == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for the command line");
    while (status == CLI_YES && (c = cli_option(argc, argv)) != -1)
        status = take_option(options, c);
    if (status == CLI_YES && optind == argc)
        status = cli_usage("no command to run");
    command.in = argv + optind;
    options->command = command.out;
    return status;
}

void cfupgrade_options_free(struct cfupgrade_options *options)
{
    free(options->listens);
    free(options->env);
}
