/* SPDX-License-Identifier: MIT */
/*
 * c2sp.org/chunked-encryption with SHA-512 and AES-256-GCM: a salt, a
 * commitment to the key, then chunks of 16 KiB of plaintext, the last one
 * shorter, each under the nonce of its number.
 */
#ifndef CFK_SPLIT_PAYLOAD_H
#define CFK_SPLIT_PAYLOAD_H

#include "base/crypto.h"

enum {
    CFK__PAYLOAD_SALT = 24,
    CFK__PAYLOAD_COMMITMENT = 32,
    CFK__PAYLOAD_PREFIX = CFK__PAYLOAD_SALT + CFK__PAYLOAD_COMMITMENT,
    CFK__PAYLOAD_TAG = CFK__AEAD_TAG_SIZE,
    CFK__PAYLOAD_CHUNK = 16384,
    CFK__PAYLOAD_CONTEXT = 64, /* most bytes of one */
};

#define CFK__PAYLOAD_CHUNKS (UINT64_C(1) << 38) /* at most */

struct cfk__payload {
    struct cfk__aead *aead;
    uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    uint64_t chunks;
};

/*
 * Begin with a fresh salt and write the prefix, or with the salt of a prefix,
 * whose commitment must fit: CFK_E_CORRUPT if not. CFK_E_NOMEM, CFK_E_RANDOM.
 * End with cfk__payload_end().
 */
int cfk__payload_begin_seal(struct cfk__payload *p, const uint8_t key[32],
                            struct cfk__span context, uint8_t *prefix,
                            struct cfk_error *err);
int cfk__payload_begin_open(struct cfk__payload *p, const uint8_t key[32],
                            struct cfk__span context, const uint8_t *prefix,
                            struct cfk_error *err);
void cfk__payload_end(struct cfk__payload *p);

/*
 * The next chunk, size bytes of data, to out, which may equal data; sealing adds
 * 16 bytes, opening takes them. All but the last have CFK__PAYLOAD_CHUNK bytes
 * of plaintext. CFK_E_LIMIT after 2^38 chunks, CFK_E_CORRUPT where one is not
 * authentic: then out holds nothing of it.
 */
int cfk__payload_seal(struct cfk__payload *p, const uint8_t *data, size_t size,
                      uint8_t *out, struct cfk_error *err);
int cfk__payload_open(struct cfk__payload *p, const uint8_t *data, size_t size,
                      uint8_t *out, struct cfk_error *err);

/* The same for chunk number, from 0, beside the order. */
int cfk__payload_open_at(const struct cfk__payload *p, uint64_t number,
                         const uint8_t *data, size_t size, uint8_t *out,
                         struct cfk_error *err);

#endif
