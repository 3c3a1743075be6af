/* SPDX-License-Identifier: MIT */
#include "cfkit/words.h"
#include "split/wordlist.h"
#include "unit.h"

#include <string.h>

START_TEST(passphrases_are_words_of_the_list)
{
    char text[9 * CFK_WORDS_PASSPHRASE_MAX];
    char other[9 * CFK_WORDS_PASSPHRASE_MAX];
    struct cfk_error err;

    for (uint32_t count = 1; count <= CFK_WORDS_PASSPHRASE_MAX; count++) {
        uint32_t words = 0;
        uint32_t index;

        memset(text, '#', sizeof text);
        ck_assert_int_eq(cfk_words_passphrase(count, text, 9 * (size_t)count, &err),
                         CFK_OK);
        for (const char *p = text; *p != '\0'; words++) {
            size_t size = strcspn(p, " ");

            ck_assert(cfk__word_find(p, size, &index));
            p += size + (p[size] == ' ');
        }
        ck_assert_uint_eq(words, count);
    }
    ck_assert_int_eq(cfk_words_passphrase(6, text, sizeof text, NULL), CFK_OK);
    ck_assert_int_eq(cfk_words_passphrase(6, other, sizeof other, NULL), CFK_OK);
    ck_assert_str_ne(text, other);
    unit_expect_error(cfk_words_passphrase(0, text, sizeof text, &err), CFK_E_INVALID,
                      &err, "0 words");
    unit_expect_error(cfk_words_passphrase(25, text, sizeof text, &err), CFK_E_INVALID,
                      &err, "25 words");
    unit_expect_error(cfk_words_passphrase(6, text, 53, &err), CFK_E_SPACE, &err,
                      "53 bytes");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = { passphrases_are_words_of_the_list, NULL };
    Suite *s = suite_create("split/generate");

    suite_add_tcase(s, unit_case("generate", tests));
    return s;
}
