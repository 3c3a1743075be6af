/* SPDX-License-Identifier: MIT */
/* The keys that an ECDSA signature could be by: just those that verify it. */
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

struct sample {
    struct cfk__signature_scheme scheme;
    const char *spki;
    const char *signature;
};

static const struct sample samples[] = {
    { { CFK__ECDSA, CFK__SHA256, 0 }, P256_SPKI, P256_SHA256 },
    { { CFK__ECDSA, CFK__SHA384, 0 }, P384_SPKI, P384_SHA384 },
    { { CFK__ECDSA, CFK__SHA512, 0 }, P521_SPKI, P521_SHA512 },
};

enum { SAMPLES = sizeof samples / sizeof *samples };

static const struct cfk__span message = { (const uint8_t *)MESSAGE, sizeof MESSAGE - 1 };

static struct cfk__span from_hex(const char *text)
{
    struct cfk__span span;

    span.data = unit_hex(text, &span.size);
    return span;
}

static void drop(struct cfk__span span)
{
    free((void *)(uintptr_t)span.data);
}

/* Every key that was found verifies the signature; put in the place of like's. */
static void expect_verified(const struct cfk__ec_keys *keys,
                            const struct cfk__signature_scheme *scheme,
                            struct cfk__span signature)
{
    uint8_t spki[256];
    struct cfk__span key = { spki, keys->like.size };

    ck_assert_uint_le(keys->like.size, sizeof spki);
    memcpy(spki, keys->like.data, keys->like.size);
    for (unsigned i = 0; i < keys->count; i++) {
        memcpy(spki + key.size - keys->point_size, keys->points[i], keys->point_size);
        ck_assert(cfk__signature_keys_fit(keys, key));
        ck_assert(cfk__signature_keys_have(keys, key));
        ck_assert_int_eq(cfk__signature_verify(scheme, key, message, signature, NULL),
                         CFK_OK);
    }
}

START_TEST(the_signer_is_among_the_keys_and_each_key_verifies)
{
    const struct sample *s = &samples[_i];
    struct cfk__span spki = from_hex(s->spki);
    struct cfk__span signature = from_hex(s->signature);
    struct cfk__ec_keys keys;

    ck_assert_int_eq(
        cfk__signature_keys(&s->scheme, spki, message, signature, &keys, NULL), CFK_OK);
    ck_assert_uint_eq(keys.count, 2);
    ck_assert(cfk__signature_keys_fit(&keys, spki));
    ck_assert(cfk__signature_keys_have(&keys, spki));
    expect_verified(&keys, &s->scheme, signature);
    drop(signature);
    drop(spki);
}
END_TEST

START_TEST(a_changed_signature_has_other_keys)
{
    const struct sample *s = &samples[_i];
    struct cfk__span spki = from_hex(s->spki);
    struct cfk__span signature = from_hex(s->signature);
    uint8_t *bytes = (uint8_t *)(uintptr_t)signature.data;
    size_t stride = RUNNING_ON_VALGRIND ? 61 : 7;

    for (size_t at = 0; at < signature.size; at += stride) {
        struct cfk__ec_keys keys;
        int rc;

        bytes[at] ^= 1;
        rc = cfk__signature_keys(&s->scheme, spki, message, signature, &keys, NULL);
        ck_assert(rc == CFK_OK || rc == CFK_E_NOTSUP);
        ck_assert(!cfk__signature_keys_have(&keys, spki));
        expect_verified(&keys, &s->scheme, signature);
        bytes[at] ^= 1;
    }
    drop(signature);
    drop(spki);
}
END_TEST

START_TEST(what_has_no_keys_says_so)
{
    static const struct {
        struct cfk__signature_scheme scheme;
        const char *spki;
        const char *signature;
        int code;
    } cases[] = {
        { { CFK__RSA_PKCS1, CFK__SHA256, 0 }, RSA_SPKI, PKCS1_SHA256, CFK_E_NOTSUP },
        { { CFK__ECDSA, CFK__SHA256, 0 }, RSA_SPKI, P256_SHA256, CFK_E_NOTSUP },
        { { CFK__ECDSA, CFK__SHA256, 0 }, "3000", P256_SHA256, CFK_E_CORRUPT },
        { { CFK__ECDSA, CFK__SHA256, 0 }, P256_SPKI, "3000", CFK_OK },
        { { CFK__ECDSA, CFK__SHA256, 0 }, P256_SPKI, "3006020100020101", CFK_OK },
        /* r is so small that r + n is an x, too */
        { { CFK__ECDSA, CFK__SHA256, 0 }, P256_SPKI, "3006020101020101", CFK_E_NOTSUP },
        /* r is beyond n */
        { { CFK__ECDSA, CFK__SHA256, 0 },
          P256_SPKI,
          "3026022100fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
          "f020101",
          CFK_OK },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk__span spki = from_hex(cases[i].spki);
        struct cfk__span signature = from_hex(cases[i].signature);
        struct cfk__ec_keys keys;
        struct cfk_error err = { 0 };
        int rc =
            cfk__signature_keys(&cases[i].scheme, spki, message, signature, &keys, &err);

        ck_assert_msg(rc == cases[i].code, "%zu: %s", i, err.message);
        ck_assert_uint_eq(keys.count, 0);
        drop(signature);
        drop(spki);
    }
}
END_TEST

START_TEST(a_key_on_another_curve_does_not_fit)
{
    struct cfk__span spki = from_hex(P256_SPKI);
    struct cfk__span other = from_hex(P384_SPKI);
    struct cfk__span rsa = from_hex(RSA_SPKI);
    struct cfk__span signature = from_hex(P256_SHA256);
    struct cfk__ec_keys keys;

    ck_assert_int_eq(
        cfk__signature_keys(&samples[0].scheme, spki, message, signature, &keys, NULL),
        CFK_OK);
    ck_assert(!cfk__signature_keys_fit(&keys, other));
    ck_assert(!cfk__signature_keys_fit(&keys, rsa));
    drop(signature);
    drop(rsa);
    drop(other);
    drop(spki);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_has_no_keys_says_so,
        a_key_on_another_curve_does_not_fit,
        NULL,
    };
    Suite *s = suite_create("base/signature_keys");
    TCase *tc = unit_case("keys", tests);

    tcase_add_loop_test(tc, the_signer_is_among_the_keys_and_each_key_verifies, 0,
                        SAMPLES);
    tcase_add_loop_test(tc, a_changed_signature_has_other_keys, 0, SAMPLES);
    suite_add_tcase(s, tc);
    return s;
}
