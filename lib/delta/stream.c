/* SPDX-License-Identifier: MIT */
/*
 * Decoding in pieces. The head of the patch is gathered until it can be
 * judged; then it and all that follows goes through libzstd.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "delta/cfd.h"
#include "delta/decode.h"
#include "delta/vcdiff_stream.h"
#include "delta/zstd.h"

enum state { HEAD, BODY, VCDIFF, CFD, DONE, FAILED };

struct cfk_delta_decoder {
    struct cfk_alloc alloc;
    const cfk_delta_ref *ref;
    uint64_t max_output;
    uint64_t max_window;
    ZSTD_DCtx *ctx;
    struct cfk__vcdiff_stream *vcdiff; /* instead, for that format */
    struct cfk__cfd_decoder *cfd;      /* or for that */
    enum state state;
    struct cfk__patch patch;
    uint8_t head[CFK__PATCH_HEAD_MAX];
    size_t head_size;
    size_t head_used; /* of it, so much went through libzstd */
    uint64_t taken;   /* of the patch, head included */
    uint64_t given;   /* of the new version */
    bool pending;     /* the room ran out, so libzstd may hold more output */
};

/* One call's input and output. */
struct transfer {
    ZSTD_inBuffer in;
    ZSTD_outBuffer out;
};

int cfk_delta_decoder_new(const cfk_delta_ref *ref,
                          const struct cfk_delta_decode_options *opts,
                          cfk_delta_decoder **out, struct cfk_error *err)
{
    struct cfk_delta_decode_options o;
    cfk_delta_decoder *d;
    int rc;

    *out = NULL;
    rc = cfk__delta_decode_options(&o, opts, err);
    if (rc == CFK_OK)
        rc = cfk__delta_check_input(ref, NULL, 0, err);
    if (rc != CFK_OK)
        return rc;
    d = cfk__calloc(o.alloc, 1, sizeof *d);
    if (d == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a decoder");
    d->alloc = *cfk__alloc_or_default(o.alloc);
    d->ref = ref;
    d->max_output = o.max_output;
    d->max_window = o.max_window;
    rc = cfk__zstd_decoder_new(ref, &d->ctx, err);
    if (rc != CFK_OK) {
        cfk_delta_decoder_free(d);
        return rc;
    }
    *out = d;
    return CFK_OK;
}

void cfk_delta_decoder_free(cfk_delta_decoder *decoder)
{
    struct cfk_alloc alloc;

    if (decoder == NULL)
        return;
    alloc = decoder->alloc;
    ZSTD_freeDCtx(decoder->ctx);
    cfk__vcdiff_stream_free(decoder->vcdiff);
    cfk__cfd_decoder_free(decoder->cfd);
    cfk__free(&alloc, decoder);
}

static int check_window(const cfk_delta_decoder *d, struct cfk_error *err)
{
    ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    uint64_t max = UINT64_C(1) << bounds.upperBound;

    if (d->max_window < max)
        max = d->max_window;
    if (d->patch.frame.window > max)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: the patch wants a window of %llu bytes, and %llu are "
                         "allowed",
                         (unsigned long long)d->patch.frame.window,
                         (unsigned long long)max);
    return CFK_OK;
}

/* What was gathered behind the header is decoded before the input. */
static int take_cfd_head(cfk_delta_decoder *d, struct cfk_error *err)
{
    struct cfk__cfd_header header;
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, d->head, d->head_size);
    rc = cfk__cfd_header_read(&r, &header, err);
    if (rc == CFK_E_AGAIN)
        return CFK_OK;
    if (rc == CFK_OK)
        rc = cfk__cfd_decoder_new(&d->alloc, d->ref, &header, d->max_output,
                                  d->max_window, &d->cfd, err);
    if (rc != CFK_OK)
        return rc;
    d->head_used = cfk__reader_offset(&r);
    d->state = CFD;
    return CFK_OK;
}

