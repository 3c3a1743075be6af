/* SPDX-License-Identifier: MIT */
#include "cfkit/policy.h"
#include "fault.h"
#include "gen.h"
#include "split/policy.h"
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static const struct cfk_policy_options single = { .size = sizeof single,
                                                  .allow_single = 1 };

static cfk_policy *parse(const char *text, const struct cfk_policy_options *opts)
{
    struct cfk_error err = { 0 };
    cfk_policy *policy;
    int rc = cfk_policy_parse(text, strlen(text), opts, &policy, &err);

    ck_assert_msg(rc == CFK_OK, "%s: %s", text, err.message);
    return policy;
}

static void refused(const char *text, int code, uint64_t offset, const char *words)
{
    struct cfk_error err = { 0 };
    cfk_policy *policy = (cfk_policy *)&err;
    int rc = cfk_policy_parse(text, strlen(text), NULL, &policy, &err);

    ck_assert_msg(rc == code, "%s: %s, %s", text, cfk_error_name(rc), err.message);
    unit_expect_error(rc, code, &err, words);
    ck_assert_msg(err.offset == offset, "%s: at %u: %s", text, (unsigned)err.offset,
                  err.message);
    ck_assert_ptr_null(policy);
}

static void spelled(const char *text, const char *canonical)
{
    cfk_policy *policy = parse(text, &single);
    cfk_policy *again;

    ck_assert_str_eq(cfk_policy_text(policy), canonical);
    again = parse(canonical, &single);
    ck_assert_str_eq(cfk_policy_text(again), canonical);
    cfk_policy_free(again);
    cfk_policy_free(policy);
}

static bool met(const cfk_policy *policy, const char *names)
{
    char copy[256];
    const char *list[16];
    size_t count = 0;

    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok(copy, " "); name != NULL; name = strtok(NULL, " "))
        list[count++] = name;
    return cfk_policy_satisfied(policy, list, count) == 1;
}

START_TEST(every_spelling_has_one_canonical_form)
{
    spelled("2 of (alice, bob, carol)", "2 of (alice, bob, carol)");
    spelled("(2, alice, bob, carol)", "2 of (alice, bob, carol)");
    spelled("  2  OF(alice,bob ,\tcarol)\n", "2 of (alice, bob, carol)");
    spelled("alice and (bob or carol)", "alice and (bob or carol)");
    spelled("alice & (bob | carol)", "alice and (bob or carol)");
    spelled("alice & bob | carol", "(alice and bob) or carol");
    spelled("alice or bob and carol AND dave", "alice or (bob and carol and dave)");
    spelled("(2, alice, (1, bob, carol))", "alice and (bob or carol)");
    spelled("(2, (1, a, b), (1, c, d))", "(a or b) and (c or d)");
    spelled("1 of (alice, bob)", "alice or bob");
    spelled("3 of (ops*2, alice, bob)", "3 of (ops*2, alice, bob)");
    spelled("3 of (ops * 2, alice*1, bob)", "3 of (ops*2, alice, bob)");
    spelled("2 of ((a and b)*2, c, d)", "2 of ((a and b)*2, c, d)");
    spelled("2 of (2 of (a, b, c)*2, d, e)", "2 of (2 of (a, b, c)*2, d, e)");
    spelled("2 of (a and b, c, d or e)", "2 of ((a and b), c, (d or e))");
    spelled("2 of ((2, a, b, c), d, e)", "2 of (2 of (a, b, c), d, e)");
    spelled("(a or b) or c", "(a or b) or c");
    spelled("alice", "alice");
    spelled("((alice))", "alice");
    spelled("1 of (alice)", "alice");
    spelled("2 of (alice*2)", "alice");
    spelled("a and 1 of (b*3)", "a and b");
    spelled("\"alice\" and \"Bob Jones\"", "alice and \"Bob Jones\"");
    spelled("\"and\" or \"007\" or \"-x\"", "\"and\" or \"007\" or \"-x\"");
    spelled("a.b-c@d+e_f and 2fa", "a.b-c@d+e_f and 2fa");
    spelled("j\xc3\xb6rg or \xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd",
            "j\xc3\xb6rg or \xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd");
}
END_TEST

