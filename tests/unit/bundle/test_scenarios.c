/* SPDX-License-Identifier: MIT */
/*
 * Real leaves with real pools: the set of chains equals the one that an
 * independent program enumerated, and pools of thousands load.
 */
#include "bundle/pem.h"
#include "cfkit/bundle.h"
#include "index_pair.h"
#include "unit.h"
#include "vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_TEXT = 64,

    /* Platforms without ECDSA, which the record counts among the holders of a root. */
    NO_ECDSA_WEIGHT = 2,
};

static void add_file(cfk_bundle_pool *pool, const char *folder, const char *name,
                     uint32_t from, struct cfk_bundle_report *report)
{
    char path[512];
    uint8_t *text;
    size_t size;

    snprintf(path, sizeof path, "bundle/%s%s", folder, name);
    text = unit_read_file(unit_data(path), &size);
    ck_assert_int_eq(cfk_bundle_pool_add(pool, text, size, from, report, NULL), CFK_OK);
    free(text);
}

static cfk_bundle_result *build(cfk_bundle_pool *pool, const char *folder, json_t *facts)
{
    struct cfk_bundle_options opts = { .size = sizeof opts };
    const char *host = json_string_value(json_object_get(facts, "host"));
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    char path[512];
    uint8_t *text;
    void *leaf;
    size_t size;

    snprintf(path, sizeof path, "bundle/%sleaf.pem", folder);
    text = unit_read_file(unit_data(path), &size);
    ck_assert_int_eq(
        cfk_bundle_pool_add_input(pool, text, size, NULL, &leaf, &size, NULL), CFK_OK);
    opts.host = host != NULL && host[0] != '?' ? host : NULL; /* one is redacted */
    ck_assert_msg(cfk_bundle_build(pool, leaf, size,
                                   json_integer_value(json_object_get(facts, "time")),
                                   &opts, &result, &err) == CFK_OK,
                  "%s: %s", folder, err.message);
    cfk_free(NULL, leaf);
    free(text);
    return result;
}

/* Whether a chain of the result is that array of fingerprints. */
static bool chain_is(cfk_bundle_result *result, size_t number, json_t *wanted)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };

    ck_assert_int_eq(cfk_bundle_chain(result, number, &chain, NULL), CFK_OK);
    if (chain.length != json_array_size(wanted))
        return false;
    for (size_t i = 0; i < chain.length; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };
        char text[HASH_TEXT + 1];

        ck_assert_int_eq(cfk_bundle_chain_cert(result, number, i, &cert, NULL), CFK_OK);
        for (size_t n = 0; n < sizeof cert.sha256; n++)
            snprintf(text + 2 * n, 3, "%02x", cert.sha256[n]);
        if (strcmp(text, json_string_value(json_array_get(wanted, i))) != 0)
            return false;
    }
    return true;
}

struct tally {
    unsigned equal;
    unsigned refused; /* rightly */
    unsigned either;
};

/* A candidate counts where its anchor is valid at the time; expired ones are refused. */
static void expect_chains(const char *folder, cfk_bundle_result *result, json_t *facts,
                          struct tally *t)
{
    json_t *candidates = json_object_get(facts, "candidates");
    size_t found = cfk_bundle_chain_count(result);
    size_t matched = 0;
    size_t wanted = 0;

    for (size_t n = 0; n < json_array_size(candidates); n++) {
        json_t *candidate = json_array_get(candidates, n);

        if (json_is_true(json_object_get(candidate, "anchor_expired")))
            continue;
        wanted++;
        for (size_t i = 0; i < found; i++)
            matched += chain_is(result, i, json_object_get(candidate, "chain"));
    }
    ck_assert_msg(matched == found, "%s: %zu chains that nobody expects", folder,
                  found - matched);
    ck_assert_msg(found == wanted, "%s: %zu chains of %zu", folder, found, wanted);
    t->equal++;
}

