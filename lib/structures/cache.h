/* SPDX-License-Identifier: MIT */
/*
 * The inside of a cache. Entries, and for the policies that remember what they
 * have dropped also ghosts, are numbered nodes: the ends of queues come first, then
 * entries, then ghosts. Every node that is in use stands in one queue, in the order
 * of the policy (cache_policy.c), and in the table that finds it by its key or, for
 * a ghost, its hash (cache_table.h). Entries that expire stand in a heap besides,
 * the earliest on top (cache_expiry.c). All arrays lie in one block
 * (cache_memory.c).
 */
#ifndef CFK_STRUCTURES_CACHE_H
#define CFK_STRUCTURES_CACHE_H

#include "cfkit/cache.h"

#include "base/inline.h"
#include "structures/hash.h"
#include "structures/key.h"

/* Keys of up to SHORT bytes take a short way, in an LRU from QUICK on a shorter one. */
enum { CFK__CACHE_QUICK = 8, CFK__CACHE_SHORT = 16 };

#define CFK__CACHE_NONE  UINT32_MAX
#define CFK__CACHE_PLACE (UINT32_MAX >> 4) /* places in the heap fit in here */

/* One cache line. */
struct cfk__cache_entry {
    _Alignas(64) uint64_t value;
    int64_t expire; /* CFK_CACHE_NEVER: not in the heap */
    uint64_t weight;
    uint32_t low;        /* half of the hash, for the table */
    uint32_t place : 28; /* in the heap */
    uint32_t queue : 2;  /* which it stands in */
    uint32_t uses : 2;   /* since it came, as far as the policy counts them */
    struct cfk__key key;
};

/* Neighbours in a queue. A node that is in none is its own newer. */
struct cfk__cache_links {
    uint32_t newer;
    uint32_t older; /* of a free node: the next free one */
};

/*
 * Queues. Those that need but one use CFK__QUEUE_MAIN; S3-FIFO's small queue and
 * ARC's "seen once" are CFK__QUEUE_FIRST. The other two are of ghosts.
 */
enum {
    CFK__QUEUE_MAIN,
    CFK__QUEUE_FIRST,
    CFK__QUEUE_GHOSTS,
    CFK__QUEUE_GHOSTS_FIRST,
    CFK__QUEUES,
    CFK__NO_QUEUE
};

/* What a resize replaces. */
struct cfk__cache_arrays {
    struct cfk__cache_entry *entries; /* the first CFK__QUEUES only number the others */
    struct cfk__cache_links *links;   /* of entries, ghosts and the ends of queues */
    uint64_t *ghosts; /* their hashes, with CFK__GHOST_BIT for CFK__QUEUE_GHOSTS_FIRST */
    uint32_t *chains; /* of the table: the first node of each */
    uint32_t *next;   /* the one after a node in its chain */
    uint32_t *heap;   /* four children a node, the earliest time on top */
    uint32_t capacity;
    uint32_t first_ghost;
    uint32_t ghost_capacity;
    uint32_t chain_mask; /* how many chains there are, less 1 */

    uint32_t begun; /* entries from here on have never been used */
    uint32_t free;  /* first of those that are free again */
    uint32_t ghosts_begun;
    uint32_t ghosts_free;
    uint32_t heap_len;
    uint32_t hand; /* of SIEVE: where to look next, or the end of the queue */
    uint32_t counts[CFK__QUEUES];
    uint64_t first_weight; /* of what stands in CFK__QUEUE_FIRST */
};

struct cfk_cache {
    struct cfk__cache_arrays a;
    struct cfk__hasher hasher;
    int64_t grace;
    uint64_t weight;
    uint64_t max_weight;
    uint32_t max_key_bytes;
    int32_t policy;
    size_t quick_keys;    /* how many lengths of keys take the quick way: 9, or 0 */
    size_t short_keys;    /* and the short one: 17, or 0 */
    bool plain;           /* LRU or FIFO, and no callback */
    bool two_queues;      /* the policy has CFK__QUEUE_FIRST, and ghosts */
    bool weighed;         /* a limit was set on weights */
    bool telling;         /* the callback is running */
    bool comes_again;     /* ARC: what comes in was a ghost */
    bool comes_from_main; /* ARC: a ghost of CFK__QUEUE_GHOSTS */
    double first_target;  /* ARC: entries that CFK__QUEUE_FIRST should have */
    struct cfk_cache_stats stats;

    cfk_cache_dropped dropped;
    void *dropped_ctx;
    struct cfk_alloc alloc;
    void *resized; /* the block of the arrays, once a resize has moved them */
};

static inline uint32_t cfk__cache_count(const cfk_cache *cache)
{
    return cache->a.counts[CFK__QUEUE_MAIN] + cache->a.counts[CFK__QUEUE_FIRST];
}

