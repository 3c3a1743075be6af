/* SPDX-License-Identifier: MIT */
/* Name constraints: each form of names on both sides of its limits. */
#include "bundle/name_constraints.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { MAIL = 1, DNS = 2, DIRECTORY = 4, URI = 6, IP = 7 };

/* Tag and length (under 128) before bytes, in place. */
static size_t wrap(uint8_t *bytes, size_t size, uint8_t tag)
{
    ck_assert_uint_lt(size, 128);
    memmove(bytes + 2, bytes, size);
    bytes[0] = tag;
    bytes[1] = (uint8_t)size;
    return size + 2;
}

/* A GeneralName; a text that begins with '#' is hexadecimal. */
static size_t put_name(uint8_t *out, uint8_t form, const char *text)
{
    size_t size = strlen(text);
    bool constructed = form == 0 || (form >= 3 && form <= 5);

    if (text[0] == '#') {
        uint8_t *bytes = unit_hex(text + 1, &size);

        memcpy(out, bytes, size);
        free(bytes);
    } else if (size > 0) {
        memcpy(out, text, size);
    }
    return wrap(out, size, (uint8_t)((constructed ? 0xa0 : 0x80) | form));
}

/* The content of NameConstraints with one permitted or excluded subtree. */
static size_t put_constraint(uint8_t *out, bool excluded, uint8_t form, const char *base)
{
    size_t size = wrap(out, put_name(out, form, base), CFK__DER_SEQUENCE);

    return wrap(out, size, excluded ? 0xa1 : 0xa0);
}

static const uint8_t no_subject[] = { 0x30, 0 };

enum { PASS = -1 };

/* One name against one constraint: PASS or the enum cfk__name_fault. */
static int check(bool excluded, uint8_t form, const char *base, uint8_t name_form,
                 const char *name)
{
    struct cfk__names n = { .left = 1000 };
    struct cfk__x509 x = { .subject = { no_subject, sizeof no_subject } };
    struct cfk__name_violation violation;
    uint8_t constraint[256];
    uint8_t san[256];
    int rc;

    x.san = (struct cfk__span){ san, put_name(san, name_form, name) };
    rc = cfk__names_check(
        &n,
        (struct cfk__span){ constraint,
                            put_constraint(constraint, excluded, form, base) },
        &x, &violation);
    cfk__names_free(&n);
    ck_assert(rc == CFK_OK || rc == CFK_E_NAME_CONSTRAINT);
    return rc == CFK_OK ? PASS : (int)violation.fault;
}

/* A base of a form, a name of it, and whether it lies in it. */
struct row {
    const char *base;
    const char *name;
    bool inside;
};

/* Inside: permitted and not excluded; outside the other way round. */
static void expect_rows(uint8_t form, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int permitted = check(false, form, rows[i].base, form, rows[i].name);
        int excluded = check(true, form, rows[i].base, form, rows[i].name);

        ck_assert_msg(permitted == (rows[i].inside ? PASS : (int)CFK__NAME_NOT_PERMITTED),
                      "%s permitted, %s: %d", rows[i].base, rows[i].name, permitted);
        ck_assert_msg(excluded == (rows[i].inside ? (int)CFK__NAME_EXCLUDED : PASS),
                      "%s excluded, %s: %d", rows[i].base, rows[i].name, excluded);
    }
}

