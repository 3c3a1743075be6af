/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on foreign suites, each under the profile that it was made for. What
 * is not covered is listed; any other wrong verdict fails.
 */
#include "cases.h"
#include "index_pair.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cases with these features ask for what is not there yet: nothing is judged. */
static const char *const uncovered_features[] = {
    "eku:",
    "anchor:trusted_leaf",
    "anchor:unspecified",
    "anchor:trusted_anchor_",
    "anchor:distrusted",
    ",dsa",
};

struct tally {
    const char *suite;
    uint32_t profile;
    unsigned run;
    unsigned right;
    unsigned wrong_yes;
    unsigned wrong_no;
    unsigned uncovered;
};

static bool is_covered(const struct test_case *c)
{
    for (size_t i = 0; i < sizeof uncovered_features / sizeof *uncovered_features; i++)
        if (strstr(c->features, uncovered_features[i]) != NULL)
            return false;
    return true;
}

/* Where a budget may answer: it is no verdict on the chain. */
static bool is_attack(const struct test_case *c)
{
    return strstr(c->features, "denial-of-service") != NULL;
}

/* Attacks cost few signatures, whatever the number of edges, decoys and copies. */
static void expect_few_signatures(const struct test_case *c,
                                  const cfk_bundle_result *result)
{
    struct cfk_bundle_counters n = { .size = sizeof n };

    if (strncmp(c->id, "attack::", 8) != 0)
        return;
    ck_assert_int_eq(cfk_bundle_result_counters(result, &n, NULL), CFK_OK);
    ck_assert_msg(n.signatures <= 25, "%s: %u signatures", c->id, (unsigned)n.signatures);
}

/* Out of an index the answer is the same, whatever signatures that knows. */
static void expect_same_from_index(const struct test_case *c, uint32_t profile,
                                   cfk_bundle_result *result)
{
    struct test_case indexed = *c;
    cfk_bundle_result *other = NULL;
    struct cfk_error err = { 0 };
    size_t size;
    void *data = index_of(c->pool, &size);

    indexed.pool = index_pool(data, size, c->pool);
    ck_assert_msg(case_build(&indexed, profile, &other, &err) == CFK_OK, "%s: %s", c->id,
                  err.message);
    index_expect_same(c->id, result, other);
    cfk_bundle_result_free(other);
    cfk_bundle_pool_free(indexed.pool);
    cfk_free(NULL, data);
}

static void judge(void *ctx, const struct test_case *c)
{
    struct tally *t = ctx;
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    bool yes;

    if (!is_covered(c)) {
        t->uncovered++;
        return;
    }
    yes = case_build(c, t->profile, &result, &err) == CFK_OK &&
          cfk_bundle_reason(result, &err) == CFK_OK;
    if (result != NULL) {
        expect_few_signatures(c, result);
        expect_same_from_index(c, t->profile, result);
    }
    cfk_bundle_result_free(result);
    t->run++;
    if (yes == c->success || (is_attack(c) && err.code == CFK_E_LIMIT))
        t->right++;
    else if (yes)
        t->wrong_yes++;
    else
        t->wrong_no++;
    ck_assert_msg(!yes || c->success, "%s is accepted", c->id);
    ck_assert_msg(yes || err.message[0] != '\0', "%s: no reason", c->id);
}

static void run_suite(const char *suite, uint32_t profile, unsigned stride,
                      unsigned least)
{
    struct tally t = { .suite = suite, .profile = profile };

    if (!cases_run(suite, stride, judge, &t))
        return;
    printf("%s: %u of %u right, %u wrong yes, %u wrong no; %u not covered\n", suite,
           t.right, t.run, t.wrong_yes, t.wrong_no, t.uncovered);
    ck_assert_msg(t.right >= least, "%s: %u right verdicts, not %u", suite, t.right,
                  least);
}

START_TEST(paths_are_built)
{
    run_suite("bettertls-pathbuilding", CFK_BUNDLE_PROFILE_DEFAULT, 1, 46);
    run_suite("go-verify", CFK_BUNDLE_PROFILE_DEFAULT, 1, 10);
}
END_TEST

START_TEST(attacks_are_withstood)
{
    run_suite("attacks", CFK_BUNDLE_PROFILE_DEFAULT, 1, 23);
}
END_TEST

/* 935 of 4,675, spread evenly, or all. */
START_TEST(name_constraints_are_kept)
{
    bool full = getenv("CFKIT_FULL") != NULL;

    run_suite("bettertls-nameconstraints", CFK_BUNDLE_PROFILE_DEFAULT, full ? 1 : 5,
              full ? 4675 : 935);
}
END_TEST

START_TEST(verdicts_of_other_verifiers_are_met)
{
    run_suite("limbo", CFK_BUNDLE_PROFILE_WEBPKI, 1, 100);
    run_suite("bssl-chain", CFK_BUNDLE_PROFILE_LENIENT, 1, 63);
    run_suite("pkits", CFK_BUNDLE_PROFILE_DEFAULT, 1, 128);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        paths_are_built,
        attacks_are_withstood,
        name_constraints_are_kept,
        verdicts_of_other_verifiers_are_met,
        NULL,
    };
    Suite *suite = suite_create("bundle/suites");
    TCase *tc = unit_case("suites", tests);

    tcase_set_timeout(tc, 1200); /* seconds are enough, but not under valgrind */
    suite_add_tcase(suite, tc);
    return suite;
}
