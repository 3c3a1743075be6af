/* SPDX-License-Identifier: MIT */
/*
 * Encoding: options, limits, and the choice of an encoder. A zstd frame is our own
 * (own.h); libzstd's encoder takes over beyond CFK__OWN_MAX. Either states its size, so
 * that it is a single segment with all of the new version for a window; a decoder can
 * then reach the whole reference from every byte (the rule of RFC 8878, 5, holds
 * as long as no more than a window was decoded).
 */
#include "delta/encode.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "delta/cfd.h"
#include "delta/own.h"
#include "delta/vcdiff.h"
#include "delta/verify.h"
#include "delta/zstd.h"

#include <string.h>

#define MIB UINT64_C(0x100000)

enum { WINDOW_LOG_MIN = 10, HASH_LOG_MIN = 10, HASH_LOG_MAX = 20 };

/*
 * For libzstd: our levels as its own, and the bytes of old and new version together from
 * which long distance matching is worth its time. The fast strategies (to zstd level 4)
 * keep one position for each hash, and would lose most of a long reference.
 */
static const struct {
    int zstd_level;
    bool fast;
    uint64_t long_distance_from;
} levels[] = {
    [1] = { 1, true, 64 * 1024 }, [2] = { 3, true, 64 * 1024 },
    [3] = { 5, false, 4 * MIB },  [4] = { 7, false, 4 * MIB },
    [5] = { 9, false, 4 * MIB },  [6] = { 12, false, 4 * MIB },
    [7] = { 16, false, 4 * MIB }, [8] = { 19, false, 4 * MIB },
    [9] = { 22, false, 4 * MIB },
};

/* Options, checked, and what follows from them. */
struct plan {
    struct cfk_delta_encode_options o;
    size_t header_size;
    int window_log;
    int hash_log; /* 0: as the level has it */
    bool long_distance;
};

static int log2_ceil(uint64_t value)
{
    int log = 0;

    while (log < 63 && UINT64_C(1) << log < value)
        log++;
    return log;
}

/* What a decoder of dcz must accept: RFC 9842, section 5. */
static uint64_t dcz_window_max(uint64_t old_size)
{
    uint64_t scaled = old_size > 128 * MIB ? 128 * MIB : old_size + old_size / 4;

    if (scaled < 8 * MIB)
        return 8 * MIB;
    return scaled > 128 * MIB ? 128 * MIB : scaled;
}

int cfk__delta_window(uint32_t format, uint64_t old_size, uint64_t new_size, int log_max,
                      int *log, struct cfk_error *err)
{
    uint64_t window_max = UINT64_C(1) << log_max;
    uint64_t total_max = window_max + window_max / 2; /* libzstd's indexes end there */

    if (format == CFK_DELTA_DCZ && new_size > dcz_window_max(old_size))
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: dcz allows a new version of %llu bytes against this "
                         "reference, and it has %llu: use the zstd format",
                         (unsigned long long)dcz_window_max(old_size),
                         (unsigned long long)new_size);
    if (new_size > window_max)
        return cfk__fail(
            err, CFK_E_LIMIT,
            "delta: a zstd frame reaches a reference for %llu bytes, and the "
            "new version has %llu: use the vcdiff format",
            (unsigned long long)window_max, (unsigned long long)new_size);
    if (old_size > total_max || new_size > total_max - old_size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: old and new version together have more than %llu bytes: "
                         "use the vcdiff format",
                         (unsigned long long)total_max);
    *log = log2_ceil(old_size + new_size);
    if (*log < WINDOW_LOG_MIN)
        *log = WINDOW_LOG_MIN;
    if (*log > log_max)
        *log = log_max;
    return CFK_OK;
}

/* Room for half of all positions, which the levels do not give on their own. */
static int fast_hash_log(int window_log)
{
    int log = window_log - 1;

    if (log < HASH_LOG_MIN)
        return HASH_LOG_MIN;
    return log > HASH_LOG_MAX ? HASH_LOG_MAX : log;
}