/* These fail on both sides, with this fault. */
static void expect_fault(uint8_t form, const struct row *rows, size_t count, int fault)
{
    for (size_t i = 0; i < count; i++)
        for (int excluded = 0; excluded < 2; excluded++) {
            int is = check(excluded != 0, form, rows[i].base, form, rows[i].name);

            ck_assert_msg(is == fault, "%s, %s: %d", rows[i].base, rows[i].name, is);
        }
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
#define LABEL_63    "a23456789012345678901234567890123456789012345678901234567890123"

START_TEST(dns_names_are_constrained)
{
    static const struct row rows[] = {
        { "example.com", "example.com", true },
        { "example.com", "www.example.com", true },
        { "example.com", "a.b.example.com", true },
        { "EXAMPLE.com", "www.example.COM", true },
        { "example.com", "*.example.com", true },
        { "example.com", "badexample.com", false },
        { "example.com", "example.com.org", false },
        { "example.com", "com", false },
        { ".example.com", "www.example.com", true },
        { ".example.com", "*.example.com", true },
        { ".example.com", "example.com", false },
        { ".example.com", "wwwexample.com", false },
        { "", "example.com", true },
        { "", "*.example.com", true },
        { "com", LABEL_63 ".com", true },
        { "a.b.example.com", "*.example.com", false }, /* two labels further down */
        { ".b.example.com", "*.example.com", false },
    };
    static const struct row names[] = {
        { "example.com", "", false },
        { "example.com", ".example.com", false },
        { "example.com", "example.com.", false },
        { "example.com", "www..example.com", false },
        { "example.com", "*", false },
        { "example.com", "*.", false },
        { "example.com", "w*.example.com", false },
        { "example.com", "www.*.example.com", false },
        { "example.com", "a b.example.com", false },
        { "example.com", "#7777772e6578616d706c652e636f6d00", false }, /* NUL */
        { "com", "x" LABEL_63 ".com", false },
        { "", "-.!", false },
    };
    static const struct row bases[] = {
        { "*.example.com", "www.example.com", false },
        { "example.com.", "www.example.com", false },
        { "..example.com", "www.example.com", false },
        { ".", "www.example.com", false },
        { "exam ple", "www.example.com", false },
    };

    expect_rows(DNS, rows, COUNT(rows));
    expect_fault(DNS, names, COUNT(names), CFK__NAME_MALFORMED);
    expect_fault(DNS, bases, COUNT(bases), CFK__NAME_BAD_CONSTRAINT);
}
END_TEST

/* What a wildcard might stand for is enough to be excluded, not to be permitted. */
START_TEST(wildcards_are_taken_at_their_worst)
{
    ck_assert_int_eq(check(true, DNS, "www.example.com", DNS, "*.example.com"),
                     CFK__NAME_EXCLUDED);
    ck_assert_int_eq(check(true, DNS, "WWW.example.com", DNS, "*.EXAMPLE.com"),
                     CFK__NAME_EXCLUDED);
    ck_assert_int_eq(check(false, DNS, "www.example.com", DNS, "*.example.com"),
                     CFK__NAME_NOT_PERMITTED);
}
END_TEST

START_TEST(addresses_are_constrained)
{
    static const struct row rows[] = {
        { "#c0000200ffffff00", "#c0000200", true },
        { "#c0000200ffffff00", "#c00002ff", true },
        { "#c0000200ffffff00", "#c0000300", false },
        { "#c0000200ffffff00", "#c00001ff", false },
        { "#c0000280ffffff80", "#c0000280", true },
        { "#c0000280ffffff80", "#c000027f", false },
        { "#c0000201ffffffff", "#c0000201", true },
        { "#c0000201ffffffff", "#c0000202", false },
        { "#c0000277ffffff00", "#c0000201",
          true }, /* bits behind the mask do not count */
        { "#0000000000000000", "#c0000201", true },
        { "#0000000000000000", "#20010db8000000000000000000000001", false },
        { "#20010db8000000000000000000000000ffffffff000000000000000000000000",
          "#20010db8ffffffffffffffffffffffff", true },
        { "#20010db8000000000000000000000000ffffffff000000000000000000000000",
          "#20010db9000000000000000000000000", false },
        { "#20010db8000000000000000000000000ffffffff000000000000000000000000",
          "#20010db8", false },
    };
    static const struct row bases[] = {
        { "#c0000200ff00ff00", "#c0000201", false }, /* masks with holes */
        { "#c0000200ffffff01", "#c0000201", false },
        { "#c0000200fdffff00", "#c0000201", false },
        { "#c000020000ffffff", "#c0000201", false },
        { "#c0000201", "#c0000201", false },
        { "#c0000200ffffff", "#c0000201", false },
        { "#c0000200ffffff0000", "#c0000201", false },
        { "", "#c0000201", false },
    };

    expect_rows(IP, rows, COUNT(rows));
    expect_fault(IP, bases, COUNT(bases), CFK__NAME_BAD_CONSTRAINT);
}
END_TEST

START_TEST(mail_addresses_are_constrained)
{
    static const struct row rows[] = {
        { "example.com", "a@example.com", true },
        { "example.com", "a@EXAMPLE.com", true },
        { "example.com", "a@www.example.com", false },
        { ".example.com", "a@www.example.com", true },
        { ".example.com", "a@example.com", false },
        { "a@example.com", "a@Example.com", true },
        { "a@example.com", "b@example.com", false },
        { "a@example.com", "a@www.example.com", false },
        { "*@example.com", "*@example.com", true },
        { "*@example.com", "a@example.com", false },
        { "", "a@example.com", true },
    };
    static const struct row names[] = {
        { "example.com", "example.com", false },
        { "example.com", "@example.com", false },
        { "example.com", "a@", false },
        { "example.com", "a@b@example.com", false },
        { "example.com", "\"a\"@example.com", false },
        { "example.com", "a b@example.com", false },
        { "example.com", "#6100406578616d706c652e636f6d", false }, /* NUL */
        { "example.com", "a@[192.0.2.1]", false },
        { "", "a", false },
    };
    static const struct row bases[] = {
        { "a@b@example.com", "a@example.com", false },
        { "@example.com", "a@example.com", false },
        { "*.example.com", "a@example.com", false },
        { "a@.example.com", "a@example.com", false },
    };

    expect_rows(MAIL, rows, COUNT(rows));
    expect_fault(MAIL, names, COUNT(names), CFK__NAME_MALFORMED);
    expect_fault(MAIL, bases, COUNT(bases), CFK__NAME_BAD_CONSTRAINT);
    /* another case is another mailbox, but not to slip out of an exclusion */
    ck_assert_int_eq(check(false, MAIL, "a@example.com", MAIL, "A@example.com"),
                     CFK__NAME_NOT_PERMITTED);
    ck_assert_int_eq(check(true, MAIL, "a@example.com", MAIL, "A@example.com"),
                     CFK__NAME_EXCLUDED);
}
END_TEST

START_TEST(uris_are_constrained)
{
    static const struct row rows[] = {
        { "example.com", "https://example.com", true },
        { "example.com", "https://EXAMPLE.com:8443/path?q#f", true },
        { "example.com", "https://user:word@example.com/", true },
        { "example.com", "https://www.example.com/", false },
        { ".example.com", "ldap://www.example.com", true },
        { ".example.com", "ldap://example.com", false },
        { "example.com", "https://example.com@evil.org/", false },
        { "example.com", "https://evil.org/@example.com", false },
        { "example.com", "https://evil.org?@example.com", false },
        { "example.com", "https://evil.org#@example.com", false },
        { "", "https://example.com", true },
    };
    static const struct row names[] = {
        { "example.com", "example.com", false },
        { "example.com", "mailto:a@example.com", false },
        { "example.com", "urn:uuid:1", false },
        { "example.com", "https://", false },
        { "example.com", "://example.com", false },
        { "example.com", "https://192.0.2.1/", false },
        { "example.com", "https://[2001:db8::1]/", false },
        { "example.com", "https://example.com./", false },
        { "example.com", "https://example.com:x/", false },
        { "example.com", "https://evil.org\\@example.com/", false },
        { "example.com", "https://evil org@example.com/", false },
    };
    static const struct row bases[] = {
        { "https://example.com", "https://example.com", false },
        { "*.example.com", "https://example.com", false },
    };

    expect_rows(URI, rows, COUNT(rows));
    expect_fault(URI, names, COUNT(names), CFK__NAME_MALFORMED);
    expect_fault(URI, bases, COUNT(bases), CFK__NAME_BAD_CONSTRAINT);
}
END_TEST

/* Names of O=, OU= and CN= with one letter: "O=a", as UTF8String or PrintableString. */
#define RDN(arc, tag, letter) "310a300806035504" arc tag "01" letter
#define O_A                   RDN("0a", "0c", "61")
#define O_A_UPPER             RDN("0a", "13", "41")
#define O_B                   RDN("0a", "0c", "62")
#define OU_A                  RDN("0b", "0c", "61")
#define O_AND_OU              "31143008060355040a0c01613008060355040b0c0161"

START_TEST(directory_names_are_constrained)
{
    static const struct row rows[] = {
        { "#300c" O_A, "#300c" O_A, true },
        { "#300c" O_A, "#300c" O_A_UPPER, true },
        { "#300c" O_A, "#3018" O_A OU_A, true },
        { "#3018" O_A OU_A, "#300c" O_A, false },
        { "#300c" O_A, "#300c" O_B, false },
        { "#300c" OU_A, "#3018" O_A OU_A, false },
        { "#3000", "#300c" O_A, true },
        { "#300c" O_A, "#3000", false },
        { "#300c" O_A, "#3016" O_AND_OU, false }, /* one RDN is not a part of it */
        { "#3016" O_AND_OU, "#3016" O_AND_OU, true },
    };
    static const struct row names[] = {
        { "#300c" O_A, "#", false },
        { "#300c" O_A, "#0500", false },
        { "#300c" O_A, "#30003000", false },
        { "#300c" O_A, "#30023100", false },
    };
    static const struct row bases[] = {
        { "#30023100", "#300c" O_A, false },
    };

    expect_rows(DIRECTORY, rows, COUNT(rows));
    expect_fault(DIRECTORY, names, COUNT(names), CFK__NAME_MALFORMED);
    expect_fault(DIRECTORY, bases, COUNT(bases), CFK__NAME_BAD_CONSTRAINT);
}
END_TEST

START_TEST(forms_do_not_constrain_each_other_and_unknown_ones_fail)
{
    static const uint8_t unknown[] = { 0, 3, 5, 8 };

    ck_assert_int_eq(check(false, DNS, "example.com", IP, "#c0000201"), PASS);
    ck_assert_int_eq(check(false, MAIL, "example.com", DNS, "a.org"), PASS);
    ck_assert_int_eq(check(true, URI, "", MAIL, "a@a.org"), PASS);
    for (size_t i = 0; i < sizeof unknown; i++) {
        ck_assert_int_eq(check(false, unknown[i], "#0500", DNS, "a.org"), PASS);
        for (int excluded = 0; excluded < 2; excluded++)
            ck_assert_int_eq(
                check(excluded != 0, unknown[i], "#0500", unknown[i], "#0500"),
                CFK__NAME_UNSUPPORTED);
    }
}
END_TEST

/* A subtree with a minimum or a maximum, which RFC 5280 does not use. */
START_TEST(depths_are_not_understood)
{
    static const char *const constraints[] = { "a008300682016180"
                                               "0101",
                                               "a00830068201618101"
                                               "01" };

    for (size_t i = 0; i < 2; i++) {
        struct cfk__x509 x = { .subject = { no_subject, sizeof no_subject } };
        struct cfk__names n = { .left = 10 };
        struct cfk__name_violation violation;
        uint8_t san[8];
        size_t size;
        uint8_t *bytes = unit_hex(constraints[i], &size);
        struct cfk__span span = { bytes, size };

        ck_assert(cfk__names_well_formed(span));
        x.san = (struct cfk__span){ san, put_name(san, DNS, "a") };
        ck_assert_int_eq(cfk__names_check(&n, span, &x, &violation),
                         CFK_E_NAME_CONSTRAINT);
        ck_assert_int_eq(violation.fault, CFK__NAME_BAD_CONSTRAINT);
        cfk__names_free(&n);
        free(bytes);
    }
}
END_TEST

/* 3 constraints and 2 names, of which 2 and 1 are for DNS: 3 + 2 + 2 * 1. */
START_TEST(comparisons_are_limited_from_both_sides)
{
    struct cfk__x509 x = { .subject = { no_subject, sizeof no_subject } };
    struct cfk__name_violation violation;
    struct cfk__names n = { .left = 7 };
    size_t size;
    uint8_t *bytes = unit_hex("a00f"
                              "3003820161"
                              "3003820162"
                              "3003810163",
                              &size);
    struct cfk__span constraints = { bytes, size };
    uint8_t san[128];

    ck_assert(cfk__names_well_formed(constraints));
    size = put_name(san, DNS, "b");
    size += put_name(san + size, IP, "#c0000201");
    x.san = (struct cfk__span){ san, size };
    ck_assert_int_eq(cfk__names_check(&n, constraints, &x, &violation), CFK_OK);
    ck_assert_uint_eq(n.left, 0);
    n.left = 6;
    ck_assert_int_eq(cfk__names_check(&n, constraints, &x, &violation), CFK_E_LIMIT);
    n.left = 2;
    ck_assert_int_eq(cfk__names_check(&n, constraints, &x, &violation), CFK_E_LIMIT);
    ck_assert_uint_eq(n.left, 0);

    size = put_name(san, DNS, LABEL_63 ".b"); /* 65 bytes count twice: 3 + 2 + 2 * 2 */
    x.san = (struct cfk__span){ san, size };
    n.left = 8;
    ck_assert_int_eq(cfk__names_check(&n, constraints, &x, &violation), CFK_E_LIMIT);
    n.left = 9;
    ck_assert_int_eq(cfk__names_check(&n, constraints, &x, &violation), CFK_OK);
    ck_assert_uint_eq(n.left, 0);
    free(bytes);
}
END_TEST

/* The subject "emailAddress=a@b.c" under a constraint on mail addresses. */
static int check_subject(const char *subject, const char *base)
{
    struct cfk__names n = { .left = 100 };
    struct cfk__name_violation violation;
    struct cfk__x509 x = { .has_san = false };
    uint8_t constraint[64];
    size_t size;
    uint8_t *bytes = unit_hex(subject, &size);
    int rc;

    x.subject = (struct cfk__span){ bytes, size };
    rc = cfk__names_check(
        &n,
        (struct cfk__span){ constraint, put_constraint(constraint, false, MAIL, base) },
        &x, &violation);
    cfk__names_free(&n);
    free(bytes);
    return rc;
}

START_TEST(mail_addresses_in_the_subject_count)
{
    static const char mail[] = "301631143012"
                               "06092a864886f70d010901"
                               "16056140622e63";

    ck_assert_int_eq(check_subject(mail, "b.c"), CFK_OK);
    ck_assert_int_eq(check_subject(mail, "c"), CFK_E_NAME_CONSTRAINT);
    ck_assert_int_eq(check_subject("300c" O_A, "c"), CFK_OK);
}
END_TEST

/* Messages for each form, safe to print. */
START_TEST(violations_are_told_for_people)
{
    static const struct {
        uint8_t form;
        const char *name; /* hexadecimal */
        enum cfk__name_fault fault;
        const char *words;
    } cases[] = {
        { IP, "c0000201", CFK__NAME_EXCLUDED, "IP address 192.0.2.1 is excluded by" },
        { IP, "20010db8000000000000000000000001", CFK__NAME_NOT_PERMITTED,
          "IP address 2001:0db8:0000:0000:0000:0000:0000:0001 is not permitted" },
        { MAIL, "611b40c3a4", CFK__NAME_MALFORMED, "mail address a?@?? is malformed" },
        { URI, "613a", CFK__NAME_BAD_CONSTRAINT, "URI a: meets a malformed" },
        { 0, "0500", CFK__NAME_UNSUPPORTED, "other name ?? is constrained" },
        { DIRECTORY, "300c" O_A, CFK__NAME_EXCLUDED, "directory name O=a is excluded" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk__name_violation violation = { .fault = cases[i].fault };
        struct cfk__names n = { .left = 0 };
        struct cfk_error err = { 0 };
        uint8_t *bytes = unit_hex(cases[i].name, &violation.name.value.size);
        int rc;

        violation.name.value.data = bytes;
        violation.name.form = cases[i].form;
        rc = cfk__names_explain(&n, &violation, 0, "CN=ca", 1, &err);
        unit_expect_error(rc, CFK_E_NAME_CONSTRAINT, &err, cases[i].words);
        cfk__names_free(&n);
        free(bytes);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        dns_names_are_constrained,
        wildcards_are_taken_at_their_worst,
        addresses_are_constrained,
        mail_addresses_are_constrained,
        uris_are_constrained,
        directory_names_are_constrained,
        forms_do_not_constrain_each_other_and_unknown_ones_fail,
        depths_are_not_understood,
        comparisons_are_limited_from_both_sides,
        mail_addresses_in_the_subject_count,
        violations_are_told_for_people,
        NULL,
    };
    Suite *suite = suite_create("bundle/name_forms");

    suite_add_tcase(suite, unit_case("name_forms", tests));
    return suite;
}
