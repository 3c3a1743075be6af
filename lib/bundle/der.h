/* SPDX-License-Identifier: MIT */
/*
 * DER (X.690): tag, length, value. Only what DER allows is taken: one-byte
 * tags, definite lengths in their shortest form, values that lie within what
 * contains them. Nothing here recurses: who reads a structure enters its
 * levels one by one, so that depth is bounded by the code. A read that fails
 * leaves its reader as it was.
 */
#ifndef CFK_BUNDLE_DER_H
#define CFK_BUNDLE_DER_H

#include "base/bytes.h"

enum {
    CFK__DER_BOOLEAN = 0x01,
    CFK__DER_INTEGER = 0x02,
    CFK__DER_BIT_STRING = 0x03,
    CFK__DER_OCTET_STRING = 0x04,
    CFK__DER_NULL = 0x05,
    CFK__DER_OID = 0x06,
    CFK__DER_UTF8 = 0x0c,
    CFK__DER_NUMERIC = 0x12,
    CFK__DER_PRINTABLE = 0x13,
    CFK__DER_T61 = 0x14,
    CFK__DER_IA5 = 0x16,
    CFK__DER_UTC_TIME = 0x17,
    CFK__DER_GENERALIZED_TIME = 0x18,
    CFK__DER_VISIBLE = 0x1a,
    CFK__DER_UNIVERSAL = 0x1c,
    CFK__DER_BMP = 0x1e,
    CFK__DER_SEQUENCE = 0x30,
    CFK__DER_SET = 0x31,
};

/* Context-specific tag n, primitive or constructed. */
#define CFK__DER_CONTEXT(n)     (0x80 | (n))
#define CFK__DER_CONSTRUCTED(n) (0xa0 | (n))

/* The next element; value is its contents, whole includes tag and length. */
struct cfk__der {
    uint8_t tag;
    struct cfk__span value;
    struct cfk__span whole;
};

bool cfk__der_next(struct cfk__reader *r, struct cfk__der *out);

/* The next element if it has this tag: its contents, or a reader over them. */
bool cfk__der_value(struct cfk__reader *r, uint8_t tag, struct cfk__span *value);
bool cfk__der_enter(struct cfk__reader *r, uint8_t tag, struct cfk__reader *inner);

/* The whole element, tag and length included, if it has this tag. */
bool cfk__der_whole(struct cfk__reader *r, uint8_t tag, struct cfk__span *whole);

/* Whether the next element has this tag. */
bool cfk__der_peek(const struct cfk__reader *r, uint8_t tag);

/* BOOLEAN, 00 or FF. */
bool cfk__der_bool(struct cfk__reader *r, bool *out);

/* A non-negative INTEGER up to 2^31 - 1, in its shortest form. */
bool cfk__der_int(struct cfk__reader *r, int32_t *out);

/* BIT STRING of whole bytes: its bytes. */
bool cfk__der_bytes(struct cfk__reader *r, struct cfk__span *out);

/* BIT STRING of flags: its first 16 bits, bit 0 of the standard the highest. */
bool cfk__der_flags(struct cfk__reader *r, uint16_t *out);

bool cfk__span_equal(struct cfk__span a, struct cfk__span b);

/* Whether a span holds exactly the bytes of a string literal, such as an OID. */
#define CFK__SPAN_IS(span, literal)                                                      \
    cfk__span_equal(                                                                     \
        span, (struct cfk__span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

#endif
