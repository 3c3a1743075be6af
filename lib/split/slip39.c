/* SPDX-License-Identifier: MIT */
#include "split/slip39.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "split/shamir.h"

#include <string.h>

enum {
    ROUNDS = 4,
    ROUND_ITERATIONS = 2500, /* times 2^exponent */
    HALF_MAX = CFK_WORDS_MAX_SECRET / 2,
    DIGEST_SIZE = 4,
    DIGEST_X = 254,
    SECRET_X = 255,
};

/* --- the cipher: a Feistel network of four rounds of PBKDF2 --- */

struct cipher {
    const struct cfk__slip39_salt *salt;
    uint8_t *password; /* the number of the round, then the passphrase */
    size_t password_size;
    size_t half;
    uint8_t left[HALF_MAX];
    uint8_t right[HALF_MAX];
};

/* left, right = right, left + F(right) */
static int feistel(struct cipher *c, uint8_t round, struct cfk_error *err)
{
    const struct cfk__slip39_salt *s = c->salt;
    uint8_t prefix[] = { 's',           'h', 'a', 'm', 'i', 'r', (uint8_t)(s->id >> 8),
                         (uint8_t)s->id };
    uint8_t salt[sizeof prefix + HALF_MAX];
    uint8_t f[HALF_MAX];
    size_t prefix_size = s->extendable ? 0 : sizeof prefix;
    int rc;

    memcpy(salt, prefix, prefix_size);
    memcpy(salt + prefix_size, c->right, c->half);
    c->password[0] = round;
    rc = cfk__pbkdf2(CFK__SHA256, (struct cfk__span){ c->password, c->password_size },
                     (struct cfk__span){ salt, prefix_size + c->half },
                     (uint32_t)ROUND_ITERATIONS << s->exponent, f, c->half, err);
    for (size_t i = 0; rc == CFK_OK && i < c->half; i++) {
        uint8_t mixed = c->left[i] ^ f[i];

        c->left[i] = c->right[i];
        c->right[i] = mixed;
    }
    cfk__wipe(salt, sizeof salt);
    cfk__wipe(f, sizeof f);
    return rc;
}

/* Rounds from first in steps of step, 1 or -1. */
static int run(const struct cfk__slip39_salt *salt, struct cfk__span passphrase,
               int first, int step, const uint8_t *data, size_t size, uint8_t *out,
               struct cfk_error *err)
{
    struct cipher c = { .salt = salt, .half = size / 2 };
    void *password;
    int rc;

    if (passphrase.size > CFK_WORDS_MAX_PASSPHRASE)
        return cfk__fail(err, CFK_E_LIMIT, "split: a passphrase of %zu bytes, not %d",
                         passphrase.size, CFK_WORDS_MAX_PASSPHRASE);
    rc = cfk__secret_new(1 + passphrase.size, &password, err);
    if (rc != CFK_OK)
        return rc;
    c.password = password;
    c.password_size = 1 + passphrase.size;
    if (passphrase.size > 0)
        memcpy(c.password + 1, passphrase.data, passphrase.size);
    memcpy(c.left, data, c.half);
    memcpy(c.right, data + c.half, c.half);
    for (int i = 0; i < ROUNDS && rc == CFK_OK; i++)
        rc = feistel(&c, (uint8_t)(first + i * step), err);
    if (rc == CFK_OK) {
        memcpy(out, c.right, c.half);
        memcpy(out + c.half, c.left, c.half);
    }
    cfk__secret_free(password);
    cfk__wipe(&c, sizeof c);
    return rc;
}

int cfk__slip39_encrypt(const struct cfk__slip39_salt *salt, struct cfk__span passphrase,
                        const uint8_t *data, size_t size, uint8_t *out,
                        struct cfk_error *err)
{
    return run(salt, passphrase, 0, 1, data, size, out, err);
}

int cfk__slip39_decrypt(const struct cfk__slip39_salt *salt, struct cfk__span passphrase,
                        const uint8_t *data, size_t size, uint8_t *out,
                        struct cfk_error *err)
{
    return run(salt, passphrase, ROUNDS - 1, -1, data, size, out, err);
}

/* --- sharing --- */

/* The value at x of the polynomials through the points of subset, a set of bits. */
static void evaluate(const struct cfk__slip39_points *points, uint32_t subset,
                     size_t size, uint8_t x, uint8_t *y)
{
    uint8_t xs[CFK_WORDS_MAX_MEMBERS];
    const uint8_t *ys[CFK_WORDS_MAX_MEMBERS];
    size_t count = 0;

    for (unsigned i = 0; i < points->count; i++) {
        if (!(subset >> i & 1))
            continue;
        xs[count] = points->x[i] ^ x; /* x moved to 0 */
        ys[count++] = points->y[i];
    }
    cfk__shamir_interpolate(xs, ys, count, size, y);
}

