/* SPDX-License-Identifier: MIT */
/* Which URLs are asked for; and that fetching finds what a full pool has. */
#include "bundle/pem.h"
#include "checked.h"
#include "gen.h"
#include "small_world.h"
#include "web.h"

#include <stdio.h>
#include <string.h>

static cfk_bundle_result *build_for(const char *url, size_t url_size, struct web *web,
                                    cfk_bundle_pool **pool)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .fetch = web_options(web) };
    char description[6000] = "";
    char ext[7000] = "";
    struct make m = leaf;

    *pool = new_pool();
    make_add(*pool, &root, CFK_BUNDLE_ROOT);
    web_description(description, sizeof description, 2, url, url_size);
    web_info_ext(ext, sizeof ext, description);
    m.ext = ext;
    return build(*pool, &m, &opts);
}

/* A refusal with these words, or NULL: the URL is asked for. */
static void expect_url(const char *url, size_t url_size, uint32_t flags,
                       const char *refusal, const char *text)
{
    struct cfk_bundle_fetched_info one = { .size = sizeof one };
    struct web web = { .options.flags = flags };
    cfk_bundle_pool *pool;
    cfk_bundle_result *result = build_for(url, url_size, &web, &pool);

    ck_assert_uint_eq(web.asked, refusal == NULL);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_int_eq(cfk_bundle_fetched(result, 0, &one, NULL), CFK_OK);
    ck_assert_uint_eq(one.asked, refusal == NULL);
    ck_assert_int_eq(one.code, refusal == NULL ? CFK_E_IO : CFK_E_NOTSUP);
    if (refusal != NULL)
        ck_assert_str_eq(one.message, refusal);
    if (text != NULL)
        ck_assert_str_eq(one.url, text);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}

START_TEST(only_http_is_asked_for)
{
    static const char other[] = "neither an http nor an https URL";
    static const struct {
        const char *url;
        uint32_t flags;
        const char *refusal;
    } urls[] = {
        { "http://ca.test/a.cer", 0, NULL },
        { "HTTP://CA.test:8080/a%20b?c=d#e@f", 0, NULL },
        { "http://[2001:db8::1]/", 0, NULL },
        { "https://ca.test/", CFK_BUNDLE_FETCH_HTTPS, NULL },
        { "https://ca.test/", 0, "https is not asked for, only http" },
        { "file:///etc/passwd", 0, other },
        { "file:///etc/passwd", CFK_BUNDLE_FETCH_HTTPS, other },
        { "ldap://ca.test/cn=ca?cACertificate", 0, other },
        { "ftp://ca.test/ca.cer", 0, other },
        { "gopher://ca.test:25/_HELO", CFK_BUNDLE_FETCH_HTTPS, other },
        { "http:/ca.test/", 0, other },
        { "http", 0, other },
        { "", 0, other },
        { "//ca.test/", 0, other },
        { "httpx://ca.test/", 0, other },
        { "http://", 0, "a URL without a host" },
        { "http:///a", 0, "a URL without a host" },
        { "http://:80/", 0, "a URL without a host" },
        { "http://me:secret@ca.test/", 0, "a URL with a user name" },
        { "http://ca.test@127.0.0.1/", 0, "a URL with a user name" },
        { "http://ca.test/a b", 0, "a URL with characters that none has" },
        { "http://ca.test\\@127.0.0.1/", 0, "a URL with characters that none has" },
        { "http://ca.test/\r\nHost: x", 0, "a URL with characters that none has" },
        { "http://c\xc3\xa4.test/", 0, "a URL with characters that none has" },
    };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        expect_url(urls[i].url, strlen(urls[i].url), urls[i].flags, urls[i].refusal,
                   NULL);
}
END_TEST

START_TEST(urls_are_shown_without_what_is_not_plain)
{
    static const char nul[] = "http://a\0b\x1b[2J\n\xff";
    char longest[2060] = "http://ca.test/";

    expect_url(nul, sizeof nul - 1, 0, "a URL with characters that none has",
               "http://a%00b%1B[2J%0A%FF");
    memset(longest + strlen(longest), 'a', sizeof longest - strlen(longest));
    /* A certificate of that size does not fit the test's own room. */
    ck_assert_ptr_null(
        cfk__fetch_refusal((struct cfk__span){ (const uint8_t *)longest, 2048 }, false));
    ck_assert_str_eq(
        cfk__fetch_refusal((struct cfk__span){ (const uint8_t *)longest, 2049 }, false),
        "a URL of more than 2048 characters");
}
END_TEST

