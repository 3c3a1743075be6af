/* SPDX-License-Identifier: MIT */
/*
 * The queue between two threads (Lamport, 1983). Each thread owns an index that only
 * grows and that the other reads; items lie at the index modulo a power of two, so that
 * an index may also pass 2^64. Each thread keeps a copy of the other's index and looks
 * again only when by the copy there is no room or no item (Lee, Bu and Chandranmenon,
 * 2010), and what one thread writes lies two cache lines away from what the other does.
 */
#include "structures/ring.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdatomic.h>
#include <string.h>

enum { APART = 128 }; /* processors also fetch the line beside */

struct cfk_spsc {
    struct cfk_alloc alloc;
    uint8_t *items;
    size_t item_size;
    uint64_t capacity;
    uint64_t mask;
    atomic_int closed;
    uint8_t apart_1[APART];

    atomic_uint_fast64_t pushed; /* the pushing thread's */
    uint64_t popped_seen;
    uint8_t apart_2[APART];

    atomic_uint_fast64_t popped; /* the popping thread's */
    uint64_t pushed_seen;
    uint8_t apart_3[APART];
};

int cfk_spsc_new(const struct cfk_ring_options *opts, cfk_spsc **out,
                 struct cfk_error *err)
{
    struct cfk_ring_options o;
    size_t slots = 1;
    cfk_spsc *queue;
    int rc;

    *out = NULL;
    rc = cfk__ring_options(&o, opts, err);
    if (rc != CFK_OK)
        return rc;
    while (slots < o.capacity)
        slots *= 2;
    queue = cfk__calloc(o.alloc, 1, sizeof *queue);
    if (queue == NULL)
        goto no_memory;
    queue->alloc = *cfk__alloc_or_default(o.alloc);
    queue->capacity = o.capacity;
    queue->mask = slots - 1;
    queue->item_size = o.item_size;
    cfk__spsc_begin_at(queue, 0);
    queue->items = cfk__calloc(o.alloc, slots, o.item_size);
    if (queue->items == NULL)
        goto no_memory;
    *out = queue;
    return CFK_OK;

no_memory:
    cfk_spsc_free(queue);
    return cfk__fail(err, CFK_E_NOMEM, "ring: no memory for %zu items of %zu bytes",
                     slots, o.item_size);
}

void cfk_spsc_free(cfk_spsc *queue)
{
    struct cfk_alloc alloc;

    if (queue == NULL)
        return;
    alloc = queue->alloc;
    cfk__free(&alloc, queue->items);
    cfk__free(&alloc, queue);
}

void cfk__spsc_begin_at(cfk_spsc *queue, uint64_t index)
{
    atomic_init(&queue->pushed, index);
    atomic_init(&queue->popped, index);
    queue->pushed_seen = queue->popped_seen = index;
}

/* How many of count items from an index on lie side by side. */
static size_t run_at(const cfk_spsc *queue, uint64_t index, size_t count)
{
    uint64_t left = queue->mask + 1 - (index & queue->mask);

    return count < left ? count : (size_t)left;
}

static uint8_t *item_at(const cfk_spsc *queue, uint64_t index)
{
    return queue->items + (size_t)(index & queue->mask) * queue->item_size;
}

int64_t cfk_spsc_push(cfk_spsc *queue, const void *items, size_t count)
{
    uint64_t pushed = atomic_load_explicit(&queue->pushed, memory_order_relaxed);
    uint64_t room = queue->capacity - (pushed - queue->popped_seen);
    size_t first;

    if (atomic_load_explicit(&queue->closed, memory_order_relaxed))
        return CFK_E_STATE;
    if (room < count) {
        queue->popped_seen = atomic_load_explicit(&queue->popped, memory_order_acquire);
        room = queue->capacity - (pushed - queue->popped_seen);
        if (count > room)
            count = (size_t)room;
        if (count == 0)
            return 0;
    }
    first = run_at(queue, pushed, count);
    if (count > 0)
        memcpy(item_at(queue, pushed), items, first * queue->item_size);
    if (first < count)
        memcpy(queue->items, (const uint8_t *)items + first * queue->item_size,
               (count - first) * queue->item_size);
    atomic_store_explicit(&queue->pushed, pushed + count, memory_order_release);
    return (int64_t)count;
}

/* Items there are to pop, looking again where fewer than wanted are known of. */
static uint64_t ready(cfk_spsc *queue, uint64_t popped, size_t wanted)
{
    if (queue->pushed_seen - popped < wanted)
        queue->pushed_seen = atomic_load_explicit(&queue->pushed, memory_order_acquire);
    return queue->pushed_seen - popped;
}

int64_t cfk_spsc_pop(cfk_spsc *queue, void *items, size_t max)
{
    uint64_t popped = atomic_load_explicit(&queue->popped, memory_order_relaxed);
    uint64_t count = ready(queue, popped, max);
    size_t first;

    if (count == 0) {
        /* Closed is asked first: what was pushed before that shows then. */
        if (!atomic_load_explicit(&queue->closed, memory_order_acquire))
            return 0;
        count = ready(queue, popped, 1);
        if (count == 0)
            return CFK_E_STATE;
    }
    if (count > max)
        count = max;
    first = run_at(queue, popped, (size_t)count);
    if (count > 0)
        memcpy(items, item_at(queue, popped), first * queue->item_size);
    if (first < count)
        memcpy((uint8_t *)items + first * queue->item_size, queue->items,
               ((size_t)count - first) * queue->item_size);
    atomic_store_explicit(&queue->popped, popped + count, memory_order_release);
    return (int64_t)count;
}

void cfk_spsc_close(cfk_spsc *queue)
{
    atomic_store_explicit(&queue->closed, 1, memory_order_release);
}

/* The popped index first: it is never ahead of a pushed one read later. */
size_t cfk_spsc_count(const cfk_spsc *queue)
{
    uint64_t popped = atomic_load_explicit(&queue->popped, memory_order_acquire);
    uint64_t pushed = atomic_load_explicit(&queue->pushed, memory_order_acquire);
    uint64_t count = pushed - popped;

    return (size_t)(count < queue->capacity ? count : queue->capacity);
}

size_t cfk_spsc_capacity(const cfk_spsc *queue)
{
    return (size_t)queue->capacity;
}
