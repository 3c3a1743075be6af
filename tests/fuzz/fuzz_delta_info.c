/* SPDX-License-Identifier: MIT */
/* A patch from outside, looked at without its reference. */
#include "cfkit/delta.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    int rc = cfk_delta_info(data, size, &info, &err);

    if (rc != CFK_OK) {
        if ((rc != CFK_E_CORRUPT && rc != CFK_E_NOTSUP) || err.code != rc ||
            err.offset > size || info.patch_size != 0)
            abort();
        return 0;
    }
    if (cfk_delta_format_name(info.format) == NULL || info.patch_size != size ||
        info.size != sizeof info ||
        (info.new_size_known && info.format != CFK_DELTA_CFD &&
         info.new_size / 32768 > size)) /* 128 KiB in 4 bytes */
        abort();
    if (info.format == CFK_DELTA_CFD) /* its body is for the decoder to judge */
        return 0;
    /* A patch ends where it says: neither one byte less nor more is one. */
    info.size = sizeof info;
    if (cfk_delta_info(data, size - 1, &info, NULL) != CFK_E_CORRUPT)
        abort();
    return 0;
}
