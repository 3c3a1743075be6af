/* SPDX-License-Identifier: MIT */
#include "bundle/host.h"

#include "bundle/profile.h"

#include <stdio.h>
#include <string.h>

enum {
    GROUPS = 8, /* of an IPv6 address, two bytes each */
    LABEL_MAX = 63,
    NAME_MAX_SIZE = 253,
};

/* Four decimal numbers to 255 without leading zeros. */
static bool parse_ipv4(const char *text, size_t size, uint8_t out[4])
{
    size_t at = 0;

    for (size_t i = 0; i < 4; i++) {
        unsigned number = 0;
        size_t digits = 0;

        if (i > 0 && (at >= size || text[at++] != '.'))
            return false;
        while (at < size && text[at] >= '0' && text[at] <= '9' && digits < 4) {
            number = number * 10 + (unsigned)(text[at++] - '0');
            digits++;
        }
        if (digits == 0 || number > 255 || (digits > 1 && text[at - digits] == '0'))
            return false;
        out[i] = (uint8_t)number;
    }
    return at == size;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One group of up to four hexadecimal digits at *at. */
static bool parse_group(const char *text, size_t size, size_t *at, uint8_t out[2])
{
    unsigned number = 0;
    size_t start = *at;

    while (*at < size && *at - start < 4 && hex_value(text[*at]) >= 0)
        number = number << 4 | (unsigned)hex_value(text[(*at)++]);
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
    return *at > start;
}

/* RFC 4291, 2.2, without a zone; the last four bytes may be an IPv4 address. */
static bool parse_ipv6(const char *text, size_t size, uint8_t out[16])
{
    uint8_t bytes[16] = { 0 };
    size_t used = 0;
    size_t gap = SIZE_MAX;
    size_t at = 0;

    if (size >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < size) {
        if (used <= 12 && memchr(text + at, ':', size - at) == NULL &&
            parse_ipv4(text + at, size - at, bytes + used)) {
            used += 4;
            at = size;
            break;
        }
        if (used == 16 || !parse_group(text, size, &at, bytes + used))
            return false;
        used += 2;
        if (at == size)
            break;
        if (text[at++] != ':' || at == size)
            return false;
        if (text[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = used;
            at++;
        }
    }
    if (gap == SIZE_MAX ? used != 16 : used > 2 * (GROUPS - 1))
        return false;
    if (gap == SIZE_MAX)
        gap = used;
    memset(out, 0, 16);
    memcpy(out, bytes, gap);
    memcpy(out + 16 - (used - gap), bytes + gap, used - gap);
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of 1 to 63 letters, digits, '-' and '_'; the last one is not a number. */
static bool parse_name(const char *text, size_t size, struct cfk__host *out)
{
    size_t label = 0;
    bool number = true;

    if (size > 0 && text[size - 1] == '.')
        size--;
    if (size == 0 || size > NAME_MAX_SIZE)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = lower(text[i]);

        out->name[i] = c;
        if (c == '.' ? label == 0 : !is_name_char(c) || ++label > LABEL_MAX)
            return false;
        if (c == '.') {
            label = 0;
            number = true;
        } else if (c < '0' || c > '9') {
            number = false;
        }
    }
    out->name[size] = '\0';
    out->name_size = size;
    return label > 0 && !number;
}

bool cfk__host_parse(const char *text, struct cfk__host *out)
{
    size_t size = strlen(text);

    memset(out, 0, sizeof *out);
    if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
        out->address_size = 16;
        return parse_ipv6(text + 1, size - 2, out->address);
    }
    if (parse_ipv4(text, size, out->address)) {
        out->address_size = 4;
        return true;
    }
    if (parse_ipv6(text, size, out->address)) {
        out->address_size = 16;
        return true;
    }
    return parse_name(text, size, out);
}

static bool same_name(const char *name, const uint8_t *pattern, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] != lower((char)pattern[i]))
            return false;
    return true;
}

static bool name_matches(const struct cfk__host *host, struct cfk__span pattern,
                         bool strict)
{
    const char *dot;
    size_t rest;

    if (pattern.size > 2 && pattern.data[0] == '*' && pattern.data[1] == '.') {
        dot = memchr(host->name, '.', host->name_size);
        if (dot == NULL || memchr(dot + 1, '.', strlen(dot + 1)) == NULL)
            return false;
        if (strict && cfk__is_public_suffix(dot + 1))
            return false;
        rest = host->name_size - (size_t)(dot - host->name);
        return rest == pattern.size - 1 && same_name(dot, pattern.data + 1, rest);
    }
    return pattern.size == host->name_size &&
           same_name(host->name, pattern.data, pattern.size);
}

bool cfk__host_matches(const struct cfk__host *host, const struct cfk__x509 *x,
                       bool strict)
{
    struct cfk__span address = { host->address, host->address_size };
    struct cfk__reader r;
    struct cfk__der name;

    cfk__reader_init(&r, x->san.data, x->san.size);
    while (cfk__der_next(&r, &name)) {
        if (host->address_size > 0) {
            if (name.tag == CFK__DER_CONTEXT(7) && cfk__span_equal(name.value, address))
                return true;
        } else if (name.tag == CFK__DER_CONTEXT(2) &&
                   name_matches(host, name.value, strict)) {
            return true;
        }
    }
    return false;
}

/* The groups that "::" stands for: the first of the longest runs of two zeros or more. */
static void longest_run(const uint8_t *address, size_t *start, size_t *length)
{
    size_t run = 0;

    *start = GROUPS;
    *length = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        run = address[2 * i] == 0 && address[2 * i + 1] == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            *start = i + 1 - run;
        }
    }
}

const char *cfk__address_text(struct cfk__span address, char text[CFK__ADDRESS_TEXT])
{
    const uint8_t *b = address.data;
    size_t start;
    size_t length;
    char *at = text;

    text[0] = '\0';
    if (address.size == 4)
        snprintf(text, CFK__ADDRESS_TEXT, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    if (address.size != 2 * GROUPS)
        return text;
    longest_run(b, &start, &length);
    for (size_t i = 0; i < GROUPS; i++) {
        if (i == start) {
            at += sprintf(at, "::");
            i += length - 1;
            continue;
        }
        if (i > 0 && i != start + length)
            *at++ = ':';
        at += sprintf(at, "%x", (unsigned)b[2 * i] << 8 | b[2 * i + 1]);
    }
    return text;
}
