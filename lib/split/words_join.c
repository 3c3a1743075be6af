/* SPDX-License-Identifier: MIT */
/* Shares in words that come together. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "cfkit/words.h"
#include "split/mnemonic.h"
#include "split/slip39.h"

#include <stdio.h>
#include <string.h>

/* All that is secret. */
struct vault {
    struct cfk__slip39_points members[CFK_WORDS_MAX_GROUPS];
    struct cfk__slip39_points groups;
    struct cfk__mnemonic share; /* the one that is being added */
    uint8_t encrypted[CFK_WORDS_MAX_SECRET];
    uint8_t secret[CFK_WORDS_MAX_SECRET];
};

struct cfk_words_join {
    struct cfk_alloc alloc;
    struct cfk__mnemonic common; /* of the first share; size 0: none is there */
    uint8_t thresholds[CFK_WORDS_MAX_GROUPS];
    struct vault *vault;
};

int cfk_words_join_new(const struct cfk_words_join_options *opts, cfk_words_join **out,
                       struct cfk_error *err)
{
    struct cfk_words_join_options o;
    cfk_words_join *join;
    void *vault;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    join = cfk__calloc(o.alloc, 1, sizeof *join);
    if (join == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory to join shares");
    join->alloc = *cfk__alloc_or_default(o.alloc);
    rc = cfk__secret_new(sizeof *join->vault, &vault, err);
    join->vault = vault;
    if (rc != CFK_OK) {
        cfk_words_join_free(join);
        return rc;
    }
    *out = join;
    return CFK_OK;
}

void cfk_words_join_free(cfk_words_join *join)
{
    struct cfk_alloc alloc;

    if (join == NULL)
        return;
    alloc = join->alloc;
    cfk__secret_free(join->vault);
    cfk__free(&alloc, join);
}

static int check_common(const struct cfk__mnemonic *a, const struct cfk__mnemonic *b,
                        struct cfk_error *err)
{
    if (a->id != b->id || a->extendable != b->extendable || a->exponent != b->exponent)
        return cfk__fail(err, CFK_E_OTHER_SET,
                         "split: share %u of group %u is of another set: its first two "
                         "words are not those of the first share",
                         b->member + 1u, b->group + 1u);
    if (a->group_threshold != b->group_threshold || a->group_count != b->group_count ||
        a->size != b->size)
        return cfk__fail(err, CFK_E_OTHER_SET,
                         "split: share %u of group %u is of another set: it is of %u "
                         "bytes, %u of %u groups, and the first share is not",
                         b->member + 1u, b->group + 1u, b->size, b->group_threshold,
                         b->group_count);
    return CFK_OK;
}

static int add_member(cfk_words_join *join, const struct cfk__mnemonic *share,
                      struct cfk_error *err)
{
    struct cfk__slip39_points *members = &join->vault->members[share->group];

    if (members->count > 0 && join->thresholds[share->group] != share->threshold)
        return cfk__fail(err, CFK_E_SHARE,
                         "split: share %u of group %u says that it takes %u of them, "
                         "another that it takes %u",
                         share->member + 1u, share->group + 1u, share->threshold,
                         join->thresholds[share->group]);
    for (unsigned i = 0; i < members->count; i++) {
        if (members->x[i] != share->member)
            continue;
        if (cfk__equal_secret(members->y[i], share->value, share->size))
            return cfk__fail(err, CFK_E_EXISTS,
                             "split: share %u of group %u is there already",
                             share->member + 1u, share->group + 1u);
        return cfk__fail(err, CFK_E_SHARE,
                         "split: there are two different shares %u of group %u",
                         share->member + 1u, share->group + 1u);
    }
    join->thresholds[share->group] = share->threshold;
    members->x[members->count] = share->member;
    memcpy(members->y[members->count++], share->value, share->size);
    return CFK_OK;
}

int cfk_words_join_add(cfk_words_join *join, const char *text, size_t len,
                       struct cfk_error *err)
{
    struct cfk__mnemonic *share = &join->vault->share;
    uint32_t word;
    int rc = cfk__mnemonic_read(text, len, share, &word, err);

