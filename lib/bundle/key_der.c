/* SPDX-License-Identifier: MIT */
/* RFC 5208, 5958, 8017 (A.1.2), 5915 and 8410. */
#include "bundle/key_der.h"

#include "base/error.h"

#include <string.h>

enum {
    RSA_MAX_BYTES = 2048, /* of the modulus */
    PUBLIC_PART = 0x81,   /* [1] of PKCS #8 */
};

static int bad(struct cfk_error *err, const char *what)
{
    return cfk__fail(err, CFK_E_CORRUPT, "bundle: private key: %s", what);
}

/* What a file says the public part is, which must be the key's. */
static int check_public_part(const struct cfk__public_key *key, struct cfk__span part,
                             struct cfk_error *err)
{
    struct cfk__public_key said = *key;

    if (!cfk__public_key_read(part, &said))
        return bad(err, "its public part is malformed");
    if (!cfk__public_key_equal(key, &said))
        return bad(err, "its public part is that of another key");
    return CFK_OK;
}

static int read_rsa(struct cfk__span der, struct cfk__public_key *out,
                    struct cfk_error *err)
{
    struct cfk__rsa_private key;
    struct cfk__span *const numbers[] = { &key.n, &key.e,  &key.d,  &key.p,
                                          &key.q, &key.dp, &key.dq, &key.qinv };
    struct cfk__reader whole;
    struct cfk__reader r;
    int32_t version;

    cfk__reader_init(&whole, der.data, der.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &r) || cfk__reader_left(&whole) != 0 ||
        !cfk__der_int(&r, &version))
        return bad(err, "not an RSA key as PKCS #1 has it");
    if (version == 1)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "bundle: private key: RSA with more than two primes");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!cfk__der_positive(&r, numbers[i]))
            return bad(err, "not an RSA key as PKCS #1 has it");
        if (numbers[i]->size > RSA_MAX_BYTES)
            return cfk__fail(err, CFK_E_NOTSUP,
                             "bundle: private key: RSA of over %d bits",
                             RSA_MAX_BYTES * 8);
    }
    if (version != 0 || cfk__reader_left(&r) != 0)
        return bad(err, "not an RSA key as PKCS #1 has it");
    out->n = key.n;
    out->e = key.e;
    return cfk__rsa_private_check(&key, err);
}

/* The name of a curve: of PKCS #8, of SEC 1, or of both. */
static int read_curve(struct cfk__reader *r, struct cfk__span *oid, struct cfk_error *err)
{
    struct cfk__span again;

    if (cfk__der_peek(r, CFK__DER_SEQUENCE))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "bundle: private key: its curve is given by explicit "
                         "parameters; only named curves are read");
    if (!cfk__der_value(r, CFK__DER_OID, &again) || cfk__reader_left(r) != 0 ||
        (oid->size > 0 && !cfk__span_equal(*oid, again)))
        return bad(err, "the name of its curve is not as it should be");
    *oid = again;
    return CFK_OK;
}

/* The fields behind the number: the curve to *oid, which may be set, and a public part.
 */
static int read_ec_rest(struct cfk__reader *r, struct cfk__span *oid,
                        struct cfk__span *part, struct cfk_error *err)
{
    struct cfk__reader tagged;
    int rc = CFK_OK;

    if (cfk__der_enter(r, CFK__DER_CONSTRUCTED(0), &tagged))
        rc = read_curve(&tagged, oid, err);
    if (rc == CFK_OK && cfk__der_enter(r, CFK__DER_CONSTRUCTED(1), &tagged) &&
        (!cfk__der_bytes(&tagged, part) || cfk__reader_left(&tagged) != 0))
        return bad(err, "its public part is malformed");
    if (rc == CFK_OK && cfk__reader_left(r) != 0)
        return bad(err, "not an elliptic-curve key as SEC 1 has it");
    return rc;
}

static int read_ec(struct cfk__span der, struct cfk__span oid,
                   struct cfk__public_key *out, struct cfk_error *err)
{
    struct cfk__span part = { 0 };
    struct cfk__reader whole;
    struct cfk__reader r;
    struct cfk__span scalar;
    int32_t version;
    int rc;

