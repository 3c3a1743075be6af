/* SPDX-License-Identifier: MIT */
#include "split/payload.h"

#include "base/error.h"
#include "base/secret.h"

#include <string.h>

static const char ALGORITHM[] = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM";

/* key || base nonce || commitment */
struct derived {
    uint8_t key[CFK__AEAD_KEY_SIZE];
    uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    uint8_t commitment[CFK__PAYLOAD_COMMITMENT];
};

_Static_assert(sizeof(struct derived) == 76, "bytes without padding");

static int derive(const uint8_t *key, const uint8_t *salt, struct cfk__span context,
                  struct derived *out, struct cfk_error *err)
{
    uint8_t info[sizeof ALGORITHM + CFK__PAYLOAD_SALT + CFK__PAYLOAD_CONTEXT];
    struct cfk__writer w;

    cfk__writer_init(&w, info, sizeof info);
    cfk__write(&w, ALGORITHM, sizeof ALGORITHM); /* with its NUL */
    cfk__write(&w, salt, CFK__PAYLOAD_SALT);
    cfk__write(&w, context.data, context.size);
    if (!cfk__writer_ok(&w))
        return cfk__fail(err, CFK_E_INVALID, "split: a context of %zu bytes",
                         context.size);
    return cfk__hkdf_expand(CFK__SHA512, key, 32, info, cfk__writer_size(&w), out,
                            sizeof *out, err);
}

static int begin(struct cfk__payload *p, const struct derived *derived,
                 struct cfk_error *err)
{
    memcpy(p->nonce, derived->nonce, sizeof p->nonce);
    p->chunks = 0;
    return cfk__aead_new(CFK__AES_256_GCM, derived->key, &p->aead, err);
}

int cfk__payload_begin_seal(struct cfk__payload *p, const uint8_t key[32],
                            struct cfk__span context, uint8_t *prefix,
                            struct cfk_error *err)
{
    struct derived derived;
    int rc = cfk__random(prefix, CFK__PAYLOAD_SALT, err);

    p->aead = NULL;
    if (rc == CFK_OK)
        rc = derive(key, prefix, context, &derived, err);
    if (rc != CFK_OK)
        return rc;
    memcpy(prefix + CFK__PAYLOAD_SALT, derived.commitment, CFK__PAYLOAD_COMMITMENT);
    rc = begin(p, &derived, err);
    cfk__wipe(&derived, sizeof derived);
    return rc;
}

int cfk__payload_begin_open(struct cfk__payload *p, const uint8_t key[32],
                            struct cfk__span context, const uint8_t *prefix,
                            struct cfk_error *err)
{
    struct derived derived;
    int rc = derive(key, prefix, context, &derived, err);

    p->aead = NULL;
    if (rc != CFK_OK)
        return rc;
    if (cfk__equal_secret(prefix + CFK__PAYLOAD_SALT, derived.commitment,
                          CFK__PAYLOAD_COMMITMENT))
        rc = begin(p, &derived, err);
    else
        rc = cfk__fail(err, CFK_E_CORRUPT,
                       "split: the sealed secret does not belong to this key");
    cfk__wipe(&derived, sizeof derived);
    return rc;
}

void cfk__payload_end(struct cfk__payload *p)
{
    cfk__aead_free(p->aead);
    p->aead = NULL;
    cfk__wipe(p->nonce, sizeof p->nonce);
}

/* The nonce of a chunk: the base nonce and the number, by exclusive or. */
static int make_nonce(const struct cfk__payload *p, uint64_t number,
                      uint8_t nonce[CFK__AEAD_NONCE_SIZE], struct cfk_error *err)
{
    if (number >= CFK__PAYLOAD_CHUNKS)
        return cfk__fail(err, CFK_E_LIMIT, "split: a secret of over 4 PiB");
    memcpy(nonce, p->nonce, CFK__AEAD_NONCE_SIZE);
    for (unsigned i = 0; i < 8; i++)
        nonce[CFK__AEAD_NONCE_SIZE - 1 - i] ^= (uint8_t)(number >> 8 * i);
    return CFK_OK;
}

int cfk__payload_seal(struct cfk__payload *p, const uint8_t *data, size_t size,
                      uint8_t *out, struct cfk_error *err)
{
    uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    int rc = make_nonce(p, p->chunks, nonce, err);

    if (rc != CFK_OK)
        return rc;
    p->chunks++;
    return cfk__aead_seal(p->aead, nonce, NULL, 0, data, size, out, err);
}

int cfk__payload_open_at(const struct cfk__payload *p, uint64_t number,
                         const uint8_t *data, size_t size, uint8_t *out,
                         struct cfk_error *err)
{
    uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    int rc = make_nonce(p, number, nonce, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk__aead_open(p->aead, nonce, NULL, 0, data, size, out, err);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the sealed secret is damaged or cut short");
    return rc;
}

int cfk__payload_open(struct cfk__payload *p, const uint8_t *data, size_t size,
                      uint8_t *out, struct cfk_error *err)
{
    int rc = cfk__payload_open_at(p, p->chunks, data, size, out, err);

    p->chunks += rc == CFK_OK;
    return rc;
}