START_TEST(eight_urls_of_one_certificate_count)
{
    char description[6000] = "";
    char ext[7000] = "";
    struct cfk_bundle_options opts = { .size = sizeof opts };
    struct make m = leaf;
    struct web web = { .count = 0 };
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_result *result;
    uint8_t room[2048];

    web_description(description, sizeof description, 1, "http://ocsp.test/", 17);
    for (char i = '1'; i <= '9'; i++) {
        char url[] = "http://ca.test/?";

        url[15] = i;
        web_description(description, sizeof description, 2, url, 16);
    }
    web_info_ext(ext, sizeof ext, description);
    m.ext = ext;
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    web_add_cert(&web, "http://ca.test/9", &ca, room);
    opts.fetch = web_options(&web);
    result = build(pool, &m, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_E_UNKNOWN_ISSUER);
    ck_assert_uint_eq(web.asked, 8);
    cfk_bundle_result_free(result);

    web.pages[0].url = "http://ca.test/8"; /* those before it fail */
    result = build(pool, &m, &opts);
    ck_assert_int_eq(cfk_bundle_reason(result, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_bundle_fetched_count(result), 8);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(issuer_urls_can_be_asked_for_without_fetching)
{
    char ext[2000] = "";
    struct make m = leaf;
    uint8_t der[2048];
    size_t size;
    const char *url;
    size_t url_size;
    struct cfk_error err = { 0 };

    web_issuer_ext(ext, sizeof ext, "ldap://ca.test/");
    m.ext = ext;
    size = make_cert(&m, der);
    ck_assert_int_eq(cfk_bundle_issuer_url(der, size, 0, &url, &url_size, &err), CFK_OK);
    ck_assert_uint_eq(url_size, 15);
    ck_assert_mem_eq(url, "ldap://ca.test/", 15);
    unit_expect_error(cfk_bundle_issuer_url(der, size, 1, &url, &url_size, &err),
                      CFK_E_NOTFOUND, &err, "1 issuer URLs");
    ck_assert_int_eq(cfk_bundle_issuer_url(der, size - 1, 0, &url, &url_size, &err),
                     CFK_E_CORRUPT);
    m.ext = NULL;
    size = make_cert(&m, der);
    ck_assert_int_eq(cfk_bundle_issuer_url(der, size, 0, &url, &url_size, &err),
                     CFK_E_NOTFOUND);
}
END_TEST

/* --- a web beside a pool that has everything --- */

enum { NAMES = 5, CERTS = 9 };

static const char *const names[NAMES] = { "root", "a", "b", "c", "d" };
static const char *const urls[NAMES] = { "http://x.test/0", "http://x.test/1",
                                         "http://x.test/2", "http://x.test/3",
                                         "http://x.test/4" };

struct world {
    struct make certs[CERTS];
    char exts[NAMES][1200];
    char pages[NAMES][CERTS * 2048];
    size_t page_sizes[NAMES];
};

/* Intermediates of random names by random issuers; at each name's URL, all it has. */
static void make_world(struct world *world, struct gen *gen)
{
    memset(world, 0, sizeof *world);
    for (size_t i = 0; i < NAMES; i++)
        web_issuer_ext(world->exts[i], sizeof world->exts[i], urls[i]);
    for (size_t i = 0; i < CERTS; i++) {
        size_t subject = 1 + gen_below(gen, NAMES - 1);
        size_t issuer = gen_below(gen, NAMES);
        struct cfk__writer w;
        uint8_t der[2048];
        size_t size;

        world->certs[i] = (struct make){ .subject = names[subject],
                                         .issuer = names[issuer],
                                         .key = (uint8_t)(1 + subject),
                                         .signed_by = (uint8_t)(1 + issuer),
                                         .serial = (uint8_t)i,
                                         .ca = true,
                                         .ext = world->exts[issuer] };
        size = make_cert(&world->certs[i], der);
        cfk__writer_init(&w, world->pages[subject] + world->page_sizes[subject], 2048);
        cfk__pem_write(&w, der, size);
        world->page_sizes[subject] += cfk__pem_size(size);
    }
}

static cfk_bundle_result *build_world(const struct world *world, cfk_bundle_pool **pool,
                                      const struct cfk_bundle_fetch_options *fetch)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .fetch = fetch };
    struct make m = leaf;

    m.issuer = names[1];
    m.signed_by = 2;
    m.ext = world->exts[1];
    *pool = new_pool();
    make_add(*pool, &root, CFK_BUNDLE_ROOT);
    for (size_t i = 0; i < CERTS && fetch == NULL; i++)
        make_add(*pool, &world->certs[i], CFK_BUNDLE_POOL);
    return build(*pool, &m, &opts);
}

