/* SPDX-License-Identifier: MIT */
/* What a patch tells without being decoded. */
#include "base/error.h"
#include "delta/cfd.h"
#include "delta/patch.h"
#include "delta/vcdiff.h"

#include <string.h>

/* A decoder's own state, and its buffers for a block going in and one going out. */
enum { DECODER_BASE = 192 * 1024, DECODER_BLOCKS = 2 * CFK__FRAME_BLOCK_MAX };

static uint64_t memory_needed(const struct cfk__frame *frame)
{
    uint64_t window =
        frame->window < frame->content_size ? frame->window : frame->content_size;

    return window + DECODER_BASE + DECODER_BLOCKS;
}

static int zstd_info(const void *patch, size_t patch_size,
                     struct cfk_delta_patch_info *all, struct cfk_error *err)
{
    struct cfk__patch p;
    int rc = cfk__patch_parse(patch, patch_size, &p, err);

    if (rc != CFK_OK)
        return rc;
    all->format = p.format;
    all->new_size_known = p.frame.content_size != CFK__FRAME_SIZE_UNKNOWN;
    all->new_size = all->new_size_known ? p.frame.content_size : 0;
    all->window = p.frame.window;
    all->memory = memory_needed(&p.frame);
    all->has_checksum = p.frame.checksum;
    all->has_reference = p.format == CFK_DELTA_DCZ;
    all->reference_bytes = all->has_reference ? CFK_DELTA_DIGEST_SIZE : 0;
    memcpy(all->reference, p.digest, sizeof all->reference);
    return CFK_OK;
}

int cfk_delta_info(const void *patch, size_t patch_size,
                   struct cfk_delta_patch_info *info, struct cfk_error *err)
{
    struct cfk_delta_patch_info all = { .patch_size = patch_size };
    int rc;

    if (info == NULL || info->size < sizeof info->size)
        return cfk__fail(err, CFK_E_INVALID, "delta: size of the info is not set");
    if (patch == NULL && patch_size > 0)
        return cfk__fail(err, CFK_E_INVALID, "delta: NULL for %zu bytes of input",
                         patch_size);
    if (cfk__vcdiff_is(patch, patch_size))
        rc = cfk__vcdiff_info(patch, patch_size, &all, err);
    else if (cfk__cfd_is(patch, patch_size))
        rc = cfk__cfd_info(patch, patch_size, &all, err);
    else
        rc = zstd_info(patch, patch_size, &all, err);
    if (rc != CFK_OK)
        return rc;
    all.size = info->size;
    if (info->size > sizeof all) { /* a newer caller: what we do not know is zero */
        memset((uint8_t *)info + sizeof all, 0, info->size - sizeof all);
        memcpy(info, &all, sizeof all);
    } else {
        memcpy(info, &all, info->size);
    }
    return CFK_OK;
}
