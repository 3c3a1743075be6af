/* SPDX-License-Identifier: MIT */
#include "structures/cache.h"

enum { CHILDREN = 4 };

static int64_t time_at(const cfk_cache *cache, uint32_t at)
{
    return cache->a.entries[cache->a.heap[at]].expire;
}

static void put(cfk_cache *cache, uint32_t at, uint32_t index)
{
    cache->a.heap[at] = index;
    cache->a.entries[index].place = at & CFK__CACHE_PLACE;
}

static void sift_up(cfk_cache *cache, uint32_t at)
{
    uint32_t index = cache->a.heap[at];
    int64_t expire = cache->a.entries[index].expire;

    while (at > 0) {
        uint32_t parent = (at - 1) / CHILDREN;

        if (time_at(cache, parent) <= expire)
            break;
        put(cache, at, cache->a.heap[parent]);
        at = parent;
    }
    put(cache, at, index);
}

/* The earliest child of a node, or heap_len where it has none. */
static uint32_t first_child(const cfk_cache *cache, uint32_t at)
{
    uint32_t first = at * CHILDREN + 1; /* the capacity has a limit: no overflow */
    uint32_t end =
        first + CHILDREN < cache->a.heap_len ? first + CHILDREN : cache->a.heap_len;

    if (first >= cache->a.heap_len)
        return cache->a.heap_len;
    for (uint32_t child = first + 1; child < end; child++)
        if (time_at(cache, child) < time_at(cache, first))
            first = child;
    return first;
}

static void sift_down(cfk_cache *cache, uint32_t at)
{
    uint32_t index = cache->a.heap[at];
    int64_t expire = cache->a.entries[index].expire;

    for (;;) {
        uint32_t child = first_child(cache, at);

        if (child == cache->a.heap_len || time_at(cache, child) >= expire)
            break;
        put(cache, at, cache->a.heap[child]);
        at = child;
    }
    put(cache, at, index);
}

static void take_out(cfk_cache *cache, uint32_t at)
{
    uint32_t last = cache->a.heap[--cache->a.heap_len];

    if (at == cache->a.heap_len)
        return;
    put(cache, at, last);
    sift_up(cache, at);
    sift_down(cache, at);
}

void cfk__cache_move_expiry(cfk_cache *cache, uint32_t index, int64_t expire)
{
    struct cfk__cache_entry *entry = &cache->a.entries[index];
    int64_t before = entry->expire;

    entry->expire = expire;
    if (expire == CFK_CACHE_NEVER) {
        take_out(cache, entry->place);
    } else if (before == CFK_CACHE_NEVER) {
        put(cache, cache->a.heap_len++, index);
        sift_up(cache, entry->place);
    } else if (expire < before) {
        sift_up(cache, entry->place);
    } else {
        sift_down(cache, entry->place);
    }
}
