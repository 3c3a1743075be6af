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

/* Row after row: the powers of x, from the first. */
static void fill_powers(const uint8_t *xs, size_t count, size_t degree, uint8_t *matrix)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t power = 1;

        for (size_t term = 0; term < degree; term++)
            *matrix++ = power = cfk__gf256_multiply(power, xs[i]);
    }
}

void cfk__shamir_evaluate(const struct cfk__shamir *p, const uint8_t *xs, size_t count,
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

        fill_powers(xs + done, outputs, p->degree, matrix);
        cfk__gf256()(&map, size);
    }
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

/* The x of shares are 1, 2 and so on. */
static int number_shares(uint32_t threshold, uint32_t count,
                         uint8_t xs[CFK_SPLIT_MAX_SHARES], struct cfk_error *err)
{
    if (threshold < 1 || threshold > count || count > CFK_SPLIT_MAX_SHARES)
        return cfk__fail(err, CFK_E_INVALID,
                         "split: %u of %u shares, not 1 to 255 with no more needed than "
                         "there are",
                         (unsigned)threshold, (unsigned)count);
    for (unsigned i = 0; i < CFK_SPLIT_MAX_SHARES; i++)
        xs[i] = (uint8_t)(i + 1);
    return CFK_OK;
}

int cfk_split_shamir(const void *secret, size_t size, uint32_t threshold, uint32_t count,
                     void *shares, struct cfk_error *err)
{
    struct cfk__shamir p = { secret, NULL, threshold - 1, RANDOM_BLOCK };
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    void *coefficients;
    int rc = number_shares(threshold, count, xs, err);

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
            cfk__shamir_evaluate(&p, xs, count, left < RANDOM_BLOCK ? left : RANDOM_BLOCK,
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
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    int rc = number_shares(threshold, count, xs, err);

    if (rc == CFK_OK)
        cfk__shamir_evaluate(&p, xs, count, size, shares, size);
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
