/* SPDX-License-Identifier: MIT */
/*
 * What the policies do with their queues. LRU, FIFO, CLOCK and SIEVE have one;
 * S3-FIFO and ARC have two, and ghosts.
 */
#include "structures/cache_queue.h"
#include "structures/cache_table.h"

enum { MOST_USES = 3 };

/* ---- ghosts ---- */

static unsigned queue_of_ghost(const struct cfk__cache_arrays *a, uint32_t node)
{
    return (a->ghosts[node - a->first_ghost] & CFK__GHOST_BIT) != 0
               ? CFK__QUEUE_GHOSTS_FIRST
               : CFK__QUEUE_GHOSTS;
}

static void forget_ghost(struct cfk__cache_arrays *a, uint32_t node, unsigned queue)
{
    cfk__cache_table_remove(a, node);
    cfk__queue_remove(a, node, queue);
    a->links[node].older = a->ghosts_free;
    a->ghosts_free = node;
}

static void forget_oldest_ghost(struct cfk__cache_arrays *a, unsigned queue)
{
    forget_ghost(a, cfk__queue_oldest(a, queue), queue);
}

static unsigned longer_of_ghosts(const struct cfk__cache_arrays *a)
{
    return a->counts[CFK__QUEUE_GHOSTS] > a->counts[CFK__QUEUE_GHOSTS_FIRST]
               ? CFK__QUEUE_GHOSTS
               : CFK__QUEUE_GHOSTS_FIRST;
}

void cfk__policy_forget(cfk_cache *cache, uint32_t most)
{
    struct cfk__cache_arrays *a = &cache->a;

    while (a->counts[CFK__QUEUE_GHOSTS] + a->counts[CFK__QUEUE_GHOSTS_FIRST] > most)
        forget_oldest_ghost(a, longer_of_ghosts(a));
}

void cfk__policy_haunt(cfk_cache *cache, uint64_t hash, unsigned ghosts)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint32_t node;

    if (ghosts == CFK__NO_QUEUE || a->ghost_capacity == 0)
        return;
    cfk__policy_forget(cache, a->ghost_capacity - 1);
    if (a->ghosts_free != CFK__CACHE_NONE) {
        node = a->ghosts_free;
        a->ghosts_free = a->links[node].older;
    } else {
        node = a->first_ghost + a->ghosts_begun++;
    }
    a->ghosts[node - a->first_ghost] =
        (hash & ~CFK__GHOST_BIT) |
        (ghosts == CFK__QUEUE_GHOSTS_FIRST ? CFK__GHOST_BIT : 0);
    cfk__queue_push(a, node, ghosts);
    (void)cfk__cache_table_insert(a, hash, node);
}

/* ---- FIFO-reinsertion: CLOCK, and the main queue of S3-FIFO ---- */

static uint32_t first_unused(struct cfk__cache_arrays *a, unsigned queue)
{
    for (;;) {
        uint32_t oldest = cfk__queue_oldest(a, queue);

        if (a->entries[oldest].uses == 0)
            return oldest;
        a->entries[oldest].uses--;
        cfk__queue_renew(a, oldest, queue);
    }
}

/* ---- SIEVE (Zhang, Yang, Yue, Vigfusson and Rashmi, NSDI 2024) ---- */

static uint32_t sieve(struct cfk__cache_arrays *a)
{
    uint32_t end = CFK__QUEUE_MAIN;
    uint32_t at = a->hand;

    for (;;) {
        if (at == end)
            at = a->links[end].newer;
        if (a->entries[at].uses == 0)
            break;
        a->entries[at].uses = 0;
        at = a->links[at].newer;
    }
    a->hand = at;
    return at;
}

/* ---- what S3-FIFO and ARC share ---- */

/* From whichever queue it stands in to the new end of the main one. */
static void move_to_main(cfk_cache *cache, uint32_t entry)
{
    cfk__policy_leave(cache, entry);
    cfk__policy_enter(cache, entry, CFK__QUEUE_MAIN);
}

/* ---- S3-FIFO (Yang, Zhang, Qiu, Yue and Rashmi, SOSP 2023) ---- */

