/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cfsplit_shares.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t block[SPLIT_BLOCK];

/* Fill the block up to capacity; fewer bytes mean the end. */
static int read_block(struct shares_job *job, size_t capacity, size_t *size,
                      struct cfk_error *err)
{
    int rc = split_read(job->fd, job->input, block, capacity, size, err);

    job->size += *size;
    return rc;
}

/* --- the files --- */

/* DIR/WHO.NAME.SUFFIX, or DIR/NAME.SUFFIX where who is NULL. On the heap. */
static char *path_of(const struct shares_job *job, const char *who, const char *suffix)
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

static int open_output(struct shares_job *job, const char *who, const char *suffix,
                       struct cfk_error *err)
{
    char *path = path_of(job, who, suffix);

    if (path == NULL)
        return split_fail(err, CFK_E_NOMEM, job->input, "no memory");
    job->paths[job->opened] = path;
    return cli_output_open(&job->outputs[job->opened++], path, job->flags, err);
}

/* One that is not there yet, for the owner alone. */
static int make_folder(struct shares_job *job, struct cfk_error *err)
{
    if (job->folder == NULL)
        return CFK_OK;
    job->made_folder = mkdir(job->folder, 0700) == 0;
    if (job->made_folder || errno == EEXIST)
        return CFK_OK;
    return split_fail(err, CFK_E_IO, job->folder, NULL);
}

/* Who gets share i, or its number, in number of size bytes. */
static const char *name_of(const struct shares_job *job, uint32_t i, char *number,
                           size_t size)
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

static int open_shares(struct shares_job *job, struct cfk_error *err)
{
    const char *suffix = job->words ? "words" : job->raw ? "raw" : "cfs";
    char number[48];
    int rc = make_folder(job, err);

    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++)
        rc = open_output(job, name_of(job, i, number, sizeof number), suffix, err);
    return rc;
}

static int publish(struct shares_job *job, struct cfk_error *err)
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
static void clean_up(struct shares_job *job, bool failed)
{
    for (uint32_t i = 0; i < job->opened; i++) {
        cli_output_abort(&job->outputs[i]);
        if (failed && i < job->published)
            unlink(job->paths[i]);
    }
    if (failed && job->made_folder)
        rmdir(job->folder);
    split_close(job->fd);
    explicit_bzero(block, sizeof block);
}

/* --- sealed shares --- */

static int write_shares(struct shares_job *job, cfk_split *set, struct cfk_error *err)
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

/* The block holds the first size bytes of a secret that does not end there. */
static int write_lock(struct shares_job *job, cfk_split *set, size_t size,
                      struct cfk_error *err)
{
    const struct split_source source = { job->input, job->fd, block, size };
    cfk_split_sealer *sealer;
    struct cli_output *out = &job->outputs[job->opened];
    int rc = open_output(job, NULL, "cfl", err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_split_sealer_new(set, &sealer, err);
    if (rc != CFK_OK)
        return rc;
    rc = split_seal(&source, sealer, out, &job->size, err);
    cfk_split_sealer_free(sealer);
    return rc;
}

static int split_sealed(struct shares_job *job, struct cfk_error *err)
{
    cfk_split *set;
    size_t size;
    int rc = cfk_split_new(&job->split, &set, err);

    if (rc != CFK_OK)
        return rc;
    split_id_text(cfk_split_set_id(set), 8, job->set_id);
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

static int write_raw_block(struct shares_job *job, uint8_t *shares, size_t size,
                           struct cfk_error *err)
{
    int rc = cfk_split_shamir(block, size, job->split.threshold, job->split.count, shares,
                              err);

    for (uint32_t i = 0; i < job->split.count && rc == CFK_OK; i++)
        rc = cli_output_write(&job->outputs[i], shares + i * size, size, err);
    return rc;
}

static int split_raw(struct shares_job *job, struct cfk_error *err)
{
    size_t shares_size = (size_t)job->split.count * SPLIT_BLOCK;
    uint8_t *shares = malloc(shares_size);
    size_t size = SPLIT_BLOCK;
    int rc = open_shares(job, err);

    if (shares == NULL)
        return split_fail(err, CFK_E_NOMEM, job->input, "no memory");
    while (rc == CFK_OK && size == SPLIT_BLOCK) {
        rc = read_block(job, SPLIT_BLOCK, &size, err);
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

static int split_words(struct shares_job *job, struct cfk_error *err)
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

static int split(struct shares_job *job, struct cfk_error *err)
{
    if (job->words)
        return split_words(job, err);
    return job->raw ? split_raw(job, err) : split_sealed(job, err);
}

int shares_make(struct shares_job *job, struct cfk_error *err)
{
    int rc = split_open_file(job->input, &job->fd, err);

    if (rc == CFK_OK)
        rc = split(job, err);
    if (rc == CFK_OK)
        rc = publish(job, err);
    clean_up(job, rc != CFK_OK);
    return rc;
}

void shares_free(struct shares_job *job)
{
    for (uint32_t i = 0; i < job->opened; i++)
        free(job->paths[i]);
}
