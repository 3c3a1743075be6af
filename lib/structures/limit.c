/* SPDX-License-Identifier: MIT */
/*
 * GCRA. An event costs I = period / events; a bucket is the time at which it will
 * be full again. An event of cost n passes if that time, or now if later, plus
 * n I lies at most burst * I after now, and becomes the bucket's new time.
 *
 * I is a fraction of nanoseconds, so times are kept as whole nanoseconds and a
 * numerator over events; nothing is rounded. Whole nanoseconds count from the
 * least int64_t, where untouched (zero) buckets are.
 */
#include "cfkit/limit.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/siphash.h"
#include "cfkit/cache.h"
#include "structures/key.h"

static const int64_t DEFAULT_PERIOD_NS = 1000000000;
static const size_t DEFAULT_BUCKETS = 4096;
static const size_t MOST_BUCKETS = (size_t)1 << 28;
static const uint64_t MOST_BURST = INT32_MAX;
static const uint64_t MOST_SPAN_NS = UINT64_C(1) << 62;

/* ns + part / events nanoseconds; part < events. */
struct span {
    uint64_t ns;
    uint64_t part;
};

struct cfk_limit {
    struct cfk_alloc alloc;
    uint64_t seed[2];
    uint64_t events; /* in lowest terms with period */
    uint64_t period;
    uint64_t burst;
    struct span depth;    /* burst * I: how far ahead a bucket's time may be */
    struct span *buckets; /* hashed */
    uint32_t bucket_mask;
    cfk_cache *exact; /* or: expiry is the whole ns, rounded up, the value the part */
    uint32_t max_key_bytes;
};

/* ---- spans ---- */

/* n * I. n <= 2^31 and part < events < 2^32, so the products of parts fit. */
static struct span cost_of(const cfk_limit *limit, uint64_t n)
{
    uint64_t parts = n * (limit->period % limit->events);

    return (struct span){
        .ns = n * (limit->period / limit->events) + parts / limit->events,
        .part = parts % limit->events,
    };
}

static struct span span_sum(const cfk_limit *limit, struct span a, struct span b)
{
    uint64_t part = a.part + b.part;
    uint64_t carry = part >= limit->events;

    return (struct span){ a.ns + b.ns + carry, part - carry * limit->events };
}

/* a - b, where b <= a. */
static struct span span_difference(const cfk_limit *limit, struct span a, struct span b)
{
    uint64_t borrow = a.part < b.part;

    return (struct span){ a.ns - b.ns - borrow,
                          a.part + borrow * limit->events - b.part };
}

static bool span_less(struct span a, struct span b)
{
    return a.ns != b.ns ? a.ns < b.ns : a.part < b.part;
}

/* ---- making ---- */

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static int set_rate(cfk_limit *limit, const struct cfk_limit_options *o,
                    struct cfk_error *err)
{
    int64_t period = o->period_ns != 0 ? o->period_ns : DEFAULT_PERIOD_NS;
    uint64_t common;

