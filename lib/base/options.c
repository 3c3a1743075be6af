/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include "base/error.h"

#include <string.h>

int cfk__options_import(void *dst, size_t dst_size, const void *src,
                        struct cfk_error *err)
{
    const uint8_t *bytes = src;
    size_t src_size;

    memset(dst, 0, dst_size);
    if (src == NULL)
        return CFK_OK;
    memcpy(&src_size, src, sizeof src_size);
    if (src_size < sizeof src_size)
        return cfk__fail(err, CFK_E_INVALID, "options: size is not set");
    for (size_t i = dst_size; i < src_size; i++)
        if (bytes[i] != 0)
            return cfk__fail(err, CFK_E_NOTSUP, "options: newer than libcfkit %s",
                             cfk_version());
    memcpy(dst, src, src_size < dst_size ? src_size : dst_size);
    return CFK_OK;
}
