/* SPDX-License-Identifier: MIT */
#include "delta/index.h"

#include "base/alloc.h"

#include <string.h>

enum { HEADS_LOG_MIN = 8, COUNTED = 16384, TREE_STEPS = 128 };

static unsigned heads_log(size_t heads)
{
    unsigned log = HEADS_LOG_MIN;

    while (log < CFK__INDEX_HEADS_LOG_MAX && (size_t)1 << log < heads)
        log++;
    return log;
}

/* All heads come first, so that they are cleared at once. */
static void cut_chains(struct cfk__chains *c, uint32_t *memory, size_t i, size_t tables,
                       unsigned log, size_t kept)
{
    size_t heads = (size_t)1 << log;

    c->shift = 64 - log;
    c->mask = (uint32_t)kept - 1;
    c->head = memory + i * heads;
    c->prev = memory + tables * heads + i * kept;
}

int cfk__index_init(struct cfk__index *index, const struct cfk_alloc *alloc, size_t size,
                    unsigned stride_log, uint32_t places, size_t heads_wanted)
{
    size_t all = (size >> stride_log) + 1;
    unsigned log;
    size_t heads;
    size_t kept = 1;
    size_t tables;
    uint32_t *at;

    while (kept < all && kept < places)
        kept <<= 1;
    log = heads_log(heads_wanted);
    heads = (size_t)1 << log;
    *index = (struct cfk__index){ .alloc = *cfk__alloc_or_default(alloc) };
    index->stride_log = stride_log;
    index->short_bytes = size < (size_t)4 << 20 ? 4 : size < (size_t)32 << 20 ? 5 : 6;
    tables = size >= CFK__INDEX_FULL_FROM ? 3 : 2;
    if (kept > SIZE_MAX / sizeof *at / 3 - heads)
        return CFK_E_NOMEM;
    at = cfk__malloc(alloc, tables * (heads + kept) * sizeof *at);
    if (at == NULL)
        return CFK_E_NOMEM;
    index->memory = at;
    memset(at, 0, tables * heads * sizeof *at);
    cut_chains(&index->near, at, 0, tables, log, kept);
    cut_chains(&index->far, at, 1, tables, log, kept);
    if (tables == 3)
        cut_chains(&index->full, at, 2, tables, log, kept);
    return CFK_OK;
}

int cfk__index_init_tree(struct cfk__index *index, const struct cfk_alloc *alloc,
                         size_t size, size_t heads_wanted)
{
    unsigned log = heads_log(heads_wanted);
    size_t heads = (size_t)1 << log;
    uint32_t *at;

    *index = (struct cfk__index){ .alloc = *cfk__alloc_or_default(alloc) };
    if (size > (SIZE_MAX / sizeof *at - heads) / 2)
        return CFK_E_NOMEM;
    at = cfk__malloc(alloc, (heads + 2 * size) * sizeof *at);
    if (at == NULL)
        return CFK_E_NOMEM;
    index->memory = at;
    memset(at, 0, heads * sizeof *at);
    index->tree = (struct cfk__tree){ 64 - log, at, at + heads };
    return CFK_OK;
}

static void fill_tree(struct cfk__index *index, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + CFK__TREE_READ <= size; at++) {
        struct cfk__tree_walk walk = { .steps = TREE_STEPS };

        cfk__tree_enter(&index->tree, data, size, (uint32_t)at, &walk);
    }
}

void cfk__index_free(struct cfk__index *index)
{
    if (index->memory != NULL)
        cfk__free(&index->alloc, index->memory);
    index->memory = NULL;
}

static void count_bytes(struct cfk__index *index, const uint8_t *data, size_t size)
{
    size_t step = size / COUNTED + 1;

    for (size_t at = 0; at < size; at += step)
        index->counts[data[at]]++;
}

void cfk__index_fill(struct cfk__index *index, const uint8_t *data, size_t size)
{
    size_t step = (size_t)1 << index->stride_log;
    struct cfk__index x;
    uint32_t place = 0;

    count_bytes(index, data, size);
    if (index->tree.head != NULL) {
        fill_tree(index, data, size);
        return;
    }
    x = *index; /* which stores to the tables cannot change, as the compiler sees */
    for (size_t at = 0; at + CFK__INDEX_READ <= size; at += step, place++) {
        cfk__chain_add(&x.near, cfk__hash_short(&x, data + at), place);
        cfk__chain_add(&x.far, cfk__hash_long(&x, data + at), place);
        if (x.full.head != NULL && size - at >= CFK__INDEX_READ_FULL)
            cfk__chain_add(&x.full, cfk__hash_full(&x, data + at), place);
    }
}
