/* SPDX-License-Identifier: MIT */
#include "cfkit/ewma.h"
#include "gen.h"
#include "unit.h"

#include <float.h>
#include <math.h>

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

START_TEST(the_average_starts_at_the_first_sample)
{
    struct cfk_ewma average = started(60 * SECOND);

    ck_assert_double_eq(cfk_ewma_value(&average), 0);
    ck_assert_int_eq(cfk_ewma_add(&average, 42, -5, NULL), CFK_OK);
    ck_assert_double_eq(cfk_ewma_value(&average), 42);
    ck_assert_double_eq(cfk_ewma_variance(&average), 0);
    ck_assert_uint_eq(average.count, 1);
}
END_TEST

START_TEST(after_a_half_life_a_sample_weighs_one_half)
{
    struct cfk_ewma average = started(60 * SECOND);

    cfk_ewma_add(&average, 0, 0, NULL);
    cfk_ewma_add(&average, 8, 60 * SECOND, NULL);
    expect_near(cfk_ewma_value(&average), 4, 1e-15);
    expect_near(cfk_ewma_variance(&average), 16, 1e-15); /* of 0 and 8, evenly */
    cfk_ewma_add(&average, 4, 180 * SECOND, NULL);
    expect_near(cfk_ewma_value(&average), 4, 1e-15);
    expect_near(cfk_ewma_variance(&average), 4, 1e-15); /* a quarter of 16 is left */
}
END_TEST

START_TEST(tiny_steps_keep_full_precision)
{
    struct cfk_ewma average = started(3600 * SECOND);

    cfk_ewma_add(&average, 0, 0, NULL);
    cfk_ewma_add(&average, 1, 1, NULL);
    expect_near(cfk_ewma_value(&average), 1.9254088348885516e-13, 1e-15);
}
END_TEST

START_TEST(samples_of_one_time_or_of_the_past_have_no_weight)
{
    struct cfk_ewma average = started(SECOND);

    cfk_ewma_add(&average, 1, 10, NULL);
    ck_assert_int_eq(cfk_ewma_add(&average, 100, 10, NULL), CFK_OK);
    ck_assert_uint_eq(average.backward, 0);
    ck_assert_int_eq(cfk_ewma_add(&average, 100, 9, NULL), CFK_OK);
    ck_assert_int_eq(cfk_ewma_add(&average, 100, INT64_MIN, NULL), CFK_OK);
    ck_assert_uint_eq(average.backward, 2);
    ck_assert_int_eq(average.time, 10);
    ck_assert_double_eq(cfk_ewma_value(&average), 1);
    ck_assert_uint_eq(average.count, 4);
}
END_TEST

START_TEST(what_is_no_finite_number_changes_nothing)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    struct cfk_ewma average = started(SECOND);
    struct cfk_error err = { 0 };

    cfk_ewma_add(&average, 7, 0, NULL);
    for (int i = 0; i < 3; i++)
        unit_expect_error(cfk_ewma_add(&average, bad[i], SECOND, &err), CFK_E_INVALID,
                          &err, "finite");
    ck_assert_uint_eq(average.rejected, 3);
    ck_assert_uint_eq(average.count, 1);
    ck_assert_int_eq(average.time, 0);
    ck_assert_double_eq(cfk_ewma_value(&average), 7);
}
END_TEST

START_TEST(the_ends_of_the_ranges_do_no_harm)
{
    static const int64_t half_lives[] = { 1, SECOND, INT64_MAX };
    static const double values[] = { DBL_MAX, -DBL_MAX, DBL_TRUE_MIN, 0, -1, DBL_MAX };
    static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX };

    for (int h = 0; h < 3; h++) {
        struct cfk_ewma average = started(half_lives[h]);

        for (int i = 0; i < 6; i++) {
            cfk_ewma_add(&average, values[i], times[i], NULL);
            ck_assert(isfinite(cfk_ewma_value(&average)));
            ck_assert(isfinite(cfk_ewma_variance(&average)));
            ck_assert_double_ge(cfk_ewma_variance(&average), 0);
        }
    }
}
END_TEST

START_TEST(a_half_life_is_one_nanosecond_at_least)
{
    struct cfk_ewma average;
    struct cfk_rate rate;
    struct cfk_error err = { 0 };

    unit_expect_error(cfk_ewma_init(&average, 0, &err), CFK_E_INVALID, &err, "half-life");
    unit_expect_error(cfk_ewma_init(&average, INT64_MIN, &err), CFK_E_INVALID, &err,
                      "half-life");
    unit_expect_error(cfk_rate_init(&rate, 0, &err), CFK_E_INVALID, &err, "half-life");
    unit_expect_error(cfk_rate_init(&rate, -1, &err), CFK_E_INVALID, &err, "half-life");
    ck_assert_int_eq(cfk_ewma_init(&average, 1, &err), CFK_OK);
    ck_assert_int_eq(cfk_rate_init(&rate, 1, &err), CFK_OK);
}
END_TEST

