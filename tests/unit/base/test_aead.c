/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "unit.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { TAG = CFK__AEAD_TAG_SIZE };

static struct cfk__aead *aead_of(enum cfk__aead_id id, const uint8_t *key)
{
    struct cfk__aead *aead;

    ck_assert_int_eq(cfk__aead_new(id, key, &aead, NULL), CFK_OK);
    return aead;
}

static void all_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ck_assert_uint_eq(data[i], 0);
}

static void check_valid(struct cfk__aead *aead, const uint8_t *iv, struct cfk__span ad,
                        struct cfk__span msg, struct cfk__span sealed)
{
    uint8_t *work = malloc(sealed.size);

    ck_assert_uint_eq(msg.size + TAG, sealed.size);
    ck_assert_int_eq(
        cfk__aead_seal(aead, iv, ad.data, ad.size, msg.data, msg.size, work, NULL),
        CFK_OK);
    ck_assert_mem_eq(work, sealed.data, sealed.size);
    /* Both in place. */
    ck_assert_int_eq(
        cfk__aead_open(aead, iv, ad.data, ad.size, work, sealed.size, work, NULL),
        CFK_OK);
    if (msg.size > 0)
        ck_assert_mem_eq(work, msg.data, msg.size);
    ck_assert_int_eq(
        cfk__aead_seal(aead, iv, ad.data, ad.size, work, msg.size, work, NULL), CFK_OK);
    ck_assert_mem_eq(work, sealed.data, sealed.size);
    free(work);
}

static void check_invalid(struct cfk__aead *aead, const uint8_t *iv, struct cfk__span ad,
                          struct cfk__span sealed)
{
    uint8_t *out = malloc(sealed.size);

    memset(out, 0xaa, sealed.size);
    ck_assert_int_eq(
        cfk__aead_open(aead, iv, ad.data, ad.size, sealed.data, sealed.size, out, NULL),
        CFK_E_CORRUPT);
    all_zero(out, sealed.size - TAG);
    free(out);
}

static void check_vector(const json_t *item)
{
    bool gcm = strcmp(vectors_text(item, "file"), "aes_gcm_test") == 0;
    size_t key_size, iv_size, ct_size, tag_size;
    uint8_t *key = vectors_hex(item, "key", &key_size);
    uint8_t *iv = vectors_hex(item, "iv", &iv_size);
    struct cfk__span ad, msg, whole;
    uint8_t *ad_bytes = vectors_hex(item, "aad", &ad.size);
    uint8_t *msg_bytes = vectors_hex(item, "msg", &msg.size);
    uint8_t *ct = vectors_hex(item, "ct", &ct_size);
    uint8_t *tag = vectors_hex(item, "tag", &tag_size);
    uint8_t *sealed = malloc(ct_size + tag_size);
    struct cfk__aead *aead =
        aead_of(gcm ? CFK__AES_256_GCM : CFK__CHACHA20_POLY1305, key);

    memcpy(sealed, ct, ct_size);
    memcpy(sealed + ct_size, tag, tag_size);
    whole = (struct cfk__span){ sealed, ct_size + tag_size };
    ad.data = ad_bytes;
    msg.data = msg_bytes;
    if (strcmp(vectors_text(item, "result"), "valid") == 0)
        check_valid(aead, iv, ad, msg, whole);
    else if (iv_size == CFK__AEAD_NONCE_SIZE) /* others cannot be said to the seam */
        check_invalid(aead, iv, ad, whole);
    cfk__aead_free(aead);
    free(sealed);
    free(tag);
    free(ct);
    free(msg_bytes);
    free(ad_bytes);
    free(iv);
    free(key);
}

START_TEST(sealing_and_opening_pass_wycheproof)
{
    json_t *root = vectors_load("split/aead.json");
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item) check_vector(item);
    ck_assert_uint_gt(i, 150);
    json_decref(root);
}
END_TEST

