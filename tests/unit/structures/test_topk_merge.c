/* SPDX-License-Identifier: MIT */
/* Sketches of several streams become one. */
#include "fault.h"
#include "gen.h"
#include "sketch.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 60, MOST_PARTS = 6 };

static void expect_truth(const cfk_topk *top, const uint64_t *truth, uint64_t total)
{
    uint64_t worst = cfk_topk_max_error(top);

    sketch_check(top);
    sketch_must(cfk_topk_total(top) == total, "the total is the sum");
    sketch_must(worst <= total / top->counter_count, "no error is above total / k");
    for (uint8_t key = 0; key < KEYS; key++) {
        struct cfk_topk_item item;

        cfk_topk_get(top, &key, 1, 0, &item);
        sketch_must(item.lo <= truth[key] && truth[key] <= item.hi,
                    "the truth is within the bounds");
        sketch_must(item.lo <= item.estimate && item.estimate <= item.hi,
                    "the estimate is within the bounds");
        sketch_must(item.hi - item.lo <= worst, "no error is above the greatest");
    }
}

/* Events into a part, and into the truth. */
static void fill(cfk_topk *top, struct gen *g, int events, uint64_t *truth,
                 uint64_t *total)
{
    for (int i = 0; i < events; i++) {
        uint8_t key = (uint8_t)gen_below(g, gen_below(g, KEYS) + 1);
        uint64_t weight = gen_below(g, 3) == 0 ? gen_below(g, 5000) : 1;

        cfk_topk_add(top, &key, 1, weight, NULL);
        truth[key] += weight;
        *total += weight;
    }
}

START_TEST(bounds_hold_after_merging)
{
    static const size_t sizes[] = { 1, 2, 3, 12, 13, 40, 70 };
    struct gen g;

    gen_seed(&g, 31);
    for (int run = 0; run < sketch_rounds(420); run++) {
        size_t cells = gen_below(&g, 4) == 0 ? 1 : gen_below(&g, 60);
        int parts = (int)gen_below(&g, MOST_PARTS) + 1;
        cfk_topk *top = sketch(sizes[run % 7], cells);
        uint64_t truth[KEYS] = { 0 };
        uint64_t total = 0;

        fill(top, &g, (int)gen_below(&g, 600), truth, &total);
        for (int i = 0; i < parts; i++) {
            cfk_topk *part = sketch(sizes[run % 7], cells);

            fill(part, &g, (int)gen_below(&g, 600), truth, &total);
            ck_assert_int_eq(cfk_topk_merge(top, part, NULL), CFK_OK);
            cfk_topk_free(part);
            expect_truth(top, truth, total);
            fill(top, &g, (int)gen_below(&g, 100), truth, &total); /* it goes on */
            expect_truth(top, truth, total);
        }
        cfk_topk_free(top);
    }
}
END_TEST

/* a + (b + c) may differ from (a + b) + c, but not in what is promised. */
START_TEST(any_order_of_merging_keeps_the_bounds)
{
    struct gen g;

    gen_seed(&g, 32);
    for (int run = 0; run < sketch_rounds(60); run++) {
        uint64_t truth[KEYS] = { 0 };
        uint64_t total = 0;
        cfk_topk *parts[4];
        cfk_topk *others[4];

        for (int i = 0; i < 4; i++) {
            struct gen again;
            uint64_t nothing[KEYS] = { 0 };
            uint64_t zero = 0;

            parts[i] = sketch(9, 16);
            others[i] = sketch(9, 16);
            again = g;
            fill(parts[i], &g, 400, truth, &total);
            fill(others[i], &again, 400, nothing, &zero);
        }
        for (int i = 1; i < 4; i++) /* to the left */
            ck_assert_int_eq(cfk_topk_merge(parts[0], parts[i], NULL), CFK_OK);
        for (int i = 3; i > 0; i--) /* to the right */
            ck_assert_int_eq(cfk_topk_merge(others[i - 1], others[i], NULL), CFK_OK);
        expect_truth(parts[0], truth, total);
        expect_truth(others[0], truth, total);
        for (int i = 0; i < 4; i++) {
            cfk_topk_free(parts[i]);
            cfk_topk_free(others[i]);
        }
    }
}
END_TEST

START_TEST(a_thousand_sketches_become_one)
{
    cfk_topk *top = sketch(16, 64);
    int parts = sketch_rounds(1000);
    uint64_t truth[KEYS] = { 0 };
    uint64_t total = 0;
    struct gen g;

    gen_seed(&g, 33);
    for (int i = 0; i < parts; i++) {
        cfk_topk *part = sketch(16, 64);

        fill(part, &g, 200, truth, &total);
        ck_assert_int_eq(cfk_topk_merge(top, part, NULL), CFK_OK);
        cfk_topk_free(part);
    }
    expect_truth(top, truth, total);
    cfk_topk_free(top);
}
END_TEST

