/* SPDX-License-Identifier: MIT */
#include "bundle/host.h"
#include "bundle/x509_name.h"
#include "fault.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const struct make *m, struct cfk__x509 *x, uint8_t der[2048],
                 struct cfk_error *err)
{
    return cfk__x509_parse(x, der, make_cert(m, der), err);
}

START_TEST(a_certificate_is_read)
{
    struct make m = { .subject = "leaf", .issuer = "ca", .ca = true, .path_length = 4 };
    struct cfk__x509 x;
    uint8_t der[2048];

    m.serial = 7;
    ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
    ck_assert_uint_eq(x.version, 3);
    ck_assert_uint_eq(x.serial.data[0], 7);
    ck_assert_int_eq(x.not_before, 1577836800);
    ck_assert(x.has_basic && x.is_ca);
    ck_assert_int_eq(x.path_length, 3);
    ck_assert_str_eq(x.key.name, "P-256");
    ck_assert_uint_eq(x.key.bits, 256);
    ck_assert_str_eq(x.signature.name, "ecdsa-with-SHA256");
    ck_assert(x.signature.verifiable);
    ck_assert(!x.has_eku && !x.has_key_usage && !x.has_san &&
              x.name_constraints.size == 0);
}
END_TEST

/* Extensions in hexadecimal, each in its SEQUENCE. */
#define KEY_USAGE_SIGN "300e0603551d0f0101ff040403020106"
#define EKU_SERVER     "30130603551d25040c300a06082b06010505070301"
#define EKU_ANY                                                                          \
    "300f0603551d2504083006"                                                             \
    "0604551d2500"
#define SAN_DNS                                                                          \
    "300f0603551d110408300682"                                                           \
    "04612e6263"
#define UNKNOWN      "300c06032a03040101ff04020500"
#define MILD_UNKNOWN "300906032a030404020500"
#define CONSTRAINTS  "30100603551d1e04093007a0053003820161"
#define EXPLICIT     "300c0603551d2404053003800100"

START_TEST(extensions_are_read)
{
    struct make m = { .ext = KEY_USAGE_SIGN EKU_SERVER SAN_DNS MILD_UNKNOWN };
    struct cfk__x509 x;
    uint8_t der[2048];

    ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
    ck_assert(x.has_key_usage && (x.key_usage & CFK__KU_CERT_SIGN) != 0);
    ck_assert_uint_eq(x.eku, CFK__EKU_SERVER_AUTH);
    ck_assert_uint_eq(x.san.size, 6);
    ck_assert_uint_eq(x.unknown_critical.size, 0);
    m.ext = EKU_ANY UNKNOWN CONSTRAINTS EXPLICIT;
    ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
    ck_assert_uint_eq(x.eku, CFK__EKU_ANY);
    ck_assert(x.name_constraints.size > 0 && x.explicit_policy == 0);
    ck_assert(CFK__SPAN_IS(x.unknown_critical, "\x2a\x03\x04"));
}
END_TEST

START_TEST(malformed_extensions_are_refused_and_named)
{
    static const struct {
        const char *ext;
        const char *words;
    } cases[] = {
        { EKU_SERVER EKU_SERVER, "2.5.29.37 is there twice" },
        { MILD_UNKNOWN MILD_UNKNOWN, "1.2.3.4 is there twice" },
        { "30090603551d2504023000", "2.5.29.37 is malformed" },           /* empty EKU */
        { "300e0603551d11040730058703010203", "2.5.29.17 is malformed" }, /* 3-byte IP */
        { "300e0603551d0f040730050102030405", "2.5.29.15 is malformed" },
        { "30080603551d1304010500", "malformed" },
        { "30090603551d1e04023000", "2.5.29.30 is malformed" }, /* constrains nothing */
        { "300b0603551d1e04043002a000", "2.5.29.30 is malformed" },     /* no subtree */
        { "300d0603551d1e04063004a0023000", "2.5.29.30 is malformed" }, /* no name */
        { "30100603551d1e04093007a2053003820161", "2.5.29.30 is malformed" },
        { "30100603551d1e04093007a00530038a0161",
          "2.5.29.30 is malformed" }, /* form 10 */
        { "30120603551d1e040b3009a1053003820161a000", "2.5.29.30 is malformed" },
        { "300e0603551d13040730050101ff020180", "2.5.29.19 is malformed" }, /* path < 0 */
        { "300c06032a030401010104020500",
          "malformed" }, /* critical is neither 0 nor ff */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct make m = { .ext = cases[i].ext };
        struct cfk_error err = { 0 };
        struct cfk__x509 x;
        uint8_t der[2048];

        unit_expect_error(parse(&m, &x, der, &err), CFK_E_CORRUPT, &err, cases[i].words);
        ck_assert_uint_gt(err.offset, 0);
        ck_assert_uint_lt(err.offset, make_cert(&m, der));
    }
}
END_TEST

