/* SPDX-License-Identifier: MIT */
#include "fault.h"
#include "make.h"
#include "small_world.h"
#include "unit.h"

#include <string.h>

/* Building leaf from root and this intermediate gives this reason at this step. */
static void expect_reason(const struct make *middle, const struct make *end, int reason,
                          uint32_t step, const char *words)
{
    struct cfk_bundle_rejected_info path = { .size = sizeof path };
    cfk_bundle_pool *pool = new_pool();
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    if (middle != NULL)
        make_add(pool, middle, CFK_BUNDLE_POOL);
    result = build(pool, end, NULL);
    unit_expect_error(cfk_bundle_reason(result, &err), reason, &err, words);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 0);
    ck_assert_uint_ge(cfk_bundle_rejected_count(result), 1);
    ck_assert_int_eq(cfk_bundle_rejected(result, 0, &path, NULL), CFK_OK);
    ck_assert_int_eq(path.reason, reason);
    ck_assert_uint_eq(path.step, step);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

START_TEST(every_step_of_a_chain_is_checked)
{
    struct make m = ca;
    struct make l = leaf;

    m.until = "260101000000Z";
    expect_reason(&m, &leaf, CFK_E_EXPIRED, 1,
                  "certificate 2 (CN=ca) expired on 2026-01-01");
    m.until = NULL;
    m.from = "270101000000Z";
    expect_reason(&m, &leaf, CFK_E_NOT_YET_VALID, 1, "not valid before 2027-01-01");
    m = ca;
    m.ca = false;
    expect_reason(&m, &leaf, CFK_E_NOT_CA, 1,
                  "certificate 2 (CN=ca) is no certificate auth");
    m.ca = true;
    m.ext = "300e0603551d0f0101ff040403020780"; /* digitalSignature alone */
    expect_reason(&m, &leaf, CFK_E_USAGE, 1, "key usage");
    m.ext = "30130603551d25040c300a06082b06010505070302"; /* clientAuth alone */
    expect_reason(&m, &leaf, CFK_E_USAGE, 1, "extended key usage");
    m.ext = "300c06032a03040101ff04020500";
    expect_reason(&m, &leaf, CFK_E_CRITICAL, 1, "critical extension 1.2.3.4");
    m.ext =
        "30130603551d250101ff0409300706052b0e03021a"; /* a critical, unknown purpose */
    expect_reason(&m, &leaf, CFK_E_USAGE, 1, "extended key usage");
    m.ext = "3013060a2b06010401d6790204030101ff04020500";
    expect_reason(&m, &leaf, CFK_E_CRITICAL, 1, "is a precertificate");
    m.ext = "300c0603551d2404053003800100"; /* requireExplicitPolicy 0 */
    expect_reason(&m, &leaf, CFK_E_POLICY, 0, "none of the policies");
    m = ca;
    m.algorithm = "06072a8648ce3d0401"; /* ecdsa-with-SHA1 */
    expect_reason(&m, &leaf, CFK_E_WEAK, 1,
                  "signed with ecdsa-with-SHA1, which is too weak");

    l.signed_by = 7;
    expect_reason(&ca, &l, CFK_E_SIGNATURE, 0,
                  "certificate 1 (CN=leaf) is not by the key");
    m = ca;
    m.signed_by = 7;
    expect_reason(&m, &leaf, CFK_E_SIGNATURE, 1,
                  "certificate 2 (CN=ca) is not by the key");
    expect_reason(NULL, &leaf, CFK_E_UNKNOWN_ISSUER, 0,
                  "no issuer of certificate 1 (CN=leaf): CN=ca");
    m = ca;
    m.issuer = "other";
    expect_reason(&m, &leaf, CFK_E_UNKNOWN_ISSUER, 1,
                  "no issuer of certificate 2 (CN=ca): CN=other");
    l = leaf;
    l.until = "260101000000Z";
    expect_reason(&ca, &l, CFK_E_EXPIRED, 0, "certificate 1 (CN=leaf) expired");
    l = leaf;
    l.ext = "300c06032a03040101ff04020500";
    expect_reason(&ca, &l, CFK_E_CRITICAL, 0, "certificate 1");
}
END_TEST

