/* SPDX-License-Identifier: MIT */
/* Unaligned loads and stores: the same number on every machine. */
#ifndef CFK_BASE_LOAD_H
#define CFK_BASE_LOAD_H

#include <stdint.h>
#include <string.h>

static inline uint16_t cfk__load16le(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t cfk__load32le(const uint8_t *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

static inline uint64_t cfk__load64le(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void cfk__store64be(uint8_t *p, uint64_t word)
{
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(p, &word, sizeof word);
}

#endif
