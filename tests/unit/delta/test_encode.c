/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "delta/encode.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define MIB UINT64_C(0x100000)

START_TEST(edited_text_makes_a_small_patch_at_every_level_in_every_format)
{
    struct sample s;

    sample_make(&s, 40000, 10, CFK_DELTA_DCZ);
    for (uint32_t level = CFK_DELTA_LEVEL_MIN; level <= CFK_DELTA_LEVEL_MAX; level++) {
        size_t bare = round_trip(s.ref, s.new, s.new_size, CFK_DELTA_ZSTD, level);

        ck_assert_uint_lt(bare, 1000);
        ck_assert_uint_eq(round_trip(s.ref, s.new, s.new_size, CFK_DELTA_DCZ, level),
                          bare + 40);
    }
    sample_free(&s);
}
END_TEST

START_TEST(generated_edits_of_many_sizes_come_back)
{
    struct gen g;

    gen_seed(&g, 7);
    for (int i = 0; i < 300; i++) {
        size_t old_size = (size_t)gen_below(&g, UINT64_C(1) << gen_below(&g, 18));
        struct sample s;

        sample_make(&s, old_size, (unsigned)gen_below(&g, 40), CFK_DELTA_ZSTD);
        round_trip(s.ref, s.new, s.new_size, 1 + (uint32_t)gen_below(&g, 2),
                   1 + (uint32_t)gen_below(&g, 7));
        sample_free(&s);
    }
}
END_TEST

START_TEST(tiny_and_empty_versions_come_back)
{
    static const char text[] = "abcdefghijkl";

    for (size_t old_size = 0; old_size <= 12; old_size++) {
        cfk_delta_ref *ref = make_ref(old_size > 0 ? text : NULL, old_size);

        for (size_t size = 0; size <= 12; size++)
            for (uint32_t level = 1; level <= 9; level += 4)
                round_trip(ref, size > 0 ? text + (12 - size) / 2 : NULL, size,
                           CFK_DELTA_DCZ, level);
        cfk_delta_ref_free(ref);
    }
}
END_TEST

START_TEST(sizes_around_the_block_come_back)
{
    static const size_t sizes[] = { 65535, 65536, 65537, 131071, 131072, 131073, 262145 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sample s;

        sample_make(&s, sizes[i], 0, CFK_DELTA_DCZ);
        ck_assert_uint_lt(round_trip(s.ref, s.new, s.new_size, CFK_DELTA_DCZ, 1), 150);
        round_trip(s.ref, s.new, s.new_size, CFK_DELTA_DCZ, 5);
        sample_free(&s);
    }
}
END_TEST

START_TEST(a_long_reference_is_reached_from_end_to_end_at_the_fast_levels)
{
    size_t size = 6u << 20;
    uint8_t *old = malloc(size);
    uint8_t *moved = malloc(size);
    cfk_delta_ref *ref;
    struct gen g;

    gen_seed(&g, 11);
    gen_bytes(&g, old, size);
    memcpy(moved, old + size / 2, size / 2);
    memcpy(moved + size / 2, old, size / 2);
    ref = make_ref(old, size);
    ck_assert_uint_lt(round_trip(ref, moved, size, CFK_DELTA_ZSTD, 1), 2000);
    ck_assert_uint_lt(round_trip(ref, moved, size, CFK_DELTA_ZSTD, 2), 2000);
    ck_assert_uint_lt(round_trip(ref, moved, size, CFK_DELTA_ZSTD, 4), 2000);
    cfk_delta_ref_free(ref);
    free(old);
    free(moved);
}
END_TEST

