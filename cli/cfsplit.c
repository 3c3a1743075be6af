/* SPDX-License-Identifier: MIT */
/* cfsplit: shares of a secret for people to keep. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cfsplit_words.h"
#include "common/cli.h"
#include "common/output.h"
#include "common/passphrase.h"
#include "common/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_RAW = CLI_OPT_OWN,
    OPT_HOLDER,
    OPT_LABEL,
    OPT_WORDS,
    OPT_GROUP,
    OPT_PASSPHRASE,
    OPT_PASS_FD,
    BLOCK = 65536,
    MAX_OUTPUTS = CFK_SPLIT_MAX_SHARES + 1,
};

static const char help[] =
    "Usage: cfsplit [OPTION]... FILE\n"
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
    "  -f, --force         replace files that exist\n"
    "      --json          say what was written as JSON\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "The names of the files are printed, one a line. Either all of them appear or\n"
    "none. Exit status: 0 done, 2 trouble.\n"
    "\n"
    "Example: three people, any two of them:\n"
    "  echo 'open sesame' | cfsplit --holder alice --holder bob --holder carol -\n";

static const struct option longs[] = {
    { "holder", required_argument, NULL, OPT_HOLDER },
    { "label", required_argument, NULL, OPT_LABEL },
    { "raw", no_argument, NULL, OPT_RAW },
    { "words", no_argument, NULL, OPT_WORDS },
    { "group", required_argument, NULL, OPT_GROUP },
    { "passphrase", no_argument, NULL, OPT_PASSPHRASE },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "output", required_argument, NULL, 'o' },
    { "force", no_argument, NULL, 'f' },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cfsplit", help, "k:n:o:f" CLI_COMMON_SHORTS,
                                      longs };

struct job {
    const char *input;
    const char *folder;
    struct cfk_split_options split;
    const char *holders[CFK_SPLIT_MAX_SHARES];
    uint32_t holder_count;
    bool raw;
    bool words;
    struct words_request in_words;
    bool made_folder;
    unsigned flags;
    int fd;
    uint64_t size;   /* bytes of the secret that were read */
    uint32_t opened; /* outputs: the shares in order, then the lock file */
    uint32_t published;
    char *paths[MAX_OUTPUTS];
    struct cli_output outputs[MAX_OUTPUTS];
};

static uint8_t block[BLOCK];

static int no_memory(struct cfk_error *err)
{
    *err = (struct cfk_error){ .code = CFK_E_NOMEM, .message = "no memory" };
    return CFK_E_NOMEM;
}

static int fail_input(const struct job *job, struct cfk_error *err)
{
    *err = (struct cfk_error){ .code = CFK_E_IO, .sys_errno = errno };
    snprintf(err->message, sizeof err->message, "%s: %s",
             job->fd == STDIN_FILENO ? "standard input" : job->input, strerror(errno));
    return CFK_E_IO;
}

static int open_input(struct job *job, struct cfk_error *err)
{
    job->fd = STDIN_FILENO;
    if (strcmp(job->input, "-") == 0)
        return CFK_OK;
    job->fd = open(job->input, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return job->fd < 0 ? fail_input(job, err) : CFK_OK;
}

/* Fill the block up to capacity; fewer bytes mean the end. */
static int read_block(struct job *job, size_t capacity, size_t *size,
                      struct cfk_error *err)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(job->fd, block + *size, capacity - *size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_input(job, err);
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    job->size += *size;
    return CFK_OK;
}

/* --- the files --- */

/* DIR/WHO.NAME.SUFFIX, or DIR/NAME.SUFFIX where who is NULL. On the heap. */
static char *path_of(const struct job *job, const char *who, const char *suffix)
{
    const char *slash = strrchr(job->input, '/');
    const char *name = job->fd == STDIN_FILENO ? "secret"
                       : slash != NULL         ? slash + 1
                                               : job->input;
    const char *folder = job->folder != NULL ? job->folder : ".";
    size_t size = strlen(folder) + strlen(name) + (who != NULL ? strlen(who) : 0) + 16;
    char *path = malloc(size);

    if (path != NULL)
        snprintf(path, size, "%s%s%s%s%s.%s", strcmp(folder, ".") == 0 ? "" : folder,
                 strcmp(folder, ".") == 0 ? "" : "/", who != NULL ? who : "",
                 who != NULL ? "." : "", name, suffix);
    return path;
}

static int open_output(struct job *job, const char *who, const char *suffix,
                       struct cfk_error *err)
{
    char *path = path_of(job, who, suffix);

    if (path == NULL)
        return no_memory(err);
    job->paths[job->opened] = path;
    return cli_output_open(&job->outputs[job->opened++], path, job->flags, err);
}

/* One that is not there yet, for the owner alone. */
static int make_folder(struct job *job, struct cfk_error *err)
{
    if (job->folder == NULL)
        return CFK_OK;
    job->made_folder = mkdir(job->folder, 0700) == 0;
    if (job->made_folder || errno == EEXIST)
        return CFK_OK;
    *err = (struct cfk_error){ .code = CFK_E_IO, .sys_errno = errno };
    snprintf(err->message, sizeof err->message, "%s: %s", job->folder, strerror(errno));
    return CFK_E_IO;
}

/* Who gets share i, or its number, in number of size bytes. */
static const char *name_of(const struct job *job, uint32_t i, char *number, size_t size)
{
    uint32_t group, member;

    if (job->holders[i] != NULL)
        return job->holders[i];
    snprintf(number, size, "share%u", i + 1);
    if (job->in_words.group_count > 1) {
        words_place(&job->in_words, i, &group, &member);
        snprintf(number, size, "group%u.share%u", group + 1, member + 1);
    }
    return number;
}

static int open_shares(struct job *job, struct cfk_error *err)
{
    const char *suffix = job->words ? "words" : job->raw ? "raw" : "cfs";
    char number[48];
    int rc = make_folder(job, err);

    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++)
        rc = open_output(job, name_of(job, i, number, sizeof number), suffix, err);
    return rc;
}

