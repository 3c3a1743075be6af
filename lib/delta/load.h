/* SPDX-License-Identifier: MIT */
/* How far two places are alike. */
#ifndef CFK_DELTA_LOAD_H
#define CFK_DELTA_LOAD_H

#include "base/load.h"

#include <stddef.h>

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
