/* SPDX-License-Identifier: MIT */
#include "split/identity.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/bech32.h"

#include <string.h>

enum {
    DEFAULT_MEMORY_KIB = 65536,
    DEFAULT_PASSES = 3,
    DEFAULT_LANES = 1,
    PASSPHRASE_KEY = 32,
};

/* Without a key yet. */
static int new_identity(const struct cfk_alloc *alloc, cfk_identity **out,
                        struct cfk_error *err)
{
    cfk_identity *identity = cfk__calloc(alloc, 1, sizeof *identity);
    void *scalar;
    int rc;

    *out = NULL;
    if (identity == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for an identity");
    identity->alloc = *cfk__alloc_or_default(alloc);
    rc = cfk__secret_new(CFK__X25519_SIZE, &scalar, err);
    identity->scalar = scalar;
    if (rc != CFK_OK) {
        cfk_identity_free(identity);
        return rc;
    }
    *out = identity;
    return CFK_OK;
}

static int set_public(cfk_identity *identity, struct cfk_error *err)
{
    int rc = cfk__x25519_public(identity->public_key, identity->scalar, err);

    if (rc == CFK_OK)
        cfk__public_write(identity->public_key, identity->public_text);
    return rc;
}

int cfk_identity_new(const struct cfk_identity_options *opts, cfk_identity **out,
                     struct cfk_error *err)
{
    struct cfk_identity_options o;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = new_identity(o.alloc, out, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__random((*out)->scalar, CFK__X25519_SIZE, err);
    if (rc == CFK_OK)
        rc = set_public(*out, err);
    if (rc != CFK_OK) {
        cfk_identity_free(*out);
        *out = NULL;
    }
    return rc;
}

void cfk_identity_free(cfk_identity *identity)
{
    struct cfk_alloc alloc;

    if (identity == NULL)
        return;
    alloc = identity->alloc;
    cfk__secret_free(identity->scalar);
    cfk__free(&alloc, identity);
}

const char *cfk_identity_public(const cfk_identity *identity)
{
    return identity->public_text;
}

/* --- under a passphrase --- */

/* What a passphrase gives; secret. */
struct keys {
    uint8_t passphrase_key[PASSPHRASE_KEY];
    uint8_t commitment[CFK__KEYFILE_COMMITMENT];
    uint8_t key[CFK__AEAD_KEY_SIZE];
};

_Static_assert(offsetof(struct keys, key) ==
                   offsetof(struct keys, commitment) + CFK__KEYFILE_COMMITMENT,
               "expanded into both at once");

static int derive(const struct cfk__keyfile *file, struct cfk__span passphrase,
                  struct keys *keys, struct cfk_error *err)
{
    static const char info[] = "cfkit-identity-1";
    struct cfk__kdf_input input = {
        .passphrase = passphrase,
        .salt = { file->salt, sizeof file->salt },
    };
    int rc = cfk__kdf(&file->cost, &input, keys->passphrase_key, PASSPHRASE_KEY, err);