/*
 * How many of so many entries the small queue should have: a tenth, as in the
 * paper, but ten at least and half at most, because in a queue of few places
 * nothing is ever used again.
 */
static uint32_t small_share(uint32_t count)
{
    uint32_t half = count > 1 ? count / 2 : 1;

    if (count >= 100)
        return count / 10;
    return half < 10 ? half : 10;
}

static bool small_is_due(const cfk_cache *cache)
{
    const struct cfk__cache_arrays *a = &cache->a;
    uint32_t count = cfk__cache_count(cache);
    uint64_t share = small_share(count);

    if (cache->weighed)
        share *= cache->weight / count;
    return a->counts[CFK__QUEUE_FIRST] > 0 &&
           (a->first_weight >= share || a->counts[CFK__QUEUE_MAIN] == 0);
}

/* Make room for one more ghost. Returns their queue, or none where there is none. */
static unsigned s3fifo_ghosts(cfk_cache *cache)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint64_t limit = (uint64_t)cfk__cache_count(cache) * 9 / 10;

    if (limit == 0)
        return CFK__NO_QUEUE;
    while (a->counts[CFK__QUEUE_GHOSTS] >= limit)
        forget_oldest_ghost(a, CFK__QUEUE_GHOSTS);
    return CFK__QUEUE_GHOSTS;
}

static uint32_t s3fifo_victim(cfk_cache *cache, unsigned *ghosts)
{
    struct cfk__cache_arrays *a = &cache->a;
    unsigned enough = small_share(cfk__cache_count(cache)) > 1 ? 2 : 1;

    if (small_is_due(cache)) {
        while (a->counts[CFK__QUEUE_FIRST] > 0) {
            uint32_t oldest = cfk__queue_oldest(a, CFK__QUEUE_FIRST);

            if (a->entries[oldest].uses < enough) {
                *ghosts = s3fifo_ghosts(cache);
                return oldest;
            }
            move_to_main(cache, oldest);
        }
    }
    *ghosts = CFK__NO_QUEUE;
    return first_unused(a, CFK__QUEUE_MAIN);
}

static unsigned s3fifo_meet(cfk_cache *cache, uint32_t ghost)
{
    if (ghost == CFK__CACHE_NONE)
        return CFK__QUEUE_FIRST;
    forget_ghost(&cache->a, ghost, CFK__QUEUE_GHOSTS);
    return CFK__QUEUE_MAIN;
}

/* ---- ARC (Megiddo and Modha, FAST 2003) ---- */

/* The paper's c. Where weights set the limit, it is what there is room for now. */
static uint32_t arc_capacity(const cfk_cache *cache)
{
    return cache->weighed ? cfk__cache_count(cache) : cache->a.capacity;
}

/* A ghost has come back: its side should have been larger. */
static void arc_adapt(cfk_cache *cache, bool first)
{
    struct cfk__cache_arrays *a = &cache->a;
    double many = (double)a->counts[CFK__QUEUE_GHOSTS];
    double once = (double)a->counts[CFK__QUEUE_GHOSTS_FIRST];

    if (first) {
        cache->first_target += many > once ? many / once : 1;
        if (cache->first_target > (double)arc_capacity(cache))
            cache->first_target = (double)arc_capacity(cache);
    } else {
        cache->first_target -= once > many ? once / many : 1;
        if (cache->first_target < 0)
            cache->first_target = 0;
    }
}

static uint64_t arc_seen_once(const struct cfk__cache_arrays *a)
{
    return (uint64_t)a->counts[CFK__QUEUE_FIRST] + a->counts[CFK__QUEUE_GHOSTS_FIRST];
}

static uint64_t arc_seen_more(const struct cfk__cache_arrays *a)
{
    return (uint64_t)a->counts[CFK__QUEUE_MAIN] + a->counts[CFK__QUEUE_GHOSTS];
}

/*
 * Case IV of the paper, as far as it is about ghosts: a new key finds at most c
 * that were seen once and at most 2c in all.
 */
