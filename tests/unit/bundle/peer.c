/* SPDX-License-Identifier: MIT */
#include "peer.h"

#if PEER_MBEDTLS
#include <mbedtls/x509_crt.h>

static bool same(struct cfk__span ours, mbedtls_x509_buf theirs)
{
    return cfk__span_equal(ours, (struct cfk__span){ theirs.p, theirs.len });
}

/* Days since 1970 of a date of the Gregorian calendar, by counting. */
static int64_t days_of(int year, int month, int day)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t leap = year - (month <= 2);

    return (int64_t)year * 365 + leap / 4 - leap / 100 + leap / 400 + before[month - 1] +
           day - 719528 - (leap < 0);
}

static int64_t seconds_of(const mbedtls_x509_time *t)
{
    return days_of(t->year, t->mon, t->day) * 86400 + t->hour * 3600 + t->min * 60 +
           t->sec;
}

static const char *compare(const struct cfk__x509 *x, const mbedtls_x509_crt *crt)
{
    if (!same(x->subject, crt->subject_raw))
        return "the subject";
    if (!same(x->issuer, crt->issuer_raw))
        return "the issuer";
    if (!same(x->key.spki, crt->pk_raw))
        return "the public key";
    if (!same(x->serial, crt->serial))
        return "the serial number";
    if (!same(x->tbs, crt->tbs))
        return "the signed part";
    if (x->not_before != seconds_of(&crt->valid_from))
        return "the beginning";
    if (x->not_after != seconds_of(&crt->valid_to))
        return "the end";
    return NULL;
}

const char *peer_differs(const struct cfk__x509 *x, unsigned *read)
{
    mbedtls_x509_crt crt;
    const char *differs = NULL;

    mbedtls_x509_crt_init(&crt);
    if (mbedtls_x509_crt_parse_der(&crt, x->der.data, x->der.size) == 0) {
        ++*read;
        differs = compare(x, &crt);
    }
    mbedtls_x509_crt_free(&crt);
    return differs;
}
#else
const char *peer_differs(const struct cfk__x509 *x, unsigned *read)
{
    (void)x;
    (void)read;
    return NULL;
}
#endif
