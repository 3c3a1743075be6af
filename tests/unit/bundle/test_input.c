/* SPDX-License-Identifier: MIT */
/* Inputs: PKCS #7, chains in any order, and what only looks like certificates. */
#include "bundle/pem.h"
#include "bundle/pkcs7.h"
#include "fault.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct make root = {
    .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .ca = true
};
static const struct make ca = {
    .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .ca = true
};
static const struct make leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 2
};

struct bytes {
    uint8_t data[8192];
    size_t size;
};

static void add_bytes(struct bytes *b, const void *data, size_t size)
{
    ck_assert_uint_le(b->size + size, sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void add_cert(struct bytes *b, const struct make *m)
{
    uint8_t der[2048];

    add_bytes(b, der, make_cert(m, der));
}

/* Put tag and length, always in two bytes, before what is there. */
static void wrap(struct bytes *b, uint8_t tag)
{
    uint8_t head[4] = { tag, 0x82, (uint8_t)(b->size >> 8), (uint8_t)b->size };
    size_t n = 4;

    if (b->size < 0x100) {
        head[1] = 0x81;
        head[2] = (uint8_t)b->size;
        n = 3;
    }
    if (b->size < 0x80) {
        head[1] = (uint8_t)b->size;
        n = 2;
    }
    memmove(b->data + n, b->data, b->size);
    memcpy(b->data, head, n);
    b->size += n;
}

static void prepend(struct bytes *b, const void *data, size_t size)
{
    memmove(b->data + size, b->data, b->size);
    memcpy(b->data, data, size);
    b->size += size;
}

/* A bag of certificates that signs nothing, as "openssl crl2pkcs7 -nocrl" makes it. */
static void make_bag(struct bytes *b)
{
    static const char before[] = "\x02\x01\x01\x31\x00\x30\x0b\x06\x09\x2a\x86\x48\x86"
                                 "\xf7\x0d\x01\x07\x01";
    static const char type[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

    wrap(b, 0xa0);
    add_bytes(b, "\x31\x00", 2);
    prepend(b, before, sizeof before - 1);
    wrap(b, 0x30);
    wrap(b, 0xa0);
    prepend(b, type, sizeof type - 1);
    wrap(b, 0x30);
}

struct taken {
    int rc;
    uint64_t found;
    uint64_t bad;
    uint32_t reordered;
    size_t others;
    bool is_leaf; /* the leaf of ours */
    struct cfk_error err;
};

static struct taken take(const void *data, size_t size)
{
    struct cfk_bundle_report report = { .size = sizeof report };
    struct taken t = { 0 };
    cfk_bundle_pool *pool;
    uint8_t own[2048];
    size_t own_size = make_cert(&leaf, own);
    void *got;
    size_t got_size = 0;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    t.rc = cfk_bundle_pool_add_input(pool, data, size, &report, &got, &got_size, &t.err);
    t.found = report.found;
    t.bad = report.bad;
    t.reordered = report.reordered;
    t.others = cfk_bundle_pool_count(pool, CFK_BUNDLE_INPUT);
    t.is_leaf = got_size == own_size && memcmp(got, own, own_size) == 0;
    cfk_free(NULL, got);
    cfk_bundle_pool_free(pool);
    return t;
}

static void add_pem(struct bytes *b, const struct make *m)
{
    struct cfk__writer w;
    uint8_t der[2048];
    size_t size = make_cert(m, der);

    cfk__writer_init(&w, b->data + b->size, sizeof b->data - b->size);
    cfk__pem_write(&w, der, size);
    b->size += cfk__pem_size(size);
}

START_TEST(a_reversed_chain_is_turned_round)
{
    struct bytes b = { .size = 0 };
    struct taken t;

    add_pem(&b, &root);
    add_pem(&b, &ca);
    add_pem(&b, &leaf);
    t = take(b.data, b.size);
    ck_assert_int_eq(t.rc, CFK_OK);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.reordered, 1);
    ck_assert_uint_eq(t.found, 3);
    ck_assert_uint_eq(t.bad, 0);
    ck_assert_uint_eq(t.others, 2);

    b.size = 0; /* in order */
    add_pem(&b, &leaf);
    add_pem(&b, &ca);
    add_pem(&b, &root);
    t = take(b.data, b.size);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.reordered, 0);

    b.size = 0; /* in none: the first is the leaf */
    add_pem(&b, &leaf);
    add_pem(&b, &root);
    add_pem(&b, &ca);
    t = take(b.data, b.size);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.reordered, 0);

    b.size = 0; /* a self-signed pair, either way round */
    add_pem(&b, &root);
    add_pem(&b, &root);
    t = take(b.data, b.size);
    ck_assert_int_eq(t.rc, CFK_OK);
    ck_assert_uint_eq(t.reordered, 0);
}
END_TEST

