/* SPDX-License-Identifier: MIT */
/* The container cfd: sizes, checks, limits, and what is done to it from outside. */
#include "checked.h"
#include "common.h"
#include "delta/cfd.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_level_round_trips)
{
    static const size_t sizes[] = { 0, 1, 2, 17, 300, 5000, 66000 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint32_t level = 1; level <= 9; level += i < 5 ? 1 : 4) {
            struct sample s;

            sample_make(&s, sizes[i], sizes[i] > 2 ? 7 : 0, CFK_DELTA_CFD);
            round_trip(s.ref, s.new, s.new_size, CFK_DELTA_CFD, level);
            round_trip(s.ref, s.new, s.new_size / 2, CFK_DELTA_CFD, level);
            round_trip(s.ref, "", 0, CFK_DELTA_CFD, level);
            sample_free(&s);
        }
}
END_TEST

START_TEST(data_of_any_kind_round_trips)
{
    static uint8_t noise[20000];
    static uint8_t runs[60000];
    struct gen g;
    cfk_delta_ref *empty = make_ref(NULL, 0);
    cfk_delta_ref *ref;

    gen_seed(&g, 3);
    gen_bytes(&g, noise, sizeof noise);
    round_trip(empty, noise, sizeof noise, CFK_DELTA_CFD, 5);
    round_trip(empty, runs, sizeof runs, CFK_DELTA_CFD, 5);
    for (size_t i = 0; i < sizeof runs; i++)
        runs[i] = (uint8_t) "aab"[i % 3];
    ref = make_ref(noise, sizeof noise);
    round_trip(ref, runs, sizeof runs, CFK_DELTA_CFD, 9);
    cfk_delta_ref_free(ref);
    ref = make_ref(runs, sizeof runs);
    round_trip(ref, runs, sizeof runs - 1, CFK_DELTA_CFD, 5);
    round_trip(ref, noise, sizeof noise, CFK_DELTA_CFD, 7);
    cfk_delta_ref_free(ref);
    cfk_delta_ref_free(empty);
}
END_TEST

START_TEST(an_identical_file_takes_a_header)
{
    struct sample s;

    sample_make(&s, 30000, 0, CFK_DELTA_CFD);
    ck_assert_uint_eq(s.patch_size, 12);
    sample_free(&s);
    sample_make(&s, 0, 0, CFK_DELTA_CFD);
    ck_assert_uint_eq(s.patch_size, 11);
    sample_free(&s);
}
END_TEST

START_TEST(the_header_is_as_short_as_its_size_allows)
{
    static const struct {
        uint64_t size;
        size_t header;
    } known[] = {
        { 0, 11 },       { 4095, 11 },
        { 4096, 12 },    { (1 << 20) - 1, 12 },
        { 1 << 20, 13 }, { (1 << 28) - 1, 13 },
        { 1 << 28, 16 }, { (UINT64_C(1) << 48) + 1, 16 },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct cfk__cfd_header h = { .body = CFK__CFD_MIXED, .new_size = known[i].size };
        struct cfk__cfd_header back;
        uint8_t bytes[CFK__CFD_HEADER_MAX];
        struct cfk__writer w;
        struct cfk__reader r;

        cfk__writer_init(&w, bytes, sizeof bytes);
        cfk__cfd_header_write(&w, &h);
        ck_assert(cfk__writer_ok(&w));
        ck_assert_uint_eq(cfk__writer_size(&w), known[i].header);
        ck_assert_uint_eq(cfk__cfd_header_size(known[i].size), known[i].header);
        cfk__reader_init(&r, bytes, known[i].header);
        ck_assert_int_eq(cfk__cfd_header_read(&r, &back, NULL), CFK_OK);
        ck_assert_uint_eq(back.new_size, known[i].size);
        ck_assert_int_eq(back.body, CFK__CFD_MIXED);
        ck_assert_uint_eq(cfk__reader_left(&r), 0);
    }
}
END_TEST

START_TEST(a_header_that_is_wrong_is_told)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct cfk_error err;
    size_t size;
    uint8_t *patch = unit_hex("cf90"
                              "ff0f"
                              "00000000"
                              "00000000",
                              &size);

    unit_expect_error(cfk_delta_info(patch, size, &info, &err), CFK_E_CORRUPT, &err,
                      "longer form");
    patch[0] = 0xce;
    unit_expect_error(cfk_delta_info(patch, size, &info, &err), CFK_E_NOTSUP, &err, "");
    free(patch);
}
END_TEST