    cfk__reader_init(&whole, der.data, der.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &r) || cfk__reader_left(&whole) != 0 ||
        !cfk__der_int(&r, &version) || version != 1 ||
        !cfk__der_value(&r, CFK__DER_OCTET_STRING, &scalar))
        return bad(err, "not an elliptic-curve key as SEC 1 has it");
    rc = read_ec_rest(&r, &oid, &part, err);
    if (rc != CFK_OK)
        return rc;
    if (oid.size == 0)
        return bad(err, "it does not say on which curve it is");
    if (!cfk__curve_of(oid, &out->curve))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "bundle: private key: on a curve other than P-256, P-384, "
                         "P-521");
    if (scalar.size == 0 || scalar.size > cfk__curve_size(out->curve))
        return bad(err, "its number has not the length of its curve");
    rc = cfk__ec_public(out->curve, scalar, out->point, err);
    out->point_size = 2 * cfk__curve_size(out->curve) + 1;
    return rc == CFK_OK && part.size > 0 ? check_public_part(out, part, err) : rc;
}

static int read_ed25519(struct cfk__span der, struct cfk__public_key *out,
                        struct cfk_error *err)
{
    struct cfk__span secret;
    struct cfk__reader r;

    cfk__reader_init(&r, der.data, der.size);
    if (!cfk__der_value(&r, CFK__DER_OCTET_STRING, &secret) ||
        secret.size != CFK__ED25519_SIZE || cfk__reader_left(&r) != 0)
        return bad(err, "not an Ed25519 key of 32 bytes");
    out->point_size = CFK__ED25519_SIZE;
    return cfk__ed25519_public(secret.data, out->point, err);
}

/* The kind by its algorithm, then the key itself in octets. */
static int read_kind(struct cfk__reader *algorithm, struct cfk__span octets,
                     struct cfk__public_key *out, struct cfk_error *err)
{
    struct cfk__span oid;
    struct cfk__span curve = { 0 };
    int rc;

    if (!cfk__der_value(algorithm, CFK__DER_OID, &oid))
        return bad(err, "not PKCS #8");
    if (CFK__SPAN_IS(oid, CFK__OID_RSA) || CFK__SPAN_IS(oid, CFK__OID_RSA_PSS)) {
        out->kind = CFK__SPAN_IS(oid, CFK__OID_RSA) ? CFK__KEY_RSA : CFK__KEY_RSA_PSS;
        return read_rsa(octets, out, err);
    }
    if (CFK__SPAN_IS(oid, CFK__OID_EC)) {
        out->kind = CFK__KEY_EC;
        rc = read_curve(algorithm, &curve, err);
        return rc == CFK_OK ? read_ec(octets, curve, out, err) : rc;
    }
    if (!CFK__SPAN_IS(oid, CFK__OID_ED25519))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "bundle: private key: of a kind other than RSA, P-256, P-384, "
                         "P-521, Ed25519");
    out->kind = CFK__KEY_ED25519;
    return read_ed25519(octets, out, err);
}

/* From behind the version. */
static int read_pkcs8(struct cfk__reader *r, struct cfk__public_key *out,
                      struct cfk_error *err)
{
    struct cfk__reader algorithm;
    struct cfk__span octets;
    struct cfk__span ignored;
    struct cfk__span part = { 0 };
    int rc;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &algorithm) ||
        !cfk__der_value(r, CFK__DER_OCTET_STRING, &octets))
        return bad(err, "not PKCS #8");
    cfk__der_value(r, CFK__DER_CONSTRUCTED(0), &ignored); /* attributes */
    if (cfk__der_value(r, PUBLIC_PART, &part) && (part.size < 2 || part.data[0] != 0))
        return bad(err, "its public part is malformed");
    if (cfk__reader_left(r) != 0)
        return bad(err, "not PKCS #8");
    rc = read_kind(&algorithm, octets, out, err);
    if (rc == CFK_OK && part.size > 0)
        rc = check_public_part(out, (struct cfk__span){ part.data + 1, part.size - 1 },
                               err);
    return rc;
}

int cfk__key_public(struct cfk__span der, struct cfk__public_key *out,
                    struct cfk_error *err)
{
    struct cfk__reader whole;
    struct cfk__reader r;
    int32_t version;

    *out = (struct cfk__public_key){ .kind = CFK__KEY_RSA };
    cfk__reader_init(&whole, der.data, der.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &r) || cfk__reader_left(&whole) != 0 ||
        !cfk__der_int(&r, &version))
        return bad(err, "not PKCS #8, PKCS #1 or SEC 1 in DER");
    if (cfk__der_peek(&r, CFK__DER_INTEGER))
        return read_rsa(der, out, err);
    if (cfk__der_peek(&r, CFK__DER_OCTET_STRING)) {
        out->kind = CFK__KEY_EC;
        return read_ec(der, (struct cfk__span){ NULL, 0 }, out, err);
    }
    if (version > 1)
        return cfk__fail(err, CFK_E_NOTSUP, "bundle: private key: PKCS #8 of version %d",
                         (int)version);
    return read_pkcs8(&r, out, err);
}
