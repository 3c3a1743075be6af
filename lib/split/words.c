/* SPDX-License-Identifier: MIT */
#include "cfkit/words.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/mnemonic.h"
#include "split/slip39.h"

#include <string.h>

enum {
    BASE_ITERATIONS = 10000,
    MAX_EXPONENT = 15,
};

struct cfk_words {
    struct cfk_alloc alloc;
    uint32_t group_count;
    uint32_t members[CFK_WORDS_MAX_GROUPS]; /* of each group */
    uint32_t first[CFK_WORDS_MAX_GROUPS];   /* text of its first member */
    char *texts;                            /* secret; CFK__MNEMONIC_MAX_TEXT each */
};

/* What is secret while shares are made. */
struct work {
    struct cfk__mnemonic share;
    uint8_t encrypted[CFK_WORDS_MAX_SECRET];
    uint8_t groups[CFK_WORDS_MAX_GROUPS][CFK_WORDS_MAX_SECRET];
    uint8_t members[CFK_WORDS_MAX_MEMBERS][CFK_WORDS_MAX_SECRET];
};

static const struct cfk_words_group two_of_three = { 2, 3 };

static int check_groups(const struct cfk_words_options *o, struct cfk_error *err)
{
    if (o->group_count < 1 || o->group_count > CFK_WORDS_MAX_GROUPS ||
        o->group_threshold > o->group_count)
        return cfk__fail(err, CFK_E_INVALID, "split: %u of %u groups, not of 1 to %d",
                         (unsigned)o->group_threshold, (unsigned)o->group_count,
                         CFK_WORDS_MAX_GROUPS);
    for (uint32_t i = 0; i < o->group_count; i++) {
        const struct cfk_words_group *g = &o->groups[i];

        if (g->threshold < 1 || g->threshold > g->count ||
            g->count > CFK_WORDS_MAX_MEMBERS)
            return cfk__fail(err, CFK_E_INVALID,
                             "split: group %u: %u of %u, not of 1 to %d", (unsigned)i + 1,
                             (unsigned)g->threshold, (unsigned)g->count,
                             CFK_WORDS_MAX_MEMBERS);
        if (g->threshold == 1 && g->count > 1)
            return cfk__fail(err, CFK_E_INVALID,
                             "split: group %u: 1 of %u would hand out the same words; "
                             "SLIP-39 knows 1 of 1",
                             (unsigned)i + 1, (unsigned)g->count);
    }
    return CFK_OK;
}

static int check_passphrase(const struct cfk_words_options *o, struct cfk_error *err)
{
    const uint8_t *p = o->passphrase;

    if (o->passphrase_size > CFK_WORDS_MAX_PASSPHRASE)
        return cfk__fail(err, CFK_E_INVALID, "split: a passphrase of %zu bytes, not %d",
                         o->passphrase_size, CFK_WORDS_MAX_PASSPHRASE);
    for (size_t i = 0; i < o->passphrase_size; i++)
        if (p[i] < 0x20 || p[i] > 0x7e)
            return cfk__fail(err, CFK_E_INVALID,
                             "split: SLIP-39 wants passphrases of printable ASCII");
    return CFK_OK;
}

/* Find the exponent, fill in defaults. */
static int check_options(struct cfk_words_options *o, uint8_t *exponent,
                         struct cfk_error *err)
{
    int rc;

    if (o->groups == NULL) {
        o->groups = &two_of_three;
        o->group_count = 1;
    }
    rc = check_groups(o, err);
    if (rc == CFK_OK)
        rc = check_passphrase(o, err);
    if (rc != CFK_OK)
        return rc;
    if (o->group_threshold == 0)
        o->group_threshold = o->group_count;
    if (o->iterations == 0)
        o->iterations = 2 * BASE_ITERATIONS;
    for (*exponent = 0; *exponent <= MAX_EXPONENT; (*exponent)++)
        if (o->iterations == (uint32_t)BASE_ITERATIONS << *exponent)
            return CFK_OK;
    return cfk__fail(err, CFK_E_INVALID,
                     "split: %u iterations, not 10000 times a power of 2 up to 2^15",
                     (unsigned)o->iterations);
}

static int new_words(const struct cfk_words_options *o, cfk_words **out,
                     struct cfk_error *err)
{
    cfk_words *words = cfk__calloc(o->alloc, 1, sizeof *words);
    void *texts;
    uint32_t count = 0;
    int rc;

