/* SPDX-License-Identifier: MIT */
#include "bundle/name_constraints.h"

#include "bundle/name_form.h"
#include "bundle/x509_name.h"

#include <string.h>

enum {
    FORM_MAIL = 1,
    FORM_DNS = 2,
    FORM_DIRECTORY = 4,
    FORM_URI = 6,
    FORM_IP = 7,
    FORMS = 9,
    UNIT = 64, /* bytes that one comparison pays for */
};

/* Whether a tag of GeneralName is the one of its form. */
static bool is_tag_of_form(uint8_t tag)
{
    static const uint8_t tags[FORMS] = { 0xa0, 0x81, 0x82, 0xa3, 0xa4,
                                         0xa5, 0x86, 0x87, 0x88 };

    return (tag & 0x1f) < FORMS && tags[tag & 0x1f] == tag;
}

/* One GeneralSubtree. */
struct subtree {
    struct cfk__span base;
    uint8_t form;
    bool excluded;
    bool malformed;
};

/* All of them, the permitted ones first. */
struct subtrees {
    struct cfk__reader lists;
    struct cfk__reader list;
    bool excluded;
};

static struct cfk__reader read_all(struct cfk__span span)
{
    struct cfk__reader r;

    cfk__reader_init(&r, span.data, span.size);
    return r;
}

static struct subtrees all_subtrees(struct cfk__span constraints)
{
    struct subtrees all = { .lists = read_all(constraints) };

    cfk__reader_init(&all.list, NULL, 0);
    return all;
}

/* The Name in a directoryName, tag and length included; empty where there is none. */
static struct cfk__span inner_name(struct cfk__span value)
{
    struct cfk__reader r = read_all(value);
    struct cfk__span name = { NULL, 0 };

    if (cfk__der_whole(&r, CFK__DER_SEQUENCE, &name) && cfk__reader_left(&r) > 0)
        name.size = 0;
    return name;
}

static bool next_subtree(struct subtrees *all, struct subtree *out)
{
    struct cfk__reader one;
    struct cfk__der part;

    while (cfk__reader_left(&all->list) == 0) {
        if (!cfk__der_next(&all->lists, &part))
            return false;
        all->list = read_all(part.value);
        all->excluded = part.tag == CFK__DER_CONSTRUCTED(1);
    }
    if (!cfk__der_enter(&all->list, CFK__DER_SEQUENCE, &one) ||
        !cfk__der_next(&one, &part))
        return false;
    out->form = part.tag & 0x1f;
    out->base = out->form == FORM_DIRECTORY ? inner_name(part.value) : part.value;
    out->excluded = all->excluded;
    out->malformed =
        cfk__reader_left(&one) > 0; /* minimum and maximum: RFC 5280 has none */
    return true;
}

/* GeneralSubtrees: at least one, each a GeneralName and perhaps two numbers. */
static bool well_formed_list(struct cfk__reader list)
{
    struct cfk__reader one;
    struct cfk__der part;
    struct cfk__span number;

    if (cfk__reader_left(&list) == 0)
        return false;
    while (cfk__reader_left(&list) > 0) {
        if (!cfk__der_enter(&list, CFK__DER_SEQUENCE, &one) ||
            !cfk__der_next(&one, &part) || !is_tag_of_form(part.tag))
            return false;
        if ((part.tag & 0x1f) == FORM_DIRECTORY && inner_name(part.value).size == 0)
            return false;
        cfk__der_value(&one, CFK__DER_CONTEXT(0), &number);
        cfk__der_value(&one, CFK__DER_CONTEXT(1), &number);
        if (cfk__reader_left(&one) > 0)
            return false;
    }
    return true;
}

bool cfk__names_well_formed(struct cfk__span constraints)
{
    struct cfk__reader r = read_all(constraints);
    struct cfk__reader list;

    if (constraints.size == 0)
        return false;
    for (uint8_t n = 0; n < 2; n++)
        if (cfk__der_enter(&r, CFK__DER_CONSTRUCTED(n), &list) && !well_formed_list(list))
            return false;
    return cfk__reader_left(&r) == 0;
}

