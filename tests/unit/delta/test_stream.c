/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

START_TEST(pieces_of_any_size_give_the_same_bytes)
{
    static const size_t pieces[] = { 1, 2, 39, 40, 41, 57, 58, 59, 1000, 200000 };
    enum { N = sizeof pieces / sizeof pieces[0] };

    for (uint32_t format = CFK_DELTA_DCZ; format <= CFK_DELTA_ZSTD; format++) {
        struct sample s;
        uint8_t *out;

        sample_make(&s, 70000, 40, format);
        out = malloc(s.new_size);
        for (size_t i = 0; i < N * N; i++) {
            struct cfk_error err = { 0 };
            size_t size;
            int rc = stream_decode(s.ref, s.patch, s.patch_size, NULL, pieces[i / N],
                                   pieces[i % N], out, s.new_size, &size, &err);

            ck_assert_msg(rc == CFK_OK, "%s", err.message);
            ck_assert_uint_eq(size, s.new_size);
            ck_assert_mem_eq(out, s.new, size);
        }
        free(out);
        sample_free(&s);
    }
}
END_TEST

START_TEST(empty_and_tiny_new_versions_come_out)
{
    cfk_delta_ref *ref = make_ref("abcdefgh", 8);

    for (size_t size = 0; size < 8; size++) {
        uint8_t out[8];
        size_t out_size;
        void *patch;
        size_t patch_size;

        ck_assert_int_eq(
            cfk_delta_encode(ref, "cdefghab", size, NULL, &patch, &patch_size, NULL),
            CFK_OK);
        ck_assert_int_eq(stream_decode(ref, patch, patch_size, NULL, 1, 1, out,
                                       sizeof out, &out_size, NULL),
                         CFK_OK);
        ck_assert_uint_eq(out_size, size);
        ck_assert_int_eq(memcmp(out, "cdefghab", size), 0);
        cfk_free(NULL, patch);
    }
    cfk_delta_ref_free(ref);
}
END_TEST

/* What decoding in one go refuses is refused here, with the same code. */
START_TEST(damage_is_found_as_in_one_go)
{
    struct sample s;
    uint8_t *damaged;
    uint8_t *out;
    struct gen g;

    sample_make(&s, 20000, 20, CFK_DELTA_ZSTD);
    damaged = malloc(s.patch_size);
    out = malloc(1 << 20);
    gen_seed(&g, 3);
    for (int i = 0; i < 400; i++) {
        struct cfk_delta_decode_options opts = {
            .size = sizeof opts,
            .max_output = 1 << 20,
        };
        size_t size;
        int rc;
        int whole;

        memcpy(damaged, s.patch, s.patch_size);
        damaged[gen_below(&g, s.patch_size)] ^= (uint8_t)(gen_below(&g, 255) + 1);
        whole = decode_code(s.ref, damaged, s.patch_size, &opts, NULL);
        rc = stream_decode(s.ref, damaged, s.patch_size, &opts, gen_below(&g, 99) + 1,
                           gen_below(&g, 9999) + 1, out, 1 << 20, &size, NULL);
        ck_assert((rc == CFK_OK) == (whole == CFK_OK));
        if (rc == CFK_OK)
            ck_assert_mem_eq(out, s.new, s.new_size);
    }
    free(damaged);
    free(out);
    sample_free(&s);
}
END_TEST

START_TEST(a_patch_cut_anywhere_is_not_finished)
{
    struct sample s;
    uint8_t *out;

    sample_make(&s, 5000, 5, CFK_DELTA_DCZ);
    out = malloc(s.new_size);
    for (size_t cut = 0; cut < s.patch_size; cut++) {
        struct cfk_error err;
        size_t size;

        unit_expect_error(stream_decode(s.ref, s.patch, cut, NULL, 64, 999, out,
                                        s.new_size, &size, &err),
                          CFK_E_CORRUPT, &err, "too early");
        ck_assert_uint_eq(err.offset, cut);
    }
    free(out);
    sample_free(&s);
}
END_TEST

START_TEST(bytes_behind_a_patch_are_corrupt)
{
    struct sample s;
    uint8_t *longer;
    uint8_t *out;

    sample_make(&s, 5000, 5, CFK_DELTA_DCZ);
    longer = calloc(1, s.patch_size + 5);
    out = malloc(s.new_size);
    memcpy(longer, s.patch, s.patch_size);
    for (size_t piece = 1; piece < s.patch_size + 5; piece += 3) {
        struct cfk_error err;
        size_t size;

        unit_expect_error(stream_decode(s.ref, longer, s.patch_size + 5, NULL, piece,
                                        9999, out, s.new_size, &size, &err),
                          CFK_E_CORRUPT, &err, "more follow");
        ck_assert_uint_eq(err.offset, s.patch_size);
    }
    free(out);
    free(longer);
    sample_free(&s);
}
END_TEST

