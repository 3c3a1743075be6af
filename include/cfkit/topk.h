/* SPDX-License-Identifier: MIT */
/*
 * The heaviest keys of a stream in constant memory: Filtered Space-Saving
 * (Homem and Carvalho, 2010), with conservative updates (Estan and Varghese,
 * 2002). k counters hold the keys that matter; an array of cells in front of
 * them counts the rest in sums, so that a key gets a counter only when it has
 * earned it.
 *
 * For every key, counted or not, the true weight lies between lo and hi, and
 * hi - lo is never above total / k. The bounds are proven, not probable, and
 * hold for hostile streams too. The hash is keyed, and a table that somebody who
 * knows the key has crowded goes over to another.
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
 * A sketch with a half-life forgets: weights are halved with every half-life that
 * passes (forward decay, Cormode and others, 2009), so that it holds what is
 * heavy now, and its items have rates. Time is an argument, in nanoseconds from
 * any origin.
 *
 * Several threads or machines count best each in a sketch of its own, with one
 * seed; cfk_topk_merge() makes one of them.
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
    size_t cells;         /* 0 means 8 k, or 4 k with a half-life; rounded up to a power
                             of two from 2, the most is 2^31. Cells buy more precision
                             than counters do */
    size_t max_key_bytes; /* 0 means 256, the most is 2^30 */
    uint64_t seed[2];     /* of the hash; both 0: from the system. Sketches that are to
                             be merged have one seed */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
    int64_t half_life_ns;          /* 0: weights stay */
};

/*
 * Create an empty sketch in *out; release it with cfk_topk_free(). Memory is
 * about 84 bytes a counter and 4 a cell (8 with a half-life), all of it taken
 * here; later only keys above 28 bytes that get a counter take a block each.
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
 * Sums stop at UINT64_MAX, which then means "or more". Where there is a
 * half-life, this is at the latest time that cfk_topk_add_at() was told.
 *
 * Returns CFK_OK; CFK_E_LIMIT for a key above max_key_bytes; CFK_E_NOMEM where
 * a long key had to be kept and could not. After a failure nothing has changed.
 * O(1) amortised plus the length of the key; one call may cost O(k log k).
 * Since 0.1.
 */
CFK_API int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                         struct cfk_error *err);

/*
 * Add weight at a time. Events may come in any order: one that is late weighs as
 * much as if it had come in time. Without a half-life the time is not looked at.
 *
 * Returns as cfk_topk_add(). Besides its costs, O(k + cells) each time that 400
 * half-lives have passed. Since 0.1.
 */
CFK_API int cfk_topk_add_at(cfk_topk *top, const void *key, size_t key_len,
                            uint64_t weight, int64_t now_ns, struct cfk_error *err);

/* A key of a batch. */
struct cfk_topk_key {
    const void *key;
    size_t key_len;
    uint64_t weight;
};

/*
 * Add count keys in their order, as cfk_topk_add_at() does, memory being fetched
 * ahead: cheaper than one by one where the sketch is larger than a cache.
 *
 *   added  how many were, which is count unless this fails; may be NULL.
 *
 * Returns as cfk_topk_add_at(), at the first key that fails. Since 0.1.
 */
CFK_API int cfk_topk_add_batch(cfk_topk *top, const struct cfk_topk_key *keys,
                               size_t count, int64_t now_ns, size_t *added,
                               struct cfk_error *err);

/* What is known of one key. */
struct cfk_topk_item {
    const void *key; /* belongs to the sketch; good until the sketch changes */
    size_t key_len;
    uint64_t lo; /* lo <= true weight <= hi; where it has decayed, rounded outwards */
    uint64_t hi;
    uint64_t estimate; /* between the two: hi less what others are likely to have
                          added to it. In flat streams much nearer than hi */
    uint64_t reserved;
    double rate_lo; /* with a half-life: weight a second, and bounds of it, */
    double rate_hi; /* right to 1e-9 of rate_hi; else 0 */
    double rate;
};

/*
 * Bounds of the weight added to one key: *lo <= weight <= *hi. For a key
 * that has no counter *lo is 0. With a half-life, at the latest time. Cannot
 * fail. O(1), or O(k) for a key whose cell has overflowed. Since 0.1.
 */
CFK_API void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len,
                            uint64_t *lo, uint64_t *hi);

/*
 * All that is known of one key, at a time; 0 and times before the latest are the
 * latest. item->key is the caller's. Cannot fail. O(1), or O(k) for a key whose
 * cell has overflowed. Since 0.1.
 */
CFK_API void cfk_topk_get(const cfk_topk *top, const void *key, size_t key_len,
                          int64_t now_ns, struct cfk_topk_item *item);

/* Orders of lists. */
enum {
    CFK_TOPK_BY_HI = 0,      /* no heavy key is left out, if one may be too high */
    CFK_TOPK_BY_LO = 1,      /* what is surely heavy first */
    CFK_TOPK_BY_ESTIMATE = 2 /* what is probably heaviest first */
};

/*
 * Fill items with the max heaviest keys, heaviest first; equal ones by the
 * other bounds, then by key, so that the order is always the same. Any unknown
 * order is CFK_TOPK_BY_HI. With a half-life, at the latest time.
 *
 * Returns how many there are, at most k. No allocation. O(k log max). Since 0.1.
 */
