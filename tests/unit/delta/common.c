/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

cfk_delta_ref *make_ref(const void *data, size_t size)
{
    cfk_delta_ref *ref;

    ck_assert_int_eq(cfk_delta_ref_new(data, size, NULL, &ref, NULL), CFK_OK);
    return ref;
}

void sample_make(struct sample *s, size_t old_size, unsigned edits, uint32_t format)
{
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .format = format };
    size_t capacity = old_size + 64 * (size_t)edits;
    struct gen g;

    gen_seed(&g, old_size * 31 + edits);
    s->old_size = old_size;
    s->old = malloc(old_size + 1);
    s->new = malloc(capacity + 1);
    ck_assert(s->old != NULL && s->new != NULL);
    gen_text(&g, (char *)s->old, old_size);
    s->new_size = gen_edit(&g, s->old, old_size, edits, s->new, capacity);
    s->ref = make_ref(s->old, old_size);
    ck_assert_int_eq(cfk_delta_encode(s->ref, s->new, s->new_size, &opts, &s->patch,
                                      &s->patch_size, NULL),
                     CFK_OK);
}

void sample_free(struct sample *s)
{
    cfk_delta_ref_free(s->ref);
    cfk_free(NULL, s->patch);
    free(s->old);
    free(s->new);
}

size_t round_trip(const cfk_delta_ref *ref, const void *data, size_t size,
                  uint32_t format, uint32_t level)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .format = format,
        .level = level,
        .no_verify = 1, /* this function does it */
    };
    struct cfk_error err = { 0 };
    void *patch;
    void *back;
    size_t patch_size;
    size_t back_size;
    int rc = cfk_delta_encode(ref, data, size, &opts, &patch, &patch_size, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    ck_assert_uint_le(patch_size, cfk_delta_bound(size));
    rc = cfk_delta_decode(ref, patch, patch_size, NULL, &back, &back_size, &err);
    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    ck_assert_uint_eq(back_size, size);
    if (size > 0)
        ck_assert_int_eq(memcmp(back, data, size), 0);
    cfk_free(NULL, patch);
    cfk_free(NULL, back);
    return patch_size;
}

int decode_code(const cfk_delta_ref *ref, const void *patch, size_t size,
                const struct cfk_delta_decode_options *opts, struct cfk_error *err)
{
    void *out = &out;
    size_t out_size = 1;
    int rc = cfk_delta_decode(ref, patch, size, opts, &out, &out_size, err);

    if (rc != CFK_OK) {
        ck_assert_ptr_null(out);
        ck_assert_uint_eq(out_size, 0);
    }
    cfk_free(opts == NULL ? NULL : opts->alloc, out);
    return rc;
}

int stream_decode(const cfk_delta_ref *ref, const void *patch, size_t size,
                  const struct cfk_delta_decode_options *opts, size_t piece_in,
                  size_t piece_out, uint8_t *out, size_t capacity, size_t *out_size,
                  struct cfk_error *err)
{
    const uint8_t *in = patch;
    uint8_t *room = malloc(piece_out);
    cfk_delta_decoder *decoder;
    size_t at = 0;
    size_t given;
    int rc = cfk_delta_decoder_new(ref, opts, &decoder, err);

    *out_size = 0;
    given = 0;
    while (rc == CFK_OK && (at < size || given == piece_out)) {
        size_t piece = size - at < piece_in ? size - at : piece_in;
        size_t used;

        rc = cfk_delta_decoder_update(decoder, in + at, piece, &used, room, piece_out,
                                      &given, err);
        if (used > piece || given > piece_out || given > capacity - *out_size ||
            (rc == CFK_OK && used < piece && given < piece_out))
            ck_abort_msg("took %zu of %zu, gave %zu of %zu", used, piece, given,
                         piece_out);
        memcpy(out + *out_size, room, given);
        *out_size += given;
        at += used;
    }
    if (rc == CFK_OK)
        rc = cfk_delta_decoder_finish(decoder, err);
    cfk_delta_decoder_free(decoder);
    free(room);
    return rc;
}
