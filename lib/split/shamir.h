/* SPDX-License-Identifier: MIT */
/* Polynomials over GF(256), one for each byte of a vector. */
#ifndef CFK_SPLIT_SHAMIR_H
#define CFK_SPLIT_SHAMIR_H

#include "cfkit/base.h"

/*
 * The value at x of the polynomials with constant terms secret and the other
 * terms coefficients, count vectors of size bytes each, lowest first.
 */
void cfk__shamir_evaluate(const uint8_t *secret, const uint8_t *coefficients,
                          size_t count, size_t size, uint8_t x, uint8_t *y);

/* The value at 0 of the polynomials through count points (xs[i], ys[i]). */
void cfk__shamir_interpolate(const uint8_t *xs, const uint8_t *const *ys, size_t count,
                             size_t size, uint8_t *secret);

#endif
