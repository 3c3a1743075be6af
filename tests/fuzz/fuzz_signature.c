/* SPDX-License-Identifier: MIT */
/*
 * Keys and signatures from outside: a byte of scheme, a byte of hash, two
 * bytes of key length, the key, the rest is the signature. The key and the
 * signature must never be read beyond their ends, and nothing verifies, since
 * the message is one that nobody has signed.
 */
#include "base/crypto.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char message[] = "a message that nobody has signed";
    struct cfk__signature_scheme scheme;
    struct cfk__reader r;
    struct cfk__span key;
    struct cfk__span signature;
    uint8_t id, hash;
    uint16_t key_size;
    int rc;

    cfk__reader_init(&r, data, size);
    if (!cfk__read_u8(&r, &id) || !cfk__read_u8(&r, &hash) ||
        !cfk__read_u16be(&r, &key_size) || !cfk__read_span(&r, key_size, &key))
        return 0;
    cfk__read_span(&r, cfk__reader_left(&r), &signature);
    scheme.id = (enum cfk__signature_id)(id % 4);
    scheme.hash = (enum cfk__hash_id)(hash % 4);
    scheme.salt_size = id / 4;
    rc = cfk__signature_verify(
        &scheme, key, (struct cfk__span){ (const uint8_t *)message, sizeof message },
        signature, NULL);
    if (rc != CFK_E_SIGNATURE && rc != CFK_E_CORRUPT && rc != CFK_E_NOTSUP)
        abort();
    return 0;
}