START_TEST(people_are_listed_once_in_order)
{
    cfk_policy *policy = parse("(carol and alice) or (carol and bob)", NULL);

    ck_assert_uint_eq(cfk_policy_people(policy), 3);
    ck_assert_str_eq(cfk_policy_person(policy, 0), "carol");
    ck_assert_str_eq(cfk_policy_person(policy, 1), "alice");
    ck_assert_str_eq(cfk_policy_person(policy, 2), "bob");
    ck_assert_ptr_null(cfk_policy_person(policy, 3));
    cfk_policy_free(policy);
    cfk_policy_free(NULL);
}
END_TEST

START_TEST(people_meet_it_together)
{
    cfk_policy *policy = parse("3 of (ops*2, alice, bob)", NULL);

    ck_assert(!met(policy, ""));
    ck_assert(!met(policy, "ops"));
    ck_assert(!met(policy, "ops ops ops"));
    ck_assert(!met(policy, "alice bob"));
    ck_assert(!met(policy, "ops mallory Alice"));
    ck_assert(met(policy, "ops alice"));
    ck_assert(met(policy, "bob ops"));
    cfk_policy_free(policy);
}
END_TEST

START_TEST(one_person_alone_is_refused)
{
    refused("alice", CFK_E_ONE_PERSON, 0, "'alice' alone would meet the policy");
    refused("alice or bob", CFK_E_ONE_PERSON, 0, "'alice' alone");
    refused("2 of (ops*2, alice, bob)", CFK_E_ONE_PERSON, 0, "'ops' alone");
    refused("2 of (alice, bob or alice)", CFK_E_ONE_PERSON, 0, "'alice' alone");
    refused("(a and b) or (c and (c or d))", CFK_E_ONE_PERSON, 0, "'c' alone");
    cfk_policy_free(parse("2 of (alice, bob or alice)", &single));
}
END_TEST

