/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "delta/reference.h"
#include "fault.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(a_reference_knows_its_size_and_digest)
{
    size_t size;
    uint8_t *wanted = unit_hex(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &size);
    cfk_delta_ref *ref = make_ref("abc", 3);

    ck_assert_uint_eq(cfk_delta_ref_size(ref), 3);
    ck_assert_mem_eq(cfk_delta_ref_digest(ref), wanted, CFK_DELTA_DIGEST_SIZE);
    cfk_delta_ref_free(ref);
    free(wanted);
}
END_TEST

START_TEST(an_empty_reference_is_a_reference)
{
    size_t size;
    uint8_t *wanted = unit_hex(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &size);
    cfk_delta_ref *ref = make_ref(NULL, 0);

    ck_assert_uint_eq(cfk_delta_ref_size(ref), 0);
    ck_assert_mem_eq(cfk_delta_ref_digest(ref), wanted, CFK_DELTA_DIGEST_SIZE);
    cfk_delta_ref_free(ref);
    free(wanted);
}
END_TEST

START_TEST(null_is_no_reference)
{
    cfk_delta_ref_free(NULL);
    ck_assert_uint_eq(cfk_delta_ref_size(NULL), 0);
    ck_assert_ptr_null(cfk_delta_ref_digest(NULL));
}
END_TEST

START_TEST(a_copy_outlives_the_bytes_and_a_borrowed_one_shares_them)
{
    struct cfk_delta_ref_options opts = { .size = sizeof opts, .copy = 1 };
    char old[] = "the old version";
    cfk_delta_ref *copied;
    cfk_delta_ref *borrowed = make_ref(old, sizeof old);

    ck_assert_int_eq(cfk_delta_ref_new(old, sizeof old, &opts, &copied, NULL), CFK_OK);
    ck_assert_ptr_eq(borrowed->old.data, old);
    memset(old, 'x', sizeof old);
    ck_assert_mem_eq(copied->old.data, "the old version", sizeof old);
    cfk_delta_ref_free(copied);
    cfk_delta_ref_free(borrowed);
    ck_assert_int_eq(cfk_delta_ref_new(NULL, 0, &opts, &copied, NULL), CFK_OK);
    cfk_delta_ref_free(copied);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    struct cfk_delta_ref_options opts = { .size = sizeof opts, .copy = 2 };
    struct cfk_error err;
    cfk_delta_ref *ref = (cfk_delta_ref *)&opts;
    struct {
        struct cfk_delta_ref_options known;
        uint64_t later;
    } newer = { { .size = sizeof newer }, 1 };

    unit_expect_error(cfk_delta_ref_new("", 0, &opts, &ref, &err), CFK_E_INVALID, &err,
                      "copy");
    ck_assert_ptr_null(ref);
    opts = (struct cfk_delta_ref_options){ .size = sizeof opts, .reserved = 1 };
    unit_expect_error(cfk_delta_ref_new("", 0, &opts, &ref, &err), CFK_E_INVALID, &err,
                      "reserved");
    unit_expect_error(cfk_delta_ref_new(NULL, 5, NULL, &ref, &err), CFK_E_INVALID, &err,
                      "reference of 5");
    opts = (struct cfk_delta_ref_options){ .size = 0 };
    unit_expect_error(cfk_delta_ref_new("", 0, &opts, &ref, &err), CFK_E_INVALID, &err,
                      "size");
    unit_expect_error(cfk_delta_ref_new("", 0, &newer.known, &ref, &err), CFK_E_NOTSUP,
                      &err, "newer");
    ck_assert_ptr_null(ref);
}
END_TEST

static int make_copy(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_delta_ref_options opts = { .size = sizeof opts, .copy = 1 };
    cfk_delta_ref *ref;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_delta_ref_new("old", 3, &opts, &ref, NULL);
    ck_assert((rc == CFK_OK) == (ref != NULL));
    cfk_delta_ref_free(ref);
    return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
    fault_sweep(make_copy, NULL, 2);
}
END_TEST

START_TEST(overlaps_are_seen)
{
    static const char bytes[10];

    ck_assert(cfk__delta_overlap(bytes, 5, bytes, 5));
    ck_assert(cfk__delta_overlap(bytes, 5, bytes + 4, 5));
    ck_assert(cfk__delta_overlap(bytes + 4, 5, bytes, 5));
    ck_assert(cfk__delta_overlap(bytes, 10, bytes + 4, 1));
    ck_assert(!cfk__delta_overlap(bytes, 5, bytes + 5, 5));
    ck_assert(!cfk__delta_overlap(bytes + 5, 5, bytes, 5));
    ck_assert(!cfk__delta_overlap(bytes, 0, bytes, 5));
    ck_assert(!cfk__delta_overlap(bytes, 5, bytes + 2, 0));
}
END_TEST

START_TEST(formats_have_names)
{
    ck_assert_str_eq(cfk_delta_format_name(CFK_DELTA_DCZ), "dcz");
    ck_assert_str_eq(cfk_delta_format_name(CFK_DELTA_ZSTD), "zstd");
    ck_assert_ptr_null(cfk_delta_format_name(0));
    ck_assert_ptr_null(cfk_delta_format_name(UINT32_MAX));
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_reference_knows_its_size_and_digest,
        an_empty_reference_is_a_reference,
        null_is_no_reference,
        a_copy_outlives_the_bytes_and_a_borrowed_one_shares_them,
        wrong_arguments_are_refused,
        every_failed_allocation_is_reported,
        overlaps_are_seen,
        formats_have_names,
        NULL,
    };
    Suite *suite = suite_create("delta/reference");

    suite_add_tcase(suite, unit_case("reference", tests));
    return suite;
}
