/* SPDX-License-Identifier: MIT */
/* The file of a server, in PEM, DER or PKCS #7: the leaf that comes out is a certificate.
 */
#include "bundle/pool.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_bundle_report report = { .size = sizeof report };
    cfk_bundle_pool *pool;
    struct cfk__x509 x;
    void *leaf;
    size_t leaf_size;
    int rc;

    if (cfk_bundle_pool_new(NULL, &pool, NULL) != CFK_OK)
        abort();
    rc = cfk_bundle_pool_add_input(pool, data, size, &report, &leaf, &leaf_size, NULL);
    if (report.bad > report.found || (rc == CFK_OK) != (leaf != NULL))
        abort();
    if (rc == CFK_OK && cfk__x509_parse(&x, leaf, leaf_size, NULL) != CFK_OK)
        abort();
    cfk_bundle_pool_add(pool, data, size, CFK_BUNDLE_ROOT, NULL, NULL);
    cfk_free(NULL, leaf);
    cfk_bundle_pool_free(pool);
    return 0;
}
