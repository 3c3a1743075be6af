/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "bundle/name_constraints.h"

#include <string.h>

enum {
    EXTENSIONS_MAX = 64, /* of one certificate; real ones have about ten */

    /* Arcs below id-ce, 2.5.29 */
    CE_SUBJECT_KEY_ID = 14,
    CE_KEY_USAGE = 15,
    CE_SUBJECT_ALT_NAME = 17,
    CE_BASIC_CONSTRAINTS = 19,
    CE_NAME_CONSTRAINTS = 30,
    CE_POLICIES = 32,
    CE_POLICY_MAPPINGS = 33,
    CE_AUTHORITY_KEY_ID = 35,
    CE_POLICY_CONSTRAINTS = 36,
    CE_EXT_KEY_USAGE = 37,
    CE_INHIBIT_ANY_POLICY = 54,
};

static bool at_end(const struct cfk__reader *r)
{
    return cfk__reader_left(r) == 0;
}

/* The content of an extension that is one SEQUENCE. */
static bool enter_sequence(struct cfk__reader *r, struct cfk__reader *inner)
{
    return cfk__der_enter(r, CFK__DER_SEQUENCE, inner) && at_end(r);
}

static bool read_basic(struct cfk__x509 *x, struct cfk__reader *r)
{
    struct cfk__reader s;

    if (!enter_sequence(r, &s))
        return false;
    x->has_basic = true;
    if (cfk__der_peek(&s, CFK__DER_BOOLEAN) && !cfk__der_bool(&s, &x->is_ca))
        return false;
    if (cfk__der_peek(&s, CFK__DER_INTEGER) && !cfk__der_int(&s, &x->path_length))
        return false;
    return at_end(&s);
}

static bool read_key_usage(struct cfk__x509 *x, struct cfk__reader *r)
{
    x->has_key_usage = true;
    return cfk__der_flags(r, &x->key_usage) && at_end(r);
}

