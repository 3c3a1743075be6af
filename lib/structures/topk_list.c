/* SPDX-License-Identifier: MIT */
/* What a sketch tells. Nothing here changes it. */
#include "structures/topk.h"

#include "base/siphash.h"

uint64_t cfk__topk_least(const cfk_topk *top)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < top->used; i++)
        if (top->counters[i].count < least)
            least = top->counters[i].count;
    return least;
}

void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len, uint64_t *lo,
                    uint64_t *hi)
{
    uint64_t hash;
    uint32_t index;

    *lo = 0;
    *hi = 0;
    if (key_len > top->max_key_bytes)
        return;
    hash = cfk__siphash13(top->seed, key, key_len);
    index = cfk__topk_find(top, hash, key, key_len);
    if (index != CFK__TABLE_NONE) {
        *lo = top->counters[index].count - top->counters[index].error;
        *hi = top->counters[index].count;
        return;
    }
    *hi = top->cells[(uint32_t)hash & top->cell_mask];
    if (*hi == CFK__TOPK_CELL_MOST)
        *hi = cfk__topk_least(top);
}

static int compare_keys(const struct cfk_topk_item *a, const struct cfk_topk_item *b)
{
    size_t both = a->key_len < b->key_len ? a->key_len : b->key_len;
    int difference = both > 0 ? memcmp(a->key, b->key, both) : 0;

    if (difference != 0)
        return difference;
    return (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* Whether a stands before b in the list. */
static bool before(const struct cfk_topk_item *a, const struct cfk_topk_item *b,
                   int order)
{
    uint64_t first_a = order == CFK_TOPK_BY_LO ? a->lo : a->hi;
    uint64_t first_b = order == CFK_TOPK_BY_LO ? b->lo : b->hi;
    uint64_t then_a = order == CFK_TOPK_BY_LO ? a->hi : a->lo;
    uint64_t then_b = order == CFK_TOPK_BY_LO ? b->hi : b->lo;

    if (first_a != first_b)
        return first_a > first_b;
    if (then_a != then_b)
        return then_a > then_b;
    return compare_keys(a, b) < 0;
}

/* A heap with the item that stands last on top. */
static void sift_down(struct cfk_topk_item *items, size_t len, size_t at, int order)
{
    struct cfk_topk_item moving = items[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= len)
            break;
        if (child + 1 < len && before(&items[child], &items[child + 1], order))
            child++;
        if (!before(&moving, &items[child], order))
            break;
        items[at] = items[child];
        at = child;
    }
    items[at] = moving;
}

static struct cfk_topk_item item_of(const struct cfk__topk_counter *counter)
{
    return (struct cfk_topk_item){
        .key = cfk__key_data(&counter->key),
        .key_len = counter->key.len,
        .lo = counter->count - counter->error,
        .hi = counter->count,
    };
}

size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                     size_t max)
{
    size_t count = max < top->used ? max : top->used;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        items[i] = item_of(&top->counters[i]);
    for (size_t at = count / 2; at-- > 0;)
        sift_down(items, count, at, order);
    for (size_t i = count; i < top->used; i++) {
        struct cfk_topk_item item = item_of(&top->counters[i]);

        if (before(&item, &items[0], order)) {
            items[0] = item;
            sift_down(items, count, 0, order);
        }
    }
    for (size_t end = count - 1; end > 0; end--) {
        struct cfk_topk_item last = items[0];

        items[0] = items[end];
        items[end] = last;
        sift_down(items, end, 0, order);
    }
    return count;
}

uint64_t cfk_topk_total(const cfk_topk *top)
{
    return top->total;
}

uint64_t cfk_topk_max_error(const cfk_topk *top)
{
    return top->used < top->counter_count ? 0 : cfk__topk_least(top);
}
