/* SPDX-License-Identifier: MIT */
/*
 * The body of a cfd patch from outside against a known reference, behind a header
 * that is right: the first byte tells the body, the next two the size. Decoded
 * whole and in pieces, which must agree.
 */
#include "delta/cfd.h"
#include "fuzz.h"
#include "fuzz_delta.h"

#include <string.h>

enum { HEADER_MAX = 16, PATCH_MAX = 1 << 16 };

static int in_small_pieces(const cfk_delta_ref *ref, const uint8_t *patch, size_t size,
                           uint8_t *out, size_t *out_size)
{
    size_t step = size % 13 + 1;
    size_t room = size % 4095 + 1;
    cfk_delta_decoder *decoder;
    size_t at = 0;
    size_t given = 0;
    int rc = cfk_delta_decoder_new(ref, NULL, &decoder, NULL);

    *out_size = 0;
    while (rc == CFK_OK && (at < size || given == room)) {
        size_t piece = size - at < step ? size - at : step;
        size_t used;

        rc = cfk_delta_decoder_update(decoder, patch + at, piece, &used, out + *out_size,
                                      room, &given, NULL);
        at += used;
        *out_size += given;
        if (*out_size > 65535)
            abort();
    }
    if (rc == CFK_OK)
        rc = cfk_delta_decoder_finish(decoder, NULL);
    cfk_delta_decoder_free(decoder);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cfk_delta_ref *ref;
    static uint8_t patch[PATCH_MAX];
    static uint8_t pieces[65536 + 4096];
    struct cfk_error err = { 0 };
    struct cfk__cfd_header header;
    struct cfk__writer w;
    size_t pieces_size;
    size_t whole_size;
    void *whole;
    int rc;
    int pieces_rc;

    if (ref == NULL)
        ref = reference();
    if (size < 7 || size - 7 > PATCH_MAX - HEADER_MAX)
        return 0;
    header.body = (enum cfk__cfd_body)(data[0] & 3);
    header.new_size = data[1] | (uint64_t)data[2] << 8;
    memcpy(header.old_check, cfk_delta_ref_digest(ref), sizeof header.old_check);
    memcpy(header.new_check, data + 3, sizeof header.new_check);
    cfk__writer_init(&w, patch, sizeof patch);
    cfk__cfd_header_write(&w, &header);
    cfk__write(&w, data + 7, size - 7);
    size = cfk__writer_size(&w);
    rc = cfk_delta_decode(ref, patch, size, NULL, &whole, &whole_size, &err);
    if ((rc == CFK_OK) != (whole != NULL) || err.code != rc || err.offset > size)
        abort();
    pieces_rc = in_small_pieces(ref, patch, size, pieces, &pieces_size);
    if ((rc == CFK_OK) != (pieces_rc == CFK_OK) ||
        (rc == CFK_OK &&
         (pieces_size != whole_size || memcmp(pieces, whole, whole_size) != 0)))
        abort();
    cfk_free(NULL, whole);
    return 0;
}
