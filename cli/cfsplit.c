/* SPDX-License-Identifier: MIT */
/* cfsplit: shares of a secret for people to keep. */
#include "cfsplit_lock.h"
#include "cfsplit_shares.h"
#include "common/private.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_RAW = CLI_OPT_OWN,
    OPT_HOLDER,
    OPT_LABEL,
    OPT_WORDS,
    OPT_GROUP,
    OPT_PASSPHRASE,
    OPT_PASS_FD,
    OPT_POLICY,
    OPT_PEOPLE,
    OPT_ASK,
    OPT_GENERATE,
    OPT_ALLOW_SINGLE,
    OPT_MEMORY,
    OPT_PASSES,
    OPT_AUDIT_FD,
};

static const char help[] =
    "Usage: cfsplit [OPTION]... FILE\n"
    "       cfsplit --policy POLICY [OPTION]... [-o FILE.cfl] FILE\n"
    "Seal the secret in FILE ('-' is standard input) and write one share for each\n"
    "person; any K of the N shares open it with cfjoin, fewer tell nothing. Secrets\n"
    "of up to 4 KiB ride in the shares; a larger one goes to FILE.cfl beside them,\n"
    "which opens with the shares alone and may be stored anywhere.\n"
    "\n"
    "  -k NUMBER           shares that open it (2)\n"
    "  -n NUMBER           shares to write (3, or one for each holder)\n"
    "      --holder NAME   who gets the next share; in its name and its text\n"
    "      --label TEXT    what the secret is; anybody can read it in the shares\n"
    "      --words         shares in English words (SLIP-39), as hardware wallets use\n"
    "                      them; for keys of 16 to 64 bytes\n"
    "      --group K/N     words: a group of N shares of which it takes K; may be given\n"
    "                      up to 16 times, and -k is then how many groups it takes "
    "(all)\n"
    "      --passphrase    words: ask for a passphrase that it takes, too\n"
    "      --pass-fd N     the same from descriptor N, one line\n"
    "      --raw           plain Shamir bytes, unchecked: a wrong share goes unseen\n"
    "  -o, --output DIR    where to write them (.); made if it is not there\n"
    "\n"
    "With --policy, one lock file that named people open, as it says: '2 of (alice,\n"
    "bob, carol)', 'alice and (bob or carol)', '3 of (ops*2, alice, bob)'.\n"
    "\n"
    "      --policy POLICY who opens it\n"
    "      --people FILE   a YAML map of names to public keys (alice: age1...)\n"
    "      --ask NAME      that person has a passphrase, which is asked for\n"
    "      --pass-fd N     the same from descriptor N, one line; once for each --ask\n"
    "      --generate NAME that person gets a passphrase of six random words, which is\n"
    "                      printed\n"
    "      --memory SIZE   what a guess of a passphrase costs: memory (64M)\n"
    "      --passes N      and passes over it (3)\n"
    "      --allow-single  one person alone may meet the policy\n" SPLIT_AUDIT_HELP
    "  -o, --output FILE   where to write it (stdout)\n"
    "\n"
    "  -f, --force         replace files that exist\n"
    "      --json          say what was written as JSON\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "The names of the shares are printed, one a line. Either all files appear or\n"
    "none. Exit status: 0 done, 2 trouble.\n"
    "\n"
    "Example: three people, any two of them:\n"
    "  echo 'open sesame' | cfsplit --holder alice --holder bob --holder carol -\n"
    "  cfsplit --policy 'alice and bob' --people keys.yaml -o db.cfl db.key\n";

static const struct option longs[] = {
    { "holder", required_argument, NULL, OPT_HOLDER },
    { "label", required_argument, NULL, OPT_LABEL },
    { "raw", no_argument, NULL, OPT_RAW },
    { "words", no_argument, NULL, OPT_WORDS },
    { "group", required_argument, NULL, OPT_GROUP },
    { "passphrase", no_argument, NULL, OPT_PASSPHRASE },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "policy", required_argument, NULL, OPT_POLICY },
    { "people", required_argument, NULL, OPT_PEOPLE },
    { "ask", required_argument, NULL, OPT_ASK },
    { "generate", required_argument, NULL, OPT_GENERATE },
    { "allow-single", no_argument, NULL, OPT_ALLOW_SINGLE },
    { "memory", required_argument, NULL, OPT_MEMORY },
    { "passes", required_argument, NULL, OPT_PASSES },
    { "audit-fd", required_argument, NULL, OPT_AUDIT_FD },
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfsplit", help, "k:n:o:f" CLI_COMMON_SHORTS,
                                      longs };

