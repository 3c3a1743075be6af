/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "signature_vectors.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* Every byte; one in so many under valgrind, where a verification takes a second. */
static size_t stride(void)
{
    return RUNNING_ON_VALGRIND ? 24 : 1;
}

struct sample {
    const char *name;
    struct cfk__signature_scheme scheme;
    const char *spki;
    const char *signature;
};

/* clang-format off */
static const struct sample samples[] = {
    { "PKCS#1 SHA-1", { CFK__RSA_PKCS1, CFK__SHA1, 0 }, RSA_SPKI, PKCS1_SHA1 },
    { "PKCS#1 SHA-256", { CFK__RSA_PKCS1, CFK__SHA256, 0 }, RSA_SPKI, PKCS1_SHA256 },
    { "PKCS#1 SHA-384", { CFK__RSA_PKCS1, CFK__SHA384, 0 }, RSA_SPKI, PKCS1_SHA384 },
    { "PKCS#1 SHA-512", { CFK__RSA_PKCS1, CFK__SHA512, 0 }, RSA_SPKI, PKCS1_SHA512 },
    { "PSS SHA-256, 32", { CFK__RSA_PSS, CFK__SHA256, 32 }, RSA_SPKI, PSS_SHA256_SALT32 },
    { "PSS SHA-256, 20", { CFK__RSA_PSS, CFK__SHA256, 20 }, RSA_SPKI, PSS_SHA256_SALT20 },
    { "PSS SHA-384, 48", { CFK__RSA_PSS, CFK__SHA384, 48 }, RSA_SPKI, PSS_SHA384_SALT48 },
    { "P-256", { CFK__ECDSA, CFK__SHA256, 0 }, P256_SPKI, P256_SHA256 },
    { "P-384", { CFK__ECDSA, CFK__SHA384, 0 }, P384_SPKI, P384_SHA384 },
    { "P-521", { CFK__ECDSA, CFK__SHA512, 0 }, P521_SPKI, P521_SHA512 },
    { "Ed25519", { CFK__ED25519, CFK__SHA512, 0 }, ED25519_SPKI, ED25519 },
};
/* clang-format on */

enum { SAMPLES = sizeof samples / sizeof samples[0] };

struct bytes {
    uint8_t *data;
    size_t size;
};

static struct bytes from_hex(const char *text)
{
    struct bytes b;

    b.data = unit_hex(text, &b.size);
    return b;
}

static struct cfk__span span_of(struct bytes b)
{
    return (struct cfk__span){ b.data, b.size };
}

static const struct cfk__span message = { (const uint8_t *)MESSAGE, sizeof MESSAGE - 1 };

static int verify(const struct cfk__signature_scheme *scheme, struct bytes spki,
                  struct bytes signature)
{
    return cfk__signature_verify(scheme, span_of(spki), message, span_of(signature),
                                 NULL);
}

static bool absent(const struct sample *s)
{
    return s->scheme.id == CFK__ED25519 && cfk_has("mbedtls");
}

static int verify_hex(const struct cfk__signature_scheme *scheme, const char *spki,
                      const char *signature)
{
    struct bytes key = from_hex(spki);
    struct bytes sig = from_hex(signature);
    int rc = verify(scheme, key, sig);

    free(key.data);
    free(sig.data);
    return rc;
}

START_TEST(signatures_of_openssl_are_valid)
{
    for (int i = 0; i < SAMPLES; i++) {
        const struct sample *s = &samples[i];
        int rc = verify_hex(&s->scheme, s->spki, s->signature);

        ck_assert_msg(rc == (absent(s) ? CFK_E_NOTSUP : CFK_OK), "%s: %s", s->name,
                      cfk_error_name(rc));
    }
}
END_TEST

START_TEST(another_message_is_refused)
{
    for (int i = 0; i < SAMPLES; i++) {
        struct bytes spki = from_hex(samples[i].spki);
        struct bytes sig = from_hex(samples[i].signature);
        struct cfk__span other = { message.data, message.size - 1 };
        int rc = cfk__signature_verify(&samples[i].scheme, span_of(spki), other,
                                       span_of(sig), NULL);

        ck_assert_int_eq(rc, absent(&samples[i]) ? CFK_E_NOTSUP : CFK_E_SIGNATURE);
        free(spki.data);
        free(sig.data);
    }
}
END_TEST

