/* SPDX-License-Identifier: MIT */
/*
 * Whose an ECDSA signature is, over mbedTLS: SEC 1, 4.1.6. Nothing here is
 * secret; mbedTLS blinds its multiplications all the same.
 */
#include "base/error.h"
#include "base/signature.h"

#include <mbedtls/ecp.h>

static const mbedtls_ecp_group_id curve_ids[] = {
    [CFK__P256] = MBEDTLS_ECP_DP_SECP256R1,
    [CFK__P384] = MBEDTLS_ECP_DP_SECP384R1,
    [CFK__P521] = MBEDTLS_ECP_DP_SECP521R1,
};

static int random_for_blinding(void *ctx, unsigned char *out, size_t size)
{
    (void)ctx;
    return cfk__random(out, size, NULL) == CFK_OK ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

/* Numbers of cfk__backend_ecdsa_keys(); one list, so that none is forgotten. */
struct recovery {
    mbedtls_ecp_group group;
    mbedtls_ecp_point r;  /* the point whose x the signature has */
    mbedtls_ecp_point u1; /* u1 G, then u2 R */
    mbedtls_ecp_point u2;
    mbedtls_ecp_point key;
    mbedtls_mpi x;
    mbedtls_mpi y;
    mbedtls_mpi s;
    mbedtls_mpi z;
    mbedtls_mpi one;
};

static void recovery_init(struct recovery *v)
{
    mbedtls_ecp_group_init(&v->group);
    mbedtls_ecp_point_init(&v->r);
    mbedtls_ecp_point_init(&v->u1);
    mbedtls_ecp_point_init(&v->u2);
    mbedtls_ecp_point_init(&v->key);
    mbedtls_mpi_init(&v->x);
    mbedtls_mpi_init(&v->y);
    mbedtls_mpi_init(&v->s);
    mbedtls_mpi_init(&v->z);
    mbedtls_mpi_init(&v->one);
}

static void recovery_free(struct recovery *v)
{
    mbedtls_ecp_group_free(&v->group);
    mbedtls_ecp_point_free(&v->r);
    mbedtls_ecp_point_free(&v->u1);
    mbedtls_ecp_point_free(&v->u2);
    mbedtls_ecp_point_free(&v->key);
    mbedtls_mpi_free(&v->x);
    mbedtls_mpi_free(&v->y);
    mbedtls_mpi_free(&v->s);
    mbedtls_mpi_free(&v->z);
    mbedtls_mpi_free(&v->one);
}

static int recovery_load(struct recovery *v, enum cfk__curve curve,
                         struct cfk__span digest,
                         const struct cfk__ecdsa_signature *signature)
{
    size_t size;
    int ret = mbedtls_ecp_group_load(&v->group, curve_ids[curve]);

    if (ret != 0)
        return ret;
    size = (v->group.nbits + 7) / 8;
    ret = mbedtls_mpi_read_binary(&v->x, signature->r.data, signature->r.size);
    if (ret == 0)
        ret = mbedtls_mpi_read_binary(&v->s, signature->s.data, signature->s.size);
    if (ret == 0)
        ret = mbedtls_mpi_read_binary(&v->z, digest.data,
                                      digest.size < size ? digest.size : size);
    if (ret == 0)
        ret = mbedtls_mpi_lset(&v->one, 1);
    return ret;
}

/* y of x on the curve y^2 = x^3 - 3 x + b, whose p is 3 modulo 4; *on where it is. */
static int recovery_lift(struct recovery *v, bool *on)
{
    mbedtls_mpi square;
    mbedtls_mpi t;
    int ret;

    mbedtls_mpi_init(&square);
    mbedtls_mpi_init(&t);
    ret = mbedtls_mpi_mul_mpi(&t, &v->x, &v->x);
    if (ret == 0)
        ret = mbedtls_mpi_sub_int(&t, &t, 3);
    if (ret == 0)
        ret = mbedtls_mpi_mul_mpi(&t, &t, &v->x);
    if (ret == 0)
        ret = mbedtls_mpi_add_mpi(&t, &t, &v->group.B);
    if (ret == 0)
        ret = mbedtls_mpi_mod_mpi(&square, &t, &v->group.P);
    if (ret == 0)
        ret = mbedtls_mpi_add_int(&t, &v->group.P, 1);
    if (ret == 0)
        ret = mbedtls_mpi_shift_r(&t, 2);
    if (ret == 0)
        ret = mbedtls_mpi_exp_mod(&v->y, &square, &t, &v->group.P, NULL);
    if (ret == 0)
        ret = mbedtls_mpi_mul_mpi(&t, &v->y, &v->y);
    if (ret == 0)
        ret = mbedtls_mpi_mod_mpi(&t, &t, &v->group.P);
    *on = ret == 0 && mbedtls_mpi_cmp_mpi(&t, &square) == 0;
    mbedtls_mpi_free(&t);
    mbedtls_mpi_free(&square);
    return ret;
}

/* u1 G and u2 R, where u1 = -z/r and u2 = s/r. */
static int recovery_multiply(struct recovery *v, size_t field)
{
    uint8_t point[CFK__EC_POINT_MAX] = { 4 };
    const mbedtls_mpi *n = &v->group.N;
    int ret = mbedtls_mpi_write_binary(&v->x, point + 1, field);

    if (ret == 0)
        ret = mbedtls_mpi_write_binary(&v->y, point + 1 + field, field);
    if (ret == 0)
        ret = mbedtls_ecp_point_read_binary(&v->group, &v->r, point, 1 + 2 * field);
    if (ret == 0)
        ret = mbedtls_mpi_inv_mod(&v->y, &v->x, n);
    if (ret == 0)
        ret = mbedtls_mpi_mul_mpi(&v->s, &v->s, &v->y);
    if (ret == 0)
        ret = mbedtls_mpi_mod_mpi(&v->s, &v->s, n);
    if (ret == 0)
        ret = mbedtls_mpi_mul_mpi(&v->z, &v->z, &v->y);
    if (ret == 0)
        ret = mbedtls_mpi_sub_mpi(&v->z, n, &v->z); /* modulo n comes next */
    if (ret == 0)
        ret = mbedtls_mpi_mod_mpi(&v->z, &v->z, n);
    if (ret == 0)
        ret = mbedtls_ecp_mul(&v->group, &v->u1, &v->z, &v->group.G, random_for_blinding,
                              NULL);
    if (ret == 0)
        ret = mbedtls_ecp_mul(&v->group, &v->u2, &v->s, &v->r, random_for_blinding, NULL);
    return ret;
}

/* u1 G + u2 R, and with u2 R the other way up. */
static int recovery_finish(struct recovery *v, struct cfk__ec_keys *out)
{
    mbedtls_mpi sign;
    size_t written;
    int ret = 0;

    mbedtls_mpi_init(&sign);
    for (int i = 0; i < 2 && ret == 0; i++) {
        ret = mbedtls_mpi_lset(&sign, i == 0 ? 1 : -1);
        if (ret == 0)
            ret = mbedtls_ecp_muladd(&v->group, &v->key, &v->one, &v->u1, &sign, &v->u2);
        if (ret == 0)
            ret = mbedtls_ecp_point_write_binary(
                &v->group, &v->key, MBEDTLS_ECP_PF_UNCOMPRESSED, &written,
                out->points[out->count], CFK__EC_POINT_MAX);
        out->count += ret == 0 && written == out->point_size;
    }
    mbedtls_mpi_free(&sign);
    return ret;
}

int cfk__backend_ecdsa_keys(enum cfk__curve curve, struct cfk__span digest,
                            const struct cfk__ecdsa_signature *signature,
                            struct cfk__ec_keys *out, struct cfk_error *err)
{
    struct recovery v;
    bool in_range = false;
    bool on = false;
    int ret;

    recovery_init(&v);
    ret = recovery_load(&v, curve, digest, signature);
    if (ret == 0)
        in_range = mbedtls_mpi_cmp_mpi(&v.x, &v.group.N) < 0 &&
                   mbedtls_mpi_cmp_mpi(&v.s, &v.group.N) < 0;
    if (ret == 0 && in_range)
        ret = mbedtls_mpi_add_mpi(&v.y, &v.x, &v.group.N);
    if (ret == 0 && in_range && mbedtls_mpi_cmp_mpi(&v.y, &v.group.P) < 0)
        ret = MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE; /* x may be r + n, too */
    if (ret == 0 && in_range)
        ret = recovery_lift(&v, &on);
    if (ret == 0 && on)
        ret = recovery_multiply(&v, out->point_size / 2);
    if (ret == 0 && on)
        ret = recovery_finish(&v, out);
    recovery_free(&v);
    if (ret == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
        (ret < 0 && (-ret & 0x7f) == -MBEDTLS_ERR_MPI_ALLOC_FAILED))
        return cfk__fail(err, CFK_E_NOMEM, "crypto: no memory");
    if (ret == 0)
        return CFK_OK;
    out->count = 0;
    return cfk__fail(err, CFK_E_NOTSUP, "crypto: the keys of this signature are hidden");
}