static void arc_trim(cfk_cache *cache)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint64_t c = arc_capacity(cache);

    if (arc_seen_once(a) < c) {
        while (a->counts[CFK__QUEUE_GHOSTS] > 0 &&
               arc_seen_once(a) + arc_seen_more(a) >= 2 * c)
            forget_oldest_ghost(a, CFK__QUEUE_GHOSTS);
        return;
    }
    while (a->counts[CFK__QUEUE_GHOSTS_FIRST] > 0 && arc_seen_once(a) >= c)
        forget_oldest_ghost(a, CFK__QUEUE_GHOSTS_FIRST);
}

static unsigned arc_meet(cfk_cache *cache, uint32_t ghost)
{
    struct cfk__cache_arrays *a = &cache->a;
    unsigned queue;

    cache->comes_again = ghost != CFK__CACHE_NONE;
    cache->comes_from_main = false;
    if (ghost == CFK__CACHE_NONE) {
        arc_trim(cache);
        return CFK__QUEUE_FIRST;
    }
    queue = queue_of_ghost(a, ghost);
    arc_adapt(cache, queue == CFK__QUEUE_GHOSTS_FIRST);
    forget_ghost(a, ghost, queue);
    cache->comes_from_main = queue == CFK__QUEUE_GHOSTS;
    return CFK__QUEUE_MAIN;
}

/* REPLACE of the paper; and its case IV.A where nothing has been seen twice. */
static uint32_t arc_victim(cfk_cache *cache, unsigned *ghosts)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint32_t first = a->counts[CFK__QUEUE_FIRST];
    bool too_many = (double)first > cache->first_target ||
                    (cache->comes_from_main && (double)first == cache->first_target);

    if (first > 0 && (too_many || a->counts[CFK__QUEUE_MAIN] == 0)) {
        bool all = first >= arc_capacity(cache) && !cache->comes_again;

        *ghosts = all ? CFK__NO_QUEUE : CFK__QUEUE_GHOSTS_FIRST;
        return cfk__queue_oldest(a, CFK__QUEUE_FIRST);
    }
    *ghosts = CFK__QUEUE_GHOSTS;
    return cfk__queue_oldest(a, CFK__QUEUE_MAIN);
}

/* ---- which of them ---- */

int cfk__policy_use(cfk_cache *cache, uint32_t entry)
{
    struct cfk__cache_arrays *a = &cache->a;

    switch (cache->policy) {
    case CFK_CACHE_ARC: move_to_main(cache, entry); break;
    case CFK_CACHE_S3FIFO:
        if (a->entries[entry].uses < MOST_USES)
            a->entries[entry].uses++;
        break;
    case CFK_CACHE_SIEVE:
    case CFK_CACHE_CLOCK: a->entries[entry].uses = 1; break;
    default: break;
    }
    return CFK_CACHE_HIT;
}

unsigned cfk__policy_meet(cfk_cache *cache, uint32_t ghost)
{
    switch (cache->policy) {
    case CFK_CACHE_S3FIFO: return s3fifo_meet(cache, ghost);
    case CFK_CACHE_ARC: return arc_meet(cache, ghost);
    default: return CFK__QUEUE_MAIN;
    }
}

uint32_t cfk__policy_victim(cfk_cache *cache, unsigned *ghosts)
{
    struct cfk__cache_arrays *a = &cache->a;

    *ghosts = CFK__NO_QUEUE;
    switch (cache->policy) {
    case CFK_CACHE_S3FIFO: return s3fifo_victim(cache, ghosts);
    case CFK_CACHE_ARC: return arc_victim(cache, ghosts);
    case CFK_CACHE_SIEVE: return sieve(a);
    case CFK_CACHE_CLOCK: return first_unused(a, CFK__QUEUE_MAIN);
    default: return cfk__queue_oldest(a, CFK__QUEUE_MAIN);
    }
}

void cfk__policy_reset(cfk_cache *cache)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint32_t end = CFK__QUEUE_FIRST;

    a->first_weight = 0;
    for (uint32_t at = a->links[end].newer; at != end; at = a->links[at].newer)
        a->first_weight += cfk__policy_cost(cache, at);
    cache->comes_again = false;
    cache->comes_from_main = false;
}