START_TEST(few_keys_stay_exact)
{
    cfk_topk *top = sketch(4, 0);
    cfk_topk *from = sketch(4, 0);

    sketch_add(top, "a", 3);
    sketch_add(top, "b", 1);
    sketch_add(from, "b", 5);
    sketch_add(from, "a key that is too long to be kept inline", 2);
    ck_assert_int_eq(cfk_topk_merge(top, from, NULL), CFK_OK);
    cfk_topk_free(from);
    sketch_expect(top, "a", 1, 3, 3);
    sketch_expect(top, "b", 1, 6, 6);
    sketch_expect(top, "a key that is too long to be kept inline", 40, 2, 2);
    ck_assert_uint_eq(cfk_topk_max_error(top), 0);
    cfk_topk_free(top);
}
END_TEST

START_TEST(empty_and_full)
{
    cfk_topk *empty = sketch(3, 4);
    cfk_topk *full = sketch(3, 4);
    struct cfk_topk_stats before;
    struct cfk_topk_stats after;

    for (int i = 0; i < 50; i++)
        cfk_topk_add(full, &i, sizeof i, (uint64_t)i, NULL);
    cfk_topk_get_stats(full, 0, &before);
    ck_assert_int_eq(cfk_topk_merge(full, empty, NULL), CFK_OK);
    cfk_topk_get_stats(full, 0, &after);
    ck_assert_uint_eq(after.total, before.total);
    ck_assert_uint_eq(after.max_error, before.max_error);
    ck_assert_int_eq(cfk_topk_merge(empty, full, NULL), CFK_OK);
    sketch_check(empty);
    for (int i = 0; i < 50; i++) {
        uint64_t lo;
        uint64_t hi;

        cfk_topk_query(full, &i, sizeof i, &lo, &hi);
        sketch_expect(empty, &i, sizeof i, lo, hi);
    }
    cfk_topk_free(empty);
    cfk_topk_free(full);
}
END_TEST

