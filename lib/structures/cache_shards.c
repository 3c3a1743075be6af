/* SPDX-License-Identifier: MIT */
#include "structures/cache.h"

#include "base/error.h"
#include "base/options.h"

enum { DEFAULT_CAPACITY = 1024, DEFAULT_SHARDS = 16, MOST_SHARDS = 65536 };

struct cfk_cache_shards {
    struct cfk_alloc alloc;
    struct cfk__hasher hasher; /* which shard; each has another for its own table */
    size_t count;
    cfk_cache *shards[];
};

static int check_count(const struct cfk_cache_options *o, size_t count,
                       struct cfk_error *err)
{
    if (count > MOST_SHARDS)
        return cfk__fail(err, CFK_E_INVALID, "cache: %zu shards; %d are the most", count,
                         MOST_SHARDS);
    if (count > o->capacity || (o->max_weight > 0 && count > o->max_weight))
        return cfk__fail(err, CFK_E_INVALID,
                         "cache: %zu shards, but less than that to share", count);
    return CFK_OK;
}

/* The share of one of count, the first ones taking what does not divide. */
static uint64_t share(uint64_t whole, size_t count, size_t index)
{
    return whole / count + (index < whole % count);
}

static int new_shard(cfk_cache_shards *s, const struct cfk_cache_options *whole,
                     size_t index, struct cfk_error *err)
{
    struct cfk_cache_options o = *whole;
    uint64_t number = index;

    o.capacity = (size_t)share(whole->capacity, s->count, index);
    o.max_weight = share(whole->max_weight, s->count, index);
    o.seed[0] = cfk__siphash24(s->hasher.secret, &number, sizeof number);
    o.seed[1] = cfk__siphash24(s->hasher.secret + 2, &number, sizeof number);
    return cfk_cache_new(&o, &s->shards[index], err);
}

int cfk_cache_shards_new(const struct cfk_cache_options *opts, size_t count,
                         cfk_cache_shards **out, struct cfk_error *err)
{
    struct cfk_cache_options o;
    cfk_cache_shards *s;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    o.size = sizeof o;
    if (o.capacity == 0)
        o.capacity = DEFAULT_CAPACITY;
    if (count == 0)
        count = DEFAULT_SHARDS;
    rc = check_count(&o, count, err);
    if (rc != CFK_OK)
        return rc;

    s = cfk__calloc(o.alloc, 1, sizeof *s + count * sizeof s->shards[0]);
    if (s == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu shards", count);
    s->alloc = *cfk__alloc_or_default(o.alloc);
    s->count = count;
    rc = cfk__hasher_init(&s->hasher, o.seed, err);
    for (size_t i = 0; i < count && rc == CFK_OK; i++)
        rc = new_shard(s, &o, i, err);
    if (rc != CFK_OK) {
        cfk_cache_shards_free(s);
        return rc;
    }
    *out = s;
    return CFK_OK;
}

void cfk_cache_shards_free(cfk_cache_shards *shards)
{
    struct cfk_alloc alloc;

    if (shards == NULL)
        return;
    alloc = shards->alloc;
    for (size_t i = 0; i < shards->count; i++)
        cfk_cache_free(shards->shards[i]);
    cfk__free(&alloc, shards);
}

size_t cfk_cache_shards_count(const cfk_cache_shards *shards)
{
    return shards->count;
}

size_t cfk_cache_shards_pick(const cfk_cache_shards *shards, const void *key,
                             size_t key_len)
{
    uint64_t hash = cfk__keyed_hash_fast(&shards->hasher, key, key_len);

    return (size_t)((hash >> 32) * shards->count >> 32);
}

cfk_cache *cfk_cache_shards_at(const cfk_cache_shards *shards, size_t index)
{
    return index < shards->count ? shards->shards[index] : NULL;
}
