/* SPDX-License-Identifier: MIT */
#include "bundle/key_file.h"

#include "base/error.h"
#include "base/secret.h"
#include "bundle/pem.h"
#include "bundle/pkcs12.h"
#include "bundle/pkcs7.h"

#include <string.h>

enum { MAX_TEXT = 64 * 1024 }; /* bytes of a key in PEM or DER */

/* --- base64 without tables or branches on what it stands for --- */

/* All ones where first <= c <= last; less than 256 each. */
static uint32_t in_range(uint32_t c, uint32_t first, uint32_t last)
{
    uint32_t outside = (c - first) | (last - c);

    return (uint32_t)cfk__opaque((outside >> 31) - 1);
}

/* The value of a digit; 64 for any other character. */
static uint32_t digit_value(uint32_t c)
{
    uint32_t upper = in_range(c, 'A', 'Z');
    uint32_t lower = in_range(c, 'a', 'z');
    uint32_t digit = in_range(c, '0', '9');
    uint32_t plus = in_range(c, '+', '+');
    uint32_t slash = in_range(c, '/', '/');
    uint32_t other = ~(upper | lower | digit | plus | slash);

    return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
           (plus & 62) | (slash & 63) | (other & 64);
}

static bool is_blank(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* out has room for 3/4 of text. */
static bool decode(struct cfk__span text, uint8_t *out, size_t *size)
{
    uint32_t group = 0;
    uint32_t bad = 0;
    unsigned digits = 0;
    unsigned pads = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint32_t value;

        if (is_blank(text.data[i]))
            continue;
        if (text.data[i] == '=') {
            pads++;
            continue;
        }
        value = digit_value(text.data[i]);
        bad |= value >> 6 | pads;
        group = group << 6 | (value & 63);
        if (++digits == 4) {
            out[n++] = (uint8_t)(group >> 16);
            out[n++] = (uint8_t)(group >> 8);
            out[n++] = (uint8_t)group;
            digits = 0;
        }
    }
    if (digits > 1)
        out[n++] = (uint8_t)(group >> (digits == 2 ? 4 : 10));
    if (digits == 3)
        out[n++] = (uint8_t)(group >> 2);
    *size = n;
    return bad == 0 && (digits == 0 ? pads == 0 : digits > 1 && digits + pads == 4);
}

/* --- blocks --- */

/* A block whose label ends in "PRIVATE KEY". */
static bool is_private(const struct cfk__pem_block *block)
{
    static const char end[] = "PRIVATE KEY";
    size_t size = sizeof end - 1;

    return block->label.size >= size &&
           memcmp(block->label.data + block->label.size - size, end, size) == 0;
}

static int bad(struct cfk_error *err, int code, uint64_t offset, const char *what)
{
    return cfk__fail_at(err, code, offset, "bundle: private key: %s", what);
}

/* What was encrypted is a key, or the passphrase was wrong and the padding right by
 * chance. */
static int check_key(struct cfk__span der, struct cfk_error *err)
{
    struct cfk__reader r;
    struct cfk__reader inner;
    int32_t version;

    cfk__reader_init(&r, der.data, der.size);
    if (cfk__der_enter(&r, CFK__DER_SEQUENCE, &inner) && cfk__reader_left(&r) == 0 &&
        cfk__der_int(&inner, &version))
        return CFK_OK;
    return bad(err, CFK_E_PASSPHRASE, 0,
               "the passphrase is wrong, or the file is damaged");
}

/* EncryptedPrivateKeyInfo (RFC 5958, 3): an algorithm and octets, in der and no more. */
static bool is_encrypted(struct cfk__span der, struct cfk__reader *algorithm,
                         struct cfk__span *data)
{
    struct cfk__reader r;
    struct cfk__reader inner;

    cfk__reader_init(&r, der.data, der.size);
    return cfk__der_enter(&r, CFK__DER_SEQUENCE, &inner) && cfk__reader_left(&r) == 0 &&
           cfk__der_enter(&inner, CFK__DER_SEQUENCE, algorithm) &&
           cfk__der_value(&inner, CFK__DER_OCTET_STRING, data) &&
           cfk__reader_left(&inner) == 0;
}

/* Decrypt what der is, where it is encrypted, to room. */
static int open_pkcs8(struct cfk__span *der, const struct cfk__passphrase *pass,
                      uint8_t *room, struct cfk_error *err)
{
    struct cfk__reader algorithm;
    struct cfk__span data;
    size_t size;
    int rc;

    if (!is_encrypted(*der, &algorithm, &data))
        return CFK_OK;
    rc = cfk__pbes_decrypt(algorithm, data, pass, &cfk__sealed_key, room, &size, err);
    if (rc != CFK_OK)
        return rc;
    *der = (struct cfk__span){ room, size };
    return check_key(*der, err);
}

