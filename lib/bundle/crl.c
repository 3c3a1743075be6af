/* SPDX-License-Identifier: MIT */
#include "bundle/crl.h"

#include "base/error.h"
#include "bundle/x509_time.h"

#include <string.h>

enum {
    ENUMERATED = 0x0a,

    /* Arcs below id-ce, 2.5.29 */
    CE_CRL_NUMBER = 20,
    CE_REASON = 21,
    CE_HOLD_INSTRUCTION = 23,
    CE_INVALIDITY_DATE = 24,
    CE_DELTA_INDICATOR = 27,
    CE_ISSUING_POINT = 28,
    CE_CERTIFICATE_ISSUER = 29,
    CE_AUTHORITY_KEY_ID = 35,
};

static bool at_end(const struct cfk__reader *r)
{
    return cfk__reader_left(r) == 0;
}

static struct cfk__reader read_span(struct cfk__span span)
{
    struct cfk__reader r;

    cfk__reader_init(&r, span.data, span.size);
    return r;
}

static int corrupt(const struct cfk__crl *crl, const struct cfk__reader *r,
                   struct cfk_error *err, const char *what)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, (uint64_t)(r->pos - crl->der.data),
                        "bundle: no CRL: %s is not as it should be", what);
}

/* One Extension; arc is its number below id-ce, 0 for any other. */
struct extension {
    uint8_t arc;
    bool critical;
    struct cfk__reader value;
};

static bool next_extension(struct cfk__reader *list, struct extension *out)
{
    struct cfk__reader one;
    struct cfk__span oid;

    *out = (struct extension){ 0 };
    if (!cfk__der_enter(list, CFK__DER_SEQUENCE, &one) ||
        !cfk__der_value(&one, CFK__DER_OID, &oid) ||
        (cfk__der_peek(&one, CFK__DER_BOOLEAN) && !cfk__der_bool(&one, &out->critical)) ||
        !cfk__der_enter(&one, CFK__DER_OCTET_STRING, &out->value) || !at_end(&one))
        return false;
    if (oid.size == 3 && memcmp(oid.data, "\x55\x1d", 2) == 0)
        out->arc = oid.data[2];
    return true;
}

/* A BOOLEAN under an implicit tag. */
static bool read_flag(struct cfk__reader *r, uint8_t tag, bool *out)
{
    struct cfk__span value;

    if (!cfk__der_peek(r, tag))
        return true;
    if (!cfk__der_value(r, tag, &value) || value.size != 1 ||
        (value.data[0] != 0 && value.data[0] != 0xff))
        return false;
    *out = value.data[0] != 0;
    return true;
}

/* ReasonFlags under an implicit tag: a BIT STRING's contents. */
static bool read_reasons(struct cfk__reader *r, uint8_t tag, uint16_t *out)
{
    struct cfk__span value;

    *out = CFK__REASONS_ALL;
    if (!cfk__der_peek(r, tag))
        return true;
    if (!cfk__der_value(r, tag, &value) || value.size == 0 || value.size > 3 ||
        value.data[0] > 7)
        return false;
    *out = 0;
    if (value.size > 1)
        *out = (uint16_t)(value.data[1] << 8);
    if (value.size > 2)
        *out |= value.data[2];
    *out &= CFK__REASONS_ALL;
    return true;
}

/* DistributionPointName under [0]: what is in it, tag and all. */
static bool read_point_name(struct cfk__reader *r, struct cfk__span *out)
{
    struct cfk__reader tagged;
    struct cfk__der name;

    if (!cfk__der_peek(r, CFK__DER_CONSTRUCTED(0)))
        return true;
    if (!cfk__der_enter(r, CFK__DER_CONSTRUCTED(0), &tagged) ||
        !cfk__der_next(&tagged, &name) || !at_end(&tagged) ||
        (name.tag != CFK__DER_CONSTRUCTED(0) && name.tag != CFK__DER_CONSTRUCTED(1)) ||
        name.value.size == 0)
        return false;
    *out = name.whole;
    return true;
}