START_TEST(mistakes_are_told_with_their_place)
{
    refused("", CFK_E_INVALID, 0, "it is empty");
    refused(" \t", CFK_E_INVALID, 0, "it is empty");
    refused("alice bob", CFK_E_INVALID, 6, "column 7: wanted 'and', 'or' or the end");
    refused("& alice", CFK_E_INVALID, 0, "wanted a name or a gate, not 'and'");
    refused("alice &", CFK_E_INVALID, 7, "wanted a name or a gate, not the end");
    refused("alice && bob", CFK_E_INVALID, 7, "wanted a name or a gate, not 'and'");
    refused("(alice | bob", CFK_E_INVALID, 12, "wanted 'and', 'or' or ')', not the end");
    refused("(2, alice, bob))", CFK_E_INVALID, 15, "the end, not ')'");
    refused("2 of (alice; bob)", CFK_E_INVALID, 11, "wanted ',' or ')', not ';'");
    refused("2 of (alice, bob,)", CFK_E_INVALID, 17, "wanted a name or a gate, not ')'");
    refused("2 of ()", CFK_E_INVALID, 6, "wanted a name or a gate, not ')'");
    refused("2 of alice", CFK_E_INVALID, 5, "wanted '(', not a name");
    refused("2 (alice, bob)", CFK_E_INVALID, 2, "wanted 'of' behind the number");
    refused("(2 alice, bob)", CFK_E_INVALID, 3, "wanted ',' or 'of' behind the number");
    refused("(-1, alice, bob)", CFK_E_INVALID, 1, "not '-'");
    refused("(2.5, alice, bob)", CFK_E_INVALID, 0, "a gate says how many it wants");
    refused("(alice, bob)", CFK_E_INVALID, 0, "'2 of (alice, bob)'");
    refused("of (alice, bob)", CFK_E_INVALID, 0, "wanted a name or a gate, not 'of'");
    refused("0 of (a, b)", CFK_E_INVALID, 0, "cannot want 0 of it, only 1 to 2");
    refused("3 of (a, b)", CFK_E_INVALID, 0, "cannot want 3 of it, only 1 to 2");
    refused("a and (4, b*2, c)", CFK_E_INVALID, 6, "weight 3 cannot want 4");
    refused("99999999999999999999 of (a, b)", CFK_E_INVALID, 0, "cannot want");
    refused("2 of (a*0, b)", CFK_E_INVALID, 8, "a weight is 1 to 255");
    refused("2 of (a*256, b)", CFK_E_INVALID, 8, "a weight is 1 to 255");
    refused("2 of (a*b, b)", CFK_E_INVALID, 8, "wanted a weight, not a name");
    refused("2 of (a and b*2, c)", CFK_E_INVALID, 13, "behind one name or bracket");
    refused("2 of (a or b*2, c)", CFK_E_INVALID, 12, "behind one name or bracket");
    refused("2 of (a and b or c*2, c)", CFK_E_INVALID, 18, "behind one name");
    refused("a*2 and b", CFK_E_INVALID, 1, "not '*'");
    refused("2 of (alice, bob, alice)", CFK_E_INVALID, 18, "'alice' is twice in one");
    refused("alice & alice", CFK_E_INVALID, 8, "'*2' behind it gives it more weight");
    refused("2 of (alice, 1 of (alice))", CFK_E_INVALID, 13, "'alice' is twice");
    refused("alice and Alice", CFK_E_INVALID, 10, "differ in case alone");
    refused("\xc3\xb6 and ?", CFK_E_INVALID, 7, "column 7");
    refused("a and \"b", CFK_E_INVALID, 6, "the quote is never closed");
}
END_TEST

START_TEST(names_that_look_alike_are_refused)
{
    refused("a and \"\"", CFK_E_INVALID, 6, "is empty");
    refused("a and \" b\"", CFK_E_INVALID, 6, "space");
    refused("a and \"b \"", CFK_E_INVALID, 6, "space");
    refused("a and \"b  c\"", CFK_E_INVALID, 6, "space");
    refused("a and \"b\tc\"", CFK_E_INVALID, 6, "control");
    refused("a and \"b\\c\"", CFK_E_INVALID, 6, "control");
    refused("a and bob\xe2\x80\xae", CFK_E_INVALID, 6, "invisible");
    refused("a and b\xe2\x80\x8bob", CFK_E_INVALID, 6, "invisible");
    refused("a and \xef\xbb\xbf"
            "b",
            CFK_E_INVALID, 6, "invisible");
    refused("a and a\xcc\x81lice", CFK_E_INVALID, 6, "combining");
    refused("a and b\xc2\xa0"
            "c",
            CFK_E_INVALID, 6, "control");
    refused("a and \xd0\xb0lice", CFK_E_INVALID, 6, "mixes letters of scripts");
    refused("a and ali\xce\xbf", CFK_E_INVALID, 6, "mixes letters of scripts");
    refused("a and \xff", CFK_E_INVALID, 6, "not UTF-8");
    refused("a and \xc0\xaf", CFK_E_INVALID, 6, "not UTF-8");
    refused("a and \xed\xa0\x80", CFK_E_INVALID, 6, "not UTF-8");
    refused("a and \xc3", CFK_E_INVALID, 6, "not UTF-8");
    refused("a and \xf8\x88\x80\x80\x80", CFK_E_INVALID, 6, "not UTF-8");
}
END_TEST

START_TEST(a_zero_byte_ends_no_name)
{
    static const char text[] = "2 of (al\0ice, bob)";
    struct cfk_error err = { 0 };
    cfk_policy *policy;

    ck_assert_int_eq(cfk_policy_parse(text, sizeof text - 1, NULL, &policy, &err),
                     CFK_E_INVALID);
    ck_assert_uint_eq(err.offset, 8);
    ck_assert_int_eq(cfk_policy_parse("a and b\0c", 9, NULL, &policy, &err),
                     CFK_E_INVALID);
}
END_TEST

