/* SPDX-License-Identifier: MIT */
/* Files with private keys: what surrounds them, how they are encrypted, their limits. */
#include "key_vectors.h"
#include "make.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_with(const void *key, size_t size, const char *spki,
                      const struct cfk_bundle_key_options *opts, struct cfk_error *err)
{
    struct make m = { .subject = "x", .spki = spki };
    uint8_t cert[2048];
    size_t cert_size = make_cert(&m, cert);

    memset(err, 0, sizeof *err);
    return cfk_bundle_key_check(key, size, cert, cert_size, opts, err);
}

static void expect(const char *text, const char *passphrase, int code, const char *words)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };
    struct cfk_error err;
    int rc;

    opts.passphrase = passphrase;
    opts.passphrase_size = passphrase != NULL ? strlen(passphrase) : 0;
    rc = check_with(text, strlen(text), spki_p256, &opts, &err);
    if (code == CFK_OK)
        ck_assert_msg(rc == CFK_OK, "%s", err.message);
    else
        unit_expect_error(rc, code, &err, words);
}

/* text with every newline as end. */
static void with_ends(char *out, size_t size, const char *text, const char *end)
{
    size_t used = 0;

    for (; *text != '\0'; text++) {
        int n = *text == '\n' ? snprintf(out + used, size - used, "%s", end)
                              : snprintf(out + used, size - used, "%c", *text);

        used += (size_t)n;
        ck_assert_uint_lt(used, size);
    }
}

START_TEST(keys_are_found_as_people_leave_them)
{
    static const char cert[] =
        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
        "-----END EC PARAMETERS-----\n";
    char text[4096];

    snprintf(text, sizeof text, "junk\n%s%s%s", cert, key_p256_sec1, cert);
    expect(text, NULL, CFK_OK, NULL);
    snprintf(text, sizeof text, "%s%s", key_p256_pkcs8, key_p384_pkcs8);
    expect(text, NULL, CFK_OK, NULL);
    snprintf(text, sizeof text, "%s%s", key_p384_pkcs8, key_p256_pkcs8);
    expect(text, NULL, CFK_E_KEY, "P-384"); /* the first counts */
    with_ends(text, sizeof text, key_p256_pkcs8, "\r\n");
    expect(text, NULL, CFK_OK, NULL);
    with_ends(text, sizeof text, key_dek_aes128, "\r\n");
    expect(text, "secret", CFK_OK, NULL);
    with_ends(text, sizeof text, key_p256_pkcs8, " \t\n\n");
    expect(text, NULL, CFK_OK, NULL);
    snprintf(text, sizeof text, "%s", key_p256_pkcs8);
    text[strlen(text) - 1] = '\0'; /* no newline at the end */
    expect(text, NULL, CFK_OK, NULL);
    snprintf(text, sizeof text,
             "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,CLEAR\nComment: mine\n\n%s",
             strchr(key_p256_pkcs8, '\n') + 1);
    expect(text, NULL, CFK_OK, NULL);
}
END_TEST

START_TEST(what_is_no_key_says_what_it_is)
{
    static const char openssh[] =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    char text[4096];

    expect("", NULL, CFK_E_NOTFOUND, "no private key in the file");
    expect("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", NULL,
           CFK_E_NOTFOUND, "no private key");
    expect("-----BEGIN PRIVATE KEY-----\nMIGH", NULL, CFK_E_CORRUPT, "no END line");
    expect("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", NULL,
           CFK_E_CORRUPT, "not PKCS #8, PKCS #1 or SEC 1 in DER");
    for (const char *bad = "*-\x80_!"; *bad != '\0'; bad++) {
        snprintf(text, sizeof text,
                 "-----BEGIN PRIVATE KEY-----\nMI%cH\n-----END PRIVATE KEY-----\n", *bad);
        expect(text, NULL, CFK_E_CORRUPT, "not base64");
    }
    expect("-----BEGIN PRIVATE KEY-----\nMIGH=\n-----END PRIVATE KEY-----\n", NULL,
           CFK_E_CORRUPT, "not base64");
    expect("-----BEGIN PRIVATE KEY-----\nMI=G\n-----END PRIVATE KEY-----\n", NULL,
           CFK_E_CORRUPT, "not base64");
    expect(openssh, NULL, CFK_E_NOTSUP, "'ssh-keygen -p -m PKCS8' writes it anew");
}
END_TEST

