/* SPDX-License-Identifier: MIT */
#include "bundle/pbes.h"

#include "base/error.h"
#include "base/secret.h"
#include "bundle/pkcs12_kdf.h"

#include <string.h>

#define PKCS5_ARC  "\x2a\x86\x48\x86\xf7\x0d\x01\x05"
#define PKCS12_ARC "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01"
#define DIGEST_ARC "\x2a\x86\x48\x86\xf7\x0d\x02"
#define AES_ARC    "\x60\x86\x48\x01\x65\x03\x04\x01"
#define SCRYPT     "\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"

const struct cfk__sealed cfk__sealed_key = { "private key",
                                             "'openssl pkcs8 -topk8' writes it anew" };
const struct cfk__sealed cfk__sealed_pkcs12 = {
    "PKCS #12", "'openssl pkcs12 -legacy -nodes' makes PEM of it"
};

/* What PBES2 says: a key derived by PBKDF2, and a cipher. */
struct scheme {
    struct cfk__span salt;
    uint32_t iterations;
    enum cfk__hash_id hash;
    enum cfk__cbc_id cipher;
    struct cfk__span iv;
};

static int malformed(const struct cfk__sealed *what, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_CORRUPT,
                     "bundle: %s: its encryption is not described as it should be",
                     what->name);
}

static int wrong(const struct cfk__sealed *what, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_PASSPHRASE,
                     "bundle: %s: the passphrase is wrong, or the file is damaged",
                     what->name);
}

static int not_read(const struct cfk__sealed *what, const char *how,
                    struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOTSUP, "bundle: %s: %s, which is not read; %s",
                     what->name, how, what->remedy);
}

static int check_given(const struct cfk__passphrase *pass, const struct cfk__sealed *what,
                       struct cfk_error *err)
{
    return pass->given ? CFK_OK
                       : cfk__fail(err, CFK_E_PASSPHRASE,
                                   "bundle: %s: it is encrypted, and no passphrase was "
                                   "given",
                                   what->name);
}

/* OPTIONAL AlgorithmIdentifier of the pseudorandom function, HMAC-SHA-1 without it. */
static bool read_prf(struct cfk__reader *r, enum cfk__hash_id *hash, bool *known)
{
    struct cfk__reader inner;
    struct cfk__span oid;

    *hash = CFK__SHA1;
    *known = true;
    if (cfk__reader_left(r) == 0)
        return true;
    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) ||
        !cfk__der_value(&inner, CFK__DER_OID, &oid) || cfk__reader_left(r) != 0)
        return false;
    if (CFK__SPAN_IS(oid, DIGEST_ARC "\x09"))
        *hash = CFK__SHA256;
    else if (CFK__SPAN_IS(oid, DIGEST_ARC "\x0a"))
        *hash = CFK__SHA384;
    else if (CFK__SPAN_IS(oid, DIGEST_ARC "\x0b"))
        *hash = CFK__SHA512;
    else
        *known = CFK__SPAN_IS(oid, DIGEST_ARC "\x07");
    return true;
}

static int read_kdf(struct cfk__reader *r, struct scheme *s,
                    const struct cfk__sealed *what, struct cfk_error *err)
{
    struct cfk__reader kdf;
    struct cfk__reader parameters;
    struct cfk__span oid;
    int32_t iterations;
    int32_t key_size;
    bool known;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &kdf) ||
        !cfk__der_value(&kdf, CFK__DER_OID, &oid))
        return malformed(what, err);
    if (!CFK__SPAN_IS(oid, PKCS5_ARC "\x0c"))
        return not_read(what,
                        CFK__SPAN_IS(oid, SCRYPT)
                            ? "its key is derived by scrypt"
                            : "its key is derived by an unknown function",
                        err);
    if (!cfk__der_enter(&kdf, CFK__DER_SEQUENCE, &parameters) ||
        !cfk__der_value(&parameters, CFK__DER_OCTET_STRING, &s->salt) ||
        !cfk__der_int(&parameters, &iterations) || iterations == 0)
        return malformed(what, err);
    cfk__der_int(&parameters, &key_size); /* said by the cipher as well */
    if (!read_prf(&parameters, &s->hash, &known))
        return malformed(what, err);
    if (!known)
        return not_read(
            what, "encrypted with a hash other than SHA-1, SHA-256, SHA-384, SHA-512",
            err);
    s->iterations = (uint32_t)iterations;
    return CFK_OK;
}

