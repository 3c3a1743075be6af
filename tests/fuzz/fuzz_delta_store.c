/* SPDX-License-Identifier: MIT */
/*
 * A store driven by the input: two bytes are a step, of which the first says what to do
 * and the second which page, a piece of the input itself. Whatever happens, the store
 * keeps to its limits and finds what it keeps.
 */
#include "cfkit/delta.h"
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 7, BYTES = 3000 };

static void pick(const cfk_delta_store *store, const uint8_t *data, size_t size, bool try)
{
    struct cfk_delta_pick_options opts = { .size = sizeof opts,
                                           .tries = 1,
                                           .no_tries = !try };
    struct cfk_delta_pick picks[3];
    size_t count;
    uint64_t kept = cfk_delta_store_count(store);

    if (cfk_delta_store_pick(store, data, size, &opts, picks, 3, &count, NULL) !=
            CFK_OK ||
        count != (kept < 3 ? kept : 3))
        abort();
    for (size_t i = 0; i < count; i++)
        if (picks[i].similarity > CFK_DELTA_SKETCH_VALUES ||
            (i + opts.no_tries > 1 && picks[i].similarity > picks[i - 1].similarity))
            abort();
}

static void step(cfk_delta_store *store, unsigned what, const uint8_t *data, size_t size)
{
    uint8_t digest[CFK_DELTA_DIGEST_SIZE];
    const cfk_delta_ref *ref;
    int rc = cfk_delta_store_add(store, data, size, &ref, NULL);

    if (rc != (size > BYTES ? CFK_E_LIMIT : CFK_OK) || (rc == CFK_OK) != (ref != NULL))
        abort();
    if (rc == CFK_OK && what % 3 == 0) {
        memcpy(digest, cfk_delta_ref_digest(ref), sizeof digest);
        if (cfk_delta_store_get(store, digest) != ref ||
            cfk_delta_store_remove(store, digest, NULL) != CFK_OK ||
            cfk_delta_store_get(store, digest) != NULL)
            abort();
    }
    if (what % 3 == 1)
        pick(store, data, size, what == 31);
    if (cfk_delta_store_count(store) > PAGES || cfk_delta_store_bytes(store) > BYTES)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_delta_store_options opts = { .size = sizeof opts,
                                            .max_bytes = BYTES,
                                            .max_pages = PAGES };
    cfk_delta_store *store;

    if (cfk_delta_store_new(&opts, &store, NULL) != CFK_OK)
        abort();
    for (size_t at = 0; at + 2 <= size && at < 200; at += 2) {
        size_t from = (size_t)data[at + 1] * size / 256;
        size_t length = (size - from) >> (data[at] & 7);

        step(store, data[at] >> 3, data + from, length);
    }
    cfk_delta_store_free(store);
    return 0;
}
