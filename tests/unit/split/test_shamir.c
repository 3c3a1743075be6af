/* SPDX-License-Identifier: MIT */
#include "cfkit/split.h"
#include "gen.h"
#include "split/gf256.h"
#include "split/shamir.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(address, size)
#define VALGRIND_MAKE_MEM_DEFINED(address, size)
#endif

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
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++)
            ck_assert_uint_eq(cfk__gf256_multiply((uint8_t)a, (uint8_t)b),
                              multiply_slowly(a, b));
        ck_assert_uint_eq(cfk__gf256_multiply((uint8_t)a, cfk__gf256_invert((uint8_t)a)),
                          a == 0 ? 0 : 1);
    }
}
END_TEST

START_TEST(vectors_of_every_length_are_multiplied_byte_by_byte)
{
    struct gen g;

    gen_seed(&g, 1);
    for (size_t size = 0; size < 40; size++)
        for (unsigned round = 0; round < 20; round++) {
            uint8_t acc[48], add[48], horner[48], product[48];
            uint8_t x = (uint8_t)gen_u64(&g);

            gen_bytes(&g, acc, sizeof acc);
            gen_bytes(&g, add, sizeof add);
            memcpy(horner, acc, sizeof acc);
            memcpy(product, acc, sizeof acc);
            cfk__gf256_horner(horner, x, add, size);
            cfk__gf256_add_product(product, x, add, size);
            for (size_t i = 0; i < size; i++) {
                ck_assert_uint_eq(horner[i], multiply_slowly(acc[i], x) ^ add[i]);
                ck_assert_uint_eq(product[i], acc[i] ^ multiply_slowly(add[i], x));
            }
            ck_assert_mem_eq(horner + size, acc + size, sizeof acc - size);
            ck_assert_mem_eq(product + size, acc + size, sizeof acc - size);
        }
}
END_TEST

/* Under valgrind a branch or an index that depends on these bytes is an error. */
START_TEST(nothing_depends_on_secret_bytes)
{
    uint8_t secret[37], coefficients[2 * 37], y[3][37], back[37];
    const uint8_t *ys[] = { y[0], y[1], y[2] };
    const uint8_t xs[] = { 3, 200, 255 };

    memset(secret, 0x5a, sizeof secret);
    memset(coefficients, 0xc3, sizeof coefficients);
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    VALGRIND_MAKE_MEM_UNDEFINED(coefficients, sizeof coefficients);
    for (int i = 0; i < 3; i++)
        cfk__shamir_evaluate(secret, coefficients, 2, sizeof secret, xs[i], y[i]);
    cfk__shamir_interpolate(xs, ys, 3, sizeof back, back);
    VALGRIND_MAKE_MEM_DEFINED(back, sizeof back);
    VALGRIND_MAKE_MEM_DEFINED(secret, sizeof secret);
    ck_assert_mem_eq(back, secret, sizeof back);
}
END_TEST

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
        vectors_of_every_length_are_multiplied_byte_by_byte,
        nothing_depends_on_secret_bytes,
        any_k_of_n_shares_join,
        fewer_than_k_shares_do_not_join,
        every_value_occurs_in_a_share,
        impossible_counts_and_xs_are_refused,
        shares_that_peers_made_join,
        NULL,
    };
    Suite *s = suite_create("split/shamir");

    suite_add_tcase(s, unit_case("shamir", tests));
    return s;
}
