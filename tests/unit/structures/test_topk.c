/* SPDX-License-Identifier: MIT */
#include "cfkit/topk.h"
#include "fault.h"
#include "gen.h"
#include "sketch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(few_keys_are_counted_exactly)
{
    cfk_topk *top = sketch(3, 0);
    struct cfk_topk_item items[4];

    sketch_add(top, "a", 1);
    sketch_add(top, "b", 5);
    sketch_add(top, "a", 1);
    sketch_add(top, "c", 0);
    sketch_add(top, "", 3);
    sketch_expect(top, "a", 1, 2, 2);
    sketch_expect(top, "b", 1, 5, 5);
    sketch_expect(top, NULL, 0, 3, 3);
    sketch_expect(top, "c", 1, 0, 0);
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

START_TEST(a_full_cell_stays_a_bound)
{
    uint64_t big = UINT64_C(1) << 40;
    cfk_topk *top = sketch(1, 1);

    sketch_add(top, "a", 10 * big);
    sketch_add(top, "b", 3 * big); /* above what a cell can say */
    sketch_expect(top, "b", 1, 0, 10 * big);
    sketch_add(top, "c", 1); /* the cell may be as high as a, so c takes over */
    sketch_expect(top, "c", 1, 1, 10 * big + 1);
    sketch_expect(top, "a", 1, 0, 10 * big + 1);
    ck_assert_uint_eq(cfk_topk_total(top), 13 * big + 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(sums_stop_at_the_top)
{
    cfk_topk *top = sketch(2, 1);

    sketch_add(top, "a", UINT64_MAX);
    sketch_add(top, "a", 1);
    sketch_expect(top, "a", 1, UINT64_MAX, UINT64_MAX);
    sketch_add(top, "b", UINT64_MAX - 1);
    sketch_add(top, "c", 5);
    sketch_add(top, "c", UINT64_MAX);
    sketch_add(top, "d", UINT64_MAX);
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
        sketch_expect(top, key, lengths[i], i + 1, i + 1);
        if (lengths[i] > 0) {
            key[lengths[i] - 1] = '\0';
            sketch_expect(top, key, lengths[i], i + 100, i + 100);
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
    sketch_expect(top, "abcd", 4, 0, 0);
    ck_assert_uint_eq(cfk_topk_total(top), 1);
    cfk_topk_free(top);
}
END_TEST

/* Bytes of any value, alike but for one, up to a mebibyte. */
START_TEST(long_keys_are_told_apart)
{
    enum { SIZE = 1 << 20, STEP = SIZE / 7 };
    struct cfk_topk_options opts = {
        .size = sizeof opts, .counters = 4, .max_key_bytes = SIZE, .seed = { 1, 2 }
    };
    uint8_t *key = calloc(1, SIZE);
    cfk_topk *top;

    ck_assert_ptr_nonnull(key);
    ck_assert_int_eq(cfk_topk_new(&opts, &top, NULL), CFK_OK);
    for (size_t at = 0; at < SIZE; at += STEP) { /* more of them than counters */
        key[at] = 0xff;
        ck_assert_int_eq(cfk_topk_add(top, key, SIZE, at + 1, NULL), CFK_OK);
        sketch_expect(top, key, SIZE, at + 1, at + 1);
        key[at] = 0;
    }
    sketch_check(top);
    sketch_expect(top, key, SIZE - 1, 0, 0);
    cfk_topk_free(top);
    free(key);
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
    sketch_expect(top, longer, sizeof longer, 0, 0);
    sketch_add(top, "a", 1);
    sketch_expect(top, "a", 1, 1, 1);
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
    opts.half_life_ns = -1;
    unit_expect_error(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID, &err,
                      "a half-life of -1 ns");
    opts.size = 0;
    ck_assert_int_eq(cfk_topk_new(&opts, &top, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_topk_new(NULL, &top, &err), CFK_OK);
    ck_assert_uint_eq(top->counter_count, 1024);
    ck_assert_uint_eq(top->row_mask, 4095);
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
    ck_assert(first->hasher.seed[0] != second->hasher.seed[0] &&
              first->hasher.seed[1] != second->hasher.seed[1]);
    cfk_topk_free(first);
    cfk_topk_free(second);
    first = sketch(1, 1);
    ck_assert_uint_eq(first->hasher.seed[0], 1);
    ck_assert_uint_eq(first->hasher.seed[1], 2);
    cfk_topk_free(first);
}
END_TEST

START_TEST(a_batch_is_the_same_as_its_keys)
{
    static const size_t sizes[] = { 20, 66000 }; /* small enough for a cache, and not */

    for (int i = 0; i < 4; i++) {
        enum { COUNT = 7000 };
        int64_t half_life = i / 2 * 1000;
        cfk_topk *one_by_one = sketch_decayed(sizes[i % 2], 0, half_life);
        cfk_topk *batch = sketch_decayed(sizes[i % 2], 0, half_life);
        struct cfk_topk_key *keys = calloc(COUNT, sizeof *keys);
        char(*text)[40] = calloc(COUNT, sizeof *text);
        void *data[2];
        size_t size[2];
        size_t added;
        struct gen g;

        gen_seed(&g, 5);
        for (int at = 0; at < COUNT; at++) {
            memset(text[at], 'a' + at % 3, sizeof text[at]);
            text[at][0] = (char)gen_below(&g, 100);
            text[at][1] = (char)gen_below(&g, 100);
            keys[at] =
                (struct cfk_topk_key){ text[at], gen_below(&g, 41), gen_below(&g, 3) };
            cfk_topk_add_at(one_by_one, keys[at].key, keys[at].key_len, keys[at].weight,
                            77, NULL);
        }
        ck_assert_int_eq(cfk_topk_add_batch(batch, keys, COUNT, 77, &added, NULL),
                         CFK_OK);
        ck_assert_uint_eq(added, COUNT);
        cfk_topk_save(one_by_one, &data[0], &size[0], NULL);
        cfk_topk_save(batch, &data[1], &size[1], NULL);
        ck_assert_uint_eq(size[0], size[1]);
        ck_assert_mem_eq(data[0], data[1], size[0]);
        cfk_free(NULL, data[0]);
        cfk_free(NULL, data[1]);
        cfk_topk_free(one_by_one);
        cfk_topk_free(batch);
        free(keys);
        free(text);
    }
}
END_TEST

START_TEST(a_batch_stops_at_what_fails)
{
    const char longer[257] = { 0 };
    const struct cfk_topk_key keys[] = {
        { "a", 1, 1 }, { "", 0, 5 }, { longer, sizeof longer, 1 }, { "b", 1, 1 }
    };
    struct cfk_error err = { 0 };
    size_t added = 99;

    for (size_t counters = 4; counters <= 66004; counters += 66000) {
        cfk_topk *top = sketch(counters, 0);

        unit_expect_error(cfk_topk_add_batch(top, keys, 4, 0, &added, &err), CFK_E_LIMIT,
                          &err, "topk: a key of 257 bytes; 256 is the most");
        ck_assert_uint_eq(added, 2);
        ck_assert_uint_eq(cfk_topk_total(top), 6);
        ck_assert_int_eq(cfk_topk_add_batch(top, keys, 0, 0, &added, NULL), CFK_OK);
        ck_assert_uint_eq(added, 0);
        ck_assert_int_eq(cfk_topk_add_batch(top, keys, 1, 0, NULL, NULL), CFK_OK);
        cfk_topk_free(top);
    }
}
END_TEST

START_TEST(figures_are_told)
{
    cfk_topk *top = sketch(4, 5);
    struct cfk_topk_stats stats;

    for (int i = 0; i < 40; i++)
        cfk_topk_add(top, &i, sizeof i, 1, NULL);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_eq(stats.total, 40);
    ck_assert_uint_eq(stats.used, 4);
    ck_assert_uint_eq(stats.counters, 4);
    ck_assert_uint_eq(stats.cells, 8);
    ck_assert_uint_eq(stats.max_error, cfk_topk_max_error(top));
    ck_assert_uint_gt(stats.evictions, 0);
    ck_assert_uint_gt(stats.sweeps, 0);
    ck_assert_uint_eq(stats.guards, 0);
    ck_assert_uint_gt(stats.bytes, 4 * 64 + 8 * 4);
    cfk_topk_reset(top);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_eq(stats.evictions + stats.sweeps + stats.used + stats.total, 0);
    cfk_topk_free(top);
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
        a_full_cell_stays_a_bound,
        sums_stop_at_the_top,
        keys_of_every_length_are_told_apart,
        a_key_may_be_too_long,
        long_keys_are_told_apart,
        reset_forgets_everything,
        options_have_limits,
        seeds_are_random_unless_given,
        a_batch_is_the_same_as_its_keys,
        a_batch_stops_at_what_fails,
        figures_are_told,
        failed_allocations_leave_the_sketch_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/topk");

    suite_add_tcase(suite, unit_case("topk", tests));
    return suite;
}
