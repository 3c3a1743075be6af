/* SPDX-License-Identifier: MIT */
/* A patch, decoded and compared with what it was made of. */
#include "delta/verify.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum { PIECE = 1 << 16 };

/* Decode the whole of a patch; *same: it is data. */
static int compare_whole(const cfk_delta_ref *ref, struct cfk__span data,
                         struct cfk__span patch,
                         const struct cfk_delta_decode_options *opts, bool *same,
                         struct cfk_error *err)
{
    void *decoded;
    size_t size;
    int rc = cfk_delta_decode(ref, patch.data, patch.size, opts, &decoded, &size, err);

    *same = rc == CFK_OK && size == data.size &&
            (size == 0 || memcmp(decoded, data.data, size) == 0);
    cfk_free(opts->alloc, decoded);
    return rc;
}

/* The same, window by window. */
static int compare_pieces(cfk_delta_decoder *decoder, struct cfk__span data,
                          struct cfk__span patch, uint8_t *piece, bool *same,
                          struct cfk_error *err)
{
    size_t given = 0;
    size_t done = 0;
    size_t at = 0;
    int rc = CFK_OK;

    *same = true;
    while (rc == CFK_OK && *same && (at < patch.size || given == PIECE)) {
        size_t used;

        rc = cfk_delta_decoder_update(decoder, patch.data + at, patch.size - at, &used,
                                      piece, PIECE, &given, err);
        at += used;
        *same = given <= data.size - done &&
                (given == 0 || memcmp(piece, data.data + done, given) == 0);
        done += given;
    }
    *same = *same && done == data.size;
    return rc == CFK_OK ? cfk_delta_decoder_finish(decoder, err) : rc;
}

static int compare_windows(const cfk_delta_ref *ref, struct cfk__span data,
                           struct cfk__span patch,
                           const struct cfk_delta_decode_options *opts, bool *same,
                           struct cfk_error *err)
{
    cfk_delta_decoder *decoder = NULL;
    uint8_t *piece = cfk__malloc(opts->alloc, PIECE);
    int rc = CFK_E_NOMEM;

    *same = false;
    if (piece != NULL)
        rc = cfk_delta_decoder_new(ref, opts, &decoder, err);
    else
        cfk__fail(err, rc, "delta: no memory to verify the patch");
    if (rc == CFK_OK)
        rc = compare_pieces(decoder, data, patch, piece, same, err);
    cfk_delta_decoder_free(decoder);
    cfk__free(opts->alloc, piece);
    return rc;
}

int cfk__delta_verify(const struct cfk_alloc *alloc, uint32_t format,
                      const cfk_delta_ref *ref, struct cfk__span data,
                      struct cfk__span patch, struct cfk_error *err)
{
    struct cfk_delta_decode_options opts = {
        .size = sizeof opts,
        .alloc = alloc,
        .max_output = data.size > 0 ? data.size : 1,
    };
    bool same;
    int rc = format == CFK_DELTA_VCDIFF
                 ? compare_windows(ref, data, patch, &opts, &same, err)
                 : compare_whole(ref, data, patch, &opts, &same, err);

    if (rc == CFK_E_NOMEM)
        return rc;
    if (rc != CFK_OK || !same)
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: the patch does not lead to the new version: old or new "
                         "bytes changed meanwhile");
    return CFK_OK;
}
