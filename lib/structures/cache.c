/* SPDX-License-Identifier: MIT */
#include "structures/cache.h"

#include "base/error.h"
#include "base/options.h"
#include "base/siphash.h"

enum { DEFAULT_CAPACITY = 1024, CACHE_LINE = 64 };
static const size_t MOST_CAPACITY = (size_t)1 << 28;

static int check_options(struct cfk_cache_options *o, struct cfk_error *err)
{
    if (o->policy != CFK_CACHE_LRU)
        return cfk__fail(err, CFK_E_NOTSUP, "cache: policy %ld; only LRU is known",
                         (long)o->policy);
    if (o->reserved != 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: reserved has to be 0");
    if (o->grace_ns < 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: grace has to be 0 or more");
    if (o->capacity == 0)
        o->capacity = DEFAULT_CAPACITY;
    if (o->capacity > MOST_CAPACITY)
        return cfk__fail(err, CFK_E_INVALID, "cache: a capacity of %zu; %zu is the most",
                         o->capacity, MOST_CAPACITY);
    return CFK_OK;
}

static bool acquire(cfk_cache *cache)
{
    const struct cfk_alloc *alloc = &cache->alloc;
    uintptr_t address;

    cache->entries_block =
        cfk__calloc(alloc, (size_t)cache->capacity + 1, sizeof(struct cfk__cache_entry));
    if (cache->entries_block == NULL)
        return false;
    address = (uintptr_t)cache->entries_block % CACHE_LINE;
    cache->entries =
        (void *)((char *)cache->entries_block + (CACHE_LINE - address) % CACHE_LINE);
    cache->heap = cfk__calloc(alloc, cache->capacity, sizeof *cache->heap);
    return cache->heap != NULL &&
           cfk__table_init(&cache->table, cache->capacity, alloc) == CFK_OK;
}

int cfk_cache_new(const struct cfk_cache_options *opts, cfk_cache **out,
                  struct cfk_error *err)
{
    struct cfk_cache_options o;
    cfk_cache *cache;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc == CFK_OK)
        rc = check_options(&o, err);
    if (rc != CFK_OK)
        return rc;

    cache = cfk__calloc(o.alloc, 1, sizeof *cache);
    if (cache == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for a cache");
    cache->alloc = *cfk__alloc_or_default(o.alloc);
    cache->capacity = (uint32_t)o.capacity;
    cache->grace = o.grace_ns;
    cache->newest = cache->oldest = cache->free = CFK__CACHE_NONE;
    rc = cfk__key_limit(&cache->max_key_bytes, o.max_key_bytes, "cache", err);
    if (rc == CFK_OK)
        rc = cfk__key_seed(cache->seed, o.seed, err);
    if (rc == CFK_OK && !acquire(cache))
        rc = cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu entries", o.capacity);
    if (rc != CFK_OK) {
        cfk_cache_free(cache);
        return rc;
    }
    cache->dropped = o.dropped;
    cache->dropped_ctx = o.dropped_ctx;
    *out = cache;
    return CFK_OK;
}

void cfk_cache_free(cfk_cache *cache)
{
    struct cfk_alloc alloc;

    if (cache == NULL)
        return;
    alloc = cache->alloc;
    (void)cfk_cache_clear(cache, NULL);
    cfk__table_free(&cache->table, &alloc);
    cfk__free(&alloc, cache->heap);
    cfk__free(&alloc, cache->entries_block);
    cfk__free(&alloc, cache);
}

/* ---- finding ---- */

struct wanted {
    const struct cfk__cache_entry *entries;
    const void *key;
    size_t key_len;
};

static inline bool same_key(const void *ctx, uint32_t index)
{
    const struct wanted *w = ctx;

    return cfk__key_equal(&w->entries[index].key, w->key, w->key_len);
}

static uint32_t find(const cfk_cache *cache, uint64_t hash, const void *key,
                     size_t key_len)
{
    struct wanted w = { cache->entries, key, key_len };

    return cfk__table_find(&cache->table, hash, same_key, &w);
}

/* Keys that cannot be in need no hash. */
static uint32_t look_up(const cfk_cache *cache, const void *key, size_t key_len)
{
    if (key_len > cache->max_key_bytes)
        return CFK__CACHE_NONE;
    return find(cache, cfk__siphash13(cache->seed, key, key_len), key, key_len);
}

static bool is_stale(const struct cfk__cache_entry *entry, int64_t now)
{
    return entry->expire != CFK_CACHE_NEVER && entry->expire <= now;
}

/* expire + grace <= now, where the sum may overflow. */
static bool is_gone(const cfk_cache *cache, const struct cfk__cache_entry *entry,
                    int64_t now)
{
    return is_stale(entry, now) &&
           (uint64_t)now - (uint64_t)entry->expire >= (uint64_t)cache->grace;
}

/* ---- the list, the most recently used first ---- */

static void unlink_entry(cfk_cache *cache, uint32_t index)
{
    struct cfk__cache_entry *entry = &cache->entries[index];

    if (entry->newer != CFK__CACHE_NONE)
        cache->entries[entry->newer].older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older != CFK__CACHE_NONE)
        cache->entries[entry->older].newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void link_newest(cfk_cache *cache, uint32_t index)
{
    struct cfk__cache_entry *entry = &cache->entries[index];

    entry->newer = CFK__CACHE_NONE;
    entry->older = cache->newest;
    if (cache->newest != CFK__CACHE_NONE)
        cache->entries[cache->newest].newer = index;
    else
        cache->oldest = index;
    cache->newest = index;
}

static void touch(cfk_cache *cache, uint32_t index)
{
    if (cache->newest == index)
        return;
    unlink_entry(cache, index);
    link_newest(cache, index);
}

/* ---- leaving ---- */

static void tell(cfk_cache *cache, const struct cfk__key *key, uint64_t value, int why)
{
    if (cache->dropped == NULL)
        return;
    cache->telling = true;
    cache->dropped(cache->dropped_ctx, cfk__key_data(key), key->len, value, why);
    cache->telling = false;
}

static uint64_t hash_of(const struct cfk__cache_entry *entry)
{
    return (uint64_t)entry->tag << 32;
}

static void drop(cfk_cache *cache, uint32_t index, int why)
{
    struct cfk__cache_entry *entry = &cache->entries[index];

    cfk__table_remove(&cache->table, hash_of(entry), index);
    cfk__cache_set_expiry(cache, index, CFK_CACHE_NEVER);
    unlink_entry(cache, index);
    switch (why) {
    case CFK_CACHE_EVICTED: cache->stats.evicted++; break;
    case CFK_CACHE_EXPIRED: cache->stats.expired++; break;
    default: cache->stats.deleted++; break;
    }
    tell(cache, &entry->key, entry->value, why);
    cfk__key_release(&entry->key, &cache->alloc);
    entry->older = cache->free;
    entry->newer = index;
    cache->free = index;
}

static int busy(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_BUSY, "cache: called from its own callback");
}

/* ---- the public functions ---- */

int cfk_cache_get(cfk_cache *cache, const void *key, size_t key_len, int64_t now_ns,
                  unsigned flags, uint64_t *value, struct cfk_error *err)
{
    bool quiet = (flags & CFK_CACHE_QUIET) != 0;
    uint32_t index;
    bool stale;

    if ((flags & ~(unsigned)(CFK_CACHE_QUIET | CFK_CACHE_STALE_OK)) != 0)
        return cfk__fail(err, CFK_E_INVALID, "cache: unknown flags %#x", flags);
    if (cache->telling)
        return busy(err);
    index = look_up(cache, key, key_len);
    if (index != CFK__CACHE_NONE && is_gone(cache, &cache->entries[index], now_ns)) {
        if (!quiet)
            drop(cache, index, CFK_CACHE_EXPIRED);
        index = CFK__CACHE_NONE;
    }
    stale = index != CFK__CACHE_NONE && is_stale(&cache->entries[index], now_ns);
    if (index == CFK__CACHE_NONE || (stale && (flags & CFK_CACHE_STALE_OK) == 0)) {
        cache->stats.misses += !quiet;
        return CFK_CACHE_MISS;
    }
    if (value != NULL)
        *value = cache->entries[index].value;
    if (!quiet) {
        touch(cache, index);
        cache->stats.hits += !stale;
        cache->stats.stale += stale;
    }
    return stale ? CFK_CACHE_STALE : CFK_CACHE_HIT;
}

/* Room for an entry: free, or the first that expired, or the least recently used. */
static uint32_t take_room(cfk_cache *cache, int64_t now_ns)
{
    uint32_t index;

    if (cache->free == CFK__CACHE_NONE && cache->begun < cache->capacity)
        return cache->begun++;
    if (cache->free == CFK__CACHE_NONE) {
        uint32_t first = cfk__cache_first_to_expire(cache);

        if (first != CFK__CACHE_NONE && is_stale(&cache->entries[first], now_ns))
            drop(cache, first, CFK_CACHE_EXPIRED);
        else
            drop(cache, cache->oldest, CFK_CACHE_EVICTED);
    }
    index = cache->free;
    cache->free = cache->entries[index].older;
    return index;
}

static void replace(cfk_cache *cache, uint32_t index, uint64_t value, int64_t expire_ns)
{
    struct cfk__cache_entry *entry = &cache->entries[index];
    uint64_t before = entry->value;

    entry->value = value;
    cfk__cache_set_expiry(cache, index, expire_ns);
    touch(cache, index);
    cache->stats.replaced++;
    tell(cache, &entry->key, before, CFK_CACHE_REPLACED);
}

int cfk_cache_set(cfk_cache *cache, const void *key, size_t key_len, uint64_t value,
                  int64_t expire_ns, int64_t now_ns, struct cfk_error *err)
{
    struct cfk__cache_entry *entry;
    struct cfk__key kept;
    uint64_t hash;
    uint32_t index;

    if (cache->telling)
        return busy(err);
    if (key_len > cache->max_key_bytes)
        return cfk__fail(err, CFK_E_LIMIT, "cache: a key of %zu bytes; %lu is the most",
                         key_len, (unsigned long)cache->max_key_bytes);
    hash = cfk__siphash13(cache->seed, key, key_len);
    index = find(cache, hash, key, key_len);
    if (index != CFK__CACHE_NONE) {
        replace(cache, index, value, expire_ns);
        return CFK_OK;
    }
    if (cfk__key_store(&kept, key, key_len, &cache->alloc) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for a key of %zu bytes",
                         key_len);
    index = take_room(cache, now_ns);
    entry = &cache->entries[index];
    entry->key = kept;
    entry->value = value;
    entry->tag = cfk__table_tag(hash);
    entry->expire = CFK_CACHE_NEVER;
    cfk__table_insert(&cache->table, hash, index);
    cfk__cache_set_expiry(cache, index, expire_ns);
    link_newest(cache, index);
    cache->stats.inserted++;
    return CFK_OK;
}

int cfk_cache_delete(cfk_cache *cache, const void *key, size_t key_len,
                     struct cfk_error *err)
{
    uint32_t index;

    if (cache->telling)
        return busy(err);
    index = look_up(cache, key, key_len);
    if (index == CFK__CACHE_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND, "cache: no such key");
    drop(cache, index, CFK_CACHE_DELETED);
    return CFK_OK;
}

int cfk_cache_expire(cfk_cache *cache, int64_t now_ns, size_t max, size_t *dropped,
                     struct cfk_error *err)
{
    size_t count = 0;

    if (dropped != NULL)
        *dropped = 0;
    if (cache->telling)
        return busy(err);
    while (count < max) {
        uint32_t first = cfk__cache_first_to_expire(cache);

        if (first == CFK__CACHE_NONE || !is_gone(cache, &cache->entries[first], now_ns))
            break;
        drop(cache, first, CFK_CACHE_EXPIRED);
        count++;
    }
    if (dropped != NULL)
        *dropped = count;
    return CFK_OK;
}

int cfk_cache_clear(cfk_cache *cache, struct cfk_error *err)
{
    if (cache->telling)
        return busy(err);
    while (cache->oldest != CFK__CACHE_NONE)
        drop(cache, cache->oldest, CFK_CACHE_CLEARED);
    return CFK_OK;
}

static struct cfk_cache_entry describe(const struct cfk__cache_entry *entry)
{
    return (struct cfk_cache_entry){
        .key = cfk__key_data(&entry->key),
        .key_len = entry->key.len,
        .value = entry->value,
        .expire_ns = entry->expire,
    };
}

int cfk_cache_peek(const cfk_cache *cache, const void *key, size_t key_len,
                   struct cfk_cache_entry *entry, struct cfk_error *err)
{
    uint32_t index = look_up(cache, key, key_len);

    if (index == CFK__CACHE_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND, "cache: no such key");
    *entry = describe(&cache->entries[index]);
    return CFK_OK;
}

int cfk_cache_next(const cfk_cache *cache, uint64_t *cursor,
                   struct cfk_cache_entry *entry)
{
    while (*cursor < cache->begun) {
        uint32_t index = (uint32_t)(*cursor)++;

        if (cache->entries[index].newer != index) {
            *entry = describe(&cache->entries[index]);
            return 1;
        }
    }
    return 0;
}

size_t cfk_cache_count(const cfk_cache *cache)
{
    return cache->table.count;
}

size_t cfk_cache_capacity(const cfk_cache *cache)
{
    return cache->capacity;
}

int cfk_cache_get_stats(const cfk_cache *cache, struct cfk_cache_stats *stats,
                        struct cfk_error *err)
{
    size_t size = stats->size;

    if (size < sizeof size)
        return cfk__fail(err, CFK_E_INVALID, "cache: the size of the stats is not set");
    if (size > sizeof *stats)
        memset((char *)stats + sizeof *stats, 0, size - sizeof *stats);
    memcpy(stats, &cache->stats, size < sizeof *stats ? size : sizeof *stats);
    stats->size = size;
    return CFK_OK;
}