START_TEST(every_changed_byte_of_a_signature_is_refused)
{
    const struct sample *s = &samples[_i];
    struct bytes spki = from_hex(s->spki);
    struct bytes sig = from_hex(s->signature);

    for (size_t at = 0; at < sig.size; at += stride())
        for (unsigned flip = 1; flip < 256; flip *= 16) {
            int rc;

            sig.data[at] ^= (uint8_t)flip;
            rc = verify(&s->scheme, spki, sig);
            sig.data[at] ^= (uint8_t)flip;
            ck_assert_msg(rc == (absent(s) ? CFK_E_NOTSUP : CFK_E_SIGNATURE),
                          "%s: byte %zu: %s", s->name, at, cfk_error_name(rc));
        }
    free(spki.data);
    free(sig.data);
}
END_TEST

START_TEST(a_signature_of_another_length_is_refused)
{
    for (int i = 0; i < SAMPLES; i++) {
        struct bytes spki = from_hex(samples[i].spki);
        struct bytes sig = from_hex(samples[i].signature);

        sig.data = realloc(sig.data, sig.size + 1);
        sig.data[sig.size] = 0;
        sig.size++;
        ck_assert_int_eq(verify(&samples[i].scheme, spki, sig), CFK_E_SIGNATURE);
        for (sig.size -= 2; sig.size > 0; sig.size--)
            ck_assert_int_eq(verify(&samples[i].scheme, spki, sig), CFK_E_SIGNATURE);
        ck_assert_int_eq(verify(&samples[i].scheme, spki, sig), CFK_E_SIGNATURE);
        free(spki.data);
        free(sig.data);
    }
}
END_TEST

START_TEST(a_key_that_was_cut_or_lengthened_is_malformed)
{
    for (int i = 0; i < SAMPLES; i++) {
        struct bytes spki = from_hex(samples[i].spki);
        struct bytes sig = from_hex(samples[i].signature);
        struct bytes cut = { NULL, 0 };

        for (; cut.size < spki.size; cut.size++) {
            cut.data = malloc(cut.size + 1); /* so that a sanitizer sees a read behind */
            memcpy(cut.data, spki.data, cut.size);
            ck_assert_int_eq(verify(&samples[i].scheme, cut, sig), CFK_E_CORRUPT);
            free(cut.data);
        }
        spki.data = realloc(spki.data, spki.size + 1);
        spki.data[spki.size++] = 0;
        ck_assert_int_eq(verify(&samples[i].scheme, spki, sig), CFK_E_CORRUPT);
        free(spki.data);
        free(sig.data);
    }
}
END_TEST

START_TEST(a_changed_key_never_verifies)
{
    const struct sample *s = &samples[_i];
    struct bytes spki = from_hex(s->spki);
    struct bytes sig = from_hex(s->signature);

    for (size_t at = 0; at < spki.size; at += stride()) {
        int rc;

        spki.data[at] ^= 0x20;
        rc = verify(&s->scheme, spki, sig);
        spki.data[at] ^= 0x20;
        ck_assert_msg(rc == CFK_E_SIGNATURE || rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP,
                      "%s: byte %zu: %s", s->name, at, cfk_error_name(rc));
    }
    free(spki.data);
    free(sig.data);
}
END_TEST

START_TEST(a_key_of_another_kind_is_named_as_such)
{
    struct bytes sig = from_hex(P256_SHA256);
    struct cfk_error err;

    for (int i = 0; i < SAMPLES; i++) {
        bool is_ec = samples[i].scheme.id == CFK__ECDSA;
        struct bytes spki = from_hex(is_ec ? RSA_SPKI : P256_SPKI);
        int rc = cfk__signature_verify(&samples[i].scheme, span_of(spki), message,
                                       span_of(sig), &err);

        unit_expect_error(rc, CFK_E_CORRUPT, &err, "kind of signature");
        free(spki.data);
    }
    free(sig.data);
}
END_TEST

START_TEST(the_scheme_decides_not_the_signature)
{
    struct cfk__signature_scheme pss = { CFK__RSA_PSS, CFK__SHA256, 31 };
    struct cfk__signature_scheme sha384 = { CFK__RSA_PKCS1, CFK__SHA384, 0 };

    ck_assert_int_eq(verify_hex(&pss, RSA_SPKI, PSS_SHA256_SALT32), CFK_E_SIGNATURE);
    pss.salt_size = 33;
    ck_assert_int_eq(verify_hex(&pss, RSA_SPKI, PSS_SHA256_SALT32), CFK_E_SIGNATURE);
    pss.salt_size = SIZE_MAX;
    ck_assert_int_eq(verify_hex(&pss, RSA_SPKI, PSS_SHA256_SALT32), CFK_E_SIGNATURE);
    pss.salt_size = 32;
    ck_assert_int_eq(verify_hex(&pss, RSA_SPKI, PKCS1_SHA256), CFK_E_SIGNATURE);
    ck_assert_int_eq(verify_hex(&sha384, RSA_SPKI, PKCS1_SHA256), CFK_E_SIGNATURE);
}
END_TEST

