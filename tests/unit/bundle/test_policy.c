/* SPDX-License-Identifier: MIT */
/* Certificate policies along a path: RFC 5280, 6.1, by the graph of RFC 9618. */
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLICIES = 32, MAPPINGS = 33, CONSTRAINTS = 36, INHIBIT_ANY = 54 };

#define ANY -1

/* The hexadecimal of the policy 1.2.3.N, tag and all; ANY is anyPolicy. */
static const char *oid(int number, char text[20])
{
    if (number == ANY)
        snprintf(text, 20, "0604551d2000");
    else
        snprintf(text, 20, "06032a03%02x", (unsigned)number);
    return text;
}

/* Append certificatePolicies of a list that ends in 0. */
static void add_policies(char *ext, size_t size, const int *list)
{
    char body[1024] = "";
    char value[1100] = "";
    char one[20];

    for (; *list != 0; list++)
        make_wrap(body, sizeof body, 0x30, oid(*list, one));
    make_wrap(value, sizeof value, 0x30, body);
    make_ext(ext, size, POLICIES, false, value);
}

/* Append policyMappings of pairs that end in 0. */
static void add_mappings(char *ext, size_t size, const int *pairs)
{
    char body[2048] = "";
    char value[2100] = "";
    char pair[40];
    char from[20];
    char to[20];

    for (; pairs[0] != 0; pairs += 2) {
        snprintf(pair, sizeof pair, "%s%s", oid(pairs[0], from), oid(pairs[1], to));
        make_wrap(body, sizeof body, 0x30, pair);
    }
    make_wrap(value, sizeof value, 0x30, body);
    make_ext(ext, size, MAPPINGS, true, value);
}

enum { LEVELS = 3 }; /* the upper CA, the lower CA, the leaf */

struct path {
    int policies[LEVELS][4];
    int mappings[2][7];
    const char *
        more[LEVELS]; /* a further extension: its arc, -arc where uncritical, its value */
};

/* Build root, upper, lower, leaf with these extensions. The reason. */
static int build(const struct path *p, uint32_t flags, const char *accepted,
                 struct cfk_error *err)
{
    static const struct make certs[LEVELS] = {
        { .subject = "upper", .issuer = "root", .key = 2, .signed_by = 1, .ca = true },
        { .subject = "lower", .issuer = "upper", .key = 3, .signed_by = 2, .ca = true },
        { .subject = "leaf", .issuer = "lower", .key = 9, .signed_by = 3 },
    };
    static const struct make root = {
        .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .ca = true
    };
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .flags = flags,
                                       .policies = accepted };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;
    int rc;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (size_t i = 0; i < LEVELS; i++) {
        struct make m = certs[i];
        char ext[1024] = "";

        if (p->policies[i][0] != 0)
            add_policies(ext, sizeof ext, p->policies[i]);
        if (i < 2 && p->mappings[i][0] != 0)
            add_mappings(ext, sizeof ext, p->mappings[i]);
        if (p->more[i] != NULL)
            make_ext(ext, sizeof ext, (unsigned)abs(atoi(p->more[i])),
                     p->more[i][0] != '-', strchr(p->more[i], ' ') + 1);
        m.ext = ext;
        if (i + 1 < LEVELS) {
            make_add(pool, &m, CFK_BUNDLE_POOL);
            continue;
        }
        rc = make_build(pool, &m, &opts, &result, err);
        ck_assert_msg(rc == CFK_OK, "%s", err->message);
    }
    rc = cfk_bundle_reason(result, err);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

#define REQUIRE  CFK_BUNDLE_REQUIRE_POLICY
#define NEED_ALL "36 3003800100" /* policyConstraints: requireExplicitPolicy 0 */
#define NEED_1   "36 3003800101"
#define NO_MAP   "36 3003810100" /* inhibitPolicyMapping 0 */
#define NO_ANY   "54 020100"
#define NO_ANY_1 "54 020101"

