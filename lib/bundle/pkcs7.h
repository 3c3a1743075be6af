/* SPDX-License-Identifier: MIT */
/* What an input in DER is, and the certificates of a PKCS #7 bag (RFC 2315, 9.1; RFC
 * 5652, 5.1). */
#ifndef CFK_BUNDLE_PKCS7_H
#define CFK_BUNDLE_PKCS7_H

#include "bundle/der.h"

enum cfk__der_kind {
    CFK__DER_IS_OTHER, /* a certificate, perhaps */
    CFK__DER_IS_PKCS7,
    CFK__DER_IS_PKCS12,
    CFK__DER_IS_KEY, /* PKCS #8, PKCS #1 or SEC 1 */
};

/* By its first elements alone. */
enum cfk__der_kind cfk__der_kind(struct cfk__span der);

/*
 * A reader over the certificates of a bag, in DER or BER (with lengths that are open
 * or longer than they need to be), of which each is an element; those
 * that are no SEQUENCE are of kinds that are not X.509. CFK_OK, or
 * CFK_E_CORRUPT with the offset of what is wrong.
 */
int cfk__pkcs7_open(struct cfk__span der, struct cfk__reader *certs,
                    struct cfk_error *err);

/* The next element of these; false where it is malformed. */
bool cfk__pkcs7_next(struct cfk__reader *certs, struct cfk__der *out);

#endif
