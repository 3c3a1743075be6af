/* SPDX-License-Identifier: MIT */
/* A cache of any policy against its model, operation by operation. */
#include "../unit/structures/cache_model.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 16, LONG = 40, TICK = 4096, MOST_BYTES = 12000 };

struct input {
    const uint8_t *data;
    size_t size;
};

struct pair {
    cfk_cache *cache;
    struct model m;
    uint64_t dropped;
};

static uint8_t take(struct input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t make_key(uint8_t n, uint8_t *key)
{
    memset(key, n, LONG);
    return n % 2 == 0 ? 1 : LONG;
}

static void count_drops(void *ctx, const void *key, size_t key_len, uint64_t value,
                        int why)
{
    (void)key, (void)key_len, (void)value;
    must(why >= CFK_CACHE_EVICTED && why <= CFK_CACHE_CLEARED);
    ++*(uint64_t *)ctx;
}

static void check(struct pair *p, bool told)
{
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    size_t seen = 0;

    must(cfk_cache_count(p->cache) == model_count(&p->m));
    must(cfk_cache_weight(p->cache) == model_weight(&p->m));
    must(!told || p->dropped == p->m.dropped);
    while (cfk_cache_next(p->cache, &cursor, &entry) == 1) {
        const struct model_entry *wanted = model_find(&p->m, *(const uint8_t *)entry.key);

        must(wanted != NULL && entry.value == wanted->value &&
             entry.weight == wanted->weight && entry.expire_ns == wanted->expire);
        seen++;
    }
    must(seen == model_count(&p->m));
}

/* Distinct times, so that the earliest is one entry. */
static int64_t expiry(struct input *in, int64_t now, uint64_t serial)
{
    uint8_t byte = take(in);

    if (byte >= 128)
        return CFK_CACHE_NEVER;
    return (now / TICK + byte % 64 - 16) * TICK + (int64_t)(serial % TICK);
}

static void change_limits(struct pair *p, struct input *in, int64_t now)
{
    size_t capacity = take(in) % KEYS + 1u;
    uint64_t max_weight = take(in) % 64;

    must(cfk_cache_resize(p->cache, capacity, max_weight, now, NULL) == CFK_OK);
    model_resize(&p->m, capacity, max_weight, now);
}

static void one_operation(struct pair *p, struct input *in, int64_t now, uint64_t serial)
{
    uint8_t op = take(in);
    uint8_t n = take(in) % KEYS;
    uint8_t key[LONG];
    size_t len = make_key(n, key);
    uint64_t got = serial;
    uint64_t wanted = serial;
    int64_t expire;

    switch (op % 16) {
    case 0:
        must((cfk_cache_delete(p->cache, key, len, NULL) == CFK_OK) ==
             model_delete(&p->m, n));
        break;
    case 1:
        must(cfk_cache_expire(p->cache, now, SIZE_MAX, NULL, NULL) == CFK_OK);
        model_expire(&p->m, now);
        break;
    case 2: change_limits(p, in, now); break;
    case 3:
        if (op >= 128)
            break;
        must(cfk_cache_clear(p->cache, NULL) == CFK_OK);
        model_clear(&p->m);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        expire = expiry(in, now, serial);
        must(cfk_cache_set_weighed(p->cache, key, len, serial, op / 16, expire, now,
                                   NULL) ==
             model_set(&p->m, n, serial, op / 16, expire, now));
        break;
    case 8:
    case 9:
    case 10:
        expire = expiry(in, now, serial);
        must(cfk_cache_get_or_set(p->cache, key, len, &got, expire, now, NULL) ==
             model_get_or_set(&p->m, n, &wanted, expire, now));
        must(got == wanted);
        break;
    default:
        must(cfk_cache_get(p->cache, key, len, now, op / 16 % 4, &got, NULL) ==
             model_get(&p->m, n, now, op / 16 % 4, &wanted));
        must(got == wanted);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size < MOST_BYTES ? size : MOST_BYTES };
    struct cfk_cache_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    struct pair p = { .m = { .hand = MODEL_MOST } };
    uint8_t kind = take(&in);
    bool told = kind >= 128;
    int64_t now = 0;

    p.m.policy = opts.policy = kind % (CFK_CACHE_CLOCK + 1);
    p.m.capacity = opts.capacity = take(&in) % KEYS + 1u;
    p.m.grace = opts.grace_ns = take(&in) % 8 * TICK;
    p.m.max_weight = opts.max_weight = take(&in) % 64;
    opts.dropped = told ? count_drops : NULL;
    opts.dropped_ctx = &p.dropped;
    must(cfk_cache_new(&opts, &p.cache, NULL) == CFK_OK);
    for (uint64_t serial = 0; in.size > 0; serial++) {
        now += take(&in) % 4 * TICK;
        one_operation(&p, &in, now, serial);
        check(&p, told);
    }
    cfk_cache_free(p.cache);
    must(!told || p.dropped == p.m.dropped + model_count(&p.m));
    return 0;
}
