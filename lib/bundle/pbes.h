/* SPDX-License-Identifier: MIT */
/* Encryption under a passphrase: PBES2 of RFC 8018, triple DES of RFC 7292, and that of
 * old PEM files. */
#ifndef CFK_BUNDLE_PBES_H
#define CFK_BUNDLE_PBES_H

#include "base/private_key.h"
#include "bundle/der.h"

struct cfk__passphrase {
    bool given;
    struct cfk__span text;
    uint32_t max_iterations;
};

/* What is encrypted, and what to do where it cannot be read, for messages. */
struct cfk__sealed {
    const char *name;
    const char *remedy;
};
extern const struct cfk__sealed cfk__sealed_key;
extern const struct cfk__sealed cfk__sealed_pkcs12;

/*
 * Decrypt data, encrypted as the AlgorithmIdentifier says whose contents
 * algorithm has, to out, which has the size of data; *out_size is what is left
 * without padding.
 *
 * CFK_OK, CFK_E_PASSPHRASE (none, or a wrong one), CFK_E_CORRUPT, CFK_E_NOTSUP (a
 * scheme that is not read), CFK_E_LIMIT (too many iterations), CFK_E_NOMEM.
 */
int cfk__pbes_decrypt(struct cfk__reader algorithm, struct cfk__span data,
                      const struct cfk__passphrase *pass, const struct cfk__sealed *what,
                      uint8_t *out, size_t *out_size, struct cfk_error *err);

/*
 * The same for a PEM body whose DEK-Info (RFC 1421, 4.6.1.3) is info, such as
 * "AES-256-CBC,00112233445566778899AABBCCDDEEFF": MD5 alone makes the key.
 */
int cfk__dek_decrypt(struct cfk__span info, struct cfk__span data,
                     const struct cfk__passphrase *pass, uint8_t *out, size_t *out_size,
                     struct cfk_error *err);

#endif
