/* SPDX-License-Identifier: MIT */
/* What the fuzz targets of delta share: a known reference, and decoding in pieces. */
#ifndef FUZZ_DELTA_H
#define FUZZ_DELTA_H

#include "cfkit/delta.h"

#include <stdio.h>
#include <stdlib.h>

enum { REFERENCE_SIZE = 4096, OUTPUT_MAX = 1 << 20, OUTPUT_STEP_MAX = 8192 };

/* Also made, for the seeds, by: seq -f 'line %g of the old version' 1000 | head -c 4096
 */
static inline cfk_delta_ref *reference(void)
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

/*
 * In pieces whose sizes depend on the patch's own; the output into out, which has room
 * for OUTPUT_MAX + OUTPUT_STEP_MAX bytes.
 */
static inline int in_pieces(const cfk_delta_ref *ref,
                            const struct cfk_delta_decode_options *options,
                            const uint8_t *patch, size_t size, uint8_t *out,
                            size_t *out_size)
{
    size_t in_step = size % 97 + 1;
    size_t out_step = size % (OUTPUT_STEP_MAX - 1) + 1;
    cfk_delta_decoder *decoder;
    size_t given = 0;
    size_t at = 0;
    int rc = cfk_delta_decoder_new(ref, options, &decoder, NULL);

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

#endif
