/* SPDX-License-Identifier: MIT */
/*
 * The container cfd, see cfd(5): which back end made the body, the size of the
 * new version and checks of both versions, in 11 bytes up to 4 KiB, in 12 up to 1 MiB.
 */
#ifndef CFK_DELTA_CFD_H
#define CFK_DELTA_CFD_H

#include "delta/reference.h"

enum {
    CFK__CFD_HEADER_MAX = 16,
    CFK__CFD_CHECK_SIZE = 4, /* of a SHA-256, its first bytes */

    /*
     * Old and new version together, at most, of a mixed body: decoding one takes
     * the time of making it, and a few bytes can claim any size.
     */
    CFK__CFD_MIXED_MAX = 64 << 20,
};

enum cfk__cfd_body {
    CFK__CFD_SAME,   /* none: the new version is the old one */
    CFK__CFD_ZSTD,   /* a zstd frame */
    CFK__CFD_MIXED,  /* context mixing */
    CFK__CFD_BINARY, /* pieces of the old version, see bin.h */
};

struct cfk__cfd_header {
    enum cfk__cfd_body body;
    uint64_t new_size;
    uint8_t old_check[CFK__CFD_CHECK_SIZE];
    uint8_t new_check[CFK__CFD_CHECK_SIZE];
};

/* The bytes of the header of a patch for so many bytes. */
size_t cfk__cfd_header_size(uint64_t new_size);
void cfk__cfd_header_write(struct cfk__writer *w, const struct cfk__cfd_header *h);

/* Whether these are the first bytes of a cfd patch, as far as they go. */
bool cfk__cfd_is(const void *data, size_t size);

/*
 * Take the header of a patch that was recognised. CFK_OK; CFK_E_AGAIN when
 * more bytes are needed; CFK_E_NOTSUP (a back end of a later version) or CFK_E_CORRUPT.
 */
int cfk__cfd_header_read(struct cfk__reader *r, struct cfk__cfd_header *out,
                         struct cfk_error *err);

/* The same, to info. */
int cfk__cfd_info(const void *patch, size_t patch_size, struct cfk_delta_patch_info *info,
                  struct cfk_error *err);

/* The header of a patch with a zstd frame, or of one between versions that are the same.
 */
int cfk__cfd_header_make(const cfk_delta_ref *ref, const void *data, size_t size,
                         struct cfk__cfd_header *h, struct cfk_error *err);

/*
 * Make a patch at dst without a frame to compare with: between the same versions,
 * programs, and texts that are much alike. dst has room for the bound of such a patch.
 * CFK_E_SPACE: it is none of these.
 */
int cfk__cfd_encode_at_once(const struct cfk_alloc *alloc, uint32_t level,
                            const cfk_delta_ref *ref, struct cfk__span data,
                            struct cfk__cfd_header *h, uint8_t *dst, size_t *patch_size,
                            struct cfk_error *err);

/*
 * Make a patch at dst, where a zstd frame stands in the place of the body already: to
 * be beaten, or to stay. *patch_size is the size with it, and becomes that of the patch.
 */
int cfk__cfd_encode(const struct cfk_alloc *alloc, uint32_t level,
                    const cfk_delta_ref *ref, struct cfk__span data,
                    struct cfk__cfd_header *h, uint8_t *dst, size_t *patch_size,
                    struct cfk_error *err);

/* The whole patch at once, into room for capacity bytes. */
int cfk__cfd_decode_to(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                       const struct cfk_delta_decode_options *o, void *out,
                       size_t capacity, size_t *out_size, struct cfk_error *err);

/* The same into memory of its own, to be released with o->alloc. */
int cfk__cfd_decode(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                    const struct cfk_delta_decode_options *o, void **out,
                    size_t *out_size, struct cfk_error *err);

/* CFK_E_REFERENCE, CFK_E_LIMIT or CFK_E_CORRUPT (a copy of a size that ref has not). */
int cfk__cfd_admit(const struct cfk__cfd_header *h, const cfk_delta_ref *ref,
                   uint64_t max_output, uint64_t max_window, struct cfk_error *err);

/* A decoder for the body, in pieces. */
struct cfk__cfd_decoder;

/*
 * Checks reference and limits before it allocates: CFK_E_REFERENCE, CFK_E_LIMIT,
 * CFK_E_CORRUPT or CFK_E_NOMEM.
 */
int cfk__cfd_decoder_new(const struct cfk_alloc *alloc, const cfk_delta_ref *ref,
                         const struct cfk__cfd_header *header, uint64_t max_output,
                         uint64_t max_window, struct cfk__cfd_decoder **out,
                         struct cfk_error *err);
void cfk__cfd_decoder_free(struct cfk__cfd_decoder *d);

/* Take from in, whose start is the start of what was not taken yet, and give to out. */
int cfk__cfd_decoder_update(struct cfk__cfd_decoder *d, struct cfk__reader *in,
                            struct cfk__writer *out, struct cfk_error *err);

/* Whether the new version is whole and right. */
bool cfk__cfd_decoder_done(const struct cfk__cfd_decoder *d);

#endif
