/* SPDX-License-Identifier: MIT */
/* Response rate limiting, as the documentation of BIND's rate-limit tells it. */
#include "cfkit/limit.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const int64_t SECOND = 1000000000;
static const int64_t MILLISECOND = 1000000;

static cfk_rrl *rrl_of(struct cfk_rrl_options opts)
{
    cfk_rrl *rrl;

    opts.size = sizeof opts;
    opts.seed[0] = 1;
    ck_assert_int_eq(cfk_rrl_new(&opts, &rrl, NULL), CFK_OK);
    return rrl;
}

static cfk_rrl *rrl_at(uint32_t rate)
{
    return rrl_of((struct cfk_rrl_options){ .rates = { rate } });
}

static int check_from(cfk_rrl *rrl, const char *hex, int kind, const char *name,
                      uint16_t type, int64_t now)
{
    size_t len;
    uint8_t *address = unit_hex(hex, &len);
    int verdict =
        cfk_rrl_check(rrl, address, len, kind, name, strlen(name), type, now, NULL);

    free(address);
    return verdict;
}

static int check(cfk_rrl *rrl, int64_t now)
{
    return check_from(rrl, "c0000201", CFK_RRL_ANSWER, "example.com", 1, now);
}

/* How many of so many responses go out at one time. */
static int sent(cfk_rrl *rrl, const char *address, int kind, const char *name,
                uint16_t type, int count)
{
    int total = 0;

    for (int i = 0; i < count; i++)
        total += check_from(rrl, address, kind, name, type, 0) == CFK_RRL_SEND;
    return total;
}

START_TEST(a_second_of_credit_then_every_other_one_slips)
{
    cfk_rrl *rrl = rrl_at(5);
    struct cfk_rrl_stats stats = { .size = sizeof stats };

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(check(rrl, 0), CFK_RRL_SEND);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(check(rrl, 0), CFK_RRL_SLIP);
        ck_assert_int_eq(check(rrl, 0), CFK_RRL_DROP);
    }
    ck_assert_int_eq(check(rrl, 20 * SECOND), CFK_RRL_SEND);
    ck_assert_int_eq(cfk_rrl_get_stats(rrl, &stats, NULL), CFK_OK);
    ck_assert_uint_eq(stats.sent, 6);
    ck_assert_uint_eq(stats.slipped, 3);
    ck_assert_uint_eq(stats.dropped, 3);
    ck_assert_uint_eq(stats.leaked + stats.inherited, 0);
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(slip_says_which)
{
    static const uint32_t slips[] = { 1, 3, 10, CFK_RRL_NONE };

    for (int s = 0; s < 4; s++) {
        cfk_rrl *rrl =
            rrl_of((struct cfk_rrl_options){ .rates = { 1 }, .slip = slips[s] });

        check(rrl, 0);
        for (uint32_t i = 0; i < 30; i++)
            ck_assert_int_eq(check(rrl, 0), slips[s] != CFK_RRL_NONE && i % slips[s] == 0
                                                ? CFK_RRL_SLIP
                                                : CFK_RRL_DROP);
        cfk_rrl_free(rrl);
    }
}
END_TEST

/*
 * A public account of BIND: at 2 a second and a window of 15, after 15 s of 10 queries a
 * second, somebody who asks every 5 s gets an answer after 20 s.
 */
