/* SPDX-License-Identifier: MIT */
/* cflock: the keys of people. */
#include "common/cli.h"
#include "common/input.h"
#include "common/output.h"
#include "common/passphrase.h"
#include "common/private.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_PASS_FD = CLI_OPT_OWN,
    OPT_MEMORY,
    OPT_PASSES,
    MAX_FILE = 4096,
};

static const char help[] =
    "Usage: cflock key new [OPTION]... FILE\n"
    "       cflock key show [OPTION]... FILE\n"
    "       cflock key passwd [OPTION]... FILE\n"
    "Make the key of a person, kept in FILE under a passphrase; print its public text,\n"
    "for which others lock secrets and which age takes, too; change its passphrase,\n"
    "which touches no lock.\n"
    "\n"
    "  -f, --force         new: replace FILE; whatever was locked for it alone is lost\n"
    "      --pass-fd N     read a passphrase, one line, from descriptor N instead of\n"
    "                      the terminal; passwd asks for two: the old, then the new\n"
    "      --memory SIZE   what a guess costs: memory (64M, or what FILE has)\n"
    "      --passes N      and passes over it (3, or what FILE has)\n"
    "      --json          print JSON\n"
    "  -q, --quiet         no words but errors\n"
    "  -v, --verbose       more words\n"
    "      --color WHEN    always, auto or never\n"
    "      --no-progress   no progress on the terminal\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n"
    "\n"
    "Exit status: 0 done, 1 wrong passphrase, 2 damage or trouble.\n"
    "\n"
    "Example:\n"
    "  cflock key new alice.cfkey\n";

