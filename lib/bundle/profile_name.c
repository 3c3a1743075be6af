/* SPDX-License-Identifier: MIT */
#include "bundle/host.h"
#include "bundle/profile.h"

#include <string.h>

enum {
    DNS_MAX = 253,
    LABEL_MAX = 63,
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_ldh(struct cfk__span label)
{
    if (label.size == 0 || label.size > LABEL_MAX || label.data[0] == '-' ||
        label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter(label.data[i]) && !is_digit(label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

static bool is_number(struct cfk__span label)
{
    for (size_t i = 0; i < label.size; i++)
        if (!is_digit(label.data[i]))
            return false;
    return true;
}

/* The first label, and name without it and its dot; *more where there was a dot. */
static struct cfk__span next_label(struct cfk__span *name, bool *more)
{
    struct cfk__span label = { name->data, 0 };

    while (label.size < name->size && name->data[label.size] != '.')
        label.size++;
    *more = label.size < name->size;
    name->data += label.size + *more;
    name->size -= label.size + *more;
    return label;
}

bool cfk__profile_is_dns(struct cfk__span name)
{
    struct cfk__span label = name;
    bool more = true;

    if (name.size > DNS_MAX)
        return false;
    if (name.size > 2 && name.data[0] == '*' && name.data[1] == '.')
        next_label(&name, &more);
    while (more) {
        label = next_label(&name, &more);
        if (!is_ldh(label))
            return false;
    }
    return !is_number(label);
}

/* The value of the next common name in a Name's RDNs. */
static bool next_common_name(struct cfk__reader *rdns, struct cfk__reader *rdn,
                             struct cfk__span *out)
{
    struct cfk__reader attribute;
    struct cfk__span oid;
    struct cfk__der value;

    for (;;) {
        if (cfk__reader_left(rdn) == 0 && !cfk__der_enter(rdns, CFK__DER_SET, rdn))
            return false;
        if (!cfk__der_enter(rdn, CFK__DER_SEQUENCE, &attribute) ||
            !cfk__der_value(&attribute, CFK__DER_OID, &oid) ||
            !cfk__der_next(&attribute, &value))
            return false;
        *out = value.value;
        if (CFK__SPAN_IS(oid, "\x55\x04\x03"))
            return true;
    }
}

/* A number as inet_aton() takes it: decimal, octal, or hexadecimal after 0x. */
static bool is_aton_part(struct cfk__span part, bool *hex)
{
    *hex = part.size > 2 && part.data[0] == '0' && (part.data[1] | 0x20) == 'x';
    for (size_t i = *hex ? 2 : 0; i < part.size; i++)
        if (!is_digit(part.data[i]) &&
            !(*hex && (part.data[i] | 0x20) >= 'a' && (part.data[i] | 0x20) <= 'f'))
            return false;
    return part.size > 0;
}

/* An IPv4 or IPv6 address in any notation that somebody reads as one. */
static bool looks_like_address(struct cfk__span text)
{
    bool hex = false;
    bool more = true;
    size_t parts = 0;
    size_t colons = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i] | 0x20;

        colons += text.data[i] == ':';
        if (!is_digit(text.data[i]) && !(c >= 'a' && c <= 'f') && c != 'x' &&
            text.data[i] != ':' && text.data[i] != '.')
            return false;
    }
    if (colons > 0)
        return colons > 1;
    for (; more; parts++)
        if (!is_aton_part(next_label(&text, &more), &hex))
            return false;
    return parts == 1 ? hex : parts <= 4;
}

/* Labels between dots, in any script, that a client may take for a DNS name. */
static bool looks_like_dns(struct cfk__span text)
{
    size_t dots = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] == 0x7f ||
            strchr("/@:,;\"()", text.data[i]) != NULL)
            return false;
        dots += text.data[i] == '.';
    }
    return dots > 0 && text.data[0] != '.' && text.data[text.size - 1] != '.';
}

/* Whether name is below domain, letter by letter. */
static bool is_below(struct cfk__span name, struct cfk__span domain)
{
    return name.size > domain.size && name.data[name.size - domain.size - 1] == '.' &&
           memcmp(name.data + name.size - domain.size, domain.data, domain.size) == 0;
}

static bool is_address_of(struct cfk__span text, struct cfk__span address)
{
    char canonical[CFK__ADDRESS_TEXT];
    size_t size = strlen(cfk__address_text(address, canonical));

    return size == text.size && memcmp(canonical, text.data, size) == 0;
}

/*
 * A copy of one of the names. Two forms that no client is misled by are let
 * pass, as they are wide-spread: a domain that a name lies below, whose control
 * is what BR 3.2.2.4 has proven; and a DNS name beside addresses alone.
 */
static bool is_one_of(struct cfk__span text, struct cfk__span san, bool address)
{
    struct cfk__reader r;
    struct cfk__der name;
    bool any_dns = false;

    cfk__reader_init(&r, san.data, san.size);
    while (cfk__der_next(&r, &name)) {
        if (address && name.tag == CFK__DER_CONTEXT(7) && is_address_of(text, name.value))
            return true;
        if (address || name.tag != CFK__DER_CONTEXT(2))
            continue;
        any_dns = true;
        if (cfk__span_equal(text, name.value) || is_below(name.value, text))
            return true;
    }
    return !address && !any_dns;
}

bool cfk__profile_common_name(const struct cfk__x509 *x)
{
    struct cfk__reader rdns;
    struct cfk__reader rdn;
    struct cfk__span text;
    unsigned count = 0;

    cfk__reader_init(&rdns, x->subject.data, x->subject.size);
    cfk__reader_init(&rdn, NULL, 0);
    if (!cfk__der_enter(&rdns, CFK__DER_SEQUENCE, &rdns))
        return false;
    while (next_common_name(&rdns, &rdn, &text)) {
        bool address = looks_like_address(text);

        if (++count > 1)
            return false;
        if ((address || looks_like_dns(text)) && !is_one_of(text, x->san, address))
            return false;
    }
    return true;
}
