/* SPDX-License-Identifier: MIT */
/* VCDIFF byte by byte: patches made by hand, and what is wrong with others. */
#include "common.h"
#include "delta/vcdiff.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "d6c3c40000"

static const char old_text[] = "abcdefghijklmnop";

/* A patch against old_text becomes this, whole and (unless whole_only) in pieces. */
static void becomes(const char *hex, const char *text, bool whole_only)
{
    cfk_delta_ref *ref = make_ref(old_text, 16);
    struct cfk_error err = { 0 };
    size_t size;
    uint8_t *patch = unit_hex(hex, &size);
    uint8_t room[256];
    void *out;
    size_t out_size;
    int rc = cfk_delta_decode(ref, patch, size, NULL, &out, &out_size, &err);

    ck_assert_msg(rc == CFK_OK, "%s: %s", hex, err.message);
    ck_assert_uint_eq(out_size, strlen(text));
    ck_assert_int_eq(memcmp(out, text, out_size), 0);
    cfk_free(NULL, out);
    rc = stream_decode(ref, patch, size, NULL, 3, 5, room, sizeof room, &out_size, &err);
    ck_assert_int_eq(rc, whole_only ? CFK_E_NOTSUP : CFK_OK);
    if (!whole_only)
        ck_assert_int_eq(memcmp(room, text, out_size), 0);
    free(patch);
    cfk_delta_ref_free(ref);
}

/* Whole and in pieces the same code; the message of the first has these words. */
static void fails(const char *hex, int code, const char *words)
{
    cfk_delta_ref *ref = make_ref(old_text, 16);
    struct cfk_error err = { 0 };
    size_t size;
    uint8_t *patch = unit_hex(hex, &size);
    uint8_t room[256];
    size_t out_size;

    unit_expect_error(decode_code(ref, patch, size, NULL, &err), code, &err, words);
    ck_assert_uint_le(err.offset, size);
    ck_assert_int_eq(
        stream_decode(ref, patch, size, NULL, 1, 7, room, sizeof room, &out_size, NULL),
        code);
    free(patch);
    cfk_delta_ref_free(ref);
}

/* RFC 3284, section 3: COPY 4 0, ADD wxyz, COPY 4 4, COPY 12 24 (into itself), RUN 4 z.
 */
START_TEST(the_example_of_the_rfc)
{
    becomes(HEADER "011000"
                   "13"
                   "1c00050603"
                   "7778797a7a"
                   "140514"
                   "1c0004"
                   "000418",
            "abcdwxyzefghefghefghefghzzzz", false);
}
END_TEST

START_TEST(two_instructions_in_one_code)
{
    /* ADD 4 and COPY 4 in one; COPY 12 from 4 before here */
    becomes(HEADER "011000"
                   "12"
                   "1c00050503"
                   "7778797a7a"
                   "14ac2c0004"
                   "000404",
            "abcdwxyzefghefghefghefghzzzz", false);
}
END_TEST

START_TEST(near_and_same_addresses)
{
    /* COPY 4 at 8; near 0 plus 1; the same as 9; COPY 4 of mode 6 then ADD 1 */
    becomes(HEADER "011000"
                   "0c"
                   "0d00010303"
                   "7a"
                   "1434fd"
                   "080109",
            "ijkljklmjklmz", false);
}
END_TEST

START_TEST(windows_of_the_new_version_itself)
{
    /* ADD xyxyx; COPY 6 from the third of the four bytes at 1, on into itself */
    becomes(HEADER "00"
                   "0b"
                   "0500050100"
                   "7879787978"
                   "06"
                   "020401"
                   "08"
                   "0600000201"
                   "1306"
                   "02",
            "xyxyxyxyxyx", true);
}
END_TEST

START_TEST(an_application_header_is_skipped)
{
    becomes("d6c3c40004"
            "0561622f2f63"
            "00"
            "07"
            "0100010100"
            "41"
            "02",
            "A", false);
    /* the number of a compressor that no window uses */
    becomes("d6c3c40001"
            "02"
            "00"
            "07"
            "0100010100"
            "41"
            "02",
            "A", false);
}
END_TEST

