/* SPDX-License-Identifier: MIT */
/*
 * A patch from outside against a reference that both sides know: decoded whole and
 * in pieces, which must agree on whether it is one and on what it becomes.
 */
#include "cfkit/delta.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFERENCE_SIZE = 4096, OUTPUT_MAX = 1 << 20, WINDOW_MAX = 8 << 20 };

static const struct cfk_delta_decode_options options = {
    .size = sizeof options,
    .max_output = OUTPUT_MAX,
    .max_window = WINDOW_MAX,
};

/* Also made, for the seeds, by: seq -f 'line %g of the old version' 1000 | head -c 4096
 */
static cfk_delta_ref *reference(void)
{
    static char text[REFERENCE_SIZE + 64];
    struct cfk_delta_ref_options copy = { .size = sizeof copy, .copy = 1 };
    cfk_delta_ref *ref;
    size_t at = 0;

    for (int line = 1; at < REFERENCE_SIZE; line++)
        at += (size_t)snprintf(text + at, 64, "line %d of the old version\n", line);
    if (cfk_delta_ref_new(text, REFERENCE_SIZE, &copy, &ref, NULL) != CFK_OK)
        abort();
    return ref;
}

/* In pieces whose sizes depend on the patch's own; the output into out. */
static int in_pieces(const cfk_delta_ref *ref, const uint8_t *patch, size_t size,
                     uint8_t *out, size_t *out_size)
{
    size_t in_step = size % 97 + 1;
    size_t out_step = size % 8191 + 1;
    cfk_delta_decoder *decoder;
    size_t given = 0;
    size_t at = 0;
    int rc = cfk_delta_decoder_new(ref, &options, &decoder, NULL);

    *out_size = 0;
    while (rc == CFK_OK && (at < size || given == out_step)) {
        size_t step = size - at < in_step ? size - at : in_step;
        size_t used;

        rc = cfk_delta_decoder_update(decoder, patch + at, step, &used, out + *out_size,
                                      out_step, &given, NULL);
        if (used > step || given > out_step || *out_size + given > OUTPUT_MAX ||
            (rc == CFK_OK && used < step && given < out_step))
            abort();
        at += used;
        *out_size += given;
    }
    if (rc == CFK_OK)
        rc = cfk_delta_decoder_finish(decoder, NULL);
    cfk_delta_decoder_free(decoder);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cfk_delta_ref *ref;
    static uint8_t pieces[OUTPUT_MAX + 8192];
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
    pieces_rc = in_pieces(ref, data, size, pieces, &pieces_size);
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
