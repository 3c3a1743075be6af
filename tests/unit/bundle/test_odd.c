/* SPDX-License-Identifier: MIT */
/* Names, lists and texts that are odd or huge, and what becomes of chains with them. */
#include "bundle/pem.h"
#include "checked.h"
#include "small_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- certificates of any size: written from the end, as make.c does --- */

struct big {
    uint8_t *bytes;
    size_t at;
    size_t end;
};

static void put(struct big *b, const void *data, size_t size)
{
    ck_assert_uint_le(size, b->at);
    b->at -= size;
    memcpy(b->bytes + b->at, data, size);
}

/* Tag and length, in its shortest form, before what was written since end. */
static void wrap(struct big *b, uint8_t tag, size_t end)
{
    size_t size = end - b->at;
    uint8_t head[6] = { tag };
    size_t n = 1;

    if (size < 0x80) {
        head[n++] = (uint8_t)size;
    } else {
        unsigned bytes = size > 0xffff ? 3 : size > 0xff ? 2 : 1;

        head[n++] = (uint8_t)(0x80 | bytes);
        while (bytes-- > 0)
            head[n++] = (uint8_t)(size >> 8 * bytes);
    }
    put(b, head, n);
}

/* A certificate with another subject (a whole Name), and one more extension. */
static void rewrite(struct big *b, const struct make *m, struct cfk__span subject,
                    struct cfk__span extension)
{
    uint8_t der[2048];
    size_t size = make_cert(m, der);
    const uint8_t *behind;
    struct cfk__x509 x;
    size_t head;
    size_t tbs;

    ck_assert_int_eq(cfk__x509_parse(&x, der, size, NULL), CFK_OK);
    head = x.tbs.data[1] < 0x80 ? 2 : 2 + (x.tbs.data[1] & 0x7f); /* tag and length */
    b->end = subject.size + extension.size + 4096;
    b->bytes = malloc(b->end);
    ck_assert_ptr_nonnull(b->bytes);
    b->at = b->end;
    put(b, x.tbs.data + x.tbs.size, (size_t)(der + size - x.tbs.data) - x.tbs.size);
    tbs = b->at;
    if (extension.size > 0) {
        put(b, extension.data, extension.size);
        wrap(b, CFK__DER_SEQUENCE, tbs);
        wrap(b, CFK__DER_CONSTRUCTED(3), tbs);
    }
    behind = x.subject.data + x.subject.size;
    put(b, behind, (size_t)(x.key.spki.data + x.key.spki.size - behind));
    put(b, subject.data, subject.size);
    put(b, x.tbs.data + head, (size_t)(x.subject.data - x.tbs.data) - head);
    wrap(b, CFK__DER_SEQUENCE, tbs);
    wrap(b, CFK__DER_SEQUENCE, b->end);
}

static int verdict(cfk_bundle_pool *pool, const uint8_t *der, size_t size,
                   const char *host, struct cfk_error *err)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .host = host };
    struct cfk_bundle_cert facts = { .size = sizeof facts };
    cfk_bundle_result *result;
    int rc =
        cfk__bundle_build(pool, der, size, MAKE_NOW, &opts, make_verify, &result, err);

    ck_assert_msg(rc == CFK_OK, "%s", err->message);
    ck_assert_int_eq(cfk_bundle_leaf(result, &facts, err), CFK_OK);
    rc = cfk_bundle_reason(result, err);
    cfk_bundle_result_free(result);
    return rc;
}

static int verdict_of(const struct make *m, const struct make *l, const char *host,
                      struct cfk_error *err)
{
    cfk_bundle_pool *pool = new_pool();
    uint8_t der[2048];
    size_t size = make_cert(l, der);
    int rc;

    memset(err, 0, sizeof *err);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, m, CFK_BUNDLE_POOL);
    rc = verdict(pool, der, size, host, err);
    cfk_bundle_pool_free(pool);
    return rc;
}

/* Name: a common name of this type and these bytes, in hexadecimal. */
static const char *name_of(unsigned tag, const char *hex)
{
    static char text[512];
    char value[512] = "0603550403";
    char inner[512] = "";
    char set[512] = "";

    text[0] = '\0';
    make_wrap(value, sizeof value, tag, hex);
    make_wrap(inner, sizeof inner, CFK__DER_SEQUENCE, value);
    make_wrap(set, sizeof set, CFK__DER_SET, inner);
    make_wrap(text, sizeof text, CFK__DER_SEQUENCE, set);
    return text;
}

