/* SPDX-License-Identifier: MIT */
/* Private keys in every form, and whether they are those of certificates. */
#include "bundle/key_der.h"
#include "bundle/pem.h"
#include "checked.h"
#include "key_vectors.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct der {
    uint8_t data[2048];
    size_t size;
};

static int check_bytes(const void *key, size_t size, const char *spki,
                       const struct cfk_bundle_key_options *opts, struct cfk_error *err)
{
    struct make m = { .subject = "x", .spki = spki };
    uint8_t cert[2048];
    size_t cert_size = make_cert(&m, cert);

    memset(err, 0, sizeof *err);
    return cfk_bundle_key_check(key, size, cert, cert_size, opts, err);
}

static int check(const char *key, const char *spki, const char *passphrase,
                 struct cfk_error *err)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };

    opts.passphrase = passphrase;
    opts.passphrase_size = passphrase != NULL ? strlen(passphrase) : 0;
    return check_bytes(key, strlen(key), spki, &opts, err);
}

static void expect(const char *key, const char *spki, const char *passphrase, int code,
                   const char *words)
{
    struct cfk_error err;
    int rc = check(key, spki, passphrase, &err);

    if (code == CFK_OK)
        ck_assert_msg(rc == CFK_OK, "%s", err.message);
    else
        unit_expect_error(rc, code, &err, words);
}

/* What the first block of a PEM text stands for. */
static void to_der(const char *pem, struct der *out)
{
    struct cfk__buffer bytes = { .alloc = NULL };
    struct cfk__pem_block block;
    struct cfk__reader r;
    size_t bad;

    cfk__reader_init(&r, pem, strlen(pem));
    ck_assert(cfk__pem_next(&r, &block));
    ck_assert_int_eq(cfk__base64_decode(block.body, &bytes, &bad), CFK_OK);
    ck_assert_uint_le(bytes.size, sizeof out->data);
    memcpy(out->data, bytes.data, bytes.size);
    out->size = bytes.size;
    cfk__buffer_free(&bytes);
}

static int check_der(const struct der *key, const char *spki, struct cfk_error *err)
{
    return check_bytes(key->data, key->size, spki, NULL, err);
}

static const struct {
    const char *key;
    const char *spki;
} plain[] = {
    { key_rsa_pkcs1, spki_rsa },   { key_rsa_pkcs8, spki_rsa },
    { key_rsa_pss, spki_rsa_pss }, { key_p256_sec1, spki_p256 },
    { key_p256_pkcs8, spki_p256 }, { key_p384_sec1, spki_p384 },
    { key_p384_pkcs8, spki_p384 }, { key_p521_sec1, spki_p521 },
    { key_p521_pkcs8, spki_p521 }, { key_ed25519, spki_ed25519 },
};

enum { PLAIN = sizeof plain / sizeof *plain };

static const char *const encrypted[] = {
    key_pbes2_aes128, key_pbes2_aes192, key_pbes2_aes256, key_pbes2_des3,
    key_pbes2_sha1,   key_pbes2_sha384, key_pbes2_sha512, key_dek_aes128,
    key_dek_aes192,   key_dek_aes256,   key_dek_des3,
};

enum { ENCRYPTED = sizeof encrypted / sizeof *encrypted };

START_TEST(every_form_of_a_key_is_read)
{
    struct cfk_error err;
    struct der der;

    for (size_t i = 0; i < PLAIN; i++) {
        expect(plain[i].key, plain[i].spki, NULL, CFK_OK, NULL);
        to_der(plain[i].key, &der);
        ck_assert_int_eq(check_der(&der, plain[i].spki, &err), CFK_OK);
        ck_assert_int_eq(cfk_bundle_key_encrypted(der.data, der.size), 0);
    }
    for (size_t i = 0; i < ENCRYPTED; i++) {
        expect(encrypted[i], spki_p256, "secret", CFK_OK, NULL);
        ck_assert_int_eq(cfk_bundle_key_encrypted(encrypted[i], strlen(encrypted[i])), 1);
    }
    to_der(key_pbes2_aes256, &der);
    ck_assert_int_eq(check_der(&der, spki_p256, &err), CFK_E_PASSPHRASE);
    ck_assert_int_eq(cfk_bundle_key_encrypted(der.data, der.size), 1);
}
END_TEST

START_TEST(every_other_key_is_told_with_kind_and_size)
{
    for (size_t i = 0; i < PLAIN; i++)
        for (size_t n = i % 3; n < PLAIN; n += 3)
            if (strcmp(plain[i].spki, plain[n].spki) != 0)
                expect(plain[i].key, plain[n].spki, NULL, CFK_E_KEY,
                       "is not that of the certificate");
    expect(key_rsa_pkcs1, spki_p256, NULL, CFK_E_KEY,
           "the private key (RSA, 1024 bits) is not that of the certificate (P-256)");
    expect(key_p384_sec1, spki_p521, NULL, CFK_E_KEY,
           "the private key (P-384) is not that of the certificate (P-521)");
    expect(key_ed25519, spki_rsa_pss, NULL, CFK_E_KEY,
           "(Ed25519) is not that of the certificate (RSASSA-PSS, 1024 bits)");
}
END_TEST

