/* SPDX-License-Identifier: MIT */
/* What averages and rates offer besides their value: starts, extremes, merging. */
#include "cfkit/ewma.h"
#include "gen.h"
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const int64_t SECOND = 1000000000;

static void expect_near(double got, double wanted, double relative)
{
    ck_assert_msg(fabs(got - wanted) <= relative * fabs(wanted), "%.17g, not %.17g", got,
                  wanted);
}

static struct cfk_ewma started(int64_t half_life)
{
    struct cfk_ewma average;

    ck_assert_int_eq(cfk_ewma_init(&average, half_life, NULL), CFK_OK);
    return average;
}

/* Values, the seconds before each, and what golibs' average is then, by its own tests. */
struct step {
    double value;
    double delay;
    double wanted;
};

static const struct step charge[] = { { 10, 60, 5 },    { 10, 60, 7.5 },
                                      { 10, 60, 8.75 }, { 10, 180, 9.84375 },
                                      { 10, 3400, 10 }, { 0, 60, 5 },
                                      { 0, 60, 2.5 },   { 0, 60, 1.25 },
                                      { 0, 60, 0.625 }, { 0, 60, 0.3125 } };
static const struct step often[] = { { 10, 1, 0.1148597964710385 },
                                     { 10, 1, 0.22840031565754015 },
                                     { 10, 1, 0.34063671075154406 },
                                     { 10, 1, 0.4515839608958339 } };
static const struct step once[] = { { 10, 4, 0.45158396089583497 } };
static const struct step doubling[] = { { 1, 60, 0.5 },        { 2, 60, 1.25 },
                                        { 4, 60, 2.625 },      { 8, 60, 5.3125 },
                                        { 16, 60, 10.65625 },  { 32, 60, 21.328125 },
                                        { 64, 60, 42.6640625 } };

static void follow(const struct step *steps, size_t count)
{
    struct cfk_ewma average = started(60 * SECOND);
    int64_t now = 1700000000 * SECOND;

    cfk_ewma_add(&average, 100, now, NULL); /* only sets the clock */
    ck_assert_double_eq(cfk_ewma_from_zero(&average), 0);
    for (size_t i = 0; i < count; i++) {
        cfk_ewma_add(&average, 777, now, NULL); /* of the same time: is ignored */
        cfk_ewma_add(&average, 777, now - SECOND, NULL);
        now += (int64_t)(steps[i].delay * 1e9);
        cfk_ewma_add(&average, steps[i].value, now, NULL);
        expect_near(cfk_ewma_from_zero(&average), steps[i].wanted, 1e-14);
    }
}

START_TEST(from_zero_it_is_the_average_of_golibs)
{
    follow(charge, sizeof charge / sizeof charge[0]);
    follow(often, sizeof often / sizeof often[0]);
    follow(once, sizeof once / sizeof once[0]);
    follow(doubling, sizeof doubling / sizeof doubling[0]);
}
END_TEST

START_TEST(debiased_the_first_sample_is_no_more_than_the_start)
{
    struct cfk_ewma average = started(3600 * SECOND);

    ck_assert_double_eq(cfk_ewma_debiased(&average), 0);
    cfk_ewma_add(&average, 1e9, 0, NULL);
    ck_assert_double_eq(cfk_ewma_debiased(&average), 0);
    for (int64_t i = 1; i <= 100; i++) {
        cfk_ewma_add(&average, 7, i, NULL); /* nanoseconds of an hour */
        expect_near(cfk_ewma_debiased(&average), 7, 1e-14);
    }
}
END_TEST

enum { SAMPLES = 12 };
static const long double LN_2 = 0.693147180559945309417232121458176568L;