    if (rc == CFK_OK && join->common.size != 0)
        rc = check_common(&join->common, share, err);
    if (rc == CFK_OK)
        rc = add_member(join, share, err);
    if (rc == CFK_OK) {
        join->common = *share;
        cfk__wipe(join->common.value, sizeof join->common.value);
    }
    cfk__wipe(share, sizeof *share);
    return rc;
}

static bool is_complete(const cfk_words_join *join, unsigned group)
{
    unsigned count = join->vault->members[group].count;

    return count > 0 && count >= join->thresholds[group];
}

static unsigned complete_groups(const cfk_words_join *join)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CFK_WORDS_MAX_GROUPS; i++)
        count += is_complete(join, i);
    return count;
}

int cfk_words_join_ready(const cfk_words_join *join)
{
    return join->common.size != 0 &&
           complete_groups(join) >= join->common.group_threshold;
}

/* "there are 1 of 2 groups; group 1 lacks 2 more shares" */
static int need_more(const cfk_words_join *join, struct cfk_error *err)
{
    char lacking[128] = "";
    size_t len = 0;

    if (join->common.size == 0)
        return cfk__fail(err, CFK_E_NEED_MORE, "split: no share is there yet");
    for (unsigned i = 0; i < CFK_WORDS_MAX_GROUPS && len < sizeof lacking; i++) {
        unsigned count = join->vault->members[i].count;

        if (count > 0 && !is_complete(join, i))
            len += (size_t)snprintf(lacking + len, sizeof lacking - len,
                                    "; group %u lacks %u", i + 1,
                                    join->thresholds[i] - count);
    }
    return cfk__fail(err, CFK_E_NEED_MORE,
                     "split: more shares are needed: %u of %u groups are complete%s",
                     complete_groups(join), join->common.group_threshold, lacking);
}

/* The secret of a complete group as a point of the groups. */
static int recover_group(cfk_words_join *join, unsigned group, struct cfk_error *err)
{
    struct cfk__slip39_points *members = &join->vault->members[group];
    struct cfk__slip39_points *groups = &join->vault->groups;
    unsigned odd;
    int rc = cfk__slip39_recover(members, join->thresholds[group], join->common.size,
                                 groups->y[groups->count], &odd, err);

    if (rc == CFK_E_SHARE)
        return cfk__fail(err, rc,
                         "split: the shares of group %u do not go together: one is "
                         "wrong; with one more share it can be told which",
                         group + 1);
    if (rc == CFK_OK && odd < members->count)
        return cfk__fail(err, CFK_E_SHARE,
                         "split: share %u of group %u is wrong: the others go together "
                         "without it",
                         members->x[odd] + 1u, group + 1);
    groups->x[groups->count++] = (uint8_t)group;
    return rc;
}

static int recover(cfk_words_join *join, struct cfk_error *err)
{
    struct vault *v = join->vault;
    unsigned odd;
    int rc = CFK_OK;

    v->groups.count = 0;
    for (unsigned i = 0; i < CFK_WORDS_MAX_GROUPS && rc == CFK_OK; i++)
        if (is_complete(join, i))
            rc = recover_group(join, i, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__slip39_recover(&v->groups, join->common.group_threshold, join->common.size,
                             v->encrypted, &odd, err);
    if (rc == CFK_OK && odd < v->groups.count)
        return cfk__fail(err, CFK_E_SHARE,
                         "split: the shares of group %u are wrong: the other groups go "
                         "together without it",
                         v->groups.x[odd] + 1u);
    return rc;
}

int cfk_words_join_open(cfk_words_join *join, const void *passphrase,
                        size_t passphrase_size, const void **secret, size_t *secret_size,
                        struct cfk_error *err)
{
    struct vault *v = join->vault;
    struct cfk__slip39_salt salt = { join->common.id, join->common.extendable,
                                     join->common.exponent };
    int rc;

    *secret = NULL;
    *secret_size = 0;
    cfk__wipe(v->secret, sizeof v->secret);
    if (!cfk_words_join_ready(join))
        return need_more(join, err);
    rc = recover(join, err);
    if (rc == CFK_OK)
        rc = cfk__slip39_decrypt(&salt, (struct cfk__span){ passphrase, passphrase_size },
                                 v->encrypted, join->common.size, v->secret, err);
    cfk__wipe(&v->groups, sizeof v->groups);
    cfk__wipe(v->encrypted, sizeof v->encrypted);
    if (rc != CFK_OK)
        return rc;
    *secret = v->secret;
    *secret_size = join->common.size;
    return CFK_OK;
}
