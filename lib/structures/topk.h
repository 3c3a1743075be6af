/* SPDX-License-Identifier: MIT */
/* The inside of a sketch, shared by adding (topk.c) and telling (topk_list.c). */
#ifndef CFK_STRUCTURES_TOPK_H
#define CFK_STRUCTURES_TOPK_H

#include "cfkit/topk.h"

#include "base/table.h"
#include "structures/key.h"

/* A counter, one cache line. The true weight is in count - error .. count. */
struct cfk__topk_counter {
    _Alignas(64) uint64_t count;
    uint64_t error;
    uint64_t hash;
    struct cfk__key key;
};

/* A counter as it was when it was put into the heap; its count may have grown. */
struct cfk__topk_candidate {
    uint64_t count;
    uint32_t index;
};

struct cfk_topk {
    struct cfk_alloc alloc;
    uint64_t seed[2];
    uint64_t total;
    uint64_t floor; /* no counter is below this, once all are used */

    struct cfk__topk_counter *counters;
    void *counters_block; /* what to release: counters is aligned within it */
    uint32_t counter_count;
    uint32_t used;
    uint32_t max_key_bytes;
    struct cfk__table table;

    uint32_t *cells;
    uint32_t cell_mask;

    struct cfk__topk_candidate *heap; /* the least on top */
    uint32_t heap_capacity;
    uint32_t heap_len;
    uint64_t ceiling; /* every counter outside of the heap is at or above this */
};

/* The index of a key's counter, or CFK__TABLE_NONE. */
uint32_t cfk__topk_find(const cfk_topk *top, uint64_t hash, const void *key,
                        size_t key_len);

/* The least count of all counters, found without changing anything. O(k). */
uint64_t cfk__topk_least(const cfk_topk *top);

static inline uint64_t cfk__topk_sum(uint64_t a, uint64_t b)
{
    return a <= UINT64_MAX - b ? a + b : UINT64_MAX;
}

#define CFK__TOPK_CELL_MOST                                                              \
    UINT32_MAX /* a cell that says: as much as the least counter */

#endif
