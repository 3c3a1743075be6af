/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "delta/vcdiff.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

/* At every second level. Matching that is quadratic would take minutes here. */
static void round_trips(const uint8_t *old, size_t old_size, const uint8_t *new,
                        size_t new_size)
{
    cfk_delta_ref *ref = make_ref(old, old_size);

    for (uint32_t level = 1; level <= 9; level += 2)
        round_trip(ref, new, new_size, CFK_DELTA_VCDIFF, level);
    cfk_delta_ref_free(ref);
}

START_TEST(edited_text_makes_a_small_patch_at_every_level)
{
    struct sample s;

    sample_make(&s, 100000, 10, CFK_DELTA_VCDIFF);
    for (uint32_t level = 1; level <= 9; level++)
        ck_assert_uint_lt(round_trip(s.ref, s.new, s.new_size, CFK_DELTA_VCDIFF, level),
                          1500);
    sample_free(&s);
}
END_TEST

START_TEST(generated_edits_of_many_sizes_come_back)
{
    struct gen g;

    gen_seed(&g, 7);
    for (int i = 0; i < 300; i++) {
        size_t size = gen_below(&g, 3000);
        uint8_t *old = malloc(size + 1);
        uint8_t *new = malloc(2 * size + 65);
        size_t new_size;
        cfk_delta_ref *ref;

        gen_text(&g, (char *)old, size);
        new_size =
            gen_edit(&g, old, size, (unsigned)gen_below(&g, 30), new, 2 * size + 64);
        ref = make_ref(old, size);
        round_trip(ref, new, new_size, CFK_DELTA_VCDIFF, (uint32_t)(i % 9) + 1);
        cfk_delta_ref_free(ref);
        free(old);
        free(new);
    }
}
END_TEST

START_TEST(inputs_that_match_everywhere_take_no_longer)
{
    enum { SIZE = 100000 };
    uint8_t *old = malloc(SIZE);
    uint8_t *new = malloc(SIZE);
    size_t a = 1;
    size_t b = 1;

    memset(old, 0, SIZE);
    memset(new, 0, SIZE);
    round_trips(old, SIZE, new, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        old[i] = (uint8_t)(i % 3);
        new[i] = (uint8_t)(i % 3 + (i % 1000 == 0));
    }
    round_trips(old, SIZE, new, SIZE);
    new[0] = 0; /* Fibonacci's string */
    new[1] = 1;
    while (a + b < SIZE) {
        size_t more = a + b + a < SIZE ? a : SIZE - a - b;

        memcpy(new + a + b, new, more);
        a += b;
        b = a - b;
    }
    round_trips(old, SIZE, new, SIZE);
    round_trips(new, SIZE, new, SIZE / 2);
    free(old);
    free(new);
}
END_TEST

START_TEST(noise_costs_no_more_than_the_bound)
{
    enum { SIZE = 50000 };
    uint8_t *bytes = malloc(2 * SIZE);
    struct gen g;

    gen_seed(&g, 3);
    gen_bytes(&g, bytes, 2 * SIZE);
    round_trips(bytes, SIZE, bytes + SIZE, SIZE);
    for (size_t i = 0; i < 2 * SIZE; i++)
        bytes[i] &= 3; /* short matches everywhere */
    round_trips(bytes, SIZE, bytes + SIZE, SIZE);
    free(bytes);
}
END_TEST

START_TEST(sizes_around_codes_and_windows_come_back)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 17, 18, 19, 127, 128, 129 };
    uint8_t *zeros = calloc(1, CFK__VCDIFF_WINDOW_MAX + 2);
    cfk_delta_ref *ref = make_ref("abcdefgh", 8);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        round_trip(ref, zeros, sizes[i], CFK_DELTA_VCDIFF, 5);
    for (size_t size = CFK__VCDIFF_WINDOW_MAX - 1; size <= CFK__VCDIFF_WINDOW_MAX + 1;
         size++)
        ck_assert_uint_lt(round_trip(ref, zeros, size, CFK_DELTA_VCDIFF, 1), 100);
    cfk_delta_ref_free(ref);
    free(zeros);
}
END_TEST

/* So large that only every second position is indexed. */
START_TEST(a_long_reference_is_reached_from_end_to_end)
{
    const size_t size = 17 * (size_t)MIB;
    uint8_t *old = malloc(size);
    uint8_t *new = malloc(2000);
    cfk_delta_ref *ref;
    struct gen g;

    gen_seed(&g, 9);
    gen_bytes(&g, old, size);
    memcpy(new, old + 1, 1000);
    memcpy(new + 1000, old + size - 1001, 1000);
    ref = make_ref(old, size);
    ck_assert_uint_lt(round_trip(ref, new, 2000, CFK_DELTA_VCDIFF, 1), 60);
    cfk_delta_ref_free(ref);
    free(old);
    free(new);
}
END_TEST

