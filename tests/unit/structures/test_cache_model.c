/* SPDX-License-Identifier: MIT */
/* A cache against a plain list of entries. */
#include "cfkit/cache.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
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

enum { MODEL_KEYS = 12, MODEL_CAPACITY = 16 };

/* Entries from the least to the most recently used. */
struct model {
    struct {
        uint8_t key;
        uint64_t value;
        int64_t expire;
    } entries[MODEL_CAPACITY];
    size_t count;
    size_t capacity;
    int64_t grace;
};

static size_t model_find(const struct model *m, uint8_t key)
{
    size_t i = 0;

    while (i < m->count && m->entries[i].key != key)
        i++;
    return i;
}

static void model_remove(struct model *m, size_t at)
{
    memmove(&m->entries[at], &m->entries[at + 1],
            (m->count - at - 1) * sizeof m->entries[0]);
    m->count--;
}

static void model_push(struct model *m, uint8_t key, uint64_t value, int64_t expire)
{
    m->entries[m->count].key = key;
    m->entries[m->count].value = value;
    m->entries[m->count++].expire = expire;
}

static int model_get(struct model *m, uint8_t key, int64_t now, unsigned flags,
                     uint64_t *value)
{
    size_t at = model_find(m, key);
    bool stale;

    if (at == m->count)
        return CFK_CACHE_MISS;
    stale = m->entries[at].expire != CFK_CACHE_NEVER && now >= m->entries[at].expire;
    if (stale && now >= m->entries[at].expire + m->grace) {
        if ((flags & CFK_CACHE_QUIET) == 0)
            model_remove(m, at);
        return CFK_CACHE_MISS;
    }
    if (stale && (flags & CFK_CACHE_STALE_OK) == 0)
        return CFK_CACHE_MISS;
    *value = m->entries[at].value;
    if ((flags & CFK_CACHE_QUIET) == 0) {
        int64_t expire = m->entries[at].expire;

        model_remove(m, at);
        model_push(m, key, *value, expire);
    }
    return stale ? CFK_CACHE_STALE : CFK_CACHE_HIT;
}

static void model_set(struct model *m, uint8_t key, uint64_t value, int64_t expire,
                      int64_t now)
{
    size_t at = model_find(m, key);

    if (at == m->count && m->count == m->capacity) {
        at = 0;
        for (size_t i = 1; i < m->count; i++)
            if (m->entries[i].expire < m->entries[at].expire)
                at = i;
        if (m->entries[at].expire > now)
            at = 0;
    }
    if (at < m->count)
        model_remove(m, at);
    model_push(m, key, value, expire);
}

static void expect_model(const cfk_cache *cache, const struct model *m)
{
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    size_t seen = 0;

    if (cfk_cache_count(cache) != m->count)
        ck_abort_msg("%zu entries, not %zu", cfk_cache_count(cache), m->count);
    for (size_t i = 0; i < m->count; i++) {
        if (cfk_cache_peek(cache, &m->entries[i].key, 1, &entry, NULL) != CFK_OK ||
            entry.value != m->entries[i].value || entry.expire_ns != m->entries[i].expire)
            ck_abort_msg("key %u is not as in the model", m->entries[i].key);
    }
    while (cfk_cache_next(cache, &cursor, &entry) == 1)
        seen++;
    ck_assert_uint_eq(seen, m->count);
}

static void model_expire(struct model *m, int64_t now)
{
    for (size_t i = m->count; i-- > 0;)
        if (m->entries[i].expire != CFK_CACHE_NEVER &&
            now >= m->entries[i].expire + m->grace)
            model_remove(m, i);
}

/* Distinct times of expiry, so that "the earliest" is one entry. */
static int64_t expiry_for(struct gen *g, int64_t now, int step)
{
    if (gen_below(g, 3) == 0)
        return CFK_CACHE_NEVER;
    return (now + (int64_t)gen_below(g, 40) - 10) * 100000 + step;
}

static void one_step(cfk_cache *cache, struct model *m, struct gen *g, int64_t tick,
                     int step)
{
    uint8_t key = (uint8_t)gen_below(g, MODEL_KEYS);
    unsigned flags = (unsigned)gen_below(g, 4);
    int64_t now = tick * 100000;
    uint64_t got = 0;
    uint64_t wanted = 0;
    int64_t expire;

    switch (gen_below(g, 8)) {
    case 0:
        ck_assert_int_eq(cfk_cache_delete(cache, &key, 1, NULL),
                         model_find(m, key) < m->count ? CFK_OK : CFK_E_NOTFOUND);
        if (model_find(m, key) < m->count)
            model_remove(m, model_find(m, key));
        break;
    case 1:
        cfk_cache_expire(cache, now, SIZE_MAX, NULL, NULL);
        model_expire(m, now);
        break;
    case 2:
    case 3:
    case 4:
        expire = expiry_for(g, tick, step);
        ck_assert_int_eq(cfk_cache_set(cache, &key, 1, (uint64_t)step, expire, now, NULL),
                         CFK_OK);
        model_set(m, key, (uint64_t)step, expire, now);
        break;
    default:
        ck_assert_int_eq(cfk_cache_get(cache, &key, 1, now, flags, &got, NULL),
                         model_get(m, key, now, flags, &wanted));
        ck_assert_uint_eq(got, wanted);
        break;
    }
}

START_TEST(it_equals_a_plain_model)
{
    static const size_t capacities[] = { 1, 2, 3, 7, 12, 13 };

    for (uint64_t seed = 0; seed < 30; seed++) {
        struct model m = { .capacity = capacities[seed % 6],
                           .grace = seed % 2 == 0 ? 0 : 500000 };
        cfk_cache *cache = cache_of(m.capacity, m.grace);
        int64_t tick = 0;
        struct gen g;

        gen_seed(&g, seed);
        for (int step = 0; step < 1000; step++) {
            tick += gen_below(&g, 4) == 0;
            one_step(cache, &m, &g, tick, step);
            expect_model(cache, &m);
        }
        cfk_cache_free(cache);
    }
}
END_TEST

/* Every sequence of 7 gets-or-sets of 4 keys on capacities 1 to 3. */
START_TEST(it_equals_the_model_on_every_short_sequence)
{
    for (unsigned code = 0; code < 4 * 4 * 4 * 4 * 4 * 4 * 4; code++) {
        for (size_t capacity = 1; capacity <= 3; capacity++) {
            struct model m = { .capacity = capacity };
            cfk_cache *cache = cache_of(capacity, 0);
            unsigned rest = code;

            for (int step = 0; step < 7; step++, rest /= 4) {
                uint8_t key = (uint8_t)(rest % 4);
                uint64_t value;
                int state = cfk_cache_get(cache, &key, 1, 0, 0, NULL, NULL);

                if (state != model_get(&m, key, 0, 0, &value))
                    ck_abort_msg("sequence %u, step %d: not as in the model", code, step);
                if (state == CFK_CACHE_MISS) {
                    cfk_cache_set(cache, &key, 1, 0, CFK_CACHE_NEVER, 0, NULL);
                    model_set(&m, key, 0, CFK_CACHE_NEVER, 0);
                }
            }
            expect_model(cache, &m);
            cfk_cache_free(cache);
        }
    }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        it_equals_a_plain_model,
        it_equals_the_model_on_every_short_sequence,
        NULL,
    };
    Suite *suite = suite_create("structures/cache_model");

    suite_add_tcase(suite, unit_case("cache_model", tests));
    return suite;
}