static int read_cipher(struct cfk__reader *r, struct scheme *s,
                       const struct cfk__sealed *what, struct cfk_error *err)
{
    struct cfk__reader inner;
    struct cfk__span oid;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &inner) ||
        !cfk__der_value(&inner, CFK__DER_OID, &oid))
        return malformed(what, err);
    if (CFK__SPAN_IS(oid, AES_ARC "\x02"))
        s->cipher = CFK__AES_128_CBC;
    else if (CFK__SPAN_IS(oid, AES_ARC "\x16"))
        s->cipher = CFK__AES_192_CBC;
    else if (CFK__SPAN_IS(oid, AES_ARC "\x2a"))
        s->cipher = CFK__AES_256_CBC;
    else if (CFK__SPAN_IS(oid, "\x2a\x86\x48\x86\xf7\x0d\x03\x07"))
        s->cipher = CFK__DES_EDE3_CBC;
    else
        return not_read(
            what, "encrypted with a cipher other than AES or triple DES in CBC mode",
            err);
    if (!cfk__der_value(&inner, CFK__DER_OCTET_STRING, &s->iv) ||
        s->iv.size != cfk__cbc_block_size(s->cipher) || cfk__reader_left(&inner) != 0)
        return malformed(what, err);
    return CFK_OK;
}

/* Decrypt and take the padding off (RFC 8018, 6.1.1), which tells a wrong key. */
static int open_blocks(enum cfk__cbc_id cipher, const uint8_t *key, const uint8_t *iv,
                       struct cfk__span data, const struct cfk__sealed *what,
                       uint8_t *out, size_t *out_size, struct cfk_error *err)
{
    size_t block = cfk__cbc_block_size(cipher);
    uint8_t differ = 0;
    uint8_t pad;
    int rc;

    if (data.size == 0 || data.size % block != 0)
        return cfk__fail(err, CFK_E_CORRUPT, "bundle: %s: not whole blocks of its cipher",
                         what->name);
    rc = cfk__cbc_decrypt(cipher, key, iv, data, out, err);
    if (rc != CFK_OK)
        return rc;
    pad = out[data.size - 1];
    if (pad == 0 || pad > block)
        return wrong(what, err);
    for (size_t i = data.size - pad; i < data.size; i++)
        differ |= (uint8_t)(out[i] ^ pad);
    if (differ != 0)
        return wrong(what, err);
    *out_size = data.size - pad;
    return CFK_OK;
}

static int run_scheme(const struct scheme *s, struct cfk__span data,
                      const struct cfk__passphrase *pass, const struct cfk__sealed *what,
                      uint8_t *out, size_t *out_size, struct cfk_error *err)
{
    uint8_t key[CFK__CBC_KEY_MAX];
    int rc = check_given(pass, what, err);

    if (rc != CFK_OK)
        return rc;
    if (s->iterations > pass->max_iterations)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: %s: its passphrase is hashed %lu times; the limit is "
                         "%lu",
                         what->name, (unsigned long)s->iterations,
                         (unsigned long)pass->max_iterations);
    rc = cfk__pbkdf2(s->hash, pass->text, s->salt, s->iterations, key,
                     cfk__cbc_key_size(s->cipher), err);
    if (rc == CFK_OK)
        rc = open_blocks(s->cipher, key, s->iv.data, data, what, out, out_size, err);
    cfk__wipe(key, sizeof key);
    return rc;
}

/* pbeWithSHAAnd3-KeyTripleDES-CBC of RFC 7292, appendix C. */
static int run_pkcs12(struct cfk__reader *algorithm, struct cfk__span data,
                      const struct cfk__passphrase *pass, const struct cfk__sealed *what,
                      uint8_t *out, size_t *out_size, struct cfk_error *err)
{
    uint8_t key[CFK__CBC_KEY_MAX];
    uint8_t iv[CFK__CBC_BLOCK_MAX];
    struct cfk__reader parameters;
    struct cfk__span salt;
    int32_t iterations;
    int rc = check_given(pass, what, err);

    if (rc != CFK_OK)
        return rc;
    if (!cfk__der_enter(algorithm, CFK__DER_SEQUENCE, &parameters) ||
        !cfk__der_value(&parameters, CFK__DER_OCTET_STRING, &salt) ||
        !cfk__der_int(&parameters, &iterations) || cfk__reader_left(&parameters) != 0)
        return malformed(what, err);
    rc = cfk__pkcs12_kdf(CFK__SHA1, CFK__PKCS12_KEY, pass, salt, (uint32_t)iterations,
                         key, cfk__cbc_key_size(CFK__DES_EDE3_CBC), err);
    if (rc == CFK_OK)
        rc = cfk__pkcs12_kdf(CFK__SHA1, CFK__PKCS12_IV, pass, salt, (uint32_t)iterations,
                             iv, cfk__cbc_block_size(CFK__DES_EDE3_CBC), err);
    if (rc == CFK_OK)
        rc = open_blocks(CFK__DES_EDE3_CBC, key, iv, data, what, out, out_size, err);
    cfk__wipe(key, sizeof key);
    return rc;
}