/* A window copies from the part of a long old version that it is from. */
START_TEST(a_reference_longer_than_a_segment_is_reached_all_along)
{
    enum { OLD = 300000, SEGMENT = 100000, PIECE = 40000 };
    static const size_t from[] = { 0, SEGMENT + 12345, OLD - PIECE };
    struct cfk_delta_encode_options opts = { .size = sizeof opts, .level = 1 };
    uint8_t *old = malloc(OLD);
    uint8_t *patch = malloc(cfk_delta_bound(OLD));
    cfk_delta_ref *ref;
    struct gen g;

    gen_seed(&g, 3);
    gen_bytes(&g, old, OLD);
    ref = make_ref(old, OLD);
    for (size_t i = 0; i < 3; i++)
        for (size_t zeros = 0; zeros < 3000; zeros += 1000) {
            uint8_t *new = calloc(1, PIECE + zeros);
            struct cfk__vcdiff_window window;
            struct cfk__vcdiff_header header;
            struct cfk__reader r;
            size_t size;
            void *out;

            memcpy(new + zeros, old + from[i], PIECE);
            ck_assert_int_eq(cfk__vcdiff_encode_within(ref, new, PIECE + zeros, &opts,
                                                       SEGMENT, patch, &size, NULL),
                             CFK_OK);
            ck_assert_uint_lt(size, 100);
            cfk__reader_init(&r, patch, size);
            ck_assert_int_eq(cfk__vcdiff_read_header(&r, &header, NULL), CFK_OK);
            ck_assert_int_eq(cfk__vcdiff_read_window(&r, 0, &window, NULL), CFK_OK);
            ck_assert_uint_eq(window.segment_size, SEGMENT);
            ck_assert_uint_le(window.segment_at, from[i]);
            ck_assert_uint_le(from[i] + PIECE, window.segment_at + SEGMENT);
            ck_assert_int_eq(cfk_delta_decode(ref, patch, size, NULL, &out, &size, NULL),
                             CFK_OK);
            ck_assert_uint_eq(size, PIECE + zeros);
            ck_assert_int_eq(memcmp(out, new, size), 0);
            cfk_free(NULL, out);
            free(new);
        }
    cfk_delta_ref_free(ref);
    free(patch);
    free(old);
}
END_TEST

START_TEST(every_truncation_and_every_addition_is_noticed)
{
    struct sample s;
    uint8_t *longer;
    struct cfk_error err;

    sample_make(&s, 4000, 12, CFK_DELTA_VCDIFF);
    for (size_t size = 0; size < s.patch_size; size++) {
        uint8_t *exact = malloc(size + 1);
        int rc;

        memcpy(exact, s.patch, size);
        rc = decode_code(s.ref, exact, size, NULL, &err);
        ck_assert(rc == CFK_E_CORRUPT || (rc == CFK_E_NOTSUP && size < 4));
        free(exact);
    }
    longer = malloc(s.patch_size + 1);
    memcpy(longer, s.patch, s.patch_size);
    longer[s.patch_size] = 0;
    unit_expect_error(decode_code(s.ref, longer, s.patch_size + 1, NULL, &err),
                      CFK_E_CORRUPT, &err, "ends too early");
    free(longer);
    sample_free(&s);
}
END_TEST

START_TEST(a_missing_window_is_noticed)
{
    const size_t size = CFK__VCDIFF_WINDOW_MAX + 1000;
    uint8_t *new = calloc(1, size);
    cfk_delta_ref *ref = make_ref("x", 1);
    struct cfk_delta_encode_options opts = { .size = sizeof opts,
                                             .format = CFK_DELTA_VCDIFF };
    struct cfk_error err;
    void *patch;
    size_t patch_size;

    ck_assert_int_eq(cfk_delta_encode(ref, new, size, &opts, &patch, &patch_size, NULL),
                     CFK_OK);
    for (size_t cut = 1; cut < patch_size; cut++)
        ck_assert_int_eq(decode_code(ref, patch, cut, NULL, &err), CFK_E_CORRUPT);
    cfk_free(NULL, patch);
    cfk_delta_ref_free(ref);
    free(new);
}
END_TEST