static uint32_t purpose_of(struct cfk__span oid)
{
    if (CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x03\x01"))
        return CFK__EKU_SERVER_AUTH;
    if (CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x03\x02"))
        return CFK__EKU_CLIENT_AUTH;
    if (CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x03\x04"))
        return CFK__EKU_EMAIL_PROTECTION;
    if (CFK__SPAN_IS(oid, "\x55\x1d\x25\x00"))
        return CFK__EKU_ANY;
    return 0;
}

static bool read_eku(struct cfk__x509 *x, struct cfk__reader *r)
{
    struct cfk__reader s;
    struct cfk__span oid;

    x->has_eku = true;
    if (!enter_sequence(r, &s) || at_end(&s))
        return false;
    while (!at_end(&s)) {
        if (!cfk__der_value(&s, CFK__DER_OID, &oid))
            return false;
        x->eku |= purpose_of(oid);
    }
    return true;
}

/* GeneralNames: the form of each; an address has 4 or 16 bytes. Real CAs have none. */
static bool read_san(struct cfk__x509 *x, struct cfk__reader *r)
{
    struct cfk__reader s;
    struct cfk__der name;

    x->has_san = true;
    if (!enter_sequence(r, &s))
        return false;
    x->san = (struct cfk__span){ s.pos, cfk__reader_left(&s) };
    while (!at_end(&s)) {
        if (!cfk__der_next(&s, &name) || (name.tag & 0xc0) != 0x80 ||
            (name.tag & 0x1f) > 8)
            return false;
        if (name.tag == CFK__DER_CONTEXT(7) && name.value.size != 4 &&
            name.value.size != 16)
            return false;
    }
    return true;
}

static bool read_subject_key_id(struct cfk__x509 *x, struct cfk__reader *r)
{
    return cfk__der_value(r, CFK__DER_OCTET_STRING, &x->subject_key_id) && at_end(r);
}

static bool read_authority_key_id(struct cfk__x509 *x, struct cfk__reader *r)
{
    struct cfk__reader s;
    struct cfk__der part;

    if (!enter_sequence(r, &s))
        return false;
    while (!at_end(&s)) {
        if (!cfk__der_next(&s, &part))
            return false;
        if (part.tag == CFK__DER_CONTEXT(0))
            x->authority_key_id = part.value;
    }
    return true;
}

static bool read_policy_constraints(struct cfk__x509 *x, struct cfk__reader *r)
{
    struct cfk__reader s;

    if (!enter_sequence(r, &s))
        return false;
    x->explicit_policy = cfk__der_peek(&s, CFK__DER_CONTEXT(0));
    return true;
}

static bool read_name_constraints(struct cfk__x509 *x, struct cfk__reader *r)
{
    return cfk__der_value(r, CFK__DER_SEQUENCE, &x->name_constraints) && at_end(r) &&
           cfk__names_well_formed(x->name_constraints);
}

/* Policies matter only where one is required; that is explicit_policy. */
static bool skip_known(struct cfk__reader *r)
{
    struct cfk__der ignored;

    return cfk__der_next(r, &ignored) && at_end(r);
}

/* Sets *known; false when an extension that we know is malformed. */
static bool read_extension(struct cfk__x509 *x, struct cfk__span oid,
                           struct cfk__reader *r, bool *known)
{
    *known = oid.size == 3 && memcmp(oid.data, "\x55\x1d", 2) == 0;
    if (!*known)
        return true;
    switch (oid.data[2]) {
    case CE_BASIC_CONSTRAINTS: return read_basic(x, r);
    case CE_KEY_USAGE: return read_key_usage(x, r);
    case CE_EXT_KEY_USAGE: return read_eku(x, r);
    case CE_SUBJECT_ALT_NAME: return read_san(x, r);
    case CE_SUBJECT_KEY_ID: return read_subject_key_id(x, r);
    case CE_AUTHORITY_KEY_ID: return read_authority_key_id(x, r);
    case CE_NAME_CONSTRAINTS: return read_name_constraints(x, r);
    case CE_POLICY_CONSTRAINTS: return read_policy_constraints(x, r);
    case CE_POLICIES:
    case CE_POLICY_MAPPINGS:
    case CE_INHIBIT_ANY_POLICY: return skip_known(r);
    default: *known = false; return true;
    }
}

static bool seen_before(const struct cfk__span *seen, size_t count, struct cfk__span oid)
{
    for (size_t i = 0; i < count; i++)
        if (cfk__span_equal(seen[i], oid))
            return true;
    return false;
}

int cfk__x509_extensions(struct cfk__x509 *x, struct cfk__reader r, struct cfk_error *err)
{
    struct cfk__span seen[EXTENSIONS_MAX];
    char text[CFK__OID_TEXT];

    for (size_t count = 0; !at_end(&r); count++) {
        uint64_t offset = (uint64_t)(r.pos - x->der.data);
        struct cfk__reader extension;
        struct cfk__reader content;
        struct cfk__span oid;
        bool critical = false;
        bool known;

        if (count == EXTENSIONS_MAX)
            return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                                "bundle: no certificate: more than %d extensions",
                                EXTENSIONS_MAX);
        if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, &extension) ||
            !cfk__der_value(&extension, CFK__DER_OID, &oid) ||
            (cfk__der_peek(&extension, CFK__DER_BOOLEAN) &&
             !cfk__der_bool(&extension, &critical)) ||
            !cfk__der_enter(&extension, CFK__DER_OCTET_STRING, &content) ||
            !at_end(&extension))
            return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                                "bundle: no certificate: an extension is malformed");
        if (seen_before(seen, count, oid))
            return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                                "bundle: no certificate: extension %s is there twice",
                                cfk__oid_text(oid, text));
        seen[count] = oid;
        if (!read_extension(x, oid, &content, &known))
            return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                                "bundle: no certificate: extension %s is malformed",
                                cfk__oid_text(oid, text));
        if (critical && !known && x->unknown_critical.size == 0)
            x->unknown_critical = oid;
    }
    return CFK_OK;
}
