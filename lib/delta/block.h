/* SPDX-License-Identifier: MIT */
/* Blocks of a zstd frame (RFC 8878, 3.1.1.2), written from sequences. */
#ifndef CFK_DELTA_BLOCK_H
#define CFK_DELTA_BLOCK_H

#include "delta/literals.h"
#include "delta/sequences.h"

enum { CFK__BLOCK_MAX = 1 << 17 };

/* What a block leaves to the next. */
struct cfk__block_state {
    bool first; /* no block was written yet */
    uint32_t recent[3];
    struct cfk__huffman huffman;
    struct cfk__sequence_tables tables;
};

void cfk__block_state_init(struct cfk__block_state *state);

/* A block in the making: its literals and sequences, and how to write them. */
struct cfk__block {
    const uint8_t *data;
    size_t size;
    uint8_t *literals; /* the caller's room for CFK__BLOCK_MAX bytes, or size */
    size_t literals_count;
    struct cfk__coded_sequence *coded; /* and for size / CFK__MATCH_MIN + 1 of these */
    size_t coded_count;
    uint32_t recent[3]; /* after it */
    struct cfk__literals_plan literals_plan;
    struct cfk__sequences_plan sequences_plan;
    size_t planned; /* its size without header, within a few bytes */
};

/*
 * Take the sequences that make up the size bytes at data; bytes behind the last are
 * literals. Then choose codes and tables.
 */
void cfk__block_plan(struct cfk__block *block, const struct cfk__block_state *state,
                     const uint8_t *data, size_t size, const struct cfk__sequence *s,
                     size_t count, bool thorough);

/*
 * Write the block, plain where that is shorter, and bring state forward. Returns
 * its size with header, 0 when it does not fit.
 */
size_t cfk__block_write(const struct cfk__block *block, struct cfk__block_state *state,
                        bool last, uint8_t *out, size_t capacity);

#endif
