/* SPDX-License-Identifier: MIT */
/*
 * Private keys and the ciphers of their files over mbedTLS 2.28 and 3.x. It has
 * no Ed25519, but X25519 is the same curve in other coordinates, from which the
 * public key follows. Its big numbers are wiped when they are released.
 */
#include "base/error.h"
#include "base/private_key.h"
#include "base/secret.h"

#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "crypto: no memory");
}

static int random_for_blinding(void *ctx, unsigned char *out, size_t size)
{
    (void)ctx;
    return cfk__random(out, size, NULL) == CFK_OK ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

/* --- numbers: a failure stays, as the first code of mbedTLS that was not 0 --- */

struct math {
    int ret;
};

static void then(struct math *m, int ret)
{
    if (m->ret == 0)
        m->ret = ret;
}

static void load(struct math *m, mbedtls_mpi *x, struct cfk__span number)
{
    mbedtls_mpi_init(x);
    then(m, mbedtls_mpi_read_binary(x, number.data, number.size));
}

/* x = a b modulo n */
static void multiply(struct math *m, mbedtls_mpi *x, const mbedtls_mpi *a,
                     const mbedtls_mpi *b, const mbedtls_mpi *n)
{
    then(m, mbedtls_mpi_mul_mpi(x, a, b));
    if (m->ret == 0)
        then(m, mbedtls_mpi_mod_mpi(x, x, n));
}

/* --- RSA --- */

enum { N, E, D, P, Q, DP, DQ, QINV, T, M, NUMBERS };

/* What holds for one prime and its exponent. */
static bool prime_fits(struct math *m, mbedtls_mpi *v, int prime, int exponent)
{
    then(m, mbedtls_mpi_sub_int(&v[M], &v[prime], 1));
    if (m->ret != 0 || mbedtls_mpi_cmp_int(&v[M], 1) <= 0)
        return false;
    multiply(m, &v[T], &v[E], &v[exponent], &v[M]);
    if (m->ret != 0 || mbedtls_mpi_cmp_int(&v[T], 1) != 0)
        return false;
    then(m, mbedtls_mpi_mod_mpi(&v[T], &v[D], &v[M]));
    return m->ret == 0 && mbedtls_mpi_cmp_mpi(&v[T], &v[exponent]) == 0;
}

static bool numbers_fit(struct math *m, mbedtls_mpi *v)
{
    then(m, mbedtls_mpi_mul_mpi(&v[T], &v[P], &v[Q]));
    if (m->ret != 0 || mbedtls_mpi_cmp_mpi(&v[T], &v[N]) != 0 ||
        !prime_fits(m, v, P, DP) || !prime_fits(m, v, Q, DQ) ||
        mbedtls_mpi_cmp_mpi(&v[QINV], &v[P]) >= 0)
        return false;
    multiply(m, &v[T], &v[Q], &v[QINV], &v[P]);
    return m->ret == 0 && mbedtls_mpi_cmp_int(&v[T], 1) == 0;
}

int cfk__rsa_private_check(const struct cfk__rsa_private *key, struct cfk_error *err)
{
    const struct cfk__span numbers[] = { key->n, key->e,  key->d,  key->p,
                                         key->q, key->dp, key->dq, key->qinv };
    struct math m = { 0 };
    mbedtls_mpi v[NUMBERS];
    bool fits;

    for (int i = 0; i < T; i++)
        load(&m, &v[i], numbers[i]);
    mbedtls_mpi_init(&v[T]);
    mbedtls_mpi_init(&v[M]);
    fits = m.ret == 0 && numbers_fit(&m, v);
    for (int i = 0; i < NUMBERS; i++)
        mbedtls_mpi_free(&v[i]);
    if (m.ret != 0)
        return no_memory(err);
    return fits ? CFK_OK
                : cfk__fail(err, CFK_E_CORRUPT,
                            "crypto: the numbers of an RSA key do not belong together");
}

/* --- points --- */

int cfk__ec_public(enum cfk__curve curve, struct cfk__span scalar,
                   uint8_t point[CFK__EC_POINT_MAX], struct cfk_error *err)
{
    static const mbedtls_ecp_group_id ids[] = {
        [CFK__P256] = MBEDTLS_ECP_DP_SECP256R1,
        [CFK__P384] = MBEDTLS_ECP_DP_SECP384R1,
        [CFK__P521] = MBEDTLS_ECP_DP_SECP521R1,
    };
    mbedtls_ecp_group group;
    mbedtls_ecp_point public;
    struct math m = { 0 };
    bool in_range = true;
    mbedtls_mpi number;
    size_t written;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&public);
    then(&m, mbedtls_ecp_group_load(&group, ids[curve]));
    load(&m, &number, scalar);
    if (m.ret == 0)
        in_range = mbedtls_ecp_check_privkey(&group, &number) == 0;
    if (m.ret == 0 && in_range)
        then(&m, mbedtls_ecp_mul(&group, &public, &number, &group.G, random_for_blinding,
                                 NULL));
    if (m.ret == 0 && in_range)
        then(&m,
             mbedtls_ecp_point_write_binary(&group, &public, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                            &written, point, CFK__EC_POINT_MAX));
    mbedtls_mpi_free(&number);
    mbedtls_ecp_point_free(&public);
    mbedtls_ecp_group_free(&group);
    if (m.ret == MBEDTLS_ERR_ECP_RANDOM_FAILED)
        return cfk__fail(err, CFK_E_RANDOM, "crypto: the system gives no random bytes");
    if (m.ret != 0)
        return no_memory(err);
    return in_range ? CFK_OK
                    : cfk__fail(err, CFK_E_CORRUPT,
                                "crypto: a private key that is not one of its curve");
}