static bool read_scope(struct cfk__reader r, struct cfk__crl_scope *scope)
{
    struct cfk__reader s;

    scope->whole = (struct cfk__span){ r.pos, cfk__reader_left(&r) };
    return cfk__der_enter(&r, CFK__DER_SEQUENCE, &s) && at_end(&r) &&
           read_point_name(&s, &scope->names) &&
           read_flag(&s, CFK__DER_CONTEXT(1), &scope->users) &&
           read_flag(&s, CFK__DER_CONTEXT(2), &scope->cas) &&
           read_reasons(&s, CFK__DER_CONTEXT(3), &scope->reasons) &&
           read_flag(&s, CFK__DER_CONTEXT(4), &scope->indirect) &&
           read_flag(&s, CFK__DER_CONTEXT(5), &scope->attributes) && at_end(&s) &&
           scope->users + scope->cas + scope->attributes <= 1;
}

/* A non-negative INTEGER of any length. */
static bool read_number(struct cfk__reader r, struct cfk__span *out)
{
    return cfk__der_value(&r, CFK__DER_INTEGER, out) && out->size > 0 &&
           (out->data[0] & 0x80) == 0 && at_end(&r);
}

static bool read_extension(struct cfk__crl *crl, const struct extension *e)
{
    switch (e->arc) {
    case CE_CRL_NUMBER:
        crl->critical_number = e->critical;
        return crl->number.size == 0 && read_number(e->value, &crl->number);
    case CE_DELTA_INDICATOR:
        return crl->base.size == 0 && read_number(e->value, &crl->base);
    case CE_ISSUING_POINT:
        return crl->scope.whole.size == 0 && read_scope(e->value, &crl->scope);
    case CE_AUTHORITY_KEY_ID: return true; /* a hint */
    default: crl->unknown_critical |= e->critical; return true;
    }
}

/* crlExtensions, under [0], at the end. */
static bool read_extensions(struct cfk__crl *crl, struct cfk__reader *tbs)
{
    struct cfk__reader tagged;
    struct cfk__reader list;
    struct extension e;

    if (at_end(tbs))
        return true;
    if (!cfk__der_enter(tbs, CFK__DER_CONSTRUCTED(0), &tagged) || !at_end(tbs) ||
        !cfk__der_enter(&tagged, CFK__DER_SEQUENCE, &list) || !at_end(&tagged) ||
        crl->version != 2)
        return false;
    while (!at_end(&list))
        if (!next_extension(&list, &e) || !read_extension(crl, &e))
            return false;
    return true;
}

static bool read_entry_extension(const struct extension *e, struct cfk__crl_entry *out,
                                 bool *unknown)
{
    struct cfk__reader r = e->value;
    struct cfk__span value;

    switch (e->arc) {
    case CE_REASON:
        if (!cfk__der_value(&r, ENUMERATED, &value) || value.size != 1 || !at_end(&r))
            return false;
        out->reason = value.data[0];
        return true;
    case CE_CERTIFICATE_ISSUER:
        return cfk__der_value(&r, CFK__DER_SEQUENCE, &out->issuer) && at_end(&r) &&
               out->issuer.size > 0;
    case CE_HOLD_INSTRUCTION:
    case CE_INVALIDITY_DATE: return true;
    default: *unknown |= e->critical; return true;
    }
}

static bool read_entry(struct cfk__reader *entries, uint8_t version,
                       struct cfk__crl_entry *out, bool *unknown)
{
    struct cfk__reader one;
    struct cfk__reader list;
    struct extension e;
    int64_t time;

    *out = (struct cfk__crl_entry){ 0 };
    if (!cfk__der_enter(entries, CFK__DER_SEQUENCE, &one) ||
        !cfk__der_value(&one, CFK__DER_INTEGER, &out->serial) || out->serial.size == 0 ||
        !cfk__x509_time(&one, &time))
        return false;
    if (at_end(&one))
        return true;
    if (version != 2 || !cfk__der_enter(&one, CFK__DER_SEQUENCE, &list) || !at_end(&one))
        return false;
    while (!at_end(&list))
        if (!next_extension(&list, &e) || !read_entry_extension(&e, out, unknown))
            return false;
    return true;
}

bool cfk__crl_next(struct cfk__reader *entries, struct cfk__crl_entry *out)
{
    bool unknown = false;

    return !at_end(entries) && read_entry(entries, 2, out, &unknown);
}

/* revokedCertificates, each entry in its form. */
static bool read_entries(struct cfk__crl *crl, struct cfk__reader *tbs)
{
    struct cfk__reader entries;
    struct cfk__crl_entry entry;

    if (!cfk__der_peek(tbs, CFK__DER_SEQUENCE))
        return true;
    if (!cfk__der_value(tbs, CFK__DER_SEQUENCE, &crl->entries))
        return false;
    for (entries = read_span(crl->entries); !at_end(&entries);)
        if (!read_entry(&entries, crl->version, &entry, &crl->unknown_critical))
            return false;
    return true;
}

