/* SPDX-License-Identifier: MIT */
/* Sketches that forget, against sums of decayed weights in long doubles. */
#include "fault.h"
#include "gen.h"
#include "sketch.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 40, EVENTS = 3000 };

struct event {
    uint8_t key;
    uint64_t weight;
    int64_t time;
};

struct model {
    struct event events[EVENTS];
    size_t count;
    int64_t latest;
    int64_t half_life;
};

static void model_add(struct model *m, cfk_topk *top, uint8_t key, uint64_t weight,
                      int64_t time)
{
    ck_assert_int_eq(cfk_topk_add_at(top, &key, 1, weight, time, NULL), CFK_OK);
    if (m->count == 0 || time > m->latest)
        m->latest = time;
    m->events[m->count++] = (struct event){ key, weight, time };
}

static long double decayed(const struct model *m, const struct event *event, int64_t now)
{
    long double age = (long double)now - (long double)event->time;

    return (long double)event->weight * exp2l(-age / (long double)m->half_life);
}

/* Bounds and total, as rates, at a time. */
static void expect_model(const struct model *m, const cfk_topk *top, int64_t now)
{
    long double truth[KEYS] = { 0 };
    long double total = 0;
    long double rate_of_one = logl(2) * 1e9L / (long double)m->half_life;
    struct cfk_topk_stats stats;

    sketch_check(top);
    for (size_t i = 0; i < m->count; i++) {
        truth[m->events[i].key] += decayed(m, &m->events[i], now);
        total += decayed(m, &m->events[i], now);
    }
    for (uint8_t key = 0; key < KEYS; key++) {
        struct cfk_topk_item item;
        long double slack;

        cfk_topk_get(top, &key, 1, now, &item);
        slack = 1e-9L * (long double)item.rate_hi;
        sketch_must((long double)item.rate_lo <= truth[key] * rate_of_one + slack,
                    "rate_lo is a lower bound");
        sketch_must((long double)item.rate_hi >= truth[key] * rate_of_one - slack,
                    "rate_hi is an upper bound");
        sketch_must(item.rate_lo <= item.rate && item.rate <= item.rate_hi,
                    "the rate is within its bounds");
        sketch_must((long double)item.lo <= truth[key] + 1e-6L, "lo is rounded down");
        sketch_must((long double)item.hi + 1e-6L >= truth[key], "hi is rounded up");
        sketch_must((long double)(item.rate_hi - item.rate_lo) <=
                        total * rate_of_one / top->counter_count * (1 + 1e-9L),
                    "no error is above total / k");
    }
    cfk_topk_get_stats(top, 0, &stats);
    if (now == m->latest)
        sketch_must(fabsl((long double)stats.rate - total * rate_of_one) <=
                        1e-9L * total * rate_of_one,
                    "the rate of all is right");
}

/* Late events, equal times, jumps of many half-lives, over and over. */
START_TEST(bounds_hold_against_exact_sums)
{
    static const size_t sizes[] = { 1, 2, 3, 12, 50 };
    struct model *m = malloc(sizeof *m);
    struct gen g;

    gen_seed(&g, 21);
    for (int run = 0; run < sketch_rounds(60); run++) {
        int64_t now = (int64_t)gen_below(&g, 1000) - 500;
        cfk_topk *top;

        m->count = 0;
        m->half_life = INT64_C(1) << gen_below(&g, 40);
        top = sketch_decayed(sizes[run % 5], gen_below(&g, 30), m->half_life);
        while (m->count < 500) {
            uint64_t most = (uint64_t)m->half_life * (gen_below(&g, 20) == 0 ? 90 : 1);
            uint8_t key = (uint8_t)gen_below(&g, gen_below(&g, KEYS) + 1);
            int64_t late = gen_below(&g, 4) == 0 ? (int64_t)gen_below(&g, most) : 0;

            if (gen_below(&g, 3) == 0)
                now += (int64_t)gen_below(&g, most);
            model_add(m, top, key, gen_below(&g, 1000) + 1, now - late);
        }
        expect_model(m, top, m->latest);
        expect_model(m, top, m->latest + 3 * m->half_life);
        cfk_topk_free(top);
    }
    free(m);
}
END_TEST

