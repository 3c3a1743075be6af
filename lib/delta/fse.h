/* SPDX-License-Identifier: MIT */
/* Finite state entropy, the encoding side (RFC 8878, 4.1). */
#ifndef CFK_DELTA_FSE_H
#define CFK_DELTA_FSE_H

#include "delta/bitwriter.h"

enum {
    CFK__FSE_LOG_MIN = 5,
    CFK__FSE_LOG_MAX = 9,
    CFK__FSE_SYMBOLS_MAX = 53,  /* match length codes are the largest alphabet */
    CFK__FSE_HEADER_MAX = 80,   /* bytes of a table description */
    CFK__FSE_PRICE_NONE = 4096, /* of a symbol that a table does not have: 16 bits */
};

/* A distribution over 1 << log states; -1 is a probability below one. */
struct cfk__fse_norm {
    uint8_t log;
    uint8_t symbols; /* the last one is in use */
    int16_t count[CFK__FSE_SYMBOLS_MAX];
};

struct cfk__fse_table {
    struct cfk__fse_norm norm;
    uint16_t next[1u << CFK__FSE_LOG_MAX]; /* states, grouped by symbol */
    struct {
        uint32_t bits;  /* (bits << 16) - threshold: see cfk__fse_put() */
        int32_t offset; /* into next */
    } symbol[CFK__FSE_SYMBOLS_MAX];
};

/*
 * The distribution over 1 << log states that codes these counts in the fewest
 * bits. At least two symbols occur, and no more than there are states.
 */
void cfk__fse_normalise(struct cfk__fse_norm *norm, unsigned log, const uint32_t *counts,
                        unsigned symbols);

/* Bits in 1/256 that the counts take, without the first state. */
uint64_t cfk__fse_cost(const struct cfk__fse_norm *norm, const uint32_t *counts,
                       unsigned symbols);

/* Price of one symbol in 1/256 bit; CFK__FSE_PRICE_NONE when it is not there. */
uint32_t cfk__fse_price(const struct cfk__fse_norm *norm, unsigned symbol);

/* Write the description of a table; returns its size, 0 when it does not fit. */
size_t cfk__fse_write_norm(const struct cfk__fse_norm *norm, uint8_t *out, size_t size);

void cfk__fse_build(struct cfk__fse_table *table, const struct cfk__fse_norm *norm);

/* The state that coding begins with, at the last symbol. */
static inline uint32_t cfk__fse_start(const struct cfk__fse_table *t, unsigned symbol)
{
    int count = t->norm.count[symbol] < 0 ? 1 : t->norm.count[symbol];

    return t->next[t->symbol[symbol].offset + count];
}

static inline void cfk__fse_put(const struct cfk__fse_table *t, struct cfk__bits *b,
                                uint32_t *state, unsigned symbol)
{
    unsigned bits = (*state + t->symbol[symbol].bits) >> 16;

    cfk__bits_add(b, *state, bits);
    *state = t->next[(int32_t)(*state >> bits) + t->symbol[symbol].offset];
}

static inline void cfk__fse_end(const struct cfk__fse_table *t, struct cfk__bits *b,
                                uint32_t state)
{
    cfk__bits_add(b, state, t->norm.log);
}

#endif
