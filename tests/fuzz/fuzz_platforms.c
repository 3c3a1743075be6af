/* SPDX-License-Identifier: MIT */
/* platforms.yaml: read, or refused; then asked about each root in it. */
#include "bundle/platforms.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_bundle_platforms_options opts = { .size = sizeof opts,
                                                 .max_size = 65536,
                                                 .max_roots = 1000 };
    struct cfk_error err = { 0 };
    cfk_bundle_platforms *platforms;
    int rc = cfk_bundle_platforms_parse(data, size, &opts, &platforms, &err);

    if (rc != CFK_OK) {
        if (platforms != NULL || err.message[0] == '\0')
            abort();
        return 0;
    }
    for (size_t i = 0; i < platforms->roots.count; i++) {
        const struct cfk__store_root *root =
            (const struct cfk__store_root *)platforms->roots.items + i;
        struct cfk__chain_traits chain = { .anchor = root->sha256, .time = root->since };
        uint8_t bits[1000 / 8 + 1] = { 0 };

        if (cfk__platforms_trust(platforms, &chain, bits) > platforms->weight)
            abort();
    }
    cfk_bundle_platforms_free(platforms);
    return 0;
}