START_TEST(bytes_behind_a_patch_as_short_as_a_header_are_corrupt)
{
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;
    size_t size;
    uint8_t *patch = unit_hex("28b52ffd20001100007777", &size);
    uint8_t out[8];
    size_t out_size;

    patch[6] = 1; /* a last raw block of no bytes, then two that are too many */
    unit_expect_error(
        stream_decode(ref, patch, size, NULL, size, 8, out, 8, &out_size, &err),
        CFK_E_CORRUPT, &err, "byte 9");
    ck_assert_uint_eq(err.offset, 9);
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(a_frame_that_becomes_less_than_it_states_is_corrupt)
{
    cfk_delta_ref *ref = make_ref("old", 3);
    struct cfk_error err;
    size_t size;
    uint8_t *patch = unit_hex("28b52ffd2005010000", &size);
    uint8_t out[8];
    size_t out_size;

    unit_expect_error(
        stream_decode(ref, patch, size, NULL, 1, 1, out, 8, &out_size, &err),
        CFK_E_CORRUPT, &err, "become 5 bytes and becomes 0");
    unit_expect_error(decode_code(ref, patch, size, NULL, &err), CFK_E_CORRUPT, &err,
                      "blocks for 0 at most");
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(a_wrong_reference_fails_before_a_byte_comes_out)
{
    cfk_delta_ref *other = make_ref("other", 5);
    cfk_delta_decoder *decoder;
    struct cfk_error err;
    struct sample s;
    uint8_t out[64];
    size_t used;
    size_t given;

    sample_make(&s, 5000, 5, CFK_DELTA_DCZ);
    ck_assert_int_eq(cfk_delta_decoder_new(other, NULL, &decoder, NULL), CFK_OK);
    unit_expect_error(cfk_delta_decoder_update(decoder, s.patch, s.patch_size, &used, out,
                                               sizeof out, &given, &err),
                      CFK_E_REFERENCE, &err, "another reference");
    ck_assert_uint_eq(given, 0);
    unit_expect_error(
        cfk_delta_decoder_update(decoder, NULL, 0, &used, out, sizeof out, &given, &err),
        CFK_E_STATE, &err, "failed before");
    unit_expect_error(cfk_delta_decoder_finish(decoder, &err), CFK_E_STATE, &err,
                      "failed before");
    cfk_delta_decoder_free(decoder);
    cfk_delta_ref_free(other);
    sample_free(&s);
}
END_TEST

START_TEST(the_limit_on_the_output_is_exact)
{
    struct cfk_delta_decode_options opts = { .size = sizeof opts };
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    struct cfk_error err;
    struct sample s;
    uint8_t *patch;
    uint8_t *out;
    size_t size;
    size_t out_size;

    sample_make(&s, 300000, 5, CFK_DELTA_DCZ);
    out = malloc(s.new_size);
    opts.max_output = s.new_size;
    ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, &opts, 7, 4096, out,
                                   s.new_size, &out_size, NULL),
                     CFK_OK);
    opts.max_output = s.new_size - 1;
    unit_expect_error(stream_decode(s.ref, s.patch, s.patch_size, &opts, 7, 4096, out,
                                    s.new_size, &out_size, &err),
                      CFK_E_LIMIT, &err, "are allowed");
    /* a frame that does not state its size */
    patch = malloc(ZSTD_compressBound(s.new_size));
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_refPrefix(cctx, s.old, s.old_size);
    size = ZSTD_compress2(cctx, patch, ZSTD_compressBound(s.new_size), s.new, s.new_size);
    for (size_t piece = 4096; piece < 800000; piece *= 3) {
        unit_expect_error(stream_decode(s.ref, patch, size, &opts, 50, piece, out,
                                        s.new_size, &out_size, &err),
                          CFK_E_LIMIT, &err, "more than the");
        ck_assert_uint_le(out_size, s.new_size - 1);
    }
    opts.max_output = s.new_size;
    ck_assert_int_eq(stream_decode(s.ref, patch, size, &opts, 50, 4096, out, s.new_size,
                                   &out_size, NULL),
                     CFK_OK);
    free(patch);
    free(out);
    ZSTD_freeCCtx(cctx);
    sample_free(&s);
}
END_TEST

