/* SPDX-License-Identifier: MIT */
#include "cfkit/policy.h"
#include "split/policy_share.h"
#include "unit.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

enum { SIZE = 32 };

static const struct cfk_policy_options single = { .size = sizeof single,
                                                  .allow_single = 1 };
static const uint8_t secret[SIZE] = "thirty-two bytes of a master key";

static cfk_policy *parse(const char *text)
{
    cfk_policy *policy;

    ck_assert_int_eq(cfk_policy_parse(text, strlen(text), &single, &policy, NULL),
                     CFK_OK);
    return policy;
}

/* Shares with those of absent people overwritten. */
static void forget(const cfk_policy *policy, const bool *have, uint8_t *shares)
{
    struct cfk__policy_leaf leaf;

    for (size_t i = 0; cfk__policy_leaf(policy, i, &leaf); i++)
        if (!have[leaf.person])
            memset(shares + leaf.first * SIZE, 0xee, leaf.count * SIZE);
}

/* Every set of people recovers the secret, or is told that it cannot. */
static void check_all_subsets(const cfk_policy *policy)
{
    size_t size = cfk__policy_vectors(policy) * SIZE;
    uint8_t *shares = malloc(size);
    uint8_t *theirs = malloc(size);
    bool have[CFK_POLICY_MAX_PEOPLE] = { false };

    ck_assert_int_eq(cfk__policy_share(policy, secret, SIZE, shares, NULL), CFK_OK);
    for (uint32_t bits = 0; bits < 1u << cfk_policy_people(policy); bits++) {
        uint8_t got[SIZE] = { 0 };
        int rc;

        for (size_t i = 0; i < cfk_policy_people(policy); i++)
            have[i] = bits >> i & 1;
        memcpy(theirs, shares, size);
        forget(policy, have, theirs);
        rc = cfk__policy_recover(policy, have, theirs, SIZE, got, NULL);
        ck_assert_int_eq(rc, cfk__policy_met(policy, have) ? CFK_OK : CFK_E_NEED_MORE);
        ck_assert((rc == CFK_OK) == (memcmp(got, secret, SIZE) == 0));
    }
    free(shares);
    free(theirs);
}

START_TEST(who_meets_the_policy_has_the_secret)
{
    static const char *const texts[] = {
        "alice",
        "2 of (a, b, c)",
        "a or b or c",
        "a and (b or c)",
        "3 of (ops*2, a, b)",
        "2 of ((a and b)*2, c, d)",
        "5 of ((2 of (a*2, b, c))*3, (a or d)*2, e*2, f)",
        "(a and b) or (a and c) or (b and c)",
        "2 of (2 of (a, b, c), 2 of (d, e, f), 2 of (a, d, g))",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cfk_policy *policy = parse(texts[i]);

        check_all_subsets(policy);
        cfk_policy_free(policy);
    }
}
END_TEST

START_TEST(leaves_are_laid_out_in_order)
{
    cfk_policy *policy = parse("3 of ((a and b)*2, c, b*3)");
    static const struct cfk__policy_leaf want[] = {
        { 0, 0, 2 }, { 1, 2, 2 }, { 2, 4, 1 }, { 1, 5, 3 }
    };
    struct cfk__policy_leaf leaf;

    ck_assert_uint_eq(cfk__policy_vectors(policy), 8);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(cfk__policy_leaf(policy, i, &leaf));
        ck_assert_uint_eq(leaf.person, want[i].person);
        ck_assert_uint_eq(leaf.first, want[i].first);
        ck_assert_uint_eq(leaf.count, want[i].count);
    }
    ck_assert(!cfk__policy_leaf(policy, 4, &leaf));
    cfk_policy_free(policy);
}
END_TEST

START_TEST(the_largest_policy)
{
    static uint8_t shares[CFK_POLICY_MAX_LEAVES * SIZE];
    cfk_policy *policy = parse("8 of ((2 of (a*127, b*64, c*62, d, e))*4, f*4)");
    bool have[CFK_POLICY_MAX_PEOPLE] = { false };
    uint8_t got[SIZE];

    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        have[i] = true;
    ck_assert_uint_le(cfk__policy_vectors(policy) * SIZE, sizeof shares);
    ck_assert_int_eq(cfk__policy_share(policy, secret, SIZE, shares, NULL), CFK_OK);
    ck_assert_int_eq(cfk__policy_recover(policy, have, shares, SIZE, got, NULL), CFK_OK);
    ck_assert_mem_eq(got, secret, SIZE);
    cfk_policy_free(policy);
}
END_TEST

START_TEST(red_october_policies_by_secrets)
{
    json_t *root = vectors_load("split/policies_redoctober.json");
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const char *text = vectors_text(item, "policy");
        cfk_policy *policy;

        if (RUNNING_ON_VALGRIND && i % 10 != 0)
            continue;
        if (cfk_policy_parse(text, strlen(text), &single, &policy, NULL) != CFK_OK)
            continue; /* somebody twice in one gate */
        check_all_subsets(policy);
        cfk_policy_free(policy);
    }
    json_decref(root);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        who_meets_the_policy_has_the_secret,
        leaves_are_laid_out_in_order,
        the_largest_policy,
        red_october_policies_by_secrets,
        NULL,
    };
    Suite *suite = suite_create("split/policy_share");

    suite_add_tcase(suite, unit_case("share", tests));
    return suite;
}