START_TEST(the_stated_size_is_kept)
{
    /* "cfkit:2" */
    becomes("d6c3c40004"
            "0763666b69743a32"
            "00"
            "08"
            "0200020100"
            "4142"
            "03",
            "AB", false);
    fails("d6c3c40004"
          "0763666b69743a33"
          "00"
          "08"
          "0200020100"
          "4142"
          "03",
          CFK_E_CORRUPT, "ends too early");
    fails("d6c3c40004"
          "0763666b69743a31"
          "00"
          "08"
          "0200020100"
          "4142"
          "03",
          CFK_E_CORRUPT, "claims to become 1 bytes");
}
END_TEST

START_TEST(what_is_not_supported_is_named)
{
    fails("d6c3c45300", CFK_E_NOTSUP, "version 83 (SDCH)");
    fails("d6c3c40002", CFK_E_NOTSUP, "code table");
    fails("d6c3c40001020007010101010041"
          "02",
          CFK_E_NOTSUP, "secondary compression");
}
END_TEST

START_TEST(wrong_headers)
{
    fails("d6c3c40008", CFK_E_CORRUPT, "header indicator 8");
    fails("d6c3c400", CFK_E_CORRUPT, "ends too early");
    fails(HEADER, CFK_E_CORRUPT, "ends too early, after 5");
    fails(HEADER "08", CFK_E_CORRUPT, "indicator 8");
    fails(HEADER "03", CFK_E_CORRUPT, "indicator 3");
    fails(HEADER "01ffffffffffffffffffff7f00", CFK_E_CORRUPT, "more than 64 bits");
    fails(HEADER "0006010001020041", CFK_E_CORRUPT, "other sizes");
    fails(HEADER "0002010001010041", CFK_E_CORRUPT, "other sizes");
    /* 2^63 bytes of data, and of instructions: together nothing */
    fails(HEADER "001701008180808080808080800081808080808080808000"
                 "00",
          CFK_E_CORRUPT, "other sizes");
}
END_TEST

START_TEST(segments_outside)
{
    /* 17 of 16 bytes; 16 at 1; one at 2^64 - 1; two of one byte of the new version */
    fails(HEADER "01110007010001010041"
                 "02",
          CFK_E_CORRUPT, "17 bytes at 0 of 16");
    fails(HEADER "01100107010001010041"
                 "02",
          CFK_E_CORRUPT, "16 bytes at 1 of 16");
    fails(HEADER "010181ffffffffffffffff7f07010001010041"
                 "02",
          CFK_E_CORRUPT, "another reference");
}
END_TEST

START_TEST(segments_outside_the_new_version)
{
    cfk_delta_ref *ref = make_ref(old_text, 16);
    struct cfk_error err = { 0 };
    size_t size;
    uint8_t *patch = unit_hex(HEADER "0007010001010041"
                                     "02"
                                     "020200070100010100"
                                     "4102",
                              &size);

    unit_expect_error(decode_code(ref, patch, size, NULL, &err), CFK_E_CORRUPT, &err,
                      "2 bytes at 0 of 1");
    ck_assert_uint_eq(err.offset, 14);
    free(patch);
    cfk_delta_ref_free(ref);
}
END_TEST

/* One window without a checksum, whose sections do not make its bytes. */
static void cannot_make(const char *source, const char *sizes, const char *sections)
{
    char patch[128];

    snprintf(patch, sizeof patch, HEADER "%s%s%s", source, sizes, sections);
    fails(patch, CFK_E_CORRUPT, "do not make");
}

START_TEST(wrong_copies)
{
    /* an address at here; HERE beyond the start; no address; NEAR over 64 bits */
    cannot_make("011000", "070400000101", "1410");
    cannot_make("011000", "070400000101", "2411");
    cannot_make("011000", "060400000100", "14");
    cannot_make("011000", "12080000020b", "14340481ffffffffffffffff7f");
}
END_TEST

START_TEST(wrong_additions_and_runs)
{
    /* too few bytes to add; more than the window; fewer; data left */
    cannot_make("00", "070200010100", "4103");
    cannot_make("00", "080100020100", "414203");
    cannot_make("00", "070200010100", "4102");
    cannot_make("00", "080100020100", "414202");
    /* a run without its byte; an integer that ends with its section */
    cannot_make("00", "070200000200", "0002");
    cannot_make("00", "070200000200", "0182");
}
END_TEST

