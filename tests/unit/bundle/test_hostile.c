/* SPDX-License-Identifier: MIT */
/* Certificates that are odd, broken or meant to harm, and what people are told. */
#include "crl_world.h"
#include "gen.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static const struct make root = {
    .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .ca = true
};
static const struct make ca = {
    .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .ca = true
};
static const struct make leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 2
};

/* Build l from m and root; made-up signatures unless real ones are asked for. */
static int verdict(const struct make *m, const struct make *l, bool real, int64_t time,
                   struct cfk_error *err)
{
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool;
    uint8_t der[2048];
    size_t size = make_cert(l, der);
    int rc;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, m, CFK_BUNDLE_POOL);
    rc = real ? cfk_bundle_build(pool, der, size, time, NULL, &result, err)
              : cfk__bundle_build(pool, der, size, time, NULL, make_verify, &result, err);
    if (rc == CFK_OK)
        rc = cfk_bundle_reason(result, err);
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

static void expect_words(const struct make *m, const struct make *l, bool real,
                         int reason, const char *words)
{
    struct cfk_error err = { 0 };

    unit_expect_error(verdict(m, l, real, MAKE_NOW, &err), reason, &err, words);
}

START_TEST(odd_but_real_certificates_are_taken)
{
    static const char *const serials[] = {
        "00",
        "ff80",
        "80",
        "00ffffffffffffffffffffffffffffffffffffffffff",
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
    };
    struct cfk_error err = { 0 };
    struct make m = ca;
    struct make l = leaf;

    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        l.number = m.number = serials[i];
        ck_assert_int_eq(verdict(&m, &l, false, MAKE_NOW, &err), CFK_OK);
    }
    m = ca;
    m.algorithm = "06092a864886f70d01010b0500"; /* NULL here, nothing there */
    m.algorithm2 = "06092a864886f70d01010b";
    ck_assert_int_eq(verdict(&m, &leaf, false, MAKE_NOW, &err), CFK_OK);
    m = ca;
    l = leaf;
    l.until = "99991231235959Z";
    ck_assert_int_eq(verdict(&m, &l, false, MAKE_NOW, &err), CFK_OK);
    l.until = "20500101000000Z"; /* the first that UTCTime cannot say */
    ck_assert_int_eq(verdict(&m, &l, false, MAKE_NOW, &err), CFK_OK);
}
END_TEST

/* An RSA SubjectPublicKeyInfo of a modulus and an exponent, in hexadecimal. */
static void rsa_key(char *spki, size_t size, const char *modulus, const char *exponent)
{
    static char numbers[5000];
    static char key[5000];
    static char bits[5000] = "";

    numbers[0] = key[0] = '\0';
    make_wrap(numbers, sizeof numbers, 0x02, modulus);
    make_wrap(numbers, sizeof numbers, 0x02, exponent);
    snprintf(key, sizeof key, "00");
    make_wrap(key, sizeof key, 0x30, numbers);
    snprintf(bits, sizeof bits, "300d06092a864886f70d0101010500");
    make_wrap(bits, sizeof bits, 0x03, key);
    spki[0] = '\0';
    make_wrap(spki, size, 0x30, bits);
}

/* bytes of ff, with a zero before them. */
static void number(char *hex, size_t size, size_t bytes)
{
    size_t used = (size_t)snprintf(hex, size, "00");

    for (size_t i = 0; i < bytes; i++)
        used += (size_t)snprintf(hex + used, size - used, "ff");
}

