/* SPDX-License-Identifier: MIT */
#include "delta/zstd.h"

#include "base/error.h"

#include <zstd_errors.h>

bool cfk__zstd_no_memory(size_t result)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
}

bool cfk__zstd_no_room(size_t result)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall;
}

int cfk__zstd_decoder_new(const cfk_delta_ref *ref, ZSTD_DCtx **out,
                          struct cfk_error *err)
{
    ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    ZSTD_DCtx *ctx = ZSTD_createDCtx();

    *out = NULL;
    if (ctx == NULL ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, bounds.upperBound)) ||
        ZSTD_isError(ZSTD_DCtx_refPrefix(ctx, ref->old.data, ref->old.size))) {
        ZSTD_freeDCtx(ctx);
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a zstd decoder");
    }
    *out = ctx;
    return CFK_OK;
}

int cfk__zstd_decode_failed(size_t result, uint32_t format, uint64_t offset,
                            struct cfk_error *err)
{
    if (cfk__zstd_no_memory(result))
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory to decode the patch");
    return cfk__fail_at(
        err, CFK_E_CORRUPT, offset, "delta: the patch is damaged%s (%s)",
        format == CFK_DELTA_ZSTD ? " or was made against another reference" : "",
        ZSTD_getErrorName(result));
}