/* Gather the head; CFK_OK without a change of state means that more is needed. */
static int take_head(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    const uint8_t *in = t->in.src;
    int rc;

    while (t->in.pos < t->in.size && d->head_size < sizeof d->head) {
        d->head[d->head_size++] = in[t->in.pos++];
        d->taken++;
    }
    if (cfk__vcdiff_is(d->head, d->head_size)) {
        rc = cfk__vcdiff_stream_new(d->ref, &d->alloc, d->max_output, d->max_window,
                                    &d->vcdiff, err);
        d->state = VCDIFF;
        return rc;
    }
    if (cfk__cfd_is(d->head, d->head_size))
        return take_cfd_head(d, err);
    rc = cfk__patch_head(d->head, d->head_size, &d->patch, err);
    if (rc == CFK_E_AGAIN)
        return CFK_OK;
    if (rc == CFK_OK)
        rc = cfk__patch_admit(&d->patch, d->ref, d->max_output, err);
    if (rc == CFK_OK)
        rc = check_window(d, err);
    if (rc != CFK_OK)
        return rc;
    d->head_used = d->patch.frame_offset;
    d->state = BODY;
    return CFK_OK;
}

/*
 * One call of libzstd with what is left of the head, or else of the input. At
 * the limit it gets one byte of room elsewhere: should that be filled, the output
 * is too large.
 */
static int decode_some(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    ZSTD_inBuffer head = { d->head, d->head_size, d->head_used };
    ZSTD_inBuffer *in = d->head_used < d->head_size ? &head : &t->in;
    uint64_t left = d->max_output - d->given;
    uint8_t beyond;
    ZSTD_outBuffer room = t->out;
    size_t in_before = in->pos;
    size_t result;

    if (left < room.size - room.pos)
        room.size = room.pos + (size_t)left;
    if (left == 0)
        room = (ZSTD_outBuffer){ &beyond, 1, 0 };
    result = ZSTD_decompressStream(d->ctx, &room, in);
    if (left == 0 && room.pos > 0)
        return cfk__patch_too_large(d->max_output, err);
    if (left > 0) {
        d->given += room.pos - t->out.pos;
        t->out.pos = room.pos;
    }
    d->head_used = head.pos;
    if (in == &t->in)
        d->taken += in->pos - in_before;
    if (ZSTD_isError(result))
        return cfk__zstd_decode_failed(result, d->patch.format, d->taken, err);
    if (result == 0)
        d->state = DONE;
    return CFK_OK;
}

/* Until the input is used up or there is no more room. */
static int decode_body(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    bool useful = d->pending || d->head_used < d->head_size || t->in.pos < t->in.size;

    while (useful && d->state == BODY && t->out.pos < t->out.size) {
        size_t before = d->head_used + t->in.pos + t->out.pos;
        int rc = decode_some(d, t, err);

        if (rc != CFK_OK)
            return rc;
        useful = d->head_used + t->in.pos + t->out.pos > before;
    }
    d->pending = t->out.pos == t->out.size;
    return CFK_OK;
}

/* libzstd lets a frame that ends in an empty block be shorter than it states. */
static int check_size(const cfk_delta_decoder *d, struct cfk_error *err)
{
    uint64_t stated = d->patch.frame.content_size;

    if (stated == CFK__FRAME_SIZE_UNKNOWN || stated == d->given)
        return CFK_OK;
    return cfk__fail_at(err, CFK_E_CORRUPT, d->patch.frame_offset,
                        "delta: the patch claims to become %llu bytes and becomes %llu",
                        (unsigned long long)stated, (unsigned long long)d->given);
}

static int nothing_may_follow(const cfk_delta_decoder *d, const struct transfer *t,
                              struct cfk_error *err)
{
    size_t behind = (d->head_size - d->head_used) + (t->in.size - t->in.pos);

    if (behind == 0)
        return CFK_OK;
    return cfk__fail_at(err, CFK_E_CORRUPT, d->taken - (d->head_size - d->head_used),
                        "delta: the patch ends at byte %llu, and more follow",
                        (unsigned long long)(d->taken - (d->head_size - d->head_used)));
}

