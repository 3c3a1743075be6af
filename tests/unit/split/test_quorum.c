/* SPDX-License-Identifier: MIT */
#include "fault.h"
#include "gen.h"
#include "set_of.h"

#include <stdio.h>

static const char secret_text[] = "open sesame";

static struct shares make(uint32_t k, uint32_t n, const void *secret, size_t size)
{
    struct cfk_split_options opts = { .size = sizeof opts, .threshold = k, .count = n };

    return shares_of(&opts, secret, size, n > 0 ? n : 3);
}

static cfk_split_quorum *quorum_new(void)
{
    cfk_split_quorum *quorum;

    ck_assert_int_eq(cfk_split_quorum_new(NULL, &quorum, NULL), CFK_OK);
    return quorum;
}

static void add(cfk_split_quorum *quorum, const struct shares *s, uint32_t i)
{
    struct cfk_error err;

    ck_assert_msg(cfk_split_quorum_add(quorum, s->text[i], s->len[i], &err) == CFK_OK,
                  "%s", err.message);
}

static void opens_to(cfk_split_quorum *quorum, const void *want, size_t want_size)
{
    struct cfk_error err;
    const void *secret;
    size_t size;

    ck_assert_msg(cfk_split_quorum_open(quorum, &secret, &size, &err) == CFK_OK, "%s",
                  err.message);
    ck_assert_uint_eq(size, want_size);
    if (size > 0)
        ck_assert_mem_eq(secret, want, size);
}

START_TEST(every_pair_of_three_opens)
{
    struct shares s = make(0, 0, secret_text, sizeof secret_text);

    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t j = 0; j < 3; j++) {
            cfk_split_quorum *quorum = quorum_new();

            if (i != j) {
                add(quorum, &s, i);
                add(quorum, &s, j);
                ck_assert_uint_eq(cfk_split_quorum_have(quorum), 2);
                ck_assert_uint_eq(cfk_split_quorum_needed(quorum), 2);
                opens_to(quorum, secret_text, sizeof secret_text);
                opens_to(quorum, secret_text, sizeof secret_text);
            }
            cfk_split_quorum_free(quorum);
        }
    shares_free(&s);
}
END_TEST

START_TEST(secrets_of_every_size_up_to_4_kib_ride_inside)
{
    static const size_t sizes[] = { 0, 1, 31, 32, 33, 4095, 4096 };
    uint8_t secret[CFK_SPLIT_MAX_INSIDE + 1];
    struct gen g;
    cfk_split *set;

    gen_seed(&g, 5);
    gen_bytes(&g, secret, sizeof secret);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct shares s = make(2, 2, secret, sizes[i]);
        cfk_split_quorum *quorum = quorum_new();

        add(quorum, &s, 1);
        add(quorum, &s, 0);
        opens_to(quorum, secret, sizes[i]);
        cfk_split_quorum_free(quorum);
        shares_free(&s);
    }
    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_seal(set, secret, sizeof secret, NULL), CFK_E_LIMIT);
    ck_assert_int_eq(cfk_split_seal(set, secret, sizeof secret - 1, NULL), CFK_OK);
    cfk_split_free(set);
}
END_TEST

START_TEST(large_sets_open)
{
    static const uint32_t cases[][2] = { { 5, 9 }, { 2, 255 }, { 255, 255 } };

    for (size_t c = 0; c < 3; c++) {
        struct shares s = make(cases[c][0], cases[c][1], "x", 1);
        cfk_split_quorum *quorum = quorum_new();

        for (uint32_t i = 0; i < cases[c][0]; i++)
            add(quorum, &s, cases[c][1] - 1 - i);
        opens_to(quorum, "x", 1);
        cfk_split_quorum_free(quorum);
        shares_free(&s);
    }
}
END_TEST

