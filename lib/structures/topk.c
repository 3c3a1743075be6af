/* SPDX-License-Identifier: MIT */
/* Making a sketch, and its table of keys. */
#include "structures/topk.h"

#include "base/error.h"
#include "base/options.h"

enum {
    DEFAULT_COUNTERS = 1024,
    CELLS_PER_COUNTER = 8,
    WIDE_CELLS_PER_COUNTER = 4,
    COUNTERS_PER_CANDIDATE = 4,
    CACHE_LINE = 64,
};
static const size_t MOST_COUNTERS = (size_t)1 << 28;
static const size_t MOST_CELLS = (size_t)1 << 31;

static int check_options(struct cfk_topk_options *o, struct cfk_error *err)
{
    size_t cells_per_counter =
        o->half_life_ns != 0 ? WIDE_CELLS_PER_COUNTER : CELLS_PER_COUNTER;

    if (o->counters == 0)
        o->counters = DEFAULT_COUNTERS;
    if (o->counters > MOST_COUNTERS)
        return cfk__fail(err, CFK_E_INVALID, "topk: %zu counters; %zu is the most",
                         o->counters, MOST_COUNTERS);
    if (o->cells == 0)
        o->cells = o->counters * cells_per_counter;
    if (o->cells > MOST_CELLS)
        return cfk__fail(err, CFK_E_INVALID, "topk: %zu cells; %zu is the most", o->cells,
                         MOST_CELLS);
    if (o->half_life_ns < 0)
        return cfk__fail(err, CFK_E_INVALID,
                         "topk: a half-life of %lld ns; it has to be above 0, or 0 for "
                         "none",
                         (long long)o->half_life_ns);
    return CFK_OK;
}

/* The size less 1 of each of two rows for so many cells. */
static uint32_t row_mask_for(size_t cells)
{
    uint32_t mask = 0;

    while (mask < (cells + 1) / 2 - 1)
        mask = mask << 1 | 1;
    return mask;
}

/* Take the memory for counter_count counters and rows of row_mask + 1 cells. */
static bool acquire(cfk_topk *top)
{
    const struct cfk_alloc *alloc = &top->alloc;
    size_t cells = cfk__topk_cell_count(top);
    uintptr_t address;

    top->counters_block = cfk__calloc(alloc, (size_t)top->counter_count + 1,
                                      sizeof(struct cfk__topk_counter));
    if (top->counters_block == NULL)
        return false;
    address = (uintptr_t)top->counters_block % CACHE_LINE;
    top->counters =
        (void *)((char *)top->counters_block + (CACHE_LINE - address) % CACHE_LINE);

    if (cfk__topk_decays(top))
        top->wide = cfk__calloc(alloc, cells, sizeof *top->wide);
    else
        top->narrow = cfk__calloc(alloc, cells, sizeof *top->narrow);
    top->heap_capacity =
        (top->counter_count + COUNTERS_PER_CANDIDATE - 1) / COUNTERS_PER_CANDIDATE;
    top->heap = cfk__calloc(alloc, top->heap_capacity, sizeof *top->heap);
    return (top->wide != NULL || top->narrow != NULL) && top->heap != NULL &&
           cfk__table_init(&top->table, top->counter_count, alloc) == CFK_OK;
}

static int no_memory(struct cfk_error *err, uint32_t counters)
{
    return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for %lu counters",
                     (unsigned long)counters);
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
        return no_memory(err, (uint32_t)o.counters);
    top->alloc = *cfk__alloc_or_default(o.alloc);
    top->counter_count = (uint32_t)o.counters;
    top->row_mask = row_mask_for(o.cells);
    top->half_life = o.half_life_ns;
    rc = cfk__key_limit(&top->max_key_bytes, o.max_key_bytes, "topk", err);
    if (rc == CFK_OK)
        rc = cfk__hasher_init(&top->hasher, o.seed, err);
    if (rc == CFK_OK && !acquire(top))
        rc = no_memory(err, top->counter_count);
    if (rc != CFK_OK) {
        cfk_topk_free(top);
        return rc;
    }
    cfk__topk_choose_ways(top);
    *out = top;
    return CFK_OK;
}

int cfk__topk_like(const cfk_topk *top, cfk_topk **out, struct cfk_error *err)
{
    const struct cfk_topk_options opts = {
        .size = sizeof opts,
        .counters = top->counter_count,
        .cells = cfk__topk_cell_count(top),
        .max_key_bytes = top->max_key_bytes,
        .seed = { top->hasher.seed[0], top->hasher.seed[1] },
        .alloc = &top->alloc,
        .half_life_ns = top->half_life,
    };

    return cfk_topk_new(&opts, out, err);
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
    cfk__free(&alloc, top->wide);
    cfk__free(&alloc, top->narrow);
    cfk__free(&alloc, top->counters_block);
    cfk__free(&alloc, top);
}

void cfk_topk_reset(cfk_topk *top)
{
    size_t cells = cfk__topk_cell_count(top);

    release_keys(top);
    cfk__table_clear(&top->table);
    if (cfk__topk_decays(top))
        memset(top->wide, 0, cells * sizeof *top->wide);
    else
        memset(top->narrow, 0, cells * sizeof *top->narrow);
    top->noise = 0;
    top->offset = 0;
    top->total = 0;
    top->started = false;
    top->latest = 0;
    top->evictions = 0;
    top->sweeps = 0;
    cfk__topk_forget_least(top);
}

static uint64_t table_hash_of(const cfk_topk *top, uint32_t index)
{
    const struct cfk__topk_counter *counter = &top->counters[index];

    return cfk__topk_table_hash(top, counter->hash, cfk__key_data(&counter->key),
                                counter->key.len);
}

/* Somebody knows the seed: every key into the table again, under another hash. */
static void guard(cfk_topk *top)
{
    cfk__hasher_guard(&top->hasher);
    cfk__table_clear(&top->table);
    for (uint32_t i = 0; i < top->used; i++)
        cfk__table_insert(&top->table, table_hash_of(top, i), i);
    cfk__topk_choose_ways(top);
}

void cfk__topk_enter(cfk_topk *top, uint32_t index)
{
    uint64_t hash = table_hash_of(top, index);

    cfk__table_insert(&top->table, hash, index);
    if (cfk__hasher_tripped(&top->hasher, &top->table, hash))
        guard(top);
}

void cfk__topk_leave(cfk_topk *top, uint32_t index)
{
    cfk__table_remove(&top->table, table_hash_of(top, index), index);
}
