/* SPDX-License-Identifier: MIT */
/* Each rule of the profiles: broken in one certificate of a chain that is good else. */
#include "profile_chain.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_good_chain_passes_every_profile)
{
    struct chain c;

    good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
    expect_rule(&c, "", PROFILES, PROFILES);
}
END_TEST

START_TEST(extensions_are_as_the_profile_says)
{
    static const struct {
        enum which which;
        struct change change;
        const char *rule;
        uint32_t mildest;
        uint32_t strictest;
    } cases[] = {
        { THE_LEAF, { AKI, false, NULL }, "aki-missing", RFC5280, WEBPKI },
        { THE_CA, { AKI, false, NULL }, "aki-missing", RFC5280, WEBPKI },
        { THE_LEAF, { AKI, false, "3000" }, "aki-missing", RFC5280, WEBPKI },
        { THE_LEAF, { AKI, true, AKI_CA }, "aki-critical", RFC5280, WEBPKI },
        { THE_ROOT, { AKI, true, AKI_ROOT }, "aki-critical", RFC5280, WEBPKI },
        { THE_CA, { SKI, false, NULL }, "ski-missing", RFC5280, WEBPKI },
        { THE_ROOT, { SKI, false, NULL }, "ski-missing", RFC5280, WEBPKI },
        { THE_CA, { SKI, true, SKI_CA }, "ski-critical", RFC5280, WEBPKI },
        { THE_CA,
          { BASIC, false, BASIC_CA },
          "basic-constraints-not-critical",
          RFC5280,
          WEBPKI },
        { THE_ROOT,
          { BASIC, false, BASIC_CA },
          "basic-constraints-not-critical",
          RFC5280,
          WEBPKI },
        { THE_ROOT,
          { BASIC, false, NULL },
          "basic-constraints-missing",
          RFC5280,
          WEBPKI },
        { THE_CA, { KU, true, "030100" }, "wrong-usage", DEFAULT, WEBPKI },
        { THE_LEAF, { KU, true, "030100" }, "key-usage-empty", RFC5280, WEBPKI },
        { THE_LEAF, { KU, true, "03020780" }, "", PROFILES, PROFILES },
        { THE_LEAF, { KU, true, "03020204" }, "cert-sign-in-leaf", RFC5280, WEBPKI },
        { THE_LEAF,
          { BASIC, true, "3003020100" },
          "path-length-in-leaf",
          RFC5280,
          WEBPKI },
        { THE_CA,
          { POLICY_CONSTRAINTS, false, "3003810105" },
          "policy-constraints-not-critical",
          RFC5280,
          WEBPKI },
        { THE_CA,
          { INHIBIT_ANY, false, "020105" },
          "inhibit-any-policy-not-critical",
          RFC5280,
          WEBPKI },
        { THE_CA,
          { NAMES, false, NAMES_TEST },
          "name-constraints-not-critical",
          RFC5280,
          RFC5280 },
        { THE_CA, { NAMES, true, NAMES_TEST }, "", PROFILES, PROFILES },
        { THE_CA,
          { NAMES, true, "300ba009300782052e74657374" },
          "name-constraints-form",
          RFC5280,
          WEBPKI },
        { THE_LEAF,
          { NAMES, true, NAMES_TEST },
          "name-constraints-in-leaf",
          RFC5280,
          WEBPKI },
        { THE_LEAF, { POINTS, false, "3000" }, "crl-points-malformed", RFC5280, WEBPKI },
        { THE_LEAF, { SAN, false, "3000" }, "san-empty", RFC5280, WEBPKI },
        { THE_LEAF, { SAN, false, NULL }, "san-missing", WEBPKI, WEBPKI },
        { THE_LEAF, { SAN, true, SAN_DNS }, "san-critical", WEBPKI, WEBPKI },
        { THE_ROOT, { EKU, false, SERVER }, "root-with-purpose", WEBPKI, WEBPKI },
        { THE_ROOT, { AKI, false, "30048002aaff" }, "root-aki", WEBPKI, WEBPKI },
        { THE_ROOT, { AKI, false, "3000" }, "root-aki", WEBPKI, WEBPKI },
        { THE_ROOT, { AKI, false, "30078002aa01820101" }, "root-aki", WEBPKI, WEBPKI },
        { THE_ROOT, { AKI, false, AKI_ROOT }, "", PROFILES, PROFILES },
        { THE_LEAF, { EKU, true, SERVER }, "purpose-critical", WEBPKI, WEBPKI },
        { THE_LEAF, { EKU, false, NULL }, "", PROFILES, PROFILES },
        { THE_LEAF,
          { EKU, false, "301006082b060105050703010604551d2500" },
          "purpose-foreign",
          WEBPKI,
          WEBPKI },
        { THE_LEAF,
          { EKU, false, "301406082b0601050507030106082b06010505070303" },
          "purpose-foreign",
          WEBPKI,
          WEBPKI },
        { THE_LEAF,
          { EKU, false, "301406082b0601050507030106082b06010505070302" },
          "",
          PROFILES,
          PROFILES },
        { THE_LEAF, { BASIC, true, BASIC_CA }, "ski-missing", RFC5280, WEBPKI },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct chain c;

        good_chain(&c, cases[i].which, cases[i].change);
        expect_rule(&c, cases[i].rule, cases[i].mildest, cases[i].strictest);
    }
}
END_TEST

