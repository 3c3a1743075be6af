/* SPDX-License-Identifier: MIT */
#include "split/shamir.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "cfkit/split.h"
#include "split/gf256.h"

#include <stdbool.h>
#include <string.h>

enum { BLOCK = 1024 }; /* bytes whose coefficients are in memory at a time */

void cfk__shamir_evaluate(const uint8_t *secret, const uint8_t *coefficients,
                          size_t count, size_t size, uint8_t x, uint8_t *y)
{
    if (count == 0) {
        memcpy(y, secret, size);
        return;
    }
    memcpy(y, coefficients + (count - 1) * size, size);
    for (size_t i = count - 1; i-- > 0;)
        cfk__gf256_horner(y, x, coefficients + i * size, size);
    cfk__gf256_horner(y, x, secret, size);
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
    memset(secret, 0, size);
    for (size_t i = 0; i < count; i++)
        cfk__gf256_add_product(secret, weight(xs, count, i), ys[i], size);
}

static int share_block(const uint8_t *secret, size_t size, uint32_t threshold,
                       uint32_t count, uint8_t *coefficients, uint8_t *shares,
                       size_t stride, struct cfk_error *err)
{
    int rc = cfk__random(coefficients, (threshold - 1) * size, err);

    for (uint32_t i = 0; i < count && rc == CFK_OK; i++)
        cfk__shamir_evaluate(secret, coefficients, threshold - 1, size, (uint8_t)(i + 1),
                             shares + i * stride);
    return rc;
}

int cfk_split_shamir(const void *secret, size_t size, uint32_t threshold, uint32_t count,
                     void *shares, struct cfk_error *err)
{
    void *coefficients;
    int rc;

    if (threshold < 1 || threshold > count || count > CFK_SPLIT_MAX_SHARES)
        return cfk__fail(err, CFK_E_INVALID,
                         "split: %u of %u shares, not 1 to 255 with no more needed than "
                         "there are",
                         (unsigned)threshold, (unsigned)count);
    rc = cfk__secret_new((size_t)threshold * BLOCK, &coefficients, err);
    if (rc != CFK_OK)
        return rc;
    for (size_t at = 0; at < size && rc == CFK_OK; at += BLOCK)
        rc = share_block((const uint8_t *)secret + at,
                         size - at < BLOCK ? size - at : BLOCK, threshold, count,
                         coefficients, (uint8_t *)shares + at, size, err);
    cfk__secret_free(coefficients);
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
