/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* A frame by hand: no content size, a window of 128 KiB, runs of one byte. */
static size_t run_bomb(uint8_t *out, unsigned runs)
{
    static const uint8_t header[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38 };
    size_t at = sizeof header;

    memcpy(out, header, sizeof header);
    for (unsigned i = 1; i <= runs; i++) {
        uint32_t block = UINT32_C(131072) << 3 | 1u << 1 | (i == runs);

        for (int shift = 0; shift < 24; shift += 8)
            out[at++] = (uint8_t)(block >> shift);
        out[at++] = 'z';
    }
    return at;
}

START_TEST(a_wrong_reference_is_named_before_anything_is_decoded)
{
    struct cfk_error err;
    struct sample s;
    cfk_delta_ref *other;
    uint8_t out[16] = { 0 };
    size_t size;

    sample_make(&s, 3000, 3, CFK_DELTA_DCZ);
    other = make_ref("other", 5);
    unit_expect_error(decode_code(other, s.patch, s.patch_size, NULL, &err),
                      CFK_E_REFERENCE, &err, "this one's with d9298a10d1b07358");
    ck_assert_uint_eq(err.offset, 8);
    unit_expect_error(cfk_delta_decode_to(other, s.patch, s.patch_size, NULL, out,
                                          sizeof out, &size, &err),
                      CFK_E_REFERENCE, &err, "another reference");
    cfk_delta_ref_free(other);
    sample_free(&s);
}
END_TEST

START_TEST(a_wrong_reference_of_a_zstd_patch_is_found_by_its_checksum)
{
    struct cfk_error err;
    struct sample s;
    cfk_delta_ref *other;

    sample_make(&s, 3000, 3, CFK_DELTA_ZSTD);
    s.old[1500] ^= 1;
    other = make_ref(s.old, s.old_size);
    unit_expect_error(decode_code(other, s.patch, s.patch_size, NULL, &err),
                      CFK_E_CORRUPT, &err, "against another reference");
    cfk_delta_ref_free(other);
    other = make_ref(s.old, s.old_size / 2);
    ck_assert_int_eq(decode_code(other, s.patch, s.patch_size, NULL, NULL),
                     CFK_E_CORRUPT);
    cfk_delta_ref_free(other);
    other = make_ref(NULL, 0);
    ck_assert_int_eq(decode_code(other, s.patch, s.patch_size, NULL, NULL),
                     CFK_E_CORRUPT);
    cfk_delta_ref_free(other);
    sample_free(&s);
}
END_TEST

START_TEST(a_patch_cut_anywhere_is_corrupt)
{
    for (uint32_t format = CFK_DELTA_DCZ; format <= CFK_DELTA_ZSTD; format++) {
        struct sample s;

        sample_make(&s, 20000, 20, format);
        for (size_t size = 0; size < s.patch_size; size++) {
            struct cfk_error err;

            unit_expect_error(decode_code(s.ref, s.patch, size, NULL, &err),
                              CFK_E_CORRUPT, &err, "ends");
            ck_assert_uint_le(err.offset, size);
        }
        sample_free(&s);
    }
}
END_TEST

START_TEST(bytes_behind_a_patch_are_corrupt)
{
    struct cfk_error err;
    struct sample s;
    uint8_t *twice;

    sample_make(&s, 5000, 5, CFK_DELTA_ZSTD);
    twice = malloc(2 * s.patch_size);
    memcpy(twice, s.patch, s.patch_size);
    memcpy(twice + s.patch_size, s.patch, s.patch_size);
    unit_expect_error(decode_code(s.ref, twice, s.patch_size + 1, NULL, &err),
                      CFK_E_CORRUPT, &err, "1 more follow");
    ck_assert_uint_eq(err.offset, s.patch_size);
    unit_expect_error(decode_code(s.ref, twice, 2 * s.patch_size, NULL, &err),
                      CFK_E_CORRUPT, &err, "more follow");
    free(twice);
    sample_free(&s);
}
END_TEST

