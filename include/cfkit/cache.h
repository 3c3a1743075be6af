/* SPDX-License-Identifier: MIT */
/*
 * A bounded map from byte strings to 64-bit values, numbers or pointers, that
 * forgets by one of six policies, and in which each entry may have a weight, such
 * as its size in bytes, and a time at which it expires.
 *
 *     cfk_cache *cache;
 *     uint64_t value;
 *
 *     cfk_cache_new(NULL, &cache, &err);
 *     if (cfk_cache_get(cache, "key", 3, now, 0, &value, &err) == CFK_CACHE_MISS)
 *         cfk_cache_set(cache, "key", 3, 42, CFK_CACHE_NEVER, now, &err);
 *     cfk_cache_free(cache);
 *
 * Time is whatever the caller passes as now, in nanoseconds on a clock of his
 * choice. An entry is fresh while now < expire; then it is stale, and may still
 * be asked for, while now < expire + grace; then it is gone. A full cache makes
 * room by dropping the entry that expired first, or, where none has expired, the
 * one that its policy names.
 *
 * Looking up is keyed hashing; nobody outside can choose keys that collide. Even
 * for who knows the seed no search passes more than 20 keys: where one would, all
 * are entered anew, once, under SipHash-1-3 with a key that is drawn then. One
 * cache serves one thread at a time; functions that take it as const may run at
 * the same time as each other. Caches share nothing; see cfk_cache_shards for
 * many threads on one set of keys.
 */
#ifndef CFKIT_CACHE_H
#define CFKIT_CACHE_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_cache cfk_cache;

/* The time of expiry of an entry that does not expire. */
#define CFK_CACHE_NEVER INT64_MAX

/*
 * What is dropped when there is no room. LRU is easily foreseen and never far
 * from the best; S3-FIFO has the fewest misses on most of what caches are asked
 * for, above all where much is asked for but once; ARC does well on both and is
 * the one that never does much worse than LRU.
 */
enum {
    CFK_CACHE_LRU = 0,    /* what was used longest ago */
    CFK_CACHE_S3FIFO = 1, /* what was not used again soon (Yang and others, SOSP 2023) */
    CFK_CACHE_ARC = 2,    /* by recency and frequency (Megiddo and Modha, FAST 2003) */
    CFK_CACHE_SIEVE = 3,  /* what a hand finds unused (Zhang and others, NSDI 2024) */
    CFK_CACHE_FIFO = 4,   /* what came in longest ago */
    CFK_CACHE_CLOCK = 5   /* the same, but what was used since gets a second chance */
};

/* Why an entry left; see the callback. */
enum {
    CFK_CACHE_EVICTED = 1,  /* to make room, unexpired */
    CFK_CACHE_EXPIRED = 2,  /* its time had come, also where that made room */
    CFK_CACHE_REPLACED = 3, /* its key was set anew */
    CFK_CACHE_DELETED = 4,  /* cfk_cache_delete() */
    CFK_CACHE_CLEARED = 5   /* cfk_cache_clear() or cfk_cache_free() */
};

/*
 * Called for each value that leaves, so that what it stands for can be
 * released. The key is good during the call. Calls to the same cache from here
 * that could change it return CFK_E_BUSY and change nothing; it must not be freed
 * here.
 */
typedef void (*cfk_cache_dropped)(void *ctx, const void *key, size_t key_len,
                                  uint64_t value, int why);

struct cfk_cache_options {
    size_t size;               /* sizeof(struct cfk_cache_options) */
    size_t capacity;           /* entries; 0 means 1024, the most is 2^28 */
    size_t max_key_bytes;      /* 0 means 256, the most is 2^30 */
    int64_t grace_ns;          /* how long stale entries stay; 0 means not at all */
    int32_t policy;            /* CFK_CACHE_LRU (0) to CFK_CACHE_CLOCK */
    uint32_t reserved;         /* 0 */
    uint64_t seed[2];          /* of the hash; both 0: from the system. For tests */
    cfk_cache_dropped dropped; /* NULL: nobody is told */
    void *dropped_ctx;
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    uint64_t max_weight;           /* of all entries together; 0: no limit of its own */
};