/* AlgorithmIdentifiers and keys. */
#define RSA_SHA256  "06092a864886f70d01010b0500"
#define ED25519     "06032b6570"
#define P192_KEY    "301a301306072a8648ce3d020106082a8648ce3d030101030300041f"
#define ED25519_KEY "300b300506032b6570030200ff"

START_TEST(certificates_are_as_the_profile_says)
{
    static const struct {
        enum which which;
        struct make change;
        const char *rule;
        uint32_t mildest;
    } cases[] = {
        { THE_LEAF, { .number = "00" }, "serial-not-positive", RFC5280 },
        { THE_CA, { .number = "ff" }, "serial-not-positive", RFC5280 },
        { THE_ROOT, { .number = "00" }, "", PROFILES },
        { THE_ROOT, { .number = "80" }, "serial-not-positive", RFC5280 },
        { THE_LEAF,
          { .number = "0102030405060708090a0b0c0d0e0f1011121314" },
          "",
          PROFILES },
        { THE_LEAF,
          { .number = "00ff02030405060708090a0b0c0d0e0f1011121314" },
          "",
          PROFILES },
        { THE_LEAF,
          { .number = "0102030405060708090a0b0c0d0e0f101112131415" },
          "serial-too-long",
          RFC5280 },
        { THE_LEAF, { .from = "20200101000000Z" }, "validity-encoding", RFC5280 },
        { THE_LEAF, { .until = "20500101000000Z" }, "", PROFILES },
        { THE_LEAF, { .until = "20491231235959Z" }, "validity-encoding", RFC5280 },
        { THE_LEAF, { .until = "99991231235959Z" }, "", PROFILES },
        { THE_ROOT, { .algorithm2 = RSA_SHA256 }, "algorithm-mismatch", RFC5280 },
        { THE_LEAF, { .algorithm = ED25519 }, "signature-kind", WEBPKI },
        { THE_ROOT, { .algorithm = ED25519 }, "", PROFILES },
        { THE_LEAF, { .spki = P192_KEY }, "key-kind", WEBPKI },
        { THE_LEAF, { .spki = ED25519_KEY }, "key-kind", WEBPKI },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct make *from = &cases[i].change;
        struct make *to;
        struct chain c;

        good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
        to = &c.certs[cases[i].which];
        to->number = from->number;
        to->from = from->from;
        to->until = from->until;
        to->algorithm = from->algorithm;
        to->algorithm2 = from->algorithm2;
        to->spki = from->spki;
        expect_rule(&c, cases[i].rule, cases[i].mildest, WEBPKI);
    }
}
END_TEST

/* An RSA key of this many bits, each of them one, and this exponent. */
static void rsa_key(char *text, size_t size, size_t bits, const char *exponent)
{
    size_t bytes = (bits + 7) / 8;
    size_t number = bytes + (bits % 8 == 0);
    size_t numbers = 4 + number + 2 + strlen(exponent) / 2;
    size_t used;

    used = (size_t)snprintf(
        text, size,
        "3082%04zx300d06092a864886f70d01010105000382%04zx003082%04zx0282%04zx",
        numbers + 4 + 1 + 4 + 15, numbers + 4 + 1, numbers, number);
    for (size_t i = 0; i < number; i++) {
        unsigned byte = 0xff;

        if (i == 0 && bits % 8 != 0)
            byte >>= 8 - bits % 8;
        else if (i == 0)
            byte = 0;
        used += (size_t)snprintf(text + used, size - used, "%02x", byte);
    }
    snprintf(text + used, size - used, "02%02zx%s", strlen(exponent) / 2, exponent);
}

