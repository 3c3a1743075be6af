/* SPDX-License-Identifier: MIT */
/* The header of cfd, and the choice of its back end. */
#include "delta/cfd.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "delta/bin.h"
#include "delta/cm.h"
#include "delta/frame.h"
#include "delta/patch.h"

#include <string.h>

/* A body is no longer than the new version over that, when no frame is compared with. */
enum { WORTH_IT = 4, MIXED_WORTH_IT = 8 };

/* The first byte; the second has the body, the class of the size, and its highest bits.
 */
enum { MAGIC = 0xcf, HIGH_BITS = 4 };

static const uint8_t size_bytes[4] = { 1, 2, 3, 6 };

/*
 * Old and new version together up to which something is tried, by level: context mixing;
 * pieces, and how many candidates are looked at for each.
 */
#define MIB UINT64_C(0x100000)
static const struct {
    uint64_t mixed;
    uint64_t binary;
    uint32_t steps;
} efforts[] = {
    [1] = { MIB / 8, 16 * MIB, 4 },
    [2] = { MIB / 2, 32 * MIB, 4 },
    [3] = { 2 * MIB, 64 * MIB, 8 },
    [4] = { 4 * MIB, 128 * MIB, 8 },
    [5] = { 8 * MIB, 256 * MIB, 16 },
    [6] = { 16 * MIB, 512 * MIB, 16 },
    [7] = { 32 * MIB, 512 * MIB, 32 },
    [8] = { CFK__CFD_MIXED_MAX, 512 * MIB, 48 },
    [9] = { CFK__CFD_MIXED_MAX, 1024 * MIB, 64 },
};

static unsigned size_class(uint64_t new_size)
{
    unsigned class = 0;

    while (class < 3 && new_size >> (8 * size_bytes[class] + HIGH_BITS) != 0)
        class ++;
    return class;
}

size_t cfk__cfd_header_size(uint64_t new_size)
{
    return 2u + size_bytes[size_class(new_size)] + 2 * CFK__CFD_CHECK_SIZE;
}

void cfk__cfd_header_write(struct cfk__writer *w, const struct cfk__cfd_header *h)
{
    unsigned class = size_class(h->new_size);

    cfk__write_u8(w, MAGIC);
    cfk__write_u8(w, (uint8_t)((unsigned)h->body << 6 | class << HIGH_BITS |
                               (unsigned)(h->new_size >> 8 * size_bytes[class])));
    for (unsigned i = 0; i < size_bytes[class]; i++)
        cfk__write_u8(w, (uint8_t)(h->new_size >> 8 * i));
    cfk__write(w, h->old_check, sizeof h->old_check);
    cfk__write(w, h->new_check, sizeof h->new_check);
}

bool cfk__cfd_is(const void *data, size_t size)
{
    const uint8_t *bytes = data;

    return bytes != NULL && size > 0 && bytes[0] == MAGIC;
}

int cfk__cfd_header_read(struct cfk__reader *r, struct cfk__cfd_header *out,
                         struct cfk_error *err)
{
    struct cfk__reader ahead = *r;
    struct cfk__span size;
    uint8_t first;
    uint8_t second;
    unsigned class;

    if (!cfk__read_u8(&ahead, &first) || !cfk__read_u8(&ahead, &second))
        return CFK_E_AGAIN;
    *out = (struct cfk__cfd_header){ .body = (enum cfk__cfd_body)(second >> 6),
                                     .new_size = second & ((1u << HIGH_BITS) - 1) };
    class = second >> HIGH_BITS & 3;
    if (!cfk__read_span(&ahead, size_bytes[class], &size) ||
        !cfk__read_copy(&ahead, out->old_check, sizeof out->old_check) ||
        !cfk__read_copy(&ahead, out->new_check, sizeof out->new_check))
        return CFK_E_AGAIN;
    for (size_t i = size.size; i-- > 0;)
        out->new_size = out->new_size << 8 | size.data[i];
    if (size_class(out->new_size) != class)
        return cfk__fail_at(err, CFK_E_CORRUPT, 2,
                            "delta: a size of %llu bytes in a longer form than it needs",
                            (unsigned long long)out->new_size);
    *r = ahead;
    return CFK_OK;
}

static int read_whole_header(struct cfk__reader *r, struct cfk__cfd_header *h,
                             struct cfk_error *err)
{
    int rc = cfk__cfd_header_read(r, h, err);

    if (rc == CFK_E_AGAIN)
        return cfk__fail_at(err, CFK_E_CORRUPT, (uint64_t)(r->end - r->start),
                            "delta: the patch ends in its header, after %zu bytes",
                            cfk__reader_left(r));
    return rc;
}

/* About, with an old version of the size of the new one. */
static uint64_t memory_for(const struct cfk__cfd_header *h, uint64_t window)
{
    switch (h->body) {
    case CFK__CFD_MIXED: return cfk__cm_memory(h->new_size, h->new_size);
    case CFK__CFD_BINARY: return cfk__bin_memory(h->new_size, h->new_size);
    default: return window + 2 * CFK__FRAME_BLOCK_MAX;
    }
}