START_TEST(a_key_has_a_limit)
{
    enum { LIMIT = 64 * 1024 };
    static const char head[] = "-----BEGIN PRIVATE KEY-----\n";
    static const char tail[] = "-----END PRIVATE KEY-----\n";
    static char text[LIMIT + 200];
    struct cfk_error err;
    size_t size = LIMIT;

    for (int over = 0; over <= 1; over++) { /* blanks around a good key */
        const char *body = strchr(key_p256_pkcs8, '\n') + 1;
        size_t body_size = (size_t)(strstr(body, "-----END") - body);

        memset(text, '\n', sizeof text);
        memcpy(text, head, sizeof head - 1);
        memcpy(text + sizeof head - 1, body, body_size);
        size = sizeof head - 1 + LIMIT + (size_t)over;
        memcpy(text + size, tail, sizeof tail - 1);
        size += sizeof tail - 1;
        ck_assert_int_eq(check_with(text, size, spki_p256, NULL, &err),
                         over ? CFK_E_LIMIT : CFK_OK);
    }
}
END_TEST

START_TEST(passphrases_are_asked_for_and_checked)
{
    static const char *const keys[] = { key_pbes2_aes256, key_pbes2_des3, key_dek_aes256,
                                        key_dek_des3 };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        expect(keys[i], NULL, CFK_E_PASSPHRASE, "encrypted, and no passphrase was given");
        expect(keys[i], "Secret", CFK_E_PASSPHRASE, "wrong, or the file is damaged");
        expect(keys[i], "", CFK_E_PASSPHRASE, "wrong, or the file is damaged");
        expect(keys[i], "secret", CFK_OK, NULL);
    }
    for (int i = 0; i < 600; i++) { /* padding is right by chance: never a key */
        char passphrase[16];
        struct cfk_bundle_key_options opts = { .size = sizeof opts };
        struct cfk_error err;

        opts.passphrase = passphrase;
        opts.passphrase_size = (size_t)snprintf(passphrase, sizeof passphrase, "%d", i);
        ck_assert_int_eq(
            check_with(key_dek_aes128, strlen(key_dek_aes128), spki_p256, &opts, &err),
            CFK_E_PASSPHRASE);
    }
}
END_TEST

START_TEST(iterations_are_limited_from_both_sides)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };
    struct cfk_error err;

    opts.passphrase = "secret";
    opts.passphrase_size = 6;
    opts.max_iterations = 100;
    ck_assert_int_eq(
        check_with(key_pbes2_aes256, strlen(key_pbes2_aes256), spki_p256, &opts, &err),
        CFK_OK);
    opts.max_iterations = 99;
    unit_expect_error(
        check_with(key_pbes2_aes256, strlen(key_pbes2_aes256), spki_p256, &opts, &err),
        CFK_E_LIMIT, &err, "hashed 100 times; the limit is 99");
    opts.size = 4;
    ck_assert_int_eq(
        check_with(key_p256_sec1, strlen(key_p256_sec1), spki_p256, &opts, &err),
        CFK_E_INVALID);
}
END_TEST

START_TEST(encryption_that_is_not_read_says_what_to_do)
{
    char text[4096];

    expect(key_pbes2_sha224, "secret", CFK_E_NOTSUP, "a hash other than SHA-1");
    expect(key_pbes2_camellia, "secret", CFK_E_NOTSUP, "a cipher other than AES");
    expect(key_pbes2_scrypt, "secret", CFK_E_NOTSUP,
           "derived by scrypt, which is not read; 'openssl pkcs8 -topk8' writes it anew");
    expect(key_dek_camellia, "secret", CFK_E_NOTSUP, "a cipher other than AES");
    snprintf(text, sizeof text, "%s", key_dek_aes128);
    memcpy(strstr(text, "AES-128-CBC,") + 12, "XY", 2);
    expect(text, "secret", CFK_E_CORRUPT, "not described as it should be");
    memmove(strstr(text, "XY"), strstr(text, "XY") + 2,
            strlen(strstr(text, "XY") + 2) + 1);
    expect(text, "secret", CFK_E_CORRUPT, "not described as it should be");
    snprintf(text, sizeof text, "%s", key_dek_aes128);
    memmove(strstr(text, "\n\n") + 2, strstr(text, "\n\n") + 6,
            strlen(strstr(text, "\n\n") + 6) + 1);
    expect(text, "secret", CFK_E_CORRUPT, "not whole blocks");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        keys_are_found_as_people_leave_them,
        what_is_no_key_says_what_it_is,
        a_key_has_a_limit,
        passphrases_are_asked_for_and_checked,
        iterations_are_limited_from_both_sides,
        encryption_that_is_not_read_says_what_to_do,
        NULL,
    };
    Suite *suite = suite_create("bundle/key_file");

    suite_add_tcase(suite, unit_case("key_file", tests));
    return suite;
}
