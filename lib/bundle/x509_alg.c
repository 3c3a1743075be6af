/* SPDX-License-Identifier: MIT */
/* Algorithms by OID: RFC 3279, 4055, 5480, 5758, 8410. */
#include "bundle/x509.h"

#define RSA_ARC   "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA_ARC "\x2a\x86\x48\xce\x3d\x04"

struct named_scheme {
    const char *oid;
    size_t oid_size;
    const char *name;
    struct cfk__signature_scheme scheme;
    bool verifiable;
};

#define OID(literal) literal, sizeof(literal) - 1

static const struct named_scheme schemes[] = {
    { OID(RSA_ARC "\x0b"),
      "sha256WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA256, 0 },
      true },
    { OID(RSA_ARC "\x0c"),
      "sha384WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA384, 0 },
      true },
    { OID(RSA_ARC "\x0d"),
      "sha512WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA512, 0 },
      true },
    { OID(RSA_ARC "\x05"),
      "sha1WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA1, 0 },
      true },
    { OID(ECDSA_ARC "\x03\x02"),
      "ecdsa-with-SHA256",
      { CFK__ECDSA, CFK__SHA256, 0 },
      true },
    { OID(ECDSA_ARC "\x03\x03"),
      "ecdsa-with-SHA384",
      { CFK__ECDSA, CFK__SHA384, 0 },
      true },
    { OID(ECDSA_ARC "\x03\x04"),
      "ecdsa-with-SHA512",
      { CFK__ECDSA, CFK__SHA512, 0 },
      true },
    { OID(ECDSA_ARC "\x01"), "ecdsa-with-SHA1", { CFK__ECDSA, CFK__SHA1, 0 }, true },
    { OID("\x2b\x65\x70"), "Ed25519", { CFK__ED25519, CFK__SHA512, 0 }, true },
    { OID(RSA_ARC "\x0a"), "RSASSA-PSS", { CFK__RSA_PSS, CFK__SHA1, 20 }, true },
    { OID(RSA_ARC "\x02"),
      "md2WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA1, 0 },
      false },
    { OID(RSA_ARC "\x04"),
      "md5WithRSAEncryption",
      { CFK__RSA_PKCS1, CFK__SHA1, 0 },
      false },
};

#define HASH_ARC "\x60\x86\x48\x01\x65\x03\x04\x02"

/* AlgorithmIdentifier of a hash, whose parameters are NULL or absent. */
static bool read_hash(struct cfk__reader *r, enum cfk__hash_id *hash)
{
    struct cfk__reader inner;
    struct cfk__span oid;
    struct cfk__span null;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) ||
        !cfk__der_value(&inner, CFK__DER_OID, &oid))
        return false;
    if (cfk__reader_left(&inner) != 0 &&
        (!cfk__der_value(&inner, CFK__DER_NULL, &null) || null.size != 0 ||
         cfk__reader_left(&inner) != 0))
        return false;
    if (CFK__SPAN_IS(oid, HASH_ARC "\x01"))
        *hash = CFK__SHA256;
    else if (CFK__SPAN_IS(oid, HASH_ARC "\x02"))
        *hash = CFK__SHA384;
    else if (CFK__SPAN_IS(oid, HASH_ARC "\x03"))
        *hash = CFK__SHA512;
    else if (CFK__SPAN_IS(oid, "\x2b\x0e\x03\x02\x1a"))
        *hash = CFK__SHA1;
    else
        return false;
    return true;
}

/* MGF1 over the same hash. */
static bool read_mask(struct cfk__reader *r, enum cfk__hash_id wanted)
{
    struct cfk__reader inner;
    struct cfk__span oid;
    enum cfk__hash_id hash;

    return cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) &&
           cfk__der_value(&inner, CFK__DER_OID, &oid) &&
           CFK__SPAN_IS(oid, RSA_ARC "\x08") && read_hash(&inner, &hash) &&
           hash == wanted && cfk__reader_left(&inner) == 0;
}

/* RSASSA-PSS-params (RFC 4055, 3.1): each part tagged, each with a default of SHA-1's. */
static bool read_pss(struct cfk__span parameters, struct cfk__signature_scheme *scheme)
{
    struct cfk__reader outer;
    struct cfk__reader r;
    struct cfk__reader part;
    int32_t number = 20;
    bool mask = false;

    cfk__reader_init(&outer, parameters.data, parameters.size);
    if (!cfk__der_enter(&outer, CFK__DER_SEQUENCE, &r) || cfk__reader_left(&outer) != 0)
        return false;
    if (cfk__der_enter(&r, CFK__DER_CONSTRUCTED(0), &part) &&
        (!read_hash(&part, &scheme->hash) || cfk__reader_left(&part) != 0))
        return false;
    if (cfk__der_enter(&r, CFK__DER_CONSTRUCTED(1), &part)) {
        if (!read_mask(&part, scheme->hash) || cfk__reader_left(&part) != 0)
            return false;
        mask = true;
    }
    if (!mask && scheme->hash != CFK__SHA1)
        return false;
    if (cfk__der_enter(&r, CFK__DER_CONSTRUCTED(2), &part) &&
        (!cfk__der_int(&part, &number) || cfk__reader_left(&part) != 0))
        return false;
    scheme->salt_size = (size_t)number;
    if (cfk__der_enter(&r, CFK__DER_CONSTRUCTED(3), &part) &&
        (!cfk__der_int(&part, &number) || number != 1))
        return false;
    return cfk__reader_left(&r) == 0;
}

