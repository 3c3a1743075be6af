/* SPDX-License-Identifier: MIT */
#include "cfkit/topk.h"
#include "fault.h"
#include "gen.h"
#include "structures/topk.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cfk_topk *sketch(size_t counters, size_t cells)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts, .counters = counters, .cells = cells, .seed = { 1, 2 }
    };
    cfk_topk *top;

    ck_assert_int_eq(cfk_topk_new(&opts, &top, NULL), CFK_OK);
    return top;
}

static void add(cfk_topk *top, const char *key, uint64_t weight)
{
    ck_assert_int_eq(cfk_topk_add(top, key, strlen(key), weight, NULL), CFK_OK);
}

static void expect_bounds(const cfk_topk *top, const void *key, size_t len, uint64_t lo,
                          uint64_t hi)
{
    uint64_t got_lo;
    uint64_t got_hi;

    cfk_topk_query(top, key, len, &got_lo, &got_hi);
    ck_assert_uint_eq(got_lo, lo);
    ck_assert_uint_eq(got_hi, hi);
}

START_TEST(few_keys_are_counted_exactly)
{
    cfk_topk *top = sketch(3, 0);
    struct cfk_topk_item items[4];

    add(top, "a", 1);
    add(top, "b", 5);
    add(top, "a", 1);
    add(top, "c", 0);
    add(top, "", 3);
    expect_bounds(top, "a", 1, 2, 2);
    expect_bounds(top, "b", 1, 5, 5);
    expect_bounds(top, NULL, 0, 3, 3);
    expect_bounds(top, "c", 1, 0, 0);
    ck_assert_uint_eq(cfk_topk_total(top), 10);
    ck_assert_uint_eq(cfk_topk_max_error(top) >= 2, true);

    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_HI, items, 4), 3);
    ck_assert_mem_eq(items[0].key, "b", 1);
    ck_assert_uint_eq(items[0].hi, 5);
    ck_assert_uint_eq(items[1].key_len, 0);
    ck_assert_mem_eq(items[2].key, "a", 1);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_LO, items, 0), 0);
    cfk_topk_free(top);
}
END_TEST

START_TEST(lists_are_ordered_by_either_bound)
{
    cfk_topk *top = sketch(2, 1);
    struct cfk_topk_item items[2];

    /* c rises in the only cell until it may weigh as much as b. */
    add(top, "a", 6);
    add(top, "b", 5);
    add(top, "c", 4);
    add(top, "c", 4);
    expect_bounds(top, "c", 1, 4, 8);
    expect_bounds(top, "b", 1, 0, 5);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_HI, items, 2), 2);
    ck_assert_mem_eq(items[0].key, "c", 1);
    ck_assert_uint_eq(items[0].lo, 4);
    ck_assert_uint_eq(items[0].hi, 8);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_LO, items, 1), 1);
    ck_assert_mem_eq(items[0].key, "a", 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(equal_keys_are_listed_in_their_own_order)
{
    cfk_topk *top = sketch(64, 0);
    struct cfk_topk_item items[64];
    char key[8];
    size_t count;

    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "%d", i * 37 % 50);
        add(top, key, 1);
    }
    add(top, "4\x80", 1);
    for (size_t max = 1; max <= 64; max++) {
        count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, max);
        ck_assert_uint_eq(count, max < 51 ? max : 51);
        ck_assert_mem_eq(items[0].key, "0", 1);
        for (size_t i = 1; i < count; i++) {
            size_t both = items[i].key_len < items[i - 1].key_len ? items[i].key_len
                                                                  : items[i - 1].key_len;
            int d = memcmp(items[i - 1].key, items[i].key, both);

            ck_assert(d < 0 || (d == 0 && items[i - 1].key_len < items[i].key_len));
        }
    }
    cfk_topk_free(top);
}
END_TEST

/* ---- against exact counts ---- */

enum { MODEL_KEYS = 64 };

/* An assertion of Check costs too much to be made millions of times. */
static void must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