START_TEST(a_report_of_an_older_caller_is_left_alone)
{
    struct cfk_bundle_report report = { .size =
                                            offsetof(struct cfk_bundle_report, reordered),
                                        .reordered = 77 };
    struct bytes b = { .size = 0 };
    cfk_bundle_pool *pool;
    size_t size;
    void *got;

    add_pem(&b, &ca);
    add_pem(&b, &leaf);
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    ck_assert_int_eq(
        cfk_bundle_pool_add_input(pool, b.data, b.size, &report, &got, &size, NULL),
        CFK_OK);
    ck_assert_uint_eq(report.found, 2);
    ck_assert_uint_eq(report.reordered, 77);
    cfk_free(NULL, got);
    cfk_bundle_pool_free(pool);
}
END_TEST

START_TEST(bags_are_opened)
{
    struct bytes b = { .size = 0 };
    struct bytes armored = { .size = 0 };
    char line[128];
    struct taken t;

    add_cert(&b, &ca);
    add_cert(&b, &root);
    add_bytes(&b, "\xa1\x00", 2); /* no X.509 certificate */
    add_cert(&b, &leaf);
    make_bag(&b);
    t = take(b.data, b.size);
    ck_assert_msg(t.rc == CFK_OK, "%s", t.err.message);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.found, 3);
    ck_assert_uint_eq(t.others, 2);

    /* The same in PEM, beside a certificate. */
    add_bytes(&armored, "-----BEGIN PKCS7-----\n", 22);
    for (size_t i = 0; i < b.size; i += 3) {
        static const char digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t left = b.size - i;
        uint32_t group = (uint32_t)b.data[i] << 16;

        group |= left > 1 ? (uint32_t)b.data[i + 1] << 8 : 0;
        group |= left > 2 ? b.data[i + 2] : 0;
        snprintf(line, sizeof line, "%c%c%c%c", digits[group >> 18],
                 digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
                 left > 2 ? digits[group & 63] : '=');
        add_bytes(&armored, line, 4);
    }
    add_bytes(&armored, "\n-----END PKCS7-----\n", 21);
    t = take(armored.data, armored.size);
    ck_assert_msg(t.rc == CFK_OK, "%s", t.err.message);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.found, 3);
}
END_TEST

START_TEST(empty_and_damaged_bags_are_refused_with_a_reason)
{
    struct bytes good = { .size = 0 };
    struct bytes b = { .size = 0 };
    struct taken t;

    make_bag(&b); /* no certificate in it */
    t = take(b.data, b.size);
    ck_assert_int_eq(t.rc, CFK_E_NOTFOUND);
    add_cert(&good, &leaf);
    make_bag(&good);
    for (size_t i = 4; i < good.size; i++) { /* cut off anywhere: never good */
        t = take(good.data, i);
        ck_assert_int_ne(t.rc, CFK_OK);
    }
    b = good;
    b.data[b.data[1] == 0x82 ? 14 : 13] = 3; /* enveloped-data */
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err, "not signed-data");
    b = good;
    add_bytes(&b, "x", 1);
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err, "behind its end");
    for (size_t i = 0; i < good.size; i++) {
        b = good;
        b.data[i] ^= 0x41;
        take(b.data, b.size);
    }
}
END_TEST

/* Before what is there, a tag and an open length; behind it, their end. */
static void wrap_open(struct bytes *b, uint8_t tag)
{
    uint8_t head[2] = { tag, 0x80 };

    prepend(b, head, sizeof head);
    add_bytes(b, "\0\0", 2);
}

/* The bag of what is in b as programs write it that do not know its size beforehand. */
static void make_open_bag(struct bytes *b, unsigned depth)
{
    static const char type[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    struct bytes content = { .size = 0 };

    wrap_open(b, 0xa0);
    add_bytes(b, "\x31\x80\0\0", 4);
    add_bytes(&content, "\x24\x80\x04\x01x\x04\x00\0\0", 9); /* in two pieces */
    while (depth-- > 0)
        wrap_open(&content, 0xa0);
    prepend(&content, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 11);
    wrap_open(&content, 0x30);
    prepend(b, content.data, content.size);
    prepend(b, "\x02\x01\x01\x31\x84\x00\x00\x00\x00", 9); /* longer than need be */
    wrap_open(b, 0x30);
    wrap_open(b, 0xa0);
    prepend(b, type, sizeof type - 1);
    wrap_open(b, 0x30);
}

START_TEST(bags_with_open_lengths_are_opened)
{
    struct bytes b = { .size = 0 };
    struct bytes good;
    struct taken t;

    add_cert(&b, &root);
    add_cert(&b, &ca);
    add_cert(&b, &leaf);
    make_open_bag(&b, 1);
    good = b;
    t = take(b.data, b.size);
    ck_assert_msg(t.rc == CFK_OK, "%s", t.err.message);
    ck_assert(t.is_leaf);
    ck_assert_uint_eq(t.found, 3);
    ck_assert_uint_eq(t.others, 2);
    for (size_t i = 2; i < good.size; i++) /* without all of its ends it is none */
        ck_assert_int_ne(take(good.data, i).rc, CFK_OK);
    add_bytes(&b, "\0\0", 2);
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err, "behind its end");
    for (size_t i = 0; i < good.size; i++) {
        b = good;
        b.data[i] ^= 0x80;
        take(b.data, b.size);
    }
}
END_TEST