/* Whether candidates tie in all that is recorded; then either may be the best. */
static bool is_tie(json_t *a, json_t *b)
{
    static const char *const keys[] = { "length", "ubiquity", "security",
                                        "min_not_after" };
    bool tie = true;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        tie = tie && json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i]));
    return tie;
}

/* The best chain is the expected one, or one that ties with it. */
static void expect_best(const char *folder, cfk_bundle_result *result, json_t *facts,
                        const char *order)
{
    json_t *candidates = json_object_get(facts, "candidates");
    json_t *wanted = json_array_get(json_object_get(facts, order), 0);
    json_t *best = json_array_get(candidates, (size_t)json_integer_value(wanted));
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    json_int_t lacking;
    bool found = false;

    ck_assert_int_eq(cfk_bundle_chain(result, 0, &chain, NULL), CFK_OK);
    lacking = json_integer_value(json_object_get(best, "ubiquity")) -
              (json_int_t)chain.ubiquity;
    ck_assert_msg(lacking == 0 || lacking == NO_ECDSA_WEIGHT, "%s: ubiquity %llu", folder,
                  (unsigned long long)chain.ubiquity);
    for (size_t i = 0; i < json_array_size(candidates); i++) {
        json_t *candidate = json_array_get(candidates, i);

        found = found || (is_tie(candidate, best) &&
                          chain_is(result, 0, json_object_get(candidate, "chain")));
    }
    ck_assert_msg(found, "%s: another winner, %s", folder, order);
}

/* The platforms that trust the best chain weigh what it was given for them. */
static void expect_platforms(cfk_bundle_result *result,
                             const cfk_bundle_platforms *platforms)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    uint64_t sum = 0;

    ck_assert_int_eq(cfk_bundle_chain(result, 0, &chain, NULL), CFK_OK);
    for (size_t p = 0; p < cfk_bundle_platforms_count(platforms); p++) {
        struct cfk_bundle_platform platform = { .size = sizeof platform };

        ck_assert_int_eq(cfk_bundle_platforms_get(platforms, p, &platform, NULL), CFK_OK);
        if (cfk_bundle_chain_trusted(result, 0, p))
            sum += platform.weight;
    }
    ck_assert_uint_eq(sum, chain.ubiquity);
}

static void expect_winners(const char *folder, cfk_bundle_result *result,
                           const cfk_bundle_platforms *platforms, json_t *facts)
{
    struct cfk_bundle_rank_options opts = { .size = sizeof opts, .platforms = platforms };

    ck_assert_int_eq(cfk_bundle_rank(result, &opts, NULL), CFK_OK);
    expect_best(folder, result, facts, "order_shortest_first");
    expect_platforms(result, platforms);
    opts.order[0] = CFK_BUNDLE_BY_UBIQUITY;
    ck_assert_int_eq(cfk_bundle_rank(result, &opts, NULL), CFK_OK);
    expect_best(folder, result, facts, "order_ubiquity_first");
    expect_platforms(result, platforms);
}

static cfk_bundle_platforms *load_platforms(const char *path)
{
    cfk_bundle_platforms *platforms;
    struct cfk_error err = { 0 };
    uint8_t *text;
    size_t size;

    text = unit_read_file(path, &size);
    ck_assert_msg(cfk_bundle_platforms_parse(text, size, NULL, &platforms, &err) ==
                      CFK_OK,
                  "%s", err.message);
    ck_assert_uint_eq(cfk_bundle_platforms_count(platforms), 38);
    free(text);
    return platforms;
}

/* The same leaf over an index of the same pool. */
static void expect_same_from_index(cfk_bundle_pool *pool, const char *folder,
                                   json_t *facts, cfk_bundle_result *result)
{
    size_t size;
    void *data = index_of(pool, &size);
    cfk_bundle_pool *indexed = index_pool(data, size, NULL);
    cfk_bundle_result *other = build(indexed, folder, facts);

    index_expect_same(folder, result, other);
    cfk_bundle_result_free(other);
    cfk_bundle_pool_free(indexed);
    cfk_free(NULL, data);
}

