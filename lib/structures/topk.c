/* SPDX-License-Identifier: MIT */
/*
 * Filtered Space-Saving. A key without a counter adds to its cell. When the cell
 * would reach the least counter, the key takes over that counter instead, its
 * cell's value becoming its error, and the evicted key's cell is raised to the
 * evicted count. So no cell is ever above the least counter, and:
 *   - a key without a counter weighs at most its cell, a key with one between
 *     count - error and count;
 *   - an event raises the sum of the counters by at most its weight, hence the
 *     least counter, every cell and every error are at most total / k.
 *
 * The least counter is found lazily. A sweep over all counters puts the
 * smallest quarter into a heap and notes the largest of them as the ceiling;
 * counters outside are not below it. Counters only grow, so the heap's top,
 * when its count has not moved since, is the least of all; when it has moved it
 * sinks, or leaves above the ceiling. An entry leaves the heap only by an event
 * of its own, so a sweep of k is paid by k / 4 events at least.
 */
#include "structures/topk.h"

#include "base/error.h"
#include "base/options.h"
#include "base/siphash.h"

enum {
    DEFAULT_COUNTERS = 1024,
    CELLS_PER_COUNTER = 8,
    COUNTERS_PER_CANDIDATE = 4,
    CACHE_LINE = 64,
};
static const size_t MOST_COUNTERS = (size_t)1 << 28;
static const size_t MOST_CELLS = (size_t)1 << 31;

static int check_options(struct cfk_topk_options *o, struct cfk_error *err)
{
    if (o->counters == 0)
        o->counters = DEFAULT_COUNTERS;
    if (o->counters > MOST_COUNTERS)
        return cfk__fail(err, CFK_E_INVALID, "topk: %zu counters; %zu is the most",
                         o->counters, MOST_COUNTERS);
    if (o->cells == 0)
        o->cells = o->counters * CELLS_PER_COUNTER;
    if (o->cells > MOST_CELLS)
        return cfk__fail(err, CFK_E_INVALID, "topk: %zu cells; %zu is the most", o->cells,
                         MOST_CELLS);
    return CFK_OK;
}

static uint32_t mask_for(size_t cells)
{
    uint32_t mask = 0;

    while (mask < cells - 1)
        mask = mask << 1 | 1;
    return mask;
}

static bool acquire(cfk_topk *top, const struct cfk_topk_options *o)
{
    const struct cfk_alloc *alloc = &top->alloc;
    uintptr_t address;

    top->counter_count = (uint32_t)o->counters;
    top->counters_block =
        cfk__calloc(alloc, o->counters + 1, sizeof(struct cfk__topk_counter));
    if (top->counters_block == NULL)
        return false;
    address = (uintptr_t)top->counters_block % CACHE_LINE;
    top->counters =
        (void *)((char *)top->counters_block + (CACHE_LINE - address) % CACHE_LINE);

    top->cell_mask = mask_for(o->cells);
    top->cells = cfk__calloc(alloc, (size_t)top->cell_mask + 1, sizeof *top->cells);
    top->heap_capacity =
        (top->counter_count + COUNTERS_PER_CANDIDATE - 1) / COUNTERS_PER_CANDIDATE;
    top->heap = cfk__calloc(alloc, top->heap_capacity, sizeof *top->heap);
    return top->cells != NULL && top->heap != NULL &&
           cfk__table_init(&top->table, top->counter_count, alloc) == CFK_OK;
}

int cfk_topk_new(const struct cfk_topk_options *opts, cfk_topk **out,
                 struct cfk_error *err)
{
    struct cfk_topk_options o;
    cfk_topk *top;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_options(&o, err);
    if (rc != CFK_OK)
        return rc;

