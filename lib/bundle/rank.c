/* SPDX-License-Identifier: MIT */
/*
 * Ranking: each chain is measured once, then compared by a list of keys, of
 * which the first that tells two chains apart decides.
 */
#include "bundle/rank.h"

#include "base/error.h"
#include "base/options.h"
#include "bundle/platforms.h"
#include "bundle/search.h"

#include <stdlib.h>
#include <string.h>

enum {
    WEAK_RSA_BITS = 2048,
    SECURE_BITS = 112, /* what more there is counts only where it is asked for */
    SOON = 30 * 86400,
    CRITERIA = 4,
};

/* What two chains are compared by. The public criteria have their own numbers. */
enum {
    KEY_SECURE = CFK_BUNDLE_BY_VALIDITY + 1, /* security up to SECURE_BITS */
    KEY_SHORT,                               /* ends before its leaf */
    KEY_SHA2,
    KEY_COMMON_HASH,
    KEY_COMMON_KEY,
};

/* Validity and warnings of a chain. */
static void measure(struct cfk__path *chain, int64_t time)
{
    int64_t leaf_until = chain->certs[0]->x.not_after;

    chain->valid_from = INT64_MIN;
    chain->valid_until = INT64_MAX;
    chain->issuers_until = INT64_MAX;
    chain->warnings = chain->forced ? CFK_BUNDLE_WARN_INVALID : 0;
    for (uint32_t i = 0; i < chain->length; i++) {
        const struct cfk__x509 *x = &chain->certs[i]->x;

        if (x->not_before > chain->valid_from)
            chain->valid_from = x->not_before;
        if (x->not_after < chain->valid_until)
            chain->valid_until = x->not_after;
        if (i > 0 && x->not_after < chain->issuers_until)
            chain->issuers_until = x->not_after;
        if (x->key.rsa && x->key.bits < WEAK_RSA_BITS)
            chain->warnings |= CFK_BUNDLE_WARN_WEAK_KEY;
        if (x->not_after < leaf_until)
            chain->warnings |= CFK_BUNDLE_WARN_SHORT;
    }
    if (time > chain->valid_until - SOON)
        chain->warnings |= CFK_BUNDLE_WARN_EXPIRING;
    cfk__strength(chain, &chain->rating);
    if (chain->rating.sha1)
        chain->warnings |= CFK_BUNDLE_WARN_SHA1;
}

static bool is_listed(const uint8_t *sha256, const uint8_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(list + i * CFK__SHA256_SIZE, sha256, CFK__SHA256_SIZE) == 0)
            return true;
    return false;
}

/* Which platforms trust a chain, and whether all that are required do. */
static int ask_platforms(struct cfk_bundle_result *result, struct cfk__path *chain,
                         const struct cfk_bundle_rank_options *o, const size_t *required,
                         struct cfk_error *err)
{
    const struct cfk__cert *anchor = chain->certs[chain->length - 1];
    struct cfk__chain_traits traits = { .anchor = anchor->facts->sha256,
                                        .time = result->wanted.time,
                                        .sha1 = chain->rating.sha1,
                                        .ecdsa = chain->rating.ecdsa,
                                        .expired =
                                            anchor->x.not_after < result->wanted.time };
    struct cfk__rating *rating = &chain->rating;
    size_t count = o->platforms->platforms.count;

    rating->trusted = cfk__arena_alloc(&result->arena, count / 8 + 1);
    if (rating->trusted == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory to rank chains");
    if (chain->rooted)
        rating->ubiquity = cfk__platforms_trust(o->platforms, &traits, rating->trusted);
    for (size_t i = 0; i < o->require_count; i++)
        if ((rating->trusted[required[i] / 8] >> required[i] % 8 & 1) == 0)
            rating->required = false;
    if (rating->ubiquity < o->platforms->weight)
        chain->warnings |= CFK_BUNDLE_WARN_UBIQUITY;
    return CFK_OK;
}

static int rate(struct cfk_bundle_result *result, struct cfk__path *chain,
                const struct cfk_bundle_rank_options *o, const size_t *required,
                struct cfk_error *err)
{
    const struct cfk__facts *anchor = chain->certs[chain->length - 1]->facts;

