/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void is_hex(const uint8_t *bytes, size_t size, const char *text)
{
    size_t want_size;
    uint8_t *want = unit_hex(text, &want_size);

    ck_assert_uint_eq(size, want_size);
    ck_assert_mem_eq(bytes, want, size);
    free(want);
}

static const struct {
    enum cfk__hash_id id;
    const char *abc; /* FIPS 180-4, example "abc" */
} digests[] = {
    { CFK__SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { CFK__SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { CFK__SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                   "8086072ba1e7cc2358baeca134c825a7" },
    { CFK__SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                   "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

START_TEST(digests_match_fips_180_4)
{
    uint8_t digest[CFK__HASH_MAX];
    struct cfk__hash_ctx *ctx;

    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        size_t size = cfk__hash_size(digests[i].id);

        ck_assert_int_eq(cfk__hash(digests[i].id, "abc", 3, digest, NULL), CFK_OK);
        is_hex(digest, size, digests[i].abc);
        memset(digest, 0, sizeof digest);
        ck_assert_int_eq(cfk__hash_new(digests[i].id, &ctx, NULL), CFK_OK);
        ck_assert_int_eq(cfk__hash_update(ctx, "a", 1, NULL), CFK_OK);
        ck_assert_int_eq(cfk__hash_update(ctx, NULL, 0, NULL), CFK_OK);
        ck_assert_int_eq(cfk__hash_update(ctx, "bc", 2, NULL), CFK_OK);
        ck_assert_int_eq(cfk__hash_finish(ctx, digest, NULL), CFK_OK);
        cfk__hash_free(ctx);
        is_hex(digest, size, digests[i].abc);
    }
    cfk__hash_free(NULL);
}
END_TEST

START_TEST(nothing_has_a_digest)
{
    uint8_t digest[CFK__HASH_MAX];
    struct cfk__hash_ctx *ctx;

    ck_assert_int_eq(cfk__hash(CFK__SHA256, NULL, 0, digest, NULL), CFK_OK);
    is_hex(digest, 32,
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_int_eq(cfk__hash_new(CFK__SHA1, &ctx, NULL), CFK_OK);
    cfk__hash_free(ctx); /* without having been finished */
}
END_TEST

START_TEST(a_context_serves_again_in_any_state)
{
    struct cfk__hash_ctx *ctx;
    uint8_t once[CFK__SHA256_SIZE], again[CFK__SHA256_SIZE];

    ck_assert_int_eq(cfk__hash_new(CFK__SHA256, &ctx, NULL), CFK_OK);
    ck_assert_int_eq(cfk__hash(CFK__SHA256, "some words", 10, once, NULL), CFK_OK);
    ck_assert_int_eq(cfk__hash_update(ctx, "begun", 5, NULL), CFK_OK);
    for (int i = 0; i < 3; i++) {
        memset(again, 0, sizeof again);
        ck_assert_int_eq(cfk__hash_again(ctx, "some words", 10, again, NULL), CFK_OK);
        ck_assert_mem_eq(again, once, sizeof once);
    }
    cfk__hash_free(ctx);
}
END_TEST

START_TEST(hmac_matches_rfc_4231)
{
    uint8_t mac[CFK__HASH_MAX];
    uint8_t key[131];

    ck_assert_int_eq(
        cfk__hmac(CFK__SHA384, "Jefe", 4, "what do ya want for nothing?", 28, mac, NULL),
        CFK_OK);
    is_hex(mac, 48,
           "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
           "8e2240ca5e69e2c78b3239ecfab21649");
    memset(key, 0xaa, sizeof key);
    ck_assert_int_eq(cfk__hmac(CFK__SHA512, key, sizeof key,
                               "Test Using Larger Than Block-Size Key - Hash Key First",
                               54, mac, NULL),
                     CFK_OK);
    is_hex(mac, 64,
           "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
           "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
    memset(key, 0x0b, 20); /* RFC 2202 */
    ck_assert_int_eq(cfk__hmac(CFK__SHA1, key, 20, "Hi There", 8, mac, NULL), CFK_OK);
    is_hex(mac, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
}
END_TEST

START_TEST(hmac_of_parts_is_that_of_the_whole)
{
    struct cfk__span parts[] = {
        { (const uint8_t *)"what do ya", 10 },
        { NULL, 0 },
        { (const uint8_t *)" want for nothing?", 18 },
    };
    uint8_t empty[CFK__HASH_MAX];
    uint8_t mac[CFK__HASH_MAX];

    ck_assert_int_eq(cfk__hmac_parts(CFK__SHA256,
                                     (struct cfk__span){ (const uint8_t *)"Jefe", 4 },
                                     parts, 3, mac, NULL),
                     CFK_OK);
    is_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    ck_assert_int_eq(cfk__hmac(CFK__SHA256, NULL, 0, NULL, 0, empty, NULL), CFK_OK);
    is_hex(empty, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(hkdf_takes_a_prk_shorter_than_the_digest)
{
    uint8_t prk[32];
    uint8_t out[32];
    uint8_t by_hand[CFK__HASH_MAX];

    memset(prk, 7, sizeof prk);
    ck_assert_int_eq(
        cfk__hkdf_expand(CFK__SHA512, prk, sizeof prk, "info", 4, out, sizeof out, NULL),
        CFK_OK);
    ck_assert_int_eq(cfk__hmac(CFK__SHA512, prk, sizeof prk, "info\1", 5, by_hand, NULL),
                     CFK_OK);
    ck_assert_mem_eq(out, by_hand, sizeof out);
}
END_TEST

START_TEST(hkdf_ends_at_255_digests)
{
    static uint8_t out[255 * 64 + 1];
    struct cfk_error err;
    uint8_t prk[64] = { 1 };

    ck_assert_int_eq(cfk__hkdf_expand(CFK__SHA512, prk, 64, NULL, 0, out, 255 * 64, &err),
                     CFK_OK);
    ck_assert_int_eq(out[255 * 64], 0);
    unit_expect_error(
        cfk__hkdf_expand(CFK__SHA512, prk, 64, NULL, 0, out, 255 * 64 + 1, &err),
        CFK_E_INVALID, &err, "16320");
    ck_assert_int_eq(cfk__hkdf_expand(CFK__SHA512, prk, 64, NULL, 0, NULL, 0, &err),
                     CFK_OK);
}
END_TEST

static void check_hkdf(const json_t *item, enum cfk__hash_id id)
{
    size_t ikm_size, salt_size, info_size, okm_size;
    uint8_t *ikm = vectors_hex(item, "ikm", &ikm_size);
    uint8_t *salt = vectors_hex(item, "salt", &salt_size);
    uint8_t *info = vectors_hex(item, "info", &info_size);
    uint8_t *okm = vectors_hex(item, "okm", &okm_size);
    size_t size = (size_t)json_integer_value(json_object_get(item, "size"));
    uint8_t *out = malloc(size);
    int rc =
        cfk__hkdf(id, salt, salt_size, ikm, ikm_size, info, info_size, out, size, NULL);

    if (strcmp(vectors_text(item, "result"), "valid") == 0) {
        ck_assert_int_eq(rc, CFK_OK);
        ck_assert_uint_eq(size, okm_size);
        ck_assert_mem_eq(out, okm, size);
    } else {
        ck_assert_int_eq(rc, CFK_E_INVALID);
    }
    free(ikm);
    free(salt);
    free(info);
    free(okm);
    free(out);
}

static void check_hmac(const json_t *item)
{
    size_t key_size, msg_size, tag_size;
    uint8_t *key = vectors_hex(item, "key", &key_size);
    uint8_t *msg = vectors_hex(item, "msg", &msg_size);
    uint8_t *tag = vectors_hex(item, "tag", &tag_size);
    bool valid = strcmp(vectors_text(item, "result"), "valid") == 0;
    uint8_t mac[CFK__HASH_MAX];

    ck_assert_int_eq(cfk__hmac(CFK__SHA256, key, key_size, msg, msg_size, mac, NULL),
                     CFK_OK);
    ck_assert_msg((memcmp(mac, tag, tag_size) == 0) == valid, "%s",
                  vectors_text(item, "id"));
    free(key);
    free(msg);
    free(tag);
}

START_TEST(hkdf_and_hmac_pass_wycheproof)
{
    json_t *root = vectors_load("split/hkdf_hmac.json");
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const char *file = vectors_text(item, "file");

        if (strcmp(file, "hmac_sha256_test") == 0)
            check_hmac(item);
        else
            check_hkdf(item,
                       strcmp(file, "hkdf_sha512_test") == 0 ? CFK__SHA512 : CFK__SHA256);
    }
    ck_assert_uint_gt(i, 100);
    json_decref(root);
}
END_TEST

static void check_x25519(const json_t *item)
{
    static const uint8_t zero[CFK__X25519_SIZE];
    size_t size;
    uint8_t *private_key = vectors_hex(item, "private", &size);
    uint8_t *public_key = vectors_hex(item, "public", &size);
    uint8_t *shared = vectors_hex(item, "shared", &size);
    bool low_order = memcmp(shared, zero, sizeof zero) == 0;
    uint8_t out[CFK__X25519_SIZE];
    int rc = cfk__x25519(out, private_key, public_key, NULL);

    ck_assert_msg(rc == (low_order ? CFK_E_INVALID : CFK_OK), "%s: %s",
                  vectors_text(item, "id"), cfk_error_name(rc));
    ck_assert_msg(memcmp(out, shared, sizeof out) == 0, "%s", vectors_text(item, "id"));
    free(private_key);
    free(public_key);
    free(shared);
}

static void pbkdf2_gives(enum cfk__hash_id id, const char *password, const char *salt,
                         uint32_t iterations, const char *want)
{
    uint8_t out[128];
    size_t size = strlen(want) / 2;

    ck_assert_int_eq(
        cfk__pbkdf2(id, (struct cfk__span){ (const uint8_t *)password, strlen(password) },
                    (struct cfk__span){ (const uint8_t *)salt, strlen(salt) }, iterations,
                    out, size, NULL),
        CFK_OK);
    is_hex(out, size, want);
}

START_TEST(pbkdf2_matches_rfc_6070_and_rfc_7914)
{
    static const char *const once = "passwordPASSWORDpassword";
    char longer[8 * 24 + 1] = "";
    struct cfk_error err;
    uint8_t out[1];

    pbkdf2_gives(CFK__SHA1, "password", "salt", 1,
                 "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    pbkdf2_gives(CFK__SHA1, "password", "salt", 4096,
                 "4b007901b765489abead49d926f721d065a429c1");
    pbkdf2_gives(CFK__SHA1, once, "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
                 "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    pbkdf2_gives(CFK__SHA256, "passwd", "salt", 1,
                 "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                 "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    pbkdf2_gives(CFK__SHA256, "", "", 2,
                 "97398411d6aea43a77acef92226ab8278d4db0668bd1d7a76a725f7680ac45c5");
    for (unsigned i = 0; i < 8; i++)
        strcat(longer, once);
    pbkdf2_gives(CFK__SHA512, longer, "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
                 "2bbeb937485087bd72fde51c26c033d2abc391b8622ae9c119555429ffa9e74f5192d5b"
                 "b4a45fb961c7c752f55130f33f4d9"
                 "087aa5f9605ee7a31ed1eb649e74bddbce87d477334c0924bb352eecc96f87249709d05"
                 "a51facc335d3346b6a1b8a22c3876");
    unit_expect_error(cfk__pbkdf2(CFK__SHA256, (struct cfk__span){ out, 1 },
                                  (struct cfk__span){ out, 1 }, 0, out, 1, &err),
                      CFK_E_INVALID, &err, "0 iterations");
}
END_TEST

START_TEST(x25519_passes_wycheproof)
{
    json_t *root = vectors_load("split/x25519.json");
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item) check_x25519(item);
    ck_assert_uint_gt(i, 200);
    json_decref(root);
}
END_TEST

START_TEST(x25519_matches_rfc_7748)
{
    uint8_t nine[CFK__X25519_SIZE] = { 9 }; /* section 5.2, one iteration */
    uint8_t out[CFK__X25519_SIZE];

    ck_assert_int_eq(cfk__x25519_public(out, nine, NULL), CFK_OK);
    is_hex(out, 32, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
}
END_TEST

START_TEST(x25519_agrees_with_itself_and_refuses_low_orders)
{
    static const uint8_t low_order[CFK__X25519_SIZE] = { 1 };
    uint8_t a[CFK__X25519_SIZE], a_public[CFK__X25519_SIZE], one[CFK__X25519_SIZE];
    uint8_t b[CFK__X25519_SIZE], b_public[CFK__X25519_SIZE], other[CFK__X25519_SIZE];
    struct cfk_error err;

    memset(a, 0xa5, sizeof a);
    memset(b, 0x3c, sizeof b);
    ck_assert_int_eq(cfk__x25519_public(a_public, a, &err), CFK_OK);
    ck_assert_int_eq(cfk__x25519_public(b_public, b, &err), CFK_OK);
    ck_assert_int_eq(cfk__x25519(one, a, b_public, &err), CFK_OK);
    ck_assert_int_eq(cfk__x25519(other, b, a_public, &err), CFK_OK);
    ck_assert_mem_eq(one, other, sizeof one);
    unit_expect_error(cfk__x25519(one, a, low_order, &err), CFK_E_INVALID, &err,
                      "low order");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        digests_match_fips_180_4,
        nothing_has_a_digest,
        a_context_serves_again_in_any_state,
        hmac_matches_rfc_4231,
        hmac_of_parts_is_that_of_the_whole,
        hkdf_takes_a_prk_shorter_than_the_digest,
        hkdf_ends_at_255_digests,
        hkdf_and_hmac_pass_wycheproof,
        pbkdf2_matches_rfc_6070_and_rfc_7914,
        x25519_passes_wycheproof,
        x25519_matches_rfc_7748,
        x25519_agrees_with_itself_and_refuses_low_orders,
        NULL,
    };
    Suite *s = suite_create("base/crypto");

    suite_add_tcase(s, unit_case("crypto", tests));
    return s;
}