/* The same key under id-RSASSA-PSS: the last byte of the OID, no NULL. */
static struct bytes as_pss_key(bool with_parameters)
{
    struct bytes spki = from_hex(RSA_SPKI); /* 30820122 300d 0609 oid 0500 03 82010f */

    spki.data[16] = 0x0a;
    if (with_parameters) {
        spki.data[17] = 0x30; /* all defaults */
        return spki;
    }
    memmove(spki.data + 17, spki.data + 19, spki.size - 19);
    spki.size -= 2;
    spki.data[3] = (uint8_t)(spki.data[3] - 2);
    spki.data[5] = (uint8_t)(spki.data[5] - 2);
    return spki;
}

START_TEST(a_pss_key_is_for_pss_alone)
{
    struct cfk__signature_scheme pss = { CFK__RSA_PSS, CFK__SHA256, 32 };
    struct cfk__signature_scheme pkcs1 = { CFK__RSA_PKCS1, CFK__SHA256, 0 };
    struct bytes with = as_pss_key(true);
    struct bytes without = as_pss_key(false);
    struct bytes pss_sig = from_hex(PSS_SHA256_SALT32);
    struct bytes pkcs1_sig = from_hex(PKCS1_SHA256);

    ck_assert_int_eq(verify(&pss, without, pss_sig), CFK_OK);
    ck_assert_int_eq(verify(&pkcs1, without, pkcs1_sig), CFK_E_CORRUPT);
    ck_assert_int_eq(verify(&pss, with, pss_sig), CFK_E_NOTSUP);
    free(with.data);
    free(without.data);
    free(pss_sig.data);
    free(pkcs1_sig.data);
}
END_TEST

START_TEST(other_curves_and_compressed_points_are_not_supported)
{
    struct cfk__signature_scheme ecdsa = { CFK__ECDSA, CFK__SHA256, 0 };

    ck_assert_int_eq(verify_hex(&ecdsa, K1_SPKI, P256_SHA256), CFK_E_NOTSUP);
    ck_assert_int_eq(verify_hex(&ecdsa, P256_COMPRESSED_SPKI, P256_SHA256), CFK_E_NOTSUP);
}
END_TEST

START_TEST(a_point_that_is_not_on_the_curve_is_malformed)
{
    struct cfk__signature_scheme ecdsa = { CFK__ECDSA, CFK__SHA256, 0 };
    struct bytes spki = from_hex(P256_SPKI);
    struct bytes sig = from_hex(P256_SHA256);

    spki.data[spki.size - 1] ^= 1;
    ck_assert_int_eq(verify(&ecdsa, spki, sig), CFK_E_CORRUPT);
    memset(spki.data + spki.size - 64, 0, 64); /* (0, 0) */
    ck_assert_int_eq(verify(&ecdsa, spki, sig), CFK_E_CORRUPT);
    memset(spki.data + spki.size - 64, 0xff, 64); /* over the prime */
    ck_assert_int_eq(verify(&ecdsa, spki, sig), CFK_E_CORRUPT);
    free(spki.data);
    free(sig.data);
}
END_TEST

/* tag, length and content, where content was before. */
static void wrap(struct bytes *b, uint8_t tag)
{
    uint8_t head[4] = { tag };
    size_t head_size = 2;

    if (b->size < 0x80) {
        head[1] = (uint8_t)b->size;
    } else if (b->size < 0x100) {
        head[1] = 0x81;
        head[head_size++] = (uint8_t)b->size;
    } else {
        head[1] = 0x82;
        head[head_size++] = (uint8_t)(b->size >> 8);
        head[head_size++] = (uint8_t)b->size;
    }
    b->data = realloc(b->data, b->size + head_size);
    memmove(b->data + head_size, b->data, b->size);
    memcpy(b->data, head, head_size);
    b->size += head_size;
}

/* first, then second, which is released. */
static void join(struct bytes *first, struct bytes second)
{
    first->data = realloc(first->data, first->size + second.size);
    memcpy(first->data + first->size, second.data, second.size);
    first->size += second.size;
    free(second.data);
}

