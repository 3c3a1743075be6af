/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cfjoin_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- shares --- */

/* What is in words, or was mistyped so that it hardly is, is not another share. */
static bool is_in_words(const char *text, size_t size)
{
    int rc = cfk_words_check(text, size, NULL, NULL);

    return rc == CFK_OK || rc == CFK_E_SHARE;
}

static int add_words(struct join_job *job, const char *path, const char *text,
                     size_t size, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (job->has_share)
        return split_fail(err, CFK_E_OTHER_SET, path,
                          "a share in words beside other shares");
    if (job->words == NULL)
        rc = cfk_words_join_new(NULL, &job->words, err);
    return rc == CFK_OK ? cfk_words_join_add(job->words, text, size, err) : rc;
}

static int add_other(struct join_job *job, const char *path, const char *text,
                     size_t size, struct cfk_error *err)
{
    uint32_t kept = cfk_split_quorum_kept(job->quorum);
    int rc;

    if (job->words != NULL)
        return split_fail(err, CFK_E_OTHER_SET, path,
                          "another share beside shares in words");
    rc = cfk_split_quorum_add(job->quorum, text, size, err);
    if (cfk_split_quorum_kept(job->quorum) == kept)
        return rc;
    job->has_share = true;
    if (kept < JOIN_KEPT)
        job->kept[kept] = path;
    return CFK_OK; /* whether it is the odd one shows when all are there */
}

/* Whether the share is to blame: the others may be enough. */
static bool is_fault(int rc)
{
    return rc == CFK_E_SHARE || rc == CFK_E_OTHER_SET || rc == CFK_E_GENERATION ||
           rc == CFK_E_CORRUPT || rc == CFK_E_LIMIT || rc == CFK_E_NOTSUP;
}

/* Of shares in words, as SLIP-39 has it, all must go together. */
static int add_share(struct join_job *job, const char *path, const char *text,
                     size_t size, struct cfk_error *err)
{
    bool words = is_in_words(text, size);
    int rc = words ? add_words(job, path, text, size, err)
                   : add_other(job, path, text, size, err);

    if (rc == CFK_OK)
        return CFK_OK;
    if (strncmp(err->message, "split: ", 7) == 0)
        split_blame(err, path);
    if (rc == CFK_E_EXISTS) {
        cli_warn("%s", err->message);
        return CFK_OK;
    }
    if (words || job->words != NULL || !is_fault(rc))
        return rc;
    if (job->fault_count < JOIN_FAULTS)
        job->faults[job->fault_count++] = *err;
    return CFK_OK;
}

static int keep_lock(struct join_job *job, const char *path, int fd, char *head,
                     size_t size, struct cfk_error *err)
{
    struct lock_file file;
    int rc = lock_file_take(&file, path, fd, (uint8_t *)head, size, &job->options, err);

    if (rc == CFK_OK && job->has_lock)
        rc = split_fail(err, CFK_E_INVALID, path, "a second lock file");
    if (rc != CFK_OK) {
        lock_file_close(&file);
        return rc;
    }
    job->lock = file;
    job->has_lock = true;
    return CFK_OK;
}

/* A share is added; a lock file stays open until all shares are there. */
static int take(struct join_job *job, const char *path, struct cfk_error *err)
{
    size_t capacity = CFK_LOCK_HEAD;
    char *text = malloc(capacity);
    size_t size = 0;
    int fd = -1;
    int rc;

    if (text == NULL)
        return split_fail(err, CFK_E_NOMEM, path, "no memory");
    rc = split_open_file(path, &fd, err);
    if (rc == CFK_OK)
        rc = split_read(fd, path, text, capacity, &size, err);
    if (rc == CFK_OK && cfk_lock_kind(text, size) != 0)
        return keep_lock(job, path, fd, text, size, err);
    if (rc == CFK_OK)
        rc = add_share(job, path, text, size, err);
    explicit_bzero(text, capacity);
    free(text);
    split_close(fd);
    return rc;
}

/* --- the secret --- */

int join_deliver(struct join_job *job, const void *data, size_t size,
                 struct cfk_error *err)
{
    job->size = size;
    if (job->command != NULL)
        return join_feed(job->command, data, size, err);
    return split_write_whole(job->output, job->flags, data, size, err);
}

static int unseal(struct join_job *job, const struct split_source *source,
                  cfk_split_opener *opener, struct cli_output *out, struct cfk_error *err)
{
    struct split_sink sink = { NULL, { .limit = SPLIT_HELD_BACK }, 0 };
    int rc;

    if (out->target != NULL) /* a file that can still be taken back */
        sink.out = out;
    rc = split_unseal(source, opener, &sink, err);
    job->size = sink.size;
    if (rc == CFK_OK && sink.out != NULL)
        rc = cli_output_commit(out, err);
    else if (rc == CFK_OK)
        rc = join_deliver(job, sink.held.data, sink.held.size, err);
    split_let_go(&sink.held);
    return rc;
}

static int open_output(struct join_job *job, struct cli_output *out,
                       struct cfk_error *err)
{
    *out = (struct cli_output){ .fd = -1 };
    if (job->output == NULL)
        return CFK_OK;
    return cli_output_open(out, job->output, job->flags, err);
}

