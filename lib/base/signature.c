/* SPDX-License-Identifier: MIT */
/*
 * Signature verification up to the arithmetic. Keys and ECDSA signatures are
 * parsed here, in strict DER, so that a verdict cannot depend on how lenient a
 * back end's own parser is.
 */
#include "base/signature.h"

#include "base/error.h"

#include <string.h>

enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30,
    ED25519_KEY_SIZE = 32,
    ED25519_SIGNATURE_SIZE = 64,
    POINT_UNCOMPRESSED = 4,
};

enum key_kind {
    KEY_RSA,
    KEY_RSA_PSS,
    KEY_EC,
    KEY_ED25519,
};

/* A SubjectPublicKeyInfo taken apart: the algorithm, its parameters, the key's bytes. */
struct spki {
    enum key_kind kind;
    struct cfk__reader parameters;
    struct cfk__span key;
};

struct name {
    uint8_t size;
    uint8_t oid[9];
    int value;
};

static const struct name key_kinds[] = {
    { 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 }, KEY_RSA },
    { 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a }, KEY_RSA_PSS },
    { 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 }, KEY_EC },
    { 3, { 0x2b, 0x65, 0x70 }, KEY_ED25519 },
    { 0, { 0 }, 0 },
};

static const struct name curves[] = {
    { 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, CFK__P256 },
    { 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 }, CFK__P384 },
    { 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 }, CFK__P521 },
    { 0, { 0 }, 0 },
};

/* Bytes of a coordinate, and of the numbers of a signature. */
static const size_t curve_bytes[] = {
    [CFK__P256] = 32,
    [CFK__P384] = 48,
    [CFK__P521] = 66,
};

static bool look_up(const struct name *names, struct cfk__span oid, int *value)
{
    for (; names->size != 0; names++)
        if (oid.size == names->size && memcmp(oid.data, names->oid, oid.size) == 0) {
            *value = names->value;
            return true;
        }
    return false;
}

/* A definite length in its shortest form (X.690, 10.1). */
static bool der_length(struct cfk__reader *r, size_t *length)
{
    uint8_t first;
    uint8_t byte;

    if (!cfk__read_u8(r, &first))
        return false;
    *length = first;
    if (first < 0x80)
        return true;
    if (first == 0x80 || first > 0x84)
        return false;
    *length = 0;
    for (unsigned i = first & 0x7f; i > 0; i--) {
        if (!cfk__read_u8(r, &byte) || (*length == 0 && byte == 0))
            return false;
        *length = *length << 8 | byte;
    }
    return *length >= 0x80;
}

static bool der_take(struct cfk__reader *r, uint8_t tag, struct cfk__span *content)
{
    uint8_t found;
    size_t length;

    return cfk__read_u8(r, &found) && found == tag && der_length(r, &length) &&
           cfk__read_span(r, length, content);
}

static bool der_enter(struct cfk__reader *r, uint8_t tag, struct cfk__reader *content)
{
    struct cfk__span span;

    if (!der_take(r, tag, &span))
        return false;
    cfk__reader_init(content, span.data, span.size);
    return true;
}

/* A positive INTEGER without its leading zero. */
static bool der_positive(struct cfk__reader *r, struct cfk__span *number)
{
    if (!der_take(r, DER_INTEGER, number) || number->size == 0 || number->data[0] > 0x7f)
        return false;
    if (number->data[0] != 0)
        return true;
    if (number->size == 1 || number->data[1] < 0x80)
        return false; /* zero, or not the shortest form */
    number->data++;
    number->size--;
    return true;
}

static int bad_key(struct cfk_error *err, const char *what)
{
    return cfk__fail(err, CFK_E_CORRUPT, "crypto: public key: %s", what);
}

static int bad_signature(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_SIGNATURE, "crypto: the signature is not the key's");
}

static int parse_spki(struct cfk__span der, struct spki *out, struct cfk_error *err)
{
    struct cfk__reader whole;
    struct cfk__reader outer;
    struct cfk__span oid;
    uint8_t unused_bits;
    struct cfk__reader bits;
    int kind;

    cfk__reader_init(&whole, der.data, der.size);
    if (!der_enter(&whole, DER_SEQUENCE, &outer) || cfk__reader_left(&whole) != 0 ||
        !der_enter(&outer, DER_SEQUENCE, &out->parameters) ||
        !der_take(&out->parameters, DER_OID, &oid) ||
        !der_enter(&outer, DER_BIT_STRING, &bits) || cfk__reader_left(&outer) != 0 ||
        !cfk__read_u8(&bits, &unused_bits) || unused_bits != 0)
        return bad_key(err, "not a SubjectPublicKeyInfo in DER");
    if (!look_up(key_kinds, oid, &kind))
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: public key of an unknown algorithm");
    out->kind = (enum key_kind)kind;
    cfk__read_span(&bits, cfk__reader_left(&bits), &out->key);
    return CFK_OK;
}

