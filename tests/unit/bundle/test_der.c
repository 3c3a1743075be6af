/* SPDX-License-Identifier: MIT */
#include "bundle/der.h"
#include "bundle/x509_time.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* One element from hexadecimal: whether it is taken; the reader stays put where not. */
static bool takes(const char *hex, struct cfk__der *out)
{
    size_t size;
    uint8_t *data = unit_hex(hex, &size);
    struct cfk__reader r;
    bool taken;

    cfk__reader_init(&r, data, size);
    taken = cfk__der_next(&r, out);
    ck_assert_uint_eq(cfk__reader_offset(&r), taken ? out->whole.size : 0);
    free(data);
    return taken;
}

START_TEST(elements_have_tag_length_and_value)
{
    struct cfk__der e;

    ck_assert(takes("0500", &e));
    ck_assert_uint_eq(e.tag, CFK__DER_NULL);
    ck_assert_uint_eq(e.value.size, 0);
    ck_assert(takes("0403010203ff", &e));
    ck_assert_uint_eq(e.value.size, 3);
    ck_assert_uint_eq(e.whole.size, 5);
}
END_TEST

START_TEST(lengths_are_definite_minimal_and_within_bounds)
{
    static const char *const bad[] = {
        "",
        "04",
        "0402ff", /* cut off */
        "04800000",
        "30800000", /* indefinite */
        "04810100",
        "0481010000", /* under 128 in the long form */
        "04820001ff", /* a leading zero */
        "0484ffffffff",
        "04847fffffff",
        "048500000000010102",
        "04ff",
        "1f810100", /* a tag in several bytes */
    };
    struct cfk__der e;
    char hex[2 * 131 + 1];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!takes(bad[i], &e), "%s", bad[i]);
    memset(hex, '0', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    memcpy(hex, "048180", 6);
    ck_assert(takes(hex, &e));
    ck_assert_uint_eq(e.value.size, 128);
    hex[sizeof hex - 3] = '\0';
    ck_assert(!takes(hex, &e));
}
END_TEST

START_TEST(a_deep_nest_is_just_bytes)
{
    uint8_t data[4000];
    struct cfk__reader r;
    struct cfk__der e;

    for (size_t i = 0; i < sizeof data; i += 4) { /* SEQUENCE of SEQUENCE of ... */
        size_t left = sizeof data - i - 4;

        data[i] = 0x30;
        data[i + 1] = 0x82;
        data[i + 2] = (uint8_t)(left >> 8);
        data[i + 3] = (uint8_t)left;
    }
    cfk__reader_init(&r, data, sizeof data);
    ck_assert(cfk__der_next(&r, &e));
    ck_assert_uint_eq(e.value.size, sizeof data - 4);
}
END_TEST

START_TEST(typed_reads_refuse_other_forms)
{
    static const struct {
        const char *hex;
        bool ok;
        int32_t value;
    } ints[] = {
        { "020100", true, 0 },        { "02017f", true, 127 },
        { "02020080", true, 128 },    { "02047fffffff", true, INT32_MAX },
        { "0200", false, 0 },         { "0201ff", false, 0 },
        { "0202007f", false, 0 },     { "02050080000000", false, 0 },
        { "020480000000", false, 0 }, { "040100", false, 0 },
    };
    static const struct {
        const char *hex;
        bool ok;
    } bools[] = { { "0101ff", true },
                  { "010100", true },
                  { "010101", false },
                  { "0100", false },
                  { "01020000", false } };
    size_t size;
    struct cfk__reader r;

    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        uint8_t *data = unit_hex(ints[i].hex, &size);
        int32_t value = -1;

        cfk__reader_init(&r, data, size);
        ck_assert_msg(cfk__der_int(&r, &value) == ints[i].ok, "%s", ints[i].hex);
        if (ints[i].ok)
            ck_assert_int_eq(value, ints[i].value);
        free(data);
    }
    for (size_t i = 0; i < sizeof bools / sizeof *bools; i++) {
        uint8_t *data = unit_hex(bools[i].hex, &size);
        bool value;

        cfk__reader_init(&r, data, size);
        ck_assert_msg(cfk__der_bool(&r, &value) == bools[i].ok, "%s", bools[i].hex);
        free(data);
    }
}
END_TEST

