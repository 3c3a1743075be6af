/* SPDX-License-Identifier: MIT */
/* What the tests of delta share: pairs of versions, and patches made of them. */
#ifndef DELTA_COMMON_H
#define DELTA_COMMON_H

#include "cfkit/delta.h"

/* Generated text and an edited version of it, behind a patch. */
struct sample {
    uint8_t *old;
    size_t old_size;
    uint8_t *new;
    size_t new_size;
    cfk_delta_ref *ref;
    void *patch;
    size_t patch_size;
};

void sample_make(struct sample *s, size_t old_size, unsigned edits, uint32_t format);
void sample_free(struct sample *s);

cfk_delta_ref *make_ref(const void *data, size_t size);

/* Encode, check bound, decode, compare. Returns the size of the patch. */
size_t round_trip(const cfk_delta_ref *ref, const void *data, size_t size,
                  uint32_t format, uint32_t level);

/* The result of decoding, with its output released. */
int decode_code(const cfk_delta_ref *ref, const void *patch, size_t size,
                const struct cfk_delta_decode_options *opts, struct cfk_error *err);

/* A whole patch through a cfk_delta_decoder, in pieces of these sizes. */
int stream_decode(const cfk_delta_ref *ref, const void *patch, size_t size,
                  const struct cfk_delta_decode_options *opts, size_t piece_in,
                  size_t piece_out, uint8_t *out, size_t capacity, size_t *out_size,
                  struct cfk_error *err);

#endif
