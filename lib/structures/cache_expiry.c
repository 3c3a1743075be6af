/* SPDX-License-Identifier: MIT */
#include "structures/cache.h"

enum { CHILDREN = 4 };

static inline void put(struct cfk__cache_entry *entries, uint32_t *heap, size_t at,
                       uint32_t index)
{
    heap[at] = index;
    entries[index].place = (uint32_t)at & CFK__CACHE_PLACE;
}

static void sift_up(cfk_cache *cache, uint32_t from)
{
    struct cfk__cache_entry *entries = cache->a.entries;
    uint32_t *heap = cache->a.heap;
    uint32_t index = heap[from];
    int64_t expire = entries[index].expire;
    size_t at = from;

    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;

        if (entries[heap[parent]].expire <= expire)
            break;
        put(entries, heap, at, heap[parent]);
        at = parent;
    }
    put(entries, heap, at, index);
}

struct child {
    size_t at;
    int64_t time;
};

static inline struct child child_at(const struct cfk__cache_entry *entries,
                                    const uint32_t *heap, size_t at)
{
    return (struct child){ at, entries[heap[at]].expire };
}

static inline struct child earlier(struct child a, struct child b)
{
    return b.time < a.time ? b : a;
}

/* The earliest of the children from first on, of which there is at least one. */
static inline struct child earliest(const struct cfk__cache_entry *entries,
                                    const uint32_t *heap, size_t first, size_t len)
{
    struct child found = child_at(entries, heap, first);

    if (len - first >= CHILDREN)
        return earlier(earlier(found, child_at(entries, heap, first + 1)),
                       earlier(child_at(entries, heap, first + 2),
                               child_at(entries, heap, first + 3)));
    for (size_t at = first + 1; at < len; at++)
        found = earlier(found, child_at(entries, heap, at));
    return found;
}

/* Most of what expiry costs is done here: what is renewed or replaced often stands high.
 */
static void sift_down(cfk_cache *cache, uint32_t from)
{
    struct cfk__cache_entry *entries = cache->a.entries;
    uint32_t *heap = cache->a.heap;
    size_t len = cache->a.heap_len;
    uint32_t index = heap[from];
    int64_t expire = entries[index].expire;
    size_t at = from;

    while (at * CHILDREN + 1 < len) {
        struct child child = earliest(entries, heap, at * CHILDREN + 1, len);

        if (child.time >= expire)
            break;
        put(entries, heap, at, heap[child.at]);
        at = child.at;
    }
    put(entries, heap, at, index);
}

static void take_out(cfk_cache *cache, uint32_t at)
{
    uint32_t last = cache->a.heap[--cache->a.heap_len];

    if (at == cache->a.heap_len)
        return;
    put(cache->a.entries, cache->a.heap, at, last);
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
        put(cache->a.entries, cache->a.heap, cache->a.heap_len++, index);
        sift_up(cache, entry->place);
    } else if (expire < before) {
        sift_up(cache, entry->place);
    } else {
        sift_down(cache, entry->place);
    }
}