START_TEST(keys_that_cannot_be_used_are_named)
{
    static const struct {
        size_t bytes; /* of the RSA modulus; 0: it is zero */
        const char *exponent;
        int reason;
        const char *words;
    } rsa[] = {
        { 256, "01", CFK_E_SIGNATURE, "exponent that cannot be one" },
        { 256, "010000", CFK_E_SIGNATURE, "exponent that cannot be one" },
        { 256, "00", CFK_E_SIGNATURE, "not an RSA modulus and exponent" },
        { 256, "00ffffffffffffffffff", CFK_E_SIGNATURE, "exponent of over 64 bits" },
        { 1025, "010001", CFK_E_SIGNATURE, "RSA of 8200 bits, not 512 to 8192" },
        { 64, "010001", CFK_E_WEAK, "RSA key of only 512 bits" },
        { 0, "010001", CFK_E_WEAK, "RSA key of only 0 bits" },
        { 256, "010001", CFK_E_SIGNATURE, "is not by the key of its issuer" },
    };
    static const struct {
        const char *spki;
        const char *words;
    } others[] = {
        /* P-192; explicit parameters; Ed448; a point that is not on its curve */
        { "301a301306072a8648ce3d020106082a8648ce3d030101030300041f",
          "a curve other than P-256" },
        { "3015300e06072a8648ce3d02013003020101030300041f",
          "curve that is not given by" },
        { "300b300506032b6571030200ff", "unknown algorithm" },
        { "301a301306072a8648ce3d020106082a8648ce3d030107030300041f",
          "is not by the key of its issuer" },
    };
    struct make l = leaf;

    l.algorithm = "06092a864886f70d01010b0500";
    l.signed_by = 1; /* the last byte of 010001 */
    for (size_t i = 0; i < sizeof rsa / sizeof *rsa; i++) {
        static char modulus[4000];
        static char spki[5000];
        struct make m = ca;

        number(modulus, sizeof modulus, rsa[i].bytes);
        rsa_key(spki, sizeof spki, modulus, rsa[i].exponent);
        m.spki = spki;
        expect_words(&m, &l, rsa[i].reason == CFK_E_SIGNATURE, rsa[i].reason,
                     rsa[i].words);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct make m = ca;

        m.spki = others[i].spki;
        expect_words(&m, &leaf, true, CFK_E_SIGNATURE, others[i].words);
    }
}
END_TEST

START_TEST(what_may_not_issue_says_why)
{
    struct make m = ca;
    struct make l = leaf;

    m.v1 = true;
    expect_words(&m, &leaf, false, CFK_E_NOT_CA, "certificate 2 (CN=ca) is no certif");
    l.algorithm2 = "06092a864886f70d01010b0500";
    expect_words(&ca, &l, true, CFK_E_SIGNATURE, "names two different signature algo");
    l = leaf;
    l.algorithm = "06032a0304";
    expect_words(&ca, &l, true, CFK_E_SIGNATURE,
                 "is signed with 1.2.3.4, which is not supported");
    l.algorithm = "06092a864886f70d010104"; /* MD5 */
    expect_words(&ca, &l, true, CFK_E_WEAK, "md5WithRSAEncryption, which is too weak");
    /* PSS with a salt of 19 bytes is as good as any: it is the key that is wrong */
    l.algorithm = "06092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06"
                  "092a864886f70d010108300d06096086480165030402010500a203020113";
    expect_words(&ca, &l, true, CFK_E_SIGNATURE, "is not by the key of its issuer");
}
END_TEST

START_TEST(key_identifiers_are_hints_and_never_proof)
{
    struct cfk_error err = { 0 };
    struct make m = ca;
    struct make l = leaf;

    l.ext = "300d0603551d23040630048002aa02"; /* wants the key aa02 */
    m.ext = "300b0603551d0e04040402aaff";     /* which the CA denies to have */
    ck_assert_int_eq(verdict(&m, &l, false, MAKE_NOW, &err), CFK_OK);
    m.ext = "300b0603551d0e04040402aa02"; /* has the name, but another key */
    m.key = 3;
    expect_words(&m, &l, false, CFK_E_SIGNATURE, "is not by the key of its issuer");
    m = ca;
    m.ext = "300b0603551d0e04040402aa02300d0603551d23040630048002aa02"; /* its own */
    ck_assert_int_eq(verdict(&m, &l, false, MAKE_NOW, &err), CFK_OK);
}
END_TEST

