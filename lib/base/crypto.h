/* SPDX-License-Identifier: MIT */
/*
 * The one seam to cryptography. A back end is one file behind it
 * (crypto_mbedtls.c, crypto_openssl.c); no header of theirs is seen anywhere
 * else, and results, codes and messages are the same over both. What is built
 * from these primitives (hkdf.c) or comes from the system (random.c) is
 * shared.
 *
 * Secrets go through here in constant time as far as the back end keeps it.
 * Contexts hold key material: they are wiped when released, and a context
 * serves one thread at a time.
 */
#ifndef CFK_BASE_CRYPTO_H
#define CFK_BASE_CRYPTO_H

#include "base/bytes.h"

enum cfk__hash_id {
    CFK__SHA1,
    CFK__SHA256,
    CFK__SHA384,
    CFK__SHA512,
};

enum {
    CFK__HASH_MAX = 64, /* bytes of the longest digest */
    CFK__SHA256_SIZE = 32,
    CFK__SHA512_SIZE = 64,
    CFK__AEAD_KEY_SIZE = 32,
    CFK__AEAD_NONCE_SIZE = 12,
    CFK__AEAD_TAG_SIZE = 16,
    CFK__X25519_SIZE = 32,
};

/* Bytes of a digest. */
size_t cfk__hash_size(enum cfk__hash_id id);

/* Digest of one buffer. CFK_OK, or CFK_E_NOMEM where the back end allocates. */
int cfk__hash(enum cfk__hash_id id, const void *data, size_t size, uint8_t *digest,
              struct cfk_error *err);

/* A digest in pieces. After _finish only _free is allowed. */
struct cfk__hash_ctx;
int cfk__hash_new(enum cfk__hash_id id, struct cfk__hash_ctx **out,
                  struct cfk_error *err);
int cfk__hash_update(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                     struct cfk_error *err);
int cfk__hash_finish(struct cfk__hash_ctx *ctx, uint8_t *digest, struct cfk_error *err);
void cfk__hash_free(struct cfk__hash_ctx *ctx);

/* Make ctx, which may be finished, what from is; of the same id. CFK_E_NOMEM. */
int cfk__hash_copy(struct cfk__hash_ctx *ctx, const struct cfk__hash_ctx *from,
                   struct cfk_error *err);

/* Digest of one buffer by a context, in whatever state, for many digests in a row. */
int cfk__hash_again(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                    uint8_t *digest, struct cfk_error *err);

/* RFC 2104. The mac has cfk__hash_size(id) bytes; keys of any length. CFK_E_NOMEM. */
int cfk__hmac(enum cfk__hash_id id, const void *key, size_t key_size, const void *data,
              size_t size, uint8_t *mac, struct cfk_error *err);

/* The same over parts as if they were one. mac may be one of the parts. */
int cfk__hmac_parts(enum cfk__hash_id id, struct cfk__span key,
                    const struct cfk__span *parts, size_t count, uint8_t *mac,
                    struct cfk_error *err);

/* RFC 5869. A PRK of any length is taken, also one shorter than the digest. */
int cfk__hkdf_extract(enum cfk__hash_id id, const void *salt, size_t salt_size,
                      const void *ikm, size_t ikm_size, uint8_t *prk,
                      struct cfk_error *err);

/* CFK_E_INVALID when out_size is over 255 digests. prk may not overlap out. */
int cfk__hkdf_expand(enum cfk__hash_id id, const void *prk, size_t prk_size,
                     const void *info, size_t info_size, void *out, size_t out_size,
                     struct cfk_error *err);

/* Extract, then expand. */
int cfk__hkdf(enum cfk__hash_id id, const void *salt, size_t salt_size, const void *ikm,
              size_t ikm_size, const void *info, size_t info_size, void *out,
              size_t out_size, struct cfk_error *err);

/*
 * RFC 8018 with HMAC. CFK_E_INVALID for 0 iterations or over 2^32 - 1 digests,
 * CFK_E_NOMEM.
 */
int cfk__pbkdf2(enum cfk__hash_id id, struct cfk__span password, struct cfk__span salt,
                uint32_t iterations, void *out, size_t out_size, struct cfk_error *err);

enum cfk__aead_id {
    CFK__AES_256_GCM,       /* NIST SP 800-38D, 12-byte nonce, 16-byte tag */
    CFK__CHACHA20_POLY1305, /* RFC 8439 */
};

/* Most bytes of one message: what GCM allows under one nonce. */
#define CFK__AEAD_MAX_SIZE ((UINT64_C(1) << 36) - 32)

