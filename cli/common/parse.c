/* SPDX-License-Identifier: MIT */
#include "common/cli.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NS_DIGITS = 9 };
static const uint64_t NS_PER_SECOND = 1000000000;

/* Decimal digits at *text as a number, and past them. False: none, or too many. */
static bool take_digits(const char **text, const char *end, uint64_t *out)
{
    const char *p = *text;
    uint64_t value = 0;

    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (p == *text)
        return false;
    *text = p;
    *out = value;
    return true;
}

bool cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    const char *end = text + strlen(text);
    uint64_t value;

    if (!take_digits(&text, end, &value) || text != end || value < min || value > max)
        return false;
    *out = value;
    return true;
}

/*
 * "12.5" at *text in units of 1/scale of a whole, the rest rounded down;
 * scale at most 2^60 / 10. False on overflow or where there is no number.
 */
static bool take_decimal(const char **text, const char *end, uint64_t scale,
                         uint64_t *out)
{
    const char *p = *text;
    uint64_t whole;
    uint64_t fraction = 0;

    if (!take_digits(&p, end, &whole))
        return false;
    if (p < end && *p == '.') {
        const char *digits = ++p;

        while (p < end && *p >= '0' && *p <= '9')
            p++;
        if (p == digits)
            return false;
        for (const char *digit = p; digit > digits;) /* from the least: exact */
            fraction = (fraction + (uint64_t)(*--digit - '0') * scale) / 10;
    }
    if (scale != 0 && whole > (UINT64_MAX - fraction) / scale)
        return false;
    *out = whole * scale + fraction;
    *text = p;
    return true;
}

struct unit {
    const char *name;
    uint64_t scale;
};

/* A decimal number and a unit out of the table, to the end of the text. */
static bool parse_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789.");
    const char *name = text + digits;

    for (; units->name != NULL; units++) {
        const char *p = text;
        uint64_t value;

        if (strcmp(name, units->name) != 0)
            continue;
        if (!take_decimal(&p, name, units->scale, &value) || p != name)
            return false;
        *out = value;
        return true;
    }
    return false;
}

bool cli_parse_size(const char *text, uint64_t *out)
{
    static const struct unit units[] = {
        { "", 1 },
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "KiB", UINT64_C(1) << 10 },
        { "kB", 1000 },
        { "M", UINT64_C(1) << 20 },
        { "MiB", UINT64_C(1) << 20 },
        { "MB", 1000000 },
        { "G", UINT64_C(1) << 30 },
        { "GiB", UINT64_C(1) << 30 },
        { "GB", 1000000000 },
        { "T", UINT64_C(1) << 40 },
        { "TiB", UINT64_C(1) << 40 },
        { "TB", UINT64_C(1000000000000) },
        { NULL, 0 },
    };

    return parse_with_unit(text, units, out);
}

bool cli_parse_duration(const char *text, uint64_t *ns)
{
    static const struct unit units[] = {
        { "", 1000000000 },
        { "s", 1000000000 },
        { "ms", 1000000 },
        { "us", 1000 },
        { "ns", 1 },
        { "m", UINT64_C(60) * 1000000000 },
        { "min", UINT64_C(60) * 1000000000 },
        { "h", UINT64_C(3600) * 1000000000 },
        { "d", UINT64_C(86400) * 1000000000 },
        { NULL, 0 },
    };

    return parse_with_unit(text, units, ns);
}

bool cli_parse_seconds(const char *text, size_t len, int64_t *ns)
{
    const char *end = text + len;
    bool negative = len > 0 && *text == '-';
    uint64_t value;

    if (negative)
        text++;
    if (!take_decimal(&text, end, NS_PER_SECOND, &value) || text != end ||
        value > INT64_MAX)
        return false;
    *ns = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool cli_parse_double(const char *text, size_t len, double *out)
{
    char copy[64];
    char *end;
    double value;

    if (len == 0 || len >= sizeof copy || isspace((unsigned char)text[0]) ||
        text[len - 1] == 'n' || text[len - 1] == 'f')
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    value = strtod(copy, &end);
    if (end != copy + len || !isfinite(value))
        return false;
    *out = value;
    return true;
}

/* Exactly count digits as a number within min..max. */
static bool take_fixed(const char **text, int count, int min, int max, int *out)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        char c = (*text)[i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    if (value < min || value > max)
        return false;
    *text += count;
    *out = value;
    return true;
}

static bool take_char(const char **text, const char *accepted)
{
    if (**text == '\0' || strchr(accepted, **text) == NULL)
        return false;
    (*text)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - 719468;
}

/* "Z", "+01:00", "-05:30" as seconds east of Greenwich. */
static bool take_zone(const char **text, int *seconds)
{
    int sign = **text == '-' ? -1 : 1;
    int hours;
    int minutes;

    *seconds = 0;
    if (take_char(text, "Zz"))
        return true;
    if (!take_char(text, "+-") || !take_fixed(text, 2, 0, 23, &hours) ||
        !take_char(text, ":") || !take_fixed(text, 2, 0, 59, &minutes))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool parse_rfc3339(const char *text, int64_t *out)
{
    int year, month, day;
    int hour = 0, minute = 0, second = 0, zone = 0;

    if (!take_fixed(&text, 4, 0, 9999, &year) || !take_char(&text, "-") ||
        !take_fixed(&text, 2, 1, 12, &month) || !take_char(&text, "-") ||
        !take_fixed(&text, 2, 1, 31, &day) || day > days_in_month(year, month))
        return false;
    if (*text != '\0') {
        if (!take_char(&text, "Tt ") || !take_fixed(&text, 2, 0, 23, &hour) ||
            !take_char(&text, ":") || !take_fixed(&text, 2, 0, 59, &minute) ||
            !take_char(&text, ":") || !take_fixed(&text, 2, 0, 60, &second))
            return false;
        if (take_char(&text, ".")) {
            size_t digits = strspn(text, "0123456789");

            if (digits == 0)
                return false;
            text += digits;
        }
        if (!take_zone(&text, &zone) || *text != '\0')
            return false;
    }
    *out = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
           second - zone;
    return true;
}

bool cli_parse_time(const char *text, int64_t *unix_seconds)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    const char *end = digits + strlen(digits);
    uint64_t value;

    if (parse_rfc3339(text, unix_seconds))
        return true;
    if (!take_digits(&digits, end, &value) || digits != end || value > INT64_MAX)
        return false;
    *unix_seconds = text[0] == '-' ? -(int64_t)value : (int64_t)value;
    return true;
}