START_TEST(a_wrong_reference_is_named_first)
{
    struct cfk_error err;
    struct sample s;
    cfk_delta_ref *other = make_ref("other", 5);
    uint8_t out[4000];
    size_t size;

    sample_make(&s, 3000, 3, CFK_DELTA_CFD);
    unit_expect_error(decode_code(other, s.patch, s.patch_size, NULL, &err),
                      CFK_E_REFERENCE, &err, "this one's with d9298a10");
    ck_assert_int_eq(decode_code(NULL, s.patch, s.patch_size, NULL, NULL), CFK_E_INVALID);
    unit_expect_error(cfk_delta_decode_to(other, s.patch, s.patch_size, NULL, out,
                                          sizeof out, &size, &err),
                      CFK_E_REFERENCE, &err, "another reference");
    unit_expect_error(stream_decode(other, s.patch, s.patch_size, NULL, 5, 5, out,
                                    sizeof out, &size, &err),
                      CFK_E_REFERENCE, &err, "another reference");
    ck_assert_uint_eq(size, 0);
    cfk_delta_ref_free(other);
    sample_free(&s);
}
END_TEST

/* One patch of each back end. */
static void make_kind(struct sample *s, int kind)
{
    struct cfk_delta_encode_options opts = { .size = sizeof opts,
                                             .level = 1,
                                             .format = CFK_DELTA_CFD };

    if (kind == 0)
        sample_make(s, 2000, 0, CFK_DELTA_CFD);
    if (kind == 1) /* too large for mixing at level 1 */
        sample_make(s, 70000, 9, CFK_DELTA_CFD);
    if (kind == 2)
        sample_make(s, 2000, 9, CFK_DELTA_CFD);
    if (kind != 1)
        return;
    cfk_free(NULL, s->patch);
    ck_assert_int_eq(cfk_delta_encode(s->ref, s->new, s->new_size, &opts, &s->patch,
                                      &s->patch_size, NULL),
                     CFK_OK);
}

START_TEST(a_patch_cut_anywhere_or_too_long_is_corrupt)
{
    for (int kind = 0; kind < 3; kind++) {
        struct cfk_error err;
        struct sample s;
        uint8_t *longer;

        make_kind(&s, kind);
        for (size_t size = 1; size < s.patch_size; size += CHECKED ? 5 : 1) {
            unit_expect_error(decode_code(s.ref, s.patch, size, NULL, &err),
                              CFK_E_CORRUPT, &err, "");
            ck_assert_uint_le(err.offset, size);
        }
        longer = calloc(1, s.patch_size + 1);
        memcpy(longer, s.patch, s.patch_size);
        ck_assert_int_eq(decode_code(s.ref, longer, s.patch_size + 1, NULL, &err),
                         CFK_E_CORRUPT);
        free(longer);
        sample_free(&s);
    }
}
END_TEST

