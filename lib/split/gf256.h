/* SPDX-License-Identifier: MIT */
/*
 * GF(256) modulo x^8 + x^4 + x^3 + x + 1 (0x11B). Vectors of field elements are
 * secret: nothing branches on them or is looked up by them. The scalars beside
 * them are public, and time may depend on those.
 */
#ifndef CFK_SPLIT_GF256_H
#define CFK_SPLIT_GF256_H

#include <stddef.h>
#include <stdint.h>

enum { CFK__GF256_OUTPUTS = 5 }; /* at a time: so many sums stay in registers */

/* A linear map: each output is the constant and the sum of all inputs times scalars. */
struct cfk__gf256_map {
    const uint8_t *constant; /* NULL: zeros */
    const uint8_t *const *inputs;
    size_t input_count; /* 0 to 255 */
    const uint8_t
        *matrix;         /* scalar of input i in output j: matrix[j * input_count + i] */
    uint8_t *outputs;    /* they overlap nothing else */
    size_t stride;       /* from one output to the next, in bytes */
    size_t output_count; /* 1 to CFK__GF256_OUTPUTS */
};

/* Apply a map to vectors of size bytes. */
typedef void cfk__gf256_kernel(const struct cfk__gf256_map *map, size_t size);

/* In machine words, on every processor. */
cfk__gf256_kernel cfk__gf256_portable;

/* 32 bytes at a time by AVX2, or NULL where that is not. */
cfk__gf256_kernel *cfk__gf256_avx2(void);

/* The best that this processor has. */
cfk__gf256_kernel *cfk__gf256(void);

/* Of public numbers. The inverse of 0 is 0. */
uint8_t cfk__gf256_multiply(uint8_t a, uint8_t b);
uint8_t cfk__gf256_invert(uint8_t a);

#endif