static int make_plan(struct plan *plan, const cfk_delta_ref *ref, size_t size,
                     const struct cfk_delta_encode_options *opts, struct cfk_error *err)
{
    ZSTD_bounds bounds = ZSTD_cParam_getBounds(ZSTD_c_windowLog);
    struct cfk_delta_encode_options *o = &plan->o;
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    if (o->format == 0)
        o->format = CFK_DELTA_DCZ;
    if (o->level == 0)
        o->level = CFK_DELTA_LEVEL_DEFAULT;
    if (cfk_delta_format_name(o->format) == NULL)
        return cfk__fail(err, CFK_E_INVALID, "delta: %u is no format", o->format);
    if (o->level > CFK_DELTA_LEVEL_MAX)
        return cfk__fail(err, CFK_E_INVALID, "delta: levels are 1 to 9, not %u",
                         o->level);
    if (o->no_checksum > 1 || o->no_verify > 1)
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: no_checksum and no_verify are 0 or 1");
    if (o->format == CFK_DELTA_VCDIFF) {
        plan->header_size = 0;
        return CFK_OK;
    }
    plan->header_size = o->format == CFK_DELTA_DCZ ? CFK__DCZ_HEADER_SIZE : 0;
    if (o->format == CFK_DELTA_CFD) {
        plan->header_size = cfk__cfd_header_size(size);
        o->no_checksum = 1; /* in the frame: the header has checks */
    }
    rc = cfk__delta_window(o->format, ref->old.size, size, bounds.upperBound,
                           &plan->window_log, err);
    if (rc != CFK_OK)
        return rc;
    plan->long_distance =
        (uint64_t)ref->old.size + size >= levels[o->level].long_distance_from;
    plan->hash_log = levels[o->level].fast ? fast_hash_log(plan->window_log) : 0;
    return CFK_OK;
}

size_t cfk_delta_bound(size_t new_size)
{
    size_t extra = new_size / 256 + 128 + CFK__PATCH_HEAD_MAX;

    return new_size > SIZE_MAX - extra ? 0 : new_size + extra;
}

static size_t set_parameters(ZSTD_CCtx *ctx, const struct plan *plan)
{
    const struct {
        ZSTD_cParameter name;
        int value;
    } settings[] = {
        { ZSTD_c_compressionLevel, levels[plan->o.level].zstd_level },
        { ZSTD_c_windowLog, plan->window_log },
        { ZSTD_c_hashLog, plan->hash_log },
        { ZSTD_c_enableLongDistanceMatching, plan->long_distance },
        { ZSTD_c_contentSizeFlag, 1 },
        { ZSTD_c_checksumFlag, !plan->o.no_checksum },
        { ZSTD_c_dictIDFlag, 0 },
    };
    size_t result = 0;

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        result = ZSTD_CCtx_setParameter(ctx, settings[i].name, settings[i].value);
        if (ZSTD_isError(result))
            break;
    }
    return result;
}

/* *result is libzstd's word, a size or an error. */
static int compress(const struct plan *plan, const cfk_delta_ref *ref, const void *data,
                    size_t size, uint8_t *dst, size_t capacity, size_t *result,
                    struct cfk_error *err)
{
    ZSTD_CCtx *ctx = ZSTD_createCCtx();

