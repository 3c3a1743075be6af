/* SPDX-License-Identifier: MIT */
/* What is fetched, what comes of it, and what is never asked for. */
#include "bundle/pem.h"
#include "crl_world.h"
#include "small_world.h"
#include "web_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_missing_issuer_is_fetched)
{
    struct cfk_bundle_cert cert = { .size = sizeof cert };
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    struct cfk_bundle_fetched_info one;
    uint8_t room[2048];
    struct named n;

    web_add_cert(&web, CA_URL, &ca, room);
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    ck_assert_int_eq(cfk_bundle_chain_cert(result, 0, 1, &cert, NULL), CFK_OK);
    ck_assert_uint_eq(cert.from, CFK_BUNDLE_FETCHED);
    ck_assert_uint_eq(cfk_bundle_fetched_count(result), 1);
    one = fetched(result, 0);
    ck_assert_str_eq(one.url, CA_URL);
    ck_assert_str_eq(one.message, "");
    ck_assert_int_eq(one.code, CFK_OK);
    ck_assert_uint_eq(one.certs, 1);
    ck_assert_uint_eq(one.asked, 1);
    ck_assert_uint_eq(one.bytes, web.pages[0].size);
    ck_assert_uint_eq(counters(result).fetches, 1);
    ck_assert_uint_eq(counters(result).fetched_bytes, one.bytes);
    ck_assert_uint_eq(counters(result).met, 0);
    ck_assert_int_eq(cfk_bundle_fetched(result, 1, &one, NULL), CFK_E_INVALID);
    cfk_bundle_result_free(result);

    /* It stays in the pool: the next build asks nobody. */
    ck_assert_uint_eq(cfk_bundle_pool_count(pool, CFK_BUNDLE_FETCHED), 1);
    result = build_with(pool, &n.m, &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_bundle_fetched_count(result), 0);
    ck_assert_uint_eq(web.asked, 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* What build_with() says of a page of these bytes where the CA should be. */
static void expect_answer(const void *data, size_t size, int code, const char *words,
                          uint32_t certs)
{
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    struct named n;

    web_add(&web, CA_URL, data, size);
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL),
                     code == CFK_OK ? CFK_OK : CFK_E_UNKNOWN_ISSUER);
    ck_assert_int_eq(fetched(result, 0).code, code);
    ck_assert_msg(strstr(fetched(result, 0).message, words) != NULL, "%s",
                  fetched(result, 0).message);
    ck_assert_uint_eq(fetched(result, 0).certs, certs);
    ck_assert_uint_eq(web.asked, 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

static size_t pem_of(const struct make *m, char *text, size_t size)
{
    struct cfk__writer w;
    uint8_t der[2048];
    size_t der_size = make_cert(m, der);

    ck_assert_uint_le(cfk__pem_size(der_size), size);
    cfk__writer_init(&w, text, size);
    cfk__pem_write(&w, der, der_size);
    return cfk__pem_size(der_size);
}

START_TEST(answers_are_der_or_pem_or_what_is_wrong_is_told)
{
    static const char page[] = "<!DOCTYPE html><html>Not here</html>";
    struct make other = ca;
    char text[8192];
    uint8_t der[2048];
    size_t size = make_cert(&ca, der);
    size_t used;

    expect_answer(der, size, CFK_OK, "", 1);
    used = pem_of(&ca, text, sizeof text);
    expect_answer(text, used, CFK_OK, "", 1);
    other.subject = "other";
    used += pem_of(&other, text + used, sizeof text - used);
    expect_answer(text, used, CFK_OK, "", 2);
    expect_answer("", 0, CFK_E_NOTFOUND, "no certificate in the 0 bytes", 0);
    expect_answer(page, strlen(page), CFK_E_NOTFOUND, "no certificate in the 36", 0);
    expect_answer(der, size - 1, CFK_E_CORRUPT, "no certificate", 0);
    memset(der + size, 0, 8);
    expect_answer(der, size + 8, CFK_E_CORRUPT, "no certificate", 0);
}
END_TEST

START_TEST(a_chain_is_fetched_link_by_link_as_deep_as_allowed)
{
    for (uint32_t depth = 2; depth <= 3; depth++)
        for (uint32_t count = 2; count <= 3; count++) {
            cfk_bundle_pool *pool = pool_of_root();
            bool enough = depth == 3 && count == 3;
            struct cfk_error err = { 0 };
            cfk_bundle_result *result;
            struct line line;

            make_line(&line);
            line.web.options.max_depth = depth;
            line.web.options.max_count = count;
            result = build_with(pool, &line.named[0].m, &line.web);
            ck_assert_uint_eq(line.web.asked, enough ? 3 : 2);
            ck_assert_uint_eq(cfk_bundle_chain_count(result), enough);
            ck_assert_uint_eq(counters(result).met, enough ? 0 : CFK_BUNDLE_MET_FETCHES);
            if (!enough)
                unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_LIMIT, &err,
                                  "within the fetches allowed");
            cfk_bundle_result_free(result);
            cfk_bundle_pool_free(pool);
        }
}
END_TEST

START_TEST(loops_end_and_nothing_is_asked_for_twice)
{
    static const struct make round[] = {
        { .subject = "ca", .issuer = "x", .key = 2, .signed_by = 3, .ca = true },
        { .subject = "x", .issuer = "ca", .key = 3, .signed_by = 2, .ca = true },
    };
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    struct named n[3];
    uint8_t rooms[2][2048];

    web_add_cert(&web, CA_URL, by_url(&n[0], &round[0], "http://x.test/x"), rooms[0]);
    web_add_cert(&web, "http://x.test/x", by_url(&n[1], &round[1], CA_URL), rooms[1]);
    result = build_with(pool, by_url(&n[2], &leaf, CA_URL), &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_uint_eq(web.asked, 2);
    ck_assert_uint_eq(cfk_bundle_fetched_count(result), 2);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(nothing_is_asked_for_without_need)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    cfk_bundle_pool *pool = pool_of_root();
    struct make twin = ca;
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    uint8_t room[2048];
    struct named n;

    twin.serial = 1;
    web_add_cert(&web, CA_URL, &twin, room);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    opts.fetch = web_options(&web);
    by_url(&n, &leaf, CA_URL);
    result = build(pool, &n.m, &opts); /* there is a chain */
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    cfk_bundle_result_free(result);
    n.m.until = "260101000000Z"; /* the leaf itself is to blame */
    cfk_bundle_result_free(build(pool, &n.m, &opts));
    n.m.until = NULL;
    opts.host = "other.test";
    cfk_bundle_result_free(build(pool, &n.m, &opts));
    opts.host = NULL;
    web.options.get = NULL;
    web.options.flags = CFK_BUNDLE_FETCH_ALL;
    cfk_bundle_result_free(build(pool, &n.m, &opts));
    ck_assert_uint_eq(web.asked, 0);

    result = build_with(pool, &n.m, &web); /* all of them */
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 2);
    ck_assert_uint_eq(web.asked, 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_chain_that_ends_before_its_leaf_is_worth_a_request)
{
    struct cfk_bundle_chain_info info = { .size = sizeof info };
    cfk_bundle_pool *pool = pool_of_root();
    struct make old = ca;
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    uint8_t room[2048];
    struct named n;

    old.until = "270101000000Z";
    make_add(pool, &old, CFK_BUNDLE_POOL);
    web_add_cert(&web, CA_URL, &ca, room);
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 2);
    ck_assert_int_eq(cfk_bundle_chain(result, 0, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.warnings & CFK_BUNDLE_WARN_SHORT, 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(another_issuer_than_a_bad_one_is_fetched)
{
    static const char *const until[] = { "260101000000Z", NULL };

    for (size_t i = 0; i < 2; i++) { /* an expired twin; a namesake with another key */
        cfk_bundle_pool *pool = pool_of_root();
        struct make bad = ca;
        struct web web = { .count = 0 };
        cfk_bundle_result *result;
        uint8_t room[2048];
        struct named n;

        bad.until = until[i];
        bad.key = i == 0 ? ca.key : 77;
        make_add(pool, &bad, CFK_BUNDLE_POOL);
        web_add_cert(&web, CA_URL, &ca, room);
        result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
        ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
        cfk_bundle_result_free(result);
        cfk_bundle_pool_free(pool);
    }
}
END_TEST

START_TEST(only_proven_issuers_may_name_more)
{
    struct make namesake = ca;
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    struct named n;

    namesake.key = 77; /* not the key that signed the leaf */
    namesake.issuer = "nobody";
    make_add(pool, by_url(&n, &namesake, "http://169.254.169.254/"), CFK_BUNDLE_POOL);
    result = build_with(pool, &leaf, &web);
    ck_assert_int_ne(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_uint_eq(web.asked, 0);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(what_is_fetched_is_not_trusted)
{
    static const struct make impostor = {
        .subject = "ca", .issuer = "ca", .key = 2, .signed_by = 2, .ca = true
    };
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    uint8_t room[2048];
    struct named n;

    web_add_cert(&web, CA_URL, &impostor, room); /* a root, but nobody's */
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_uint_eq(fetched(result, 0).certs, 1);
    ck_assert_uint_eq(cfk_bundle_pool_count(pool, CFK_BUNDLE_ROOT), 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(failed_fetches_are_listed_with_their_cause)
{
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    struct named n;

    result = build_with(pool, by_url(&n, &leaf, "http://ca.test/gone"), &web);
    unit_expect_error(cfk_bundle_reason(result, &err), CFK_E_UNKNOWN_ISSUER, &err,
                      "no issuer of certificate 1");
    ck_assert_int_eq(fetched(result, 0).code, CFK_E_IO);
    ck_assert_str_eq(fetched(result, 0).message, "404 for http://ca.test/gone");
    cfk_bundle_result_free(result);

    web_add(&web, CA_URL, "", 0);
    web.pages[0].code = CFK_E_TIMEOUT; /* and no words */
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_int_eq(fetched(result, 0).code, CFK_E_TIMEOUT);
    ck_assert_str_eq(fetched(result, 0).message, "it could not be fetched");
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(revocation_is_judged_anew_after_a_fetch)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    struct list of_ca = { .issuer = "ca", .signed_by = 2 };
    struct make twin = crl_ca;
    struct web web = { .options.flags = CFK_BUNDLE_FETCH_ALL };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    uint8_t room[2048];
    struct named n;

    make_add(pool, &crl_root, CFK_BUNDLE_ROOT);
    make_add(pool, &crl_ca, CFK_BUNDLE_POOL);
    ck_assert_int_eq(add_list(pool, &of_root), CFK_OK);
    ck_assert_int_eq(add_list(pool, &of_ca), CFK_OK);
    twin.until = "481231235959Z";
    web_add_cert(&web, CA_URL, &twin, room);
    n.m = crl_leaf;
    snprintf(n.ext, sizeof n.ext, "%s", crl_leaf.ext != NULL ? crl_leaf.ext : "");
    web_issuer_ext(n.ext, sizeof n.ext, CA_URL);
    n.m.ext = n.ext;
    opts.fetch = web_options(&web);
    result = build(pool, &n.m, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 2);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_missing_issuer_is_fetched,
        answers_are_der_or_pem_or_what_is_wrong_is_told,
        a_chain_is_fetched_link_by_link_as_deep_as_allowed,
        loops_end_and_nothing_is_asked_for_twice,
        nothing_is_asked_for_without_need,
        a_chain_that_ends_before_its_leaf_is_worth_a_request,
        another_issuer_than_a_bad_one_is_fetched,
        only_proven_issuers_may_name_more,
        what_is_fetched_is_not_trusted,
        failed_fetches_are_listed_with_their_cause,
        revocation_is_judged_anew_after_a_fetch,
        NULL,
    };
    Suite *suite = suite_create("bundle/fetch");

    suite_add_tcase(suite, unit_case("fetch", tests));
    return suite;
}
