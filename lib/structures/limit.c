/* SPDX-License-Identifier: MIT */
/*
 * Limits by key. A hashed bucket is one word: the time at which it is full again, in
 * the units of limit_rule.h and from an origin that lies HALF units before the
 * anchor, a time that was once now. 0 is a bucket that was full at the origin. Now
 * stays within HALF units of the anchor; where it leaves that, the anchor moves to it
 * and all buckets with it. An exact bucket is kept as an absolute time.
 */
#include "cfkit/limit.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/inline.h"
#include "base/options.h"
#include "cfkit/cache.h"
#include "structures/key.h"
#include "structures/limit_rule.h"

#include <math.h>

enum { SHORT = 16 };
static const size_t DEFAULT_BUCKETS = 4096;
static const size_t MOST_BUCKETS = (size_t)1 << 28;
static const uint64_t HALF = UINT64_C(1) << 61;
static const uint64_t LATEST = UINT64_C(3) << 62; /* of a bucket */

struct cfk_limit {
    struct cfk_limit_rule rule;
    uint64_t deepest; /* debt that is believed */
    struct cfk__hasher hasher;
    size_t short_keys; /* shorter ones take the short way: 17 with the fast hash, or 0 */
    uint64_t *buckets; /* hashed */
    uint32_t bucket_mask;
    bool anchored;
    int64_t anchor;
    uint64_t half_ns; /* HALF units */
    int64_t last_ns;  /* the clock stops here */
    uint64_t passed;
    uint64_t denied;
    cfk_cache *exact; /* or: expiry is the whole ns, rounded up, the value by how much */
    uint32_t max_key_bytes;
    struct cfk_alloc alloc;
};

/* ---- making ---- */

static int make_buckets(cfk_limit *limit, const struct cfk_limit_options *o,
                        struct cfk_error *err)
{
    size_t wanted = o->buckets != 0 ? o->buckets : DEFAULT_BUCKETS;
    size_t count = 1;

    if (wanted > MOST_BUCKETS)
        return cfk__fail(err, CFK_E_INVALID, "limit: %zu buckets; %zu is the most",
                         wanted, MOST_BUCKETS);
    while (count < wanted)
        count *= 2;
    limit->buckets = cfk__calloc(&limit->alloc, count, sizeof *limit->buckets);
    if (limit->buckets == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "limit: no memory for %zu buckets", count);
    limit->bucket_mask = (uint32_t)(count - 1);
    limit->short_keys = o->hash == CFK_LIMIT_FAST_HASH ? SHORT + 1 : 0;
    return cfk__hasher_init(&limit->hasher, o->seed, err);
}

static int make_exact(cfk_limit *limit, const struct cfk_limit_options *o,
                      struct cfk_error *err)
{
    struct cfk_cache_options cache = {
        .size = sizeof cache,
        .capacity = o->max_keys,
        .max_key_bytes = o->max_key_bytes,
        .seed = { o->seed[0], o->seed[1] },
        .alloc = o->alloc,
    };

    int rc;

