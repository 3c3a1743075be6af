/* SPDX-License-Identifier: MIT */
#include "checked.h"
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

START_TEST(a_reference_has_the_sketch_of_its_bytes)
{
    struct cfk_delta_sketch direct;
    struct cfk_delta_sketch kept;
    struct cfk_error err;
    struct sample s;

    sample_make(&s, 20000, 3, CFK_DELTA_ZSTD);
    ck_assert_int_eq(cfk_delta_sketch_compute(s.old, s.old_size, &direct, NULL), CFK_OK);
    for (int twice = 0; twice < 2; twice++) {
        memset(&kept, 0, sizeof kept);
        ck_assert_int_eq(cfk_delta_ref_sketch(s.ref, &kept, NULL), CFK_OK);
        ck_assert_mem_eq(&kept, &direct, sizeof kept);
    }
    unit_expect_error(cfk_delta_ref_sketch(NULL, &kept, &err), CFK_E_INVALID, &err,
                      "no reference");
    unit_expect_error(cfk_delta_ref_sketch(s.ref, NULL, &err), CFK_E_INVALID, &err,
                      "no room");
    sample_free(&s);
}
END_TEST

static void *counted(void *ctx, size_t size)
{
    *(size_t *)ctx += size;
    return malloc(size);
}

static void *recounted(void *ctx, void *block, size_t size)
{
    *(size_t *)ctx += size;
    return realloc(block, size);
}

static void released(void *ctx, void *block)
{
    (void)ctx;
    free(block);
}

/* What the header says of the index holds, by chains and by trees. */
START_TEST(an_index_is_bounded_and_made_when_wanted)
{
    const size_t mib = 1 << 20;
    const size_t sizes[] = {
        0, 1, 100, 65536, mib, 2 * mib, 3 * mib, 16 * mib, 20 * mib
    };

    for (size_t i = 0; i < (CHECKED ? 4 : 9); i++) {
        size_t bytes = 0;
        struct cfk_alloc alloc = { counted, recounted, released, &bytes };
        struct cfk_delta_ref_options opts = { .size = sizeof opts, .alloc = &alloc };
        uint8_t *old = calloc(1, sizes[i] + 1);
        cfk_delta_ref *ref;
        size_t most = 44 * sizes[i] < 250 * mib ? 44 * sizes[i] : 250 * mib;

        ck_assert_int_eq(cfk_delta_ref_new(old, sizes[i], &opts, &ref, NULL), CFK_OK);
        ck_assert_uint_lt(bytes, 400);
        round_trip(ref, "new", 3, CFK_DELTA_ZSTD, 1);
        if (sizes[i] <= 2 * mib)
            round_trip(ref, "new", 3, CFK_DELTA_ZSTD, 9);
        ck_assert_uint_le(bytes, most + 8192);
        cfk_delta_ref_free(ref);
        free(old);
    }
}
END_TEST

static int make_copy(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_delta_ref_options opts = { .size = sizeof opts, .copy = 1 };
    struct cfk_delta_sketch sketch;
    cfk_delta_ref *ref;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_delta_ref_new("old", 3, &opts, &ref, NULL);
    ck_assert((rc == CFK_OK) == (ref != NULL));
    if (rc == CFK_OK)
        rc = cfk_delta_ref_sketch(ref, &sketch, NULL);
    if (rc == CFK_OK && cfk_delta_ref_digest(ref) == NULL)
        rc = CFK_E_NOMEM;
    cfk_delta_ref_free(ref);
    return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
    fault_sweep(make_copy, NULL, 4);
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
        a_reference_has_the_sketch_of_its_bytes,
        an_index_is_bounded_and_made_when_wanted,
        every_failed_allocation_is_reported,
        overlaps_are_seen,
        formats_have_names,
        NULL,
    };
    Suite *suite = suite_create("delta/reference");

    suite_add_tcase(suite, unit_case("reference", tests));
    return suite;
}
