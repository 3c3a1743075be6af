/* SPDX-License-Identifier: MIT */
/* The index of a pool: written and used. */
#include "crl_world.h"
#include "fault.h"
#include "index_pair.h"
#include "index_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cfk_bundle_counters counters(const cfk_bundle_result *result)
{
    struct cfk_bundle_counters n = { .size = sizeof n };

    ck_assert_int_eq(cfk_bundle_result_counters(result, &n, NULL), CFK_OK);
    return n;
}

START_TEST(a_pool_out_of_an_index_is_the_same_pool)
{
    cfk_bundle_pool *pool = known_world();
    struct cfk_bundle_index_info info = { .size = sizeof info };
    cfk_bundle_result *direct = build(pool, &leaf, NULL);
    cfk_bundle_result *result;
    cfk_bundle_pool *other;
    size_t size;
    void *data = index_of(pool, &size);

    ck_assert_int_eq(cfk_bundle_index_describe(data, size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.certs, 4);
    ck_assert_uint_eq(info.roots, 1);
    ck_assert_uint_eq(info.names, 3);
    ck_assert_uint_eq(info.keys, 4);
    ck_assert_uint_eq(info.signatures, 1); /* of the CA by the root */
    ck_assert_uint_eq(info.note_size, 0);
    other = index_pool(data, size, NULL);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_ROOT), 1);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_POOL), 3);
    result = build(other, &leaf, NULL);
    index_expect_same("small world", direct, result);
    ck_assert_uint_eq(counters(result).signatures, 2); /* of the leaf alone */
    ck_assert_uint_eq(counters(result).remembered, 1);
    ck_assert_uint_eq(other->ders.count, 3); /* nobody asked for the stranger */
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_POOL), 3);
    cfk_bundle_result_free(direct);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(other);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(certificates_are_used_where_they_lie)
{
    cfk_bundle_pool *pool = known_world();
    cfk_bundle_pool *other;
    cfk_bundle_result *result;
    size_t size;
    uint8_t *data = index_of(pool, &size);

    other = index_pool(data, size, NULL);
    result = build(other, &leaf, NULL);
    for (size_t i = 1; i < 3; i++) {
        struct cfk_bundle_cert cert = { .size = sizeof cert };
        const uint8_t *der;

        ck_assert_int_eq(cfk_bundle_chain_cert(result, 0, i, &cert, NULL), CFK_OK);
        der = cert.der;
        ck_assert(der > data && der < data + size);
    }
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(other);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(the_same_certificates_make_the_same_bytes)
{
    cfk_bundle_pool *pool = known_world();
    cfk_bundle_pool *again = new_pool();
    cfk_bundle_pool *third;
    size_t size;
    size_t size2;
    size_t size3;
    void *data = index_of(pool, &size);
    void *data2;
    void *data3;

    make_add(again, &stranger, CFK_BUNDLE_POOL);
    make_add(again, &other_ca, CFK_BUNDLE_POOL); /* the order within a name stays */
    make_add(again, &ca, CFK_BUNDLE_POOL);
    make_add(again, &root, CFK_BUNDLE_ROOT);
    cfk_bundle_result_free(build(again, &leaf, NULL));
    data2 = index_of(again, &size2);
    ck_assert_uint_eq(size, size2);
    ck_assert_mem_eq(data, data2, size);

    third = index_pool(data, size, NULL); /* also out of the index itself */
    data3 = index_of(third, &size3);
    ck_assert_uint_eq(size, size3);
    ck_assert_mem_eq(data, data3, size);
    cfk_bundle_result_free(build(third, &leaf, NULL));
    cfk_free(NULL, data3);
    data3 = index_of(third, &size3);
    ck_assert_uint_eq(size, size3);
    ck_assert_mem_eq(data, data3, size);
    cfk_bundle_pool_free(pool);
    cfk_bundle_pool_free(again);
    cfk_bundle_pool_free(third);
    cfk_free(NULL, data);
    cfk_free(NULL, data2);
    cfk_free(NULL, data3);
}
END_TEST

/* What comes before the index, behind it, and twice. */
START_TEST(other_certificates_join_those_of_an_index)
{
    cfk_bundle_pool *pool = known_world();
    cfk_bundle_pool *one = new_pool();
    cfk_bundle_pool *two = new_pool();
    struct make third_ca = other_ca;
    cfk_bundle_result *a;
    cfk_bundle_result *b;
    size_t size;
    void *data = index_of(pool, &size);

    third_ca.serial = 7;
    make_add(one, &ca, CFK_BUNDLE_INPUT);
    make_add(one, &root, CFK_BUNDLE_ROOT);
    make_add(one, &other_ca, CFK_BUNDLE_POOL);
    make_add(one, &ca, CFK_BUNDLE_POOL);
    make_add(one, &stranger, CFK_BUNDLE_POOL);
    make_add(one, &third_ca, CFK_BUNDLE_POOL);
    make_add(one, &stranger, CFK_BUNDLE_ROOT);

    make_add(two, &ca, CFK_BUNDLE_INPUT);
    ck_assert_int_eq(cfk_bundle_pool_add_index(two, data, size, NULL), CFK_OK);
    make_add(two, &third_ca, CFK_BUNDLE_POOL);
    make_add(two, &stranger, CFK_BUNDLE_ROOT);
    for (uint32_t from = 1; from < 8; from++)
        ck_assert_uint_eq(cfk_bundle_pool_count(one, from),
                          cfk_bundle_pool_count(two, from));
    a = build(one, &leaf, NULL);
    b = build(two, &leaf, NULL);
    index_expect_same("joined", a, b);
    cfk_bundle_result_free(a);
    cfk_bundle_result_free(b);
    a = build(one, &stranger, NULL); /* a leaf that is in the pool, as a root */
    b = build(two, &stranger, NULL);
    index_expect_same("in the pool", a, b);
    ck_assert_uint_eq(cfk_bundle_chain_count(b), 1);
    cfk_bundle_result_free(a);
    cfk_bundle_result_free(b);
    cfk_bundle_pool_free(pool);
    cfk_bundle_pool_free(one);
    cfk_bundle_pool_free(two);
    cfk_free(NULL, data);
}
END_TEST

/* The issuer of a CRL is looked up in the index, whichever comes first. */
/* The index knows intermediates; how they were come by is the pool's affair. */
START_TEST(fetched_certificates_are_intermediates)
{
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_pool *other;
    cfk_bundle_result *direct;
    cfk_bundle_result *result;
    size_t size;
    void *data;

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &ca, CFK_BUNDLE_FETCHED);
    make_add(pool, &stranger, CFK_BUNDLE_FETCHED);
    make_add(pool, &stranger, CFK_BUNDLE_INPUT);
    direct = build(pool, &leaf, NULL);
    data = index_of(pool, &size);
    other = index_pool(data, size, NULL);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_POOL), 2);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_INPUT), 1);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, CFK_BUNDLE_FETCHED), 0);
    result = build(other, &leaf, NULL);
    ck_assert_uint_eq(cfk_bundle_chain_count(direct), 1);
    ck_assert_uint_eq(cfk_bundle_chain_count(result), 1);
    cfk_bundle_result_free(direct);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(other);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(crls_work_with_an_index)
{
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_pool *late = new_pool();
    cfk_bundle_pool *early;
    size_t size;
    void *data;

    make_add(pool, &crl_root, CFK_BUNDLE_ROOT);
    make_add(pool, &crl_ca, CFK_BUNDLE_POOL);
    data = index_of(pool, &size);
    early = index_pool(data, size, NULL);
    ck_assert_int_eq(add_list(early, &of_root), CFK_OK);
    ck_assert_int_eq(add_list(late, &of_root), CFK_OK);
    ck_assert_int_eq(cfk_bundle_pool_add_index(late, data, size, NULL), CFK_OK);
    ck_assert_int_eq(add_list(pool, &of_root), CFK_OK);
    for (int i = 0; i < 2; i++) {
        cfk_bundle_result *a = build(pool, &crl_leaf, NULL);
        cfk_bundle_result *b = build(i == 0 ? early : late, &crl_leaf, NULL);

        index_expect_same("CRL", a, b);
        ck_assert_int_eq(cfk_bundle_reason(b, NULL), CFK_E_REVOCATION);
        cfk_bundle_result_free(a);
        cfk_bundle_result_free(b);
    }
    cfk_bundle_pool_free(pool);
    cfk_bundle_pool_free(early);
    cfk_bundle_pool_free(late);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(a_note_is_kept)
{
    struct cfk_bundle_index_options opts = { .size = sizeof opts };
    struct cfk_bundle_index_info info = { .size = sizeof info };
    cfk_bundle_pool *pool = known_world();
    uint8_t *long_note = calloc(1, (1 << 20) + 1);
    struct cfk_error err = { 0 };
    void *data;
    size_t size;

    opts.note = "from here\0and there";
    opts.note_size = 19;
    ck_assert_int_eq(cfk_bundle_index_write(pool, &opts, &data, &size, NULL), CFK_OK);
    ck_assert_int_eq(cfk_bundle_index_describe(data, size, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.note_size, 19);
    ck_assert_mem_eq(info.note, opts.note, 19);
    cfk_bundle_pool_free(index_pool(data, size, NULL));
    cfk_free(NULL, data);
    opts.note = long_note;
    opts.note_size = 1 << 20;
    ck_assert_int_eq(cfk_bundle_index_write(pool, &opts, &data, &size, NULL), CFK_OK);
    cfk_bundle_pool_free(index_pool(data, size, NULL));
    cfk_free(NULL, data);
    opts.note_size++;
    unit_expect_error(cfk_bundle_index_write(pool, &opts, &data, &size, &err),
                      CFK_E_INVALID, &err, "1 MiB");
    ck_assert_ptr_null(data);
    opts.note = NULL;
    opts.note_size = 1;
    unit_expect_error(cfk_bundle_index_write(pool, &opts, &data, &size, &err),
                      CFK_E_INVALID, &err, "a note of 1 bytes at NULL");
    free(long_note);
    cfk_bundle_pool_free(pool);
}
END_TEST

/* The example of cfbundle-index(5). */
static const char vector[] = "894346500d0a1a0a0100000001000000"
                             "30010000000000000100000000000000"
                             "010000007b0000000400000000000000"
                             "00000000000000000100000000000000"
                             "0000000000000000ac69fb4abb16f1f5"
                             "2f3ccdd865479c162fa9fbbaf1d6fc45"
                             "b8d106ac3f4a2f91fdd50b5f291ef121"
                             "b209749a253c791887eb17f1853343e1"
                             "12000000140000007465737400000000"
                             "d3a9bdd7e3d95c340100000000000000"
                             "0000000004000000010000007b000000"
                             "0000000030793067020100300a06082a"
                             "8648ce3d040302300c310a3008060355"
                             "04030c0152301e170d32303031303130"
                             "30303030305a170d3439313233313233"
                             "353935395a300c310a30080603550403"
                             "0c0152301a301306072a8648ce3d0201"
                             "06082a8648ce3d030107030300040130"
                             "0a06082a8648ce3d0403020302000100";

START_TEST(the_format_is_as_it_is_written_down)
{
    struct cfk_bundle_index_options opts = { .size = sizeof opts };
    struct make m = root;
    cfk_bundle_pool *pool = new_pool();
    uint64_t done;
    void *data;
    size_t size;
    size_t wanted_size;
    uint8_t *wanted = unit_hex(vector, &wanted_size);

    m.subject = m.issuer = "R";
    m.v1 = true;
    make_add(pool, &m, CFK_BUNDLE_ROOT);
    ck_assert_int_eq(cfk_bundle_index_verify(pool, 10, &done, NULL), CFK_OK);
    ck_assert_uint_eq(done, 1);
    ck_assert_int_eq(cfk_bundle_index_verify(pool, 10, &done, NULL), CFK_OK);
    ck_assert_uint_eq(done, 0);
    opts.note = "test";
    opts.note_size = 4;
    ck_assert_int_eq(cfk_bundle_index_write(pool, &opts, &data, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, wanted_size);
    ck_assert_mem_eq(data, wanted, size);
    cfk_bundle_pool_free(pool);
    pool = index_pool(data, size, NULL);
    ck_assert_int_eq(cfk_bundle_index_verify(pool, 10, &done, NULL), CFK_OK);
    ck_assert_uint_eq(done, 0); /* the index knows */
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
    free(wanted);
}
END_TEST

START_TEST(crowds_are_left_to_searches)
{
    struct make m = ca;
    cfk_bundle_pool *pool = new_pool();
    uint64_t done;

    for (int i = 0; i < 65; i++) {
        m.serial = (uint8_t)i;
        m.key = (uint8_t)i;
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    make_add(pool, &leaf, CFK_BUNDLE_POOL);
    ck_assert_int_eq(cfk_bundle_index_verify(pool, 1000, &done, NULL), CFK_OK);
    ck_assert_uint_eq(done, 0); /* 65 bear the name of its issuer */
    cfk_bundle_pool_free(pool);
    pool = new_pool();
    for (int i = 0; i < 64; i++) {
        m.serial = (uint8_t)i;
        m.key = (uint8_t)i;
        make_add(pool, &m, CFK_BUNDLE_POOL);
    }
    make_add(pool, &leaf, CFK_BUNDLE_POOL);
    ck_assert_int_eq(cfk_bundle_index_verify(pool, 1, &done, NULL), CFK_OK);
    ck_assert_uint_eq(done, 64);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(an_empty_pool_has_an_index)
{
    cfk_bundle_pool *pool = new_pool();
    cfk_bundle_pool *other;
    size_t size;
    void *data = index_of(pool, &size);

    ck_assert_uint_eq(size, CFK__INDEX_HEADER);
    other = index_pool(data, size, NULL);
    ck_assert_uint_eq(cfk_bundle_pool_count(other, 7), 0);
    cfk_bundle_pool_free(other);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(limits_of_the_pool_hold_for_an_index)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts };
    cfk_bundle_pool *pool = known_world();
    struct cfk_error err = { 0 };
    cfk_bundle_pool *other;
    uint32_t largest;
    size_t size;
    void *data = index_of(pool, &size);

    memcpy(&largest, (uint8_t *)data + 36, sizeof largest);
    for (unsigned i = 0; i < 3; i++) {
        opts.max_certs = i == 1 ? 3 : 4;
        opts.max_cert_size = i == 2 ? largest - 1 : largest;
        ck_assert_int_eq(cfk_bundle_pool_new(&opts, &other, NULL), CFK_OK);
        if (i == 0) {
            uint8_t der[2048];

            ck_assert_int_eq(cfk_bundle_pool_add_index(other, data, size, &err), CFK_OK);
            unit_expect_error(cfk_bundle_pool_add_der(other, der, make_cert(&leaf, der),
                                                      CFK_BUNDLE_POOL, &err),
                              CFK_E_LIMIT, &err, "at most 4 certificates");
            unit_expect_error(cfk_bundle_pool_add_index(other, data, size, &err),
                              CFK_E_INVALID, &err, "one index");
        } else {
            unit_expect_error(cfk_bundle_pool_add_index(other, data, size, &err),
                              CFK_E_LIMIT, &err, "at most");
        }
        cfk_bundle_pool_free(other);
    }
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

static int sweep_one(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_bundle_index_options write = { .size = sizeof write, .alloc = alloc };
    struct cfk_bundle_options how = { .size = sizeof how, .alloc = alloc };
    cfk_bundle_pool *pool = NULL;
    cfk_bundle_result *result = NULL;
    struct cfk__span *index = ctx;
    uint64_t done;
    void *out = NULL;
    size_t size;
    int rc = cfk_bundle_pool_new(&opts, &pool, NULL);

    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_index(pool, index->data, index->size, NULL);
    if (rc == CFK_OK)
        rc = make_build(pool, &leaf, &how, &result, NULL);
    cfk_bundle_result_free(result);
    if (rc == CFK_OK)
        rc = cfk_bundle_index_verify(pool, UINT64_MAX, &done, NULL);
    if (rc == CFK_OK)
        rc = cfk_bundle_index_write(pool, &write, &out, &size, NULL);
    cfk_free(alloc, out);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    cfk_bundle_pool *pool = known_world();
    struct cfk__span index;
    void *data = index_of(pool, &index.size);

    index.data = data;
    fault_sweep(sweep_one, &index, 20);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_pool_out_of_an_index_is_the_same_pool,
        certificates_are_used_where_they_lie,
        the_same_certificates_make_the_same_bytes,
        other_certificates_join_those_of_an_index,
        fetched_certificates_are_intermediates,
        crls_work_with_an_index,
        a_note_is_kept,
        the_format_is_as_it_is_written_down,
        crowds_are_left_to_searches,
        an_empty_pool_has_an_index,
        limits_of_the_pool_hold_for_an_index,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *suite = suite_create("bundle/index");

    suite_add_tcase(suite, unit_case("index", tests));
    return suite;
}
