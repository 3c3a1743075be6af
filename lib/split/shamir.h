/* SPDX-License-Identifier: MIT */
/* Polynomials over GF(256), one for each byte of a vector. */
#ifndef CFK_SPLIT_SHAMIR_H
#define CFK_SPLIT_SHAMIR_H

#include "cfkit/base.h"

/* Polynomials, one for each byte of a vector. */
struct cfk__shamir {
    const uint8_t *constant;     /* the terms without x */
    const uint8_t *coefficients; /* degree vectors of the others, lowest first */
    size_t degree;
    size_t stride; /* from one vector of coefficients to the next, in bytes */
};

/*
 * The values of size polynomials at count points in a row, the first at x: those at
 * x + i go to the vector of size bytes at y + i * stride.
 */
void cfk__shamir_evaluate(const struct cfk__shamir *p, uint8_t x, size_t count,
                          size_t size, uint8_t *y, size_t stride);

/* The value at 0 of the polynomials through count points (xs[i], ys[i]). */
void cfk__shamir_interpolate(const uint8_t *xs, const uint8_t *const *ys, size_t count,
                             size_t size, uint8_t *secret);

#endif