struct job {
    const char *output;
    unsigned flags;
    struct cli_passphrase_source source;
    bool has_passphrase; /* from a descriptor */
    bool about_shares;
    bool about_lock;
    struct shares_job shares;
    struct lock_job lock;
};

/* --- the answer --- */

static json_t *share_json(const struct shares_job *job, uint32_t i)
{
    const char *holder = job->holders[i];
    const char *path = job->paths[i];

    return json_pack("{si so so}", "x", (int)i + 1, "holder",
                     holder != NULL ? cli_json_text(holder, strlen(holder)) : json_null(),
                     "file", cli_json_text(path, strlen(path)));
}

static int answer_json(const struct shares_job *job)
{
    const char *lock =
        job->opened > job->split.count ? job->paths[job->split.count] : NULL;
    json_t *shares = json_array();

    for (uint32_t i = 0; i < job->split.count; i++)
        json_array_append_new(shares, share_json(job, i));
    return cli_print_json(json_pack(
        "{so si si sb sb sI so so}", "set",
        job->set_id[0] == '\0' ? json_null() : json_string(job->set_id), "threshold",
        (int)job->split.threshold, "count", (int)job->split.count, "raw", (int)job->raw,
        "words", (int)job->words, "size", (json_int_t)job->size, "lock",
        lock != NULL ? cli_json_text(lock, strlen(lock)) : json_null(), "shares",
        shares));
}

static int answer(const struct shares_job *job)
{
    if (cli_json())
        return answer_json(job);
    for (uint32_t i = 0; i < job->opened; i++)
        puts(job->paths[i]);
    if (job->in_words.group_count > 1)
        cli_detail("any %u of the %u groups open the secret of %llu bytes",
                   job->split.threshold, job->in_words.group_count,
                   (unsigned long long)job->size);
    else
        cli_detail("any %u of the %u shares open the secret of %llu bytes",
                   job->split.threshold, job->split.count, (unsigned long long)job->size);
    if (job->raw)
        cli_warn("raw shares carry no check: a wrong one gives a wrong secret");
    return CLI_YES;
}

static int run(struct shares_job *job)
{
    struct cfk_error err = { 0 };
    int rc = shares_make(job, &err);
    int status = rc == CFK_OK ? answer(job) : cli_fail(&err);

    shares_free(job);
    return status;
}

/* --- options --- */

/* A name that may be part of a file's name, and that nobody else has. */
static int add_holder(struct shares_job *job, const char *name)
{
    if (job->holder_count == CFK_SPLIT_MAX_SHARES)
        return cli_usage("there are at most %d holders", CFK_SPLIT_MAX_SHARES);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return cli_usage("--holder wants a name that can be part of a file's, not '%s'",
                         name);
    for (uint32_t i = 0; i < job->holder_count; i++)
        if (strcmp(job->holders[i], name) == 0)
            return cli_usage("there are two holders '%s'", name);
    job->holders[job->holder_count++] = name;
    return CLI_YES;
}

