/* SPDX-License-Identifier: MIT */
/* The crypto seam over mbedTLS 2.28 and 3.x: only what both declare in public. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/signature.h"

#include <mbedtls/chachapoly.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>

static const mbedtls_md_type_t md_types[] = {
    [CFK__SHA1] = MBEDTLS_MD_SHA1,
    [CFK__SHA256] = MBEDTLS_MD_SHA256,
    [CFK__SHA384] = MBEDTLS_MD_SHA384,
    [CFK__SHA512] = MBEDTLS_MD_SHA512,
};

static const mbedtls_md_info_t *md_info(enum cfk__hash_id id)
{
    return mbedtls_md_info_from_type(md_types[id]);
}

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "crypto: no memory");
}

/* A big number's code is added to that of the module above it. */
static bool is_no_memory(int ret)
{
    return ret == MBEDTLS_ERR_ECP_ALLOC_FAILED || ret == MBEDTLS_ERR_PK_ALLOC_FAILED ||
           ret == MBEDTLS_ERR_MD_ALLOC_FAILED ||
           (ret < 0 && (-ret & 0x7f) == -MBEDTLS_ERR_MPI_ALLOC_FAILED);
}

/* --- digests and HMAC: they can only fail for want of memory --- */

struct cfk__hash_ctx {
    mbedtls_md_context_t md;
};

int cfk__hash(enum cfk__hash_id id, const void *data, size_t size, uint8_t *digest,
              struct cfk_error *err)
{
    return mbedtls_md(md_info(id), data, size, digest) == 0 ? CFK_OK : no_memory(err);
}

int cfk__hash_new(enum cfk__hash_id id, struct cfk__hash_ctx **out, struct cfk_error *err)
{
    struct cfk__hash_ctx *ctx = cfk__calloc(NULL, 1, sizeof *ctx);

    *out = NULL;
    if (ctx == NULL)
        return no_memory(err);
    mbedtls_md_init(&ctx->md);
    if (mbedtls_md_setup(&ctx->md, md_info(id), 0) != 0 ||
        mbedtls_md_starts(&ctx->md) != 0) {
        cfk__hash_free(ctx);
        return no_memory(err);
    }
    *out = ctx;
    return CFK_OK;
}

int cfk__hash_update(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                     struct cfk_error *err)
{
    return mbedtls_md_update(&ctx->md, data, size) == 0 ? CFK_OK : no_memory(err);
}

int cfk__hash_finish(struct cfk__hash_ctx *ctx, uint8_t *digest, struct cfk_error *err)
{
    return mbedtls_md_finish(&ctx->md, digest) == 0 ? CFK_OK : no_memory(err);
}

void cfk__hash_free(struct cfk__hash_ctx *ctx)
{
    if (ctx == NULL)
        return;
    mbedtls_md_free(&ctx->md);
    cfk__free(NULL, ctx);
}

int cfk__hash_copy(struct cfk__hash_ctx *ctx, const struct cfk__hash_ctx *from,
                   struct cfk_error *err)
{
    return mbedtls_md_clone(&ctx->md, &from->md) == 0 ? CFK_OK : no_memory(err);
}

int cfk__hash_again(struct cfk__hash_ctx *ctx, const void *data, size_t size,
                    uint8_t *digest, struct cfk_error *err)
{
    bool done = mbedtls_md_starts(&ctx->md) == 0 &&
                mbedtls_md_update(&ctx->md, data, size) == 0 &&
                mbedtls_md_finish(&ctx->md, digest) == 0;

    return done ? CFK_OK : no_memory(err);
}

int cfk__hmac_parts(enum cfk__hash_id id, struct cfk__span key,
                    const struct cfk__span *parts, size_t count, uint8_t *mac,
                    struct cfk_error *err)
{
    mbedtls_md_context_t md;
    int ret;

    mbedtls_md_init(&md);
    ret = mbedtls_md_setup(&md, md_info(id), 1);
    if (ret == 0)
        ret = mbedtls_md_hmac_starts(&md, key.data, key.size);
    for (size_t i = 0; i < count && ret == 0; i++)
        ret = mbedtls_md_hmac_update(&md, parts[i].data, parts[i].size);
    if (ret == 0)
        ret = mbedtls_md_hmac_finish(&md, mac);
    mbedtls_md_free(&md);
    return ret == 0 ? CFK_OK : no_memory(err);
}

/* --- AEAD --- */

struct cfk__aead {
    enum cfk__aead_id id;
    mbedtls_gcm_context gcm;
    mbedtls_chachapoly_context chachapoly;
};

