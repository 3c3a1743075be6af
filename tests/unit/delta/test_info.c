/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(a_dcz_patch_tells_all)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct sample s;

    sample_make(&s, 50000, 5, CFK_DELTA_DCZ);
    ck_assert_int_eq(cfk_delta_info(s.patch, s.patch_size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.size, sizeof info);
    ck_assert_uint_eq(info.format, CFK_DELTA_DCZ);
    ck_assert_uint_eq(info.patch_size, s.patch_size);
    ck_assert_uint_eq(info.new_size_known, 1);
    ck_assert_uint_eq(info.new_size, s.new_size);
    ck_assert_uint_eq(info.window, s.new_size);
    ck_assert_uint_ge(info.memory, s.new_size);
    ck_assert_uint_le(info.memory, s.new_size + (1 << 20));
    ck_assert_uint_eq(info.has_checksum, 1);
    ck_assert_uint_eq(info.has_reference, 1);
    ck_assert_mem_eq(info.reference, cfk_delta_ref_digest(s.ref), 32);
    sample_free(&s);
}
END_TEST

START_TEST(a_zstd_patch_tells_what_it_knows)
{
    static const uint8_t zero[32];
    struct cfk_delta_patch_info info = { .size = sizeof info };
    size_t size;
    /* no content size, a window of 1 MiB, one run of 5 */
    uint8_t *patch = unit_hex("28b52ffd00502b000078", &size);

    memset(info.reference, 1, sizeof info.reference);
    ck_assert_int_eq(cfk_delta_info(patch, size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.format, CFK_DELTA_ZSTD);
    ck_assert_uint_eq(info.new_size_known, 0);
    ck_assert_uint_eq(info.new_size, 0);
    ck_assert_uint_eq(info.window, 1 << 20);
    ck_assert_uint_eq(info.has_checksum, 0);
    ck_assert_uint_eq(info.has_reference, 0);
    ck_assert_mem_eq(info.reference, zero, 32);
    free(patch);
}
END_TEST

START_TEST(callers_of_other_versions_get_what_they_know)
{
    struct {
        struct cfk_delta_patch_info info;
        uint64_t later;
    } newer = { { .size = sizeof newer }, 7 };
    struct cfk_delta_patch_info older = { .size = offsetof(struct cfk_delta_patch_info,
                                                           new_size) };
    struct sample s;

    older.new_size = 7;
    sample_make(&s, 100, 0, CFK_DELTA_DCZ);
    ck_assert_int_eq(cfk_delta_info(s.patch, s.patch_size, &older, NULL), CFK_OK);
    ck_assert_uint_eq(older.patch_size, s.patch_size);
    ck_assert_uint_eq(older.new_size, 7);
    ck_assert_uint_eq(older.size, offsetof(struct cfk_delta_patch_info, new_size));
    ck_assert_int_eq(cfk_delta_info(s.patch, s.patch_size, &newer.info, NULL), CFK_OK);
    ck_assert_uint_eq(newer.info.new_size, 100);
    ck_assert_uint_eq(newer.later, 0);
    ck_assert_uint_eq(newer.info.size, sizeof newer);
    sample_free(&s);
}
END_TEST

START_TEST(what_is_wrong_is_told_and_nothing_is_written)
{
    struct cfk_delta_patch_info info = { .size = sizeof info, .new_size = 7 };
    struct cfk_error err;
    struct sample s;

    sample_make(&s, 1000, 3, CFK_DELTA_DCZ);
    unit_expect_error(cfk_delta_info(s.patch, s.patch_size - 1, &info, &err),
                      CFK_E_CORRUPT, &err, "ends in its checksum");
    unit_expect_error(cfk_delta_info("not a patch", 11, &info, &err), CFK_E_NOTSUP, &err,
                      "not a dcz");
    unit_expect_error(cfk_delta_info(NULL, 3, &info, &err), CFK_E_INVALID, &err, "NULL");
    ck_assert_uint_eq(info.new_size, 7);
    info.size = 0;
    unit_expect_error(cfk_delta_info(s.patch, s.patch_size, &info, &err), CFK_E_INVALID,
                      &err, "size");
    unit_expect_error(cfk_delta_info(s.patch, s.patch_size, NULL, &err), CFK_E_INVALID,
                      &err, "size");
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_dcz_patch_tells_all,
        a_zstd_patch_tells_what_it_knows,
        callers_of_other_versions_get_what_they_know,
        what_is_wrong_is_told_and_nothing_is_written,
        NULL,
    };
    Suite *suite = suite_create("delta/info");

    suite_add_tcase(suite, unit_case("info", tests));
    return suite;
}