/* "1 of (n0, n1, ...)" or the like, on the heap. */
static char *many(const char *head, unsigned count, const char *tail)
{
    char *text = malloc(count * 16 + 4096);
    size_t len = (size_t)sprintf(text, "%s", head);

    for (unsigned i = 0; i < count; i++)
        len += (size_t)sprintf(text + len, "%sn%u", i == 0 ? "" : ", ", i);
    sprintf(text + len, "%s", tail);
    return text;
}

static int outcome(char *text)
{
    cfk_policy *policy;
    int rc = cfk_policy_parse(text, strlen(text), &single, &policy, NULL);

    cfk_policy_free(policy);
    free(text);
    return rc;
}

/* "(((a)))", or gates inside each other: "a0 and (a1 or (a0 and ...". */
static char *nested(unsigned depth, bool gates)
{
    char *text = calloc(depth + 1, 32);

    for (unsigned i = 0; i < depth; i++)
        sprintf(text + strlen(text), gates ? "a%u %s (" : "(", i % 7,
                i % 2 == 0 ? "and" : "or");
    strcat(text, gates ? "x and y" : "x");
    for (unsigned i = 0; i < depth; i++)
        strcat(text, ")");
    return text;
}

START_TEST(limits_hold_from_both_sides)
{
    char *text;

    ck_assert_int_eq(outcome(many("2 of (", 255, ")")), CFK_OK);
    ck_assert_int_eq(outcome(many("2 of (", 256, ")")), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(many("(2, ", 300, ")")), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(many("x and (1 of (", 254, "))")), CFK_OK);
    ck_assert_int_eq(outcome(many("x and (1 of (", 255, "))")), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(strdup("2 of (a*254, b)")), CFK_OK);
    ck_assert_int_eq(outcome(strdup("2 of (a*255, b)")), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(nested(CFK__POLICY_MAX_BRACKETS, false)), CFK_OK);
    ck_assert_int_eq(outcome(nested(CFK__POLICY_MAX_BRACKETS + 1, false)), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(nested(4000, false)), CFK_E_LIMIT);
    ck_assert_int_eq(outcome(nested(CFK_POLICY_MAX_DEPTH - 1, true)), CFK_OK);
    ck_assert_int_eq(outcome(nested(CFK_POLICY_MAX_DEPTH, true)), CFK_E_LIMIT);
    /* Weighted names: a share for each, 4 * 256 and one more. */
    ck_assert_int_eq(outcome(strdup("2 of ((2, a*128, b*64, c*62, d, e)*4, f)")),
                     CFK_E_LIMIT);
    ck_assert_int_eq(outcome(strdup("2 of ((2, a*127, b*64, c*62, d, e)*4, f*4)")),
                     CFK_OK);
    text = calloc(1, CFK_POLICY_MAX_TEXT + 2);
    memset(text, ' ', CFK_POLICY_MAX_TEXT);
    memcpy(text, "a and b", 7);
    ck_assert_int_eq(outcome(strdup(text)), CFK_OK);
    text[CFK_POLICY_MAX_TEXT] = ' ';
    ck_assert_int_eq(outcome(text), CFK_E_LIMIT);
    text = calloc(1, 128);
    memset(text, 'n', 64);
    ck_assert_int_eq(outcome(strdup(text)), CFK_OK);
    text[64] = 'n';
    ck_assert_int_eq(outcome(text), CFK_E_INVALID);
}
END_TEST

