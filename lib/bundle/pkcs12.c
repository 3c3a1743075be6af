/* SPDX-License-Identifier: MIT */
#include "bundle/pkcs12.h"

#include "base/error.h"
#include "base/secret.h"
#include "bundle/pkcs12_kdf.h"

#define PKCS7_ARC "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define BAG_ARC   "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01"
#define X509_CERT "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01"
#define SHA2_ARC  "\x60\x86\x48\x01\x65\x03\x04\x02"

enum {
    MAX_FILE = 1024 * 1024,
    BAG_OID_SIZE = 11,
};

struct walk {
    const struct cfk__passphrase *pass;
    cfk__bag_fn take;
    void *ctx;
    struct cfk_error *err;
    struct cfk_error *passed; /* why a safe could not be opened and was passed over */
};

static int bad(struct cfk_error *err, const char *what)
{
    return cfk__fail(err, CFK_E_CORRUPT, "bundle: PKCS #12: %s", what);
}

static int fail_with(struct cfk_error *err, const struct cfk_error *why)
{
    if (err != NULL)
        *err = *why;
    return why->code;
}

/* --- the MAC over all of it --- */

static bool read_hash(struct cfk__reader *r, enum cfk__hash_id *hash, bool *known)
{
    struct cfk__reader inner;
    struct cfk__span oid;

    *known = true;
    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) ||
        !cfk__der_value(&inner, CFK__DER_OID, &oid))
        return false;
    if (CFK__SPAN_IS(oid, "\x2b\x0e\x03\x02\x1a"))
        *hash = CFK__SHA1;
    else if (CFK__SPAN_IS(oid, SHA2_ARC "\x01"))
        *hash = CFK__SHA256;
    else if (CFK__SPAN_IS(oid, SHA2_ARC "\x02"))
        *hash = CFK__SHA384;
    else if (CFK__SPAN_IS(oid, SHA2_ARC "\x03"))
        *hash = CFK__SHA512;
    else
        *known = false;
    return true;
}

static int compare_mac(enum cfk__hash_id hash, struct cfk__span salt, uint32_t iterations,
                       struct cfk__span content, struct cfk__span want,
                       const struct walk *w)
{
    size_t size = cfk__hash_size(hash);
    uint8_t key[CFK__HASH_MAX];
    uint8_t mac[CFK__HASH_MAX];
    int rc = cfk__pkcs12_kdf(hash, CFK__PKCS12_MAC, w->pass, salt, iterations, key, size,
                             w->err);

    if (rc == CFK_OK)
        rc = cfk__hmac(hash, key, size, content.data, content.size, mac, w->err);
    cfk__wipe(key, sizeof key);
    if (rc != CFK_OK)
        return rc;
    if (want.size != size || !cfk__equal_secret(mac, want.data, size))
        return cfk__fail(w->err, CFK_E_PASSPHRASE,
                         "bundle: PKCS #12: the passphrase is wrong, or the file is "
                         "damaged");
    return CFK_OK;
}

/* MacData, the rest of the file; content is what it is of. */
static int check_mac(struct cfk__reader *pfx, struct cfk__span content,
                     const struct walk *w)
{
    enum cfk__hash_id hash = CFK__SHA1;
    struct cfk__reader mac;
    struct cfk__reader digest;
    struct cfk__span want;
    struct cfk__span salt;
    int32_t iterations = 1;
    bool known;

    if (cfk__reader_left(pfx) == 0)
        return CFK_OK;
    if (!cfk__der_enter(pfx, CFK__DER_SEQUENCE, &mac) || cfk__reader_left(pfx) != 0 ||
        !cfk__der_enter(&mac, CFK__DER_SEQUENCE, &digest) ||
        !read_hash(&digest, &hash, &known))
        return bad(w->err, "a malformed MAC");
    if (!known)
        return cfk__fail(
            w->err, CFK_E_NOTSUP,
            "bundle: PKCS #12: its MAC is made with a hash other than SHA-1, "
            "SHA-256, SHA-384, SHA-512");
    if (!cfk__der_value(&digest, CFK__DER_OCTET_STRING, &want) ||
        cfk__reader_left(&digest) != 0 ||
        !cfk__der_value(&mac, CFK__DER_OCTET_STRING, &salt) ||
        (cfk__reader_left(&mac) != 0 && !cfk__der_int(&mac, &iterations)) ||
        cfk__reader_left(&mac) != 0)
        return bad(w->err, "a malformed MAC");
    return compare_mac(hash, salt, (uint32_t)iterations, content, want, w);
}