    top = cfk__calloc(o.alloc, 1, sizeof *top);
    if (top == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for a sketch");
    top->alloc = *cfk__alloc_or_default(o.alloc);
    rc = cfk__key_limit(&top->max_key_bytes, o.max_key_bytes, "topk", err);
    if (rc == CFK_OK)
        rc = cfk__key_seed(top->seed, o.seed, err);
    if (rc == CFK_OK && !acquire(top, &o))
        rc = cfk__fail(err, CFK_E_NOMEM, "topk: no memory for %zu counters", o.counters);
    if (rc != CFK_OK) {
        cfk_topk_free(top);
        return rc;
    }
    *out = top;
    return CFK_OK;
}

static void release_keys(cfk_topk *top)
{
    for (uint32_t i = 0; i < top->used; i++)
        cfk__key_release(&top->counters[i].key, &top->alloc);
    top->used = 0;
}

void cfk_topk_free(cfk_topk *top)
{
    struct cfk_alloc alloc;

    if (top == NULL)
        return;
    alloc = top->alloc;
    release_keys(top);
    cfk__table_free(&top->table, &alloc);
    cfk__free(&alloc, top->heap);
    cfk__free(&alloc, top->cells);
    cfk__free(&alloc, top->counters_block);
    cfk__free(&alloc, top);
}

void cfk_topk_reset(cfk_topk *top)
{
    release_keys(top);
    cfk__table_clear(&top->table);
    memset(top->cells, 0, ((size_t)top->cell_mask + 1) * sizeof *top->cells);
    top->heap_len = 0;
    top->ceiling = 0;
    top->floor = 0;
    top->total = 0;
}

/* ---- the heap of candidates ---- */

/* Whether a must not be below b: with the least on top, or with the most. */
static inline bool wrong_way(uint64_t a, uint64_t b, bool least_on_top)
{
    return least_on_top ? a > b : a < b;
}

static void sift_down(struct cfk__topk_candidate *heap, uint32_t len, uint32_t at,
                      bool least_on_top)
{
    struct cfk__topk_candidate moving = heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= len)
            break;
        if (child + 1 < len &&
            wrong_way(heap[child].count, heap[child + 1].count, least_on_top))
            child++;
        if (!wrong_way(moving.count, heap[child].count, least_on_top))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void heapify(struct cfk__topk_candidate *heap, uint32_t len, bool least_on_top)
{
    for (uint32_t at = len / 2; at-- > 0;)
        sift_down(heap, len, at, least_on_top);
}

/* Fill the heap with the smallest counters: first with the most of them on top. */
static void sweep(cfk_topk *top)
{
    struct cfk__topk_candidate *heap = top->heap;
    uint32_t len = top->heap_capacity;

    for (uint32_t i = 0; i < len; i++)
        heap[i] = (struct cfk__topk_candidate){ top->counters[i].count, i };
    heapify(heap, len, false);
    for (uint32_t i = len; i < top->used; i++) {
        if (top->counters[i].count < heap[0].count) {
            heap[0] = (struct cfk__topk_candidate){ top->counters[i].count, i };
            sift_down(heap, len, 0, false);
        }
    }
    top->ceiling = heap[0].count;
    top->heap_len = len;
    heapify(heap, len, true);
}

/* The top of the heap has a new count: it sinks, or leaves the heap. */
static void settle_top(cfk_topk *top, uint64_t count)
{
    if (count < top->ceiling)
        top->heap[0].count = count;
    else
        top->heap[0] = top->heap[--top->heap_len];
    if (top->heap_len > 1)
        sift_down(top->heap, top->heap_len, 0, true);
}

/* Bring the least counter to the top of the heap; all counters are in use. */
static struct cfk__topk_counter *least_counter(cfk_topk *top)
{
    for (;;) {
        struct cfk__topk_counter *counter;

        if (top->heap_len == 0)
            sweep(top);
        counter = &top->counters[top->heap[0].index];
        if (counter->count == top->heap[0].count) {
            top->floor = counter->count;
            return counter;
        }
        settle_top(top, counter->count);
    }
}

/* ---- adding ---- */

struct wanted {
    const struct cfk__topk_counter *counters;
    const void *key;
    size_t key_len;
};

static inline bool same_key(const void *ctx, uint32_t index)
{
    const struct wanted *w = ctx;

    return cfk__key_equal(&w->counters[index].key, w->key, w->key_len);
}

uint32_t cfk__topk_find(const cfk_topk *top, uint64_t hash, const void *key,
                        size_t key_len)
{
    struct wanted w = { top->counters, key, key_len };

    return cfk__table_find(&top->table, hash, same_key, &w);
}

static uint32_t *cell_of(cfk_topk *top, uint64_t hash)
{
    return &top->cells[(uint32_t)hash & top->cell_mask];
}

static uint32_t cell_value(uint64_t weight)
{
    return weight < CFK__TOPK_CELL_MOST ? (uint32_t)weight : CFK__TOPK_CELL_MOST;
}

static int no_memory(struct cfk_error *err, size_t key_len)
{
    return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for a key of %zu bytes", key_len);
}

/* A counter that is still free; nothing has been evicted, so the cells are empty. */
static int take_free(cfk_topk *top, uint64_t hash, const void *key, size_t key_len,
                     uint64_t weight, struct cfk_error *err)
{
    struct cfk__topk_counter *counter = &top->counters[top->used];

    if (cfk__key_store(&counter->key, key, key_len, &top->alloc) != CFK_OK)
        return no_memory(err, key_len);
    counter->count = weight;
    counter->error = 0;
    counter->hash = hash;
    cfk__table_insert(&top->table, hash, top->used++);
    return CFK_OK;
}

/* The least counter, the heap's top, passes to a key that may weigh as much. */
static int take_over(cfk_topk *top, struct cfk__topk_counter *victim, uint64_t hash,
                     const void *key, size_t key_len, uint64_t error, uint64_t weight,
                     struct cfk_error *err)
{
    uint32_t index = (uint32_t)(victim - top->counters);
    uint32_t *cell = cell_of(top, victim->hash);
    struct cfk__key kept;

