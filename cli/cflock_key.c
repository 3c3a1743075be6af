/* SPDX-License-Identifier: MIT */
/* cflock key: the keys of people. */
#include "cflock.h"

#include "common/input.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FILE = 4096 };

struct key_job {
    const char *path;
    unsigned flags;
    struct cfk_identity_options options;
    struct cli_passphrase_source *source;
    struct cli_passphrase old;
    struct cli_passphrase passphrase;
};

static int ask(struct key_job *job, const char *what, bool again,
               struct cli_passphrase *out, struct cfk_error *err)
{
    char prompt[160];

    snprintf(prompt, sizeof prompt, "%s for %.100s", what, job->path);
    return cli_passphrase_ask(job->source, prompt, again, out, err);
}

/* --- the verbs --- */

/* Under the new passphrase to the file. */
static int save(struct key_job *job, const cfk_identity *identity, struct cfk_error *err)
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

static int answer_public(const struct key_job *job, const char *public_text)
{
    if (cli_json())
        return cli_print_json(json_pack("{so ss}", "file",
                                        cli_json_text(job->path, strlen(job->path)),
                                        "public", public_text));
    puts(public_text);
    return CLI_YES;
}

static int make_new(struct key_job *job)
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

static int read_file(const struct key_job *job, struct cli_input *in,
                     struct cfk_identity_info *info, struct cfk_error *err)
{
    int rc = cli_input_open(in, job->path, MAX_FILE, CLI_INPUT_SECRET, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_identity_show((const char *)in->data, in->size, info, err);
    return rc == CFK_OK ? CFK_OK : split_blame(err, job->path);
}

static int show(struct key_job *job)
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
static void keep_costs(struct key_job *job, const struct cfk_identity_info *info)
{
    if (job->options.memory_kib == 0)
        job->options.memory_kib = info->memory_kib;
    if (job->options.passes == 0)
        job->options.passes = info->passes;
    job->options.lanes = info->lanes;
}

static int change_passphrase(struct key_job *job)
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
        rc = rc == CFK_OK ? CFK_OK : split_blame(&err, job->path);
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

/* The verb with what it takes, after which no passphrase is left. */
static int run(struct lock_job *from, int (*verb)(struct key_job *job))
{
    static struct key_job job;
    int status;

    job.path = from->operands[0];
    job.flags = from->flags;
    job.source = &from->source;
    job.options = (struct cfk_identity_options){ .size = sizeof job.options,
                                                 .memory_kib = from->memory_kib,
                                                 .passes = from->passes };
    status = verb(&job);
    cli_passphrase_wipe(&job.old);
    cli_passphrase_wipe(&job.passphrase);
    return status;
}

int cflock_key_new(struct lock_job *job)
{
    return run(job, make_new);
}

int cflock_key_show(struct lock_job *job)
{
    return run(job, show);
}

int cflock_key_passwd(struct lock_job *job)
{
    return run(job, change_passphrase);
}
