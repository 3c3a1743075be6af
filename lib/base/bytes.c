/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include "base/alloc.h"

#include <string.h>

void cfk__reader_init(struct cfk__reader *r, const void *data, size_t size)
{
    static const uint8_t nothing;

    r->start = data != NULL ? data : &nothing;
    r->pos = r->start;
    r->end = r->start + size;
}

bool cfk__read_span(struct cfk__reader *r, size_t size, struct cfk__span *out)
{
    if (size > cfk__reader_left(r))
        return false;
    *out = (struct cfk__span){ r->pos, size };
    r->pos += size;
    return true;
}

bool cfk__read_copy(struct cfk__reader *r, void *out, size_t size)
{
    struct cfk__span span;

    if (!cfk__read_span(r, size, &span))
        return false;
    if (size > 0)
        memcpy(out, span.data, size);
    return true;
}

bool cfk__read_skip(struct cfk__reader *r, size_t size)
{
    struct cfk__span span;

    return cfk__read_span(r, size, &span);
}

bool cfk__read_sub(struct cfk__reader *r, size_t size, struct cfk__reader *out)
{
    struct cfk__span span;

    if (!cfk__read_span(r, size, &span))
        return false;
    cfk__reader_init(out, span.data, span.size);
    return true;
}

static bool read_be(struct cfk__reader *r, size_t size, uint64_t *out)
{
    struct cfk__span span;

    if (!cfk__read_span(r, size, &span))
        return false;
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out = *out << 8 | span.data[i];
    return true;
}

static bool read_le(struct cfk__reader *r, size_t size, uint64_t *out)
{
    struct cfk__span span;

    if (!cfk__read_span(r, size, &span))
        return false;
    *out = 0;
    for (size_t i = size; i-- > 0;)
        *out = *out << 8 | span.data[i];
    return true;
}

bool cfk__read_u16be(struct cfk__reader *r, uint16_t *out)
{
    uint64_t value;

    if (!read_be(r, sizeof *out, &value))
        return false;
    *out = (uint16_t)value;
    return true;
}

bool cfk__read_u32be(struct cfk__reader *r, uint32_t *out)
{
    uint64_t value;

    if (!read_be(r, sizeof *out, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

bool cfk__read_u64be(struct cfk__reader *r, uint64_t *out)
{
    return read_be(r, sizeof *out, out);
}

bool cfk__read_u16le(struct cfk__reader *r, uint16_t *out)
{
    uint64_t value;

    if (!read_le(r, sizeof *out, &value))
        return false;
    *out = (uint16_t)value;
    return true;
}

bool cfk__read_u32le(struct cfk__reader *r, uint32_t *out)
{
    uint64_t value;

    if (!read_le(r, sizeof *out, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

bool cfk__read_u64le(struct cfk__reader *r, uint64_t *out)
{
    return read_le(r, sizeof *out, out);
}

bool cfk__read_varint(struct cfk__reader *r, uint64_t *out)
{
    uint64_t value = 0;
    const uint8_t *p = r->pos;

    for (unsigned shift = 0; shift < 64 && p < r->end; shift += 7) {
        uint8_t byte = *p++;

        if (shift == 63 && byte > 1)
            return false; /* past 64 bits */
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            if (byte == 0 && shift > 0)
                return false; /* not the shortest form */
            r->pos = p;
            *out = value;
            return true;
        }
    }
    return false;
}

void cfk__writer_init(struct cfk__writer *w, void *data, size_t size)
{
    w->start = data;
    w->pos = data;
    w->end = size > 0 ? w->start + size : w->start;
    w->overflow = false;
}

bool cfk__writer_ok(const struct cfk__writer *w)
{
    return !w->overflow;
}

size_t cfk__writer_size(const struct cfk__writer *w)
{
    return (size_t)(w->pos - w->start);
}

void cfk__write(struct cfk__writer *w, const void *data, size_t size)
{
    if (w->overflow || size > (size_t)(w->end - w->pos)) {
        w->overflow = true;
        return;
    }
    if (size > 0) {
        memcpy(w->pos, data, size);
        w->pos += size;
    }
}

static void write_be(struct cfk__writer *w, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = size; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
    cfk__write(w, bytes, size);
}

static void write_le(struct cfk__writer *w, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
    cfk__write(w, bytes, size);
}

void cfk__write_u8(struct cfk__writer *w, uint8_t value)
{
    cfk__write(w, &value, 1);
}

void cfk__write_u16be(struct cfk__writer *w, uint16_t value)
{
    write_be(w, value, sizeof value);
}

void cfk__write_u32be(struct cfk__writer *w, uint32_t value)
{
    write_be(w, value, sizeof value);
}

void cfk__write_u64be(struct cfk__writer *w, uint64_t value)
{
    write_be(w, value, sizeof value);
}

void cfk__write_u16le(struct cfk__writer *w, uint16_t value)
{
    write_le(w, value, sizeof value);
}

void cfk__write_u32le(struct cfk__writer *w, uint32_t value)
{
    write_le(w, value, sizeof value);
}

void cfk__write_u64le(struct cfk__writer *w, uint64_t value)
{
    write_le(w, value, sizeof value);
}

void cfk__write_varint(struct cfk__writer *w, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    cfk__write(w, bytes, size);
}

int cfk__buffer_reserve(struct cfk__buffer *b, size_t more)
{
    size_t limit = b->limit != 0 ? b->limit : SIZE_MAX;
    size_t capacity;
    uint8_t *data;

    if (more <= b->capacity - b->size)
        return CFK_OK;
    if (more > limit - b->size)
        return CFK_E_LIMIT;
    capacity = b->capacity < 64 ? 64 : b->capacity;
    while (capacity - b->size < more)
        capacity = capacity > limit / 2 ? limit : capacity * 2;
    data = cfk__realloc(b->alloc, b->data, capacity, 1);
    if (data == NULL)
        return CFK_E_NOMEM;
    b->data = data;
    b->capacity = capacity;
    return CFK_OK;
}

int cfk__buffer_append(struct cfk__buffer *b, const void *data, size_t size)
{
    int rc = cfk__buffer_reserve(b, size);

    if (rc != CFK_OK || size == 0)
        return rc;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return CFK_OK;
}

void cfk__buffer_free(struct cfk__buffer *b)
{
    cfk__free(b->alloc, b->data);
    b->data = NULL;
    b->size = 0;
    b->capacity = 0;
}