/*
 * Create an empty cache in *out; release it with cfk_cache_free(). Memory is at
 * most 92 bytes an entry, 121 for S3-FIFO and 124 for ARC, which remember keys that
 * they have dropped, in one block that is taken here; later only keys above 28
 * bytes take a block each, which their entry's leaving releases.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP (a policy of a later version),
 * CFK_E_NOMEM or CFK_E_RANDOM, and on failure sets *out to NULL. O(capacity).
 * Since 0.1.
 */
CFK_API int cfk_cache_new(const struct cfk_cache_options *opts, cfk_cache **out,
                          struct cfk_error *err);

/* Release a cache, dropping its entries; NULL is accepted. Since 0.1. */
CFK_API void cfk_cache_free(cfk_cache *cache);

/*
 * Give a cache other limits, dropping what does not fit, expired entries first.
 * Entries keep their order, values and times.
 *
 *   capacity    in entries, from 1 to 2^28.
 *   max_weight  as in the options.
 *
 * Another capacity takes a new block. The one that the cache was made in stays
 * until cfk_cache_free(), those of later resizes are released by the next: so who
 * means to shrink a cache for its memory creates it small and resizes it up.
 *
 * Returns CFK_OK; CFK_E_INVALID for a capacity out of range; CFK_E_NOMEM or
 * CFK_E_BUSY. After a failure nothing has changed. O(capacity). Since 0.1.
 */
CFK_API int cfk_cache_resize(cfk_cache *cache, size_t capacity, uint64_t max_weight,
                             int64_t now_ns, struct cfk_error *err);

/* What cfk_cache_get() found. */
enum { CFK_CACHE_MISS = 0, CFK_CACHE_HIT = 1, CFK_CACHE_STALE = 2 };

/* How to look. */
enum {
    CFK_CACHE_QUIET = 1,   /* the entry does not count as used, nor is this counted */
    CFK_CACHE_STALE_OK = 2 /* a stale entry is an answer too */
};

/*
 * Look a key up; what is found counts as used. An entry that is gone by now is
 * dropped on the way; one that is stale, without CFK_CACHE_STALE_OK, is left as
 * it is.
 *
 *   flags  0, CFK_CACHE_QUIET, CFK_CACHE_STALE_OK or both.
 *   value  set on a hit and on a stale one; may be NULL.
 *
 * Returns CFK_CACHE_HIT, CFK_CACHE_STALE (only where it was asked for) or
 * CFK_CACHE_MISS; or CFK_E_INVALID (other flags), CFK_E_BUSY. O(1), and
 * O(log capacity) where an entry is dropped. Since 0.1.
 */
CFK_API int cfk_cache_get(cfk_cache *cache, const void *key, size_t key_len,
                          int64_t now_ns, unsigned flags, uint64_t *value,
                          struct cfk_error *err);

/*
 * Store a value under a key of any bytes, also none, in the place of what was
 * there, which counts as a use. Its weight is 1.
 *
 *   expire_ns  CFK_CACHE_NEVER, or the time from which it is stale; a time
 *              before now stores an entry that is stale already.
 *
 * Returns CFK_OK; CFK_E_LIMIT for a key above max_key_bytes; CFK_E_NOMEM where
 * a long key could not be kept; CFK_E_BUSY. After a failure nothing has
 * changed. O(1); O(log capacity) with times of expiry. Since 0.1.
 */
CFK_API int cfk_cache_set(cfk_cache *cache, const void *key, size_t key_len,
                          uint64_t value, int64_t expire_ns, int64_t now_ns,
                          struct cfk_error *err);

/*
 * The same with a weight, in whatever unit max_weight is: bytes, say. 0 is a
 * weight too. Where a heavier value than before needs room, its entry stands in
 * the order of the policy as one that has just come in.
 *
 * Returns as above, and CFK_E_LIMIT for a weight above max_weight. O(1) for each
 * entry that is dropped. Since 0.1.
 */
CFK_API int cfk_cache_set_weighed(cfk_cache *cache, const void *key, size_t key_len,
                                  uint64_t value, uint64_t weight, int64_t expire_ns,
                                  int64_t now_ns, struct cfk_error *err);

/*
 * Look a key up and, where there is no fresh entry of it, store *value, with a
 * weight of 1, in the place of a stale one if there is one: in one step, which costs
 * less than two.
 *
 *   value  in: what to store; out, on a hit: what is there.
 *
 * Returns CFK_CACHE_HIT, as cfk_cache_get() does; CFK_CACHE_MISS where the value has
 * been stored, as by cfk_cache_set(); or an error of that. Since 0.1.
 */