    if (words == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for shares");
    words->alloc = *cfk__alloc_or_default(o->alloc);
    words->group_count = o->group_count;
    for (uint32_t i = 0; i < o->group_count; i++) {
        words->first[i] = count;
        words->members[i] = o->groups[i].count;
        count += o->groups[i].count;
    }
    rc = cfk__secret_new((size_t)count * CFK__MNEMONIC_MAX_TEXT, &texts, err);
    words->texts = texts;
    if (rc != CFK_OK)
        cfk_words_free(words);
    else
        *out = words;
    return rc;
}

static char *text_of(const cfk_words *words, uint32_t group, uint32_t member)
{
    return words->texts + (words->first[group] + member) * CFK__MNEMONIC_MAX_TEXT;
}

static int write_group(cfk_words *words, const struct cfk_words_options *o,
                       uint32_t group, struct work *w, struct cfk_error *err)
{
    const struct cfk_words_group *g = &o->groups[group];
    int rc = cfk__slip39_share(w->groups[group], w->share.size, g->threshold, g->count,
                               w->members, err);

    w->share.group = (uint8_t)group;
    w->share.threshold = (uint8_t)g->threshold;
    for (uint32_t i = 0; i < g->count && rc == CFK_OK; i++) {
        w->share.member = (uint8_t)i;
        memcpy(w->share.value, w->members[i], w->share.size);
        cfk__mnemonic_write(&w->share, text_of(words, group, i));
    }
    return rc;
}

static int write_all(cfk_words *words, const struct cfk_words_options *o,
                     const uint8_t *secret, struct work *w, struct cfk_error *err)
{
    struct cfk__slip39_salt salt = { w->share.id, w->share.extendable,
                                     w->share.exponent };
    struct cfk__span passphrase = { o->passphrase, o->passphrase_size };
    int rc =
        cfk__slip39_encrypt(&salt, passphrase, secret, w->share.size, w->encrypted, err);

    if (rc == CFK_OK)
        rc = cfk__slip39_share(w->encrypted, w->share.size, o->group_threshold,
                               o->group_count, w->groups, err);
    for (uint32_t i = 0; i < o->group_count && rc == CFK_OK; i++)
        rc = write_group(words, o, i, w, err);
    return rc;
}

int cfk_words_split(const void *secret, size_t size, const struct cfk_words_options *opts,
                    cfk_words **out, struct cfk_error *err)
{
    struct cfk_words_options o;
    cfk_words *words = NULL;
    void *memory = NULL;
    struct work *w;
    uint8_t exponent;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_options(&o, &exponent, err);
    if (rc != CFK_OK)
        return rc;
    if (size < CFK_WORDS_MIN_SECRET || size > CFK_WORDS_MAX_SECRET || size % 2 != 0)
        return cfk__fail(err, CFK_E_INVALID,
                         "split: words hold an even number of %d to %d bytes, not %zu",
                         CFK_WORDS_MIN_SECRET, CFK_WORDS_MAX_SECRET, size);
    rc = cfk__secret_new(sizeof *w, &memory, err);
    if (rc == CFK_OK)
        rc = new_words(&o, &words, err);
    w = memory;
    if (rc == CFK_OK)
        rc = cfk__random(&w->share.id, sizeof w->share.id, err);
    if (rc == CFK_OK) {
        w->share.id &= (1u << CFK__MNEMONIC_ID_BITS) - 1;
        w->share.extendable = o.bound_id == 0;
        w->share.exponent = exponent;
        w->share.group_threshold = (uint8_t)o.group_threshold;
        w->share.group_count = (uint8_t)o.group_count;
        w->share.size = (uint8_t)size;
        rc = write_all(words, &o, secret, w, err);
    }
    cfk__secret_free(memory);
    if (rc != CFK_OK) {
        cfk_words_free(words);
        return rc;
    }
    *out = words;
    return CFK_OK;
}

void cfk_words_free(cfk_words *words)
{
    struct cfk_alloc alloc;

    if (words == NULL)
        return;
    alloc = words->alloc;
    cfk__secret_free(words->texts);
    cfk__free(&alloc, words);
}

const char *cfk_words_text(const cfk_words *words, uint32_t group, uint32_t member)
{
    if (group >= words->group_count || member >= words->members[group])
        return NULL;
    return text_of(words, group, member);
}

static void tell(const struct cfk__mnemonic *share, struct cfk_words_info *info)
{
    info->id = share->id;
    info->bound_id = !share->extendable;
    info->iterations = (uint32_t)BASE_ITERATIONS << share->exponent;
    info->group = share->group + 1u;
    info->group_threshold = share->group_threshold;
    info->group_count = share->group_count;
    info->member = share->member + 1u;
    info->threshold = share->threshold;
    info->secret_size = share->size;
}

int cfk_words_check(const char *text, size_t len, struct cfk_words_info *info,
                    struct cfk_error *err)
{
    struct cfk_words_info told = { .size = sizeof told };
    struct cfk__mnemonic share;
    size_t size;
    int rc;

    if (info != NULL && info->size < sizeof info->size)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of info is not set");
    rc = cfk__mnemonic_read(text, len, &share, &told.word, err);
    if (rc == CFK_OK)
        tell(&share, &told);
    cfk__wipe(&share, sizeof share);
    if (info == NULL)
        return rc;
    size = info->size;
    memset(info, 0, size);
    memcpy(info, &told, size < sizeof told ? size : sizeof told);
    info->size = size;
    return rc;
}
