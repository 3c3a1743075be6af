/* SPDX-License-Identifier: MIT */
/* Revocation lists: their form, whom they are about, who may sign them. */
#include "crl_world.h"
#include "fault.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_certificate_below_the_root_is_told_good)
{
    struct list good = { 0 };
    char seven[200];
    char eight[200];
    struct list has_leaf = { .entries = entry(eight, sizeof eight, 8, "") };
    struct list has_ca = { .issuer = "root",
                           .signed_by = 1,
                           .entries = entry(seven, sizeof seven, 7, "") };
    struct world w = { .lists = { NULL } };

    expect(&w, CFK_OK, ""); /* no CRL: nobody asks */
    w.lists[0] = &good;
    expect(&w, CFK_E_REVOCATION, "no valid CRL tells whether certificate 2 (CN=ca)");
    w.flags = CFK_BUNDLE_CRL_IF_PRESENT;
    expect(&w, CFK_OK, "");
    w.flags = 0;
    w.lists[1] = &of_root;
    expect(&w, CFK_OK, "");
    w.lists[0] = &has_leaf;
    expect(&w, CFK_E_REVOKED, "certificate 1 (CN=leaf) is revoked");
    w.flags = CFK_BUNDLE_CRL_IF_PRESENT;
    expect(&w, CFK_E_REVOKED, "certificate 1");
    w.lists[0] = &good;
    w.lists[1] = &has_ca;
    expect(&w, CFK_E_REVOKED, "certificate 2 (CN=ca) is revoked");
    w.lists[0] = &of_root;
    w.lists[1] = NULL;
    w.flags = 0;
    expect(&w, CFK_E_REVOCATION, "certificate 1");
}
END_TEST

START_TEST(a_crl_is_current_signed_and_understood)
{
    char text[300];
    char ext[300] = "";
    struct list l = { .until = YESTERDAY, .from = "261101000000Z" };

    expect_list(&l, CFK_E_REVOCATION); /* stale */
    l = (struct list){ .from = TOMORROW, .until = "261201000000Z" };
    expect_list(&l, CFK_E_REVOCATION); /* of the future */
    l = (struct list){ .from = "261120080000Z", .until = "261120080000Z" };
    expect_list(&l, CFK_OK); /* to the second, both ends included */
    l = (struct list){ .signed_by = 77 };
    expect_list(&l, CFK_E_REVOCATION);
    l = (struct list){ .issuer = "other" };
    expect_list(&l, CFK_E_REVOCATION);

    make_ext(ext, sizeof ext, 99, true, "0500");
    l = (struct list){ .ext = ext };
    expect_list(&l, CFK_E_REVOCATION);
    l = (struct list){ .entries = entry(text, sizeof text, 3, ext) };
    expect_list(&l, CFK_E_REVOCATION); /* an entry, though of another certificate */
    ext[0] = '\0';
    make_ext(ext, sizeof ext, 99, false, "0500");
    l = (struct list){ .ext = ext };
    expect_list(&l, CFK_OK);
    l = (struct list){ .entries = entry(text, sizeof text, 8, ext) };
    expect_list(&l, CFK_E_REVOKED);
}
END_TEST

START_TEST(strict_profiles_want_what_rfc_5280_says_of_crls)
{
    struct make strict_ca = crl_ca;
    struct make strict_leaf = crl_leaf;
    char critical[100] = "";
    struct list cases[] = {
        { .number = -1 },
        { .until = "-" },
        { .v1 = true },
        { .number = -1, .ext = critical },
    };

    strict_ca.ext = SKI_CA AKI_ROOT;
    strict_leaf.ext = AKI_CA;
    make_ext(critical, sizeof critical, NUMBER, true, "020105");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = { .ca = &strict_ca,
                           .leaf = &strict_leaf,
                           .lists = { &of_root, &cases[i] } };

        expect(&w, CFK_OK, "");
        w.profile = CFK_BUNDLE_PROFILE_RFC5280;
        expect(&w, CFK_E_REVOCATION, "certificate 1");
        w.lists[1] = &(struct list){ .number = 1 };
        expect(&w, CFK_OK, "");
    }
}
END_TEST

