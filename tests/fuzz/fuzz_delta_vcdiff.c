/* SPDX-License-Identifier: MIT */
/*
 * VCDIFF. With an even first byte the rest is a patch against a reference that both
 * sides know, decoded whole and in pieces, which must agree; with an odd one it is two
 * versions, which must make a patch that leads from the one to the other.
 */
#include "fuzz.h"
#include "fuzz_delta.h"

#include <string.h>

static const struct cfk_delta_decode_options options = {
    .size = sizeof options,
    .max_output = OUTPUT_MAX,
};

static void decode(const uint8_t *patch, size_t size)
{
    static cfk_delta_ref *ref;
    static uint8_t pieces[OUTPUT_MAX + OUTPUT_STEP_MAX];
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    size_t pieces_size;
    size_t whole_size;
    void *whole;
    int rc;
    int pieces_rc;

    if (ref == NULL)
        ref = reference();
    rc = cfk_delta_decode(ref, patch, size, &options, &whole, &whole_size, &err);
    if ((rc == CFK_OK) != (whole != NULL) || err.code != rc || err.offset > size)
        abort();
    pieces_rc = in_pieces(ref, &options, patch, size, pieces, &pieces_size);
    if (rc == CFK_OK && pieces_rc != CFK_E_NOTSUP && pieces_rc != CFK_E_LIMIT &&
        (pieces_rc != CFK_OK || pieces_size != whole_size ||
         memcmp(pieces, whole, whole_size) != 0))
        abort();
    if (rc != CFK_OK && pieces_rc == CFK_OK)
        abort();
    if (rc == CFK_OK && (cfk_delta_info(patch, size, &info, NULL) != CFK_OK ||
                         info.new_size != whole_size))
        abort();
    cfk_free(NULL, whole);
}

static void round_trip(const cfk_delta_ref *ref, const uint8_t *new, size_t size,
                       uint32_t level)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .format = CFK_DELTA_VCDIFF,
        .level = level,
        .no_verify = 1,
    };
    void *patch;
    void *back;
    size_t patch_size;
    size_t back_size;

    if (cfk_delta_encode(ref, new, size, &opts, &patch, &patch_size, NULL) != CFK_OK ||
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
    cfk_delta_ref *ref;
    size_t old_size;

    if (size < 3)
        return 0;
    if (data[0] % 2 == 0) {
        decode(data + 1, size - 1);
        return 0;
    }
    old_size = (data[1] | (size_t)data[2] << 8) % (size - 2);
    if (cfk_delta_ref_new(data + 3, old_size, NULL, &ref, NULL) != CFK_OK)
        abort();
    round_trip(ref, data + 3 + old_size, size - 3 - old_size, data[0] / 2u % 9 + 1);
    cfk_delta_ref_free(ref);
    return 0;
}
