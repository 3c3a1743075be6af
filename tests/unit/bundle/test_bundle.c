/* SPDX-License-Identifier: MIT */
/* The public functions as such: arguments, limits of pools, failing allocations. */
#include "fault.h"
#include "make.h"
#include "small_world.h"
#include "unit.h"

#include <string.h>

START_TEST(arguments_are_checked)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .eku = 4 };
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    struct cfk_bundle_chain_info chain = { .size = 3 };
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    uint8_t der[2048];
    size_t size = make_cert(&root, der);
    char *text;

    unit_expect_error(cfk_bundle_pool_add_der(pool, der, size, 3, &err), CFK_E_INVALID,
                      &err, "where it came from");
    unit_expect_error(cfk_bundle_pool_add(pool, der, size, 0, NULL, &err), CFK_E_INVALID,
                      &err, "where it came from");
    unit_expect_error(cfk_bundle_pool_add_der(pool, der, size - 1, CFK_BUNDLE_ROOT, &err),
                      CFK_E_CORRUPT, &err, "outermost");
    ck_assert_uint_eq(cfk_bundle_pool_count(pool, 7), 0);
    unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID, &err,
                      "purpose");
    ck_assert_ptr_null(result);
    opts.eku = 0;
    opts.flags = UINT32_C(1) << 30;
    unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID, &err,
                      "flags");
    opts.flags = 0;
    opts.host = "no host";
    unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID, &err,
                      "neither a DNS name");
    opts.host = NULL;
    opts.max_length = 256;
    unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID, &err,
                      "at most 255");
    unit_expect_error(cfk_bundle_build(pool, "x", 1, 0, NULL, &result, &err),
                      CFK_E_CORRUPT, &err, "no certificate");

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &root, NULL);
    unit_expect_error(cfk_bundle_chain(result, 0, &chain, &err), CFK_E_INVALID, &err,
                      "size");
    unit_expect_error(cfk_bundle_chain(result, 1, &chain, &err), CFK_E_INVALID, &err,
                      "number 1 of 1");
    unit_expect_error(cfk_bundle_chain_cert(result, 0, 1, &cert, &err), CFK_E_INVALID,
                      &err, "certificate 1 of 1");
    unit_expect_error(cfk_bundle_rejected_cert(result, 0, 0, &cert, &err), CFK_E_INVALID,
                      &err, "number 0 of 0");
    unit_expect_error(cfk_bundle_write_pem(result, 0, 2, NULL, &text, &size, &err),
                      CFK_E_INVALID, &err, "flags");
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    cfk_bundle_pool_free(NULL);
    cfk_bundle_result_free(NULL);
}
END_TEST

START_TEST(pools_have_limits)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts, .max_certs = 2 };
    uint8_t der[2048];
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    size_t size = make_cert(&leaf, der);

    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    make_add(pool, &ca, CFK_BUNDLE_ROOT); /* there already */
    ck_assert_uint_eq(cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT), 2);
    unit_expect_error(cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, &err),
                      CFK_E_LIMIT, &err, "at most 2 certificates");
    unit_expect_error(cfk_bundle_pool_add(pool, der, size, CFK_BUNDLE_POOL, NULL, &err),
                      CFK_E_LIMIT, &err, "at most 2 certificates");
    cfk_bundle_pool_free(pool);

    opts.max_certs = 0;
    opts.max_cert_size = size - 1;
    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    unit_expect_error(cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, &err),
                      CFK_E_LIMIT, &err, "bytes");
    cfk_bundle_pool_free(pool);
    opts.max_cert_size = size;
    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, &err),
                     CFK_OK);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* Everything that allocates, once: pool, inputs, build, facts, PEM. */
static int whole_life(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts,
                                                 .alloc = alloc };
    struct cfk_bundle_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    const char *pem = ctx;
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool = NULL;
    void *first = NULL;
    char *text = NULL;
    uint8_t der[2048];
    size_t size;
    int rc = cfk_bundle_pool_new(&pool_opts, &pool, NULL);

    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add(pool, pem, strlen(pem), CFK_BUNDLE_ROOT, NULL, NULL);
    for (unsigned i = 0; i < 20 && rc == CFK_OK; i++) {
        struct make m = ca;

        m.serial = (uint8_t)i;
        m.issuer = i % 4 == 3 ? "nobody" : "root";
        size = make_cert(&m, der);
        rc = cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, NULL);
    }
    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_input(pool, pem, strlen(pem), NULL, &first, &size, NULL);
    if (rc == CFK_OK)
        rc = make_build(pool, &leaf, &opts, &result, NULL);
    if (rc == CFK_OK) {
        ck_assert_uint_eq(cfk_bundle_chain_count(result), 15);
        rc = cfk_bundle_chain_cert(result, 0, 1, &cert, NULL);
    }
    if (rc == CFK_OK)
        rc = cfk_bundle_leaf(result, &cert, NULL);
    if (rc == CFK_OK)
        rc = cfk_bundle_write_pem(result, 0, 0, alloc, &text, &size, NULL);
    cfk_free(alloc, text);
    cfk_free(alloc, first);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(a_whole_life_survives_every_allocation_failure)
{
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    char *pem;
    size_t size;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &root, NULL);
    ck_assert_int_eq(cfk_bundle_write_pem(result, 0, 0, NULL, &pem, &size, NULL), CFK_OK);
    fault_sweep(whole_life, pem, 20);
    cfk_free(NULL, pem);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* The same where there is no chain and the reason has to be worked out. */
static int fruitless(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts,
                                                 .alloc = alloc };
    struct cfk_bundle_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool = NULL;
    struct make m = ca;
    uint8_t der[2048];
    size_t size = make_cert(&m, der);
    int rc = cfk_bundle_pool_new(&pool_opts, &pool, NULL);

    (void)ctx;
    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_POOL, NULL);
    if (rc == CFK_OK)
        rc = make_build(pool, &leaf, &opts, &result, NULL);
    if (rc == CFK_OK)
        ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(a_fruitless_search_survives_every_allocation_failure)
{
    fault_sweep(fruitless, NULL, 10);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        arguments_are_checked,
        pools_have_limits,
        a_whole_life_survives_every_allocation_failure,
        a_fruitless_search_survives_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/bundle");

    suite_add_tcase(suite, unit_case("bundle", tests));
    return suite;
}
