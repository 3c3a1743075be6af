/* SPDX-License-Identifier: MIT */
/*
 * GF(256) modulo x^8 + x^4 + x^3 + x + 1 (0x11B), eight bytes at a time in a
 * machine word. Vectors are secret: nothing branches on them or is looked up
 * by them. The scalars beside them are public.
 */
#ifndef CFK_SPLIT_GF256_H
#define CFK_SPLIT_GF256_H

#include <stddef.h>
#include <stdint.h>

/* acc = acc * x + add, byte by byte: a step of Horner's scheme. */
void cfk__gf256_horner(uint8_t *acc, uint8_t x, const uint8_t *add, size_t size);

/* acc = acc + vector * c, byte by byte. */
void cfk__gf256_add_product(uint8_t *acc, uint8_t c, const uint8_t *vector, size_t size);

/* Of public numbers. The inverse of 0 is 0. */
uint8_t cfk__gf256_multiply(uint8_t a, uint8_t b);
uint8_t cfk__gf256_invert(uint8_t a);

#endif
