/* SPDX-License-Identifier: MIT */
#include "bundle/der.h"

#include <string.h>

enum {
    TAG_NUMBER_MASK = 0x1f, /* all set: the tag goes on in further bytes */
    LENGTH_LONG = 0x80,
    LENGTH_BYTES_MAX = 4,
};

static bool read_length(struct cfk__reader *r, size_t *out)
{
    uint8_t first;
    size_t length = 0;

    if (!cfk__read_u8(r, &first))
        return false;
    if (first < LENGTH_LONG) {
        *out = first;
        return true;
    }
    first &= (uint8_t)~LENGTH_LONG;
    if (first == 0 ||
        first > LENGTH_BYTES_MAX) /* indefinite, or beyond any certificate */
        return false;
    for (uint8_t i = 0; i < first; i++) {
        uint8_t byte;

        if (!cfk__read_u8(r, &byte) || (i == 0 && byte == 0))
            return false;
        length = length << 8 | byte;
    }
    if (length < LENGTH_LONG)
        return false;
    *out = length;
    return true;
}

bool cfk__der_next(struct cfk__reader *r, struct cfk__der *out)
{
    struct cfk__reader at = *r;
    size_t length;

    if (!cfk__read_u8(&at, &out->tag) ||
        (out->tag & TAG_NUMBER_MASK) == TAG_NUMBER_MASK || !read_length(&at, &length) ||
        length > cfk__reader_left(&at))
        return false;
    out->value = (struct cfk__span){ at.pos, length };
    out->whole = (struct cfk__span){ r->pos, (size_t)(at.pos + length - r->pos) };
    r->pos = at.pos + length;
    return true;
}

bool cfk__der_peek(const struct cfk__reader *r, uint8_t tag)
{
    return r->pos < r->end && *r->pos == tag;
}

bool cfk__der_value(struct cfk__reader *r, uint8_t tag, struct cfk__span *value)
{
    struct cfk__der element;

    if (!cfk__der_peek(r, tag) || !cfk__der_next(r, &element))
        return false;
    *value = element.value;
    return true;
}

bool cfk__der_enter(struct cfk__reader *r, uint8_t tag, struct cfk__reader *inner)
{
    struct cfk__span value;

    if (!cfk__der_value(r, tag, &value))
        return false;
    cfk__reader_init(inner, value.data, value.size);
    return true;
}

bool cfk__der_whole(struct cfk__reader *r, uint8_t tag, struct cfk__span *whole)
{
    struct cfk__der element;

    if (!cfk__der_peek(r, tag) || !cfk__der_next(r, &element))
        return false;
    *whole = element.whole;
    return true;
}

bool cfk__der_bool(struct cfk__reader *r, bool *out)
{
    struct cfk__reader at = *r;
    struct cfk__span value;

    if (!cfk__der_value(&at, CFK__DER_BOOLEAN, &value) || value.size != 1 ||
        (value.data[0] != 0x00 && value.data[0] != 0xff))
        return false;
    *out = value.data[0] != 0;
    *r = at;
    return true;
}

bool cfk__der_int(struct cfk__reader *r, int32_t *out)
{
    struct cfk__reader at = *r;
    struct cfk__span value;
    uint32_t number = 0;

    if (!cfk__der_value(&at, CFK__DER_INTEGER, &value) || value.size == 0 ||
        value.size > 4 || (value.data[0] & 0x80) != 0)
        return false;
    if (value.size > 1 && value.data[0] == 0 && (value.data[1] & 0x80) == 0)
        return false;
    for (size_t i = 0; i < value.size; i++)
        number = number << 8 | value.data[i];
    *out = (int32_t)number;
    *r = at;
    return true;
}

bool cfk__der_bytes(struct cfk__reader *r, struct cfk__span *out)
{
    struct cfk__reader at = *r;
    struct cfk__span value;

    if (!cfk__der_value(&at, CFK__DER_BIT_STRING, &value) || value.size == 0 ||
        value.data[0] != 0)
        return false;
    *out = (struct cfk__span){ value.data + 1, value.size - 1 };
    *r = at;
    return true;
}

bool cfk__der_flags(struct cfk__reader *r, uint16_t *out)
{
    struct cfk__reader at = *r;
    struct cfk__span value;
    uint16_t flags = 0;

    if (!cfk__der_value(&at, CFK__DER_BIT_STRING, &value) || value.size == 0 ||
        value.data[0] > 7 || (value.size == 1 && value.data[0] != 0))
        return false;
    if (value.size > 1)
        flags = (uint16_t)(value.data[1] << 8);
    if (value.size > 2)
        flags = (uint16_t)(flags | value.data[2]);
    *out = flags;
    *r = at;
    return true;
}

bool cfk__span_equal(struct cfk__span a, struct cfk__span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
