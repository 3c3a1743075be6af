/* SPDX-License-Identifier: MIT */
/*
 * Two sketches against exact counts: the bounds hold after every operation, also
 * after one has been merged into the other, and saved and loaded.
 */
#include "cfkit/topk.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 32, LONG = 40, RESET = 255, MERGE = 254, SAVE = 253, UNIT_WEIGHTS = 192 };

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

struct subject {
    cfk_topk *top;
    uint64_t truth[KEYS];
    uint64_t total;
};

static void check(const struct subject *s, uint64_t counters)
{
    struct cfk_topk_item items[KEYS];
    uint64_t worst = cfk_topk_max_error(s->top);
    size_t count = cfk_topk_list(s->top, CFK_TOPK_BY_LO, items, KEYS);

    must(cfk_topk_total(s->top) == s->total);
    must(worst <= s->total / counters);
    must(count <= counters);
    for (uint8_t n = 0; n < KEYS; n++) {
        uint8_t key[LONG];
        size_t len = make_key(n, key);
        struct cfk_topk_item item;

        cfk_topk_get(s->top, key, len, 0, &item);
        must(item.lo <= s->truth[n] && s->truth[n] <= item.hi);
        must(item.hi - item.lo <= worst);
        must(item.lo <= item.estimate && item.estimate <= item.hi);
    }
    for (size_t i = 1; i < count; i++)
        must(items[i - 1].lo >= items[i].lo);
}

static void reset(struct subject *s)
{
    cfk_topk_reset(s->top);
    memset(s->truth, 0, sizeof s->truth);
    s->total = 0;
}

static void merge(struct subject *into, const struct subject *from)
{
    must(cfk_topk_merge(into->top, from->top, NULL) == CFK_OK);
    for (int n = 0; n < KEYS; n++)
        into->truth[n] += from->truth[n];
    into->total += from->total;
}

static void save_and_load(struct subject *s)
{
    cfk_topk *loaded;
    void *data;
    size_t size;

    must(cfk_topk_save(s->top, &data, &size, NULL) == CFK_OK);
    must(cfk_topk_load(data, size, NULL, &loaded, NULL) == CFK_OK);
    cfk_free(NULL, data);
    cfk_topk_free(s->top);
    s->top = loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cfk_topk_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    struct subject subjects[2] = { { NULL, { 0 }, 0 }, { NULL, { 0 }, 0 } };
    int merges = 0;

    opts.counters = take(&in) % 20 + 1u;
    opts.cells = take(&in) % 40;
    for (int i = 0; i < 2; i++)
        must(cfk_topk_new(&opts, &subjects[i].top, NULL) == CFK_OK);
    while (in.size > 0) {
        uint8_t op = take(&in);
        struct subject *s = &subjects[op >> 5 & 1];
        uint8_t n = op % KEYS;
        uint64_t weight = op < UNIT_WEIGHTS ? 1 : (uint64_t)take(&in) << take(&in) % 40;
        uint8_t key[LONG];

        if (op == RESET) {
            reset(s);
        } else if (op == MERGE && merges++ < 10) { /* doubling, from below 2^50 */
            merge(&subjects[weight & 1], &subjects[~weight & 1]);
        } else if (op == SAVE) {
            save_and_load(s);
        } else {
            must(cfk_topk_add(s->top, key, make_key(n, key), weight, NULL) == CFK_OK);
            s->truth[n] += weight;
            s->total += weight;
        }
        if (in.size % 16 == 0)
            check(s, opts.counters);
    }
    for (int i = 0; i < 2; i++) {
        check(&subjects[i], opts.counters);
        cfk_topk_free(subjects[i].top);
    }
    return 0;
}
