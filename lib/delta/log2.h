/* SPDX-License-Identifier: MIT */
/* Binary logarithms in integers, so that choices are the same on every machine. */
#ifndef CFK_DELTA_LOG2_H
#define CFK_DELTA_LOG2_H

#include <stdint.h>

/* The highest bit that is set; value must not be 0. */
static inline unsigned cfk__log2_floor(uint32_t value)
{
    return 31u - (unsigned)__builtin_clz(value);
}

/* log2(value) in 1/256, within 2/256; value must not be 0. */
static inline uint32_t cfk__log2_256(uint32_t value)
{
    unsigned high = cfk__log2_floor(value);
    uint32_t f = (value << (31 - high) & 0x7fffffffu) >> 23;

    return high * 256 + f + (88 * f * (256 - f) >> 16);
}

#endif
