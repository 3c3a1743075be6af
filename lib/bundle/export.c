/* SPDX-License-Identifier: MIT */
#include "bundle/export.h"

#include "base/error.h"

#include <string.h>

int cfk__export(void *out, const void *ours, size_t size, struct cfk_error *err)
{
    size_t theirs;

    memcpy(&theirs, out, sizeof theirs);
    if (theirs < sizeof theirs)
        return cfk__fail(err, CFK_E_INVALID, "bundle: the size of a struct is not set");
    memset(out, 0, theirs);
    memcpy(out, ours, theirs < size ? theirs : size);
    memcpy(out, &theirs, sizeof theirs);
    return CFK_OK;
}
