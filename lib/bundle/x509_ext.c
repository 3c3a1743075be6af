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
    CE_CRL_POINTS = 31,
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
    static const uint8_t bits[] = {
        [1] = CFK__EKU_SERVER_AUTH,   [2] = CFK__EKU_CLIENT_AUTH,
        [3] = CFK__EKU_CODE_SIGNING,  [4] = CFK__EKU_EMAIL_PROTECTION,
        [8] = CFK__EKU_TIME_STAMPING, [9] = CFK__EKU_OCSP_SIGNING,
    };

    if (oid.size == 8 && memcmp(oid.data, "\x2b\x06\x01\x05\x05\x07\x03", 7) == 0)
        return oid.data[7] < sizeof bits ? bits[oid.data[7]] : 0;
    if (CFK__SPAN_IS(oid, "\x55\x1d\x25\x00"))
        return CFK__EKU_ANY;
    if (CFK__SPAN_IS(oid, "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04"))
        return CFK__EKU_PRECERTIFICATE;
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
        else
            x->authority_cert = true;
    }
    return true;
}

static bool read_inhibit_any(struct cfk__x509 *x, struct cfk__reader *r)
{
    return cfk__der_int(r, &x->inhibit_any_policy) && at_end(r);
}

/* A SEQUENCE with something in it; what, is looked at by those who need it. */
static bool read_list(struct cfk__reader *r, uint8_t tag, struct cfk__span *list)
{
    struct cfk__reader s;
    struct cfk__reader at;
    struct cfk__der one;

    if (!enter_sequence(r, &s) || at_end(&s))
        return false;
    *list = (struct cfk__span){ s.pos, cfk__reader_left(&s) };
    for (at = s; !at_end(&at);)
        if (!cfk__der_next(&at, &one) || one.tag != tag)
            return false;
    return true;
}

/* An AccessDescription: a method and a place. */
static bool read_description(struct cfk__reader *list, struct cfk__span *method,
                             struct cfk__der *place)
{
    struct cfk__reader one;

    return cfk__der_enter(list, CFK__DER_SEQUENCE, &one) &&
           cfk__der_value(&one, CFK__DER_OID, method) && cfk__der_next(&one, place) &&
           (place->tag & 0xc0) == 0x80 && at_end(&one);
}

static bool read_authority_info(struct cfk__x509 *x, struct cfk__reader r)
{
    struct cfk__reader list;
    struct cfk__span method;
    struct cfk__der place;

    if (!enter_sequence(&r, &list) || at_end(&list))
        return false;
    x->authority_info = (struct cfk__span){ list.pos, cfk__reader_left(&list) };
    while (!at_end(&list))
        if (!read_description(&list, &method, &place))
            return false;
    return true;
}

bool cfk__x509_issuer_url(struct cfk__reader *list, struct cfk__span *url)
{
    struct cfk__span method;
    struct cfk__der place;

    while (!at_end(list) && read_description(list, &method, &place)) {
        if (place.tag == CFK__DER_CONTEXT(6) &&
            CFK__SPAN_IS(method, "\x2b\x06\x01\x05\x05\x07\x30\x02")) {
            *url = place.value;
            return true;
        }
    }
    return false;
}

static bool read_name_constraints(struct cfk__x509 *x, struct cfk__reader *r)
{
    return cfk__der_value(r, CFK__DER_SEQUENCE, &x->name_constraints) && at_end(r) &&
           cfk__names_well_formed(x->name_constraints);
}

/*
 * What must be right for a path to be judged; false when it is malformed. An
 * extension that is known sets its bit in *which.
 */
static bool read_extension(struct cfk__x509 *x, uint8_t arc, struct cfk__reader *r,
                           uint32_t *which)
{
    switch (arc) {
    case CE_BASIC_CONSTRAINTS:
        *which = CFK__EXT_BASIC_CONSTRAINTS;
        return read_basic(x, r);
    case CE_KEY_USAGE: *which = CFK__EXT_KEY_USAGE; return read_key_usage(x, r);
    case CE_EXT_KEY_USAGE: *which = CFK__EXT_EXT_KEY_USAGE; return read_eku(x, r);
    case CE_SUBJECT_ALT_NAME: *which = CFK__EXT_SUBJECT_ALT_NAME; return read_san(x, r);
    case CE_SUBJECT_KEY_ID:
        *which = CFK__EXT_SUBJECT_KEY_ID;
        return read_subject_key_id(x, r);
    case CE_AUTHORITY_KEY_ID:
        *which = CFK__EXT_AUTHORITY_KEY_ID;
        return read_authority_key_id(x, r);
    case CE_NAME_CONSTRAINTS:
        *which = CFK__EXT_NAME_CONSTRAINTS;
        return read_name_constraints(x, r);
    default: return true;
    }
}

