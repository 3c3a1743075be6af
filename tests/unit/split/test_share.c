/* SPDX-License-Identifier: MIT */
#include "gen.h"
#include "set_of.h"
#include "split/rows.h"

#include <ctype.h>
#include <stdio.h>

static const char *const holders[] = { "alice", "bob", "carol" };

static struct shares three(const char *label)
{
    struct cfk_split_options opts = { .size = sizeof opts };

    opts.holders = holders;
    opts.label = label;
    return shares_of(&opts, "open sesame", 11, 3);
}

static int check(const char *text, size_t len, struct cfk_split_share_info *info)
{
    struct cfk_split_share_info ignored = { .size = sizeof ignored };

    return cfk_split_share_check(text, len, info != NULL ? info : &ignored, NULL);
}

START_TEST(rows_give_every_length_back)
{
    struct gen g;

    gen_seed(&g, 4);
    for (size_t size = 1; size < 130; size++) {
        uint8_t data[130], back[130];
        char text[400];
        struct cfk__rows_result result;

        gen_bytes(&g, data, size);
        ck_assert_uint_le(cfk__rows_text_size(size), sizeof text);
        cfk__rows_write((struct cfk__span){ data, size }, text);
        result = cfk__rows_read(text, cfk__rows_text_size(size), back, sizeof back);
        ck_assert_int_eq(result.fault, CFK__ROWS_FINE);
        ck_assert_uint_eq(result.size, size);
        ck_assert_mem_eq(back, data, size);
        ck_assert_int_eq(
            cfk__rows_read(text, cfk__rows_text_size(size), back, size - 1).fault,
            CFK__ROWS_LENGTH);
    }
}
END_TEST

/* Every single character wrong, and every two neighbours swapped: always seen, in its
 * row. */
START_TEST(a_slip_is_found_in_its_row)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint8_t data[100], back[100];
    char text[300];
    size_t len = cfk__rows_text_size(sizeof data);
    uint32_t row = 1;

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37);
    cfk__rows_write((struct cfk__span){ data, sizeof data }, text);
    for (size_t i = 4; i < len; i++) {
        char right = text[i];
        struct cfk__rows_result result;

        if (right == '\n')
            row++;
        if (right == ' ' || right == '\n')
            continue;
        for (const char *wrong = alphabet; *wrong != '\0'; wrong++) {
            text[i] = *wrong;
            result = cfk__rows_read(text, len, back, sizeof back);
            ck_assert_int_eq(result.fault,
                             *wrong == right ? CFK__ROWS_FINE : CFK__ROWS_CHECKED);
            if (*wrong != right)
                ck_assert_uint_eq(result.row, row);
        }
        text[i] = right;
        if (isalnum((unsigned char)text[i + 1]) && text[i + 1] != right) {
            text[i] = text[i + 1];
            text[i + 1] = right;
            result = cfk__rows_read(text, len, back, sizeof back);
            ck_assert_int_eq(result.fault, CFK__ROWS_CHECKED);
            ck_assert_uint_eq(result.row, row);
            text[i + 1] = text[i];
            text[i] = right;
        }
    }
    ck_assert_uint_eq(row, 6);
}
END_TEST

START_TEST(a_share_says_what_it_is)
{
    struct cfk_split_share_info info = { .size = sizeof info };
    struct shares s = three("prod CA");

    ck_assert_int_eq(check(s.text[1], s.len[1], &info), CFK_OK);
    ck_assert_uint_eq(info.x, 2);
    ck_assert_uint_eq(info.threshold, 2);
    ck_assert_uint_eq(info.count, 3);
    ck_assert_uint_eq(info.generation, 1);
    ck_assert_uint_eq(info.has_secret, 1);
    ck_assert_uint_eq(info.row, 0);
    ck_assert_str_eq(info.holder, "bob");
    ck_assert_str_eq(info.label, "prod CA");
    ck_assert_ptr_nonnull(strstr(
        s.text[1], "share 2 of 3, 2 needed\nholder: bob\nlabel: prod CA\n\ncfs1 "));
    ck_assert_int_eq(s.text[1][s.len[1] - 1], '\n');
    ck_assert_uint_eq(strlen(s.text[1]), s.len[1]);
    shares_free(&s);
}
END_TEST

/* The same bytes of text with the code's letters in upper case. */
static void to_upper(char *code)
{
    for (; *code != '\0'; code++)
        *code = (char)toupper((unsigned char)*code);
}

