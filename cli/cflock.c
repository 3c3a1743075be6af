/* SPDX-License-Identifier: MIT */
/* cflock: the keys of people, and the locks and shares that they open. */
#include "cflock.h"

#include "common/private.h"

#include <string.h>

enum {
    OPT_PASS_FD = CLI_OPT_OWN,
    OPT_MEMORY,
    OPT_PASSES,
    OPT_AS,
    OPT_IDENTITY,
    OPT_POLICY,
    OPT_PEOPLE,
    OPT_ASK,
    OPT_GENERATE,
    OPT_ALLOW_SINGLE,
    OPT_LOCK,
    OPT_HOLDER,
    OPT_NUMBER,
    OPT_AUDIT_FD,
};

static const char help[] =
    "Usage: cflock key new|show|passwd [OPTION]... FILE\n"
    "       cflock show FILE.cfl|SHARE...\n"
    "       cflock check SHARE... [--lock FILE.cfl]\n"
    "       cflock add FILE.cfl NAME=age1...|NAME... [OPTION]...\n"
    "       cflock remove FILE.cfl NAME... [OPTION]...\n"
    "       cflock policy FILE.cfl POLICY [NAME=age1...]... [OPTION]...\n"
    "       cflock rekey FILE.cfl [OPTION]...\n"
    "       cflock extend SHARE... [OPTION]...\n"
    "       cflock reshare SHARE... [OPTION]...\n"
    "key: make the key of a person, kept in FILE under a passphrase; print its public\n"
    "text, which age takes, too; change its passphrase, which touches no lock.\n"
    "show, check: what locks and shares say, and whether a share is ok, mistyped (in\n"
    "which row), of another set, of an old generation or forged. No secret is needed.\n"
    "add, remove, policy: change who opens a lock, by those who do; the payload stays\n"
    "as it is. rekey: give it a new key, under which it is sealed again.\n"
    "extend, reshare: with enough shares, make one more that goes with them, or new\n"
    "ones that do not.\n"
    "\n"
    "  -f, --force         replace a file; of key new, what was locked for it alone is\n"
    "                      lost\n"
    "      --pass-fd N     read a passphrase, one line, from descriptor N instead of\n"
    "                      the terminal; once for each person, in order: --as and\n"
    "                      --identity, then --ask; passwd: the old, then the new\n"
    "      --memory SIZE   what a guess costs: memory (64M, or what FILE has)\n"
    "      --passes N      and passes over it (3, or what FILE has)\n"
    "      --as NAME       who opens the lock: a person with a passphrase\n"
    "      --identity FILE who opens it: the key of a person\n"
    "      --people FILE   a YAML map of names to public keys, for new people\n"
    "      --ask NAME      that person gets a (new) passphrase, which is asked for\n"
    "      --generate NAME that person gets one of six random words, which is printed\n"
    "      --policy POLICY the policy with or without the people of add or remove\n"
    "      --allow-single  one person alone may meet the policy\n"
    "      --lock FILE     check: the lock that the shares shall open\n"
    "  -k NUMBER           reshare: shares that open it (as many as before)\n"
    "  -n NUMBER           reshare: shares to write (as many as before)\n"
    "      --holder NAME   extend, reshare: who gets the next share\n"
    "      --number N      extend: the number of the new share (random)\n"
    "  -o, --output PLACE  rekey: the new file; extend, reshare: the "
    "folder\n" SPLIT_AUDIT_HELP "      --json          print JSON\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "Whoever has an old copy of a lock opens it as it was: no change takes that back.\n"
    "Exit status: 0 done, 1 wrong passphrase, too few people, or a share that is not\n"
    "right, 2 damage or trouble.\n"
    "\n"
    "Example:\n"
    "  cflock key new alice.cfkey\n"
    "  cflock add db.cfl --as alice --as bob carol=age1...\n";

static const struct option longs[] = {
    { "force", no_argument, NULL, 'f' },
    { "output", required_argument, NULL, 'o' },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "memory", required_argument, NULL, OPT_MEMORY },
    { "passes", required_argument, NULL, OPT_PASSES },
    { "as", required_argument, NULL, OPT_AS },
    { "identity", required_argument, NULL, OPT_IDENTITY },
    { "policy", required_argument, NULL, OPT_POLICY },
    { "people", required_argument, NULL, OPT_PEOPLE },
    { "ask", required_argument, NULL, OPT_ASK },
    { "generate", required_argument, NULL, OPT_GENERATE },
    { "allow-single", no_argument, NULL, OPT_ALLOW_SINGLE },
    { "lock", required_argument, NULL, OPT_LOCK },
    { "holder", required_argument, NULL, OPT_HOLDER },
    { "number", required_argument, NULL, OPT_NUMBER },
    { "audit-fd", required_argument, NULL, OPT_AUDIT_FD },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cflock", help, "k:n:o:f" CLI_COMMON_SHORTS,
                                      longs };

static int key(struct lock_job *job);

