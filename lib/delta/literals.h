/* SPDX-License-Identifier: MIT */
/* The literals section of a block (RFC 8878, 3.1.1.3.1). */
#ifndef CFK_DELTA_LITERALS_H
#define CFK_DELTA_LITERALS_H

#include "delta/huffman.h"

enum cfk__literals_kind {
    CFK__LITERALS_RAW = 0,
    CFK__LITERALS_RLE = 1,
    CFK__LITERALS_HUFFMAN = 2,
    CFK__LITERALS_TREELESS = 3,
};

struct cfk__literals_plan {
    enum cfk__literals_kind kind;
    struct cfk__huffman code; /* with HUFFMAN alone */
    size_t size;              /* of the section; with four streams 3 bytes may miss */
};

/*
 * Choose how to write size bytes: the kind that takes the fewest. last is the code of
 * an earlier block or NULL; with thorough, codes of all lengths are tried.
 */
void cfk__literals_plan(struct cfk__literals_plan *plan, const uint8_t *data, size_t size,
                        const struct cfk__huffman *last, bool thorough);

/* Write the section as planned. Returns its size, 0 when it does not fit. */
size_t cfk__literals_write(const struct cfk__literals_plan *plan, const uint8_t *data,
                           size_t size, const struct cfk__huffman *last, uint8_t *out,
                           size_t capacity);

#endif