START_TEST(events_of_one_time_all_count)
{
    cfk_topk *top = sketch_decayed(2, 0, SKETCH_SECOND);
    struct cfk_topk_item item;

    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(cfk_topk_add_at(top, "a", 1, 1, 77, NULL), CFK_OK);
    cfk_topk_get(top, "a", 1, 77, &item);
    ck_assert_uint_eq(item.lo, 1000);
    ck_assert_uint_eq(item.hi, 1000);
    ck_assert_uint_eq(cfk_topk_total(top), 1000);
    ck_assert(fabs(item.rate - 1000 * log(2)) < 1e-9);
    cfk_topk_get(top, "a", 1, 77 + SKETCH_SECOND, &item);
    ck_assert_uint_eq(item.hi, 500);
    cfk_topk_get(top, "a", 1, 0, &item); /* not before the latest event */
    ck_assert_uint_eq(item.hi, 1000);
    cfk_topk_free(top);
}
END_TEST

START_TEST(a_steady_stream_has_its_rate)
{
    cfk_topk *top = sketch_decayed(4, 0, 60 * (int64_t)SKETCH_SECOND);
    struct cfk_topk_item items[2];

    for (int64_t i = 0; i < 20000; i++) { /* 10 a second, and 2 a second */
        cfk_topk_add_at(top, "ten", 3, 1, i * 100000000, NULL);
        if (i % 5 == 0)
            cfk_topk_add_at(top, "two", 3, 1, i * 100000000, NULL);
    }
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_ESTIMATE, items, 2), 2);
    ck_assert_mem_eq(items[0].key, "ten", 3);
    ck_assert(fabs(items[0].rate - 10) < 0.02);
    ck_assert(fabs(items[1].rate - 2) < 0.02);
    cfk_topk_free(top);
}
END_TEST

START_TEST(what_was_heavy_is_forgotten)
{
    cfk_topk *top = sketch_decayed(2, 0, SKETCH_SECOND);
    struct cfk_topk_select_options o = { .size = sizeof o };
    struct cfk_topk_item items[2];
    size_t count;

    cfk_topk_add_at(top, "old", 3, 1000000, 0, NULL);
    cfk_topk_add_at(top, "new", 3, 3, 30 * (int64_t)SKETCH_SECOND, NULL);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_LO, items, 2), 2);
    ck_assert_mem_eq(items[0].key, "new", 3);
    ck_assert_uint_eq(items[1].lo, 0); /* 0.0009, rounded outwards */
    ck_assert_uint_eq(items[1].hi, 1);
    ck_assert(items[1].rate > 0);
    o.which = CFK_TOPK_SURE;
    o.threshold = 1;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 2, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 1);
    o.now_ns = 32 * (int64_t)SKETCH_SECOND; /* by then 0.75 */
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 2, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 0);
    cfk_topk_free(top);
}
END_TEST

START_TEST(the_landmark_moves_and_nothing_else)
{
    struct model *m = calloc(1, sizeof *m);
    cfk_topk *top = sketch_decayed(3, 8, 1000);

    m->half_life = 1000;
    for (int i = 0; i < EVENTS; i++) /* 2400 half-lives */
        model_add(m, top, (uint8_t)(i % 7), 1 + (uint64_t)i % 5, i * INT64_C(800));
    ck_assert_int_gt(top->landmark, 0);
    expect_model(m, top, m->latest);
    cfk_topk_free(top);
    free(m);
}
END_TEST

START_TEST(a_century_of_silence)
{
    int64_t century = 100 * INT64_C(31557600) * SKETCH_SECOND;
    cfk_topk *top = sketch_decayed(2, 2, SKETCH_SECOND);
    uint64_t lo;
    uint64_t hi;

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 100; i++)
            cfk_topk_add_at(top, &i, sizeof i, UINT64_MAX, round * (century / 2), NULL);
    ck_assert_uint_eq(cfk_topk_total(top), UINT64_MAX);
    ck_assert_int_eq(cfk_topk_add_at(top, "a", 1, 5, century, NULL), CFK_OK);
    sketch_check(top);
    cfk_topk_query(top, "a", 1, &lo, &hi);
    ck_assert_uint_eq(lo, 5);
    ck_assert_uint_eq(hi, 5);
    ck_assert_uint_eq(cfk_topk_total(top), 5);
    cfk_topk_free(top);
}
END_TEST

