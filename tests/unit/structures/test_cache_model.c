/* SPDX-License-Identifier: MIT */
/* Caches against models, by random and by all short sequences of operations. */
#include "cache_model.h"
#include "checked.h"
#include "gen.h"
#include "unit.h"

#include <string.h>

enum { POLICIES = CFK_CACHE_CLOCK + 1, KEYS = 40, LONG = 40 };

struct pair {
    cfk_cache *cache;
    struct model m;
    uint64_t dropped;
};

static void count_drop(void *ctx, const void *key, size_t key_len, uint64_t value,
                       int why)
{
    (void)key, (void)key_len, (void)value, (void)why;
    ++*(uint64_t *)ctx;
}

/* The callback keeps LRU and FIFO from their short way, so it is there or not. */
static void begin(struct pair *p, int32_t policy, size_t capacity, uint64_t max_weight,
                  int64_t grace, bool callback)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = capacity,
                                      .max_weight = max_weight,
                                      .policy = policy,
                                      .grace_ns = grace,
                                      .seed = { 1, 2 } };

    *p = (struct pair){ .m = { .policy = policy,
                               .capacity = capacity,
                               .max_weight = max_weight,
                               .grace = grace,
                               .hand = MODEL_MOST } };
    opts.dropped = callback ? count_drop : NULL;
    opts.dropped_ctx = &p->dropped;
    ck_assert_int_eq(cfk_cache_new(&opts, &p->cache, NULL), CFK_OK);
}

/* Keys of all the lengths that are treated differently; some do not lie in the entry. */
static size_t key_of(unsigned n, uint8_t *key)
{
    static const size_t lengths[] = { LONG, 1, 8, LONG, 16, 4, 11, 20 };

    memset(key, (int)n + 1, LONG);
    return lengths[n % 8];
}

static const struct model_entry *same_entry(struct pair *p, unsigned n)
{
    const struct model_entry *wanted = model_find(&p->m, n);
    struct cfk_cache_entry got;
    uint8_t key[LONG];
    size_t len = key_of(n, key);

    if ((cfk_cache_peek(p->cache, key, len, &got, NULL) == CFK_OK) != (wanted != NULL))
        ck_abort_msg("key %u is %s", n, wanted != NULL ? "missing" : "still there");
    if (wanted != NULL && (got.value != wanted->value || got.weight != wanted->weight ||
                           got.expire_ns != wanted->expire))
        ck_abort_msg("key %u is not as in the model", n);
    return wanted;
}

static void compare(struct pair *p, unsigned keys)
{
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    size_t there = 0;
    size_t seen = 0;

    for (unsigned n = 0; n < keys; n++)
        there += same_entry(p, n) != NULL;
    while (cfk_cache_next(p->cache, &cursor, &entry) == 1)
        seen++;
    if (there != model_count(&p->m) || seen != there ||
        cfk_cache_count(p->cache) != there ||
        cfk_cache_weight(p->cache) != model_weight(&p->m))
        ck_abort_msg("%zu entries, %zu seen, %zu of the model", cfk_cache_count(p->cache),
                     seen, model_count(&p->m));
    if (p->dropped != 0 && p->dropped != p->m.dropped)
        ck_abort_msg("%llu values dropped, not %llu", (unsigned long long)p->dropped,
                     (unsigned long long)p->m.dropped);
}

static void set(struct pair *p, unsigned n, uint64_t value, uint64_t weight,
                int64_t expire, int64_t now)
{
    uint8_t key[LONG];
    size_t len = key_of(n, key);

    ck_assert_int_eq(
        cfk_cache_set_weighed(p->cache, key, len, value, weight, expire, now, NULL),
        model_set(&p->m, n, value, weight, expire, now));
}

static void get(struct pair *p, unsigned n, int64_t now, unsigned flags)
{
    uint8_t key[LONG];
    size_t len = key_of(n, key);
    uint64_t got = 0;
    uint64_t wanted = 0;

    ck_assert_int_eq(cfk_cache_get(p->cache, key, len, now, flags, &got, NULL),
                     model_get(&p->m, n, now, flags, &wanted));
    ck_assert_uint_eq(got, wanted);
}

static int get_or_set(struct pair *p, unsigned n, uint64_t value, int64_t expire,
                      int64_t now)
{
    uint8_t key[LONG];
    size_t len = key_of(n, key);
    uint64_t got = value;
    uint64_t wanted = value;
    int rc = cfk_cache_get_or_set(p->cache, key, len, &got, expire, now, NULL);

    if (rc != model_get_or_set(&p->m, n, &wanted, expire, now) || got != wanted)
        ck_abort_msg("key %u: %d, %llu", n, rc, (unsigned long long)got);
    return rc;
}

static void delete (struct pair *p, unsigned n)
{
    uint8_t key[LONG];
    size_t len = key_of(n, key);

    ck_assert_int_eq(cfk_cache_delete(p->cache, key, len, NULL) == CFK_OK,
                     model_delete(&p->m, n));
}

/* ---- random sequences ---- */

enum { TICK = 100000 };

/* Distinct times of expiry, so that "the earliest" is one entry. */
static int64_t expiry_for(struct gen *g, int64_t tick, int step)
{
    if (gen_below(g, 3) == 0)
        return CFK_CACHE_NEVER;
    return (tick + (int64_t)gen_below(g, 40) - 10) * TICK + step;
}