    if (ctx == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a zstd encoder");
    *result = set_parameters(ctx, plan);
    if (!ZSTD_isError(*result))
        *result = ZSTD_CCtx_refPrefix(ctx, ref->old.data, ref->old.size);
    if (!ZSTD_isError(*result))
        *result = ZSTD_compress2(ctx, dst, capacity, data, size);
    ZSTD_freeCCtx(ctx);
    return CFK_OK;
}

static int compress_own(const struct plan *plan, const cfk_delta_ref *ref,
                        const void *data, size_t size, uint8_t *dst, size_t capacity,
                        size_t *frame, struct cfk_error *err)
{
    struct cfk__effort effort;
    struct cfk__own_job job = {
        .alloc = plan->o.alloc,
        .old_data = ref->old.data,
        .old_size = ref->old.size,
        .new_data = data,
        .new_size = size,
        .effort = &effort,
        .checksum = !plan->o.no_checksum,
    };
    int rc;

    cfk__own_effort(&effort, plan->o.level, (uint64_t)ref->old.size + size);
    rc = cfk__delta_ref_index(ref, effort.tree, &job.old_index);
    if (rc == CFK_OK)
        rc = cfk__own_encode(&job, dst, capacity, frame);
    if (rc != CFK_OK)
        return cfk__fail(err, rc, "delta: no memory for level %u", plan->o.level);
    return CFK_OK;
}

/* Into dst, which has room for cfk_delta_bound(size) bytes. */
static int encode_zstd(const struct plan *plan, const cfk_delta_ref *ref,
                       const void *data, size_t size, uint8_t *dst, size_t *patch_size,
                       struct cfk_error *err)
{
    size_t capacity = cfk_delta_bound(size) - plan->header_size;
    struct cfk__writer w;
    size_t frame = 0;
    int rc = CFK_OK;

    cfk__writer_init(&w, dst, plan->header_size);
    if (plan->o.format == CFK_DELTA_DCZ)
        rc = cfk__delta_ref_hash(ref, err);
    if (rc != CFK_OK)
        return rc;
    if (plan->o.format == CFK_DELTA_DCZ)
        cfk__dcz_write(&w, cfk__delta_ref_digest(ref));
    if ((uint64_t)ref->old.size + size <= CFK__OWN_MAX)
        rc = compress_own(plan, ref, data, size, dst + plan->header_size, capacity,
                          &frame, err);
    else
        rc = compress(plan, ref, data, size, dst + plan->header_size, capacity, &frame,
                      err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__zstd_no_memory(frame))
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for level %u",
                         plan->o.level);
    if (ZSTD_isError(frame))
        return cfk__fail(err, CFK_E_INVALID, "delta: libzstd: %s",
                         ZSTD_getErrorName(frame));
    *patch_size = plan->header_size + frame;
    return CFK_OK;
}

static int encode_cfd(const struct plan *plan, const cfk_delta_ref *ref, const void *data,
                      size_t size, uint8_t *dst, size_t *patch_size,
                      struct cfk_error *err)
{
    struct cfk__span all = { data, size };
    struct cfk__cfd_header header;
    int rc = cfk__cfd_header_make(ref, data, size, &header, err);

    if (rc == CFK_OK)
        rc = cfk__cfd_encode_at_once(plan->o.alloc, plan->o.level, ref, all, &header, dst,
                                     patch_size, err);
    if (rc != CFK_E_SPACE)
        return rc;
    rc = encode_zstd(plan, ref, data, size, dst, patch_size, err);
    if (rc != CFK_OK)
        return rc;
    return cfk__cfd_encode(plan->o.alloc, plan->o.level, ref, all, &header, dst,
                           patch_size, err);
}

/* The same in any format, verified. */
static int encode_whole(const struct plan *plan, const cfk_delta_ref *ref,
                        const void *data, size_t size, uint8_t *dst, size_t *patch_size,
                        struct cfk_error *err)
{
    int rc;

    switch (plan->o.format) {
    case CFK_DELTA_VCDIFF:
        rc = cfk__vcdiff_encode(ref, data, size, &plan->o, dst, patch_size, err);
        break;
    case CFK_DELTA_CFD:
        rc = encode_cfd(plan, ref, data, size, dst, patch_size, err);
        break;
    default: rc = encode_zstd(plan, ref, data, size, dst, patch_size, err); break;
    }
    if (rc != CFK_OK || plan->o.no_verify)
        return rc;
    return cfk__delta_verify(plan->o.alloc, plan->o.format, ref,
                             (struct cfk__span){ data, size },
                             (struct cfk__span){ dst, *patch_size }, err);
}

