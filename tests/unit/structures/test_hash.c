/* SPDX-License-Identifier: MIT */
/* The fast keyed hash, and the tripwire that protects a table under it. */
#include "gen.h"
#include "structures/key.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 1024, SLOTS = 2 * CAPACITY, KEY = 16 };

static struct cfk__hasher hasher_of(uint64_t first, uint64_t second)
{
    const uint64_t seed[2] = { first, second };
    struct cfk__hasher h;

    ck_assert_int_eq(cfk__hasher_init(&h, seed, NULL), CFK_OK);
    return h;
}

START_TEST(products_are_the_same_with_and_without_wide_integers)
{
    static const uint64_t edges[] = { 0,          1,
                                      UINT32_MAX, (uint64_t)UINT32_MAX + 1,
                                      UINT64_MAX, UINT64_C(0x8000000000000000) };
    struct gen g;

    gen_seed(&g, 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t a = i < 36 ? edges[i % 6] : gen_u64(&g) >> gen_below(&g, 64);
        uint64_t b = i < 36 ? edges[i / 6] : gen_u64(&g) >> gen_below(&g, 64);
        uint64_t lo;
        uint64_t hi;
        uint64_t wide_lo;
        uint64_t wide_hi;

        cfk__multiply(a, b, &wide_lo, &wide_hi);
        cfk__multiply_halves(a, b, &lo, &hi);
        ck_assert(lo == a * b && lo == wide_lo && hi == wide_hi);
    }
}
END_TEST

/* Sketches of several machines meet in files, so these numbers are for ever. */
START_TEST(the_hash_keeps_its_values)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {
        { 0, UINT64_C(0x3b0576b73dd6a001) },  { 1, UINT64_C(0xe1f5122710249d13) },
        { 3, UINT64_C(0x13b84b27ad3ac94d) },  { 4, UINT64_C(0xb22f4710eb7b26f9) },
        { 7, UINT64_C(0xb90757b255ba47cb) },  { 8, UINT64_C(0xeab77c26e9f891a1) },
        { 15, UINT64_C(0xbd39a320bcb58a9e) }, { 16, UINT64_C(0xf4fd92c8f513abfd) },
        { 17, UINT64_C(0x20202aac5c04684c) }, { 32, UINT64_C(0x064c6077114f6802) },
        { 33, UINT64_C(0x16248e2c0d4d301d) }, { 64, UINT64_C(0x9f19f9b0bc499f58) },
    };
    struct cfk__hasher h = hasher_of(1, 2);
    uint8_t key[64];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        ck_assert_uint_eq(cfk__keyed_hash_fast(&h, key, vectors[i].len), vectors[i].hash);
}
END_TEST

/* One bit of the key, wherever it is, changes half of the bits of the hash. */
START_TEST(every_bit_of_the_key_counts)
{
    struct cfk__hasher h = hasher_of(3, 4);
    struct gen g;

    gen_seed(&g, 2);
    for (size_t len = 1; len <= 70; len++) {
        int64_t flipped = 0;
        int64_t tries = 0;

        for (int round = 0; round < 8; round++) {
            uint8_t key[70];
            uint64_t before;

            gen_bytes(&g, key, len);
            before = cfk__keyed_hash_fast(&h, key, len);
            ck_assert_uint_ne(before, cfk__keyed_hash_fast(&h, key, len - 1));
            for (size_t bit = 0; bit < 8 * len; bit++, tries++) {
                uint64_t changes;

                key[bit / 8] ^= (uint8_t)(1 << bit % 8);
                changes = before ^ cfk__keyed_hash_fast(&h, key, len);
                key[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_assert_uint_ne(changes, 0);
                flipped += __builtin_popcountll(changes);
            }
        }
        ck_assert_int_ge(flipped, tries * 30);
        ck_assert_int_le(flipped, tries * 34);
    }
}
END_TEST

/* Counting numbers, the commonest of keys, fill a table as random ones would. */
START_TEST(ordinary_keys_never_trip)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct cfk__hasher h = hasher_of(seed, 0);
        struct cfk__table table;

        ck_assert_int_eq(cfk__table_init(&table, CAPACITY, NULL), CFK_OK);
        for (uint32_t i = 0; i < CAPACITY; i++) {
            uint64_t hash = cfk__keyed_hash(&h, &i, sizeof i);

            cfk__table_insert(&table, hash, i);
            ck_assert(!cfk__hasher_tripped(&h, &table, hash));
        }
        cfk__table_free(&table, NULL);
    }
}
END_TEST

/* A table whose owner minds the tripwire; entries are keys of KEY bytes. */
struct owner {
    struct cfk__hasher hasher;
    struct cfk__table table;
    uint8_t keys[CAPACITY][KEY];
    uint32_t count;
};

static void enter(struct owner *o, const void *key)
{
    uint64_t hash = cfk__keyed_hash(&o->hasher, key, KEY);

    memcpy(o->keys[o->count], key, KEY);
    cfk__table_insert(&o->table, hash, o->count++);
    if (!cfk__hasher_tripped(&o->hasher, &o->table, hash))
        return;
    cfk__hasher_guard(&o->hasher);
    cfk__table_clear(&o->table);
    for (uint32_t i = 0; i < o->count; i++)
        cfk__table_insert(&o->table, cfk__keyed_hash(&o->hasher, o->keys[i], KEY), i);
}