/* 5 gates of 200 names each are 1000 leaves; 6 are over. */
START_TEST(leaves_are_counted)
{
    for (unsigned gates = 5; gates <= 6; gates++) {
        char *text = calloc(1, CFK_POLICY_MAX_TEXT);

        for (unsigned g = 0; g < gates; g++) {
            char *gate = many(g == 0 ? "2 of (" : " and 2 of (", 200, ")");

            strcat(text, gate);
            free(gate);
        }
        ck_assert_int_eq(outcome(text), gates == 5 ? CFK_OK : CFK_E_LIMIT);
    }
}
END_TEST

static size_t ask(const cfk_policy *policy, const char *present, char *text,
                  size_t (*question)(const cfk_policy *, const char *const *, size_t,
                                     const char **))
{
    char copy[256];
    const char *list[16];
    const char *answer[CFK_POLICY_MAX_PEOPLE];
    size_t count = 0;
    size_t answers;

    snprintf(copy, sizeof copy, "%s", present);
    for (char *name = strtok(copy, " "); name != NULL; name = strtok(NULL, " "))
        list[count++] = name;
    answers = question(policy, list, count, answer);
    text[0] = '\0';
    for (size_t i = 0; i < answers; i++)
        sprintf(text + strlen(text), "%s%s", i == 0 ? "" : " ", answer[i]);
    return answers;
}

static void missing_is(const char *text, const char *present, const char *missing,
                       const char *helpers)
{
    cfk_policy *policy = parse(text, &single);
    char answer[1024];

    ask(policy, present, answer, cfk_policy_missing);
    ck_assert_msg(strcmp(answer, missing) == 0, "%s with %s: missing %s", text, present,
                  answer);
    ask(policy, present, answer, cfk_policy_helpers);
    ck_assert_msg(strcmp(answer, helpers) == 0, "%s with %s: helpers %s", text, present,
                  answer);
    cfk_policy_free(policy);
}

START_TEST(who_is_missing_and_who_could_help)
{
    missing_is("2 of (a, b, c)", "", "a b", "a b c");
    missing_is("2 of (a, b, c)", "b", "a", "a c");
    missing_is("2 of (a, b, c)", "x b b", "a", "a c");
    missing_is("2 of (a, b, c)", "b c", "", "");
    missing_is("a and (b or c)", "c", "a", "a");
    missing_is("a and (b or c)", "a", "b", "b c");
    missing_is("(a and b and c) or (d and e)", "", "d e", "a b c d e");
    missing_is("(a and b and c) or (d and e)", "a b", "c", "c d e");
    missing_is("3 of (ops*2, a, b)", "a", "ops", "ops");
    missing_is("3 of (ops*2, a, b)", "ops", "a", "a b");
    missing_is("4 of (x*3, y*3, z)", "x", "y", "y z");
    missing_is("6 of (x*3, y*3, z)", "", "x y", "x y"); /* z never decides */
    missing_is("(a or b) and (b or c)", "", "b", "a b c");
    missing_is("(a and b) or (a and c)", "a", "b", "b c");
}
END_TEST

/* The answers against every subset of the people of random policies. */
static void random_gate(struct gen *g, char *text, unsigned depth)
{
    unsigned count = 2 + (unsigned)gen_below(g, 3);
    unsigned offset = (unsigned)gen_below(g, 6);

    sprintf(text + strlen(text), "%u of (", 1 + (unsigned)gen_below(g, count));
    for (unsigned i = 0; i < count; i++) {
        strcat(text, i == 0 ? "" : ", ");
        if (depth > 0 && gen_below(g, 3) == 0)
            random_gate(g, text, depth - 1);
        else
            sprintf(text + strlen(text), "p%u", (offset + i) % 6);
        if (gen_below(g, 5) == 0)
            strcat(text, "*2");
    }
    strcat(text, ")");
}

static uint32_t bits_of(const cfk_policy *policy, const char *const *names, size_t count)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < count; i++)
        bits |= UINT32_C(1) << cfk__policy_find(policy, names[i], strlen(names[i]));
    return bits;
}

