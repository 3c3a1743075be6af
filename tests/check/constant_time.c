/* SPDX-License-Identifier: MIT */
/*
 * For valgrind: secrets are marked as undefined, so that each branch and each
 * index that depends on them is an error. The name of a case is the argument.
 * What comes out of a comparison is public: it is marked as defined.
 */
#include "base/crypto.h"
#include "base/secret.h"
#include "split/gf256.h"
#include "split/merkle.h"
#include "split/payload.h"
#include "split/rows.h"
#include "split/shamir.h"
#include "split/share.h"
#include "split/wordlist.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

enum { SIZE = 1000, ABSENT = 77 };

static void hide(void *secret, size_t size)
{
    VALGRIND_MAKE_MEM_UNDEFINED(secret, size);
}

static void show(void *public_now, size_t size)
{
    VALGRIND_MAKE_MEM_DEFINED(public_now, size);
}

/* A field product by tables: what has to be found. */
static int table_kernel(void)
{
    static uint8_t log[256], power[512];
    uint8_t secret = 5, product, x = 1;

    for (int i = 0; i < 255; i++) {
        power[i] = power[i + 255] = x;
        log[x] = (uint8_t)i;
        x = (uint8_t)(x ^ x << 1 ^ (x >> 7) * 0x11b);
    }
    hide(&secret, 1);
    product = power[log[secret] + log[7]];
    show(&product, 1);
    return product == 0;
}

static int compare_by_memcmp(void)
{
    uint8_t a[16] = { 1 }, b[16] = { 2 };

    hide(a, sizeof a);
    return memcmp(a, b, sizeof a) == 0;
}

static int kernel(cfk__gf256_kernel *kernel)
{
    static uint8_t in[3][SIZE], constant[SIZE], out[5][SIZE];
    static const uint8_t matrix[15] = {
        1, 2, 3, 0, 255, 254, 7, 80, 9, 1, 1, 1, 6, 5, 4
    };
    const uint8_t *inputs[] = { in[0], in[1], in[2] };
    struct cfk__gf256_map map = { constant, inputs, 3, matrix, out[0], SIZE, 5 };

    if (kernel == NULL)
        return ABSENT;
    hide(in, sizeof in);
    hide(constant, sizeof constant);
    for (size_t size = 0; size < 100; size++)
        kernel(&map, size);
    kernel(&map, SIZE);
    return 0;
}

static int evaluate(cfk__gf256_evaluate *kernel)
{
    static uint8_t in[3][SIZE], out[CFK__GF256_POINTS][SIZE];
    struct cfk__gf256_points points = { in[0], in[1], in[2], 0, 0, { NULL } };

    if (kernel == NULL)
        return ABSENT;
    hide(in, sizeof in);
    for (unsigned i = 0; i < CFK__GF256_POINTS; i++)
        points.outputs[i] = out[i];
    for (unsigned last = 1; last < CFK__GF256_POINTS; last++) {
        points.last = last;
        points.base = last % 2 * 40;
        points.square = last % 3 == 0 ? NULL : in[2];
        for (size_t size = CFK__GF256_WORD; size < 100; size++)
            kernel(&points, size);
    }
    return 0;
}

static int shamir(void)
{
    static uint8_t secret[37], coefficients[2 * 37], y[3][37], back[37];
    static const uint8_t xs[] = { 253, 254, 255 };
    const uint8_t *ys[] = { y[0], y[1], y[2] };
    struct cfk__shamir p = { secret, coefficients, 2, 37 };

    hide(secret, sizeof secret);
    hide(coefficients, sizeof coefficients);
    cfk__shamir_evaluate(&p, xs[0], 3, 37, y[0], 37);
    cfk__shamir_interpolate(xs, ys, 3, 37, back);
    show(back, sizeof back);
    show(secret, sizeof secret);
    return memcmp(back, secret, 37) != 0;
}

/* The leaf and the root of a share whose point is secret, and their comparison. */
static int root(void)
{
    static struct cfk__share share = { .threshold = 2, .count = 3, .x = 7 };
    uint8_t leaf[CFK__MERKLE_HASH], found[CFK__MERKLE_HASH];
    struct cfk__hash_ctx *hash;
    bool same;

    hide(share.y, sizeof share.y);
    if (cfk__hash_new(CFK__SHA256, &hash, NULL) != CFK_OK ||
        cfk__share_leaf(hash, share.common, share.x, share.y, leaf, NULL) != CFK_OK ||
        cfk__merkle_root(hash, leaf, share.x, share.proof, found, NULL) != CFK_OK)
        return 1;
    cfk__hash_free(hash);
    same = cfk__equal_secret(found, share.root, sizeof found);
    show(&same, sizeof same);
    return same;
}