START_TEST(an_old_file_that_looks_like_a_trained_dictionary_is_raw_content)
{
    struct sample s;
    cfk_delta_ref *ref;

    sample_make(&s, 20000, 0, CFK_DELTA_ZSTD);
    memcpy(s.old, "\x37\xa4\x30\xec", 4);
    memcpy(s.new, "\x37\xa4\x30\xec", 4);
    ref = make_ref(s.old, s.old_size);
    ck_assert_uint_lt(round_trip(ref, s.new, s.new_size, CFK_DELTA_ZSTD, 5), 100);
    memset(s.old + 4, 0xff, 64); /* its tables would be broken */
    cfk_delta_ref_free(ref);
    ref = make_ref(s.old, s.old_size);
    ck_assert_uint_lt(round_trip(ref, s.new, s.new_size, CFK_DELTA_ZSTD, 5), 200);
    cfk_delta_ref_free(ref);
    sample_free(&s);
}
END_TEST

START_TEST(the_reference_itself_and_parts_of_it_are_inputs_like_others)
{
    struct sample s;

    sample_make(&s, 50000, 0, CFK_DELTA_DCZ);
    ck_assert_uint_lt(round_trip(s.ref, s.old, s.old_size, CFK_DELTA_ZSTD, 5), 64);
    ck_assert_uint_lt(round_trip(s.ref, s.old + 10000, 30000, CFK_DELTA_ZSTD, 5), 64);
    sample_free(&s);
}
END_TEST

START_TEST(adjacent_versions_come_back)
{
    struct sample s;
    uint8_t *both;
    cfk_delta_ref *ref;

    sample_make(&s, 30000, 5, CFK_DELTA_DCZ);
    both = malloc(s.old_size + s.new_size);
    memcpy(both, s.old, s.old_size);
    memcpy(both + s.old_size, s.new, s.new_size);
    ref = make_ref(both, s.old_size);
    ck_assert_uint_lt(round_trip(ref, both + s.old_size, s.new_size, CFK_DELTA_ZSTD, 5),
                      1000);
    cfk_delta_ref_free(ref);
    free(both);
    sample_free(&s);
}
END_TEST

START_TEST(the_same_input_gives_the_same_bytes_in_any_buffer)
{
    struct sample s;
    size_t bound;
    uint8_t *buffer;
    size_t size;

    sample_make(&s, 40000, 30, CFK_DELTA_DCZ);
    bound = cfk_delta_bound(s.new_size);
    buffer = malloc(bound + 1);
    for (size_t capacity = s.patch_size; capacity <= bound + 1;
         capacity += (bound + 1 - s.patch_size) / 2) {
        memset(buffer, 0, bound);
        ck_assert_int_eq(cfk_delta_encode_to(s.ref, s.new, s.new_size, NULL, buffer,
                                             capacity, &size, NULL),
                         CFK_OK);
        ck_assert_uint_eq(size, s.patch_size);
        ck_assert_mem_eq(buffer, s.patch, size);
    }
    free(buffer);
    sample_free(&s);
}
END_TEST

START_TEST(a_buffer_one_byte_short_is_refused)
{
    struct cfk_error err;
    struct sample s;
    uint8_t *buffer;
    size_t size = 1;

    sample_make(&s, 40000, 30, CFK_DELTA_DCZ);
    buffer = malloc(s.patch_size);
    unit_expect_error(cfk_delta_encode_to(s.ref, s.new, s.new_size, NULL, buffer,
                                          s.patch_size - 1, &size, &err),
                      CFK_E_SPACE, &err, "the buffer");
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(
        cfk_delta_encode_to(s.ref, s.new, s.new_size, NULL, NULL, 0, &size, NULL),
        CFK_E_SPACE);
    free(buffer);
    sample_free(&s);
}
END_TEST

START_TEST(the_bound_holds_for_noise_and_ends_at_the_address_space)
{
    uint8_t *noise = malloc(300000);
    cfk_delta_ref *ref = make_ref(NULL, 0);
    struct gen g;

    gen_seed(&g, 5);
    gen_bytes(&g, noise, 300000);
    for (size_t size = 0; size <= 300000; size = size * 3 + 1)
        round_trip(ref, noise, size, CFK_DELTA_DCZ, 2);
    ck_assert_uint_eq(cfk_delta_bound(SIZE_MAX), 0);
    ck_assert_uint_gt(cfk_delta_bound(SIZE_MAX / 2), SIZE_MAX / 2);
    cfk_delta_ref_free(ref);
    free(noise);
}
END_TEST