START_TEST(a_delta_overrules_the_crl_that_it_is_for)
{
    char listed[200];
    char removed[300];
    char base[100] = "";
    char later_base[100] = "";
    char remove[100] = "";
    struct list complete = { .number = 5 };
    struct list hold = { .number = 5, .entries = entry(listed, sizeof listed, 8, "") };
    struct list delta = { .number = 6, .ext = base };
    struct world w = { .lists = { &of_root, &delta } };

    make_ext(base, sizeof base, DELTA, true, "020104");
    make_ext(later_base, sizeof later_base, DELTA, true, "020106");
    make_ext(remove, sizeof remove, REASON, false, "0a0108");
    expect(&w, CFK_E_REVOCATION, ""); /* alone it tells nothing */
    w.lists[2] = &complete;
    expect(&w, CFK_OK, "");
    delta.entries = listed;
    expect(&w, CFK_E_REVOKED, "");
    delta.ext = later_base; /* for a later CRL than the one that is there */
    expect(&w, CFK_OK, "");
    delta.ext = base;
    delta.number = 5; /* not later than the complete one */
    expect(&w, CFK_OK, "");
    delta.number = 6;
    delta.signed_by = 77;
    expect(&w, CFK_OK, "");
    delta.signed_by = 0;
    w.lists[2] = &hold;
    delta.entries = NULL;
    expect(&w, CFK_E_REVOKED, "");
    delta.entries = entry(removed, sizeof removed, 8, remove);
    expect(&w, CFK_OK, "");
}
END_TEST

START_TEST(the_latest_crl_of_a_scope_counts)
{
    char text[200];
    struct list old = { .number = 5, .entries = entry(text, sizeof text, 8, "") };
    struct list new = { .number = 6 };
    struct world w = { .lists = { &of_root, &old, &new } };

    expect(&w, CFK_OK, "");
    new.signed_by = 77;
    expect(&w, CFK_E_REVOKED, "");
    new.signed_by = 0;
    new.number = 4;
    expect(&w, CFK_E_REVOKED, "");
}
END_TEST

START_TEST(only_those_may_sign_who_may)
{
    struct make no_sign = crl_ca;
    struct make delegate = {
        .subject = "ca", .issuer = "root", .key = 4, .signed_by = 1, .serial = 10
    };
    char text[200];
    struct list l = { 0 };
    struct list roots = of_root;
    struct world w = { .ca = &no_sign, .lists = { &roots, &l } };

    no_sign.ext = "300e0603551d0f0101ff040403020204"; /* keyCertSign alone */
    expect(&w, CFK_E_REVOCATION, "certificate 1");
    no_sign.ext = "300e0603551d0f0101ff040403020106"; /* cRLSign too */
    expect(&w, CFK_OK, "");
    l.signed_by = 4; /* a key for CRLs, of the same name, by the same issuer */
    expect(&w, CFK_E_REVOCATION, "");
    w.more = &delegate;
    expect(&w, CFK_OK, "");
    delegate.until = "260101000000Z";
    expect(&w, CFK_E_REVOCATION, "");
    delegate.until = NULL;
    delegate.signed_by = 77;
    expect(&w, CFK_E_REVOCATION, "");
    delegate.signed_by = 1;
    roots.entries = entry(text, sizeof text, 10, ""); /* it was revoked itself */
    expect(&w, CFK_E_REVOCATION, "");
    delegate.serial = 11;
    expect(&w, CFK_OK, "");
    delegate.issuer = "elsewhere";
    expect(&w, CFK_E_REVOCATION, "");
}
END_TEST

START_TEST(the_form_of_a_crl_is_strict)
{
    static const struct list good = { 0 };
    cfk_bundle_pool *pool;
    char hex[5000];
    uint8_t *der;
    size_t size;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    write_list(hex, sizeof hex, &good);
    der = unit_hex(hex, &size);
    for (size_t cut = 0; cut < size; cut++) {
        struct cfk__crl crl;
        struct cfk_error err = { 0 };

        ck_assert_int_eq(cfk__crl_parse(&crl, der, cut, &err), CFK_E_CORRUPT);
        ck_assert_ptr_nonnull(strstr(err.message, "no CRL"));
    }
    free(der);
    {
        static const char *const scopes[] = {
            "8101ff8201ff", /* for users and for CAs alone */
            "a000",         "a002a000", "a002a200", "810101",
            "8300",         "8302ff00", "0101ff",
        };
        static const char *const entries[] = {
            "0500",
            "3003020101",
            "30130201080000",
        };
        char text[300];

        for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
            struct list l = { .ext = scope(text, sizeof text, scopes[i]) };

            ck_assert_msg(add_list(pool, &l) == CFK_E_CORRUPT, "%s", scopes[i]);
        }
        for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
            struct list l = { .entries = entries[i] };

            ck_assert_msg(add_list(pool, &l) == CFK_E_CORRUPT, "%s", entries[i]);
        }
    }
    ck_assert_uint_eq(cfk_bundle_pool_crl_count(pool), 0);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(crls_come_as_pem_and_are_limited)
{
    static const char text[] = "junk\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                               "-----END CERTIFICATE-----\n"
                               "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
                               "-----BEGIN X509 CRL-----\n*\n-----END X509 CRL-----\n"
                               "-----BEGIN X509 CRL-----\nMAA=\n";
    struct cfk_bundle_pool_options opts = { .size = sizeof opts, .max_crls = 2 };
    struct cfk_bundle_report report = { .size = sizeof report };
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    struct list l = { 0 };
    char hex[5000];
    uint8_t *der;
    size_t size;

    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_pool_add_crl(pool, text, sizeof text - 1, &report, NULL),
                     CFK_OK);
    ck_assert_uint_eq(report.found, 3);
    ck_assert_uint_eq(report.bad, 3);
    ck_assert_int_eq(cfk_bundle_pool_add_crl(pool, "", 0, NULL, NULL), CFK_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(add_list(pool, &l), CFK_OK);
    write_list(hex, sizeof hex, &l);
    der = unit_hex(hex, &size);
    unit_expect_error(cfk_bundle_pool_add_crl(pool, der, size, NULL, &err), CFK_E_LIMIT,
                      &err, "at most 2 CRLs");
    ck_assert_uint_eq(cfk_bundle_pool_crl_count(pool), 2);
    cfk_bundle_pool_free(pool);

    opts =
        (struct cfk_bundle_pool_options){ .size = sizeof opts, .max_crl_size = size - 1 };
    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_pool_add_crl(pool, der, size, &report, NULL), CFK_OK);
    ck_assert_uint_eq(report.bad, 1);
    cfk_bundle_pool_free(pool);
    opts.max_crl_size = size;
    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_pool_add_crl(pool, der, size, &report, NULL), CFK_OK);
    ck_assert_uint_eq(report.bad, 0);
    cfk_bundle_pool_free(pool);
    free(der);
}
END_TEST

