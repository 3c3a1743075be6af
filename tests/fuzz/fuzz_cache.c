/* SPDX-License-Identifier: MIT */
/* A cache against a plain list of entries, operation by operation. */
#include "cfkit/cache.h"
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 16, LONG = 40 };

struct input {
    const uint8_t *data;
    size_t size;
};

/* From the least to the most recently used. */
struct model {
    struct {
        uint8_t n;
        uint64_t value;
        int64_t expire;
    } entries[KEYS + 1];
    size_t count;
    size_t capacity;
    int64_t grace;
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
    size_t len = n % 2 == 0 ? 1 : LONG;

    memset(key, n, len);
    return len;
}

static size_t find(const struct model *m, uint8_t n)
{
    size_t i = 0;

    while (i < m->count && m->entries[i].n != n)
        i++;
    return i;
}

static void leave(struct model *m, size_t at)
{
    memmove(&m->entries[at], &m->entries[at + 1],
            (m->count - at - 1) * sizeof m->entries[0]);
    m->count--;
}

static void push(struct model *m, uint8_t n, uint64_t value, int64_t expire)
{
    m->entries[m->count].n = n;
    m->entries[m->count].value = value;
    m->entries[m->count++].expire = expire;
}

static bool stale(const struct model *m, size_t at, int64_t now)
{
    return m->entries[at].expire != CFK_CACHE_NEVER && now >= m->entries[at].expire;
}

static bool gone(const struct model *m, size_t at, int64_t now)
{
    return stale(m, at, now) && now >= m->entries[at].expire + m->grace;
}

static void drop(struct model *m, size_t at)
{
    leave(m, at);
    m->dropped++;
}

static int model_get(struct model *m, uint8_t n, int64_t now, unsigned flags,
                     uint64_t *value)
{
    bool quiet = (flags & CFK_CACHE_QUIET) != 0;
    size_t at = find(m, n);
    int64_t expire;
    bool old;

    if (at == m->count)
        return CFK_CACHE_MISS;
    old = stale(m, at, now);
    if (gone(m, at, now)) {
        if (!quiet)
            drop(m, at);
        return CFK_CACHE_MISS;
    }
    if (old && (flags & CFK_CACHE_STALE_OK) == 0)
        return CFK_CACHE_MISS;
    *value = m->entries[at].value;
    expire = m->entries[at].expire;
    if (!quiet) {
        leave(m, at);
        push(m, n, *value, expire);
    }
    return old ? CFK_CACHE_STALE : CFK_CACHE_HIT;
}

static void model_set(struct model *m, uint8_t n, uint64_t value, int64_t expire,
                      int64_t now)
{
    size_t at = find(m, n);

    if (at == m->count && m->count == m->capacity) {
        at = 0;
        for (size_t i = 1; i < m->count; i++)
            if (m->entries[i].expire < m->entries[at].expire)
                at = i;
        if (!stale(m, at, now))
            at = 0;
    }
    if (at < m->count)
        drop(m, at);
    push(m, n, value, expire);
}

static void count_drops(void *ctx, const void *key, size_t key_len, uint64_t value,
                        int why)
{
    (void)key, (void)key_len, (void)value;
    must(why >= CFK_CACHE_EVICTED && why <= CFK_CACHE_CLEARED);
    ++*(uint64_t *)ctx;
}

static void check(const cfk_cache *cache, const struct model *m, uint64_t dropped)
{
    struct cfk_cache_entry entry;
    uint64_t cursor = 0;
    size_t seen = 0;

    must(cfk_cache_count(cache) == m->count);
    must(dropped == m->dropped);
    while (cfk_cache_next(cache, &cursor, &entry) == 1) {
        size_t at = find(m, *(const uint8_t *)entry.key);

        must(at < m->count && entry.value == m->entries[at].value &&
             entry.expire_ns == m->entries[at].expire);
        seen++;
    }
    must(seen == m->count);
}

static void one_operation(cfk_cache *cache, struct model *m, struct input *in,
                          int64_t now, uint64_t serial)
{
    uint8_t op = take(in);
    uint8_t n = take(in) % KEYS;
    uint8_t key[LONG];
    size_t len = make_key(n, key);
    uint64_t got = 0;
    uint64_t wanted = 0;
    int64_t expire;

    switch (op % 8) {
    case 0:
        must((cfk_cache_delete(cache, key, len, NULL) == CFK_OK) ==
             (find(m, n) < m->count));
        if (find(m, n) < m->count)
            drop(m, find(m, n));
        break;
    case 1:
        must(cfk_cache_expire(cache, now, SIZE_MAX, NULL, NULL) == CFK_OK);
        for (size_t i = m->count; i-- > 0;)
            if (gone(m, i, now))
                drop(m, i);
        break;
    case 2:
    case 3:
        /* Distinct times, so that the earliest is one entry. */
        expire = (now / 4096 + take(in) % 64 - 16) * 4096 + (int64_t)(serial % 4096);
        expire = op % 8 == 2 ? CFK_CACHE_NEVER : expire;
        must(cfk_cache_set(cache, key, len, serial, expire, now, NULL) == CFK_OK);
        model_set(m, n, serial, expire, now);
        break;
    default:
        must(cfk_cache_get(cache, key, len, now, op / 8 % 4, &got, NULL) ==
             model_get(m, n, now, op / 8 % 4, &wanted));
        must(got == wanted);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size < 12000 ? size : 12000 };
    struct cfk_cache_options opts = { .size = sizeof opts, .seed = { 1, 2 } };
    struct model m = { .count = 0 };
    uint64_t dropped = 0;
    cfk_cache *cache;
    int64_t now = 0;

    m.capacity = opts.capacity = take(&in) % KEYS + 1u;
    m.grace = opts.grace_ns = take(&in) % 8 * 4096;
    opts.dropped = count_drops;
    opts.dropped_ctx = &dropped;
    must(cfk_cache_new(&opts, &cache, NULL) == CFK_OK);
    for (uint64_t serial = 0; in.size > 0; serial++) {
        now += take(&in) % 4 * 4096;
        one_operation(cache, &m, &in, now, serial);
        check(cache, &m, dropped);
    }
    cfk_cache_free(cache);
    must(dropped == m.dropped + m.count);
    return 0;
}