static int window_code(const char *hex, uint64_t max_window, struct cfk_error *err)
{
    struct cfk_delta_decode_options opts = {
        .size = sizeof opts,
        .max_output = UINT64_MAX,
        .max_window = max_window,
    };
    cfk_delta_ref *ref = make_ref("old", 3);
    uint8_t out[8];
    size_t out_size;
    size_t size;
    uint8_t *patch = unit_hex(hex, &size);
    int rc = stream_decode(ref, patch, size, &opts, size, sizeof out, out, sizeof out,
                           &out_size, err);

    free(patch);
    cfk_delta_ref_free(ref);
    return rc;
}

START_TEST(the_limit_on_the_window_is_exact)
{
    struct cfk_error err;

    /* windows of 2^27 and an eighth more, around an empty block */
    ck_assert_int_eq(window_code("28b52ffd0088010000", 0, NULL), CFK_OK);
    unit_expect_error(window_code("28b52ffd0089010000", 0, &err), CFK_E_LIMIT, &err,
                      "window of 150994944 bytes, and 134217728");
    ck_assert_int_eq(window_code("28b52ffd0089010000", 150994944, NULL), CFK_OK);
    ck_assert_int_eq(window_code("28b52ffd0089010000", 150994943, NULL), CFK_E_LIMIT);
    /* one segment of 4 GiB: beyond libzstd, whatever the options say */
    unit_expect_error(window_code("28b52ffde00000000001000000010000", UINT64_MAX, &err),
                      CFK_E_LIMIT, &err, "window");
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    cfk_delta_ref *ref = make_ref("old", 3);
    cfk_delta_decoder *decoder = NULL;
    struct cfk_error err;
    uint8_t out[4];
    size_t used;
    size_t given;

    unit_expect_error(cfk_delta_decoder_new(NULL, NULL, &decoder, &err), CFK_E_INVALID,
                      &err, "no reference");
    ck_assert_ptr_null(decoder);
    unit_expect_error(cfk_delta_decoder_update(NULL, "", 0, &used, out, 4, &given, &err),
                      CFK_E_INVALID, &err, "no decoder");
    unit_expect_error(cfk_delta_decoder_finish(NULL, &err), CFK_E_INVALID, &err,
                      "no decoder");
    ck_assert_int_eq(cfk_delta_decoder_new(ref, NULL, &decoder, NULL), CFK_OK);
    ck_assert_int_eq(
        cfk_delta_decoder_update(decoder, NULL, 1, &used, out, 4, &given, &err),
        CFK_E_INVALID);
    ck_assert_int_eq(
        cfk_delta_decoder_update(decoder, "", 0, &used, out, 0, &given, &err),
        CFK_E_INVALID);
    ck_assert_int_eq(
        cfk_delta_decoder_update(decoder, "", 0, &used, NULL, 4, &given, &err),
        CFK_E_INVALID);
    /* none of that spoils the decoder, nor does asking for nothing many times */
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(
            cfk_delta_decoder_update(decoder, NULL, 0, &used, out, 4, &given, &err),
            CFK_OK);
    unit_expect_error(cfk_delta_decoder_finish(decoder, &err), CFK_E_CORRUPT, &err,
                      "after 0 bytes");
    cfk_delta_decoder_free(decoder);
    cfk_delta_decoder_free(NULL);
    cfk_delta_ref_free(ref);
}
END_TEST

static int decode_sample(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .alloc = alloc };
    uint8_t *out = malloc(s->new_size);
    size_t size;
    int rc = stream_decode(s->ref, s->patch, s->patch_size, &opts, 99, 99, out,
                           s->new_size, &size, NULL);

    free(out);
    return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
    struct sample s;

    sample_make(&s, 10000, 4, CFK_DELTA_DCZ);
    fault_sweep(decode_sample, &s, 1);
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        pieces_of_any_size_give_the_same_bytes,
        empty_and_tiny_new_versions_come_out,
        damage_is_found_as_in_one_go,
        a_patch_cut_anywhere_is_not_finished,
        bytes_behind_a_patch_are_corrupt,
        bytes_behind_a_patch_as_short_as_a_header_are_corrupt,
        a_frame_that_becomes_less_than_it_states_is_corrupt,
        a_wrong_reference_fails_before_a_byte_comes_out,
        the_limit_on_the_output_is_exact,
        the_limit_on_the_window_is_exact,
        wrong_arguments_are_refused,
        every_failed_allocation_is_reported,
        NULL,
    };
    Suite *suite = suite_create("delta/stream");

    suite_add_tcase(suite, unit_case("stream", tests));
    return suite;
}