    if (cfk__key_store(&kept, key, key_len, &top->alloc) != CFK_OK)
        return no_memory(err, key_len);
    if (*cell < cell_value(victim->count))
        *cell = cell_value(victim->count);
    cfk__table_remove(&top->table, victim->hash, index);
    cfk__key_release(&victim->key, &top->alloc);

    victim->key = kept;
    victim->hash = hash;
    victim->error = error;
    victim->count = cfk__topk_sum(error, weight);
    cfk__table_insert(&top->table, hash, index);
    settle_top(top, victim->count);
    return CFK_OK;
}

/* A key without a counter, when all are in use. */
static int challenge(cfk_topk *top, uint64_t hash, const void *key, size_t key_len,
                     uint64_t weight, struct cfk_error *err)
{
    uint32_t *cell = cell_of(top, hash);
    struct cfk__topk_counter *least;
    uint64_t before = *cell;

    if (before != CFK__TOPK_CELL_MOST && cfk__topk_sum(before, weight) < top->floor) {
        *cell = cell_value(before + weight);
        return CFK_OK;
    }
    least = least_counter(top);
    if (before == CFK__TOPK_CELL_MOST)
        before = least->count;
    if (cfk__topk_sum(before, weight) >= least->count)
        return take_over(top, least, hash, key, key_len, before, weight, err);
    *cell = cell_value(cfk__topk_sum(before, weight));
    return CFK_OK;
}

int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                 struct cfk_error *err)
{
    uint64_t hash;
    uint32_t index;
    int rc = CFK_OK;

    if (key_len > top->max_key_bytes)
        return cfk__fail(err, CFK_E_LIMIT, "topk: a key of %zu bytes; %lu is the most",
                         key_len, (unsigned long)top->max_key_bytes);
    if (weight == 0)
        return CFK_OK;
    hash = cfk__siphash13(top->seed, key, key_len);
    index = cfk__topk_find(top, hash, key, key_len);
    if (index != CFK__TABLE_NONE)
        top->counters[index].count = cfk__topk_sum(top->counters[index].count, weight);
    else if (top->used < top->counter_count)
        rc = take_free(top, hash, key, key_len, weight, err);
    else
        rc = challenge(top, hash, key, key_len, weight, err);
    if (rc == CFK_OK)
        top->total = cfk__topk_sum(top->total, weight);
    return rc;
}
