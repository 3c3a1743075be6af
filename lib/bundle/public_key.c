/* SPDX-License-Identifier: MIT */
#include "bundle/public_key.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

enum {
    POINT_COMPRESSED = 2, /* and 3, for an odd y */
    POINT_UNCOMPRESSED = 4,
};

bool cfk__der_positive(struct cfk__reader *r, struct cfk__span *number)
{
    struct cfk__reader at = *r;

    if (!cfk__der_value(&at, CFK__DER_INTEGER, number) || number->size == 0 ||
        number->data[0] > 0x7f)
        return false;
    if (number->data[0] == 0) {
        if (number->size == 1 || number->data[1] < 0x80)
            return false; /* zero, or not the shortest form */
        number->data++;
        number->size--;
    }
    *r = at;
    return true;
}

bool cfk__curve_of(struct cfk__span oid, enum cfk__curve *curve)
{
    if (CFK__SPAN_IS(oid, "\x2a\x86\x48\xce\x3d\x03\x01\x07"))
        *curve = CFK__P256;
    else if (CFK__SPAN_IS(oid, "\x2b\x81\x04\x00\x22"))
        *curve = CFK__P384;
    else if (CFK__SPAN_IS(oid, "\x2b\x81\x04\x00\x23"))
        *curve = CFK__P521;
    else
        return false;
    return true;
}

static bool read_rsa(struct cfk__span bits, struct cfk__public_key *out)
{
    struct cfk__reader whole;
    struct cfk__reader numbers;

    cfk__reader_init(&whole, bits.data, bits.size);
    return cfk__der_enter(&whole, CFK__DER_SEQUENCE, &numbers) &&
           cfk__reader_left(&whole) == 0 && cfk__der_positive(&numbers, &out->n) &&
           cfk__der_positive(&numbers, &out->e) && cfk__reader_left(&numbers) == 0;
}

static bool is_point(struct cfk__span bits, enum cfk__curve curve)
{
    size_t size = cfk__curve_size(curve);

    if (bits.size == 2 * size + 1)
        return bits.data[0] == POINT_UNCOMPRESSED;
    return bits.size == size + 1 && (bits.data[0] | 1) == (POINT_COMPRESSED | 1);
}

bool cfk__public_key_read(struct cfk__span bits, struct cfk__public_key *out)
{
    if (out->kind == CFK__KEY_RSA || out->kind == CFK__KEY_RSA_PSS)
        return read_rsa(bits, out);
    if (out->kind == CFK__KEY_EC ? !is_point(bits, out->curve)
                                 : bits.size != CFK__ED25519_SIZE)
        return false;
    memcpy(out->point, bits.data, bits.size);
    out->point_size = bits.size;
    return true;
}

int cfk__public_key_of(struct cfk__span spki, struct cfk__public_key *out,
                       struct cfk_error *err)
{
    struct cfk__reader r;
    struct cfk__reader algorithm;
    struct cfk__span oid;
    struct cfk__span bits;

    cfk__reader_init(&r, spki.data, spki.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &r) ||
        !cfk__der_enter(&r, CFK__DER_SEQUENCE, &algorithm) ||
        !cfk__der_value(&algorithm, CFK__DER_OID, &oid) || !cfk__der_bytes(&r, &bits))
        return cfk__fail(err, CFK_E_CORRUPT, "bundle: a malformed public key");
    if (CFK__SPAN_IS(oid, CFK__OID_RSA))
        out->kind = CFK__KEY_RSA;
    else if (CFK__SPAN_IS(oid, CFK__OID_RSA_PSS))
        out->kind = CFK__KEY_RSA_PSS;
    else if (CFK__SPAN_IS(oid, CFK__OID_EC))
        out->kind = CFK__KEY_EC;
    else if (CFK__SPAN_IS(oid, CFK__OID_ED25519))
        out->kind = CFK__KEY_ED25519;
    else
        return CFK_E_KEY;
    if (out->kind == CFK__KEY_EC) {
        if (!cfk__der_value(&algorithm, CFK__DER_OID, &oid))
            return cfk__fail(err, CFK_E_NOTSUP,
                             "bundle: the curve of the certificate's key is not given by "
                             "name, so no private key is compared with it");
        if (!cfk__curve_of(oid, &out->curve))
            return CFK_E_KEY;
    }
    if (!cfk__public_key_read(bits, out))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "bundle: the public key of the certificate is malformed");
    return CFK_OK;
}

/* The longer of the two is whole. */
static bool points_equal(const struct cfk__public_key *whole,
                         const struct cfk__public_key *other)
{
    uint8_t sign = whole->point[whole->point_size - 1] & 1;

    if (whole->point_size == other->point_size)
        return memcmp(whole->point, other->point, other->point_size) == 0;
    return other->point[0] == (POINT_COMPRESSED | sign) &&
           memcmp(whole->point + 1, other->point + 1, other->point_size - 1) == 0;
}

bool cfk__public_key_equal(const struct cfk__public_key *a,
                           const struct cfk__public_key *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == CFK__KEY_RSA || a->kind == CFK__KEY_RSA_PSS)
        return cfk__span_equal(a->n, b->n) && cfk__span_equal(a->e, b->e);
    if (a->kind == CFK__KEY_EC && a->curve != b->curve)
        return false;
    return a->point_size > b->point_size ? points_equal(a, b) : points_equal(b, a);
}

const char *cfk__public_key_text(const struct cfk__public_key *key,
                                 char text[CFK__PUBLIC_KEY_TEXT])
{
    static const char *const curves[] = {
        [CFK__P256] = "P-256",
        [CFK__P384] = "P-384",
        [CFK__P521] = "P-521",
    };
    size_t bits;

    if (key->kind == CFK__KEY_EC)
        return curves[key->curve];
    if (key->kind == CFK__KEY_ED25519)
        return "Ed25519";
    bits = key->n.size * 8;
    for (uint8_t top = key->n.data[0]; top < 0x80; top = (uint8_t)(top << 1))
        bits--;
    snprintf(text, CFK__PUBLIC_KEY_TEXT, "%s, %zu bits",
             key->kind == CFK__KEY_RSA ? "RSA" : "RSASSA-PSS", bits);
    return text;
}
