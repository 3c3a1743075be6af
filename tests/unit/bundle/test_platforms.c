/* SPDX-License-Identifier: MIT */
/* platforms.yaml: what is read, what is refused and in which words, who trusts what. */
#include "bundle/platforms.h"
#include "fault.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char sample[] =
    "version: 1\n"
    "note: {whatever: [1, 2, {deep: x}]}\n"
    "platforms:\n"
    "- {name: old, label: Old one, weight: 5, constraints: {sha1_signatures: accept, "
    "ecdsa: false, enforces_anchor_expiry: false}}\n"
    "- {name: new, weight: 30, since: 2020-01-01, until: '2030-01-01'}\n"
    "- name: own\n"
    "  roots: [" HASH_B "]\n"
    "stores:\n"
    "- platforms: [old, new]\n"
    "  roots:\n"
    "  - " HASH_A "\n"
    "- platforms: [old]\n"
    "  roots:\n"
    "  - {sha256: " HASH_B ", since: 2022-01-01, until: 2023-01-01}\n";

static int parse(const char *yaml, const struct cfk_bundle_platforms_options *opts,
                 cfk_bundle_platforms **out, struct cfk_error *err)
{
    return cfk_bundle_platforms_parse(yaml, strlen(yaml), opts, out, err);
}

static cfk_bundle_platforms *parsed(const char *yaml)
{
    cfk_bundle_platforms *platforms;
    struct cfk_error err = { 0 };

    ck_assert_msg(parse(yaml, NULL, &platforms, &err) == CFK_OK, "%s", err.message);
    return platforms;
}

static uint64_t score(const cfk_bundle_platforms *platforms, uint8_t hash, int64_t time,
                      bool sha1, bool ecdsa, bool expired)
{
    struct cfk__chain_traits chain = {
        .time = time, .sha1 = sha1, .ecdsa = ecdsa, .expired = expired
    };
    uint8_t anchor[CFK__SHA256_SIZE];
    uint8_t bits[8] = { 0 };

    memset(anchor, hash, sizeof anchor);
    chain.anchor = anchor;
    return cfk__platforms_trust(platforms, &chain, bits);
}

enum {
    IN_2019 = 1546300800,
    IN_2022 = 1650000000,
    IN_2026 = 1795161600,
};

