/* SPDX-License-Identifier: MIT */
/* A sketch against exact counts: the bounds hold after every operation. */
#include "cfkit/topk.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 32, LONG = 40 };

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take(struct input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static void must(int holds)
{
    if (!holds)
        abort();
}

/* Key n: one byte, or that byte many times over, so that it has a block of its own. */
static size_t make_key(uint8_t n, uint8_t *key)
{
    size_t len = n % 2 == 0 ? 1 : LONG;

    memset(key, n, len);
    return len;
}

static void check(const cfk_topk *top, const uint64_t *truth, uint64_t total,
                  uint64_t counters)
{
    struct cfk_topk_item items[KEYS];
    uint64_t worst = cfk_topk_max_error(top);
    size_t count = cfk_topk_list(top, CFK_TOPK_BY_LO, items, KEYS);

    must(cfk_topk_total(top) == total);
    must(worst <= total / counters);
    must(count <= counters);
    for (uint8_t n = 0; n < KEYS; n++) {
        uint8_t key[LONG];
        size_t len = make_key(n, key);
        uint64_t lo;
        uint64_t hi;

        cfk_topk_query(top, key, len, &lo, &hi);
        must(lo <= truth[n] && truth[n] <= hi && hi - lo <= worst);
    }
    for (size_t i = 1; i < count; i++)
        must(items[i - 1].lo >= items[i].lo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cfk_topk_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    uint64_t truth[KEYS] = { 0 };
    uint64_t total = 0;
    cfk_topk *top;

    opts.counters = take(&in) % 20 + 1u;
    opts.cells = take(&in) % 40;
    must(cfk_topk_new(&opts, &top, NULL) == CFK_OK);
    while (in.size > 0) {
        uint8_t op = take(&in);
        uint8_t n = op % KEYS;
        uint64_t weight = op < 192 ? 1 : (uint64_t)take(&in) << take(&in) % 40;
        uint8_t key[LONG];

        if (op == 255) {
            cfk_topk_reset(top);
            memset(truth, 0, sizeof truth);
            total = 0;
            continue;
        }
        must(cfk_topk_add(top, key, make_key(n, key), weight, NULL) == CFK_OK);
        truth[n] += weight;
        total += weight;
        if (in.size % 16 == 0)
            check(top, truth, total, opts.counters);
    }
    check(top, truth, total, opts.counters);
    cfk_topk_free(top);
    return 0;
}
