/* SPDX-License-Identifier: MIT */
#include "bundle/x509_name.h"

#include "bundle/x509.h"

#include <stdio.h>
#include <string.h>

enum { RDN_MAX = 128 }; /* parts of one name; real ones have up to a dozen */

/* One AttributeTypeAndValue. */
struct attribute {
    struct cfk__span oid;
    struct cfk__der value;
};

static bool read_attribute(struct cfk__reader *r, struct attribute *a)
{
    struct cfk__reader s;

    return cfk__der_enter(r, CFK__DER_SEQUENCE, &s) &&
           cfk__der_value(&s, CFK__DER_OID, &a->oid) && a->oid.size < 128 &&
           cfk__der_next(&s, &a->value) && cfk__reader_left(&s) == 0;
}

/* Characters of a string of any type, one at a time. */
struct chars {
    struct cfk__reader r;
    uint8_t tag;
};

#define NOT_A_CHARACTER UINT32_MAX

/* One UTF-8 sequence in its shortest form, no surrogates. */
static uint32_t next_utf8(struct cfk__reader *r)
{
    static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
    struct cfk__reader at = *r;
    uint8_t byte = 0;
    uint32_t c;
    int more;

    cfk__read_u8(&at, &byte);
    if (byte < 0x80)
        more = 0;
    else if ((byte & 0xe0) == 0xc0)
        more = 1;
    else if ((byte & 0xf0) == 0xe0)
        more = 2;
    else if ((byte & 0xf8) == 0xf0)
        more = 3;
    else
        return NOT_A_CHARACTER;
    c = more == 0 ? byte : byte & (0x3fU >> more);
    for (int i = 0; i < more; i++) {
        if (!cfk__read_u8(&at, &byte) || (byte & 0xc0) != 0x80)
            return NOT_A_CHARACTER;
        c = c << 6 | (byte & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return NOT_A_CHARACTER;
    *r = at;
    return c;
}

static bool is_text(uint8_t tag)
{
    switch (tag) {
    case CFK__DER_UTF8:
    case CFK__DER_NUMERIC:
    case CFK__DER_PRINTABLE:
    case CFK__DER_T61:
    case CFK__DER_IA5:
    case CFK__DER_VISIBLE:
    case CFK__DER_UNIVERSAL:
    case CFK__DER_BMP: return true;
    default: return false;
    }
}

/* The next character, or NOT_A_CHARACTER with the reader where it was. */
static uint32_t next_char(struct chars *s)
{
    uint16_t two;
    uint32_t four;
    uint8_t one = 0;

    switch (s->tag) {
    case CFK__DER_UTF8: return next_utf8(&s->r);
    case CFK__DER_BMP:
        if (cfk__reader_left(&s->r) < 2 || (s->r.pos[0] & 0xf8) == 0xd8 ||
            !cfk__read_u16be(&s->r, &two))
            return NOT_A_CHARACTER;
        return two;
    case CFK__DER_UNIVERSAL:
        if (cfk__reader_left(&s->r) < 4 || s->r.pos[0] != 0 || s->r.pos[1] > 0x10 ||
            !cfk__read_u32be(&s->r, &four))
            return NOT_A_CHARACTER;
        return four;
    default: cfk__read_u8(&s->r, &one); return one; /* as Latin-1 */
    }
}

static size_t put_utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/*
 * The comparable form of text at out, which has room for twice its size (a
 * Latin-1 byte makes two); SIZE_MAX where the text is not well formed.
 */
static size_t fold_text(struct cfk__der value, uint8_t *out)
{
    struct chars s = { .tag = value.tag };
    bool narrow = value.tag != CFK__DER_BMP && value.tag != CFK__DER_UNIVERSAL;
    bool blank = false;
    size_t size = 0;

    cfk__reader_init(&s.r, value.value.data, value.value.size);
    while (cfk__reader_left(&s.r) > 0) {
        uint32_t c = *s.r.pos;

        if (narrow && c < 0x80)
            s.r.pos++;
        else
            c = next_char(&s);
        if (c == NOT_A_CHARACTER)
            return SIZE_MAX;
        if (c == ' ') {
            blank = size > 0;
            continue;
        }
        if (blank)
            out[size++] = ' ';
        blank = false;
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if (c < 0x80)
            out[size++] = (uint8_t)c;
        else
            size += put_utf8(c, out + size);
    }
    return size;
}

/* 'A', length and OID, 't' or 'r' and tag, four bytes of length, value. */
static int put_attribute(const struct attribute *a, struct cfk__buffer *out)
{
    size_t room = 2 * a->value.value.size;
    size_t head = 2 + a->oid.size + 2 + 4;
    struct cfk__writer w;
    size_t folded = SIZE_MAX;
    uint8_t *at;
    int rc = cfk__buffer_reserve(out, head + room);

    if (rc != CFK_OK)
        return rc;
    at = out->data + out->size;
    if (is_text(a->value.tag))
        folded = fold_text(a->value, at + head);
    cfk__writer_init(&w, at, head + room);
    cfk__write_u8(&w, 'A');
    cfk__write_u8(&w, (uint8_t)a->oid.size);
    cfk__write(&w, a->oid.data, a->oid.size);
    if (folded != SIZE_MAX) {
        cfk__write_u8(&w, 't');
        cfk__write_u8(&w, 0);
        cfk__write_u32be(&w, (uint32_t)folded);
        out->size += head + folded;
        return CFK_OK;
    }
    cfk__write_u8(&w, 'r');
    cfk__write_u8(&w, a->value.tag);
    cfk__write_u32be(&w, (uint32_t)a->value.value.size);
    cfk__write(&w, a->value.value.data, a->value.value.size);
    out->size += cfk__writer_size(&w);
    return CFK_OK;
}

int cfk__name_canonical(struct cfk__span name, struct cfk__buffer *out)
{
    struct cfk__reader r;
    struct cfk__reader rdn;
    struct attribute a;
    int rc;

    cfk__reader_init(&r, name.data, name.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &r))
        return CFK_E_CORRUPT;
    while (cfk__reader_left(&r) > 0) {
        rc = cfk__buffer_append(out, "R", 1);
        if (rc != CFK_OK)
            return rc;
        if (!cfk__der_enter(&r, CFK__DER_SET, &rdn) || cfk__reader_left(&rdn) == 0)
            return CFK_E_CORRUPT;
        while (cfk__reader_left(&rdn) > 0) {
            if (!read_attribute(&rdn, &a))
                return CFK_E_CORRUPT;
            rc = put_attribute(&a, out);
            if (rc != CFK_OK)
                return rc;
        }
    }
    return CFK_OK;
}

/* Short names of RFC 4514 and a few more that people know. */
static const char *short_name(struct cfk__span oid)
{
    static const struct {
        uint8_t arc; /* below 2.5.4 */
        const char *name;
    } known[] = {
        { 3, "CN" },
        { 4, "SN" },
        { 5, "serialNumber" },
        { 6, "C" },
        { 7, "L" },
        { 8, "ST" },
        { 9, "STREET" },
        { 10, "O" },
        { 11, "OU" },
        { 12, "title" },
        { 15, "businessCategory" },
        { 17, "postalCode" },
        { 42, "GN" },
        { 97, "organizationIdentifier" },
    };

    if (oid.size == 3 && memcmp(oid.data, "\x55\x04", 2) == 0)
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (oid.data[2] == known[i].arc)
                return known[i].name;
    if (CFK__SPAN_IS(oid, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"))
        return "DC";
    if (CFK__SPAN_IS(oid, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"))
        return "UID";
    if (CFK__SPAN_IS(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"))
        return "emailAddress";
    return NULL;
}

static int put_escaped_byte(uint8_t byte, struct cfk__buffer *out)
{
    char text[4];

    snprintf(text, sizeof text, "\\%02X", byte);
    return cfk__buffer_append(out, text, 3);
}

static int put_char(uint32_t c, bool edge, struct cfk__buffer *out)
{
    uint8_t bytes[5];
    size_t size;

    size = put_utf8(c, bytes + 1);
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        int rc = CFK_OK;

        for (size_t i = 0; i < size && rc == CFK_OK; i++)
            rc = put_escaped_byte(bytes[1 + i], out);
        return rc;
    }
    bytes[0] = '\\';
    if (c < 0x80 &&
        (strchr(",+\"\\<>;=", (int)c) != NULL || (edge && (c == ' ' || c == '#'))))
        return cfk__buffer_append(out, bytes, size + 1);
    return cfk__buffer_append(out, bytes + 1, size);
}

static int put_value(const struct cfk__der *value, struct cfk__buffer *out)
{
    struct chars s = { .tag = value->tag };
    int rc = CFK_OK;

    cfk__reader_init(&s.r, value->value.data, value->value.size);
    if (!is_text(value->tag))
        rc = cfk__buffer_append(out, "#", 1);
    while (rc == CFK_OK && cfk__reader_left(&s.r) > 0) {
        bool first = s.r.pos == s.r.start;
        uint32_t c = is_text(value->tag) ? next_char(&s) : NOT_A_CHARACTER;
        uint8_t byte = 0;

        if (c != NOT_A_CHARACTER) {
            rc = put_char(c, first || cfk__reader_left(&s.r) == 0, out);
        } else {
            cfk__read_u8(&s.r, &byte);
            rc = put_escaped_byte(byte, out);
        }
    }
    return rc;
}

static int put_rdn(struct cfk__reader rdn, struct cfk__buffer *out)
{
    char digits[CFK__OID_TEXT];
    bool first = true;
    struct attribute a;
    int rc;

    while (cfk__reader_left(&rdn) > 0) {
        const char *name;

        if (!read_attribute(&rdn, &a))
            return CFK_E_CORRUPT;
        name = short_name(a.oid);
        if (name == NULL)
            name = cfk__oid_text(a.oid, digits);
        rc = first ? CFK_OK : cfk__buffer_append(out, "+", 1);
        if (rc == CFK_OK)
            rc = cfk__buffer_append(out, name, strlen(name));
        if (rc == CFK_OK)
            rc = cfk__buffer_append(out, "=", 1);
        if (rc == CFK_OK)
            rc = put_value(&a.value, out);
        if (rc != CFK_OK)
            return rc;
        first = false;
    }
    return CFK_OK;
}

int cfk__name_text(struct cfk__span name, struct cfk__buffer *out)
{
    struct cfk__reader rdns[RDN_MAX];
    struct cfk__reader r;
    size_t count = 0;
    int rc = CFK_OK;

    cfk__reader_init(&r, name.data, name.size);
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &r))
        return CFK_E_CORRUPT;
    while (count < RDN_MAX && cfk__der_enter(&r, CFK__DER_SET, &rdns[count]))
        count++;
    for (size_t i = count; i > 0 && rc == CFK_OK; i--) {
        if (i < count)
            rc = cfk__buffer_append(out, ",", 1);
        if (rc == CFK_OK)
            rc = put_rdn(rdns[i - 1], out);
    }
    return rc;
}