/* Each changed bit leads to an error, or else to the right bytes after all. */
START_TEST(no_changed_bit_gives_wrong_bytes)
{
    for (uint32_t format = CFK_DELTA_DCZ; format <= CFK_DELTA_ZSTD; format++) {
        unsigned refused = 0;
        struct sample s;
        uint8_t *patch;

        sample_make(&s, 20000, 25, format);
        patch = s.patch;
        for (size_t bit = 0; bit < s.patch_size * 8; bit++) {
            void *out;
            size_t size;
            int rc;

            patch[bit / 8] ^= (uint8_t)(1u << bit % 8);
            rc = cfk_delta_decode(s.ref, patch, s.patch_size, NULL, &out, &size, NULL);
            if (rc == CFK_OK) {
                ck_assert_uint_eq(size, s.new_size);
                ck_assert_mem_eq(out, s.new, size);
            }
            refused += rc != CFK_OK;
            cfk_free(NULL, out);
            patch[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        ck_assert_uint_gt(refused, s.patch_size * 7);
        sample_free(&s);
    }
}
END_TEST

START_TEST(random_damage_never_gives_wrong_bytes)
{
    struct sample s;
    uint8_t *damaged;
    struct gen g;

    sample_make(&s, 60000, 200, CFK_DELTA_DCZ);
    damaged = malloc(s.patch_size);
    gen_seed(&g, 99);
    for (int i = 0; i < 3000; i++) {
        void *out;
        size_t size;

        memcpy(damaged, s.patch, s.patch_size);
        for (uint64_t n = gen_below(&g, 6) + 1; n > 0; n--)
            damaged[40 + gen_below(&g, s.patch_size - 40)] = (uint8_t)gen_u64(&g);
        if (cfk_delta_decode(s.ref, damaged, s.patch_size, NULL, &out, &size, NULL) ==
            CFK_OK) {
            ck_assert_uint_eq(size, s.new_size);
            ck_assert_mem_eq(out, s.new, size);
        }
        cfk_free(NULL, out);
    }
    free(damaged);
    sample_free(&s);
}
END_TEST

START_TEST(a_size_that_the_blocks_cannot_reach_is_refused_before_memory_is_taken)
{
    /* one segment of 2^60 bytes, and a single run of 5 */
    static const char hex[] = "28b52ffde000000000000000102b000078";
    struct fault fault;
    struct cfk_delta_decode_options opts = {
        .size = sizeof opts,
        .alloc = fault_at(&fault, 0),
        .max_output = UINT64_MAX,
    };
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;
    size_t size;
    uint8_t *patch = unit_hex(hex, &size);

    unit_expect_error(decode_code(ref, patch, size, &opts, &err), CFK_E_CORRUPT, &err,
                      "blocks for 5 at most");
    ck_assert_uint_eq(fault.calls, 0);
    opts.max_output = 1u << 20;
    unit_expect_error(decode_code(ref, patch, size, &opts, &err), CFK_E_CORRUPT, &err,
                      "blocks");
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(the_limit_on_the_output_is_exact_and_comes_first)
{
    struct fault fault;
    struct cfk_delta_decode_options opts = { .size = sizeof opts };
    struct cfk_error err;
    struct sample s;

    sample_make(&s, 30000, 5, CFK_DELTA_DCZ);
    opts.max_output = s.new_size;
    ck_assert_int_eq(decode_code(s.ref, s.patch, s.patch_size, &opts, NULL), CFK_OK);
    opts.max_output = s.new_size - 1;
    opts.alloc = fault_at(&fault, 0);
    unit_expect_error(decode_code(s.ref, s.patch, s.patch_size, &opts, &err), CFK_E_LIMIT,
                      &err, "are allowed");
    ck_assert_uint_eq(fault.calls, 0);
    sample_free(&s);
}
END_TEST

START_TEST(a_bomb_without_a_size_meets_the_limit)
{
    enum { RUNS = 100, SIZE = RUNS * 131072 };
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .max_output = SIZE };
    cfk_delta_ref *ref = make_ref("old", 3);
    uint8_t bomb[6 + 4 * RUNS];
    size_t size = run_bomb(bomb, RUNS);
    struct cfk_error err;
    void *out;
    size_t out_size;

    ck_assert_int_eq(cfk_delta_decode(ref, bomb, size, &opts, &out, &out_size, NULL),
                     CFK_OK);
    ck_assert_uint_eq(out_size, SIZE);
    ck_assert_int_eq(((uint8_t *)out)[SIZE - 1], 'z');
    opts.max_output = SIZE - 1;
    unit_expect_error(
        cfk_delta_decode_to(ref, bomb, size, &opts, out, SIZE, &out_size, &err),
        CFK_E_LIMIT, &err, "more than the");
    unit_expect_error(
        cfk_delta_decode_to(ref, bomb, size, NULL, out, SIZE - 1, &out_size, &err),
        CFK_E_SPACE, &err, "buffer");
    ck_assert_int_eq(
        cfk_delta_decode_to(ref, bomb, size, NULL, out, SIZE, &out_size, NULL), CFK_OK);
    cfk_free(NULL, out);
    unit_expect_error(decode_code(ref, bomb, size, &opts, &err), CFK_E_LIMIT, &err,
                      "more than the");
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(the_default_limit_is_one_gibibyte)
{
    /* 8193 runs of 128 KiB */
    enum { RUNS = 8193 };
    cfk_delta_ref *ref = make_ref("old", 3);
    uint8_t *bomb = malloc(14 + 4 * RUNS);
    size_t size = run_bomb(bomb + 8, RUNS) + 8;
    struct cfk_error err;

    /* the same as one segment that states 2^30 + 1 bytes */
    memmove(bomb, "\x28\xb5\x2f\xfd\xe0\x01\x00\x00\x40\x00\x00\x00\x00", 13);
    memmove(bomb + 13, bomb + 14, size - 14);
    unit_expect_error(decode_code(ref, bomb, size - 1, NULL, &err), CFK_E_LIMIT, &err,
                      "1073741824 are allowed");
    free(bomb);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(what_is_no_patch_is_told_apart)
{
    static const struct {
        const char *hex;
        int code;
        const char *words;
    } cases[] = {
        { "", CFK_E_CORRUPT, "after 0 bytes" },
        { "1f8b08000000", CFK_E_NOTSUP, "not a dcz" },
        { "5e2a4d1821000000", CFK_E_CORRUPT, "33 bytes, not of 32" },
        { "502a4d180000000028b52ffd2000010000", CFK_E_NOTSUP, "skippable" },
        { "28b52ffd2800010000", CFK_E_CORRUPT, "reserved" },
        { "28b52ffd217700010000", CFK_E_NOTSUP, "trained dictionary 119" },
        { "28b52ffd2005070000", CFK_E_CORRUPT, "no known type" },
        { "28b52ffd2006310000616263", CFK_E_CORRUPT, "ends in a block" },
    };
    cfk_delta_ref *ref = make_ref("old", 3);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cfk_error err;
        size_t size;
        uint8_t *patch = unit_hex(cases[i].hex, &size);

        unit_expect_error(decode_code(ref, patch, size, NULL, &err), cases[i].code, &err,
                          cases[i].words);
        free(patch);
    }
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(a_skippable_frame_or_another_header_inside_dcz_is_refused)
{
    struct cfk_error err;
    struct sample s;
    uint8_t *nested;

    sample_make(&s, 3000, 3, CFK_DELTA_DCZ);
    nested = malloc(40 + s.patch_size);
    memcpy(nested, s.patch, 40);
    memcpy(nested + 40, s.patch, s.patch_size);
    unit_expect_error(decode_code(s.ref, nested, 40 + s.patch_size, NULL, &err),
                      CFK_E_NOTSUP, &err, "skippable");
    ck_assert_uint_eq(err.offset, 40);
    free(nested);
    sample_free(&s);
}
END_TEST

START_TEST(a_buffer_of_just_the_size_is_enough)
{
    struct cfk_error err;
    struct sample s;
    uint8_t *out;
    size_t size;

    sample_make(&s, 30000, 5, CFK_DELTA_DCZ);
    out = malloc(s.new_size);
    ck_assert_int_eq(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, out,
                                         s.new_size, &size, NULL),
                     CFK_OK);
    ck_assert_uint_eq(size, s.new_size);
    ck_assert_mem_eq(out, s.new, size);
    unit_expect_error(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, out,
                                          s.new_size - 1, &size, &err),
                      CFK_E_SPACE, &err, "the buffer");
    ck_assert_uint_eq(size, 0);
    unit_expect_error(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, s.old,
                                          s.old_size, &size, &err),
                      CFK_E_INVALID, &err, "overlaps");
    free(out);
    sample_free(&s);
}
END_TEST

START_TEST(an_empty_new_version_needs_no_buffer)
{
    cfk_delta_ref *ref = make_ref("old", 3);
    void *patch;
    size_t patch_size;
    size_t size = 1;

    ck_assert_int_eq(cfk_delta_encode(ref, NULL, 0, NULL, &patch, &patch_size, NULL),
                     CFK_OK);
    ck_assert_int_eq(
        cfk_delta_decode_to(ref, patch, patch_size, NULL, NULL, 0, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, 0);
    cfk_free(NULL, patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    struct cfk_delta_decode_options opts = { .size = 0 };
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;

    unit_expect_error(decode_code(NULL, "", 0, NULL, &err), CFK_E_INVALID, &err,
                      "no reference");
    unit_expect_error(decode_code(ref, NULL, 1, NULL, &err), CFK_E_INVALID, &err, "NULL");
    unit_expect_error(decode_code(ref, "", 0, &opts, &err), CFK_E_INVALID, &err, "size");
    cfk_delta_ref_free(ref);
}
END_TEST

/* libzstd by itself reads ours, and we read what it writes in every frame shape. */
START_TEST(libzstd_and_we_read_each_other)
{
    struct sample s;
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    ZSTD_DCtx *dctx = ZSTD_createDCtx();
    uint8_t *out;
    size_t capacity;

    sample_make(&s, 200000, 50, CFK_DELTA_DCZ);
    capacity = ZSTD_compressBound(s.new_size);
    out = malloc(capacity);
    ZSTD_DCtx_refPrefix(dctx, s.old, s.old_size);
    ck_assert_uint_eq(ZSTD_decompressDCtx(dctx, out, capacity, (uint8_t *)s.patch + 40,
                                          s.patch_size - 40),
                      s.new_size);
    ck_assert_mem_eq(out, s.new, s.new_size);
    for (int shape = 0; shape < 8; shape++) {
        size_t size;
        void *back;
        size_t back_size;

        ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, shape & 1);
        ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, shape >> 1 & 1);
        ZSTD_CCtx_setParameter(cctx, ZSTD_c_windowLog, shape & 4 ? 12 : 0);
        ZSTD_CCtx_refPrefix(cctx, s.old, s.old_size);
        size = ZSTD_compress2(cctx, out, capacity, s.new, s.new_size);
        ck_assert(!ZSTD_isError(size));
        ck_assert_int_eq(
            cfk_delta_decode(s.ref, out, size, NULL, &back, &back_size, NULL), CFK_OK);
        ck_assert_uint_eq(back_size, s.new_size);
        ck_assert_mem_eq(back, s.new, s.new_size);
        cfk_free(NULL, back);
    }
    free(out);
    ZSTD_freeCCtx(cctx);
    ZSTD_freeDCtx(dctx);
    sample_free(&s);
}
END_TEST

static int decode_sample(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .alloc = alloc };

    return decode_code(s->ref, s->patch, s->patch_size, &opts, NULL);
}