START_TEST(a_policy_is_valid_down_the_whole_path)
{
    static const struct {
        struct path path;
        uint32_t flags;
        const char *accepted;
        bool good;
    } cases[] = {
        /* nobody asks */
        { { { { 1 }, { 2 }, { 3 } }, { { 0 } }, { NULL } }, 0, NULL, true },
        { { { { 0 } }, { { 0 } }, { NULL } }, 0, "1.2.3.1", true },
        /* the caller asks */
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, true },
        { { { { 1 }, { 2 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, false },
        { { { { 1 }, { 1 }, { 0 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, false },
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, "1.2.3.1", true },
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, "1.2.3.2", false },
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NULL } },
          REQUIRE,
          "2.5.29.1,1.2.3.1",
          true },
        { { { { 1, 2 }, { 1, 3 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, true },
        { { { { 1, 2 }, { 1, 2 }, { 2 } }, { { 0 } }, { NULL } },
          REQUIRE,
          "1.2.3.1",
          false },
        /* any policy */
        { { { { ANY }, { 1 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, "1.2.3.1", true },
        { { { { ANY }, { ANY }, { ANY } }, { { 0 } }, { NULL } },
          REQUIRE,
          "1.2.3.1",
          true },
        { { { { 1 }, { ANY }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, "1.2.3.1", true },
        { { { { 1 }, { ANY }, { 2 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, false },
        { { { { 1 }, { 1 }, { ANY } }, { { 0 } }, { NULL } }, REQUIRE, "1.2.3.1", true },
        { { { { ANY }, { 1 }, { 1 } }, { { 0 } }, { NULL } },
          REQUIRE | CFK_BUNDLE_NO_ANY_POLICY,
          NULL,
          false },
        { { { { 1 }, { ANY }, { 1 } }, { { 0 } }, { NO_ANY } }, REQUIRE, NULL, false },
        { { { { 1 }, { ANY }, { 1 } }, { { 0 } }, { NO_ANY_1 } }, REQUIRE, NULL, true },
        { { { { 1 }, { ANY }, { ANY } }, { { 0 } }, { NO_ANY_1 } },
          REQUIRE,
          NULL,
          false },
        /* an issuer asks */
        { { { { 1 }, { 2 }, { 1 } }, { { 0 } }, { NEED_ALL } }, 0, NULL, false },
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NEED_ALL } }, 0, NULL, true },
        { { { { 1 }, { 1 }, { 1 } }, { { 0 } }, { NEED_ALL } }, 0, "1.2.3.9", false },
        { { { { 1 }, { 2 }, { 1 } }, { { 0 } }, { "36 3003800105" } }, 0, NULL, true },
        { { { { 1 }, { 2 }, { 2 } }, { { 0 } }, { NEED_1 } }, 0, NULL, false },
        { { { { 1 }, { 1 }, { 0 } }, { { 0 } }, { NULL, NULL, NEED_ALL } },
          0,
          NULL,
          false },
        /* mappings */
        { { { { 1 }, { 2 }, { 2 } }, { { 1, 2 } }, { NULL } }, REQUIRE, "1.2.3.1", true },
        { { { { 1 }, { 2 }, { 2 } }, { { 1, 2 } }, { NULL } },
          REQUIRE,
          "1.2.3.2",
          false },
        { { { { 1 }, { 1 }, { 1 } }, { { 1, 2 } }, { NULL } }, REQUIRE, NULL, false },
        { { { { 1 }, { 2 }, { 3 } }, { { 1, 2 }, { 2, 3 } }, { NULL } },
          REQUIRE,
          "1.2.3.1",
          true },
        { { { { 1 }, { 2, 3 }, { 3 } }, { { 1, 2, 1, 3 } }, { NULL } },
          REQUIRE,
          "1.2.3.1",
          true },
        { { { { ANY }, { 2 }, { 2 } }, { { 1, 2 } }, { NULL } },
          REQUIRE,
          "1.2.3.1",
          true },
        { { { { 1 }, { 2 }, { 2 } }, { { 1, 2 } }, { NULL } },
          REQUIRE | CFK_BUNDLE_NO_MAPPING,
          NULL,
          false },
        { { { { 1 }, { 1 }, { 2 } }, { { 0 }, { 1, 2 } }, { NO_MAP } },
          REQUIRE,
          NULL,
          false },
        /* malformed: whether or not somebody asks */
        { { { { 1 }, { 1 }, { 1 } }, { { 1, ANY } }, { NULL } }, 0, NULL, false },
        { { { { 1 }, { 1 }, { 1 } }, { { ANY, 1 } }, { NULL } }, 0, NULL, false },
        { { { { 0 } }, { { 0 } }, { "36 3000" } }, 0, NULL, false },
        { { { { 0 } }, { { 0 } }, { "36 30038001ff" } }, 0, NULL, false },
        { { { { 0 } }, { { 0 } }, { "32 3000" } }, 0, NULL, false },
        { { { { 0 } }, { { 0 } }, { NULL, NULL, "54 0201ff" } }, 0, NULL, false },
        /* twice the same */
        { { { { 1, 1 }, { 1 }, { 1 } }, { { 0 } }, { NULL } }, REQUIRE, NULL, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk_error err = { 0 };
        int rc = build(&cases[i].path, cases[i].flags, cases[i].accepted, &err);

        ck_assert_msg(rc == (cases[i].good ? CFK_OK : CFK_E_POLICY), "case %zu: %s", i,
                      err.message);
    }
}
END_TEST

/* The policy 1.2.3.1 with a qualifier: a CPS, and 1.2.3.4. */
#define CPS   "3018301606032a0301300f300d06082b06010505070201160161"
#define OTHER "3012301006032a03013009300706032a03040500"

START_TEST(a_qualifier_that_is_not_known_counts_where_it_is_critical)
{
    static const struct {
        const char *more;
        int reason;
    } cases[] = {
        { "32 " CPS, CFK_OK },
        { "-32 " CPS, CFK_OK },
        { "32 " OTHER, CFK_E_CRITICAL },
        { "-32 " OTHER, CFK_OK },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct path path = { .policies = { { 1 }, { 1 } },
                             .more = { NULL, NULL, cases[i].more } };
        struct cfk_error err = { 0 };

        ck_assert_int_eq(build(&path, REQUIRE, "1.2.3.1", &err), cases[i].reason);
    }
}
END_TEST

START_TEST(policies_are_oids)
{
    static const char *const good[] = { "1.2.3.1", "0.39", "2.999.1",
                                        "1.2.3.1,2.5.29.32.0", "2.23.140.1.2.2" };
    static const char *const bad[] = { "",
                                       "1",
                                       "1.",
                                       ".1",
                                       "3.1",
                                       "1.40",
                                       "1..2",
                                       "1.2,",
                                       "1.2.3 ",
                                       "a.b",
                                       "1.2.3.99999999999999999999999" };
    struct path path = { .policies = { { 1 }, { 1 }, { 1 } } };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cfk_error err = { 0 };

        build(&path, 0, good[i], &err);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cfk_bundle_options opts = { .size = sizeof opts, .policies = bad[i] };
        struct make leaf = { .subject = "leaf", .issuer = "root" };
        cfk_bundle_result *result;
        cfk_bundle_pool *pool;
        struct cfk_error err = { 0 };

        ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
        unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID,
                          &err, "a policy is an OID");
        ck_assert_ptr_null(result);
        cfk_bundle_pool_free(pool);
    }
}
END_TEST

enum { BOMB_POLICIES = 7, BOMB_DEPTH = 9 };

/* Every policy mapped to every one, at every depth: a tree would have 7^9 leaves. */
static cfk_bundle_result *explode(uint32_t max_comparisons, cfk_bundle_pool **pool)
{
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .flags = REQUIRE,
                                       .policies = "1.2.3.1",
                                       .max_comparisons = max_comparisons };
    struct make root = {
        .subject = "ca0", .issuer = "ca0", .key = 1, .signed_by = 1, .ca = true
    };
    struct make leaf = {
        .subject = "leaf", .issuer = "ca9", .key = 99, .signed_by = BOMB_DEPTH + 1
    };
    int pairs[2 * BOMB_POLICIES * BOMB_POLICIES + 1] = { 0 };
    int list[BOMB_POLICIES + 1] = { 0 };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    char leaf_ext[4096];
    char ext[4096] = "";

    for (int i = 0; i < BOMB_POLICIES; i++)
        list[i] = i + 1;
    for (int i = 0; i < BOMB_POLICIES * BOMB_POLICIES; i++) {
        pairs[2 * i] = i / BOMB_POLICIES + 1;
        pairs[2 * i + 1] = i % BOMB_POLICIES + 1;
    }
    add_policies(ext, sizeof ext, list);
    snprintf(leaf_ext, sizeof leaf_ext, "%s", ext);
    leaf.ext = leaf_ext;
    add_mappings(ext, sizeof ext, pairs);
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, pool, NULL), CFK_OK);
    make_add(*pool, &root, CFK_BUNDLE_ROOT);
    for (int i = 1; i <= BOMB_DEPTH; i++) {
        char issuer[8];
        char subject[8];
        struct make ca = { .key = (uint8_t)(i + 1), .signed_by = (uint8_t)i, .ca = true };

        snprintf(issuer, sizeof issuer, "ca%d", i - 1);
        snprintf(subject, sizeof subject, "ca%d", i);
        ca.issuer = issuer;
        ca.subject = subject;
        ca.ext = ext;
        make_add(*pool, &ca, CFK_BUNDLE_POOL);
    }
    ck_assert_msg(make_build(*pool, &leaf, &opts, &result, &err) == CFK_OK, "%s",
                  err.message);
    return result;
}

START_TEST(a_bomb_of_mappings_costs_what_it_weighs)
{
    struct cfk_bundle_counters n = { .size = sizeof n };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;

    result = explode(10000, &pool);
    ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);

    result = explode(1000, &pool);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                      "comparisons allowed");
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.met, CFK_BUNDLE_MET_COMPARISONS);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_policy_is_valid_down_the_whole_path,
        a_qualifier_that_is_not_known_counts_where_it_is_critical,
        policies_are_oids,
        a_bomb_of_mappings_costs_what_it_weighs,
        NULL,
    };
    Suite *suite = suite_create("bundle/policy");

    suite_add_tcase(suite, unit_case("policy", tests));
    return suite;
}