void cfk__x509_scheme(struct cfk__x509_signature *s, struct cfk__span parameters)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        const struct named_scheme *known = &schemes[i];
        struct cfk__span oid = { (const uint8_t *)known->oid, known->oid_size };

        if (!cfk__span_equal(s->algorithm, oid))
            continue;
        s->name = known->name;
        s->scheme = known->scheme;
        s->verifiable = known->verifiable;
        if (s->scheme.id == CFK__RSA_PSS)
            s->verifiable = read_pss(parameters, &s->scheme);
        return;
    }
}

bool cfk__x509_algorithm(struct cfk__x509_signature *s, struct cfk__span whole)
{
    struct cfk__reader r;

    cfk__reader_init(&r, whole.data, whole.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &r) ||
        !cfk__der_value(&r, CFK__DER_OID, &s->algorithm))
        return false;
    cfk__x509_scheme(s, (struct cfk__span){ r.pos, cfk__reader_left(&r) });
    return true;
}

static uint32_t bits_of(struct cfk__span number)
{
    uint32_t bits;

    while (number.size > 0 && number.data[0] == 0) {
        number.data++;
        number.size--;
    }
    if (number.size == 0 || number.size > UINT32_MAX / 8)
        return 0;
    bits = (uint32_t)(number.size - 1) * 8;
    for (uint8_t top = number.data[0]; top != 0; top >>= 1)
        bits++;
    return bits;
}

/* Positive, odd, and not 1 (the BRs, 6.1.6). */
static bool is_exponent(struct cfk__span e)
{
    if (e.size == 0 || (e.data[0] & 0x80) != 0 || (e.data[e.size - 1] & 1) == 0)
        return false;
    return e.size > 1 || e.data[0] >= 3;
}

/* RSAPublicKey: its modulus tells the size. A malformed key stays without one. */
static void describe_rsa(struct cfk__span bytes, struct cfk__x509_key *key)
{
    struct cfk__reader r;
    struct cfk__span modulus;
    struct cfk__span exponent;

    key->name = "RSA";
    key->rsa = true;
    cfk__reader_init(&r, bytes.data, bytes.size);
    if (cfk__der_enter(&r, CFK__DER_SEQUENCE, &r) &&
        cfk__der_value(&r, CFK__DER_INTEGER, &modulus)) {
        key->bits = bits_of(modulus);
        key->bad_exponent =
            !cfk__der_value(&r, CFK__DER_INTEGER, &exponent) || !is_exponent(exponent);
    }
}

static void describe_curve(struct cfk__span oid, struct cfk__x509_key *key)
{
    enum { NIST_CURVES = 3 };
    static const struct {
        const char *oid;
        size_t oid_size;
        const char *name;
        uint32_t bits;
    } curves[] = {
        { OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256", 256 },
        { OID("\x2b\x81\x04\x00\x22"), "P-384", 384 },
        { OID("\x2b\x81\x04\x00\x23"), "P-521", 521 },
        { OID("\x2a\x86\x48\xce\x3d\x03\x01\x01"), "P-192", 192 },
        { OID("\x2b\x81\x04\x00\x21"), "P-224", 224 },
        { OID("\x2b\x81\x04\x00\x0a"), "secp256k1", 256 },
    };

    key->name = "EC";
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        struct cfk__span known = { (const uint8_t *)curves[i].oid, curves[i].oid_size };

        if (cfk__span_equal(oid, known)) {
            key->name = curves[i].name;
            key->bits = curves[i].bits;
            key->nist_curve = i < NIST_CURVES;
        }
    }
}

bool cfk__x509_key(struct cfk__reader *r, struct cfk__x509_key *key)
{
    struct cfk__reader whole;
    struct cfk__reader algorithm;
    struct cfk__span oid;
    struct cfk__span bytes;
    struct cfk__span curve = { 0 };

    if (!cfk__der_whole(r, CFK__DER_SEQUENCE, &key->spki))
        return false;
    cfk__reader_init(&whole, key->spki.data, key->spki.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &whole) ||
        !cfk__der_enter(&whole, CFK__DER_SEQUENCE, &algorithm) ||
        !cfk__der_value(&algorithm, CFK__DER_OID, &oid) ||
        !cfk__der_bytes(&whole, &bytes) || cfk__reader_left(&whole) != 0)
        return false;
    key->name = "unknown";
    if (CFK__SPAN_IS(oid, RSA_ARC "\x01") || CFK__SPAN_IS(oid, RSA_ARC "\x0a")) {
        describe_rsa(bytes, key);
    } else if (CFK__SPAN_IS(oid, "\x2a\x86\x48\xce\x3d\x02\x01")) {
        cfk__der_value(&algorithm, CFK__DER_OID, &curve);
        describe_curve(curve, key);
    } else if (CFK__SPAN_IS(oid, "\x2b\x65\x70")) {
        key->name = "Ed25519";
        key->bits = 256;
    } else if (CFK__SPAN_IS(oid, "\x2b\x65\x71")) {
        key->name = "Ed448";
        key->bits = 456;
    } else if (CFK__SPAN_IS(oid, "\x2a\x86\x48\xce\x38\x04\x01")) {
        key->name = "DSA";
    }
    return true;
}
