/* SPDX-License-Identifier: MIT */
/*
 * The crypto seam over OpenSSL 3 libcrypto, through EVP alone. Whatever it
 * leaves in the thread's error queue is taken out again: the queue is the
 * host program's.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static const EVP_MD *md_of(enum cfk__hash_id id)
{
    switch (id) {
    case CFK__SHA1: return EVP_sha1();
    case CFK__SHA256: return EVP_sha256();
    case CFK__SHA384: return EVP_sha384();
    case CFK__SHA512: return EVP_sha512();
    }
    return NULL;
}

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "crypto: no memory");
}

/* --- digests and HMAC: they can only fail for want of memory --- */

struct cfk__hash_ctx {
    EVP_MD_CTX *md;
};

int cfk__hash(enum cfk__hash_id id, const void *data, size_t size, uint8_t *digest,
              struct cfk_error *err)
{
    return EVP_Digest(data, size, digest, NULL, md_of(id), NULL) == 1 ? CFK_OK
                                                                      : no_memory(err);
}

int cfk__hash_new(enum cfk__hash_id id, struct cfk__hash_ctx **out, struct cfk_error *err)
{
    struct cfk__hash_ctx *ctx = cfk__calloc(NULL, 1, sizeof *ctx);

    *out = NULL;
    if (ctx == NULL)
        return no_memory(err);
    ctx->md = EVP_MD_CTX_new();
    if (ctx->md == NULL || EVP_DigestInit_ex(ctx->md, md_of(id), NULL) != 1) {
        cfk__hash_free(ctx);
        return no_memory(err);
    }
    *out = ctx;
    return CFK_OK;
}

int cfk__hash_update(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                     struct cfk_error *err)
{
    return EVP_DigestUpdate(ctx->md, data, size) == 1 ? CFK_OK : no_memory(err);
}

int cfk__hash_finish(struct cfk__hash_ctx *ctx, uint8_t *digest, struct cfk_error *err)
{
    return EVP_DigestFinal_ex(ctx->md, digest, NULL) == 1 ? CFK_OK : no_memory(err);
}

void cfk__hash_free(struct cfk__hash_ctx *ctx)
{
    if (ctx == NULL)
        return;
    EVP_MD_CTX_free(ctx->md);
    cfk__free(NULL, ctx);
}

int cfk__hash_copy(struct cfk__hash_ctx *ctx, const struct cfk__hash_ctx *from,
                   struct cfk_error *err)
{
    return EVP_MD_CTX_copy_ex(ctx->md, from->md) == 1 ? CFK_OK : no_memory(err);
}

int cfk__hash_again(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                    uint8_t *digest, struct cfk_error *err)
{
    bool done = EVP_DigestInit_ex2(ctx->md, NULL, NULL) == 1 &&
                EVP_DigestUpdate(ctx->md, data, size) == 1 &&
                EVP_DigestFinal_ex(ctx->md, digest, NULL) == 1;

    return done ? CFK_OK : no_memory(err);
}

static bool hmac(EVP_MAC_CTX *ctx, enum cfk__hash_id id, struct cfk__span key,
                 const struct cfk__span *parts, size_t count, uint8_t *mac)
{
    static const uint8_t no_key;
    char digest_name[16];
    OSSL_PARAM params[] = { OSSL_PARAM_END, OSSL_PARAM_END };
    size_t written;

    OPENSSL_strlcpy(digest_name, EVP_MD_get0_name(md_of(id)), sizeof digest_name);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0);
    if (EVP_MAC_init(ctx, key.size > 0 ? key.data : &no_key, key.size, params) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        if (EVP_MAC_update(ctx, parts[i].data, parts[i].size) != 1)
            return false;
    return EVP_MAC_final(ctx, mac, &written, CFK__HASH_MAX) == 1;
}