/*
 * What does not spoil every path when it is malformed: the certificate is kept
 * and the fault noted. Policies whose qualifiers are not known stay unknown.
 */
static void read_mild(struct cfk__x509 *x, uint8_t arc, struct cfk__reader *r,
                      uint32_t *which, bool *known)
{
    bool well = true;

    *known = true;
    switch (arc) {
    case CE_POLICIES:
        *which = CFK__EXT_POLICIES;
        well = cfk__x509_policies(x, *r, known);
        break;
    case CE_POLICY_MAPPINGS:
        *which = CFK__EXT_POLICY_MAPPINGS;
        well = cfk__x509_policy_mappings(x, *r);
        break;
    case CE_POLICY_CONSTRAINTS:
        *which = CFK__EXT_POLICY_CONSTRAINTS;
        well = cfk__x509_policy_constraints(x, *r);
        break;
    case CE_INHIBIT_ANY_POLICY:
        *which = CFK__EXT_INHIBIT_ANY_POLICY;
        well = read_inhibit_any(x, r);
        break;
    case CE_CRL_POINTS:
        *which = CFK__EXT_CRL_POINTS;
        well = read_list(r, CFK__DER_SEQUENCE, &x->crl_points);
        break;
    default: *known = false; return;
    }
    if (!well)
        x->malformed |= *which;
}

/* Reads an extension that we know; *known where it is understood. */
static bool read_known(struct cfk__x509 *x, struct cfk__span oid, struct cfk__reader *r,
                       uint32_t *which, bool *known)
{
    *which = 0;
    *known = false;
    if (CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x01\x01")) {
        *which = CFK__EXT_AUTHORITY_INFO; /* never critical, so never known then */
        if (!read_authority_info(x, *r))
            x->malformed |= CFK__EXT_AUTHORITY_INFO;
    }
    if (oid.size != 3 || memcmp(oid.data, "\x55\x1d", 2) != 0)
        return true;
    if (!read_extension(x, oid.data[2], r, which))
        return false;
    *known = *which != 0;
    if (!*known)
        read_mild(x, oid.data[2], r, which, known);
    return true;
}

static bool seen_before(const struct cfk__span *seen, size_t count, struct cfk__span oid)
{
    for (size_t i = 0; i < count; i++)
        if (cfk__span_equal(seen[i], oid))
            return true;
    return false;
}

/* Microsoft's application policies say nothing that extKeyUsage beside them does not. */
static bool is_application_policies(struct cfk__span oid)
{
    return CFK__SPAN_IS(oid, "\x2b\x06\x01\x04\x01\x82\x37\x15\x0a");
}

int cfk__x509_extensions(struct cfk__x509 *x, struct cfk__reader r, struct cfk_error *err)
{
    struct cfk__span seen[EXTENSIONS_MAX];
    struct cfk__span application_policies = { 0 };
    char text[CFK__OID_TEXT];

    for (size_t count = 0; !at_end(&r); count++) {
        uint64_t offset = (uint64_t)(r.pos - x->der.data);
        struct cfk__reader extension;
        struct cfk__reader content;
        struct cfk__span oid;
        bool critical = false;
        uint32_t which;
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
        if (!read_known(x, oid, &content, &which, &known))
            return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                                "bundle: no certificate: extension %s is malformed",
                                cfk__oid_text(oid, text));
        x->extensions |= which;
        if (critical)
            x->critical |= which;
        if (!critical || known)
            continue;
        if (is_application_policies(oid))
            application_policies = oid;
        else if (x->unknown_critical.size == 0)
            x->unknown_critical = oid;
    }
    if (x->unknown_critical.size == 0 && !x->has_eku)
        x->unknown_critical = application_policies;
    return CFK_OK;
}