/* --- bags --- */

static int take_cert(struct cfk__reader value, const struct walk *w)
{
    struct cfk__reader bag;
    struct cfk__reader tagged;
    struct cfk__span type;
    struct cfk__span der;

    if (!cfk__der_enter(&value, CFK__DER_SEQUENCE, &bag) ||
        !cfk__der_value(&bag, CFK__DER_OID, &type) ||
        !cfk__der_enter(&bag, CFK__DER_CONSTRUCTED(0), &tagged))
        return bad(w->err, "a malformed certificate");
    if (!CFK__SPAN_IS(type, X509_CERT))
        return CFK_OK;
    if (!cfk__der_value(&tagged, CFK__DER_OCTET_STRING, &der))
        return bad(w->err, "a malformed certificate");
    return w->take(w->ctx, CFK__BAG_CERT, der, w->err);
}

static int take_bag(struct cfk__reader *bag, const struct walk *w)
{
    struct cfk__reader value;
    struct cfk__span type;

    if (!cfk__der_value(bag, CFK__DER_OID, &type) ||
        !cfk__der_enter(bag, CFK__DER_CONSTRUCTED(0), &value))
        return bad(w->err, "a malformed bag");
    if (CFK__SPAN_IS(type, BAG_ARC "\x03"))
        return take_cert(value, w);
    if (CFK__SPAN_IS(type, BAG_ARC "\x01") || CFK__SPAN_IS(type, BAG_ARC "\x02"))
        return w->take(w->ctx, (enum cfk__bag_kind)type.data[BAG_OID_SIZE - 1],
                       (struct cfk__span){ value.pos, cfk__reader_left(&value) }, w->err);
    return CFK_OK; /* a CRL, a secret, or bags in a bag, which nobody writes */
}

static int walk_contents(struct cfk__span contents, const struct walk *w)
{
    struct cfk__reader whole;
    struct cfk__reader bags;
    struct cfk__reader bag;
    int rc = CFK_OK;

    cfk__reader_init(&whole, contents.data, contents.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &bags) ||
        cfk__reader_left(&whole) != 0)
        return bad(w->err, "no list of bags where one should be");
    while (rc == CFK_OK && cfk__reader_left(&bags) > 0) {
        if (!cfk__der_enter(&bags, CFK__DER_SEQUENCE, &bag))
            return bad(w->err, "a malformed bag");
        rc = take_bag(&bag, w);
    }
    return rc;
}