START_TEST(the_window_is_how_long_it_takes_to_recover)
{
    cfk_rrl *rrl =
        rrl_of((struct cfk_rrl_options){ .rates = { 2 }, .slip = CFK_RRL_NONE });
    int64_t now = 0;
    int64_t quiet;

    for (; now < 15 * SECOND; now += 100 * MILLISECOND)
        check(rrl, now);
    quiet = now - 100 * MILLISECOND;
    for (now = quiet + 5 * SECOND; check(rrl, now) != CFK_RRL_SEND; now += 5 * SECOND)
        ck_assert_int_lt(now, 100 * SECOND);
    ck_assert_int_eq(now - quiet, 20 * SECOND);

    for (int i = 0; i < 1000; i++)
        check(rrl, now);
    ck_assert_int_eq(check(rrl, now + 15 * SECOND), CFK_RRL_DROP);
    for (int i = 0; i < 1000; i++)
        check(rrl, now);
    ck_assert_int_eq(check(rrl, now + 15 * SECOND + SECOND / 2), CFK_RRL_SEND);
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(identical_responses_share_an_account)
{
    cfk_rrl *rrl = rrl_at(3);

    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_ANSWER, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c00002ff", CFK_RRL_ANSWER, "A.eXample", 1, 9), 0);
    ck_assert_int_eq(
        sent(rrl, "00000000000000000000ffffc0000203", CFK_RRL_ANSWER, "a.example", 1, 9),
        0);
    ck_assert_int_eq(sent(rrl, "c0000301", CFK_RRL_ANSWER, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_ANSWER, "a.example", 28, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_ANSWER, "b.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_NODATA, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_NODATA, "a.example", 28, 9), 0);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_NXDOMAIN, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_NXDOMAIN, "a.example", 2, 9), 0);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_REFERRAL, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_ERROR, "a.example", 1, 9), 3);
    ck_assert_int_eq(sent(rrl, "c0000201", CFK_RRL_ERROR, "b.example", 2, 9), 0);
    /* The first 56 bits name a network of IPv6. */
    ck_assert_int_eq(
        sent(rrl, "20010db8000000000000000000000001", CFK_RRL_ANSWER, "", 1, 9), 3);
    ck_assert_int_eq(
        sent(rrl, "20010db8000000ff0000000000000001", CFK_RRL_ANSWER, "", 1, 9), 0);
    ck_assert_int_eq(
        sent(rrl, "20010db8000001000000000000000001", CFK_RRL_ANSWER, "", 1, 9), 3);
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(prefixes_may_end_within_a_byte)
{
    cfk_rrl *rrl = rrl_of(
        (struct cfk_rrl_options){ .rates = { 1 }, .ipv4_prefix = 28, .ipv6_prefix = 1 });

    ck_assert_int_eq(sent(rrl, "c0000200", CFK_RRL_ANSWER, "", 1, 2), 1);
    ck_assert_int_eq(sent(rrl, "c000020f", CFK_RRL_ANSWER, "", 1, 2), 0);
    ck_assert_int_eq(sent(rrl, "c0000210", CFK_RRL_ANSWER, "", 1, 2), 1);
    ck_assert_int_eq(
        sent(rrl, "00010000000000000000000000000000", CFK_RRL_ANSWER, "", 1, 2), 1);
    ck_assert_int_eq(
        sent(rrl, "7fff0000000000000000000000000000", CFK_RRL_ANSWER, "", 1, 2), 0);
    ck_assert_int_eq(
        sent(rrl, "80000000000000000000000000000000", CFK_RRL_ANSWER, "", 1, 2), 1);
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(kinds_have_rates_of_their_own)
{
    cfk_rrl *rrl =
        rrl_of((struct cfk_rrl_options){ .rates = { [CFK_RRL_ANSWER] = 4,
                                                    [CFK_RRL_NXDOMAIN] = CFK_RRL_NONE,
                                                    [CFK_RRL_ERROR] = 2 } });

    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_REFERRAL, "", 1, 99), 4);
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_NXDOMAIN, "", 1, 99), 99);
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ERROR, "", 1, 2), 2);
    ck_assert_int_eq(check_from(rrl, "00000000", CFK_RRL_ERROR, "", 0, 0), CFK_RRL_LEAK);
    ck_assert_int_eq(check_from(rrl, "00000000", CFK_RRL_ERROR, "", 0, 0), CFK_RRL_DROP);
    cfk_rrl_free(rrl);

    rrl = rrl_at(0); /* nothing set, nothing limited */
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ANSWER, "", 1, 99), 99);
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(the_limit_of_all_responses_drops_without_slipping)
{
    cfk_rrl *rrl =
        rrl_of((struct cfk_rrl_options){ .rates = { 3 }, .all_rate = 10, .slip = 1 });

    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ANSWER, "a", 1, 3), 3);
    ck_assert_int_eq(check_from(rrl, "00000000", CFK_RRL_ANSWER, "a", 1, 0),
                     CFK_RRL_SLIP);
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ANSWER, "b", 1, 3), 3);
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ANSWER, "c", 1, 3), 3);
    ck_assert_int_eq(check_from(rrl, "00000000", CFK_RRL_ANSWER, "d", 1, 0),
                     CFK_RRL_DROP);
    ck_assert_int_eq(check_from(rrl, "00000000", CFK_RRL_ERROR, "", 1, 0), CFK_RRL_DROP);
    cfk_rrl_free(rrl);
}
END_TEST

