/* SPDX-License-Identifier: MIT */
/*
 * The shares of a person under their X25519 key: an ephemeral key of the head
 * and the key of the person give a secret, from which HKDF takes a key that
 * serves once.
 */
#include "base/secret.h"
#include "split/handle.h"

#include <string.h>

enum { KEY_SIZE = CFK__AEAD_KEY_SIZE };

static const char PASSPHRASE_NAME[] = "cfkit passphrase key 1";
static const char WRAP_NAME[] = "cfkit wrap 1";

int cfk__lock_scalar(const struct cfk__holder *person, struct cfk__span passphrase,
                     uint8_t scalar[CFK__X25519_SIZE], struct cfk_error *err)
{
    struct cfk__kdf_input input = { .passphrase = passphrase,
                                    .salt = { person->salt, sizeof person->salt } };
    uint8_t stretched[32];
    int rc = cfk__kdf(&person->cost, &input, stretched, sizeof stretched, err);

    if (rc == CFK_OK)
        rc = cfk__hkdf(CFK__SHA512, NULL, 0, stretched, sizeof stretched, PASSPHRASE_NAME,
                       sizeof PASSPHRASE_NAME - 1, scalar, CFK__X25519_SIZE, err);
    cfk__wipe(stretched, sizeof stretched);
    return rc;
}

/* The info binds the key to its lock, generation and person. */
static int derive(const struct cfk__wrap *wrap, const uint8_t *secret, uint8_t *key,
                  struct cfk_error *err)
{
    const struct cfk__head *head = wrap->head;
    const char *name = cfk_policy_person(head->policy, wrap->person);
    uint8_t salt[2 * CFK__X25519_SIZE];
    uint8_t info[sizeof WRAP_NAME + CFK__LOCK_ID_SIZE + 4 + CFK_POLICY_MAX_NAME];
    struct cfk__writer w;

    memcpy(salt, head->ephemeral, CFK__X25519_SIZE);
    memcpy(salt + CFK__X25519_SIZE, head->people[wrap->person].public_key,
           CFK__X25519_SIZE);
    cfk__writer_init(&w, info, sizeof info);
    cfk__write(&w, WRAP_NAME, sizeof WRAP_NAME); /* with its NUL */
    cfk__write(&w, head->lock_id, sizeof head->lock_id);
    cfk__write_u32be(&w, head->generation);
    cfk__write(&w, name, strlen(name));
    return cfk__hkdf(CFK__SHA512, salt, sizeof salt, secret, CFK__X25519_SIZE, info,
                     cfk__writer_size(&w), key, KEY_SIZE, err);
}

static int make_key(const struct cfk__wrap *wrap, struct cfk__aead **aead,
                    struct cfk_error *err)
{
    uint8_t secret[CFK__X25519_SIZE];
    uint8_t key[KEY_SIZE];
    int rc = cfk__x25519(secret, wrap->scalar, wrap->point, err);

    *aead = NULL;
    if (rc == CFK_OK)
        rc = derive(wrap, secret, key, err);
    if (rc == CFK_OK)
        rc = cfk__aead_new(CFK__AES_256_GCM, key, aead, err);
    cfk__wipe(secret, sizeof secret);
    cfk__wipe(key, sizeof key);
    return rc;
}

int cfk__wrap(const struct cfk__wrap *wrap, const uint8_t *data, size_t size,
              uint8_t *out, struct cfk_error *err)
{
    static const uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    struct cfk__aead *aead;
    int rc = make_key(wrap, &aead, err);

    if (rc == CFK_OK)
        rc = cfk__aead_seal(aead, nonce, NULL, 0, data, size, out, err);
    cfk__aead_free(aead);
    return rc;
}

int cfk__unwrap(const struct cfk__wrap *wrap, struct cfk__span wrapped, uint8_t *out,
                struct cfk_error *err)
{
    static const uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    struct cfk__aead *aead;
    int rc = make_key(wrap, &aead, err);

    if (rc == CFK_OK)
        rc = cfk__aead_open(aead, nonce, NULL, 0, wrapped.data, wrapped.size, out, err);
    cfk__aead_free(aead);
    return rc == CFK_E_INVALID ? CFK_E_CORRUPT : rc; /* an ephemeral key of low order */
}