int cfk__hmac_parts(enum cfk__hash_id id, struct cfk__span key,
                    const struct cfk__span *parts, size_t count, uint8_t *mac,
                    struct cfk_error *err)
{
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = algorithm != NULL ? EVP_MAC_CTX_new(algorithm) : NULL;
    bool done = ctx != NULL && hmac(ctx, id, key, parts, count, mac);

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(algorithm);
    return done ? CFK_OK : no_memory(err);
}

/* --- AEAD --- */

struct cfk__aead {
    EVP_CIPHER_CTX *cipher;
};

int cfk__aead_new(enum cfk__aead_id id, const uint8_t key[CFK__AEAD_KEY_SIZE],
                  struct cfk__aead **out, struct cfk_error *err)
{
    const EVP_CIPHER *cipher =
        id == CFK__AES_256_GCM ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
    struct cfk__aead *aead = cfk__calloc(NULL, 1, sizeof *aead);

    *out = NULL;
    if (aead == NULL)
        return no_memory(err);
    aead->cipher = EVP_CIPHER_CTX_new();
    if (aead->cipher == NULL ||
        EVP_CipherInit_ex(aead->cipher, cipher, NULL, key, NULL, 1) != 1) {
        cfk__aead_free(aead);
        return no_memory(err);
    }
    *out = aead;
    return CFK_OK;
}

/* EVP counts in int. out is NULL for data that is only authenticated. */
static bool cipher_update(EVP_CIPHER_CTX *cipher, uint8_t *out, const uint8_t *data,
                          size_t size)
{
    enum { STEP = 1 << 30 };
    int written;

    while (size > 0) {
        int step = size < STEP ? (int)size : STEP;

        if (EVP_CipherUpdate(cipher, out, &written, data, step) != 1)
            return false;
        data += step;
        size -= (size_t)step;
        if (out != NULL)
            out += step;
    }
    return true;
}

static bool cipher_run(EVP_CIPHER_CTX *cipher, const void *ad, size_t ad_size,
                       const void *data, size_t size, uint8_t *out)
{
    uint8_t rest[EVP_MAX_BLOCK_LENGTH];
    int written;

    return cipher_update(cipher, NULL, ad, ad_size) &&
           cipher_update(cipher, out, data, size) &&
           EVP_CipherFinal_ex(cipher, rest, &written) == 1;
}

int cfk__aead_seal(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err)
{
    if (size > CFK__AEAD_MAX_SIZE)
        return cfk__fail(err, CFK_E_INVALID, "crypto: message of %zu bytes", size);
    if (EVP_CipherInit_ex(aead->cipher, NULL, NULL, NULL, nonce, 1) != 1 ||
        !cipher_run(aead->cipher, ad, ad_size, data, size, out) ||
        EVP_CIPHER_CTX_ctrl(aead->cipher, EVP_CTRL_AEAD_GET_TAG, CFK__AEAD_TAG_SIZE,
                            out + size) != 1)
        return no_memory(err);
    return CFK_OK;
}