START_TEST(too_few_shares_are_told_how_many_more)
{
    struct shares s = make(3, 5, "x", 1);
    cfk_split_quorum *quorum = quorum_new();
    cfk_split_opener *opener;
    struct cfk_error err;
    const void *secret;
    size_t size;

    ck_assert_uint_eq(cfk_split_quorum_needed(quorum), 0);
    unit_expect_error(cfk_split_quorum_open(quorum, &secret, &size, &err),
                      CFK_E_NEED_MORE, &err, "no share");
    add(quorum, &s, 0);
    unit_expect_error(cfk_split_quorum_open(quorum, &secret, &size, &err),
                      CFK_E_NEED_MORE, &err, "1 of the 3 shares that it takes: 2 more");
    add(quorum, &s, 4);
    unit_expect_error(cfk_split_opener_new(quorum, &opener, &err), CFK_E_NEED_MORE, &err,
                      "1 more");
    ck_assert_ptr_null(secret);
    ck_assert_ptr_null(opener);
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

START_TEST(the_same_share_twice_is_named)
{
    struct shares s = make(2, 3, "x", 1);
    cfk_split_quorum *quorum = quorum_new();
    struct cfk_error err;

    add(quorum, &s, 1);
    unit_expect_error(cfk_split_quorum_add(quorum, s.text[1], s.len[1], &err),
                      CFK_E_EXISTS, &err, "share 2 is there already");
    ck_assert_uint_eq(cfk_split_quorum_have(quorum), 1);
    add(quorum, &s, 2);
    opens_to(quorum, "x", 1);
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

static const char *const holders[] = { "alice", "bob", "carol" };

static struct shares make_named(void)
{
    struct cfk_split_options opts = { .size = sizeof opts, .holders = holders };

    return shares_of(&opts, secret_text, sizeof secret_text, 3);
}

static void change_y(struct cfk__share *share)
{
    share->y[0] ^= 1;
}

START_TEST(a_wrong_share_is_named_and_the_right_ones_still_open)
{
    struct shares s = make_named();
    struct shares other = make_named();
    cfk_split_quorum *quorum = quorum_new();
    struct cfk_error err;

    add(quorum, &s, 0);
    unit_expect_error(cfk_split_quorum_add(quorum, other.text[1], other.len[1], &err),
                      CFK_E_OTHER_SET, &err, "share 2 of bob is of set");
    forge(&other.text[2], &other.len[2], change_y);
    unit_expect_error(cfk_split_quorum_add(quorum, other.text[2], other.len[2], &err),
                      CFK_E_SHARE, &err, "share 3 of carol is forged");
    ck_assert_int_eq(cfk_split_quorum_add(quorum, "nonsense", 8, &err), CFK_E_CORRUPT);
    s.text[2][s.len[2] - 2] ^= 1;
    unit_expect_error(cfk_split_quorum_add(quorum, s.text[2], s.len[2], &err),
                      CFK_E_SHARE, &err, "row ");
    ck_assert_uint_eq(cfk_split_quorum_have(quorum), 1);
    add(quorum, &s, 1);
    opens_to(quorum, secret_text, sizeof secret_text);
    cfk_split_quorum_free(quorum);
    shares_free(&s);
    shares_free(&other);
}
END_TEST

static uint8_t adopted_set[8];
static uint16_t adopted_generation;

/* A whole set that a forger made under the name of another: a tree over one leaf. */
static void adopt(struct cfk__share *share)
{
    memcpy(share->set_id, adopted_set, sizeof adopted_set);
    share->generation = adopted_generation;
    share_prove(share);
}

START_TEST(another_fingerprint_or_generation_under_the_same_name_is_refused)
{
    struct cfk_split_share_info info = { .size = sizeof info };
    struct shares s = make_named();
    struct shares other = make_named();
    struct shares later = make_named();
    cfk_split_quorum *quorum = quorum_new();
    struct cfk_error err;

    ck_assert_int_eq(cfk_split_share_check(s.text[0], s.len[0], &info, NULL), CFK_OK);
    memcpy(adopted_set, info.set_id, sizeof adopted_set);
    adopted_generation = 1;
    forge(&other.text[1], &other.len[1], adopt);
    adopted_generation = 2;
    forge(&later.text[1], &later.len[1], adopt);
    ck_assert_int_eq(cfk_split_share_check(other.text[1], other.len[1], NULL, NULL),
                     CFK_OK);

    add(quorum, &s, 0);
    unit_expect_error(cfk_split_quorum_add(quorum, other.text[1], other.len[1], &err),
                      CFK_E_SHARE, &err, "share 2 of bob has another fingerprint");
    unit_expect_error(cfk_split_quorum_add(quorum, later.text[1], later.len[1], &err),
                      CFK_E_GENERATION, &err, "share 2 of bob is of generation 2");
    cfk_split_quorum_free(quorum);
    shares_free(&s);
    shares_free(&other);
    shares_free(&later);
}
END_TEST

START_TEST(shares_that_hold_a_key_alone_say_so)
{
    cfk_split_quorum *quorum = quorum_new();
    cfk_split_sealer *sealer;
    struct cfk_error err;
    const void *secret;
    struct shares s;
    cfk_split *set;
    size_t size;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_new(set, &sealer, NULL), CFK_OK);
    s = shares_take(set, 3);
    add(quorum, &s, 0);
    add(quorum, &s, 1);
    unit_expect_error(cfk_split_quorum_open(quorum, &secret, &size, &err), CFK_E_STATE,
                      &err, "lock file");
    cfk_split_quorum_free(quorum);
    cfk_split_sealer_free(sealer);
    cfk_split_free(set);
    shares_free(&s);
}
END_TEST

START_TEST(a_set_is_sealed_once_and_before_its_shares)
{
    cfk_split_sealer *sealer;
    struct cfk_error err;
    const char *text;
    cfk_split *set;
    size_t len;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    unit_expect_error(cfk_split_share(set, 0, &text, &len, &err), CFK_E_STATE, &err,
                      "nothing was sealed");
    ck_assert_int_eq(cfk_split_seal(set, "a", 1, &err), CFK_OK);
    unit_expect_error(cfk_split_seal(set, "b", 1, &err), CFK_E_STATE, &err, "already");
    unit_expect_error(cfk_split_sealer_new(set, &sealer, &err), CFK_E_STATE, &err,
                      "already");
    ck_assert_ptr_null(sealer);
    unit_expect_error(cfk_split_share(set, 3, &text, &len, &err), CFK_E_INVALID, &err,
                      "no share 3 of 3");
    ck_assert_ptr_null(text);
    cfk_split_free(set);
    cfk_split_free(NULL);
    cfk_split_quorum_free(NULL);
    cfk_split_sealer_free(NULL);
    cfk_split_opener_free(NULL);
}
END_TEST

START_TEST(names_are_utf8)
{
    static const char *const good[] = { "", "a b", "J\xc3\xb6rg", "\xe2\x82\xac",
                                        "\xf0\x9f\x94\x91" };
    static const char *const bad[] = {
        " a",
        "a ",
        "a\tb",
        "\x7f",
        "\xc3",
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xe2\x82",
        "\x80",
        "\xf5\x80\x80\x80",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert(cfk__share_name_ok(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!cfk__share_name_ok(bad[i], strlen(bad[i])), "name %zu", i);
}
END_TEST

START_TEST(impossible_sets_are_refused)
{
    static const uint32_t bad[][2] = {
        { 1, 3 }, { 4, 3 }, { 2, 1 }, { 2, 256 }, { 256, 0 }
    };
    static const char *const names[] = { "a\nb", "\xff", "", NULL };
    struct cfk_split_options opts = { .size = sizeof opts };
    char long_name[CFK_SPLIT_MAX_NAME + 2];
    struct cfk_error err;
    cfk_split *set;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        opts.threshold = bad[i][0];
        opts.count = bad[i][1];
        unit_expect_error(cfk_split_new(&opts, &set, &err), CFK_E_INVALID, &err,
                          "at least 2 of at most 255");
        ck_assert_ptr_null(set);
    }
    opts.threshold = opts.count = 0;
    opts.holders = names;
    unit_expect_error(cfk_split_new(&opts, &set, &err), CFK_E_INVALID, &err,
                      "holder's name");
    opts.holders = names + 1;
    unit_expect_error(cfk_split_new(&opts, &set, &err), CFK_E_INVALID, &err,
                      "holder's name");
    opts.holders = NULL;
    memset(long_name, 'a', sizeof long_name);
    long_name[CFK_SPLIT_MAX_NAME + 1] = '\0';
    opts.label = long_name;
    unit_expect_error(cfk_split_new(&opts, &set, &err), CFK_E_INVALID, &err, "label");
    opts.label = long_name + 1;
    ck_assert_int_eq(cfk_split_new(&opts, &set, &err), CFK_OK);
    cfk_split_free(set);
    opts.size = 0;
    ck_assert_int_eq(cfk_split_new(&opts, &set, &err), CFK_E_INVALID);
}
END_TEST

static int split_and_join(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_split_options opts = { .size = sizeof opts, .holders = holders };
    struct cfk_split_quorum_options join = { .size = sizeof join, .alloc = alloc };
    cfk_split_quorum *quorum = NULL;
    cfk_split *set;
    const void *secret;
    const char *text;
    size_t size;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_split_new(&opts, &set, NULL);
    if (rc == CFK_OK)
        rc = cfk_split_seal(set, "x", 1, NULL);
    if (rc == CFK_OK)
        rc = cfk_split_quorum_new(&join, &quorum, NULL);
    for (uint32_t i = 0; i < 2 && rc == CFK_OK; i++) {
        rc = cfk_split_share(set, i, &text, &size, NULL);
        if (rc == CFK_OK)
            rc = cfk_split_quorum_add(quorum, text, size, NULL);
    }
    if (rc == CFK_OK)
        rc = cfk_split_quorum_open(quorum, &secret, &size, NULL);
    cfk_split_quorum_free(quorum);
    cfk_split_free(set);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    fault_sweep(split_and_join, NULL, 3);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_pair_of_three_opens,
        secrets_of_every_size_up_to_4_kib_ride_inside,
        large_sets_open,
        too_few_shares_are_told_how_many_more,
        the_same_share_twice_is_named,
        a_wrong_share_is_named_and_the_right_ones_still_open,
        another_fingerprint_or_generation_under_the_same_name_is_refused,
        shares_that_hold_a_key_alone_say_so,
        a_set_is_sealed_once_and_before_its_shares,
        names_are_utf8,
        impossible_sets_are_refused,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *s = suite_create("split/quorum");

    suite_add_tcase(s, unit_case("quorum", tests));
    return s;
}
