/* SPDX-License-Identifier: MIT */
/*
 * PBKDF2 (RFC 8018, 5.2) with HMAC. The two digests that an HMAC begins with
 * depend on the password alone: they are computed once and copied from then
 * on, which leaves two blocks of digest to each iteration instead of four.
 */
#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum { BLOCK_MAX = 128 }; /* of SHA-512 */

/* Digests after the padded password, and a third to work with. */
struct hmac {
    struct cfk__hash_ctx *inner;
    struct cfk__hash_ctx *outer;
    struct cfk__hash_ctx *work;
    size_t size; /* of the digest */
};

static int begin(struct cfk__hash_ctx **ctx, enum cfk__hash_id id, const uint8_t *key,
                 uint8_t pad, struct cfk_error *err)
{
    size_t block = cfk__hash_size(id) > CFK__SHA256_SIZE ? BLOCK_MAX : BLOCK_MAX / 2;
    uint8_t padded[BLOCK_MAX];
    int rc = cfk__hash_new(id, ctx, err);

    for (size_t i = 0; i < block; i++)
        padded[i] = key[i] ^ pad;
    if (rc == CFK_OK)
        rc = cfk__hash_update(*ctx, padded, block, err);
    cfk__wipe(padded, sizeof padded);
    return rc;
}

static int hmac_new(struct hmac *h, enum cfk__hash_id id, struct cfk__span password,
                    struct cfk_error *err)
{
    size_t block = cfk__hash_size(id) > CFK__SHA256_SIZE ? BLOCK_MAX : BLOCK_MAX / 2;
    uint8_t key[BLOCK_MAX] = { 0 };
    int rc = CFK_OK;

    h->size = cfk__hash_size(id);
    if (password.size > block)
        rc = cfk__hash(id, password.data, password.size, key, err);
    else if (password.size > 0)
        memcpy(key, password.data, password.size);
    if (rc == CFK_OK)
        rc = begin(&h->inner, id, key, 0x36, err);
    if (rc == CFK_OK)
        rc = begin(&h->outer, id, key, 0x5c, err);
    if (rc == CFK_OK)
        rc = cfk__hash_new(id, &h->work, err);
    cfk__wipe(key, sizeof key);
    return rc;
}

static void hmac_free(struct hmac *h)
{
    cfk__hash_free(h->inner);
    cfk__hash_free(h->outer);
    cfk__hash_free(h->work);
}

/* The digest of what begun has seen and of data; out may be data. */
static int digest_from(struct hmac *h, const struct cfk__hash_ctx *begun,
                       const void *data, size_t size, uint8_t *out, struct cfk_error *err)
{
    int rc = cfk__hash_copy(h->work, begun, err);

    if (rc == CFK_OK)
        rc = cfk__hash_update(h->work, data, size, err);
    return rc == CFK_OK ? cfk__hash_finish(h->work, out, err) : rc;
}

static int mac(struct hmac *h, uint8_t *u, struct cfk_error *err)
{
    int rc = digest_from(h, h->inner, u, h->size, u, err);

    return rc == CFK_OK ? digest_from(h, h->outer, u, h->size, u, err) : rc;
}

/* U_1 is the MAC of the salt and the number of the block. */
static int first_mac(struct hmac *h, struct cfk__span salt, uint32_t number, uint8_t *u,
                     struct cfk_error *err)
{
    uint8_t be[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                      (uint8_t)(number >> 8), (uint8_t)number };
    int rc = cfk__hash_copy(h->work, h->inner, err);

    if (rc == CFK_OK)
        rc = cfk__hash_update(h->work, salt.data, salt.size, err);
    if (rc == CFK_OK)
        rc = cfk__hash_update(h->work, be, sizeof be, err);
    if (rc == CFK_OK)
        rc = cfk__hash_finish(h->work, u, err);
    return rc == CFK_OK ? digest_from(h, h->outer, u, h->size, u, err) : rc;
}

static int block(struct hmac *h, struct cfk__span salt, uint32_t iterations,
                 uint32_t number, uint8_t *t, struct cfk_error *err)
{
    uint8_t u[CFK__HASH_MAX];
    int rc = first_mac(h, salt, number, u, err);

    if (rc == CFK_OK)
        memcpy(t, u, h->size);
    for (uint32_t i = 1; i < iterations && rc == CFK_OK; i++) {
        rc = mac(h, u, err);
        for (size_t j = 0; j < h->size; j++)
            t[j] ^= u[j];
    }
    cfk__wipe(u, sizeof u);
    return rc;
}

int cfk__pbkdf2(enum cfk__hash_id id, struct cfk__span password, struct cfk__span salt,
                uint32_t iterations, void *out, size_t out_size, struct cfk_error *err)
{
    struct hmac h = { NULL, NULL, NULL, 0 };
    uint8_t t[CFK__HASH_MAX];
    uint8_t *p = out;
    uint32_t number = 0;
    int rc;

    if (iterations == 0 || out_size / cfk__hash_size(id) >= UINT32_MAX)
        return cfk__fail(err, CFK_E_INVALID, "crypto: PBKDF2 of %u iterations",
                         (unsigned)iterations);
    rc = hmac_new(&h, id, password, err);
    while (rc == CFK_OK && out_size > 0) {
        size_t take = out_size < h.size ? out_size : h.size;

        rc = block(&h, salt, iterations, ++number, t, err);
        if (rc == CFK_OK)
            memcpy(p, t, take);
        p += take;
        out_size -= take;
    }
    hmac_free(&h);
    cfk__wipe(t, sizeof t);
    return rc;
}