START_TEST(an_empty_part_is_blamed_where_it_stands)
{
    static const uint8_t der[] = { 0x30, 0x02, 0x30, 0x00 };
    struct cfk_error err = { 0 };
    struct cfk__x509 x;

    unit_expect_error(cfk__x509_parse(&x, der, sizeof der, &err), CFK_E_CORRUPT, &err,
                      "the serial number");
    ck_assert_uint_eq(err.offset, 4);
}
END_TEST

START_TEST(every_cut_and_every_flip_is_survived)
{
    struct make m = { .subject = "leaf", .issuer = "ca", .ca = true };
    uint8_t der[2048];
    size_t size;
    struct cfk__x509 x;
    size_t refused = 0;

    m.ext = KEY_USAGE_SIGN EKU_SERVER SAN_DNS;
    size = make_cert(&m, der);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut + 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, der, cut);
        ck_assert_int_eq(cfk__x509_parse(&x, copy, cut, NULL), CFK_E_CORRUPT);
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += cfk__x509_parse(&x, der, size, NULL) != CFK_OK;
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(refused, size); /* structure bytes: most flips there are seen */
    der[size] = 0;
    ck_assert_int_eq(cfk__x509_parse(&x, der, size + 1, NULL), CFK_E_CORRUPT);
}
END_TEST