/* --- Ed25519 by way of X25519 --- */

/*
 * The field, and in the coordinates (u, v) of RFC 7748 the point 8 B, where B
 * is the base; scale is the square root of -486664 that takes u / v to the x
 * of RFC 8032, so that B becomes its base.
 */
static const uint8_t field_bytes[32] = { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xed };
static const uint8_t u8_bytes[32] = { 0x27, 0x5f, 0xa6, 0xd7, 0xaa, 0xd6, 0x5c, 0x2d,
                                      0xd8, 0x3b, 0x88, 0x4d, 0xc8, 0xb6, 0x5c, 0xa1,
                                      0x7a, 0x78, 0xed, 0xca, 0xad, 0x74, 0xa9, 0x1e,
                                      0xf1, 0x71, 0x6f, 0xed, 0x48, 0xc9, 0x99, 0x68 };
static const uint8_t v8_bytes[32] = { 0x1f, 0x7a, 0x44, 0x45, 0x70, 0x46, 0xc6, 0x1b,
                                      0x72, 0x30, 0xbb, 0x96, 0xbf, 0x99, 0x4f, 0x73,
                                      0xb0, 0xb8, 0x63, 0x98, 0x8f, 0x3a, 0x6e, 0x06,
                                      0x3a, 0xd6, 0x92, 0x91, 0x60, 0x8d, 0x78, 0xd5 };
static const uint8_t scale_bytes[32] = { 0x70, 0xd9, 0x12, 0x0b, 0x9f, 0x5f, 0xf9, 0x44,
                                         0x2d, 0x84, 0xf7, 0x23, 0xfc, 0x03, 0xb0, 0x81,
                                         0x3a, 0x5e, 0x2c, 0x2e, 0xb4, 0x82, 0xe5, 0x7d,
                                         0x33, 0x91, 0xfb, 0x55, 0x00, 0xba, 0x81, 0xe7 };

enum { CURVE_A = 486662 };

enum { FIELD, U8, V8, SCALE, U, U_NEXT, V, X, F, G, ELEMENTS };

/* f = x^3 + A x^2 + x; g is scratch. */
static void square_of_v(struct math *m, mbedtls_mpi *v, int f, int x, int g)
{
    then(m, mbedtls_mpi_add_int(&v[g], &v[x], CURVE_A));
    multiply(m, &v[g], &v[g], &v[x], &v[FIELD]);
    then(m, mbedtls_mpi_add_int(&v[g], &v[g], 1));
    multiply(m, &v[f], &v[g], &v[x], &v[FIELD]);
}

