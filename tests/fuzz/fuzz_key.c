/* SPDX-License-Identifier: MIT */
/*
 * A file with a private key. What is read out of it, with a passphrase or without, is
 * one public key, equal to itself alone, and the check of a certificate says the same.
 */
#include "bundle/key_der.h"
#include "bundle/key_file.h"
#include "cfkit/bundle_key.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { ITERATIONS = 100 };

static void expect_inside(struct cfk__span span, const uint8_t *data, size_t size,
                          const struct cfk__key_file *file)
{
    if (file->secret == NULL && span.size > 0 &&
        (span.data < data || span.size > size - (size_t)(span.data - data)))
        abort();
}

static void try_key(const uint8_t *data, size_t size, bool given)
{
    struct cfk__passphrase pass = { given, { (const uint8_t *)"secret", 6 }, ITERATIONS };
    struct cfk__public_key key;
    struct cfk__key_file file;
    char text[CFK__PUBLIC_KEY_TEXT];
    int rc = cfk__key_file_open((struct cfk__span){ data, size }, &pass, &file, NULL);

    if (rc != CFK_OK) {
        if (file.secret != NULL || file.der.size != 0)
            abort();
        return;
    }
    expect_inside(file.der, data, size, &file);
    if (cfk__key_public(file.der, &key, NULL) == CFK_OK) {
        struct cfk__public_key other = key;

        other.point[other.point_size > 0 ? other.point_size - 1 : 0] ^= 1;
        if (!cfk__public_key_equal(&key, &key) ||
            (key.kind >= CFK__KEY_EC && cfk__public_key_equal(&key, &other)) ||
            strlen(cfk__public_key_text(&key, text)) < 3)
            abort();
    }
    cfk__key_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int encrypted = cfk_bundle_key_encrypted(data, size);

    try_key(data, size, false);
    if (encrypted)
        try_key(data, size, true);
    return 0;
}