/* A copy of hexadecimal text with other at from. */
static const char *patched(const char *hex, size_t from, const char *other)
{
    static char text[1024];

    ck_assert_uint_le(from + strlen(other), strlen(hex));
    snprintf(text, sizeof text, "%s", hex);
    memcpy(text + from, other, strlen(other));
    return text;
}

#define P256_HEAD "3059301306072a8648ce3d020106082a8648ce3d030107034200"

/* p - y for the y of the point in spki_p256: the other point with this x. */
static void negate_y(char hex[65])
{
    static const char p[] =
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    const char *y = spki_p256 + strlen(spki_p256) - 64;
    int borrow = 0;

    for (int i = 63; i >= 0; i--) {
        int digit = p[i] >= 'a' ? p[i] - 'a' + 10 : p[i] - '0';

        digit -= (y[i] >= 'a' ? y[i] - 'a' + 10 : y[i] - '0') + borrow;
        borrow = digit < 0;
        hex[i] = "0123456789abcdef"[digit & 15];
    }
    hex[64] = '\0';
}

START_TEST(the_whole_public_key_counts)
{
    size_t end = strlen(spki_p256);
    const char *x = spki_p256 + strlen(P256_HEAD) + 2;
    char spki[1024];
    char y[65];
    char sign = '2';

    ck_assert(strncmp(spki_p256, P256_HEAD "04", strlen(P256_HEAD) + 2) == 0);
    negate_y(y);
    expect(key_p256_sec1, patched(spki_p256, end - 64, y), NULL, CFK_E_KEY, "P-256");
    expect(key_p256_sec1,
           patched(spki_p256, end - 1, spki_p256[end - 1] == '0' ? "1" : "0"), NULL,
           CFK_E_KEY, "P-256");

    /* The same bytes as a point of another curve: secp256k1, and one that nobody knows.
     */
    snprintf(spki, sizeof spki, "3056301006072a8648ce3d020106052b8104000a034200%s",
             spki_p256 + strlen(P256_HEAD));
    expect(key_p256_sec1, spki, NULL, CFK_E_KEY,
           "the private key (P-256) is not that of the certificate (secp256k1)");
    expect(key_p256_sec1, patched(spki_p256, 44, "06"), NULL, CFK_E_KEY,
           "of the certificate (EC)");

    /* Compressed, with the right sign of y and with the other one. */
    sign = (char)(strchr("13579bdf", spki_p256[end - 1]) != NULL ? '3' : '2');
    snprintf(spki, sizeof spki,
             "3039301306072a8648ce3d020106082a8648ce3d030107032200"
             "0%c%.64s",
             sign, x);
    expect(key_p256_sec1, spki, NULL, CFK_OK, NULL);
    expect(key_p256_sec1, patched(spki, strlen(spki) - 65, sign == '2' ? "3" : "2"), NULL,
           CFK_E_KEY, "P-256");

    /* RSA: the exponent 65537 is the last number; the modulus before it. */
    end = strlen(spki_rsa);
    expect(key_rsa_pkcs1, patched(spki_rsa, end - 1, "3"), NULL, CFK_E_KEY, "RSA, 1024");
    expect(key_rsa_pkcs1, patched(spki_rsa, end - 12, "3"), NULL, CFK_E_KEY, "RSA, 1024");
    /* rsaEncryption, but the certificate says id-RSASSA-PSS. */
    ck_assert(strncmp(spki_rsa + 28, "0101", 4) == 0);
    expect(key_rsa_pkcs1, patched(spki_rsa, 30, "0a"), NULL, CFK_E_KEY,
           "(RSASSA-PSS, 1024 bits)");
    expect(key_ed25519, patched(spki_ed25519, strlen(spki_ed25519) - 2, "00"), NULL,
           CFK_E_KEY, "Ed25519");
}
END_TEST

START_TEST(keys_of_certificates_that_cannot_be_compared_say_why)
{
    char spki[4096] = "";
    char inner[2048] = "";

    /* Explicit parameters: an empty sequence will do. */
    make_wrap(inner, sizeof inner, 0x30, "06072a8648ce3d02013000");
    make_wrap(inner, sizeof inner, 0x03, "0004");
    make_wrap(spki, sizeof spki, 0x30, inner);
    expect(key_p256_sec1, spki, NULL, CFK_E_NOTSUP, "is not given by name");
    expect(key_p256_sec1, "301306052b0e0302010500030a00010203040506070809", NULL,
           CFK_E_CORRUPT, "no certificate");
    expect(key_p256_sec1, patched(spki_p256, strlen(P256_HEAD), "05"), NULL,
           CFK_E_CORRUPT, "the public key of the certificate is malformed");
}
END_TEST

