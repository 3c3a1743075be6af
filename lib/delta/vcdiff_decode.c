/* SPDX-License-Identifier: MIT */
/*
 * Decoding of VCDIFF. The addresses of a window count through its segment and go on
 * in the bytes that it has made so far.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "delta/vcdiff.h"

#include <string.h>

/* A window at work. Invariant: at <= size. */
struct work {
    struct cfk__reader data;
    struct cfk__reader inst;
    struct cfk__reader addr;
    struct cfk__span segment;
    uint8_t *out;
    size_t size;
    size_t at;
    struct cfk__vcdiff_cache cache;
};

static bool read_address(struct work *w, uint8_t mode, uint64_t *address)
{
    uint64_t here = (uint64_t)w->segment.size + w->at;
    uint64_t value;

    if (mode >= CFK__VCDIFF_MODE_SAME) {
        uint8_t byte;

        if (!cfk__read_u8(&w->addr, &byte))
            return false;
        value = w->cache.same[(mode - CFK__VCDIFF_MODE_SAME) * 256 + byte];
    } else if (cfk__vcdiff_read_integer(&w->addr, &value) != CFK_OK) {
        return false;
    } else if (mode == CFK__VCDIFF_MODE_HERE) {
        if (value > here)
            return false;
        value = here - value;
    } else if (mode >= CFK__VCDIFF_MODE_NEAR) {
        uint64_t near = w->cache.near[mode - CFK__VCDIFF_MODE_NEAR];

        if (value > UINT64_MAX - near)
            return false;
        value += near;
    }
    if (value >= here)
        return false;
    cfk__vcdiff_cache_update(&w->cache, value);
    *address = value;
    return true;
}

/* From what this window made, perhaps just now: the copy may reach into itself. */
static void copy_made(struct work *w, size_t from, size_t size)
{
    size_t distance = w->at - from;

    if (distance >= size) {
        memcpy(w->out + w->at, w->out + from, size);
    } else if (distance == 1) {
        memset(w->out + w->at, w->out[from], size);
    } else {
        for (size_t i = 0; i < size; i++)
            w->out[w->at + i] = w->out[from + i];
    }
    w->at += size;
}

static bool do_copy(struct work *w, uint8_t mode, size_t size)
{
    uint64_t address;
    size_t from;

    if (!read_address(w, mode, &address))
        return false;
    if (address < w->segment.size) {
        size_t left = w->segment.size - (size_t)address;
        size_t part = size < left ? size : left;

        memcpy(w->out + w->at, w->segment.data + address, part);
        w->at += part;
        size -= part;
        from = 0;
    } else {
        from = (size_t)(address - w->segment.size);
    }
    if (size > 0)
        copy_made(w, from, size);
    return true;
}

static bool do_run(struct work *w, size_t size)
{
    uint8_t byte;

    if (!cfk__read_u8(&w->data, &byte))
        return false;
    memset(w->out + w->at, byte, size);
    w->at += size;
    return true;
}

static bool do_add(struct work *w, size_t size)
{
    if (!cfk__read_copy(&w->data, w->out + w->at, size))
        return false;
    w->at += size;
    return true;
}

static bool do_op(struct work *w, const struct cfk__vcdiff_op *op)
{
    uint64_t size = op->size;

    if (op->kind == CFK__VCDIFF_NOOP)
        return true;
    if (size == 0 && cfk__vcdiff_read_integer(&w->inst, &size) != CFK_OK)
        return false;
    if (size > w->size - w->at)
        return false;
    if (size == 0 && op->kind != CFK__VCDIFF_COPY) /* a run of none still has its byte */
        return op->kind == CFK__VCDIFF_ADD || cfk__read_skip(&w->data, 1);
    switch (op->kind) {
    case CFK__VCDIFF_ADD: return do_add(w, (size_t)size);
    case CFK__VCDIFF_RUN: return do_run(w, (size_t)size);
    default: return do_copy(w, op->mode, (size_t)size);
    }
}

static bool do_all(struct work *w)
{
    struct cfk__vcdiff_code table[256];
    uint8_t code;

    cfk__vcdiff_table(table);
    while (cfk__read_u8(&w->inst, &code)) {
        if (!do_op(w, &table[code].op[0]) || !do_op(w, &table[code].op[1]))
            return false;
    }
    return w->at == w->size && cfk__reader_left(&w->data) == 0 &&
           cfk__reader_left(&w->addr) == 0;
}

int cfk__vcdiff_make(const struct cfk__vcdiff_window *window, struct cfk__span body,
                     struct cfk__span segment, uint64_t offset, uint8_t *out,
                     struct cfk_error *err)
{
    struct work w = { .segment = segment, .out = out, .size = (size_t)window->size };
    struct cfk__reader r;

