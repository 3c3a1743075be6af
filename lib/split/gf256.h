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

enum {
    CFK__GF256_OUTPUTS = 5, /* at a time: so many sums stay in registers */
    CFK__GF256_POINTS = 8,
    CFK__GF256_WORD = 8, /* the least bytes that are evaluated in one piece */
};

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

/* Polynomials of degree 1 or 2, one for each byte, and up to eight points in a row. */
struct cfk__gf256_points {
    const uint8_t *constant;
    const uint8_t *linear;
    const uint8_t *square; /* NULL: none */
    unsigned base;         /* the first point, a multiple of 8; 0 itself is left out */
    unsigned last;         /* the last is base + last, 0 to 7 */
    uint8_t *outputs[CFK__GF256_POINTS]; /* for base + i; they overlap nothing else */
};

/* Evaluate polynomials for vectors of size bytes, CFK__GF256_WORD or more. */
typedef void cfk__gf256_evaluate(const struct cfk__gf256_points *points, size_t size);

/* In machine words, on every processor. */
cfk__gf256_kernel cfk__gf256_portable;
cfk__gf256_evaluate cfk__gf256_evaluate_portable;

/* 32 bytes at a time by AVX2, or NULL where that is not. */
cfk__gf256_kernel *cfk__gf256_avx2(void);
cfk__gf256_evaluate *cfk__gf256_evaluate_avx2(void);

/* The best that this processor has. */
cfk__gf256_kernel *cfk__gf256(void);
cfk__gf256_evaluate *cfk__gf256_evaluate_best(void);

/* Of public numbers. The inverse of 0 is 0. */
uint8_t cfk__gf256_multiply(uint8_t a, uint8_t b);
uint8_t cfk__gf256_invert(uint8_t a);

#endif