/* As a share is wrapped: a key derived from a secret, then an AEAD over secret bytes. */
static int wrap(enum cfk__aead_id id)
{
    static const uint8_t nonce[CFK__AEAD_NONCE_SIZE] = { 1 };
    uint8_t secret[32] = { 1 }, key[32], data[80] = { 2 }, sealed[80 + 16], back[80];
    struct cfk__aead *aead;
    int rc;

    hide(secret, sizeof secret);
    hide(data, sizeof data);
    if (cfk__hkdf(CFK__SHA512, "salt", 4, secret, sizeof secret, "info", 4, key,
                  sizeof key, NULL) != CFK_OK ||
        cfk__aead_new(id, key, &aead, NULL) != CFK_OK ||
        cfk__aead_seal(aead, nonce, NULL, 0, data, sizeof data, sealed, NULL) != CFK_OK)
        return 1;
    rc = cfk__aead_open(aead, nonce, NULL, 0, sealed, sizeof sealed, back, NULL);
    show(&rc, sizeof rc);
    show(back, sizeof back);
    show(data, sizeof data);
    cfk__aead_free(aead);
    return rc != CFK_OK || memcmp(back, data, sizeof data) != 0;
}

/* The key of a payload and its commitment. */
static int commitment(void)
{
    static uint8_t prefix[CFK__PAYLOAD_PREFIX], chunk[100 + CFK__PAYLOAD_TAG];
    uint8_t key[32] = { 3 };
    struct cfk__span context = { (const uint8_t *)"here", 4 };
    struct cfk__payload p, q;
    int rc;

    hide(key, sizeof key);
    if (cfk__payload_begin_seal(&p, key, context, prefix, NULL) != CFK_OK ||
        cfk__payload_seal(&p, chunk, 100, chunk, NULL) != CFK_OK)
        return 1;
    rc = cfk__payload_begin_open(&q, key, context, prefix, NULL);
    show(&rc, sizeof rc);
    cfk__payload_end(&p);
    if (rc != CFK_OK)
        return 1;
    rc = cfk__payload_open(&q, chunk, sizeof chunk, chunk, NULL);
    show(&rc, sizeof rc);
    cfk__payload_end(&q);
    return rc != CFK_OK;
}

/* A row of a share there and back; where its blanks are is public. */
static int rows(void)
{
    uint8_t data[20] = "twenty bytes, secret", back[20];
    char text[64], symbols[CFK__ROW_SYMBOLS + CFK__ROW_CHECK];
    struct cfk__row_state state = { 0 };
    struct cfk__row_verdict verdict;
    struct cfk__writer out;
    size_t count = 0;

    hide(data, sizeof data);
    cfk__rows_write((struct cfk__span){ data, sizeof data }, text);
    for (size_t i = sizeof CFK__ROWS_PREFIX - 1; count < sizeof symbols; i++)
        if ((i - 4) % 5 != 0 || i > 4 + 40) { /* one blank, four symbols */
            if (i == 4 + 40)
                continue;
            symbols[count++] = text[i];
        }
    cfk__writer_init(&out, back, sizeof back);
    verdict = cfk__row_read(&state, 1, symbols, CFK__ROW_SYMBOLS, &out);
    show(&verdict, sizeof verdict);
    show(back, sizeof back);
    show(data, sizeof data);
    return (verdict.unknown | verdict.mixed | verdict.wrong) != 0 ||
           memcmp(back, data, sizeof data) != 0;
}

static int words(void)
{
    char text[CFK__WORD_MAX];
    uint32_t index = 400, found;
    bool known;

    hide(&index, sizeof index);
    cfk__word_text(index, text);
    known = cfk__word_find(text, 4, &found); /* four letters tell every word */
    show(&known, sizeof known);
    show(&found, sizeof found);
    show(&index, sizeof index);
    return !known || found != index;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (!RUNNING_ON_VALGRIND)
        return ABSENT;
    if (strcmp(name, "table") == 0)
        return table_kernel();
    if (strcmp(name, "memcmp") == 0)
        return compare_by_memcmp();
    if (strcmp(name, "portable") == 0)
        return kernel(cfk__gf256_portable);
    if (strcmp(name, "avx2") == 0)
        return kernel(cfk__gf256_avx2());
    if (strcmp(name, "points") == 0)
        return evaluate(cfk__gf256_evaluate_portable);
    if (strcmp(name, "points-avx2") == 0)
        return evaluate(cfk__gf256_evaluate_avx2());
    if (strcmp(name, "shamir") == 0)
        return shamir();
    if (strcmp(name, "root") == 0)
        return root();
    if (strcmp(name, "wrap-gcm") == 0)
        return wrap(CFK__AES_256_GCM);
    if (strcmp(name, "wrap-chacha") == 0)
        return wrap(CFK__CHACHA20_POLY1305);
    if (strcmp(name, "commitment") == 0)
        return commitment();
    if (strcmp(name, "rows") == 0)
        return rows();
    if (strcmp(name, "words") == 0)
        return words();
    fprintf(stderr, "no case '%s'\n", name);
    return 2;
}