static int open_block(const struct cfk__pem_block *block,
                      const struct cfk__passphrase *pass, struct cfk__key_file *out,
                      struct cfk_error *err)
{
    struct cfk__span body = block->body;
    struct cfk__span info;
    bool encrypted;
    uint8_t *room;
    size_t size;
    int rc;

    if (!block->ended)
        return bad(err, CFK_E_CORRUPT, block->offset, "it has no END line");
    if (body.size > MAX_TEXT)
        return bad(err, CFK_E_LIMIT, block->offset, "longer than 64 KiB");
    info = cfk__pem_skip_headers(&body, &encrypted);
    rc = cfk__secret_new(2 * (body.size + 1), &out->secret, err);
    if (rc != CFK_OK)
        return rc;
    room = (uint8_t *)out->secret + body.size + 1;
    if (!decode(body, out->secret, &size))
        return bad(err, CFK_E_CORRUPT, block->offset, "not base64");
    out->der = (struct cfk__span){ out->secret, size };
    if (!encrypted)
        return open_pkcs8(&out->der, pass, room, err);
    rc = cfk__dek_decrypt(info, out->der, pass, room, &size, err);
    if (rc != CFK_OK)
        return rc;
    out->der = (struct cfk__span){ room, size };
    return check_key(out->der, err);
}

static int open_pem(struct cfk__span file, const struct cfk__passphrase *pass,
                    struct cfk__key_file *out, struct cfk_error *err)
{
    struct cfk__pem_block block;
    struct cfk__reader text;

    cfk__reader_init(&text, file.data, file.size);
    while (cfk__pem_next(&text, &block)) {
        if (!is_private(&block))
            continue;
        if (CFK__SPAN_IS(block.label, "OPENSSH PRIVATE KEY"))
            return bad(err, CFK_E_NOTSUP, block.offset,
                       "in the form of OpenSSH; 'ssh-keygen -p -m PKCS8' writes it anew");
        return open_block(&block, pass, out, err);
    }
    return cfk__fail(err, CFK_E_NOTFOUND, "bundle: no private key in the file");
}

struct take {
    const struct cfk__passphrase *pass;
    struct cfk__key_file *out;
};

/* A cfk__bag_fn that takes the first key, and ends the walk with CFK_E_EXISTS. */
static int take_key(void *ctx, enum cfk__bag_kind kind, struct cfk__span value,
                    struct cfk_error *err)
{
    struct take *take = ctx;
    uint8_t *room;
    int rc;

    if (kind == CFK__BAG_CERT)
        return CFK_OK;
    if (value.size == 0 || value.size > MAX_TEXT)
        return bad(err, CFK_E_LIMIT, 0, "longer than 64 KiB, or empty");
    rc = cfk__secret_new(2 * value.size, &take->out->secret, err);
    if (rc != CFK_OK)
        return rc;
    room = take->out->secret;
    memcpy(room, value.data, value.size);
    take->out->der = (struct cfk__span){ room, value.size };
    rc = open_pkcs8(&take->out->der, take->pass, room + value.size, err);
    return rc == CFK_OK ? CFK_E_EXISTS : rc;
}

static int open_pkcs12(struct cfk__span file, const struct cfk__passphrase *pass,
                       struct cfk__key_file *out, struct cfk_error *err)
{
    struct take take = { pass, out };
    int rc = cfk__pkcs12_walk(file, pass, take_key, &take, err);

    if (rc == CFK_E_EXISTS)
        return CFK_OK;
    return rc != CFK_OK
               ? rc
               : cfk__fail(err, CFK_E_NOTFOUND, "bundle: no private key in the file");
}

static int open_der(struct cfk__span file, const struct cfk__passphrase *pass,
                    struct cfk__key_file *out, struct cfk_error *err)
{
    struct cfk__reader algorithm;
    struct cfk__span data;
    int rc;

    if (cfk__der_kind(file) == CFK__DER_IS_PKCS12)
        return open_pkcs12(file, pass, out, err);
    out->der = file;
    if (!is_encrypted(file, &algorithm, &data))
        return CFK_OK;
    if (file.size > MAX_TEXT)
        return bad(err, CFK_E_LIMIT, 0, "longer than 64 KiB");
    rc = cfk__secret_new(file.size, &out->secret, err);
    return rc == CFK_OK ? open_pkcs8(&out->der, pass, out->secret, err) : rc;
}

int cfk__key_file_open(struct cfk__span file, const struct cfk__passphrase *pass,
                       struct cfk__key_file *out, struct cfk_error *err)
{
    int rc;

    *out = (struct cfk__key_file){ .secret = NULL };
    if (file.size > 1 && file.data[0] == CFK__DER_SEQUENCE)
        rc = open_der(file, pass, out, err);
    else
        rc = open_pem(file, pass, out, err);
    if (rc != CFK_OK)
        cfk__key_file_close(out);
    return rc;
}

void cfk__key_file_close(struct cfk__key_file *file)
{
    cfk__secret_free(file->secret);
    *file = (struct cfk__key_file){ .secret = NULL };
}
