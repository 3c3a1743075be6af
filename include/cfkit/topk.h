/* SPDX-License-Identifier: MIT */
/*
 * The heaviest keys of a stream in constant memory: Filtered Space-Saving
 * (Homem and Carvalho, 2010). k counters hold the keys that matter; an array
 * of cells in front of them counts the rest in sums, so that a key gets a
 * counter only when it has earned it.
 *
 * For every key, counted or not, the true weight lies between lo and hi, and
 * hi - lo is never above total / k. The bounds are proven, not probable, and
 * hold for hostile streams too. The hash is keyed, so that nobody outside can
 * choose keys that collide.
 *
 *     cfk_topk *top;
 *     struct cfk_topk_item items[10];
 *     size_t count;
 *
 *     cfk_topk_new(NULL, &top, &err);
 *     cfk_topk_add(top, "key", 3, 1, &err);
 *     count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, 10);
 *     cfk_topk_free(top);
 *
 * One sketch serves one thread at a time, except that functions which take a
 * const cfk_topk may run side by side. Sketches share nothing.
 */
#ifndef CFKIT_TOPK_H
#define CFKIT_TOPK_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfk_topk cfk_topk;

struct cfk_topk_options {
    size_t size;          /* sizeof(struct cfk_topk_options) */
    size_t counters;      /* k; 0 means 1024, the most is 2^28. Two or three times
                             the number of keys that are wanted is a good choice */
    size_t cells;         /* 0 means 8 k; rounded up to a power of two, the most is
                             2^31. Cells buy more precision than counters do */
    size_t max_key_bytes; /* 0 means 256, the most is 2^30 */
    uint64_t seed[2];     /* of the hash; both 0: from the system. For tests */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * Create an empty sketch in *out; release it with cfk_topk_free(). Memory is
 * about 84 bytes a counter and 4 a cell, all of it taken here; later only
 * keys above 28 bytes that get a counter take a block each.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM,
 * and on failure sets *out to NULL. O(k + cells). Since 0.1.
 */
CFK_API int cfk_topk_new(const struct cfk_topk_options *opts, cfk_topk **out,
                         struct cfk_error *err);

/* Release a sketch; NULL is accepted. Since 0.1. */
CFK_API void cfk_topk_free(cfk_topk *top);

/*
 * Add weight to a key of any bytes, also none. A weight of 0 changes nothing.
 * Sums stop at UINT64_MAX, which then means "or more".
 *
 * Returns CFK_OK; CFK_E_LIMIT for a key above max_key_bytes; CFK_E_NOMEM where
 * a long key had to be kept and could not. After a failure nothing has changed.
 * O(1) amortised plus the length of the key; one call may cost O(k log k).
 * Since 0.1.
 */
CFK_API int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                         struct cfk_error *err);

/*
 * Bounds of the weight added to one key: *lo <= weight <= *hi. For a key
 * that has no counter *lo is 0. Cannot fail. O(1). Since 0.1.
 */
CFK_API void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len,
                            uint64_t *lo, uint64_t *hi);

/* One of the heaviest keys. */
struct cfk_topk_item {
    const void *key; /* belongs to the sketch; good until the sketch changes */
    size_t key_len;
    uint64_t lo;
    uint64_t hi;
    uint64_t reserved[2];
};

/* Orders of cfk_topk_list(). */
enum {
    CFK_TOPK_BY_HI = 0, /* no heavy key is left out, if one may be too high */
    CFK_TOPK_BY_LO = 1  /* what is surely heavy first */
};

/*
 * Fill items with the max heaviest keys, heaviest first; equal ones by the
 * other bound, then by key, so that the order is always the same. Any order
 * but CFK_TOPK_BY_LO is CFK_TOPK_BY_HI.
 *
 * Returns how many there are, at most k. No allocation. O(k log max). Since 0.1.
 */
CFK_API size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                             size_t max);

/* The sum of all weights. Since 0.1. */
CFK_API uint64_t cfk_topk_total(const cfk_topk *top);

/*
 * No key's hi - lo is above this, which is never above total / k; a key
 * without a counter weighs no more. 0 while k counters are enough for all keys.
 * O(k). Since 0.1.
 */
CFK_API uint64_t cfk_topk_max_error(const cfk_topk *top);

/* Forget everything, keep memory and seed. O(k + cells). Since 0.1. */
CFK_API void cfk_topk_reset(cfk_topk *top);

#ifdef __cplusplus
}
#endif

#endif
