/* SPDX-License-Identifier: MIT */
/* What wrong inputs are called. */
#include "checked.h"
#include "gen.h"
#include "small_world.h"

#include <stdlib.h>
#include <string.h>

static void expect_kind(const void *data, size_t size, const char *kind)
{
    const char *got;
    uint8_t *exact = malloc(size > 0 ? size : 1); /* so that no byte behind it is read */

    ck_assert_ptr_nonnull(exact);
    if (size > 0)
        memcpy(exact, data, size);
    got = cfk_bundle_input_kind(exact, size);
    ck_assert_str_eq(got, kind);
    free(exact);
}

static void expect_hex(const char *hex, const char *kind)
{
    size_t size;
    uint8_t *data = unit_hex(hex, &size);

    expect_kind(data, size, kind);
    free(data);
}

START_TEST(der_is_told_by_its_first_elements)
{
    uint8_t der[2048];
    struct make m = leaf;
    size_t size = make_cert(&leaf, der);

    expect_kind(der, size, "a certificate");
    expect_kind(der, size - 1, "damaged DER");
    m.v1 = true;
    m.number = "00ffffffffffffffff";
    expect_kind(der, make_cert(&m, der), "a certificate");
    m.number = "01";
    expect_kind(der, make_cert(&m, der), "a certificate");
    expect_hex("300e300706052b0e03021a0303000401", "a public key");
    expect_hex("3009020100300004000500", "a private key");
    expect_hex("30080201010403000000", "a private key");
    expect_hex("3009300702010030003000", "a certificate request");
    expect_hex("300d300b0201003002310030020500", "a certificate request");
    expect_hex("301930173002060030023100170d3236303130313030303030305a", "a CRL");
    expect_hex("30030a0101", "an OCSP response");
    expect_hex("300b06092a864886f70d010702", "a PKCS #7 bag");
    expect_hex("308201", "damaged DER");
}
END_TEST

START_TEST(text_is_told_by_its_blocks_or_its_beginning)
{
    static const struct {
        const char *text;
        const char *kind;
    } texts[] = {
        { "", "nothing at all" },
        { " \r\n\t", "nothing at all" },
        { "\xef\xbb\xbf", "nothing at all" },
        { "\xef\xbb\xbf <html>", "HTML or XML" },
        { "[1]", "JSON" },
        { "ssh-rsa AAAA", "an SSH key" },
        { "0 is a number", "text without any PEM" },
        { "Hello\n", "text without any PEM" },
        { "H\x01", "data of a kind that is not known" },
        { "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
          "a private key" },
        { "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n"
          "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
          "a certificate" },
        { "-----BEGIN NEW CERTIFICATE REQUEST-----\n"
          "-----END NEW CERTIFICATE REQUEST-----\n",
          "a certificate request" },
        { "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", "a CRL" },
        { "-----BEGIN CMS-----\n-----END CMS-----\n", "a PKCS #7 bag" },
        { "-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----\n",
          "parameters of a key" },
        { "-----BEGIN X-----\n-----END X-----\n", "PEM of another kind" },
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_kind(texts[i].text, strlen(texts[i].text), texts[i].kind);
    expect_kind("a\0b", 3, "data of a kind that is not known");
}
END_TEST

START_TEST(anything_has_a_kind)
{
    uint8_t whole[2048];
    size_t whole_size = make_cert(&leaf, whole);
    struct gen gen;

    gen_seed(&gen, 1);
    for (int i = 0; i < (CHECKED ? 300 : 5000); i++) {
        size_t size = i % 2 == 0 ? whole_size : gen_below(&gen, 60);
        uint8_t *der = malloc(size > 0 ? size : 1);

        ck_assert_ptr_nonnull(der);
        memcpy(der, whole, size);
        for (int n = 0; n < 3 && size > 0; n++)
            der[gen_below(&gen, size < 40 ? size : 40)] = (uint8_t)gen_u64(&gen);
        ck_assert_uint_gt(strlen(cfk_bundle_input_kind(der, size)), 3);
        free(der);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        der_is_told_by_its_first_elements,
        text_is_told_by_its_blocks_or_its_beginning,
        anything_has_a_kind,
        NULL,
    };
    Suite *suite = suite_create("bundle/kind");

    suite_add_tcase(suite, unit_case("kind", tests));
    return suite;
}