static const struct option longs[] = {
    { "force", no_argument, NULL, 'f' },
    { "pass-fd", required_argument, NULL, OPT_PASS_FD },
    { "memory", required_argument, NULL, OPT_MEMORY },
    { "passes", required_argument, NULL, OPT_PASSES },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = { "cflock", help, "f" CLI_COMMON_SHORTS, longs };

struct job {
    const char *path;
    unsigned flags;
    struct cfk_identity_options options;
    struct cli_passphrase_source source;
    struct cli_passphrase old;
    struct cli_passphrase passphrase;
};

/* Put the name of the file before what the library says about it. */
static int blame(struct cfk_error *err, const char *path)
{
    struct cfk_error said = *err;
    const char *words = said.message;

    if (strncmp(words, "split: ", 7) == 0)
        words += 7;
    snprintf(err->message, sizeof err->message, "%.80s: %.140s",
             strcmp(path, "-") == 0 ? "standard input" : path, words);
    return err->code;
}

static int ask(struct job *job, const char *what, bool again, struct cli_passphrase *out,
               struct cfk_error *err)
{
    char prompt[160];

    snprintf(prompt, sizeof prompt, "%s for %.100s", what, job->path);
    return cli_passphrase_ask(&job->source, prompt, again, out, err);
}

/* --- the verbs --- */

/* Under the new passphrase to the file. */
static int save(struct job *job, const cfk_identity *identity, struct cfk_error *err)
{
    char *text;
    size_t len;
    int rc = cfk_identity_save(identity, job->passphrase.bytes, job->passphrase.size,
                               &job->options, &text, &len, err);

    if (rc == CFK_OK)
        rc = cli_output_whole(job->path, job->flags | CLI_OUTPUT_SECRET, text, len, err);
    cfk_free(NULL, text);
    return rc;
}

static int answer_public(const struct job *job, const char *public_text)
{
    if (cli_json())
        return cli_print_json(json_pack("{so ss}", "file",
                                        cli_json_text(job->path, strlen(job->path)),
                                        "public", public_text));
    puts(public_text);
    return CLI_YES;
}

static int key_new(struct job *job)
{
    struct cli_output place = { .fd = -1 };
    struct cfk_error err = { 0 };
    cfk_identity *identity = NULL;
    int status;
    int rc;

    /* Nobody types a passphrase for a file that cannot be. */
    rc = cli_output_open(&place, job->path, job->flags | CLI_OUTPUT_SECRET, &err);
    cli_output_abort(&place);
    if (rc == CFK_OK)
        rc = ask(job, "New passphrase", true, &job->passphrase, &err);
    if (rc == CFK_OK)
        rc = cfk_identity_new(NULL, &identity, &err);
    if (rc == CFK_OK)
        rc = save(job, identity, &err);
    status =
        rc == CFK_OK ? answer_public(job, cfk_identity_public(identity)) : cli_fail(&err);
    cfk_identity_free(identity);
    return status;
}

static int read_file(const struct job *job, struct cli_input *in,
                     struct cfk_identity_info *info, struct cfk_error *err)
{
    int rc = cli_input_open(in, job->path, MAX_FILE, CLI_INPUT_SECRET, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_identity_show((const char *)in->data, in->size, info, err);
    return rc == CFK_OK ? CFK_OK : blame(err, job->path);
}

static int key_show(struct job *job)
{
    struct cfk_identity_info info = { .size = sizeof info };
    struct cli_input in = { 0 };
    struct cfk_error err = { 0 };
    int rc = read_file(job, &in, &info, &err);

    cli_input_close(&in);
    if (rc != CFK_OK)
        return cli_fail(&err);
    if (cli_json())
        return cli_print_json(json_pack(
            "{so ss s{ss sI sI sI}}", "file", cli_json_text(job->path, strlen(job->path)),
            "public", info.public_text, "kdf", "name", "argon2id", "memory_kib",
            (json_int_t)info.memory_kib, "passes", (json_int_t)info.passes, "lanes",
            (json_int_t)info.lanes));
    puts(info.public_text);
    cli_detail("Argon2id with %u MiB, %u passes, %u lanes", info.memory_kib / 1024,
               info.passes, info.lanes);
    return CLI_YES;
}

/* What a guess costs stays as it is where nothing else was said. */
static void keep_costs(struct job *job, const struct cfk_identity_info *info)
{
    if (job->options.memory_kib == 0)
        job->options.memory_kib = info->memory_kib;
    if (job->options.passes == 0)
        job->options.passes = info->passes;
    job->options.lanes = info->lanes;
}

static int key_passwd(struct job *job)
{
    struct cfk_identity_info info = { .size = sizeof info };
    struct cli_input in = { 0 };
    struct cfk_error err = { 0 };
    cfk_identity *identity = NULL;
    int rc = read_file(job, &in, &info, &err);

    job->flags |= CLI_OUTPUT_REPLACE;
    if (rc == CFK_OK)
        rc = ask(job, "Old passphrase", false, &job->old, &err);
    if (rc == CFK_OK) {
        rc = cfk_identity_load((const char *)in.data, in.size, job->old.bytes,
                               job->old.size, NULL, &identity, &err);
        rc = rc == CFK_OK ? CFK_OK : blame(&err, job->path);
    }
    if (rc == CFK_OK)
        rc = ask(job, "New passphrase", true, &job->passphrase, &err);
    if (rc == CFK_OK) {
        keep_costs(job, &info);
        rc = save(job, identity, &err);
    }
    cfk_identity_free(identity);
    cli_input_close(&in);
    if (rc != CFK_OK)
        return cli_fail(&err);
    cli_note("%s: the passphrase is changed; copies of the file keep the old one",
             job->path);
    return cli_json() ? answer_public(job, info.public_text) : CLI_YES;
}

static const struct verb {
    const char *name;
    int (*run)(struct job *job);
} key_verbs[] = {
    { "new", key_new },
    { "show", key_show },
    { "passwd", key_passwd },
};

static int run(struct job *job, char *const *words, int count)
{
    int status;

    if (count < 1)
        return cli_usage("say what to do: key new, key show or key passwd");
    if (strcmp(words[0], "key") != 0)
        return cli_usage("there is no '%s', only key", words[0]);
    for (size_t i = 0; count > 1 && i < sizeof key_verbs / sizeof key_verbs[0]; i++) {
        if (strcmp(words[1], key_verbs[i].name) != 0)
            continue;
        if (count != 3)
            return cli_usage("key %s wants one file", words[1]);
        job->path = words[2];
        if (strcmp(job->path, "-") == 0 && key_verbs[i].run != key_show)
            return cli_usage("key %s wants a file, not -", words[1]);
        status = key_verbs[i].run(job);
        cli_passphrase_wipe(&job->old);
        cli_passphrase_wipe(&job->passphrase);
        return status;
    }
    return cli_usage("key wants new, show or passwd, and a file");
}

static bool parse_memory(const char *text, uint32_t *kib)
{
    uint64_t bytes;

    if (!cli_parse_size(text, &bytes) || bytes < 8192 || bytes / 1024 > UINT32_MAX)
        return false;
    *kib = (uint32_t)(bytes / 1024);
    return true;
}

int main(int argc, char **argv)
{
    static struct job job = { .options = { .size = sizeof job.options } };
    uint64_t passes;
    int c;

    cli_start(&tool);
    cli_keep_private();
    while ((c = cli_option(argc, argv)) != -1)
        switch (c) {
        case 'f': job.flags |= CLI_OUTPUT_REPLACE; break;
        case OPT_PASS_FD:
            if (!cli_passphrase_fd(&job.source, optarg))
                return cli_usage("--pass-fd wants an open descriptor, not '%s'", optarg);
            break;
        case OPT_MEMORY:
            if (!parse_memory(optarg, &job.options.memory_kib))
                return cli_usage("--memory wants a size from 8K, not '%s'", optarg);
            break;
        case OPT_PASSES:
            if (!cli_parse_u64(optarg, 1, 16, &passes))
                return cli_usage("--passes wants a number from 1 to 16, not '%s'",
                                 optarg);
            job.options.passes = (uint32_t)passes;
            break;
        default: return cli_usage(NULL);
        }
    return cli_finish(run(&job, argv + optind, argc - optind));
}