START_TEST(no_changed_bit_gives_wrong_bytes)
{
    for (int kind = 0; kind < 3; kind++) {
        struct sample s;
        uint8_t *patch;

        make_kind(&s, kind);
        patch = s.patch;
        for (size_t bit = 0; bit < s.patch_size * 8; bit += CHECKED ? 7 : 1) {
            void *out;
            size_t size;

            patch[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (cfk_delta_decode(s.ref, patch, s.patch_size, NULL, &out, &size, NULL) ==
                CFK_OK) {
                ck_assert_uint_eq(size, s.new_size);
                ck_assert_mem_eq(out, s.new, size);
            }
            cfk_free(NULL, out);
            patch[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        sample_free(&s);
    }
}
END_TEST

START_TEST(pieces_of_any_size_give_the_same)
{
    static const size_t pieces[] = { 1, 2, 7, 100, 100000 };

    for (int kind = 0; kind < 3; kind++) {
        struct sample s;
        uint8_t *out;
        size_t size;

        make_kind(&s, kind);
        out = malloc(s.new_size + 1);
        for (size_t i = 0; i < 5; i++)
            for (size_t j = 0; j < 5; j++) {
                ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size, NULL,
                                               pieces[i], pieces[j], out, s.new_size + 1,
                                               &size, NULL),
                                 CFK_OK);
                ck_assert_uint_eq(size, s.new_size);
                ck_assert_mem_eq(out, s.new, size);
            }
        ck_assert_int_eq(stream_decode(s.ref, s.patch, s.patch_size - 1, NULL, 50, 50,
                                       out, s.new_size + 1, &size, NULL),
                         CFK_E_CORRUPT);
        free(out);
        sample_free(&s);
    }
}
END_TEST

START_TEST(limits_hold_from_both_sides)
{
    for (int kind = 0; kind < 3; kind++) {
        struct cfk_delta_decode_options opts = { .size = sizeof opts };
        struct cfk_error err;
        struct sample s;
        uint8_t *out;
        size_t size;

        make_kind(&s, kind);
        out = malloc(s.new_size);
        opts.max_output = s.new_size;
        ck_assert_int_eq(decode_code(s.ref, s.patch, s.patch_size, &opts, NULL), CFK_OK);
        opts.max_output--;
        unit_expect_error(decode_code(s.ref, s.patch, s.patch_size, &opts, &err),
                          CFK_E_LIMIT, &err, "more than");
        unit_expect_error(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, out,
                                              s.new_size - 1, &size, &err),
                          CFK_E_SPACE, &err, "the buffer");
        ck_assert_int_eq(cfk_delta_decode_to(s.ref, s.patch, s.patch_size, NULL, out,
                                             s.new_size, &size, NULL),
                         CFK_OK);
        ck_assert_mem_eq(out, s.new, s.new_size);
        opts = (struct cfk_delta_decode_options){ .size = sizeof opts,
                                                  .max_window = s.new_size - 1 };
        if (kind > 0)
            unit_expect_error(stream_decode(s.ref, s.patch, s.patch_size, &opts, 100, 100,
                                            out, s.new_size, &size, &err),
                              CFK_E_LIMIT, &err, "window");
        free(out);
        sample_free(&s);
    }
}
END_TEST

