/* SPDX-License-Identifier: MIT */
#include "bundle/pkcs7.h"

#include "base/error.h"

#define PKCS7_ARC "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

/* --- BER, which some programs write around certificates that are DER --- */

enum {
    TAG_LONG = 0x1f, /* all set: the tag goes on */
    TAG_CONSTRUCTED = 0x20,
    LENGTH_LONG = 0x80, /* alone: no length, an end follows somewhere */
    LENGTH_BYTES_MAX = 4,
    DEPTH_MAX = 32,
};

/* Tag and length, in as many bytes as it likes up to 4; false for other forms. */
static bool ber_head(struct cfk__reader *r, uint8_t *tag, bool *open, size_t *length)
{
    uint8_t byte;

    if (!cfk__read_u8(r, tag) || (*tag & TAG_LONG) == TAG_LONG || !cfk__read_u8(r, &byte))
        return false;
    *open = byte == LENGTH_LONG;
    *length = *open || byte > LENGTH_LONG ? 0 : byte;
    if (*open)
        return (*tag & TAG_CONSTRUCTED) != 0;
    if (byte < LENGTH_LONG)
        return true;
    byte &= (uint8_t)~LENGTH_LONG;
    if (byte > LENGTH_BYTES_MAX)
        return false;
    while (byte-- > 0) {
        uint8_t digit;

        if (!cfk__read_u8(r, &digit))
            return false;
        *length = *length << 8 | digit;
    }
    return true;
}

/* From behind an open head to behind the end that belongs to it; *size is what is
 * between. */
static bool ber_skip_open(struct cfk__reader *r, size_t *size)
{
    const uint8_t *start = r->pos;
    unsigned depth = 1;

    while (depth > 0) {
        const uint8_t *at = r->pos;
        uint8_t tag;
        size_t length;
        bool open;

        if (!ber_head(r, &tag, &open, &length))
            return false;
        if (tag == 0 && length == 0) {
            depth--;
            *size = (size_t)(at - start);
        } else if (open ? ++depth > DEPTH_MAX : !cfk__read_skip(r, length)) {
            return false;
        }
    }
    return true;
}

/* As cfk__der_next(), but lengths may be in any form or open. */
static bool ber_next(struct cfk__reader *r, struct cfk__der *out)
{
    struct cfk__reader at = *r;
    size_t length;
    bool open;

    if (!ber_head(&at, &out->tag, &open, &length))
        return false;
    out->value.data = at.pos;
    if (open ? !ber_skip_open(&at, &length) : !cfk__read_skip(&at, length))
        return false;
    out->value.size = length;
    out->whole = (struct cfk__span){ r->pos, (size_t)(at.pos - r->pos) };
    *r = at;
    return true;
}

static bool ber_enter(struct cfk__reader *r, uint8_t tag, struct cfk__reader *inner)
{
    struct cfk__der element;

    if (!cfk__der_peek(r, tag) || !ber_next(r, &element))
        return false;
    cfk__reader_init(inner, element.value.data, element.value.size);
    return true;
}

/* --- what is in them --- */

enum cfk__der_kind cfk__der_kind(struct cfk__span der)
{
    struct cfk__reader r;
    struct cfk__reader inner;
    struct cfk__span value;
    int32_t version;

    cfk__reader_init(&r, der.data, der.size);
    if (!ber_enter(&r, CFK__DER_SEQUENCE, &inner))
        return CFK__DER_IS_OTHER;
    if (cfk__der_value(&inner, CFK__DER_OID, &value))
        return CFK__DER_IS_PKCS7;
    if (!cfk__der_int(&inner, &version))
        return CFK__DER_IS_OTHER;
    if (version == 3 && ber_enter(&inner, CFK__DER_SEQUENCE, &inner) &&
        cfk__der_value(&inner, CFK__DER_OID, &value))
        return CFK__DER_IS_PKCS12;
    return CFK__DER_IS_KEY;
}

static int bad(struct cfk_error *err, const struct cfk__reader *r,
               const struct cfk__span der, const char *what)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, (uint64_t)(r->pos - der.data),
                        "bundle: PKCS #7: %s", what);
}

int cfk__pkcs7_open(struct cfk__span der, struct cfk__reader *certs,
                    struct cfk_error *err)
{
    struct cfk__reader outer;
    struct cfk__reader content;
    struct cfk__reader signed_data;
    struct cfk__reader part;
    struct cfk__span type;
    int32_t version;

    cfk__reader_init(&outer, der.data, der.size);
    if (!ber_enter(&outer, CFK__DER_SEQUENCE, &content) ||
        !cfk__der_value(&content, CFK__DER_OID, &type))
        return bad(err, &outer, der, "no ContentInfo in DER or BER");
    if (cfk__reader_left(&outer) != 0)
        return bad(err, &outer, der, "bytes behind its end");
    if (!CFK__SPAN_IS(type, PKCS7_ARC "\x02"))
        return bad(err, &content, der, "not signed-data, which alone has certificates");
    if (!ber_enter(&content, CFK__DER_CONSTRUCTED(0), &part) ||
        cfk__reader_left(&content) != 0 ||
        !ber_enter(&part, CFK__DER_SEQUENCE, &signed_data) ||
        cfk__reader_left(&part) != 0)
        return bad(err, &content, der, "no SignedData");
    if (!cfk__der_int(&signed_data, &version) ||
        !ber_enter(&signed_data, CFK__DER_SET, &part) ||
        !ber_enter(&signed_data, CFK__DER_SEQUENCE, &part))
        return bad(err, &signed_data, der, "a malformed SignedData");
    if (!ber_enter(&signed_data, CFK__DER_CONSTRUCTED(0), certs))
        cfk__reader_init(certs, signed_data.pos, 0); /* it has none */
    return CFK_OK;
}

bool cfk__pkcs7_next(struct cfk__reader *certs, struct cfk__der *out)
{
    return ber_next(certs, out);
}
