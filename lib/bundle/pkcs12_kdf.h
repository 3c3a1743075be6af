/* SPDX-License-Identifier: MIT */
/* Keys from passphrases as PKCS #12 makes them (RFC 7292, appendix B). */
#ifndef CFK_BUNDLE_PKCS12_KDF_H
#define CFK_BUNDLE_PKCS12_KDF_H

#include "bundle/pbes.h"

enum cfk__pkcs12_use {
    CFK__PKCS12_KEY = 1,
    CFK__PKCS12_IV = 2,
    CFK__PKCS12_MAC = 3,
};

/*
 * size bytes, at most CFK__HASH_MAX, for one use. CFK_OK; CFK_E_LIMIT (a salt or a
 * passphrase that is too long, too many iterations); CFK_E_CORRUPT (none at all);
 * CFK_E_NOMEM.
 */
int cfk__pkcs12_kdf(enum cfk__hash_id hash, enum cfk__pkcs12_use use,
                    const struct cfk__passphrase *pass, struct cfk__span salt,
                    uint32_t iterations, uint8_t *out, size_t size,
                    struct cfk_error *err);

#endif
