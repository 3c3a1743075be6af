/* SPDX-License-Identifier: MIT */
/* Wrong shares among right ones, wherever they come: each is named, the rest opens. */
#include "fault.h"
#include "set_of.h"

#include <stdio.h>

static const char secret_text[] = "open sesame";

static const char *const holders[] = { "alice", "bob", "carol", "dave", "erin", "frank" };
enum { PEOPLE = 6 };

static struct shares make(uint32_t k)
{
    struct cfk_split_options opts = {
        .size = sizeof opts, .threshold = k, .count = PEOPLE, .holders = holders
    };

    return shares_of(&opts, secret_text, sizeof secret_text, PEOPLE);
}

static cfk_split_quorum *quorum_new(void)
{
    cfk_split_quorum *quorum;

    ck_assert_int_eq(cfk_split_quorum_new(NULL, &quorum, NULL), CFK_OK);
    return quorum;
}

static int add(cfk_split_quorum *quorum, const struct shares *s, uint32_t i)
{
    return cfk_split_quorum_add(quorum, s->text[i], s->len[i], NULL);
}

static int opens(cfk_split_quorum *quorum, struct cfk_error *err)
{
    const void *secret;
    size_t size;
    int rc = cfk_split_quorum_open(quorum, &secret, &size, err);

    if (rc == CFK_OK) {
        ck_assert_uint_eq(size, sizeof secret_text);
        ck_assert_mem_eq(secret, secret_text, size);
    }
    return rc;
}

/* --- the ways in which a share is wrong --- */

static struct cfk_split_share_info model;

/* A tree of one leaf, which somebody made who knows the set but not its shares. */
static void change_root(struct cfk__share *share)
{
    memcpy(share->set_id, model.set_id, sizeof share->set_id);
    share->y[7] ^= 0x40;
    share_prove(share);
}

static void make_wrong(struct shares *wrong, const struct shares *right, uint32_t k,
                       int code)
{
    struct cfk_split_options opts = {
        .size = sizeof opts, .threshold = k, .count = PEOPLE, .holders = holders
    };
    cfk_split_quorum *quorum;
    cfk_split *later;

    if (code == CFK_E_GENERATION) {
        quorum = quorum_new();
        for (uint32_t i = 0; i < k; i++)
            ck_assert_int_eq(add(quorum, right, i), CFK_OK);
        ck_assert_int_eq(cfk_split_quorum_reshare(quorum, &opts, &later, NULL), CFK_OK);
        *wrong = shares_take(later, PEOPLE);
        cfk_split_free(later);
        cfk_split_quorum_free(quorum);
        return;
    }
    *wrong = make(k);
    if (code == CFK_E_OTHER_SET)
        return;
    model.size = sizeof model;
    ck_assert_int_eq(cfk_split_share_check(right->text[0], right->len[0], &model, NULL),
                     CFK_OK);
    for (uint32_t i = 0; i < PEOPLE; i++)
        forge(&wrong->text[i], &wrong->len[i], change_root);
}

/* k right shares, and a wrong one at place at. */
static void check_place(const struct shares *right, const struct shares *wrong,
                        uint32_t k, uint32_t at, int code)
{
    cfk_split_quorum *quorum = quorum_new();
    uint32_t next = 0;
    struct cfk_error err;
    char name[64];

    for (uint32_t i = 0; i <= k; i++)
        if (i == at)
            add(quorum, wrong, 5);
        else
            add(quorum, right, next++);
    ck_assert_uint_eq(cfk_split_quorum_kept(quorum), k + 1);
    ck_assert_uint_eq(cfk_split_quorum_have(quorum), k);
    ck_assert_msg(opens(quorum, &err) == CFK_OK, "%s", err.message);
    snprintf(name, sizeof name, "share 6 of frank");
    for (uint32_t i = 0; i <= k; i++)
        if (i == at)
            unit_expect_error(cfk_split_quorum_judge(quorum, i, &err), code, &err, name);
        else
            ck_assert_int_eq(cfk_split_quorum_judge(quorum, i, NULL), CFK_OK);
    unit_expect_error(cfk_split_quorum_judge(quorum, k + 1, &err), CFK_E_NOTFOUND, &err,
                      "no share");
    cfk_split_quorum_free(quorum);
}

static const int codes[] = { CFK_E_OTHER_SET, CFK_E_GENERATION, CFK_E_SHARE };

START_TEST(one_wrong_share_among_enough_is_named_wherever_it_comes)
{
    for (int c = 0; c < 3; c++)
        for (uint32_t k = 2; k <= 5; k++) {
            struct shares right = make(k), wrong;

            make_wrong(&wrong, &right, k, codes[c]);
            for (uint32_t at = 0; at <= k; at++)
                check_place(&right, &wrong, k, at, codes[c]);
            shares_free(&right);
            shares_free(&wrong);
        }
}
END_TEST

START_TEST(with_exactly_k_nothing_opens_and_the_wrong_one_is_named)
{
    for (int c = 0; c < 3; c++)
        for (uint32_t k = 2; k <= 5; k++) {
            struct shares right = make(k), wrong;
            cfk_split_quorum *quorum = quorum_new();
            struct cfk_error err;

            make_wrong(&wrong, &right, k, codes[c]);
            for (uint32_t i = 0; i + 1 < k; i++)
                ck_assert_int_eq(add(quorum, &right, i), CFK_OK);
            unit_expect_error(
                cfk_split_quorum_add(quorum, wrong.text[5], wrong.len[5], &err), codes[c],
                &err, "share 6 of frank");
            ck_assert_int_eq(cfk_split_quorum_judge(quorum, k - 1, NULL), codes[c]);
            unit_expect_error(opens(quorum, &err), CFK_E_NEED_MORE, &err,
                              "1 more needed");
            cfk_split_quorum_free(quorum);
            shares_free(&right);
            shares_free(&wrong);
        }
}
END_TEST

