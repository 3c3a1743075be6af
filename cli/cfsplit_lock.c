/* SPDX-License-Identifier: MIT */
#include "cfsplit_lock.h"

#include "split_common.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_lock(cfk_lock *lock, const struct split_source *source,
                      struct cli_output *out, uint64_t *size, struct cfk_error *err)
{
    cfk_split_sealer *sealer;
    const void *head;
    size_t head_size;
    int rc = cfk_lock_seal(lock, &sealer, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_lock_head(lock, &head, &head_size, err);
    if (rc == CFK_OK)
        rc = cli_output_write(out, head, head_size, err);
    if (rc == CFK_OK)
        rc = split_seal(source, sealer, out, size, err);
    cfk_split_sealer_free(sealer);
    return rc;
}

static int make(struct lock_job *job, cfk_lock *lock, uint64_t *size,
                struct cfk_error *err)
{
    struct split_source source = { job->input, STDIN_FILENO, NULL, 0 };
    struct cli_output out = { .fd = -1 };
    int rc = split_open_file(job->input, &source.fd, err);

    /* Nobody types a passphrase for a file that cannot be. */
    if (rc == CFK_OK)
        rc = cli_output_open(&out, job->output, job->flags | CLI_OUTPUT_BINARY, err);
    if (rc == CFK_OK)
        rc = split_set_keys(lock, &job->takers, NULL, &job->source, err);
    if (rc == CFK_OK)
        rc = write_lock(lock, &source, &out, size, err);
    if (rc == CFK_OK)
        rc = split_audit_check(&job->audit, err);
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, err);
    cli_output_abort(&out);
    split_close(source.fd);
    return rc;
}

static int answer(struct lock_job *job, const cfk_lock *lock, uint64_t size)
{
    const char *policy = cfk_policy_text(cfk_lock_policy(lock));
    struct cfk_lock_info info = { .size = sizeof info };
    char id[SPLIT_ID_TEXT];
    json_t *told;

    cfk_lock_show(lock, &info, NULL);
    if (!cli_json()) {
        split_tell_words(&job->takers, NULL);
        cli_detail("%s opens the secret of %" PRIu64 " bytes", policy, size);
        return CLI_YES;
    }
    told = json_pack("{so ss so sI sI}", "file",
                     cli_json_text(job->output, strlen(job->output)), "lock",
                     split_id_text(info.id, sizeof info.id, id), "policy",
                     cli_json_text(policy, strlen(policy)), "generation",
                     (json_int_t)info.generation, "size", (json_int_t)size);
    split_tell_words(&job->takers, told);
    return cli_print_json(told);
}

int lock_make(struct lock_job *job)
{
    struct cfk_error err = { 0 };
    cfk_lock *lock = NULL;
    uint64_t size = 0;
    int status;
    int rc;

    split_audit_attach(&job->audit, &job->options);
    rc = cfk_lock_new(job->policy, strlen(job->policy), &job->options, &lock, &err);
    if (rc == CFK_OK)
        rc = make(job, lock, &size, &err);
    status = rc == CFK_OK ? answer(job, lock, size) : cli_fail(&err);
    if (rc == CFK_E_ONE_PERSON)
        cli_hint("--allow-single allows it");
    if (rc == CFK_E_STATE)
        cli_hint("a public key in the file of --people, or --ask for a passphrase");
    cfk_lock_free(lock);
    return status;
}