START_TEST(extreme_times_and_half_lives)
{
    static const int64_t times[] = { 0, INT64_MIN, INT64_MAX, -1, 1, INT64_MAX - 1 };
    static const int64_t half_lives[] = { 1, 2, SKETCH_SECOND, INT64_MAX };

    for (size_t h = 0; h < 4; h++) {
        cfk_topk *top = sketch_decayed(2, 2, half_lives[h]);

        for (int i = 0; i < 60; i++) {
            struct cfk_topk_item item;
            uint8_t key = (uint8_t)(i % 5);

            ck_assert_int_eq(
                cfk_topk_add_at(top, &key, 1, UINT64_MAX >> (i % 64), times[i % 6], NULL),
                CFK_OK);
            sketch_check(top);
            cfk_topk_get(top, &key, 1, times[(i + 1) % 6], &item);
            ck_assert(isfinite(item.rate_lo) && isfinite(item.rate_hi));
            ck_assert(item.lo <= item.hi && item.rate_lo <= item.rate_hi);
        }
        cfk_topk_free(top);
    }
}
END_TEST

START_TEST(without_a_time_it_is_the_latest)
{
    cfk_topk *top = sketch_decayed(2, 0, SKETCH_SECOND);

    sketch_add(top, "a", 4);
    sketch_expect(top, "a", 1, 4, 4);
    cfk_topk_add_at(top, "b", 1, 8, 2 * (int64_t)SKETCH_SECOND, NULL);
    sketch_add(top, "a", 1);
    sketch_expect(top, "a", 1, 2, 2);
    sketch_expect(top, "b", 1, 8, 8);
    cfk_topk_add_at(top, "c", 1, 0, INT64_MAX, NULL); /* nothing, so no time either */
    sketch_expect(top, "b", 1, 8, 8);
    cfk_topk_reset(top);
    ck_assert_uint_eq(cfk_topk_total(top), 0);
    cfk_topk_add_at(top, "b", 1, 8, -5, NULL);
    sketch_expect(top, "b", 1, 8, 8);
    cfk_topk_free(top);
}
END_TEST

START_TEST(whole_weights_have_no_rate_and_no_time)
{
    cfk_topk *top = sketch(2, 0);
    struct cfk_topk_item item;
    struct cfk_topk_stats stats;

    cfk_topk_add_at(top, "a", 1, 3, INT64_MAX, NULL);
    cfk_topk_add_at(top, "a", 1, 3, INT64_MIN, NULL);
    cfk_topk_get(top, "a", 1, 12345, &item);
    ck_assert_uint_eq(item.hi, 6);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert(item.rate <= 0 && item.rate_lo <= 0 && item.rate_hi <= 0);
    ck_assert(stats.rate <= 0);
    cfk_topk_free(top);
}
END_TEST

START_TEST(a_flood_is_answered_here_too)
{
    cfk_topk *top = sketch_decayed(1024, 0, SKETCH_SECOND);
    struct cfk_topk_stats stats;
    uint64_t key[2] = { top->hasher.secret[0], 0 };

    for (; key[1] < 2000; key[1]++)
        cfk_topk_add_at(top, key, sizeof key, 1, 0, NULL);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_eq(stats.guards, 1);
    sketch_check(top);
    cfk_topk_free(top);
}
END_TEST

/* A failure leaves the latest time as it was. */
static int fill(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_topk_options opts = { .size = sizeof opts,
                                     .counters = 2,
                                     .seed = { 3, 4 },
                                     .alloc = alloc,
                                     .half_life_ns = SKETCH_SECOND };
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_topk *top;
    int rc = cfk_topk_new(&opts, &top, &err);

    (void)ctx;
    for (char i = 0; i < 6 && rc == CFK_OK; i++) {
        uint64_t total = cfk_topk_total(top);

        key[0] = i;
        rc =
            cfk_topk_add_at(top, key, sizeof key, 1024, i * (int64_t)SKETCH_SECOND, &err);
        if (rc != CFK_OK)
            ck_assert_uint_eq(cfk_topk_total(top), total);
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
        bounds_hold_against_exact_sums,
        events_of_one_time_all_count,
        a_steady_stream_has_its_rate,
        what_was_heavy_is_forgotten,
        the_landmark_moves_and_nothing_else,
        a_century_of_silence,
        extreme_times_and_half_lives,
        without_a_time_it_is_the_latest,
        whole_weights_have_no_rate_and_no_time,
        a_flood_is_answered_here_too,
        failed_allocations_leave_the_sketch_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/topk_decay");

    suite_add_tcase(suite, unit_case("decay", tests));
    return suite;
}
