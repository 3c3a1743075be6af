/* SPDX-License-Identifier: MIT */
/*
 * The table of a cache. Unlike that of base/table.h it has four small slots for
 * every node, in any number, so that memory for an entry is the same at every
 * capacity and searches end early. A slot holds a node in its low bits and, above
 * them, as much of the high half of the hash as there is room for. The low half is
 * kept in the node; scaled by a multiplication it is the slot where searches begin.
 * Probing is linear, and deletion shifts back.
 */
#ifndef CFK_STRUCTURES_CACHE_TABLE_H
#define CFK_STRUCTURES_CACHE_TABLE_H

#include "structures/cache.h"

/* The hash of a key that is in. */
static inline uint64_t cfk__cache_hash(const cfk_cache *cache, const struct cfk__key *key)
{
    return cfk__keyed_hash(&cache->hasher, cfk__key_data(key), key->len);
}

/* The slot at which the search for a hash with this low half begins. */
static inline uint32_t cfk__cache_home(const struct cfk__cache_arrays *a, uint32_t low)
{
    return (uint32_t)((uint64_t)low * a->slot_count >> 32);
}

static inline uint32_t cfk__cache_next_slot(const struct cfk__cache_arrays *a, uint32_t i)
{
    return i + 1 != a->slot_count ? i + 1 : 0;
}

/* How many slots after from to comes, around the end. */
static inline uint32_t cfk__cache_distance(const struct cfk__cache_arrays *a,
                                           uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + a->slot_count - from;
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
    return cfk__key_equal(&a->entries[node].key, key, len);
}

/* The entry of a key, or the ghost of its hash, or CFK__CACHE_NONE. */
static inline uint32_t cfk__cache_find(const struct cfk__cache_arrays *a, uint64_t hash,
                                       const void *key, size_t len)
{
    uint32_t high = (uint32_t)(hash >> 32);

    for (uint32_t i = cfk__cache_home(a, (uint32_t)hash);;
         i = cfk__cache_next_slot(a, i)) {
        uint32_t slot = a->slots[i];
        uint32_t node = slot & a->node_mask;

        if (slot == 0)
            return CFK__CACHE_NONE;
        if (((slot ^ high) & ~a->node_mask) == 0 &&
            cfk__cache_same(a, node, hash, key, len))
            return node;
    }
}

/*
 * Enter a node that is not there. Returns whether the run of used slots that it
 * ends is longer than chance allows.
 */
static inline bool cfk__cache_table_insert(struct cfk__cache_arrays *a, uint64_t hash,
                                           uint32_t node)
{
    uint32_t home = cfk__cache_home(a, (uint32_t)hash);
    uint32_t i = home;
    uint32_t run;

    while (a->slots[i] != 0)
        i = cfk__cache_next_slot(a, i);
    a->slots[i] = ((uint32_t)(hash >> 32) & ~a->node_mask) | node;
    run = cfk__cache_distance(a, home, i);
    for (i = home; run <= a->longest_run; run++) {
        i = (i != 0 ? i : a->slot_count) - 1;
        if (a->slots[i] == 0)
            return false;
    }
    return true;
}

/* Whether a node whose home this is may stand in the hole rather than at i. */
static inline bool cfk__cache_may_move(const struct cfk__cache_arrays *a, uint32_t home,
                                       uint32_t hole, uint32_t i)
{
    return cfk__cache_distance(a, home, i) >= cfk__cache_distance(a, hole, i);
}

static inline void cfk__cache_table_remove(struct cfk__cache_arrays *a, uint32_t node)
{
    uint32_t hole = cfk__cache_home(a, cfk__cache_low(a, node));

    while ((a->slots[hole] & a->node_mask) != node)
        hole = cfk__cache_next_slot(a, hole);
    for (uint32_t i = cfk__cache_next_slot(a, hole); a->slots[i] != 0;
         i = cfk__cache_next_slot(a, i)) {
        uint32_t follower = a->slots[i] & a->node_mask;

        if (cfk__cache_may_move(a, cfk__cache_home(a, cfk__cache_low(a, follower)), hole,
                                i)) {
            a->slots[hole] = a->slots[i];
            hole = i;
        }
    }
    a->slots[hole] = 0;
}

#endif
