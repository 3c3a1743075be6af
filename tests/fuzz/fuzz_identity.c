/* SPDX-License-Identifier: MIT */
/*
 * Identities and public texts from outside. A text that is read has one
 * spelling; a public text that is accepted is written as it came, but for case.
 */
#include "fuzz.h"
#include "split/bech32.h"
#include "split/identity.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void check_public(const char *text, size_t size)
{
    char written[CFK_IDENTITY_PUBLIC_SIZE];
    uint8_t key[CFK__X25519_SIZE];

    if (cfk__public_read(text, size, key, NULL) != CFK_OK)
        return;
    cfk__public_write(key, written);
    demand(size == strlen(written) && strncasecmp(text, written, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_identity_info info = { .size = sizeof info };
    const char *text = (const char *)data;
    int rc = cfk_identity_show(text, size, &info, NULL);

    demand(rc == CFK_OK || rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP);
    if (rc == CFK_OK) {
        struct cfk__keyfile file;
        char written[CFK__KEYFILE_MAX_TEXT];
        size_t len;

        demand(cfk_identity_check_public(info.public_text, 62, NULL) == CFK_OK);
        demand(cfk__keyfile_read(text, size, &file, NULL) == CFK_OK);
        demand(cfk__keyfile_write(&file, written, &len, NULL) == CFK_OK);
        demand(len == size && memcmp(written, text, len) == 0);
    }
    check_public(text, size);
    return 0;
}
