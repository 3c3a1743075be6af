/* SPDX-License-Identifier: MIT */
#include "structures/cache_table.h"

#include "structures/cache_queue.h"

void cfk__ghosts_reset(struct cfk__cache_arrays *a)
{
    for (unsigned queue = CFK__QUEUE_GHOSTS; queue < CFK__QUEUES; queue++) {
        uint32_t end = queue;

        a->links[end] = (struct cfk__cache_links){ end, end };
        a->counts[queue] = 0;
    }
    a->ghosts_begun = 0;
    a->ghosts_free = CFK__CACHE_NONE;
}

void cfk__cache_table_clear(struct cfk__cache_arrays *a)
{
    memset(a->chains, 0, ((size_t)a->chain_mask + 1) * sizeof *a->chains);
}

void cfk__cache_rehash(cfk_cache *cache)
{
    struct cfk__cache_arrays *a = &cache->a;

    cfk__hasher_guard(&cache->hasher);
    cfk__cache_set_ways(cache);
    cfk__ghosts_reset(a);
    cfk__cache_table_clear(a);
    for (uint32_t i = 0; i < a->begun; i++) {
        struct cfk__cache_entry *entry = &a->entries[i];
        uint64_t hash;

        if (cfk__node_is_out(a, i))
            continue;
        hash = cfk__cache_hash(cache, &entry->key);
        entry->low = (uint32_t)hash;
        (void)cfk__cache_table_insert(a, hash, i);
    }
    cache->stats.rehashed++;
}
