/* SPDX-License-Identifier: MIT */
/*
 * The inside of a sketch, shared by its parts: topk.c (making one), topk_add.c,
 * topk_least.c (the least counter, found lazily), topk_decay.c (time),
 * topk_list.c (telling), topk_merge.c, topk_bytes.c.
 *
 * An amount is a weight, an error or a count: a whole number or, where there is a
 * half-life, the bits of a double that is not negative. The bits of such doubles
 * have the order of the doubles, so that all comparisons are of whole numbers;
 * only sums tell the two apart.
 *
 * What holds between calls, with M the greater of offset and the least count
 * where all counters are used, else 0:
 *   - a key without a counter weighs at most either of its two cells, a key
 *     with one between count - error and count;
 *   - no cell and no error is above M;
 *   - the counts' excess over M, and k times M, are together at most the total,
 *     hence M <= total / k.
 */
#ifndef CFK_STRUCTURES_TOPK_H
#define CFK_STRUCTURES_TOPK_H

#include "cfkit/topk.h"

#include "base/table.h"
#include "structures/key.h"

/* A counter, one cache line. */
struct cfk__topk_counter {
    _Alignas(64) uint64_t count;
    uint64_t error;
    uint64_t noise; /* of the error, what others have probably added */
    uint64_t hash;  /* the fast one, which chooses the cells */
    struct cfk__key key;
};

/* A counter as it was when it was put into the heap; its count may have grown. */
struct cfk__topk_candidate {
    uint64_t count;
    uint32_t index;
};

struct cfk_topk {
    struct cfk_alloc alloc;
    struct cfk__hasher hasher;
    uint64_t total;
    uint64_t floor; /* no counter is below this, once all are used */
    uint64_t
        cell_floor;  /* the same, at most CFK__TOPK_CELL_MOST where cells are narrow */
    uint64_t offset; /* M of a merged sketch, when it was merged */

    struct cfk__topk_counter *counters;
    void *counters_block; /* what to release: counters is aligned within it */
    uint32_t counter_count;
    uint32_t used;
    uint32_t max_key_bytes;
    uint32_t short_end; /* keys below this length go the short way, those below */
    uint32_t plain_end; /* this the plain one; see topk_add.c */
    struct cfk__table table;

    uint32_t *narrow;  /* the cells of whole numbers, the first row, then the second */
    uint64_t *wide;    /* those of decayed amounts */
    uint32_t row_mask; /* the size of a row less 1 */
    uint64_t noise;    /* what a key that never came finds in its lesser cell */

    struct cfk__topk_candidate *heap; /* the least on top */
    uint32_t heap_capacity;
    uint32_t heap_len;
    uint64_t ceiling; /* every counter outside of the heap is at or above this */

    int64_t half_life; /* 0: amounts are whole numbers */
    bool started;      /* there was an event, so the following are set */
    int64_t landmark;  /* an event of this time has its weight for amount */
    int64_t latest;
    int64_t factor_time; /* an event of this time has factor times its weight */
    double factor;

    uint64_t evictions;
    uint64_t sweeps;
};

/* A narrow cell that says: at most M. */
#define CFK__TOPK_CELL_MOST UINT32_MAX

/* ---- amounts ---- */

static inline double cfk__topk_real(uint64_t amount)
{
    double real;

    memcpy(&real, &amount, sizeof real);
    return real;
}

static inline uint64_t cfk__topk_amount(double real)
{
    uint64_t amount;

    memcpy(&amount, &real, sizeof amount);
    return amount;
}

static inline uint64_t cfk__topk_sum(bool decayed, uint64_t a, uint64_t b)
{
    uint64_t sum = a + b;

    if (decayed)
        return cfk__topk_amount(cfk__topk_real(a) + cfk__topk_real(b));
    return sum >= a ? sum : UINT64_MAX;
}

/* a - b, of a >= b. */
static inline uint64_t cfk__topk_less(bool decayed, uint64_t a, uint64_t b)
{
    if (decayed)
        return cfk__topk_amount(cfk__topk_real(a) - cfk__topk_real(b));
    return a - b;
}

static inline bool cfk__topk_decays(const cfk_topk *top)
{
    return top->half_life != 0;
}

/* ---- cells ---- */

/* The two cells of a key. The rows are chosen by bits of their own. */
struct cfk__topk_cells {
    uint32_t first;
    uint32_t second;
};

static inline struct cfk__topk_cells cfk__topk_cells_of(const cfk_topk *top,
                                                        uint64_t hash)
{
    uint32_t mask = top->row_mask;

    return (struct cfk__topk_cells){ (uint32_t)hash & mask,
                                     ((uint32_t)(hash >> 33) & mask) + mask + 1 };
}

static inline size_t cfk__topk_cell_count(const cfk_topk *top)
{
    return ((size_t)top->row_mask + 1) * 2;
}

static inline uint64_t cfk__topk_cell(bool decayed, const cfk_topk *top, size_t at)
{
    return decayed ? top->wide[at] : top->narrow[at];
}