/*
 * libzstd takes a prefix that the input overlaps for overwritten and forgets it,
 * so such input is moved away first.
 */
static int encode_apart(const struct plan *plan, const cfk_delta_ref *ref,
                        const void *data, size_t size, uint8_t *dst, size_t *patch_size,
                        struct cfk_error *err)
{
    void *copy;
    int rc;

    if (!cfk__delta_overlap(ref->old.data, ref->old.size, data, size))
        return encode_whole(plan, ref, data, size, dst, patch_size, err);
    copy = cfk__malloc(plan->o.alloc, size);
    if (copy == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for %zu bytes", size);
    memcpy(copy, data, size);
    rc = encode_whole(plan, ref, copy, size, dst, patch_size, err);
    cfk__free(plan->o.alloc, copy);
    return rc;
}

static int encode_new(const struct plan *plan, const cfk_delta_ref *ref, const void *data,
                      size_t size, uint8_t **out, size_t *patch_size,
                      struct cfk_error *err)
{
    size_t bound = cfk_delta_bound(size);
    uint8_t *patch = bound > 0 ? cfk__malloc(plan->o.alloc, bound) : NULL;
    int rc;

    if (patch == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory to encode %zu bytes", size);
    rc = encode_apart(plan, ref, data, size, patch, patch_size, err);
    if (rc != CFK_OK) {
        cfk__free(plan->o.alloc, patch);
        return rc;
    }
    *out = patch;
    return CFK_OK;
}

int cfk_delta_encode(const cfk_delta_ref *ref, const void *data, size_t size,
                     const struct cfk_delta_encode_options *opts, void **patch,
                     size_t *patch_size, struct cfk_error *err)
{
    struct plan plan;
    uint8_t *made = NULL;
    uint8_t *trimmed;
    int rc;

    *patch = NULL;
    *patch_size = 0;
    rc = cfk__delta_check_input(ref, data, size, err);
    if (rc == CFK_OK)
        rc = make_plan(&plan, ref, size, opts, err);
    if (rc == CFK_OK)
        rc = encode_new(&plan, ref, data, size, &made, patch_size, err);
    if (rc != CFK_OK) {
        *patch_size = 0;
        return rc;
    }
    trimmed = cfk__realloc(plan.o.alloc, made, *patch_size, 1);
    *patch = trimmed != NULL ? trimmed : made;
    return CFK_OK;
}

int cfk_delta_encode_to(const cfk_delta_ref *ref, const void *data, size_t size,
                        const struct cfk_delta_encode_options *opts, void *patch,
                        size_t capacity, size_t *patch_size, struct cfk_error *err)
{
    struct plan plan;
    uint8_t *made = NULL;
    size_t made_size = 0;
    int rc;

    *patch_size = 0;
    rc = cfk__delta_check_input(ref, data, size, err);
    if (rc == CFK_OK)
        rc = make_plan(&plan, ref, size, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (cfk__delta_overlap(patch, capacity, ref->old.data, ref->old.size) ||
        cfk__delta_overlap(patch, capacity, data, size))
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: the patch overlaps old or new bytes");
    if (cfk_delta_bound(size) > 0 && capacity >= cfk_delta_bound(size)) {
        rc = encode_apart(&plan, ref, data, size, patch, &made_size, err);
        if (rc == CFK_OK)
            *patch_size = made_size;
        return rc;
    }
    rc = encode_new(&plan, ref, data, size, &made, &made_size, err);
    if (rc != CFK_OK)
        return rc;
    if (made_size > capacity) {
        rc = cfk__fail(err, CFK_E_SPACE, "delta: the patch has %zu bytes, the buffer %zu",
                       made_size, capacity);
    } else {
        memcpy(patch, made, made_size);
        *patch_size = made_size;
    }
    cfk__free(plan.o.alloc, made);
    return rc;
}