START_TEST(roots_are_checked_but_not_their_signature)
{
    struct make r = root;
    struct make direct = leaf;
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };

    direct.issuer = "root";
    direct.signed_by = 1;
    r.signed_by = 99;                       /* signed by nobody */
    r.algorithm = "06092a864886f70d010104"; /* with MD5 */
    make_add(pool, &r, CFK_BUNDLE_ROOT);
    result = build(pool, &direct, NULL);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);

    pool = new_pool();
    r.until = "260101000000Z";
    make_add(pool, &r, CFK_BUNDLE_ROOT);
    result = build(pool, &direct, NULL);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_EXPIRED, &err,
                      "certificate 2 (CN=root) expired");
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(validity_includes_both_ends)
{
    static const struct {
        const char *from;
        const char *until;
        int reason;
    } cases[] = {
        { "261120080000Z", "261120080000Z", CFK_OK },
        { "261120080001Z", "271120080000Z", CFK_E_NOT_YET_VALID },
        { "251120080000Z", "261120075959Z", CFK_E_EXPIRED },
        { "19500101000000Z", "99991231235959Z", CFK_OK },
    };
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct make l = leaf;
        cfk_bundle_result *result;

        l.from = cases[i].from;
        l.until = cases[i].until;
        result = build(pool, &l, NULL);
        ck_assert_int_eq(cfk_bundle_reason(result, NULL), cases[i].reason);
        cfk_bundle_result_free(result);
    }
    cfk_bundle_pool_free(pool);
}
END_TEST

/* A chain of CAs under root, "ca1" nearest the leaf; the last may allow fewer below. */
static cfk_bundle_pool *ladder(unsigned cas, int path_length, bool self_issued)
{
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 1; i <= cas; i++) {
        char subject[] = { 'c', 'a', (char)('0' + i), '\0' };
        char issuer[] = { 'c', 'a', (char)('1' + i), '\0' };
        struct make m = { .subject = subject, .issuer = issuer, .ca = true };

        m.key = (uint8_t)(10 + i);
        m.signed_by = (uint8_t)(11 + i);
        if (i == cas) {
            m.issuer = "root";
            m.signed_by = 1;
            m.path_length = path_length;
        }
        if (i == 1 && self_issued) { /* ca1 changes keys: it issues itself */
            struct make self = m;

            self.issuer = subject;
            self.key = 50;
            self.signed_by = m.key;
            make_add(pool, &self, CFK_BUNDLE_POOL);
        }
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    return pool;
}

START_TEST(path_length_counts_cas_below_that_are_not_self_issued)
{
    static const struct {
        unsigned cas;
        int path_length; /* one more than in the certificate */
        bool self_issued;
        int reason;
    } cases[] = {
        { 1, 1, false, CFK_OK }, { 2, 1, false, CFK_E_PATH_LENGTH },
        { 2, 2, false, CFK_OK }, { 3, 2, false, CFK_E_PATH_LENGTH },
        { 1, 1, true, CFK_OK },  { 2, 2, true, CFK_OK },
        { 3, 3, false, CFK_OK }, { 3, 2, true, CFK_E_PATH_LENGTH },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cfk_bundle_pool *pool =
            ladder(cases[i].cas, cases[i].path_length, cases[i].self_issued);
        struct make l = leaf;
        cfk_bundle_result *result;

        l.issuer = "ca1";
        l.signed_by = cases[i].self_issued ? 50 : 11;
        result = build(pool, &l, NULL);
        ck_assert_msg(cfk_bundle_reason(result, NULL) == cases[i].reason, "case %zu", i);
        cfk_bundle_result_free(result);
        cfk_bundle_pool_free(pool);
    }
}
END_TEST

