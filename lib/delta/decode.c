/* SPDX-License-Identifier: MIT */
/*
 * Decoding of whole patches. The output is its own window, so nothing else is
 * allocated; how much it can become is known from the block headers before.
 */
#include "delta/decode.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "delta/cfd.h"
#include "delta/vcdiff.h"
#include "delta/zstd.h"

static const uint64_t default_max_output = UINT64_C(1) << 30;
static const uint64_t default_max_window = UINT64_C(1) << 27;

int cfk__delta_decode_options(struct cfk_delta_decode_options *o,
                              const struct cfk_delta_decode_options *opts,
                              struct cfk_error *err)
{
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    if (o->max_output == 0)
        o->max_output = default_max_output;
    if (o->max_window == 0)
        o->max_window = default_max_window;
    return CFK_OK;
}

/* Check all that can be checked before decoding; *room is what it takes at most. */
static int admit(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                 const struct cfk_delta_decode_options *o, struct cfk__patch *p,
                 size_t *room, struct cfk_error *err)
{
    uint64_t most;
    int rc;

    rc = cfk__delta_check_input(ref, patch, patch_size, err);
    if (rc == CFK_OK)
        rc = cfk__patch_parse(patch, patch_size, p, err);
    if (rc == CFK_OK)
        rc = cfk__patch_admit(p, ref, o->max_output, err);
    if (rc != CFK_OK)
        return rc;
    most = p->frame.content_size;
    if (most == CFK__FRAME_SIZE_UNKNOWN)
        most = p->most < o->max_output ? p->most : o->max_output;
    if (most > SIZE_MAX)
        return cfk__patch_too_large(SIZE_MAX, err);
    *room = (size_t)most;
    return CFK_OK;
}

static int decode_frame(const cfk_delta_ref *ref, const struct cfk__patch *p,
                        const void *patch, size_t patch_size, void *out, size_t capacity,
                        size_t *result, struct cfk_error *err)
{
    const uint8_t *frame = (const uint8_t *)patch + p->frame_offset;
    ZSTD_DCtx *ctx;
    int rc = cfk__zstd_decoder_new(ref, &ctx, err);

    if (rc != CFK_OK)
        return rc;
    *result =
        ZSTD_decompressDCtx(ctx, out, capacity, frame, patch_size - p->frame_offset);
    ZSTD_freeDCtx(ctx);
    return CFK_OK;
}

int cfk_delta_decode(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                     const struct cfk_delta_decode_options *opts, void **out,
                     size_t *out_size, struct cfk_error *err)
{
    struct cfk_delta_decode_options o;
    struct cfk__patch p;
    uint8_t *data;
    uint8_t *trimmed;
    size_t room;
    size_t result;
    int rc;

    *out = NULL;
    *out_size = 0;
    rc = cfk__delta_decode_options(&o, opts, err);
    if (rc == CFK_OK && patch != NULL && cfk__vcdiff_is(patch, patch_size))
        return cfk__vcdiff_decode(ref, patch, patch_size, &o, out, out_size, err);
    if (rc == CFK_OK && cfk__cfd_is(patch, patch_size))
        return cfk__cfd_decode(ref, patch, patch_size, &o, out, out_size, err);
    if (rc == CFK_OK)
        rc = admit(ref, patch, patch_size, &o, &p, &room, err);
    if (rc != CFK_OK)
        return rc;
    data = cfk__malloc(o.alloc, room);
    if (data == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %zu bytes", room);
    rc = decode_frame(ref, &p, patch, patch_size, data, room, &result, err);
    if (rc == CFK_OK && cfk__zstd_no_room(result) && room < p.most &&
        p.frame.content_size == CFK__FRAME_SIZE_UNKNOWN)
        rc = cfk__patch_too_large(o.max_output, err);
    else if (rc == CFK_OK && ZSTD_isError(result))
        rc = cfk__zstd_decode_failed(result, p.format, p.frame_offset, err);
    if (rc != CFK_OK) {
        cfk__free(o.alloc, data);
        return rc;
    }
    trimmed = result < room ? cfk__realloc(o.alloc, data, result, 1) : NULL;
    *out = trimmed != NULL ? trimmed : data;
    *out_size = result;
    return CFK_OK;
}

int cfk_delta_decode_to(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                        const struct cfk_delta_decode_options *opts, void *out,
                        size_t capacity, size_t *out_size, struct cfk_error *err)
{
    struct cfk_delta_decode_options o;
    struct cfk__patch p;
    uint8_t nowhere;
    size_t room;
    size_t result;
    int rc;

    *out_size = 0;
    rc = cfk__delta_decode_options(&o, opts, err);
    if (rc == CFK_OK && patch != NULL && cfk__vcdiff_is(patch, patch_size))
        return cfk__vcdiff_decode_to(ref, patch, patch_size, &o, out, capacity, out_size,
                                     err);
    if (rc == CFK_OK && cfk__cfd_is(patch, patch_size))
        return cfk__cfd_decode_to(ref, patch, patch_size, &o, out, capacity, out_size,
                                  err);
    if (rc == CFK_OK)
        rc = admit(ref, patch, patch_size, &o, &p, &room, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__delta_overlap(out, capacity, ref->old.data, ref->old.size) ||
        cfk__delta_overlap(out, capacity, patch, patch_size))
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: the output overlaps the reference or the patch");
    if (p.frame.content_size != CFK__FRAME_SIZE_UNKNOWN && room > capacity)
        return cfk__fail(err, CFK_E_SPACE,
                         "delta: the new version has %zu bytes, the buffer %zu", room,
                         capacity);
    rc = decode_frame(ref, &p, patch, patch_size, capacity > 0 ? out : &nowhere,
                      room < capacity ? room : capacity, &result, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__zstd_no_room(result) && room > capacity)
        return cfk__fail(err, CFK_E_SPACE,
                         "delta: the new version has more bytes than the buffer's %zu",
                         capacity);
    if (cfk__zstd_no_room(result) && p.frame.content_size == CFK__FRAME_SIZE_UNKNOWN &&
        room < p.most)
        return cfk__patch_too_large(o.max_output, err);
    if (ZSTD_isError(result))
        return cfk__zstd_decode_failed(result, p.format, p.frame_offset, err);
    *out_size = result;
    return CFK_OK;
}
