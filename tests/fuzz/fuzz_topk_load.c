/* SPDX-License-Identifier: MIT */
/*
 * Saved sketches from strangers, with the checksum set right so that the rest is
 * reached. What is loaded must work, and be saved as it came.
 */
#include "base/siphash.h"
#include "cfkit/topk.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void must(int holds)
{
    if (!holds)
        abort();
}

static void use(cfk_topk *top)
{
    struct cfk_topk_item items[8];
    size_t count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, 8);
    uint64_t lo;
    uint64_t hi;

    for (size_t i = 0; i < count; i++) {
        must(items[i].lo <= items[i].estimate && items[i].estimate <= items[i].hi);
        cfk_topk_query(top, items[i].key, items[i].key_len, &lo, &hi);
        must(lo == items[i].lo && hi == items[i].hi);
    }
    for (int i = 0; i < 50; i++)
        cfk_topk_add_at(top, &i, i % 2 == 0 ? sizeof i : 1, (uint64_t)(i * i),
                        i * (INT64_MAX / 64), NULL);
}

/* What is the same in both, but for the seed, is merged. */
static void merge(cfk_topk *top, const void *data, size_t size,
                  const struct cfk_topk_load_options *opts)
{
    cfk_topk *again;

    must(cfk_topk_load(data, size, opts, &again, NULL) == CFK_OK);
    must(cfk_topk_merge(top, again, NULL) == CFK_OK);
    cfk_topk_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t key[2] = { 0, 0 };
    struct cfk_topk_load_options opts = { .size = sizeof opts, .max_counters = 4096 };
    uint8_t *copy = malloc(size + 1);
    cfk_topk *top;

    memcpy(copy, data, size);
    if (size >= 8) {
        uint64_t sum = cfk__siphash24(key, copy, size - 8);

        for (int i = 0; i < 8; i++)
            copy[size - 8 + (size_t)i] = (uint8_t)(sum >> 8 * i);
    }
    if (cfk_topk_load(copy, size, &opts, &top, NULL) == CFK_OK) {
        void *saved;
        size_t saved_size;

        must(cfk_topk_save(top, &saved, &saved_size, NULL) == CFK_OK);
        must(saved_size == size && memcmp(saved, copy, size) == 0);
        cfk_free(NULL, saved);
        use(top);
        merge(top, copy, size, &opts);
        use(top);
        cfk_topk_free(top);
    }
    free(copy);
    return 0;
}