static void expect_same_chains(cfk_bundle_result *a, cfk_bundle_result *b)
{
    ck_assert_uint_eq(cfk_bundle_chain_count(a), cfk_bundle_chain_count(b));
    for (size_t i = 0; i < cfk_bundle_chain_count(a); i++) {
        struct cfk_bundle_chain_info chain = { .size = sizeof chain };

        ck_assert_int_eq(cfk_bundle_chain(a, i, &chain, NULL), CFK_OK);
        for (size_t n = 0; n < chain.length; n++) {
            struct cfk_bundle_cert ours = { .size = sizeof ours };
            struct cfk_bundle_cert theirs = { .size = sizeof theirs };

            ck_assert_int_eq(cfk_bundle_chain_cert(a, i, n, &ours, NULL), CFK_OK);
            ck_assert_int_eq(cfk_bundle_chain_cert(b, i, n, &theirs, NULL), CFK_OK);
            ck_assert_mem_eq(ours.sha256, theirs.sha256, 32);
        }
    }
}

START_TEST(fetching_all_finds_what_a_pool_with_all_has)
{
    static struct world world;
    size_t with_chains = 0;
    struct gen gen;

    gen_seed(&gen, 4);
    for (int i = 0; i < (CHECKED ? 5 : 60); i++) {
        struct web web = { .options.max_count = 1000, .options.max_depth = 100 };
        cfk_bundle_pool *full_pool;
        cfk_bundle_pool *pool;
        cfk_bundle_result *full;
        cfk_bundle_result *result;

        make_world(&world, &gen);
        for (size_t n = 1; n < NAMES; n++)
            if (world.page_sizes[n] > 0)
                web_add(&web, urls[n], world.pages[n], world.page_sizes[n]);
        full = build_world(&world, &full_pool, NULL);
        result = build_world(&world, &pool, web_options(&web));
        ck_assert_int_eq(cfk_bundle_reason(result, NULL), cfk_bundle_reason(full, NULL));
        ck_assert_uint_eq(cfk_bundle_chain_count(result) > 0,
                          cfk_bundle_chain_count(full) > 0);
        with_chains += cfk_bundle_chain_count(full) > 0;
        cfk_bundle_result_free(result);
        cfk_bundle_pool_free(pool);

        web.options.flags = CFK_BUNDLE_FETCH_ALL;
        result = build_world(&world, &pool, web_options(&web));
        expect_same_chains(result, full);
        ck_assert_uint_le(cfk_bundle_fetched_count(result), NAMES);
        cfk_bundle_result_free(result);
        cfk_bundle_pool_free(pool);
        cfk_bundle_result_free(full);
        cfk_bundle_pool_free(full_pool);
    }
    ck_assert_uint_gt(with_chains, CHECKED ? 0 : 15);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        only_http_is_asked_for,
        urls_are_shown_without_what_is_not_plain,
        eight_urls_of_one_certificate_count,
        issuer_urls_can_be_asked_for_without_fetching,
        fetching_all_finds_what_a_pool_with_all_has,
        NULL,
    };
    Suite *suite = suite_create("bundle/fetch_url");

    suite_add_tcase(suite, unit_case("fetch_url", tests));
    return suite;
}
