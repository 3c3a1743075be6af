/* SPDX-License-Identifier: MIT */
/* Caches, in a build without the structures. */
#include "cfkit/cache.h"

#include "base/error.h"

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_cache_new(const struct cfk_cache_options *opts, cfk_cache **out,
                  struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_cache_free(cfk_cache *cache)
{
    (void)cache;
}

int cfk_cache_get(cfk_cache *cache, const void *key, size_t key_len, int64_t now_ns,
                  unsigned flags, uint64_t *value, struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len, (void)now_ns, (void)flags, (void)value;
    return absent(err);
}

int cfk_cache_set(cfk_cache *cache, const void *key, size_t key_len, uint64_t value,
                  int64_t expire_ns, int64_t now_ns, struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len, (void)value, (void)expire_ns, (void)now_ns;
    return absent(err);
}

int cfk_cache_resize(cfk_cache *cache, size_t capacity, uint64_t max_weight,
                     int64_t now_ns, struct cfk_error *err)
{
    (void)cache, (void)capacity, (void)max_weight, (void)now_ns;
    return absent(err);
}

int cfk_cache_set_weighed(cfk_cache *cache, const void *key, size_t key_len,
                          uint64_t value, uint64_t weight, int64_t expire_ns,
                          int64_t now_ns, struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len, (void)value, (void)weight;
    (void)expire_ns, (void)now_ns;
    return absent(err);
}

int cfk_cache_get_or_set(cfk_cache *cache, const void *key, size_t key_len,
                         uint64_t *value, int64_t expire_ns, int64_t now_ns,
                         struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len, (void)value, (void)expire_ns, (void)now_ns;
    return absent(err);
}

int cfk_cache_shards_new(const struct cfk_cache_options *opts, size_t count,
                         cfk_cache_shards **out, struct cfk_error *err)
{
    (void)opts, (void)count;
    *out = NULL;
    return absent(err);
}

void cfk_cache_shards_free(cfk_cache_shards *shards)
{
    (void)shards;
}

size_t cfk_cache_shards_count(const cfk_cache_shards *shards)
{
    (void)shards;
    return 0;
}

size_t cfk_cache_shards_pick(const cfk_cache_shards *shards, const void *key,
                             size_t key_len)
{
    (void)shards, (void)key, (void)key_len;
    return 0;
}

cfk_cache *cfk_cache_shards_at(const cfk_cache_shards *shards, size_t index)
{
    (void)shards, (void)index;
    return NULL;
}

int cfk_cache_curve_new(const struct cfk_cache_curve_options *opts, cfk_cache_curve **out,
                        struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_cache_curve_free(cfk_cache_curve *curve)
{
    (void)curve;
}

int cfk_cache_curve_add(cfk_cache_curve *curve, const void *key, size_t key_len,
                        struct cfk_error *err)
{
    (void)curve, (void)key, (void)key_len;
    return absent(err);
}

uint64_t cfk_cache_curve_requests(const cfk_cache_curve *curve)
{
    (void)curve;
    return 0;
}

size_t cfk_cache_curve_distinct(const cfk_cache_curve *curve)
{
    (void)curve;
    return 0;
}

int cfk_cache_curve_next(const cfk_cache_curve *curve, struct cfk_cache_point *point)
{
    (void)curve, (void)point;
    return 0;
}

uint64_t cfk_cache_curve_hits(const cfk_cache_curve *curve, size_t capacity)
{
    (void)curve, (void)capacity;
    return 0;
}

uint64_t cfk_cache_weight(const cfk_cache *cache)
{
    (void)cache;
    return 0;
}

int cfk_cache_delete(cfk_cache *cache, const void *key, size_t key_len,
                     struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len;
    return absent(err);
}

int cfk_cache_expire(cfk_cache *cache, int64_t now_ns, size_t max, size_t *dropped,
                     struct cfk_error *err)
{
    (void)cache, (void)now_ns, (void)max;
    if (dropped != NULL)
        *dropped = 0;
    return absent(err);
}

int cfk_cache_clear(cfk_cache *cache, struct cfk_error *err)
{
    (void)cache;
    return absent(err);
}

int cfk_cache_peek(const cfk_cache *cache, const void *key, size_t key_len,
                   struct cfk_cache_entry *entry, struct cfk_error *err)
{
    (void)cache, (void)key, (void)key_len, (void)entry;
    return absent(err);
}

int cfk_cache_next(const cfk_cache *cache, uint64_t *cursor,
                   struct cfk_cache_entry *entry)
{
    (void)cache, (void)cursor, (void)entry;
    return 0;
}

size_t cfk_cache_count(const cfk_cache *cache)
{
    (void)cache;
    return 0;
}

size_t cfk_cache_capacity(const cfk_cache *cache)
{
    (void)cache;
    return 0;
}

int cfk_cache_get_stats(const cfk_cache *cache, struct cfk_cache_stats *stats,
                        struct cfk_error *err)
{
    (void)cache, (void)stats;
    return absent(err);
}