static bool met_by(const cfk_policy *policy, uint32_t bits)
{
    bool have[CFK_POLICY_MAX_PEOPLE] = { false };

    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        have[i] = bits >> i & 1;
    return cfk__policy_met(policy, have);
}

static void check_answers(const cfk_policy *policy, uint32_t have)
{
    const char *names[32];
    const char *answer[32];
    uint32_t all = (UINT32_C(1) << cfk_policy_people(policy)) - 1;
    uint32_t bits, help = 0;
    size_t count = 0;

    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        if (have >> i & 1)
            names[count++] = cfk_policy_person(policy, i);
    bits = bits_of(policy, answer, cfk_policy_missing(policy, names, count, answer));
    ck_assert_uint_eq(bits & have, 0);
    ck_assert(met_by(policy, have | bits));
    for (uint32_t bit = 1; bit <= all; bit <<= 1)
        ck_assert((bits & bit) == 0 || !met_by(policy, have | (bits ^ bit)));
    bits = bits_of(policy, answer, cfk_policy_helpers(policy, names, count, answer));
    for (uint32_t more = 0; more <= all; more++)
        for (uint32_t bit = 1; bit <= all; bit <<= 1)
            if (!(have & bit) && !met_by(policy, have | more) &&
                met_by(policy, have | more | bit))
                help |= bit;
    ck_assert_uint_eq(help & ~bits, 0); /* whoever decides somewhere is listed */
}

START_TEST(answers_hold_for_random_policies)
{
    struct gen g;
    unsigned parsed = 0;

    gen_seed(&g, 39);
    for (unsigned round = 0; round < (RUNNING_ON_VALGRIND ? 15u : 150u); round++) {
        char text[4096] = "";
        cfk_policy *policy;
        cfk_policy *again;

        random_gate(&g, text, 3);
        if (cfk_policy_parse(text, strlen(text), &single, &policy, NULL) != CFK_OK)
            continue; /* a gate with somebody twice */
        parsed++;
        again = parse(cfk_policy_text(policy), &single);
        ck_assert_str_eq(cfk_policy_text(again), cfk_policy_text(policy));
        for (uint32_t have = 0; have < 1u << cfk_policy_people(policy); have++) {
            ck_assert_int_eq(met_by(policy, have), met_by(again, have));
            check_answers(policy, have);
        }
        cfk_policy_free(again);
        cfk_policy_free(policy);
    }
    ck_assert_uint_gt(parsed, RUNNING_ON_VALGRIND ? 3 : 40);
}
END_TEST

static int parse_one(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_policy_options opts = { .size = sizeof opts, .alloc = alloc };
    const char *text = ctx;
    cfk_policy *policy;
    int rc = cfk_policy_parse(text, strlen(text), &opts, &policy, NULL);

    cfk_policy_free(policy);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    char *text = many("2 of (", 40, ")");

    fault_sweep(parse_one, text, 5);
    free(text);
}
END_TEST

START_TEST(options_of_another_size)
{
    struct cfk_policy_options opts = { .size = 1 };
    cfk_policy *policy;

    ck_assert_int_eq(cfk_policy_parse("a and b", 7, &opts, &policy, NULL), CFK_E_INVALID);
    ck_assert_ptr_null(policy);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const language[] = {
        every_spelling_has_one_canonical_form,
        people_are_listed_once_in_order,
        mistakes_are_told_with_their_place,
        names_that_look_alike_are_refused,
        a_zero_byte_ends_no_name,
        limits_hold_from_both_sides,
        leaves_are_counted,
        every_allocation_may_fail,
        options_of_another_size,
        NULL,
    };
    const TTest *const questions[] = {
        people_meet_it_together,
        one_person_alone_is_refused,
        who_is_missing_and_who_could_help,
        answers_hold_for_random_policies,
        NULL,
    };
    Suite *suite = suite_create("split/policy");

    suite_add_tcase(suite, unit_case("language", language));
    suite_add_tcase(suite, unit_case("questions", questions));
    return suite;
}
