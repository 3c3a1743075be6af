/* SPDX-License-Identifier: MIT */
/* cflock check: each share alone, and against the others and a lock; no secret needed. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cflock.h"

#include "lock_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct share {
    const char *path;
    int rc; /* CFK_OK, or what is wrong with it */
    struct cfk_split_share_info info;
    char words[224]; /* the verdict */
};

static int say(struct share *share, int code, const char *words)
{
    share->rc = code;
    snprintf(share->words, sizeof share->words, "%s", words);
    return CFK_OK;
}

/* --- alone --- */

static void judge_alone(struct share *share, const char *text, size_t size)
{
    struct cfk_error err = { 0 };
    char words[sizeof err.message];

    share->info = (struct cfk_split_share_info){ .size = sizeof share->info };
    share->rc = cfk_split_share_check(text, size, &share->info, &err);
    snprintf(words, sizeof words, "%s", err.message);
    if (share->rc == CFK_OK)
        say(share, CFK_OK, "ok");
    else if (share->rc == CFK_E_SHARE && share->info.row > 0)
        snprintf(share->words, sizeof share->words, "typo in row %u", share->info.row);
    else
        say(share, share->rc, strncmp(words, "split: ", 7) == 0 ? words + 7 : words);
}

static int read_share(struct share *share, const char *path, struct cfk_error *err)
{
    size_t capacity = CFK_SPLIT_MAX_SHARE_TEXT + 1;
    char *text = malloc(capacity);
    size_t size;
    int fd = -1;
    int rc;

    share->path = path;
    if (text == NULL)
        return split_fail(err, CFK_E_NOMEM, path, "no memory");
    rc = split_open_file(path, &fd, err);
    if (rc == CFK_OK)
        rc = split_read(fd, path, text, capacity, &size, err);
    if (rc == CFK_OK)
        judge_alone(share, text, size);
    explicit_bzero(text, capacity);
    free(text);
    split_close(fd);
    return rc;
}

/* --- together --- */

static bool same_set(const struct share *a, const uint8_t *set_id)
{
    return memcmp(a->info.set_id, set_id, sizeof a->info.set_id) == 0;
}

static bool same_fingerprint(const struct share *a, const struct share *b)
{
    return memcmp(a->info.fingerprint, b->info.fingerprint, sizeof a->info.fingerprint) ==
           0;
}

/* The set that most of them are of, unless the lock says which. */
static const uint8_t *find_set(const struct share *shares, int count)
{
    const uint8_t *best = NULL;
    int most = 0;

    for (int i = 0; i < count; i++) {
        int like = 0;

        for (int j = 0; j < count && shares[i].rc == CFK_OK; j++)
            like += shares[j].rc == CFK_OK && same_set(&shares[j], shares[i].info.set_id);
        if (like > most) {
            most = like;
            best = shares[i].info.set_id;
        }
    }
    return best;
}

static void judge_sets(struct share *shares, int count, const uint8_t *set_id)
{
    uint32_t newest = 0;

    for (int i = 0; i < count; i++) {
        if (shares[i].rc != CFK_OK)
            continue;
        if (!same_set(&shares[i], set_id))
            say(&shares[i], CFK_E_OTHER_SET, "other set");
        else if (shares[i].info.generation > newest)
            newest = shares[i].info.generation;
    }
    for (int i = 0; i < count; i++)
        if (shares[i].rc == CFK_OK && shares[i].info.generation < newest) {
            shares[i].rc = CFK_E_GENERATION;
            snprintf(shares[i].words, sizeof shares[i].words,
                     "old generation (%u, the newest is %u)", shares[i].info.generation,
                     newest);
        }
}

/* Of true shares there is one fingerprint; where most agree, the others are forged. */
static void judge_fingerprints(struct share *shares, int count)
{
    const struct share *best = NULL;
    int most = 0;
    int all = 0;

    for (int i = 0; i < count; i++) {
        int like = 0;

        if (shares[i].rc != CFK_OK)
            continue;
        all++;
        for (int j = 0; j < count; j++)
            like += shares[j].rc == CFK_OK && same_fingerprint(&shares[i], &shares[j]);
        if (like > most) {
            most = like;
            best = &shares[i];
        }
    }
    for (int i = 0; i < count && most < all; i++) {
        if (shares[i].rc != CFK_OK)
            continue;
        if (2 * most <= all)
            say(&shares[i], CFK_E_SHARE,
                "in doubt: these shares have different fingerprints, so that some are "
                "forged");
        else if (!same_fingerprint(&shares[i], best))
            say(&shares[i], CFK_E_SHARE, "forged: it has another fingerprint");
    }
}

static int set_of_lock(const char *path, uint8_t set_id[8], struct cfk_error *err)
{
    struct cfk_lock_info info = { .size = sizeof info };
    struct lock_file file;
    int rc = lock_file_open(&file, path, false, NULL, err);

    if (rc == CFK_OK)
        rc = cfk_lock_show(file.lock, &info, err);
    if (rc == CFK_OK && info.kind != CFK_LOCK_SHARES)
        rc = split_fail(err, CFK_E_INVALID, path, "people open it, not shares");
    memcpy(set_id, info.set_id, sizeof info.set_id);
    lock_file_close(&file);
    return rc;
}

/* --- the answer --- */

static json_t *share_json(const struct share *share)
{
    char set[SPLIT_ID_TEXT];
    const struct cfk_split_share_info *info = &share->info;
    const char *holder = info->holder;

    return json_pack(
        "{so ss so ss sI so sI sI}", "file",
        cli_json_text(share->path, strlen(share->path)), "code",
        cfk_error_name(share->rc), "verdict",
        cli_json_text(share->words, strlen(share->words)), "set",
        split_id_text(info->set_id, sizeof info->set_id, set), "x", (json_int_t)info->x,
        "holder", holder[0] != '\0' ? cli_json_text(holder, strlen(holder)) : json_null(),
        "generation", (json_int_t)info->generation, "row", (json_int_t)info->row);
}

static int answer(const struct share *shares, int count)
{
    json_t *list = cli_json() ? json_array() : NULL;
    bool fine = true;

    for (int i = 0; i < count; i++) {
        fine = fine && shares[i].rc == CFK_OK;
        if (cli_json())
            json_array_append_new(list, share_json(&shares[i]));
        else
            printf("%s: %s\n", shares[i].path, shares[i].words);
    }
    if (cli_json() &&
        cli_print_json(json_pack("{sb so}", "ok", (int)fine, "shares", list)) != CLI_YES)
        return CLI_TROUBLE;
    return fine ? CLI_YES : CLI_NO;
}

int cflock_check(struct lock_job *job)
{
    struct share *shares = calloc((size_t)job->count, sizeof *shares);
    struct cfk_error err = { 0 };
    const uint8_t *set_id;
    uint8_t wanted[8];
    int status;
    int rc = CFK_OK;

    if (shares == NULL)
        return cli_error(CFK_E_NOMEM, "no memory");
    for (int i = 0; i < job->count && rc == CFK_OK; i++)
        rc = read_share(&shares[i], job->operands[i], &err);
    if (rc == CFK_OK && job->lock != NULL)
        rc = set_of_lock(job->lock, wanted, &err);
    if (rc == CFK_OK) {
        set_id = job->lock != NULL ? wanted : find_set(shares, job->count);
        if (set_id != NULL)
            judge_sets(shares, job->count, set_id);
        judge_fingerprints(shares, job->count);
    }
    status = rc == CFK_OK ? answer(shares, job->count) : cli_fail(&err);
    free(shares);
    return status;
}
