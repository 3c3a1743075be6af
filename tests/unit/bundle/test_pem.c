/* SPDX-License-Identifier: MIT */
#include "bundle/pem.h"
#include "gen.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool decodes(const char *text, const char *want, size_t *bad)
{
    struct cfk__span span = { (const uint8_t *)text, strlen(text) };
    struct cfk__buffer out = { .alloc = NULL };
    bool ok = cfk__base64_decode(span, &out, bad) == CFK_OK;

    if (ok) {
        ck_assert_uint_eq(out.size, strlen(want));
        ck_assert(memcmp(out.data, want, out.size) == 0);
    }
    cfk__buffer_free(&out);
    return ok;
}

START_TEST(base64_is_strict_about_digits_and_padding)
{
    size_t bad;

    ck_assert(decodes("", "", &bad));
    ck_assert(decodes("Zm9vYmFy", "foobar", &bad));
    ck_assert(decodes("Zm9v\r\n \tYmE=\n", "fooba", &bad));
    ck_assert(decodes("Zm9vYg==", "foob", &bad));
    ck_assert(!decodes("Zm9vY", "", &bad));
    ck_assert(!decodes("Zm9vYg", "", &bad));
    ck_assert(!decodes("Zm9vYg=", "", &bad));
    ck_assert(!decodes("Zm9vYg===", "", &bad));
    ck_assert(!decodes("Zm9vYmE==", "", &bad));
    ck_assert(!decodes("====", "", &bad));
    ck_assert(!decodes("Zm9v=YmF", "", &bad));
    ck_assert(!decodes("Zm9v*mFy", "", &bad));
    ck_assert_uint_eq(bad, 4);
}
END_TEST

START_TEST(pem_comes_back_for_every_size)
{
    uint8_t data[200];
    char text[1024];
    struct gen g;

    gen_seed(&g, 1);
    gen_bytes(&g, data, sizeof data);
    for (size_t size = 0; size <= sizeof data; size++) {
        struct cfk__buffer back = { .alloc = NULL };
        struct cfk__pem_block block;
        struct cfk__reader r;
        struct cfk__writer w;
        size_t bad;

        cfk__writer_init(&w, text, sizeof text);
        cfk__pem_write(&w, data, size);
        ck_assert(cfk__writer_ok(&w));
        ck_assert_uint_eq(cfk__writer_size(&w), cfk__pem_size(size));
        cfk__reader_init(&r, text, cfk__writer_size(&w));
        ck_assert(cfk__pem_next(&r, &block));
        ck_assert(block.ended && cfk__pem_is_certificate(&block));
        ck_assert_int_eq(cfk__base64_decode(block.body, &back, &bad), CFK_OK);
        ck_assert_uint_eq(back.size, size);
        ck_assert(size == 0 || memcmp(back.data, data, size) == 0);
        ck_assert(!cfk__pem_next(&r, &block));
        cfk__buffer_free(&back);
    }
}
END_TEST

/* What became of the certificates of a text: "+" added, "-" bad, in order. */
struct outcome {
    char marks[32];
    uint64_t offsets[32];
    char last[256];
};

static void note(void *ctx, uint64_t index, uint64_t offset, const struct cfk_error *why)
{
    struct outcome *o = ctx;

    ck_assert_uint_lt(index, sizeof o->marks - 1);
    ck_assert_uint_eq(index, strlen(o->marks));
    o->marks[index] = why == NULL ? '+' : '-';
    o->offsets[index] = offset;
    if (why != NULL)
        snprintf(o->last, sizeof o->last, "%s", why->message);
}

static void add(const char *text, struct outcome *o, size_t *count)
{
    struct cfk_bundle_report report = { .size = sizeof report, .each = note, .ctx = o };
    cfk_bundle_pool *pool;

    memset(o, 0, sizeof *o);
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    ck_assert_int_eq(
        cfk_bundle_pool_add(pool, text, strlen(text), CFK_BUNDLE_POOL, &report, NULL),
        CFK_OK);
    ck_assert_uint_eq(report.found, strlen(o->marks));
    *count = cfk_bundle_pool_count(pool, CFK_BUNDLE_POOL);
    cfk_bundle_pool_free(pool);
}

/* A certificate with this serial as PEM. */
static const char *pem_of(uint8_t serial, char text[4096])
{
    struct make m = { .subject = "a", .issuer = "b", .serial = serial };
    uint8_t der[2048];
    size_t size = make_cert(&m, der);
    struct cfk__writer w;

    cfk__writer_init(&w, text, 4095);
    cfk__pem_write(&w, der, size);
    text[cfk__writer_size(&w)] = '\0';
    return text;
}

START_TEST(a_bad_certificate_does_not_spoil_the_others)
{
    char one[4096];
    char two[4096];
    char text[16384];
    struct outcome o;
    size_t count;

    pem_of(1, one);
    pem_of(2, two);
    snprintf(text, sizeof text,
             "junk\n%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
             "-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\n"
             "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n%s",
             one, two);
    add(text, &o, &count);
    ck_assert_str_eq(o.marks, "+--+");
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(o.offsets[0], 5);
    ck_assert_uint_eq(o.offsets[1], 5 + strlen(one));
    ck_assert(strstr(o.last, "not base64") != NULL);
}
END_TEST

START_TEST(blocks_are_found_as_people_leave_them)
{
    char one[4096];
    char two[4096];
    char text[16384];
    struct outcome o;
    size_t count;
    size_t n = 0;

    pem_of(1, one);
    pem_of(2, two);

    for (const char *p = one; *p != '\0'; p++) { /* CR LF */
        if (*p == '\n')
            text[n++] = '\r';
        text[n++] = *p;
    }
    text[n] = '\0';
    add(text, &o, &count);
    ck_assert_str_eq(o.marks, "+");

    one[strlen(one) - 1] = '\0'; /* no newline at the end */
    add(one, &o, &count);
    ck_assert_str_eq(o.marks, "+");

    snprintf(text, sizeof text, "%s\n%s%s", one, one,
             two); /* glued: END and BEGIN on a line */
    add(text, &o, &count);
    ck_assert_str_eq(o.marks, "+-");

    one[strlen(one) - 30] = '\0'; /* no END line, then another */
    snprintf(text, sizeof text, "%s\n%s", one, two);
    add(text, &o, &count);
    ck_assert_str_eq(o.marks, "-+");
    ck_assert(strstr(o.last, "no END line") != NULL);

    add("-----BEGIN CERTIFICATE-----", &o, &count);
    ck_assert_str_eq(o.marks, "-");
    add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CERTIFICATE-----\n", &o,
        &count);
    ck_assert_str_eq(o.marks, "-");
    add("", &o, &count);
    add("-----BEGIN CERTIFICATE----\n", &o, &count);
    ck_assert_str_eq(o.marks, "");

    snprintf(text, sizeof text, "%s%s", two, two); /* twice the same is one */
    add(text, &o, &count);
    ck_assert_str_eq(o.marks, "++");
    ck_assert_uint_eq(count, 1);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        base64_is_strict_about_digits_and_padding,
        pem_comes_back_for_every_size,
        a_bad_certificate_does_not_spoil_the_others,
        blocks_are_found_as_people_leave_them,
        NULL,
    };
    Suite *suite = suite_create("bundle/pem");

    suite_add_tcase(suite, unit_case("pem", tests));
    return suite;
}
