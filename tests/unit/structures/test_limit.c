/* SPDX-License-Identifier: MIT */
#include "cfkit/limit.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>

__extension__ typedef __int128 wide;

static const int64_t SECOND = 1000000000;

static struct cfk_limit_options options_of(uint64_t events, int64_t period,
                                           uint64_t burst)
{
    struct cfk_limit_options opts = { .size = sizeof opts, .seed = { 1, 2 } };

    opts.events = events;
    opts.period_ns = period;
    opts.burst = burst;
    return opts;
}

static cfk_limit *limit_of(uint64_t events, int64_t period, uint64_t burst, bool exact)
{
    struct cfk_limit_options opts = options_of(events, period, burst);
    cfk_limit *limit;

    opts.max_keys = exact ? 64 : 0;
    ck_assert_int_eq(cfk_limit_new(&opts, &limit, NULL), CFK_OK);
    return limit;
}

static int allow(cfk_limit *limit, const char *key, uint64_t cost, int64_t now,
                 int64_t *retry)
{
    return cfk_limit_allow(limit, key, strlen(key), cost, now, retry, NULL);
}

START_TEST(a_burst_passes_then_the_rate)
{
    for (int exact = 0; exact <= 1; exact++) {
        cfk_limit *limit = limit_of(10, 0, 20, exact);
        int64_t retry = -1;

        for (int i = 0; i < 20; i++) {
            ck_assert_int_eq(allow(limit, "a", 1, SECOND, &retry), CFK_LIMIT_PASS);
            ck_assert_int_eq(retry, 0);
        }
        ck_assert_int_eq(allow(limit, "a", 1, SECOND, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, SECOND / 10);
        ck_assert_int_eq(allow(limit, "a", 3, SECOND, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, 3 * SECOND / 10);
        ck_assert_int_eq(allow(limit, "b", 1, SECOND, NULL), CFK_LIMIT_PASS);

        ck_assert_int_eq(allow(limit, "a", 1, SECOND + SECOND / 10 - 1, &retry),
                         CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, 1);
        ck_assert_int_eq(allow(limit, "a", 1, SECOND + SECOND / 10, &retry),
                         CFK_LIMIT_PASS);
        ck_assert_int_eq(allow(limit, "a", 20, 3 * SECOND + SECOND / 10, &retry),
                         CFK_LIMIT_PASS);
        cfk_limit_reset(limit);
        ck_assert_int_eq(allow(limit, "a", 20, 3 * SECOND, &retry), CFK_LIMIT_PASS);
        cfk_limit_free(limit);
    }
}
END_TEST

START_TEST(costs_of_nothing_and_of_too_much)
{
    for (int exact = 0; exact <= 1; exact++) {
        cfk_limit *limit = limit_of(1, 0, 3, exact);
        int64_t retry = -1;

        ck_assert_int_eq(allow(limit, "", 4, 0, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, CFK_LIMIT_NEVER);
        ck_assert_int_eq(allow(limit, "", UINT64_MAX, 0, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(allow(limit, "", 3, 0, &retry), CFK_LIMIT_PASS);
        ck_assert_int_eq(allow(limit, "", 0, 0, &retry), CFK_LIMIT_PASS);
        ck_assert_int_eq(retry, 0);
        cfk_limit_free(limit);
    }
}
END_TEST

/* A bucket as a plain fraction: the time when it is full, times events. */
struct model {
    wide full[8];
    uint64_t events;
    int64_t period;
    uint64_t burst;
};

static bool model_allow(struct model *m, int key, uint64_t cost, int64_t now,
                        int64_t *retry)
{
    wide at = (wide)now * (wide)m->events;
    wide depth = (wide)m->burst * m->period;
    wide debt = m->full[key] > at ? m->full[key] - at : 0;

    *retry = 0;
    if (cost == 0)
        return true;
    if (cost > m->burst) {
        *retry = INT64_MAX;
        return false;
    }
    if (debt > depth + (wide)m->events * SECOND) { /* the clock went back */
        debt = depth;
        m->full[key] = at + depth;
    }
    debt += (wide)cost * m->period;
    if (debt > depth) {
        *retry = (int64_t)((debt - depth + (wide)m->events - 1) / (wide)m->events);
        return false;
    }
    m->full[key] = at + debt;
    return true;
}

static void run_against_model(uint64_t seed, bool exact)
{
    static const uint64_t events[] = { 1, 3, 7, 1000, 999983, 4000000000u };
    static const int64_t periods[] = { 1, 7, 1000, 1000000000, 60000000007 };
    struct model m;
    cfk_limit *limit;
    int64_t now;
    struct gen g;

    gen_seed(&g, seed);
    m = (struct model){ .events = events[gen_below(&g, 6)],
                        .period = periods[gen_below(&g, 5)],
                        .burst = 1 + gen_below(&g, 1u << gen_below(&g, 12)) };
    now = (int64_t)gen_below(&g, 2000000000) - 1000000000;
    for (int i = 0; i < 8; i++)
        m.full[i] = (wide)INT64_MIN * (wide)m.events;
    limit = limit_of(m.events, m.period, m.burst, exact);
    for (int step = 0; step < 1000; step++) {
        int64_t jump = (int64_t)gen_below(&g, (uint64_t)m.period * 4 / m.events + 3);
        uint8_t key = (uint8_t)gen_below(&g, 8);
        uint64_t cost = gen_below(&g, m.burst / 2 + 3);
        int64_t retry;
        int64_t wanted;

        now += gen_below(&g, 20) == 0 ? -jump * 5 : jump;
        if (gen_below(&g, 100) == 0)
            now -= 2 * SECOND;
        if (cfk_limit_allow(limit, &key, 1, cost, now, &retry, NULL) !=
                model_allow(&m, key, cost, now, &wanted) ||
            retry != wanted)
            ck_abort_msg("seed %llu, step %d: not as in the model",
                         (unsigned long long)seed, step);
    }
    cfk_limit_free(limit);
}

START_TEST(it_equals_a_model_in_plain_fractions)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        run_against_model(seed, false);
        run_against_model(seed, true);
    }
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing_and_blocks_nobody)
{
    for (int exact = 0; exact <= 1; exact++) {
        cfk_limit *limit = limit_of(1, SECOND, 2, exact);
        int64_t hour = 3600 * SECOND;
        int64_t retry;

        ck_assert_int_eq(allow(limit, "a", 1, hour, &retry), CFK_LIMIT_PASS);
        ck_assert_int_eq(allow(limit, "a", 1, 0, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, SECOND); /* as if empty, not an hour */
        ck_assert_int_eq(allow(limit, "a", 1, INT64_MAX, &retry), CFK_LIMIT_PASS);
        ck_assert_int_eq(allow(limit, "a", 1, 0, &retry), CFK_LIMIT_DENY);
        ck_assert_int_eq(retry, SECOND);
        ck_assert_int_eq(allow(limit, "a", 1, SECOND, &retry), CFK_LIMIT_PASS);
        cfk_limit_free(limit);
    }
}
END_TEST

START_TEST(the_ends_of_time_are_limited_too)
{
    static const int64_t ends[] = { INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1,
                                    INT64_MAX };

    for (int exact = 0; exact <= 1; exact++) {
        for (int i = 0; i < 5; i++) {
            cfk_limit *limit = limit_of(3, SECOND, 5, exact);
            int passed = 0;

            for (int k = 0; k < 100; k++)
                passed += allow(limit, "a", 1, ends[i], NULL) == CFK_LIMIT_PASS;
            ck_assert_int_eq(passed, 5);
            cfk_limit_free(limit);
        }
    }
}
END_TEST

START_TEST(extreme_rates_are_exact)
{
    cfk_limit *limit = limit_of(UINT64_C(1000000000000), SECOND, 1000, false);
    int64_t retry;

    ck_assert_int_eq(allow(limit, "a", 1000, 0, &retry), CFK_LIMIT_PASS);
    ck_assert_int_eq(allow(limit, "a", 1, 0, &retry), CFK_LIMIT_DENY);
    ck_assert_int_eq(retry, 1);
    ck_assert_int_eq(allow(limit, "a", 1000, 1, &retry), CFK_LIMIT_PASS);
    cfk_limit_free(limit);

    limit = limit_of(1, INT64_MAX / 4, 1, false); /* once in 73 years */
    ck_assert_int_eq(allow(limit, "a", 1, 0, &retry), CFK_LIMIT_PASS);
    ck_assert_int_eq(allow(limit, "a", 1, 1, &retry), CFK_LIMIT_DENY);
    ck_assert_int_eq(retry, INT64_MAX / 4 - 1);
    cfk_limit_free(limit);
}
END_TEST

START_TEST(exact_buckets_are_forgotten_only_when_full)
{
    struct cfk_limit_options opts = options_of(1, SECOND, 2);
    struct cfk_error err = { 0 };
    cfk_limit *limit;
    int64_t retry;

    opts.max_keys = 2;
    opts.max_key_bytes = 5;
    ck_assert_int_eq(cfk_limit_new(&opts, &limit, &err), CFK_OK);
    ck_assert_int_eq(allow(limit, "a", 2, 0, NULL), CFK_LIMIT_PASS);
    ck_assert_int_eq(allow(limit, "b", 1, 0, NULL), CFK_LIMIT_PASS);
    unit_expect_error(cfk_limit_allow(limit, "c", 1, 1, SECOND - 1, &retry, &err),
                      CFK_E_LIMIT, &err, "limit: more than 2 keys");
    ck_assert_int_eq(allow(limit, "a", 2, SECOND - 1, NULL), CFK_LIMIT_DENY);
    ck_assert_int_eq(allow(limit, "c", 1, SECOND, NULL), CFK_LIMIT_PASS); /* b was full */
    ck_assert_int_eq(allow(limit, "a", 2, SECOND, NULL), CFK_LIMIT_DENY);
    ck_assert_int_eq(allow(limit, "d", 0, SECOND, NULL), CFK_LIMIT_PASS);
    unit_expect_error(cfk_limit_allow(limit, "sixsix", 6, 1, 0, &retry, &err),
                      CFK_E_LIMIT, &err, "limit: a key of 6 bytes; 5 is the most");
    cfk_limit_free(limit);
}
END_TEST

/* One bucket for all: sharing never lets more through. */
START_TEST(hashed_keys_share_buckets)
{
    struct cfk_limit_options opts = options_of(1, SECOND, 4);
    cfk_limit *limit;
    int passed = 0;

    opts.buckets = 1;
    ck_assert_int_eq(cfk_limit_new(&opts, &limit, NULL), CFK_OK);
    for (int i = 0; i < 100; i++)
        passed +=
            cfk_limit_allow(limit, &i, sizeof i, 1, 0, NULL, NULL) == CFK_LIMIT_PASS;
    ck_assert_int_eq(passed, 4);
    cfk_limit_free(limit);
}
END_TEST

START_TEST(peeking_charges_nothing)
{
    for (int exact = 0; exact <= 1; exact++) {
        cfk_limit *limit = limit_of(3, SECOND, 5, exact);
        uint64_t left;
        int64_t retry;

        ck_assert_int_eq(cfk_limit_peek(limit, "a", 1, 5, 0, &retry, &left, NULL),
                         CFK_LIMIT_PASS);
        ck_assert_uint_eq(left, 5);
        ck_assert_int_eq(allow(limit, "a", 4, 0, NULL), CFK_LIMIT_PASS);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(cfk_limit_peek(limit, "a", 1, 2, 0, &retry, &left, NULL),
                             CFK_LIMIT_DENY);
            ck_assert_uint_eq(left, 1);
            ck_assert_int_eq(retry, (SECOND + 2) / 3);
        }
        ck_assert_int_eq(cfk_limit_peek(limit, "a", 1, 1, 0, NULL, NULL, NULL),
                         CFK_LIMIT_PASS);
        ck_assert_int_eq(allow(limit, "a", 1, 0, NULL), CFK_LIMIT_PASS);
        cfk_limit_peek(limit, "a", 1, 1, INT64_MAX, NULL, &left, NULL);
        ck_assert_uint_eq(left, 5);
        cfk_limit_peek(limit, "a", 1, 1, INT64_MIN, NULL, &left, NULL);
        ck_assert_uint_eq(left, 0);
        cfk_limit_free(limit);
    }
}
END_TEST

/* 999983 a second is a prime: time is kept near the latest call alone. */
START_TEST(leaps_of_the_clock_keep_the_promise)
{
    static const int64_t leaps[] = {
        1, SECOND, 3600 * SECOND, 400 * 24 * 3600 * SECOND, INT64_MAX / 2, INT64_MAX
    };

    for (int i = 0; i < 6; i++) {
        for (int exact = 0; exact <= 1; exact++) {
            cfk_limit *limit = limit_of(999983, SECOND, 2000000, exact);
            int64_t start = i == 5 ? 0 : -5;
            int64_t later = start + leaps[i];
            uint64_t left = 0;
            uint64_t back;

            ck_assert_int_eq(allow(limit, "a", 2000000, start, NULL), CFK_LIMIT_PASS);
            ck_assert_int_eq(allow(limit, "b", 1, later, NULL), CFK_LIMIT_PASS);
            cfk_limit_peek(limit, "a", 1, 1, later, NULL, &left, NULL);
            ck_assert_uint_eq(left, i == 0 ? 0 : i == 1 ? 999983 : 2000000);
            ck_assert_int_eq(allow(limit, "c", 1, start, NULL), CFK_LIMIT_PASS);
            cfk_limit_peek(limit, "a", 1, 1, start, NULL, &back, NULL);
            ck_assert_uint_le(back, left);
            cfk_limit_peek(limit, "b", 1, 2000000, start, NULL, &back, NULL);
            ck_assert_uint_lt(back, 2000000);
            ck_assert_int_eq(allow(limit, "b", 2000000, start, NULL), CFK_LIMIT_DENY);
            ck_assert_int_eq(allow(limit, "b", 2000000, start + 3 * SECOND, NULL),
                             CFK_LIMIT_PASS);
            cfk_limit_free(limit);
        }
    }
}
END_TEST

/* Where exact fractions have no room, never more passes, and hardly less. */
START_TEST(what_is_too_fine_is_rounded_up)
{
    cfk_limit *limit = limit_of(999983, 24 * 3600 * SECOND, 2000000000, false);
    int64_t years = 30 * 365 * 24 * 3600 * SECOND / 10;
    double whole = 999983.0 / (24 * 3600 * 1e9) * (double)years;
    uint64_t left;

    ck_assert_int_eq(allow(limit, "a", 2000000000, 0, NULL), CFK_LIMIT_PASS);
    cfk_limit_peek(limit, "a", 1, 1, years, NULL, &left, NULL);
    ck_assert_double_le((double)left, whole);
    ck_assert_double_ge((double)left, whole * (1 - 1e-9) - 1);
    cfk_limit_free(limit);
}
END_TEST

START_TEST(statistics_tell_how_full_it_is)
{
    for (int exact = 0; exact <= 1; exact++) {
        struct cfk_limit_stats stats = { .size = sizeof stats };
        struct cfk_limit_stats small = { .size = 2 * sizeof(uint64_t) };
        struct cfk_limit_options opts = options_of(1, SECOND, 1);
        struct cfk_error err = { 0 };
        cfk_limit *limit;

        opts.max_keys = exact ? 1000 : 0;
        ck_assert_int_eq(cfk_limit_new(&opts, &limit, NULL), CFK_OK);
        for (int i = 0; i < 2000; i++) {
            int key = i % 1000;

            cfk_limit_allow(limit, &key, sizeof key, 1, 0, NULL, NULL);
        }
        ck_assert_int_eq(cfk_limit_get_stats(limit, 0, &stats, &err), CFK_OK);
        ck_assert_uint_eq(stats.passed + stats.denied, 2000);
        ck_assert_uint_eq(stats.buckets, exact ? 1000 : 4096);
        ck_assert_uint_le(stats.in_use, 1000);
        ck_assert_uint_ge(stats.in_use, exact ? 1000 : 850);
        ck_assert_double_ge(stats.keys, 900);
        ck_assert_double_le(stats.keys, 1100);
        ck_assert_double_eq(stats.sharing, exact ? 0 : (double)stats.in_use / 4096);
        ck_assert_int_eq(cfk_limit_get_stats(limit, SECOND, &stats, NULL), CFK_OK);
        ck_assert_uint_eq(stats.in_use, 0);
        ck_assert_int_eq(cfk_limit_get_stats(limit, 0, &small, NULL), CFK_OK);
        ck_assert_uint_eq(small.passed, stats.passed);
        ck_assert_uint_eq(small.denied, 0);
        small.size = 0;
        unit_expect_error(cfk_limit_get_stats(limit, 0, &small, &err), CFK_E_INVALID,
                          &err, "size");
        cfk_limit_free(limit);
    }
}
END_TEST

static void expect_refused(struct cfk_limit_options opts, const char *words)
{
    struct cfk_error err = { 0 };
    cfk_limit *limit = (cfk_limit *)&opts;

    unit_expect_error(cfk_limit_new(&opts, &limit, &err), CFK_E_INVALID, &err, words);
    ck_assert_ptr_null(limit);
}

static void expect_taken(struct cfk_limit_options opts)
{
    cfk_limit *limit;

    ck_assert_int_eq(cfk_limit_new(&opts, &limit, NULL), CFK_OK);
    cfk_limit_free(limit);
}

START_TEST(options_have_limits)
{
    struct cfk_limit_options opts = options_of(1, 0, 0);

    expect_refused(options_of(0, 0, 0), "events");
    expect_refused(options_of(1, -1, 0), "period");
    expect_taken(options_of(UINT32_MAX, 1000000000, 1));
    expect_refused(options_of(UINT64_C(1) << 32 | 1, 1000000000, 1), "told apart");
    expect_taken(options_of(UINT64_C(1) << 40, INT64_C(1) << 30, 1)); /* 1024 in 1 */
    expect_taken(options_of(1000, 0, INT32_MAX));
    expect_refused(options_of(1000, 0, UINT64_C(1) << 31), "burst");
    expect_refused(options_of(UINT64_C(1) << 31, 0, 0), "burst"); /* the default */
    expect_taken(options_of(1, (INT64_C(1) << 60), 4));
    expect_refused(options_of(1, (INT64_C(1) << 60), 5), "146 years");
    expect_refused(options_of(1, INT64_MAX, 1), "146 years");
    opts.buckets = ((size_t)1 << 28) + 1;
    expect_refused(opts, "buckets");
    opts.max_keys = 1;
    expect_refused(opts, "not both");
    opts.buckets = 0;
    expect_taken(opts);
    opts.max_keys = ((size_t)1 << 28) + 1;
    expect_refused(opts, "capacity");
    opts.max_keys = 1;
    opts.max_key_bytes = SIZE_MAX;
    expect_refused(opts, "keys");
    opts.size = 0;
    expect_refused(opts, "size");
    cfk_limit_free(NULL);
}
END_TEST

static int use(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_limit_options opts = options_of(1, 0, 1);
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_limit *limit;
    int rc;

    opts.alloc = alloc;
    opts.max_keys = *(bool *)ctx ? 2 : 0;
    rc = cfk_limit_new(&opts, &limit, &err);
    if (rc != CFK_OK) {
        unit_expect_error(rc, CFK_E_NOMEM, &err, "no memory");
        return rc;
    }
    rc = cfk_limit_allow(limit, key, sizeof key, 1, 0, NULL, &err);
    if (rc < 0) /* then it was not charged */
        ck_assert_int_eq(cfk_limit_allow(limit, key, sizeof key, 1, 0, NULL, NULL),
                         CFK_LIMIT_PASS);
    cfk_limit_free(limit);
    return rc < 0 ? rc : CFK_OK;
}

START_TEST(failed_allocations_charge_nothing)
{
    bool exact = false;

    fault_sweep(use, &exact, 2);
    exact = true;
    fault_sweep(use, &exact, 3);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_burst_passes_then_the_rate,
        costs_of_nothing_and_of_too_much,
        it_equals_a_model_in_plain_fractions,
        a_clock_that_goes_back_gives_nothing_and_blocks_nobody,
        the_ends_of_time_are_limited_too,
        extreme_rates_are_exact,
        exact_buckets_are_forgotten_only_when_full,
        hashed_keys_share_buckets,
        peeking_charges_nothing,
        leaps_of_the_clock_keep_the_promise,
        what_is_too_fine_is_rounded_up,
        statistics_tell_how_full_it_is,
        options_have_limits,
        failed_allocations_charge_nothing,
        NULL,
    };
    Suite *suite = suite_create("structures/limit");

    suite_add_tcase(suite, unit_case("limit", tests));
    return suite;
}