static int decode_bomb(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .alloc = alloc };
    uint8_t bomb[6 + 4 * 3];
    size_t size = run_bomb(bomb, 3);

    bomb[size - 4] = 0x01; /* the last block is raw and empty */
    bomb[size - 3] = 0;
    bomb[size - 2] = 0;
    return decode_code(s->ref, bomb, size - 1, &opts, NULL);
}

START_TEST(every_failed_allocation_is_reported)
{
    struct sample s;

    sample_make(&s, 10000, 4, CFK_DELTA_DCZ);
    fault_sweep(decode_sample, &s, 1);
    fault_sweep(decode_bomb, &s, 1);
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_wrong_reference_is_named_before_anything_is_decoded,
        a_wrong_reference_of_a_zstd_patch_is_found_by_its_checksum,
        a_patch_cut_anywhere_is_corrupt,
        bytes_behind_a_patch_are_corrupt,
        no_changed_bit_gives_wrong_bytes,
        random_damage_never_gives_wrong_bytes,
        a_size_that_the_blocks_cannot_reach_is_refused_before_memory_is_taken,
        the_limit_on_the_output_is_exact_and_comes_first,
        a_bomb_without_a_size_meets_the_limit,
        the_default_limit_is_one_gibibyte,
        what_is_no_patch_is_told_apart,
        a_skippable_frame_or_another_header_inside_dcz_is_refused,
        a_buffer_of_just_the_size_is_enough,
        an_empty_new_version_needs_no_buffer,
        wrong_arguments_are_refused,
        libzstd_and_we_read_each_other,
        every_failed_allocation_is_reported,
        NULL,
    };
    Suite *suite = suite_create("delta/decode");

    suite_add_tcase(suite, unit_case("decode", tests));
    return suite;
}
