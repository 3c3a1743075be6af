/* SPDX-License-Identifier: MIT */
/*
 * A PKCS #12 file under the passphrase "secret": what comes out of it is a bag that
 * is read, or a reason; and its key, where it has one, is compared.
 */
#include "bundle/pkcs7.h"
#include "bundle/x509.h"
#include "cfkit/bundle.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts, .max_iterations = 20 };
    struct cfk_error err = { 0 };
    struct cfk__reader certs;
    struct cfk__der cert;
    size_t bag_size;
    void *bag;

    if (!cfk_bundle_is_pkcs12(data, size))
        return 0;
    opts.passphrase = "secret";
    opts.passphrase_size = 6;
    if (cfk_bundle_pkcs12_certs(data, size, &opts, &bag, &bag_size, &err) != CFK_OK) {
        if (bag != NULL || err.code == CFK_OK || err.message[0] == '\0')
            abort();
    } else {
        if (cfk__pkcs7_open((struct cfk__span){ bag, bag_size }, &certs, NULL) !=
                CFK_OK ||
            cfk__reader_left(&certs) == 0)
            abort();
        if (cfk__pkcs7_next(&certs, &cert))
            cfk_bundle_key_check(data, size, cert.whole.data, cert.whole.size, &opts,
                                 NULL);
        cfk_free(NULL, bag);
    }
    return 0;
}
