/* SPDX-License-Identifier: MIT */
/*
 * Decisions that are written or read: one walk through a body makes it and takes it,
 * so that both sides cannot come to differ.
 */
#ifndef CFK_DELTA_BIN_BITS_H
#define CFK_DELTA_BIN_BITS_H

#include "delta/cm_coder.h"

struct cfk__bin_bits {
    bool reading;
    bool starved; /* the bytes to read ended too early */
    struct cfk__cm_encoder to;
    struct cfk__cm_decoder from;
    struct cfk__reader in;
};

/* The decision: bit when writing. p as for cfk__cm_encode. */
static inline unsigned cfk__bin_bit(struct cfk__bin_bits *b, unsigned bit, uint32_t p)
{
    if (!b->reading) {
        cfk__cm_encode(&b->to, bit, p);
    } else if (b->starved || !cfk__cm_decode(&b->from, &b->in, p, &bit)) {
        b->starved = true;
        bit = 0;
    }
    return bit;
}

#endif