START_TEST(a_share_may_be_copied_in_other_ways)
{
    struct shares s = three(NULL);
    char *code = strstr(s.text[0], "cfs1");
    char copy[4096];
    size_t used = 0;

    ck_assert_int_eq(check(code, strlen(code), NULL), CFK_OK); /* no header */
    for (const char *p = code; *p != '\0'; p++)                /* one long line */
        if (*p != '\n' && *p != ' ')
            copy[used++] = *p;
    ck_assert_int_eq(check(copy, used, NULL), CFK_OK);
    used = (size_t)snprintf(copy, sizeof copy, "\xef\xbb\xbf# in safe 3\r\n\r\n");
    for (const char *p = s.text[0]; *p != '\0';
         p++) { /* CRLF, notes, a byte order mark */
        if (*p == '\n')
            copy[used++] = '\r';
        copy[used++] = *p;
    }
    ck_assert_int_eq(check(copy, used, NULL), CFK_OK);
    to_upper(code);
    ck_assert_int_eq(check(s.text[0], s.len[0], NULL), CFK_OK);
    for (char *p = code + 4; *p != '\0'; p++) /* letters that look like digits */
        *p = *p == '0' ? 'O' : *p == '1' ? 'I' : *p;
    ck_assert_int_eq(check(s.text[0], s.len[0], NULL), CFK_OK);
    shares_free(&s);
}
END_TEST

START_TEST(upper_and_lower_case_do_not_mix)
{
    struct shares s = three(NULL);
    char *code = strstr(s.text[0], "cfs1");
    struct cfk_split_share_info info = { .size = sizeof info };
    struct cfk_error err;
    size_t at = 80;

    while (!islower((unsigned char)code[at]))
        at++;
    code[at] = (char)toupper((unsigned char)code[at]);
    unit_expect_error(cfk_split_share_check(s.text[0], s.len[0], &info, &err),
                      CFK_E_SHARE, &err, "row 2 of the share mixes");
    ck_assert_uint_eq(info.row, 2);
    shares_free(&s);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
    struct shares s = three("x");

    for (size_t bit = 0; bit < 8 * s.len[0]; bit++) {
        int rc;

        s.text[0][bit / 8] ^= (char)(1 << bit % 8);
        rc = check(s.text[0], s.len[0], NULL);
        s.text[0][bit / 8] ^= (char)(1 << bit % 8);
        ck_assert_msg(rc == CFK_E_SHARE || rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP,
                      "bit %zu: %s", bit, cfk_error_name(rc));
    }
    shares_free(&s);
}
END_TEST

START_TEST(every_cut_is_refused)
{
    struct shares s = three("x");

    for (size_t len = 0; len + 1 < s.len[0]; len++) { /* the last newline is no loss */
        char *cut = malloc(len + 1);
        int rc;

        memcpy(cut, s.text[0], len);
        rc = check(cut, len, NULL);
        ck_assert_msg(rc == CFK_E_SHARE || rc == CFK_E_CORRUPT, "%zu bytes: %s", len,
                      cfk_error_name(rc));
        free(cut);
    }
    ck_assert_int_eq(check(s.text[0], s.len[0] - 1, NULL), CFK_OK);
    shares_free(&s);
}
END_TEST

START_TEST(rows_cannot_be_left_out_doubled_or_swapped)
{
    struct shares s = three(NULL);
    char *rows[64], text[4096], *at = strstr(s.text[0], "cfs1");
    unsigned count = 0;

    for (; *at != '\0'; at = strchr(at, '\n') + 1)
        rows[count++] = at;
    rows[count] = at;
    for (unsigned i = 1; i + 1 < count; i++) {
        size_t before = (size_t)(rows[i] - rows[0]);
        size_t row = (size_t)(rows[i + 1] - rows[i]);
        size_t after = (size_t)(rows[count] - rows[i]);

        memcpy(text, rows[0], before + row); /* doubled */
        memcpy(text + before + row, rows[i], after);
        ck_assert_int_ne(check(text, before + row + after, NULL), CFK_OK);
        memcpy(text + before, rows[i + 1], after - row); /* left out */
        ck_assert_int_ne(check(text, before + after - row, NULL), CFK_OK);
        if (i + 2 >= count)
            continue;
        memcpy(text + before, rows[i + 1], row); /* swapped with the next */
        memcpy(text + before + row, rows[i], row);
        memcpy(text + before + 2 * row, rows[i + 2], after - 2 * row);
        ck_assert_int_eq(check(text, before + after, NULL), CFK_E_SHARE);
    }
    shares_free(&s);
}
END_TEST

static void change_y(struct cfk__share *share)
{
    share->y[31] ^= 1;
}

static void change_root(struct cfk__share *share)
{
    share->root[0] ^= 1;
}

static void change_proof(struct cfk__share *share)
{
    share->proof[127] ^= 0x80;
}

static void change_x(struct cfk__share *share)
{
    share->x = 4;
}

static void change_threshold(struct cfk__share *share)
{
    share->threshold = 3;
}

static void change_generation(struct cfk__share *share)
{
    share->generation = 2;
}