/* Sample by sample: each weighs its share, which then halves every half-life. */
static void expect_sums(const struct cfk_ewma *average, const double *values,
                        const int64_t *times, int count)
{
    long double mean = 0;
    long double square = 0;
    long double late = 0;
    long double seen = 0;

    for (int i = 0; i < count; i++) {
        long double left = exp2l((long double)(times[i] - times[count - 1]) / 1e9L);
        long double share =
            i == 0 ? 1 : -expm1l(LN_2 * (long double)(times[i - 1] - times[i]) / 1e9L);

        mean += left * share * values[i];
        square += left * share * values[i] * values[i];
        late += i == 0 ? 0 : left * share * values[i];
        seen += i == 0 ? 0 : left * share;
    }
    expect_near(cfk_ewma_value(average), (double)mean, 1e-12);
    expect_near(cfk_ewma_from_zero(average), (double)late, 1e-12);
    if (seen > 0)
        expect_near(cfk_ewma_debiased(average), (double)(late / seen), 1e-12);
    ck_assert_double_le(fabs(cfk_ewma_variance(average) - (double)(square - mean * mean)),
                        1e-12 * (double)square);
}

START_TEST(it_equals_sums_of_weights)
{
    struct gen g;

    gen_seed(&g, 6);
    for (int run = 0; run < 500; run++) {
        struct cfk_ewma average = started(SECOND);
        double values[SAMPLES];
        int64_t times[SAMPLES];
        int64_t now = 0;

        for (int i = 0; i < SAMPLES; i++) {
            now += (int64_t)gen_below(&g, gen_below(&g, 3) * (uint64_t)SECOND + 1000000) +
                   1000;
            values[i] = gen_unit(&g) + 1;
            times[i] = now;
            cfk_ewma_add(&average, values[i], now, NULL);
            expect_sums(&average, values, times, i + 1);
        }
    }
}
END_TEST

START_TEST(extremes_close_in_on_the_average)
{
    struct cfk_ewma average = started(SECOND);

    cfk_ewma_add(&average, 5, 0, NULL);
    ck_assert_double_eq(cfk_ewma_high(&average), 5);
    ck_assert_double_eq(cfk_ewma_low(&average), 5);
    cfk_ewma_add(&average, 100, 0, NULL); /* no weight, but seen */
    ck_assert_double_eq(cfk_ewma_high(&average), 100);
    ck_assert_double_eq(cfk_ewma_value(&average), 5);
    cfk_ewma_add(&average, 5, SECOND, NULL);
    expect_near(cfk_ewma_high(&average), 52.5, 1e-15);
    cfk_ewma_add(&average, -3, SECOND, NULL);
    ck_assert_double_eq(cfk_ewma_low(&average), -3);
    for (int64_t i = 2; i < 100; i++)
        cfk_ewma_add(&average, 5, i * SECOND, NULL);
    expect_near(cfk_ewma_high(&average), 5, 1e-12);
    expect_near(cfk_ewma_low(&average), 5, 1e-12);
}
END_TEST

START_TEST(merging_weighs_by_age)
{
    struct cfk_ewma a = started(SECOND);
    struct cfk_ewma b = started(SECOND);
    struct cfk_ewma both;

    cfk_ewma_add(&a, 10, 0, NULL);
    cfk_ewma_add(&b, 40, 0, NULL);
    both = a;
    ck_assert_int_eq(cfk_ewma_merge(&both, &b, NULL), CFK_OK);
    expect_near(cfk_ewma_value(&both), 25, 1e-15);
    expect_near(cfk_ewma_variance(&both), 225, 1e-15); /* of 10 and 40 */
    ck_assert_double_eq(cfk_ewma_high(&both), 40);
    ck_assert_double_eq(cfk_ewma_low(&both), 10);
    ck_assert_uint_eq(both.count, 2);

    cfk_ewma_add(&b, 40, SECOND, NULL); /* so that a is one half-life older */
    both = b;
    ck_assert_int_eq(cfk_ewma_merge(&both, &a, NULL), CFK_OK);
    expect_near(cfk_ewma_value(&both), 30, 1e-15);
    ck_assert_int_eq(both.time, SECOND);
    ck_assert_int_eq(cfk_ewma_merge(&a, &b, NULL), CFK_OK);
    expect_near(cfk_ewma_value(&a), 30, 1e-15);
    /* One more sample is of one more average. */
    cfk_ewma_add(&a, 0, 2 * SECOND, NULL);
    expect_near(cfk_ewma_value(&a), 30 * 0.75 / 1.25, 1e-15);
}
END_TEST