START_TEST(no_mutation_is_taken_for_the_new_version)
{
    struct sample s;
    struct gen g;

    sample_make(&s, 4000, 12, CFK_DELTA_VCDIFF);
    gen_seed(&g, 5);
    for (int i = 0; i < 5000; i++) {
        size_t at = gen_below(&g, s.patch_size);
        uint8_t flip = (uint8_t)(1 << gen_below(&g, 8));
        uint8_t *patch = s.patch;
        void *out;
        size_t size;

        patch[at] ^= flip;
        if (cfk_delta_decode(s.ref, patch, s.patch_size, NULL, &out, &size, NULL) ==
            CFK_OK) {
            bool unchecked = (patch[5] & 4) == 0; /* the flip took the checksum away */

            ck_assert(unchecked || (size == s.new_size && memcmp(out, s.new, size) == 0));
            cfk_free(NULL, out);
        }
        patch[at] ^= flip;
    }
    sample_free(&s);
}
END_TEST

START_TEST(limits_hold_from_both_sides_before_memory_is_taken)
{
    struct cfk_delta_decode_options opts = { .size = sizeof opts };
    struct fault none;
    struct sample s;
    struct cfk_error err;
    uint8_t *room;
    size_t size;

    sample_make(&s, 5000, 3, CFK_DELTA_VCDIFF);
    room = malloc(s.new_size);
    opts.max_output = s.new_size;
    ck_assert_int_eq(decode_code(s.ref, s.patch, s.patch_size, &opts, &err), CFK_OK);
    ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, &opts, 1000, 1000, room,
                                   s.new_size, &size, &err),
                     CFK_OK);
    opts.max_output--;
    opts.alloc = fault_at(&none, 0);
    unit_expect_error(decode_code(s.ref, s.patch, s.patch_size, &opts, &err), CFK_E_LIMIT,
                      &err, "are allowed");
    ck_assert_uint_eq(none.calls, 0);
    ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, &opts, 1000, 1000, room,
                                   s.new_size, &size, &err),
                     CFK_E_LIMIT);
    opts.max_output = 0;
    opts.max_window = s.new_size - 1;
    ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, &opts, 1000, 1000, room,
                                   s.new_size, &size, &err),
                     CFK_E_LIMIT);
    unit_expect_error(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, room,
                                          s.new_size - 1, &size, &err),
                      CFK_E_SPACE, &err, "the buffer");
    ck_assert_int_eq(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, room,
                                         s.new_size, &size, &err),
                     CFK_OK);
    ck_assert_int_eq(memcmp(room, s.new, size), 0);
    unit_expect_error(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, s.patch,
                                          s.patch_size, &size, &err),
                      CFK_E_INVALID, &err, "overlaps");
    free(room);
    sample_free(&s);
}
END_TEST

START_TEST(a_huge_claim_in_few_bytes_is_a_limit)
{
    size_t size;
    /* a run of 2^40 bytes */
    uint8_t *patch = unit_hex("d6c3c40000"
                              "00"
                              "12"
                              "a08080808000"
                              "00"
                              "01"
                              "07"
                              "00"
                              "41"
                              "00a08080808000",
                              &size);
    cfk_delta_ref *ref = make_ref("", 0);
    struct cfk_error err;

    unit_expect_error(decode_code(ref, patch, size, NULL, &err), CFK_E_LIMIT, &err,
                      "1099511627776 bytes");
    cfk_delta_ref_free(ref);
    free(patch);
}
END_TEST