START_TEST(an_issuer_is_found_whatever_its_name_is_written_as)
{
    /* The leaf says UTF8String "ca"; the issuer has it in other types and cases. */
    static const struct {
        unsigned tag;
        const char *hex;
        int reason;
    } cases[] = {
        { CFK__DER_PRINTABLE, "6361", CFK_OK },
        { CFK__DER_PRINTABLE, "204341", CFK_OK },
        { CFK__DER_BMP, "00630061", CFK_OK },
        { CFK__DER_T61, "6361", CFK_OK },
        { CFK__DER_UNIVERSAL, "0000006300000061", CFK_OK },
        { CFK__DER_UTF8, "636100", CFK_E_UNKNOWN_ISSUER }, /* NUL is a character */
        { CFK__DER_BMP, "006300610000", CFK_E_UNKNOWN_ISSUER },
        { CFK__DER_BMP, "006361", CFK_E_UNKNOWN_ISSUER },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk_error err;
        struct make m = ca;

        m.subject2 = name_of(cases[i].tag, cases[i].hex);
        ck_assert_int_eq(verdict_of(&m, &leaf, NULL, &err), cases[i].reason);
    }
}
END_TEST

START_TEST(a_nul_in_a_name_ends_nothing)
{
    struct cfk_error err;
    struct make l = leaf;

    /* "a.test" NUL ".evil.test" as the common name, which is not looked at */
    l.subject2 = name_of(CFK__DER_UTF8, "612e74657374002e6576696c2e74657374");
    unit_expect_error(verdict_of(&ca, &l, "a.test", &err), CFK_E_NAME, &err,
                      "(CN=a.test\\00.evil.test) is not for a.test");
    l.until = "210101000000Z";
    unit_expect_error(verdict_of(&ca, &l, NULL, &err), CFK_E_EXPIRED, &err,
                      "certificate 1 (CN=a.test\\00.evil.test) expired on 2021-01-01");
    l = leaf; /* and as an alternative name: "a.test" alone, then with the NUL */
    l.ext = "30110603551d11040a30088206612e74657374";
    ck_assert_int_eq(verdict_of(&ca, &l, "a.test", &err), CFK_OK);
    l.ext = "301c0603551d11041530138211612e74657374002e6576696c2e74657374";
    ck_assert_int_eq(verdict_of(&ca, &l, "a.test", &err), CFK_E_NAME);
}
END_TEST

START_TEST(times_that_there_are_not_make_no_certificate)
{
    static const char *const times[] = {
        "261301000000Z",   "260001000000Z",   "260230000000Z",     "261232000000Z",
        "261120235960Z",   "261120236000Z",   "261120240000Z",     "20261301000000Z",
        "20261120235960Z", "2611202359Z",     "261120235959+0100", "20261120235959.5Z",
        "26112023595 Z",   "202611202359590",
    };
    struct make m = leaf;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct cfk_error err = { 0 };
        uint8_t der[2048];
        struct cfk__x509 x;

        m.until = times[i];
        unit_expect_error(cfk__x509_parse(&x, der, make_cert(&m, der), &err),
                          CFK_E_CORRUPT, &err, "the validity is not as it should be");
    }
}
END_TEST

START_TEST(a_name_of_64_kib_is_a_name)
{
    enum { LENGTH = 65536 };
    struct big name = { .bytes = malloc(LENGTH + 64), .at = LENGTH + 64 };
    struct cfk_bundle_pool_options opts = { .size = sizeof opts };
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    struct big cert;
    size_t end = LENGTH + 64;

    ck_assert_ptr_nonnull(name.bytes);
    name.at = end - LENGTH;
    memset(name.bytes + name.at, 'x', LENGTH);
    wrap(&name, CFK__DER_UTF8, end);
    put(&name, "\x06\x03\x55\x04\x03", 5);
    wrap(&name, CFK__DER_SEQUENCE, end);
    wrap(&name, CFK__DER_SET, end);
    wrap(&name, CFK__DER_SEQUENCE, end);
    rewrite(&cert, &leaf, (struct cfk__span){ name.bytes + name.at, end - name.at },
            (struct cfk__span){ NULL, 0 });
    for (int over = 0; over <= 1; over++) {
        opts.max_cert_size = cert.end - cert.at - (size_t)over;
        ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
        make_add(pool, &root, CFK_BUNDLE_ROOT);
        make_add(pool, &ca, CFK_BUNDLE_POOL);
        ck_assert_int_eq(cfk_bundle_pool_add_der(pool, cert.bytes + cert.at,
                                                 cert.end - cert.at, CFK_BUNDLE_POOL,
                                                 &err),
                         over ? CFK_E_LIMIT : CFK_OK);
        if (!over)
            ck_assert_int_eq(
                verdict(pool, cert.bytes + cert.at, cert.end - cert.at, NULL, &err),
                CFK_OK);
        cfk_bundle_pool_free(pool);
    }
    /* A message has room for a part of it. */
    pool = new_pool();
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    unit_expect_error(verdict(pool, cert.bytes + cert.at, cert.end - cert.at, NULL, &err),
                      CFK_E_UNKNOWN_ISSUER, &err, "no issuer of certificate 1 (CN=xxxxx");
    cfk_bundle_pool_free(pool);
    free(cert.bytes);
    free(name.bytes);
}
END_TEST