static void rare_step(struct pair *p, struct gen *g, int64_t now)
{
    uint64_t max_weight = gen_below(g, 2) == 0 ? 0 : 1 + gen_below(g, 60);
    size_t capacity = 1 + gen_below(g, MODEL_MOST - 1);

    switch (gen_below(g, 8)) {
    case 0:
        ck_assert_int_eq(cfk_cache_clear(p->cache, NULL), CFK_OK);
        model_clear(&p->m);
        break;
    case 1:
        ck_assert_int_eq(cfk_cache_resize(p->cache, capacity, max_weight, now, NULL),
                         CFK_OK);
        model_resize(&p->m, capacity, max_weight, now);
        break;
    default:
        ck_assert_int_eq(cfk_cache_expire(p->cache, now, SIZE_MAX, NULL, NULL), CFK_OK);
        model_expire(&p->m, now);
        break;
    }
}

static void one_step(struct pair *p, struct gen *g, int64_t tick, int step, bool timed)
{
    unsigned n = (unsigned)gen_below(g, gen_below(g, 2) == 0 ? 6 : KEYS);
    int64_t now = tick * TICK;
    int64_t expire = timed ? expiry_for(g, tick, step) : CFK_CACHE_NEVER;

    switch (gen_below(g, 16)) {
    case 0: delete (p, n); break;
    case 1:
        if (gen_below(g, 8) == 0)
            rare_step(p, g, now);
        break;
    case 2:
    case 3:
    case 4: set(p, n, (uint64_t)step, gen_below(g, 12), expire, now); break;
    case 5:
    case 6:
    case 7: set(p, n, (uint64_t)step, 1, expire, now); break;
    case 8:
    case 9:
    case 10: (void)get_or_set(p, n, (uint64_t)step, expire, now); break;
    default: get(p, n, now, (unsigned)gen_below(g, 4)); break;
    }
}

START_TEST(it_equals_a_plain_model)
{
    static const size_t capacities[] = { 1, 2, 3, 7, 12, 13, 20, 33 };
    static const uint64_t weights[] = { 0, 0, 30, 100 };

    for (uint64_t seed = 0; seed < (CHECKED ? 4 : 64); seed++) {
        struct pair p;
        int64_t tick = 0;
        struct gen g;

        begin(&p, _i, capacities[seed % 8], weights[seed / 8 % 4],
              seed % 2 == 0 ? 0 : 5 * TICK, seed % 4 < 2);
        gen_seed(&g, seed);
        for (int step = 0; step < 600; step++) {
            tick += gen_below(&g, 4) == 0;
            one_step(&p, &g, tick, step, seed % 3 != 0);
            compare(&p, KEYS);
        }
        cfk_cache_free(p.cache);
    }
}
END_TEST

/* ---- all short sequences ---- */

/* Seven requests for four keys, each stored where it is missing. */
START_TEST(it_equals_the_model_on_every_short_sequence_of_requests)
{
    unsigned step_by = CHECKED ? 97 : 1;

    for (unsigned code = 0; code < 4 * 4 * 4 * 4 * 4 * 4 * 4; code += step_by) {
        for (size_t capacity = 1; capacity <= 3; capacity++) {
            struct pair p;
            unsigned rest = code;

            begin(&p, _i, capacity, 0, 0, code % 2 == 0);
            for (int step = 0; step < 7; step++, rest /= 4)
                (void)get_or_set(&p, rest % 4, (uint64_t)step, CFK_CACHE_NEVER, 0);
            compare(&p, 4);
            cfk_cache_free(p.cache);
        }
    }
}
END_TEST

/* Five of nine operations. No two times of expiry are equal. */
static void short_operation(struct pair *p, unsigned op, int step)
{
    int64_t now = step * 10;

    switch (op) {
    case 0:
    case 1:
    case 2: set(p, op, (uint64_t)step, 1, CFK_CACHE_NEVER, now); break;
    case 3: set(p, 0, (uint64_t)step, 3, now + 15, now); break;
    case 4: set(p, 1, (uint64_t)step, 2, now - 1, now); break;
    case 5: get(p, 0, now, 0); break;
    case 6: get(p, 1, now, CFK_CACHE_STALE_OK); break;
    case 7: delete (p, 0); break;
    default: (void)get_or_set(p, 3, (uint64_t)step, now + 27, now); break;
    }
}

START_TEST(it_equals_the_model_on_every_short_sequence_of_operations)
{
    static const uint64_t weights[] = { 0, 4 };
    unsigned step_by = CHECKED ? 997 : 1;

    for (unsigned code = 0; code < 9 * 9 * 9 * 9 * 9; code += step_by) {
        for (size_t i = 0; i < 2; i++) {
            struct pair p;
            unsigned rest = code;

            begin(&p, _i, 2 + code % 2, weights[i], code % 3 * 10, true);
            for (int step = 0; step < 5; step++, rest /= 9) {
                short_operation(&p, rest % 9, step);
                compare(&p, 4);
            }
            cfk_cache_free(p.cache);
        }
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("structures/cache_model");
    TCase *tc = tcase_create("cache_model");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, it_equals_a_plain_model, 0, POLICIES);
    tcase_add_loop_test(tc, it_equals_the_model_on_every_short_sequence_of_requests, 0,
                        POLICIES);
    tcase_add_loop_test(tc, it_equals_the_model_on_every_short_sequence_of_operations, 0,
                        POLICIES);
    suite_add_tcase(suite, tc);
    return suite;
}
