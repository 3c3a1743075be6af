/* SPDX-License-Identifier: MIT */
/* Huffman codes of literals (RFC 8878, 4.2), the encoding side. */
#ifndef CFK_DELTA_HUFFMAN_H
#define CFK_DELTA_HUFFMAN_H

#include "delta/bitwriter.h"

enum {
    CFK__HUFFMAN_LOG_MAX = 11,
    CFK__HUFFMAN_HEADER_MAX = 128,
    CFK__HUFFMAN_PRICE_NONE = 14 * 256, /* of a byte that a code does not have */
};

struct cfk__huffman {
    uint8_t log;       /* bits of the longest code; 0: no code at all */
    uint8_t last;      /* the highest byte that has a code */
    uint8_t bits[256]; /* 0: no code */
    uint16_t code[256];
    uint8_t header[CFK__HUFFMAN_HEADER_MAX]; /* its description */
    size_t header_size;
};

/*
 * The best code of at most limit bits a byte, with its description. False when
 * there is none: fewer than two bytes occur, more than the limit can tell apart, or
 * the description would be too long.
 */
bool cfk__huffman_build(struct cfk__huffman *h, const uint32_t counts[256],
                        unsigned limit);

/* Bits that the counts take; UINT64_MAX when a byte that occurs has no code. */
uint64_t cfk__huffman_bits(const struct cfk__huffman *h, const uint32_t counts[256]);

/* One stream; returns its size, 0 when it does not fit. */
size_t cfk__huffman_encode(const struct cfk__huffman *h, const uint8_t *data, size_t size,
                           uint8_t *out, size_t capacity);

#endif
