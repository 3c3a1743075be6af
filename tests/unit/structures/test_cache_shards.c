/* SPDX-License-Identifier: MIT */
/* Shards under their users' locks, and the curve of all capacities. */
#include "cfkit/cache.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

/* ---- shards ---- */

static cfk_cache_shards *shards_of(size_t capacity, size_t count)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = capacity,
                                      .seed = { 1, 2 } };
    cfk_cache_shards *shards;

    ck_assert_int_eq(cfk_cache_shards_new(&opts, count, &shards, NULL), CFK_OK);
    return shards;
}

START_TEST(shards_share_what_there_is)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = 10,
                                      .max_weight = 7 };
    cfk_cache_shards *shards;
    size_t capacity = 0;
    uint64_t key = 0;

    ck_assert_int_eq(cfk_cache_shards_new(&opts, 3, &shards, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_cache_shards_count(shards), 3);
    for (size_t i = 0; i < 3; i++) {
        cfk_cache *cache = cfk_cache_shards_at(shards, i);

        capacity += cfk_cache_capacity(cache);
        ck_assert_uint_ge(cfk_cache_capacity(cache), 3);
        /* 7 in three: 3, 2 and 2. */
        ck_assert_int_eq(cfk_cache_set_weighed(cache, &key, 8, 0, i == 0 ? 3 : 2,
                                               CFK_CACHE_NEVER, 0, NULL),
                         CFK_OK);
        ck_assert_int_eq(cfk_cache_set_weighed(cache, &key, 8, 0, i == 0 ? 4 : 3,
                                               CFK_CACHE_NEVER, 0, NULL),
                         CFK_E_LIMIT);
    }
    ck_assert_uint_eq(capacity, 10);
    ck_assert_ptr_null(cfk_cache_shards_at(shards, 3));
    cfk_cache_shards_free(shards);
    ck_assert_int_eq(cfk_cache_shards_new(NULL, 0, &shards, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_cache_shards_count(shards), 16);
    cfk_cache_shards_free(shards);
    cfk_cache_shards_free(NULL);
}
END_TEST

START_TEST(shards_have_limits)
{
    struct cfk_cache_options opts = { .size = sizeof opts, .capacity = 3 };
    cfk_cache_shards *shards = (cfk_cache_shards *)&opts;
    struct cfk_error err = { 0 };

    unit_expect_error(cfk_cache_shards_new(&opts, 4, &shards, &err), CFK_E_INVALID, &err,
                      "cache: 4 shards, but less than that to share");
    ck_assert_ptr_null(shards);
    opts.max_weight = 2;
    unit_expect_error(cfk_cache_shards_new(&opts, 3, &shards, &err), CFK_E_INVALID, &err,
                      "less than that");
    opts.max_weight = 0;
    opts.capacity = 100000;
    unit_expect_error(cfk_cache_shards_new(&opts, 65537, &shards, &err), CFK_E_INVALID,
                      &err, "65536 are the most");
    unit_expect_error(cfk_cache_shards_new(&opts, SIZE_MAX, &shards, &err), CFK_E_INVALID,
                      &err, "65536 are the most");
    opts.policy = 99;
    unit_expect_error(cfk_cache_shards_new(&opts, 2, &shards, &err), CFK_E_NOTSUP, &err,
                      "policy 99");
    ck_assert_ptr_null(shards);
    opts.size = 1;
    ck_assert_int_eq(cfk_cache_shards_new(&opts, 2, &shards, &err), CFK_E_INVALID);
}
END_TEST

START_TEST(keys_are_spread_evenly_and_stay_where_they_are)
{
    cfk_cache_shards *shards = shards_of(1000, 10);
    cfk_cache_shards *other;
    size_t counts[10] = { 0 };
    size_t moved = 0;

    ck_assert_int_eq(cfk_cache_shards_new(NULL, 10, &other, NULL), CFK_OK);
    for (uint32_t i = 0; i < 20000; i++) {
        size_t at = cfk_cache_shards_pick(shards, &i, sizeof i);

        ck_assert_uint_lt(at, 10);
        ck_assert_uint_eq(cfk_cache_shards_pick(shards, &i, sizeof i), at);
        moved += cfk_cache_shards_pick(other, &i, sizeof i) != at;
        counts[at]++;
    }
    for (size_t i = 0; i < 10; i++)
        ck_assert(counts[i] > 1700 && counts[i] < 2300);
    ck_assert_uint_gt(moved, 17000); /* another seed, another place */
    ck_assert_uint_lt(cfk_cache_shards_pick(shards, NULL, 0), 10);
    cfk_cache_shards_free(shards);
    cfk_cache_shards_free(other);
}
END_TEST

enum { THREADS = 4, SHARDS = 8, ROUNDS = 20000 };

struct common {
    cfk_cache_shards *shards;
    pthread_mutex_t locks[SHARDS];
};

struct worker {
    struct common *common;
    pthread_t thread;
    uint64_t seed;
    uint64_t wrong;
};

/* Every value is made of its key, so that a torn one shows. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct gen g;

    gen_seed(&g, w->seed);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t key = gen_below(&g, 2000);
        uint64_t value = key * 3;
        size_t at = cfk_cache_shards_pick(w->common->shards, &key, sizeof key);
        cfk_cache *cache = cfk_cache_shards_at(w->common->shards, at);

        pthread_mutex_lock(&w->common->locks[at]);
        if (cfk_cache_get_or_set(cache, &key, sizeof key, &value, CFK_CACHE_NEVER, i,
                                 NULL) < 0 ||
            value != key * 3)
            w->wrong++;
        pthread_mutex_unlock(&w->common->locks[at]);
    }
    return NULL;
}

START_TEST(threads_may_use_shards_under_their_locks)
{
    struct common common = { .shards = shards_of(1000, SHARDS) };
    struct worker workers[THREADS];
    uint64_t done = 0;

    for (size_t i = 0; i < SHARDS; i++)
        ck_assert_int_eq(pthread_mutex_init(&common.locks[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .common = &common, .seed = i };
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    for (size_t i = 0; i < SHARDS; i++) {
        struct cfk_cache_stats stats = { .size = sizeof stats };

        cfk_cache_get_stats(cfk_cache_shards_at(common.shards, i), &stats, NULL);
        done += stats.hits + stats.misses;
        pthread_mutex_destroy(&common.locks[i]);
    }
    ck_assert_uint_eq(done, (uint64_t)THREADS * ROUNDS);
    cfk_cache_shards_free(common.shards);
}
END_TEST

static int make_shards(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = 8,
                                      .alloc = alloc };
    cfk_cache_shards *shards;
    int rc = cfk_cache_shards_new(&opts, 4, &shards, NULL);

    (void)ctx;
    ck_assert_int_eq(rc == CFK_OK, shards != NULL);
    cfk_cache_shards_free(shards);
    return rc;
}

START_TEST(failed_allocations_leave_no_shard)
{
    fault_sweep(make_shards, NULL, 5);
}
END_TEST

/* ---- the curve ---- */

static void expect_hits(cfk_cache_curve *curve, const uint32_t *keys, size_t count,
                        size_t capacity)
{
    struct cfk_cache_options opts = { .size = sizeof opts, .capacity = capacity };
    cfk_cache *cache;
    uint64_t hits = 0;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;

        hits += cfk_cache_get_or_set(cache, &keys[i], sizeof keys[i], &value,
                                     CFK_CACHE_NEVER, 0, NULL) == CFK_CACHE_HIT;
    }
    ck_assert_msg(cfk_cache_curve_hits(curve, capacity) == hits,
                  "capacity %zu: %llu hits, not %llu", capacity,
                  (unsigned long long)cfk_cache_curve_hits(curve, capacity),
                  (unsigned long long)hits);
    cfk_cache_free(cache);
}

