/* SPDX-License-Identifier: MIT */
#include "sketch.h"

#include "checked.h"
#include "unit.h"

#include <string.h>

int sketch_rounds(int all)
{
    return CHECKED ? (all + 19) / 20 : all;
}

cfk_topk *sketch_decayed(size_t counters, size_t cells, int64_t half_life_ns)
{
    struct cfk_topk_options opts = { .size = sizeof opts,
                                     .counters = counters,
                                     .cells = cells,
                                     .seed = { 1, 2 },
                                     .half_life_ns = half_life_ns };
    cfk_topk *top;

    ck_assert_int_eq(cfk_topk_new(&opts, &top, NULL), CFK_OK);
    return top;
}

cfk_topk *sketch(size_t counters, size_t cells)
{
    return sketch_decayed(counters, cells, 0);
}

void sketch_add(cfk_topk *top, const char *key, uint64_t weight)
{
    ck_assert_int_eq(cfk_topk_add(top, key, strlen(key), weight, NULL), CFK_OK);
}

void sketch_expect(const cfk_topk *top, const void *key, size_t len, uint64_t lo,
                   uint64_t hi)
{
    uint64_t got_lo;
    uint64_t got_hi;

    cfk_topk_query(top, key, len, &got_lo, &got_hi);
    ck_assert_uint_eq(got_lo, lo);
    ck_assert_uint_eq(got_hi, hi);
}

void sketch_must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

/* a <= b, but for the rounding of decayed amounts. */
static bool at_most(bool decayed, uint64_t a, uint64_t b)
{
    return decayed ? cfk__topk_real(a) <= cfk__topk_real(b) * (1 + 1e-9) : a <= b;
}

static void check_counters(const cfk_topk *top, uint64_t most)
{
    bool decayed = cfk__topk_decays(top);

    for (uint32_t i = 0; i < top->used; i++) {
        const struct cfk__topk_counter *counter = &top->counters[i];
        const uint8_t *key = cfk__key_data(&counter->key);
        uint64_t hash = cfk__keyed_hash_fast(&top->hasher, key, counter->key.len);

        sketch_must(counter->hash == hash, "a counter has its key's hash");
        sketch_must(cfk__topk_find(top,
                                   cfk__topk_table_hash(top, hash, key, counter->key.len),
                                   key, counter->key.len) == i,
                    "the table finds the counter");
        sketch_must(counter->noise <= counter->error && counter->error <= counter->count,
                    "noise, error and count are in order");
        sketch_must(at_most(decayed, counter->error, most), "no error is above M");
        sketch_must(top->used < top->counter_count || counter->count >= top->floor,
                    "the floor is below all counters");
    }
}

static void check_sums(const cfk_topk *top, uint64_t most)
{
    bool decayed = cfk__topk_decays(top);
    double sum = decayed ? cfk__topk_real(most) : (double)most;
    double total = decayed ? cfk__topk_real(top->total) : (double)top->total;

    sum *= top->counter_count;
    for (uint32_t i = 0; i < top->used; i++) {
        uint64_t count = top->counters[i].count;

        if (count > most) {
            uint64_t excess = cfk__topk_less(decayed, count, most);

            sum += decayed ? cfk__topk_real(excess) : (double)excess;
        }
    }
    sketch_must(sum <= total * (1 + 1e-9) || (!decayed && top->total == UINT64_MAX),
                "the excess and k times M are within the total");
}

void sketch_check(const cfk_topk *top)
{
    bool decayed = cfk__topk_decays(top);
    uint64_t most = cfk__topk_most_error(top);

    sketch_must(top->table.count == top->used, "the table has all counters");
    check_counters(top, most);
    check_sums(top, most);
    for (size_t i = 0; i < cfk__topk_cell_count(top); i++)
        sketch_must(at_most(decayed, cfk__topk_cell(decayed, top, i), most),
                    "no cell is above M");
    sketch_must(at_most(decayed, top->noise, most), "no more noise than M");
}
