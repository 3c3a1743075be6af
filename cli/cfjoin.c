/* SPDX-License-Identifier: MIT */
/* cfjoin: a secret from enough of its shares. */
#include "cfjoin_open.h"
#include "common/private.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_RAW = CLI_OPT_OWN,
    OPT_PASSPHRASE,
    OPT_PASS_FD,
    OPT_AS,
    OPT_IDENTITY,
    OPT_EXEC,
    OPT_AUDIT_FD,
};

static const char help[] =
    "Usage: cfjoin [OPTION]... SHARE... [FILE.cfl]\n"
    "       cfjoin [OPTION]... FILE.cfl\n"
    "Open a secret with enough of the shares that cfsplit wrote, and with the lock\n"
    "file where there is one. Shares and the lock file come in any order. A share\n"
    "that is mistyped, forged or of another set is named. Or open a lock file with\n"
    "enough of the people whom its policy names.\n"
    "\n"
    "      --as NAME       a person with a passphrase, which is asked for\n"
    "      --identity FILE the key of a person, whose passphrase is asked for\n"
    "  -o, --output FILE   write the secret there, readable by you alone (stdout)\n"
    "  -f, --force         replace FILE if it exists\n"
    "      --passphrase    shares in words: ask for their passphrase\n"
    "      --pass-fd N     a passphrase from descriptor N, one line; once for each\n"
    "                      --as and --identity, in their order\n"
    "      --exec COMMAND  feed the secret to COMMAND, the rest of the line, alone;\n"
    "                      say so if it does not end with status 0\n"
    "      --raw           the shares are plain Shamir bytes, "
    "unchecked\n" SPLIT_AUDIT_HELP
    "      --json          say what was done as JSON; needs -o FILE or --exec\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "Nothing is written before all of it is authentic. To standard output that is or\n"
    "a command that is up to 64 MiB; -o takes any size. Exit status: 0 done, 1 too few\n"
    "or wrong shares or people, or COMMAND failed, 2 damage or trouble.\n"
    "\n"
    "Example:\n"
    "  cfjoin alice.secret.cfs bob.secret.cfs\n"
    "  cfjoin db.cfl --identity alice.cfkey --as bob --exec psql-unlock\n";

static const struct option longs[] = {
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    { "raw", no_argument, NULL, OPT_RAW },
    { "passphrase", no_argument, NULL, OPT_PASSPHRASE },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "as", required_argument, NULL, OPT_AS },
    { "identity", required_argument, NULL, OPT_IDENTITY },
    { "exec", no_argument, NULL, OPT_EXEC },
    { "audit-fd", required_argument, NULL, OPT_AUDIT_FD },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfjoin", help, "o:f" CLI_COMMON_SHORTS, longs };

static json_t *answer(const struct join_job *job)
{
    if (job->command != NULL)
        return json_pack("{so sI sb}", "command",
                         cli_json_text(job->command[0], strlen(job->command[0])), "size",
                         (json_int_t)job->size, "raw", (int)job->raw);
    return json_pack("{so sI sb}", "output",
                     cli_json_text(job->output, strlen(job->output)), "size",
                     (json_int_t)job->size, "raw", (int)job->raw);
}

static int run(struct join_job *job, char *const *paths, int count)
{
    struct cfk_error err = { 0 };
    int rc = job->raw ? join_raw(job, paths, count, &err)
                      : join_sealed(job, paths, count, &err);

    if (rc != CFK_OK) {
        int status = cli_fail(&err);

        return rc == CFK_E_EXEC ? CLI_TROUBLE : status;
    }
    if (cli_json())
        return cli_print_json(answer(job));
    cli_detail("opened %" PRIu64 " bytes", job->size);
    return CLI_YES;
}

/* Neither a passphrase nor the audit is for the command. */
static void keep_from_command(int fd)
{
    if (fd > STDERR_FILENO)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int parse_option(struct join_job *job, int c)
{
    switch (c) {
    case 'o': job->output = optarg; return CLI_YES;
    case 'f': job->flags |= CLI_OUTPUT_REPLACE; return CLI_YES;
    case OPT_RAW: job->raw = true; return CLI_YES;
    case OPT_PASSPHRASE: job->has_passphrase = true; return CLI_YES;
    case OPT_PASS_FD:
        job->has_passphrase = true;
        if (!cli_passphrase_fd(&job->source, optarg))
            return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
        keep_from_command(job->source.fds[job->source.count - 1]);
        return CLI_YES;
    case OPT_AS:
    case OPT_IDENTITY:
        if (!split_givers_add(&job->givers, c == OPT_AS ? optarg : NULL,
                              c == OPT_IDENTITY ? optarg : NULL))
            return cli_usage("there are too many people");
        return CLI_YES;
    case OPT_EXEC: return cli_usage("--exec wants a command");
    case OPT_AUDIT_FD:
        if (!split_audit_fd(&job->audit, optarg))
            return cli_usage("--audit-fd wants an open descriptor, not '%s'", optarg);
        keep_from_command(job->audit.fd);
        return CLI_YES;
    default: return cli_usage(NULL);
    }
}

static int settle(const struct join_job *job, int operands)
{
    if (operands == 0)
        return cli_usage("name the shares, or a lock file");
    if (job->raw && (job->has_passphrase || job->givers.count > 0))
        return cli_usage("raw shares have no passphrase and no people");
    if (job->command != NULL && job->output != NULL)
        return cli_usage("the secret goes to -o or to --exec, not to both");
    if (cli_json() && job->command == NULL &&
        (job->output == NULL || strcmp(job->output, "-") == 0))
        return cli_usage("--json wants -o FILE: the secret cannot share its place");
    return CLI_YES;
}

/* What follows --exec is the command; the rest of the arguments end there. */
static int cut_command(struct join_job *job, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--exec") == 0) {
            job->command = argv + i + 1;
            return i;
        }
    return argc;
}

int main(int argc, char **argv)
{
    static struct join_job job = { .flags = CLI_OUTPUT_SECRET,
                                   .options = { .size = sizeof job.options } };
    int status;
    int c;

    cli_start(&tool);
    cli_keep_private();
    argc = cut_command(&job, argc, argv);
    while ((c = cli_option(argc, argv)) != -1) {
        status = parse_option(&job, c);
        if (status != CLI_YES)
            return status;
    }
    status = settle(&job, argc - optind);
    if (status != CLI_YES)
        return status;
    return cli_finish(run(&job, argv + optind, argc - optind));
}
