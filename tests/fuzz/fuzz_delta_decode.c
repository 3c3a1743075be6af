/* SPDX-License-Identifier: MIT */
/*
 * A patch from outside against a reference that both sides know: decoded whole and
 * in pieces, which must agree on whether it is one and on what it becomes.
 */
#include "fuzz.h"
#include "fuzz_delta.h"

#include <string.h>

enum { WINDOW_MAX = 8 << 20 };

static const struct cfk_delta_decode_options options = {
    .size = sizeof options,
    .max_output = OUTPUT_MAX,
    .max_window = WINDOW_MAX,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cfk_delta_ref *ref;
    static uint8_t pieces[OUTPUT_MAX + OUTPUT_STEP_MAX];
    struct cfk_error err = { 0 };
    struct cfk_delta_patch_info info = { .size = sizeof info };
    size_t pieces_size;
    size_t whole_size;
    void *whole;
    int rc;
    int pieces_rc;

    if (ref == NULL)
        ref = reference();
    rc = cfk_delta_decode(ref, data, size, &options, &whole, &whole_size, &err);
    if ((rc == CFK_OK) != (whole != NULL) || err.code != rc || whole_size > OUTPUT_MAX ||
        err.offset > size)
        abort();
    pieces_rc = in_pieces(ref, &options, data, size, pieces, &pieces_size);
    if (rc == CFK_OK && pieces_rc != CFK_E_LIMIT &&
        (pieces_rc != CFK_OK || pieces_size != whole_size ||
         memcmp(pieces, whole, whole_size) != 0))
        abort();
    if (rc != CFK_OK && pieces_rc == CFK_OK)
        abort();
    if (rc == CFK_OK && (cfk_delta_info(data, size, &info, NULL) != CFK_OK ||
                         (info.new_size_known && info.new_size != whole_size)))
        abort();
    cfk_free(NULL, whole);
    return 0;
}