START_TEST(any_clock_is_taken)
{
    static const struct {
        int64_t time;
        int reason;
    } cases[] = {
        { INT64_MIN, CFK_E_NOT_YET_VALID }, { -1, CFK_E_NOT_YET_VALID },
        { 0, CFK_E_NOT_YET_VALID },         { MAKE_NOW, CFK_OK },
        { 4294967296, CFK_E_EXPIRED },      { INT64_MAX, CFK_E_EXPIRED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk_error err = { 0 };

        ck_assert_int_eq(verdict(&ca, &leaf, false, cases[i].time, &err),
                         cases[i].reason);
    }
}
END_TEST

START_TEST(a_leaf_may_be_anything)
{
    struct cfk_bundle_chain_info chain = { .size = sizeof chain };
    const struct make *leaves[] = { &ca, &root, &leaf };

    for (size_t i = 0; i < 3; i++)
        for (uint32_t from = CFK_BUNDLE_INPUT; from <= CFK_BUNDLE_ROOT; from *= 2) {
            struct cfk_error err = { 0 };
            cfk_bundle_result *result;
            cfk_bundle_pool *pool;

            ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
            make_add(pool, &root, CFK_BUNDLE_ROOT);
            make_add(pool, &ca, CFK_BUNDLE_POOL);
            make_add(pool, leaves[i], from);
            ck_assert_int_eq(make_build(pool, leaves[i], NULL, &result, &err), CFK_OK);
            ck_assert_int_eq(cfk_bundle_reason(result, &err), CFK_OK);
            ck_assert_int_eq(cfk_bundle_chain(result, 0, &chain, NULL), CFK_OK);
            ck_assert_uint_le(chain.length, 3);
            cfk_bundle_result_free(result);
            cfk_bundle_pool_free(pool);
        }
}
END_TEST

/* Tag and length in four bytes, then contents, at out. The size. */
static size_t wrap(uint8_t *out, uint8_t tag, const uint8_t *contents, size_t size)
{
    memmove(out + 6, contents, size);
    out[0] = tag;
    out[1] = 0x84;
    for (int i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)(size >> (24 - 8 * i));
    return size + 6;
}

START_TEST(huge_lists_of_names_are_bounded)
{
    /* A SAN of 100,000 names does not fit in a certificate that a pool takes. */
    enum { NAMES = 100000 };
    struct cfk_bundle_pool_options opts = { .size = sizeof opts };
    uint8_t *list = malloc(8 * NAMES + 64);
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    size_t size;

    ck_assert_ptr_nonnull(list);
    for (size_t i = 0; i < NAMES; i++)
        memcpy(list + 8 * i,
               "\x82\x06"
               "a.test",
               8);
    size = wrap(list, 0x30, list, 8 * NAMES);
    ck_assert_int_eq(cfk_bundle_pool_new(&opts, &pool, NULL), CFK_OK);
    unit_expect_error(cfk_bundle_pool_add_der(pool, list, size, CFK_BUNDLE_POOL, &err),
                      CFK_E_LIMIT, &err, "at most 262144 are allowed");
    cfk_bundle_pool_free(pool);
    free(list);
}
END_TEST

/* Lengths that lie, put over those of a good certificate. */
START_TEST(lengths_that_lie_are_refused)
{
    static const struct {
        const char *head;
        const char *words;
    } cases[] = {
        { "3080", "outermost" },         /* indefinite */
        { "30847fffffff", "outermost" }, /* 2^31 - 1 */
        { "3084ffffffff", "outermost" }, /* 2^32 - 1 */
        { "308800000000000000ff", "outermost" },
        { "30820001", "outermost" }, /* not in its shortest form */
        { "30ff", "outermost" },
        { "1f8101", "outermost" }, /* a tag of more bytes */
        { "", "outermost" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cfk_error err = { 0 };
        uint8_t der[2100];
        struct cfk__x509 x;
        size_t size;
        uint8_t *head = unit_hex(cases[i].head, &size);
        size_t rest = make_cert(&leaf, der + size);

        if (size > 0)
            memcpy(der, head, size);
        free(head);
        unit_expect_error(cfk__x509_parse(&x, der, size > 0 ? size + rest : 0, &err),
                          CFK_E_CORRUPT, &err, cases[i].words);
    }
}
END_TEST

START_TEST(a_deep_nest_is_no_certificate)
{
    static uint8_t nest[8192];
    struct cfk__x509 x;
    struct cfk_error err = { 0 };
    size_t size = 0;

    for (int i = 0; i < 1000; i++)
        size = wrap(nest, 0x30, nest, size);
    unit_expect_error(cfk__x509_parse(&x, nest, size, &err), CFK_E_CORRUPT, &err,
                      "is not as it should be");
}
END_TEST

/* Change some bytes, cut some out, or put some in. */
static size_t mutate(struct gen *g, uint8_t *der, size_t size)
{
    size_t changes = 1 + gen_below(g, 4);

    for (size_t i = 0; i < changes && size > 8; i++) {
        size_t at = gen_below(g, size - 4);

        switch (gen_below(g, 4)) {
        case 0: der[at] = (uint8_t)gen_u64(g); break;
        case 1: der[at] ^= (uint8_t)(1U << gen_below(g, 8)); break;
        case 2:
            memmove(der + at, der + at + 2, size - at - 2);
            size -= 2;
            break;
        default:
            memmove(der + at + 2, der + at, size - at);
            size += 2;
            break;
        }
    }
    return size;
}

/* One pool of good and mutated certificates and CRLs, and a build from it. */
static void survive(struct gen *g, const uint8_t good[4][2048], const size_t *sizes)
{
    struct cfk_bundle_options opts = { .size = sizeof opts,
                                       .profile = (uint32_t)gen_below(g, 4),
                                       .flags = (uint32_t)gen_below(g, 32) };
    struct cfk_bundle_pool_options pool_opts = { .size = sizeof pool_opts };
    cfk_bundle_result *result;
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool;
    uint8_t der[2200];
    size_t size;

    ck_assert_int_eq(cfk_bundle_pool_new(&pool_opts, &pool, NULL), CFK_OK);
    for (size_t i = 0; i < 8; i++) {
        memcpy(der, good[i % 4], sizes[i % 4]);
        size = i < 4 && gen_below(g, 2) == 0 ? sizes[i] : mutate(g, der, sizes[i % 4]);
        if (i % 4 == 3)
            cfk_bundle_pool_add_crl(pool, der, size, NULL, NULL);
        else
            cfk_bundle_pool_add_der(pool, der, size,
                                    i % 4 == 0 ? CFK_BUNDLE_ROOT : CFK_BUNDLE_POOL, NULL);
    }
    memcpy(der, good[2], sizes[2]);
    size = mutate(g, der, sizes[2]);
    if (cfk__bundle_build(pool, der, size, MAKE_NOW, &opts, make_verify, &result, &err) ==
        CFK_OK) {
        ck_assert((cfk_bundle_reason(result, &err) == CFK_OK) ==
                  (cfk_bundle_chain_count(result) > 0));
        ck_assert(cfk_bundle_chain_count(result) > 0 || err.message[0] != '\0');
        cfk_bundle_result_free(result);
    } else {
        ck_assert(err.message[0] != '\0');
    }
    cfk_bundle_pool_free(pool);
}

/* 100,000 certificates and lists with CFKIT_FULL; a part of them else. */
START_TEST(mutations_are_survived)
{
    unsigned rounds = getenv("CFKIT_FULL") != NULL ? 25000 : 2500;
    uint8_t good[4][2048];
    char hex[5000];
    struct list l = { .ext = NULL };
    char text[200];
    struct gen g;
    size_t sizes[4];
    uint8_t *crl;

    if (RUNNING_ON_VALGRIND)
        rounds /= 50;
    sizes[0] = make_cert(&crl_root, good[0]);
    sizes[1] = make_cert(&crl_ca, good[1]);
    sizes[2] = make_cert(&crl_leaf, good[2]);
    l.entries = entry(text, sizeof text, 9, "");
    write_list(hex, sizeof hex, &l);
    crl = unit_hex(hex, &sizes[3]);
    memcpy(good[3], crl, sizes[3]);
    free(crl);
    gen_seed(&g, 5280);
    for (unsigned i = 0; i < rounds; i++)
        survive(&g, good, sizes);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        odd_but_real_certificates_are_taken,
        keys_that_cannot_be_used_are_named,
        what_may_not_issue_says_why,
        key_identifiers_are_hints_and_never_proof,
        any_clock_is_taken,
        a_leaf_may_be_anything,
        huge_lists_of_names_are_bounded,
        lengths_that_lie_are_refused,
        a_deep_nest_is_no_certificate,
        mutations_are_survived,
        NULL,
    };
    Suite *suite = suite_create("bundle/hostile");

    suite_add_tcase(suite, unit_case("hostile", tests));
    return suite;
}