START_TEST(a_wrong_checksum)
{
    becomes(HEADER "04"
                   "0b"
                   "0100010100"
                   "00420042"
                   "41"
                   "02",
            "A", false);
    fails(HEADER "04"
                 "0b"
                 "0100010100"
                 "00420043"
                 "41"
                 "02",
          CFK_E_CORRUPT, "checksum");
}
END_TEST

START_TEST(the_default_code_table)
{
    static const struct {
        unsigned code;
        struct cfk__vcdiff_code wanted;
    } samples[] = {
        { 0, { { { CFK__VCDIFF_RUN, 0, 0 } } } },
        { 1, { { { CFK__VCDIFF_ADD, 0, 0 } } } },
        { 18, { { { CFK__VCDIFF_ADD, 17, 0 } } } },
        { 19, { { { CFK__VCDIFF_COPY, 0, 0 } } } },
        { 34, { { { CFK__VCDIFF_COPY, 18, 0 } } } },
        { 35, { { { CFK__VCDIFF_COPY, 0, 1 } } } },
        { 162, { { { CFK__VCDIFF_COPY, 18, 8 } } } },
        { 163, { { { CFK__VCDIFF_ADD, 1, 0 }, { CFK__VCDIFF_COPY, 4, 0 } } } },
        { 234, { { { CFK__VCDIFF_ADD, 4, 0 }, { CFK__VCDIFF_COPY, 6, 5 } } } },
        { 235, { { { CFK__VCDIFF_ADD, 1, 0 }, { CFK__VCDIFF_COPY, 4, 6 } } } },
        { 246, { { { CFK__VCDIFF_ADD, 4, 0 }, { CFK__VCDIFF_COPY, 4, 8 } } } },
        { 247, { { { CFK__VCDIFF_COPY, 4, 0 }, { CFK__VCDIFF_ADD, 1, 0 } } } },
        { 255, { { { CFK__VCDIFF_COPY, 4, 8 }, { CFK__VCDIFF_ADD, 1, 0 } } } },
    };
    struct cfk__vcdiff_code table[256];

    cfk__vcdiff_table(table);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        ck_assert_msg(
            memcmp(&table[samples[i].code], &samples[i].wanted, sizeof table[0]) == 0,
            "code %u", samples[i].code);
}
END_TEST

START_TEST(integers)
{
    static const uint64_t values[] = { 0,     1,         127,        128,       16383,
                                       16384, 123456789, UINT32_MAX, UINT64_MAX };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[16];
        struct cfk__writer w;
        struct cfk__reader r;
        uint64_t value;

        cfk__writer_init(&w, bytes, sizeof bytes);
        cfk__vcdiff_write_integer(&w, values[i]);
        ck_assert_uint_eq(cfk__writer_size(&w), cfk__vcdiff_integer_size(values[i]));
        cfk__reader_init(&r, bytes, cfk__writer_size(&w));
        ck_assert_int_eq(cfk__vcdiff_read_integer(&r, &value), CFK_OK);
        ck_assert_uint_eq(value, values[i]);
        cfk__reader_init(&r, bytes, cfk__writer_size(&w) - 1);
        ck_assert_int_eq(cfk__vcdiff_read_integer(&r, &value), CFK_E_AGAIN);
    }
}
END_TEST

START_TEST(adler32_of_known_bytes)
{
    uint8_t ones[100000];

    ck_assert_uint_eq(cfk__adler32("", 0), 1);
    ck_assert_uint_eq(cfk__adler32("Wikipedia", 9), 0x11e60398);
    memset(ones, 255, sizeof ones); /* zlib's answer */
    ck_assert_uint_eq(cfk__adler32(ones, sizeof ones), 0x149a302c);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_example_of_the_rfc,
        two_instructions_in_one_code,
        near_and_same_addresses,
        windows_of_the_new_version_itself,
        an_application_header_is_skipped,
        the_stated_size_is_kept,
        what_is_not_supported_is_named,
        wrong_headers,
        segments_outside,
        segments_outside_the_new_version,
        wrong_copies,
        wrong_additions_and_runs,
        a_wrong_checksum,
        the_default_code_table,
        integers,
        adler32_of_known_bytes,
        NULL,
    };
    Suite *suite = suite_create("delta/vcdiff_format");

    suite_add_tcase(suite, unit_case("vcdiff_format", tests));
    return suite;
}