int cfk__cfd_info(const void *patch, size_t patch_size, struct cfk_delta_patch_info *info,
                  struct cfk_error *err)
{
    struct cfk__cfd_header h;
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, patch, patch_size);
    rc = read_whole_header(&r, &h, err);
    if (rc != CFK_OK)
        return rc;
    if (h.body == CFK__CFD_SAME && cfk__reader_left(&r) > 0)
        return cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(&r),
                            "delta: the patch ends at byte %zu, and %zu more follow",
                            cfk__reader_offset(&r), cfk__reader_left(&r));
    info->format = CFK_DELTA_CFD;
    info->new_size_known = 1;
    info->new_size = h.new_size;
    info->window = h.body == CFK__CFD_SAME ? 0 : h.new_size;
    info->memory = memory_for(&h, info->window);
    info->has_checksum = 1;
    info->reference_bytes = CFK__CFD_CHECK_SIZE;
    memcpy(info->reference, h.old_check, CFK__CFD_CHECK_SIZE);
    return CFK_OK;
}

static int mix(const struct cfk_alloc *alloc, uint32_t level, struct cfk__span old,
               struct cfk__span data, uint8_t *out, size_t capacity, size_t *size,
               struct cfk_error *err)
{
    uint64_t total = (uint64_t)old.size + data.size;

    if (total > efforts[level].mixed)
        return CFK_E_SPACE;
    return cfk__cm_encode_body(alloc, old, data, out, capacity, size, err);
}

static int lay_pieces(const struct cfk_alloc *alloc, uint32_t level, struct cfk__span old,
                      struct cfk__span data, uint8_t *out, size_t capacity, size_t *size,
                      struct cfk_error *err)
{
    int rc = CFK_E_SPACE;

    if ((uint64_t)old.size + data.size <= efforts[level].binary &&
        old.size <= CFK__BIN_SIZE_MAX && data.size <= CFK__BIN_SIZE_MAX)
        rc = cfk__bin_encode_body(alloc, old, data, efforts[level].steps, out, capacity,
                                  size);
    if (rc == CFK_E_NOMEM)
        return cfk__fail(err, rc, "delta: no memory for %zu bytes of pieces",
                         old.size + data.size);
    return rc;
}

typedef int encode_body(const struct cfk_alloc *alloc, uint32_t level,
                        struct cfk__span old, struct cfk__span data, uint8_t *out,
                        size_t capacity, size_t *size, struct cfk_error *err);

