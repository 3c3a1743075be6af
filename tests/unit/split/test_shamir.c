/* SPDX-License-Identifier: MIT */
#include "cfkit/split.h"
#include "checked.h"
#include "gen.h"
#include "split/gf256.h"
#include "split/shamir.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Schoolbook: multiply as polynomials, then divide with remainder. */
static uint8_t multiply_slowly(unsigned a, unsigned b)
{
    unsigned product = 0;

    for (unsigned i = 0; i < 8; i++)
        if (b >> i & 1)
            product ^= a << i;
    for (unsigned i = 15; i >= 8; i--)
        if (product >> i & 1)
            product ^= 0x11bu << (i - 8);
    return (uint8_t)product;
}

START_TEST(the_field_is_that_of_0x11b)
{
    unsigned wrong = 0;

    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++)
            wrong += cfk__gf256_multiply((uint8_t)a, (uint8_t)b) != multiply_slowly(a, b);
        ck_assert_uint_eq(cfk__gf256_multiply((uint8_t)a, cfk__gf256_invert((uint8_t)a)),
                          a == 0 ? 0 : 1);
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

enum { MOST = 1100, INPUTS = 20 };

/* Every byte of every output, and all behind them, is as it should be. */
static void check_kernel(cfk__gf256_kernel *kernel, size_t size, size_t inputs,
                         size_t outputs, struct gen *g)
{
    uint8_t *in = malloc((INPUTS + 1) * MOST);
    uint8_t *out = malloc(CFK__GF256_OUTPUTS * MOST);
    uint8_t matrix[CFK__GF256_OUTPUTS * INPUTS];
    const uint8_t *in_at[INPUTS];
    size_t wrong = 0;
    struct cfk__gf256_map map = { gen_below(g, 4) > 0 ? in + INPUTS * MOST : NULL,
                                  in_at,
                                  inputs,
                                  matrix,
                                  out,
                                  MOST,
                                  outputs };

    gen_bytes(g, in, (INPUTS + 1) * MOST);
    gen_bytes(g, matrix, sizeof matrix);
    memset(out, 0x77, CFK__GF256_OUTPUTS * MOST);
    for (size_t i = 0; i < INPUTS; i++)
        in_at[i] = in + i * MOST;
    kernel(&map, size);
    for (size_t j = 0; j < CFK__GF256_OUTPUTS; j++)
        for (size_t at = 0; at < MOST; at++) {
            uint8_t sum = map.constant != NULL ? map.constant[at] : 0;

            for (size_t i = 0; i < inputs && j < outputs && at < size; i++)
                sum ^= multiply_slowly(in_at[i][at], matrix[j * inputs + i]);
            wrong += out[j * MOST + at] != (j < outputs && at < size ? sum : 0x77);
        }
    ck_assert_uint_eq(wrong, 0);
    free(out);
    free(in);
}

static void check_kernel_at_every_size(cfk__gf256_kernel *kernel)
{
    struct gen g;

    gen_seed(&g, 1);
    for (size_t size = 0; size <= 100; size += size < 40 ? 1 : 7)
        check_kernel(kernel, size, size % 5, 1 + size % CFK__GF256_OUTPUTS, &g);
    for (size_t outputs = 1; outputs <= CFK__GF256_OUTPUTS; outputs++) {
        check_kernel(kernel, 500 + 99 * outputs, 4 * outputs, outputs, &g);
        check_kernel(kernel, MOST - outputs, 7 + outputs, outputs, &g);
    }
}

START_TEST(the_portable_kernel_works_byte_by_byte)
{
    check_kernel_at_every_size(cfk__gf256_portable);
}
END_TEST

START_TEST(the_avx2_kernel_works_byte_by_byte)
{
    if (cfk__gf256_avx2() == NULL) {
        unit_skip("no AVX2 here");
        return;
    }
    ck_assert_ptr_eq(cfk__gf256(), cfk__gf256_avx2());
    check_kernel_at_every_size(cfk__gf256_avx2());
}
END_TEST