START_TEST(a_copy_is_an_average_of_its_own)
{
    struct cfk_ewma first = started(SECOND);
    struct cfk_ewma second;

    cfk_ewma_add(&first, 1, 0, NULL);
    second = first;
    cfk_ewma_add(&second, 3, SECOND, NULL);
    ck_assert_double_eq(cfk_ewma_value(&first), 1);
    expect_near(cfk_ewma_value(&second), 2, 1e-15);
}
END_TEST

START_TEST(events_of_one_time_all_count)
{
    struct cfk_rate rate;
    struct cfk_rate at_once;

    cfk_rate_init(&rate, 60 * SECOND, NULL);
    cfk_rate_init(&at_once, 60 * SECOND, NULL);
    ck_assert_double_eq(cfk_rate_at(&rate, 5), 0);
    for (int i = 0; i < 1000; i++)
        cfk_rate_add(&rate, 1, 7);
    cfk_rate_add(&at_once, 1000, 7);
    expect_near(cfk_rate_at(&rate, 7), 1000 * log(2) / 60, 1e-12);
    expect_near(cfk_rate_at(&at_once, 7), 1000 * log(2) / 60, 1e-14);
}
END_TEST

START_TEST(a_steady_stream_has_its_rate)
{
    struct cfk_rate rate;

    cfk_rate_init(&rate, 10 * SECOND, NULL);
    for (int64_t i = 0; i < 100 * 200; i++)
        cfk_rate_add(&rate, 1, i * SECOND / 100);
    expect_near(cfk_rate_at(&rate, 200 * SECOND), 100, 1e-3);
    expect_near(cfk_rate_at(&rate, 210 * SECOND), 50, 1e-3); /* silence halves it */
    ck_assert_double_lt(cfk_rate_at(&rate, INT64_MAX), 1e-300);
    expect_near(cfk_rate_at(&rate, INT64_MIN), cfk_rate_at(&rate, 199 * SECOND), 1e-12);
}
END_TEST

START_TEST(late_events_count_as_if_they_had_come_in_time)
{
    struct cfk_rate late;
    struct cfk_rate in_time;

    cfk_rate_init(&late, SECOND, NULL);
    cfk_rate_init(&in_time, SECOND, NULL);
    for (int64_t i = 0; i < 100; i++) {
        cfk_rate_add(&late, 1, (99 - i) * SECOND / 30);
        cfk_rate_add(&in_time, 1, i * SECOND / 30);
    }
    ck_assert_uint_eq(late.backward, 99);
    ck_assert_int_eq(late.time, 99 * SECOND / 30);
    expect_near(cfk_rate_at(&late, 4 * SECOND), cfk_rate_at(&in_time, 4 * SECOND), 1e-13);
}
END_TEST

START_TEST(any_series_keeps_the_average_between_its_ends)
{
    struct gen g;

    gen_seed(&g, 20);
    for (int run = 0; run < 200; run++) {
        unsigned shift = 1 + (unsigned)gen_below(&g, 62);
        struct cfk_ewma average = started((int64_t)(gen_u64(&g) >> shift) + 1);
        double low = INFINITY;
        double high = -INFINITY;
        int64_t time = -(int64_t)gen_below(&g, 1000000);

        for (int i = 0; i < 100; i++) {
            double value = (gen_unit(&g) - 0.5) * pow(10, (double)gen_below(&g, 20));

            low = value < low ? value : low;
            high = value > high ? value : high;
            time += (int64_t)gen_below(&g, 1u << gen_below(&g, 31)) - 10;
            ck_assert_int_eq(cfk_ewma_add(&average, value, time, NULL), CFK_OK);
            ck_assert_double_ge(cfk_ewma_value(&average), low - 1e-9 * fabs(low));
            ck_assert_double_le(cfk_ewma_value(&average), high + 1e-9 * fabs(high));
        }
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_average_starts_at_the_first_sample,
        after_a_half_life_a_sample_weighs_one_half,
        tiny_steps_keep_full_precision,
        samples_of_one_time_or_of_the_past_have_no_weight,
        what_is_no_finite_number_changes_nothing,
        the_ends_of_the_ranges_do_no_harm,
        a_half_life_is_one_nanosecond_at_least,
        a_copy_is_an_average_of_its_own,
        events_of_one_time_all_count,
        a_steady_stream_has_its_rate,
        late_events_count_as_if_they_had_come_in_time,
        any_series_keeps_the_average_between_its_ends,
        NULL,
    };
    Suite *suite = suite_create("structures/ewma");

    suite_add_tcase(suite, unit_case("ewma", tests));
    return suite;
}