/* A pool with CRLs, a build that looks into them, and one that policies decide. */
static int everything(const struct cfk_alloc *alloc, const uint8_t *const *ders,
                      const size_t *sizes)
{
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts,
                                                 .alloc = alloc };
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .alloc = alloc,
                                       .flags = CFK_BUNDLE_REQUIRE_POLICY,
                                       .policies = "1.2.3.1,1.2.3.2" };
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool;
    int rc = cfk_bundle_pool_new(&pool_opts, &pool, NULL);

    for (size_t i = 0; i < 2 && rc == CFK_OK; i++)
        rc = cfk_bundle_pool_add_der(pool, ders[i], sizes[i],
                                     i == 0 ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL, NULL);
    for (size_t i = 2; i < 4 && rc == CFK_OK; i++)
        rc = cfk_bundle_pool_add_crl(pool, ders[i], sizes[i], NULL, NULL);
    if (rc == CFK_OK)
        rc = cfk__bundle_build(pool, ders[4], sizes[4], MAKE_NOW, &opts, make_verify,
                               &result, NULL);
    if (rc == CFK_OK)
        rc = cfk_bundle_reason(result, NULL);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(every_failing_allocation_is_survived)
{
    char ca_ext[200] = "";
    char leaf_ext[800];
    char text[300];
    char hex[2][5000];
    struct make m[3] = { crl_root, crl_ca, crl_leaf };
    struct list lists[2] = { of_root, { 0 } };
    uint8_t certs[3][2048];
    const uint8_t *ders[5];
    size_t sizes[5];
    struct fault fault;
    size_t nth = 0;
    int rc;

    make_ext(ca_ext, sizeof ca_ext, 32, false, "3007300506032a0301");
    m[1].ext = ca_ext;
    m[2] = pointed_leaf(leaf_ext, sizeof leaf_ext, "a00ea10c300a06035504030c0363726c");
    make_ext(leaf_ext, sizeof leaf_ext, 32, false, "3007300506032a0301");
    lists[1].ext = scope(text, sizeof text, "a00ea10c300a06035504030c0363726c");
    for (size_t i = 0; i < 3; i++) {
        size_t at = i < 2 ? i : 4;

        sizes[at] = make_cert(&m[i], certs[i]);
        ders[at] = certs[i];
    }
    for (size_t i = 0; i < 2; i++) {
        write_list(hex[i], sizeof hex[i], &lists[i]);
        ders[2 + i] = unit_hex(hex[i], &sizes[2 + i]);
    }
    do {
        rc = everything(fault_at(&fault, ++nth), ders, sizes);
        ck_assert_msg(rc == CFK_OK || rc == CFK_E_NOMEM, "%s", cfk_error_name(rc));
        ck_assert_uint_eq(fault.live, 0);
    } while (rc != CFK_OK);
    ck_assert_uint_gt(nth, 20);
    for (size_t i = 2; i < 4; i++)
        free((void *)(uintptr_t)ders[i]);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_certificate_below_the_root_is_told_good,
        a_crl_is_current_signed_and_understood,
        strict_profiles_want_what_rfc_5280_says_of_crls,
        a_delta_overrules_the_crl_that_it_is_for,
        the_latest_crl_of_a_scope_counts,
        only_those_may_sign_who_may,
        the_form_of_a_crl_is_strict,
        crls_come_as_pem_and_are_limited,
        every_failing_allocation_is_survived,
        NULL,
    };
    Suite *suite = suite_create("bundle/crl");

    suite_add_tcase(suite, unit_case("crl", tests));
    return suite;
}