static struct owner *owner_of(void)
{
    struct owner *o = calloc(1, sizeof *o);

    ck_assert_ptr_nonnull(o);
    o->hasher = hasher_of(5, 6);
    ck_assert_int_eq(cfk__table_init(&o->table, CAPACITY, NULL), CFK_OK);
    return o;
}

static uint32_t longest_run(const struct owner *o)
{
    uint32_t longest = 0;

    for (uint32_t i = 0; i < o->count; i++) {
        uint32_t run =
            cfk__table_run(&o->table, cfk__keyed_hash(&o->hasher, o->keys[i], KEY));

        longest = run > longest ? run : longest;
    }
    return longest;
}

static void expect_guarded(struct owner *o)
{
    ck_assert_uint_eq(o->count, CAPACITY);
    ck_assert(o->hasher.guarded);
    ck_assert_uint_eq(o->table.count, CAPACITY);
    ck_assert_uint_le(longest_run(o), cfk__table_longest_run(&o->table));
    cfk__table_free(&o->table, NULL);
    free(o);
}

/* Who knows the seed makes one factor 0, and all such keys have one hash. */
START_TEST(a_flood_with_a_factor_of_zero_is_answered)
{
    struct owner *o = owner_of();
    uint64_t key[2] = { o->hasher.secret[0], 0 };
    uint64_t hash = cfk__keyed_hash_fast(&o->hasher, key, KEY);

    for (key[1] = 0; key[1] < CAPACITY; key[1]++) {
        ck_assert_uint_eq(cfk__keyed_hash_fast(&o->hasher, key, KEY), hash);
        enter(o, key);
        ck_assert_uint_le(longest_run(o), cfk__table_longest_run(&o->table));
    }
    expect_guarded(o);
}
END_TEST

/* Keys found by trying whose homes are one slot. */
START_TEST(a_flood_of_one_home_is_answered)
{
    struct owner *o = owner_of();
    uint64_t key[2] = { 0, 0 };

    while (o->count < CAPACITY) {
        key[0]++;
        if ((cfk__keyed_hash_fast(&o->hasher, key, KEY) >> 32 & (SLOTS - 1)) == 77)
            enter(o, key);
    }
    expect_guarded(o);
}
END_TEST

/*
 * Homes in a row, from the last to the first: no insertion walks further than to
 * its home, and yet a search at the row's start would walk all of it.
 */
START_TEST(a_flood_of_neighbouring_homes_is_answered)
{
    struct owner *o = owner_of();
    uint64_t key[2] = { 0, 0 };

    while (o->count < CAPACITY) {
        key[0]++;
        if ((cfk__keyed_hash_fast(&o->hasher, key, KEY) >> 32 & (SLOTS - 1)) ==
            CAPACITY - o->count)
            enter(o, key);
    }
    expect_guarded(o);
}
END_TEST

START_TEST(a_guard_is_drawn_anew_each_time)
{
    struct cfk__hasher first = hasher_of(7, 8);
    struct cfk__hasher second = first;

    cfk__hasher_guard(&first);
    cfk__hasher_guard(&second);
    ck_assert_uint_ne(cfk__keyed_hash(&first, "key", 3),
                      cfk__keyed_hash(&second, "key", 3));
    ck_assert_uint_eq(cfk__keyed_hash_fast(&first, "key", 3),
                      cfk__keyed_hash_fast(&second, "key", 3));
}
END_TEST

START_TEST(seeds_are_random_unless_given)
{
    struct cfk__hasher first = hasher_of(0, 0);
    struct cfk__hasher second = hasher_of(0, 0);
    struct cfk__hasher given = hasher_of(0, 9);

    ck_assert(first.seed[0] != second.seed[0] && first.seed[1] != second.seed[1]);
    ck_assert_uint_eq(given.seed[0], 0);
    ck_assert_uint_eq(given.seed[1], 9);
}
END_TEST

START_TEST(bytes_are_equal_where_memcmp_says_so)
{
    struct gen g;

    gen_seed(&g, 3);
    for (size_t len = 0; len <= 40; len++) {
        uint8_t a[40];
        uint8_t b[40];

        gen_bytes(&g, a, sizeof a);
        memcpy(b, a, sizeof b);
        ck_assert(cfk__bytes_equal(a, b, len));
        for (size_t i = 0; i < len; i++) {
            b[i] ^= 1;
            ck_assert(!cfk__bytes_equal(a, b, len));
            b[i] ^= 1;
        }
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        products_are_the_same_with_and_without_wide_integers,
        the_hash_keeps_its_values,
        every_bit_of_the_key_counts,
        ordinary_keys_never_trip,
        a_flood_with_a_factor_of_zero_is_answered,
        a_flood_of_one_home_is_answered,
        a_flood_of_neighbouring_homes_is_answered,
        a_guard_is_drawn_anew_each_time,
        seeds_are_random_unless_given,
        bytes_are_equal_where_memcmp_says_so,
        NULL,
    };
    Suite *suite = suite_create("structures/hash");

    suite_add_tcase(suite, unit_case("hash", tests));
    return suite;
}
