/* SPDX-License-Identifier: MIT */
/* The private key in a file: PEM among anything else, or DER; encrypted or not. */
#ifndef CFK_BUNDLE_KEY_FILE_H
#define CFK_BUNDLE_KEY_FILE_H

#include "bundle/pbes.h"
#include "cfkit/bundle_key.h"

/* Zero it; release with cfk__key_file_close(), which wipes. */
struct cfk__key_file {
    struct cfk__span der; /* not encrypted; in the file itself, or in secret */
    void *secret;
};

/*
 * The first private key of a file. CFK_OK, CFK_E_NOTFOUND (there is none),
 * CFK_E_CORRUPT, CFK_E_PASSPHRASE, CFK_E_NOTSUP, CFK_E_LIMIT, CFK_E_NOMEM.
 */
int cfk__key_file_open(struct cfk__span file, const struct cfk__passphrase *pass,
                       struct cfk__key_file *out, struct cfk_error *err);
void cfk__key_file_close(struct cfk__key_file *file);

/* A caller's options, which may be NULL, into *o, and the passphrase in them. */
int cfk__key_options(const struct cfk_bundle_key_options *opts,
                     struct cfk_bundle_key_options *o, struct cfk__passphrase *pass,
                     struct cfk_error *err);

#endif