START_TEST(platforms_are_read_and_asked)
{
    struct cfk_bundle_platform platform = { .size = sizeof platform };
    cfk_bundle_platforms *platforms = parsed(sample);
    struct cfk_error err = { 0 };

    ck_assert_uint_eq(cfk_bundle_platforms_count(platforms), 3);
    ck_assert_int_eq(cfk_bundle_platforms_get(platforms, 0, &platform, NULL), CFK_OK);
    ck_assert_str_eq(platform.name, "old");
    ck_assert_str_eq(platform.label, "Old one");
    ck_assert_uint_eq(platform.weight, 5);
    ck_assert_int_eq(cfk_bundle_platforms_get(platforms, 2, &platform, NULL), CFK_OK);
    ck_assert_str_eq(platform.label, "own");
    ck_assert_uint_eq(platform.weight, 1);
    unit_expect_error(cfk_bundle_platforms_get(platforms, 3, &platform, &err),
                      CFK_E_INVALID, &err, "platform 3 of 3");
    ck_assert_uint_eq(platforms->weight, 36);

    ck_assert_uint_eq(score(platforms, 0xaa, IN_2026, false, false, false), 35);
    ck_assert_uint_eq(score(platforms, 0xaa, IN_2026, true, false, false), 5);
    ck_assert_uint_eq(score(platforms, 0xaa, IN_2026, false, true, false), 30);
    ck_assert_uint_eq(score(platforms, 0xaa, IN_2026, false, false, true), 5);
    ck_assert_uint_eq(score(platforms, 0xaa, IN_2019, false, false, false), 5);
    ck_assert_uint_eq(score(platforms, 0xbb, IN_2019, false, false, false), 1);
    ck_assert_uint_eq(score(platforms, 0xbb, IN_2022, false, false, false), 6);
    ck_assert_uint_eq(score(platforms, 0xbb, IN_2026, false, false, false), 1);
    ck_assert_uint_eq(score(platforms, 0xcc, IN_2026, false, false, false), 0);
    cfk_bundle_platforms_free(platforms);
    cfk_bundle_platforms_free(NULL);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *yaml;
        const char *words;
    } cases[] = {
        { "", "a document is wanted" },
        { "version: 1\n---\nversion: 1\n", "one document is enough" },
        { "- 1\n", "line 1: a mapping is wanted" },
        { "platforms: []\n", "there is no version: 1" },
        { "version: 2\n", "version 1 is wanted" },
        { "version: 1\nversion: 1\n", "line 2: this key is there twice" },
        { "version: 1\nplatforms: {}\n", "a list is wanted" },
        { "version: 1\nplatforms: [x]\n", "a mapping is wanted" },
        { "version: 1\nplatforms: [{weight: 1}]\n", "without a name" },
        { "version: 1\nplatforms: [{name: ''}]\n", "1 to 1000 bytes" },
        { "version: 1\nplatforms: [{name: \"a\\0b\"}]\n", "1 to 1000 bytes" },
        { "version: 1\nplatforms:\n- name: a\n- name: a\n", "line 4: this platform is" },
        { "version: 1\nplatforms: [{name: a, weight: 1000001}]\n", "0 to 1000000" },
        { "version: 1\nplatforms: [{name: a, weight: 18446744073709551617}]\n",
          "0 to 1000000" },
        { "version: 1\nplatforms: [{name: a, weight: -1}]\n", "0 to 1000000" },
        { "version: 1\nplatforms: [{name: a, weight: 1.5}]\n", "0 to 1000000" },
        { "version: 1\nplatforms: [{name: a, weight: }]\n", "0 to 1000000" },
        { "version: 1\nplatforms: [{name: a, since: soon}]\n", "a date such as" },
        { "version: 1\nplatforms: [{name: a, until: 2026-13-01}]\n", "a date such as" },
        { "version: 1\nplatforms: [{name: a, until: [2026]}]\n", "a date such as" },
        { "version: 1\nplatforms: [{name: a, constraints: {md5: no}}]\n",
          "not known here" },
        { "version: 1\nplatforms: [{name: a, constraints: {ecdsa: maybe}}]\n",
          "true or false is wanted" },
        { "version: 1\nplatforms: [{name: a, constraints: {sha1_signatures: true}}]\n",
          "accept or reject is wanted" },
        { "version: 1\nplatforms: [{name: a, roots: [abcd]}]\n", "64 digits" },
        { "version: 1\nplatforms: [{name: a, roots: [g" HASH_A "]}]\n", "64 digits" },
        { "version: 1\nplatforms: [{name: a, roots: [{since: 2020-01-01}]}]\n",
          "without its sha256" },
        { "version: 1\nplatforms: [{name: a, roots: [{sha256: " HASH_A ", x: 1}]}]\n",
          "not known here" },
        { "version: 1\nplatforms: [{name: a, roots: [" HASH_A ", " HASH_A "]}]\n",
          "root aaaaaaaa... is twice" },
        { "version: 1\nstores: [{platforms: [a]}]\n", "name of a platform further up" },
        { "version: 1\na: &x [1]\nb: *x\n", "line 3: aliases are not allowed" },
        { "version: 1\na: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "nested too deeply" },
        { "version: 1\na: b: c\n", "not YAML" },
        { "version: 1\nplatforms: [{name: \"a\n", "not YAML" },
        { "version: 1\n\x01", "not YAML" },
        { "version: 1\nlabel: \xff\n", "not YAML" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cfk_bundle_platforms *platforms;
        struct cfk_error err = { 0 };

        unit_expect_error(parse(cases[i].yaml, NULL, &platforms, &err), CFK_E_CORRUPT,
                          &err, cases[i].words);
        ck_assert_ptr_null(platforms);
    }
}
END_TEST

/* A hostile text that would grow to gigabytes where aliases are followed. */
START_TEST(aliases_do_not_multiply)
{
    char yaml[2048] = "version: 1\na: &a [x, x, x, x, x, x, x, x, x]\n";
    cfk_bundle_platforms *platforms;
    struct cfk_error err = { 0 };

    for (char c = 'b'; c <= 'j'; c++)
        snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml),
                 "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c - 1, c - 1,
                 c - 1, c - 1, c - 1, c - 1, c - 1);
    unit_expect_error(parse(yaml, NULL, &platforms, &err), CFK_E_CORRUPT, &err,
                      "aliases");
}
END_TEST