START_TEST(dcz_keeps_the_window_that_browsers_must_accept)
{
    struct cfk_error err;
    int log;

    /* 8 MiB against a small reference, 1.25 times a larger one, 128 MiB at most */
    ck_assert_int_eq(cfk__delta_window(CFK_DELTA_DCZ, 0, 8 * MIB, 31, &log, NULL), 0);
    ck_assert_int_eq(log, 23);
    unit_expect_error(cfk__delta_window(CFK_DELTA_DCZ, 0, 8 * MIB + 1, 31, &log, &err),
                      CFK_E_LIMIT, &err, "use the zstd format");
    ck_assert_int_eq(cfk__delta_window(CFK_DELTA_DCZ, 64 * MIB, 80 * MIB, 31, &log, NULL),
                     0);
    ck_assert_int_eq(log, 28);
    unit_expect_error(
        cfk__delta_window(CFK_DELTA_DCZ, 64 * MIB, 80 * MIB + 1, 31, &log, &err),
        CFK_E_LIMIT, &err, "83886080");
    ck_assert_int_eq(
        cfk__delta_window(CFK_DELTA_DCZ, 200 * MIB, 128 * MIB, 31, &log, NULL), 0);
    ck_assert_int_eq(
        cfk__delta_window(CFK_DELTA_DCZ, 200 * MIB, 128 * MIB + 1, 31, &log, NULL),
        CFK_E_LIMIT);
    ck_assert_int_eq(
        cfk__delta_window(CFK_DELTA_DCZ, 110 * MIB, 128 * MIB + 1, 31, &log, NULL),
        CFK_E_LIMIT);
}
END_TEST

START_TEST(zstd_goes_as_far_as_libzstd_reaches)
{
    struct cfk_error err;
    int log;

    ck_assert_int_eq(cfk__delta_window(CFK_DELTA_ZSTD, 0, 0, 31, &log, NULL), CFK_OK);
    ck_assert_int_eq(log, 10);
    ck_assert_int_eq(cfk__delta_window(CFK_DELTA_ZSTD, 0, 8 * MIB + 1, 31, &log, NULL),
                     CFK_OK);
    ck_assert_int_eq(log, 24);
    ck_assert_int_eq(
        cfk__delta_window(CFK_DELTA_ZSTD, 1024 * MIB, 2048 * MIB, 31, &log, NULL),
        CFK_OK);
    ck_assert_int_eq(log, 31);
    unit_expect_error(
        cfk__delta_window(CFK_DELTA_ZSTD, 0, 2048 * MIB + 1, 31, &log, &err), CFK_E_LIMIT,
        &err, "2147483649");
    unit_expect_error(
        cfk__delta_window(CFK_DELTA_ZSTD, 1024 * MIB + 1, 2048 * MIB, 31, &log, &err),
        CFK_E_LIMIT, &err, "together");
    ck_assert_int_eq(cfk__delta_window(CFK_DELTA_ZSTD, UINT64_MAX, 1, 31, &log, NULL),
                     CFK_E_LIMIT);
}
END_TEST

