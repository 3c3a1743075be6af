/* SPDX-License-Identifier: MIT */
/*
 * A pool under any sequence of sizes, returns and trims: blocks that are out keep their
 * bytes, are large enough and not much too large, caps hold, wrong returns are refused.
 */
#include "cfkit/pool.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16 };

struct slot {
    uint8_t *block;
    size_t size;
    uint8_t fill;
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static void take_block(cfk_pool *pool, struct slot *slot, size_t size, uint8_t fill)
{
    size_t capacity;
    void *block;

    must(cfk_pool_get(pool, size, &block, &capacity, NULL) == CFK_OK);
    must(capacity >= size && capacity <= (size <= 128 ? size + 16 : size + size / 8));
    memset(block, fill, capacity);
    *slot = (struct slot){ block, capacity, fill };
}

static void put_block(cfk_pool *pool, struct slot *slot)
{
    for (size_t i = 0; i < slot->size; i++)
        must(slot->block[i] == slot->fill);
    must(cfk_pool_put(pool, slot->block, NULL) == CFK_OK);
    slot->block = NULL;
}

static void expect_sums(const cfk_pool *pool, const struct slot *slots, size_t keep_bytes)
{
    struct cfk_pool_stats stats = { .size = sizeof stats };
    uint64_t blocks = 0;
    uint64_t bytes = 0;

    for (int i = 0; i < SLOTS; i++) {
        blocks += slots[i].block != NULL;
        bytes += slots[i].block != NULL ? slots[i].size : 0;
    }
    must(cfk_pool_get_stats(pool, &stats, NULL) == CFK_OK);
    must(stats.out_blocks == blocks && stats.out_bytes == bytes);
    must(stats.kept_bytes <= keep_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cfk_pool_options opts = { .size = sizeof opts };
    struct slot slots[SLOTS] = { { 0 } };
    cfk_pool *other;
    cfk_pool *pool;

    if (size < 4)
        return 0;
    opts.max_size = data[0] * 64u;
    opts.keep_bytes = 1 + data[1] * 256u;
    opts.keep_each = data[2] % 8;
    opts.flags = data[3] & CFK_POOL_ZERO;
    must(cfk_pool_new(&opts, &pool, NULL) == CFK_OK);
    must(cfk_pool_new(NULL, &other, NULL) == CFK_OK);
    for (size_t i = 4; i + 1 < size; i += 2) {
        struct slot *slot = &slots[data[i] % SLOTS];

        if (slot->block == NULL) {
            take_block(pool, slot, data[i + 1] * (size_t)(data[i] + 1), data[i]);
        } else {
            must(cfk_pool_put(other, slot->block, NULL) == CFK_E_INVALID);
            put_block(pool, slot);
        }
        if (data[i] >= 240)
            cfk_pool_trim(pool);
        if (data[i] == 239)
            cfk_pool_drain(pool);
        expect_sums(pool, slots, opts.keep_bytes);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].block != NULL)
            put_block(pool, &slots[i]);
    cfk_pool_free(pool);
    cfk_pool_free(other);
    return 0;
}