START_TEST(rsa_keys_are_as_the_profile_says)
{
    static const struct {
        size_t bits;
        const char *exponent;
        const char *rule;
    } cases[] = {
        { 2048, "010001", "" },
        { 2047, "010001", "key-size" },
        { 2049, "010001", "key-size" },
        { 2050, "010001", "key-size" },
        { 2056, "010001", "" },
        { 2040, "010001", "key-size" },
        { 2048, "03", "" },
        { 2048, "01", "key-exponent" },
        { 2048, "010002", "key-exponent" },
        { 2048, "81", "key-exponent" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char spki[1200];
        struct chain c;

        rsa_key(spki, sizeof spki, cases[i].bits, cases[i].exponent);
        good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
        c.certs[THE_LEAF].spki = spki;
        expect_rule(&c, cases[i].rule, WEBPKI, WEBPKI);
    }
}
END_TEST

START_TEST(empty_names_are_for_leaves_with_a_critical_san_alone)
{
    struct chain c;

    good_chain(&c, THE_LEAF, (struct change){ SAN, true, SAN_DNS });
    c.certs[THE_LEAF].subject = "-";
    expect_rule(&c, "", PROFILES, PROFILES);
    good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
    c.certs[THE_LEAF].subject = "-";
    expect_rule(&c, "san-not-critical", RFC5280, WEBPKI);
    good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
    c.certs[THE_LEAF].issuer = "-";
    c.certs[THE_CA].subject = "-";
    expect_rule(&c, "empty-issuer", RFC5280, WEBPKI);
}
END_TEST

/* A SAN of one dNSName. */
static void dns_san(char *text, size_t size, const char *name)
{
    size_t used =
        (size_t)snprintf(text, size, "30%02zx82%02zx", strlen(name) + 2, strlen(name));

    for (; *name != '\0'; name++)
        used += (size_t)snprintf(text + used, size - used, "%02x", (unsigned char)*name);
}

START_TEST(dns_names_are_in_preferred_syntax)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "a.example.test", true },
        { "*.example.test", true },
        { "xn--n3h.example.test", true },
        { "a-b.example.test", true },
        { "localhost", true },
        { "1.example.test", true },
        { "a_b.example.test", false },
        { "-a.example.test", false },
        { "a-.example.test", false },
        { "a..example.test", false },
        { ".example.test", false },
        { "example.test.", false },
        { "ba*.example.test", false },
        { "a.*.example.test", false },
        { "*", false },
        { "192.168.1.1", false },
        { "a b.example.test", false },
        { "\xf0\x9f\x98\x9c.test", false },
        { "", false },
        { "*.", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char san[128];
        struct chain c;

        dns_san(san, sizeof san, cases[i].name);
        good_chain(&c, THE_LEAF, (struct change){ SAN, false, san });
        c.certs[THE_LEAF].subject = "somebody";
        expect_rule(&c, cases[i].good ? "" : "dns-name-form", RFC5280, WEBPKI);
    }
}
END_TEST

