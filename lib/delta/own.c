/* SPDX-License-Identifier: MIT */
/*
 * The frame is a single segment with its size stated, so its window is all of
 * the new version and the reference is in reach from every byte of it.
 */
#include "delta/own.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "delta/frame.h"
#include "delta/parse.h"
#include "delta/xxh64.h"

#include <string.h>

#define TREE_TOTAL_MAX (UINT64_C(1) << 24)

enum { NEW_PLACES_MAX = 1 << 20, NEW_HEADS_MAX = 1 << 17, GAP_MIN = 8, CANDIDATES = 3 };

static const struct cfk__effort efforts[] = {
    [1] = { 4, 4, 1, 64, 16, 16, 0, 1, 1, 0, 0, 0, 5 },
    [2] = { 8, 8, 2, 128, 32, 16, 4, 1, 1, 0, 1, 0, 7 },
    [3] = { 8, 8, 4, 256, 32, 16, 8, 1, 1, 1, 1, 0, 8 },
    [4] = { 8, 8, 4, 256, 32, 24, 8, 2, 1, 1, 1, 0, 9 },
    [5] = { 16, 16, 4, 320, 32, 128, 8, 2, 1, 1, 1, 0, 10 },
    [6] = { 32, 32, 8, 320, 64, 128, 8, 3, 1, 1, 1, 0, 31 },
    [7] = { 32, 32, 8, 256, 64, 256, 8, 2, 1, 1, 1, 1, 31 },
    [8] = { 64, 64, 16, 512, 128, 512, 16, 3, 1, 1, 1, 1, 31 },
    [9] = { 128, 128, 32, 512, 128, 512, 32, 5, 1, 1, 1, 1, 31 },
};

/* Everything that one encoding works with, in one piece of memory. */
struct own {
    const struct cfk__own_job *job;
    void *memory;
    struct cfk__scan scan;
    struct cfk__block_state state;
    struct cfk__block block;
    struct cfk__prices prices;
    struct cfk__way *ways;
    struct cfk__way_state *states;
    struct cfk__sequence *sequences; /* of the last pass */
    struct cfk__sequence *best;      /* of the best one */
};

void cfk__own_effort(struct cfk__effort *out, uint32_t level, uint64_t total)
{
    *out = efforts[level];
    if (total > TREE_TOTAL_MAX)
        out->tree = 0;
}

/* One place in so many, as a logarithm, is indexed of a reference of so many bytes. */
static unsigned stride(uint64_t old_size)
{
    static const uint64_t from_mib[] = { 2, 8, 16, 64 };
    unsigned log = 0;

    while (log < 4 && old_size > from_mib[log] << 20)
        log++;
    return log;
}

int cfk__own_index(struct cfk__index *index, const struct cfk_alloc *alloc, bool tree,
                   const uint8_t *old_data, size_t old_size)
{
    unsigned log = stride(old_size);
    int rc = tree ? cfk__index_init_tree(index, alloc, old_size, old_size)
                  : cfk__index_init(index, alloc, old_size, log, UINT32_MAX,
                                    old_size >> log >> 1);

    if (rc == CFK_OK)
        cfk__index_fill(index, old_data, old_size);
    return rc;
}

/* Cut count items of size bytes off the memory; at NULL only count. */
static void *cut(uint8_t *memory, size_t *at, size_t count, size_t size)
{
    void *piece = memory == NULL ? NULL : memory + *at;

    *at += (count * size + 15) & ~(size_t)15;
    return piece;
}

static size_t lay_out(struct own *o, uint8_t *memory)
{
    size_t size = o->job->new_size < CFK__BLOCK_MAX ? o->job->new_size : CFK__BLOCK_MAX;
    size_t nodes = size + 2;
    size_t gaps = size / GAP_MIN + 4;
    size_t sequences = size / CFK__MATCH_MIN + 2;
    size_t at = 0;

    o->ways = cut(memory, &at, nodes, sizeof *o->ways);
    o->states = cut(memory, &at, nodes, sizeof *o->states);
    o->scan.gaps = cut(memory, &at, gaps, sizeof *o->scan.gaps);
    o->scan.first = cut(memory, &at, nodes + 1, sizeof *o->scan.first);
    o->scan.candidate_max = (uint32_t)(CANDIDATES * nodes);
    o->scan.candidates =
        cut(memory, &at, (CANDIDATES + 1) * nodes + gaps, sizeof *o->scan.candidates);
    o->scan.late = cut(memory, &at, nodes, sizeof *o->scan.late);
    o->sequences = cut(memory, &at, sequences, sizeof *o->sequences);
    o->best = cut(memory, &at, sequences, sizeof *o->best);
    o->block.coded = cut(memory, &at, sequences, sizeof *o->block.coded);
    o->block.literals = cut(memory, &at, size + 1, 1);
    return at;
}

