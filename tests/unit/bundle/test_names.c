/* SPDX-License-Identifier: MIT */
/* Name constraints in chains: whom they bind, the budget, what is reported. */
#include "fault.h"
#include "make.h"
#include "unit.h"

/* Chains: what the CA says, what the leaf says. */
#define PERMIT_DNS "30130603551d1e0101ff04093007a0053003820161" /* "a" */
#define SAN_A      "300c0603551d1104053003820161"
#define SAN_B      "300c0603551d1104053003820162"

/* Permits the directory name CN=leaf alone. */
#define PERMIT_LEAF                                                                      \
    "30230603551d1e0101ff04193017a0153013a411300f310d300b06035504030c046c656166"

static const struct make root = {
    .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .ca = true
};
static const struct make ca = {
    .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .ca = true
};
static const struct make leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 2
};

static cfk_bundle_result *build(cfk_bundle_pool *pool, const struct make *m,
                                const struct cfk_bundle_options *opts)
{
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    int rc = make_build(pool, m, opts, &result, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    return result;
}

/* root, ca, leaf with these extensions: the reason, the step to blame, the words. */
static void expect(const char *of_root, const char *of_ca, const char *of_leaf,
                   int reason, uint32_t step, const char *words)
{
    struct cfk_bundle_rejected_info path = { .size = sizeof path };
    struct cfk_error err = { 0 };
    struct make r = root;
    struct make c = ca;
    struct make l = leaf;
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;

    r.ext = of_root;
    c.ext = of_ca;
    l.ext = of_leaf;
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &r, CFK_BUNDLE_ROOT);
    make_add(pool, &c, CFK_BUNDLE_POOL);
    result = build(pool, &l, NULL);
    if (reason == CFK_OK) {
        ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
    } else {
        unit_expect_error(cfk_bundle_reason(result, &err), reason, &err, words);
        ck_assert_uint_eq(cfk_bundle_rejected_count(result), 1);
        ck_assert_int_eq(cfk_bundle_rejected(result, 0, &path, NULL), CFK_OK);
        ck_assert_int_eq(path.reason, reason);
        ck_assert_uint_eq(path.step, step);
    }
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

START_TEST(chains_keep_to_the_constraints_of_every_issuer)
{
    expect(NULL, PERMIT_DNS, SAN_A, CFK_OK, 0, NULL);
    expect(PERMIT_DNS, NULL, SAN_A, CFK_OK, 0, NULL);
    expect(NULL, PERMIT_DNS, NULL, CFK_OK, 0, NULL);
    expect(NULL, PERMIT_DNS, SAN_B, CFK_E_NAME_CONSTRAINT, 0,
           "certificate 1: DNS name b is not permitted by the name constraints of "
           "certificate 2 (CN=ca)");
    expect(PERMIT_DNS, NULL, SAN_B, CFK_E_NAME_CONSTRAINT, 0, "certificate 3 (CN=root)");
    expect(PERMIT_DNS, SAN_B, SAN_A, CFK_E_NAME_CONSTRAINT, 1,
           "certificate 2: DNS name b is not permitted");
    expect(NULL, PERMIT_LEAF, NULL, CFK_OK, 0, NULL);
    expect(PERMIT_LEAF, NULL, NULL, CFK_E_NAME_CONSTRAINT, 1,
           "certificate 2: directory name CN=ca is not permitted");
}
END_TEST

START_TEST(self_issued_intermediates_are_exempt_but_no_leaf)
{
    struct make own = { .subject = "ca", .issuer = "ca", .key = 3, .signed_by = 2 };
    struct cfk_error err = { 0 };
    struct make c = ca;
    struct make l = leaf;
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;

    c.ext = PERMIT_DNS;
    own.ext = SAN_B;
    own.ca = true;
    l.ext = SAN_A;
    l.signed_by = 3;
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &c, CFK_BUNDLE_POOL);
    make_add(pool, &own, CFK_BUNDLE_POOL);
    result = build(pool, &l, NULL);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_free(result);
    result = build(pool, &own, NULL);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_NAME_CONSTRAINT, &err,
                      "DNS name b");
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_build_has_a_budget_of_comparisons)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_comparisons = 4 };
    struct cfk_bundle_counters n = { .size = sizeof n };
    struct cfk_error err = { 0 };
    struct make c = ca;
    struct make l = leaf;
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;

    c.ext = PERMIT_DNS;
    l.ext = SAN_A;
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &c, CFK_BUNDLE_POOL);
    result = build(pool, &l, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.met, 0);
    cfk_bundle_result_free(result);
    opts.max_comparisons = 3;
    result = build(pool, &l, &opts);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                      "name comparisons allowed");
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.met, CFK_BUNDLE_MET_COMPARISONS);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* A chain is found, or the reason told, at every failing allocation. */
static int constrained(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts,
                                                 .alloc = alloc };
    struct cfk_bundle_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool = NULL;
    struct make c = ca;
    uint8_t der[2048];
    size_t size;
    int rc = cfk_bundle_pool_new(&pool_opts, &pool, NULL);

    c.ext = PERMIT_LEAF;
    size = make_cert(&root, der);
    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_ROOT, NULL);
    size = make_cert(&c, der);
    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, NULL);
    if (rc == CFK_OK)
        rc = make_build(pool, ctx, &opts, &result, NULL);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(checks_survive_every_allocation_failure)
{
    struct make other = leaf;
    struct make same = leaf;

    other.subject = "other";
    fault_sweep(constrained, &same, 10);
    fault_sweep(constrained, &other, 10);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        chains_keep_to_the_constraints_of_every_issuer,
        self_issued_intermediates_are_exempt_but_no_leaf,
        a_build_has_a_budget_of_comparisons,
        checks_survive_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/names");

    suite_add_tcase(suite, unit_case("names", tests));
    return suite;
}