static void expect_model(const cfk_topk *top, const uint64_t *truth, uint8_t keys,
                         uint64_t total)
{
    uint64_t worst = cfk_topk_max_error(top);
    uint64_t least = UINT64_MAX;

    must(cfk_topk_total(top) == total, "the total is the sum");
    must(worst <= total / top->counter_count, "no error is above total / k");
    for (uint8_t key = 0; key < keys; key++) {
        uint64_t lo;
        uint64_t hi;

        cfk_topk_query(top, &key, 1, &lo, &hi);
        must(lo <= truth[key] && truth[key] <= hi, "the truth is within the bounds");
        must(hi - lo <= worst, "no error is above the greatest");
    }
    for (uint32_t i = 0; i < top->used; i++)
        least = top->counters[i].count < least ? top->counters[i].count : least;
    if (top->used < top->counter_count)
        return;
    must(top->floor <= least, "the floor is no counter's ceiling");
    for (uint32_t i = 0; i <= top->cell_mask; i++)
        must(top->cells[i] <= least || top->cells[i] == UINT32_MAX,
             "no cell is above the least counter");
}

/* Of the heaviest keys, those above the error bound must be in the list. */
static void expect_heavy_listed(const cfk_topk *top, const uint64_t *truth)
{
    struct cfk_topk_item items[MODEL_KEYS];
    size_t count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, MODEL_KEYS);

    for (uint8_t key = 0; key < MODEL_KEYS; key++) {
        bool listed = false;

        for (size_t i = 0; i < count; i++)
            listed = listed || *(const uint8_t *)items[i].key == key;
        ck_assert(listed || truth[key] <= cfk_topk_max_error(top));
    }
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_ge(items[i - 1].hi, items[i].hi);
}

static uint64_t weight_of(struct gen *g, int kind)
{
    switch (kind) {
    case 0: return 1;
    case 1: return gen_below(g, 4);
    case 2: return gen_below(g, 2000);
    default: return gen_u64(g) >> (20 + gen_below(g, 44));
    }
}

START_TEST(bounds_hold_against_exact_counts)
{
    static const size_t sizes[] = { 1, 2, 3, 12, 13, 40 };
    struct gen g;

    gen_seed(&g, 7);
    for (int run = 0; run < 96; run++) {
        uint64_t truth[MODEL_KEYS] = { 0 };
        uint64_t total = 0;
        cfk_topk *top =
            sketch(sizes[run % 6], gen_below(&g, 3) == 0 ? 1 : gen_below(&g, 40));

        for (int step = 0; step < 1500; step++) {
            uint64_t range = gen_below(&g, MODEL_KEYS) + 1;
            uint8_t key = (uint8_t)gen_below(&g, range);
            uint64_t weight = weight_of(&g, run / 6 % 4);

            must(cfk_topk_add(top, &key, 1, weight, NULL) == CFK_OK, "it can be added");
            truth[key] += weight;
            total += weight;
            if (step % 100 == 0)
                expect_model(top, truth, MODEL_KEYS, total);
        }
        expect_model(top, truth, MODEL_KEYS, total);
        expect_heavy_listed(top, truth);
        cfk_topk_free(top);
    }
}
END_TEST

/* Every sequence of 6 of 3 keys, with weights 1 and 2, on k = 1 and 2. */
START_TEST(every_short_sequence_keeps_the_bounds)
{
    for (unsigned code = 0; code < 6 * 6 * 6 * 6 * 6 * 6; code++) {
        for (size_t k = 1; k <= 2; k++) {
            uint64_t truth[MODEL_KEYS] = { 0 };
            uint64_t total = 0;
            cfk_topk *top = sketch(k, 1 + code % 2);
            unsigned rest = code;

            for (int step = 0; step < 6; step++, rest /= 6) {
                uint8_t key = (uint8_t)(rest % 3);
                uint64_t weight = 1 + rest % 2;

                cfk_topk_add(top, &key, 1, weight, NULL);
                truth[key] += weight;
                total += weight;
            }
            expect_model(top, truth, 3, total);
            cfk_topk_free(top);
        }
    }
}
END_TEST

START_TEST(hostile_streams_keep_the_bounds_and_the_cost)
{
    enum { K = 64, EVENTS = 50000 };
    cfk_topk *top = sketch(K, 0);

    /* Round robin over more keys than counters: nearly every event is a miss. */
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint32_t key = i % (2 * K);

        cfk_topk_add(top, &key, sizeof key, 1, NULL);
    }
    ck_assert_uint_le(cfk_topk_max_error(top), EVENTS / K);
    cfk_topk_reset(top);

    /* All keys distinct, with distinct weights. */
    for (uint32_t i = 0; i < EVENTS; i++)
        cfk_topk_add(top, &i, sizeof i, (uint64_t)i * 7919 % 10007, NULL);
    ck_assert_uint_le(cfk_topk_max_error(top), cfk_topk_total(top) / K);
    cfk_topk_free(top);
}
END_TEST