/* A balance in billionths of a response, by the letter of the documentation. */
START_TEST(it_equals_a_model_of_balances)
{
    static const uint32_t rates[] = { 1, 2, 5, 100, 1000 };

    for (uint64_t seed = 0; seed < 15; seed++) {
        struct gen g;
        int64_t rate;
        int64_t balance[5];
        int64_t seen[5] = { 0 };
        int64_t now = 0;
        int64_t window = 1 + (int64_t)(seed % 20);
        cfk_rrl *rrl;

        gen_seed(&g, seed);
        rate = rates[gen_below(&g, 5)];
        rrl = rrl_of((struct cfk_rrl_options){ .rates = { (uint32_t)rate },
                                               .window_s = (uint32_t)window });
        for (int k = 0; k < 5; k++)
            balance[k] = rate * SECOND;
        for (int step = 0; step < 1000; step++) {
            int k = (int)gen_below(&g, 5);
            char name[2] = { (char)('a' + k), '\0' };
            int verdict;

            now += (int64_t)gen_below(
                &g, (uint64_t)(gen_below(&g, 50) == 0 ? 20 * SECOND : SECOND / rate / 3));
            if (now - seen[k] > 100 * SECOND)
                balance[k] = rate * SECOND;
            else
                balance[k] += (now - seen[k]) * rate;
            if (balance[k] > rate * SECOND)
                balance[k] = rate * SECOND;
            balance[k] -= SECOND;
            if (balance[k] < -window * rate * SECOND)
                balance[k] = -window * rate * SECOND;
            seen[k] = now;
            verdict = check_from(rrl, "0a000001", CFK_RRL_ANSWER, name, 1, now);
            ck_assert_int_eq(verdict == CFK_RRL_SEND, balance[k] >= 0);
        }
        cfk_rrl_free(rrl);
    }
}
END_TEST

START_TEST(a_crowd_of_networks_gets_no_more_than_its_accounts)
{
    cfk_rrl *rrl = rrl_of((struct cfk_rrl_options){ .rates = { 10 }, .accounts = 1 });
    struct cfk_rrl_stats stats = { .size = sizeof stats };

    for (int i = 0; i < 100; i++)
        check(rrl, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t address[4] = { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 };

        cfk_rrl_check(rrl, address, 4, CFK_RRL_ANSWER, "", 0, 1, 0, NULL);
    }
    ck_assert_int_ne(check(rrl, 0), CFK_RRL_SEND);
    cfk_rrl_get_stats(rrl, &stats, NULL);
    ck_assert_uint_ge(stats.inherited, 997);
    ck_assert_uint_le(stats.sent, 10 + 3 * 10 * 2); /* what four accounts allow */
    cfk_rrl_free(rrl);
}
END_TEST

START_TEST(time_is_hostile)
{
    static const int64_t times[] = { INT64_MIN, 0, INT64_MAX, -1, INT64_MAX, INT64_MIN };
    cfk_rrl *rrl = rrl_at(2);

    for (int i = 0; i < 6; i++) {
        int total = 0;

        for (int k = 0; k < 50; k++)
            total += check(rrl, times[i]) == CFK_RRL_SEND;
        ck_assert_int_le(total, 2);
    }
    /* Back by an hour: blocked for no longer than the window. */
    cfk_rrl_free(rrl);
    rrl = rrl_at(2);
    check(rrl, 3600 * SECOND);
    check(rrl, 0);
    ck_assert_int_ne(check(rrl, 14 * SECOND), CFK_RRL_SEND);
    ck_assert_int_eq(check(rrl, 17 * SECOND), CFK_RRL_SEND);
    cfk_rrl_free(rrl);
}
END_TEST

