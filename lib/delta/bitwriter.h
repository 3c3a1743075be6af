/* SPDX-License-Identifier: MIT */
/*
 * Bits, lowest first, as entropy coded parts of a zstd frame have them. Those that
 * are read backward end in a single 1 (RFC 8878, 4.1).
 */
#ifndef CFK_DELTA_BITWRITER_H
#define CFK_DELTA_BITWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfk__bits {
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    uint64_t held;
    unsigned count; /* of the bits held */
    bool overflow;
};

static inline void cfk__bits_init(struct cfk__bits *b, uint8_t *data, size_t size)
{
    *b = (struct cfk__bits){ .start = data, .pos = data, .end = data + size };
}

/* Move whole bytes out, so that at least 57 bits can be added. */
static inline void cfk__bits_flush(struct cfk__bits *b)
{
    while (b->count >= 8) {
        if (b->pos < b->end)
            *b->pos++ = (uint8_t)b->held;
        else
            b->overflow = true;
        b->held >>= 8;
        b->count -= 8;
    }
}

/* The lowest bits of value. The caller flushes before more than 64 are held. */
static inline void cfk__bits_add(struct cfk__bits *b, uint32_t value, unsigned bits)
{
    b->held |= (value & ((UINT64_C(1) << bits) - 1)) << b->count;
    b->count += bits;
}

/* Fill the last byte with zeros. Returns the size, 0 when it did not fit. */
static inline size_t cfk__bits_finish(struct cfk__bits *b)
{
    cfk__bits_flush(b);
    if (b->count > 0) {
        b->count = 8;
        cfk__bits_flush(b);
    }
    return b->overflow ? 0 : (size_t)(b->pos - b->start);
}

/* The same, behind the 1 that ends what is read backward. */
static inline size_t cfk__bits_close(struct cfk__bits *b)
{
    cfk__bits_flush(b);
    cfk__bits_add(b, 1, 1);
    return cfk__bits_finish(b);
}

#endif
