/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "split/payload.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SEALED_CHUNK = CFK__PAYLOAD_CHUNK + CFK__PAYLOAD_TAG };

static uint8_t *inflate_all(const uint8_t *data, size_t size, size_t *out_size)
{
    uLongf capacity = 8 << 20;
    uint8_t *out = malloc(capacity);

    ck_assert_int_eq(uncompress(out, &capacity, data, size), Z_OK);
    *out_size = capacity;
    return out;
}

/* Open in place; *valid is the plaintext that came out before the end or a failure. */
static int open_all(const uint8_t *key, struct cfk__span context, uint8_t *data,
                    size_t size, uint8_t *plain, size_t *valid)
{
    struct cfk__payload p;
    int rc;

    *valid = 0;
    if (size < CFK__PAYLOAD_PREFIX)
        return CFK_E_CORRUPT;
    rc = cfk__payload_begin_open(&p, key, context, data, NULL);
    data += CFK__PAYLOAD_PREFIX;
    size -= CFK__PAYLOAD_PREFIX;
    while (rc == CFK_OK) {
        size_t take = size < SEALED_CHUNK ? size : SEALED_CHUNK;

        rc = cfk__payload_open(&p, data, take, data, NULL);
        if (rc != CFK_OK)
            break;
        memcpy(plain + *valid, data, take - CFK__PAYLOAD_TAG);
        *valid += take - CFK__PAYLOAD_TAG;
        data += take;
        size -= take;
        if (take < SEALED_CHUNK)
            break;
    }
    cfk__payload_end(&p);
    return rc;
}

static void check_vector(const json_t *item)
{
    size_t key_size, context_size, packed_size, size, valid;
    uint8_t *key = vectors_hex(item, "key", &key_size);
    uint8_t *context = vectors_hex(item, "ctx", &context_size);
    uint8_t *packed = vectors_hex(item, "ct", &packed_size);
    uint8_t *data = inflate_all(packed, packed_size, &size);
    uint8_t *plain = malloc(size + 1);
    const json_t *length = json_object_get(item, "msgLength");
    int rc = key_size != 32 ? CFK_E_CORRUPT
                            : open_all(key, (struct cfk__span){ context, context_size },
                                       data, size, plain, &valid);

    ck_assert_msg((rc == CFK_OK) == (strcmp(vectors_text(item, "result"), "valid") == 0),
                  "%s: %s", vectors_text(item, "id"), cfk_error_name(rc));
    if (json_is_integer(length)) {
        size_t want_size;
        uint8_t *want = vectors_hex(item, "msgSha512", &want_size);
        uint8_t digest[64];

        ck_assert_uint_eq(valid, (size_t)json_integer_value(length));
        ck_assert_int_eq(cfk__hash(CFK__SHA512, plain, valid, digest, NULL), CFK_OK);
        ck_assert_mem_eq(digest, want, 64);
        free(want);
    }
    free(key);
    free(context);
    free(packed);
    free(data);
    free(plain);
}

START_TEST(foreign_vectors_open_or_are_refused)
{
    json_t *root = vectors_load("split/chunked_encryption.json");
    unsigned done = 0;
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const char *aead = vectors_text(json_object_get(item, "group"), "aead");

        if (strcmp(aead, "AEAD_AES_256_GCM") != 0)
            continue;
        check_vector(item);
        done++;
    }
    ck_assert_uint_gt(done, 15);
    json_decref(root);
}
END_TEST

START_TEST(the_key_and_the_context_are_bound)
{
    uint8_t key[32] = { 1 }, prefix[CFK__PAYLOAD_PREFIX];
    struct cfk__span context = { (const uint8_t *)"here", 4 };
    struct cfk__payload p, q;

    ck_assert_int_eq(cfk__payload_begin_seal(&p, key, context, prefix, NULL), CFK_OK);
    ck_assert_int_eq(cfk__payload_begin_open(&q, key, context, prefix, NULL), CFK_OK);
    cfk__payload_end(&q);
    context.size--;
    ck_assert_int_eq(cfk__payload_begin_open(&q, key, context, prefix, NULL),
                     CFK_E_CORRUPT);
    context.size++;
    key[31] ^= 1;
    ck_assert_int_eq(cfk__payload_begin_open(&q, key, context, prefix, NULL),
                     CFK_E_CORRUPT);
    cfk__payload_end(&q);
    cfk__payload_end(&p);
    context.size = CFK__PAYLOAD_CONTEXT + 1;
    ck_assert_int_eq(cfk__payload_begin_seal(&p, key, context, prefix, NULL),
                     CFK_E_INVALID);
}
END_TEST

START_TEST(chunks_are_counted_and_limited)
{
    uint8_t key[32] = { 1 }, prefix[CFK__PAYLOAD_PREFIX], chunk[1 + CFK__PAYLOAD_TAG];
    struct cfk__payload p;

    ck_assert_int_eq(
        cfk__payload_begin_seal(&p, key, (struct cfk__span){ NULL, 0 }, prefix, NULL),
        CFK_OK);
    p.chunks = (UINT64_C(1) << 38) - 1;
    ck_assert_int_eq(cfk__payload_seal(&p, chunk, 1, chunk, NULL), CFK_OK);
    ck_assert_int_eq(cfk__payload_seal(&p, chunk, 1, chunk, NULL), CFK_E_LIMIT);
    cfk__payload_end(&p);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        foreign_vectors_open_or_are_refused,
        the_key_and_the_context_are_bound,
        chunks_are_counted_and_limited,
        NULL,
    };
    Suite *s = suite_create("split/payload");

    suite_add_tcase(s, unit_case("payload", tests));
    return s;
}