START_TEST(the_curve_tells_the_hits_of_every_capacity)
{
    enum { REQUESTS = 12000 };
    static uint32_t keys[REQUESTS];
    struct cfk_cache_point point = { 0, 0 };
    cfk_cache_curve *curve;
    struct gen g;
    size_t before = 0;

    gen_seed(&g, 3);
    ck_assert_int_eq(cfk_cache_curve_new(NULL, &curve, NULL), CFK_OK);
    for (size_t i = 0; i < REQUESTS; i++) {
        keys[i] = (uint32_t)gen_below(&g, 1 + gen_below(&g, 5000));
        ck_assert_int_eq(cfk_cache_curve_add(curve, &keys[i], sizeof keys[i], NULL),
                         CFK_OK);
    }
    ck_assert_uint_eq(cfk_cache_curve_requests(curve), REQUESTS);
    for (size_t capacity = 1; capacity < 6000; capacity += 1 + capacity / 3)
        expect_hits(curve, keys, REQUESTS, capacity);
    while (cfk_cache_curve_next(curve, &point) == 1) {
        ck_assert_uint_gt(point.capacity, before);
        ck_assert_uint_eq(cfk_cache_curve_hits(curve, point.capacity), point.hits);
        before = point.capacity;
    }
    ck_assert_uint_eq(point.hits, REQUESTS - cfk_cache_curve_distinct(curve));
    ck_assert_uint_le(point.capacity, cfk_cache_curve_distinct(curve));
    ck_assert_uint_eq(cfk_cache_curve_hits(curve, 0), 0);
    ck_assert_uint_eq(cfk_cache_curve_hits(curve, SIZE_MAX), point.hits);
    cfk_cache_curve_free(curve);
}
END_TEST

