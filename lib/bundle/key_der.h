/* SPDX-License-Identifier: MIT */
/* Private keys in DER, not encrypted: PKCS #8, PKCS #1 and SEC 1. */
#ifndef CFK_BUNDLE_KEY_DER_H
#define CFK_BUNDLE_KEY_DER_H

#include "bundle/public_key.h"

/*
 * The public key of the private one in der, which is computed; a public part
 * that is there must be that. RSA's numbers lie in der. CFK_OK, CFK_E_CORRUPT,
 * CFK_E_NOTSUP (a kind, or a curve, that is not read), CFK_E_RANDOM, CFK_E_NOMEM.
 */
int cfk__key_public(struct cfk__span der, struct cfk__public_key *out,
                    struct cfk_error *err);

#endif
