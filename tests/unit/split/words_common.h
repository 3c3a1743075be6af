/* SPDX-License-Identifier: MIT */
/* What the tests of shares in words share. */
#ifndef SPLIT_WORDS_COMMON_H
#define SPLIT_WORDS_COMMON_H

#include "cfkit/words.h"
#include "unit.h"

#include <string.h>

static const char secret[] = "sixteen bytes!!!and sixteen more";

/* The fewest iterations that there are, for speed. */
static const struct cfk_words_options quick = { .size = sizeof quick,
                                                .iterations = 10000 };

static inline cfk_words *split(const struct cfk_words_options *opts, size_t size)
{
    struct cfk_error err = { 0 };
    cfk_words *words;
    int rc = cfk_words_split(secret, size, opts, &words, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    return words;
}

static inline cfk_words_join *join_new(void)
{
    cfk_words_join *join;

    ck_assert_int_eq(cfk_words_join_new(NULL, &join, NULL), CFK_OK);
    return join;
}

static inline void add(cfk_words_join *join, const char *text)
{
    struct cfk_error err = { 0 };
    int rc = cfk_words_join_add(join, text, strlen(text), &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
}

#endif
