/* SPDX-License-Identifier: MIT */
/* Shares in words where split is configured out. */
#include "base/error.h"
#include "cfkit/words.h"

int cfk_words_split(const void *secret, size_t size, const struct cfk_words_options *opts,
                    cfk_words **out, struct cfk_error *err)
{
    (void)secret;
    (void)size;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_words_free(cfk_words *words)
{
    (void)words;
}

const char *cfk_words_text(const cfk_words *words, uint32_t group, uint32_t member)
{
    (void)words;
    (void)group;
    (void)member;
    return NULL;
}

int cfk_words_check(const char *text, size_t len, struct cfk_words_info *info,
                    struct cfk_error *err)
{
    (void)text;
    (void)len;
    (void)info;
    return cfk__fail_absent(err, "split");
}

int cfk_words_join_new(const struct cfk_words_join_options *opts, cfk_words_join **out,
                       struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_words_join_free(cfk_words_join *join)
{
    (void)join;
}

int cfk_words_join_add(cfk_words_join *join, const char *text, size_t len,
                       struct cfk_error *err)
{
    (void)join;
    (void)text;
    (void)len;
    return cfk__fail_absent(err, "split");
}

int cfk_words_join_ready(const cfk_words_join *join)
{
    (void)join;
    return 0;
}

int cfk_words_join_open(cfk_words_join *join, const void *passphrase,
                        size_t passphrase_size, const void **secret, size_t *secret_size,
                        struct cfk_error *err)
{
    (void)join;
    (void)passphrase;
    (void)passphrase_size;
    *secret = NULL;
    *secret_size = 0;
    return cfk__fail_absent(err, "split");
}

int cfk_words_passphrase(uint32_t count, char *text, size_t size, struct cfk_error *err)
{
    (void)count;
    (void)text;
    (void)size;
    return cfk__fail_absent(err, "split");
}