int cfk__aead_open(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err)
{
    uint8_t tag[CFK__AEAD_TAG_SIZE];
    bool authentic;

    if (size < CFK__AEAD_TAG_SIZE || size - CFK__AEAD_TAG_SIZE > CFK__AEAD_MAX_SIZE)
        return cfk__fail(err, CFK_E_CORRUPT, "crypto: no sealed message has %zu bytes",
                         size);
    size -= CFK__AEAD_TAG_SIZE;
    for (size_t i = 0; i < sizeof tag; i++)
        tag[i] = ((const uint8_t *)data)[size + i];
    ERR_set_mark();
    authentic =
        EVP_CipherInit_ex(aead->cipher, NULL, NULL, NULL, nonce, 0) == 1 &&
        EVP_CIPHER_CTX_ctrl(aead->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
        cipher_run(aead->cipher, ad, ad_size, data, size, out);
    ERR_pop_to_mark();
    if (authentic)
        return CFK_OK;
    cfk__wipe(out, size);
    return cfk__fail(err, CFK_E_CORRUPT, "crypto: the message is not authentic");
}

void cfk__aead_free(struct cfk__aead *aead)
{
    if (aead == NULL)
        return;
    EVP_CIPHER_CTX_free(aead->cipher);
    cfk__free(NULL, aead);
}

/* --- X25519 --- */

int cfk__x25519(uint8_t out[CFK__X25519_SIZE], const uint8_t scalar[CFK__X25519_SIZE],
                const uint8_t point[CFK__X25519_SIZE], struct cfk_error *err)
{
    EVP_PKEY *mine =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, CFK__X25519_SIZE);
    EVP_PKEY *theirs =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, CFK__X25519_SIZE);
    EVP_PKEY_CTX *ctx = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    size_t size = CFK__X25519_SIZE;
    bool ready;
    bool done;

    ERR_set_mark();
    ready = theirs != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
            EVP_PKEY_derive_set_peer(ctx, theirs) == 1;
    done = ready && EVP_PKEY_derive(ctx, out, &size) == 1; /* refuses a zero result */
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    if (done)
        return CFK_OK;
    cfk__wipe(out, CFK__X25519_SIZE);
    if (!ready)
        return no_memory(err);
    return cfk__fail(err, CFK_E_INVALID, "crypto: X25519 with a point of low order");
}

/* --- signatures --- */

/* A key of type from what was pushed into build, or NULL. */
static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const struct cfk__rsa_key *key)
{
    BIGNUM *n = BN_bin2bn(key->n.data, (int)key->n.size, NULL);
    BIGNUM *e = BN_bin2bn(key->e.data, (int)key->e.size, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *out = NULL;

    if (n != NULL && e != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        out = key_from("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return out;
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct cfk__signature_scheme *scheme)
{
    if (scheme->id == CFK__RSA_PKCS1)
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)scheme->salt_size) == 1;
}

int cfk__backend_rsa_verify(const struct cfk__signature_scheme *scheme,
                            const struct cfk__rsa_key *key, const uint8_t *digest,
                            struct cfk__span signature, struct cfk_error *err)
{
    const EVP_MD *md = md_of(scheme->hash);
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *pkey;
    bool ready;
    bool valid;

    ERR_set_mark();
    pkey = rsa_key(key);
    ctx = pkey != NULL ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
    ready = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
            EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 && set_padding(ctx, scheme);
    valid = ready && EVP_PKEY_verify(ctx, signature.data, signature.size, digest,
                                     cfk__hash_size(scheme->hash)) == 1;
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ready)
        return no_memory(err);
    return valid ? CFK_OK : CFK_E_SIGNATURE;
}

static const char *const curve_names[] = {
    [CFK__P256] = "P-256",
    [CFK__P384] = "P-384",
    [CFK__P521] = "P-521",
};

static EVP_PKEY *ec_key(const struct cfk__ec_key *key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *out = NULL;

    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        curve_names[key->curve], 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, key->point.data,
                                         key->point.size) == 1)
        out = key_from("EC", build);
    OSSL_PARAM_BLD_free(build);
    return out;
}

int cfk__backend_ecdsa_verify(const struct cfk__ec_key *key, struct cfk__span digest,
                              const struct cfk__ecdsa_signature *signature,
                              struct cfk_error *err)
{
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *pkey;
    bool ready;
    bool valid;

    ERR_set_mark();
    pkey = ec_key(key);
    ctx = pkey != NULL ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
    ready = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    valid = ready && EVP_PKEY_verify(ctx, signature->der.data, signature->der.size,
                                     digest.data, digest.size) == 1;
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (pkey == NULL)
        return CFK_E_CORRUPT;
    if (!ready)
        return no_memory(err);
    return valid ? CFK_OK : CFK_E_SIGNATURE;
}

