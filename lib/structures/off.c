/* SPDX-License-Identifier: MIT */
/* The structures, in a build without them. */
#include "cfkit/cache.h"
#include "cfkit/topk.h"

#include "base/error.h"

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_topk_new(const struct cfk_topk_options *opts, cfk_topk **out,
                 struct cfk_error *err)
{
    (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_topk_free(cfk_topk *top)
{
    (void)top;
}

int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                 struct cfk_error *err)
{
    (void)top, (void)key, (void)key_len, (void)weight;
    return absent(err);
}

int cfk_topk_add_at(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                    int64_t now_ns, struct cfk_error *err)
{
    (void)top, (void)key, (void)key_len, (void)weight, (void)now_ns;
    return absent(err);
}

int cfk_topk_add_batch(cfk_topk *top, const struct cfk_topk_key *keys, size_t count,
                       int64_t now_ns, size_t *added, struct cfk_error *err)
{
    (void)top, (void)keys, (void)count, (void)now_ns;
    if (added != NULL)
        *added = 0;
    return absent(err);
}

void cfk_topk_query(const cfk_topk *top, const void *key, size_t key_len, uint64_t *lo,
                    uint64_t *hi)
{
    (void)top, (void)key, (void)key_len;
    *lo = 0;
    *hi = 0;
}

void cfk_topk_get(const cfk_topk *top, const void *key, size_t key_len, int64_t now_ns,
                  struct cfk_topk_item *item)
{
    (void)top, (void)now_ns;
    memset(item, 0, sizeof *item);
    item->key = key;
    item->key_len = key_len;
}

size_t cfk_topk_list(const cfk_topk *top, int order, struct cfk_topk_item *items,
                     size_t max)
{
    (void)top, (void)order, (void)items, (void)max;
    return 0;
}

int cfk_topk_select(const cfk_topk *top, const struct cfk_topk_select_options *opts,
                    struct cfk_topk_item *items, size_t max, size_t *count,
                    struct cfk_error *err)
{
    (void)top, (void)opts, (void)items, (void)max, (void)count;
    return absent(err);
}

uint64_t cfk_topk_total(const cfk_topk *top)
{
    (void)top;
    return 0;
}

uint64_t cfk_topk_max_error(const cfk_topk *top)
{
    (void)top;
    return 0;
}

void cfk_topk_get_stats(const cfk_topk *top, int64_t now_ns, struct cfk_topk_stats *stats)
{
    (void)top, (void)now_ns;
    memset(stats, 0, sizeof *stats);
}

int cfk_topk_merge(cfk_topk *top, const cfk_topk *from, struct cfk_error *err)
{
    (void)top, (void)from;
    return absent(err);
}

int cfk_topk_save(const cfk_topk *top, void **data, size_t *data_size,
                  struct cfk_error *err)
{
    (void)top, (void)data_size;
    *data = NULL;
    return absent(err);
}

int cfk_topk_load(const void *data, size_t data_size,
                  const struct cfk_topk_load_options *opts, cfk_topk **out,
                  struct cfk_error *err)
{
    (void)data, (void)data_size, (void)opts;
    *out = NULL;
    return absent(err);
}

void cfk_topk_reset(cfk_topk *top)
{
    (void)top;
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
