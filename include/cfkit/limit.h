/* SPDX-License-Identifier: MIT */
/*
 * Rate limits by key: each key may do `events` things every `period`, and
 * `burst` of them at once. A key's bucket starts full and refills evenly (GCRA,
 * the virtual scheduling form of a leaky bucket); the arithmetic is exact.
 *
 * Keys have buckets in one of two forms:
 *   - hashed (the default): a fixed number of buckets without keys. Memory does
 *     not depend on the number of keys, but keys that fall into the same bucket
 *     share its limit: with n active keys and b buckets, a key shares with
 *     somebody at a probability of 1 - (1 - 1/b)^(n-1). Nobody outside can choose
 *     keys that collide: the hash is keyed.
 *   - exact (max_keys set): a bucket for each key; full buckets are forgotten
 *     without loss as room is needed.
 *
 *     struct cfk_limit_options opts = { .size = sizeof opts };
 *
 *     opts.events = 10;
 *     opts.burst = 20;
 *     cfk_limit_new(&opts, &limit, &err);
 *     if (cfk_limit_allow(limit, ip, ip_len, 1, now, &wait, &err) == CFK_LIMIT_PASS)
 *         ...
 *     cfk_limit_free(limit);
 *
 * Time is whatever the caller passes as now, in nanoseconds. Where it goes back,
 * a bucket neither refills nor stays blocked for longer than an empty one; the
 * clock stops as long before INT64_MAX as a bucket takes to refill. One limiter
 * serves one thread at a time; limiters share nothing.
 */
#ifndef CFKIT_LIMIT_H
#define CFKIT_LIMIT_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_limit cfk_limit;

struct cfk_limit_options {
    size_t size;          /* sizeof(struct cfk_limit_options) */
    uint64_t events;      /* per period; has to be set. After reducing events /
                             period_ns to lowest terms, the most is 2^32 - 1 */
    int64_t period_ns;    /* 0 means one second */
    uint64_t burst;       /* at once; 0 means as many as events. The most is 2^31 - 1,
                             and no more than refill in 146 years */
    size_t buckets;       /* hashed: 0 means 4096; rounded up to a power of two, the
                             most is 2^28. 16 bytes each */
    size_t max_keys;      /* 0 means hashed; above: exact, the most is 2^28 */
    size_t max_key_bytes; /* exact: as in cfkit/cache.h; hashed: any length will do */
    uint64_t seed[2];     /* of the hash; both 0: from the system. For tests */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create a limiter with full buckets in *out; release it with cfk_limit_free().
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM,
 * and on failure sets *out to NULL. O(buckets) or O(max_keys). Since 0.1.
 */
CFK_API int cfk_limit_new(const struct cfk_limit_options *opts, cfk_limit **out,
                          struct cfk_error *err);

/* Release a limiter; NULL is accepted. Since 0.1. */
CFK_API void cfk_limit_free(cfk_limit *limit);

/* What cfk_limit_allow() says. */
enum { CFK_LIMIT_DENY = 0, CFK_LIMIT_PASS = 1 };

/* To wait for ever: the cost is above the burst. */
#define CFK_LIMIT_NEVER INT64_MAX

/*
 * May key do something of this cost now? If so, it is charged; if not,
 * nothing is.
 *
 *   cost      1 for one event; 0 passes always; above burst never.
 *   retry_ns  0 where it passes; else how long until the same cost would,
 *             if nothing else happened meanwhile, or CFK_LIMIT_NEVER. May be NULL.
 *
 * Returns CFK_LIMIT_PASS or CFK_LIMIT_DENY. The exact form also CFK_E_LIMIT
 * (max_keys buckets are in use and none is full, or the key is too long) and
 * CFK_E_NOMEM (a key above 28 bytes could not be kept); then nothing has
 * changed. O(1) for hashed, O(log max_keys) for exact. Since 0.1.
 */
CFK_API int cfk_limit_allow(cfk_limit *limit, const void *key, size_t key_len,
                            uint64_t cost, int64_t now_ns, int64_t *retry_ns,
                            struct cfk_error *err);

/* Fill all buckets again. Since 0.1. */
CFK_API void cfk_limit_reset(cfk_limit *limit);

#ifdef __cplusplus
}
#endif

#endif