START_TEST(signature_algorithms_are_known)
{
    static const struct {
        const char *algorithm;
        const char *name;
        bool verifiable;
    } cases[] = {
        { "06092a864886f70d01010b0500", "sha256WithRSAEncryption", true },
        { "06092a864886f70d01010b", "sha256WithRSAEncryption", true },
        { "06032b6570", "Ed25519", true },
        { "06092a864886f70d0101040500", "md5WithRSAEncryption", false },
        /* PSS: SHA-256, MGF1 with SHA-256, salt 32 */
        { "06092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a86"
          "4886f70d010108300d06096086480165030402010500a203020120",
          "RSASSA-PSS", true },
        /* SHA-256 with MGF1 over SHA-1 is nothing that we verify */
        { "06092a864886f70d01010a3011a00f300d06096086480165030402010500", "RSASSA-PSS",
          false },
        { "06022a03", NULL, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct make m = { .algorithm = cases[i].algorithm };
        struct cfk__x509 x;
        uint8_t der[2048];

        ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
        ck_assert_msg(x.signature.verifiable == cases[i].verifiable, "case %zu", i);
        if (cases[i].name == NULL)
            ck_assert_ptr_null(x.signature.name);
        else
            ck_assert_str_eq(x.signature.name, cases[i].name);
    }
}
END_TEST

START_TEST(pss_parameters_are_kept)
{
    struct make m = {
        .algorithm =
            "06092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a"
            "06092a864886f70d010108300d06096086480165030402020500a203020130"
    };
    struct cfk__x509 x;
    uint8_t der[2048];

    ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
    ck_assert_int_eq(x.signature.scheme.id, CFK__RSA_PSS);
    ck_assert_int_eq(x.signature.scheme.hash, CFK__SHA384);
    ck_assert_uint_eq(x.signature.scheme.salt_size, 48);
}
END_TEST

/* A Name of one common name of this string type, as hexadecimal of its bytes. */
static struct cfk__span name_of(uint8_t tag, const char *hex, uint8_t out[256])
{
    size_t size;
    uint8_t *value = unit_hex(hex, &size);
    uint8_t *p = out;

    ck_assert_uint_lt(size, 100);
    *p++ = 0x30;
    *p++ = (uint8_t)(size + 11);
    *p++ = 0x31;
    *p++ = (uint8_t)(size + 9);
    *p++ = 0x30;
    *p++ = (uint8_t)(size + 7);
    memcpy(p, "\x06\x03\x55\x04\x03", 5);
    p += 5;
    *p++ = tag;
    *p++ = (uint8_t)size;
    memcpy(p, value, size);
    free(value);
    return (struct cfk__span){ out, size + 13 };
}

static bool same_name(uint8_t tag_a, const char *a, uint8_t tag_b, const char *b)
{
    struct cfk__buffer x = { .alloc = NULL };
    struct cfk__buffer y = { .alloc = NULL };
    uint8_t first[256];
    uint8_t second[256];
    bool same;

    ck_assert_int_eq(cfk__name_canonical(name_of(tag_a, a, first), &x), CFK_OK);
    ck_assert_int_eq(cfk__name_canonical(name_of(tag_b, b, second), &y), CFK_OK);
    same = x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    cfk__buffer_free(&x);
    cfk__buffer_free(&y);
    return same;
}

START_TEST(names_are_equal_over_type_case_and_blanks)
{
    /* "Ab C", "aB  c ", in other string types */
    ck_assert(same_name(CFK__DER_UTF8, "41622043", CFK__DER_PRINTABLE, "614220206320"));
    ck_assert(same_name(CFK__DER_UTF8, "4142", CFK__DER_BMP, "00410042"));
    ck_assert(same_name(CFK__DER_UTF8, "4142", CFK__DER_UNIVERSAL, "0000004100000042"));
    ck_assert(same_name(CFK__DER_UTF8, "c3a9", CFK__DER_T61, "e9")); /* e with acute */
    ck_assert(same_name(CFK__DER_UTF8, "f09f9880", CFK__DER_UNIVERSAL, "0001f600"));
    ck_assert(!same_name(CFK__DER_UTF8, "4143", CFK__DER_UTF8, "41"));
    ck_assert(
        !same_name(CFK__DER_UTF8, "4120", CFK__DER_UTF8, "4100")); /* NUL is no blank */
    ck_assert(!same_name(CFK__DER_UTF8, "412042", CFK__DER_UTF8, "4142"));
    /* Not UTF-8: byte for byte, and never equal to text */
    ck_assert(same_name(CFK__DER_UTF8, "ff41", CFK__DER_UTF8, "ff41"));
    ck_assert(!same_name(CFK__DER_UTF8, "ff41", CFK__DER_UTF8, "ff61"));
    ck_assert(!same_name(CFK__DER_UTF8, "c080", CFK__DER_UTF8, "00"));
    ck_assert(!same_name(CFK__DER_BMP, "d800", CFK__DER_UTF8, "eda080"));
}
END_TEST

START_TEST(names_become_text)
{
    static const struct {
        uint8_t tag;
        const char *hex;
        const char *text;
    } cases[] = {
        { CFK__DER_UTF8, "6162", "CN=ab" },
        { CFK__DER_UTF8, "612c62", "CN=a\\,b" },
        { CFK__DER_UTF8, "2361", "CN=\\#a" },
        { CFK__DER_UTF8, "2061", "CN=\\ a" },
        { CFK__DER_UTF8, "611b5b62", "CN=a\\1B[b" },
        { CFK__DER_UTF8, "61c29b", "CN=a\\C2\\9B" },
        { CFK__DER_UTF8, "61ff", "CN=a\\FF" },
        { CFK__DER_T61, "e9", "CN=\xc3\xa9" },
        { CFK__DER_BMP, "004100", "CN=A\\00" },
        { CFK__DER_OCTET_STRING, "01", "CN=#\\01" },
        { CFK__DER_UTF8, "", "CN=" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk__buffer out = { .alloc = NULL };
        uint8_t name[256];

        ck_assert_int_eq(cfk__name_text(name_of(cases[i].tag, cases[i].hex, name), &out),
                         CFK_OK);
        ck_assert_int_eq(cfk__buffer_append(&out, "", 1), CFK_OK);
        ck_assert_str_eq((const char *)out.data, cases[i].text);
        cfk__buffer_free(&out);
    }
}
END_TEST

START_TEST(oids_become_digits)
{
    static const struct {
        const char *hex;
        const char *text;
    } cases[] = {
        { "551d25", "2.5.29.37" },
        { "2a864886f70d01010b", "1.2.840.113549.1.1.11" },
        { "00", "0.0" },
        { "8837", "2.999" },
        { "", "" },
        { "2aff", "1.2" }, /* cut off */
    };
    char text[CFK__OID_TEXT];
    uint8_t huge[200];
    size_t size;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *oid = unit_hex(cases[i].hex, &size);

        ck_assert_str_eq(cfk__oid_text((struct cfk__span){ oid, size }, text),
                         cases[i].text);
        free(oid);
    }
    memset(huge, 0x7f, sizeof huge);
    cfk__oid_text((struct cfk__span){ huge, sizeof huge }, text);
    ck_assert_uint_lt(strlen(text), sizeof text);
}
END_TEST

/* The extension of one alternative name; tag 2 is a DNS name, 7 an address. */
static bool host_matches(const char *host, uint8_t tag, const char *hex)
{
    struct make m = { .subject = "www.example.com" };
    struct cfk__host parsed;
    struct cfk__x509 x;
    uint8_t der[2048];
    char ext[256];
    unsigned size = (unsigned)strlen(hex) / 2;

    snprintf(ext, sizeof ext, "30%02x0603551d1104%02x30%02x%02x%02x%s", size + 11,
             size + 4, size + 2, 0x80U | tag, size, hex);
    m.ext = ext;
    ck_assert_int_eq(parse(&m, &x, der, NULL), CFK_OK);
    ck_assert(cfk__host_parse(host, &parsed));
    return cfk__host_matches(&parsed, &x, false);
}

#define HEX_A_EXAMPLE    "612e6578616d706c65"       /* a.example */
#define HEX_STAR_EXAMPLE "2a2e6578616d706c65"       /* *.example */
#define HEX_STAR_B       "2a2e622e6578616d706c65"   /* *.b.example */
#define HEX_PART_STAR    "612a2e622e6578616d706c65" /* a*.b.example */

START_TEST(hosts_match_alternative_names_alone)
{
    ck_assert(host_matches("a.example", 2, HEX_A_EXAMPLE));
    ck_assert(host_matches("A.Example.", 2, HEX_A_EXAMPLE));
    ck_assert(!host_matches("b.example", 2, HEX_A_EXAMPLE));
    ck_assert(!host_matches("www.example.com", 2, HEX_A_EXAMPLE)); /* its common name */
    ck_assert(!host_matches("a.example", 1, HEX_A_EXAMPLE));       /* a mail address */
    ck_assert(host_matches("x.b.example", 2, HEX_STAR_B));
    ck_assert(!host_matches("b.example", 2, HEX_STAR_B));
    ck_assert(!host_matches("x.y.b.example", 2, HEX_STAR_B));
    ck_assert(!host_matches("a.example", 2, HEX_STAR_EXAMPLE)); /* one label is left */
    ck_assert(!host_matches("ax.b.example", 2, HEX_PART_STAR));
    ck_assert(host_matches("192.0.2.1", 7, "c0000201"));
    ck_assert(!host_matches("192.0.2.2", 7, "c0000201"));
    ck_assert(!host_matches("192.0.2.1", 2, "3139322e302e322e31"));
    ck_assert(host_matches("2001:db8::1", 7, "20010db8000000000000000000000001"));
    ck_assert(host_matches("[2001:DB8:0:0::1]", 7, "20010db8000000000000000000000001"));
    ck_assert(host_matches("::ffff:192.0.2.1", 7, "00000000000000000000ffffc0000201"));
    ck_assert(!host_matches("::ffff:192.0.2.1", 7, "c0000201"));
}
END_TEST

START_TEST(hosts_of_other_forms_are_refused)
{
    static const char *const bad[] = {
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "*.example",
        "a/b",
        "::1%",
        "1::2::3",
        "[::1",
        "1:2",
        "::12345",
        "1:2:3:4:5:6:7:8:9",
        "[]",
        "\xc3\xa9",
        "a:b:c",
        "[1.2.3.4]",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", /* 64 */
    };
    struct cfk__host host;
    char name[300];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!cfk__host_parse(bad[i], &host), "%s", bad[i]);
    memset(name, 'a', sizeof name);
    for (size_t i = 50; i < sizeof name; i += 50)
        name[i] = '.';
    name[254] = '\0';
    ck_assert(!cfk__host_parse(name, &host));
    name[253] = '\0';
    ck_assert(cfk__host_parse(name, &host));
    ck_assert(!cfk__host_parse("1.2.3.256", &host));
    ck_assert(cfk__host_parse("1.2.3.256a", &host));
    ck_assert_uint_eq(host.address_size, 0);
    ck_assert(cfk__host_parse("::", &host) && host.address_size == 16);
    ck_assert(cfk__host_parse("1:2:3:4:5:6:7::", &host) && host.address_size == 16);
    ck_assert(!cfk__host_parse("1:2:3:4:5:6:7:8::", &host));
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_certificate_is_read,
        extensions_are_read,
        malformed_extensions_are_refused_and_named,
        an_empty_part_is_blamed_where_it_stands,
        every_cut_and_every_flip_is_survived,
        signature_algorithms_are_known,
        pss_parameters_are_kept,
        names_are_equal_over_type_case_and_blanks,
        names_become_text,
        oids_become_digits,
        hosts_match_alternative_names_alone,
        hosts_of_other_forms_are_refused,
        NULL,
    };
    Suite *suite = suite_create("bundle/x509");

    suite_add_tcase(suite, unit_case("x509", tests));
    return suite;
}