    if (o->events == 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: events per period have to be set");
    if (period < 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: the period has to be above 0");
    common = greatest_common_divisor(o->events, (uint64_t)period);
    limit->events = o->events / common;
    limit->period = (uint64_t)period / common;
    if (limit->events > UINT32_MAX)
        return cfk__fail(err, CFK_E_INVALID,
                         "limit: %llu events in %lld ns cannot be told apart; use fewer",
                         (unsigned long long)o->events, (long long)period);

    limit->burst = o->burst != 0 ? o->burst : o->events;
    if (limit->burst > MOST_BURST)
        return cfk__fail(err, CFK_E_INVALID, "limit: a burst of %llu; %llu is the most",
                         (unsigned long long)limit->burst,
                         (unsigned long long)MOST_BURST);
    if (limit->period / limit->events >= MOST_SPAN_NS / limit->burst - 1)
        return cfk__fail(err, CFK_E_INVALID,
                         "limit: a burst of %llu would take over 146 years to refill",
                         (unsigned long long)limit->burst);
    limit->depth = cost_of(limit, limit->burst);
    return CFK_OK;
}

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
    return cfk__key_seed(limit->seed, o->seed, err);
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

int cfk_limit_new(const struct cfk_limit_options *opts, cfk_limit **out,
                  struct cfk_error *err)
{
    struct cfk_limit_options o;
    cfk_limit *limit;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    limit = cfk__calloc(o.alloc, 1, sizeof *limit);
    if (limit == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "limit: no memory for a limiter");
    limit->alloc = *cfk__alloc_or_default(o.alloc);
    rc = set_rate(limit, &o, err);
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

/* ---- deciding ---- */

/*
 * Nanoseconds since the least int64_t. Near the end of time the clock stands
 * still, so that no bucket's time can overflow.
 */
static uint64_t instant(const cfk_limit *limit, int64_t now_ns)
{
    uint64_t now = (uint64_t)now_ns ^ UINT64_C(1) << 63;
    uint64_t last = UINT64_MAX - limit->depth.ns - 3;

    return now < last ? now : last;
}

static int64_t retry_in(struct span wait)
{
    uint64_t ns = wait.ns + (wait.part > 0);

    return ns < INT64_MAX ? (int64_t)ns : INT64_MAX - 1;
}

/* Charge a bucket, or say how long to wait; it may change even so, see below. */
static bool charge(const cfk_limit *limit, struct span *bucket, uint64_t cost,
                   int64_t now_ns, int64_t *retry_ns)
{
    struct span now = { instant(limit, now_ns), 0 };
    struct span debt = { 0, 0 };

    *retry_ns = 0;
    if (cost == 0)
        return true;
    *retry_ns = CFK_LIMIT_NEVER;
    if (cost > limit->burst)
        return false;
    if (span_less(now, *bucket))
        debt = span_difference(limit, *bucket, now);
    if (span_less(limit->depth, debt)) { /* the clock went back: empty, no worse */
        debt = limit->depth;
        *bucket = span_sum(limit, now, debt);
    }
    debt = span_sum(limit, debt, cost_of(limit, cost));
    if (span_less(limit->depth, debt)) {
        *retry_ns = retry_in(span_difference(limit, debt, limit->depth));
        return false;
    }
    *retry_ns = 0;
    *bucket = span_sum(limit, now, debt);
    return true;
}

static struct span exact_load(const struct cfk_cache_entry *entry)
{
    uint64_t ns = (uint64_t)entry->expire_ns ^ UINT64_C(1) << 63;

    return (struct span){ ns - (entry->value > 0), entry->value };
}

static int64_t exact_time(struct span bucket)
{
    return (int64_t)((bucket.ns + (bucket.part > 0)) ^ UINT64_C(1) << 63);
}

/* A bucket that is full may go; one that is not may not. */
static int exact_make_room(cfk_limit *limit, int64_t now_ns, struct cfk_error *err)
{
    size_t dropped;

    if (cfk_cache_count(limit->exact) < cfk_cache_capacity(limit->exact))
        return CFK_OK;
    now_ns = (int64_t)(instant(limit, now_ns) ^ UINT64_C(1) << 63);
    (void)cfk_cache_expire(limit->exact, now_ns, 1, &dropped, NULL);
    if (dropped == 0)
        return cfk__fail(err, CFK_E_LIMIT, "limit: more than %zu keys at once",
                         cfk_cache_capacity(limit->exact));
    return CFK_OK;
}

static int exact_allow(cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                       int64_t now_ns, int64_t *retry_ns, struct cfk_error *err)
{
    struct cfk_cache_entry entry;
    struct span before = { 0, 0 };
    struct span bucket = { 0, 0 };
    bool known;
    bool pass;
    int rc;

    if (key_len > limit->max_key_bytes)
        return cfk__fail(err, CFK_E_LIMIT, "limit: a key of %zu bytes; %lu is the most",
                         key_len, (unsigned long)limit->max_key_bytes);
    known = cfk_cache_peek(limit->exact, key, key_len, &entry, NULL) == CFK_OK;
    if (known)
        before = bucket = exact_load(&entry);
    pass = charge(limit, &bucket, cost, now_ns, retry_ns);
    if (bucket.ns == before.ns && bucket.part == before.part)
        return pass ? CFK_LIMIT_PASS : CFK_LIMIT_DENY;
    rc = known ? CFK_OK : exact_make_room(limit, now_ns, err);
    if (rc == CFK_OK)
        rc = cfk_cache_set(limit->exact, key, key_len, bucket.part, exact_time(bucket),
                           now_ns, err);
    if (rc != CFK_OK)
        return rc;
    return pass ? CFK_LIMIT_PASS : CFK_LIMIT_DENY;
}

int cfk_limit_allow(cfk_limit *limit, const void *key, size_t key_len, uint64_t cost,
                    int64_t now_ns, int64_t *retry_ns, struct cfk_error *err)
{
    int64_t unasked;
    uint64_t hash;

    if (retry_ns == NULL)
        retry_ns = &unasked;
    if (limit->exact != NULL)
        return exact_allow(limit, key, key_len, cost, now_ns, retry_ns, err);
    hash = cfk__siphash13(limit->seed, key, key_len);
    return charge(limit, &limit->buckets[(uint32_t)(hash >> 32) & limit->bucket_mask],
                  cost, now_ns, retry_ns)
               ? CFK_LIMIT_PASS
               : CFK_LIMIT_DENY;
}