/* ---- cache_memory.c ---- */

/* Ghosts that a policy remembers at most. */
uint32_t cfk__cache_ghosts(int32_t policy, uint32_t capacity);

/* Bytes that all arrays take. */
size_t cfk__cache_arrays_size(int32_t policy, uint32_t capacity);

/* Lay empty arrays out in a zeroed block of that many bytes. */
void cfk__cache_arrays_place(struct cfk__cache_arrays *a, void *block, int32_t policy,
                             uint32_t capacity);

/* ---- cache_table.c; cache_table.h has the table itself ---- */

/* No nodes in the table any more. */
void cfk__cache_table_clear(struct cfk__cache_arrays *a);

/* No ghosts any more; those in the table are the caller's to remove. */
void cfk__ghosts_reset(struct cfk__cache_arrays *a);

/* Enter all keys anew, under the guarded hash; ghosts have none and are forgotten. */
void cfk__cache_rehash(cfk_cache *cache);

/* ---- cache_expiry.c ---- */

/* An entry has this time of expiry from now on: put it in its place. O(log n). */
void cfk__cache_move_expiry(cfk_cache *cache, uint32_t entry, int64_t expire);

/* Give an entry a time of expiry, or take it away with CFK_CACHE_NEVER. */
static inline void cfk__cache_set_expiry(cfk_cache *cache, uint32_t entry, int64_t expire)
{
    if (cache->a.entries[entry].expire != expire)
        cfk__cache_move_expiry(cache, entry, expire);
}

/* The entry that expires first, or CFK__CACHE_NONE where none does. */
static inline uint32_t cfk__cache_first_to_expire(const cfk_cache *cache)
{
    return cache->a.heap_len > 0 ? cache->a.heap[0] : CFK__CACHE_NONE;
}

static inline bool cfk__cache_is_stale(const struct cfk__cache_entry *entry, int64_t now)
{
    return entry->expire <= now && entry->expire != CFK_CACHE_NEVER;
}

/* expire + grace <= now, where the sum may overflow. */
static inline bool cfk__cache_is_gone(const cfk_cache *cache,
                                      const struct cfk__cache_entry *entry, int64_t now)
{
    return cfk__cache_is_stale(entry, now) &&
           (uint64_t)now - (uint64_t)entry->expire >= (uint64_t)cache->grace;
}

/*
 * ---- cache_policy.c ----
 *
 * LRU, FIFO, CLOCK and SIEVE have one queue, with which entries come and go in the
 * inline functions of cache_queue.h; the rest of what policies do is here.
 */

/* An entry has been used, which is a hit. */
int cfk__policy_use(cfk_cache *cache, uint32_t entry);

/*
 * A key is about to come in that may be known as a ghost, which is forgotten, or
 * CFK__CACHE_NONE. Returns the queue for it.
 */
unsigned cfk__policy_meet(cfk_cache *cache, uint32_t ghost);

/*
 * The entry to drop for room, of which there is at least one, and the queue of
 * ghosts in which it is to be remembered, or CFK__NO_QUEUE.
 */
uint32_t cfk__policy_victim(cfk_cache *cache, unsigned *ghosts);

/* Remember what was dropped. */
void cfk__policy_haunt(cfk_cache *cache, uint64_t hash, unsigned ghosts);

/* Keep at most so many ghosts, the latest of each queue. */
void cfk__policy_forget(cfk_cache *cache, uint32_t most);

/* Limits have changed: measure anew what depends on them, with nothing coming in. */
void cfk__policy_reset(cfk_cache *cache);

/* ---- cache_leave.c ---- */

/* The error of calls from the callback. */
int cfk__cache_busy(struct cfk_error *err);

/* Find out whether the short ways may be taken; after all that has a say in it. */
void cfk__cache_set_ways(cfk_cache *cache);

/* Tell the callback, if there is one, of a value that leaves. */
void cfk__cache_tell(cfk_cache *cache, const struct cfk__key *key, uint64_t value,
                     int why);

/* An entry leaves. */
void cfk__cache_drop(cfk_cache *cache, uint32_t entry, int why);

/* Whether there are at most count entries and weight, up to max_weight, fits in. */
static inline bool cfk__cache_fits(const cfk_cache *cache, uint32_t count,
                                   uint64_t weight)
{
    return cfk__cache_count(cache) <= count &&
           cache->weight <= cache->max_weight - weight;
}

/* Drop entries until it is so, those that expired first, then as the policy has it. */
void cfk__cache_make_room(cfk_cache *cache, uint32_t count, uint64_t weight,
                          int64_t now_ns);

#endif
