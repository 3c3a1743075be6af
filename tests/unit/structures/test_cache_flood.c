/* SPDX-License-Identifier: MIT */
/* Keys that were made to collide, by who knows the seed of a cache and who does not. */
#include "structures/cache_table.h"
#include "unit.h"

enum { POLICIES = CFK_CACHE_CLOCK + 1 };

static cfk_cache *cache_of(int32_t policy, size_t capacity, uint64_t seed)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts, .capacity = capacity, .policy = policy, .seed = { seed, 2 }
    };
    cfk_cache *cache;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    return cache;
}

static void fill(cfk_cache *cache, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        ck_assert_int_eq(cfk_cache_set(cache, &i, sizeof i, i, CFK_CACHE_NEVER, 0, NULL),
                         CFK_OK);
}

/* How many nodes stand in the chain of a hash. */
static unsigned chain_length(const struct cfk__cache_arrays *a, uint64_t hash)
{
    unsigned length = 0;

    for (uint32_t at = a->chains[hash & a->chain_mask]; at != 0; at = a->next[at])
        length++;
    return length;
}

static unsigned longest_chain(const struct cfk__cache_arrays *a)
{
    unsigned longest = 0;

    for (uint32_t i = 0; i <= a->chain_mask; i++) {
        unsigned length = chain_length(a, i);

        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Keys, of which the first half is the seed's first secret: one factor is zero. */
static void zero_factor(const cfk_cache *cache, unsigned n, uint64_t *key)
{
    key[0] = cache->hasher.secret[0];
    key[1] = n;
}

/* Keys of one chain, found by trying. */
static void one_chain(const cfk_cache *cache, unsigned n, uint64_t *key)
{
    key[0] = n;
    key[1] = n == 0 ? 0 : key[1] + 1;
    while ((cfk__keyed_hash_fast(&cache->hasher, key, 16) & cache->a.chain_mask) != 0)
        key[1]++;
}

/* What knows gives the keys away; no search is ever long. */
static void flood(cfk_cache *cache, const cfk_cache *known, unsigned count,
                  void (*make)(const cfk_cache *, unsigned, uint64_t *), bool in_one_step)
{
    uint64_t key[2] = { 0, 0 };

    for (unsigned n = 0; n < count; n++) {
        uint64_t value = n;

        make(known, n, key);
        if (in_one_step)
            ck_assert_int_eq(cfk_cache_get_or_set(cache, key, sizeof key, &value,
                                                  CFK_CACHE_NEVER, 0, NULL),
                             CFK_CACHE_MISS);
        else
            ck_assert_int_eq(
                cfk_cache_set(cache, key, sizeof key, n, CFK_CACHE_NEVER, 0, NULL),
                CFK_OK);
        ck_assert_uint_le(
            chain_length(&cache->a, cfk__keyed_hash(&cache->hasher, key, sizeof key)),
            CFK__LONGEST_CHAIN);
    }
}

static void expect_whole(cfk_cache *cache, unsigned count, uint64_t rehashed)
{
    struct cfk_cache_stats stats = { .size = sizeof stats };
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    unsigned seen = 0;

    cfk_cache_get_stats(cache, &stats, NULL);
    ck_assert_uint_eq(stats.rehashed, rehashed);
    ck_assert_uint_le(longest_chain(&cache->a), CFK__LONGEST_CHAIN);
    while (cfk_cache_next(cache, &cursor, &entry) == 1) {
        ck_assert_int_eq(cfk_cache_get(cache, entry.key, entry.key_len, 0, 0, NULL, NULL),
                         CFK_CACHE_HIT);
        seen++;
    }
    ck_assert_uint_eq(seen, count);
}

START_TEST(keys_that_collide_under_a_known_seed_trip_the_wire)
{
    cfk_cache *cache = cache_of(_i, 1024, 1);

    flood(cache, cache, 1024, zero_factor, false);
    expect_whole(cache, 1024, 1);
    cfk_cache_free(cache);
    cache = cache_of(_i, 256, 1);
    flood(cache, cache, 256, one_chain, false);
    expect_whole(cache, 256, 1);
    ck_assert_int_eq(cfk_cache_resize(cache, 512, 0, 0, NULL), CFK_OK);
    expect_whole(cache, 256, 1);
    cfk_cache_free(cache);
}
END_TEST

/* Keys of one chain of a cache a sixteenth as large. */
static void one_chain_of_few(const cfk_cache *cache, unsigned n, uint64_t *key)
{
    key[0] = n;
    key[1] = n == 0 ? 0 : key[1] + 1;
    while ((cfk__keyed_hash_fast(&cache->hasher, key, 16) & cache->a.chain_mask / 16) !=
           0)
        key[1]++;
}

/* Chains that are short enough get too long where there are fewer. */
START_TEST(such_keys_trip_it_in_a_cache_that_shrinks)
{
    cfk_cache *cache = cache_of(_i, 1024, 1);

    flood(cache, cache, 64, one_chain_of_few, false);
    expect_whole(cache, 64, 0);
    ck_assert_int_eq(cfk_cache_resize(cache, 64, 0, 0, NULL), CFK_OK);
    expect_whole(cache, 64, 1);
    cfk_cache_free(cache);
}
END_TEST

/* Where each takes the place of another, the short ways notice too. */
START_TEST(such_keys_trip_it_in_a_full_cache)
{
    cfk_cache *cache = cache_of(_i, 256, 1);

    fill(cache, 256);
    flood(cache, cache, 256, one_chain, true);
    expect_whole(cache, 256, 1);
    flood(cache, cache, 256, zero_factor, true);
    expect_whole(cache, 256, 1);
    cfk_cache_free(cache);
}
END_TEST

/* Who knows all but the seed makes keys that collide elsewhere, not here. */
START_TEST(keys_that_collide_under_another_seed_do_not)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts, .capacity = 256, .policy = _i, .seed = { 3, 4 }
    };
    cfk_cache *known = cache_of(_i, 256, 1);
    cfk_cache *cache;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    flood(cache, known, 256, one_chain, false);
    flood(cache, known, 256, zero_factor, true);
    expect_whole(cache, 256, 0);
    ck_assert_uint_le(longest_chain(&cache->a), 10);
    cfk_cache_free(cache);
    cfk_cache_free(known);
}
END_TEST

START_TEST(ordinary_keys_do_not)
{
    cfk_cache *cache = cache_of(_i, 4096, 1);
    struct cfk_cache_stats stats = { .size = sizeof stats };

    fill(cache, 30000);
    cfk_cache_get_stats(cache, &stats, NULL);
    ck_assert_uint_eq(stats.rehashed, 0);
    ck_assert_uint_le(longest_chain(&cache->a), 10);
    cfk_cache_free(cache);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("structures/cache_flood");
    TCase *each = tcase_create("each policy");

    tcase_set_timeout(each, 120);
    tcase_add_loop_test(each, keys_that_collide_under_a_known_seed_trip_the_wire, 0,
                        POLICIES);
    tcase_add_loop_test(each, such_keys_trip_it_in_a_cache_that_shrinks, 0, POLICIES);
    tcase_add_loop_test(each, such_keys_trip_it_in_a_full_cache, 0, POLICIES);
    tcase_add_loop_test(each, keys_that_collide_under_another_seed_do_not, 0, POLICIES);
    tcase_add_loop_test(each, ordinary_keys_do_not, 0, POLICIES);
    suite_add_tcase(suite, each);
    return suite;
}