/* The first bytes of an HMAC of the secret under the rest of the digest share. */
static int digest(const uint8_t *digest_share, const uint8_t *secret, size_t size,
                  uint8_t *out, struct cfk_error *err)
{
    uint8_t mac[CFK__HASH_MAX];
    int rc = cfk__hmac(CFK__SHA256, digest_share + DIGEST_SIZE, size - DIGEST_SIZE,
                       secret, size, mac, err);

    if (rc == CFK_OK)
        memcpy(out, mac, DIGEST_SIZE);
    cfk__wipe(mac, sizeof mac);
    return rc;
}

/* The points that fix the polynomials: random ones, the digest, the secret. */
static int choose_base(struct cfk__slip39_points *base, const uint8_t *secret,
                       size_t size, unsigned threshold, struct cfk_error *err)
{
    uint8_t *digest_share = base->y[threshold - 2];
    int rc = CFK_OK;

    base->count = threshold;
    for (unsigned i = 0; i < threshold - 1 && rc == CFK_OK; i++) {
        base->x[i] = (uint8_t)i;
        rc = cfk__random(base->y[i], size, err);
    }
    if (rc == CFK_OK)
        rc = digest(digest_share, secret, size, digest_share, err);
    base->x[threshold - 2] = DIGEST_X;
    base->x[threshold - 1] = SECRET_X;
    memcpy(base->y[threshold - 1], secret, size);
    return rc;
}

int cfk__slip39_share(const uint8_t *secret, size_t size, unsigned threshold,
                      unsigned count, uint8_t (*shares)[CFK_WORDS_MAX_SECRET],
                      struct cfk_error *err)
{
    struct cfk__slip39_points base = { .count = 0 };
    uint32_t all = (1u << threshold) - 1;
    int rc = CFK_OK;

    if (threshold == 1) {
        for (unsigned i = 0; i < count; i++)
            memcpy(shares[i], secret, size);
        return CFK_OK;
    }
    rc = choose_base(&base, secret, size, threshold, err);
    for (unsigned i = 0; i < count && rc == CFK_OK; i++) {
        if (i + 2 < threshold)
            memcpy(shares[i], base.y[i], size);
        else
            evaluate(&base, all, size, (uint8_t)i, shares[i]);
    }
    cfk__wipe(&base, sizeof base);
    return rc;
}

/* --- recovery --- */

/* CFK_OK and the secret if its digest is right, CFK_E_SHARE if it is not. */
static int try_subset(const struct cfk__slip39_points *points, uint32_t subset,
                      size_t size, uint8_t *secret, struct cfk_error *err)
{
    uint8_t digest_share[CFK_WORDS_MAX_SECRET];
    uint8_t wanted[DIGEST_SIZE];
    int rc;

    evaluate(points, subset, size, SECRET_X, secret);
    evaluate(points, subset, size, DIGEST_X, digest_share);
    rc = digest(digest_share, secret, size, wanted, err);
    if (rc == CFK_OK && !cfk__equal_secret(wanted, digest_share, DIGEST_SIZE))
        rc = CFK_E_SHARE;
    cfk__wipe(digest_share, sizeof digest_share);
    cfk__wipe(wanted, sizeof wanted);
    return rc;
}

static unsigned bits_in(uint32_t set)
{
    unsigned count = 0;

    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

/* The first point that is not on the polynomials of the subset, or points->count. */
static unsigned find_odd(const struct cfk__slip39_points *points, uint32_t subset,
                         size_t size)
{
    uint8_t y[CFK_WORDS_MAX_SECRET];
    unsigned i;

    for (i = 0; i < points->count; i++) {
        evaluate(points, subset, size, points->x[i], y);
        if (!cfk__equal_secret(y, points->y[i], size))
            break;
    }
    cfk__wipe(y, sizeof y);
    return i;
}

int cfk__slip39_recover(const struct cfk__slip39_points *points, unsigned threshold,
                        size_t size, uint8_t *secret, unsigned *odd,
                        struct cfk_error *err)
{
    uint32_t sets = UINT32_C(1) << points->count;
    int rc;

    *odd = points->count;
    if (threshold == 1) { /* every share is the secret; nothing tells which is right */
        memcpy(secret, points->y[0], size);
        *odd = find_odd(points, 1, size);
        return CFK_OK;
    }
    for (uint32_t subset = 1; subset < sets; subset++) {
        if (bits_in(subset) != threshold)
            continue;
        rc = try_subset(points, subset, size, secret, err);
        if (rc == CFK_E_SHARE)
            continue;
        if (rc == CFK_OK)
            *odd = find_odd(points, subset, size);
        return rc;
    }
    cfk__wipe(secret, size);
    return cfk__fail(err, CFK_E_SHARE,
                     "split: these shares do not go together: one is wrong");
}