int cfk__aead_new(enum cfk__aead_id id, const uint8_t key[CFK__AEAD_KEY_SIZE],
                  struct cfk__aead **out, struct cfk_error *err)
{
    struct cfk__aead *aead = cfk__calloc(NULL, 1, sizeof *aead);
    int ret;

    *out = NULL;
    if (aead == NULL)
        return no_memory(err);
    aead->id = id;
    mbedtls_gcm_init(&aead->gcm);
    mbedtls_chachapoly_init(&aead->chachapoly);
    if (id == CFK__AES_256_GCM)
        ret = mbedtls_gcm_setkey(&aead->gcm, MBEDTLS_CIPHER_ID_AES, key,
                                 8 * CFK__AEAD_KEY_SIZE);
    else
        ret = mbedtls_chachapoly_setkey(&aead->chachapoly, key);
    if (ret != 0) {
        cfk__aead_free(aead);
        return no_memory(err);
    }
    *out = aead;
    return CFK_OK;
}

int cfk__aead_seal(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err)
{
    int ret;

    if (size > CFK__AEAD_MAX_SIZE)
        return cfk__fail(err, CFK_E_INVALID, "crypto: message of %zu bytes", size);
    if (aead->id == CFK__AES_256_GCM)
        ret = mbedtls_gcm_crypt_and_tag(&aead->gcm, MBEDTLS_GCM_ENCRYPT, size, nonce,
                                        CFK__AEAD_NONCE_SIZE, ad, ad_size, data, out,
                                        CFK__AEAD_TAG_SIZE, out + size);
    else
        ret = mbedtls_chachapoly_encrypt_and_tag(&aead->chachapoly, size, nonce, ad,
                                                 ad_size, data, out, out + size);
    return ret == 0 ? CFK_OK : no_memory(err);
}

int cfk__aead_open(struct cfk__aead *aead, const uint8_t nonce[CFK__AEAD_NONCE_SIZE],
                   const void *ad, size_t ad_size, const void *data, size_t size,
                   uint8_t *out, struct cfk_error *err)
{
    const uint8_t *tag;
    int ret;

    if (size < CFK__AEAD_TAG_SIZE || size - CFK__AEAD_TAG_SIZE > CFK__AEAD_MAX_SIZE)
        return cfk__fail(err, CFK_E_CORRUPT, "crypto: no sealed message has %zu bytes",
                         size);
    size -= CFK__AEAD_TAG_SIZE;
    tag = (const uint8_t *)data + size;
    if (aead->id == CFK__AES_256_GCM)
        ret = mbedtls_gcm_auth_decrypt(&aead->gcm, size, nonce, CFK__AEAD_NONCE_SIZE, ad,
                                       ad_size, tag, CFK__AEAD_TAG_SIZE, data, out);
    else
        ret = mbedtls_chachapoly_auth_decrypt(&aead->chachapoly, size, nonce, ad, ad_size,
                                              tag, data, out);
    if (ret == 0)
        return CFK_OK;
    cfk__wipe(out, size);
    return cfk__fail(err, CFK_E_CORRUPT, "crypto: the message is not authentic");
}

void cfk__aead_free(struct cfk__aead *aead)
{
    if (aead == NULL)
        return;
    mbedtls_gcm_free(&aead->gcm);
    mbedtls_chachapoly_free(&aead->chachapoly);
    cfk__free(NULL, aead);
}

/* --- X25519 --- */

static int random_for_blinding(void *ctx, unsigned char *out, size_t size)
{
    (void)ctx;
    return cfk__random(out, size, NULL) == CFK_OK ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static int x25519_multiply(uint8_t *out, const uint8_t *clamped, const uint8_t *point)
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point p;
    mbedtls_ecp_point q;
    mbedtls_mpi scalar;
    size_t written = 0;
    int ret;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&scalar);
    ret = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519);
    if (ret == 0)
        ret = mbedtls_mpi_read_binary_le(&scalar, clamped, CFK__X25519_SIZE);
    if (ret == 0)
        ret = mbedtls_ecp_point_read_binary(&group, &p, point, CFK__X25519_SIZE);
    if (ret == 0)
        ret = mbedtls_ecp_mul(&group, &q, &scalar, &p, random_for_blinding, NULL);
    if (ret == 0)
        ret = mbedtls_ecp_point_write_binary(&group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                             &written, out, CFK__X25519_SIZE);
    mbedtls_mpi_free(&scalar);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_group_free(&group);
    return ret;
}