/* Every byte of every value, and all around them, is as it should be. */
static void check_values(cfk__gf256_evaluate *kernel, size_t size, unsigned base,
                         unsigned last, bool square, struct gen *g)
{
    enum { ROOM = 300, START = 40 };
    uint8_t in[3][ROOM], out[CFK__GF256_POINTS][ROOM];
    size_t from = START + gen_below(g, 33), wrong = 0;
    struct cfk__gf256_points points = {
        in[0] + gen_below(g, 33), in[1], square ? in[2] : NULL, base, last, { NULL }
    };

    gen_bytes(g, in, sizeof in);
    memset(out, 0x77, sizeof out);
    for (unsigned i = 0; i <= last; i++)
        points.outputs[i] = out[i] + from;
    kernel(&points, size);
    for (unsigned i = 0; i < CFK__GF256_POINTS; i++)
        for (size_t at = 0; at < ROOM; at++) {
            unsigned x = base + i;
            uint8_t want = 0x77;

            if (x > 0 && i <= last && at >= from && at < from + size) {
                want = points.constant[at - from] ^ multiply_slowly(in[1][at - from], x);
                if (square)
                    want ^= multiply_slowly(multiply_slowly(in[2][at - from], x), x);
            }
            wrong += out[i][at] != want;
        }
    ck_assert_uint_eq(wrong, 0);
}

static void check_every_point(cfk__gf256_evaluate *kernel)
{
    struct gen g;

    gen_seed(&g, 2);
    for (unsigned base = 0; base < 256; base += (CHECKED ? 7u : 1u) * CFK__GF256_POINTS)
        for (unsigned last = base == 0; last < CFK__GF256_POINTS; last++)
            check_values(kernel, 8 + (base + last) % 150, base, last, (base + last) & 1,
                         &g);
    for (unsigned last = 1; last < CFK__GF256_POINTS; last++)
        for (size_t size = CFK__GF256_WORD; size < 100;
             size += size < 40 && !CHECKED ? 1 : 7)
            check_values(kernel, size, 0, last, size & 1, &g);
}

START_TEST(polynomials_have_their_values_by_words)
{
    check_every_point(cfk__gf256_evaluate_portable);
}
END_TEST

START_TEST(polynomials_have_their_values_by_avx2)
{
    if (cfk__gf256_evaluate_avx2() == NULL) {
        unit_skip("no AVX2 here");
        return;
    }
    ck_assert_ptr_eq(cfk__gf256_evaluate_best(), cfk__gf256_evaluate_avx2());
    check_every_point(cfk__gf256_evaluate_avx2());
}
END_TEST