static const struct verb {
    const char *name;
    int (*run)(struct lock_job *job);
    bool of_key;
    bool reads_stdin;
} verbs[] = {
    { "key", key, false, true },
    { "show", cflock_show, false, true },
    { "check", cflock_check, false, true },
    { "add", cflock_add, false, false },
    { "remove", cflock_remove, false, false },
    { "policy", cflock_policy, false, false },
    { "rekey", cflock_rekey, false, false },
    { "extend", cflock_extend, false, true },
    { "reshare", cflock_reshare, false, true },
    { "new", cflock_key_new, true, false },
    { "show", cflock_key_show, true, true },
    { "passwd", cflock_key_passwd, true, false },
};

static const struct verb *find_verb(const char *name, bool of_key)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i].of_key == of_key && strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int key(struct lock_job *job)
{
    const struct verb *verb = find_verb(job->operands[0], true);

    if (verb == NULL)
        return cli_usage("key wants new, show or passwd, and a file");
    if (job->count != 2)
        return cli_usage("key %s wants one file", verb->name);
    job->operands++;
    job->count--;
    if (strcmp(job->operands[0], "-") == 0 && !verb->reads_stdin)
        return cli_usage("key %s wants a file, not -", verb->name);
    return verb->run(job);
}

static int run(struct lock_job *job, char *const *words, int count)
{
    const struct verb *verb;

    if (count < 1)
        return cli_usage("say what to do: key, show, check, add, remove, policy, rekey, "
                         "extend or reshare");
    verb = find_verb(words[0], false);
    if (verb == NULL)
        return cli_usage("there is no '%s'", words[0]);
    if (count == 1)
        return cli_usage("%s wants %s", verb->name,
                         verb->run == key ? "new, show or passwd, and a file" : "a file");
    job->operands = words + 1;
    job->count = count - 1;
    if (strcmp(job->operands[0], "-") == 0 && !verb->reads_stdin)
        return cli_usage("%s wants a file, not -", verb->name);
    return verb->run(job);
}

static int parse_count(const char *text, uint64_t least, uint32_t *out)
{
    uint64_t value;

    if (!cli_parse_u64(text, least, CFK_SPLIT_MAX_SHARES, &value))
        return cli_usage("a number from %u to 255 is wanted, not '%s'", (unsigned)least,
                         text);
    *out = (uint32_t)value;
    return CLI_YES;
}

static int add_holder(struct lock_job *job, const char *name)
{
    if (job->holder_count == CFK_SPLIT_MAX_SHARES)
        return cli_usage("there are too many holders");
    job->holders[job->holder_count++] = name;
    return CLI_YES;
}

/* Options of passphrases. */
static int parse_passphrase_option(struct lock_job *job, int c)
{
    switch (c) {
    case OPT_PASS_FD:
        if (!cli_passphrase_fd(&job->source, optarg))
            return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
        return CLI_YES;
    case OPT_MEMORY:
        if (!split_parse_memory(optarg, &job->memory_kib))
            return cli_usage(SPLIT_MEMORY_WANTED, optarg);
        return CLI_YES;
    default:
        if (!split_parse_passes(optarg, &job->passes))
            return cli_usage(SPLIT_PASSES_WANTED, optarg);
        return CLI_YES;
    }
}

static int parse_option(struct lock_job *job, int c)
{
    switch (c) {
    case 'f': job->flags |= CLI_OUTPUT_REPLACE; return CLI_YES;
    case 'o': job->output = optarg; return CLI_YES;
    case 'k': return parse_count(optarg, 2, &job->threshold);
    case 'n': return parse_count(optarg, 2, &job->shares);
    case OPT_NUMBER: return parse_count(optarg, 1, &job->number);
    case OPT_HOLDER: return add_holder(job, optarg);
    case OPT_PASS_FD:
    case OPT_MEMORY:
    case OPT_PASSES: return parse_passphrase_option(job, c);
    case OPT_AS:
    case OPT_IDENTITY:
        if (!split_givers_add(&job->givers, c == OPT_AS ? optarg : NULL,
                              c == OPT_IDENTITY ? optarg : NULL))
            return cli_usage("there are too many people");
        return CLI_YES;
    case OPT_ASK:
    case OPT_GENERATE:
        if (!split_takers_ask(&job->takers, optarg, c == OPT_GENERATE))
            return cli_usage("there are too many people to ask");
        return CLI_YES;
    case OPT_PEOPLE: job->takers.people = optarg; return CLI_YES;
    case OPT_POLICY: job->policy = optarg; return CLI_YES;
    case OPT_ALLOW_SINGLE: job->allow_single = true; return CLI_YES;
    case OPT_LOCK: job->lock = optarg; return CLI_YES;
    case OPT_AUDIT_FD:
        if (!split_audit_fd(&job->audit, optarg))
            return cli_usage("--audit-fd wants an open descriptor, not '%s'", optarg);
        return CLI_YES;
    default: return cli_usage(NULL);
    }
}

int main(int argc, char **argv)
{
    static struct lock_job job;
    int status;
    int c;

    cli_start(&tool);
    cli_keep_private();
    while ((c = cli_option(argc, argv)) != -1) {
        status = parse_option(&job, c);
        if (status != CLI_YES)
            return status;
    }
    return cli_finish(run(&job, argv + optind, argc - optind));
}