/* A header that claims 2^48 - 1 bytes costs nothing. */
START_TEST(a_bomb_is_refused_before_it_is_fed)
{
    struct cfk_error err;
    cfk_delta_ref *ref = make_ref(NULL, 0);
    size_t size;
    uint8_t *patch = unit_hex("cfb0"
                              "ffffffffffff"
                              "e3b0c442"
                              "00000000"
                              "0102",
                              &size);
    uint8_t out[8];
    size_t out_size;

    unit_expect_error(decode_code(ref, patch, size, NULL, &err), CFK_E_LIMIT, &err,
                      "more than");
    unit_expect_error(
        stream_decode(ref, patch, size, NULL, 3, 8, out, sizeof out, &out_size, &err),
        CFK_E_LIMIT, &err, "more than");
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

/* What a decoder says to the header alone of a body for so many bytes. */
static int admit(const cfk_delta_ref *ref, unsigned body, uint64_t new_size,
                 struct cfk_error *err)
{
    struct cfk__cfd_header h = { .body = (enum cfk__cfd_body)body, .new_size = new_size };
    uint8_t header[CFK__CFD_HEADER_MAX];
    struct cfk__writer w;
    cfk_delta_decoder *decoder;
    uint8_t out[8];
    size_t used;
    size_t made;
    int rc;

    memcpy(h.old_check, cfk_delta_ref_digest(ref), sizeof h.old_check);
    cfk__writer_init(&w, header, sizeof header);
    cfk__cfd_header_write(&w, &h);
    ck_assert_int_eq(cfk_delta_decoder_new(ref, NULL, &decoder, err), CFK_OK);
    rc = cfk_delta_decoder_update(decoder, header, cfk__writer_size(&w), &used, out,
                                  sizeof out, &made, err);
    cfk_delta_decoder_free(decoder);
    return rc;
}

START_TEST(a_mixed_body_stands_for_64_mib_at_most)
{
    struct cfk_error err;
    cfk_delta_ref *ref = make_ref("reference", 9);

    ck_assert_int_eq(admit(ref, CFK__CFD_MIXED, (64u << 20) - 9, &err), CFK_OK);
    unit_expect_error(admit(ref, CFK__CFD_MIXED, (64u << 20) - 8, &err), CFK_E_CORRUPT,
                      &err, "the format has 67108864 at most");
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(a_binary_body_stands_for_512_mib_at_most)
{
    struct cfk_error err;
    cfk_delta_ref *ref = make_ref("reference", 9);

    unit_expect_error(admit(ref, CFK__CFD_BINARY, 512u << 20, &err), CFK_E_LIMIT, &err,
                      "window");
    unit_expect_error(admit(ref, CFK__CFD_BINARY, (512u << 20) + 1, &err), CFK_E_CORRUPT,
                      &err, "the format has 536870912 at most");
    cfk_delta_ref_free(ref);
}
END_TEST

START_TEST(info_tells_what_the_header_has)
{
    struct cfk_delta_patch_info info = { .size = sizeof info };
    struct sample s;

    sample_make(&s, 5000, 4, CFK_DELTA_CFD);
    ck_assert_int_eq(cfk_delta_info(s.patch, s.patch_size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.format, CFK_DELTA_CFD);
    ck_assert_uint_eq(info.patch_size, s.patch_size);
    ck_assert_uint_eq(info.new_size_known, 1);
    ck_assert_uint_eq(info.new_size, s.new_size);
    ck_assert_uint_eq(info.has_checksum, 1);
    ck_assert_uint_eq(info.has_reference, 0);
    ck_assert_uint_eq(info.reference_bytes, 4);
    ck_assert_mem_eq(info.reference, cfk_delta_ref_digest(s.ref), 4);
    sample_free(&s);
}
END_TEST

struct job {
    struct sample *s;
    uint32_t level;
};

static int encode_and_decode(void *ctx, const struct cfk_alloc *alloc)
{
    struct job *job = ctx;
    struct sample *s = job->s;
    struct cfk_delta_encode_options e = {
        .size = sizeof e, .alloc = alloc, .format = CFK_DELTA_CFD, .level = job->level
    };
    struct cfk_delta_decode_options d = { .size = sizeof d, .alloc = alloc };
    void *patch;
    void *out = NULL;
    size_t patch_size;
    size_t size;
    int rc = cfk_delta_encode(s->ref, s->new, s->new_size, &e, &patch, &patch_size, NULL);

    if (rc == CFK_OK)
        rc = cfk_delta_decode(s->ref, patch, patch_size, &d, &out, &size, NULL);
    cfk_free(alloc, patch);
    cfk_free(alloc, out);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    struct sample s;
    struct job job = { &s, 5 };

    sample_make(&s, 800, 4, CFK_DELTA_CFD);
    fault_sweep(encode_and_decode, &job, 12);
    job.level = 9;
    fault_sweep(encode_and_decode, &job, 12);
    sample_free(&s);
}
END_TEST

/* Real pages: smaller than the best other encoder's patches (31,382 bytes). */
START_TEST(pages_take_few_bytes)
{
    const char *data = unit_data("delta/web");
    char folder[2048];
    struct dirent *entry;
    size_t total = 0;
    DIR *dir;

    if (data == NULL)
        return;
    snprintf(folder, sizeof folder, "%s", data);
    dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        uint8_t *old;
        uint8_t *new;
        size_t old_size;
        size_t new_size;
        cfk_delta_ref *ref;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/old", folder, entry->d_name);
        old = unit_read_file(path, &old_size);
        snprintf(path, sizeof path, "%s/%s/new", folder, entry->d_name);
        new = unit_read_file(path, &new_size);
        ref = make_ref(old, old_size);
        total += round_trip(ref, new, new_size, CFK_DELTA_CFD, 5);
        cfk_delta_ref_free(ref);
        free(old);
        free(new);
    }
    closedir(dir);
    ck_assert_uint_gt(total, 0);
    ck_assert_uint_le(total, 24000);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_level_round_trips,
        data_of_any_kind_round_trips,
        an_identical_file_takes_a_header,
        the_header_is_as_short_as_its_size_allows,
        a_header_that_is_wrong_is_told,
        a_wrong_reference_is_named_first,
        a_patch_cut_anywhere_or_too_long_is_corrupt,
        no_changed_bit_gives_wrong_bytes,
        pieces_of_any_size_give_the_same,
        limits_hold_from_both_sides,
        a_bomb_is_refused_before_it_is_fed,
        a_mixed_body_stands_for_64_mib_at_most,
        a_binary_body_stands_for_512_mib_at_most,
        info_tells_what_the_header_has,
        every_allocation_may_fail,
        pages_take_few_bytes,
        NULL,
    };
    Suite *suite = suite_create("delta/cfd");

    suite_add_tcase(suite, unit_case("cfd", tests));
    return suite;
}
