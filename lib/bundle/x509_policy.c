/* SPDX-License-Identifier: MIT */
/* The policy extensions of a certificate: RFC 5280, 4.2.1.4, .5 and .11. */
#include "bundle/x509.h"

#define ANY_POLICY "\x55\x1d\x20\x00"

static bool at_end(const struct cfk__reader *r)
{
    return cfk__reader_left(r) == 0;
}

/* The one SEQUENCE that r holds, which is not empty. */
static bool enter(struct cfk__reader r, struct cfk__reader *list, struct cfk__span *span)
{
    if (!cfk__der_enter(&r, CFK__DER_SEQUENCE, list) || !at_end(&r) || at_end(list))
        return false;
    *span = (struct cfk__span){ list->pos, cfk__reader_left(list) };
    return true;
}

/* PolicyQualifiers; *known is cleared by one that is neither CPS nor user notice. */
static bool read_qualifiers(struct cfk__reader *r, bool *known)
{
    struct cfk__reader list;
    struct cfk__reader one;
    struct cfk__span oid;
    struct cfk__der value;

    if (!cfk__der_enter(r, CFK__DER_SEQUENCE, &list) || at_end(&list))
        return false;
    while (!at_end(&list)) {
        if (!cfk__der_enter(&list, CFK__DER_SEQUENCE, &one) ||
            !cfk__der_value(&one, CFK__DER_OID, &oid) || !cfk__der_next(&one, &value) ||
            !at_end(&one))
            return false;
        if (!CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x02\x01") &&
            !CFK__SPAN_IS(oid, "\x2b\x06\x01\x05\x05\x07\x02\x02"))
            *known = false;
    }
    return true;
}

bool cfk__x509_policies(struct cfk__x509 *x, struct cfk__reader r, bool *qualifiers_known)
{
    struct cfk__reader list;
    struct cfk__reader one;
    struct cfk__span oid;

    if (!enter(r, &list, &x->policies))
        return false;
    while (!at_end(&list))
        if (!cfk__der_enter(&list, CFK__DER_SEQUENCE, &one) ||
            !cfk__der_value(&one, CFK__DER_OID, &oid) || oid.size == 0 ||
            (!at_end(&one) && !read_qualifiers(&one, qualifiers_known)) || !at_end(&one))
            return false;
    return true;
}

/* Pairs of policies, of which neither is the one that stands for any (6.1.4 a). */
bool cfk__x509_policy_mappings(struct cfk__x509 *x, struct cfk__reader r)
{
    struct cfk__reader list;
    struct cfk__reader one;
    struct cfk__span from;
    struct cfk__span to;

    if (!enter(r, &list, &x->policy_mappings))
        return false;
    while (!at_end(&list))
        if (!cfk__der_enter(&list, CFK__DER_SEQUENCE, &one) ||
            !cfk__der_value(&one, CFK__DER_OID, &from) ||
            !cfk__der_value(&one, CFK__DER_OID, &to) || !at_end(&one) ||
            CFK__SPAN_IS(from, ANY_POLICY) || CFK__SPAN_IS(to, ANY_POLICY))
            return false;
    return true;
}

/* SkipCerts under an implicit tag: the contents of an INTEGER. */
static bool read_skip(struct cfk__reader *r, uint8_t tag, int32_t *out)
{
    struct cfk__span value;
    uint32_t number = 0;

    if (!cfk__der_peek(r, tag))
        return true;
    if (!cfk__der_value(r, tag, &value) || value.size == 0 || value.size > 4 ||
        (value.data[0] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < value.size; i++)
        number = number << 8 | value.data[i];
    *out = (int32_t)number;
    return true;
}

bool cfk__x509_policy_constraints(struct cfk__x509 *x, struct cfk__reader r)
{
    struct cfk__span all;
    struct cfk__reader s;

    return enter(r, &s, &all) &&
           read_skip(&s, CFK__DER_CONTEXT(0), &x->explicit_policy) &&
           read_skip(&s, CFK__DER_CONTEXT(1), &x->inhibit_mapping) && at_end(&s);
}