/* Let a back end try to beat the body of size *size at body. Told in *better. */
static int try_body(encode_body *encode, const struct cfk_alloc *alloc, uint32_t level,
                    struct cfk__span old, struct cfk__span data, uint8_t *body,
                    size_t *size, bool *better, struct cfk_error *err)
{
    size_t made_size = 0;
    uint8_t *made;
    int rc;

    *better = false;
    if (*size < 2)
        return CFK_OK;
    made = cfk__malloc(alloc, *size - 1);
    if (made == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %zu bytes", *size);
    rc = encode(alloc, level, old, data, made, *size - 1, &made_size, err);
    if (rc == CFK_OK) {
        memcpy(body, made, made_size);
        *size = made_size;
        *better = true;
    }
    cfk__free(alloc, made);
    return rc == CFK_E_SPACE ? CFK_OK : rc;
}

int cfk__cfd_header_make(const cfk_delta_ref *ref, const void *data, size_t size,
                         struct cfk__cfd_header *h, struct cfk_error *err)
{
    uint8_t digest[CFK__SHA256_SIZE];
    int rc = cfk__hash(CFK__SHA256, data, size, digest, err);

    if (rc == CFK_OK)
        rc = cfk__delta_ref_hash(ref, err);
    if (rc != CFK_OK)
        return rc;
    *h = (struct cfk__cfd_header){ .body = CFK__CFD_ZSTD, .new_size = size };
    memcpy(h->old_check, cfk__delta_ref_digest(ref), sizeof h->old_check);
    memcpy(h->new_check, digest, sizeof h->new_check);
    if (size == ref->old.size &&
        memcmp(digest, cfk__delta_ref_digest(ref), sizeof digest) == 0)
        h->body = CFK__CFD_SAME;
    return CFK_OK;
}

static void write_header(const struct cfk__cfd_header *h, uint8_t *dst)
{
    struct cfk__writer w;

    cfk__writer_init(&w, dst, CFK__CFD_HEADER_MAX);
    cfk__cfd_header_write(&w, h);
}

int cfk__cfd_encode_at_once(const struct cfk_alloc *alloc, uint32_t level,
                            const cfk_delta_ref *ref, struct cfk__span data,
                            struct cfk__cfd_header *h, uint8_t *dst, size_t *patch_size,
                            struct cfk_error *err)
{
    size_t header_size = cfk__cfd_header_size(data.size);
    size_t body_size = 0;

    if (h->body != CFK__CFD_SAME) {
        bool programs = cfk__bin_executable(ref->old) && cfk__bin_executable(data);
        int rc = CFK_E_SPACE;

        if (programs)
            rc = lay_pieces(alloc, level, ref->old, data, dst + header_size,
                            data.size / WORTH_IT, &body_size, err);
        else if (!cfk__bin_suits(data))
            rc = mix(alloc, level, ref->old, data, dst + header_size,
                     data.size / MIXED_WORTH_IT, &body_size, err);
        if (rc != CFK_OK)
            return rc;
        h->body = programs ? CFK__CFD_BINARY : CFK__CFD_MIXED;
    }
    write_header(h, dst);
    *patch_size = header_size + body_size;
    return CFK_OK;
}

int cfk__cfd_encode(const struct cfk_alloc *alloc, uint32_t level,
                    const cfk_delta_ref *ref, struct cfk__span data,
                    struct cfk__cfd_header *h, uint8_t *dst, size_t *patch_size,
                    struct cfk_error *err)
{
    size_t header_size = cfk__cfd_header_size(data.size);
    uint8_t *body = dst + header_size;
    size_t body_size = *patch_size - header_size;
    bool better;
    int rc = try_body(mix, alloc, level, ref->old, data, body, &body_size, &better, err);

    if (better)
        h->body = CFK__CFD_MIXED;
    if (rc == CFK_OK && cfk__bin_suits(data)) {
        rc = try_body(lay_pieces, alloc, level, ref->old, data, body, &body_size, &better,
                      err);
        if (better)
            h->body = CFK__CFD_BINARY;
    }
    if (rc != CFK_OK)
        return rc;
    write_header(h, dst);
    *patch_size = header_size + body_size;
    return CFK_OK;
}

/* All of the patch through a decoder with room for all of the new version. */
static int decode_whole(const cfk_delta_ref *ref, const struct cfk__cfd_header *h,
                        struct cfk__reader *r, const struct cfk_delta_decode_options *o,
                        uint8_t *out, size_t *out_size, struct cfk_error *err)
{
    struct cfk__cfd_decoder *d;
    struct cfk__writer w;
    int rc = cfk__cfd_decoder_new(o->alloc, ref, h, o->max_output, UINT64_MAX, &d, err);

    if (rc != CFK_OK)
        return rc;
    cfk__writer_init(&w, out, (size_t)h->new_size);
    rc = cfk__cfd_decoder_update(d, r, &w, err);
    if (rc == CFK_OK && !cfk__cfd_decoder_done(d))
        rc = cfk__fail_at(err, CFK_E_CORRUPT, cfk__reader_offset(r),
                          "delta: the patch ends too early, after %zu bytes",
                          cfk__reader_offset(r));
    cfk__cfd_decoder_free(d);
    if (rc == CFK_OK)
        *out_size = (size_t)h->new_size;
    return rc;
}

/* Everything that can be refused before memory is taken. */
static int admit(const cfk_delta_ref *ref, struct cfk__reader *r,
                 const struct cfk_delta_decode_options *o, struct cfk__cfd_header *h,
                 struct cfk_error *err)
{
    int rc = cfk__delta_check_input(ref, r->start, cfk__reader_left(r), err);

    if (rc == CFK_OK)
        rc = read_whole_header(r, h, err);
    if (rc == CFK_OK)
        rc = cfk__cfd_admit(h, ref, o->max_output, UINT64_MAX, err);
    if (rc == CFK_OK && h->new_size > SIZE_MAX)
        rc = cfk__patch_too_large(SIZE_MAX, err);
    return rc;
}

int cfk__cfd_decode_to(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                       const struct cfk_delta_decode_options *o, void *out,
                       size_t capacity, size_t *out_size, struct cfk_error *err)
{
    struct cfk__cfd_header h;
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, patch, patch_size);
    rc = admit(ref, &r, o, &h, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__delta_overlap(out, capacity, ref->old.data, ref->old.size) ||
        cfk__delta_overlap(out, capacity, patch, patch_size))
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: the output overlaps the reference or the patch");
    if (h.new_size > capacity)
        return cfk__fail(err, CFK_E_SPACE,
                         "delta: the new version has %llu bytes, the buffer %zu",
                         (unsigned long long)h.new_size, capacity);
    return decode_whole(ref, &h, &r, o, out, out_size, err);
}

int cfk__cfd_decode(const cfk_delta_ref *ref, const void *patch, size_t patch_size,
                    const struct cfk_delta_decode_options *o, void **out,
                    size_t *out_size, struct cfk_error *err)
{
    struct cfk__cfd_header h;
    struct cfk__reader r;
    uint8_t *data;
    int rc;

    cfk__reader_init(&r, patch, patch_size);
    rc = admit(ref, &r, o, &h, err);
    if (rc != CFK_OK)
        return rc;
    data = cfk__malloc(o->alloc, (size_t)h.new_size);
    if (data == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %llu bytes",
                         (unsigned long long)h.new_size);
    rc = decode_whole(ref, &h, &r, o, data, out_size, err);
    if (rc != CFK_OK) {
        cfk__free(o->alloc, data);
        return rc;
    }
    *out = data;
    return CFK_OK;
}
