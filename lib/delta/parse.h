/* SPDX-License-Identifier: MIT */
/*
 * The cheapest way through the gaps of a block: literals, recent offsets, and the
 * candidates that the scan found, at the prices of the tables that will code them.
 */
#ifndef CFK_DELTA_PARSE_H
#define CFK_DELTA_PARSE_H

#include "delta/block.h"
#include "delta/scan.h"

enum { CFK__PRICED_LENGTHS = 256 };

/* In 1/256 bit, extra bits included. */
struct cfk__prices {
    uint32_t byte[256];
    uint32_t literals[CFK__PRICED_LENGTHS];
    uint32_t match[CFK__PRICED_LENGTHS];
    uint32_t literals_code[36]; /* of all lengths */
    uint32_t match_code[53];
    uint32_t offset_code[32];
};

/* Before anything is known: bytes are as frequent as counts has them. */
void cfk__prices_guess(struct cfk__prices *prices, const uint32_t counts[256],
                       const struct cfk__block_state *state);

/* What a block that was planned came to. */
void cfk__prices_of_block(struct cfk__prices *prices, const struct cfk__block *block,
                          const struct cfk__block_state *state);

/* The best way that is known to a byte. */
struct cfk__way {
    uint32_t cost;
    uint32_t from;   /* the node before */
    uint32_t match;  /* 0: by a literal */
    uint32_t offset; /* of the match */
};

/* What it leads to; known when all ways to the byte are. */
struct cfk__way_state {
    uint32_t recent[3];
    uint32_t literals; /* since the last copy */
};

/*
 * The sequences of the block that was scanned, into s, which has room for all.
 * ways and states have room for all nodes. Returns how many.
 */
size_t cfk__parse(const struct cfk__scan *scan, const struct cfk__prices *prices,
                  const uint32_t recent[3], struct cfk__way *ways,
                  struct cfk__way_state *states, struct cfk__sequence *s);

#endif
