/* SPDX-License-Identifier: MIT */
/*
 * A binary body from outside against any old version, an ELF file with damage among
 * them; and what is aligned with it comes back.
 */
#include "delta/bin.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { NEW_MAX = 4096 };

static void round_trip(struct cfk__span old, struct cfk__span new_version)
{
    static uint8_t body[4 * NEW_MAX];
    struct cfk__bin_body *decoder;
    struct cfk__reader in;
    size_t size;

    if (cfk__bin_encode_body(NULL, old, new_version, 8, body, sizeof body, &size) !=
            CFK_OK ||
        cfk__bin_body_new(NULL, old, new_version.size, &decoder) != CFK_OK)
        abort();
    cfk__reader_init(&in, body, size);
    if (cfk__bin_body_take(decoder, &in, SIZE_MAX) != CFK__CM_WHOLE ||
        cfk__bin_body_known(decoder).size != new_version.size ||
        (new_version.size > 0 && memcmp(cfk__bin_body_known(decoder).data,
                                        new_version.data, new_version.size) != 0))
        abort();
    cfk__bin_body_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk__span old;
    struct cfk__span rest;
    struct cfk__bin_body *decoder;
    struct cfk__reader in;
    size_t new_size;

    if (size < 4)
        return 0;
    new_size = (data[0] | (size_t)data[1] << 8) % NEW_MAX;
    old.size = (data[2] | (size_t)data[3] << 8) % (size - 3);
    old.data = data + 4;
    rest = (struct cfk__span){ old.data + old.size, size - 4 - old.size };
    if (cfk__bin_body_new(NULL, old, new_size, &decoder) != CFK_OK)
        abort();
    cfk__reader_init(&in, rest.data, rest.size);
    cfk__bin_body_take(decoder, &in, SIZE_MAX);
    if (cfk__bin_body_known(decoder).size > new_size)
        abort();
    cfk__bin_body_free(decoder);
    if (rest.size <= NEW_MAX)
        round_trip(old, rest);
    return 0;
}
