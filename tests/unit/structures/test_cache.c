/* SPDX-License-Identifier: MIT */
#include "cfkit/cache.h"
#include "fault.h"
#include "structures/cache.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static cfk_cache *cache_of(size_t capacity, int64_t grace)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts, .capacity = capacity, .grace_ns = grace, .seed = { 1, 2 }
    };
    cfk_cache *cache;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    return cache;
}

static void set(cfk_cache *cache, const char *key, uint64_t value, int64_t expire,
                int64_t now)
{
    ck_assert_int_eq(cfk_cache_set(cache, key, strlen(key), value, expire, now, NULL),
                     CFK_OK);
}

static int get(cfk_cache *cache, const char *key, int64_t now, unsigned flags)
{
    return cfk_cache_get(cache, key, strlen(key), now, flags, NULL, NULL);
}

static bool holds(const cfk_cache *cache, const char *key)
{
    struct cfk_cache_entry entry;

    return cfk_cache_peek(cache, key, strlen(key), &entry, NULL) == CFK_OK;
}

START_TEST(what_was_set_is_found)
{
    cfk_cache *cache = cache_of(2, 0);
    uint64_t value = 0;

    ck_assert_int_eq(get(cache, "a", 0, 0), CFK_CACHE_MISS);
    set(cache, "a", 7, CFK_CACHE_NEVER, 0);
    set(cache, "", 8, CFK_CACHE_NEVER, 0);
    ck_assert_int_eq(cfk_cache_get(cache, "a", 1, 0, 0, &value, NULL), CFK_CACHE_HIT);
    ck_assert_uint_eq(value, 7);
    ck_assert_int_eq(cfk_cache_get(cache, NULL, 0, INT64_MAX, 0, &value, NULL),
                     CFK_CACHE_HIT);
    ck_assert_uint_eq(value, 8);
    set(cache, "a", 9, CFK_CACHE_NEVER, 0);
    cfk_cache_get(cache, "a", 1, 0, CFK_CACHE_QUIET, &value, NULL);
    ck_assert_uint_eq(value, 9);
    ck_assert_uint_eq(cfk_cache_count(cache), 2);
    ck_assert_uint_eq(cfk_cache_capacity(cache), 2);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(the_least_recently_used_leaves)
{
    cfk_cache *cache = cache_of(2, 0);

    set(cache, "a", 1, CFK_CACHE_NEVER, 0);
    set(cache, "b", 2, CFK_CACHE_NEVER, 0);
    get(cache, "a", 0, 0);
    set(cache, "c", 3, CFK_CACHE_NEVER, 0);
    ck_assert(holds(cache, "a") && !holds(cache, "b") && holds(cache, "c"));
    get(cache, "a", 0, CFK_CACHE_QUIET); /* does not save it */
    set(cache, "d", 4, CFK_CACHE_NEVER, 0);
    ck_assert(!holds(cache, "a") && holds(cache, "c") && holds(cache, "d"));
    cfk_cache_free(cache);
}
END_TEST

START_TEST(expired_entries_make_room_first)
{
    cfk_cache *cache = cache_of(3, 100);

    set(cache, "late", 1, 50, 0);
    set(cache, "early", 2, 20, 0);
    set(cache, "never", 3, CFK_CACHE_NEVER, 0);
    get(cache, "late", 0, 0);
    set(cache, "x", 4, CFK_CACHE_NEVER, 60); /* both are stale: the earlier one goes */
    ck_assert(holds(cache, "late") && !holds(cache, "early") && holds(cache, "never"));
    set(cache, "y", 5, CFK_CACHE_NEVER, 60);
    ck_assert(!holds(cache, "late") && holds(cache, "never"));
    set(cache, "z", 6, CFK_CACHE_NEVER, 60); /* none has expired: the oldest goes */
    ck_assert(!holds(cache, "never") && holds(cache, "x"));
    cfk_cache_delete(cache, "x", 1, NULL);
    set(cache, "w", 7, 1, 60); /* a free place comes before all others */
    ck_assert(holds(cache, "y") && holds(cache, "z") && holds(cache, "w"));
    cfk_cache_free(cache);
}
END_TEST

START_TEST(an_entry_is_fresh_then_stale_then_gone)
{
    cfk_cache *cache = cache_of(4, 10);

    set(cache, "a", 1, 100, 0);
    ck_assert_int_eq(get(cache, "a", 99, 0), CFK_CACHE_HIT);
    ck_assert_int_eq(get(cache, "a", 100, 0), CFK_CACHE_MISS); /* and stays */
    ck_assert_int_eq(get(cache, "a", 100, CFK_CACHE_STALE_OK), CFK_CACHE_STALE);
    ck_assert_int_eq(get(cache, "a", 109, CFK_CACHE_STALE_OK), CFK_CACHE_STALE);
    ck_assert_int_eq(get(cache, "a", 50, CFK_CACHE_STALE_OK), CFK_CACHE_HIT);
    ck_assert_int_eq(get(cache, "a", 110, CFK_CACHE_STALE_OK | CFK_CACHE_QUIET),
                     CFK_CACHE_MISS);
    ck_assert(holds(cache, "a")); /* quiet looks change nothing */
    ck_assert_int_eq(get(cache, "a", 110, CFK_CACHE_STALE_OK), CFK_CACHE_MISS);
    ck_assert(!holds(cache, "a"));
    cfk_cache_free(cache);
}
END_TEST

START_TEST(never_is_a_time_of_its_own)
{
    cfk_cache *cache = cache_of(4, INT64_MAX);
    size_t dropped = 99;

    set(cache, "never", 1, CFK_CACHE_NEVER, 0);
    set(cache, "last", 2, INT64_MAX - 1, 0);
    set(cache, "first", 3, INT64_MIN, 0);
    ck_assert_int_eq(get(cache, "never", INT64_MAX, 0), CFK_CACHE_HIT);
    ck_assert_int_eq(get(cache, "last", INT64_MAX, CFK_CACHE_STALE_OK), CFK_CACHE_STALE);
    ck_assert_int_eq(get(cache, "first", -2, CFK_CACHE_STALE_OK), CFK_CACHE_STALE);
    ck_assert_int_eq(get(cache, "first", -1, CFK_CACHE_STALE_OK), CFK_CACHE_MISS);
    ck_assert_int_eq(cfk_cache_expire(cache, INT64_MAX, SIZE_MAX, &dropped, NULL),
                     CFK_OK);
    ck_assert_uint_eq(dropped, 0);
    ck_assert_uint_eq(cfk_cache_count(cache), 2);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(grace_lets_entries_stay_longer_not_shorter)
{
    cfk_cache *cache = cache_of(8, 10);
    size_t dropped;

    for (char i = 0; i < 8; i++)
        cfk_cache_set(cache, &i, 1, 0, 8 - i, 0, NULL);
    cfk_cache_expire(cache, 10, SIZE_MAX, &dropped, NULL);
    ck_assert_uint_eq(dropped, 0);
    cfk_cache_expire(cache, 14, 3, &dropped, NULL); /* the earliest three of four */
    ck_assert_uint_eq(dropped, 3);
    ck_assert(!holds(cache, "\x07") && !holds(cache, "\x06") && !holds(cache, "\x05"));
    ck_assert(holds(cache, "\x04") && holds(cache, "\x03"));
    cfk_cache_expire(cache, 14, SIZE_MAX, &dropped, NULL);
    ck_assert_uint_eq(dropped, 1);
    cfk_cache_expire(cache, 1000, SIZE_MAX, NULL, NULL);
    ck_assert_uint_eq(cfk_cache_count(cache), 0);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(keys_of_every_length_are_told_apart)
{
    static const size_t lengths[] = { 0, 1, 27, 28, 29, 40, 255, 256 };
    cfk_cache *cache = cache_of(8, 0);
    struct cfk_error err = { 0 };
    char key[257];

    memset(key, 'x', sizeof key);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(
            cfk_cache_set(cache, key, lengths[i], i, CFK_CACHE_NEVER, 0, &err), CFK_OK);
    for (size_t i = 0; i < 8; i++) {
        uint64_t value = 99;

        ck_assert_int_eq(cfk_cache_get(cache, key, lengths[i], 0, 0, &value, &err),
                         CFK_CACHE_HIT);
        ck_assert_uint_eq(value, i);
    }
    unit_expect_error(cfk_cache_set(cache, key, 257, 0, CFK_CACHE_NEVER, 0, &err),
                      CFK_E_LIMIT, &err, "cache: a key of 257 bytes; 256 is the most");
    ck_assert_int_eq(cfk_cache_get(cache, key, 257, 0, 0, NULL, &err), CFK_CACHE_MISS);
    ck_assert_int_eq(cfk_cache_delete(cache, key, 257, &err), CFK_E_NOTFOUND);
    ck_assert_uint_eq(cfk_cache_count(cache), 8);
    cfk_cache_free(cache);
}
END_TEST

/* One place, so that each key stands where the one before it did. */
START_TEST(keys_that_differ_in_a_byte_or_the_length_are_told_apart)
{
    cfk_cache *cache = cache_of(1, 0);
    uint8_t key[31] = { 0 };

    for (size_t len = 1; len < sizeof key; len++)
        for (size_t i = 0; i <= len; i++) {
            uint64_t value = 100 * len + i;

            if (i < len)
                key[i] ^= 1;
            ck_assert_int_eq(cfk_cache_get_or_set(cache, key, i < len ? len : len - 1,
                                                  &value, CFK_CACHE_NEVER, 0, NULL),
                             CFK_CACHE_MISS);
            value = 0;
            ck_assert_int_eq(cfk_cache_get_or_set(cache, key, i < len ? len : len - 1,
                                                  &value, CFK_CACHE_NEVER, 0, NULL),
                             CFK_CACHE_HIT);
            ck_assert_uint_eq(value, 100 * len + i);
        }
    cfk_cache_free(cache);
}
END_TEST

/* ---- the callback ---- */

struct witness {
    cfk_cache *cache;
    int why[8];
    uint64_t values[8];
    size_t calls;
};

static void record(void *ctx, const void *key, size_t key_len, uint64_t value, int why)
{
    struct witness *w = ctx;
    struct cfk_error err = { 0 };

    ck_assert_uint_eq(key_len, 1);
    ck_assert_int_eq(*(const char *)key, 'a' + (char)(value % 10));
    w->why[w->calls] = why;
    w->values[w->calls++] = value;

    /* Nothing may change from here, and nothing does. */
    unit_expect_error(cfk_cache_set(w->cache, "z", 1, 0, 0, 0, &err), CFK_E_BUSY, &err,
                      "callback");
    unit_expect_error(cfk_cache_get(w->cache, "a", 1, 0, 0, NULL, &err), CFK_E_BUSY, &err,
                      "callback");
    unit_expect_error(cfk_cache_delete(w->cache, "a", 1, &err), CFK_E_BUSY, &err, "");
    unit_expect_error(cfk_cache_expire(w->cache, 0, 1, NULL, &err), CFK_E_BUSY, &err, "");
    unit_expect_error(cfk_cache_clear(w->cache, &err), CFK_E_BUSY, &err, "");
}

START_TEST(every_value_that_leaves_is_told_of_once)
{
    static const int wanted[] = { CFK_CACHE_REPLACED, CFK_CACHE_EXPIRED,
                                  CFK_CACHE_EVICTED,  CFK_CACHE_DELETED,
                                  CFK_CACHE_EXPIRED,  CFK_CACHE_CLEARED };
    static const uint64_t values[] = { 0, 1, 10, 2, 3, 4 };
    struct witness w = { .calls = 0 };
    struct cfk_cache_options opts = { .size = sizeof opts, .capacity = 2 };

    opts.dropped = record;
    opts.dropped_ctx = &w;
    ck_assert_int_eq(cfk_cache_new(&opts, &w.cache, NULL), CFK_OK);
    set(w.cache, "a", 0, CFK_CACHE_NEVER, 0);
    set(w.cache, "a", 10, CFK_CACHE_NEVER, 0); /* 0 is replaced */
    set(w.cache, "b", 1, 5, 0);
    set(w.cache, "c", 2, CFK_CACHE_NEVER, 9); /* 1 has expired */
    set(w.cache, "d", 3, 20, 9);              /* 10 is evicted */
    cfk_cache_delete(w.cache, "c", 1, NULL);
    get(w.cache, "d", 20, 0); /* 3 has expired */
    set(w.cache, "e", 4, CFK_CACHE_NEVER, 20);
    cfk_cache_free(w.cache);
    ck_assert_uint_eq(w.calls, 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(w.why[i], wanted[i]);
        ck_assert_uint_eq(w.values[i], values[i]);
    }
}
END_TEST

START_TEST(a_walk_survives_changes)
{
    cfk_cache *cache = cache_of(100, 0);
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    bool seen[100] = { false };

    for (uint8_t i = 0; i < 100; i++)
        cfk_cache_set(cache, &i, 1, i, CFK_CACHE_NEVER, 0, NULL);
    while (cfk_cache_next(cache, &cursor, &entry) == 1) {
        uint8_t key = *(const uint8_t *)entry.key;

        ck_assert(!seen[key]);
        seen[key] = true;
        if (key % 3 == 0)
            cfk_cache_delete(cache, &key, 1, NULL);
        else
            cfk_cache_set(cache, &key, 1, 1000, CFK_CACHE_NEVER, 0, NULL);
    }
    for (int i = 0; i < 100; i++)
        ck_assert(seen[i]);
    ck_assert_uint_eq(cfk_cache_count(cache), 66);
    ck_assert_int_eq(cfk_cache_clear(cache, NULL), CFK_OK);
    cursor = 0;
    ck_assert_int_eq(cfk_cache_next(cache, &cursor, &entry), 0);
    cfk_cache_free(cache);
}
END_TEST

START_TEST(stats_count_what_happened)
{
    struct cfk_cache_stats stats = { .size = sizeof stats };
    struct {
        struct cfk_cache_stats stats;
        uint64_t later;
    } newer = { .stats.size = sizeof newer, .later = 1 };
    struct cfk_error err = { 0 };
    cfk_cache *cache = cache_of(2, 10);

    set(cache, "a", 1, 5, 0);
    get(cache, "a", 0, 0);
    get(cache, "a", 6, CFK_CACHE_STALE_OK);
    get(cache, "a", 6, 0);
    get(cache, "b", 6, 0);
    get(cache, "b", 6, CFK_CACHE_QUIET);
    get(cache, "a", 15, 0); /* gone */
    set(cache, "a", 1, CFK_CACHE_NEVER, 15);
    set(cache, "a", 2, CFK_CACHE_NEVER, 15);
    set(cache, "b", 3, CFK_CACHE_NEVER, 15);
    set(cache, "c", 4, CFK_CACHE_NEVER, 15);
    cfk_cache_clear(cache, NULL);
    ck_assert_int_eq(cfk_cache_get_stats(cache, &stats, &err), CFK_OK);
    ck_assert_uint_eq(stats.hits, 1);
    ck_assert_uint_eq(stats.stale, 1);
    ck_assert_uint_eq(stats.misses, 3);
    ck_assert_uint_eq(stats.inserted, 4);
    ck_assert_uint_eq(stats.replaced, 1);
    ck_assert_uint_eq(stats.evicted, 1);
    ck_assert_uint_eq(stats.expired, 1);
    ck_assert_uint_eq(stats.deleted, 2);

    ck_assert_int_eq(cfk_cache_get_stats(cache, &newer.stats, &err), CFK_OK);
    ck_assert_uint_eq(newer.later, 0);
    ck_assert_uint_eq(newer.stats.deleted, 2);
    stats = (struct cfk_cache_stats){ .size = 2 * sizeof(size_t), .stale = 77 };
    ck_assert_int_eq(cfk_cache_get_stats(cache, &stats, &err), CFK_OK);
    ck_assert_uint_eq(stats.stale, 77); /* an older program's struct ends before it */
    stats.size = 0;
    unit_expect_error(cfk_cache_get_stats(cache, &stats, &err), CFK_E_INVALID, &err,
                      "size");
    cfk_cache_free(cache);
}
END_TEST

START_TEST(options_have_limits)
{
    struct cfk_cache_options opts = { .size = sizeof opts };
    struct cfk_error err = { 0 };
    cfk_cache *cache = (cfk_cache *)&opts;

    opts.policy = 6;
    unit_expect_error(cfk_cache_new(&opts, &cache, &err), CFK_E_NOTSUP, &err, "policy 6");
    ck_assert_ptr_null(cache);
    opts.policy = CFK_CACHE_LRU;
    opts.reserved = 1;
    unit_expect_error(cfk_cache_new(&opts, &cache, &err), CFK_E_INVALID, &err,
                      "reserved");
    opts.reserved = 0;
    opts.grace_ns = -1;
    unit_expect_error(cfk_cache_new(&opts, &cache, &err), CFK_E_INVALID, &err, "grace");
    opts.grace_ns = 0;
    opts.capacity = ((size_t)1 << 28) + 1;
    unit_expect_error(cfk_cache_new(&opts, &cache, &err), CFK_E_INVALID, &err,
                      "capacity");
    opts.capacity = 1;
    opts.max_key_bytes = SIZE_MAX;
    unit_expect_error(cfk_cache_new(&opts, &cache, &err), CFK_E_INVALID, &err, "keys");
    opts.max_key_bytes = 0;
    ck_assert_int_eq(cfk_cache_new(&opts, &cache, &err), CFK_OK);
    unit_expect_error(cfk_cache_get(cache, "a", 1, 0, 4, NULL, &err), CFK_E_INVALID, &err,
                      "flags");
    cfk_cache_free(cache);
    opts.size = 1;
    ck_assert_int_eq(cfk_cache_new(&opts, &cache, &err), CFK_E_INVALID);
    ck_assert_int_eq(cfk_cache_new(NULL, &cache, &err), CFK_OK);
    ck_assert_uint_eq(cfk_cache_capacity(cache), 1024);
    cfk_cache_free(cache);
    cfk_cache_free(NULL);
}
END_TEST

static int fill(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = 2,
                                      .alloc = alloc };
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_cache *cache;
    int rc = cfk_cache_new(&opts, &cache, &err);

    (void)ctx;
    for (char i = 0; i < 4 && rc == CFK_OK; i++) {
        size_t count = cfk_cache_count(cache);

        key[0] = i;
        rc = cfk_cache_set(cache, key, sizeof key, 1, i, 100, &err);
        if (rc != CFK_OK) { /* nothing was dropped for it, and it goes on working */
            ck_assert_uint_eq(cfk_cache_count(cache), count);
            ck_assert_int_eq(cfk_cache_set(cache, key, sizeof key, 1, i, 100, NULL),
                             CFK_OK);
        }
    }
    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "cache: no memory");
    cfk_cache_free(cache);
    return rc;
}

START_TEST(failed_allocations_leave_the_cache_whole)
{
    fault_sweep(fill, NULL, 5);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_was_set_is_found,
        the_least_recently_used_leaves,
        expired_entries_make_room_first,
        an_entry_is_fresh_then_stale_then_gone,
        never_is_a_time_of_its_own,
        grace_lets_entries_stay_longer_not_shorter,
        keys_of_every_length_are_told_apart,
        keys_that_differ_in_a_byte_or_the_length_are_told_apart,
        every_value_that_leaves_is_told_of_once,
        a_walk_survives_changes,
        stats_count_what_happened,
        options_have_limits,
        failed_allocations_leave_the_cache_whole,
        NULL,
    };
    Suite *suite = suite_create("structures/cache");

    suite_add_tcase(suite, unit_case("cache", tests));
    return suite;
}
