/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "cfkit/words.h"
#include "gen.h"
#include "split/mnemonic.h"
#include "unit.h"
#include "words_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static void add_refused(cfk_words_join *join, const char *text, int code,
                        const char *words)
{
    struct cfk_error err = { 0 };

    unit_expect_error(cfk_words_join_add(join, text, strlen(text), &err), code, &err,
                      words);
}

static void opens(cfk_words_join *join, const char *passphrase, const void *want,
                  size_t want_size)
{
    struct cfk_error err = { 0 };
    const void *got;
    size_t size;
    int rc = cfk_words_join_open(join, passphrase, strlen(passphrase), &got, &size, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    ck_assert_uint_eq(size, want_size);
    ck_assert_mem_eq(got, want, size);
}

static void open_refused(cfk_words_join *join, int code, const char *words)
{
    struct cfk_error err = { 0 };
    const void *got = &err;
    size_t size = 1;

    unit_expect_error(cfk_words_join_open(join, NULL, 0, &got, &size, &err), code, &err,
                      words);
    ck_assert_ptr_null(got);
    ck_assert_uint_eq(size, 0);
}

/* Word number place, from 1, replaced. On the heap. */
static char *replaced(const char *text, unsigned place, const char *word)
{
    char *copy = calloc(1, strlen(text) + strlen(word) + 2);
    const char *start = text;
    const char *rest;

    for (unsigned i = 1; i < place; i++)
        start = strchr(start, ' ') + 1;
    rest = strchr(start, ' ');
    sprintf(copy, "%.*s%s%s", (int)(start - text), text, word, rest != NULL ? rest : "");
    return copy;
}

START_TEST(the_list_is_that_of_slip_39)
{
    static const char *const want =
        "bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3";
    struct cfk__hash_ctx *ctx;
    uint8_t digest[32];
    char hex[65];

    ck_assert_int_eq(cfk__hash_new(CFK__SHA256, &ctx, NULL), CFK_OK);
    for (uint32_t i = 0; i < CFK__WORD_COUNT; i++) {
        char word[CFK__WORD_MAX + 1] = "";
        uint32_t found;

        cfk__word_text(i, word);
        cfk__hash_update(ctx, word, strlen(word), NULL);
        cfk__hash_update(ctx, "\n", 1, NULL);
        for (size_t size = CFK__WORD_MIN; size <= strlen(word); size++) {
            ck_assert(cfk__word_find(word, size, &found));
            ck_assert_uint_eq(found, i);
        }
    }
    cfk__hash_finish(ctx, digest, NULL);
    cfk__hash_free(ctx);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
    ck_assert_str_eq(hex, want);
}
END_TEST

START_TEST(words_that_are_none)
{
    static const char *const none[] = { "",         "aca",       "acid ",
                                        "acadamic", "acidx",     "acne1",
                                        "zzzz",     "academics", "\xff\xff\xff\xff" };
    uint32_t index;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_msg(!cfk__word_find(none[i], strlen(none[i]), &index), "%s", none[i]);
    ck_assert(!cfk__word_find("acid\0\0\0\0", 8, &index));
    ck_assert(cfk__word_find("AcAdEmIc", 8, &index));
    ck_assert_uint_eq(index, 0);
}
END_TEST

START_TEST(two_of_three_is_the_default)
{
    static const unsigned pairs[][2] = { { 0, 1 }, { 2, 0 }, { 1, 2 } };
    cfk_words *words = split(NULL, 32);
    struct cfk_words_info info = { .size = sizeof info };
    const char *text = cfk_words_text(words, 0, 2);

    ck_assert_int_eq(cfk_words_check(text, strlen(text), &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.iterations, 20000);
    ck_assert_uint_eq(info.bound_id, 0);
    ck_assert_uint_eq(info.group, 1);
    ck_assert_uint_eq(info.group_threshold, 1);
    ck_assert_uint_eq(info.group_count, 1);
    ck_assert_uint_eq(info.member, 3);
    ck_assert_uint_eq(info.threshold, 2);
    ck_assert_uint_eq(info.secret_size, 32);
    ck_assert_ptr_null(cfk_words_text(words, 0, 3));
    ck_assert_ptr_null(cfk_words_text(words, 1, 0));
    for (size_t i = 0; i < 3; i++) {
        cfk_words_join *join = join_new();

        ck_assert_int_eq(cfk_words_join_ready(join), 0);
        add(join, cfk_words_text(words, 0, pairs[i][0]));
        ck_assert_int_eq(cfk_words_join_ready(join), 0);
        add(join, cfk_words_text(words, 0, pairs[i][1]));
        ck_assert_int_eq(cfk_words_join_ready(join), 1);
        opens(join, "", secret, 32);
        cfk_words_join_free(join);
    }
    cfk_words_free(words);
    cfk_words_free(NULL);
    cfk_words_join_free(NULL);
}
END_TEST

START_TEST(every_size_and_both_kinds_come_back)
{
    char large[CFK_WORDS_MAX_SECRET];

    memset(large, 0x5a, sizeof large);
    for (size_t size = 16; size <= sizeof large; size += RUNNING_ON_VALGRIND ? 48u
                                                         : size < 32         ? 2u
                                                                             : 16u) {
        for (uint32_t bound = 0; bound < 2; bound++) {
            struct cfk_words_options opts = quick;
            struct cfk_words_info info = { .size = sizeof info };
            cfk_words_join *join = join_new();
            cfk_words *words;

            opts.bound_id = bound;
            ck_assert_int_eq(cfk_words_split(large, size, &opts, &words, NULL), CFK_OK);
            add(join, cfk_words_text(words, 0, 0));
            add(join, cfk_words_text(words, 0, 2));
            opens(join, "", large, size);
            cfk_words_check(cfk_words_text(words, 0, 0),
                            strlen(cfk_words_text(words, 0, 0)), &info, NULL);
            ck_assert_uint_eq(info.bound_id, bound);
            ck_assert_uint_eq(info.secret_size, size);
            cfk_words_join_free(join);
            cfk_words_free(words);
        }
    }
}
END_TEST

START_TEST(groups_of_groups)
{
    static const struct cfk_words_group groups[] = {
        { 1, 1 }, { 2, 3 }, { 3, 5 }, { 16, 16 }
    };
    struct cfk_words_options opts = quick;
    cfk_words_join *join = join_new();
    cfk_words *words;

    opts.groups = groups;
    opts.group_count = 4;
    opts.group_threshold = 2;
    words = split(&opts, 16);
    open_refused(join, CFK_E_NEED_MORE, "no share is there yet");
    add(join, cfk_words_text(words, 2, 4));
    add(join, cfk_words_text(words, 2, 1));
    open_refused(join, CFK_E_NEED_MORE, "0 of 2 groups are complete; group 3 lacks 1");
    add(join, cfk_words_text(words, 2, 0));
    add(join, cfk_words_text(words, 1, 1));
    open_refused(join, CFK_E_NEED_MORE, "1 of 2 groups are complete; group 2 lacks 1");
    for (uint32_t i = 0; i < 16; i++)
        add(join, cfk_words_text(words, 3, i));
    opens(join, "", secret, 16);
    add(join, cfk_words_text(words, 1, 2)); /* more than needed */
    add(join, cfk_words_text(words, 0, 0));
    add(join, cfk_words_text(words, 2, 2));
    opens(join, "", secret, 16);
    cfk_words_join_free(join);
    cfk_words_free(words);
}
END_TEST

START_TEST(each_passphrase_gives_its_own_secret)
{
    struct cfk_words_options opts = quick;
    cfk_words_join *join = join_new();
    char other[16];
    const void *got;
    size_t size;
    cfk_words *words;

    opts.passphrase = "correct horse";
    opts.passphrase_size = 13;
    words = split(&opts, 16);
    add(join, cfk_words_text(words, 0, 0));
    add(join, cfk_words_text(words, 0, 1));
    opens(join, "correct horse", secret, 16);
    ck_assert_int_eq(cfk_words_join_open(join, "wrong", 5, &got, &size, NULL), CFK_OK);
    ck_assert_mem_ne(got, secret, 16);
    memcpy(other, got, 16);
    opens(join, "wrong", other, 16);
    ck_assert_int_eq(cfk_words_join_open(join, NULL, 0, &got, &size, NULL), CFK_OK);
    ck_assert_mem_ne(got, secret, 16);
    cfk_words_join_free(join);
    cfk_words_free(words);
}
END_TEST

START_TEST(words_are_read_as_people_write_them)
{
    cfk_words *words = split(&quick, 16);
    const char *text = cfk_words_text(words, 0, 0);
    char messy[1024] = "\r\n\t ";
    char four[1024] = "";
    char *copy = strdup(text);
    cfk_words_join *join = join_new();

    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        sprintf(four + strlen(four), "%.4s ", word);
        word[0] = (char)(word[0] - 'a' + 'A');
        sprintf(messy + strlen(messy), "%s\r\n", word);
    }
    ck_assert_int_eq(cfk_words_check(four, strlen(four), NULL, NULL), CFK_OK);
    add(join, messy);
    add_refused(join, four, CFK_E_EXISTS, "share 1 of group 1 is there already");
    free(copy);
    cfk_words_join_free(join);
    cfk_words_free(words);
}
END_TEST

START_TEST(a_mistyped_word_is_named)
{
    cfk_words *words = split(&quick, 32);
    const char *text = cfk_words_text(words, 0, 1);
    struct gen g;

    gen_seed(&g, 1024);
    for (unsigned place = 1; place <= 33; place++) {
        for (unsigned round = 0; round < (RUNNING_ON_VALGRIND ? 1u : 8u); round++) {
            struct cfk_words_info info = { .size = sizeof info };
            struct cfk_error err = { 0 };
            char word[CFK__WORD_MAX + 1] = "";
            char message[64];
            char *wrong;

            cfk__word_text((uint32_t)gen_below(&g, CFK__WORD_COUNT), word);
            if (round == 0)
                strcpy(word, "mistake");
            wrong = replaced(text, place, word);
            snprintf(message, sizeof message, "split: word %u is not", place);
            if (strcmp(wrong, text) != 0) {
                unit_expect_error(cfk_words_check(wrong, strlen(wrong), &info, &err),
                                  CFK_E_SHARE, &err, message);
                ck_assert_uint_eq(info.word, place);
                ck_assert_mem_eq(wrong + err.offset, word, strlen(word));
                ck_assert_ptr_null(strstr(err.message, word));
            }
            free(wrong);
        }
    }
    cfk_words_free(words);
}
END_TEST

START_TEST(more_mistakes_are_noticed)
{
    cfk_words *words = split(&quick, 16);
    const char *text = cfk_words_text(words, 0, 0);
    struct cfk_error err = { 0 };
    struct gen g;

    gen_seed(&g, 7);
    for (unsigned round = 0; round < (RUNNING_ON_VALGRIND ? 50u : 2000u); round++) {
        char *wrong = strdup(text);

        for (unsigned i = 0; i < 2 + round % 2; i++) {
            char word[CFK__WORD_MAX + 1] = "";
            char *next;

            cfk__word_text((uint32_t)gen_below(&g, CFK__WORD_COUNT), word);
            next = replaced(wrong, 1 + (unsigned)gen_below(&g, 20), word);
            free(wrong);
            wrong = next;
        }
        if (strcmp(wrong, text) != 0)
            ck_assert_int_eq(cfk_words_check(wrong, strlen(wrong), NULL, &err),
                             CFK_E_SHARE);
        free(wrong);
    }
    cfk_words_free(words);
}
END_TEST

START_TEST(what_is_no_share)
{
    static const struct {
        const char *text;
        int code;
        const char *words;
    } cases[] = {
        { "", CFK_E_CORRUPT, "not a share in words" },
        { "cfs1abcd", CFK_E_CORRUPT, "not a share in words" },
        { "the quick brown fox jumps over the lazy dog", CFK_E_CORRUPT, "not a share" },
        { "academic acid", CFK_E_SHARE, "2 words; a share has 20" },
        { "acid acid acid acid acid acid acid acid acid acid acid acid acid acid acid "
          "acid acid acid acid acid acid",
          CFK_E_SHARE, "21 words" },
        { "acid acid acid acid acid acid acid acid acid acid acid acid acid acid acid "
          "acid acid acid acid acid",
          CFK_E_SHARE, "do not check" },
    };
    char *many = calloc(1, 8192);
    struct cfk_error err;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        unit_expect_error(
            cfk_words_check(cases[i].text, strlen(cases[i].text), NULL, &err),
            cases[i].code, &err, cases[i].words);
    for (unsigned i = 0; i < 60; i++)
        strcat(many, "acid ");
    unit_expect_error(cfk_words_check(many, strlen(many), NULL, &err), CFK_E_CORRUPT,
                      &err, "no more than 59 words");
    memset(many, ' ', CFK_WORDS_MAX_TEXT + 1);
    unit_expect_error(cfk_words_check(many, CFK_WORDS_MAX_TEXT + 1, NULL, &err),
                      CFK_E_LIMIT, &err, "4097 bytes");
    unit_expect_error(cfk_words_check(many, CFK_WORDS_MAX_TEXT, NULL, &err),
                      CFK_E_CORRUPT, &err, "not a share");
    free(many);
}
END_TEST

/* Fields that no share has, under a right checksum. */
START_TEST(impossible_shares_are_refused)
{
    struct cfk__mnemonic share = {
        .group_threshold = 3, .group_count = 2, .threshold = 2, .size = 16
    };
    char text[CFK__MNEMONIC_MAX_TEXT];
    struct cfk_error err;

    cfk__mnemonic_write(&share, text);
    unit_expect_error(cfk_words_check(text, strlen(text), NULL, &err), CFK_E_CORRUPT,
                      &err, "group 1 of 2, of which it takes 3, cannot be");
    share.group_threshold = 2;
    share.group = 2;
    cfk__mnemonic_write(&share, text);
    unit_expect_error(cfk_words_check(text, strlen(text), NULL, &err), CFK_E_CORRUPT,
                      &err, "group 3 of 2");
    share.group = 1;
    cfk__mnemonic_write(&share, text);
    ck_assert_int_eq(cfk_words_check(text, strlen(text), NULL, NULL), CFK_OK);
}
END_TEST

START_TEST(info_may_be_of_another_size)
{
    struct cfk_words_info info = { .size = 1 };
    struct {
        struct cfk_words_info info;
        uint64_t more;
    } newer = { .info = { .size = sizeof newer }, .more = 1 };
    cfk_words *words = split(&quick, 16);
    const char *text = cfk_words_text(words, 0, 0);

    ck_assert_int_eq(cfk_words_check(text, strlen(text), &info, NULL), CFK_E_INVALID);
    ck_assert_int_eq(cfk_words_check(text, strlen(text), &newer.info, NULL), CFK_OK);
    ck_assert_uint_eq(newer.info.size, sizeof newer);
    ck_assert_uint_eq(newer.more, 0);
    cfk_words_free(words);
}
END_TEST

START_TEST(shares_of_other_sets_are_named)
{
    struct cfk_words_options longer = quick;
    cfk_words *one = split(&quick, 16);
    cfk_words *other = split(&quick, 16);
    cfk_words *slower;
    cfk_words_join *join = join_new();
    struct cfk__mnemonic share;
    char text[CFK__MNEMONIC_MAX_TEXT];
    uint32_t word;

    longer.iterations = 40000;
    slower = split(&longer, 16);
    add(join, cfk_words_text(one, 0, 0));
    if (strncmp(cfk_words_text(one, 0, 0), cfk_words_text(other, 0, 0), 8) != 0)
        add_refused(join, cfk_words_text(other, 0, 1), CFK_E_OTHER_SET,
                    "share 2 of group 1 is of another set");
    add_refused(join, cfk_words_text(slower, 0, 1), CFK_E_OTHER_SET, "of another set");
    cfk__mnemonic_read(cfk_words_text(one, 0, 1), strlen(cfk_words_text(one, 0, 1)),
                       &share, &word, NULL);
    share.group_count = 2;
    cfk__mnemonic_write(&share, text);
    add_refused(join, text, CFK_E_OTHER_SET, "1 of 2 groups, and the first share is not");
    share.group_count = 1;
    share.threshold = 3;
    cfk__mnemonic_write(&share, text);
    add_refused(join, text, CFK_E_SHARE, "takes 3 of them, another that it takes 2");
    share.threshold = 2;
    share.member = 0;
    cfk__mnemonic_write(&share, text);
    add_refused(join, text, CFK_E_SHARE, "two different shares 1 of group 1");
    add(join, cfk_words_text(one, 0, 1)); /* nothing of all that is left behind */
    opens(join, "", secret, 16);
    cfk_words_join_free(join);
    cfk_words_free(one);
    cfk_words_free(other);
    cfk_words_free(slower);
}
END_TEST

static void forge(const char *text, char *forged)
{
    struct cfk__mnemonic share;
    uint32_t word;

    ck_assert_int_eq(cfk__mnemonic_read(text, strlen(text), &share, &word, NULL), CFK_OK);
    share.value[3] ^= 0x40;
    cfk__mnemonic_write(&share, forged);
}

START_TEST(a_forged_share_is_named_with_one_to_spare)
{
    static const struct cfk_words_group group = { 3, 5 };
    struct cfk_words_options opts = quick;
    char text[CFK__MNEMONIC_MAX_TEXT];
    cfk_words *words;

    opts.groups = &group;
    opts.group_count = 1;
    words = split(&opts, 16);
    for (uint32_t bad = 0; bad < 4; bad++) {
        cfk_words_join *join = join_new();
        char message[64];

        forge(cfk_words_text(words, 0, bad), text);
        add(join, text);
        add(join, cfk_words_text(words, 0, (bad + 1) % 5));
        add(join, cfk_words_text(words, 0, (bad + 2) % 5));
        open_refused(join, CFK_E_SHARE, "with one more share it can be told which");
        add(join, cfk_words_text(words, 0, (bad + 3) % 5));
        snprintf(message, sizeof message, "share %u of group 1 is wrong", bad + 1);
        open_refused(join, CFK_E_SHARE, message);
        cfk_words_join_free(join);
    }
    cfk_words_free(words);
}
END_TEST

START_TEST(a_forged_group_is_named_with_one_to_spare)
{
    static const struct cfk_words_group groups[] = { { 1, 1 }, { 1, 1 }, { 1, 1 } };
    struct cfk_words_options opts = quick;
    char text[CFK__MNEMONIC_MAX_TEXT];
    cfk_words_join *join = join_new();
    cfk_words *words;

    opts.groups = groups;
    opts.group_count = 3;
    opts.group_threshold = 2;
    words = split(&opts, 16);
    forge(cfk_words_text(words, 1, 0), text);
    add(join, text);
    add(join, cfk_words_text(words, 0, 0));
    open_refused(join, CFK_E_SHARE, "do not go together");
    add(join, cfk_words_text(words, 2, 0));
    open_refused(join, CFK_E_SHARE, "the shares of group 2 are wrong");
    cfk_words_join_free(join);
    cfk_words_free(words);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const words[] = {
        the_list_is_that_of_slip_39,
        words_that_are_none,
        words_are_read_as_people_write_them,
        a_mistyped_word_is_named,
        more_mistakes_are_noticed,
        what_is_no_share,
        impossible_shares_are_refused,
        info_may_be_of_another_size,
        NULL,
    };
    const TTest *const sets[] = {
        two_of_three_is_the_default,
        every_size_and_both_kinds_come_back,
        groups_of_groups,
        each_passphrase_gives_its_own_secret,
        shares_of_other_sets_are_named,
        a_forged_share_is_named_with_one_to_spare,
        a_forged_group_is_named_with_one_to_spare,
        NULL,
    };
    Suite *suite = suite_create("split/words");

    suite_add_tcase(suite, unit_case("words", words));
    suite_add_tcase(suite, unit_case("sets", sets));
    return suite;
}