    memset(&chain->rating, 0, sizeof chain->rating);
    chain->rating.required = true;
    measure(chain, result->wanted.time);
    if (o->prefer_count > 0 && is_listed(anchor->sha256, o->prefer, o->prefer_count))
        chain->rating.preference = 1;
    else if (o->avoid_count > 0 && is_listed(anchor->sha256, o->avoid, o->avoid_count))
        chain->rating.preference = -1;
    return o->platforms != NULL ? ask_platforms(result, chain, o, required, err) : CFK_OK;
}

/* Greater first. */
static int greater(int64_t a, int64_t b)
{
    return a > b ? -1 : a < b;
}

static int64_t at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static int compare_by(uint8_t key, const struct cfk__path *a, const struct cfk__path *b)
{
    const struct cfk__rating *x = &a->rating;
    const struct cfk__rating *y = &b->rating;
    int order;

    switch (key) {
    case CFK_BUNDLE_BY_LENGTH: return greater(b->length, a->length);
    case CFK_BUNDLE_BY_UBIQUITY:
        return greater((int64_t)x->ubiquity, (int64_t)y->ubiquity);
    case CFK_BUNDLE_BY_SECURITY: return greater(x->security, y->security);
    case CFK_BUNDLE_BY_VALIDITY:
        order = greater(a->valid_until, b->valid_until);
        return order != 0 ? order : greater(a->issuers_until, b->issuers_until);
    case KEY_SECURE:
        return greater(at_most(x->security, SECURE_BITS),
                       at_most(y->security, SECURE_BITS));
    case KEY_SHORT:
        return greater((b->warnings & CFK_BUNDLE_WARN_SHORT) != 0,
                       (a->warnings & CFK_BUNDLE_WARN_SHORT) != 0);
    case KEY_SHA2: return greater(y->sha1, x->sha1);
    case KEY_COMMON_HASH: return greater(x->common_hash, y->common_hash);
    default: return greater(x->common_key, y->common_key);
    }
}

static int compare(const void *left, const void *right)
{
    const struct cfk__path *a = left;
    const struct cfk__path *b = right;
    const struct cfk__ranking *ranking = a->rating.ranking;
    int order = greater(a->rating.required, b->rating.required);

    if (order == 0)
        order = greater(a->rating.preference, b->rating.preference);
    for (unsigned i = 0; i < ranking->count && order == 0; i++)
        order = compare_by(ranking->keys[i], a, b);
    if (order == 0 && a->length != b->length)
        return a->length < b->length ? -1 : 1;
    for (uint32_t i = 1; i < a->length && order == 0; i++)
        order = memcmp(a->certs[i]->facts->sha256, b->certs[i]->facts->sha256,
                       CFK__SHA256_SIZE);
    return order;
}

static bool has_key(const struct cfk__ranking *r, uint8_t key)
{
    return memchr(r->keys, key, r->count) != NULL;
}

static void add_key(struct cfk__ranking *r, uint8_t key)
{
    if (!has_key(r, key))
        r->keys[r->count++] = key;
}

/* The criteria that were asked for, the others behind them. */
static int order_keys(struct cfk__ranking *r, const uint32_t *order,
                      struct cfk_error *err)
{
    uint32_t all[2 * CRITERIA] = { 0 };
    size_t named = 0;

    while (named < CRITERIA && order[named] != 0) {
        all[named] = order[named];
        named++;
    }
    for (uint32_t i = 0; i < CRITERIA; i++)
        all[named + i] = i + 1;
    for (size_t i = 0; i < named + CRITERIA; i++) {
        if (all[i] > CRITERIA)
            return cfk__fail(err, CFK_E_INVALID, "bundle: %u is no CFK_BUNDLE_BY_",
                             (unsigned)all[i]);
        if (all[i] == CFK_BUNDLE_BY_VALIDITY)
            add_key(r, KEY_SHORT);
        if (all[i] == CFK_BUNDLE_BY_SECURITY && i >= named &&
            !has_key(r, CFK_BUNDLE_BY_SECURITY))
            add_key(r, KEY_SECURE);
        else
            add_key(r, (uint8_t)all[i]);
        if (has_key(r, CFK_BUNDLE_BY_LENGTH) && has_key(r, CFK_BUNDLE_BY_UBIQUITY))
            add_key(r, KEY_SHORT);
    }
    return CFK_OK;
}

static int choose_keys(struct cfk__ranking *r, const struct cfk_bundle_rank_options *o,
                       struct cfk_error *err)
{
    static const struct cfk__ranking flavors[] = {
        [CFK_BUNDLE_FLAVOR_OPTIMAL] = { { CFK_BUNDLE_BY_LENGTH, CFK_BUNDLE_BY_VALIDITY,
                                          CFK_BUNDLE_BY_SECURITY,
                                          CFK_BUNDLE_BY_UBIQUITY },
                                        4 },
        [CFK_BUNDLE_FLAVOR_UBIQUITOUS] = { { CFK_BUNDLE_BY_UBIQUITY, KEY_SHA2,
                                             CFK_BUNDLE_BY_LENGTH, KEY_COMMON_HASH,
                                             KEY_COMMON_KEY, CFK_BUNDLE_BY_VALIDITY,
                                             CFK_BUNDLE_BY_SECURITY },
                                           7 },
    };

