/* SPDX-License-Identifier: MIT */
/* Private keys and the ciphers of their files over OpenSSL 3 libcrypto. */
#include "base/error.h"
#include "base/private_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "crypto: no memory");
}

/* --- RSA --- */

enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static BIGNUM *load(struct cfk__span number)
{
    return BN_bin2bn(number.data, (int)number.size, NULL);
}

/* Whether a b is 1 modulo m. */
static bool is_inverse(BIGNUM *product, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m,
                       BN_CTX *bn, bool *ok)
{
    *ok = *ok && BN_mod_mul(product, a, b, m, bn) == 1;
    return *ok && BN_is_one(product);
}

static bool is_reduced(BIGNUM *rest, const BIGNUM *number, const BIGNUM *d,
                       const BIGNUM *m, BN_CTX *bn, bool *ok)
{
    *ok = *ok && BN_nnmod(rest, d, m, bn) == 1;
    return *ok && BN_cmp(rest, number) == 0;
}

/* What holds for one prime and its exponent; m is scratch. */
static bool prime_fits(BIGNUM *const *v, int prime, int exponent, BIGNUM *m, BIGNUM *t,
                       BN_CTX *bn, bool *ok)
{
    *ok = *ok && BN_copy(m, v[prime]) != NULL && BN_sub_word(m, 1) == 1;
    if (!*ok || BN_is_zero(m) || BN_is_one(m))
        return false;
    return is_inverse(t, v[E], v[exponent], m, bn, ok) &&
           is_reduced(t, v[exponent], v[D], m, bn, ok);
}

static bool numbers_fit(BIGNUM *const *v, BIGNUM *m, BIGNUM *t, BN_CTX *bn, bool *ok)
{
    *ok = *ok && BN_mul(t, v[P], v[Q], bn) == 1;
    return *ok && BN_cmp(t, v[N]) == 0 && prime_fits(v, P, DP, m, t, bn, ok) &&
           prime_fits(v, Q, DQ, m, t, bn, ok) && BN_cmp(v[QINV], v[P]) < 0 &&
           is_inverse(t, v[Q], v[QINV], v[P], bn, ok);
}

int cfk__rsa_private_check(const struct cfk__rsa_private *key, struct cfk_error *err)
{
    BIGNUM *v[NUMBERS] = { load(key->n), load(key->e),  load(key->d),  load(key->p),
                           load(key->q), load(key->dp), load(key->dq), load(key->qinv) };
    BN_CTX *bn = BN_CTX_secure_new();
    BIGNUM *m = BN_new();
    BIGNUM *t = BN_new();
    bool ok = bn != NULL && m != NULL && t != NULL;
    bool fits;

    ERR_set_mark();
    for (int i = 0; i < NUMBERS; i++)
        ok = ok && v[i] != NULL;
    fits = ok && numbers_fit(v, m, t, bn, &ok);
    ERR_pop_to_mark();
    for (int i = 0; i < NUMBERS; i++)
        BN_clear_free(v[i]);
    BN_clear_free(t);
    BN_clear_free(m);
    BN_CTX_free(bn);
    if (!ok)
        return no_memory(err);
    return fits ? CFK_OK
                : cfk__fail(err, CFK_E_CORRUPT,
                            "crypto: the numbers of an RSA key do not belong together");
}

/* --- points --- */

int cfk__ec_public(enum cfk__curve curve, struct cfk__span scalar,
                   uint8_t point[CFK__EC_POINT_MAX], struct cfk_error *err)
{
    static const int ids[] = {
        [CFK__P256] = NID_X9_62_prime256v1,
        [CFK__P384] = NID_secp384r1,
        [CFK__P521] = NID_secp521r1,
    };
    EC_GROUP *group = EC_GROUP_new_by_curve_name(ids[curve]);
    EC_POINT *public = group != NULL ? EC_POINT_new(group) : NULL;
    BIGNUM *number = load(scalar);
    BN_CTX *bn = BN_CTX_secure_new();
    bool ok = public != NULL && number != NULL && bn != NULL;
    bool in_range =
        ok && !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0;

    ERR_set_mark();
    if (in_range) {
        BN_set_flags(number, BN_FLG_CONSTTIME);
        ok = EC_POINT_mul(group, public, number, NULL, NULL, bn) == 1 &&
             EC_POINT_point2oct(group, public, POINT_CONVERSION_UNCOMPRESSED, point,
                                CFK__EC_POINT_MAX, bn) == 2 * cfk__curve_size(curve) + 1;
    }
    ERR_pop_to_mark();
    BN_CTX_free(bn);
    BN_clear_free(number);
    EC_POINT_free(public);
    EC_GROUP_free(group);
    if (!ok)
        return no_memory(err);
    return in_range ? CFK_OK
                    : cfk__fail(err, CFK_E_CORRUPT,
                                "crypto: a private key that is not one of its curve");
}

int cfk__ed25519_public(const uint8_t secret[CFK__ED25519_SIZE],
                        uint8_t out[CFK__ED25519_SIZE], struct cfk_error *err)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, CFK__ED25519_SIZE);
    size_t size = CFK__ED25519_SIZE;
    bool done = key != NULL && EVP_PKEY_get_raw_public_key(key, out, &size) == 1;

    EVP_PKEY_free(key);
    return done ? CFK_OK : no_memory(err);
}

/* --- ciphers and hash of key files --- */

int cfk__cbc_decrypt(enum cfk__cbc_id id, const uint8_t *key, const uint8_t *iv,
                     struct cfk__span data, uint8_t *out, struct cfk_error *err)
{
    static const char *const names[] = {
        [CFK__AES_128_CBC] = "AES-128-CBC",
        [CFK__AES_192_CBC] = "AES-192-CBC",
        [CFK__AES_256_CBC] = "AES-256-CBC",
        [CFK__DES_EDE3_CBC] = "DES-EDE3-CBC",
    };
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx;
    int written;
    bool done;

    ERR_set_mark();
    cipher = EVP_CIPHER_fetch(NULL, names[id], NULL);
    ctx = EVP_CIPHER_CTX_new();
    done = cipher != NULL && ctx != NULL &&
           EVP_DecryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
           EVP_DecryptUpdate(ctx, out, &written, data.data, (int)data.size) == 1;
    ERR_pop_to_mark();
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (cipher == NULL)
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: no %s in this libcrypto", names[id]);
    return done ? CFK_OK : no_memory(err);
}

int cfk__md5(const struct cfk__span *parts, size_t count, uint8_t digest[CFK__MD5_SIZE],
             struct cfk_error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD *md;
    bool done;

    ERR_set_mark();
    md = EVP_MD_fetch(NULL, "MD5", NULL);
    done = ctx != NULL && md != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
    for (size_t i = 0; i < count && done; i++)
        done = EVP_DigestUpdate(ctx, parts[i].data, parts[i].size) == 1;
    done = done && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    ERR_pop_to_mark();
    EVP_MD_free(md);
    EVP_MD_CTX_free(ctx);
    if (md == NULL)
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: no MD5 in this libcrypto");
    return done ? CFK_OK : no_memory(err);
}