/* Few, for most of the new version is passed over and clearing them takes time. */
static size_t new_heads(size_t new_size)
{
    size_t heads = new_size / 16;

    return heads < NEW_HEADS_MAX ? heads : NEW_HEADS_MAX;
}

static int own_init(struct own *o, const struct cfk__own_job *job)
{
    memset(o, 0, sizeof *o);
    o->job = job;
    o->memory = cfk__malloc(job->alloc, lay_out(o, NULL));
    if (o->memory == NULL)
        return CFK_E_NOMEM;
    lay_out(o, o->memory);
    cfk__block_state_init(&o->state);
    o->scan.effort = job->effort;
    o->scan.old_data = job->old_data;
    o->scan.old_size = (uint32_t)job->old_size;
    o->scan.old_index = job->old_index;
    o->scan.new_data = job->new_data;
    o->scan.new_size = (uint32_t)job->new_size;
    o->scan.alignment = (uint32_t)job->old_size;
    if (job->effort->tree)
        return cfk__index_init_tree(&o->scan.new_index, job->alloc, job->new_size,
                                    4 * new_heads(job->new_size));
    return cfk__index_init(&o->scan.new_index, job->alloc, job->new_size, 0,
                           NEW_PLACES_MAX, new_heads(job->new_size));
}

static void own_free(struct own *o)
{
    cfk__index_free(&o->scan.new_index);
    cfk__free(o->job->alloc, o->memory);
}

/* Parse until the last pass, and plan the block by the best of them. */
static void plan_block(struct own *o, const uint8_t *data, size_t size)
{
    const struct cfk__effort *e = o->job->effort;
    size_t best_size = SIZE_MAX;
    size_t best_count = 0;
    bool current = false; /* the block is planned by the best pass */

    cfk__prices_guess(&o->prices, o->job->old_index->counts, &o->state);
    for (unsigned pass = 0; pass < e->passes; pass++) {
        size_t count = cfk__parse(&o->scan, &o->prices, o->state.recent, o->ways,
                                  o->states, o->sequences);

        cfk__block_plan(&o->block, &o->state, data, size, o->sequences, count,
                        e->thorough);
        current = o->block.planned < best_size;
        if (current) {
            struct cfk__sequence *swap = o->best;

            best_size = o->block.planned;
            best_count = count;
            o->best = o->sequences;
            o->sequences = swap;
        }
        if (pass + 1 < e->passes)
            cfk__prices_of_block(&o->prices, &o->block, &o->state);
    }
    if (!current)
        cfk__block_plan(&o->block, &o->state, data, size, o->best, best_count,
                        e->thorough);
}

static void write_header(struct cfk__writer *w, const struct cfk__own_job *job)
{
    uint64_t size = job->new_size;
    unsigned flag = size < 256 ? 0 : size < 65536 + 256 ? 1 : 2;

    cfk__write_u32le(w, CFK__FRAME_MAGIC);
    cfk__write_u8(w, (uint8_t)(flag << 6 | 1u << 5 | (job->checksum ? 1u << 2 : 0)));
    if (flag == 0)
        cfk__write_u8(w, (uint8_t)size);
    else if (flag == 1)
        cfk__write_u16le(w, (uint16_t)(size - 256));
    else
        cfk__write_u32le(w, (uint32_t)size);
}

static int write_blocks(struct own *o, struct cfk__writer *w)
{
    const struct cfk__own_job *job = o->job;
    size_t start = 0;
    size_t size;

    do {
        size_t left = job->new_size - start;
        size_t written;

        size = left < CFK__BLOCK_MAX ? left : CFK__BLOCK_MAX;
        cfk__scan_block(&o->scan, (uint32_t)start, (uint32_t)(start + size));
        plan_block(o, job->new_data + start, size);
        written = cfk__block_write(&o->block, &o->state, size == left, w->pos,
                                   (size_t)(w->end - w->pos));
        if (written == 0)
            return CFK_E_SPACE;
        w->pos += written;
        start += size;
    } while (start < job->new_size);
    return CFK_OK;
}

int cfk__own_encode(const struct cfk__own_job *job, uint8_t *out, size_t capacity,
                    size_t *size)
{
    struct cfk__writer w;
    struct own o;
    int rc = own_init(&o, job);

    cfk__writer_init(&w, out, capacity);
    if (rc == CFK_OK) {
        write_header(&w, job);
        rc = cfk__writer_ok(&w) ? write_blocks(&o, &w) : CFK_E_SPACE;
    }
    if (rc == CFK_OK && job->checksum)
        cfk__write_u32le(&w, (uint32_t)cfk__xxh64(job->new_data, job->new_size));
    own_free(&o);
    if (rc == CFK_OK && !cfk__writer_ok(&w))
        rc = CFK_E_SPACE;
    if (rc == CFK_OK)
        *size = cfk__writer_size(&w);
    return rc;
}
