/* SPDX-License-Identifier: MIT */
/*
 * The least counter is found lazily. A sweep over all counters puts the smallest
 * quarter into a heap and notes the largest of them as the ceiling; counters
 * outside are not below it. Counters only grow, so the heap's top, when its count
 * has not moved since, is the least of all; when it has moved it sinks, or leaves
 * above the ceiling. An entry leaves the heap only by an event of its own, so a
 * sweep of k is paid by k / 4 events at least.
 *
 * What a sweep costs anyway also pays for a look at the cells.
 */
#include "structures/topk.h"

/* Whether a must not be below b: with the least on top, or with the most. */
static inline bool wrong_way(uint64_t a, uint64_t b, bool least_on_top)
{
    return least_on_top ? a > b : a < b;
}

void cfk__topk_sift_down(struct cfk__topk_candidate *heap, uint32_t len, uint32_t at,
                         bool least_on_top)
{
    struct cfk__topk_candidate moving = heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= len)
            break;
        if (child + 1 < len &&
            wrong_way(heap[child].count, heap[child + 1].count, least_on_top))
            child++;
        if (!wrong_way(moving.count, heap[child].count, least_on_top))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

void cfk__topk_heapify(struct cfk__topk_candidate *heap, uint32_t len, bool least_on_top)
{
    for (uint32_t at = len / 2; at-- > 0;)
        cfk__topk_sift_down(heap, len, at, least_on_top);
}

/*
 * What a key that never came finds in its lesser cell, on average of as many
 * pairs of cells as there are counters.
 */
static void listen(cfk_topk *top)
{
    uint32_t row = top->row_mask + 1;
    uint32_t count = row < top->counter_count ? row : top->counter_count;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct cfk__topk_cells pair = { i, row + i };
        bool decayed = cfk__topk_decays(top);

        sum = cfk__topk_sum(decayed, sum, cfk__topk_cell_value(decayed, top, pair));
    }
    top->noise = cfk__topk_decays(top)
                     ? cfk__topk_amount(cfk__topk_real(sum) / (double)count)
                     : sum / count;
}

/* Fill the heap with the smallest counters: first with the most of them on top. */
static void sweep(cfk_topk *top)
{
    struct cfk__topk_candidate *heap = top->heap;
    uint32_t len = top->heap_capacity;

    for (uint32_t i = 0; i < len; i++)
        heap[i] = (struct cfk__topk_candidate){ top->counters[i].count, i };
    cfk__topk_heapify(heap, len, false);
    for (uint32_t i = len; i < top->used; i++) {
        if (top->counters[i].count < heap[0].count) {
            heap[0] = (struct cfk__topk_candidate){ top->counters[i].count, i };
            cfk__topk_sift_down(heap, len, 0, false);
        }
    }
    top->ceiling = heap[0].count;
    top->heap_len = len;
    cfk__topk_heapify(heap, len, true);
    listen(top);
    top->sweeps++;
}

void cfk__topk_settle(cfk_topk *top, uint64_t count)
{
    if (count < top->ceiling)
        top->heap[0].count = count;
    else
        top->heap[0] = top->heap[--top->heap_len];
    if (top->heap_len > 1)
        cfk__topk_sift_down(top->heap, top->heap_len, 0, true);
}

static void set_floor(cfk_topk *top, uint64_t floor)
{
    top->floor = floor;
    top->cell_floor = cfk__topk_decays(top) || floor < CFK__TOPK_CELL_MOST
                          ? floor
                          : CFK__TOPK_CELL_MOST;
}

struct cfk__topk_counter *cfk__topk_least_counter(cfk_topk *top)
{
    for (;;) {
        struct cfk__topk_counter *counter;

        if (top->heap_len == 0)
            sweep(top);
        counter = &top->counters[top->heap[0].index];
        if (counter->count == top->heap[0].count) {
            set_floor(top, counter->count);
            return counter;
        }
        cfk__topk_settle(top, counter->count);
    }
}

void cfk__topk_forget_least(cfk_topk *top)
{
    top->heap_len = 0;
    top->ceiling = 0;
    set_floor(top, 0);
}

uint64_t cfk__topk_most_error(const cfk_topk *top)
{
    uint64_t least = UINT64_MAX;

    if (top->used < top->counter_count)
        return 0;
    for (uint32_t i = 0; i < top->used; i++)
        if (top->counters[i].count < least)
            least = top->counters[i].count;
    return least > top->offset ? least : top->offset;
}
