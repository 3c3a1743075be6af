/* SPDX-License-Identifier: MIT */
/* PKCS #12: certificates and keys come out, under the right passphrase alone. */
#include "bundle/pkcs12_kdf.h"
#include "checked.h"
#include "fault.h"
#include "key_vectors.h"
#include "make.h"
#include "pkcs12_vectors.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct file {
    uint8_t *data;
    size_t size;
};

static struct file file_of(const char *hex)
{
    struct file f;

    f.data = unit_hex(hex, &f.size);
    return f;
}

static struct cfk_bundle_key_options options(const char *passphrase)
{
    struct cfk_bundle_key_options opts = { .size = sizeof opts };

    opts.passphrase = passphrase;
    opts.passphrase_size = passphrase != NULL ? strlen(passphrase) : 0;
    return opts;
}

/* The certificates, of which the first is taken for the leaf. */
static int certs(const struct file *f, const struct cfk_bundle_key_options *opts,
                 struct cfk_error *err)
{
    cfk_bundle_pool *pool;
    void *bag;
    void *leaf;
    size_t bag_size;
    size_t leaf_size;
    int rc;

    memset(err, 0, sizeof *err);
    rc = cfk_bundle_pkcs12_certs(f->data, f->size, opts, &bag, &bag_size, err);
    ck_assert((rc == CFK_OK) == (bag != NULL));
    if (rc != CFK_OK)
        return rc;
    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    rc = cfk_bundle_pool_add_input(pool, bag, bag_size, NULL, &leaf, &leaf_size, err);
    cfk_free(NULL, leaf);
    cfk_free(NULL, bag);
    cfk_bundle_pool_free(pool);
    return rc;
}

static int check_key(const struct file *f, const struct cfk_bundle_key_options *opts,
                     struct cfk_error *err)
{
    struct make m = { .subject = "x", .spki = spki_p256 };
    uint8_t cert[2048];

    memset(err, 0, sizeof *err);
    return cfk_bundle_key_check(f->data, f->size, cert, make_cert(&m, cert), opts, err);
}

static void expect(const char *hex, const char *passphrase, int of_certs, int of_key,
                   const char *words)
{
    struct cfk_bundle_key_options opts = options(passphrase);
    struct file f = file_of(hex);
    struct cfk_error err;
    int rc = certs(&f, &opts, &err);

    ck_assert_int_eq(cfk_bundle_is_pkcs12(f.data, f.size), 1);
    ck_assert_int_eq(cfk_bundle_key_encrypted(f.data, f.size), 1);
    if (of_certs == CFK_OK)
        ck_assert_msg(rc == CFK_OK, "%s", err.message);
    else
        unit_expect_error(rc, of_certs, &err, words);
    rc = check_key(&f, &opts, &err);
    ck_assert_msg(rc == of_key, "%d: %s", rc, err.message);
    free(f.data);
}

START_TEST(certificates_and_keys_come_out)
{
    static const char beyond[] = "p\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e";

    expect(pkcs12_aes, "secret", CFK_OK, CFK_OK, NULL);
    expect(pkcs12_des, "secret", CFK_OK, CFK_OK, NULL);
    expect(pkcs12_nomac, "secret", CFK_OK, CFK_OK, NULL);
    expect(pkcs12_clear, "secret", CFK_OK, CFK_OK, NULL);
    expect(pkcs12_empty, "", CFK_OK, CFK_OK, NULL);
    expect(pkcs12_utf, beyond, CFK_OK, CFK_E_NOTFOUND, NULL);
    expect(pkcs12_key, "secret", CFK_E_NOTFOUND, CFK_OK,
           "no certificate in the PKCS #12");
    expect(pkcs12_rc2, "secret", CFK_E_NOTSUP, CFK_OK,
           "encrypted with RC2 of 40 bits, which is not read; 'openssl pkcs12 -legacy "
           "-nodes' makes PEM of it");
    expect(pkcs12_aes, "Secret", CFK_E_PASSPHRASE, CFK_E_PASSPHRASE,
           "passphrase is wrong");
    expect(pkcs12_nomac, "Secret", CFK_OK, CFK_E_PASSPHRASE, NULL); /* in clear */
    expect(pkcs12_utf, "p\xe4", CFK_E_PASSPHRASE, CFK_E_PASSPHRASE, "is wrong");
    expect(pkcs12_aes, NULL, CFK_E_PASSPHRASE, CFK_E_PASSPHRASE,
           "PKCS #12: it is encrypted, and no passphrase was given");
}
END_TEST