/* A leaf with so many alternative names; the last one is z.test. */
static void many_names(struct big *cert, size_t count)
{
    struct big san = { .at = 8 * count + 64 };
    size_t end = san.at;

    san.bytes = malloc(end);
    ck_assert_ptr_nonnull(san.bytes);
    put(&san, "\x82\x06z.test", 8);
    for (size_t i = 1; i < count; i++)
        put(&san,
            "\x82\x06"
            "a.test",
            8);
    wrap(&san, CFK__DER_SEQUENCE, end);
    wrap(&san, CFK__DER_OCTET_STRING, end);
    put(&san, "\x06\x03\x55\x1d\x11", 5);
    wrap(&san, CFK__DER_SEQUENCE, end);
    rewrite(cert, &leaf, (struct cfk__span){ (const uint8_t *)"\x30\x00", 2 },
            (struct cfk__span){ san.bytes + san.at, end - san.at });
    free(san.bytes);
}

START_TEST(a_hundred_thousand_names_are_searched_and_compared_up_to_a_budget)
{
    struct cfk_bundle_pool_options opts = { .size = sizeof opts,
                                            .max_cert_size = 1 << 20 };
    size_t count = CHECKED ? 20000 : 100000;
    struct cfk_error err = { 0 };
    struct make m = ca;
    cfk_bundle_pool *pool;
    char constraints[1024] = "";
    char trees[512] = "";
    struct big cert;

    many_names(&cert, count);
    for (int i = 0; i < 11; i++) /* permitted: one of eleven, and none is met */
        make_wrap(trees, sizeof trees, CFK__DER_SEQUENCE, "82056e2e747374");
    make_wrap(constraints, sizeof constraints, CFK__DER_CONSTRUCTED(0), trees);
    trees[0] = '\0';
    make_wrap(trees, sizeof trees, CFK__DER_SEQUENCE, constraints);
    constraints[0] = '\0';
    make_ext(constraints, sizeof constraints, 30, true, trees);
    for (int bounded = 0; bounded <= 1; bounded++) {
        m.ext = bounded ? constraints : NULL;
        ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
        make_add(pool, &root, CFK_BUNDLE_ROOT);
        make_add(pool, &m, CFK_BUNDLE_POOL);
        if (!bounded) {
            ck_assert_int_eq(
                verdict(pool, cert.bytes + cert.at, cert.end - cert.at, "z.test", &err),
                CFK_OK);
            ck_assert_int_eq(
                verdict(pool, cert.bytes + cert.at, cert.end - cert.at, "y.test", &err),
                CFK_E_NAME);
        } else {
            ck_assert_int_eq(
                verdict(pool, cert.bytes + cert.at, cert.end - cert.at, NULL, &err),
                count * 11 > 1000000 ? CFK_E_LIMIT : CFK_E_NAME_CONSTRAINT);
        }
        cfk_bundle_pool_free(pool);
    }
    free(cert.bytes);
}
END_TEST

