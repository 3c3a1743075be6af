/* SPDX-License-Identifier: MIT */
/*
 * A certificate from outside that both mbedTLS and we read has one subject, one
 * issuer, one key, one serial number and one time to live.
 */
#include "../unit/bundle/peer.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__x509 x;
    unsigned read = 0;

    if (cfk__x509_parse(&x, data, size, NULL) == CFK_OK &&
        peer_differs(&x, &read) != NULL)
        abort();
    return 0;
}
