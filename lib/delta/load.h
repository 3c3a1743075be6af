/* SPDX-License-Identifier: MIT */
/* Unaligned loads, and how far two places are alike. */
#ifndef CFK_DELTA_LOAD_H
#define CFK_DELTA_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t cfk__load32le(const uint8_t *p)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t value;

    memcpy(&value, p, sizeof value);
    return value;
#else
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
#endif
}

static inline uint64_t cfk__load64le(const uint8_t *p)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t value;

    memcpy(&value, p, sizeof value);
    return value;
#else
    return cfk__load32le(p) | (uint64_t)cfk__load32le(p + 4) << 32;
#endif
}

/* Equal bytes from a and b on, at most limit of them. */
static inline size_t cfk__common(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t n = 0;

    while (limit - n >= 8) {
        uint64_t diff = cfk__load64le(a + n) ^ cfk__load64le(b + n);

        if (diff != 0)
            return n + ((unsigned)__builtin_ctzll(diff) >> 3);
        n += 8;
    }
    while (n < limit && a[n] == b[n])
        n++;
    return n;
}

/* Equal bytes before a and b, at most limit of them. */
static inline size_t cfk__common_back(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t n = 0;

    while (n < limit && a[-1 - (ptrdiff_t)n] == b[-1 - (ptrdiff_t)n])
        n++;
    return n;
}

#endif
