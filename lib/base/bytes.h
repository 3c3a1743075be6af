/* SPDX-License-Identifier: MIT */
/*
 * Bounds-checked reading and writing of bytes. Every parser of the library
 * reads through struct cfk__reader, so that no length from outside is believed
 * before it was compared with what is left.
 */
#ifndef CFK_BASE_BYTES_H
#define CFK_BASE_BYTES_H

#include "cfkit/base.h"

#include <stdbool.h>

/* A view of bytes that others own. */
struct cfk__span {
    const uint8_t *data;
    size_t size;
};

/* Invariant: start <= pos <= end. A read that fails leaves the reader as it was. */
struct cfk__reader {
    const uint8_t *start;
    const uint8_t *pos;
    const uint8_t *end;
};

void cfk__reader_init(struct cfk__reader *r, const void *data, size_t size);

static inline size_t cfk__reader_left(const struct cfk__reader *r)
{
    return (size_t)(r->end - r->pos);
}

static inline size_t cfk__reader_offset(const struct cfk__reader *r)
{
    return (size_t)(r->pos - r->start);
}

/* Take the next size bytes as a view into the input, without copying. */
bool cfk__read_span(struct cfk__reader *r, size_t size, struct cfk__span *out);
bool cfk__read_copy(struct cfk__reader *r, void *out, size_t size);
bool cfk__read_skip(struct cfk__reader *r, size_t size);

/* Take size bytes as a reader of their own; its offsets start at 0. */
bool cfk__read_sub(struct cfk__reader *r, size_t size, struct cfk__reader *out);

static inline bool cfk__read_u8(struct cfk__reader *r, uint8_t *out)
{
    if (r->pos == r->end)
        return false;
    *out = *r->pos++;
    return true;
}

bool cfk__read_u16be(struct cfk__reader *r, uint16_t *out);
bool cfk__read_u32be(struct cfk__reader *r, uint32_t *out);
bool cfk__read_u64be(struct cfk__reader *r, uint64_t *out);
bool cfk__read_u16le(struct cfk__reader *r, uint16_t *out);
bool cfk__read_u32le(struct cfk__reader *r, uint32_t *out);
bool cfk__read_u64le(struct cfk__reader *r, uint64_t *out);

/* LEB128, unsigned, at most 10 bytes; only the shortest form is accepted. */
bool cfk__read_varint(struct cfk__reader *r, uint64_t *out);

/*
 * Writes into a buffer of fixed size. What does not fit is dropped and
 * remembered: check cfk__writer_ok() once at the end.
 */
struct cfk__writer {
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    bool overflow;
};

void cfk__writer_init(struct cfk__writer *w, void *data, size_t size);
bool cfk__writer_ok(const struct cfk__writer *w);
size_t cfk__writer_size(const struct cfk__writer *w);

void cfk__write(struct cfk__writer *w, const void *data, size_t size);
void cfk__write_u8(struct cfk__writer *w, uint8_t value);
void cfk__write_u16be(struct cfk__writer *w, uint16_t value);
void cfk__write_u32be(struct cfk__writer *w, uint32_t value);
void cfk__write_u64be(struct cfk__writer *w, uint64_t value);
void cfk__write_u16le(struct cfk__writer *w, uint16_t value);
void cfk__write_u32le(struct cfk__writer *w, uint32_t value);
void cfk__write_u64le(struct cfk__writer *w, uint64_t value);
void cfk__write_varint(struct cfk__writer *w, uint64_t value);

/*
 * A buffer that grows as it is appended to, up to limit bytes (0: no limit).
 * Zero all but alloc and limit to begin; release with cfk__buffer_free().
 */
struct cfk__buffer {
    const struct cfk_alloc *alloc; /* NULL means malloc; must outlive the buffer */
    size_t limit;
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Make room for more bytes beyond size. CFK_OK, CFK_E_LIMIT or CFK_E_NOMEM. */
int cfk__buffer_reserve(struct cfk__buffer *b, size_t more);
int cfk__buffer_append(struct cfk__buffer *b, const void *data, size_t size);
void cfk__buffer_free(struct cfk__buffer *b);

#endif