static int publish(struct job *job, struct cfk_error *err)
{
    int rc = CFK_OK;

    while (job->published < job->opened && rc == CFK_OK) {
        rc = cli_output_commit(&job->outputs[job->published], err);
        if (rc == CFK_OK)
            job->published++;
    }
    return rc;
}

/* All or none: what was published before a failure goes again. */
static void clean_up(struct job *job, bool failed)
{
    for (uint32_t i = 0; i < job->opened; i++) {
        cli_output_abort(&job->outputs[i]);
        if (failed && i < job->published)
            unlink(job->paths[i]);
    }
    if (failed && job->made_folder)
        rmdir(job->folder);
    if (job->fd > STDERR_FILENO)
        close(job->fd);
    explicit_bzero(block, sizeof block);
}

/* --- sealed shares --- */

static int write_shares(struct job *job, cfk_split *set, struct cfk_error *err)
{
    const char *text;
    size_t len;
    int rc = CFK_OK;

    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++) {
        rc = cfk_split_share(set, i, &text, &len, err);
        if (rc == CFK_OK)
            rc = cli_output_write(&job->outputs[i], text, len, err);
    }
    return rc;
}

static int seal_piece(cfk_split_sealer *sealer, struct cli_output *out, size_t size,
                      struct cfk_error *err)
{
    const uint8_t *data = block;
    const void *sealed;
    size_t sealed_size;
    size_t used;
    int rc = CFK_OK;

    while (size > 0 && rc == CFK_OK) {
        rc = cfk_split_sealer_update(sealer, data, size, &used, &sealed, &sealed_size,
                                     err);
        if (rc == CFK_OK)
            rc = cli_output_write(out, sealed, sealed_size, err);
        data += used;
        size -= used;
    }
    return rc;
}

/* The block holds the first size bytes of a secret that does not end there. */
static int write_lock(struct job *job, cfk_split *set, size_t size, struct cfk_error *err)
{
    cfk_split_sealer *sealer;
    struct cli_output *out = &job->outputs[job->opened];
    const void *sealed;
    size_t sealed_size;
    int rc = open_output(job, NULL, "cfl", err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_split_sealer_new(set, &sealer, err);
    while (rc == CFK_OK && size > 0) {
        rc = seal_piece(sealer, out, size, err);
        if (rc == CFK_OK)
            rc = read_block(job, BLOCK, &size, err);
    }
    if (rc == CFK_OK)
        rc = cfk_split_sealer_finish(sealer, &sealed, &sealed_size, err);
    if (rc == CFK_OK)
        rc = cli_output_write(out, sealed, sealed_size, err);
    cfk_split_sealer_free(sealer);
    return rc;
}

static int split_sealed(struct job *job, char *set_id, struct cfk_error *err)
{
    cfk_split *set;
    size_t size;
    int rc = cfk_split_new(&job->split, &set, err);

    if (rc != CFK_OK)
        return rc;
    for (int i = 0; i < 8; i++)
        snprintf(set_id + 2 * i, 3, "%02x", cfk_split_set_id(set)[i]);
    rc = open_shares(job, err);
    if (rc == CFK_OK)
        rc = read_block(job, CFK_SPLIT_MAX_INSIDE + 1, &size, err);
    if (rc == CFK_OK)
        rc = size <= CFK_SPLIT_MAX_INSIDE ? cfk_split_seal(set, block, size, err)
                                          : write_lock(job, set, size, err);
    if (rc == CFK_OK)
        rc = write_shares(job, set, err);
    cfk_split_free(set);
    return rc;
}

/* --- raw shares: the bytes, then x --- */

static int write_raw_block(struct job *job, uint8_t *shares, size_t size,
                           struct cfk_error *err)
{
    int rc = cfk_split_shamir(block, size, job->split.threshold, job->split.count, shares,
                              err);

    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++)
        rc = cli_output_write(&job->outputs[i], shares + i * size, size, err);
    return rc;
}

