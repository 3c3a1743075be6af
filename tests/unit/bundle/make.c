/* SPDX-License-Identifier: MIT */
#include "make.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Written from its end to its beginning, so that lengths are known when they are needed.
 */
struct back {
    uint8_t bytes[2048];
    size_t at; /* what is written starts here */
};

static void put(struct back *b, const void *data, size_t size)
{
    ck_assert_uint_le(size, b->at);
    b->at -= size;
    if (size > 0)
        memcpy(b->bytes + b->at, data, size);
}

static void put_hex(struct back *b, const char *hex)
{
    size_t size;
    uint8_t *data = unit_hex(hex, &size);

    put(b, data, size);
    free(data);
}

/* Tag and length before all that was written since end. */
static void wrap(struct back *b, uint8_t tag, size_t end)
{
    size_t size = end - b->at;
    uint8_t head[4] = { tag, 0x82, (uint8_t)(size >> 8), (uint8_t)size };

    if (size < 0x80) {
        head[1] = (uint8_t)size;
        put(b, head, 2);
    } else if (size < 0x100) {
        head[1] = 0x81;
        head[2] = (uint8_t)size;
        put(b, head, 3);
    } else {
        put(b, head, 4);
    }
}

/* "CN=", where there is no name; an empty one for "-". */
static void put_name(struct back *b, const char *common_name)
{
    size_t end = b->at;

    if (common_name == NULL)
        common_name = "";
    if (strcmp(common_name, "-") == 0) {
        wrap(b, CFK__DER_SEQUENCE, end);
        return;
    }
    put(b, common_name, strlen(common_name));
    wrap(b, CFK__DER_UTF8, end);
    put_hex(b, "0603550403");
    wrap(b, CFK__DER_SEQUENCE, end);
    wrap(b, CFK__DER_SET, end);
    wrap(b, CFK__DER_SEQUENCE, end);
}

static void put_time(struct back *b, const char *time)
{
    size_t end = b->at;

    put(b, time, strlen(time));
    wrap(b, strlen(time) == 15 ? CFK__DER_GENERALIZED_TIME : CFK__DER_UTC_TIME, end);
}

static void put_algorithm(struct back *b, const char *algorithm)
{
    size_t end = b->at;

    put_hex(b, algorithm != NULL ? algorithm : "06082a8648ce3d040302");
    wrap(b, CFK__DER_SEQUENCE, end);
}

static void put_key(struct back *b, const char *spki, uint8_t key)
{
    uint8_t bits[3] = { 0, 4, key };
    size_t end = b->at;

    if (spki != NULL) {
        put_hex(b, spki);
        return;
    }
    put(b, bits, sizeof bits);
    wrap(b, CFK__DER_BIT_STRING, end);
    put_hex(b, "301306072a8648ce3d020106082a8648ce3d030107");
    wrap(b, CFK__DER_SEQUENCE, end);
}

static void put_extensions(struct back *b, const struct make *m)
{
    size_t end = b->at;

    if (m->ext != NULL)
        put_hex(b, m->ext);
    if (m->ca) {
        size_t inner = b->at;
        uint8_t path_length[3] = { CFK__DER_INTEGER, 1, (uint8_t)(m->path_length - 1) };

        if (m->path_length > 0)
            put(b, path_length, sizeof path_length);
        put_hex(b, "0101ff");
        wrap(b, CFK__DER_SEQUENCE, inner);
        wrap(b, CFK__DER_OCTET_STRING, inner);
        put_hex(b, "0603551d130101ff");
        wrap(b, CFK__DER_SEQUENCE, inner);
    }
    if (end == b->at)
        return;
    wrap(b, CFK__DER_SEQUENCE, end);
    wrap(b, CFK__DER_CONSTRUCTED(3), end);
}

static void put_serial(struct back *b, const struct make *m)
{
    size_t end = b->at;

    if (m->number != NULL)
        put_hex(b, m->number);
    else
        put(b, &m->serial, 1);
    wrap(b, CFK__DER_INTEGER, end);
}

/* The hexadecimal of a length. */
static const char *hex_length(size_t length, char text[24])
{
    if (length < 0x80)
        snprintf(text, 24, "%02zx", length);
    else if (length < 0x100)
        snprintf(text, 24, "81%02zx", length);
    else
        snprintf(text, 24, "82%04zx", length);
    return text;
}

void make_wrap(char *text, size_t size, unsigned tag, const char *contents)
{
    size_t used = strlen(text);
    char length[24];
    int n = snprintf(text + used, size - used, "%02x%s%s", tag,
                     hex_length(strlen(contents) / 2, length), contents);

    ck_assert_uint_lt((size_t)n, size - used);
}

void make_ext(char *text, size_t size, unsigned arc, bool critical, const char *value)
{
    char inner[4096];

    snprintf(inner, sizeof inner, "0603551d%02x%s", arc, critical ? "0101ff" : "");
    make_wrap(inner, sizeof inner, CFK__DER_OCTET_STRING, value);
    make_wrap(text, size, CFK__DER_SEQUENCE, inner);
}

size_t make_cert(const struct make *m, uint8_t out[2048])
{
    static const uint8_t version[] = { 0xa0, 3, 2, 1, 2 };
    uint8_t signature[2] = { 0, m->signed_by };
    struct back b = { .at = sizeof b.bytes };
    size_t end = b.at;
    size_t inner;

    put(&b, signature, sizeof signature);
    wrap(&b, CFK__DER_BIT_STRING, end);
    put_algorithm(&b, m->algorithm);
    inner = b.at;
    if (!m->v1)
        put_extensions(&b, m);
    put_key(&b, m->spki, m->key);
    if (m->subject2 != NULL)
        put_hex(&b, m->subject2);
    else
        put_name(&b, m->subject);
    {
        size_t validity = b.at;

        put_time(&b, m->until != NULL ? m->until : "491231235959Z");
        put_time(&b, m->from != NULL ? m->from : "200101000000Z");
        wrap(&b, CFK__DER_SEQUENCE, validity);
    }
    put_name(&b, m->issuer);
    put_algorithm(&b, m->algorithm2 != NULL ? m->algorithm2 : m->algorithm);
    put_serial(&b, m);
    if (!m->v1)
        put(&b, version, sizeof version);
    wrap(&b, CFK__DER_SEQUENCE, inner);
    wrap(&b, CFK__DER_SEQUENCE, end);
    memcpy(out, b.bytes + b.at, end - b.at);
    return end - b.at;
}

void make_add(cfk_bundle_pool *pool, const struct make *m, uint32_t from)
{
    struct cfk_error err = { 0 };
    uint8_t der[2048];
    size_t size = make_cert(m, der);
    int rc = cfk_bundle_pool_add_der(pool, der, size, from, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
}

int make_verify(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                struct cfk_error *err)
{
    uint8_t key = issuer->x.key.spki.data[issuer->x.key.spki.size - 1];

    (void)err;
    return cert->x.signature.bytes.data[0] == key ? CFK_OK : CFK_E_SIGNATURE;
}

int make_build(cfk_bundle_pool *pool, const struct make *leaf,
               const struct cfk_bundle_options *opts, cfk_bundle_result **out,
               struct cfk_error *err)
{
    uint8_t der[2048];
    size_t size = make_cert(leaf, der);

    return cfk__bundle_build(pool, der, size, MAKE_NOW, opts, make_verify, out, err);
}
