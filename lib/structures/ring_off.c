/* SPDX-License-Identifier: MIT */
/* Rings and pools, in a build without the structures. */
#include "cfkit/pool.h"
#include "cfkit/ring.h"

#include "base/error.h"

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_ring_new(const struct cfk_ring_options *opts, cfk_ring **out,
                 struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_ring_free(cfk_ring *ring)
{
    (void)ring;
}

int cfk_ring_push(cfk_ring *ring, const void *item, void *evicted)
{
    (void)ring, (void)item, (void)evicted;
    return 0;
}

int cfk_ring_offer(cfk_ring *ring, const void *item)
{
    (void)ring, (void)item;
    return 0;
}

int cfk_ring_pop(cfk_ring *ring, void *item)
{
    (void)ring, (void)item;
    return 0;
}

int cfk_ring_pop_newest(cfk_ring *ring, void *item)
{
    (void)ring, (void)item;
    return 0;
}

const void *cfk_ring_at(const cfk_ring *ring, size_t place)
{
    (void)ring, (void)place;
    return NULL;
}

size_t cfk_ring_push_many(cfk_ring *ring, const void *items, size_t count)
{
    (void)ring, (void)items;
    return count;
}

size_t cfk_ring_offer_many(cfk_ring *ring, const void *items, size_t count)
{
    (void)ring, (void)items, (void)count;
    return 0;
}

size_t cfk_ring_pop_many(cfk_ring *ring, void *items, size_t max)
{
    (void)ring, (void)items, (void)max;
    return 0;
}

size_t cfk_ring_count(const cfk_ring *ring)
{
    (void)ring;
    return 0;
}

size_t cfk_ring_capacity(const cfk_ring *ring)
{
    (void)ring;
    return 0;
}

void cfk_ring_clear(cfk_ring *ring)
{
    (void)ring;
}

int cfk_spsc_new(const struct cfk_ring_options *opts, cfk_spsc **out,
                 struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_spsc_free(cfk_spsc *queue)
{
    (void)queue;
}

int64_t cfk_spsc_push(cfk_spsc *queue, const void *items, size_t count)
{
    (void)queue, (void)items, (void)count;
    return absent(NULL);
}

int64_t cfk_spsc_pop(cfk_spsc *queue, void *items, size_t max)
{
    (void)queue, (void)items, (void)max;
    return absent(NULL);
}

void cfk_spsc_close(cfk_spsc *queue)
{
    (void)queue;
}

size_t cfk_spsc_count(const cfk_spsc *queue)
{
    (void)queue;
    return 0;
}

size_t cfk_spsc_capacity(const cfk_spsc *queue)
{
    (void)queue;
    return 0;
}

int cfk_pool_new(const struct cfk_pool_options *opts, cfk_pool **out,
                 struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_pool_free(cfk_pool *pool)
{
    (void)pool;
}

int cfk_pool_get(cfk_pool *pool, size_t size, void **block, size_t *capacity,
                 struct cfk_error *err)
{
    (void)pool, (void)size, (void)capacity;
    *block = NULL;
    return absent(err);
}

int cfk_pool_put(cfk_pool *pool, void *block, struct cfk_error *err)
{
    (void)pool, (void)block;
    return absent(err);
}

size_t cfk_pool_trim(cfk_pool *pool)
{
    (void)pool;
    return 0;
}

size_t cfk_pool_drain(cfk_pool *pool)
{
    (void)pool;
    return 0;
}

int cfk_pool_get_stats(const cfk_pool *pool, struct cfk_pool_stats *stats,
                       struct cfk_error *err)
{
    (void)pool, (void)stats;
    return absent(err);
}