static int split_raw(struct job *job, struct cfk_error *err)
{
    size_t shares_size = (size_t)job->split.count * BLOCK;
    uint8_t *shares = malloc(shares_size);
    size_t size = BLOCK;
    int rc = open_shares(job, err);

    if (shares == NULL)
        return no_memory(err);
    while (rc == CFK_OK && size == BLOCK) {
        rc = read_block(job, BLOCK, &size, err);
        if (rc == CFK_OK)
            rc = write_raw_block(job, shares, size, err);
    }
    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++) {
        uint8_t x = (uint8_t)(i + 1);

        rc = cli_output_write(&job->outputs[i], &x, 1, err);
    }
    explicit_bzero(shares, shares_size);
    free(shares);
    return rc;
}

/* --- shares in words --- */

static int split_words(struct job *job, struct cfk_error *err)
{
    cfk_words *words = NULL;
    size_t size;
    int rc = open_shares(job, err);

    if (rc == CFK_OK)
        rc = read_block(job, CFK_WORDS_MAX_SECRET + 1, &size, err);
    if (rc == CFK_OK)
        rc = words_make(&job->in_words, block, size, &words, err);
    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++) {
        uint32_t group, member;
        const char *text;

        words_place(&job->in_words, i, &group, &member);
        text = cfk_words_text(words, group, member);
        rc = cli_output_write(&job->outputs[i], text, strlen(text), err);
        if (rc == CFK_OK)
            rc = cli_output_write(&job->outputs[i], "\n", 1, err);
    }
    cfk_words_free(words);
    return rc;
}

static int split(struct job *job, char *set_id, struct cfk_error *err)
{
    if (job->words)
        return split_words(job, err);
    return job->raw ? split_raw(job, err) : split_sealed(job, set_id, err);
}

/* --- the answer --- */

static json_t *share_json(const struct job *job, uint32_t i)
{
    const char *holder = job->holders[i];
    const char *path = job->paths[i];

    return json_pack("{si so so}", "x", (int)i + 1, "holder",
                     holder != NULL ? cli_json_text(holder, strlen(holder)) : json_null(),
                     "file", cli_json_text(path, strlen(path)));
}

static int answer_json(const struct job *job, const char *set_id)
{
    const char *lock =
        job->opened > job->split.count ? job->paths[job->split.count] : NULL;
    json_t *shares = json_array();

    for (uint32_t i = 0; i < job->split.count; i++)
        json_array_append_new(shares, share_json(job, i));
    return cli_print_json(
        json_pack("{so si si sb sb sI so so}", "set",
                  set_id[0] == '\0' ? json_null() : json_string(set_id), "threshold",
                  (int)job->split.threshold, "count", (int)job->split.count, "raw",
                  (int)job->raw, "words", (int)job->words, "size", (json_int_t)job->size,
                  "lock", lock != NULL ? cli_json_text(lock, strlen(lock)) : json_null(),
                  "shares", shares));
}

static int answer(const struct job *job, const char *set_id)
{
    if (cli_json())
        return answer_json(job, set_id);
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

static int run(struct job *job)
{
    struct cfk_error err = { 0 };
    char set_id[17] = "";
    int status;
    int rc = open_input(job, &err);

    if (rc == CFK_OK)
        rc = split(job, set_id, &err);
    if (rc == CFK_OK)
        rc = publish(job, &err);
    clean_up(job, rc != CFK_OK);
    status = rc == CFK_OK ? answer(job, set_id) : cli_fail(&err);
    for (uint32_t i = 0; i < job->opened; i++)
        free(job->paths[i]);
    return status;
}

/* --- options --- */

/* A name that may be part of a file's name, and that nobody else has. */
static int add_holder(struct job *job, const char *name)
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

static int parse_option(struct job *job, int c)
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
    case 'o': job->folder = optarg; return CLI_YES;
    case 'f': job->flags |= CLI_OUTPUT_REPLACE; return CLI_YES;
    case OPT_RAW: job->raw = true; return CLI_YES;
    case OPT_WORDS: job->words = true; return CLI_YES;
    case OPT_PASSPHRASE: job->in_words.passphrase = true; return CLI_YES;
    case OPT_PASS_FD:
        job->in_words.passphrase = true;
        if (!cli_passphrase_fd(&job->in_words.source, optarg))
            return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
        return CLI_YES;
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

/* The defaults, and what fits together. */
static int settle(struct job *job, int operands)
{
    struct cfk_split_options *o = &job->split;

    if (operands != 1)
        return cli_usage("name one file with the secret, or - for standard input");
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

int main(int argc, char **argv)
{
    static struct job job = { .split = { .size = sizeof job.split },
                              .flags = CLI_OUTPUT_SECRET };
    int status;
    int c;

    cli_start(&tool);
    cli_keep_private();
    while ((c = cli_option(argc, argv)) != -1) {
        status = parse_option(&job, c);
        if (status != CLI_YES)
            return status;
    }
    status = settle(&job, argc - optind);
    if (status != CLI_YES)
        return status;
    job.input = argv[optind];
    return cli_finish(run(&job));
}