/* Test case 14 of "The Galois/Counter Mode of Operation" (McGrew and Viega). */
START_TEST(gcm_matches_its_paper)
{
    static const uint8_t zero[32];
    struct cfk__aead *aead = aead_of(CFK__AES_256_GCM, zero);
    uint8_t out[16 + TAG];
    size_t size;
    uint8_t *want = unit_hex("cea7403d4d606b6e074ec5d3baf39d18"
                             "d0d1c8a799996bf0265b98b5d48ab919",
                             &size);

    ck_assert_int_eq(cfk__aead_seal(aead, zero, NULL, 0, zero, 16, out, NULL), CFK_OK);
    ck_assert_mem_eq(out, want, sizeof out);
    free(want);
    cfk__aead_free(aead);
}
END_TEST

static void every_bit_counts(enum cfk__aead_id id)
{
    static const uint8_t key[32] = { 1 };
    struct cfk__aead *aead = aead_of(id, key);
    uint8_t nonce[12] = { 2 };
    uint8_t sealed[20 + TAG], out[20 + TAG];
    char ad[4] = "abc";

    ck_assert_int_eq(
        cfk__aead_seal(aead, nonce, ad, 4, "01234567890123456789", 20, sealed, NULL),
        CFK_OK);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        memset(out, 0xff, sizeof out);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(
            cfk__aead_open(aead, nonce, ad, 4, sealed, sizeof sealed, out, NULL),
            CFK_E_CORRUPT);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        all_zero(out, 20);
    }
    nonce[11] ^= 1;
    ck_assert_int_eq(cfk__aead_open(aead, nonce, ad, 4, sealed, sizeof sealed, out, NULL),
                     CFK_E_CORRUPT);
    nonce[11] ^= 1;
    ck_assert_int_eq(cfk__aead_open(aead, nonce, ad, 3, sealed, sizeof sealed, out, NULL),
                     CFK_E_CORRUPT);
    for (size_t size = 0; size < sizeof sealed; size++)
        ck_assert_int_eq(cfk__aead_open(aead, nonce, ad, 4, sealed, size, out, NULL),
                         CFK_E_CORRUPT);
    ck_assert_int_eq(cfk__aead_open(aead, nonce, ad, 4, sealed, sizeof sealed, out, NULL),
                     CFK_OK);
    ck_assert_mem_eq(out, "01234567890123456789", 20);
    cfk__aead_free(aead);
}

START_TEST(every_bit_of_a_sealed_message_counts)
{
    every_bit_counts(CFK__AES_256_GCM);
    every_bit_counts(CFK__CHACHA20_POLY1305);
    cfk__aead_free(NULL);
}
END_TEST

START_TEST(an_empty_message_is_still_authenticated)
{
    static const uint8_t key[32] = { 3 };
    static const uint8_t nonce[12] = { 4 };

    for (int id = CFK__AES_256_GCM; id <= CFK__CHACHA20_POLY1305; id++) {
        struct cfk__aead *aead = aead_of((enum cfk__aead_id)id, key);
        uint8_t tag[TAG];

        ck_assert_int_eq(cfk__aead_seal(aead, nonce, NULL, 0, NULL, 0, tag, NULL),
                         CFK_OK);
        ck_assert_int_eq(cfk__aead_open(aead, nonce, NULL, 0, tag, TAG, NULL, NULL),
                         CFK_OK);
        tag[0] ^= 1;
        ck_assert_int_eq(cfk__aead_open(aead, nonce, NULL, 0, tag, TAG, NULL, NULL),
                         CFK_E_CORRUPT);
        cfk__aead_free(aead);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        sealing_and_opening_pass_wycheproof,
        gcm_matches_its_paper,
        every_bit_of_a_sealed_message_counts,
        an_empty_message_is_still_authenticated,
        NULL,
    };
    Suite *s = suite_create("base/aead");

    suite_add_tcase(s, unit_case("aead", tests));
    return s;
}
