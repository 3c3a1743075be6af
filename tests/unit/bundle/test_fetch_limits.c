/* SPDX-License-Identifier: MIT */
/* How much is fetched at most, and what becomes of it where there is no memory. */
#include "fault.h"
#include "web_world.h"

START_TEST(sizes_are_limited_from_both_sides)
{
    for (int stubborn = 0; stubborn < 2; stubborn++)
        for (int total = 0; total < 2; total++)
            for (uint64_t less = 0; less < 2; less++) {
                cfk_bundle_pool *pool = pool_of_root();
                struct web web = { .stubborn = stubborn };
                cfk_bundle_result *result;
                uint8_t room[2048];
                struct named n;

                web_add_cert(&web, CA_URL, &ca, room);
                *(total ? &web.options.max_total : &web.options.max_size) =
                    web.pages[0].size - less;
                result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
                ck_assert_int_eq(fetched(result, 0).code, less ? CFK_E_LIMIT : CFK_OK);
                ck_assert_uint_eq(cfk_bundle_chain_count(result), !less);
                ck_assert_uint_le(fetched(result, 0).bytes, web.pages[0].size - less);
                if (less)
                    ck_assert_msg(strstr(fetched(result, 0).message, "more than") != NULL,
                                  "%s", fetched(result, 0).message);
                cfk_bundle_result_free(result);
                cfk_bundle_pool_free(pool);
            }
}
END_TEST

START_TEST(all_answers_together_are_limited)
{
    cfk_bundle_pool *pool = pool_of_root();
    cfk_bundle_result *result;
    struct line line;

    make_line(&line);
    line.web.options.max_total = line.web.pages[0].size + line.web.pages[1].size;
    result = build_with(pool, &line.named[0].m, &line.web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_LIMIT);
    ck_assert_uint_eq(line.web.asked, 2);
    ck_assert_uint_eq(counters(result).met, CFK_BUNDLE_MET_FETCHES);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(a_full_pool_takes_no_more)
{
    struct cfk_bundle_pool_options small = { .size = sizeof small, .max_certs = 1 };
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    cfk_bundle_pool *pool;
    uint8_t room[2048];
    struct named n;

    ck_assert_int_eq(cfk_bundle_pool_new(&small, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    web_add_cert(&web, CA_URL, &ca, room);
    result = build_with(pool, by_url(&n, &leaf, CA_URL), &web);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_int_eq(fetched(result, 0).code, CFK_E_LIMIT);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(bad_options_are_refused)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    cfk_bundle_pool *pool = pool_of_root();
    struct web web = { .count = 0 };
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };

    opts.fetch = web_options(&web);
    web.options.flags = 4;
    unit_expect_error(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID, &err,
                      "unknown flags");
    ck_assert_ptr_null(result);
    web.options.flags = 0;
    web.options.size = 0;
    ck_assert_int_eq(make_build(pool, &leaf, &opts, &result, &err), CFK_E_INVALID);
    cfk_bundle_pool_free(pool);
}
END_TEST

static int build_once(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts };
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool;
    struct line *line = ctx;
    uint8_t der[2048];
    size_t size = make_cert(&root, der);
    int rc;

    pool_opts.alloc = alloc;
    rc = cfk_bundle_pool_new(&pool_opts, &pool, NULL);
    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_der(pool, der, size, CFK_BUNDLE_ROOT, NULL);
    opts.fetch = web_options(&line->web);
    if (rc == CFK_OK)
        rc = make_build(pool, &line->named[0].m, &opts, &result, NULL);
    if (rc == CFK_OK)
        ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(fetching_survives_every_allocation_failure)
{
    struct line line;

    make_line(&line);
    fault_sweep(build_once, &line, 30);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        sizes_are_limited_from_both_sides,
        all_answers_together_are_limited,
        a_full_pool_takes_no_more,
        bad_options_are_refused,
        fetching_survives_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/fetch_limits");

    suite_add_tcase(suite, unit_case("limits", tests));
    return suite;
}