CFK_API size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                             size_t max);

/* Which keys cfk_topk_select() takes. */
enum {
    CFK_TOPK_ALL = 0,
    CFK_TOPK_SURE = 1,    /* no false positives: each is above the threshold */
    CFK_TOPK_POSSIBLE = 2 /* no false negatives: all that are above are there */
};

struct cfk_topk_select_options {
    size_t size;        /* sizeof(struct cfk_topk_select_options) */
    int32_t order;      /* CFK_TOPK_BY_HI and so on */
    int32_t which;      /* CFK_TOPK_ALL and so on */
    uint64_t threshold; /* keys that weigh more. For CFK_TOPK_POSSIBLE at least
                           cfk_topk_max_error(), which replaces what is less */
    int64_t now_ns;     /* with a half-life; 0 and times before the latest: the latest */
};

/*
 * Fill items with the max heaviest keys that the options select.
 *
 *   opts   NULL means every default, which is all keys by hi.
 *   count  how many there are.
 *
 * Returns CFK_OK, CFK_E_INVALID (an unknown order or selection) or CFK_E_NOTSUP.
 * No allocation. O(k log max). Since 0.1.
 */
CFK_API int cfk_topk_select(const cfk_topk *top,
                            const struct cfk_topk_select_options *opts,
                            struct cfk_topk_item *items, size_t max, size_t *count,
                            struct cfk_error *err);

/* The sum of all weights; where it decays, at the latest time. Since 0.1. */
CFK_API uint64_t cfk_topk_total(const cfk_topk *top);

/*
 * No key's hi - lo is above this, which is never above total / k; a key
 * without a counter weighs no more. 0 while k counters are enough for all keys.
 * O(k). Since 0.1.
 */
CFK_API uint64_t cfk_topk_max_error(const cfk_topk *top);

/* Figures of a sketch, from its creation or reset on. */
struct cfk_topk_stats {
    uint64_t total;
    uint64_t max_error;
    uint64_t used;      /* counters with a key */
    uint64_t counters;  /* k */
    uint64_t cells;     /* as rounded up */
    uint64_t bytes;     /* of memory, without blocks of long keys */
    uint64_t evictions; /* keys that lost their counter */
    uint64_t sweeps;    /* over all counters, to find the least */
    uint64_t guards;    /* 1 where the table was crowded and changed its hash */
    double rate;        /* with a half-life: total weight a second */
    int64_t half_life_ns;
    uint64_t reserved[5];
};

/*
 * Read them. With a half-life, total, max_error and rate are those at now_ns; 0
 * and times before the latest are the latest. Cannot fail. O(k). Since 0.1.
 */
CFK_API void cfk_topk_get_stats(const cfk_topk *top, int64_t now_ns,
                                struct cfk_topk_stats *stats);

/*
 * Add all that another sketch has counted, as if this one had been given its
 * stream besides. Bounds stay proven, and hi - lo at most total / k.
 *
 * Returns CFK_OK; CFK_E_INVALID for sketches that differ in counters, cells,
 * seed or half-life, for one and the same, or where from has a longer key than
 * top may have; CFK_E_NOMEM. After a failure nothing has changed. Allocates a
 * sketch of the same size for the time it takes. O(k log k + cells). Since 0.1.
 */
CFK_API int cfk_topk_merge(cfk_topk *top, const cfk_topk *from, struct cfk_error *err);

/*
 * A sketch as bytes, the same on every machine: see cfk-topk(5). Two sketches
 * that were given one stream have the same bytes.
 *
 *   data  belongs to the caller, who gives it to cfk_free() with the
 *         allocator of the sketch.
 *
 * Returns CFK_OK or CFK_E_NOMEM, and on failure sets *data to NULL. O(k log k +
 * cells + bytes of keys). Since 0.1.
 */
CFK_API int cfk_topk_save(const cfk_topk *top, void **data, size_t *data_size,
                          struct cfk_error *err);

struct cfk_topk_load_options {
    size_t size;                   /* sizeof(struct cfk_topk_load_options) */
    size_t max_counters;           /* more are refused; 0 means 2^20 */
    const struct cfk_alloc *alloc; /* NULL means malloc and free */
};

/*
 * A sketch from bytes, whoever wrote them: lengths, the checksum and every
 * promise of a sketch that can be checked are.
 *
 *   opts  NULL means every default.
 *
 * Returns CFK_OK; CFK_E_CORRUPT; CFK_E_LIMIT for more than the options allow;
 * CFK_E_NOTSUP for a later version; CFK_E_INVALID (options); CFK_E_NOMEM. On
 * failure sets *out to NULL. O(k + size). Since 0.1.
 */
CFK_API int cfk_topk_load(const void *data, size_t data_size,
                          const struct cfk_topk_load_options *opts, cfk_topk **out,
                          struct cfk_error *err);

/* Forget everything, keep memory and seed. O(k + cells). Since 0.1. */
CFK_API void cfk_topk_reset(cfk_topk *top);

#ifdef __cplusplus
}
#endif

#endif