/*
 * V of the point with u-coordinate U, where that point plus 8 B has U_NEXT: by
 * the chord through both, (V - V8)^2 = (U_NEXT + A + U8 + U) (U - U8)^2, so
 * 2 V8 V = V^2 + V8^2 - (U_NEXT + A + U8 + U) (U - U8)^2.
 */
static void recover_v(struct math *m, mbedtls_mpi *v)
{
    then(m, mbedtls_mpi_sub_mpi(&v[F], &v[U], &v[U8]));
    multiply(m, &v[F], &v[F], &v[F], &v[FIELD]);
    then(m, mbedtls_mpi_add_mpi(&v[G], &v[U_NEXT], &v[U8]));
    then(m, mbedtls_mpi_add_mpi(&v[G], &v[G], &v[U]));
    then(m, mbedtls_mpi_add_int(&v[G], &v[G], CURVE_A));
    multiply(m, &v[X], &v[F], &v[G], &v[FIELD]);
    square_of_v(m, v, F, U, G);
    then(m, mbedtls_mpi_sub_mpi(&v[X], &v[F], &v[X]));
    square_of_v(m, v, F, U8, G);
    then(m, mbedtls_mpi_add_mpi(&v[X], &v[X], &v[F]));
    then(m, mbedtls_mpi_add_mpi(&v[F], &v[V8], &v[V8]));
    then(m, mbedtls_mpi_inv_mod(&v[F], &v[F], &v[FIELD]));
    multiply(m, &v[V], &v[X], &v[F], &v[FIELD]);
}

/* RFC 7748, 4.1: x = scale u / v, y = (u - 1) / (u + 1); y and the sign of x. */
static void write_edwards(struct math *m, mbedtls_mpi *v, uint8_t out[CFK__ED25519_SIZE])
{
    uint8_t big[CFK__ED25519_SIZE] = { 0 };

    then(m, mbedtls_mpi_inv_mod(&v[F], &v[V], &v[FIELD]));
    multiply(m, &v[X], &v[SCALE], &v[U], &v[FIELD]);
    multiply(m, &v[X], &v[X], &v[F], &v[FIELD]);
    then(m, mbedtls_mpi_add_int(&v[F], &v[U], 1));
    then(m, mbedtls_mpi_inv_mod(&v[F], &v[F], &v[FIELD]));
    then(m, mbedtls_mpi_sub_int(&v[G], &v[U], 1));
    multiply(m, &v[F], &v[F], &v[G], &v[FIELD]);
    then(m, mbedtls_mpi_write_binary(&v[F], big, sizeof big));
    for (size_t i = 0; i < sizeof big; i++)
        out[i] = big[sizeof big - 1 - i];
    if (m->ret == 0)
        out[31] = (uint8_t)(out[31] | mbedtls_mpi_get_bit(&v[X], 0) << 7);
}

/* Little-endian, as X25519 gives it. */
static void load_u(struct math *m, mbedtls_mpi *x, const uint8_t bytes[CFK__X25519_SIZE])
{
    mbedtls_mpi_init(x);
    then(m, mbedtls_mpi_read_binary_le(x, bytes, CFK__X25519_SIZE));
}

static int from_x25519(const uint8_t u[CFK__X25519_SIZE],
                       const uint8_t next[CFK__X25519_SIZE],
                       uint8_t out[CFK__ED25519_SIZE])
{
    static const uint8_t *const constants[] = { field_bytes, u8_bytes, v8_bytes,
                                                scale_bytes };
    struct math m = { 0 };
    mbedtls_mpi v[ELEMENTS];

    for (int i = 0; i < U; i++)
        load(&m, &v[i], (struct cfk__span){ constants[i], sizeof field_bytes });
    load_u(&m, &v[U], u);
    load_u(&m, &v[U_NEXT], next);
    for (int i = V; i < ELEMENTS; i++)
        mbedtls_mpi_init(&v[i]);
    recover_v(&m, v);
    write_edwards(&m, v, out);
    for (int i = 0; i < ELEMENTS; i++)
        mbedtls_mpi_free(&v[i]);
    return m.ret;
}

