/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/options.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(a_failure_fills_the_error_and_returns_its_code)
{
    struct cfk_error err;

    memset(&err, 0xff, sizeof err);
    ck_assert_int_eq(cfk__fail(&err, CFK_E_LIMIT, "thing: %d is too many", 7),
                     CFK_E_LIMIT);
    ck_assert_int_eq(err.code, CFK_E_LIMIT);
    ck_assert_int_eq(err.sys_errno, 0);
    ck_assert_uint_eq(err.offset, 0);
    ck_assert_uint_eq(err.reserved[0] | err.reserved[1], 0);
    ck_assert_str_eq(cfk_error_message(&err), "thing: 7 is too many");
    ck_assert_int_eq(cfk__fail(NULL, CFK_E_IO, "nobody listens"), CFK_E_IO);
    ck_assert_int_eq(cfk__fail_at(NULL, CFK_E_IO, 1, "nobody listens"), CFK_E_IO);
    ck_assert_int_eq(cfk__fail_errno(NULL, CFK_E_IO, 1, "nobody listens"), CFK_E_IO);
    ck_assert_str_eq(cfk_error_message(NULL), "");
}
END_TEST

START_TEST(offset_and_errno_are_kept)
{
    struct cfk_error err;

    cfk__fail_at(&err, CFK_E_CORRUPT, UINT64_C(5000000000), "bad byte");
    ck_assert_uint_eq(err.offset, UINT64_C(5000000000));
    cfk__fail_errno(&err, CFK_E_IO, ENOENT, "open %s", "x");
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_str_eq(err.message, "open x: No such file or directory");
}
END_TEST

START_TEST(a_long_message_is_cut_not_overrun)
{
    char words[400];
    struct cfk_error err;

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    cfk__fail(&err, CFK_E_IO, "%s", words);
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
    cfk__fail_errno(&err, CFK_E_IO, EIO, "%s", words);
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
}
END_TEST

START_TEST(every_code_has_a_name_of_its_own)
{
    int named = 0;

    for (int a = 0; a >= -256; a--) {
        if (strcmp(cfk_error_name(a), "unknown") == 0)
            continue;
        named++;
        for (int b = a - 1; b >= -256; b--)
            ck_assert_str_ne(cfk_error_name(a), cfk_error_name(b));
    }
    ck_assert_int_ge(named, 36);
    ck_assert_str_eq(cfk_error_name(CFK_OK), "ok");
    ck_assert_str_eq(cfk_error_name(CFK_E_REFERENCE), "wrong-reference");
    ck_assert_str_eq(cfk_error_name(1), "unknown");
    ck_assert_str_eq(cfk_error_name(INT32_MIN), "unknown");
}
END_TEST

struct test_options {
    size_t size;
    uint32_t a;
    uint32_t b;
};

START_TEST(options_of_every_version_are_taken)
{
    struct {
        struct test_options known;
        uint64_t newer;
    } newer = { { sizeof newer, 1, 2 }, 0 };
    struct test_options older = { offsetof(struct test_options, b), 3, 99 };
    struct test_options o;
    struct cfk_error err;

    memset(&o, 0xff, sizeof o);
    ck_assert_int_eq(cfk__options_import(&o, sizeof o, NULL, &err), CFK_OK);
    ck_assert_uint_eq(o.a | o.b, 0);
    ck_assert_int_eq(cfk__options_import(&o, sizeof o, &newer, &err), CFK_OK);
    ck_assert_uint_eq(o.b, 2);
    ck_assert_int_eq(cfk__options_import(&o, sizeof o, &older, &err), CFK_OK);
    ck_assert_uint_eq(o.a, 3);
    ck_assert_uint_eq(o.b, 0);
}
END_TEST

START_TEST(options_that_cannot_be_honoured_are_refused)
{
    struct {
        struct test_options known;
        uint64_t newer;
    } newer = { { sizeof newer, 1, 2 }, 1 };
    struct test_options unset = { 0, 1, 2 };
    struct test_options o;
    struct cfk_error err;

    unit_expect_error(cfk__options_import(&o, sizeof o, &newer, &err), CFK_E_NOTSUP, &err,
                      "newer than libcfkit");
    unit_expect_error(cfk__options_import(&o, sizeof o, &unset, &err), CFK_E_INVALID,
                      &err, "size is not set");
    unset.size = sizeof(size_t) - 1;
    ck_assert_int_eq(cfk__options_import(&o, sizeof o, &unset, NULL), CFK_E_INVALID);
}
END_TEST

START_TEST(the_version_is_told_in_two_ways)
{
    unsigned major;
    unsigned minor;
    unsigned patch;

    ck_assert_int_eq(sscanf(cfk_version(), "%u.%u.%u", &major, &minor, &patch), 3);
    ck_assert_uint_eq(cfk_version_number(), major * 1000000 + minor * 1000 + patch);
    ck_assert_int_eq(cfk_has("no such feature"), 0);
    ck_assert_int_eq(cfk_has(""), 0);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_failure_fills_the_error_and_returns_its_code,
        offset_and_errno_are_kept,
        a_long_message_is_cut_not_overrun,
        every_code_has_a_name_of_its_own,
        options_of_every_version_are_taken,
        options_that_cannot_be_honoured_are_refused,
        the_version_is_told_in_two_ways,
        NULL,
    };
    Suite *suite = suite_create("base/error");

    suite_add_tcase(suite, unit_case("error", tests));
    return suite;
}