static size_t bit_length(struct cfk__span number)
{
    size_t bits = number.size * 8;

    for (uint8_t top = number.data[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static bool is_odd(struct cfk__span number)
{
    return (number.data[number.size - 1] & 1) != 0;
}

static int parse_rsa_key(struct spki *spki, struct cfk__rsa_key *key,
                         struct cfk_error *err)
{
    struct cfk__reader whole;
    struct cfk__reader numbers;
    struct cfk__span null;
    size_t bits;

    if (cfk__reader_left(&spki->parameters) != 0) {
        if (spki->kind == KEY_RSA_PSS)
            return cfk__fail(err, CFK_E_NOTSUP,
                             "crypto: public key: RSASSA-PSS with parameters");
        if (!der_take(&spki->parameters, DER_NULL, &null) || null.size != 0 ||
            cfk__reader_left(&spki->parameters) != 0)
            return bad_key(err, "RSA takes no parameters");
    }
    cfk__reader_init(&whole, spki->key.data, spki->key.size);
    if (!der_enter(&whole, DER_SEQUENCE, &numbers) || cfk__reader_left(&whole) != 0 ||
        !der_positive(&numbers, &key->n) || !der_positive(&numbers, &key->e) ||
        cfk__reader_left(&numbers) != 0)
        return bad_key(err, "not an RSA modulus and exponent");
    bits = bit_length(key->n);
    if (bits < CFK__RSA_MIN_BITS || bits > CFK__RSA_MAX_BITS)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "crypto: public key: RSA of %zu bits, not %d to %d", bits,
                         CFK__RSA_MIN_BITS, CFK__RSA_MAX_BITS);
    if (bit_length(key->e) > 64)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "crypto: public key: an RSA exponent of over 64 bits");
    if (!is_odd(key->n) || !is_odd(key->e) || (key->e.size == 1 && key->e.data[0] < 3))
        return bad_key(err, "an RSA modulus or exponent that cannot be one");
    return CFK_OK;
}

static int parse_ec_key(struct spki *spki, struct cfk__ec_key *key, struct cfk_error *err)
{
    struct cfk__span oid;
    int curve;

    if (!der_take(&spki->parameters, DER_OID, &oid))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "crypto: public key: a curve that is not given by name");
    if (cfk__reader_left(&spki->parameters) != 0)
        return bad_key(err, "bytes after the name of the curve");
    if (!look_up(curves, oid, &curve))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "crypto: public key on a curve other than P-256, P-384, P-521");
    key->curve = (enum cfk__curve)curve;
    key->point = spki->key;
    if (key->point.size == curve_bytes[curve] + 1 &&
        (key->point.data[0] == 2 || key->point.data[0] == 3))
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: public key: a compressed point");
    if (key->point.size != 2 * curve_bytes[curve] + 1 ||
        key->point.data[0] != POINT_UNCOMPRESSED)
        return bad_key(err, "not a point of its curve");
    return CFK_OK;
}

static int verify_rsa(const struct cfk__signature_scheme *scheme, struct spki *spki,
                      struct cfk__span message, struct cfk__span signature,
                      struct cfk_error *err)
{
    uint8_t digest[CFK__HASH_MAX];
    struct cfk__rsa_key key;
    int rc;

    if (spki->kind != KEY_RSA &&
        !(spki->kind == KEY_RSA_PSS && scheme->id == CFK__RSA_PSS))
        return bad_key(err, "not one for this kind of signature");
    rc = parse_rsa_key(spki, &key, err);
    if (rc != CFK_OK)
        return rc;
    if (signature.size != key.n.size ||
        (scheme->id == CFK__RSA_PSS && scheme->salt_size > key.n.size))
        return bad_signature(err);
    rc = cfk__hash(scheme->hash, message.data, message.size, digest, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__backend_rsa_verify(scheme, &key, digest, signature, err);
    return rc == CFK_E_SIGNATURE ? bad_signature(err) : rc;
}

static bool parse_ecdsa_signature(struct cfk__span der, size_t number_size,
                                  struct cfk__ecdsa_signature *out)
{
    struct cfk__reader whole;
    struct cfk__reader numbers;

