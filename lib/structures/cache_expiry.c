/* SPDX-License-Identifier: MIT */
#include "structures/cache.h"

enum { CHILDREN = 4 };

static int64_t time_at(const cfk_cache *cache, uint32_t at)
{
    return cache->entries[cache->heap[at]].expire;
}

static void put(cfk_cache *cache, uint32_t at, uint32_t index)
{
    cache->heap[at] = index;
    cache->entries[index].place = at;
}

static void sift_up(cfk_cache *cache, uint32_t at)
{
    uint32_t index = cache->heap[at];
    int64_t expire = cache->entries[index].expire;

    while (at > 0) {
        uint32_t parent = (at - 1) / CHILDREN;

        if (time_at(cache, parent) <= expire)
            break;
        put(cache, at, cache->heap[parent]);
        at = parent;
    }
    put(cache, at, index);
}

/* The earliest child of a node, or heap_len where it has none. */
static uint32_t first_child(const cfk_cache *cache, uint32_t at)
{
    uint32_t first = at * CHILDREN + 1; /* the capacity has a limit: no overflow */
    uint32_t end =
        first + CHILDREN < cache->heap_len ? first + CHILDREN : cache->heap_len;

    if (first >= cache->heap_len)
        return cache->heap_len;
    for (uint32_t child = first + 1; child < end; child++)
        if (time_at(cache, child) < time_at(cache, first))
            first = child;
    return first;
}

static void sift_down(cfk_cache *cache, uint32_t at)
{
    uint32_t index = cache->heap[at];
    int64_t expire = cache->entries[index].expire;

    for (;;) {
        uint32_t child = first_child(cache, at);

        if (child == cache->heap_len || time_at(cache, child) >= expire)
            break;
        put(cache, at, cache->heap[child]);
        at = child;
    }
    put(cache, at, index);
}

static void take_out(cfk_cache *cache, uint32_t at)
{
    uint32_t last = cache->heap[--cache->heap_len];

    if (at == cache->heap_len)
        return;
    put(cache, at, last);
    sift_up(cache, at);
    sift_down(cache, at);
}

void cfk__cache_set_expiry(cfk_cache *cache, uint32_t index, int64_t expire)
{
    struct cfk__cache_entry *entry = &cache->entries[index];
    int64_t before = entry->expire;

    entry->expire = expire;
    if (expire == before)
        return;
    if (expire == CFK_CACHE_NEVER) {
        take_out(cache, entry->place);
    } else if (before == CFK_CACHE_NEVER) {
        put(cache, cache->heap_len++, index);
        sift_up(cache, entry->place);
    } else if (expire < before) {
        sift_up(cache, entry->place);
    } else {
        sift_down(cache, entry->place);
    }
}