/* The lesser cell of a key: CFK__TOPK_CELL_MOST or more means M where narrow. */
static inline uint64_t cfk__topk_cell_value(bool decayed, const cfk_topk *top,
                                            struct cfk__topk_cells at)
{
    uint64_t first = cfk__topk_cell(decayed, top, at.first);
    uint64_t second = cfk__topk_cell(decayed, top, at.second);

    return first < second ? first : second;
}

/* Raise both cells of a key to what it may weigh. */
static inline void cfk__topk_raise_narrow(cfk_topk *top, struct cfk__topk_cells at,
                                          uint32_t value)
{
    uint32_t first = top->narrow[at.first];
    uint32_t second = top->narrow[at.second];

    /* Written in any case: which of the two is less, no processor can foresee. */
    top->narrow[at.first] = first < value ? value : first;
    top->narrow[at.second] = second < value ? value : second;
}

static inline void cfk__topk_raise_cells(bool decayed, cfk_topk *top,
                                         struct cfk__topk_cells at, uint64_t value)
{
    if (!decayed) {
        cfk__topk_raise_narrow(
            top, at, value < CFK__TOPK_CELL_MOST ? (uint32_t)value : CFK__TOPK_CELL_MOST);
        return;
    }
    if (top->wide[at.first] < value)
        top->wide[at.first] = value;
    if (top->wide[at.second] < value)
        top->wide[at.second] = value;
}

/* What others are likely to have put into the lesser cell of a key. */
static inline uint64_t cfk__topk_noise_in(const cfk_topk *top, uint64_t cell)
{
    return cell < top->noise ? cell : top->noise;
}

/* ---- counters and the table ---- */

struct cfk__topk_wanted {
    const struct cfk__topk_counter *counters;
    const void *key;
    size_t key_len;
};

static inline bool cfk__topk_same_key(const void *ctx, uint32_t index)
{
    const struct cfk__topk_wanted *w = ctx;

    return cfk__key_equal(&w->counters[index].key, w->key, w->key_len);
}

/* The index of a key's counter by the table's hash, or CFK__TABLE_NONE. */
static inline uint32_t cfk__topk_find(const cfk_topk *top, uint64_t hash, const void *key,
                                      size_t key_len)
{
    struct cfk__topk_wanted w = { top->counters, key, key_len };

    return cfk__table_find(&top->table, hash, cfk__topk_same_key, &w);
}

/* The table's hash of a key whose fast hash is known. */
static inline uint64_t cfk__topk_table_hash(const cfk_topk *top, uint64_t fast,
                                            const void *key, size_t key_len)
{
    return top->hasher.guarded ? cfk__keyed_hash(&top->hasher, key, key_len) : fast;
}

/* Enter a counter that has its key into the table, or take it out. */
void cfk__topk_enter(cfk_topk *top, uint32_t index);
void cfk__topk_leave(cfk_topk *top, uint32_t index);

/* Decide anew which keys go which way. */
void cfk__topk_choose_ways(cfk_topk *top);

/* An empty sketch with the limits and seed of another. CFK_OK or CFK_E_NOMEM. */
int cfk__topk_like(const cfk_topk *top, cfk_topk **out, struct cfk_error *err);

/* ---- the least counter: topk_least.c ---- */

/* The least counter comes to the top of the heap. All counters are in use. */
struct cfk__topk_counter *cfk__topk_least_counter(cfk_topk *top);

/* The counter on top of the heap has a new count: it sinks, or leaves. */
void cfk__topk_settle(cfk_topk *top, uint64_t count);

/* Counts have changed otherwise than by growing. */
void cfk__topk_forget_least(cfk_topk *top);

/* M of the comment above, found without changing anything. O(k). */
uint64_t cfk__topk_most_error(const cfk_topk *top);

/* A heap of candidates, by count, with the least or with the most on top. */
void cfk__topk_heapify(struct cfk__topk_candidate *heap, uint32_t len, bool least_on_top);
void cfk__topk_sift_down(struct cfk__topk_candidate *heap, uint32_t len, uint32_t at,
                         bool least_on_top);

/* ---- time: topk_decay.c ---- */

/* The amount of a weight at a time, which may move the landmark there. */
uint64_t cfk__topk_weigh(cfk_topk *top, uint64_t weight, int64_t now);

/* Multiply every amount. */
void cfk__topk_scale(cfk_topk *top, double factor);

/* How amounts become weights at a time; 1 for whole numbers. */
double cfk__topk_factor_at(const cfk_topk *top, int64_t now);

/* 2 to the power of -(to - from) / half_life. */
double cfk__topk_decay(int64_t half_life, int64_t from, int64_t to);

/* Weight a second that keeps up a decayed weight of 1. */
double cfk__topk_rate_of_one(const cfk_topk *top);

/* Amounts as whole weights, rounded down, up or to the nearest. */
enum cfk__topk_rounding { CFK__TOPK_DOWN, CFK__TOPK_NEAREST, CFK__TOPK_UP };
uint64_t cfk__topk_weight(const cfk_topk *top, uint64_t amount, double factor,
                          enum cfk__topk_rounding rounding);

#endif