    out->der = der;
    cfk__reader_init(&whole, der.data, der.size);
    return der_enter(&whole, DER_SEQUENCE, &numbers) && cfk__reader_left(&whole) == 0 &&
           der_positive(&numbers, &out->r) && der_positive(&numbers, &out->s) &&
           cfk__reader_left(&numbers) == 0 && out->r.size <= number_size &&
           out->s.size <= number_size;
}

static int verify_ecdsa(const struct cfk__signature_scheme *scheme, struct spki *spki,
                        struct cfk__span message, struct cfk__span signature,
                        struct cfk_error *err)
{
    struct cfk__ecdsa_signature parsed;
    uint8_t digest[CFK__HASH_MAX];
    struct cfk__ec_key key;
    int rc;

    if (spki->kind != KEY_EC)
        return bad_key(err, "not one for this kind of signature");
    rc = parse_ec_key(spki, &key, err);
    if (rc != CFK_OK)
        return rc;
    if (!parse_ecdsa_signature(signature, curve_bytes[key.curve], &parsed))
        return bad_signature(err);
    rc = cfk__hash(scheme->hash, message.data, message.size, digest, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__backend_ecdsa_verify(
        &key, (struct cfk__span){ digest, cfk__hash_size(scheme->hash) }, &parsed, err);
    if (rc == CFK_E_CORRUPT)
        return bad_key(err, "not a point of its curve");
    return rc == CFK_E_SIGNATURE ? bad_signature(err) : rc;
}

static int verify_ed25519(struct spki *spki, struct cfk__span message,
                          struct cfk__span signature, struct cfk_error *err)
{
    int rc;

    if (spki->kind != KEY_ED25519)
        return bad_key(err, "not one for this kind of signature");
    if (cfk__reader_left(&spki->parameters) != 0 || spki->key.size != ED25519_KEY_SIZE)
        return bad_key(err, "not 32 bytes without parameters");
    if (signature.size != ED25519_SIGNATURE_SIZE)
        return bad_signature(err);
    rc = cfk__backend_ed25519_verify(spki->key, message, signature, err);
    return rc == CFK_E_SIGNATURE ? bad_signature(err) : rc;
}

int cfk__signature_verify(const struct cfk__signature_scheme *scheme,
                          struct cfk__span spki, struct cfk__span message,
                          struct cfk__span signature, struct cfk_error *err)
{
    struct spki parsed;
    int rc = parse_spki(spki, &parsed, err);

    if (rc != CFK_OK)
        return rc;
    switch (scheme->id) {
    case CFK__RSA_PKCS1:
    case CFK__RSA_PSS: return verify_rsa(scheme, &parsed, message, signature, err);
    case CFK__ECDSA: return verify_ecdsa(scheme, &parsed, message, signature, err);
    case CFK__ED25519: return verify_ed25519(&parsed, message, signature, err);
    }
    return cfk__fail(err, CFK_E_INVALID, "crypto: no signature scheme %d",
                     (int)scheme->id);
}

int cfk__signature_keys(const struct cfk__signature_scheme *scheme, struct cfk__span like,
                        struct cfk__span message, struct cfk__span signature,
                        struct cfk__ec_keys *out, struct cfk_error *err)
{
    struct cfk__ecdsa_signature parsed;
    uint8_t digest[CFK__HASH_MAX];
    struct cfk__ec_key key;
    struct spki spki;
    int rc = parse_spki(like, &spki, err);

    *out = (struct cfk__ec_keys){ .like = like };
    if (rc != CFK_OK)
        return rc;
    if (scheme->id != CFK__ECDSA || spki.kind != KEY_EC)
        return cfk__fail(err, CFK_E_NOTSUP, "crypto: keys are found for ECDSA alone");
    rc = parse_ec_key(&spki, &key, err);
    if (rc != CFK_OK)
        return rc;
    out->point_size = key.point.size;
    if (!parse_ecdsa_signature(signature, curve_bytes[key.curve], &parsed))
        return CFK_OK; /* nobody's */
    rc = cfk__hash(scheme->hash, message.data, message.size, digest, err);
    if (rc != CFK_OK)
        return rc;
    return cfk__backend_ecdsa_keys(
        key.curve, (struct cfk__span){ digest, cfk__hash_size(scheme->hash) }, &parsed,
        out, err);
}

/* A named curve leaves one way to write a key: the same but for the point. */
bool cfk__signature_keys_fit(const struct cfk__ec_keys *keys, struct cfk__span spki)
{
    return spki.size == keys->like.size &&
           memcmp(spki.data, keys->like.data, spki.size - keys->point_size + 1) == 0;
}

bool cfk__signature_keys_have(const struct cfk__ec_keys *keys, struct cfk__span spki)
{
    const uint8_t *point = spki.data + spki.size - keys->point_size;

    for (unsigned i = 0; i < keys->count; i++)
        if (memcmp(point, keys->points[i], keys->point_size) == 0)
            return true;
    return false;
}
