/* SPDX-License-Identifier: MIT */
/* --key: whether a private key is that of the certificate; and what PKCS #12 has. */
#ifndef CFBUNDLE_KEY_H
#define CFBUNDLE_KEY_H

#include "cfkit/bundle.h"
#include "common/input.h"
#include "common/passphrase.h"

/* Zero it; wipe it with cfbundle_key_wipe() once no passphrase is needed any more. */
struct cfbundle_key {
    const char *path; /* NULL: none is to be checked */
    struct cli_passphrase_source passphrases;
    struct cli_passphrase passphrase; /* the last that was asked for */
    const char *asked_for;            /* the file that it is of */
};

/* False, after the word about it, where the two files cannot be read both. */
bool cfbundle_key_usable(const struct cfbundle_key *key, const char *cert);

/*
 * The certificates of the PKCS #12 file in as a bag at *bag, which is released with
 * cfk_free(), or NULL there and CFK_OK where it is something else.
 */
int cfbundle_open_pkcs12(struct cfbundle_key *key, const char *path,
                         const struct cli_input *in, void **bag, size_t *bag_size,
                         struct cfk_error *err);

/*
 * Read the key, ask for its passphrase where it has one, and compare. CFK_OK, also
 * where there is nothing to check, or why not in err.
 */
int cfbundle_check_key(struct cfbundle_key *key, const void *leaf, size_t leaf_size,
                       struct cfk_error *err);

void cfbundle_key_wipe(struct cfbundle_key *key);

#endif