    if (o->buckets != 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: buckets or max_keys, not both");
    rc = cfk__key_limit(&limit->max_key_bytes, o->max_key_bytes, "limit", err);
    if (rc == CFK_OK)
        rc = cfk_cache_new(&cache, &limit->exact, err);
    return rc;
}

static int check_options(const struct cfk_limit_options *o, struct cfk_error *err)
{
    if (o->hash < CFK_LIMIT_SIPHASH || o->hash > CFK_LIMIT_FAST_HASH)
        return cfk__fail(err, CFK_E_NOTSUP, "limit: hash %ld; known are 0 to %d",
                         (long)o->hash, CFK_LIMIT_FAST_HASH);
    if (o->reserved != 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: reserved has to be 0");
    return CFK_OK;
}

int cfk_limit_new(const struct cfk_limit_options *opts, cfk_limit **out,
                  struct cfk_error *err)
{
    struct cfk_limit_options o;
    cfk_limit *limit;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_options(&o, err);
    if (rc != CFK_OK)
        return rc;
    limit = cfk__calloc(o.alloc, 1, sizeof *limit);
    if (limit == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "limit: no memory for a limiter");
    limit->alloc = *cfk__alloc_or_default(o.alloc);
    rc = cfk__limit_rule(&limit->rule, o.events, o.period_ns, o.burst, err);
    if (rc == CFK_OK) {
        limit->deepest = cfk__limit_deepest(&limit->rule);
        limit->half_ns = HALF / limit->rule.events;
        limit->last_ns =
            INT64_MAX - 2 - (int64_t)(limit->rule.depth / limit->rule.events);
    }
    if (rc == CFK_OK)
        rc = o.max_keys != 0 ? make_exact(limit, &o, err) : make_buckets(limit, &o, err);
    if (rc != CFK_OK) {
        cfk_limit_free(limit);
        return rc;
    }
    *out = limit;
    return CFK_OK;
}

void cfk_limit_free(cfk_limit *limit)
{
    struct cfk_alloc alloc;

    if (limit == NULL)
        return;
    alloc = limit->alloc;
    cfk_cache_free(limit->exact);
    cfk__free(&alloc, limit->buckets);
    cfk__free(&alloc, limit);
}

void cfk_limit_reset(cfk_limit *limit)
{
    if (limit->exact != NULL)
        (void)cfk_cache_clear(limit->exact, NULL);
    else
        memset(limit->buckets, 0,
               ((size_t)limit->bucket_mask + 1) * sizeof *limit->buckets);
}

/* Near the end of time the clock stands still, so that no bucket's time overflows. */
static int64_t instant(const cfk_limit *limit, int64_t now_ns)
{
    return now_ns < limit->last_ns ? now_ns : limit->last_ns;
}

/* ---- hashed buckets ---- */

/* How far now is from the anchor; true where it lies behind it. */
static bool distance(const cfk_limit *limit, int64_t now_ns, uint64_t *ns)
{
    bool behind = now_ns < limit->anchor;

    *ns = behind ? (uint64_t)limit->anchor - (uint64_t)now_ns
                 : (uint64_t)now_ns - (uint64_t)limit->anchor;
    return behind;
}

/* A bucket as seen from an origin that is so many nanoseconds away. */
static uint64_t shifted(const cfk_limit *limit, uint64_t bucket, bool behind, uint64_t ns)
{
    uint64_t units = ns < LATEST / limit->rule.events ? ns * limit->rule.events : LATEST;

    if (bucket == 0)
        return 0;
    if (behind)
        return units < LATEST - bucket ? bucket + units : LATEST;
    return units < bucket ? bucket - units : 0;
}

static CFK__NOINLINE void move_anchor(cfk_limit *limit, int64_t now_ns)
{
    uint64_t ns;
    bool behind = distance(limit, now_ns, &ns);

    if (limit->anchored)
        for (size_t i = 0; i <= limit->bucket_mask; i++)
            limit->buckets[i] = shifted(limit, limit->buckets[i], behind, ns);
    limit->anchor = now_ns;
    limit->anchored = true;
}

/* The debt of a bucket at a time from the origin. */
static uint64_t debt_at(const cfk_limit *limit, uint64_t bucket, uint64_t now)
{
    return cfk__limit_debt(&limit->rule, limit->deepest, bucket > now ? bucket - now : 0);
}

static inline uint64_t *bucket_at(const cfk_limit *limit, uint64_t hash)
{
    return &limit->buckets[(uint32_t)(hash >> 32) & limit->bucket_mask];
}

static CFK__ALWAYS_INLINE uint64_t *bucket_of(const cfk_limit *limit, const void *key,
                                              size_t key_len)
{
    return bucket_at(limit, limit->short_keys > 0
                                ? cfk__keyed_hash_fast(&limit->hasher, key, key_len)
                                : cfk__siphash13(limit->hasher.seed, key, key_len));
}

static int count(cfk_limit *limit, bool pass)
{
    limit->passed += pass;
    limit->denied += !pass;
    return pass ? CFK_LIMIT_PASS : CFK_LIMIT_DENY;
}

static CFK__ALWAYS_INLINE int hashed_allow(cfk_limit *limit, uint64_t *bucket,
                                           uint64_t cost, int64_t now_ns,
                                           int64_t *retry_ns);

static CFK__NOINLINE int hashed_allow_anew(cfk_limit *limit, uint64_t *bucket,
                                           uint64_t cost, int64_t now_ns,
                                           int64_t *retry_ns)
{
    move_anchor(limit, now_ns);
    return hashed_allow(limit, bucket, cost, now_ns, retry_ns);
}

/* It calls nothing on the usual way, so that no register has to be saved. */
static CFK__ALWAYS_INLINE int hashed_allow(cfk_limit *limit, uint64_t *bucket,
                                           uint64_t cost, int64_t now_ns,
                                           int64_t *retry_ns)
{
    int64_t unasked;
    uint64_t now;
    uint64_t debt;
    uint64_t ns;
    bool behind;
    bool pass;

    now_ns = instant(limit, now_ns);
    behind = distance(limit, now_ns, &ns);
    if (ns > limit->half_ns || !limit->anchored)
        return hashed_allow_anew(limit, bucket, cost, now_ns, retry_ns);
    ns *= limit->rule.events;
    now = behind ? HALF - ns : HALF + ns;
    debt = debt_at(limit, *bucket, now);
    pass = cfk__limit_charge(&limit->rule, &debt, cost,
                             retry_ns != NULL ? retry_ns : &unasked);
    if (cost > 0 && cost <= limit->rule.burst)
        *bucket = now + debt;
    return count(limit, pass);
}

static CFK__NOINLINE int hashed_allow_any(cfk_limit *limit, const void *key,
                                          size_t key_len, uint64_t cost, int64_t now_ns,
                                          int64_t *retry_ns)
{
    return hashed_allow(limit, bucket_of(limit, key, key_len), cost, now_ns, retry_ns);
}

/* As hashed_allow() would find it. */
static uint64_t hashed_debt(const cfk_limit *limit, uint64_t bucket, int64_t now_ns)
{
    uint64_t ns;
    bool behind = distance(limit, now_ns, &ns);

    return debt_at(limit, shifted(limit, bucket, behind, ns), HALF);
}

/* ---- exact buckets ---- */

static uint64_t exact_debt(const cfk_limit *limit, const struct cfk_cache_entry *entry,
                           int64_t now_ns)
{
    uint64_t ns = (uint64_t)entry->expire_ns - (uint64_t)now_ns;
    const struct cfk_limit_rule *rule = &limit->rule;

    if (entry->expire_ns <= now_ns)
        return 0;
    if (ns > 2 * CFK__LIMIT_DEEPEST / rule->events)
        return rule->depth;
    return cfk__limit_debt(rule, limit->deepest, ns * rule->events - entry->value);
}

/* A bucket that is full may go; one that is not may not. */
static int exact_make_room(cfk_limit *limit, int64_t now_ns, struct cfk_error *err)
{
    size_t dropped;

    if (cfk_cache_count(limit->exact) < cfk_cache_capacity(limit->exact))
        return CFK_OK;
    (void)cfk_cache_expire(limit->exact, now_ns, 1, &dropped, NULL);
    if (dropped == 0)
        return cfk__fail(err, CFK_E_LIMIT, "limit: more than %zu keys at once",
                         cfk_cache_capacity(limit->exact));
    return CFK_OK;
}

/* What is known of a key: zero, and false, where nothing is. */
static bool exact_find(const cfk_limit *limit, const void *key, size_t key_len,
                       int64_t now_ns, struct cfk_cache_entry *entry, uint64_t *debt)
{
    *debt = 0;
    if (cfk_cache_peek(limit->exact, key, key_len, entry, NULL) != CFK_OK)
        return false;
    *debt = exact_debt(limit, entry, now_ns);
    return true;
}

static int exact_check_key(const cfk_limit *limit, size_t key_len, struct cfk_error *err)
{
    if (key_len <= limit->max_key_bytes)
        return CFK_OK;
    return cfk__fail(err, CFK_E_LIMIT, "limit: a key of %zu bytes; %lu is the most",
                     key_len, (unsigned long)limit->max_key_bytes);
}

static CFK__NOINLINE int exact_allow(cfk_limit *limit, const void *key, size_t key_len,
                                     uint64_t cost, int64_t now_ns, int64_t *retry_ns,
                                     struct cfk_error *err)
{
    struct cfk_cache_entry entry;
    uint64_t events = limit->rule.events;
    int64_t unasked;
    uint64_t value;
    uint64_t debt;
    uint64_t ns;
    bool known;
    bool pass;
    int rc = exact_check_key(limit, key_len, err);

    if (rc != CFK_OK)
        return rc;
    now_ns = instant(limit, now_ns);
    known = exact_find(limit, key, key_len, now_ns, &entry, &debt);
    pass = cfk__limit_charge(&limit->rule, &debt, cost,
                             retry_ns != NULL ? retry_ns : &unasked);
    ns = debt / events + (debt % events > 0);
    value = ns * events - debt;
    if (cost == 0 || cost > limit->rule.burst ||
        (known && entry.value == value && entry.expire_ns == now_ns + (int64_t)ns))
        return count(limit, pass);
    if (!known)
        rc = exact_make_room(limit, now_ns, err);
    if (rc == CFK_OK)
        rc = cfk_cache_set(limit->exact, key, key_len, value, now_ns + (int64_t)ns,
                           now_ns, err);
    if (rc != CFK_OK)
        return rc;
    return count(limit, pass);
}

/* ---- both ---- */

int cfk_limit_allow(cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                    int64_t now_ns, int64_t *retry_ns, struct cfk_error *err)
{
    if (limit->exact != NULL)
        return exact_allow(limit, key, key_len, cost, now_ns, retry_ns, err);
    if (key_len >= limit->short_keys)
        return hashed_allow_any(limit, key, key_len, cost, now_ns, retry_ns);
    CFK__ASSUME(key_len <= SHORT);
    return hashed_allow(
        limit, bucket_at(limit, cfk__keyed_hash_fast(&limit->hasher, key, key_len)), cost,
        now_ns, retry_ns);
}

int cfk_limit_peek(const cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                   int64_t now_ns, int64_t *retry_ns, uint64_t *left,
                   struct cfk_error *err)
{
    struct cfk_cache_entry entry;
    int64_t unasked;
    uint64_t debt;
    bool pass;

    now_ns = instant(limit, now_ns);
    if (limit->exact == NULL) {
        debt = hashed_debt(limit, *bucket_of(limit, key, key_len), now_ns);
    } else {
        int rc = exact_check_key(limit, key_len, err);

        if (rc != CFK_OK)
            return rc;
        (void)exact_find(limit, key, key_len, now_ns, &entry, &debt);
    }
    if (left != NULL)
        *left = debt < limit->rule.depth ? (limit->rule.depth - debt) / limit->rule.period
                                         : 0;
    pass = cfk__limit_charge(&limit->rule, &debt, cost,
                             retry_ns != NULL ? retry_ns : &unasked);
    return pass ? CFK_LIMIT_PASS : CFK_LIMIT_DENY;
}

static uint64_t hashed_in_use(const cfk_limit *limit, int64_t now_ns)
{
    uint64_t in_use = 0;

    for (size_t i = 0; i <= limit->bucket_mask; i++)
        in_use += hashed_debt(limit, limit->buckets[i], now_ns) > 0;
    return in_use;
}

/* n keys leave a bucket of b empty with a probability of (1 - 1/b)^n. */
static void set_sharing(struct cfk_limit_stats *stats)
{
    double count = (double)stats->buckets;
    double used = (double)stats->in_use;

    stats->sharing = used / count;
    if (stats->in_use < stats->buckets && stats->buckets > 1)
        stats->keys = log1p(-used / count) / log1p(-1 / count);
    else
        stats->keys = used * (1 + log(count));
}

int cfk_limit_get_stats(const cfk_limit *limit, int64_t now_ns,
                        struct cfk_limit_stats *stats, struct cfk_error *err)
{
    struct cfk_limit_stats all = { .passed = limit->passed, .denied = limit->denied };
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    size_t size = stats->size;

    if (size < sizeof size)
        return cfk__fail(err, CFK_E_INVALID, "limit: size of the stats is not set");
    now_ns = instant(limit, now_ns);
    if (limit->exact == NULL) {
        all.buckets = (uint64_t)limit->bucket_mask + 1;
        all.in_use = hashed_in_use(limit, now_ns);
        set_sharing(&all);
    } else {
        all.buckets = cfk_cache_capacity(limit->exact);
        while (cfk_cache_next(limit->exact, &cursor, &entry) == 1)
            all.in_use += exact_debt(limit, &entry, now_ns) > 0;
        all.keys = (double)all.in_use;
    }
    all.size = size;
    memcpy(stats, &all, size < sizeof all ? size : sizeof all);
    return CFK_OK;
}
