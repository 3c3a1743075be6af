/* SPDX-License-Identifier: MIT */
/* What decides between chains, and what is said of each. */
#include "fault.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/*
 * leaf (until 2030) under ca, which has two issuers: root A directly, and root
 * B over an intermediate; and a twin of ca under A that ends before the leaf.
 */
static const struct make root_a = {
    .subject = "A", .issuer = "A", .key = 1, .signed_by = 1, .ca = true
};
static const struct make root_b = {
    .subject = "B", .issuer = "B", .key = 2, .signed_by = 2, .ca = true
};
static const struct make middle = {
    .subject = "middle", .issuer = "B", .key = 3, .signed_by = 2, .ca = true
};
static const struct make ca_by_a = {
    .subject = "ca", .issuer = "A", .key = 4, .signed_by = 1, .ca = true, .serial = 1
};
static const struct make ca_by_b = {
    .subject = "ca", .issuer = "middle", .key = 4, .signed_by = 3, .ca = true, .serial = 2
};
static const struct make ca_short = { .subject = "ca",
                                      .issuer = "A",
                                      .key = 4,
                                      .signed_by = 1,
                                      .ca = true,
                                      .serial = 3,
                                      .until = "261210000000Z" };
static const struct make leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 4, .until = "300101000000Z"
};

struct world {
    cfk_bundle_pool *pool;
    cfk_bundle_result *result;
    cfk_bundle_platforms *platforms;
    char hash_a[65];
    char hash_b[65];
    uint8_t raw_a[32];
    uint8_t raw_b[32];
};

static void hash_of(const struct make *m, uint8_t raw[32], char text[65])
{
    uint8_t der[2048];
    size_t size = make_cert(m, der);

    ck_assert_int_eq(cfk__hash(CFK__SHA256, der, size, raw, NULL), CFK_OK);
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", raw[i]);
}

static void open_world(struct world *w)
{
    char yaml[1024];

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &w->pool, NULL), CFK_OK);
    make_add(w->pool, &root_a, CFK_BUNDLE_ROOT);
    make_add(w->pool, &root_b, CFK_BUNDLE_ROOT);
    make_add(w->pool, &middle, CFK_BUNDLE_POOL);
    make_add(w->pool, &ca_short, CFK_BUNDLE_POOL);
    make_add(w->pool, &ca_by_a, CFK_BUNDLE_POOL);
    make_add(w->pool, &ca_by_b, CFK_BUNDLE_POOL);
    ck_assert_int_eq(make_build(w->pool, &leaf, NULL, &w->result, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_bundle_chain_count(w->result), 3);
    hash_of(&root_a, w->raw_a, w->hash_a);
    hash_of(&root_b, w->raw_b, w->hash_b);
    snprintf(yaml, sizeof yaml,
             "version: 1\nplatforms:\n- {name: a, weight: 3, roots: [%s]}\n"
             "- {name: b, weight: 10, roots: [%s]}\n"
             "- {name: rsa, weight: 20, constraints: {ecdsa: false}, roots: [%s]}\n",
             w->hash_a, w->hash_b, w->hash_a);
    ck_assert_int_eq(
        cfk_bundle_platforms_parse(yaml, strlen(yaml), NULL, &w->platforms, NULL),
        CFK_OK);
}

static void close_world(struct world *w)
{
    cfk_bundle_result_free(w->result);
    cfk_bundle_pool_free(w->pool);
    cfk_bundle_platforms_free(w->platforms);
}

/* The chains in order, each by its length; the short one as 0. */
static void expect_order(struct world *w, const struct cfk_bundle_rank_options *opts,
                         const char *wanted)
{
    struct cfk_error err = { 0 };
    char got[8] = "";

    ck_assert_msg(cfk_bundle_rank(w->result, opts, &err) == CFK_OK, "%s", err.message);
    for (size_t i = 0; i < 3; i++) {
        struct cfk_bundle_chain_info chain = { .size = sizeof chain };

        ck_assert_int_eq(cfk_bundle_chain(w->result, i, &chain, NULL), CFK_OK);
        got[i] = (chain.warnings & CFK_BUNDLE_WARN_SHORT) != 0
                     ? '0'
                     : (char)('0' + chain.length);
    }
    ck_assert_str_eq(got, wanted);
}