/*
 * Scalars are multiples of 8 with bit 254 set: 8 more is one, too, unless all bits above
 * the lowest three are set, of which there is one in 2^251.
 */
static void add_8(uint8_t scalar[CFK__X25519_SIZE])
{
    unsigned carry = 8;

    for (size_t i = 0; i < CFK__X25519_SIZE; i++) {
        carry += scalar[i];
        scalar[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

int cfk__ed25519_public(const uint8_t secret[CFK__ED25519_SIZE],
                        uint8_t out[CFK__ED25519_SIZE], struct cfk_error *err)
{
    uint8_t scalar[CFK__HASH_MAX];
    uint8_t next[CFK__X25519_SIZE];
    uint8_t u[CFK__X25519_SIZE];
    int rc = cfk__hash(CFK__SHA512, secret, CFK__ED25519_SIZE, scalar, err);

    if (rc != CFK_OK)
        return rc;
    scalar[0] &= 0xf8;
    scalar[31] = (uint8_t)((scalar[31] & 0x7f) | 0x40);
    rc = cfk__x25519_public(u, scalar, err);
    add_8(scalar);
    if (rc == CFK_OK)
        rc = cfk__x25519_public(next, scalar, err);
    cfk__wipe(scalar, sizeof scalar);
    if (rc == CFK_OK && from_x25519(u, next, out) != 0)
        rc = no_memory(err);
    return rc;
}

/* --- ciphers and hash of key files --- */

int cfk__cbc_decrypt(enum cfk__cbc_id id, const uint8_t *key, const uint8_t *iv,
                     struct cfk__span data, uint8_t *out, struct cfk_error *err)
{
    static const mbedtls_cipher_type_t types[] = {
        [CFK__AES_128_CBC] = MBEDTLS_CIPHER_AES_128_CBC,
        [CFK__AES_192_CBC] = MBEDTLS_CIPHER_AES_192_CBC,
        [CFK__AES_256_CBC] = MBEDTLS_CIPHER_AES_256_CBC,
        [CFK__DES_EDE3_CBC] = MBEDTLS_CIPHER_DES_EDE3_CBC,
    };
    const mbedtls_cipher_info_t *info = mbedtls_cipher_info_from_type(types[id]);
    mbedtls_cipher_context_t cipher;
    size_t written;
    int ret;

    if (info == NULL)
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: a cipher that this mbedTLS lacks");
    mbedtls_cipher_init(&cipher);
    ret = mbedtls_cipher_setup(&cipher, info);
    if (ret == 0)
        ret = mbedtls_cipher_setkey(&cipher, key, 8 * (int)cfk__cbc_key_size(id),
                                    MBEDTLS_DECRYPT);
    if (ret == 0)
        ret = mbedtls_cipher_set_padding_mode(&cipher, MBEDTLS_PADDING_NONE);
    if (ret == 0)
        ret = mbedtls_cipher_crypt(&cipher, iv, cfk__cbc_block_size(id), data.data,
                                   data.size, out, &written);
    mbedtls_cipher_free(&cipher);
    return ret == 0 ? CFK_OK : no_memory(err);
}

int cfk__md5(const struct cfk__span *parts, size_t count, uint8_t digest[CFK__MD5_SIZE],
             struct cfk_error *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    mbedtls_md_context_t md;
    int ret;

    if (info == NULL)
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: no MD5 in this mbedTLS");
    mbedtls_md_init(&md);
    ret = mbedtls_md_setup(&md, info, 0);
    if (ret == 0)
        ret = mbedtls_md_starts(&md);
    for (size_t i = 0; i < count && ret == 0; i++)
        ret = mbedtls_md_update(&md, parts[i].data, parts[i].size);
    if (ret == 0)
        ret = mbedtls_md_finish(&md, digest);
    mbedtls_md_free(&md);
    return ret == 0 ? CFK_OK : no_memory(err);
}