/* EncryptedData of RFC 5652, 8, from behind its content type. */
static int walk_encrypted(struct cfk__reader *content, const struct walk *w)
{
    struct cfk__reader outer;
    struct cfk__reader info;
    struct cfk__reader algorithm;
    struct cfk__span type;
    struct cfk__span data;
    struct cfk_error why;
    int32_t version;
    void *memory;
    size_t size;
    int rc;

    if (!cfk__der_enter(content, CFK__DER_SEQUENCE, &outer) ||
        !cfk__der_int(&outer, &version) ||
        !cfk__der_enter(&outer, CFK__DER_SEQUENCE, &info) ||
        !cfk__der_value(&info, CFK__DER_OID, &type) ||
        !cfk__der_enter(&info, CFK__DER_SEQUENCE, &algorithm) ||
        !cfk__der_value(&info, CFK__DER_CONTEXT(0), &data) || data.size == 0)
        return bad(w->err, "malformed encrypted data");
    rc = cfk__secret_new(data.size, &memory, w->err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__pbes_decrypt(algorithm, data, w->pass, &cfk__sealed_pkcs12, memory, &size,
                           &why);
    if (rc == CFK_OK)
        rc = walk_contents((struct cfk__span){ memory, size }, w);
    else if (rc != CFK_E_NOTSUP)
        fail_with(w->err, &why);
    else { /* what is wanted may be in another safe */
        *w->passed = why;
        rc = CFK_OK;
    }
    cfk__secret_free(memory);
    return rc;
}

/* One ContentInfo: bags in clear, or encrypted; others are passed over. */
static int walk_safe(struct cfk__reader *safe, const struct walk *w)
{
    struct cfk__reader content;
    struct cfk__span type;
    struct cfk__span octets;

    if (!cfk__der_value(safe, CFK__DER_OID, &type) ||
        !cfk__der_enter(safe, CFK__DER_CONSTRUCTED(0), &content))
        return bad(w->err, "a malformed safe");
    if (CFK__SPAN_IS(type, PKCS7_ARC "\x06"))
        return walk_encrypted(&content, w);
    if (!CFK__SPAN_IS(type, PKCS7_ARC "\x01"))
        return CFK_OK;
    if (!cfk__der_value(&content, CFK__DER_OCTET_STRING, &octets))
        return bad(w->err, "a malformed safe");
    return walk_contents(octets, w);
}

static int walk_safes(struct cfk__span content, const struct walk *w)
{
    struct cfk__reader whole;
    struct cfk__reader safes;
    struct cfk__reader safe;
    int rc = CFK_OK;

    cfk__reader_init(&whole, content.data, content.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &safes) ||
        cfk__reader_left(&whole) != 0)
        return bad(w->err, "no list of safes where one should be");
    while (rc == CFK_OK && cfk__reader_left(&safes) > 0) {
        if (!cfk__der_enter(&safes, CFK__DER_SEQUENCE, &safe))
            return bad(w->err, "a malformed safe");
        rc = walk_safe(&safe, w);
    }
    return rc;
}

int cfk__pkcs12_walk(struct cfk__span file, const struct cfk__passphrase *pass,
                     cfk__bag_fn take, void *ctx, struct cfk_error *err)
{
    struct cfk_error passed = { 0 };
    struct walk w = { pass, take, ctx, err, &passed };
    struct cfk__reader whole;
    struct cfk__reader pfx;
    struct cfk__reader info;
    struct cfk__reader tagged;
    struct cfk__span type;
    struct cfk__span content;
    int32_t version;
    int rc;

    if (file.size > MAX_FILE)
        return cfk__fail(err, CFK_E_LIMIT, "bundle: PKCS #12 of over %d bytes", MAX_FILE);
    cfk__reader_init(&whole, file.data, file.size);
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &pfx) ||
        cfk__reader_left(&whole) != 0 || !cfk__der_int(&pfx, &version) || version != 3 ||
        !cfk__der_enter(&pfx, CFK__DER_SEQUENCE, &info) ||
        !cfk__der_value(&info, CFK__DER_OID, &type))
        return bad(err, "not as it should be; only DER is read");
    if (!CFK__SPAN_IS(type, PKCS7_ARC "\x01"))
        return cfk__fail(err, CFK_E_NOTSUP,
                         "bundle: PKCS #12: under a key, not under a passphrase");
    if (!cfk__der_enter(&info, CFK__DER_CONSTRUCTED(0), &tagged) ||
        !cfk__der_value(&tagged, CFK__DER_OCTET_STRING, &content))
        return bad(err, "not as it should be; only DER is read");
    if (!pass->given)
        return cfk__fail(
            err, CFK_E_PASSPHRASE,
            "bundle: PKCS #12: it is encrypted, and no passphrase was given");
    rc = check_mac(&pfx, content, &w);
    if (rc == CFK_OK)
        rc = walk_safes(content, &w);
    return rc == CFK_OK && passed.code != CFK_OK ? fail_with(err, &passed) : rc;
}
