/* SPDX-License-Identifier: MIT */
/* How entries leave a cache. */
#include "structures/cache_queue.h"
#include "structures/cache_table.h"

#include "base/error.h"

int cfk__cache_busy(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_BUSY, "cache: called from its own callback");
}

void cfk__cache_set_ways(cfk_cache *cache)
{
    bool brief = !cache->telling && !cache->hasher.guarded &&
                 cache->max_key_bytes >= CFK__CACHE_SHORT;
    bool quick = brief && cache->plain && cache->policy == CFK_CACHE_LRU;

    cache->short_keys = brief ? CFK__CACHE_SHORT + 1 : 0;
    cache->quick_keys = quick ? CFK__CACHE_SHORT + 1 - CFK__CACHE_QUICK : 0;
}

void cfk__cache_tell(cfk_cache *cache, const struct cfk__key *key, uint64_t value,
                     int why)
{
    if (cache->dropped == NULL)
        return;
    cache->telling = true;
    cfk__cache_set_ways(cache);
    cache->dropped(cache->dropped_ctx, cfk__key_data(key), key->len, value, why);
    cache->telling = false;
    cfk__cache_set_ways(cache);
}

static inline void count_drop(struct cfk_cache_stats *stats, int why)
{
    switch (why) {
    case CFK_CACHE_EVICTED: stats->evicted++; break;
    case CFK_CACHE_EXPIRED: stats->expired++; break;
    default: stats->deleted++; break;
    }
}

/* Everything is in order again before the callback is told. */
static inline void drop(cfk_cache *cache, uint32_t index, int why)
{
    struct cfk__cache_arrays *a = &cache->a;
    struct cfk__cache_entry *entry = &a->entries[index];

    cfk__cache_table_remove(a, index);
    cfk__cache_set_expiry(cache, index, CFK_CACHE_NEVER);
    cfk__policy_leave(cache, index);
    cfk__node_take_out(a, index);
    cache->weight -= entry->weight;
    count_drop(&cache->stats, why);
    if (cache->dropped != NULL)
        cfk__cache_tell(cache, &entry->key, entry->value, why);
    if (entry->key.len > CFK__KEY_INLINE)
        cfk__key_release(&entry->key, &cache->alloc);
    a->links[index].older = a->free;
    a->free = index;
}

void cfk__cache_drop(cfk_cache *cache, uint32_t index, int why)
{
    drop(cache, index, why);
}

static inline void evict(cfk_cache *cache)
{
    unsigned ghosts;
    uint32_t victim = cfk__policy_victim(cache, &ghosts);
    uint64_t hash = 0;

    if (ghosts != CFK__NO_QUEUE)
        hash = cfk__cache_hash(cache, &cache->a.entries[victim].key);
    drop(cache, victim, CFK_CACHE_EVICTED);
    if (ghosts != CFK__NO_QUEUE)
        cfk__policy_haunt(cache, hash, ghosts);
}

void cfk__cache_make_room(cfk_cache *cache, uint32_t count, uint64_t weight,
                          int64_t now_ns)
{
    while (!cfk__cache_fits(cache, count, weight) && cfk__cache_count(cache) > 0) {
        uint32_t first = cfk__cache_first_to_expire(cache);

        if (first != CFK__CACHE_NONE &&
            cfk__cache_is_stale(&cache->a.entries[first], now_ns))
            cfk__cache_drop(cache, first, CFK_CACHE_EXPIRED);
        else
            evict(cache);
    }
}

int cfk_cache_expire(cfk_cache *cache, int64_t now_ns, size_t max, size_t *dropped,
                     struct cfk_error *err)
{
    size_t count = 0;

    if (dropped != NULL)
        *dropped = 0;
    if (cache->telling)
        return cfk__cache_busy(err);
    while (count < max) {
        uint32_t first = cfk__cache_first_to_expire(cache);

        if (first == CFK__CACHE_NONE ||
            !cfk__cache_is_gone(cache, &cache->a.entries[first], now_ns))
            break;
        cfk__cache_drop(cache, first, CFK_CACHE_EXPIRED);
        count++;
    }
    if (dropped != NULL)
        *dropped = count;
    return CFK_OK;
}

int cfk_cache_clear(cfk_cache *cache, struct cfk_error *err)
{
    struct cfk__cache_arrays *a = &cache->a;

    if (cache->telling)
        return cfk__cache_busy(err);
    for (unsigned queue = CFK__QUEUE_MAIN; queue <= CFK__QUEUE_FIRST; queue++)
        while (a->counts[queue] > 0)
            cfk__cache_drop(cache, cfk__queue_oldest(a, queue), CFK_CACHE_CLEARED);
    cfk__cache_table_clear(a); /* of ghosts */
    cfk__ghosts_reset(a);
    cache->first_target = 0;
    return CFK_OK;
}