int cfk__x25519(uint8_t out[CFK__X25519_SIZE], const uint8_t scalar[CFK__X25519_SIZE],
                const uint8_t point[CFK__X25519_SIZE], struct cfk_error *err)
{
    static const uint8_t zero[CFK__X25519_SIZE];
    uint8_t clamped[CFK__X25519_SIZE];
    int ret;

    for (size_t i = 0; i < CFK__X25519_SIZE; i++)
        clamped[i] = scalar[i];
    clamped[0] &= 0xf8;
    clamped[31] = (uint8_t)((clamped[31] & 0x7f) | 0x40);
    ret = x25519_multiply(out, clamped, point);
    cfk__wipe(clamped, sizeof clamped);
    if (ret == 0 && !cfk__equal_secret(out, zero, sizeof zero))
        return CFK_OK;
    cfk__wipe(out, CFK__X25519_SIZE);
    if (is_no_memory(ret))
        return no_memory(err);
    if (ret == MBEDTLS_ERR_ECP_RANDOM_FAILED)
        return cfk__fail(err, CFK_E_RANDOM, "crypto: the system gives no random bytes");
    return cfk__fail(err, CFK_E_INVALID, "crypto: X25519 with a point of low order");
}

/* --- signatures --- */

int cfk__backend_rsa_verify(const struct cfk__signature_scheme *scheme,
                            const struct cfk__rsa_key *key, const uint8_t *digest,
                            struct cfk__span signature, struct cfk_error *err)
{
    mbedtls_pk_rsassa_pss_options pss = { MBEDTLS_MD_NONE, (int)scheme->salt_size };
    bool is_pss = scheme->id == CFK__RSA_PSS;
    mbedtls_md_type_t md = md_types[scheme->hash];
    mbedtls_pk_context pk;
    int ret;

    pss.mgf1_hash_id = md;
    mbedtls_pk_init(&pk);
    ret = mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
    if (ret == 0)
        ret = mbedtls_rsa_import_raw(mbedtls_pk_rsa(pk), key->n.data, key->n.size, NULL,
                                     0, NULL, 0, NULL, 0, key->e.data, key->e.size);
    if (ret == 0)
        ret = mbedtls_rsa_complete(mbedtls_pk_rsa(pk));
    if (ret == 0)
        ret = mbedtls_pk_verify_ext(
            is_pss ? MBEDTLS_PK_RSASSA_PSS : MBEDTLS_PK_RSA, is_pss ? &pss : NULL, &pk,
            md, digest, cfk__hash_size(scheme->hash), signature.data, signature.size);
    mbedtls_pk_free(&pk);
    if (is_no_memory(ret))
        return no_memory(err);
    return ret == 0 ? CFK_OK : CFK_E_SIGNATURE;
}

static const mbedtls_ecp_group_id curve_ids[] = {
    [CFK__P256] = MBEDTLS_ECP_DP_SECP256R1,
    [CFK__P384] = MBEDTLS_ECP_DP_SECP384R1,
    [CFK__P521] = MBEDTLS_ECP_DP_SECP521R1,
};

/* CFK_OK, or a code of the back end. */
static int load_point(mbedtls_ecp_group *group, mbedtls_ecp_point *point,
                      const struct cfk__ec_key *key)
{
    int ret = mbedtls_ecp_group_load(group, curve_ids[key->curve]);

    if (ret == 0)
        ret =
            mbedtls_ecp_point_read_binary(group, point, key->point.data, key->point.size);
    if (ret == 0)
        ret = mbedtls_ecp_check_pubkey(group, point);
    return ret;
}

int cfk__backend_ecdsa_verify(const struct cfk__ec_key *key, struct cfk__span digest,
                              const struct cfk__ecdsa_signature *signature,
                              struct cfk_error *err)
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi r;
    mbedtls_mpi s;
    bool have_key = false;
    int ret;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    ret = load_point(&group, &point, key);
    have_key = ret == 0;
    if (ret == 0)
        ret = mbedtls_mpi_read_binary(&r, signature->r.data, signature->r.size);
    if (ret == 0)
        ret = mbedtls_mpi_read_binary(&s, signature->s.data, signature->s.size);
    if (ret == 0)
        ret = mbedtls_ecdsa_verify(&group, digest.data, digest.size, &point, &r, &s);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&group);
    if (is_no_memory(ret))
        return no_memory(err);
    if (ret == 0)
        return CFK_OK;
    return have_key ? CFK_E_SIGNATURE : CFK_E_CORRUPT;
}

int cfk__backend_ed25519_verify(struct cfk__span key, struct cfk__span message,
                                struct cfk__span signature, struct cfk_error *err)
{
    (void)key;
    (void)message;
    (void)signature;
    return cfk__fail(err, CFK_E_NOTSUP, "crypto: mbedTLS has no Ed25519");
}
