/* SPDX-License-Identifier: MIT */
/* Caches come, change their size and go. */
#include "structures/cache_queue.h"
#include "structures/cache_table.h"

#include "base/error.h"
#include "base/options.h"

enum { DEFAULT_CAPACITY = 1024 };
/* Within 28 bits, and 256 bytes an entry within an address space. */
static const size_t MOST_CAPACITY = SIZE_MAX >> 8 < 1 << 28 ? SIZE_MAX >> 8 : 1 << 28;

static int check_capacity(size_t capacity, struct cfk_error *err)
{
    if (capacity > MOST_CAPACITY)
        return cfk__fail(err, CFK_E_INVALID, "cache: a capacity of %zu; %zu is the most",
                         capacity, MOST_CAPACITY);
    return CFK_OK;
}

static int check_options(struct cfk_cache_options *o, struct cfk_error *err)
{
    if (o->policy < CFK_CACHE_LRU || o->policy > CFK_CACHE_CLOCK)
        return cfk__fail(err, CFK_E_NOTSUP, "cache: policy %ld; known are 0 to %d",
                         (long)o->policy, CFK_CACHE_CLOCK);
    if (o->reserved != 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: reserved has to be 0");
    if (o->grace_ns < 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: grace has to be 0 or more");
    if (o->capacity == 0)
        o->capacity = DEFAULT_CAPACITY;
    return check_capacity(o->capacity, err);
}

static void limit_weight(cfk_cache *cache, uint64_t max_weight)
{
    cache->weighed = max_weight > 0;
    cache->max_weight = max_weight > 0 ? max_weight : UINT64_MAX;
}

int cfk_cache_new(const struct cfk_cache_options *opts, cfk_cache **out,
                  struct cfk_error *err)
{
    struct cfk_cache_options o;
    struct cfk__hasher hasher;
    uint32_t max_key_bytes;
    cfk_cache *cache;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_options(&o, err);
    if (rc == CFK_OK)
        rc = cfk__key_limit(&max_key_bytes, o.max_key_bytes, "cache", err);
    if (rc == CFK_OK)
        rc = cfk__hasher_init(&hasher, o.seed, err);
    if (rc != CFK_OK)
        return rc;

    cache = cfk__calloc(o.alloc, 1,
                        sizeof *cache +
                            cfk__cache_arrays_size(o.policy, (uint32_t)o.capacity));
    if (cache == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu entries",
                         o.capacity);
    cfk__cache_arrays_place(&cache->a, cache + 1, o.policy, (uint32_t)o.capacity);
    limit_weight(cache, o.max_weight);
    cache->alloc = *cfk__alloc_or_default(o.alloc);
    cache->hasher = hasher;
    cache->max_key_bytes = max_key_bytes;
    cache->grace = o.grace_ns;
    cache->policy = o.policy;
    cache->two_queues = o.policy == CFK_CACHE_S3FIFO || o.policy == CFK_CACHE_ARC;
    cache->plain =
        (o.policy == CFK_CACHE_LRU || o.policy == CFK_CACHE_FIFO) && o.dropped == NULL;
    cache->dropped = o.dropped;
    cache->dropped_ctx = o.dropped_ctx;
    cfk__cache_set_ways(cache);
    *out = cache;
    return CFK_OK;
}

void cfk_cache_free(cfk_cache *cache)
{
    struct cfk_alloc alloc;

    if (cache == NULL)
        return;
    alloc = cache->alloc;
    (void)cfk_cache_clear(cache, NULL);
    cfk__free(&alloc, cache->resized);
    cfk__free(&alloc, cache);
}

/* ---- another size ---- */

/*
 * Entries move in their order into new arrays, which have room for them. Returns whether
 * one of the chains is too long.
 */
static bool move_entries(cfk_cache *cache, const struct cfk__cache_arrays *from,
                         unsigned queue)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint32_t end = queue;
    bool crowded = false;

    for (uint32_t at = from->links[end].newer; at != end; at = from->links[at].newer) {
        const struct cfk__cache_entry *old = &from->entries[at];
        struct cfk__cache_entry *entry = &a->entries[a->begun];
        uint32_t index = a->begun++;

        *entry = *old;
        entry->expire = CFK_CACHE_NEVER;
        cfk__policy_enter(cache, index, queue);
        entry->uses = old->uses;
        cfk__cache_set_expiry(cache, index, old->expire);
        if (cfk__cache_table_insert(a, cfk__cache_hash(cache, &entry->key), index))
            crowded = true;
        if (at == from->hand)
            a->hand = index;
    }
    return crowded;
}

static void move_ghosts(cfk_cache *cache, const struct cfk__cache_arrays *from,
                        unsigned queue)
{
    uint32_t end = queue;

    for (uint32_t at = from->links[end].newer; at != end; at = from->links[at].newer)
        cfk__policy_haunt(cache, from->ghosts[at - from->first_ghost], queue);
}

static void move_all(cfk_cache *cache, void *block, uint32_t capacity)
{
    struct cfk__cache_arrays from;
    bool crowded = false;

    cfk__policy_forget(cache, cfk__cache_ghosts(cache->policy, capacity));
    from = cache->a;
    cfk__cache_arrays_place(&cache->a, block, cache->policy, capacity);
    for (unsigned queue = CFK__QUEUE_MAIN; queue <= CFK__QUEUE_FIRST; queue++)
        crowded |= move_entries(cache, &from, queue);
    for (unsigned queue = CFK__QUEUE_GHOSTS; queue < CFK__QUEUES; queue++)
        move_ghosts(cache, &from, queue);
    if (crowded && !cache->hasher.guarded)
        cfk__cache_rehash(cache);
    if (cache->first_target > capacity)
        cache->first_target = capacity;
    cfk__free(&cache->alloc, cache->resized);
    cache->resized = block;
}

int cfk_cache_resize(cfk_cache *cache, size_t capacity, uint64_t max_weight,
                     int64_t now_ns, struct cfk_error *err)
{
    void *block = NULL;
    int rc;

    if (cache->telling)
        return cfk__cache_busy(err);
    if (capacity == 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: a capacity of 0");
    rc = check_capacity(capacity, err);
    if (rc != CFK_OK)
        return rc;
    if (capacity != cache->a.capacity) {
        block = cfk__calloc(&cache->alloc, 1,
                            cfk__cache_arrays_size(cache->policy, (uint32_t)capacity));
        if (block == NULL)
            return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu entries",
                             capacity);
    }
    limit_weight(cache, max_weight);
    cfk__policy_reset(cache);
    cfk__cache_make_room(cache, (uint32_t)capacity, 0, now_ns);
    if (block != NULL)
        move_all(cache, block, (uint32_t)capacity);
    return CFK_OK;
}