START_TEST(length_is_limited_from_both_sides)
{
    cfk_bundle_pool *pool = ladder(4, 0, false); /* 6 certificates */
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_length = 6 };
    struct cfk_bundle_counters n = { .size = sizeof n };
    struct cfk_error err = { 0 };
    struct make l = leaf;
    cfk_bundle_result *result;

    l.issuer = "ca1";
    l.signed_by = 11;
    result = build(pool, &l, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_free(result);
    opts.max_length = 5;
    result = build(pool, &l, &opts);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                      "length allowed");
    ck_assert_int_eq(cfk_bundle_result_counters(result, &n, NULL), CFK_OK);
    ck_assert_uint_eq(n.met, CFK_BUNDLE_MET_LENGTH);
    ck_assert_uint_eq(n.signatures, 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* Wrong keys under the right name, then the right one. */
static cfk_bundle_pool *decoys(unsigned count)
{
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 0; i < count; i++) {
        struct make m = ca;

        m.key = (uint8_t)(100 + i);
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    return pool;
}

START_TEST(failing_signatures_are_limited_from_both_sides)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_failures = 21 };
    struct cfk_bundle_counters n = { .size = sizeof n };
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool = decoys(20);
    cfk_bundle_result *result = build(pool, &leaf, &opts);

    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_result_counters(result, &n, NULL), CFK_OK);
    ck_assert_uint_eq(n.failures, 20);
    cfk_bundle_result_free(result);
    opts.max_failures = 20;
    cfk_bundle_pool_free(pool);
    pool = decoys(20); /* one that remembers nothing */
    result = build(pool, &leaf, &opts);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                      "signature checks allowed");
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* Twins of a CA, of which each needs a signature of its own. */
START_TEST(signatures_beyond_the_first_chain_are_limited_from_both_sides)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    struct cfk_bundle_counters n = { .size = sizeof n };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 0; i < 24; i++) {
        struct make m = ca;

        m.serial = (uint8_t)i;
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    for (int round = 0; round < 2; round++) { /* what is known by then counts too */
        opts.max_signatures = 25;
        result = build(pool, &leaf, &opts);
        ck_assert_uint_eq(cfk_bundle_chain_count(result), 24);
        cfk_bundle_result_counters(result, &n, NULL);
        ck_assert_uint_eq(n.met, 0);
        cfk_bundle_result_free(result);
        opts.max_signatures = 0; /* 24: the leaf's, and those of 23 twins */
        result = build(pool, &leaf, &opts);
        ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
        ck_assert_uint_eq(cfk_bundle_chain_count(result), 23);
        cfk_bundle_result_counters(result, &n, NULL);
        ck_assert_uint_eq(n.met, CFK_BUNDLE_MET_SIGNATURES);
        cfk_bundle_result_free(result);
    }
    cfk_bundle_pool_free(pool);
}
END_TEST

/* Copies with another signature, then one with other contents, then the original. */
static void add_copies(cfk_bundle_pool *pool)
{
    struct make m = ca;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 0; i < 20; i++) {
        m.signed_by = (uint8_t)(100 + i);
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    m = ca;
    m.serial = 77;
    make_add(pool, &m, CFK_BUNDLE_POOL);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
}

START_TEST(damaged_copies_wait_for_their_original)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_failures = 1 };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;

    add_copies(pool);
    result = build(pool, &leaf, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(finding_copies_survives_every_allocation_failure)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    struct fault fault;
    size_t nth = 0;
    int rc;

    do {
        struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts };
        cfk_bundle_result *result;
        cfk_bundle_pool *pool;

        pool_opts.alloc = opts.alloc = fault_at(&fault, 0); /* none, yet */
        ck_assert_int_eq(cfk_bundle_pool_new(&pool_opts, &pool, NULL), CFK_OK);
        add_copies(pool);
        fault.fail_at = fault.calls + ++nth;
        rc = make_build(pool, &leaf, &opts, &result, NULL);
        ck_assert(rc == CFK_OK || rc == CFK_E_NOMEM);
        cfk_bundle_result_free(result);
        cfk_bundle_pool_free(pool);
        ck_assert_uint_eq(fault.live, 0);
    } while (rc != CFK_OK);
    ck_assert_uint_gt(nth, 5);
}
END_TEST