START_TEST(more_than_dcz_allows_is_refused_and_fits_zstd)
{
    size_t size = 8 * MIB + 1;
    uint8_t *zeros = calloc(1, size);
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;
    void *patch;
    size_t patch_size;

    unit_expect_error(cfk_delta_encode(ref, zeros, size, NULL, &patch, &patch_size, &err),
                      CFK_E_LIMIT, &err, "8388608");
    ck_assert_ptr_null(patch);
    round_trip(ref, zeros, size - 1, CFK_DELTA_DCZ, 1);
    round_trip(ref, zeros, size, CFK_DELTA_ZSTD, 1);
    cfk_delta_ref_free(ref);
    free(zeros);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    static const struct cfk_delta_encode_options wrong[] = {
        { .size = sizeof wrong[0], .format = 5 },
        { .size = sizeof wrong[0], .level = 10 },
        { .size = sizeof wrong[0], .no_checksum = 2 },
        { .size = sizeof wrong[0], .no_verify = 2 },
        { .size = 1 },
    };
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;
    void *patch;
    size_t size;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        patch = &patch;
        unit_expect_error(cfk_delta_encode(ref, "", 0, &wrong[i], &patch, &size, &err),
                          CFK_E_INVALID, &err, "");
        ck_assert_ptr_null(patch);
    }
    unit_expect_error(cfk_delta_encode(NULL, "", 0, NULL, &patch, &size, &err),
                      CFK_E_INVALID, &err, "no reference");
    unit_expect_error(cfk_delta_encode(ref, NULL, 1, NULL, &patch, &size, &err),
                      CFK_E_INVALID, &err, "NULL");
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(a_buffer_over_the_input_is_refused)
{
    char bytes[100] = "old and new";
    cfk_delta_ref *ref = make_ref(bytes, 3);
    struct cfk_error err;
    size_t size;

    unit_expect_error(
        cfk_delta_encode_to(ref, bytes + 50, 10, NULL, bytes, 100, &size, &err),
        CFK_E_INVALID, &err, "overlaps");
    unit_expect_error(
        cfk_delta_encode_to(ref, bytes + 50, 10, NULL, bytes + 3, 50, &size, &err),
        CFK_E_INVALID, &err, "overlaps");
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(the_checksum_can_be_left_out)
{
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .no_checksum = 1 };
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct sample s;
    void *patch;
    size_t size;

    sample_make(&s, 5000, 3, CFK_DELTA_DCZ);
    ck_assert_int_eq(
        cfk_delta_encode(s.ref, s.new, s.new_size, &opts, &patch, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, s.patch_size - 4);
    ck_assert_int_eq(cfk_delta_info(patch, size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.has_checksum, 0);
    cfk_free(NULL, patch);
    sample_free(&s);
}
END_TEST

static int encode_overlapping(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .alloc = alloc };
    void *patch;
    size_t size;
    int rc = cfk_delta_encode(s->ref, s->old, s->old_size, &opts, &patch, &size, NULL);

    ck_assert((rc == CFK_OK) == (patch != NULL));
    cfk_free(alloc, patch);
    return rc;
}

static int encode_to_small(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .alloc = alloc };
    uint8_t buffer[4096];
    size_t size;

    return cfk_delta_encode_to(s->ref, s->new, s->new_size, &opts, buffer, sizeof buffer,
                               &size, NULL);
}

START_TEST(every_failed_allocation_is_reported)
{
    struct sample s;

    sample_make(&s, 10000, 4, CFK_DELTA_DCZ);
    fault_sweep(encode_overlapping, &s, 3);
    fault_sweep(encode_to_small, &s, 2);
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        edited_text_makes_a_small_patch_at_every_level_in_every_format,
        generated_edits_of_many_sizes_come_back,
        tiny_and_empty_versions_come_back,
        sizes_around_the_block_come_back,
        a_long_reference_is_reached_from_end_to_end_at_the_fast_levels,
        an_old_file_that_looks_like_a_trained_dictionary_is_raw_content,
        the_reference_itself_and_parts_of_it_are_inputs_like_others,
        adjacent_versions_come_back,
        the_same_input_gives_the_same_bytes_in_any_buffer,
        a_buffer_one_byte_short_is_refused,
        the_bound_holds_for_noise_and_ends_at_the_address_space,
        dcz_keeps_the_window_that_browsers_must_accept,
        zstd_goes_as_far_as_libzstd_reaches,
        more_than_dcz_allows_is_refused_and_fits_zstd,
        options_out_of_range_are_refused,
        a_buffer_over_the_input_is_refused,
        the_checksum_can_be_left_out,
        every_failed_allocation_is_reported,
        NULL,
    };
    Suite *suite = suite_create("delta/encode");

    suite_add_tcase(suite, unit_case("encode", tests));
    return suite;
}