CFK_API int cfk_cache_get_or_set(cfk_cache *cache, const void *key, size_t key_len,
                                 uint64_t *value, int64_t expire_ns, int64_t now_ns,
                                 struct cfk_error *err);

/*
 * Drop one entry, stale or not. CFK_OK, CFK_E_NOTFOUND or CFK_E_BUSY. O(1);
 * O(log capacity) with times of expiry. Since 0.1.
 */
CFK_API int cfk_cache_delete(cfk_cache *cache, const void *key, size_t key_len,
                             struct cfk_error *err);

/*
 * Drop up to max entries whose time and grace are over, the earliest first.
 *
 *   max      SIZE_MAX for all; a small number bounds the time this takes.
 *   dropped  how many there were; may be NULL.
 *
 * Returns CFK_OK or CFK_E_BUSY. O(log capacity) each. Since 0.1.
 */
CFK_API int cfk_cache_expire(cfk_cache *cache, int64_t now_ns, size_t max,
                             size_t *dropped, struct cfk_error *err);

/* Drop everything; counts of the past stay. CFK_OK or CFK_E_BUSY. Since 0.1. */
CFK_API int cfk_cache_clear(cfk_cache *cache, struct cfk_error *err);

/* An entry as it stands. */
struct cfk_cache_entry {
    const void *key; /* belongs to the cache; good until the cache changes */
    size_t key_len;
    uint64_t value;
    int64_t expire_ns; /* CFK_CACHE_NEVER: it does not */
    uint64_t weight;
    uint64_t reserved;
};

/*
 * Look at an entry without a change of any kind, whether fresh, stale or gone
 * but still there; entry may be NULL, which only asks whether it is there.
 * Returns CFK_OK or CFK_E_NOTFOUND. O(1). Since 0.1.
 */
CFK_API int cfk_cache_peek(const cfk_cache *cache, const void *key, size_t key_len,
                           struct cfk_cache_entry *entry, struct cfk_error *err);

/*
 * Walk over all entries, in no order: set *cursor to 0, then call until 0 comes
 * back. The cache may change meanwhile, also by deleting the entry just seen: what
 * stays is seen once, what is added may or may not be seen. Only a resize to
 * another capacity ends a walk: begin again.
 *
 * Returns 1 with *entry filled, or 0 at the end. O(capacity) in all. Since 0.1.
 */
CFK_API int cfk_cache_next(const cfk_cache *cache, uint64_t *cursor,
                           struct cfk_cache_entry *entry);

/* Entries in the cache, stale ones too. Since 0.1. */
CFK_API size_t cfk_cache_count(const cfk_cache *cache);

/* Entries that it has room for. Since 0.1. */
CFK_API size_t cfk_cache_capacity(const cfk_cache *cache);

/* What the weights of all entries add up to. Since 0.1. */
CFK_API uint64_t cfk_cache_weight(const cfk_cache *cache);

/* What has happened since the cache was made. */
struct cfk_cache_stats {
    size_t size;       /* sizeof(struct cfk_cache_stats), set by the caller */
    uint64_t hits;     /* of cfk_cache_get() */
    uint64_t stale;    /* stale entries that were an answer */
    uint64_t misses;   /* all other lookups */
    uint64_t inserted; /* keys that were not there */
    uint64_t replaced; /* keys that were */
    uint64_t evicted;  /* dropped to make room, unexpired */
    uint64_t expired;  /* dropped because their time had come */
    uint64_t deleted;  /* by cfk_cache_delete() and cfk_cache_clear() */
    uint64_t rehashed; /* times that keys were entered anew because some collided */
};

/*
 * Fill in as much of *stats as its size says. Returns CFK_OK, or CFK_E_INVALID
 * where size is not set. O(1). Since 0.1.
 */
CFK_API int cfk_cache_get_stats(const cfk_cache *cache, struct cfk_cache_stats *stats,
                                struct cfk_error *err);

/* ---- many threads ---- */