/* An RSA SPKI with a modulus of so many bits, all ones, and this exponent. */
static struct bytes rsa_key(size_t bits, const char *exponent)
{
    struct bytes n = { malloc(bits / 8 + 1), bits / 8 + 1 };
    struct bytes e = from_hex(exponent);
    struct bytes key = from_hex("00");
    struct bytes spki = from_hex("300d06092a864886f70d0101010500");

    memset(n.data, 0xff, n.size);
    n.data[0] = (uint8_t)((1u << bits % 8) - 1);
    wrap(&n, 0x02);
    wrap(&e, 0x02);
    join(&n, e);
    wrap(&n, 0x30);
    join(&key, n);
    wrap(&key, 0x03);
    join(&spki, key);
    wrap(&spki, 0x30);
    return spki;
}

static void expect_rsa(size_t bits, const char *exponent, int code)
{
    struct cfk__signature_scheme pkcs1 = { CFK__RSA_PKCS1, CFK__SHA256, 0 };
    struct bytes key = rsa_key(bits, exponent);
    struct bytes sig = { calloc(1, bits / 8 + 1), (bits + 7) / 8 };
    int rc = verify(&pkcs1, key, sig);

    ck_assert_msg(rc == code, "%zu bits, exponent %s: %s", bits, exponent,
                  cfk_error_name(rc));
    free(key.data);
    free(sig.data);
}

START_TEST(rsa_keys_have_limits)
{
    expect_rsa(2047, "010001", CFK_E_SIGNATURE);
    expect_rsa(2048, "010001", CFK_E_SIGNATURE);
    expect_rsa(8192, "010001", CFK_E_SIGNATURE);
    expect_rsa(8193, "010001", CFK_E_NOTSUP);
    expect_rsa(16384, "010001", CFK_E_NOTSUP);
    expect_rsa(511, "010001", CFK_E_NOTSUP);
    expect_rsa(512, "010001", CFK_E_SIGNATURE);
    expect_rsa(2048, "03", CFK_E_SIGNATURE);
    expect_rsa(2048, "01", CFK_E_CORRUPT);
    expect_rsa(2048, "00", CFK_E_CORRUPT);
    expect_rsa(2048, "010000", CFK_E_CORRUPT);
    expect_rsa(2048, "81", CFK_E_CORRUPT);     /* negative */
    expect_rsa(2048, "000101", CFK_E_CORRUPT); /* not minimal */
    expect_rsa(2048, "00ffffffffffffffff", CFK_E_SIGNATURE);
    expect_rsa(2048, "01ffffffffffffffff", CFK_E_NOTSUP);
}
END_TEST

START_TEST(an_ecdsa_signature_is_strict_der)
{
    static const char *const not_der[] = {
        "",
        "3000",
        "3006020100020101",     /* r is zero */
        "3006020101020100",     /* s is zero */
        "3006020181020101",     /* r is negative */
        "300702020001020101",   /* r is not minimal */
        "30810602010102010100", /* length not minimal */
        "3080020101020101"
        "0000", /* indefinite */
        "300902010102010102"
        "0101",                 /* a third number */
        "31060201010201",       /* not a sequence */
        "3082ffff020101020101", /* longer than it is */
        "30060201010203010101", /* the inner one longer than the outer */
    };
    struct cfk__signature_scheme ecdsa = { CFK__ECDSA, CFK__SHA256, 0 };

    for (size_t i = 0; i < sizeof not_der / sizeof not_der[0]; i++)
        ck_assert_int_eq(verify_hex(&ecdsa, P256_SPKI, not_der[i]), CFK_E_SIGNATURE);
    ck_assert_int_eq(verify_hex(&ecdsa, P256_SPKI, "3006020101020101"), CFK_E_SIGNATURE);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        signatures_of_openssl_are_valid,
        another_message_is_refused,
        a_signature_of_another_length_is_refused,
        a_key_that_was_cut_or_lengthened_is_malformed,
        a_key_of_another_kind_is_named_as_such,
        the_scheme_decides_not_the_signature,
        a_pss_key_is_for_pss_alone,
        other_curves_and_compressed_points_are_not_supported,
        a_point_that_is_not_on_the_curve_is_malformed,
        rsa_keys_have_limits,
        an_ecdsa_signature_is_strict_der,
        NULL,
    };
    Suite *s = suite_create("base/signature");
    TCase *tc = unit_case("signature", tests);

    tcase_add_loop_test(tc, every_changed_byte_of_a_signature_is_refused, 0, SAMPLES);
    tcase_add_loop_test(tc, a_changed_key_never_verifies, 0, SAMPLES);
    suite_add_tcase(s, tc);
    return s;
}
