/* SPDX-License-Identifier: MIT */
#include "common/cli.h"
#include "unit.h"

#include <string.h>

START_TEST(numbers_are_taken_whole_and_within_bounds)
{
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "1x", "0x10", "9", "101", "18446744073709551616"
    };
    uint64_t value = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!cli_parse_u64(bad[i], 10, 100, &value), "took '%s'", bad[i]);
    ck_assert_uint_eq(value, 7);
    ck_assert(cli_parse_u64("10", 10, 100, &value) && value == 10);
    ck_assert(cli_parse_u64("100", 10, 100, &value) && value == 100);
    ck_assert(cli_parse_u64("18446744073709551615", 0, UINT64_MAX, &value));
    ck_assert_uint_eq(value, UINT64_MAX);
}
END_TEST

START_TEST(sizes_have_units)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        { "0", 0 },
        { "10", 10 },
        { "64K", 65536 },
        { "64KiB", 65536 },
        { "64kB", 64000 },
        { "1.5M", 1572864 },
        { "2G", 1u << 31 },
        { "1T", 1ull << 40 },
        { "0.5K", 512 },
        { "1.25M", 1310720 },
        { "1.25MB", 1250000 },
        { "7B", 7 },
        { "16777215.99999T", 18446744073698556499u },
    };
    static const char *const bad[] = { "",    "K",   "1k",    "1KK",       "-1K", "1.K",
                                       ".5K", "1 K", "1.2.3", "16777216T", "1e3" };
    uint64_t value = 7;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(cli_parse_size(good[i].text, &value), "refused %s", good[i].text);
        ck_assert_msg(value == good[i].value, "%s: %llu", good[i].text,
                      (unsigned long long)value);
    }
    value = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!cli_parse_size(bad[i], &value), "took '%s'", bad[i]);
    ck_assert_uint_eq(value, 7);
}
END_TEST

START_TEST(durations_become_nanoseconds)
{
    uint64_t ns;

    ck_assert(cli_parse_duration("60s", &ns) && ns == UINT64_C(60000000000));
    ck_assert(cli_parse_duration("60", &ns) && ns == UINT64_C(60000000000));
    ck_assert(cli_parse_duration("250ms", &ns) && ns == 250000000);
    ck_assert(cli_parse_duration("0.25", &ns) && ns == 250000000);
    ck_assert(cli_parse_duration("1.5m", &ns) && ns == UINT64_C(90000000000));
    ck_assert(cli_parse_duration("2h", &ns) && ns == UINT64_C(7200000000000));
    ck_assert(cli_parse_duration("7d", &ns) && ns == UINT64_C(604800000000000));
    ck_assert(cli_parse_duration("10us", &ns) && ns == 10000);
    ck_assert(cli_parse_duration("5ns", &ns) && ns == 5);
    ck_assert(!cli_parse_duration("-1s", &ns));
    ck_assert(!cli_parse_duration("1w", &ns));
    ck_assert(!cli_parse_duration("300000d0", &ns));
    ck_assert(!cli_parse_duration("300000d", &ns)); /* past 584 years */
    ck_assert(!cli_parse_duration("", &ns));
    ck_assert(!cli_parse_duration("soon", &ns));
}
END_TEST

static bool seconds(const char *text, int64_t *ns)
{
    return cli_parse_seconds(text, strlen(text), ns);
}

START_TEST(seconds_are_exact_to_the_nanosecond)
{
    int64_t ns = 7;

    ck_assert(seconds("1700000000.123456789", &ns));
    ck_assert_int_eq(ns, INT64_C(1700000000123456789));
    ck_assert(seconds("-1.5", &ns) && ns == -1500000000);
    ck_assert(seconds("0.1", &ns) && ns == 100000000);
    ck_assert(seconds("0.0000000019", &ns) && ns == 1);
    ck_assert(seconds("9223372036", &ns));
    ns = 7;
    ck_assert(!seconds("9223372037", &ns));
    ck_assert(!seconds("", &ns));
    ck_assert(!seconds("-", &ns));
    ck_assert(!seconds("1.", &ns));
    ck_assert(!seconds("1s", &ns));
    ck_assert_int_eq(ns, 7);
}
END_TEST

START_TEST(times_are_rfc3339_or_unix)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        { "0", 0 },
        { "-86400", -86400 },
        { "1970-01-01", 0 },
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-20T08:57:44Z", 1795165064 },
        { "2026-11-20t08:57:44.5z", 1795165064 },
        { "2026-11-20 09:57:44+01:00", 1795165064 },
        { "2000-02-29", 951782400 },
        { "1969-12-31T23:59:59Z", -1 },
        { "0000-01-01", -62167219200 },
        { "9999-12-31T23:59:60Z", 253402300800 },
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-13-01",
        "2026-02-29",
        "1900-02-29",
        "2026-11-20T24:00:00Z",
        "2026-11-20T08:57:44",
        "2026-11-20T08:57Z",
        "2026-11-20T08:57:44.Z",
        "2026-11-20T08:57:44+1:00",
        "tomorrow",
        "-",
        "1.5",
    };
    int64_t value = 7;

    for (size_t i = 0; i + 1 < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(cli_parse_time(good[i].text, &value), "refused %s", good[i].text);
        ck_assert_msg(value == good[i].value, "%s is %lld", good[i].text,
                      (long long)value);
    }
    value = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strcmp(bad[i], "2026") != 0) /* a number of seconds */
            ck_assert_msg(!cli_parse_time(bad[i], &value), "took '%s'", bad[i]);
    ck_assert_int_eq(value, 7);
}
END_TEST

START_TEST(decimals_are_finite_and_whole)
{
    static const char *const bad[] = { "",     " 1",    "nan", "inf",
                                       "-inf", "1e999", "1x",  "--1" };
    double value = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!cli_parse_double(bad[i], strlen(bad[i]), &value), "took '%s'",
                      bad[i]);
    ck_assert_double_eq(value, 7);
    ck_assert(cli_parse_double("-1.5e3 ignored", 6, &value));
    ck_assert_double_eq(value, -1500);
}
END_TEST

static void expect_text(const char *bytes, size_t len, const char *wanted)
{
    json_t *value = cli_json_text(bytes, len);

    ck_assert_ptr_nonnull(value);
    ck_assert_str_eq(json_string_value(value), wanted);
    json_decref(value);
}

START_TEST(bytes_become_valid_json_text)
{
#define BAD "\xef\xbf\xbd"
    expect_text("plain", 5, "plain");
    expect_text("", 0, "");
    expect_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
                "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_text("a\xff"
                "b",
                3, "a" BAD "b");
    expect_text("\xc0\x80", 2, BAD BAD);                 /* overlong */
    expect_text("\xed\xa0\x80", 3, BAD BAD BAD);         /* surrogate */
    expect_text("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD); /* past U+10FFFF */
    expect_text("\xe2\x82", 2, BAD BAD);                 /* cut short */
#undef BAD
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        numbers_are_taken_whole_and_within_bounds,
        sizes_have_units,
        durations_become_nanoseconds,
        seconds_are_exact_to_the_nanosecond,
        times_are_rfc3339_or_unix,
        decimals_are_finite_and_whole,
        bytes_become_valid_json_text,
        NULL,
    };
    Suite *suite = suite_create("cli-common/parse");

    suite_add_tcase(suite, unit_case("parse", tests));
    return suite;
}