START_TEST(curves_have_limits)
{
    struct cfk_cache_curve_options opts = { .size = sizeof opts,
                                            .max_distinct = 2,
                                            .max_key_bytes = 3 };
    struct cfk_cache_point point = { 0, 0 };
    struct cfk_error err = { 0 };
    cfk_cache_curve *curve;

    ck_assert_int_eq(cfk_cache_curve_new(&opts, &curve, &err), CFK_OK);
    ck_assert_int_eq(cfk_cache_curve_next(curve, &point), 0);
    ck_assert_int_eq(cfk_cache_curve_add(curve, "a", 1, &err), CFK_OK);
    ck_assert_int_eq(cfk_cache_curve_add(curve, NULL, 0, &err), CFK_OK);
    unit_expect_error(cfk_cache_curve_add(curve, "c", 1, &err), CFK_E_LIMIT, &err,
                      "cache: more than 2 distinct keys");
    unit_expect_error(cfk_cache_curve_add(curve, "long", 4, &err), CFK_E_LIMIT, &err, "");
    ck_assert_int_eq(cfk_cache_curve_add(curve, "a", 1, &err), CFK_OK);
    ck_assert_uint_eq(cfk_cache_curve_requests(curve), 3);
    ck_assert_uint_eq(cfk_cache_curve_distinct(curve), 2);
    ck_assert_uint_eq(cfk_cache_curve_hits(curve, 1), 0);
    ck_assert_uint_eq(cfk_cache_curve_hits(curve, 2), 1);
    cfk_cache_curve_free(curve);
    opts.max_distinct = ((size_t)1 << 28) + 1;
    unit_expect_error(cfk_cache_curve_new(&opts, &curve, &err), CFK_E_INVALID, &err,
                      "is the most");
    ck_assert_ptr_null(curve);
    opts.max_distinct = 0;
    opts.max_key_bytes = SIZE_MAX;
    unit_expect_error(cfk_cache_curve_new(&opts, &curve, &err), CFK_E_INVALID, &err, "");
    opts.size = 1;
    ck_assert_int_eq(cfk_cache_curve_new(&opts, &curve, &err), CFK_E_INVALID);
    cfk_cache_curve_free(NULL);
}
END_TEST

static int draw(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_cache_curve_options opts = { .size = sizeof opts, .alloc = alloc };
    char key[40] = { 0 };
    cfk_cache_curve *curve;
    int rc = cfk_cache_curve_new(&opts, &curve, NULL);

    (void)ctx;
    for (uint16_t i = 0; i < 600 && rc == CFK_OK; i++) {
        size_t len = i == 0 ? sizeof key : sizeof i;
        uint64_t requests = cfk_cache_curve_requests(curve);

        memcpy(key, &i, sizeof i);
        rc = cfk_cache_curve_add(curve, key, len, NULL);
        if (rc != CFK_OK) { /* as it was, and of use */
            ck_assert_uint_eq(cfk_cache_curve_requests(curve), requests);
            ck_assert_int_eq(cfk_cache_curve_add(curve, key, len, NULL), CFK_OK);
        }
    }
    cfk_cache_curve_free(curve);
    return rc;
}

START_TEST(failed_allocations_leave_the_curve_whole)
{
    fault_sweep(draw, NULL, 8);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        shards_share_what_there_is,
        shards_have_limits,
        keys_are_spread_evenly_and_stay_where_they_are,
        threads_may_use_shards_under_their_locks,
        failed_allocations_leave_no_shard,
        the_curve_tells_the_hits_of_every_capacity,
        curves_have_limits,
        failed_allocations_leave_the_curve_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/cache_shards");

    suite_add_tcase(suite, unit_case("cache_shards", tests));
    return suite;
}
