/* SPDX-License-Identifier: MIT */
/* Looking at a cache without a change. */
#include "structures/cache_queue.h"
#include "structures/cache_table.h"

#include "base/error.h"

static struct cfk_cache_entry describe(const struct cfk__cache_entry *entry)
{
    return (struct cfk_cache_entry){
        .key = cfk__key_data(&entry->key),
        .key_len = entry->key.len,
        .value = entry->value,
        .expire_ns = entry->expire,
        .weight = entry->weight,
    };
}

int cfk_cache_peek(const cfk_cache *cache, const void *key, size_t key_len,
                   struct cfk_cache_entry *entry, struct cfk_error *err)
{
    uint32_t node = CFK__CACHE_NONE;

    if (key_len <= cache->max_key_bytes)
        node = cfk__cache_find(&cache->a, cfk__keyed_hash(&cache->hasher, key, key_len),
                               key, key_len);
    if (node >= cache->a.first_ghost)
        return cfk__fail(err, CFK_E_NOTFOUND, "cache: no such key");
    if (entry != NULL)
        *entry = describe(&cache->a.entries[node]);
    return CFK_OK;
}

int cfk_cache_next(const cfk_cache *cache, uint64_t *cursor,
                   struct cfk_cache_entry *entry)
{
    while (*cursor + CFK__QUEUES < cache->a.begun) {
        uint32_t index = (uint32_t)(*cursor)++ + CFK__QUEUES;

        if (!cfk__node_is_out(&cache->a, index)) {
            *entry = describe(&cache->a.entries[index]);
            return 1;
        }
    }
    return 0;
}

size_t cfk_cache_count(const cfk_cache *cache)
{
    return cfk__cache_count(cache);
}

size_t cfk_cache_capacity(const cfk_cache *cache)
{
    return cache->a.capacity;
}

uint64_t cfk_cache_weight(const cfk_cache *cache)
{
    return cache->weight;
}

int cfk_cache_get_stats(const cfk_cache *cache, struct cfk_cache_stats *stats,
                        struct cfk_error *err)
{
    size_t size = stats->size;

    if (size < sizeof size)
        return cfk__fail(err, CFK_E_INVALID, "cache: the size of the stats is not set");
    if (size > sizeof *stats)
        memset((char *)stats + sizeof *stats, 0, size - sizeof *stats);
    memcpy(stats, &cache->stats, size < sizeof *stats ? size : sizeof *stats);
    stats->size = size;
    return CFK_OK;
}