START_TEST(limits_hold_from_both_sides)
{
    struct cfk_bundle_platforms_options opts = { .size = sizeof opts };
    cfk_bundle_platforms *platforms;
    struct cfk_error err = { 0 };

    opts.max_size = sizeof sample - 1;
    opts.max_platforms = 3;
    opts.max_roots = 4;
    ck_assert_int_eq(parse(sample, &opts, &platforms, NULL), CFK_OK);
    cfk_bundle_platforms_free(platforms);
    opts.max_size--;
    unit_expect_error(parse(sample, &opts, &platforms, &err), CFK_E_LIMIT, &err, "bytes");
    opts.max_size = 0;
    opts.max_platforms = 2;
    unit_expect_error(parse(sample, &opts, &platforms, &err), CFK_E_LIMIT, &err,
                      "at most 2 platforms");
    opts.max_platforms = 0;
    opts.max_roots = 3;
    unit_expect_error(parse(sample, &opts, &platforms, &err), CFK_E_LIMIT, &err,
                      "stores");
    opts.size = 1;
    unit_expect_error(parse(sample, &opts, &platforms, &err), CFK_E_INVALID, &err,
                      "size");
}
END_TEST

static int parse_and_free(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_platforms_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_bundle_platforms *platforms;
    int rc = parse(ctx, &opts, &platforms, NULL);

    cfk_bundle_platforms_free(platforms);
    return rc;
}

START_TEST(reading_survives_every_allocation_failure)
{
    char yaml[sizeof sample];

    memcpy(yaml, sample, sizeof sample);
    fault_sweep(parse_and_free, yaml, 8);
}
END_TEST

/* Cut off or changed anywhere, it is read or refused; never more than that. */
START_TEST(damage_is_survived)
{
    char yaml[sizeof sample];
    cfk_bundle_platforms *platforms;

    for (size_t i = 0; i < sizeof sample - 1; i++) {
        if (cfk_bundle_platforms_parse(sample, i, NULL, &platforms, NULL) == CFK_OK)
            cfk_bundle_platforms_free(platforms);
        memcpy(yaml, sample, sizeof sample);
        yaml[i] ^= 0x15;
        if (parse(yaml, NULL, &platforms, NULL) == CFK_OK)
            cfk_bundle_platforms_free(platforms);
    }
}
END_TEST

START_TEST(the_platforms_that_ship_are_good)
{
    const char *path = getenv("CFK_PLATFORMS");
    cfk_bundle_platforms *platforms;
    struct cfk_error err = { 0 };
    uint8_t *text;
    size_t size;

    ck_assert_ptr_nonnull(path); /* meson sets it */
    text = unit_read_file(path, &size);
    ck_assert_msg(cfk_bundle_platforms_parse(text, size, NULL, &platforms, &err) ==
                      CFK_OK,
                  "%s", err.message);
    ck_assert_uint_eq(cfk_bundle_platforms_count(platforms), 38);
    ck_assert_uint_eq(platforms->roots.count, 627);
    cfk_bundle_platforms_free(platforms);
    free(text);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        platforms_are_read_and_asked,
        what_is_wrong_is_named,
        aliases_do_not_multiply,
        limits_hold_from_both_sides,
        reading_survives_every_allocation_failure,
        damage_is_survived,
        the_platforms_that_ship_are_good,
        NULL,
    };
    Suite *suite = suite_create("bundle/platforms");

    suite_add_tcase(suite, unit_case("platforms", tests));
    return suite;
}
