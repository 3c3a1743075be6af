/* SPDX-License-Identifier: MIT */
/* --key: whether a private key is that of the certificate. */
#ifndef CFBUNDLE_KEY_H
#define CFBUNDLE_KEY_H

#include "cfkit/bundle.h"
#include "common/passphrase.h"

struct cfbundle_key {
    const char *path; /* NULL: none is to be checked */
    struct cli_passphrase_source passphrases;
};

/* False, after the word about it, where the two files cannot be read both. */
bool cfbundle_key_usable(const struct cfbundle_key *key, const char *cert);

/*
 * Read the key, ask for its passphrase where it has one, and compare. CFK_OK, also
 * where there is nothing to check, or why not in err.
 */
int cfbundle_check_key(struct cfbundle_key *key, const void *leaf, size_t leaf_size,
                       struct cfk_error *err);

#endif