    if (o->flavor == CFK_BUNDLE_FLAVOR_NONE)
        return order_keys(r, o->order, err);
    if (o->flavor >= sizeof flavors / sizeof *flavors)
        return cfk__fail(err, CFK_E_INVALID, "bundle: %u is no CFK_BUNDLE_FLAVOR_",
                         (unsigned)o->flavor);
    if (o->order[0] != 0)
        return cfk__fail(err, CFK_E_INVALID,
                         "bundle: a flavor is an order, so there cannot be another");
    *r = flavors[o->flavor];
    return CFK_OK;
}

/* The numbers of the platforms that are required, in the arena of the result. */
static int find_required(struct cfk_bundle_result *result,
                         const struct cfk_bundle_rank_options *o, size_t **out,
                         struct cfk_error *err)
{
    *out = NULL;
    if (o->require_count == 0)
        return CFK_OK;
    if (o->platforms == NULL)
        return cfk__fail(err, CFK_E_INVALID,
                         "bundle: a platform is required, but there are no platforms");
    if (o->require_count > o->platforms->platforms.count)
        return cfk__fail(err, CFK_E_INVALID,
                         "bundle: more platforms are required than there are");
    *out = cfk__arena_alloc(&result->arena, o->require_count * sizeof **out);
    if (*out == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory to rank chains");
    for (size_t i = 0; i < o->require_count; i++) {
        const char *name = o->require[i];

        (*out)[i] = cfk__platforms_find(o->platforms, name, strlen(name));
        if ((*out)[i] == SIZE_MAX)
            return cfk__fail(err, CFK_E_INVALID, "bundle: there is no platform '%.100s'",
                             name);
    }
    return CFK_OK;
}

/* What compare() reads (not the leaf, which is in all) and what can fail, before anything
 * of the order changes. */
static int make_facts(struct cfk_bundle_result *result, struct cfk_error *err)
{
    struct cfk__paths *chains = &result->chains;

    for (uint32_t i = 0; i < chains->count; i++)
        for (uint32_t n = chains->items[i].length > 1; n < chains->items[i].length; n++) {
            const struct cfk__facts *facts;
            int rc = cfk__result_facts(result, chains->items[i].certs[n], &facts, err);

            if (rc != CFK_OK)
                return rc;
        }
    return CFK_OK;
}

/* A chain that some required platform does not trust is no answer. */
static void judge(struct cfk_bundle_result *result)
{
    if (result->chains.count == 0)
        return;
    result->reason = CFK_OK;
    if (!result->chains.items[0].rating.required)
        result->reason =
            cfk__fail(&result->why, CFK_E_PLATFORM,
                      "bundle: no chain is trusted by every platform that is required");
}

int cfk_bundle_rank(cfk_bundle_result *result, const struct cfk_bundle_rank_options *opts,
                    struct cfk_error *err)
{
    struct cfk__paths *chains = &result->chains;
    struct cfk__ranking ranking = { { 0 }, 0 };
    struct cfk_bundle_rank_options o;
    size_t *required;
    int rc = cfk__options_import(&o, sizeof o, opts, err);

    if (rc == CFK_OK)
        rc = choose_keys(&ranking, &o, err);
    if (rc == CFK_OK)
        rc = find_required(result, &o, &required, err);
    if (rc == CFK_OK && (chains->count > 1 || opts != NULL))
        rc = make_facts(result, err);
    if (rc == CFK_OK)
        result->platforms = NULL; /* while the ratings are those of others */
    for (uint32_t i = 0; i < chains->count && rc == CFK_OK; i++) {
        rc = rate(result, &chains->items[i], &o, required, err);
        chains->items[i].rating.ranking = &ranking;
    }
    if (rc != CFK_OK)
        return rc;
    if (chains->count > 1)
        qsort(chains->items, chains->count, sizeof *chains->items, compare);
    result->platforms = o.platforms;
    judge(result);
    return CFK_OK;
}