static void expect_refused(struct cfk_rrl_options opts, const char *words)
{
    struct cfk_error err = { 0 };
    cfk_rrl *rrl = (cfk_rrl *)&opts;

    opts.size = sizeof opts;
    unit_expect_error(cfk_rrl_new(&opts, &rrl, &err), CFK_E_INVALID, &err, words);
    ck_assert_ptr_null(rrl);
}

START_TEST(options_and_arguments_have_limits)
{
    uint8_t bytes[256] = { 0 };
    struct cfk_rrl_stats stats = { 0 };
    struct cfk_error err = { 0 };
    cfk_rrl *rrl;

    expect_refused((struct cfk_rrl_options){ .rates = { 10001 } }, "rate");
    expect_refused((struct cfk_rrl_options){ .all_rate = 10001 }, "rate");
    expect_refused((struct cfk_rrl_options){ .window_s = 3601 }, "window");
    expect_refused((struct cfk_rrl_options){ .slip = 11 }, "slip");
    expect_refused((struct cfk_rrl_options){ .ipv4_prefix = 33 }, "IPv4");
    expect_refused((struct cfk_rrl_options){ .ipv6_prefix = 129 }, "IPv6");
    expect_refused((struct cfk_rrl_options){ .accounts = (1u << 26) + 1 }, "accounts");
    rrl = rrl_of((struct cfk_rrl_options){ .rates = { 10000 },
                                           .all_rate = 10000,
                                           .window_s = 3600,
                                           .slip = 10,
                                           .ipv4_prefix = 32,
                                           .ipv6_prefix = 128 });
    ck_assert_int_eq(sent(rrl, "00000000", CFK_RRL_ANSWER, "", 1, 11000), 10000);
    unit_expect_error(cfk_rrl_check(rrl, bytes, 5, 0, "", 0, 0, 0, &err), CFK_E_INVALID,
                      &err, "address");
    unit_expect_error(cfk_rrl_check(rrl, bytes, 4, 5, "", 0, 0, 0, &err), CFK_E_INVALID,
                      &err, "kind");
    unit_expect_error(cfk_rrl_check(rrl, bytes, 4, -1, "", 0, 0, 0, &err), CFK_E_INVALID,
                      &err, "kind");
    unit_expect_error(cfk_rrl_check(rrl, bytes, 4, 0, bytes, 256, 0, 0, &err),
                      CFK_E_INVALID, &err, "name");
    ck_assert_int_ge(cfk_rrl_check(rrl, bytes, 16, 0, bytes, 255, 0, 0, &err), 0);
    unit_expect_error(cfk_rrl_get_stats(rrl, &stats, &err), CFK_E_INVALID, &err, "size");
    cfk_rrl_free(rrl);
    cfk_rrl_free(NULL);
}
END_TEST

static int use(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_rrl_options opts = { .size = sizeof opts, .seed = { 1 }, .alloc = alloc };
    cfk_rrl *rrl;
    int rc = cfk_rrl_new(&opts, &rrl, NULL);

    (void)ctx;
    cfk_rrl_free(rrl);
    return rc;
}

START_TEST(failed_allocations_leave_nothing)
{
    fault_sweep(use, NULL, 2);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_second_of_credit_then_every_other_one_slips,
        slip_says_which,
        the_window_is_how_long_it_takes_to_recover,
        identical_responses_share_an_account,
        prefixes_may_end_within_a_byte,
        kinds_have_rates_of_their_own,
        the_limit_of_all_responses_drops_without_slipping,
        it_equals_a_model_of_balances,
        a_crowd_of_networks_gets_no_more_than_its_accounts,
        time_is_hostile,
        options_and_arguments_have_limits,
        failed_allocations_leave_nothing,
        NULL,
    };
    Suite *suite = suite_create("structures/limit_rrl");

    suite_add_tcase(suite, unit_case("limit_rrl", tests));
    return suite;
}
