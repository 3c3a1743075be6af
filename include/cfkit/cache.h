/* SPDX-License-Identifier: MIT */
/*
 * A bounded map from byte strings to 64-bit values that forgets what was used
 * longest ago, and in which each entry may have a time at which it expires.
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
 * one that was used longest ago.
 *
 * Looking up is keyed hashing; nobody outside can choose keys that collide. One
 * cache serves one thread at a time; caches share nothing.
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

/* What is dropped when there is no room. */
enum {
    CFK_CACHE_LRU = 0 /* what was used longest ago */
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
 * return CFK_E_BUSY and change nothing; it must not be freed here.
 */
typedef void (*cfk_cache_dropped)(void *ctx, const void *key, size_t key_len,
                                  uint64_t value, int why);

struct cfk_cache_options {
    size_t size;               /* sizeof(struct cfk_cache_options) */
    size_t capacity;           /* entries; 0 means 1024, the most is 2^28 */
    size_t max_key_bytes;      /* 0 means 256, the most is 2^30 */
    int64_t grace_ns;          /* how long stale entries stay; 0 means not at all */
    int32_t policy;            /* CFK_CACHE_LRU, the only one so far */
    uint32_t reserved;         /* 0 */
    uint64_t seed[2];          /* of the hash; both 0: from the system. For tests */
    cfk_cache_dropped dropped; /* NULL: nobody is told */
    void *dropped_ctx;
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create an empty cache in *out; release it with cfk_cache_free(). Memory is
 * 84 to 100 bytes an entry, all of it taken here; later only keys above 28 bytes
 * take a block each, which their entry's leaving releases.
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

/* What cfk_cache_get() found. */
enum { CFK_CACHE_MISS = 0, CFK_CACHE_HIT = 1, CFK_CACHE_STALE = 2 };

/* How to look. */
enum {
    CFK_CACHE_QUIET = 1,   /* the entry does not become recent, nothing is counted */
    CFK_CACHE_STALE_OK = 2 /* a stale entry is an answer too */
};

/*
 * Look a key up; what is found becomes the most recently used. An entry that is
 * gone by now is dropped on the way; one that is stale, without
 * CFK_CACHE_STALE_OK, is left as it is.
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
 * there; it becomes the most recently used.
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
    uint64_t reserved[2];
};

/*
 * Look at an entry without a change of any kind, whether fresh, stale or gone
 * but still there. Returns CFK_OK or CFK_E_NOTFOUND. O(1). Since 0.1.
 */
CFK_API int cfk_cache_peek(const cfk_cache *cache, const void *key, size_t key_len,
                           struct cfk_cache_entry *entry, struct cfk_error *err);

/*
 * Walk over all entries, in no order: set *cursor to 0, then call until 0 comes
 * back. The cache may change meanwhile, also by deleting the entry just seen: what
 * stays is seen once, what is added may or may not be seen.
 *
 * Returns 1 with *entry filled, or 0 at the end. O(capacity) in all. Since 0.1.
 */
CFK_API int cfk_cache_next(const cfk_cache *cache, uint64_t *cursor,
                           struct cfk_cache_entry *entry);

/* Entries in the cache, stale ones too. Since 0.1. */
CFK_API size_t cfk_cache_count(const cfk_cache *cache);

/* Entries that it has room for. Since 0.1. */
CFK_API size_t cfk_cache_capacity(const cfk_cache *cache);

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
};

/*
 * Fill in as much of *stats as its size says. Returns CFK_OK, or CFK_E_INVALID
 * where size is not set. O(1). Since 0.1.
 */
CFK_API int cfk_cache_get_stats(const cfk_cache *cache, struct cfk_cache_stats *stats,
                                struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
