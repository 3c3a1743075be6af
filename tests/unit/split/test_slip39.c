/* SPDX-License-Identifier: MIT */
/* Shares in words: the official vectors, options, failures. */
#include "cfkit/words.h"
#include "fault.h"
#include "split/mnemonic.h"
#include "split/slip39.h"
#include "unit.h"
#include "vectors.h"
#include "words_common.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void split_refused(const struct cfk_words_options *opts, size_t size,
                          const char *message)
{
    struct cfk_error err = { 0 };
    cfk_words *words = (cfk_words *)&err;

    unit_expect_error(cfk_words_split(secret, size, opts, &words, &err), CFK_E_INVALID,
                      &err, message);
    ck_assert_ptr_null(words);
}

START_TEST(options_have_limits)
{
    struct cfk_words_group groups[17];
    struct cfk_words_options opts = quick;
    cfk_words *words;

    split_refused(&quick, 14, "16 to 64 bytes, not 14");
    split_refused(&quick, 17, "not 17");
    split_refused(&quick, 66, "not 66");
    for (unsigned i = 0; i < 17; i++)
        groups[i] = (struct cfk_words_group){ 1, 1 };
    opts.groups = groups;
    split_refused(&opts, 16, "0 of 0 groups");
    opts.group_count = 17;
    split_refused(&opts, 16, "0 of 17 groups");
    opts.group_count = 16;
    opts.group_threshold = 17;
    split_refused(&opts, 16, "17 of 16 groups");
    opts.group_threshold = 16;
    words = split(&opts, 16);
    cfk_words_free(words);
    groups[1] = (struct cfk_words_group){ 0, 1 };
    split_refused(&opts, 16, "group 2: 0 of 1");
    groups[1] = (struct cfk_words_group){ 3, 2 };
    split_refused(&opts, 16, "group 2: 3 of 2");
    groups[1] = (struct cfk_words_group){ 2, 17 };
    split_refused(&opts, 16, "group 2: 2 of 17");
    groups[1] = (struct cfk_words_group){ 1, 2 };
    split_refused(&opts, 16, "SLIP-39 knows 1 of 1");
    opts = quick;
    opts.iterations = 10001;
    split_refused(&opts, 16, "10001 iterations");
    opts.iterations = 5000;
    split_refused(&opts, 16, "5000 iterations");
    opts = quick;
    opts.passphrase = "a\nb";
    opts.passphrase_size = 3;
    split_refused(&opts, 16, "printable ASCII");
    opts.passphrase_size = CFK_WORDS_MAX_PASSPHRASE + 1;
    split_refused(&opts, 16, "a passphrase of 4097 bytes");
    opts.size = 1;
    ck_assert_int_eq(cfk_words_split(secret, 16, &opts, &words, NULL), CFK_E_INVALID);
}
END_TEST

START_TEST(a_long_passphrase_is_a_limit)
{
    static char passphrase[CFK_WORDS_MAX_PASSPHRASE + 1];
    struct cfk_words_options opts = quick;
    cfk_words_join *join = join_new();
    const void *got;
    size_t size;
    cfk_words *words;

    memset(passphrase, 'x', sizeof passphrase);
    opts.passphrase = passphrase;
    opts.passphrase_size = sizeof passphrase - 1;
    words = split(&opts, 16);
    add(join, cfk_words_text(words, 0, 0));
    add(join, cfk_words_text(words, 0, 1));
    ck_assert_int_eq(
        cfk_words_join_open(join, passphrase, sizeof passphrase, &got, &size, NULL),
        CFK_E_LIMIT);
    ck_assert_int_eq(
        cfk_words_join_open(join, passphrase, sizeof passphrase - 1, &got, &size, NULL),
        CFK_OK);
    ck_assert_mem_eq(got, secret, 16);
    cfk_words_join_free(join);
    cfk_words_free(words);
}
END_TEST

