/* SPDX-License-Identifier: MIT */
/* CFK_BUNDLE_FORCE: the chain that was given, valid or not, and no other. */
#include "fault.h"
#include "small_world.h"

#include <string.h>

static const struct cfk_bundle_options force = { .size = sizeof force,
                                                 .flags = CFK_BUNDLE_FORCE };

static struct cfk_bundle_chain_info chain_of(const cfk_bundle_result *result)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };

    ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    ck_assert_int_eq(cfk_bundle_chain(result, 0, &chain, NULL), CFK_OK);
    return chain;
}

START_TEST(a_valid_chain_is_kept_and_no_other_looked_for)
{
    cfk_bundle_pool *pool = new_pool();
    struct make twin = ca;
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    uint8_t der[2048];
    size_t size = make_cert(&ca, der);

    twin.serial = 1;
    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    make_add(pool, &twin, CFK_BUNDLE_POOL);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &leaf, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
    ck_assert_int_eq(err.code, CFK_OK);
    ck_assert_uint_eq(chain_of(result).length, 3);
    ck_assert_uint_eq(chain_of(result).warnings & CFK_BUNDLE_WARN_INVALID, 0);
    ck_assert_int_eq(cfk_bundle_chain_cert(result, 0, 1, &cert, NULL), CFK_OK);
    ck_assert_uint_eq(cert.der_size, size);
    ck_assert_mem_eq(cert.der, der, size);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* Forced from middle and end below it, it is a chain of length with this fault. */
static void expect_fault(const struct make *middle, const struct make *end, bool trusted,
                         uint32_t length, int reason, const char *words)
{
    cfk_bundle_pool *pool = new_pool();
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;

    if (middle != NULL)
        make_add(pool, middle, CFK_BUNDLE_INPUT);
    if (trusted)
        make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, end, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
    unit_expect_error(err.code, reason, &err, words);
    ck_assert_uint_eq(chain_of(result).length, length);
    ck_assert_uint_eq(chain_of(result).warnings & CFK_BUNDLE_WARN_INVALID,
                      CFK_BUNDLE_WARN_INVALID);
    ck_assert_uint_ge(cfk_bundle_rejected_count(result), 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

START_TEST(what_is_not_valid_is_taken_with_a_warning)
{
    struct make m = leaf;

    expect_fault(&ca, &leaf, false, 2, CFK_E_UNKNOWN_ISSUER,
                 "no issuer of certificate 2 (CN=ca)");
    expect_fault(NULL, &leaf, true, 1, CFK_E_UNKNOWN_ISSUER, "no issuer");
    m.until = "260101000000Z";
    expect_fault(&ca, &m, true, 2, CFK_E_EXPIRED, "certificate 1 (CN=leaf) expired");
    m = ca;
    m.until = "260101000000Z";
    expect_fault(&m, &leaf, true, 2, CFK_E_EXPIRED, "certificate 2 (CN=ca) expired");
}
END_TEST

START_TEST(what_is_no_chain_is_none)
{
    static const struct make other = {
        .subject = "other", .issuer = "root", .key = 3, .signed_by = 1, .ca = true
    };
    struct make forged = leaf;
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;

    make_add(pool, &other, CFK_BUNDLE_INPUT); /* between leaf and ca */
    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &leaf, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);

    pool = new_pool();
    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    forged.signed_by = 99;
    result = build(pool, &forged, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_SIGNATURE);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(nothing_but_a_root_is_added)
{
    static const struct make low = {
        .subject = "ca", .issuer = "mid", .key = 2, .signed_by = 5, .ca = true
    };
    static const struct make mid = {
        .subject = "mid", .issuer = "root", .key = 5, .signed_by = 1, .ca = true
    };
    cfk_bundle_pool *pool = new_pool();
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;

    make_add(pool, &low, CFK_BUNDLE_INPUT);
    make_add(pool, &mid, CFK_BUNDLE_POOL);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &leaf, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
    unit_expect_error(err.code, CFK_E_UNKNOWN_ISSUER, &err, "certificate 2 (CN=ca)");
    ck_assert_uint_eq(chain_of(result).length, 2);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_link_is_a_name_and_a_key)
{
    struct make other = ca;
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;

    other.subject = "other"; /* with the key that signed the leaf */
    make_add(pool, &other, CFK_BUNDLE_INPUT);
    result = build(pool, &leaf, &force);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_root_that_is_given_is_the_end)
{
    cfk_bundle_pool *pool = new_pool();
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    struct make m = leaf;
    cfk_bundle_result *result;

    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    make_add(pool, &root, CFK_BUNDLE_INPUT);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &leaf, &force);
    ck_assert_uint_eq(chain_of(result).length, 3);
    ck_assert_uint_eq(chain_of(result).warnings & CFK_BUNDLE_WARN_INVALID, 0);
    cfk_bundle_result_free(result);
    m.until = "260101000000Z";
    result = build(pool, &m, &force);
    ck_assert_uint_eq(chain_of(result).length, 3);
    ck_assert_int_eq(cfk_bundle_chain_cert(result, 0, 2, &cert, NULL), CFK_OK);
    ck_assert_uint_eq(cert.from, CFK_BUNDLE_ROOT);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_chain_has_an_end)
{
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    struct make m = ca;
    size_t serial = 0;
    uint8_t der[2048];
    size_t size;

    m.serial = 0x7e;
    size = make_cert(&m, der);
    while (memcmp(der + serial, "\x02\x01\x7e", 3) != 0)
        serial++;
    for (unsigned i = 0; i < 255; i++) {
        der[serial + 2] = (uint8_t)i;
        ck_assert_int_eq(cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_INPUT, NULL),
                         CFK_OK);
        if (i == 253) {
            result = build(pool, &leaf, &force);
            cfk_bundle_result_free(result);
        }
    }
    unit_expect_error(make_build(pool, &leaf, &force, &result, &err), CFK_E_LIMIT, &err,
                      "more than 255");
    cfk_bundle_pool_free(pool);
}
END_TEST

static int force_once(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .flags = CFK_BUNDLE_FORCE,
                                       .alloc = alloc };
    cfk_bundle_result *result;
    int rc = make_build(ctx, &leaf, &opts, &result, NULL);

    cfk_bundle_result_free(result);
    return rc;
}

START_TEST(forcing_survives_every_allocation_failure)
{
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    fault_sweep(force_once, pool, 5);
    cfk_bundle_pool_free(pool);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_valid_chain_is_kept_and_no_other_looked_for,
        what_is_not_valid_is_taken_with_a_warning,
        what_is_no_chain_is_none,
        nothing_but_a_root_is_added,
        a_link_is_a_name_and_a_key,
        a_root_that_is_given_is_the_end,
        a_chain_has_an_end,
        forcing_survives_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/force");

    suite_add_tcase(suite, unit_case("force", tests));
    return suite;
}
