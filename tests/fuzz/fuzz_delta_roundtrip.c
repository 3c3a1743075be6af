/* SPDX-License-Identifier: MIT */
/*
 * Any two versions make a patch, and it leads from the one to the other. The
 * first bytes choose level, format, and where the old version ends.
 */
#include "cfkit/delta.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { CHOICES = 4 };

static void round_trip(const cfk_delta_ref *ref, const uint8_t *new, size_t size,
                       const struct cfk_delta_encode_options *opts)
{
    void *patch;
    void *back;
    size_t patch_size;
    size_t back_size;

    if (cfk_delta_encode(ref, new, size, opts, &patch, &patch_size, NULL) != CFK_OK ||
        patch_size > cfk_delta_bound(size))
        abort();
    if (cfk_delta_decode(ref, patch, patch_size, NULL, &back, &back_size, NULL) !=
            CFK_OK ||
        back_size != size || (size > 0 && memcmp(back, new, size) != 0))
        abort();
    cfk_free(NULL, patch);
    cfk_free(NULL, back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .no_verify = 1 };
    cfk_delta_ref *ref;
    size_t old_size;

    if (size < CHOICES)
        return 0;
    opts.level = data[0] % 9u + 1;
    opts.format = data[1] % 2u + 1;
    opts.no_checksum = data[1] >> 7;
    size -= CHOICES;
    old_size = size > 0 ? (data[2] | (size_t)data[3] << 8) % (size + 1) : 0;
    data += CHOICES;
    if (cfk_delta_ref_new(data, old_size, NULL, &ref, NULL) != CFK_OK)
        abort();
    round_trip(ref, data + old_size, size - old_size, &opts);
    round_trip(ref, data, size, &opts); /* overlaps the reference */
    cfk_delta_ref_free(ref);
    return 0;
}