START_TEST(merging_with_none_changes_nothing)
{
    struct cfk_ewma average = started(SECOND);
    struct cfk_ewma none = started(SECOND);
    struct cfk_ewma other = started(2 * SECOND);
    struct cfk_ewma before;
    struct cfk_error err = { 0 };

    cfk_ewma_add(&average, 10, 0, NULL);
    cfk_ewma_add(&average, 20, SECOND, NULL);
    cfk_ewma_add(&none, NAN, 0, NULL);
    before = average;
    before.rejected = 1;
    ck_assert_int_eq(cfk_ewma_merge(&average, &none, NULL), CFK_OK);
    ck_assert_mem_eq(&average, &before, sizeof average);
    ck_assert_int_eq(cfk_ewma_merge(&none, &average, NULL), CFK_OK);
    ck_assert_double_eq(cfk_ewma_value(&none), cfk_ewma_value(&average));
    ck_assert_uint_eq(none.rejected, 2);
    unit_expect_error(cfk_ewma_merge(&average, &other, &err), CFK_E_INVALID, &err,
                      "half-life");
    ck_assert_mem_eq(&average, &before, sizeof average);
    ck_assert_int_eq(cfk_ewma_merge(&average, &average, NULL), CFK_OK);
    expect_near(cfk_ewma_value(&average), cfk_ewma_value(&before), 1e-15);
}
END_TEST

/* Any order of merging gives the same. */
START_TEST(merging_is_associative)
{
    struct gen g;

    gen_seed(&g, 3);
    for (int run = 0; run < 100; run++) {
        struct cfk_ewma parts[3];
        struct cfk_ewma left;
        struct cfk_ewma right;

        for (int p = 0; p < 3; p++) {
            int64_t now = (int64_t)gen_below(&g, 5 * (uint64_t)SECOND);

            parts[p] = started(SECOND);
            for (int i = 0; i < 20; i++) {
                now += (int64_t)gen_below(&g, (uint64_t)SECOND / 4);
                cfk_ewma_add(&parts[p], gen_unit(&g) * 100, now, NULL);
            }
        }
        left = parts[0];
        cfk_ewma_merge(&left, &parts[1], NULL);
        cfk_ewma_merge(&left, &parts[2], NULL);
        right = parts[2];
        cfk_ewma_merge(&right, &parts[1], NULL);
        cfk_ewma_merge(&right, &parts[0], NULL);
        expect_near(cfk_ewma_value(&left), cfk_ewma_value(&right), 1e-13);
        expect_near(cfk_ewma_variance(&left), cfk_ewma_variance(&right), 1e-12);
        expect_near(cfk_ewma_debiased(&left), cfk_ewma_debiased(&right), 1e-13);
        ck_assert_uint_eq(left.count, 60);
    }
}
END_TEST

START_TEST(merging_survives_the_ends_of_the_ranges)
{
    static const double values[] = { DBL_MAX, -DBL_MAX, DBL_TRUE_MIN, 0 };
    static const int64_t times[] = { INT64_MIN, 0, INT64_MAX };

    for (int i = 0; i < 12; i++) {
        for (int k = 0; k < 12; k++) {
            struct cfk_ewma a = started(1);
            struct cfk_ewma b = started(1);

            cfk_ewma_add(&a, values[i / 3], times[i % 3], NULL);
            cfk_ewma_add(&b, values[k / 3], times[k % 3], NULL);
            ck_assert_int_eq(cfk_ewma_merge(&a, &b, NULL), CFK_OK);
            cfk_ewma_add(&a, 1, INT64_MAX, NULL);
            ck_assert(isfinite(cfk_ewma_value(&a)));
            ck_assert(isfinite(cfk_ewma_variance(&a)));
            ck_assert(isfinite(cfk_ewma_debiased(&a)));
            ck_assert(isfinite(cfk_ewma_high(&a)) && isfinite(cfk_ewma_low(&a)));
        }
    }
}
END_TEST