static int split_and_join(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_words_options opts = quick;
    struct cfk_words_join_options join_opts = { .size = sizeof join_opts,
                                                .alloc = alloc };
    cfk_words_join *join = NULL;
    cfk_words *words;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_words_split(secret, 16, &opts, &words, NULL);
    if (rc == CFK_OK)
        rc = cfk_words_join_new(&join_opts, &join, NULL);
    if (rc == CFK_OK) {
        add(join, cfk_words_text(words, 0, 1));
        add(join, cfk_words_text(words, 0, 2));
        opens(join, "", secret, 16);
    }
    cfk_words_join_free(join);
    cfk_words_free(words);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    fault_sweep(split_and_join, NULL, 2);
}
END_TEST

/* --- the official vectors --- */

/* CFK_OK, and the secret is that of the vector, or the code of the refusal. */
static int join_vector(const json_t *item, const uint8_t *want, size_t want_size)
{
    cfk_words_join *join = join_new();
    const void *got;
    size_t i, size;
    json_t *text;
    int rc = CFK_OK;

    json_array_foreach(json_object_get(item, "mnemonics"), i, text)
    {
        if (rc == CFK_OK)
            rc = cfk_words_join_add(join, json_string_value(text),
                                    json_string_length(text), NULL);
    }
    if (rc == CFK_OK)
        rc = cfk_words_join_open(join, "TREZOR", 6, &got, &size, NULL);
    if (rc == CFK_OK) {
        ck_assert_uint_eq(size, want_size);
        ck_assert_mem_eq(got, want, size);
    }
    cfk_words_join_free(join);
    return rc;
}

/* What is read is written in the same words. */
static void rewrite_vector(const json_t *item)
{
    size_t i;
    json_t *text;

    json_array_foreach(json_object_get(item, "mnemonics"), i, text)
    {
        struct cfk__mnemonic share;
        char again[CFK__MNEMONIC_MAX_TEXT];
        uint32_t word;

        ck_assert_int_eq(cfk__mnemonic_read(json_string_value(text),
                                            json_string_length(text), &share, &word,
                                            NULL),
                         CFK_OK);
        cfk__mnemonic_write(&share, again);
        ck_assert_str_eq(again, json_string_value(text));
    }
}

START_TEST(official_vectors)
{
    json_t *root = vectors_load("split/slip39.json");
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        bool valid = json_is_true(json_object_get(item, "valid"));
        size_t size;
        uint8_t *want = vectors_hex(item, "master_secret", &size);
        int rc = join_vector(item, want, size);

        ck_assert_msg((rc == CFK_OK) == valid, "%s: %s",
                      vectors_text(item, "description"), cfk_error_name(rc));
        if (valid)
            rewrite_vector(item);
        free(want);
    }
    ck_assert_uint_ge(i, 26);
    json_decref(root);
}
END_TEST

START_TEST(the_cipher_is_its_own_inverse)
{
    static const struct cfk__slip39_salt salts[] = { { 0x7abc, false, 0 },
                                                     { 0x7abc, true, 0 } };
    struct cfk__span passphrase = { (const uint8_t *)"TREZOR", 6 };
    uint8_t sealed[2][32];
    uint8_t opened[32];

    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(cfk__slip39_encrypt(&salts[i], passphrase,
                                             (const uint8_t *)secret, 32, sealed[i],
                                             NULL),
                         CFK_OK);
        ck_assert_int_eq(
            cfk__slip39_decrypt(&salts[i], passphrase, sealed[i], 32, opened, NULL),
            CFK_OK);
        ck_assert_mem_eq(opened, secret, 32);
    }
    ck_assert_mem_ne(sealed[0], sealed[1], 32);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        options_have_limits, a_long_passphrase_is_a_limit,  every_allocation_may_fail,
        official_vectors,    the_cipher_is_its_own_inverse, NULL,
    };
    Suite *suite = suite_create("split/slip39");

    suite_add_tcase(suite, unit_case("slip39", tests));
    return suite;
}
