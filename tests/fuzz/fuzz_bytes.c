/* SPDX-License-Identifier: MIT */
/*
 * The input is a list of reads, then the bytes to read: no read leaves its
 * input, a failed one changes nothing, and varints round trip.
 */
#include "base/bytes.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void require(bool promise)
{
    if (!promise)
        abort();
}

static bool read_one(struct cfk__reader *r, uint8_t op)
{
    struct cfk__reader sub;
    struct cfk__span span;
    uint8_t copy[16];
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (op % 10) {
    case 0: return cfk__read_u8(r, copy);
    case 1: return cfk__read_u16be(r, &u16);
    case 2: return cfk__read_u16le(r, &u16);
    case 3: return cfk__read_u32be(r, &u32);
    case 4: return cfk__read_u32le(r, &u32);
    case 5: return cfk__read_u64be(r, &u64);
    case 6: return cfk__read_u64le(r, &u64);
    case 7: return cfk__read_copy(r, copy, op / 16);
    case 8:
        if (!cfk__read_sub(r, op, &sub))
            return false;
        require(cfk__reader_left(&sub) == op);
        return true;
    default:
        if (!cfk__read_span(r, op, &span))
            return false;
        require(span.size == op);
        return true;
    }
}

static void check_varint(struct cfk__reader *r)
{
    const uint8_t *start = r->pos;
    struct cfk__writer w;
    uint8_t again[10];
    uint64_t value;

    if (!cfk__read_varint(r, &value)) {
        require(r->pos == start);
        return;
    }
    cfk__writer_init(&w, again, sizeof again);
    cfk__write_varint(&w, value);
    require(cfk__writer_ok(&w));
    require(cfk__writer_size(&w) == (size_t)(r->pos - start));
    require(memcmp(again, start, cfk__writer_size(&w)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t ops = size / 4;
    struct cfk__reader r;

    cfk__reader_init(&r, data + ops, size - ops);
    for (size_t i = 0; i < ops; i++) {
        size_t before = cfk__reader_offset(&r);

        if (data[i] >= 200)
            check_varint(&r);
        else
            require(read_one(&r, data[i]) || cfk__reader_offset(&r) == before);
        require(cfk__reader_offset(&r) + cfk__reader_left(&r) == size - ops);
    }
    return 0;
}