START_TEST(merged_rates_are_one_rate)
{
    struct cfk_rate parts[3];
    struct cfk_rate all;
    struct cfk_rate other;
    struct cfk_error err = { 0 };
    struct gen g;
    int64_t now = 0;

    gen_seed(&g, 4);
    cfk_rate_init(&all, SECOND, NULL);
    for (int p = 0; p < 3; p++)
        cfk_rate_init(&parts[p], SECOND, NULL);
    for (int i = 0; i < 1000; i++) {
        uint64_t events = 1 + gen_below(&g, 5);

        now += (int64_t)gen_below(&g, (uint64_t)SECOND / 50);
        cfk_rate_add(&all, events, now);
        cfk_rate_add(&parts[gen_below(&g, i < 500 ? 2 : 1)], events, now);
    }
    for (int p = 1; p < 3; p++) /* the last one has no events */
        ck_assert_int_eq(cfk_rate_merge(&parts[p], &parts[p - 1], NULL), CFK_OK);
    expect_near(cfk_rate_at(&parts[2], now), cfk_rate_at(&all, now), 1e-12);
    expect_near(cfk_rate_debiased_at(&parts[2], now), cfk_rate_debiased_at(&all, now),
                1e-12);
    ck_assert_uint_eq(parts[2].count, 1000);
    cfk_rate_init(&other, 1, NULL);
    unit_expect_error(cfk_rate_merge(&all, &other, &err), CFK_E_INVALID, &err,
                      "half-life");
}
END_TEST

START_TEST(a_debiased_rate_needs_no_time_to_rise)
{
    struct cfk_rate rate;

    cfk_rate_init(&rate, 3600 * SECOND, NULL);
    ck_assert_double_eq(cfk_rate_debiased_at(&rate, 5), 0);
    for (int64_t i = 0; i < 1000; i++)
        cfk_rate_add(&rate, 1, i * SECOND / 10);
    expect_near(cfk_rate_debiased_at(&rate, 100 * SECOND), 10, 1e-2);
    ck_assert_double_lt(cfk_rate_at(&rate, 100 * SECOND), 1);
    cfk_rate_init(&rate, 3600 * SECOND, NULL);
    cfk_rate_add(&rate, 1, 7);
    ck_assert_double_eq(cfk_rate_debiased_at(&rate, 7), 0);
}
END_TEST

/* A million equal events, which are all rounded the same way. */
START_TEST(roundings_do_not_add_up)
{
    struct cfk_rate rate;
    struct cfk_ewma average = started(SECOND);

    cfk_rate_init(&rate, SECOND, NULL);
    for (int64_t i = 0; i < 1000000; i++) {
        cfk_rate_add(&rate, 1, i / 7);
        cfk_ewma_add(&average, 0.1, i, NULL);
    }
    expect_near(cfk_rate_at(&rate, 1000000 / 7), 693112.86344864979, 1e-14);
    ck_assert_double_eq(cfk_ewma_value(&average), 0.1);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        from_zero_it_is_the_average_of_golibs,
        debiased_the_first_sample_is_no_more_than_the_start,
        it_equals_sums_of_weights,
        extremes_close_in_on_the_average,
        merging_weighs_by_age,
        merging_with_none_changes_nothing,
        merging_is_associative,
        merging_survives_the_ends_of_the_ranges,
        merged_rates_are_one_rate,
        a_debiased_rate_needs_no_time_to_rise,
        roundings_do_not_add_up,
        NULL,
    };
    Suite *suite = suite_create("structures/ewma_merge");

    suite_add_tcase(suite, unit_case("ewma_merge", tests));
    return suite;
}