static bool parse_count(const char *text, uint32_t least, uint32_t *out)
{
    uint64_t value;

    if (!cli_parse_u64(text, least, CFK_SPLIT_MAX_SHARES, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Options of shares; each of them is no option of locks. */
static int parse_share_option(struct shares_job *job, int c)
{
    switch (c) {
    case 'k':
        if (!parse_count(optarg, 2, &job->split.threshold))
            return cli_usage("-k wants a number from 2 to 255, not '%s'", optarg);
        return CLI_YES;
    case 'n':
        if (!parse_count(optarg, 2, &job->split.count))
            return cli_usage("-n wants a number from 2 to 255, not '%s'", optarg);
        return CLI_YES;
    case OPT_RAW: job->raw = true; return CLI_YES;
    case OPT_WORDS: job->words = true; return CLI_YES;
    case OPT_PASSPHRASE: job->in_words.passphrase = true; return CLI_YES;
    case OPT_GROUP:
        if (!words_add_group(&job->in_words, optarg))
            return cli_usage(
                "--group wants K/N with N up to 16, 16 times at most, not '%s'", optarg);
        return CLI_YES;
    case OPT_LABEL: job->split.label = optarg; return CLI_YES;
    case OPT_HOLDER: return add_holder(job, optarg);
    default: return cli_usage(NULL);
    }
}

/* Options of locks, likewise. */
static int parse_lock_option(struct lock_job *job, int c)
{
    switch (c) {
    case OPT_POLICY: job->policy = optarg; return CLI_YES;
    case OPT_PEOPLE: job->takers.people = optarg; return CLI_YES;
    case OPT_ASK:
    case OPT_GENERATE:
        if (!split_takers_ask(&job->takers, optarg, c == OPT_GENERATE))
            return cli_usage("there are too many people to ask");
        return CLI_YES;
    case OPT_ALLOW_SINGLE: job->options.allow_single = 1; return CLI_YES;
    case OPT_MEMORY:
        if (!split_parse_memory(optarg, &job->options.memory_kib))
            return cli_usage(SPLIT_MEMORY_WANTED, optarg);
        return CLI_YES;
    case OPT_PASSES:
        if (!split_parse_passes(optarg, &job->options.passes))
            return cli_usage(SPLIT_PASSES_WANTED, optarg);
        return CLI_YES;
    case OPT_AUDIT_FD:
        if (!split_audit_fd(&job->audit, optarg))
            return cli_usage("--audit-fd wants an open descriptor, not '%s'", optarg);
        return CLI_YES;
    default: return cli_usage(NULL);
    }
}

static int parse_option(struct job *job, int c)
{
    switch (c) {
    case 'o': job->output = optarg; return CLI_YES;
    case 'f': job->flags |= CLI_OUTPUT_REPLACE; return CLI_YES;
    case OPT_PASS_FD:
        job->has_passphrase = true;
        if (!cli_passphrase_fd(&job->source, optarg))
            return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
        return CLI_YES;
    default:
        if (c < OPT_POLICY) {
            job->about_shares = true;
            return parse_share_option(&job->shares, c);
        }
        job->about_lock = true;
        return parse_lock_option(&job->lock, c);
    }
}

/* The defaults, and what fits together. */
static int settle(struct shares_job *job)
{
    struct cfk_split_options *o = &job->split;

    if (words_settle_groups(&job->in_words, o) != CLI_YES)
        return CLI_TROUBLE;
    if (o->threshold == 0)
        o->threshold = 2;
    if (o->count == 0 && job->holder_count > 0)
        o->count = job->holder_count;
    if (o->count == 0)
        o->count = o->threshold > 3 ? o->threshold : 3;
    if (job->holder_count > o->count)
        return cli_usage("%u holders, but %u shares", job->holder_count, o->count);
    if (o->threshold > o->count)
        return cli_usage("%u shares of %u are not to be had", o->threshold, o->count);
    if (job->raw && o->label != NULL)
        return cli_usage("raw shares have no place for a label");
    if (job->words && job->raw)
        return cli_usage("shares are either --raw or in --words");
    o->holders = job->holders;
    return words_settle(&job->in_words, job->words, o);
}

static int settle_lock(struct job *job)
{
    if (job->about_shares)
        return cli_usage(
            "--policy makes a lock, for which there are no options of shares");
    if (job->has_passphrase &&
        job->lock.takers.asked_count == job->lock.takers.generated_count)
        return cli_usage("--pass-fd goes with --ask");
    if (job->lock.takers.generated_count > 0 &&
        (job->output == NULL || strcmp(job->output, "-") == 0))
        return cli_usage("--generate wants -o FILE: the lock cannot share its place");
    job->lock.output = job->output;
    job->lock.flags = job->flags;
    job->lock.source = job->source;
    if (cli_json() && (job->output == NULL || strcmp(job->output, "-") == 0))
        return cli_usage("--json wants -o FILE: the lock cannot share its place");
    return CLI_YES;
}

static int settle_shares(struct job *job)
{
    if (job->about_lock)
        return cli_usage("--people, --ask and their kind go with --policy");
    if (job->has_passphrase)
        job->shares.in_words.passphrase = true;
    job->shares.folder = job->output;
    job->shares.flags = job->flags;
    job->shares.in_words.source = job->source;
    return settle(&job->shares);
}

int main(int argc, char **argv)
{
    static struct job job = {
        .flags = CLI_OUTPUT_SECRET,
        .shares = { .split = { .size = sizeof job.shares.split } },
        .lock = { .options = { .size = sizeof job.lock.options } },
    };
    int status;
    int c;

    cli_start(&tool);
    cli_keep_private();
    while ((c = cli_option(argc, argv)) != -1) {
        status = c == '?' ? cli_usage(NULL) : parse_option(&job, c);
        if (status != CLI_YES)
            return status;
    }
    if (argc - optind != 1)
        return cli_usage("name one file with the secret, or - for standard input");
    job.shares.input = job.lock.input = argv[optind];
    status = job.lock.policy != NULL ? settle_lock(&job) : settle_shares(&job);
    if (status != CLI_YES)
        return status;
    return cli_finish(job.lock.policy != NULL ? lock_make(&job.lock) : run(&job.shares));
}