START_TEST(a_common_name_is_a_copy_of_an_alternative_name)
{
    static const struct {
        const char *name;
        const char *san;
        bool good;
    } cases[] = {
        { "a.example.test", SAN_DNS, true },
        { "Somebody, Inc.", SAN_DNS, true },
        { "somebody", SAN_DNS, true },
        { "A.example.test", SAN_DNS, false },
        { "b.example.test", SAN_DNS, false },
        { "example.test", SAN_DNS, true }, /* a.example.test lies below */
        { "xample.test", SAN_DNS, false },
        { "b\xc3\xbc.test", SAN_DNS, false },
        { "192.168.1.1", SAN_ADDRESS, true },
        { "192.168.001.001", SAN_ADDRESS, false },
        { "0xC0A80101", SAN_ADDRESS, false },
        { "192.168.257", SAN_ADDRESS, false },
        { "192.168.1.1", SAN_DNS, false },
        { "a.example.test", SAN_ADDRESS, true }, /* no DNS name to be a copy of */
        { "2001:db8::1", SAN_ADDRESS, false },
        { "2001:db8::1", "3012871020010db8000000000000000000000001", true },
        { "2001:DB8::1", "3012871020010db8000000000000000000000001", false },
        { "2001:db8:0::1", "3012871020010db8000000000000000000000001", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct chain c;

        good_chain(&c, THE_LEAF, (struct change){ SAN, false, cases[i].san });
        c.certs[THE_LEAF].subject = cases[i].name;
        expect_rule(&c, cases[i].good ? "" : "common-name", WEBPKI, WEBPKI);
    }
}
END_TEST

START_TEST(rules_of_servers_are_not_for_others)
{
    struct chain c;

    good_chain(&c, THE_LEAF, (struct change){ EKU, true, SERVER });
    ck_assert_str_eq(broken_rule(&c, WEBPKI, CFK_BUNDLE_EKU_SERVER_AUTH),
                     "purpose-critical");
    ck_assert_str_eq(broken_rule(&c, WEBPKI, CFK_BUNDLE_EKU_ANY), "");
    c.certs[THE_LEAF].subject = "b.example.test";
    ck_assert_str_eq(broken_rule(&c, WEBPKI, CFK_BUNDLE_EKU_ANY), "");
}
END_TEST

START_TEST(a_root_without_aki_signed_itself)
{
    struct chain c;

    good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
    c.certs[THE_ROOT].issuer = "somebody else";
    expect_rule(&c, "", PROFILES, PROFILES);
    c.certs[THE_ROOT].signed_by = 77;
    expect_rule(&c, "aki-missing", RFC5280, WEBPKI);
    good_chain(&c, THE_ROOT, (struct change){ AKI, false, "30048002aaff" });
    c.certs[THE_ROOT].issuer = "somebody else";
    c.certs[THE_ROOT].signed_by = 77;
    expect_rule(&c, "", PROFILES, PROFILES);
}
END_TEST

START_TEST(lenient_takes_a_root_for_a_name_and_a_key)
{
    static const struct change changes[] = {
        { BASIC, true, "3000" },
        { KU, true, "03020780" },
        { EKU, false, "300a06082b06010505070302" },
        { NAMES, true, "300ba009300782056f74686572" },
        { 60, true, "0500" },
    };
    struct chain c;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        good_chain(&c, THE_ROOT, changes[i]);
        ck_assert_str_ne(broken_rule(&c, DEFAULT, CFK_BUNDLE_EKU_SERVER_AUTH), "");
        ck_assert_str_eq(broken_rule(&c, LENIENT, CFK_BUNDLE_EKU_SERVER_AUTH), "");
    }
    good_chain(&c, THE_LEAF, (struct change){ 0, false, NULL });
    c.certs[THE_ROOT].until = "210101000000Z";
    ck_assert_str_eq(broken_rule(&c, DEFAULT, CFK_BUNDLE_EKU_SERVER_AUTH), "expired");
    ck_assert_str_eq(broken_rule(&c, LENIENT, CFK_BUNDLE_EKU_SERVER_AUTH), "");
}
END_TEST

START_TEST(addresses_are_written_as_rfc_5952_says)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        { "c0000201", "192.0.2.1" },
        { "00000000000000000000000000000000", "::" },
        { "00000000000000000000000000000001", "::1" },
        { "20010db8000000000000000000000000", "2001:db8::" },
        { "20010db8000000000001000000000001", "2001:db8::1:0:0:1" },
        { "20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1" },
        { "00010000000000020000000000000003", "1:0:0:2::3" },
        { "ffffffffffffffffffffffffffffffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        { "0102", "" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CFK__ADDRESS_TEXT];
        size_t size;
        uint8_t *bytes = unit_hex(cases[i].bytes, &size);

        ck_assert_str_eq(cfk__address_text((struct cfk__span){ bytes, size }, text),
                         cases[i].text);
        free(bytes);
    }
}
END_TEST

START_TEST(public_suffixes_are_known)
{
    static const char *const suffixes[] = {
        "com", "test", "co.uk", "com.br", "s3.amazonaws.com", "github.io"
    };
    static const char *const others[] = { "example.com", "example.co.uk", "co.example",
                                          "amazonaws.com", "a.github.io" };

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        ck_assert_msg(cfk__is_public_suffix(suffixes[i]), "%s", suffixes[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!cfk__is_public_suffix(others[i]), "%s", others[i]);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_good_chain_passes_every_profile,
        extensions_are_as_the_profile_says,
        certificates_are_as_the_profile_says,
        rsa_keys_are_as_the_profile_says,
        empty_names_are_for_leaves_with_a_critical_san_alone,
        dns_names_are_in_preferred_syntax,
        a_common_name_is_a_copy_of_an_alternative_name,
        rules_of_servers_are_not_for_others,
        a_root_without_aki_signed_itself,
        lenient_takes_a_root_for_a_name_and_a_key,
        addresses_are_written_as_rfc_5952_says,
        public_suffixes_are_known,
        NULL,
    };
    Suite *suite = suite_create("bundle/profile");

    suite_add_tcase(suite, unit_case("profile", tests));
    return suite;
}
