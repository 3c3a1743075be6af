/* SPDX-License-Identifier: MIT */
/* Frame and block headers of zstd: RFC 8878, 3.1.1.1 and 3.1.1.2. */
#include "delta/frame.h"

#include "base/error.h"

/* Frame_Header_Descriptor */
enum {
    FHD_DICT_ID = 0x03,
    FHD_CHECKSUM = 0x04,
    FHD_RESERVED = 0x08,
    FHD_SINGLE_SEGMENT = 0x20,
    FHD_SIZE_SHIFT = 6,
};

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED };

/* A little-endian integer of 0 to 8 bytes. */
static bool read_field(struct cfk__reader *r, size_t size, uint64_t *out)
{
    struct cfk__span span;

    if (!cfk__read_span(r, size, &span))
        return false;
    *out = 0;
    for (size_t i = size; i-- > 0;)
        *out = *out << 8 | span.data[i];
    return true;
}

/* Windows start at 1 KiB, in steps of an eighth of a power of two. */
static uint64_t window_size(uint8_t descriptor)
{
    uint64_t base = UINT64_C(1) << (10 + (descriptor >> 3));

    return base + base / 8 * (descriptor & 7);
}

static bool read_fields(struct cfk__reader *r, uint8_t fhd, struct cfk__frame *out)
{
    static const uint8_t id_sizes[] = { 0, 1, 2, 4 };
    static const uint8_t content_sizes[] = { 0, 2, 4, 8 };
    bool single = (fhd & FHD_SINGLE_SEGMENT) != 0;
    size_t content_size = content_sizes[fhd >> FHD_SIZE_SHIFT];
    uint8_t descriptor = 0;
    uint64_t id;

    if (single && content_size == 0)
        content_size = 1;
    if (!single && !cfk__read_u8(r, &descriptor))
        return false;
    if (!read_field(r, id_sizes[fhd & FHD_DICT_ID], &id) ||
        !read_field(r, content_size, &out->content_size))
        return false;
    if (content_size == 0)
        out->content_size = CFK__FRAME_SIZE_UNKNOWN;
    if (content_size == 2)
        out->content_size += 256;
    out->window = single ? out->content_size : window_size(descriptor);
    out->dict_id = (uint32_t)id;
    out->checksum = (fhd & FHD_CHECKSUM) != 0;
    return true;
}

/* CFK_E_AGAIN without words: nothing is wrong yet. */
static int read_header(struct cfk__reader *r, struct cfk__frame *out,
                       struct cfk_error *err)
{
    uint32_t magic;
    uint8_t fhd;

    if (!cfk__read_u32le(r, &magic))
        return CFK_E_AGAIN;
    if ((magic & 0xfffffff0u) == 0x184d2a50u)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "delta: a skippable zstd frame where the patch should be");
    if (magic != CFK__FRAME_MAGIC)
        return cfk__fail(err, CFK_E_NOTSUP,
                         "delta: not a dcz, zstd, cfd or vcdiff patch");
    if (!cfk__read_u8(r, &fhd))
        return CFK_E_AGAIN;
    if ((fhd & FHD_RESERVED) != 0)
        return cfk__fail(err, CFK_E_CORRUPT, "delta: a reserved bit of zstd is set");
    return read_fields(r, fhd, out) ? CFK_OK : CFK_E_AGAIN;
}

int cfk__frame_header(struct cfk__reader *r, struct cfk__frame *out,
                      struct cfk_error *err)
{
    struct cfk__reader ahead = *r;
    int rc = read_header(&ahead, out, err);

    if (rc == CFK_OK)
        *r = ahead;
    return rc;
}

/* Take one block; *most is what it can become. */
static int take_block(struct cfk__reader *r, uint64_t block_max, bool *last,
                      uint64_t *most, struct cfk_error *err)
{
    size_t at = cfk__reader_offset(r);
    uint64_t header;
    uint64_t size;
    unsigned type;

    if (!read_field(r, 3, &header))
        return cfk__fail_at(err, CFK_E_CORRUPT, at,
                            "delta: the patch ends before its last block");
    *last = (header & 1) != 0;
    type = (unsigned)(header >> 1 & 3);
    size = header >> 3;
    if (type == BLOCK_RESERVED)
        return cfk__fail_at(err, CFK_E_CORRUPT, at, "delta: a block of no known type");
    if (size > block_max)
        return cfk__fail_at(
            err, CFK_E_CORRUPT, at,
            "delta: a block of %llu bytes, of which there can be %llu at most",
            (unsigned long long)size, (unsigned long long)block_max);
    *most = type == BLOCK_COMPRESSED ? block_max : size;
    if (!cfk__read_skip(r, type == BLOCK_RLE ? 1 : (size_t)size))
        return cfk__fail_at(err, CFK_E_CORRUPT, at, "delta: the patch ends in a block");
    return CFK_OK;
}

int cfk__frame_blocks(struct cfk__reader *r, const struct cfk__frame *frame,
                      uint64_t *most, struct cfk_error *err)
{
    uint64_t block_max = frame->window;
    bool last = false;

    if (block_max > CFK__FRAME_BLOCK_MAX)
        block_max = CFK__FRAME_BLOCK_MAX;
    *most = 0;
    while (!last) {
        uint64_t block_most = 0;
        int rc = take_block(r, block_max, &last, &block_most, err);

        if (rc != CFK_OK)
            return rc;
        *most += block_most;
    }
    if (frame->checksum && !cfk__read_skip(r, 4))
        return cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(r),
                            "delta: the patch ends in its checksum");
    return CFK_OK;
}
