/* SPDX-License-Identifier: MIT */
#include "bundle/x509_time.h"

#include <stdio.h>

enum {
    DAY_SECONDS = 86400,
    DAYS_400_YEARS = 146097,
    DAYS_TO_1970 = 719468, /* from 0000-03-01 */
};

/*
 * Days since 1970-01-01 of a date in the Gregorian calendar, and back. Years
 * begin in March, so that the leap day is the last of its year.
 */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * DAYS_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           DAYS_TO_1970;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
    int64_t of_era = z - era * DAYS_400_YEARS;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t shifted = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Two decimal digits at *at, which moves on; -1 where there are none. */
static int two_digits(const uint8_t **at)
{
    const uint8_t *p = *at;

    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return -1;
    *at += 2;
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* MMDDHHMMSSZ, eleven bytes. */
static bool parse_rest(const uint8_t *at, int year, int64_t *out)
{
    int part[5];

    for (size_t i = 0; i < 5; i++) {
        part[i] = two_digits(&at);
        if (part[i] < 0)
            return false;
    }
    if (*at != 'Z' || part[0] < 1 || part[0] > 12 || part[1] < 1 ||
        part[1] > days_in_month(year, part[0]) || part[2] > 23 || part[3] > 59 ||
        part[4] > 59)
        return false;
    *out = days_of(year, part[0], part[1]) * DAY_SECONDS + part[2] * 3600 + part[3] * 60 +
           part[4];
    return true;
}

bool cfk__x509_time(struct cfk__reader *r, int64_t *out)
{
    struct cfk__reader next = *r;
    struct cfk__der element;
    const uint8_t *at;
    int century = -1;
    int year;

    if (!cfk__der_next(&next, &element))
        return false;
    at = element.value.data;
    if (element.tag == CFK__DER_GENERALIZED_TIME && element.value.size == 15) {
        century = two_digits(&at);
        if (century < 0)
            return false;
    } else if (element.tag != CFK__DER_UTC_TIME || element.value.size != 13) {
        return false;
    }
    year = two_digits(&at);
    if (year < 0)
        return false;
    if (century < 0)
        century = year >= 50 ? 19 : 20;
    if (!parse_rest(at, century * 100 + year, out))
        return false;
    *r = next;
    return true;
}

const char *cfk__x509_date(int64_t time, char text[CFK__DATE_SIZE])
{
    int64_t days = time / DAY_SECONDS - (time % DAY_SECONDS < 0);
    int year;
    int month;
    int day;

    date_of(days, &year, &month, &day);
    snprintf(text, CFK__DATE_SIZE, "%04d-%02d-%02d", year, month, day);
    return text;
}
