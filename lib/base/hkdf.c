/* SPDX-License-Identifier: MIT */
/*
 * What the seam builds on a back end's primitives: sizes, HMAC of one buffer,
 * HKDF (that of mbedTLS refuses a PRK shorter than the digest), public keys.
 */
#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum { HKDF_MAX_BLOCKS = 255 };

size_t cfk__hash_size(enum cfk__hash_id id)
{
    switch (id) {
    case CFK__SHA1: return 20;
    case CFK__SHA256: return CFK__SHA256_SIZE;
    case CFK__SHA384: return 48;
    case CFK__SHA512: return CFK__SHA512_SIZE;
    }
    return 0;
}

int cfk__hmac(enum cfk__hash_id id, const void *key, size_t key_size, const void *data,
              size_t size, uint8_t *mac, struct cfk_error *err)
{
    struct cfk__span part = { data, size };

    return cfk__hmac_parts(id, (struct cfk__span){ key, key_size }, &part, 1, mac, err);
}

int cfk__hkdf_extract(enum cfk__hash_id id, const void *salt, size_t salt_size,
                      const void *ikm, size_t ikm_size, uint8_t *prk,
                      struct cfk_error *err)
{
    /* HMAC pads a key with zeros, so that no salt is the same as the zeros of RFC 5869.
     */
    return cfk__hmac(id, salt, salt_size, ikm, ikm_size, prk, err);
}

int cfk__hkdf_expand(enum cfk__hash_id id, const void *prk, size_t prk_size,
                     const void *info, size_t info_size, void *out, size_t out_size,
                     struct cfk_error *err)
{
    size_t step = cfk__hash_size(id);
    uint8_t block[CFK__HASH_MAX];
    uint8_t counter = 0;
    uint8_t *p = out;
    int rc = CFK_OK;

    if (out_size > HKDF_MAX_BLOCKS * step)
        return cfk__fail(err, CFK_E_INVALID,
                         "crypto: HKDF gives at most %zu bytes, not %zu",
                         HKDF_MAX_BLOCKS * step, out_size);
    while (out_size > 0) {
        size_t take = out_size < step ? out_size : step;
        struct cfk__span parts[] = { { block, counter > 0 ? step : 0 },
                                     { info, info_size },
                                     { &counter, 1 } };

        counter++;
        rc = cfk__hmac_parts(id, (struct cfk__span){ prk, prk_size }, parts, 3, block,
                             err);
        if (rc != CFK_OK)
            break;
        memcpy(p, block, take);
        p += take;
        out_size -= take;
    }
    cfk__wipe(block, sizeof block);
    return rc;
}

int cfk__hkdf(enum cfk__hash_id id, const void *salt, size_t salt_size, const void *ikm,
              size_t ikm_size, const void *info, size_t info_size, void *out,
              size_t out_size, struct cfk_error *err)
{
    uint8_t prk[CFK__HASH_MAX];
    int rc = cfk__hkdf_extract(id, salt, salt_size, ikm, ikm_size, prk, err);

    if (rc == CFK_OK)
        rc = cfk__hkdf_expand(id, prk, cfk__hash_size(id), info, info_size, out, out_size,
                              err);
    cfk__wipe(prk, sizeof prk);
    return rc;
}

int cfk__x25519_public(uint8_t out[CFK__X25519_SIZE],
                       const uint8_t scalar[CFK__X25519_SIZE], struct cfk_error *err)
{
    static const uint8_t base_point[CFK__X25519_SIZE] = { 9 };

    return cfk__x25519(out, scalar, base_point, err);
}
