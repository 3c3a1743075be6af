/* SPDX-License-Identifier: MIT */
/*
 * Rate limits by key: each key may do `events` things every `period`, and
 * `burst` of them at once. A key's bucket starts full and refills evenly (GCRA,
 * the virtual scheduling form of a leaky bucket). The arithmetic is exact, but where
 * burst * period_ns is above 2^62 after reducing events / period_ns to lowest terms:
 * there an event's cost is rounded up by less than 1 / 2^30 of it.
 *
 * Keys have buckets in one of two forms:
 *   - hashed (the default): a fixed number of buckets without keys. Memory does
 *     not depend on the number of keys, but keys that fall into the same bucket
 *     share its limit: with n active keys and b buckets, a key shares with
 *     somebody at a probability of 1 - (1 - 1/b)^(n-1). Nobody outside can choose
 *     keys that collide: the hash is keyed, and by default one that gives nothing
 *     away to who sees the verdicts (SipHash-1-3).
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
 * The caller may also keep buckets in 64-bit cells of its own, which threads or
 * processes can share without a lock: see struct cfk_limit_rule. And cfk_rrl limits
 * the responses of a DNS server.
 *
 * Time is whatever the caller passes as now, in nanoseconds. Where it goes back,
 * a bucket does not refill. By less than a second, as with threads that read the clock
 * and then come late, nothing else happens; by more, a bucket is blocked for no longer
 * than an empty one. The clock stops as long before INT64_MAX as a bucket takes to
 * refill. One
 * limiter serves one thread at a time; limiters share nothing.
 */
#ifndef CFKIT_LIMIT_H
#define CFKIT_LIMIT_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_limit cfk_limit;

/*
 * Hashes for hashed buckets. Verdicts tell a client which of his keys share a bucket.
 * From SipHash-1-3 he learns nothing else by that, as far as is known. The fast hash,
 * two multiplications under four secret numbers, takes a quarter of the instructions and
 * spreads keys as evenly, whatever they are, where they were chosen without knowledge of
 * the numbers; but that these cannot be worked out from verdicts on very many keys of
 * his choice nobody has shown, and without keys a table cannot notice. So it is for keys
 * that clients cannot choose freely, as addresses that have completed a handshake.
 */
enum { CFK_LIMIT_SIPHASH = 0, CFK_LIMIT_FAST_HASH = 1 };

