/* SPDX-License-Identifier: MIT */
#include "index_pair.h"

#include "bundle/pool.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

void *index_of(cfk_bundle_pool *pool, size_t *size)
{
    struct cfk_error err = { 0 };
    void *data;
    int rc = cfk_bundle_index_write(pool, NULL, &data, size, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    return data;
}

cfk_bundle_pool *index_pool(const void *data, size_t size, const cfk_bundle_pool *like)
{
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    int rc;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    rc = cfk_bundle_pool_add_index(pool, data, size, &err);
    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    for (uint32_t i = 0; like != NULL && i < like->crl_count; i++)
        ck_assert_int_eq(cfk_bundle_pool_add_crl(pool, like->crls[i]->der.data,
                                                 like->crls[i]->der.size, NULL, NULL),
                         CFK_OK);
    return pool;
}

static void expect_same_cert(const char *what, const struct cfk_bundle_cert *a,
                             const struct cfk_bundle_cert *b)
{
    ck_assert_msg(memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0, "%s: %s, %s", what,
                  a->subject, b->subject);
    ck_assert_msg(a->from == b->from, "%s: %s: from %u, %u", what, a->subject,
                  (unsigned)a->from, (unsigned)b->from);
}

static void expect_same_chain(const char *what, cfk_bundle_result *a,
                              cfk_bundle_result *b, size_t n)
{
    struct cfk_bundle_chain_info x = { .size = sizeof x };
    struct cfk_bundle_chain_info y = { .size = sizeof y };

    ck_assert_int_eq(cfk_bundle_chain(a, n, &x, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_chain(b, n, &y, NULL), CFK_OK);
    ck_assert_msg(memcmp(&x, &y, sizeof x) == 0, "%s: chain %zu", what, n);
    for (uint32_t i = 0; i < x.length; i++) {
        struct cfk_bundle_cert c = { .size = sizeof c };
        struct cfk_bundle_cert d = { .size = sizeof d };

        ck_assert_int_eq(cfk_bundle_chain_cert(a, n, i, &c, NULL), CFK_OK);
        ck_assert_int_eq(cfk_bundle_chain_cert(b, n, i, &d, NULL), CFK_OK);
        expect_same_cert(what, &c, &d);
    }
}

static void expect_same_rejected(const char *what, cfk_bundle_result *a,
                                 cfk_bundle_result *b, size_t n)
{
    struct cfk_bundle_rejected_info x = { .size = sizeof x };
    struct cfk_bundle_rejected_info y = { .size = sizeof y };

    ck_assert_int_eq(cfk_bundle_rejected(a, n, &x, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_rejected(b, n, &y, NULL), CFK_OK);
    ck_assert_msg(memcmp(&x, &y, sizeof x) == 0, "%s: rejected %zu", what, n);
    for (uint32_t i = 0; i < x.length; i++) {
        struct cfk_bundle_cert c = { .size = sizeof c };
        struct cfk_bundle_cert d = { .size = sizeof d };

        ck_assert_int_eq(cfk_bundle_rejected_cert(a, n, i, &c, NULL), CFK_OK);
        ck_assert_int_eq(cfk_bundle_rejected_cert(b, n, i, &d, NULL), CFK_OK);
        expect_same_cert(what, &c, &d);
    }
}

void index_expect_same(const char *what, cfk_bundle_result *a, cfk_bundle_result *b)
{
    struct cfk_bundle_counters x = { .size = sizeof x };
    struct cfk_bundle_counters y = { .size = sizeof y };
    struct cfk_error p = { 0 };
    struct cfk_error q = { 0 };

    ck_assert_msg(cfk_bundle_reason(a, &p) == cfk_bundle_reason(b, &q), "%s: %s / %s",
                  what, p.message, q.message);
    ck_assert_str_eq(p.message, q.message);
    ck_assert_int_eq(cfk_bundle_result_counters(a, &x, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_result_counters(b, &y, NULL), CFK_OK);
    ck_assert_uint_eq(x.expansions, y.expansions);
    ck_assert_msg(x.met == y.met, "%s: met %u, %u", what, (unsigned)x.met,
                  (unsigned)y.met);
    ck_assert_uint_eq(cfk_bundle_chain_count(a), cfk_bundle_chain_count(b));
    for (size_t i = 0; i < cfk_bundle_chain_count(a); i++)
        expect_same_chain(what, a, b, i);
    ck_assert_uint_eq(cfk_bundle_rejected_count(a), cfk_bundle_rejected_count(b));
    for (size_t i = 0; i < cfk_bundle_rejected_count(a); i++)
        expect_same_rejected(what, a, b, i);
}