/*
 * One set of keys spread over several caches, so that threads seldom meet. Which
 * shard a key belongs to is chosen by a keyed hash of its own. There are no locks in
 * here: a program has its own kind, and may want to do several things under one. It
 * keeps one lock for each shard:
 *
 *     size_t i = cfk_cache_shards_pick(shards, key, len);
 *
 *     pthread_mutex_lock(&locks[i]);
 *     state = cfk_cache_get(cfk_cache_shards_at(shards, i), key, len, ...);
 *     pthread_mutex_unlock(&locks[i]);
 *
 * What is dropped is what its own shard would drop: of many keys evenly spread, the
 * same but for chance. cfk_cache_shards_pick(), _at() and _count() may be called by
 * any thread at any time.
 */
typedef struct cfk_cache_shards cfk_cache_shards;

/*
 * Create count empty caches, which share capacity and max_weight evenly.
 *
 *   opts   for all of them together; NULL means every default.
 *   count  0 means 16; the most is 65536, and capacity and max_weight, if that is
 *          set, have to be enough for one each.
 *
 * Returns as cfk_cache_new(), and CFK_E_INVALID for a count out of range. Release
 * with cfk_cache_shards_free(). Since 0.1.
 */
CFK_API int cfk_cache_shards_new(const struct cfk_cache_options *opts, size_t count,
                                 cfk_cache_shards **out, struct cfk_error *err);

/* Release all shards with their entries; NULL is accepted. Since 0.1. */
CFK_API void cfk_cache_shards_free(cfk_cache_shards *shards);

/* How many there are. Since 0.1. */
CFK_API size_t cfk_cache_shards_count(const cfk_cache_shards *shards);

/* The number of the shard of a key. O(1). Since 0.1. */
CFK_API size_t cfk_cache_shards_pick(const cfk_cache_shards *shards, const void *key,
                                     size_t key_len);

/* A shard, which belongs to shards; NULL for a number out of range. Since 0.1. */
CFK_API cfk_cache *cfk_cache_shards_at(const cfk_cache_shards *shards, size_t index);

/* ---- how large a cache should be ---- */

/*
 * The hits that an LRU cache of every capacity would have had on the same requests,
 * exactly and in one pass: a request for what is the n-th most recently used key is
 * a hit from capacity n on (Mattson, Gecsei, Slutz and Traiger, 1970).
 */
typedef struct cfk_cache_curve cfk_cache_curve;

struct cfk_cache_curve_options {
    size_t size;                   /* sizeof(struct cfk_cache_curve_options) */
    size_t max_distinct;           /* keys to remember; 0 means 2^28, which is the most */
    size_t max_key_bytes;          /* 0 means 256, the most is 2^30 */
    uint64_t seed[2];              /* of the hash; both 0: from the system. For tests */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Begin with no requests. Memory doubles as distinct keys become more: it is 110 to
 * 220 bytes each, and half as much again while it grows. Returns CFK_OK, CFK_E_INVALID,
 * CFK_E_NOMEM or CFK_E_RANDOM. Release with cfk_cache_curve_free(). Since 0.1.
 */
CFK_API int cfk_cache_curve_new(const struct cfk_cache_curve_options *opts,
                                cfk_cache_curve **out, struct cfk_error *err);

/* NULL is accepted. Since 0.1. */
CFK_API void cfk_cache_curve_free(cfk_cache_curve *curve);

/*
 * A key has been asked for. Returns CFK_OK; CFK_E_LIMIT for a key above max_key_bytes
 * or one more than max_distinct; CFK_E_NOMEM. After a failure nothing has changed.
 * O(log distinct), amortised. Since 0.1.
 */
CFK_API int cfk_cache_curve_add(cfk_cache_curve *curve, const void *key, size_t key_len,
                                struct cfk_error *err);

/* Requests, and distinct keys among them. Since 0.1. */
CFK_API uint64_t cfk_cache_curve_requests(const cfk_cache_curve *curve);
CFK_API size_t cfk_cache_curve_distinct(const cfk_cache_curve *curve);

/* A point of the curve: so many entries would have had so many hits. */
struct cfk_cache_point {
    size_t capacity;
    uint64_t hits;
};

/*
 * Move a point, which begins as zero, to the next capacity that has more hits than
 * the one before it. Returns 1, or 0 where there is none. O(distinct) in all.
 * Since 0.1.
 */
CFK_API int cfk_cache_curve_next(const cfk_cache_curve *curve,
                                 struct cfk_cache_point *point);

/* The hits of one capacity. O(capacity). Since 0.1. */
CFK_API uint64_t cfk_cache_curve_hits(const cfk_cache_curve *curve, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