START_TEST(numbers_that_contradict_each_other_are_refused)
{
    struct cfk_error err;
    struct der der;
    struct der good;
    struct cfk__reader r;
    struct cfk__span number;

    to_der(key_rsa_pkcs1, &good);
    cfk__reader_init(&r, good.data, good.size);
    ck_assert(cfk__der_enter(&r, CFK__DER_SEQUENCE, &r));
    ck_assert(cfk__der_value(&r, CFK__DER_INTEGER, &number));
    for (int i = 0; i < 8; i++) { /* n e d p q dp dq qinv */
        size_t last;

        ck_assert(cfk__der_value(&r, CFK__DER_INTEGER, &number));
        last = (size_t)(number.data + number.size - good.data) - 1;
        der = good;
        der.data[last] ^= 2;
        unit_expect_error(check_der(&der, spki_rsa, &err), CFK_E_CORRUPT, &err,
                          "do not belong together");
    }
    to_der(key_p256_sec1, &der);
    der.data[der.size - 1] ^= 1; /* y of the public part, which is last */
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "its public part is that of another key");
    to_der(key_p256_pkcs8, &der);
    der.data[der.size - 1] ^= 1;
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "its public part is that of another key");
}
END_TEST

/* SEC 1 on P-256 with this scalar, and nothing behind it but the curve. */
static void sec1(struct der *out, const char *scalar)
{
    char inner[512] = "020101";
    char text[512] = "";
    uint8_t *bytes;

    make_wrap(inner, sizeof inner, 0x04, scalar);
    strcat(inner, "a00a06082a8648ce3d030107");
    make_wrap(text, sizeof text, 0x30, inner);
    bytes = unit_hex(text, &out->size);
    memcpy(out->data, bytes, out->size);
    free(bytes);
}

#define P256_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P256_G                                                                           \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"                   \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

START_TEST(a_public_part_that_is_missing_is_computed)
{
    struct cfk_error err;
    struct der der;

    sec1(&der, "01"); /* of fewer bytes than the curve has */
    ck_assert_int_eq(check_der(&der, P256_HEAD "04" P256_G, &err), CFK_OK);
    sec1(&der, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
    unit_expect_error(check_der(&der, P256_HEAD "04" P256_G, &err), CFK_E_KEY, &err,
                      "P-256"); /* order - 1: the same x, the other y */
    sec1(&der, P256_ORDER);
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "not one of its curve");
    sec1(&der, "0000000000000000000000000000000000000000000000000000000000000000");
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "not one of its curve");
    sec1(&der, "00" P256_ORDER);
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "has not the length of its curve");
    sec1(&der, "");
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "has not the length of its curve");
    to_der(key_p256_sec1, &der); /* without the curve, and so without all behind it */
    der.size = 39;
    der.data[1] = 37;
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_CORRUPT, &err,
                      "does not say on which curve");
}
END_TEST

START_TEST(what_is_not_read_is_named)
{
    struct cfk_error err;
    struct der der;

    expect(key_secp256k1, spki_p256, NULL, CFK_E_NOTSUP, "other than P-256, P-384");
    expect(key_explicit_sec1, spki_p256, NULL, CFK_E_NOTSUP, "explicit parameters");
    expect(key_explicit_pkcs8, spki_p256, NULL, CFK_E_NOTSUP, "explicit parameters");
    expect(key_x25519, spki_p256, NULL, CFK_E_NOTSUP, "other than RSA, P-256");
    to_der(key_rsa_pkcs1, &der);
    der.data[6] = 1;
    unit_expect_error(check_der(&der, spki_rsa, &err), CFK_E_NOTSUP, &err,
                      "more than two primes");
    der.data[6] = 2;
    unit_expect_error(check_der(&der, spki_rsa, &err), CFK_E_CORRUPT, &err, "PKCS #1");
    to_der(key_p256_pkcs8, &der);
    der.data[5] = 2;
    unit_expect_error(check_der(&der, spki_p256, &err), CFK_E_NOTSUP, &err,
                      "PKCS #8 of version 2");
}
END_TEST

START_TEST(damage_is_survived)
{
    for (size_t i = 0; i < PLAIN; i++) {
        size_t step = i < 3 && !CHECKED ? 5 : 41; /* curves take their time */
        struct cfk_error err;
        struct der der;
        struct der good;

        to_der(plain[i].key, &good);
        for (size_t cut = 0; cut < good.size; cut += CHECKED ? 7 : 1) {
            der = good;
            der.size = cut;
            ck_assert_int_ne(check_der(&der, plain[i].spki, &err), CFK_OK);
        }
        for (size_t at = i % step; at < good.size; at += step) {
            der = good;
            der.data[at] ^= 0x15;
            check_der(&der, plain[i].spki, &err);
        }
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_form_of_a_key_is_read,
        every_other_key_is_told_with_kind_and_size,
        the_whole_public_key_counts,
        keys_of_certificates_that_cannot_be_compared_say_why,
        numbers_that_contradict_each_other_are_refused,
        a_public_part_that_is_missing_is_computed,
        what_is_not_read_is_named,
        damage_is_survived,
        NULL,
    };
    Suite *suite = suite_create("bundle/key");

    suite_add_tcase(suite, unit_case("key", tests));
    return suite;
}
