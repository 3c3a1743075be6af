/* SPDX-License-Identifier: MIT */
#include "cfkit/base.h"
#include "config.h"

#include <string.h>

static const char *const features[] = {
#if CFK_WITH_DELTA
    "delta",
#endif
#if CFK_WITH_BUNDLE
    "bundle",
#endif
#if CFK_WITH_SPLIT
    "split",
#endif
#if CFK_WITH_STRUCTURES
    "structures",
#endif
#if CFK_WITH_UPGRADE
    "upgrade",
#endif
    CFK_CRYPTO,
};

const char *cfk_version(void)
{
    return CFK_VERSION;
}

uint32_t cfk_version_number(void)
{
    return CFK_VERSION_MAJOR * 1000000 + CFK_VERSION_MINOR * 1000 + CFK_VERSION_PATCH;
}

int cfk_has(const char *feature)
{
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        if (strcmp(features[i], feature) == 0)
            return 1;
    return 0;
}