static bool read_version(struct cfk__reader *tbs, uint8_t *version)
{
    int32_t number = 0;

    if (cfk__der_peek(tbs, CFK__DER_INTEGER) &&
        (!cfk__der_int(tbs, &number) || number != 1))
        return false;
    *version = (uint8_t)(number + 1);
    return true;
}

static bool read_time(struct cfk__reader *tbs, int64_t *time, bool *long_time)
{
    bool is_long = cfk__der_peek(tbs, CFK__DER_GENERALIZED_TIME);

    if (!cfk__x509_time(tbs, time))
        return false;
    *long_time |= is_long && *time < CFK__X509_YEAR_2050;
    return true;
}

static bool read_times(struct cfk__crl *crl, struct cfk__reader *tbs)
{
    crl->next_update = INT64_MAX;
    return read_time(tbs, &crl->this_update, &crl->long_time) &&
           ((!cfk__der_peek(tbs, CFK__DER_UTC_TIME) &&
             !cfk__der_peek(tbs, CFK__DER_GENERALIZED_TIME)) ||
            read_time(tbs, &crl->next_update, &crl->long_time));
}

static int read_tbs(struct cfk__crl *crl, struct cfk__span *algorithm,
                    struct cfk_error *err)
{
    struct cfk__reader tbs = read_span(crl->tbs);

    cfk__der_enter(&tbs, CFK__DER_SEQUENCE, &tbs);
    if (!read_version(&tbs, &crl->version))
        return corrupt(crl, &tbs, err, "the version");
    if (!cfk__der_whole(&tbs, CFK__DER_SEQUENCE, algorithm))
        return corrupt(crl, &tbs, err, "the signature algorithm");
    if (!cfk__der_whole(&tbs, CFK__DER_SEQUENCE, &crl->issuer))
        return corrupt(crl, &tbs, err, "the issuer");
    if (!read_times(crl, &tbs))
        return corrupt(crl, &tbs, err, "a time");
    if (!read_entries(crl, &tbs))
        return corrupt(crl, &tbs, err, "the list of revoked certificates");
    if (!read_extensions(crl, &tbs))
        return corrupt(crl, &tbs, err, "an extension");
    return CFK_OK;
}

int cfk__crl_parse(struct cfk__crl *crl, const void *der, size_t size,
                   struct cfk_error *err)
{
    struct cfk__span inner;
    struct cfk__span outer;
    struct cfk__reader whole;
    struct cfk__reader list;
    int rc;

    memset(crl, 0, sizeof *crl);
    crl->scope.reasons = CFK__REASONS_ALL;
    cfk__reader_init(&whole, der, size);
    crl->der = (struct cfk__span){ whole.start, size };
    if (!cfk__der_enter(&whole, CFK__DER_SEQUENCE, &list) || !at_end(&whole))
        return corrupt(crl, &whole, err, "the outermost sequence");
    if (!cfk__der_whole(&list, CFK__DER_SEQUENCE, &crl->tbs))
        return corrupt(crl, &list, err, "the signed part");
    rc = read_tbs(crl, &inner, err);
    if (rc != CFK_OK)
        return rc;
    if (!cfk__der_whole(&list, CFK__DER_SEQUENCE, &outer) ||
        !cfk__x509_algorithm(&crl->signature, outer))
        return corrupt(crl, &list, err, "the signature algorithm");
    if (!cfk__der_bytes(&list, &crl->signature.bytes) || !at_end(&list))
        return corrupt(crl, &list, err, "the signature");
    if (!cfk__span_equal(inner, outer))
        crl->signature.verifiable = false;
    return CFK_OK;
}

bool cfk__crl_next_point(struct cfk__reader *points, struct cfk__crl_point *out)
{
    struct cfk__reader one;

    *out = (struct cfk__crl_point){ .reasons = CFK__REASONS_ALL };
    return !at_end(points) && cfk__der_enter(points, CFK__DER_SEQUENCE, &one) &&
           read_point_name(&one, &out->names) &&
           read_reasons(&one, CFK__DER_CONTEXT(1), &out->reasons) &&
           (!cfk__der_peek(&one, CFK__DER_CONSTRUCTED(2)) ||
            cfk__der_value(&one, CFK__DER_CONSTRUCTED(2), &out->issuers)) &&
           at_end(&one);
}
