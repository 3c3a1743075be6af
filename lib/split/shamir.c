/* SPDX-License-Identifier: MIT */
#include "split/shamir.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "cfkit/split.h"
#include "split/gf256.h"

#include <stdbool.h>
#include <string.h>

enum { RANDOM_BLOCK = 1024 }; /* bytes whose coefficients are in memory at a time */

/* Row after row: the powers of x and of what follows it, from the first. */
static void fill_powers(uint8_t x, size_t count, size_t degree, uint8_t *matrix)
{
    for (size_t i = 0; i < count; i++, x++) {
        uint8_t power = 1;

        for (size_t term = 0; term < degree; term++)
            *matrix++ = power = cfk__gf256_multiply(power, x);
    }
}

/* By powers of x: polynomials of any degree, points from anywhere on. */
static void evaluate_any(const struct cfk__shamir *p, uint8_t x, size_t count,
                         size_t size, uint8_t *y, size_t stride)
{
    const uint8_t *inputs[CFK_SPLIT_MAX_SHARES];
    uint8_t matrix[CFK__GF256_OUTPUTS * CFK_SPLIT_MAX_SHARES];

    for (size_t term = 0; term < p->degree; term++)
        inputs[term] = p->coefficients + term * p->stride;
    for (size_t done = 0; done < count; done += CFK__GF256_OUTPUTS) {
        size_t left = count - done;
        size_t outputs = left < CFK__GF256_OUTPUTS ? left : CFK__GF256_OUTPUTS;
        struct cfk__gf256_map map = { p->constant,       inputs, p->degree, matrix,
                                      y + done * stride, stride, outputs };

        fill_powers((uint8_t)(x + done), outputs, p->degree, matrix);
        cfk__gf256()(&map, size);
    }
}

/* By steps from point to point: what two or three people of any number can open. */
static void evaluate_from_one(const struct cfk__shamir *p, size_t count, size_t size,
                              uint8_t *y, size_t stride)
{
    struct cfk__gf256_points points = { .constant = p->constant,
                                        .linear = p->coefficients };

    if (p->degree == 2)
        points.square = p->coefficients + p->stride;
    for (size_t base = 0; base <= count; base += CFK__GF256_POINTS) {
        size_t last = count - base;

        points.base = (unsigned)base;
        points.last = (unsigned)(last < CFK__GF256_POINTS ? last : CFK__GF256_POINTS - 1);
        for (size_t i = base == 0; i <= points.last; i++)
            points.outputs[i] = y + (base + i - 1) * stride;
        cfk__gf256_evaluate_best()(&points, size);
    }
}

void cfk__shamir_evaluate(const struct cfk__shamir *p, uint8_t x, size_t count,
                          size_t size, uint8_t *y, size_t stride)
{
    if (x == 1 && (p->degree == 1 || p->degree == 2) && size >= CFK__GF256_WORD)
        evaluate_from_one(p, count, size, y, stride);
    else
        evaluate_any(p, x, count, size, y, stride);
}

/* Lagrange's weight of point i at 0: the product of x_j / (x_j - x_i). */
static uint8_t weight(const uint8_t *xs, size_t count, size_t i)
{
    uint8_t above = 1;
    uint8_t below = 1;

    for (size_t j = 0; j < count; j++) {
        if (j == i)
            continue;
        above = cfk__gf256_multiply(above, xs[j]);
        below = cfk__gf256_multiply(below, xs[j] ^ xs[i]);
    }
    return cfk__gf256_multiply(above, cfk__gf256_invert(below));
}

void cfk__shamir_interpolate(const uint8_t *xs, const uint8_t *const *ys, size_t count,
                             size_t size, uint8_t *secret)
{
    uint8_t weights[CFK_SPLIT_MAX_SHARES];
    struct cfk__gf256_map map = { NULL, ys, count, weights, secret, 0, 1 };

    for (size_t i = 0; i < count; i++)
        weights[i] = weight(xs, count, i);
    cfk__gf256()(&map, size);
}

static int check_counts(uint32_t threshold, uint32_t count, struct cfk_error *err)
{
    if (threshold >= 1 && threshold <= count && count <= CFK_SPLIT_MAX_SHARES)
        return CFK_OK;
    return cfk__fail(err, CFK_E_INVALID,
                     "split: %u of %u shares, not 1 to 255 with no more needed than "
                     "there are",
                     (unsigned)threshold, (unsigned)count);
}

int cfk_split_shamir(const void *secret, size_t size, uint32_t threshold, uint32_t count,
                     void *shares, struct cfk_error *err)
{
    struct cfk__shamir p = { secret, NULL, threshold - 1, RANDOM_BLOCK };
    void *coefficients;
    int rc = check_counts(threshold, count, err);

    if (rc != CFK_OK || size == 0)
        return rc;
    rc = cfk__secret_new((size_t)threshold * RANDOM_BLOCK, &coefficients, err);
    if (rc != CFK_OK)
        return rc;
    p.coefficients = coefficients;
    for (size_t at = 0; at < size && rc == CFK_OK; at += RANDOM_BLOCK) {
        size_t left = size - at;

        p.constant = (const uint8_t *)secret + at;
        rc = cfk__random(coefficients, p.degree * RANDOM_BLOCK, err);
        if (rc == CFK_OK)
            cfk__shamir_evaluate(&p, 1, count, left < RANDOM_BLOCK ? left : RANDOM_BLOCK,
                                 (uint8_t *)shares + at, size);
    }
    cfk__secret_free(coefficients);
    return rc;
}

int cfk_split_shamir_with(const void *secret, size_t size, uint32_t threshold,
                          uint32_t count, const void *random, void *shares,
                          struct cfk_error *err)
{
    struct cfk__shamir p = { secret, random, threshold - 1, size };
    int rc = check_counts(threshold, count, err);

    if (rc == CFK_OK)
        cfk__shamir_evaluate(&p, 1, count, size, shares, size);
    return rc;
}

static bool all_different(const uint8_t *xs, uint32_t count)
{
    bool seen[256] = { true }; /* 0 is no x */

    for (uint32_t i = 0; i < count; i++) {
        if (seen[xs[i]])
            return false;
        seen[xs[i]] = true;
    }
    return true;
}

int cfk_split_shamir_join(const uint8_t *xs, const void *shares, uint32_t count,
                          size_t size, void *secret, struct cfk_error *err)
{
    const uint8_t *ys[CFK_SPLIT_MAX_SHARES];

    if (count < 1 || count > CFK_SPLIT_MAX_SHARES)
        return cfk__fail(err, CFK_E_INVALID, "split: %u shares to join, not 1 to 255",
                         (unsigned)count);
    if (!all_different(xs, count))
        return cfk__fail(err, CFK_E_INVALID,
                         "split: the x of the shares are not all different and 1 to 255");
    for (uint32_t i = 0; i < count; i++)
        ys[i] = size > 0 ? (const uint8_t *)shares + i * size : NULL;
    if (size > 0)
        cfk__shamir_interpolate(xs, ys, count, size, secret);
    return CFK_OK;
}
