/* SPDX-License-Identifier: MIT */
#include "structures/cache_queue.h"

enum { CACHE_LINE = 64 };

/*
 * S3-FIFO remembers nine tenths as many as there is room for; ARC as many again.
 */
uint32_t cfk__cache_ghosts(int32_t policy, uint32_t capacity)
{
    switch (policy) {
    case CFK_CACHE_S3FIFO: return (uint32_t)((uint64_t)capacity * 9 / 10);
    case CFK_CACHE_ARC: return capacity;
    default: return 0;
    }
}

/* At most a quarter of the slots is used, whatever the number. */
static uint32_t slots_for(uint32_t nodes)
{
    return 4 * nodes;
}

/* What each array takes, in the order in which they lie. */
struct sizes {
    size_t entries;
    size_t ghosts;
    size_t slots;
    size_t links;
    size_t heap;
};

static struct sizes sizes_of(uint32_t capacity, uint32_t ghosts)
{
    size_t nodes = (size_t)capacity + ghosts;

    return (struct sizes){
        .entries = (capacity + (size_t)CFK__QUEUES) * sizeof(struct cfk__cache_entry),
        .ghosts = ghosts * sizeof(uint64_t),
        .slots = (size_t)slots_for((uint32_t)nodes) * sizeof(uint32_t),
        .links = (nodes + CFK__QUEUES) * sizeof(struct cfk__cache_links),
        .heap = capacity * sizeof(uint32_t),
    };
}

size_t cfk__cache_arrays_size(int32_t policy, uint32_t capacity)
{
    struct sizes s = sizes_of(capacity, cfk__cache_ghosts(policy, capacity));

    /* Twice a line, so that neighbours in memory, other shards say, share none. */
    return 2 * CACHE_LINE + s.entries + s.ghosts + s.slots + s.links + s.heap;
}

static uint32_t bits_of(uint32_t n)
{
    uint32_t bits = 0;

    for (; n != 0; n >>= 1)
        bits++;
    return bits;
}

/*
 * The longest run of used slots that is left alone. Runs of n by chance become rarer
 * by 0.53 a slot in a table that is filled to a quarter, so that this one comes about
 * once in the 7th power of the table's size.
 */
static uint32_t longest_run(uint32_t slots)
{
    return 8 * bits_of(slots);
}

void cfk__cache_arrays_place(struct cfk__cache_arrays *a, void *block, int32_t policy,
                             uint32_t capacity)
{
    uint32_t ghosts = cfk__cache_ghosts(policy, capacity);
    struct sizes s = sizes_of(capacity, ghosts);
    char *at = block;

    at += (CACHE_LINE - (uintptr_t)at % CACHE_LINE) % CACHE_LINE;
    *a = (struct cfk__cache_arrays){
        .entries = (void *)at,
        .ghosts = (void *)(at + s.entries),
        .slots = (void *)(at + s.entries + s.ghosts),
        .links = (void *)(at + s.entries + s.ghosts + s.slots),
        .heap = (void *)(at + s.entries + s.ghosts + s.slots + s.links),
        .capacity = capacity,
        .ghost_capacity = ghosts,
        .slot_count = slots_for(capacity + ghosts),
        .node_mask = ((uint32_t)1 << bits_of(capacity + ghosts + CFK__QUEUES)) - 1,
        .first_ghost = CFK__QUEUES + capacity,
        .begun = CFK__QUEUES,
        .free = CFK__CACHE_NONE,
        .ghosts_free = CFK__CACHE_NONE,
    };
    a->hand = CFK__QUEUE_MAIN;
    a->longest_run = longest_run(a->slot_count);
    for (unsigned queue = 0; queue < CFK__QUEUES; queue++) {
        uint32_t end = queue;

        a->links[end] = (struct cfk__cache_links){ end, end };
    }
}
