/* SPDX-License-Identifier: MIT */
/*
 * Bytes are gathered until a header or a window is whole; a window is decoded at
 * once and then given away. What was given is not kept, so windows that copy from
 * earlier ones cannot be decoded in this way.
 */
#include "delta/vcdiff_stream.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum { HEAD_MAX = 1 << 16 }; /* of a header, with what an application wrote there */

enum part { HEADER, WINDOW_HEAD, WINDOW_BODY, GIVING };

struct cfk__vcdiff_stream {
    struct cfk_alloc alloc;
    const cfk_delta_ref *ref;
    uint64_t max_output;
    uint64_t max_window;
    enum part part;
    struct cfk__vcdiff_header header;
    struct cfk__vcdiff_window window;
    struct cfk__buffer in; /* of the part at hand */
    uint64_t part_at;      /* where it starts in the patch */
    uint64_t windows;
    uint8_t *made;
    size_t made_size;
    size_t made_room;
    size_t given;   /* of them */
    uint64_t total; /* of all windows so far */
};

int cfk__vcdiff_stream_new(const cfk_delta_ref *ref, const struct cfk_alloc *alloc,
                           uint64_t max_output, uint64_t max_window,
                           struct cfk__vcdiff_stream **out, struct cfk_error *err)
{
    struct cfk__vcdiff_stream *s = cfk__calloc(alloc, 1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a decoder");
    s->alloc = *cfk__alloc_or_default(alloc);
    s->in.alloc = &s->alloc;
    s->ref = ref;
    s->max_output = max_output;
    s->max_window = max_window;
    *out = s;
    return CFK_OK;
}

void cfk__vcdiff_stream_free(struct cfk__vcdiff_stream *s)
{
    struct cfk_alloc alloc;

    if (s == NULL)
        return;
    alloc = s->alloc;
    cfk__buffer_free(&s->in);
    cfk__free(&alloc, s->made);
    cfk__free(&alloc, s);
}

/* What was gathered is used up; the next part starts behind it. */
static void next_part(struct cfk__vcdiff_stream *s, enum part part)
{
    s->part_at += s->in.size;
    s->in.size = 0;
    s->part = part;
}

static int too_large(uint64_t wanted, uint64_t max, const char *what,
                     struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_LIMIT,
                     "delta: the patch wants %s of %llu bytes, and %llu are allowed",
                     what, (unsigned long long)wanted, (unsigned long long)max);
}

/* All that can be said against a window before memory is taken for it. */
static int admit_window(const struct cfk__vcdiff_stream *s, struct cfk_error *err)
{
    const struct cfk__vcdiff_window *w = &s->window;
    uint64_t max = s->max_window < SIZE_MAX ? s->max_window : SIZE_MAX;

    if (w->from_new)
        return cfk__fail_at(err, CFK_E_NOTSUP, s->part_at,
                            "delta: vcdiff that copies from its own output cannot be "
                            "decoded in pieces, only as a whole");
    if (w->size > s->max_output - s->total)
        return too_large(w->size, s->max_output - s->total, "a new version's window",
                         err);
    if (w->size > max)
        return too_large(w->size, max, "a window", err);
    if (w->body_size > max)
        return too_large(w->body_size, max, "instructions", err);
    if (s->header.new_size_known && w->size > s->header.new_size - s->total)
        return cfk__fail_at(err, CFK_E_CORRUPT, s->part_at,
                            "delta: the patch claims to become %llu bytes and becomes "
                            "more",
                            (unsigned long long)s->header.new_size);
    if (w->from_old)
        return cfk__vcdiff_check_segment(w, s->ref->old.size, s->part_at, err);
    return CFK_OK;
}

static int room_for_window(struct cfk__vcdiff_stream *s, struct cfk_error *err)
{
    size_t size = (size_t)s->window.size;

    if (s->made != NULL && size <= s->made_room)
        return CFK_OK;
    cfk__free(&s->alloc, s->made);
    s->made_room = 0;
    s->made = cfk__malloc(&s->alloc, size);
    if (s->made == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a window of %zu bytes",
                         size);
    s->made_room = size;
    return CFK_OK;
}

