/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/options.h"
#include "bundle/key_der.h"
#include "bundle/key_file.h"
#include "bundle/x509.h"

#include <stdio.h>

enum { MAX_ITERATIONS = 10000000 };

int cfk__key_options(const struct cfk_bundle_key_options *opts,
                     struct cfk_bundle_key_options *o, struct cfk__passphrase *pass,
                     struct cfk_error *err)
{
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    pass->given = o->passphrase != NULL;
    pass->text = (struct cfk__span){ o->passphrase, o->passphrase_size };
    pass->max_iterations = o->max_iterations > 0 ? o->max_iterations : MAX_ITERATIONS;
    return CFK_OK;
}

static int mismatch(const struct cfk__public_key *key, const char *theirs,
                    struct cfk_error *err)
{
    char text[CFK__PUBLIC_KEY_TEXT];

    return cfk__fail(err, CFK_E_KEY,
                     "bundle: the private key (%s) is not that of the certificate (%s)",
                     cfk__public_key_text(key, text), theirs);
}

static int compare(const struct cfk__public_key *key, const struct cfk__x509 *cert,
                   struct cfk_error *err)
{
    char text[CFK__PUBLIC_KEY_TEXT];
    struct cfk__public_key theirs;
    int rc = cfk__public_key_of(cert->key.spki, &theirs, err);

    if (rc == CFK_E_KEY) { /* of a kind that the private key cannot be */
        snprintf(text, sizeof text, "%s", cert->key.name);
        return mismatch(key, text, err);
    }
    if (rc != CFK_OK)
        return rc;
    return cfk__public_key_equal(key, &theirs)
               ? CFK_OK
               : mismatch(key, cfk__public_key_text(&theirs, text), err);
}

int cfk_bundle_key_check(const void *key, size_t key_size, const void *cert,
                         size_t cert_size, const struct cfk_bundle_key_options *opts,
                         struct cfk_error *err)
{
    struct cfk_bundle_key_options o;
    struct cfk__public_key ours;
    struct cfk__passphrase pass;
    struct cfk__key_file file;
    struct cfk__x509 x;
    int rc = cfk__key_options(opts, &o, &pass, err);

    if (rc == CFK_OK)
        rc = cfk__x509_parse(&x, cert, cert_size, err);
    if (rc == CFK_OK)
        rc = cfk__key_file_open((struct cfk__span){ key, key_size }, &pass, &file, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk__key_public(file.der, &ours, err);
    if (rc == CFK_OK)
        rc = compare(&ours, &x, err);
    cfk__key_file_close(&file);
    return rc;
}

int cfk_bundle_key_encrypted(const void *key, size_t key_size)
{
    struct cfk__passphrase none = { .max_iterations = MAX_ITERATIONS };
    struct cfk__key_file file;
    int rc = cfk__key_file_open((struct cfk__span){ key, key_size }, &none, &file, NULL);

    cfk__key_file_close(&file);
    return rc == CFK_E_PASSPHRASE;
}