/* The vector that implementations share: "sesame", 2,048 times, for triple DES. */
START_TEST(keys_are_derived_as_others_derive_them)
{
    static const uint8_t want[] = { 0x7c, 0xd9, 0xfd, 0x3e, 0x2b, 0x3b, 0xe7, 0x69,
                                    0x1a, 0x44, 0xe3, 0xbe, 0xf0, 0xf9, 0xea, 0x0f,
                                    0xb9, 0xb8, 0x97, 0xd4, 0xe3, 0x25, 0xd9, 0xd1 };
    struct cfk__passphrase pass = { true, { (const uint8_t *)"sesame", 6 }, 2048 };
    struct cfk__span salt = { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff", 8 };
    struct cfk_error err = { 0 };
    uint8_t key[24];

    ck_assert_int_eq(cfk__pkcs12_kdf(CFK__SHA1, CFK__PKCS12_KEY, &pass, salt, 2048, key,
                                     sizeof key, NULL),
                     CFK_OK);
    ck_assert_mem_eq(key, want, sizeof want);
    unit_expect_error(cfk__pkcs12_kdf(CFK__SHA1, CFK__PKCS12_KEY, &pass, salt, 2049, key,
                                      sizeof key, &err),
                      CFK_E_LIMIT, &err, "hashed 2049 times");
    unit_expect_error(cfk__pkcs12_kdf(CFK__SHA1, CFK__PKCS12_KEY, &pass, salt, 0, key,
                                      sizeof key, &err),
                      CFK_E_CORRUPT, &err, "hashed 0 times");
}
END_TEST

START_TEST(limits_hold_from_both_sides)
{
    struct cfk_bundle_key_options opts = options("secret");
    struct file f = file_of(pkcs12_aes);
    struct cfk_error err;

    opts.max_iterations = 10;
    ck_assert_int_eq(certs(&f, &opts, &err), CFK_OK);
    ck_assert_int_eq(check_key(&f, &opts, &err), CFK_OK);
    opts.max_iterations = 9;
    ck_assert_int_eq(certs(&f, &opts, &err), CFK_E_LIMIT);
    ck_assert_int_eq(check_key(&f, &opts, &err), CFK_E_LIMIT);
    opts.size = 3;
    ck_assert_int_eq(certs(&f, &opts, &err), CFK_E_INVALID);
    free(f.data);
}
END_TEST

START_TEST(damage_is_found_or_survived)
{
    static const char *const files[] = { pkcs12_aes, pkcs12_des, pkcs12_clear,
                                         pkcs12_nomac };

    for (size_t n = 0; n < 4; n++) {
        struct cfk_bundle_key_options opts = options("secret");
        struct file f = file_of(files[n]);
        size_t step = CHECKED ? 13 : 1;
        struct cfk_error err;

        opts.max_iterations = 1000;
        for (size_t i = n % step; i < f.size; i += step) {
            struct file cut = { f.data, i };

            ck_assert_int_ne(certs(&cut, &opts, &err), CFK_OK);
            f.data[i] ^= 0x11;
            if (n < 3 && i > 45 && i + 120 < f.size) /* what the MAC is of */
                ck_assert_int_ne(certs(&f, &opts, &err), CFK_OK);
            else
                certs(&f, &opts, &err);
            f.data[i] ^= 0x11;
        }
        free(f.data);
    }
}
END_TEST

static int certs_with(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_bundle_key_options opts = options("secret");
    const struct file *f = ctx;
    size_t size;
    void *bag;
    int rc;

    opts.alloc = alloc;
    rc = cfk_bundle_pkcs12_certs(f->data, f->size, &opts, &bag, &size, NULL);
    cfk_free(alloc, bag);
    return rc;
}

START_TEST(certificates_survive_every_allocation_failure)
{
    struct file f = file_of(pkcs12_aes);

    fault_sweep(certs_with, &f, 2);
    free(f.data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        certificates_and_keys_come_out,
        keys_are_derived_as_others_derive_them,
        limits_hold_from_both_sides,
        damage_is_found_or_survived,
        certificates_survive_every_allocation_failure,
        NULL,
    };
    Suite *suite = suite_create("bundle/pkcs12");

    suite_add_tcase(suite, unit_case("pkcs12", tests));
    return suite;
}
