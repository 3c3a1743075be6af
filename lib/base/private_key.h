/* SPDX-License-Identifier: MIT */
/*
 * What reading private keys asks of the back end: the public key of a private
 * one, and the ciphers and hash that key files are encrypted with. Files are
 * parsed elsewhere, once for every back end, so that verdicts are the same.
 * Numbers of a private key are wiped from the memory of the back end.
 */
#ifndef CFK_BASE_PRIVATE_KEY_H
#define CFK_BASE_PRIVATE_KEY_H

#include "base/signature.h"

/* Big-endian numbers of RFC 8017, A.1.2; none is empty. */
struct cfk__rsa_private {
    struct cfk__span n, e, d, p, q, dp, dq, qinv;
};

/*
 * Whether these belong together: n = p q, and e, d, dp, dq and qinv undo each
 * other as they should. Primes are not tested. CFK_OK, CFK_E_CORRUPT, CFK_E_NOMEM.
 */
int cfk__rsa_private_check(const struct cfk__rsa_private *key, struct cfk_error *err);

/* Bytes of a coordinate on a curve. */
size_t cfk__curve_size(enum cfk__curve curve);

/*
 * The public point 04 x y of a private scalar: 2 * cfk__curve_size() + 1 bytes.
 * CFK_OK, CFK_E_CORRUPT (the scalar is 0, or not below the order of the curve),
 * CFK_E_RANDOM, CFK_E_NOMEM.
 */
int cfk__ec_public(enum cfk__curve curve, struct cfk__span scalar,
                   uint8_t point[CFK__EC_POINT_MAX], struct cfk_error *err);

enum { CFK__ED25519_SIZE = 32 };

/* RFC 8032, 5.1.5. CFK_OK, CFK_E_RANDOM, CFK_E_NOMEM. */
int cfk__ed25519_public(const uint8_t secret[CFK__ED25519_SIZE],
                        uint8_t out[CFK__ED25519_SIZE], struct cfk_error *err);

enum cfk__cbc_id {
    CFK__AES_128_CBC,
    CFK__AES_192_CBC,
    CFK__AES_256_CBC,
    CFK__DES_EDE3_CBC,
};

enum { CFK__CBC_KEY_MAX = 32, CFK__CBC_BLOCK_MAX = 16 };

/* Bytes of the key, and of a block and the initial vector. */
size_t cfk__cbc_key_size(enum cfk__cbc_id id);
size_t cfk__cbc_block_size(enum cfk__cbc_id id);

/*
 * Decrypt data, whole blocks, to as many bytes of out; the padding stays.
 * CFK_OK, CFK_E_NOTSUP (a back end without this cipher), CFK_E_NOMEM.
 */
int cfk__cbc_decrypt(enum cfk__cbc_id id, const uint8_t *key, const uint8_t *iv,
                     struct cfk__span data, uint8_t *out, struct cfk_error *err);

enum { CFK__MD5_SIZE = 16 };

/*
 * For the keys of old PEM files alone: MD5 (RFC 1321) of parts as if they were
 * one; digest may be one of them. CFK_OK, CFK_E_NOTSUP, CFK_E_NOMEM.
 */
int cfk__md5(const struct cfk__span *parts, size_t count, uint8_t digest[CFK__MD5_SIZE],
             struct cfk_error *err);

#endif
