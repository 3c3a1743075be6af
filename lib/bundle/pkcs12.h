/* SPDX-License-Identifier: MIT */
/* PKCS #12 (RFC 7292): certificates and keys under a passphrase. */
#ifndef CFK_BUNDLE_PKCS12_H
#define CFK_BUNDLE_PKCS12_H

#include "bundle/pbes.h"

enum cfk__bag_kind {
    CFK__BAG_KEY = 1,          /* PKCS #8 */
    CFK__BAG_SHROUDED_KEY = 2, /* the same encrypted */
    CFK__BAG_CERT = 3,         /* a certificate in DER */
};

/*
 * Called for each key and certificate of a file, in its order; what it is given is
 * wiped when it returns. What it returns but for CFK_OK ends the walk.
 */
typedef int (*cfk__bag_fn)(void *ctx, enum cfk__bag_kind kind, struct cfk__span value,
                           struct cfk_error *err);

/*
 * Check the file's MAC, where it has one, and walk what is in it. CFK_OK, what
 * take returns, CFK_E_CORRUPT, CFK_E_PASSPHRASE, CFK_E_NOTSUP, CFK_E_LIMIT,
 * CFK_E_NOMEM.
 */
int cfk__pkcs12_walk(struct cfk__span file, const struct cfk__passphrase *pass,
                     cfk__bag_fn take, void *ctx, struct cfk_error *err);

#endif