START_TEST(open_lengths_nest_so_deep_and_no_certificate_has_one)
{
    enum { AROUND = 4, PIECES = 1, DEPTH = 32 };
    struct bytes b = { .size = 0 };
    struct taken t;

    for (unsigned over = 0; over <= 1; over++) {
        b.size = 0;
        add_cert(&b, &leaf);
        make_open_bag(&b, DEPTH - AROUND - PIECES + over);
        t = take(b.data, b.size);
        ck_assert_int_eq(t.rc, over ? CFK_E_CORRUPT : CFK_OK);
    }
    b.size = 0; /* one in a bag, then one alone */
    add_cert(&b, &leaf);
    memmove(b.data + 2, b.data + 3, b.size - 3);
    b.data[1] = 0x80;
    b.size--;
    add_bytes(&b, "\0\0", 2);
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err,
                      "a certificate with an open length, as BER has it; it must be DER");
    make_open_bag(&b, 0);
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err, "the outermost sequence");
}
END_TEST

START_TEST(a_block_without_anything_in_it_is_no_certificate)
{
    static const char empty[] =
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    struct bytes b = { .size = 0 };
    struct taken t = take(empty, sizeof empty - 1);

    unit_expect_error(t.rc, CFK_E_CORRUPT, &t.err, "no certificate");
    add_pem(&b, &leaf);
    add_bytes(&b, empty, sizeof empty - 1);
    t = take(b.data, b.size);
    ck_assert_int_eq(t.rc, CFK_OK);
    ck_assert_uint_eq(t.found, 2);
    ck_assert_uint_eq(t.bad, 1);
}
END_TEST

START_TEST(what_is_no_certificate_is_told_apart)
{
    static const uint8_t pfx[] =
        "\x30\x81\x90\x02\x01\x03\x30\x0d\x06\x09\x2a\x86\x48\x86"
        "\xf7\x0d\x01\x07\x01\xa0\x00";
    struct bytes b = { .size = 0 };
    struct taken t;

    add_bytes(&b, pfx + 3, sizeof pfx - 4);
    for (unsigned i = 0; i < 120; i++)
        add_bytes(&b, "", 1);
    wrap(&b, 0x30);
    t = take(b.data, b.size);
    unit_expect_error(t.rc, CFK_E_NOTSUP, &t.err, "PKCS #12 is not read");
    ck_assert_int_eq(
        cfk__der_kind((struct cfk__span){ (const uint8_t *)"\x30\x03\x02\x01", 4 }),
        CFK__DER_IS_OTHER); /* cut off */
    ck_assert_int_eq(
        cfk__der_kind((struct cfk__span){ (const uint8_t *)"\x30\x03\x02\x01\x00", 5 }),
        CFK__DER_IS_KEY);
}
END_TEST

static int take_bag(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts, .alloc = alloc };
    const struct bytes *b = ctx;
    cfk_bundle_pool *pool;
    void *got = NULL;
    size_t size;
    int rc = cfk_bundle_pool_new(&opts, &pool, NULL);

    if (rc == CFK_OK)
        rc = cfk_bundle_pool_add_input(pool, b->data, b->size, NULL, &got, &size, NULL);
    cfk_free(alloc, got);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(inputs_survive_every_allocation_failure)
{
    struct bytes b = { .size = 0 };

    add_cert(&b, &root);
    add_cert(&b, &ca);
    add_cert(&b, &leaf);
    make_bag(&b);
    fault_sweep(take_bag, &b, 8);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_reversed_chain_is_turned_round,
        a_report_of_an_older_caller_is_left_alone,
        bags_are_opened,
        empty_and_damaged_bags_are_refused_with_a_reason,
        bags_with_open_lengths_are_opened,
        open_lengths_nest_so_deep_and_no_certificate_has_one,
        a_block_without_anything_in_it_is_no_certificate,
        what_is_no_certificate_is_told_apart,
        inputs_survive_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/input");

    suite_add_tcase(suite, unit_case("input", tests));
    return suite;
}
