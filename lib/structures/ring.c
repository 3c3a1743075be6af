/* SPDX-License-Identifier: MIT */
/* The ring for one thread: the place of the oldest item, and how many there are. */
#include "structures/ring.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <stdbool.h>
#include <string.h>

static const size_t DEFAULT_CAPACITY = 1024;
static const size_t MOST = (size_t)1 << 30; /* items, and bytes of one */

struct cfk_ring {
    struct cfk_alloc alloc;
    size_t item_size;
    size_t capacity;
    size_t oldest; /* below capacity */
    size_t count;
    uint8_t *items;
};

int cfk__ring_options(struct cfk_ring_options *o, const struct cfk_ring_options *opts,
                      struct cfk_error *err)
{
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    if (o->capacity > MOST)
        return cfk__fail(err, CFK_E_INVALID, "ring: %zu items; %zu is the most",
                         o->capacity, MOST);
    if (o->item_size > MOST)
        return cfk__fail(err, CFK_E_INVALID, "ring: items of %zu bytes; %zu is the most",
                         o->item_size, MOST);
    if (o->capacity == 0)
        o->capacity = DEFAULT_CAPACITY;
    if (o->item_size == 0)
        o->item_size = sizeof(void *);
    return CFK_OK;
}

int cfk_ring_new(const struct cfk_ring_options *opts, cfk_ring **out,
                 struct cfk_error *err)
{
    struct cfk_ring_options o;
    cfk_ring *ring;
    int rc;

    *out = NULL;
    rc = cfk__ring_options(&o, opts, err);
    if (rc != CFK_OK)
        return rc;
    ring = cfk__calloc(o.alloc, 1, sizeof *ring);
    if (ring == NULL)
        goto no_memory;
    ring->alloc = *cfk__alloc_or_default(o.alloc);
    ring->capacity = o.capacity;
    ring->item_size = o.item_size;
    ring->items = cfk__calloc(o.alloc, o.capacity, o.item_size);
    if (ring->items == NULL)
        goto no_memory;
    *out = ring;
    return CFK_OK;

no_memory:
    cfk_ring_free(ring);
    return cfk__fail(err, CFK_E_NOMEM, "ring: no memory for %zu items of %zu bytes",
                     o.capacity, o.item_size);
}

void cfk_ring_free(cfk_ring *ring)
{
    struct cfk_alloc alloc;

    if (ring == NULL)
        return;
    alloc = ring->alloc;
    cfk__free(&alloc, ring->items);
    cfk__free(&alloc, ring);
}

/* The item at a place, which is at most capacity. */
static uint8_t *item_at(const cfk_ring *ring, size_t place)
{
    size_t index = ring->oldest + place;

    if (index >= ring->capacity)
        index -= ring->capacity;
    return ring->items + index * ring->item_size;
}

static void drop_oldest(cfk_ring *ring, size_t count)
{
    ring->oldest += count;
    if (ring->oldest >= ring->capacity)
        ring->oldest -= ring->capacity;
    ring->count -= count;
}

int cfk_ring_push(cfk_ring *ring, const void *item, void *evicted)
{
    bool full = ring->count == ring->capacity;

    if (full)
        cfk_ring_pop(ring, evicted);
    memcpy(item_at(ring, ring->count++), item, ring->item_size);
    return full;
}

int cfk_ring_offer(cfk_ring *ring, const void *item)
{
    if (ring->count == ring->capacity)
        return 0;
    memcpy(item_at(ring, ring->count++), item, ring->item_size);
    return 1;
}

int cfk_ring_pop(cfk_ring *ring, void *item)
{
    if (ring->count == 0)
        return 0;
    if (item != NULL)
        memcpy(item, item_at(ring, 0), ring->item_size);
    drop_oldest(ring, 1);
    return 1;
}

int cfk_ring_pop_newest(cfk_ring *ring, void *item)
{
    if (ring->count == 0)
        return 0;
    ring->count--;
    if (item != NULL)
        memcpy(item, item_at(ring, ring->count), ring->item_size);
    return 1;
}

const void *cfk_ring_at(const cfk_ring *ring, size_t place)
{
    return place < ring->count ? item_at(ring, place) : NULL;
}

/* How many of count items from a place on lie side by side. */
static size_t run_at(const cfk_ring *ring, size_t place, size_t count)
{
    size_t behind = ring->capacity - ring->oldest;
    size_t left = place < behind ? behind - place : ring->capacity - (place - behind);

    return count < left ? count : left;
}

static void append(cfk_ring *ring, const uint8_t *items, size_t count)
{
    size_t first = run_at(ring, ring->count, count);

    if (count == 0)
        return;
    memcpy(item_at(ring, ring->count), items, first * ring->item_size);
    if (first < count)
        memcpy(item_at(ring, ring->count + first), items + first * ring->item_size,
               (count - first) * ring->item_size);
    ring->count += count;
}

size_t cfk_ring_push_many(cfk_ring *ring, const void *items, size_t count)
{
    size_t in_vain = count > ring->capacity ? count - ring->capacity : 0;
    size_t kept = count - in_vain;
    size_t room = ring->capacity - ring->count;
    size_t evicted = kept > room ? kept - room : 0;

    drop_oldest(ring, evicted);
    append(ring, (const uint8_t *)items + in_vain * ring->item_size, kept);
    return in_vain + evicted;
}

size_t cfk_ring_offer_many(cfk_ring *ring, const void *items, size_t count)
{
    size_t room = ring->capacity - ring->count;

    if (count > room)
        count = room;
    append(ring, items, count);
    return count;
}

size_t cfk_ring_pop_many(cfk_ring *ring, void *items, size_t max)
{
    size_t count = max < ring->count ? max : ring->count;
    size_t first = run_at(ring, 0, count);

    if (items != NULL && count > 0) {
        memcpy(items, item_at(ring, 0), first * ring->item_size);
        if (first < count)
            memcpy((uint8_t *)items + first * ring->item_size, item_at(ring, first),
                   (count - first) * ring->item_size);
    }
    drop_oldest(ring, count);
    return count;
}

size_t cfk_ring_count(const cfk_ring *ring)
{
    return ring->count;
}

size_t cfk_ring_capacity(const cfk_ring *ring)
{
    return ring->capacity;
}

void cfk_ring_clear(cfk_ring *ring)
{
    ring->oldest = 0;
    ring->count = 0;
}