START_TEST(a_full_cell_stays_a_bound)
{
    uint64_t big = UINT64_C(1) << 40;
    cfk_topk *top = sketch(1, 1);

    add(top, "a", 10 * big);
    add(top, "b", 3 * big); /* above what a cell can say */
    expect_bounds(top, "b", 1, 0, 10 * big);
    add(top, "c", 1); /* the cell may be as high as a, so c takes over */
    expect_bounds(top, "c", 1, 1, 10 * big + 1);
    expect_bounds(top, "a", 1, 0, 10 * big + 1);
    ck_assert_uint_eq(cfk_topk_total(top), 13 * big + 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(sums_stop_at_the_top)
{
    cfk_topk *top = sketch(2, 1);

    add(top, "a", UINT64_MAX);
    add(top, "a", 1);
    expect_bounds(top, "a", 1, UINT64_MAX, UINT64_MAX);
    add(top, "b", UINT64_MAX - 1);
    add(top, "c", 5);
    add(top, "c", UINT64_MAX);
    add(top, "d", UINT64_MAX);
    ck_assert_uint_eq(cfk_topk_total(top), UINT64_MAX);
    for (const char *key = "abcd"; *key != '\0'; key++) {
        uint64_t lo;
        uint64_t hi;

        cfk_topk_query(top, key, 1, &lo, &hi);
        ck_assert_uint_ge(hi, UINT64_MAX - 1);
    }
    cfk_topk_free(top);
}
END_TEST

START_TEST(keys_of_every_length_are_told_apart)
{
    static const size_t lengths[] = { 0, 1, 7, 8, 27, 28, 29, 31, 32, 255, 256 };
    enum { LENGTHS = sizeof lengths / sizeof lengths[0] };
    cfk_topk *top = sketch(2 * LENGTHS, 0);
    struct cfk_topk_item items[2 * LENGTHS];
    char key[256];
    size_t count;

    memset(key, 'x', sizeof key);
    for (size_t i = 0; i < LENGTHS; i++) { /* prefixes of each other, then another end */
        ck_assert_int_eq(cfk_topk_add(top, key, lengths[i], i + 1, NULL), CFK_OK);
        if (lengths[i] > 0) {
            key[lengths[i] - 1] = '\0';
            ck_assert_int_eq(cfk_topk_add(top, key, lengths[i], i + 100, NULL), CFK_OK);
            key[lengths[i] - 1] = 'x';
        }
    }
    for (size_t i = 0; i < LENGTHS; i++) {
        expect_bounds(top, key, lengths[i], i + 1, i + 1);
        if (lengths[i] > 0) {
            key[lengths[i] - 1] = '\0';
            expect_bounds(top, key, lengths[i], i + 100, i + 100);
            key[lengths[i] - 1] = 'x';
        }
    }
    count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, 2 * LENGTHS);
    ck_assert_uint_eq(count, 2 * LENGTHS - 1);
    ck_assert_uint_eq(items[0].key_len, 256);
    cfk_topk_free(top);
}
END_TEST

START_TEST(a_key_may_be_too_long)
{
    struct cfk_topk_options opts = { .size = sizeof opts, .max_key_bytes = 3 };
    struct cfk_error err = { 0 };
    cfk_topk *top;

    ck_assert_int_eq(cfk_topk_new(&opts, &top, &err), CFK_OK);
    ck_assert_int_eq(cfk_topk_add(top, "abc", 3, 1, &err), CFK_OK);
    unit_expect_error(cfk_topk_add(top, "abcd", 4, 1, &err), CFK_E_LIMIT, &err,
                      "topk: a key of 4 bytes; 3 is the most");
    expect_bounds(top, "abcd", 4, 0, 0);
    ck_assert_uint_eq(cfk_topk_total(top), 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(reset_forgets_everything)
{
    cfk_topk *top = sketch(2, 4);
    char longer[100] = { 0 };

    ck_assert_int_eq(cfk_topk_add(top, longer, sizeof longer, 9, NULL), CFK_OK);
    for (int i = 0; i < 100; i++)
        cfk_topk_add(top, &i, sizeof i, 1, NULL);
    cfk_topk_reset(top);
    ck_assert_uint_eq(cfk_topk_total(top), 0);
    ck_assert_uint_eq(cfk_topk_max_error(top), 0);
    expect_bounds(top, longer, sizeof longer, 0, 0);
    add(top, "a", 1);
    expect_bounds(top, "a", 1, 1, 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(options_have_limits)
{
    struct cfk_topk_options opts = { .size = sizeof opts };
    struct cfk_error err = { 0 };
    cfk_topk *top = (cfk_topk *)&opts;

    opts.counters = ((size_t)1 << 28) + 1;
    unit_expect_error(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID, &err, "counters");
    ck_assert_ptr_null(top);
    opts.counters = SIZE_MAX;
    unit_expect_error(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID, &err, "counters");
    opts.counters = 1;
    opts.cells = ((size_t)1 << 31) + 1;
    unit_expect_error(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID, &err, "cells");
    opts.cells = 0;
    opts.max_key_bytes = ((size_t)1 << 30) + 1;
    unit_expect_error(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID, &err, "keys");
    opts.max_key_bytes = (size_t)1 << 30;
    ck_assert_int_eq(cfk_topk_new(&opts, &top, &err), CFK_OK);
    cfk_topk_free(top);
    opts.size = 0;
    ck_assert_int_eq(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_topk_new(NULL, &top, &err), CFK_OK);
    ck_assert_uint_eq(top->counter_count, 1024);
    ck_assert_uint_eq(top->cell_mask, 8191);
    cfk_topk_free(top);
    cfk_topk_free(NULL);
}
END_TEST

/* Without a seed of the caller's, nobody can know which keys collide. */
START_TEST(seeds_are_random_unless_given)
{
    cfk_topk *first;
    cfk_topk *second;

    cfk_topk_new(NULL, &first, NULL);
    cfk_topk_new(NULL, &second, NULL);
    ck_assert(first->seed[0] != second->seed[0] && first->seed[1] != second->seed[1]);
    cfk_topk_free(first);
    cfk_topk_free(second);
    first = sketch(1, 1);
    ck_assert_uint_eq(first->seed[0], 1);
    ck_assert_uint_eq(first->seed[1], 2);
    cfk_topk_free(first);
}
END_TEST

/* Long keys into free counters and into those of others. */
static int fill(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts, .counters = 2, .seed = { 3, 4 }, .alloc = alloc
    };
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_topk *top;
    int rc = cfk_topk_new(&opts, &top, &err);

    (void)ctx;
    for (char i = 0; i < 6 && rc == CFK_OK; i++) {
        uint64_t total = cfk_topk_total(top);

        key[0] = i;
        rc = cfk_topk_add(top, key, sizeof key, (uint64_t)i * 10 + 1, &err);
        if (rc != CFK_OK) { /* nothing has changed, and it goes on working */
            uint64_t lo;
            uint64_t hi;

            ck_assert_uint_eq(cfk_topk_total(top), total);
            cfk_topk_query(top, key, sizeof key, &lo, &hi);
            ck_assert_uint_eq(lo, 0);
            ck_assert_int_eq(cfk_topk_add(top, key, sizeof key, 1000, NULL), CFK_OK);
            cfk_topk_query(top, key, sizeof key, &lo, &hi);
            ck_assert_uint_eq(lo, 1000);
        }
    }
    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "topk: no memory");
    cfk_topk_free(top);
    return rc;
}

START_TEST(failed_allocations_leave_the_sketch_whole)
{
    fault_sweep(fill, NULL, 9);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        few_keys_are_counted_exactly,
        lists_are_ordered_by_either_bound,
        equal_keys_are_listed_in_their_own_order,
        bounds_hold_against_exact_counts,
        every_short_sequence_keeps_the_bounds,
        hostile_streams_keep_the_bounds_and_the_cost,
        a_full_cell_stays_a_bound,
        sums_stop_at_the_top,
        keys_of_every_length_are_told_apart,
        a_key_may_be_too_long,
        reset_forgets_everything,
        options_have_limits,
        seeds_are_random_unless_given,
        failed_allocations_leave_the_sketch_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/topk");

    suite_add_tcase(suite, unit_case("topk", tests));
    return suite;
}
