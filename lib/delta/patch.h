/* SPDX-License-Identifier: MIT */
/* A patch seen from outside: its format, its reference, its frame. */
#ifndef CFK_DELTA_PATCH_H
#define CFK_DELTA_PATCH_H

#include "delta/frame.h"
#include "delta/reference.h"

enum {
    CFK__DCZ_HEADER_SIZE = 40,
    CFK__PATCH_HEAD_MAX = CFK__DCZ_HEADER_SIZE + CFK__FRAME_HEADER_MAX,
};

struct cfk__patch {
    uint32_t format;
    uint8_t digest[CFK_DELTA_DIGEST_SIZE]; /* of the reference; dcz alone */
    size_t frame_offset;                   /* where the zstd frame starts */
    struct cfk__frame frame;
    uint64_t most; /* what the blocks can become; from cfk__patch_parse() alone */
};

/* The header of RFC 9842, section 5. */
void cfk__dcz_write(struct cfk__writer *w, const uint8_t digest[CFK_DELTA_DIGEST_SIZE]);

/*
 * Recognise the beginning of a patch. CFK_OK; CFK_E_AGAIN when more bytes are
 * needed, never from CFK__PATCH_HEAD_MAX on; CFK_E_NOTSUP or CFK_E_CORRUPT.
 */
int cfk__patch_head(const void *data, size_t size, struct cfk__patch *out,
                    struct cfk_error *err);

/* The same for a whole patch, to its last byte, beyond which there must be none. */
int cfk__patch_parse(const void *data, size_t size, struct cfk__patch *out,
                     struct cfk_error *err);

/*
 * Whether this patch may be decoded with ref: CFK_OK, CFK_E_REFERENCE,
 * CFK_E_NOTSUP (a trained dictionary) or CFK_E_LIMIT (a stated size over
 * max_output).
 */
int cfk__patch_admit(const struct cfk__patch *patch, const cfk_delta_ref *ref,
                     uint64_t max_output, struct cfk_error *err);

int cfk__patch_too_large(uint64_t max_output, struct cfk_error *err);

#endif