static int make_window(struct cfk__vcdiff_stream *s, struct cfk_error *err)
{
    struct cfk__span body = { s->in.data, s->in.size };
    struct cfk__span segment = { 0 };
    int rc = room_for_window(s, err);

    if (rc != CFK_OK)
        return rc;
    if (s->window.from_old && s->window.segment_size > 0)
        segment = (struct cfk__span){ s->ref->old.data + s->window.segment_at,
                                      (size_t)s->window.segment_size };
    rc = cfk__vcdiff_make(&s->window, body, segment, s->part_at, s->made, err);
    if (rc != CFK_OK)
        return rc;
    s->made_size = (size_t)s->window.size;
    s->given = 0;
    s->total += s->window.size;
    s->windows++;
    next_part(s, GIVING);
    return CFK_OK;
}

/* Is the part whole? CFK_E_AGAIN: it is not. */
static int take_part(struct cfk__vcdiff_stream *s, struct cfk_error *err)
{
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, s->in.data, s->in.size);
    if (s->part == WINDOW_BODY)
        return s->in.size < s->window.body_size ? CFK_E_AGAIN : make_window(s, err);
    if (s->part == HEADER) {
        rc = cfk__vcdiff_read_header(&r, &s->header, err);
        if (rc == CFK_OK && s->header.new_size_known &&
            s->header.new_size > s->max_output)
            rc = too_large(s->header.new_size, s->max_output, "a new version", err);
        if (rc == CFK_OK)
            next_part(s, WINDOW_HEAD);
    } else {
        rc = cfk__vcdiff_read_window(&r, s->part_at, &s->window, err);
        if (rc == CFK_OK)
            rc = admit_window(s, err);
        if (rc == CFK_OK)
            next_part(s, WINDOW_BODY);
    }
    if (rc == CFK_E_AGAIN && s->in.size >= HEAD_MAX)
        return too_large((uint64_t)s->in.size + 1, HEAD_MAX, "a header", err);
    return rc;
}

/* Of a head one byte at a time, as its size is not known; of a body all there is. */
static int gather(struct cfk__vcdiff_stream *s, const uint8_t *in, size_t size,
                  size_t *used, struct cfk_error *err)
{
    size_t piece = size > 0 ? 1 : 0;
    int rc;

    if (s->part == WINDOW_BODY) {
        size_t wanted = (size_t)s->window.body_size - s->in.size;

        piece = size < wanted ? size : wanted;
    }
    rc = cfk__buffer_append(&s->in, in, piece);
    if (rc != CFK_OK)
        return cfk__fail(err, rc, "delta: no memory for %zu bytes of a patch",
                         s->in.size + piece);
    *used += piece;
    return CFK_OK;
}

static void give(struct cfk__vcdiff_stream *s, uint8_t *out, size_t capacity,
                 size_t *out_size)
{
    size_t left = s->made_size - s->given;
    size_t room = capacity - *out_size;
    size_t piece = left < room ? left : room;

    if (piece > 0)
        memcpy(out + *out_size, s->made + s->given, piece);
    *out_size += piece;
    s->given += piece;
    if (s->given == s->made_size)
        s->part = WINDOW_HEAD;
}

int cfk__vcdiff_stream_update(struct cfk__vcdiff_stream *s, const uint8_t *in,
                              size_t size, size_t *used, uint8_t *out, size_t capacity,
                              size_t *out_size, struct cfk_error *err)
{
    for (;;) {
        int rc = CFK_OK;

        if (s->part == GIVING) {
            give(s, out, capacity, out_size);
            if (s->part == GIVING)
                return CFK_OK; /* no more room */
        }
        if (s->part != WINDOW_BODY && *used == size)
            return CFK_OK;
        if (*used < size)
            rc = gather(s, in + *used, size - *used, used, err);
        if (rc == CFK_OK)
            rc = take_part(s, err);
        if (rc == CFK_E_AGAIN && *used == size)
            return CFK_OK;
        if (rc != CFK_OK && rc != CFK_E_AGAIN)
            return rc;
    }
}

int cfk__vcdiff_stream_finish(const struct cfk__vcdiff_stream *s, struct cfk_error *err)
{
    if (s->part == WINDOW_HEAD && s->in.size == 0 && s->windows > 0 &&
        (!s->header.new_size_known || s->total == s->header.new_size))
        return CFK_OK;
    return cfk__fail_at(err, CFK_E_CORRUPT, s->part_at + s->in.size,
                        "delta: the patch ends too early, after %llu bytes",
                        (unsigned long long)(s->part_at + s->in.size));
}