/* Keys of a signature whose r and s are below n, and r + n not below p. */
static bool recover(const EC_GROUP *group, const BIGNUM *r, BIGNUM *s, BIGNUM *z,
                    struct cfk__ec_keys *out, BN_CTX *bn)
{
    const BIGNUM *n = EC_GROUP_get0_order(group);
    EC_POINT *point = EC_POINT_new(group);
    EC_POINT *key = EC_POINT_new(group);
    BIGNUM *inverse = BN_new();
    bool ok = point != NULL && key != NULL && inverse != NULL;
    bool on = ok && EC_POINT_set_compressed_coordinates(group, point, r, 0, bn) == 1;

    ok = ok && (!on || (BN_mod_inverse(inverse, r, n, bn) != NULL &&
                        BN_mod_mul(s, s, inverse, n, bn) == 1 &&
                        BN_mod_mul(z, z, inverse, n, bn) == 1 && BN_sub(z, n, z) == 1));
    for (int i = 0; i < 2 && ok && on; i++) {
        ok = EC_POINT_mul(group, key, z, point, s, bn) == 1 &&
             EC_POINT_invert(group, point, bn) == 1;
        if (ok && EC_POINT_point2oct(group, key, POINT_CONVERSION_UNCOMPRESSED,
                                     out->points[out->count], CFK__EC_POINT_MAX,
                                     bn) == out->point_size)
            out->count++;
    }
    BN_free(inverse);
    EC_POINT_free(key);
    EC_POINT_free(point);
    return ok;
}

int cfk__backend_ecdsa_keys(enum cfk__curve curve, struct cfk__span digest,
                            const struct cfk__ecdsa_signature *signature,
                            struct cfk__ec_keys *out, struct cfk_error *err)
{
    static const int ids[] = {
        [CFK__P256] = NID_X9_62_prime256v1,
        [CFK__P384] = NID_secp384r1,
        [CFK__P521] = NID_secp521r1,
    };
    EC_GROUP *group = EC_GROUP_new_by_curve_name(ids[curve]);
    size_t field = out->point_size / 2;
    BIGNUM *r = BN_bin2bn(signature->r.data, (int)signature->r.size, NULL);
    BIGNUM *s = BN_bin2bn(signature->s.data, (int)signature->s.size, NULL);
    BIGNUM *z =
        BN_bin2bn(digest.data, (int)(digest.size < field ? digest.size : field), NULL);
    BIGNUM *sum = BN_new();
    BN_CTX *bn = BN_CTX_new();
    bool ok =
        group != NULL && r != NULL && s != NULL && z != NULL && sum != NULL && bn != NULL;
    bool hidden = false;

    ERR_set_mark();
    if (ok && BN_cmp(r, EC_GROUP_get0_order(group)) < 0 &&
        BN_cmp(s, EC_GROUP_get0_order(group)) < 0) {
        ok = BN_add(sum, r, EC_GROUP_get0_order(group)) == 1;
        hidden = ok && BN_cmp(sum, EC_GROUP_get0_field(group)) < 0;
        ok = ok && (hidden || recover(group, r, s, z, out, bn));
    }
    ERR_pop_to_mark();
    BN_CTX_free(bn);
    BN_free(sum);
    BN_free(z);
    BN_free(s);
    BN_free(r);
    EC_GROUP_free(group);
    if (!ok)
        return no_memory(err);
    if (hidden) /* x may be r + n, too */
        return cfk__fail(err, CFK_E_NOTSUP,
                         "crypto: the keys of this signature are hidden");
    return CFK_OK;
}

int cfk__backend_ed25519_verify(struct cfk__span key, struct cfk__span message,
                                struct cfk__span signature, struct cfk_error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *pkey;
    bool ready;
    bool valid;

    ERR_set_mark();
    pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key.data, key.size);
    ready = ctx != NULL && pkey != NULL &&
            EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1;
    valid = ready && EVP_DigestVerify(ctx, signature.data, signature.size, message.data,
                                      message.size) == 1;
    ERR_pop_to_mark();
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ready)
        return no_memory(err);
    return valid ? CFK_OK : CFK_E_SIGNATURE;
}