START_TEST(criteria_decide_in_the_order_asked_for)
{
    struct cfk_bundle_rank_options opts = { .size = sizeof opts };
    struct world w;

    open_world(&w);
    expect_order(&w, NULL, "304");
    expect_order(&w, &opts, "304");
    opts.order[0] = CFK_BUNDLE_BY_VALIDITY;
    expect_order(&w, &opts, "340");
    opts.order[0] = CFK_BUNDLE_BY_SECURITY; /* all equal */
    expect_order(&w, &opts, "304");
    opts.order[0] = CFK_BUNDLE_BY_UBIQUITY; /* no platforms: all equal */
    expect_order(&w, &opts, "304");
    opts.platforms = w.platforms;
    expect_order(&w, &opts, "430");
    opts.order[0] = CFK_BUNDLE_BY_LENGTH;
    opts.order[1] = CFK_BUNDLE_BY_UBIQUITY;
    expect_order(&w, &opts, "304");
    memset(opts.order, 0, sizeof opts.order);
    opts.flavor = CFK_BUNDLE_FLAVOR_UBIQUITOUS;
    expect_order(&w, &opts, "430");
    opts.flavor = CFK_BUNDLE_FLAVOR_OPTIMAL;
    expect_order(&w, &opts, "304");
    close_world(&w);
}
END_TEST

START_TEST(anchors_are_preferred_and_avoided)
{
    struct cfk_bundle_rank_options opts = { .size = sizeof opts };
    struct world w;

    open_world(&w);
    opts.prefer = w.raw_b;
    opts.prefer_count = 1;
    expect_order(&w, &opts, "430");
    opts.prefer = w.raw_a;
    expect_order(&w, &opts, "304");
    opts.prefer_count = 0;
    opts.avoid = w.raw_a;
    opts.avoid_count = 1;
    expect_order(&w, &opts, "430");
    close_world(&w);
}
END_TEST

START_TEST(a_platform_may_be_required)
{
    const char *names[] = { "b", "rsa" };
    struct cfk_bundle_rank_options opts = { .size = sizeof opts,
                                            .require = names,
                                            .require_count = 1 };
    struct cfk_error err = { 0 };
    struct world w;

    open_world(&w);
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "there are no platforms");
    opts.platforms = w.platforms;
    expect_order(&w, &opts, "430");
    ck_assert_int_eq(cfk_bundle_reason(w.result, NULL), CFK_OK);
    opts.require_count = 2; /* nobody trusts ECDSA there */
    ck_assert_int_eq(cfk_bundle_rank(w.result, &opts, NULL), CFK_OK);
    unit_expect_error(cfk_bundle_reason(w.result, &err), CFK_E_PLATFORM, &err,
                      "every platform that is required");
    ck_assert_int_eq(cfk_bundle_rank(w.result, NULL, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_reason(w.result, NULL), CFK_OK);
    names[0] = "c";
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "no platform 'c'");
    opts.require_count = 4;
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "more platforms are required");
    close_world(&w);
}
END_TEST

START_TEST(arguments_are_checked)
{
    struct cfk_bundle_rank_options opts = { .size = sizeof opts };
    struct cfk_error err = { 0 };
    struct world w;

    open_world(&w);
    opts.order[0] = 5;
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "5 is no CFK_BUNDLE_BY_");
    opts.order[0] = CFK_BUNDLE_BY_LENGTH;
    opts.flavor = CFK_BUNDLE_FLAVOR_OPTIMAL;
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "cannot be another");
    opts.flavor = 3;
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "3 is no CFK_BUNDLE_FLAVOR_");
    opts.size = 0;
    unit_expect_error(cfk_bundle_rank(w.result, &opts, &err), CFK_E_INVALID, &err,
                      "size");
    ck_assert_int_eq(cfk_bundle_chain_trusted(w.result, 0, 0), 0);
    close_world(&w);
}
END_TEST

START_TEST(facts_of_a_chain)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    struct cfk_bundle_rank_options opts = { .size = sizeof opts };
    struct world w;

    open_world(&w);
    opts.platforms = w.platforms;
    ck_assert_int_eq(cfk_bundle_rank(w.result, &opts, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_chain(w.result, 0, &chain, NULL), CFK_OK);
    ck_assert_uint_eq(chain.ubiquity, 3);
    ck_assert_uint_eq(chain.ubiquity_max, 33);
    ck_assert_uint_eq(chain.security_bits, 128);
    ck_assert_uint_eq(chain.weakest_step, 0);
    ck_assert_uint_eq(chain.warnings, CFK_BUNDLE_WARN_UBIQUITY);
    ck_assert_int_eq(cfk_bundle_chain_trusted(w.result, 0, 0), 1);
    ck_assert_int_eq(cfk_bundle_chain_trusted(w.result, 0, 1), 0);
    ck_assert_int_eq(cfk_bundle_chain_trusted(w.result, 0, 3), 0);
    ck_assert_int_eq(cfk_bundle_chain_trusted(w.result, 3, 0), 0);
    ck_assert_int_eq(cfk_bundle_chain(w.result, 1, &chain, NULL), CFK_OK);
    ck_assert_uint_eq(chain.warnings, CFK_BUNDLE_WARN_UBIQUITY | CFK_BUNDLE_WARN_SHORT |
                                          CFK_BUNDLE_WARN_EXPIRING); /* in 20 days */
    close_world(&w);
}
END_TEST