START_TEST(steps_chains_and_rejections_are_limited)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .max_expansions = 2 };
    struct cfk_bundle_counters n = { .size = sizeof n };
    cfk_bundle_pool *pool = ladder(3, 0, false);
    struct make l = leaf;
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };

    l.issuer = "ca1";
    l.signed_by = 11;
    result = build(pool, &l, &opts);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                      "steps allowed");
    cfk_bundle_result_free(result);
    opts.max_expansions = 4;
    result = build(pool, &l, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);

    pool = new_pool();
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    for (unsigned i = 0; i < 10; i++) { /* ten twins, of which five are no CAs */
        struct make m = ca;

        m.serial = (uint8_t)i;
        m.ca = i % 2 == 0;
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    opts = (struct cfk_bundle_options){ .size = sizeof opts };
    result = build(pool, &leaf, &opts);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 5);
    ck_assert_uint_eq(cfk_bundle_rejected_count(result), 5);
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.met, 0);
    cfk_bundle_result_free(result);
    opts.max_chains = 4;
    opts.max_rejected = 3;
    result = build(pool, &leaf, &opts);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 4);
    ck_assert_uint_eq(cfk_bundle_rejected_count(result), 3);
    cfk_bundle_result_counters(result, &n, NULL);
    ck_assert_uint_eq(n.met, CFK_BUNDLE_MET_CHAINS | CFK_BUNDLE_MET_REJECTED);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(signatures_are_checked_once_in_a_pools_life)
{
    struct cfk_bundle_counters n = { .size = sizeof n };
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    for (int i = 0; i < 3; i++) {
        struct make l = leaf;
        cfk_bundle_result *result;

        l.serial = (uint8_t)i;
        result = build(pool, &l, NULL);
        cfk_bundle_result_counters(result, &n, NULL);
        ck_assert_uint_eq(n.signatures, i == 0 ? 2 : 1);
        ck_assert_uint_eq(n.remembered, i == 0 ? 0 : 1);
        cfk_bundle_result_free(result);
    }
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(chains_are_ranked_by_length_then_validity)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    cfk_bundle_pool *pool = new_pool();
    struct make m = ca;
    struct make second = {
        .subject = "second", .issuer = "root", .key = 5, .signed_by = 1, .ca = true
    };
    cfk_bundle_result *result;
    static const int64_t until[] = { 2493072000, 2461536000, 2430000000 };

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &second, CFK_BUNDLE_POOL);
    m.issuer = "second"; /* the longest way round, and the one that lives longest */
    m.signed_by = 5;
    make_add(pool, &m, CFK_BUNDLE_POOL);
    m = ca;
    m.until = "470102160000Z";
    make_add(pool, &m, CFK_BUNDLE_POOL);
    m.until = "490101000000Z";
    make_add(pool, &m, CFK_BUNDLE_POOL);
    m.until = "480102000000Z";
    make_add(pool, &m, CFK_BUNDLE_POOL);
    result = build(pool, &leaf, NULL);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 4);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(cfk_bundle_chain(result, i, &chain, NULL), CFK_OK);
        ck_assert_uint_eq(chain.length, 3);
        ck_assert_uint_eq(chain.warnings, CFK_BUNDLE_WARN_SHORT);
        ck_assert_int_eq(chain.valid_until / 86400, until[i] / 86400);
    }
    ck_assert_int_eq(cfk_bundle_chain(result, 3, &chain, NULL), CFK_OK);
    ck_assert_uint_eq(chain.length, 4);
    ck_assert_uint_eq(chain.warnings, 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_root_may_be_the_leaf)
{
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    char *text;
    size_t size;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    result = build(pool, &root, NULL);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    ck_assert_int_eq(cfk_bundle_chain_cert(result, 0, 0, &cert, NULL), CFK_OK);
    ck_assert_uint_eq(cert.from, CFK_BUNDLE_ROOT);
    ck_assert_int_eq(cfk_bundle_write_pem(result, 0, 0, NULL, &text, &size, NULL),
                     CFK_OK);
    ck_assert_uint_gt(size, 0);
    cfk_free(NULL, text);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_step_of_a_chain_is_checked,
        roots_are_checked_but_not_their_signature,
        validity_includes_both_ends,
        path_length_counts_cas_below_that_are_not_self_issued,
        length_is_limited_from_both_sides,
        failing_signatures_are_limited_from_both_sides,
        signatures_beyond_the_first_chain_are_limited_from_both_sides,
        damaged_copies_wait_for_their_original,
        finding_copies_survives_every_allocation_failure,
        steps_chains_and_rejections_are_limited,
        signatures_are_checked_once_in_a_pools_life,
        chains_are_ranked_by_length_then_validity,
        a_root_may_be_the_leaf,
        NULL,
    };
    Suite *suite = suite_create("bundle/build");

    suite_add_tcase(suite, unit_case("build", tests));
    return suite;
}