static void run_scenario(const char *name, cfk_bundle_platforms *const *platforms,
                         struct tally *t)
{
    char folder[256];
    char path[512];
    cfk_bundle_pool *pool;
    cfk_bundle_result *result;
    const char *expect;
    json_t *facts;

    snprintf(folder, sizeof folder, "scenarios/%s/", name);
    snprintf(path, sizeof path, "bundle/%sscenario.json", folder);
    facts = vectors_load(path);
    expect = vectors_text(facts, "expect");
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    add_file(pool, folder, "roots.pem", CFK_BUNDLE_ROOT, NULL);
    add_file(pool, folder, "pool.pem", CFK_BUNDLE_POOL, NULL);
    result = build(pool, folder, facts);
    expect_same_from_index(pool, folder, facts, result);
    if (strcmp(expect, "SUCCESS") == 0) {
        expect_chains(folder, result, facts, t);
        expect_winners(folder, result, platforms[0], facts);
        expect_winners(folder, result, platforms[1], facts);
    } else if (strcmp(expect, "FAILURE") == 0) {
        ck_assert_msg(cfk_bundle_reason(result, NULL) != CFK_OK, "%s is accepted", name);
        t->refused++;
    } else {
        t->either++;
    }
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    json_decref(facts);
}

START_TEST(every_chain_of_real_leaves_is_found)
{
    const char *root = unit_data("bundle/scenarios");
    cfk_bundle_platforms *platforms[2]; /* the recorded ones, and those that ship */
    struct tally t = { 0 };
    struct dirent *entry;
    DIR *folder;

    if (root == NULL)
        return;
    ck_assert_ptr_nonnull(getenv("CFK_PLATFORMS")); /* meson sets it */
    platforms[0] = load_platforms(unit_data("bundle/platforms.yaml"));
    platforms[1] = load_platforms(getenv("CFK_PLATFORMS"));
    root = unit_data("bundle/scenarios");
    folder = opendir(root);
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            run_scenario(entry->d_name, platforms, &t);
    closedir(folder);
    cfk_bundle_platforms_free(platforms[0]);
    cfk_bundle_platforms_free(platforms[1]);
    printf("scenarios: %u sets equal, %u rightly refused, %u either\n", t.equal,
           t.refused, t.either);
    ck_assert_uint_eq(t.equal, 26);
    ck_assert_uint_eq(t.refused, 10);
}
END_TEST

START_TEST(real_pools_load_whole)
{
    static const struct {
        const char *file;
        uint64_t certs;
        uint64_t bad;
    } pools[] = {
        { "pool-tls.pem", 4312, 0 },
        { "roots-union.pem", 627, 1 }, /* a UTCTime with an offset */
        { "cfssl-ca-bundle.pem", 339, 0 },
        { "cfssl-int-bundle.pem", 1263, 0 },
    };

    if (unit_data("bundle/pool-tls.pem") == NULL)
        return;
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        struct cfk_bundle_report report = { .size = sizeof report };
        cfk_bundle_pool *pool;

        ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
        add_file(pool, "", pools[i].file, CFK_BUNDLE_POOL, &report);
        printf("%s: %llu, %llu bad, %zu distinct\n", pools[i].file,
               (unsigned long long)report.found, (unsigned long long)report.bad,
               cfk_bundle_pool_count(pool, CFK_BUNDLE_POOL));
        ck_assert_uint_eq(report.found, pools[i].certs);
        ck_assert_uint_eq(report.bad, pools[i].bad);
        cfk_bundle_pool_free(pool);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_chain_of_real_leaves_is_found,
        real_pools_load_whole,
        NULL,
    };
    Suite *suite = suite_create("bundle/scenarios");

    suite_add_tcase(suite, unit_case("scenarios", tests));
    return suite;
}