START_TEST(a_key_of_16384_bits_is_told_by_its_size)
{
    enum { BYTES = 2048 };
    struct cfk__signature_scheme scheme = { CFK__RSA_PKCS1, CFK__SHA256, 0 };
    struct cfk_error err = { 0 };
    struct big b = { .bytes = malloc(BYTES + 64), .at = BYTES + 64 };
    size_t end = b.at;

    ck_assert_ptr_nonnull(b.bytes);
    put(&b, "\x02\x03\x01\x00\x01", 5);
    b.at -= BYTES;
    memset(b.bytes + b.at, 0xff, BYTES);
    put(&b, "", 1);
    wrap(&b, CFK__DER_INTEGER, end - 5);
    wrap(&b, CFK__DER_SEQUENCE, end);
    put(&b, "", 1);
    wrap(&b, CFK__DER_BIT_STRING, end);
    put(&b, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
    wrap(&b, CFK__DER_SEQUENCE, end);
    unit_expect_error(
        cfk__signature_verify(&scheme, (struct cfk__span){ b.bytes + b.at, end - b.at },
                              (struct cfk__span){ b.bytes, 1 },
                              (struct cfk__span){ b.bytes, 1 }, &err),
        CFK_E_NOTSUP, &err, "RSA of 16384 bits, not 512 to 8192");
    free(b.bytes);
}
END_TEST

/* --- PEM --- */

static int take(const char *text, size_t *others, const struct make *want,
                struct cfk_error *err)
{
    struct cfk_bundle_report report = { .size = sizeof report };
    cfk_bundle_pool *pool = new_pool();
    uint8_t der[2048];
    size_t size = make_cert(want, der);
    size_t leaf_size;
    void *got;
    int rc;

    memset(err, 0, sizeof *err);
    rc = cfk_bundle_pool_add_input(pool, text, strlen(text), &report, &got, &leaf_size,
                                   err);
    *others = cfk_bundle_pool_count(pool, CFK_BUNDLE_INPUT);
    if (rc == CFK_OK) {
        ck_assert_uint_eq(leaf_size, size);
        ck_assert_mem_eq(got, der, size);
        ck_assert_uint_eq(report.reordered, 0);
    }
    cfk_free(NULL, got);
    cfk_bundle_pool_free(pool);
    return rc;
}

/* PEM of m behind text, with headers inside. */
static void add_pem(char *text, size_t room, const struct make *m, const char *headers)
{
    char pem[4096];
    struct cfk__writer w;
    uint8_t der[2048];
    size_t size = make_cert(m, der);
    size_t used = strlen(text);
    char *body;

    cfk__writer_init(&w, pem, sizeof pem - 1);
    cfk__pem_write(&w, der, size);
    pem[cfk__writer_size(&w)] = '\0';
    body = strchr(pem, '\n') + 1;
    snprintf(text + used, room - used, "%.*s%s%s", (int)(body - pem), pem, headers, body);
}

START_TEST(two_leaves_are_one_and_a_certificate_beside)
{
    struct make second = { .subject = "second", .issuer = "ca", .signed_by = 2 };
    char text[8192] = "";
    struct cfk_error err;
    size_t others;

    add_pem(text, sizeof text, &leaf, "");
    add_pem(text, sizeof text, &second, "");
    ck_assert_int_eq(take(text, &others, &leaf, &err), CFK_OK);
    ck_assert_uint_eq(others, 1);
}
END_TEST

START_TEST(headers_in_a_block_are_skipped)
{
    char text[8192] = "";
    struct cfk_error err;
    size_t others;

    add_pem(text, sizeof text, &leaf, "Comment: of mine\nX-Other:\n\n");
    ck_assert_int_eq(take(text, &others, &leaf, &err), CFK_OK);
    text[0] = '\0';
    add_pem(text, sizeof text, &leaf,
            "Proc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\n");
    unit_expect_error(take(text, &others, &leaf, &err), CFK_E_NOTSUP, &err,
                      "a PEM certificate is encrypted");
    text[0] = '\0';
    add_pem(text, sizeof text, &leaf, "!\n\n");
    unit_expect_error(take(text, &others, &leaf, &err), CFK_E_CORRUPT, &err,
                      "a PEM certificate is not base64");
    ck_assert_uint_eq(err.offset, strlen("-----BEGIN CERTIFICATE-----\n"));
    text[0] = '\0'; /* told where it is behind headers, too */
    add_pem(text, sizeof text, &leaf, "A: b\n!\n\n");
    ck_assert_int_eq(take(text, &others, &leaf, &err), CFK_E_CORRUPT);
    ck_assert_uint_eq(err.offset, strlen("-----BEGIN CERTIFICATE-----\nA: b\n"));
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        an_issuer_is_found_whatever_its_name_is_written_as,
        a_nul_in_a_name_ends_nothing,
        times_that_there_are_not_make_no_certificate,
        a_name_of_64_kib_is_a_name,
        a_hundred_thousand_names_are_searched_and_compared_up_to_a_budget,
        a_key_of_16384_bits_is_told_by_its_size,
        two_leaves_are_one_and_a_certificate_beside,
        headers_in_a_block_are_skipped,
        NULL,
    };
    Suite *suite = suite_create("bundle/odd");

    suite_add_tcase(suite, unit_case("odd", tests));
    return suite;
}