static void change_set(struct cfk__share *share)
{
    share->set_id[0] ^= 1;
}

static void change_payload(struct cfk__share *share)
{
    share->payload[60] ^= 1;
}

START_TEST(a_forged_share_is_known_alone)
{
    static void (*const changes[])(struct cfk__share *) = {
        change_y,         change_root,       change_proof, change_x,
        change_threshold, change_generation, change_set,   change_payload,
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct shares s = three(NULL);
        struct cfk_error err;

        forge(&s.text[1], &s.len[1], changes[i]);
        unit_expect_error(cfk_split_share_check(s.text[1], s.len[1], NULL, &err),
                          CFK_E_SHARE, &err, "of bob is forged");
        shares_free(&s);
    }
}
END_TEST

static void impossible_x(struct cfk__share *share)
{
    share->x = 0;
}

static void impossible_threshold(struct cfk__share *share)
{
    share->threshold = 1;
}

static void threshold_over_count(struct cfk__share *share)
{
    share->threshold = 4;
}

static void generation_zero(struct cfk__share *share)
{
    share->generation = 0;
}

static void control_character(struct cfk__share *share)
{
    strcpy(share->holder, "b\033b");
}

static void no_utf8(struct cfk__share *share)
{
    strcpy(share->label, "\xc3(");
}

START_TEST(a_share_that_contradicts_itself_is_corrupt)
{
    static void (*const changes[])(struct cfk__share *) = {
        impossible_x,    impossible_threshold, threshold_over_count,
        generation_zero, control_character,    no_utf8,
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct shares s = three(NULL);
        struct cfk_error err;

        forge(&s.text[1], &s.len[1], changes[i]);
        unit_expect_error(cfk_split_share_check(s.text[1], s.len[1], NULL, &err),
                          CFK_E_CORRUPT, &err, "contradicts itself");
        shares_free(&s);
    }
}
END_TEST

START_TEST(the_lines_above_must_say_what_the_code_says)
{
    struct shares s = three("label");
    char *holder = strstr(s.text[1], "bob");
    struct cfk_error err;

    memcpy(holder, "rob", 3);
    unit_expect_error(cfk_split_share_check(s.text[1], s.len[1], NULL, &err), CFK_E_SHARE,
                      &err, "lines above the code");
    memcpy(holder, "bob", 3);
    s.text[1][0] = '\n'; /* a line that is another */
    ck_assert_int_eq(check(s.text[1], s.len[1], NULL), CFK_E_SHARE);
    shares_free(&s);
}
END_TEST

START_TEST(what_is_no_share_is_said_to_be_none)
{
    struct cfk_split_share_info wrong = { .size = 3 };
    static char large[CFK_SPLIT_MAX_SHARE_TEXT + 1];
    struct cfk_error err;

    unit_expect_error(cfk_split_share_check("hello\n", 6, NULL, &err), CFK_E_CORRUPT,
                      &err, "not a share");
    unit_expect_error(cfk_split_share_check(NULL, 0, NULL, &err), CFK_E_CORRUPT, &err,
                      "not a share");
    unit_expect_error(cfk_split_share_check("cfs1", 4, NULL, &err), CFK_E_CORRUPT, &err,
                      "cut short");
    unit_expect_error(cfk_split_share_check("cfs1 0", 6, NULL, &err), CFK_E_CORRUPT, &err,
                      "number of characters");
    unit_expect_error(cfk_split_share_check("cfs1 \xd0\xb0\xd0\xb0", 9, NULL, &err),
                      CFK_E_SHARE, &err, "row 1");
    unit_expect_error(cfk_split_share_check("x", 1, &wrong, &err), CFK_E_INVALID, &err,
                      "size");
    memset(large, ' ', sizeof large);
    unit_expect_error(cfk_split_share_check(large, sizeof large, NULL, &err), CFK_E_LIMIT,
                      &err, "no share");
    unit_expect_error(cfk_split_share_check(large, sizeof large - 1, NULL, &err),
                      CFK_E_CORRUPT, &err, "not a share");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        rows_give_every_length_back,
        a_slip_is_found_in_its_row,
        a_share_says_what_it_is,
        a_share_may_be_copied_in_other_ways,
        upper_and_lower_case_do_not_mix,
        every_flipped_bit_is_refused,
        every_cut_is_refused,
        rows_cannot_be_left_out_doubled_or_swapped,
        a_forged_share_is_known_alone,
        a_share_that_contradicts_itself_is_corrupt,
        the_lines_above_must_say_what_the_code_says,
        what_is_no_share_is_said_to_be_none,
        NULL,
    };
    Suite *s = suite_create("split/share");

    suite_add_tcase(s, unit_case("share", tests));
    return s;
}