START_TEST(every_scalar_times_every_byte)
{
    uint8_t all[256], portable[256], best[256];
    unsigned wrong = 0;
    const uint8_t *in = all;

    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (unsigned x = 0; x < 256; x++) {
        uint8_t scalar = (uint8_t)x;
        struct cfk__gf256_map map = { NULL, &in, 1, &scalar, portable, 0, 1 };

        cfk__gf256_portable(&map, 256);
        map.outputs = best;
        cfk__gf256()(&map, 256);
        for (unsigned i = 0; i < 256; i++)
            wrong += portable[i] != multiply_slowly(i, x);
        ck_assert_mem_eq(best, portable, 256);
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

static uint8_t value_slowly(uint8_t constant, const uint8_t *coefficients, size_t count,
                            size_t stride, uint8_t x)
{
    uint8_t y = 0;

    for (size_t i = count; i-- > 0;)
        y = multiply_slowly(y ^ coefficients[i * stride], x);
    return y ^ constant;
}

static void join_some(const uint8_t *shares, size_t size, uint32_t count, uint32_t take,
                      struct gen *g, uint8_t *out)
{
    uint8_t xs[255];
    uint8_t *picked = malloc(take * size + 1);
    bool used[255] = { false };

    for (uint32_t i = 0; i < take; i++) {
        uint32_t at = (uint32_t)gen_below(g, count);

        while (used[at])
            at = (at + 1) % count;
        used[at] = true;
        xs[i] = (uint8_t)(at + 1);
        memcpy(picked + i * size, shares + at * size, size);
    }
    ck_assert_int_eq(cfk_split_shamir_join(xs, picked, take, size, out, NULL), CFK_OK);
    free(picked);
}

START_TEST(any_k_of_n_shares_join)
{
    static const uint32_t cases[][2] = {
        { 1, 1 }, { 1, 3 },  { 2, 2 },     { 2, 3 },
        { 3, 5 }, { 7, 20 }, { 254, 255 }, { 255, 255 },
    };
    static const size_t sizes[] = { 1, 7, 32, 1023, 1024, 1025, 3000 };
    struct gen g;

    gen_seed(&g, 2);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            size_t size = sizes[s];
            uint8_t *secret = malloc(size), *back = malloc(size);
            uint8_t *shares = malloc(size * cases[c][1]);

            gen_bytes(&g, secret, size);
            ck_assert_int_eq(
                cfk_split_shamir(secret, size, cases[c][0], cases[c][1], shares, NULL),
                CFK_OK);
            join_some(shares, size, cases[c][1], cases[c][0], &g, back);
            ck_assert_mem_eq(back, secret, size);
            join_some(shares, size, cases[c][1], cases[c][1], &g, back);
            ck_assert_mem_eq(back, secret, size);
            free(secret);
            free(back);
            free(shares);
        }
}
END_TEST

START_TEST(fewer_than_k_shares_do_not_join)
{
    uint8_t secret[64], shares[5 * 64], back[64];
    struct gen g;

    gen_seed(&g, 3);
    gen_bytes(&g, secret, sizeof secret);
    ck_assert_int_eq(cfk_split_shamir(secret, 64, 3, 5, shares, NULL), CFK_OK);
    for (int i = 0; i < 20; i++) {
        join_some(shares, 64, 5, 2, &g, back);
        ck_assert_mem_ne(back, secret, 64);
    }
}
END_TEST

/* A top coefficient that is never 0 leaks, a bit at a time, over many splits. */
START_TEST(every_value_occurs_in_a_share)
{
    static uint8_t secret[65536], shares[2 * 65536];
    unsigned seen[256] = { 0 };

    ck_assert_int_eq(cfk_split_shamir(secret, sizeof secret, 2, 2, shares, NULL), CFK_OK);
    for (size_t i = 0; i < sizeof secret; i++)
        seen[shares[i]]++;
    for (int v = 0; v < 256; v++) {
        ck_assert_uint_gt(seen[v], 128); /* 256 expected, 8 standard deviations away */
        ck_assert_uint_lt(seen[v], 384);
    }
}
END_TEST

START_TEST(the_callers_random_bytes_make_the_same_shares_again)
{
    static uint8_t secret[5000], random[2 * 5000], shares[4 * 5000], back[5000];
    static const uint8_t xs[] = { 1, 2, 3 };
    struct cfk_error err;
    struct gen g;

    gen_seed(&g, 4);
    gen_bytes(&g, secret, sizeof secret);
    gen_bytes(&g, random, sizeof random);
    ck_assert_int_eq(cfk_split_shamir_with(secret, 5000, 3, 4, random, shares, NULL),
                     CFK_OK);
    for (size_t i = 0; i < sizeof shares; i += 13)
        ck_assert_uint_eq(shares[i], value_slowly(secret[i % 5000], random + i % 5000, 2,
                                                  5000, (uint8_t)(i / 5000 + 1)));
    ck_assert_int_eq(cfk_split_shamir_join(xs, shares, 3, 5000, back, NULL), CFK_OK);
    ck_assert_mem_eq(back, secret, sizeof back);
    ck_assert_int_eq(cfk_split_shamir_with(secret, 5000, 1, 2, NULL, shares, NULL),
                     CFK_OK);
    ck_assert_mem_eq(shares + 5000, secret, sizeof secret);
    unit_expect_error(cfk_split_shamir_with(secret, 8, 3, 2, random, shares, &err),
                      CFK_E_INVALID, &err, "1 to 255");
    unit_expect_error(cfk_split_shamir_with(secret, 8, 2, 256, random, shares, &err),
                      CFK_E_INVALID, &err, "1 to 255");
}
END_TEST

START_TEST(impossible_counts_and_xs_are_refused)
{
    static const uint32_t bad[][2] = { { 0, 3 }, { 4, 3 }, { 0, 0 }, { 2, 256 } };
    static const uint8_t twice[] = { 7, 9, 7 };
    static const uint8_t zero[] = { 7, 0 };
    uint8_t shares[256 * 2] = { 0 }, out[2];
    struct cfk_error err;

    for (int i = 0; i < 4; i++)
        unit_expect_error(cfk_split_shamir("ab", 2, bad[i][0], bad[i][1], shares, &err),
                          CFK_E_INVALID, &err, "1 to 255");
    unit_expect_error(cfk_split_shamir_join(twice, shares, 3, 2, out, &err),
                      CFK_E_INVALID, &err, "all different");
    unit_expect_error(cfk_split_shamir_join(zero, shares, 2, 2, out, &err), CFK_E_INVALID,
                      &err, "1 to 255");
    unit_expect_error(cfk_split_shamir_join(zero, shares, 0, 2, out, &err), CFK_E_INVALID,
                      &err, "to join");
    unit_expect_error(cfk_split_shamir_join(zero, shares, 256, 2, out, &err),
                      CFK_E_INVALID, &err, "to join");
    ck_assert_int_eq(cfk_split_shamir(NULL, 0, 2, 3, NULL, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_shamir_join(twice, NULL, 2, 0, NULL, NULL), CFK_OK);
}
END_TEST

static void check_peer(const json_t *item)
{
    const json_t *list = json_object_get(item, "shares");
    uint32_t count = (uint32_t)json_array_size(list);
    uint32_t k = (uint32_t)json_integer_value(json_object_get(item, "threshold"));
    size_t size;
    uint8_t *secret = vectors_hex(item, "secret", &size);
    uint8_t *shares = malloc(size * count), *back = malloc(size);
    uint8_t xs[255];

    for (uint32_t i = 0; i < count; i++) {
        const json_t *share = json_array_get(list, i);
        size_t y_size;
        uint8_t *y = vectors_hex(share, "y", &y_size);

        ck_assert_uint_eq(y_size, size);
        xs[i] = (uint8_t)json_integer_value(json_object_get(share, "x"));
        memcpy(shares + i * size, y, size);
        free(y);
    }
    for (uint32_t from = 0; from + k <= count; from++) {
        ck_assert_int_eq(
            cfk_split_shamir_join(xs + from, shares + from * size, k, size, back, NULL),
            CFK_OK);
        ck_assert_msg(memcmp(back, secret, size) == 0, "%s", vectors_text(item, "id"));
    }
    free(secret);
    free(shares);
    free(back);
}

START_TEST(shares_that_peers_made_join)
{
    json_t *root = vectors_load("split/shamir_gf256_peers.json");
    unsigned done = 0;
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        if (strcmp(vectors_text(item, "poly"), "0x11b") != 0)
            continue;
        check_peer(item);
        done++;
    }
    ck_assert_uint_gt(done, 30);
    json_decref(root);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        the_field_is_that_of_0x11b,
        the_portable_kernel_works_byte_by_byte,
        the_avx2_kernel_works_byte_by_byte,
        polynomials_have_their_values_by_words,
        polynomials_have_their_values_by_avx2,
        every_scalar_times_every_byte,
        any_k_of_n_shares_join,
        fewer_than_k_shares_do_not_join,
        every_value_occurs_in_a_share,
        the_callers_random_bytes_make_the_same_shares_again,
        impossible_counts_and_xs_are_refused,
        shares_that_peers_made_join,
        NULL,
    };
    Suite *s = suite_create("split/shamir");

    suite_add_tcase(s, unit_case("shamir", tests));
    return s;
}
