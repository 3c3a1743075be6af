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

/* Up to three times as many chains as nodes. */
static uint32_t chains_for(uint32_t nodes)
{
    uint32_t chains = 1;

    while (chains <= nodes + nodes / 2)
        chains *= 2;
    return chains;
}

/* What each array takes, in the order in which they lie. */
struct sizes {
    size_t entries;
    size_t ghosts;
    size_t chains;
    size_t next;
    size_t links;
    size_t heap;
};

static struct sizes sizes_of(uint32_t capacity, uint32_t ghosts)
{
    size_t nodes = (size_t)capacity + ghosts;

    return (struct sizes){
        .entries = (capacity + (size_t)CFK__QUEUES) * sizeof(struct cfk__cache_entry),
        .ghosts = ghosts * sizeof(uint64_t),
        .chains = chains_for((uint32_t)nodes) * sizeof(uint32_t),
        .next = (nodes + CFK__QUEUES) * sizeof(uint32_t),
        .links = (nodes + CFK__QUEUES) * sizeof(struct cfk__cache_links),
        .heap = capacity * sizeof(uint32_t),
    };
}

size_t cfk__cache_arrays_size(int32_t policy, uint32_t capacity)
{
    struct sizes s = sizes_of(capacity, cfk__cache_ghosts(policy, capacity));

    /* Twice a line, so that neighbours in memory, other shards say, share none. */
    return 2 * CACHE_LINE + s.entries + s.ghosts + s.chains + s.next + s.links + s.heap;
}

void cfk__cache_arrays_place(struct cfk__cache_arrays *a, void *block, int32_t policy,
                             uint32_t capacity)
{
    uint32_t ghosts = cfk__cache_ghosts(policy, capacity);
    struct sizes s = sizes_of(capacity, ghosts);
    char *at = block;

    at += (CACHE_LINE - (uintptr_t)at % CACHE_LINE) % CACHE_LINE;
    *a = (struct cfk__cache_arrays){
        .capacity = capacity,
        .ghost_capacity = ghosts,
        .chain_mask = chains_for(capacity + ghosts) - 1,
        .first_ghost = CFK__QUEUES + capacity,
        .begun = CFK__QUEUES,
        .free = CFK__CACHE_NONE,
        .ghosts_free = CFK__CACHE_NONE,
    };
    a->entries = (void *)at;
    a->ghosts = (void *)(at += s.entries);
    a->links = (void *)(at += s.ghosts);
    a->chains = (void *)(at += s.links);
    a->next = (void *)(at += s.chains);
    a->heap = (void *)(at += s.next);
    a->hand = CFK__QUEUE_MAIN;
    for (unsigned queue = 0; queue < CFK__QUEUES; queue++) {
        uint32_t end = queue;

        a->links[end] = (struct cfk__cache_links){ end, end };
    }
}
