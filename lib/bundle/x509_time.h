/* SPDX-License-Identifier: MIT */
/* Times of certificates as UNIX seconds, from year 0 to 9999. */
#ifndef CFK_BUNDLE_X509_TIME_H
#define CFK_BUNDLE_X509_TIME_H

#include "bundle/der.h"

/*
 * The next element: UTCTime (1950 to 2049) or GeneralizedTime, in the only
 * forms that RFC 5280 allows: seconds present, no fraction, ending in Z.
 */
bool cfk__x509_time(struct cfk__reader *r, int64_t *out);

/* 2050-01-01, from where on certificates say GeneralizedTime. */
#define CFK__X509_YEAR_2050 INT64_C(2524608000)

/* "2026-01-31" of a time. */
#define CFK__DATE_SIZE 24
const char *cfk__x509_date(int64_t time, char text[CFK__DATE_SIZE]);

#endif
