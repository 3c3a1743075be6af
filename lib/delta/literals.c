/* SPDX-License-Identifier: MIT */
#include "delta/literals.h"

#include <string.h>

enum {
    ONE_STREAM_MAX = 1023, /* the widest size that goes with one stream */
    JUMP_TABLE = 6,
};

static size_t plain_header_size(size_t size)
{
    return size < 32 ? 1 : size < 4096 ? 2 : 3;
}

static size_t coded_header_size(size_t size)
{
    return size < 1024 ? 3 : size < 16384 ? 4 : 5;
}

static size_t coded_size(const struct cfk__huffman *h, const uint32_t *counts,
                         size_t size)
{
    uint64_t bits = cfk__huffman_bits(h, counts);
    size_t extra = size <= ONE_STREAM_MAX ? 0 : JUMP_TABLE + 3;

    if (bits == UINT64_MAX)
        return SIZE_MAX;
    return coded_header_size(size) + (size_t)(bits / 8) + 1 + extra;
}

static void try_codes(struct cfk__literals_plan *plan, const uint32_t *counts,
                      size_t size, bool thorough)
{
    struct cfk__huffman h;
    unsigned limit = CFK__HUFFMAN_LOG_MAX;

    while (limit > 0 && cfk__huffman_build(&h, counts, limit)) {
        size_t total = coded_size(&h, counts, size) + h.header_size;

        if (total < plan->size) {
            plan->size = total;
            plan->kind = CFK__LITERALS_HUFFMAN;
            plan->code = h;
        }
        if (!thorough || h.log < 2)
            break;
        limit = h.log - 1u;
    }
}

void cfk__literals_plan(struct cfk__literals_plan *plan, const uint8_t *data, size_t size,
                        const struct cfk__huffman *last, bool thorough)
{
    uint32_t counts[256] = { 0 };

    plan->kind = CFK__LITERALS_RAW;
    plan->size = plain_header_size(size) + size;
    if (size < 2)
        return;
    for (size_t i = 0; i < size; i++)
        counts[data[i]]++;
    if (counts[data[0]] == size) {
        plan->kind = CFK__LITERALS_RLE;
        plan->size = plain_header_size(size) + 1;
        return;
    }
    if (last != NULL && coded_size(last, counts, size) < plan->size) {
        plan->kind = CFK__LITERALS_TREELESS;
        plan->size = coded_size(last, counts, size);
    }
    try_codes(plan, counts, size, thorough);
}

/* A kind and its sizes, in as many bytes as the format has for them. */
static void put_header(uint8_t *out, size_t header_size, uint64_t value)
{
    for (size_t i = 0; i < header_size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static size_t write_plain(enum cfk__literals_kind kind, const uint8_t *data, size_t size,
                          uint8_t *out, size_t capacity)
{
    size_t header_size = plain_header_size(size);
    size_t bytes = kind == CFK__LITERALS_RLE ? 1 : size;
    unsigned shift = header_size == 1 ? 3 : 4;
    unsigned format = header_size == 1 ? 0 : header_size == 2 ? 1 : 3;

    if (capacity < header_size + bytes)
        return 0;
    put_header(out, header_size, (uint64_t)kind | format << 2 | (uint64_t)size << shift);
    if (bytes > 0)
        memcpy(out + header_size, data, bytes);
    return header_size + bytes;
}

static size_t four_streams(const struct cfk__huffman *h, const uint8_t *data, size_t size,
                           uint8_t *out, size_t capacity)
{
    size_t part = (size + 3) / 4;
    size_t at = JUMP_TABLE;

    if (capacity < JUMP_TABLE)
        return 0;
    for (unsigned i = 0; i < 4; i++) {
        size_t n = i < 3 ? part : size - 3 * part;
        size_t coded =
            cfk__huffman_encode(h, data + i * part, n, out + at, capacity - at);

        if (coded == 0 || coded > UINT16_MAX)
            return 0;
        if (i < 3)
            put_header(out + 2 * (size_t)i, 2, coded);
        at += coded;
    }
    return at;
}

size_t cfk__literals_write(const struct cfk__literals_plan *plan, const uint8_t *data,
                           size_t size, const struct cfk__huffman *last, uint8_t *out,
                           size_t capacity)
{
    const struct cfk__huffman *h =
        plan->kind == CFK__LITERALS_HUFFMAN ? &plan->code : last;
    size_t header_size = coded_header_size(size);
    unsigned width = header_size == 3 ? 10 : header_size == 4 ? 14 : 18;
    unsigned format = size <= ONE_STREAM_MAX ? 0 : header_size == 4 ? 2 : 3;
    size_t tree = plan->kind == CFK__LITERALS_HUFFMAN ? h->header_size : 0;
    size_t coded;
    size_t at = header_size + tree;

    if (plan->kind == CFK__LITERALS_RAW || plan->kind == CFK__LITERALS_RLE)
        return write_plain(plan->kind, data, size, out, capacity);
    if (capacity < at)
        return 0;
    coded = format == 0 ? cfk__huffman_encode(h, data, size, out + at, capacity - at)
                        : four_streams(h, data, size, out + at, capacity - at);
    if (coded == 0 || (tree + coded) >> width != 0)
        return 0;
    memcpy(out + header_size, h->header, tree);
    put_header(out, header_size,
               (uint64_t)plan->kind | format << 2 | (uint64_t)size << 4 |
                   (uint64_t)(tree + coded) << (4 + width));
    return at + coded;
}