    if (rc != CFK_OK)
        return rc;
    return cfk__hkdf(CFK__SHA512, NULL, 0, keys->passphrase_key, PASSPHRASE_KEY, info,
                     sizeof info - 1, keys->commitment,
                     CFK__KEYFILE_COMMITMENT + CFK__AEAD_KEY_SIZE, err);
}

/* The key serves for one message, so that the nonce is zero. */
static int seal(struct cfk__keyfile *file, const struct keys *keys, const uint8_t *scalar,
                struct cfk_error *err)
{
    static const uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    char head[CFK__KEYFILE_MAX_TEXT];
    size_t head_size = cfk__keyfile_head(file, head);
    struct cfk__aead *aead;
    int rc = cfk__aead_new(CFK__AES_256_GCM, keys->key, &aead, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk__aead_seal(aead, nonce, head, head_size, scalar, CFK__X25519_SIZE,
                        file->sealed, err);
    cfk__aead_free(aead);
    return rc;
}

static int unseal(const struct cfk__keyfile *file, const struct keys *keys,
                  uint8_t *scalar, struct cfk_error *err)
{
    static const uint8_t nonce[CFK__AEAD_NONCE_SIZE];
    char head[CFK__KEYFILE_MAX_TEXT];
    size_t head_size = cfk__keyfile_head(file, head);
    struct cfk__aead *aead;
    int rc;

    if (!cfk__equal_secret(keys->commitment, file->commitment, sizeof file->commitment))
        return cfk__fail(err, CFK_E_PASSPHRASE, "split: wrong passphrase");
    rc = cfk__aead_new(CFK__AES_256_GCM, keys->key, &aead, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__aead_open(aead, nonce, head, head_size, file->sealed, sizeof file->sealed,
                        scalar, err);
    cfk__aead_free(aead);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail(err, rc, "split: the identity is forged: its key does not open");
    return rc;
}

static int check_passphrase(size_t size, struct cfk_error *err)
{
    if (size > CFK_IDENTITY_MAX_PASSPHRASE)
        return cfk__fail(err, CFK_E_LIMIT, "split: a passphrase of %zu bytes, not %d",
                         size, CFK_IDENTITY_MAX_PASSPHRASE);
    return CFK_OK;
}

static struct cfk__kdf_limits limits_of(const struct cfk_identity_options *o)
{
    return (struct cfk__kdf_limits){ o->max_memory_kib, o->max_passes };
}

static struct cfk__kdf_cost cost_of(const struct cfk_identity_options *o)
{
    return (struct cfk__kdf_cost){
        .memory_kib = o->memory_kib != 0 ? o->memory_kib : DEFAULT_MEMORY_KIB,
        .passes = o->passes != 0 ? o->passes : DEFAULT_PASSES,
        .lanes = o->lanes != 0 ? o->lanes : DEFAULT_LANES,
    };
}

static int lock(const cfk_identity *identity, struct cfk__span passphrase,
                struct cfk__keyfile *file, struct cfk_error *err)
{
    void *keys;
    int rc = cfk__secret_new(sizeof(struct keys), &keys, err);

    memcpy(file->public_key, identity->public_key, sizeof file->public_key);
    if (rc == CFK_OK)
        rc = cfk__random(file->salt, sizeof file->salt, err);
    if (rc == CFK_OK)
        rc = derive(file, passphrase, keys, err);
    if (rc == CFK_OK)
        rc = seal(file, keys, identity->scalar, err);
    if (rc == CFK_OK)
        memcpy(file->commitment, ((struct keys *)keys)->commitment,
               sizeof file->commitment);
    cfk__secret_free(keys);
    return rc;
}

int cfk_identity_save(const cfk_identity *identity, const void *passphrase,
                      size_t passphrase_size, const struct cfk_identity_options *opts,
                      char **text, size_t *len, struct cfk_error *err)
{
    struct cfk_identity_options o;
    struct cfk__keyfile file;
    struct cfk__kdf_limits limits;
    int rc;

    *text = NULL;
    *len = 0;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_passphrase(passphrase_size, err);
    if (rc != CFK_OK)
        return rc;
    if (passphrase_size == 0)
        return cfk__fail(err, CFK_E_INVALID, "split: an empty passphrase keeps nothing");
    limits = limits_of(&o);
    file.cost = cost_of(&o);
    rc = cfk__kdf_check(&file.cost, &limits, err);
    if (rc == CFK_OK)
        rc =
            lock(identity, (struct cfk__span){ passphrase, passphrase_size }, &file, err);
    if (rc != CFK_OK)
        return rc;
    *text = cfk__malloc(o.alloc, CFK__KEYFILE_MAX_TEXT);
    if (*text == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for an identity");
    rc = cfk__keyfile_write(&file, *text, len, err);
    if (rc != CFK_OK) {
        cfk__free(o.alloc, *text);
        *text = NULL;
    }
    return rc;
}

/* The scalar must be that of the public key that everybody believes. */
static int unlock(cfk_identity *identity, struct cfk__span passphrase,
                  const struct cfk__keyfile *file, struct cfk_error *err)
{
    void *keys;
    int rc = cfk__secret_new(sizeof(struct keys), &keys, err);

    if (rc == CFK_OK)
        rc = derive(file, passphrase, keys, err);
    if (rc == CFK_OK)
        rc = unseal(file, keys, identity->scalar, err);
    cfk__secret_free(keys);
    if (rc == CFK_OK)
        rc = set_public(identity, err);
    if (rc == CFK_OK &&
        memcmp(identity->public_key, file->public_key, sizeof file->public_key) != 0)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the identity is forged: its public key is not its own");
    return rc;
}

int cfk_identity_load(const char *text, size_t len, const void *passphrase,
                      size_t passphrase_size, const struct cfk_identity_options *opts,
                      cfk_identity **out, struct cfk_error *err)
{
    struct cfk_identity_options o;
    struct cfk__keyfile file;
    struct cfk__kdf_limits limits;
    cfk_identity *identity;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_passphrase(passphrase_size, err);
    if (rc == CFK_OK)
        rc = cfk__keyfile_read(text, len, &file, err);
    if (rc != CFK_OK)
        return rc;
    limits = limits_of(&o);
    rc = cfk__kdf_check(&file.cost, &limits, err);
    if (rc == CFK_OK)
        rc = new_identity(o.alloc, &identity, err);
    if (rc != CFK_OK)
        return rc == CFK_E_INVALID ? cfk__fail(err, CFK_E_CORRUPT,
                                               "split: the identity asks for an Argon2id "
                                               "that there is not")
                                   : rc;
    rc = unlock(identity, (struct cfk__span){ passphrase, passphrase_size }, &file, err);
    if (rc != CFK_OK) {
        cfk_identity_free(identity);
        return rc;
    }
    *out = identity;
    return CFK_OK;
}

int cfk_identity_show(const char *text, size_t len, struct cfk_identity_info *info,
                      struct cfk_error *err)
{
    struct cfk_identity_info told = { .size = sizeof told };
    struct cfk__keyfile file;
    size_t size = info->size;
    int rc;

    if (size < sizeof info->size)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of info is not set");
    rc = cfk__keyfile_read(text, len, &file, err);
    if (rc != CFK_OK)
        return rc;
    told.memory_kib = file.cost.memory_kib;
    told.passes = file.cost.passes;
    told.lanes = file.cost.lanes;
    cfk__public_write(file.public_key, told.public_text);
    memset(info, 0, size);
    memcpy(info, &told, size < sizeof told ? size : sizeof told);
    info->size = size;
    return CFK_OK;
}
