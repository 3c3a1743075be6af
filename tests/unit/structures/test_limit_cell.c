/* SPDX-License-Identifier: MIT */
/* Limits in cells of the caller's, also shared by threads. */
#include "cfkit/limit.h"
#include "gen.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

static const int64_t SECOND = 1000000000;

static struct cfk_limit_rule rule_of(uint64_t events, int64_t period, uint64_t burst)
{
    struct cfk_limit_rule rule;

    ck_assert_int_eq(cfk_limit_rule_init(&rule, events, period, burst, NULL), CFK_OK);
    return rule;
}

START_TEST(a_cell_is_a_bucket)
{
    struct cfk_limit_rule rule = rule_of(10, 0, 20);
    uint64_t cell = 0;
    int64_t retry;

    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 1, SECOND, &retry),
                         CFK_LIMIT_PASS);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 3, SECOND, &retry),
                     CFK_LIMIT_DENY);
    ck_assert_int_eq(retry, 3 * SECOND / 10);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 3, SECOND + retry, NULL),
                     CFK_LIMIT_PASS);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 21, INT64_MAX, &retry),
                     CFK_LIMIT_DENY);
    ck_assert_int_eq(retry, CFK_LIMIT_NEVER);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 20, INT64_MAX, NULL),
                     CFK_LIMIT_PASS);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 1, INT64_MAX, NULL),
                     CFK_LIMIT_DENY);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 0, INT64_MIN, &retry),
                     CFK_LIMIT_PASS);
    ck_assert_int_eq(retry, 0);
}
END_TEST

START_TEST(what_is_denied_or_free_changes_no_cell)
{
    struct cfk_limit_rule rule = rule_of(1, SECOND, 2);
    uint64_t cell = 0;
    uint64_t next;

    cfk_limit_cell_next(&rule, cell, 0, 5, &next, NULL);
    ck_assert_uint_eq(next, cell);
    cfk_limit_cell_next(&rule, cell, 3, 5, &next, NULL);
    ck_assert_uint_eq(next, cell);
    cfk_limit_cell_next(&rule, cell, 2, 5, &cell, NULL);
    ck_assert_uint_gt(cell, 0);
    ck_assert_int_eq(cfk_limit_cell_next(&rule, cell, 1, 5, &next, NULL), CFK_LIMIT_DENY);
    ck_assert_uint_eq(next, cell);
    /* A clock that went back blocks for no longer than an empty bucket. */
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 1, -1000 * SECOND, NULL),
                     CFK_LIMIT_DENY);
    ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, 1, -999 * SECOND, NULL),
                     CFK_LIMIT_PASS);
}
END_TEST

/* Against a limiter of one key whose rule is in whole nanoseconds, as a cell's is. */
START_TEST(cells_equal_a_limiter)
{
    static const uint64_t events[] = { 1, 3, 7, 1000, 999983, 250000000 };
    static const int64_t periods[] = { 1, 7, 1000, 1000000000, 60000000007 };

    for (uint64_t seed = 0; seed < 100; seed++) {
        struct cfk_limit_options opts = { .size = sizeof opts, .buckets = 1 };
        struct cfk_limit_rule rule;
        uint64_t n;
        uint64_t cell = 0;
        cfk_limit *limit;
        struct gen g;
        int64_t now;

        gen_seed(&g, seed);
        n = events[gen_below(&g, 6)];
        opts.burst = 1 + gen_below(&g, 1u << gen_below(&g, 12));
        opts.period_ns = periods[gen_below(&g, 5)];
        rule = rule_of(n, opts.period_ns, opts.burst);
        opts.events = 1;
        opts.period_ns = (opts.period_ns + (int64_t)n - 1) / (int64_t)n;
        ck_assert_int_eq(cfk_limit_new(&opts, &limit, NULL), CFK_OK);
        now = (int64_t)gen_u64(&g) / 4;
        for (int step = 0; step < 500; step++) {
            int64_t jump = (int64_t)gen_below(&g, (uint64_t)opts.period_ns * 4 + 3);
            uint64_t cost = gen_below(&g, opts.burst / 2 + 3);
            int64_t retry[2];

            now += gen_below(&g, 20) == 0 ? -jump * 5 : jump;
            ck_assert_int_eq(cfk_limit_cell_take(&rule, &cell, cost, now, &retry[0]),
                             cfk_limit_allow(limit, "", 0, cost, now, &retry[1], NULL));
            ck_assert_int_eq(retry[0], retry[1]);
        }
        cfk_limit_free(limit);
    }
}
END_TEST

/* Tokens of a bucket, one a hundred nanoseconds, kept as nanoseconds. */
static bool naive(int64_t *tokens, int64_t *last, int64_t now, int64_t cost)
{
    enum { BURST = 3, INTERVAL = 100 };

    *tokens += now - *last;
    *last = now;
    if (*tokens > BURST * INTERVAL)
        *tokens = BURST * INTERVAL;
    if (cost > BURST || cost * INTERVAL > *tokens)
        return false;
    *tokens -= cost * INTERVAL;
    return true;
}