/* The rest of the head, then the input, window by window. */
static int decode_vcdiff(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    const uint8_t *in = t->in.src;
    size_t used = 0;
    int rc;

    rc = cfk__vcdiff_stream_update(d->vcdiff, d->head + d->head_used,
                                   d->head_size - d->head_used, &used, t->out.dst,
                                   t->out.size, &t->out.pos, err);
    d->head_used += used;
    if (rc != CFK_OK || d->head_used < d->head_size)
        return rc;
    return cfk__vcdiff_stream_update(d->vcdiff, t->in.size > 0 ? in : d->head, t->in.size,
                                     &t->in.pos, t->out.dst, t->out.size, &t->out.pos,
                                     err);
}

static int decode_cfd(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    struct cfk__reader head;
    struct cfk__reader in;
    struct cfk__writer out;
    int rc;

    cfk__reader_init(&head, d->head + d->head_used, d->head_size - d->head_used);
    cfk__reader_init(&in, t->in.src, t->in.size);
    cfk__read_skip(&in, t->in.pos);
    cfk__writer_init(&out, t->out.dst, t->out.size);
    rc = cfk__cfd_decoder_update(d->cfd, &head, &out, err);
    d->head_used += cfk__reader_offset(&head);
    if (rc == CFK_OK && d->head_used == d->head_size)
        rc = cfk__cfd_decoder_update(d->cfd, &in, &out, err);
    d->taken += cfk__reader_offset(&in) - t->in.pos;
    t->in.pos = cfk__reader_offset(&in);
    t->out.pos = cfk__writer_size(&out);
    return rc;
}

static int update(cfk_delta_decoder *d, struct transfer *t, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (d->state == HEAD)
        rc = take_head(d, t, err);
    if (rc == CFK_OK && d->state == VCDIFF)
        return decode_vcdiff(d, t, err);
    if (rc == CFK_OK && d->state == CFD)
        return decode_cfd(d, t, err);
    if (rc == CFK_OK && d->state == BODY)
        rc = decode_body(d, t, err);
    if (rc == CFK_OK && d->state == DONE)
        rc = check_size(d, err);
    if (rc == CFK_OK && d->state == DONE)
        rc = nothing_may_follow(d, t, err);
    return rc;
}

int cfk_delta_decoder_update(cfk_delta_decoder *decoder, const void *patch, size_t size,
                             size_t *used, void *out, size_t capacity, size_t *out_size,
                             struct cfk_error *err)
{
    struct transfer t = { { patch, size, 0 }, { out, capacity, 0 } };
    int rc;

    *used = 0;
    *out_size = 0;
    if (decoder == NULL || out == NULL || capacity == 0 || (patch == NULL && size > 0))
        return cfk__fail(err, CFK_E_INVALID, "delta: no decoder, no input or no room");
    if (decoder->state == FAILED)
        return cfk__fail(err, CFK_E_STATE, "delta: this decoder has failed before");
    rc = update(decoder, &t, err);
    if (rc != CFK_OK)
        decoder->state = FAILED;
    *used = t.in.pos;
    *out_size = t.out.pos;
    return rc;
}

int cfk_delta_decoder_finish(cfk_delta_decoder *decoder, struct cfk_error *err)
{
    if (decoder == NULL)
        return cfk__fail(err, CFK_E_INVALID, "delta: no decoder");
    if (decoder->state == FAILED)
        return cfk__fail(err, CFK_E_STATE, "delta: this decoder has failed before");
    if (decoder->state == VCDIFF)
        return cfk__vcdiff_stream_finish(decoder->vcdiff, err);
    if (decoder->state == CFD && cfk__cfd_decoder_done(decoder->cfd))
        return CFK_OK;
    if (decoder->state != DONE)
        return cfk__fail_at(err, CFK_E_CORRUPT, decoder->taken,
                            "delta: the patch ends too early, after %llu bytes",
                            (unsigned long long)decoder->taken);
    return CFK_OK;
}