int cfk__pbes_decrypt(struct cfk__reader algorithm, struct cfk__span data,
                      const struct cfk__passphrase *pass, const struct cfk__sealed *what,
                      uint8_t *out, size_t *out_size, struct cfk_error *err)
{
    struct cfk__reader parameters;
    struct cfk__span oid;
    struct scheme s;
    int rc;

    if (!cfk__der_value(&algorithm, CFK__DER_OID, &oid))
        return malformed(what, err);
    if (CFK__SPAN_IS(oid, PKCS12_ARC "\x03"))
        return run_pkcs12(&algorithm, data, pass, what, out, out_size, err);
    if (!CFK__SPAN_IS(oid, PKCS5_ARC "\x0d"))
        return not_read(what,
                        CFK__SPAN_IS(oid, PKCS12_ARC "\x06")
                            ? "encrypted with RC2 of 40 bits"
                            : "encrypted by an old or unknown scheme",
                        err);
    if (!cfk__der_enter(&algorithm, CFK__DER_SEQUENCE, &parameters))
        return malformed(what, err);
    rc = read_kdf(&parameters, &s, what, err);
    if (rc == CFK_OK)
        rc = read_cipher(&parameters, &s, what, err);
    if (rc == CFK_OK && cfk__reader_left(&parameters) != 0)
        rc = malformed(what, err);
    return rc == CFK_OK ? run_scheme(&s, data, pass, what, out, out_size, err) : rc;
}

/* --- old PEM files --- */

static bool hex_digit(uint8_t c, uint8_t *out)
{
    if (c >= '0' && c <= '9')
        *out = (uint8_t)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        *out = (uint8_t)((c | 0x20) - 'a' + 10);
    else
        return false;
    return true;
}

static bool read_dek_info(struct cfk__span info, enum cfk__cbc_id *cipher,
                          uint8_t iv[CFK__CBC_BLOCK_MAX], bool *known)
{
    static const struct {
        const char *name;
        enum cfk__cbc_id id;
    } names[] = {
        { "AES-128-CBC,", CFK__AES_128_CBC },
        { "AES-192-CBC,", CFK__AES_192_CBC },
        { "AES-256-CBC,", CFK__AES_256_CBC },
        { "DES-EDE3-CBC,", CFK__DES_EDE3_CBC },
    };
    size_t used = 0;

    *known = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*known; i++) {
        used = strlen(names[i].name);
        *cipher = names[i].id;
        *known = info.size >= used && memcmp(info.data, names[i].name, used) == 0;
    }
    if (!*known)
        return true;
    if (info.size - used != 2 * cfk__cbc_block_size(*cipher))
        return false;
    for (size_t i = 0; i < cfk__cbc_block_size(*cipher); i++) {
        uint8_t high;
        uint8_t low;

        if (!hex_digit(info.data[used + 2 * i], &high) ||
            !hex_digit(info.data[used + 2 * i + 1], &low))
            return false;
        iv[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Each digest is of the one before it, the passphrase and the salt, up to a whole key. */
static int dek_key(struct cfk__span passphrase, const uint8_t *salt, size_t size,
                   uint8_t key[CFK__CBC_KEY_MAX], struct cfk_error *err)
{
    enum { SALT = 8 };
    uint8_t digest[CFK__MD5_SIZE];
    struct cfk__span parts[] = { { digest, 0 }, passphrase, { salt, SALT } };
    int rc = CFK_OK;

    for (size_t made = 0; made < size && rc == CFK_OK; made += sizeof digest) {
        size_t take = size - made < sizeof digest ? size - made : sizeof digest;

        rc = cfk__md5(parts, 3, digest, err);
        parts[0].size = sizeof digest;
        if (rc == CFK_OK)
            memcpy(key + made, digest, take);
    }
    cfk__wipe(digest, sizeof digest);
    return rc;
}

int cfk__dek_decrypt(struct cfk__span info, struct cfk__span data,
                     const struct cfk__passphrase *pass, uint8_t *out, size_t *out_size,
                     struct cfk_error *err)
{
    static const struct cfk__sealed *const what = &cfk__sealed_key;
    uint8_t key[CFK__CBC_KEY_MAX];
    uint8_t iv[CFK__CBC_BLOCK_MAX];
    enum cfk__cbc_id cipher;
    bool known;
    int rc;

    if (!read_dek_info(info, &cipher, iv, &known))
        return malformed(what, err);
    if (!known)
        return not_read(
            what, "encrypted with a cipher other than AES or triple DES in CBC mode",
            err);
    rc = check_given(pass, what, err);
    if (rc == CFK_OK)
        rc = dek_key(pass->text, iv, cfk__cbc_key_size(cipher), key, err);
    if (rc == CFK_OK)
        rc = open_blocks(cipher, key, iv, data, what, out, out_size, err);
    cfk__wipe(key, sizeof key);
    return rc;
}
