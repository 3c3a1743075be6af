/* SPDX-License-Identifier: MIT */
/* What both directions of VCDIFF share: code table, address cache, integers, checksum. */
#include "delta/vcdiff.h"

#include <string.h>

static struct cfk__vcdiff_op add(uint8_t size)
{
    return (struct cfk__vcdiff_op){ CFK__VCDIFF_ADD, size, 0 };
}

static struct cfk__vcdiff_op copy(uint8_t size, uint8_t mode)
{
    return (struct cfk__vcdiff_op){ CFK__VCDIFF_COPY, size, mode };
}

void cfk__vcdiff_table(struct cfk__vcdiff_code table[256])
{
    struct cfk__vcdiff_code *code = table;

    memset(table, 0, 256 * sizeof table[0]);
    (code++)->op[0] = (struct cfk__vcdiff_op){ CFK__VCDIFF_RUN, 0, 0 };
    for (uint8_t size = 0; size <= 17; size++)
        (code++)->op[0] = add(size);
    for (uint8_t mode = 0; mode < CFK__VCDIFF_MODES; mode++) {
        (code++)->op[0] = copy(0, mode);
        for (uint8_t size = 4; size <= 18; size++)
            (code++)->op[0] = copy(size, mode);
    }
    for (uint8_t mode = 0; mode < CFK__VCDIFF_MODES; mode++) {
        for (uint8_t added = 1; added <= 4; added++) {
            uint8_t longest = mode < CFK__VCDIFF_MODE_SAME ? 6 : 4;

            for (uint8_t size = 4; size <= longest; size++)
                *code++ = (struct cfk__vcdiff_code){ { add(added), copy(size, mode) } };
        }
    }
    for (uint8_t mode = 0; mode < CFK__VCDIFF_MODES; mode++)
        *code++ = (struct cfk__vcdiff_code){ { copy(4, mode), add(1) } };
}

void cfk__vcdiff_cache_init(struct cfk__vcdiff_cache *cache)
{
    memset(cache, 0, sizeof *cache);
}

void cfk__vcdiff_cache_update(struct cfk__vcdiff_cache *cache, uint64_t address)
{
    cache->near[cache->next] = address;
    cache->next = (cache->next + 1) % CFK__VCDIFF_NEAR;
    cache->same[address % CFK__VCDIFF_SAME] = address;
}

uint32_t cfk__vcdiff_integer_size(uint64_t value)
{
    uint32_t size = 1;

    while (value >= 128) {
        value >>= 7;
        size++;
    }
    return size;
}

void cfk__vcdiff_write_integer(struct cfk__writer *w, uint64_t value)
{
    for (uint32_t left = cfk__vcdiff_integer_size(value); left-- > 0;)
        cfk__write_u8(w, (uint8_t)((value >> (7 * left) & 127) | (left > 0 ? 128 : 0)));
}

int cfk__vcdiff_read_integer(struct cfk__reader *r, uint64_t *out)
{
    struct cfk__reader ahead = *r;
    uint64_t value = 0;
    uint8_t byte;

    do {
        if (!cfk__read_u8(&ahead, &byte))
            return CFK_E_AGAIN;
        if (value >> 57 != 0)
            return CFK_E_CORRUPT;
        value = value << 7 | (byte & 127);
    } while ((byte & 128) != 0);
    *r = ahead;
    *out = value;
    return CFK_OK;
}

uint32_t cfk__adler32(const void *data, size_t size)
{
    enum { MODULUS = 65521, UNREDUCED = 5552 }; /* bytes before 32 bits can overflow */
    const uint8_t *bytes = data;
    uint32_t a = 1;
    uint32_t b = 0;

    while (size > 0) {
        size_t piece = size < UNREDUCED ? size : UNREDUCED;

        for (size_t i = 0; i < piece; i++) {
            a += bytes[i];
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
        bytes += piece;
        size -= piece;
    }
    return b << 16 | a;
}