static int open_with_shares(struct join_job *job, struct cfk_error *err)
{
    struct split_source source = { job->lock.path, job->lock.fd, job->lock.head,
                                   job->lock.size };
    cfk_split_opener *opener;
    struct cli_output out;
    int rc = cfk_split_opener_new(job->quorum, &opener, err);

    if (rc != CFK_OK)
        return rc;
    rc = open_output(job, &out, err);
    if (rc == CFK_OK)
        rc = unseal(job, &source, opener, &out, err);
    cli_output_abort(&out);
    cfk_split_opener_free(opener);
    return rc;
}

static int open_with_people(struct join_job *job, struct cfk_error *err)
{
    struct split_source source = { .path = job->lock.path, .fd = job->lock.fd };
    cfk_split_opener *opener = NULL;
    struct cli_output out;
    int rc;

    if (job->has_share || job->words != NULL)
        return split_fail(err, CFK_E_OTHER_SET, job->lock.path,
                          "people open it, not shares");
    source.first = lock_file_rest(&job->lock, &source.first_size);
    /* Nobody types a passphrase for a file that cannot be. */
    rc = open_output(job, &out, err);
    if (rc == CFK_OK)
        rc = split_open_lock(job->lock.lock, job->lock.path, &job->givers, &job->source,
                             err);
    if (rc == CFK_OK)
        rc = cfk_lock_opener(job->lock.lock, &opener, err);
    if (rc == CFK_OK)
        rc = split_audit_check(&job->audit, err);
    if (rc == CFK_OK)
        rc = unseal(job, &source, opener, &out, err);
    cli_output_abort(&out);
    cfk_split_opener_free(opener);
    return rc;
}

static int open_shares(struct join_job *job, struct cfk_error *err)
{
    const void *secret;
    size_t size;
    int rc = cfk_split_quorum_open(job->quorum, &secret, &size, err);

    return rc == CFK_OK ? join_deliver(job, secret, size, err) : rc;
}

static int open_words(struct join_job *job, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    const void *secret;
    size_t size;
    int rc = CFK_OK;

    if (job->has_lock)
        return split_fail(err, CFK_E_OTHER_SET, job->lock.path,
                          "a lock file beside shares in words");
    if (job->has_passphrase && cfk_words_join_ready(job->words))
        rc = cli_passphrase_ask(&job->source, "Passphrase of the shares", false,
                                &passphrase, err);
    if (rc == CFK_OK)
        rc = cfk_words_join_open(job->words, passphrase.bytes, passphrase.size, &secret,
                                 &size, err);
    cli_passphrase_wipe(&passphrase);
    return rc == CFK_OK ? join_deliver(job, secret, size, err) : rc;
}

static bool is_for_people(const struct join_job *job)
{
    return job->has_lock && cfk_lock_policy(job->lock.lock) != NULL;
}

static int open_any(struct join_job *job, struct cfk_error *err)
{
    if (is_for_people(job))
        return open_with_people(job, err);
    if (!job->has_share && job->words == NULL && job->fault_count > 0)
        return split_fail(err, CFK_E_NEED_MORE, "shares", "none of them is right");
    if (job->givers.count > 0)
        return split_fail(err, CFK_E_INVALID, "--as and --identity",
                          "they go with a lock file that people open");
    if (job->words != NULL)
        return open_words(job, err);
    if (job->has_passphrase)
        return split_fail(err, CFK_E_INVALID, "passphrase",
                          "only shares in words have one, and people");
    return job->has_lock ? open_with_shares(job, err) : open_shares(job, err);
}

/* Shares that do not go with most of them. */
static void judge_kept(struct join_job *job)
{
    uint32_t count = job->quorum != NULL ? cfk_split_quorum_kept(job->quorum) : 0;

    for (uint32_t i = 0; i < count && i < JOIN_KEPT; i++) {
        struct cfk_error *fault = &job->faults[job->fault_count];

        if (job->fault_count == JOIN_FAULTS ||
            cfk_split_quorum_judge(job->quorum, i, fault) == CFK_OK)
            continue;
        split_blame(fault, job->kept[i]);
        job->fault_count++;
    }
}

/* Of shares that are wrong, the first tells why there are too few; else they are told. */
static int tell_faults(struct join_job *job, int rc, struct cfk_error *err)
{
    judge_kept(job);
    if (rc == CFK_E_NEED_MORE && job->fault_count > 0) {
        *err = job->faults[0];
        rc = err->code;
    }
    for (uint32_t i = rc == CFK_OK ? 0 : 1; i < job->fault_count; i++)
        cli_warn("%s", job->faults[i].message);
    return rc;
}

int join_sealed(struct join_job *job, char *const *paths, int count,
                struct cfk_error *err)
{
    int rc;

    job->lock.fd = -1;
    split_audit_attach(&job->audit, &job->options);
    rc = cfk_split_quorum_new(NULL, &job->quorum, err);
    for (int i = 0; i < count && rc == CFK_OK; i++)
        rc = take(job, paths[i], err);
    if (rc == CFK_OK)
        rc = tell_faults(job, open_any(job, err), err);
    cfk_words_join_free(job->words);
    cfk_split_quorum_free(job->quorum);
    lock_file_close(&job->lock);
    return rc;
}
