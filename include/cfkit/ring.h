/* SPDX-License-Identifier: MIT */
/*
 * Bounded rings of items of one size, which are copied in and out.
 *
 * cfk_ring serves one thread at a time. When it is full, a push either takes the place
 * of the oldest item (cfk_ring_push) or is refused (cfk_ring_offer); items leave at
 * either end.
 *
 *     struct cfk_ring_options opts = { .size = sizeof opts };
 *
 *     opts.capacity = 100;
 *     opts.item_size = sizeof(struct event);
 *     cfk_ring_new(&opts, &ring, &err);
 *     if (cfk_ring_push(ring, &event, &lost) == 1)
 *         ...
 *
 * cfk_spsc is a queue between two threads, one that pushes and one that pops, without a
 * lock: neither ever waits for the other.
 */
#ifndef CFKIT_RING_H
#define CFKIT_RING_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_ring cfk_ring;
typedef struct cfk_spsc cfk_spsc;

/* Of both. */
struct cfk_ring_options {
    size_t size;      /* sizeof(struct cfk_ring_options) */
    size_t capacity;  /* items, all of which fit; 0 means 1024, the most is 2^30 */
    size_t item_size; /* 0 means sizeof(void *), the most is 2^30 */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create an empty ring in *out; release it with cfk_ring_free().
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM, and on failure sets
 * *out to NULL. All allocation happens here. O(capacity). Since 0.1.
 */
CFK_API int cfk_ring_new(const struct cfk_ring_options *opts, cfk_ring **out,
                         struct cfk_error *err);

/* Release a ring; what is in it is forgotten. NULL is accepted. Since 0.1. */
CFK_API void cfk_ring_free(cfk_ring *ring);

/*
 * Add the newest item, in the place of the oldest where the ring is full.
 *
 *   evicted  gets the oldest item where it had to go; may be NULL.
 *
 * Returns 1 where an item was evicted, else 0. O(1). Since 0.1.
 */
CFK_API int cfk_ring_push(cfk_ring *ring, const void *item, void *evicted);

/* Add the newest item: 1, or 0 where the ring is full. O(1). Since 0.1. */
CFK_API int cfk_ring_offer(cfk_ring *ring, const void *item);

/*
 * Take the oldest item into *item, which may be NULL: 1, or 0 where there is none.
 * O(1). Since 0.1.
 */
CFK_API int cfk_ring_pop(cfk_ring *ring, void *item);

/* The same with the newest item. Since 0.1. */
CFK_API int cfk_ring_pop_newest(cfk_ring *ring, void *item);

/*
 * The item at a place, 0 being the oldest, count - 1 the newest; NULL where there is
 * none. It belongs to the ring, is aligned to one byte only where item_size is odd,
 * and is good until the ring changes. O(1). Since 0.1.
 */
CFK_API const void *cfk_ring_at(const cfk_ring *ring, size_t place);

/*
 * Push count items, the oldest of them first, as if one by one; of more than the
 * capacity, the last ones stay. Returns how many items were evicted, or pushed in
 * vain. O(count). Since 0.1.
 */
CFK_API size_t cfk_ring_push_many(cfk_ring *ring, const void *items, size_t count);

/* Offer count items. Returns how many there was room for, the first ones. Since 0.1. */
CFK_API size_t cfk_ring_offer_many(cfk_ring *ring, const void *items, size_t count);

/* Take up to max of the oldest items. Returns how many. items may be NULL. Since 0.1. */
CFK_API size_t cfk_ring_pop_many(cfk_ring *ring, void *items, size_t max);

/* Items in the ring, items that fit into it. Since 0.1. */
CFK_API size_t cfk_ring_count(const cfk_ring *ring);
CFK_API size_t cfk_ring_capacity(const cfk_ring *ring);

/* Forget all items. Since 0.1. */
CFK_API void cfk_ring_clear(cfk_ring *ring);

/*
 * Create an empty queue in *out; release it with cfk_spsc_free() when both threads are
 * done with it. Its capacity is exact; memory is for the next power of two.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP or CFK_E_NOMEM, and on failure sets *out
 * to NULL. All allocation happens here. O(capacity). Since 0.1.
 */
CFK_API int cfk_spsc_new(const struct cfk_ring_options *opts, cfk_spsc **out,
                         struct cfk_error *err);

/* Release a queue; what is in it is forgotten. NULL is accepted. Since 0.1. */
CFK_API void cfk_spsc_free(cfk_spsc *queue);

/*
 * For the thread that pushes: add up to count items. Returns how many there was room
 * for, the first ones; or CFK_E_STATE where the queue is closed. Wait-free.
 * Since 0.1.
 */
CFK_API int64_t cfk_spsc_push(cfk_spsc *queue, const void *items, size_t count);

/*
 * For the thread that pops: take up to max of the oldest items. Returns how many; or
 * CFK_E_STATE where there is none and the queue is closed, so that none will come.
 * Wait-free. Since 0.1.
 */
CFK_API int64_t cfk_spsc_pop(cfk_spsc *queue, void *items, size_t max);

/*
 * Say from either thread that it is gone. Nothing can be pushed any more; what is in the
 * queue can still be popped. Since 0.1.
 */
CFK_API void cfk_spsc_close(cfk_spsc *queue);

/* How many items there are at the moment, from either thread. Since 0.1. */
CFK_API size_t cfk_spsc_count(const cfk_spsc *queue);

/* Items that fit into the queue. Since 0.1. */
CFK_API size_t cfk_spsc_capacity(const cfk_spsc *queue);

#ifdef __cplusplus
}
#endif

#endif