/* Strengths of keys and hashes, over chains that are put together by hand. */
START_TEST(the_weakest_step_counts_but_not_the_root_s_signature)
{
    static const struct {
        uint32_t rsa_bits[3]; /* 0: P-384 */
        enum cfk__hash_id hashes[3];
        uint32_t bits;
        uint32_t step;
    } cases[] = {
        { { 2048, 2048, 2048 }, { CFK__SHA256, CFK__SHA256, CFK__SHA1 }, 112, 0 },
        { { 4096, 2048, 4096 }, { CFK__SHA256, CFK__SHA256, CFK__SHA1 }, 112, 1 },
        { { 4096, 4096, 1024 }, { CFK__SHA256, CFK__SHA256, CFK__SHA1 }, 80, 2 },
        { { 4096, 4096, 4096 }, { CFK__SHA256, CFK__SHA1, CFK__SHA1 }, 60, 1 },
        { { 0, 0, 0 }, { CFK__SHA384, CFK__SHA384, CFK__SHA1 }, 192, 0 },
        { { 0, 0, 0 }, { CFK__SHA384, CFK__SHA256, CFK__SHA1 }, 128, 1 },
        { { 3072, 8192, 16384 }, { CFK__SHA512, CFK__SHA512, CFK__SHA1 }, 128, 0 },
        { { 8192, 8192, 16384 }, { CFK__SHA512, CFK__SHA512, CFK__SHA1 }, 200, 0 },
        { { 2048, 512, 2048 }, { CFK__SHA256, CFK__SHA256, CFK__SHA1 }, 0, 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk__cert certs[3] = { 0 };
        struct cfk__cert *list[3] = { &certs[0], &certs[1], &certs[2] };
        struct cfk__path path = { .certs = list, .length = 3, .rooted = true };
        struct cfk__rating rating = { 0 };

        for (size_t n = 0; n < 3; n++) {
            struct cfk__x509 *x = &certs[n].x;

            x->key.rsa = cases[i].rsa_bits[n] > 0;
            x->key.name = x->key.rsa ? "RSA" : "P-384";
            x->key.bits = x->key.rsa ? cases[i].rsa_bits[n] : 384;
            x->signature.verifiable = true;
            x->signature.scheme.hash = cases[i].hashes[n];
            x->signature.scheme.id = x->key.rsa ? CFK__RSA_PKCS1 : CFK__ECDSA;
        }
        cfk__strength(&path, &rating);
        ck_assert_uint_eq(rating.security, cases[i].bits);
        ck_assert_uint_eq(rating.weakest, cases[i].step);
        ck_assert_int_eq(rating.ecdsa, cases[i].rsa_bits[0] == 0);
        ck_assert_int_eq(rating.sha1, cases[i].hashes[1] == CFK__SHA1);
    }
}
END_TEST

/* ctx: a world; a build of its own takes the allocator. */
static int build_and_rank(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_options build = { .size = sizeof build, .alloc = alloc };
    const char *names[] = { "b" };
    struct world *w = ctx;
    struct cfk_bundle_rank_options opts = { .size = sizeof opts,
                                            .platforms = w->platforms,
                                            .require = names,
                                            .require_count = 1 };
    cfk_bundle_result *result;
    int rc = make_build(w->pool, &leaf, &build, &result, NULL);

    if (rc == CFK_OK)
        rc = cfk_bundle_rank(result, &opts, NULL);
    cfk_bundle_result_free(result);
    return rc;
}

START_TEST(ranking_survives_every_allocation_failure)
{
    struct world w;

    open_world(&w);
    fault_sweep(build_and_rank, &w, 4);
    close_world(&w);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        criteria_decide_in_the_order_asked_for,
        anchors_are_preferred_and_avoided,
        a_platform_may_be_required,
        arguments_are_checked,
        facts_of_a_chain,
        the_weakest_step_counts_but_not_the_root_s_signature,
        ranking_survives_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/rank");

    suite_add_tcase(suite, unit_case("rank", tests));
    return suite;
}