    cfk__reader_init(&r, body.data, body.size);
    if (!cfk__read_sub(&r, (size_t)window->data_size, &w.data) ||
        !cfk__read_sub(&r, (size_t)window->inst_size, &w.inst) ||
        !cfk__read_sub(&r, (size_t)window->addr_size, &w.addr))
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: vcdiff: a window without its sections");
    cfk__vcdiff_cache_init(&w.cache);
    if (!do_all(&w))
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: the patch is damaged: vcdiff instructions that do "
                            "not make the %llu bytes of their window",
                            (unsigned long long)window->size);
    if (window->has_adler && cfk__adler32(out, w.size) != window->adler)
        return cfk__fail_at(err, CFK_E_CORRUPT, offset,
                            "delta: the patch is damaged or was made against another "
                            "reference (vcdiff: wrong checksum)");
    return CFK_OK;
}

/* One window of a scanned patch, behind the *done bytes that are made already. */
static int make_next(const cfk_delta_ref *ref, struct cfk__reader *r, uint8_t *out,
                     size_t *done, struct cfk_error *err)
{
    struct cfk__vcdiff_window window;
    struct cfk__span segment = { 0 };
    struct cfk__span body;
    uint64_t offset = cfk__reader_offset(r);
    int rc = cfk__vcdiff_read_window(r, 0, &window, err);

    if (rc == CFK_OK && window.from_old)
        rc = cfk__vcdiff_check_segment(&window, ref->old.size, offset, err);
    if (rc != CFK_OK)
        return rc;
    cfk__read_span(r, (size_t)window.body_size, &body);
    if (window.from_old && window.segment_size > 0)
        segment = (struct cfk__span){ ref->old.data + window.segment_at,
                                      (size_t)window.segment_size };
    else if (window.from_new)
        segment =
            (struct cfk__span){ out + window.segment_at, (size_t)window.segment_size };
    rc = cfk__vcdiff_make(&window, body, segment, offset, out + *done, err);
    if (rc == CFK_OK)
        *done += (size_t)window.size;
    return rc;
}

/* All windows; out has room for the size that the scan told. */
static int make_all(const cfk_delta_ref *ref, const void *patch, size_t size,
                    uint8_t *out, struct cfk_error *err)
{
    struct cfk__vcdiff_header header;
    struct cfk__reader r;
    size_t done = 0;
    int rc;

    cfk__reader_init(&r, patch, size);
    rc = cfk__vcdiff_read_header(&r, &header, err);
    while (rc == CFK_OK && cfk__reader_left(&r) > 0)
        rc = make_next(ref, &r, out, &done, err);
    return rc;
}

static int admit(const cfk_delta_ref *ref, const void *patch, size_t size,
                 const struct cfk_delta_decode_options *o, size_t *new_size,
                 struct cfk_error *err)
{
    struct cfk__vcdiff_summary summary;
    uint64_t most = o->max_output < SIZE_MAX ? o->max_output : SIZE_MAX;
    int rc = cfk__delta_check_input(ref, patch, size, err);

    if (rc == CFK_OK)
        rc = cfk__vcdiff_scan(patch, size, &summary, err);
    if (rc != CFK_OK)
        return rc;
    if (summary.new_size > most)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: the new version has %llu bytes, and %llu are allowed",
                         (unsigned long long)summary.new_size, (unsigned long long)most);
    *new_size = (size_t)summary.new_size;
    return CFK_OK;
}

int cfk__vcdiff_decode(const cfk_delta_ref *ref, const void *patch, size_t size,
                       const struct cfk_delta_decode_options *o, void **out,
                       size_t *out_size, struct cfk_error *err)
{
    size_t new_size = 0;
    uint8_t *data;
    int rc = admit(ref, patch, size, o, &new_size, err);

    if (rc != CFK_OK)
        return rc;
    data = cfk__malloc(o->alloc, new_size);
    if (data == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %zu bytes", new_size);
    rc = make_all(ref, patch, size, data, err);
    if (rc != CFK_OK) {
        cfk__free(o->alloc, data);
        return rc;
    }
    *out = data;
    *out_size = new_size;
    return CFK_OK;
}

int cfk__vcdiff_decode_to(const cfk_delta_ref *ref, const void *patch, size_t size,
                          const struct cfk_delta_decode_options *o, void *out,
                          size_t capacity, size_t *out_size, struct cfk_error *err)
{
    uint8_t nowhere;
    size_t new_size = 0;
    int rc = admit(ref, patch, size, o, &new_size, err);

    if (rc != CFK_OK)
        return rc;
    if (cfk__delta_overlap(out, capacity, ref->old.data, ref->old.size) ||
        cfk__delta_overlap(out, capacity, patch, size))
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: the output overlaps the reference or the patch");
    if (new_size > capacity)
        return cfk__fail(err, CFK_E_SPACE,
                         "delta: the new version has %zu bytes, the buffer %zu", new_size,
                         capacity);
    rc = make_all(ref, patch, size, capacity > 0 ? out : &nowhere, err);
    if (rc == CFK_OK)
        *out_size = new_size;
    return rc;
}