/* One key made ready, for many messages. */
struct cfk__aead;
int cfk__aead_new(enum cfk__aead_id id, const uint8_t key[CFK__AEAD_KEY_SIZE],
                  struct cfk__aead **out, struct cfk_error *err);

/*
 * Writes size + 16 bytes: ciphertext, then tag. out may equal data, not overlap
 * it otherwise. CFK_E_INVALID over CFK__AEAD_MAX_SIZE.
 */
int cfk__aead_seal(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err);

/*
 * Opens size bytes (ciphertext and tag) to size - 16; out may equal data.
 * CFK_E_CORRUPT when they are not authentic: then the size - 16 bytes of out
 * are zero; or when size is below 16 or too large: then out is as it was.
 */
int cfk__aead_open(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err);
void cfk__aead_free(struct cfk__aead *aead);

/*
 * RFC 7748. The scalar is clamped here, the top bit of the point is ignored,
 * and a point from the field's prime up is taken modulo it. CFK_E_INVALID when
 * the result is all zero (the point was of low order): then so is out.
 */
int cfk__x25519(uint8_t out[CFK__X25519_SIZE], const uint8_t scalar[CFK__X25519_SIZE],
                const uint8_t point[CFK__X25519_SIZE], struct cfk_error *err);
int cfk__x25519_public(uint8_t out[CFK__X25519_SIZE],
                       const uint8_t scalar[CFK__X25519_SIZE], struct cfk_error *err);

enum cfk__signature_id {
    CFK__RSA_PKCS1, /* RFC 8017, 8.2 */
    CFK__RSA_PSS,   /* RFC 8017, 8.1; MGF1 with the same hash */
    CFK__ECDSA,     /* P-256, P-384, P-521; DER signature */
    CFK__ED25519,   /* RFC 8032; no separate hash */
};

struct cfk__signature_scheme {
    enum cfk__signature_id id;
    enum cfk__hash_id hash; /* not for Ed25519 */
    size_t salt_size;       /* PSS alone; exact */
};

/*
 * Verify a signature over message by the key in spki, a DER
 * SubjectPublicKeyInfo (RFC 5280). The verdict is the same over every back
 * end, but for Ed25519, which mbedTLS lacks. Keys and ECDSA signatures are
 * strict DER, with nothing behind them.
 *
 *   CFK_OK           the signature is the key's
 *   CFK_E_SIGNATURE  it is not, or has a length or form that none of this key
 *                    has (ECDSA: not two positive minimal INTEGERs)
 *   CFK_E_CORRUPT    the key is malformed, not on its curve, or of a kind that
 *                    does not go with the scheme; an id-RSASSA-PSS key goes
 *                    with PSS alone, an rsaEncryption key with both
 *   CFK_E_NOTSUP     an algorithm or curve that is not listed above, explicit
 *                    curve parameters, a compressed point, parameters in an
 *                    id-RSASSA-PSS key, an RSA modulus below 512 or above 8192
 *                    bits (the most that mbedTLS can do) or exponent above 64
 *   CFK_E_NOMEM
 *
 * What strength a key must have is for the caller to say.
 */
int cfk__signature_verify(const struct cfk__signature_scheme *scheme,
                          struct cfk__span spki, struct cfk__span message,
                          struct cfk__span signature, struct cfk_error *err);

enum { CFK__EC_POINT_MAX = 133 };

/* Public keys on one curve, as points 04 x y. */
struct cfk__ec_keys {
    struct cfk__span like; /* a SubjectPublicKeyInfo on that curve, which others own */
    size_t point_size;
    unsigned count;
    uint8_t points[2][CFK__EC_POINT_MAX];
};

/*
 * Every key on the curve of the key in like that an ECDSA signature over
 * message could be by (SEC 1, 4.1.6): there are at most two. It takes about as
 * long as one verification, so that one of many keys is found by comparing.
 * CFK_OK; CFK_E_NOTSUP where keys have to be tried one by one; CFK_E_CORRUPT
 * for a malformed key; CFK_E_NOMEM.
 */
int cfk__signature_keys(const struct cfk__signature_scheme *scheme, struct cfk__span like,
                        struct cfk__span message, struct cfk__span signature,
                        struct cfk__ec_keys *out, struct cfk_error *err);

/* Whether a key may be compared with these, and whether it is one of them. */
bool cfk__signature_keys_fit(const struct cfk__ec_keys *keys, struct cfk__span spki);
bool cfk__signature_keys_have(const struct cfk__ec_keys *keys, struct cfk__span spki);

/* Bytes from the system's generator. CFK_OK or CFK_E_RANDOM. */
int cfk__random(void *out, size_t size, struct cfk_error *err);

#endif
