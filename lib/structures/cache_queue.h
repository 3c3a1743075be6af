/* SPDX-License-Identifier: MIT */
/*
 * Queues of nodes, as rings that are closed by a node of their own, their end,
 * which has the number of the queue: the newest is older than the end, the oldest
 * is newer than it.
 */
#ifndef CFK_STRUCTURES_CACHE_QUEUE_H
#define CFK_STRUCTURES_CACHE_QUEUE_H

#include "structures/cache.h"

/* The oldest node of a queue, which is its end where it is empty. */
static inline uint32_t cfk__queue_oldest(const struct cfk__cache_arrays *a,
                                         unsigned queue)
{
    return a->links[queue].newer;
}

static inline void cfk__queue_unlink(struct cfk__cache_arrays *a, uint32_t node)
{
    struct cfk__cache_links at = a->links[node];

    a->links[at.newer].older = at.older;
    a->links[at.older].newer = at.newer;
}

static inline void cfk__queue_link(struct cfk__cache_arrays *a, uint32_t node,
                                   unsigned queue)
{
    uint32_t newest = a->links[queue].older;

    a->links[node].newer = queue;
    a->links[node].older = newest;
    a->links[newest].newer = node;
    a->links[queue].older = node;
}

static inline void cfk__queue_push(struct cfk__cache_arrays *a, uint32_t node,
                                   unsigned queue)
{
    cfk__queue_link(a, node, queue);
    a->counts[queue]++;
}

static inline void cfk__queue_remove(struct cfk__cache_arrays *a, uint32_t node,
                                     unsigned queue)
{
    cfk__queue_unlink(a, node);
    a->counts[queue]--;
}

/* Move a node to the new end of the queue that it stands in. */
static inline void cfk__queue_renew(struct cfk__cache_arrays *a, uint32_t node,
                                    unsigned queue)
{
    cfk__queue_unlink(a, node);
    cfk__queue_link(a, node, queue);
}

/* ---- entries and their policies ---- */

/* What an entry counts as: its weight where weights are limited. */
static inline uint64_t cfk__policy_cost(const cfk_cache *cache, uint32_t entry)
{
    return cache->weighed ? cache->a.entries[entry].weight : 1;
}

/* A new entry comes in. */
static inline void cfk__policy_enter(cfk_cache *cache, uint32_t entry, unsigned queue)
{
    struct cfk__cache_arrays *a = &cache->a;

    a->entries[entry].queue = queue & 3;
    a->entries[entry].uses = 0;
    cfk__queue_push(a, entry, queue);
    if (queue == CFK__QUEUE_FIRST)
        a->first_weight += cfk__policy_cost(cache, entry);
}

/* An entry leaves its queue, whatever the reason. SIEVE's hand goes on from it. */
static inline void cfk__policy_leave(cfk_cache *cache, uint32_t entry)
{
    struct cfk__cache_arrays *a = &cache->a;
    unsigned queue = a->entries[entry].queue;

    if (a->hand == entry)
        a->hand = a->links[entry].newer;
    if (queue == CFK__QUEUE_FIRST)
        a->first_weight -= cfk__policy_cost(cache, entry);
    cfk__queue_remove(a, entry, queue);
}

/* ---- nodes in no queue ---- */

static inline void cfk__node_take_out(struct cfk__cache_arrays *a, uint32_t node)
{
    a->links[node].newer = node;
}

static inline bool cfk__node_is_out(const struct cfk__cache_arrays *a, uint32_t node)
{
    return a->links[node].newer == node;
}

#endif
