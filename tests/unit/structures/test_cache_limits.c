/* SPDX-License-Identifier: MIT */
/* Weights, other sizes, and memory. */
#include "cfkit/cache.h"
#include "fault.h"
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { POLICIES = CFK_CACHE_CLOCK + 1 };

static cfk_cache *cache_of(int32_t policy, size_t capacity, uint64_t max_weight)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = capacity,
                                      .max_weight = max_weight,
                                      .policy = policy,
                                      .seed = { 1, 2 } };
    cfk_cache *cache;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    return cache;
}

static int set(cfk_cache *cache, const char *key, uint64_t weight)
{
    return cfk_cache_set_weighed(cache, key, strlen(key), 7, weight, CFK_CACHE_NEVER, 0,
                                 NULL);
}

static bool holds(const cfk_cache *cache, const char *key)
{
    return cfk_cache_peek(cache, key, strlen(key), NULL, NULL) == CFK_OK;
}

/* ---- weights ---- */

START_TEST(weights_together_stay_within_their_limit)
{
    cfk_cache *cache = cache_of(CFK_CACHE_LRU, 100, 10);
    struct cfk_cache_entry entry;

    ck_assert_int_eq(set(cache, "a", 4), CFK_OK);
    ck_assert_int_eq(set(cache, "b", 6), CFK_OK);
    ck_assert_uint_eq(cfk_cache_weight(cache), 10);
    ck_assert_int_eq(set(cache, "c", 1), CFK_OK); /* a leaves for it */
    ck_assert(!holds(cache, "a") && holds(cache, "b") && holds(cache, "c"));
    ck_assert_uint_eq(cfk_cache_weight(cache), 7);
    ck_assert_int_eq(cfk_cache_peek(cache, "b", 1, &entry, NULL), CFK_OK);
    ck_assert_uint_eq(entry.weight, 6);
    ck_assert_int_eq(set(cache, "d", 10), CFK_OK); /* both leave for it */
    ck_assert_uint_eq(cfk_cache_count(cache), 1);
    cfk_cache_clear(cache, NULL);
    ck_assert_uint_eq(cfk_cache_weight(cache), 0);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(what_is_heavier_than_the_limit_changes_nothing)
{
    cfk_cache *cache = cache_of(CFK_CACHE_LRU, 100, 10);
    struct cfk_error err = { 0 };
    uint64_t value = 1;

    set(cache, "a", 10);
    unit_expect_error(
        cfk_cache_set_weighed(cache, "b", 1, 0, 11, CFK_CACHE_NEVER, 0, &err),
        CFK_E_LIMIT, &err, "cache: a weight of 11; 10 is the most");
    unit_expect_error(
        cfk_cache_set_weighed(cache, "a", 1, 0, UINT64_MAX, CFK_CACHE_NEVER, 0, &err),
        CFK_E_LIMIT, &err, "10 is the most");
    ck_assert(holds(cache, "a"));
    ck_assert_int_eq(cfk_cache_get(cache, "a", 1, 0, 0, &value, NULL), CFK_CACHE_HIT);
    ck_assert_uint_eq(value, 7);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(entries_without_weight_are_limited_by_number_alone)
{
    for (int32_t policy = 0; policy < POLICIES; policy++) {
        cfk_cache *cache = cache_of(policy, 3, 1);
        char key[2] = "a";

        for (; key[0] <= 'z'; key[0]++)
            ck_assert_int_eq(set(cache, key, 0), CFK_OK);
        ck_assert_uint_eq(cfk_cache_count(cache), 3);
        ck_assert_uint_eq(cfk_cache_weight(cache), 0);
        ck_assert_int_eq(set(cache, "A", 1), CFK_OK);
        ck_assert_int_eq(set(cache, "B", 1), CFK_OK);
        ck_assert(!holds(cache, "A") && holds(cache, "B"));
        cfk_cache_free(cache);
    }
}
END_TEST

START_TEST(without_a_limit_weights_never_pass_64_bits)
{
    cfk_cache *cache = cache_of(CFK_CACHE_LRU, 10, 0);

    ck_assert_int_eq(set(cache, "a", UINT64_MAX - 1), CFK_OK);
    ck_assert_int_eq(set(cache, "b", 1), CFK_OK);
    ck_assert_uint_eq(cfk_cache_weight(cache), UINT64_MAX);
    ck_assert_int_eq(set(cache, "c", 1), CFK_OK);
    ck_assert(!holds(cache, "a"));
    ck_assert_uint_eq(cfk_cache_weight(cache), 2);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(a_heavier_value_makes_room_but_not_of_itself)
{
    for (int32_t policy = 0; policy < POLICIES; policy++) {
        cfk_cache *cache = cache_of(policy, 10, 10);

        set(cache, "a", 4);
        set(cache, "b", 3);
        set(cache, "c", 3);
        ck_assert_int_eq(set(cache, "a", 8), CFK_OK);
        ck_assert(holds(cache, "a"));
        ck_assert_uint_eq(cfk_cache_weight(cache), 8);
        ck_assert_int_eq(set(cache, "a", 2), CFK_OK);
        ck_assert_uint_eq(cfk_cache_weight(cache), 2);
        cfk_cache_free(cache);
    }
}
END_TEST

START_TEST(get_or_set_is_one_step)
{
    cfk_cache *cache = cache_of(CFK_CACHE_LRU, 2, 0);
    struct cfk_cache_stats stats = { .size = sizeof stats };
    struct cfk_error err = { 0 };
    char key[257] = { 0 };
    uint64_t value = 1;

    ck_assert_int_eq(cfk_cache_get_or_set(cache, "a", 1, &value, 10, 0, NULL),
                     CFK_CACHE_MISS);
    value = 2;
    ck_assert_int_eq(cfk_cache_get_or_set(cache, "a", 1, &value, 20, 9, NULL),
                     CFK_CACHE_HIT);
    ck_assert_uint_eq(value, 1);
    value = 3;
    ck_assert_int_eq(cfk_cache_get_or_set(cache, "a", 1, &value, 20, 10, NULL),
                     CFK_CACHE_MISS); /* expire == now: stale */
    ck_assert_int_eq(cfk_cache_get(cache, "a", 1, 19, 0, &value, NULL), CFK_CACHE_HIT);
    ck_assert_uint_eq(value, 3);
    unit_expect_error(cfk_cache_get_or_set(cache, key, 257, &value, 0, 0, &err),
                      CFK_E_LIMIT, &err, "257 bytes; 256 is the most");
    cfk_cache_get_stats(cache, &stats, NULL);
    ck_assert_uint_eq(stats.hits, 2);
    ck_assert_uint_eq(stats.misses, 2);
    ck_assert_uint_eq(stats.inserted, 1);
    ck_assert_uint_eq(stats.replaced, 1);
    cfk_cache_free(cache);
}
END_TEST

/* ---- another size ---- */

static void fill(cfk_cache *cache, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        ck_assert_int_eq(
            cfk_cache_set(cache, &i, sizeof i, i, (int64_t)(1000 + i), 0, NULL), CFK_OK);
}

START_TEST(a_resized_cache_goes_on_as_before)
{
    cfk_cache *cache = cache_of(_i, 100, 0);
    struct cfk_cache_stats stats = { .size = sizeof stats };
    struct cfk_cache_entry entry;

    fill(cache, 0, 100);
    ck_assert_int_eq(cfk_cache_resize(cache, 1000, 0, 0, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_cache_capacity(cache), 1000);
    ck_assert_uint_eq(cfk_cache_count(cache), 100);
    fill(cache, 100, 1000);
    ck_assert_uint_eq(cfk_cache_count(cache), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(cfk_cache_peek(cache, &i, sizeof i, &entry, NULL), CFK_OK);
        ck_assert_uint_eq(entry.value, i);
        ck_assert_int_eq(entry.expire_ns, 1000 + i);
    }
    /* Down by half, at a time when the first hundred have expired: they go first. */
    ck_assert_int_eq(cfk_cache_resize(cache, 500, 0, 1099, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_cache_count(cache), 500);
    cfk_cache_get_stats(cache, &stats, NULL);
    ck_assert_uint_eq(stats.expired, 100);
    ck_assert_uint_eq(stats.evicted, 400);
    fill(cache, 2000, 3000);
    ck_assert_uint_eq(cfk_cache_count(cache), 500);
    ck_assert_int_eq(cfk_cache_resize(cache, 1, 0, 0, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_cache_count(cache), 1);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(a_resize_has_limits)
{
    cfk_cache *cache = cache_of(CFK_CACHE_LRU, 10, 0);
    struct cfk_error err = { 0 };

    set(cache, "a", 5);
    set(cache, "b", 6);
    unit_expect_error(cfk_cache_resize(cache, 0, 0, 0, &err), CFK_E_INVALID, &err,
                      "capacity of 0");
    unit_expect_error(cfk_cache_resize(cache, ((size_t)1 << 28) + 1, 0, 0, &err),
                      CFK_E_INVALID, &err, "is the most");
    unit_expect_error(cfk_cache_resize(cache, SIZE_MAX, 0, 0, &err), CFK_E_INVALID, &err,
                      "is the most");
    ck_assert_uint_eq(cfk_cache_count(cache), 2);
    ck_assert_int_eq(cfk_cache_resize(cache, 10, 6, 0, &err), CFK_OK); /* weight alone */
    ck_assert(!holds(cache, "a") && holds(cache, "b"));
    ck_assert_int_eq(set(cache, "c", 7), CFK_E_LIMIT);
    ck_assert_int_eq(cfk_cache_resize(cache, 10, 0, 0, &err), CFK_OK); /* no limit */
    ck_assert_int_eq(set(cache, "c", 7), CFK_OK);
    cfk_cache_free(cache);
}
END_TEST

static int grow(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts, .capacity = 4, .policy = *(int32_t *)ctx, .alloc = alloc
    };
    struct cfk_error err = { 0 };
    cfk_cache *cache;
    int rc = cfk_cache_new(&opts, &cache, &err);

    for (size_t capacity = 5; capacity > 2 && rc == CFK_OK; capacity--) {
        if (capacity == 4)
            continue;
        fill(cache, 0, 5);
        rc = cfk_cache_resize(cache, capacity, 0, 0, &err);
        if (rc != CFK_OK) { /* as it was, and of use */
            ck_assert_uint_eq(cfk_cache_count(cache), cfk_cache_capacity(cache));
            ck_assert_uint_ge(cfk_cache_capacity(cache), 4);
            fill(cache, 5, 9);
        }
    }
    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "cache: no memory for");
    cfk_cache_free(cache);
    return rc;
}

START_TEST(failed_resizes_leave_the_cache_whole)
{
    int32_t policy = _i;

    fault_sweep(grow, &policy, 3);
}
END_TEST

/* ---- memory ---- */

struct meter {
    struct cfk_alloc alloc;
    size_t bytes;
    size_t calls;
};

static void *metered(void *ctx, size_t size)
{
    struct meter *meter = ctx;

    meter->bytes += size;
    meter->calls++;
    return malloc(size);
}

static void unmetered(void *ctx, void *block)
{
    (void)ctx;
    free(block);
}

START_TEST(all_memory_is_one_block_of_at_most_92_bytes_an_entry)
{
    static const size_t capacities[] = { 1000,  1024,  1025,  10000,
                                         16384, 16385, 21843, 40000 };
    static const size_t most[POLICIES] = { 92, 121, 124, 92, 92, 92 };

    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        struct meter meter = { .bytes = 0 };
        struct cfk_cache_options opts = { .size = sizeof opts,
                                          .capacity = capacities[i],
                                          .policy = _i,
                                          .alloc = &meter.alloc };
        cfk_cache *cache;

        meter.alloc = (struct cfk_alloc){ .ctx = &meter,
                                          .allocate = metered,
                                          .release = unmetered };
        ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
        fill(cache, 0, 2000);
        ck_assert_uint_eq(meter.calls, 1);
        ck_assert_uint_le(meter.bytes, capacities[i] * most[_i] + 1024);
        cfk_cache_free(cache);
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        weights_together_stay_within_their_limit,
        what_is_heavier_than_the_limit_changes_nothing,
        entries_without_weight_are_limited_by_number_alone,
        without_a_limit_weights_never_pass_64_bits,
        a_heavier_value_makes_room_but_not_of_itself,
        get_or_set_is_one_step,
        a_resize_has_limits,
        NULL,
    };
    Suite *suite = suite_create("structures/cache_limits");
    TCase *each = tcase_create("each policy");

    suite_add_tcase(suite, unit_case("cache_limits", tests));
    tcase_set_timeout(each, 120);
    tcase_add_loop_test(each, a_resized_cache_goes_on_as_before, 0, POLICIES);
    tcase_add_loop_test(each, failed_resizes_leave_the_cache_whole, 0, POLICIES);
    tcase_add_loop_test(each, all_memory_is_one_block_of_at_most_92_bytes_an_entry, 0,
                        POLICIES);
    suite_add_tcase(suite, each);
    return suite;
}