START_TEST(sums_and_cells_that_overflow)
{
    cfk_topk *top = sketch(1, 1);
    cfk_topk *from = sketch(1, 1);
    uint64_t lo;
    uint64_t hi;

    sketch_add(top, "a", UINT64_MAX - 5);
    sketch_add(top, "b", 1);
    sketch_add(from, "b", UINT64_MAX - 5);
    sketch_add(from, "a", UINT64_C(1) << 40);
    ck_assert_int_eq(cfk_topk_merge(top, from, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_topk_total(top), UINT64_MAX);
    cfk_topk_query(top, "a", 1, &lo, &hi);
    ck_assert(lo <= UINT64_MAX - 5 && hi == UINT64_MAX);
    cfk_topk_query(top, "b", 1, &lo, &hi);
    ck_assert_uint_ge(hi, UINT64_MAX - 4);
    ck_assert_int_eq(cfk_topk_add(top, "b", 1, 7, NULL), CFK_OK);
    cfk_topk_free(top);
    cfk_topk_free(from);
}
END_TEST

/* Decayed sketches whose landmarks lie far apart. */
START_TEST(times_are_brought_together)
{
    cfk_topk *early = sketch_decayed(4, 8, SKETCH_SECOND);
    cfk_topk *late = sketch_decayed(4, 8, SKETCH_SECOND);
    cfk_topk *empty = sketch_decayed(4, 8, SKETCH_SECOND);
    struct cfk_topk_item item;

    for (int64_t i = 0; i < 50; i++)
        cfk_topk_add_at(early, "a", 1, 1024, i * 10 * SKETCH_SECOND, NULL);
    cfk_topk_add_at(late, "a", 1, 1, 495 * INT64_C(1000000000), NULL);
    cfk_topk_add_at(late, "b", 1, 7, 500 * INT64_C(1000000000), NULL);
    ck_assert_int_eq(cfk_topk_merge(early, late, NULL), CFK_OK);
    sketch_check(early);
    cfk_topk_get(early, "b", 1, 0, &item);
    ck_assert(item.lo == 7 && item.hi == 7);
    cfk_topk_get(early, "a", 1, 0, &item); /* 1024 (2^-10 + 2^-20 ...) + 2^-5 = 1.032 */
    ck_assert(fabs(item.rate_hi / log(2) - (1 / (1 - exp2(-10)) + exp2(-5))) < 1e-9);
    ck_assert_int_eq(cfk_topk_merge(empty, early, NULL), CFK_OK);
    cfk_topk_get(empty, "b", 1, 0, &item);
    ck_assert_uint_eq(item.lo, 7);
    ck_assert_int_eq(cfk_topk_add_at(empty, "b", 1, 1, 501 * INT64_C(1000000000), NULL),
                     CFK_OK);
    cfk_topk_get(empty, "b", 1, 0, &item);
    ck_assert(item.lo == 4 && item.hi == 5); /* 4.5 */
    cfk_topk_free(early);
    cfk_topk_free(late);
    cfk_topk_free(empty);
}
END_TEST

static void expect_refused(const struct cfk_topk_options *other, const char *words)
{
    struct cfk_topk_options opts = { .size = sizeof opts,
                                     .counters = 8,
                                     .cells = 8,
                                     .max_key_bytes = 40,
                                     .seed = { 1, 2 } };
    char key[50] = { 0 };
    struct cfk_error err = { 0 };
    cfk_topk *top;
    cfk_topk *from;

    ck_assert_int_eq(cfk_topk_new(&opts, &top, NULL), CFK_OK);
    ck_assert_int_eq(cfk_topk_new(other, &from, NULL), CFK_OK);
    cfk_topk_add(from, key, sizeof key, 1, NULL);
    sketch_add(top, "a", 3);
    unit_expect_error(cfk_topk_merge(top, from, &err), CFK_E_INVALID, &err, words);
    sketch_expect(top, "a", 1, 3, 3);
    ck_assert_uint_eq(cfk_topk_total(top), 3);
    cfk_topk_free(top);
    cfk_topk_free(from);
}

START_TEST(only_sketches_of_a_kind_merge)
{
    const struct cfk_topk_options same = { .size = sizeof same,
                                           .counters = 8,
                                           .cells = 8,
                                           .max_key_bytes = 60,
                                           .seed = { 1, 2 } };
    struct cfk_topk_options other = same;
    struct cfk_error err = { 0 };
    cfk_topk *top = sketch(1, 1);

    expect_refused(&same, "a key of 50 bytes to be merged; 40 is the most");
    other.counters = 9;
    expect_refused(&other, "sketches of 8 and 9 counters cannot be merged");
    other = same;
    other.cells = 9;
    expect_refused(&other, "sketches of 8 and 16 cells cannot be merged");
    other = same;
    other.seed[1] = 3;
    expect_refused(&other, "sketches with different seeds cannot be merged");
    other = same;
    other.half_life_ns = 5;
    expect_refused(&other, "half-lives of 0 and 5 ns");
    unit_expect_error(cfk_topk_merge(top, top, &err), CFK_E_INVALID, &err, "into itself");
    cfk_topk_free(top);
}
END_TEST

/* A sketch whose table was crowded stays guarded. */
START_TEST(a_guard_survives_merging)
{
    cfk_topk *top = sketch(1024, 0);
    cfk_topk *from = sketch(1024, 0);
    uint64_t key[2] = { top->hasher.secret[0], 0 };
    struct cfk_topk_stats stats;

    for (; key[1] < 600; key[1]++) {
        cfk_topk_add(top, key, sizeof key, 1, NULL);
        cfk_topk_add(from, key, sizeof key, 1, NULL);
    }
    ck_assert_int_eq(cfk_topk_merge(top, from, NULL), CFK_OK);
    sketch_check(top);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_eq(stats.guards, 1);
    key[1] = 5;
    sketch_expect(top, key, sizeof key, 2, 2);
    cfk_topk_free(top);
    cfk_topk_free(from);
}
END_TEST

static int merge_two(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts, .counters = 4, .seed = { 3, 4 }, .alloc = alloc
    };
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_topk *top;
    cfk_topk *from = NULL;
    int rc = cfk_topk_new(&opts, &top, &err);

    (void)ctx;
    if (rc == CFK_OK)
        rc = cfk_topk_new(&opts, &from, &err);
    for (char i = 0; i < 6 && rc == CFK_OK; i++) {
        key[0] = i;
        rc = cfk_topk_add(i % 2 == 0 ? top : from, key, sizeof key, 10, &err);
    }
    if (rc == CFK_OK) {
        rc = cfk_topk_merge(top, from, &err);
        sketch_check(top);
        ck_assert_uint_eq(cfk_topk_total(top), rc == CFK_OK ? 60 : 30);
        ck_assert_uint_eq(cfk_topk_total(from), 30);
    }
    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "topk: no memory");
    cfk_topk_free(top);
    cfk_topk_free(from);
    return rc;
}

START_TEST(failed_allocations_leave_both_whole)
{
    fault_sweep(merge_two, NULL, 20);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        bounds_hold_after_merging,
        any_order_of_merging_keeps_the_bounds,
        a_thousand_sketches_become_one,
        few_keys_stay_exact,
        empty_and_full,
        sums_and_cells_that_overflow,
        times_are_brought_together,
        only_sketches_of_a_kind_merge,
        a_guard_survives_merging,
        failed_allocations_leave_both_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/topk_merge");

    suite_add_tcase(suite, unit_case("merge", tests));
    return suite;
}
