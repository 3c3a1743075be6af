/* SPDX-License-Identifier: MIT */
/* Sets of shares for tests. */
#ifndef SET_OF_H
#define SET_OF_H

#include "cfkit/split.h"
#include "split/share.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct shares {
    uint32_t count;
    char *text[CFK_SPLIT_MAX_SHARES];
    size_t len[CFK_SPLIT_MAX_SHARES];
};

static inline struct shares shares_take(cfk_split *set, uint32_t count)
{
    struct shares s = { .count = count };

    for (uint32_t i = 0; i < count; i++) {
        const char *text;

        ck_assert_int_eq(cfk_split_share(set, i, &text, &s.len[i], NULL), CFK_OK);
        s.text[i] = malloc(s.len[i] + 1);
        memcpy(s.text[i], text, s.len[i] + 1);
    }
    return s;
}

static inline struct shares shares_of(const struct cfk_split_options *opts,
                                      const void *secret, size_t size, uint32_t count)
{
    struct cfk_error err;
    struct shares s;
    cfk_split *set;

    ck_assert_msg(cfk_split_new(opts, &set, &err) == CFK_OK, "%s", err.message);
    ck_assert_msg(cfk_split_seal(set, secret, size, &err) == CFK_OK, "%s", err.message);
    s = shares_take(set, count);
    cfk_split_free(set);
    return s;
}

static inline void shares_free(struct shares *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        free(s->text[i]);
}

/* Give a changed share a root that its proof leads to. */
static inline void share_prove(struct cfk__share *share)
{
    uint8_t leaf[CFK__MERKLE_HASH];
    struct cfk__hash_ctx *hash;

    ck_assert_int_eq(cfk__hash_new(CFK__SHA256, &hash, NULL), CFK_OK);
    ck_assert_int_eq(cfk__share_hash_common(hash, share, NULL), CFK_OK);
    ck_assert_int_eq(cfk__share_leaf(hash, share->common, share->x, share->y, leaf, NULL),
                     CFK_OK);
    ck_assert_int_eq(
        cfk__merkle_root(hash, leaf, share->x, share->proof, share->root, NULL), CFK_OK);
    cfk__hash_free(hash);
}

/* Change a share as somebody would who knows the format: the checks fit again. */
static inline void forge(char **text, size_t *len, void (*change)(struct cfk__share *))
{
    struct cfk__share_work *work = calloc(1, sizeof *work);
    struct cfk_error err;
    uint32_t row;

    ck_assert_msg(cfk__share_read(*text, *len, work, &row, &err) == CFK_OK, "%s",
                  err.message);
    change(&work->share);
    *text = realloc(*text, CFK_SPLIT_MAX_SHARE_TEXT);
    ck_assert_int_eq(cfk__share_write(work, *text, len, &err), CFK_OK);
    free(work);
}

#endif