struct cfk_limit_options {
    size_t size;          /* sizeof(struct cfk_limit_options) */
    uint64_t events;      /* per period; has to be set. After reducing events /
                             period_ns to lowest terms, the most is 2^32 - 1 */
    int64_t period_ns;    /* 0 means one second */
    uint64_t burst;       /* at once; 0 means as many as events. The most is 2^31 - 1,
                             and no more than refill in 146 years */
    size_t buckets;       /* hashed: 0 means 4096; rounded up to a power of two, the
                             most is 2^28. 8 bytes each */
    size_t max_keys;      /* 0 means hashed; above: exact, the most is 2^28 */
    size_t max_key_bytes; /* exact: as in cfkit/cache.h; hashed: any length will do */
    uint64_t seed[2];     /* of the hash; both 0: from the system. For tests */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    int32_t hash;                  /* hashed: CFK_LIMIT_SIPHASH (0) or _FAST_HASH */
    uint32_t reserved;             /* 0 */
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

/*
 * What cfk_limit_allow() would say, without charging.
 *
 *   retry_ns  as there.
 *   left      how many events of cost 1 would pass now; may be NULL.
 *
 * Returns CFK_LIMIT_PASS or CFK_LIMIT_DENY; the exact form also CFK_E_LIMIT (the
 * key is too long). O(1). Since 0.1.
 */
CFK_API int cfk_limit_peek(const cfk_limit *limit, const void *key, size_t key_len,
                           uint64_t cost, int64_t now_ns, int64_t *retry_ns,
                           uint64_t *left, struct cfk_error *err);

/* Fill all buckets again; what was counted stays. Since 0.1. */
CFK_API void cfk_limit_reset(cfk_limit *limit);

struct cfk_limit_stats {
    size_t size;     /* sizeof(struct cfk_limit_stats), set by the caller */
    uint64_t passed; /* verdicts of cfk_limit_allow() */
    uint64_t denied;
    uint64_t buckets; /* exact: room for keys */
    uint64_t in_use;  /* buckets that are not full */
    double keys;      /* in use: exact, the same; hashed, an estimate of their number */
    double sharing; /* the probability that another key meets a bucket in use; exact: 0 */
};

/*
 * Fill in as much of *stats as its size says, as of a time. Returns CFK_OK, or
 * CFK_E_INVALID where size is not set. O(buckets). Since 0.1.
 */
CFK_API int cfk_limit_get_stats(const cfk_limit *limit, int64_t now_ns,
                                struct cfk_limit_stats *stats, struct cfk_error *err);

/* ---- cells of the caller's ---- */

/*
 * A limit without a table: the rule, which does not change, and for each bucket a
 * 64-bit cell wherever the caller wants it, in shared memory too. A zero cell is a
 * full bucket. Every thread may use a rule at the same time.
 *
 *     cfk_limit_rule_init(&rule, 10, 0, 20, &err);
 *     if (cfk_limit_cell_take(&rule, &client->cell, 1, now, &wait) == CFK_LIMIT_PASS)
 *         ...
 */
struct cfk_limit_rule {
    uint64_t period; /* what an event costs, in 1 / events of a nanosecond */
    uint64_t events;
    uint64_t burst;
    uint64_t depth; /* burst * period */
};

/*
 * Make a rule as in struct cfk_limit_options, 0 being the same defaults. The cost of an
 * event is rounded up to whole nanoseconds, so rates should be well below 10^9 a second.
 *
 * Returns CFK_OK or CFK_E_INVALID, and on failure zeroes *rule. O(1). Since 0.1.
 */
CFK_API int cfk_limit_rule_init(struct cfk_limit_rule *rule, uint64_t events,
                                int64_t period_ns, uint64_t burst, struct cfk_error *err);

/*
 * The verdict for a cell's value, and the value that it has to take, which is the same
 * where nothing is charged. A pure function, for a caller that applies it by a
 * compare-and-exchange of its own: where the cell has changed meanwhile, ask again.
 *
 *   retry_ns  as for cfk_limit_allow().
 *
 * Returns CFK_LIMIT_PASS or CFK_LIMIT_DENY. O(1). Since 0.1.
 */
CFK_API int cfk_limit_cell_next(const struct cfk_limit_rule *rule, uint64_t cell,
                                uint64_t cost, int64_t now_ns, uint64_t *next,
                                int64_t *retry_ns);

/*
 * The same, applied: *cell, which has to be aligned to 8 bytes, is read and exchanged
 * atomically. Any number of threads and processes may do this to one cell; together
 * they get what the rule allows. Lock-free. Since 0.1.
 */
CFK_API int cfk_limit_cell_take(const struct cfk_limit_rule *rule, uint64_t *cell,
                                uint64_t cost, int64_t now_ns, int64_t *retry_ns);

/* ---- response rate limiting ---- */

/*
 * What keeps a DNS server from amplifying attacks on others: identical responses to
 * the same network are limited, as BIND's rate-limit does it. Each combination of a
 * network, a kind of response and a name has an account that earns the kind's rate each
 * second and that each response debits by one, sent or not. It holds at most one second's
 * credit, and at least minus the window's. While it is negative, responses are dropped,
 * but for every slip-th, which is to be sent truncated, so that a genuine client comes
 * back over TCP; an error, which cannot be truncated, is leaked whole.
 *
 * Accounts are found by a keyed hash. Where there is no room for another, it takes over
 * the one of four that is nearest to its full credit, with what that lacks: too many
 * networks at once lose responses, and none gets more. One cfk_rrl serves one thread at
 * a time.
 */
typedef struct cfk_rrl cfk_rrl;

/* Kinds of responses. All but ERROR count by name, ANSWER also by type. */
enum {
    CFK_RRL_ANSWER = 0,   /* of a name and type; of a wildcard, the wildcard's name */
    CFK_RRL_REFERRAL = 1, /* of the delegated name */
    CFK_RRL_NODATA = 2,   /* of the name */
    CFK_RRL_NXDOMAIN = 3, /* of the zone or the nearest name that exists */
    CFK_RRL_ERROR = 4,    /* SERVFAIL, FORMERR, REFUSED ... */
    CFK_RRL_KINDS = 5
};

/* A rate without a limit, and a slip that never slips. */
#define CFK_RRL_NONE UINT32_MAX

struct cfk_rrl_options {
    size_t size;                   /* sizeof(struct cfk_rrl_options) */
    uint32_t rates[CFK_RRL_KINDS]; /* a second, the most is 10000. 0 for ANSWER means
                                      no limit, for others the same as ANSWER */
    uint32_t all_rate;    /* of all responses to a network; above it, they are dropped
                             without slipping. 0 means no limit */
    uint32_t window_s;    /* 0 means 15, the most is 3600 */
    uint32_t slip;        /* 0 means 2: every other one; the most is 10 */
    uint32_t ipv4_prefix; /* bits that name a network; 0 means 24 */
    uint32_t ipv6_prefix; /* 0 means 56 */
    size_t accounts;      /* 0 means 16384; rounded up to a power of two from 4, the most
                             is 2^26. 16 bytes each */
    uint64_t seed[2];     /* of the hash; both 0: from the system. For tests */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create a limiter without accounts in *out; release it with cfk_rrl_free().
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM, and on
 * failure sets *out to NULL. All allocation happens here. O(accounts). Since 0.1.
 */
CFK_API int cfk_rrl_new(const struct cfk_rrl_options *opts, cfk_rrl **out,
                        struct cfk_error *err);

/* Release a limiter; NULL is accepted. Since 0.1. */
CFK_API void cfk_rrl_free(cfk_rrl *rrl);

/* What to do with a response. */
enum {
    CFK_RRL_DROP = 0,
    CFK_RRL_SEND = 1,
    CFK_RRL_SLIP = 2, /* send it truncated (TC), without records */
    CFK_RRL_LEAK = 3  /* send it although there are too many: an error */
};

/*
 * Decide on a response that is to go over UDP.
 *
 *   address      4 or 16 bytes in network order; an IPv4-mapped one is IPv4.
 *   name         text or wire format, always the same of both; letters of ASCII are equal
 *                in both cases. At most 255 bytes.
 *   type         for CFK_RRL_ANSWER.
 *
 * Returns CFK_RRL_DROP to CFK_RRL_LEAK, or CFK_E_INVALID (another length of the address
 * or the name, another kind); then nothing was counted. O(1). Since 0.1.
 */
CFK_API int cfk_rrl_check(cfk_rrl *rrl, const void *address, size_t address_len, int kind,
                          const void *name, size_t name_len, uint16_t type,
                          int64_t now_ns, struct cfk_error *err);

struct cfk_rrl_stats {
    size_t size; /* sizeof(struct cfk_rrl_stats), set by the caller */
    uint64_t sent;
    uint64_t slipped;
    uint64_t leaked;
    uint64_t dropped;
    uint64_t inherited; /* accounts that began with the debt of one that had to go */
};

/*
 * Fill in as much of *stats as its size says. Returns CFK_OK, or CFK_E_INVALID where
 * size is not set. O(1). Since 0.1.
 */
CFK_API int cfk_rrl_get_stats(const cfk_rrl *rrl, struct cfk_rrl_stats *stats,
                              struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
