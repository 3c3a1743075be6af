/* SPDX-License-Identifier: MIT */
#include "delta/block.h"

#include <string.h>

enum { BLOCK_HEADER = 3, BLOCK_RAW = 0, BLOCK_RLE = 1, BLOCK_COMPRESSED = 2 };

void cfk__block_state_init(struct cfk__block_state *state)
{
    memset(state, 0, sizeof *state);
    state->first = true;
    state->recent[0] = 1;
    state->recent[1] = 4;
    state->recent[2] = 8;
}

static const struct cfk__huffman *last_code(const struct cfk__block_state *state)
{
    return state->huffman.log > 0 ? &state->huffman : NULL;
}

static void gather(struct cfk__block *b, const struct cfk__sequence *s, size_t count)
{
    const uint8_t *from = b->data;
    uint8_t *to = b->literals;

    for (size_t i = 0; i < count; i++) {
        struct cfk__coded_sequence *c = &b->coded[i];

        memcpy(to, from, s[i].literals);
        to += s[i].literals;
        from += s[i].literals + s[i].match;
        c->literals = s[i].literals;
        c->match = s[i].match;
        c->offset_value = cfk__offset_value(b->recent, s[i].offset, s[i].literals > 0);
        c->code[CFK__LITERAL_LENGTHS] = (uint8_t)cfk__literals_code(s[i].literals);
        c->code[CFK__MATCH_LENGTHS] = (uint8_t)cfk__match_code(s[i].match);
        c->code[CFK__OFFSETS] = (uint8_t)cfk__offset_code(c->offset_value);
    }
    b->coded_count = count;
    if (b->size > 0)
        memcpy(to, from, (size_t)(b->data + b->size - from));
    b->literals_count = (size_t)(to - b->literals) + (size_t)(b->data + b->size - from);
}

void cfk__block_plan(struct cfk__block *block, const struct cfk__block_state *state,
                     const uint8_t *data, size_t size, const struct cfk__sequence *s,
                     size_t count, bool thorough)
{
    block->data = data;
    block->size = size;
    memcpy(block->recent, state->recent, sizeof block->recent);
    gather(block, s, count);
    cfk__literals_plan(&block->literals_plan, block->literals, block->literals_count,
                       last_code(state), thorough);
    cfk__sequences_plan(&block->sequences_plan, block->coded, block->coded_count,
                        &state->tables);
    block->planned = block->literals_plan.size + block->sequences_plan.size;
}

static void put_header(uint8_t *out, bool last, unsigned type, size_t size)
{
    uint32_t header = (uint32_t)last | type << 1 | (uint32_t)size << 3;

    for (unsigned i = 0; i < BLOCK_HEADER; i++)
        out[i] = (uint8_t)(header >> (8 * i));
}

static bool all_equal(const uint8_t *data, size_t size)
{
    return size > 1 && memcmp(data, data + 1, size - 1) == 0;
}

/* Without coding; the state stays as it was. */
static size_t write_plain(const struct cfk__block *b, struct cfk__block_state *state,
                          bool last, uint8_t *out, size_t capacity)
{
    /* Decoders before libzstd 1.4.4 cannot take a run as the first block. */
    bool run = !state->first && all_equal(b->data, b->size);
    size_t bytes = run ? 1 : b->size;

    if (capacity < BLOCK_HEADER + bytes)
        return 0;
    put_header(out, last, run ? BLOCK_RLE : BLOCK_RAW, b->size);
    if (bytes > 0)
        memcpy(out + BLOCK_HEADER, b->data, bytes);
    state->first = false;
    return BLOCK_HEADER + bytes;
}

/* The two sections; 0 unless they take fewer bytes than there are. */
static size_t write_sections(const struct cfk__block *b, struct cfk__block_state *state,
                             uint8_t *out, size_t capacity)
{
    size_t literals =
        cfk__literals_write(&b->literals_plan, b->literals, b->literals_count,
                            last_code(state), out, capacity);
    size_t sequences;

    if (literals == 0)
        return 0;
    sequences = cfk__sequences_write(&b->sequences_plan, b->coded, b->coded_count,
                                     &state->tables, out + literals, capacity - literals);
    if (sequences == 0 || literals + sequences >= b->size)
        return 0;
    if (b->literals_plan.kind == CFK__LITERALS_HUFFMAN)
        state->huffman = b->literals_plan.code;
    memcpy(state->recent, b->recent, sizeof state->recent);
    state->first = false;
    return literals + sequences;
}

size_t cfk__block_write(const struct cfk__block *block, struct cfk__block_state *state,
                        bool last, uint8_t *out, size_t capacity)
{
    struct cfk__sequence_tables before;
    size_t size;

    if (capacity < BLOCK_HEADER || block->planned > block->size + 8 ||
        (!state->first && all_equal(block->data, block->size)))
        return write_plain(block, state, last, out, capacity);
    before = state->tables;
    size = write_sections(block, state, out + BLOCK_HEADER, capacity - BLOCK_HEADER);
    if (size == 0) {
        state->tables = before;
        return write_plain(block, state, last, out, capacity);
    }
    put_header(out, last, BLOCK_COMPRESSED, size);
    return BLOCK_HEADER + size;
}