/* Whole it costs nothing; in pieces it has to be kept. */
START_TEST(a_long_application_header_is_a_limit_in_pieces)
{
    static const uint8_t window[] = { 0, 7, 1, 0, 1, 1, 0, 'A', 2 };
    static const uint8_t head[] = { 0xd6, 0xc3, 0xc4, 0, 4, 0x83, 0xff, 0x00 };
    const size_t text = 65408; /* what the three bytes say; the header has 65416 */
    cfk_delta_ref *ref = make_ref("", 0);
    uint8_t *patch = calloc(1, sizeof head + text + 256 + sizeof window);
    struct cfk_error err;
    uint8_t out[8];
    size_t size;

    memcpy(patch, head, sizeof head);
    memcpy(patch + sizeof head + text, window, sizeof window);
    ck_assert_int_eq(stream_decode(ref, patch, sizeof head + text + sizeof window, NULL,
                                   999, 8, out, sizeof out, &size, &err),
                     CFK_OK);
    patch[5] = 0x84; /* 16384 more */
    patch = realloc(patch, sizeof head + text + 16384 + sizeof window);
    memset(patch + sizeof head + text, 0, 16384);
    memcpy(patch + sizeof head + text + 16384, window, sizeof window);
    size = sizeof head + text + 16384 + sizeof window;
    ck_assert_int_eq(decode_code(ref, patch, size, NULL, &err), CFK_OK);
    unit_expect_error(
        stream_decode(ref, patch, size, NULL, 999, 8, out, sizeof out, &size, &err),
        CFK_E_LIMIT, &err, "a header of 65537 bytes, and 65536");
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(pieces_of_any_size_give_the_same)
{
    struct sample s;
    uint8_t *room;

    sample_make(&s, 3000, 5, CFK_DELTA_VCDIFF);
    room = malloc(s.new_size);
    for (size_t in = 1; in < 100; in += 7) {
        for (size_t out = 1; out < 5000; out = 3 * out + 1) {
            size_t size;

            ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, NULL, in, out,
                                           room, s.new_size, &size, NULL),
                             CFK_OK);
            ck_assert_uint_eq(size, s.new_size);
            ck_assert_int_eq(memcmp(room, s.new, size), 0);
        }
    }
    free(room);
    sample_free(&s);
}
END_TEST

START_TEST(info_tells_what_there_is)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct sample s;

    sample_make(&s, 5000, 3, CFK_DELTA_VCDIFF);
    ck_assert_int_eq(cfk_delta_info(s.patch, s.patch_size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.format, CFK_DELTA_VCDIFF);
    ck_assert_str_eq(cfk_delta_format_name(info.format), "vcdiff");
    ck_assert_uint_eq(info.new_size_known, 1);
    ck_assert_uint_eq(info.new_size, s.new_size);
    ck_assert_uint_eq(info.window, s.new_size);
    ck_assert_uint_eq(info.has_checksum, 1);
    ck_assert_uint_eq(info.has_reference, 0);
    sample_free(&s);
}
END_TEST

START_TEST(a_wrong_reference_is_noticed)
{
    struct sample s;
    struct cfk_error err;

    sample_make(&s, 5000, 3, CFK_DELTA_VCDIFF);
    s.old[2500] ^= 1;
    unit_expect_error(decode_code(s.ref, s.patch, s.patch_size, NULL, &err),
                      CFK_E_CORRUPT, &err, "another reference");
    sample_free(&s);
}
END_TEST

static int encode(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .alloc = alloc,
        .format = CFK_DELTA_VCDIFF,
    };
    void *patch;
    size_t size;
    int rc = cfk_delta_encode(s->ref, s->new, s->new_size, &opts, &patch, &size, NULL);

    cfk_free(alloc, patch);
    return rc;
}

static int decode(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .alloc = alloc };

    return decode_code(s->ref, s->patch, s->patch_size, &opts, NULL);
}

static int decode_in_pieces(void *ctx, const struct cfk_alloc *alloc)
{
    struct sample *s = ctx;
    struct cfk_delta_decode_options opts = { .size = sizeof opts, .alloc = alloc };
    uint8_t room[4096];
    size_t size;

    return stream_decode(s->ref, s->patch, s->patch_size, &opts, 60, 500, room,
                         sizeof room, &size, NULL);
}

START_TEST(every_failed_allocation_is_reported)
{
    struct sample s;

    sample_make(&s, 3000, 4, CFK_DELTA_VCDIFF);
    fault_sweep(encode, &s, 10);
    fault_sweep(decode, &s, 1);
    fault_sweep(decode_in_pieces, &s, 4);
    sample_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        edited_text_makes_a_small_patch_at_every_level,
        generated_edits_of_many_sizes_come_back,
        inputs_that_match_everywhere_take_no_longer,
        noise_costs_no_more_than_the_bound,
        sizes_around_codes_and_windows_come_back,
        a_long_reference_is_reached_from_end_to_end,
        a_reference_longer_than_a_segment_is_reached_all_along,
        every_truncation_and_every_addition_is_noticed,
        a_missing_window_is_noticed,
        no_mutation_is_taken_for_the_new_version,
        limits_hold_from_both_sides_before_memory_is_taken,
        a_huge_claim_in_few_bytes_is_a_limit,
        a_long_application_header_is_a_limit_in_pieces,
        pieces_of_any_size_give_the_same,
        info_tells_what_there_is,
        a_wrong_reference_is_noticed,
        every_failed_allocation_is_reported,
        NULL,
    };
    Suite *suite = suite_create("delta/vcdiff");

    suite_add_tcase(suite, unit_case("vcdiff", tests));
    return suite;
}