START_TEST(bit_strings_are_bytes_or_flags)
{
    static const struct {
        const char *hex;
        bool bytes;
        bool flags;
        uint16_t value;
    } cases[] = {
        { "03020106", false, true, 0x0600 }, { "0303000680", true, true, 0x0680 },
        { "030100", true, true, 0 },         { "030101", false, false, 0 },
        { "03020806", false, false, 0 },     { "0300", false, false, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size;
        uint8_t *data = unit_hex(cases[i].hex, &size);
        struct cfk__reader r;
        struct cfk__span span;
        uint16_t flags = 0;

        cfk__reader_init(&r, data, size);
        ck_assert_msg(cfk__der_bytes(&r, &span) == cases[i].bytes, "%s", cases[i].hex);
        cfk__reader_init(&r, data, size);
        ck_assert_msg(cfk__der_flags(&r, &flags) == cases[i].flags, "%s", cases[i].hex);
        ck_assert_uint_eq(flags, cases[i].value);
        free(data);
    }
}
END_TEST

static bool reads_time(uint8_t tag, const char *text, int64_t *out)
{
    uint8_t data[64] = { tag, (uint8_t)strlen(text) };
    struct cfk__reader r;

    memcpy(data + 2, text, strlen(text));
    cfk__reader_init(&r, data, 2 + strlen(text));
    return cfk__x509_time(&r, out);
}

START_TEST(times_are_unix_seconds)
{
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t seconds;
        const char *date;
    } cases[] = {
        { CFK__DER_UTC_TIME, "700101000000Z", 0, "1970-01-01" },
        { CFK__DER_UTC_TIME, "500101000000Z", -631152000, "1950-01-01" },
        { CFK__DER_UTC_TIME, "491231235959Z", 2524607999, "2049-12-31" },
        { CFK__DER_UTC_TIME, "000229120000Z", 951825600, "2000-02-29" },
        { CFK__DER_GENERALIZED_TIME, "20500101000000Z", 2524608000, "2050-01-01" },
        { CFK__DER_GENERALIZED_TIME, "20380119031408Z", INT64_C(1) << 31, "2038-01-19" },
        { CFK__DER_GENERALIZED_TIME, "99991231235959Z", 253402300799, "9999-12-31" },
        { CFK__DER_GENERALIZED_TIME, "00000101000000Z", -62167219200, "0000-01-01" },
        { CFK__DER_GENERALIZED_TIME, "19691231235959Z", -1, "1969-12-31" },
        { CFK__DER_GENERALIZED_TIME, "21000228235959Z", 4107542399, "2100-02-28" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char date[CFK__DATE_SIZE];
        int64_t time = 0;

        ck_assert_msg(reads_time(cases[i].tag, cases[i].text, &time), "%s",
                      cases[i].text);
        ck_assert_int_eq(time, cases[i].seconds);
        ck_assert_str_eq(cfk__x509_date(time, date), cases[i].date);
    }
}
END_TEST

START_TEST(times_in_other_forms_are_refused)
{
    static const char *const utc[] = {
        "",
        "7001010000Z",
        "700101000000",
        "700101000000+0000",
        "701301000000Z",
        "700001000000Z",
        "700132000000Z",
        "700100000000Z",
        "700230000000Z",
        "010229000000Z",
        "700101240000Z",
        "700101006000Z",
        "700101000060Z",
        "70010100000xZ",
        "700101000000z",
        "7001010000000",
    };
    static const char *const generalized[] = {
        "20500101000000",     "205001010000Z",   "20500101000000.5Z", "21000229000000Z",
        "20500101000000+00Z", "2050010100000 Z", "500101000000Z",
    };
    int64_t time;

    for (size_t i = 0; i < sizeof utc / sizeof *utc; i++)
        ck_assert_msg(!reads_time(CFK__DER_UTC_TIME, utc[i], &time), "%s", utc[i]);
    for (size_t i = 0; i < sizeof generalized / sizeof *generalized; i++)
        ck_assert_msg(!reads_time(CFK__DER_GENERALIZED_TIME, generalized[i], &time), "%s",
                      generalized[i]);
    ck_assert(!reads_time(CFK__DER_PRINTABLE, "700101000000Z", &time));
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        elements_have_tag_length_and_value,
        lengths_are_definite_minimal_and_within_bounds,
        a_deep_nest_is_just_bytes,
        typed_reads_refuse_other_forms,
        bit_strings_are_bytes_or_flags,
        times_are_unix_seconds,
        times_in_other_forms_are_refused,
        NULL,
    };
    Suite *suite = suite_create("bundle/der");

    suite_add_tcase(suite, unit_case("der", tests));
    return suite;
}