START_TEST(mistyped_shares_are_not_kept_and_do_not_stop_the_others)
{
    struct shares right = make(3);
    cfk_split_quorum *quorum = quorum_new();
    struct cfk_error err;

    right.text[0][right.len[0] - 2] ^= 1;
    unit_expect_error(cfk_split_quorum_add(quorum, right.text[0], right.len[0], &err),
                      CFK_E_SHARE, &err, "row ");
    ck_assert_uint_eq(cfk_split_quorum_kept(quorum), 0);
    for (uint32_t i = 1; i < 4; i++)
        ck_assert_int_eq(add(quorum, &right, i), CFK_OK);
    ck_assert_int_eq(opens(quorum, NULL), CFK_OK);
    cfk_split_quorum_free(quorum);
    shares_free(&right);
}
END_TEST

START_TEST(two_complete_sets_are_both_left_shut)
{
    for (int c = 0; c < 3; c++) {
        struct shares right = make(2), wrong;
        cfk_split_quorum *quorum = quorum_new();
        struct cfk_error err;

        make_wrong(&wrong, &right, 2, codes[c]);
        if (codes[c] == CFK_E_SHARE) { /* of a forged set no two shares go together */
            cfk_split_quorum_free(quorum);
            shares_free(&right);
            shares_free(&wrong);
            continue;
        }
        add(quorum, &right, 0);
        add(quorum, &wrong, 1);
        add(quorum, &wrong, 2);
        ck_assert_uint_eq(cfk_split_quorum_have(quorum), 2);
        ck_assert_int_eq(cfk_split_quorum_judge(quorum, 0, NULL), codes[c]);
        ck_assert_int_eq(opens(quorum, NULL), CFK_OK);
        add(quorum, &right, 3);
        ck_assert_int_eq(opens(quorum, &err), codes[c]);
        cfk_split_quorum_free(quorum);
        shares_free(&right);
        shares_free(&wrong);
    }
}
END_TEST

START_TEST(the_same_share_twice_counts_once_aside_too)
{
    struct shares right = make(3), other = make(3);
    cfk_split_quorum *quorum = quorum_new();
    struct cfk_error err;

    ck_assert_int_eq(add(quorum, &right, 0), CFK_OK);
    ck_assert_int_eq(add(quorum, &other, 1), CFK_E_OTHER_SET);
    unit_expect_error(cfk_split_quorum_add(quorum, other.text[1], other.len[1], &err),
                      CFK_E_EXISTS, &err, "share 2 of bob is there already");
    ck_assert_uint_eq(cfk_split_quorum_kept(quorum), 2);
    ck_assert_int_eq(add(quorum, &other, 2), CFK_OK); /* now they are more */
    ck_assert_int_eq(add(quorum, &right, 0), CFK_E_EXISTS);
    ck_assert_int_eq(add(quorum, &right, 1), CFK_E_OTHER_SET);
    ck_assert_int_eq(add(quorum, &right, 2), CFK_OK); /* and now these */
    ck_assert_int_eq(opens(quorum, NULL), CFK_OK);
    cfk_split_quorum_free(quorum);
    shares_free(&right);
    shares_free(&other);
}
END_TEST

START_TEST(sets_aside_are_limited)
{
    cfk_split_quorum *quorum = quorum_new();
    struct shares last = make(2);

    for (uint32_t i = 0; i < 12; i++) {
        struct shares s = make(2);

        ck_assert_int_eq(add(quorum, &s, 0), i == 0 ? CFK_OK : CFK_E_OTHER_SET);
        ck_assert_uint_eq(cfk_split_quorum_kept(quorum), i < 8 ? i + 1 : 8);
        shares_free(&s);
    }
    ck_assert_int_eq(add(quorum, &last, 0), CFK_E_OTHER_SET);
    ck_assert_int_eq(add(quorum, &last, 1), CFK_E_OTHER_SET);
    ck_assert_uint_eq(cfk_split_quorum_have(quorum), 1);
    cfk_split_quorum_free(quorum);
    shares_free(&last);
}
END_TEST

static int add_all(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_split_quorum_options opts = { .size = sizeof opts, .alloc = alloc };
    const struct shares *s = ctx;
    cfk_split_quorum *quorum;
    int rc = cfk_split_quorum_new(&opts, &quorum, NULL);

    for (uint32_t i = 0; i < 12 && (rc == CFK_OK || rc == CFK_E_OTHER_SET); i++)
        rc = add(quorum, &s[i % 2], i / 2);
    cfk_split_quorum_free(quorum);
    return rc == CFK_E_OTHER_SET ? CFK_OK : rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    struct shares s[] = { make(6), make(6) };

    fault_sweep(add_all, s, 3);
    shares_free(&s[0]);
    shares_free(&s[1]);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        one_wrong_share_among_enough_is_named_wherever_it_comes,
        with_exactly_k_nothing_opens_and_the_wrong_one_is_named,
        mistyped_shares_are_not_kept_and_do_not_stop_the_others,
        two_complete_sets_are_both_left_shut,
        the_same_share_twice_counts_once_aside_too,
        sets_aside_are_limited,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *s = suite_create("split/quorum_aside");

    suite_add_tcase(s, unit_case("aside", tests));
    return s;
}
