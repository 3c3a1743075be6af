/* SPDX-License-Identifier: MIT */
/*
 * The table of a cache: chains of nodes. The low half of a node's hash, which is kept
 * with it, tells its chain; the latest comes first. Unlike with the open addressing of
 * base/table.h a node leaves without a look at any other but those before it in its
 * chain, and in a full cache one leaves for each that comes. Chains are 1.5 to 3 times as
 * many as nodes, a power of two.
 */
#ifndef CFK_STRUCTURES_CACHE_TABLE_H
#define CFK_STRUCTURES_CACHE_TABLE_H

#include "structures/cache.h"

/* Ends a chain: the number of a queue's end, which is never in one. */
#define CFK__CHAIN_END 0

/*
 * A chain that is longer trips the wire. Of all keys no more than two thirds as many as
 * there are chains are in, so that by chance one comes to stand in so long a chain with a
 * probability of (2/3)^20 / 20! < 2^-72.
 */
enum { CFK__LONGEST_CHAIN = 20 };

/* The hash of a key that is in. */
static inline uint64_t cfk__cache_hash(const cfk_cache *cache, const struct cfk__key *key)
{
    return cfk__keyed_hash(&cache->hasher, cfk__key_data(key), key->len);
}

/* The first node of the chain of a hash, or its end. */
static inline uint32_t *cfk__cache_chain(const struct cfk__cache_arrays *a, uint64_t hash)
{
    return &a->chains[hash & a->chain_mask];
}

/* The low half of a node's hash. */
static inline uint32_t cfk__cache_low(const struct cfk__cache_arrays *a, uint32_t node)
{
    if (node >= a->first_ghost)
        return (uint32_t)a->ghosts[node - a->first_ghost];
    return a->entries[node].low;
}

/* Of a ghost's hash one bit is not kept, which tells its queue. */
#define CFK__GHOST_BIT ((uint64_t)1 << 32)

static inline bool cfk__cache_same(const struct cfk__cache_arrays *a, uint32_t node,
                                   uint64_t hash, const void *key, size_t len)
{
    if (node >= a->first_ghost)
        return ((a->ghosts[node - a->first_ghost] ^ hash) & ~CFK__GHOST_BIT) == 0;
    return a->entries[node].low == (uint32_t)hash &&
           cfk__key_equal(&a->entries[node].key, key, len);
}

/* The entry of a key, or the ghost of its hash, or CFK__CACHE_NONE. */
static inline uint32_t cfk__cache_find(const struct cfk__cache_arrays *a, uint64_t hash,
                                       const void *key, size_t len)
{
    uint32_t node = *cfk__cache_chain(a, hash);

    for (; node != CFK__CHAIN_END; node = a->next[node])
        if (cfk__cache_same(a, node, hash, key, len))
            return node;
    return CFK__CACHE_NONE;
}

/* Enter a node that is not there. Returns whether that makes its chain too long. */
static inline bool cfk__cache_table_insert(struct cfk__cache_arrays *a, uint64_t hash,
                                           uint32_t node)
{
    uint32_t *chain = cfk__cache_chain(a, hash);
    uint32_t follower = *chain;
    uint32_t length = 1;

    a->next[node] = follower;
    *chain = node;
    for (; follower != CFK__CHAIN_END; follower = a->next[follower])
        if (++length > CFK__LONGEST_CHAIN)
            return true;
    return false;
}

/* Remove a node from the chain of its hash. */
static inline void cfk__cache_chain_remove(struct cfk__cache_arrays *a, uint64_t hash,
                                           uint32_t node)
{
    uint32_t *at = cfk__cache_chain(a, hash);

    while (*at != node)
        at = &a->next[*at];
    *at = a->next[node];
}

static inline void cfk__cache_table_remove(struct cfk__cache_arrays *a, uint32_t node)
{
    cfk__cache_chain_remove(a, cfk__cache_low(a, node), node);
}

#endif