bool cfk__names_have_dotted_dns(struct cfk__span constraints)
{
    struct subtrees all = all_subtrees(constraints);
    struct subtree subtree;

    while (next_subtree(&all, &subtree))
        if (subtree.form == FORM_DNS && subtree.base.size > 0 &&
            subtree.base.data[0] == '.')
            return true;
    return false;
}

/* The names of a certificate: alternative names, the subject, mail addresses in it. */
struct found {
    struct cfk__reader san;
    struct cfk__span subject;
    struct cfk__reader rdns;
    struct cfk__reader rdn;
};

static struct found all_names(const struct cfk__x509 *x)
{
    struct found all = { .san = read_all(x->san), .subject = x->subject };

    all.rdns = read_all(x->subject);
    cfk__der_enter(&all.rdns, CFK__DER_SEQUENCE, &all.rdns);
    if (cfk__reader_left(&all.rdns) == 0)
        all.subject.size = 0;
    cfk__reader_init(&all.rdn, NULL, 0);
    return all;
}

/* The next emailAddress of the subject. */
static bool next_mail(struct found *all, struct cfk__name_found *out)
{
    struct cfk__reader attribute;
    struct cfk__span oid;
    struct cfk__der value;

    for (;;) {
        if (cfk__reader_left(&all->rdn) == 0 &&
            !cfk__der_enter(&all->rdns, CFK__DER_SET, &all->rdn))
            return false;
        if (!cfk__der_enter(&all->rdn, CFK__DER_SEQUENCE, &attribute) ||
            !cfk__der_value(&attribute, CFK__DER_OID, &oid) ||
            !cfk__der_next(&attribute, &value))
            return false;
        if (CFK__SPAN_IS(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")) {
            *out = (struct cfk__name_found){ .value = value.value, .form = FORM_MAIL };
            return true;
        }
    }
}

static bool next_name(struct found *all, struct cfk__name_found *out)
{
    struct cfk__der part;

    if (cfk__der_next(&all->san, &part)) {
        out->form = part.tag & 0x1f;
        out->malformed = !is_tag_of_form(part.tag);
        out->value = out->form == FORM_DIRECTORY ? inner_name(part.value) : part.value;
        return true;
    }
    if (all->subject.size > 0) {
        *out = (struct cfk__name_found){ .value = all->subject, .form = FORM_DIRECTORY };
        all->subject.size = 0;
        return true;
    }
    return next_mail(all, out);
}

/* What it costs to read a name or a constraint, or to compare it with a short one. */
static uint64_t units(struct cfk__span text)
{
    return 1 + text.size / UNIT;
}

/* Take what the check may cost at most off what is left; what is read is paid in any
 * case. */
static bool pay(struct cfk__names *n, struct cfk__span constraints,
                const struct cfk__x509 *x)
{
    struct subtrees subtrees = all_subtrees(constraints);
    struct found names = all_names(x);
    struct cfk__name_found name;
    struct subtree subtree;
    uint64_t count[FORMS] = { 0 };
    uint64_t read = 0;
    uint64_t cost = 0;

    while (read <= n->left && next_subtree(&subtrees, &subtree)) {
        count[subtree.form] += units(subtree.base);
        read += units(subtree.base);
    }
    while (read + cost <= n->left && next_name(&names, &name)) {
        cost += count[name.form] * units(name.value);
        read += units(name.value);
    }
    if (read + cost > n->left) {
        n->left -= read < n->left ? read : n->left;
        return false;
    }
    n->left -= read + cost;
    return true;
}

/* Make a name ready to be compared with many constraints; NOMEM or OK. */
static int prepare(struct cfk__names *n, struct cfk__name_found *found,
                   struct cfk__name_form *out)
{
    struct cfk__span value = found->value;
    int rc;

    *out = (struct cfk__name_form){ .host = value };
    switch (found->form) {
    case FORM_MAIL: found->malformed |= !cfk__form_mail(value, out); break;
    case FORM_DNS: found->malformed |= !cfk__form_dns(value, out); break;
    case FORM_URI: found->malformed |= !cfk__form_uri(value, out); break;
    case FORM_DIRECTORY:
        n->name.size = 0;
        rc = cfk__name_canonical(value, &n->name);
        if (rc == CFK_E_NOMEM)
            return rc;
        found->malformed |= rc != CFK_OK;
        out->host = (struct cfk__span){ n->name.data, n->name.size };
        break;
    default: break; /* addresses have 4 or 16 bytes, the others are not supported */
    }
    return CFK_OK;
}

/* Whether the RDNs of a base are the first ones of a name, both comparable. */
static bool begins_with(struct cfk__span name, const struct cfk__buffer *base)
{
    if (base->size == 0)
        return true;
    return base->size <= name.size && memcmp(name.data, base->data, base->size) == 0 &&
           (base->size == name.size || name.data[base->size] == 'R');
}

static int compare(struct cfk__names *n, const struct cfk__name_form *name,
                   const struct subtree *subtree, enum cfk__form_match *match)
{
    struct cfk__span base = subtree->base;
    bool excluded = subtree->excluded;
    int rc;

    switch (subtree->form) {
    case FORM_MAIL: *match = cfk__match_mail(name, base, excluded); break;
    case FORM_DNS: *match = cfk__match_dns(name, base, excluded); break;
    case FORM_URI: *match = cfk__match_uri(name, base); break;
    case FORM_IP: *match = cfk__match_address(name->host, base); break;
    default:
        n->base.size = 0;
        rc = cfk__name_canonical(base, &n->base);
        if (rc == CFK_E_NOMEM)
            return rc;
        *match = rc != CFK_OK                        ? CFK__FORM_BAD
                 : begins_with(name->host, &n->base) ? CFK__FORM_MATCH
                                                     : CFK__FORM_NO_MATCH;
        break;
    }
    return CFK_OK;
}

static bool is_supported(uint8_t form)
{
    return form == FORM_MAIL || form == FORM_DNS || form == FORM_DIRECTORY ||
           form == FORM_URI || form == FORM_IP;
}

/* One name against every constraint on its form. */
static int check_name(struct cfk__names *n, struct cfk__span constraints,
                      struct cfk__name_violation *v)
{
    struct subtrees subtrees = all_subtrees(constraints);
    struct cfk__name_form name;
    struct subtree subtree;
    bool restricted = false;
    bool permitted = false;
    int rc = prepare(n, &v->name, &name);

    while (rc == CFK_OK && next_subtree(&subtrees, &subtree)) {
        enum cfk__form_match match = CFK__FORM_BAD;

        if (subtree.form != v->name.form)
            continue;
        v->fault = CFK__NAME_UNSUPPORTED;
        if (!is_supported(subtree.form))
            return CFK_E_NAME_CONSTRAINT;
        v->fault = CFK__NAME_MALFORMED;
        if (v->name.malformed)
            return CFK_E_NAME_CONSTRAINT;
        if (!subtree.malformed)
            rc = compare(n, &name, &subtree, &match);
        if (rc != CFK_OK)
            return rc;
        v->fault = match == CFK__FORM_BAD ? CFK__NAME_BAD_CONSTRAINT : CFK__NAME_EXCLUDED;
        if (match == CFK__FORM_BAD || (subtree.excluded && match == CFK__FORM_MATCH))
            return CFK_E_NAME_CONSTRAINT;
        restricted |= !subtree.excluded;
        permitted |= match == CFK__FORM_MATCH;
    }
    v->fault = CFK__NAME_NOT_PERMITTED;
    return rc == CFK_OK && restricted && !permitted ? CFK_E_NAME_CONSTRAINT : rc;
}

int cfk__names_check(struct cfk__names *n, struct cfk__span constraints,
                     const struct cfk__x509 *x, struct cfk__name_violation *violation)
{
    struct found names = all_names(x);
    int rc = CFK_OK;

    if (!pay(n, constraints, x))
        return CFK_E_LIMIT;
    while (rc == CFK_OK && next_name(&names, &violation->name))
        rc = check_name(n, constraints, violation);
    return rc;
}

void cfk__names_free(struct cfk__names *n)
{
    cfk__buffer_free(&n->name);
    cfk__buffer_free(&n->base);
}