/* Sequences of five steps in time and cost: three forms and a plain bucket. */
START_TEST(every_short_sequence_equals_a_plain_bucket)
{
    static const int64_t waits[] = { 0, 1, 99, 100, 250 };
    static const uint64_t costs[] = { 1, 3, 4 };
    enum { STEPS = 5, CHOICES = 15 };
    struct cfk_limit_options opts = { .size = sizeof opts, .events = 1, .burst = 3 };
    struct cfk_limit_rule rule = rule_of(1, 100, 3);
    cfk_limit *forms[2];
    uint64_t all = 1;

    opts.period_ns = 100;
    ck_assert_int_eq(cfk_limit_new(&opts, &forms[0], NULL), CFK_OK);
    opts.max_keys = 1;
    ck_assert_int_eq(cfk_limit_new(&opts, &forms[1], NULL), CFK_OK);
    for (int i = 0; i < STEPS; i++)
        all *= CHOICES;
    for (uint64_t sequence = 0; sequence < all; sequence += 1 + sequence % 7) {
        uint64_t rest = sequence;
        uint64_t cell = 0;
        int64_t tokens = 300;
        int64_t last = 0;
        int64_t now = 0;

        cfk_limit_reset(forms[0]);
        cfk_limit_reset(forms[1]);
        for (int step = 0; step < STEPS; step++, rest /= CHOICES) {
            uint64_t cost = costs[rest % CHOICES / 5];
            bool pass;

            now += waits[rest % 5];
            pass = naive(&tokens, &last, now, (int64_t)cost);
            if (cfk_limit_cell_take(&rule, &cell, cost, now, NULL) != pass ||
                cfk_limit_allow(forms[0], "", 0, cost, now, NULL, NULL) != pass ||
                cfk_limit_allow(forms[1], "", 0, cost, now, NULL, NULL) != pass)
                ck_abort_msg("sequence %llu, step %d", (unsigned long long)sequence,
                             step);
        }
    }
    cfk_limit_free(forms[0]);
    cfk_limit_free(forms[1]);
}
END_TEST

START_TEST(rules_have_limits)
{
    struct cfk_limit_rule rule = { 1, 1, 1, 1 };
    struct cfk_error err = { 0 };

    unit_expect_error(cfk_limit_rule_init(&rule, 0, 0, 0, &err), CFK_E_INVALID, &err,
                      "events");
    ck_assert_uint_eq(rule.depth, 0);
    unit_expect_error(cfk_limit_rule_init(&rule, 1, -1, 0, &err), CFK_E_INVALID, &err,
                      "period");
    unit_expect_error(cfk_limit_rule_init(&rule, 1, 0, UINT64_C(1) << 31, &err),
                      CFK_E_INVALID, &err, "burst");
    unit_expect_error(cfk_limit_rule_init(&rule, 1, INT64_C(1) << 60, 5, &err),
                      CFK_E_INVALID, &err, "146 years");
    ck_assert_int_eq(cfk_limit_rule_init(&rule, 1, INT64_C(1) << 60, 4, &err), CFK_OK);
    ck_assert_int_eq(cfk_limit_rule_init(&rule, 1000000000000, 0, 1, &err), CFK_OK);
    ck_assert_uint_eq(rule.period, 1); /* a nanosecond is the least cost */
}
END_TEST

enum { THREADS = 4, TAKES = 20000 };

struct shared {
    struct cfk_limit_rule rule;
    uint64_t cell;
    _Atomic int64_t clock;
    int64_t tick;
    atomic_int passed;
};

static void *take_often(void *ctx)
{
    struct shared *s = ctx;

    for (int i = 0; i < TAKES; i++) {
        int64_t now = atomic_fetch_add(&s->clock, s->tick);

        if (cfk_limit_cell_take(&s->rule, &s->cell, 1, now, NULL) == CFK_LIMIT_PASS)
            atomic_fetch_add(&s->passed, 1);
    }
    return NULL;
}

static int pass_together(uint64_t burst, int64_t tick)
{
    struct shared s = { .rule = rule_of(1, 100, burst), .tick = tick };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_often, &s), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&s.passed);
}

START_TEST(threads_share_a_cell)
{
    /* While the clock stands, the burst; then one in a hundred nanoseconds too. */
    ck_assert_int_eq(pass_together(1000, 0), 1000);
    ck_assert_int_le(pass_together(10, 1), 10 + THREADS * TAKES / 100);
    ck_assert_int_ge(pass_together(10, 1), THREADS * TAKES / 100);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_cell_is_a_bucket,
        what_is_denied_or_free_changes_no_cell,
        cells_equal_a_limiter,
        every_short_sequence_equals_a_plain_bucket,
        rules_have_limits,
        threads_share_a_cell,
        NULL,
    };
    Suite *suite = suite_create("structures/limit_cell");

    suite_add_tcase(suite, unit_case("limit_cell", tests));
    return suite;
}
