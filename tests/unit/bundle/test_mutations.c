/* SPDX-License-Identifier: MIT */
/*
 * Real certificates with some bytes changed, alone and in pools: nothing crashes, and
 * what mbedTLS reads of them, too, is what we read. 100,000 with CFKIT_FULL.
 */
#include "bundle/pem.h"
#include "checked.h"
#include "gen.h"
#include "make.h"
#include "peer.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CERTS = 600, ROOM = 8192 };

static struct {
    uint8_t data[ROOM];
    size_t size;
} certs[CERTS];
static size_t cert_count;

static void load(const char *file)
{
    struct cfk__buffer der = { .alloc = NULL };
    struct cfk__pem_block block;
    struct cfk__reader r;
    size_t size;
    size_t bad;
    uint8_t *text = unit_read_file(file, &size);

    cfk__reader_init(&r, text, size);
    while (cert_count < CERTS && cfk__pem_next(&r, &block)) {
        der.size = 0;
        if (!cfk__pem_is_certificate(&block) ||
            cfk__base64_decode(block.body, &der, &bad) != CFK_OK || der.size + 64 > ROOM)
            continue;
        memcpy(certs[cert_count].data, der.data, der.size);
        certs[cert_count++].size = der.size;
    }
    cfk__buffer_free(&der);
    free(text);
}

static unsigned rounds(unsigned full)
{
    if (getenv("CFKIT_FULL") != NULL)
        return full;
    return full / (CHECKED ? 100 : 20);
}

/* One to four changes: a byte, a bit, bytes cut out or put in, a piece of another. */
static size_t mutate(struct gen *g, uint8_t *der, size_t size)
{
    for (uint64_t n = 1 + gen_below(g, 4); n > 0 && size > 32; n--) {
        size_t at = gen_below(g, size - 16);
        const uint8_t *other;

        switch (gen_below(g, 6)) {
        case 0: der[at] = (uint8_t)gen_u64(g); break;
        case 1: der[at] ^= (uint8_t)(1U << gen_below(g, 8)); break;
        case 2: der[at] = (uint8_t)(der[at] + 1 - 2 * gen_below(g, 2)); break;
        case 3:
            memmove(der + at, der + at + 1, size - at - 1);
            size--;
            break;
        case 4:
            memmove(der + at + 1, der + at, size - at);
            size++;
            break;
        default:
            other = certs[gen_below(g, cert_count)].data;
            memcpy(der + at, other + gen_below(g, 200), 1 + gen_below(g, 16));
            break;
        }
    }
    return size;
}

START_TEST(what_both_read_is_the_same)
{
    unsigned accepted = 0;
    unsigned compared = 0;
    struct gen g;

    if (unit_data("bundle/pool-tls.pem") == NULL)
        return;
    load(unit_data("bundle/pool-tls.pem"));
    gen_seed(&g, 7468);
    for (unsigned i = 0; i < rounds(100000); i++) {
        size_t from = gen_below(&g, cert_count);
        size_t size = certs[from].size;
        uint8_t *der = malloc(ROOM); /* of its own, so that a sanitizer sees its end */
        struct cfk_error err = { 0 };
        const char *differs;
        struct cfk__x509 x;

        ck_assert_ptr_nonnull(der);
        memcpy(der, certs[from].data, size);
        size = mutate(&g, der, size);
        der = realloc(der, size);
        ck_assert_ptr_nonnull(der);
        if (cfk__x509_parse(&x, der, size, &err) == CFK_OK) {
            accepted++;
            differs = peer_differs(&x, &compared);
            ck_assert_msg(differs == NULL, "round %u: %s", i, differs);
        } else {
            ck_assert_uint_le(err.offset, size);
            ck_assert(err.message[0] != '\0');
        }
        free(der);
    }
    printf("%u mutated, %u still certificates, %u of these for mbedTLS\n", rounds(100000),
           accepted, compared);
    ck_assert_uint_gt(accepted, rounds(100000) / 4);
}
END_TEST

/* A pool of eight, some mutated, and a build from it, signatures and all. */
static void survive(struct gen *g)
{
    static uint8_t der[ROOM];
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .profile = (uint32_t)gen_below(g, 4),
                                       .flags = (uint32_t)gen_below(g, 32),
                                       .max_failures = 2 };
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    size_t size = 0;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    for (unsigned i = 0; i < 8; i++) {
        size_t from = gen_below(g, cert_count);

        memcpy(der, certs[from].data, certs[from].size);
        size = mutate(g, der, certs[from].size);
        cfk_bundle_pool_add_der(pool, der, size,
                                i % 2 == 0 ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL, NULL);
        cfk_bundle_pool_add_der(pool, certs[from].data, certs[from].size,
                                i % 2 != 0 ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL, NULL);
    }
    if (cfk_bundle_build(pool, der, size, MAKE_NOW, &opts, &result, &err) == CFK_OK) {
        ck_assert((cfk_bundle_reason(result, &err) == CFK_OK) ==
                  (cfk_bundle_chain_count(result) > 0));
        cfk_bundle_result_free(result);
    }
    ck_assert(err.code == CFK_OK || err.message[0] != '\0');
    cfk_bundle_pool_free(pool);
}

START_TEST(pools_of_mutations_are_survived)
{
    struct gen g;

    if (unit_data("bundle/pool-tls.pem") == NULL)
        return;
    load(unit_data("bundle/pool-tls.pem"));
    gen_seed(&g, 5280);
    for (unsigned i = 0; i < rounds(4000); i++)
        survive(&g);
}
END_TEST

START_TEST(texts_of_mutations_are_survived)
{
    enum { TEXT = 40000 };
    struct gen g;
    uint8_t *text;
    size_t size;

    if (unit_data("bundle/pool-tls.pem") == NULL)
        return;
    load(unit_data("bundle/pool-tls.pem"));
    text = unit_read_file(unit_data("bundle/pool-tls.pem"), &size);
    gen_seed(&g, 1421);
    for (unsigned i = 0; i < rounds(2000); i++) {
        struct cfk_bundle_report report = { .size = sizeof report };
        size_t start = gen_below(&g, size - TEXT);
        uint8_t *copy = malloc(TEXT + 64);
        cfk_bundle_pool *pool;
        size_t used = TEXT;
        size_t leaf_size;
        void *leaf;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, text + start, TEXT);
        for (int n = 0; n < 6; n++)
            used = mutate(&g, copy, used);
        ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
        ck_assert_int_eq(
            cfk_bundle_pool_add(pool, copy, used, CFK_BUNDLE_POOL, &report, NULL),
            CFK_OK);
        ck_assert_uint_le(report.bad, 40);
        cfk_bundle_pool_add_input(pool, copy, used, NULL, &leaf, &leaf_size, NULL);
        cfk_free(NULL, leaf);
        cfk_bundle_pool_free(pool);
        free(copy);
    }
    free(text);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_both_read_is_the_same,
        pools_of_mutations_are_survived,
        texts_of_mutations_are_survived,
        NULL,
    };
    Suite *suite = suite_create("bundle/mutations");

    suite_add_tcase(suite, unit_case("mutations", tests));
    return suite;
}
