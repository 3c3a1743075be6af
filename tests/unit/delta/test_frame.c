/* SPDX-License-Identifier: MIT */
#include "delta/frame.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static int header_of(const char *hex, struct cfk__frame *frame, size_t *used,
                     struct cfk_error *err)
{
    size_t size;
    uint8_t *data = unit_hex(hex, &size);
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, data, size);
    rc = cfk__frame_header(&r, frame, err);
    *used = cfk__reader_offset(&r);
    free(data);
    return rc;
}

START_TEST(every_form_of_header_is_read)
{
    static const struct {
        const char *hex;
        uint64_t window;
        uint64_t content_size;
        uint32_t dict_id;
        bool checksum;
    } cases[] = {
        /* one segment; the content size in 1, 2, 4 and 8 bytes */
        { "28b52ffd2005", 5, 5, 0, false },
        { "28b52ffd2405", 5, 5, 0, true },
        { "28b52ffd600100", 257, 257, 0, false },
        { "28b52ffda001000100", 65537, 65537, 0, false },
        { "28b52ffde00000000000000010", UINT64_C(1) << 60, UINT64_C(1) << 60, 0, false },
        /* a window; no content size, or one of 2 bytes */
        { "28b52ffd0000", 1024, CFK__FRAME_SIZE_UNKNOWN, 0, false },
        { "28b52ffd0001", 1024 + 128, CFK__FRAME_SIZE_UNKNOWN, 0, false },
        { "28b52ffd0488", UINT64_C(1) << 27, CFK__FRAME_SIZE_UNKNOWN, 0, true },
        { "28b52ffd00ff", (UINT64_C(1) << 41) / 8 * 15, CFK__FRAME_SIZE_UNKNOWN, 0,
          false },
        { "28b52ffd40000100", 1024, 257, 0, false },
        /* the unused bit is ignored; dictionary identifiers of 1, 2 and 4 bytes */
        { "28b52ffd3005", 5, 5, 0, false },
        { "28b52ffd217705", 5, 5, 0x77, false },
        { "28b52ffd22778805", 5, 5, 0x8877, false },
        { "28b52ffd237788990105", 5, 5, 0x01998877, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cfk__frame frame;
        size_t used;

        ck_assert_int_eq(header_of(cases[i].hex, &frame, &used, NULL), CFK_OK);
        ck_assert_uint_eq(used, strlen(cases[i].hex) / 2);
        ck_assert_uint_eq(frame.window, cases[i].window);
        ck_assert_uint_eq(frame.content_size, cases[i].content_size);
        ck_assert_uint_eq(frame.dict_id, cases[i].dict_id);
        ck_assert_int_eq(frame.checksum, cases[i].checksum);
    }
}
END_TEST

START_TEST(a_header_cut_anywhere_asks_for_more)
{
    static const char longest[] = "28b52ffdc3887788990100000000000000";
    char cut[sizeof longest];

    for (size_t len = 0; len <= strlen(longest); len += 2) {
        struct cfk__frame frame;
        size_t used;

        memcpy(cut, longest, len);
        cut[len] = '\0';
        ck_assert_int_eq(header_of(cut, &frame, &used, NULL), CFK_E_AGAIN);
        ck_assert_uint_eq(used, 0);
    }
}
END_TEST

START_TEST(what_is_no_frame_is_told_apart)
{
    struct cfk__frame frame;
    struct cfk_error err;
    size_t used;

    unit_expect_error(header_of("28b52ffc00000000", &frame, &used, &err), CFK_E_NOTSUP,
                      &err, "not a dcz");
    unit_expect_error(header_of("502a4d1800000000", &frame, &used, &err), CFK_E_NOTSUP,
                      &err, "skippable");
    unit_expect_error(header_of("5f2a4d1800000000", &frame, &used, &err), CFK_E_NOTSUP,
                      &err, "skippable");
    unit_expect_error(header_of("28b52ffd28050000", &frame, &used, &err), CFK_E_CORRUPT,
                      &err, "reserved");
    ck_assert_uint_eq(used, 0);
}
END_TEST

static int blocks_of(const char *hex, uint64_t window, bool checksum, uint64_t *most,
                     size_t *left, struct cfk_error *err)
{
    const struct cfk__frame frame = { .window = window, .checksum = checksum };
    size_t size;
    uint8_t *data = unit_hex(hex, &size);
    struct cfk__reader r;
    int rc;

    cfk__reader_init(&r, data, size);
    rc = cfk__frame_blocks(&r, &frame, most, err);
    *left = cfk__reader_left(&r);
    free(data);
    return rc;
}

START_TEST(blocks_are_walked_to_the_end_of_the_frame)
{
    uint64_t most;
    size_t left;

    /* raw, 2 bytes */
    ck_assert_int_eq(blocks_of("110000abcd", 1024, false, &most, &left, NULL), CFK_OK);
    ck_assert_uint_eq(most, 2);
    ck_assert_uint_eq(left, 0);
    /* run of 1000, then raw of none, then a checksum, then two bytes of others */
    ck_assert_int_eq(
        blocks_of("421f00ab010000112233447777", 1024, true, &most, &left, NULL), CFK_OK);
    ck_assert_uint_eq(most, 1000);
    ck_assert_uint_eq(left, 2);
    /* compressed, 3 bytes */
    ck_assert_int_eq(blocks_of("1d0000aabbcc", 4096, false, &most, &left, NULL), CFK_OK);
    ck_assert_uint_eq(most, 4096);
    ck_assert_int_eq(
        blocks_of("1d0000aabbcc", UINT64_C(1) << 30, false, &most, &left, NULL), CFK_OK);
    ck_assert_uint_eq(most, 128 * 1024);
}
END_TEST

START_TEST(broken_rows_of_blocks_are_found_and_placed)
{
    struct cfk_error err;
    uint64_t most;
    size_t left;

    unit_expect_error(blocks_of("", 1024, false, &most, &left, &err), CFK_E_CORRUPT, &err,
                      "before its last block");
    unit_expect_error(blocks_of("100000abcd1100", 1024, false, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "before its last block");
    ck_assert_uint_eq(err.offset, 5);
    unit_expect_error(blocks_of("110000ab", 1024, false, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "ends in a block");
    unit_expect_error(blocks_of("431f00", 1024, false, &most, &left, &err), CFK_E_CORRUPT,
                      &err, "ends in a block");
    unit_expect_error(blocks_of("170000abcd", 1024, false, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "no known type");
    unit_expect_error(blocks_of("110000abcd112233", 1024, true, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "checksum");
    /* a run of 1024 bytes in a window of 1024, and of one more */
    ck_assert_int_eq(blocks_of("032000ab", 1024, false, &most, &left, NULL), CFK_OK);
    unit_expect_error(blocks_of("0b2000ab", 1024, false, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "1024 at most");
    ck_assert_int_eq(blocks_of("030010ab", 1 << 20, false, &most, &left, NULL), CFK_OK);
    unit_expect_error(blocks_of("0b0010ab", 1 << 20, false, &most, &left, &err),
                      CFK_E_CORRUPT, &err, "131072 at most");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_form_of_header_is_read,
        a_header_cut_anywhere_asks_for_more,
        what_is_no_frame_is_told_apart,
        blocks_are_walked_to_the_end_of_the_frame,
        broken_rows_of_blocks_are_found_and_placed,
        NULL,
    };
    Suite *suite = suite_create("delta/frame");

    suite_add_tcase(suite, unit_case("frame", tests));
    return suite;
}
