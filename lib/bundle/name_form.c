/* SPDX-License-Identifier: MIT */
#include "bundle/name_form.h"

#include <string.h>

enum {
    HOST_MAX = 253,
    LABEL_MAX = 63,
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c);
}

static struct cfk__span skip(struct cfk__span span, size_t count)
{
    return (struct cfk__span){ span.data + count, span.size - count };
}

static struct cfk__span first(struct cfk__span span, size_t count)
{
    return (struct cfk__span){ span.data, count };
}

static bool begins(struct cfk__span span, char c)
{
    return span.size > 0 && span.data[0] == (uint8_t)c;
}

/* Where c is in a span, from its start or from its end; the size where it is not. */
static size_t find_first(struct cfk__span span, char c)
{
    size_t i = 0;

    while (i < span.size && span.data[i] != (uint8_t)c)
        i++;
    return i;
}

static size_t find_last(struct cfk__span span, char c)
{
    for (size_t i = span.size; i > 0; i--)
        if (span.data[i - 1] == (uint8_t)c)
            return i - 1;
    return span.size;
}

/* Labels of 1 to 63 letters, digits, '-' and '_', between dots. */
static bool is_host(struct cfk__span text)
{
    size_t label = 0;

    if (text.size == 0 || text.size > HOST_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (c == '.' ? label == 0 : !is_alnum(c) && c != '-' && c != '_')
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return false;
    }
    return label > 0;
}

/* A host, or one after a dot. */
static bool is_host_constraint(struct cfk__span base)
{
    return is_host(begins(base, '.') ? skip(base, 1) : base);
}

/* RFC 5322 atext and dots; quoted ones could spell the same mailbox twice. */
static bool is_local(struct cfk__span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_alnum(text.data[i]) &&
            (text.data[i] == 0 || strchr("!#$%&'*+-/=?^_`{|}~.", text.data[i]) == NULL))
            return false;
    return text.size > 0;
}

static bool equal(struct cfk__span a, struct cfk__span b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static bool ends_with(struct cfk__span text, struct cfk__span tail)
{
    return text.size >= tail.size && equal(skip(text, text.size - tail.size), tail);
}

bool cfk__form_dns(struct cfk__span text, struct cfk__name_form *out)
{
    out->host = text;
    out->wildcard = text.size > 2 && text.data[0] == '*' && text.data[1] == '.';
    return text.size <= HOST_MAX && is_host(out->wildcard ? skip(text, 2) : text);
}

bool cfk__form_mail(struct cfk__span text, struct cfk__name_form *out)
{
    size_t at = find_last(text, '@');

    if (at == text.size)
        return false;
    out->local = first(text, at);
    out->host = skip(text, at + 1);
    return is_local(out->local) && is_host(out->host);
}

/* Nothing that a browser might read in another way than we do. */
static bool is_plain(struct cfk__span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '\\')
            return false;
    return true;
}

/* An IPv4 address, or what would be taken for one: the last label is a number. */
static bool is_number(struct cfk__span host)
{
    size_t dot = find_last(host, '.');
    struct cfk__span last = dot < host.size ? skip(host, dot + 1) : host;

    for (size_t i = 0; i < last.size; i++)
        if (!is_digit(last.data[i]))
            return false;
    return true;
}

bool cfk__form_uri(struct cfk__span text, struct cfk__name_form *out)
{
    size_t colon = find_first(text, ':');
    struct cfk__span host;
    size_t at;

    if (!is_plain(text) || colon == 0 || text.size - colon < 4 ||
        text.data[colon + 1] != '/' || text.data[colon + 2] != '/')
        return false;
    host = skip(text, colon + 3);
    host = first(host, find_first(host, '/'));
    host = first(host, find_first(host, '?'));
    host = first(host, find_first(host, '#'));
    at = find_last(host, '@');
    if (at < host.size)
        host = skip(host, at + 1);
    colon = find_last(host, ':');
    for (size_t i = colon + 1; i < host.size; i++)
        if (!is_digit(host.data[i]))
            return false;
    out->host = first(host, colon);
    return is_host(out->host) && !is_number(out->host);
}

/* Whether a wildcard stands for exactly what is excluded, one label below its rest. */
static bool wildcard_meets(const struct cfk__name_form *name, struct cfk__span base)
{
    size_t dot = find_first(base, '.');

    return name->wildcard && dot < base.size &&
           equal(skip(base, dot), skip(name->host, 1));
}

static enum cfk__form_match answer(bool match)
{
    return match ? CFK__FORM_MATCH : CFK__FORM_NO_MATCH;
}

enum cfk__form_match cfk__match_dns(const struct cfk__name_form *name,
                                    struct cfk__span base, bool excluded)
{
    struct cfk__span host = name->host;

    if (base.size == 0)
        return CFK__FORM_MATCH;
    if (!is_host_constraint(base))
        return CFK__FORM_BAD;
    if (begins(base, '.'))
        return answer(host.size > base.size && ends_with(host, base));
    if (excluded && wildcard_meets(name, base))
        return CFK__FORM_MATCH;
    return answer(ends_with(host, base) && (host.size == base.size ||
                                            host.data[host.size - base.size - 1] == '.'));
}

/* A host is itself alone, one after a dot all that lies below. */
static enum cfk__form_match match_host(struct cfk__span host, struct cfk__span base)
{
    if (base.size == 0)
        return CFK__FORM_MATCH;
    if (!is_host_constraint(base))
        return CFK__FORM_BAD;
    if (begins(base, '.'))
        return answer(host.size > base.size && ends_with(host, base));
    return answer(equal(host, base));
}

enum cfk__form_match cfk__match_mail(const struct cfk__name_form *name,
                                     struct cfk__span base, bool excluded)
{
    struct cfk__name_form wanted;

    if (find_first(base, '@') == base.size)
        return match_host(name->host, base);
    if (!cfk__form_mail(base, &wanted))
        return CFK__FORM_BAD;
    if (!equal(name->host, wanted.host) || !equal(name->local, wanted.local))
        return CFK__FORM_NO_MATCH;
    return answer(excluded ||
                  memcmp(name->local.data, wanted.local.data, wanted.local.size) == 0);
}

enum cfk__form_match cfk__match_uri(const struct cfk__name_form *name,
                                    struct cfk__span base)
{
    return match_host(name->host, base);
}

/* Ones, then zeros. */
static bool is_mask(const uint8_t *mask, size_t size)
{
    bool ended = false;

    for (size_t i = 0; i < size; i++) {
        uint8_t rest = (uint8_t)~mask[i];

        if ((ended && mask[i] != 0) || (rest & (rest + 1)) != 0)
            return false;
        ended |= rest != 0;
    }
    return true;
}

enum cfk__form_match cfk__match_address(struct cfk__span address, struct cfk__span base)
{
    size_t size = base.size / 2;
    const uint8_t *mask = base.data + size;

    if ((base.size != 8 && base.size != 32) || !is_mask(mask, size))
        return CFK__FORM_BAD;
    if (address.size != size)
        return CFK__FORM_NO_MATCH;
    for (size_t i = 0; i < size; i++)
        if (((address.data[i] ^ base.data[i]) & mask[i]) != 0)
            return CFK__FORM_NO_MATCH;
    return CFK__FORM_MATCH;
}
