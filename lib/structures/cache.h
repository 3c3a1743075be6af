/* SPDX-License-Identifier: MIT */
/*
 * The inside of a cache: its entries in a list from the most to the least
 * recently used (cache.c), and those that expire in a heap besides, the earliest
 * on top (cache_expiry.c).
 */
#ifndef CFK_STRUCTURES_CACHE_H
#define CFK_STRUCTURES_CACHE_H

#include "cfkit/cache.h"

#include "base/table.h"
#include "structures/key.h"

#define CFK__CACHE_NONE UINT32_MAX

/* One cache line. */
struct cfk__cache_entry {
    _Alignas(64) uint64_t value;
    int64_t expire; /* CFK_CACHE_NEVER: not in the heap */
    uint32_t place; /* in the heap */
    uint32_t tag;   /* of the hash, for the table */
    uint32_t newer; /* in the list, CFK__CACHE_NONE at its ends; itself in a free entry */
    uint32_t older; /* the same; the next free one in a free entry */
    struct cfk__key key;
};

struct cfk_cache {
    struct cfk_alloc alloc;
    uint64_t seed[2];
    cfk_cache_dropped dropped;
    void *dropped_ctx;
    int64_t grace;
    struct cfk_cache_stats stats;

    struct cfk__cache_entry *entries;
    void *entries_block; /* what to release: entries is aligned within it */
    uint32_t capacity;
    uint32_t begun; /* entries from here on have never been used */
    uint32_t free;  /* first of those that are free again */
    uint32_t newest;
    uint32_t oldest;
    uint32_t max_key_bytes;
    bool telling; /* the callback is running */
    struct cfk__table table;

    uint32_t *heap; /* four children a node, the earliest time on top */
    uint32_t heap_len;
};

/* Give an entry a time of expiry, or take it away with CFK_CACHE_NEVER. O(log n). */
void cfk__cache_set_expiry(cfk_cache *cache, uint32_t index, int64_t expire);

/* The entry that expires first, or CFK__CACHE_NONE where none does. */
static inline uint32_t cfk__cache_first_to_expire(const cfk_cache *cache)
{
    return cache->heap_len > 0 ? cache->heap[0] : CFK__CACHE_NONE;
}

#endif
