/* SPDX-License-Identifier: MIT */
/* Looking up and storing. */
#include "structures/cache_queue.h"
#include "structures/cache_table.h"

#include "base/error.h"

/* ---- looking up ---- */

/* The entry of a key, or CFK__CACHE_NONE. Keys that cannot be in need no hash. */
static inline uint32_t look_up(const cfk_cache *cache, const void *key, size_t key_len)
{
    uint32_t node;

    if (key_len > cache->max_key_bytes)
        return CFK__CACHE_NONE;
    node = cfk__cache_find(&cache->a, cfk__keyed_hash(&cache->hasher, key, key_len), key,
                           key_len);
    return node < cache->a.first_ghost ? node : CFK__CACHE_NONE;
}

/*
 * The same for a key of up to 16 bytes, with these words, where there are no ghosts; or
 * CFK__CHAIN_END.
 */
static inline uint32_t find_by_words(const struct cfk__cache_arrays *a, uint64_t hash,
                                     struct cfk__key_words words, size_t key_len)
{
    uint32_t node = *cfk__cache_chain(a, hash);

    for (; node != CFK__CHAIN_END; node = a->next[node]) {
        const struct cfk__key *key = &a->entries[node].key;

        if (key->len == (uint32_t)key_len &&
            cfk__key_has_words(key->bytes, key_len, words))
            break;
    }
    return node;
}

/* An entry has been used: a hit. */
static inline int use_lru(cfk_cache *cache, uint32_t index)
{
    cache->stats.hits++;
    cfk__queue_renew(&cache->a, index, CFK__QUEUE_MAIN);
    return CFK_CACHE_HIT;
}

static inline int use(cfk_cache *cache, uint32_t index)
{
    if (cache->policy == CFK_CACHE_LRU)
        return use_lru(cache, index);
    cache->stats.hits++;
    return cfk__policy_use(cache, index);
}

static inline int hit(cfk_cache *cache, uint32_t index, uint64_t *value)
{
    if (value != NULL)
        *value = cache->a.entries[index].value;
    return use(cache, index);
}

static int get_stale(cfk_cache *cache, uint32_t index, uint64_t *value)
{
    (void)hit(cache, index, value);
    cache->stats.hits--;
    cache->stats.stale++;
    return CFK_CACHE_STALE;
}

/* As get(), but nothing changes. */
static int get_quietly(const cfk_cache *cache, uint32_t index, int64_t now_ns,
                       unsigned flags, uint64_t *value)
{
    const struct cfk__cache_entry *entry = &cache->a.entries[index];
    bool stale = cfk__cache_is_stale(entry, now_ns);

    if (cfk__cache_is_gone(cache, entry, now_ns) ||
        (stale && (flags & CFK_CACHE_STALE_OK) == 0))
        return CFK_CACHE_MISS;
    if (value != NULL)
        *value = entry->value;
    return stale ? CFK_CACHE_STALE : CFK_CACHE_HIT;
}

static int get(cfk_cache *cache, uint32_t index, int64_t now_ns, unsigned flags,
               uint64_t *value)
{
    const struct cfk__cache_entry *entry = &cache->a.entries[index];

    if (!cfk__cache_is_stale(entry, now_ns))
        return hit(cache, index, value);
    if (cfk__cache_is_gone(cache, entry, now_ns))
        cfk__cache_drop(cache, index, CFK_CACHE_EXPIRED);
    else if ((flags & CFK_CACHE_STALE_OK) != 0)
        return get_stale(cache, index, value);
    cache->stats.misses++;
    return CFK_CACHE_MISS;
}

int cfk_cache_get(cfk_cache *cache, const void *key, size_t key_len, int64_t now_ns,
                  unsigned flags, uint64_t *value, struct cfk_error *err)
{
    uint32_t index;

    if (flags > (CFK_CACHE_QUIET | CFK_CACHE_STALE_OK))
        return cfk__fail(err, CFK_E_INVALID, "cache: unknown flags %#x", flags);
    if (cache->telling)
        return cfk__cache_busy(err);
    index = look_up(cache, key, key_len);
    if (index == CFK__CACHE_NONE) {
        cache->stats.misses += (flags & CFK_CACHE_QUIET) == 0;
        return CFK_CACHE_MISS;
    }
    if ((flags & CFK_CACHE_QUIET) != 0)
        return get_quietly(cache, index, now_ns, flags, value);
    return get(cache, index, now_ns, flags, value);
}

/* ---- storing ---- */

/*
 * Give an entry another weight. Where that needs room, the entry loses its place
 * in the order and stands there as if it had just come in.
 */
static void reweigh(cfk_cache *cache, uint32_t index, uint64_t weight, int64_t now_ns)
{
    struct cfk__cache_entry *entry = &cache->a.entries[index];
    unsigned queue = entry->queue;

    if (weight <= entry->weight ||
        cfk__cache_fits(cache, UINT32_MAX, weight - entry->weight)) {
        if (queue == CFK__QUEUE_FIRST && cache->weighed)
            cache->a.first_weight += weight - entry->weight;
        cache->weight += weight - entry->weight;
        entry->weight = weight;
        return;
    }
    cfk__policy_leave(cache, index);
    cfk__cache_set_expiry(cache, index, CFK_CACHE_NEVER);
    cache->weight -= entry->weight;
    queue = cfk__policy_meet(cache, CFK__CACHE_NONE);
    cfk__cache_make_room(cache, cache->a.capacity, weight, now_ns);
    cache->weight += weight;
    entry->weight = weight;
    cfk__policy_enter(cache, index, queue);
}

static void replace(cfk_cache *cache, uint32_t index, const struct cfk_cache_entry *new,
                    int64_t now_ns)
{
    struct cfk__cache_entry *entry = &cache->a.entries[index];
    uint64_t before = entry->value;

    (void)use(cache, index);
    cache->stats.hits--; /* it is not counted as one */
    if (entry->weight != new->weight)
        reweigh(cache, index, new->weight, now_ns);
    entry->value = new->value;
    cfk__cache_set_expiry(cache, index, new->expire_ns);
    cache->stats.replaced++;
    cfk__cache_tell(cache, &entry->key, before, CFK_CACHE_REPLACED);
}

/* Short keys are copied by words that overlap: a call costs more. */
static inline void keep_short(struct cfk__key *key, const uint8_t *data, size_t len)
{
    key->len = (uint32_t)len;
    if (len > 16) {
        memcpy(key->bytes, data, 16);
        memcpy(key->bytes + len - 16, data + len - 16, 16);
    } else if (len >= 8) {
        memcpy(key->bytes, data, 8);
        memcpy(key->bytes + len - 8, data + len - 8, 8);
    } else if (len >= 4) {
        memcpy(key->bytes, data, 4);
        memcpy(key->bytes + len - 4, data + len - 4, 4);
    } else if (len > 0) {
        key->bytes[0] = data[0];
        key->bytes[len / 2] = data[len / 2];
        key->bytes[len - 1] = data[len - 1];
    }
}

/* ---- adding ---- */

/* An entry for a new key, in its queue, and otherwise to be filled in. */
static uint32_t enter(cfk_cache *cache, uint64_t weight, uint32_t ghost, int64_t now_ns)
{
    struct cfk__cache_arrays *a = &cache->a;
    unsigned queue = CFK__QUEUE_MAIN;
    uint32_t index;

    if (cache->two_queues)
        queue = cfk__policy_meet(cache, ghost);
    if (!cfk__cache_fits(cache, a->capacity - 1, weight))
        cfk__cache_make_room(cache, a->capacity - 1, weight, now_ns);
    index = a->free;
    if (index == CFK__CACHE_NONE)
        index = a->begun++;
    else
        a->free = a->links[index].older;
    a->entries[index].expire = CFK_CACHE_NEVER;
    a->entries[index].weight = weight;
    cache->weight += weight;
    cfk__policy_enter(cache, index, queue);
    return index;
}

static int add(cfk_cache *cache, uint64_t hash, uint32_t ghost,
               const struct cfk_cache_entry *new, int64_t now_ns, struct cfk_error *err)
{
    struct cfk__cache_entry *entry;
    struct cfk__key kept;
    uint32_t index;

    if (new->key_len > CFK__KEY_INLINE &&
        cfk__key_store(&kept, new->key, new->key_len, &cache->alloc) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for a key of %zu bytes",
                         new->key_len);
    index = enter(cache, new->weight, ghost, now_ns);
    entry = &cache->a.entries[index];
    if (new->key_len > CFK__KEY_INLINE)
        entry->key = kept;
    else
        keep_short(&entry->key, new->key, new->key_len);
    entry->value = new->value;
    entry->low = (uint32_t)hash;
    cache->stats.inserted++;
    cfk__cache_set_expiry(cache, index, new->expire_ns);
    if (cfk__cache_table_insert(&cache->a, hash, index) && !cache->hasher.guarded)
        cfk__cache_rehash(cache);
    return CFK_OK;
}

/*
 * Whether in an LRU or FIFO that tells nobody a new entry of weight 1 comes in simply by
 * taking the place of the oldest, of the same weight: it is full, and none has expired.
 */
static inline bool is_turnover(const cfk_cache *cache, int64_t now_ns)
{
    const struct cfk__cache_arrays *a = &cache->a;

    return a->counts[CFK__QUEUE_MAIN] == a->capacity &&
           a->entries[cfk__queue_oldest(a, CFK__QUEUE_MAIN)].weight == 1 &&
           (a->heap_len == 0 || !cfk__cache_is_stale(&a->entries[a->heap[0]], now_ns));
}

/* Then this is what add() comes to for a short key. */
static CFK__ALWAYS_INLINE int turn_over(cfk_cache *cache, uint64_t hash, const void *key,
                                        size_t key_len, uint64_t value, int64_t expire_ns)
{
    struct cfk__cache_arrays *a = &cache->a;
    uint32_t oldest = cfk__queue_oldest(a, CFK__QUEUE_MAIN);
    struct cfk__cache_entry *entry = &a->entries[oldest];

    cfk__cache_chain_remove(a, entry->low, oldest);
    cfk__queue_renew(a, oldest, CFK__QUEUE_MAIN);
    if (entry->key.len > CFK__KEY_INLINE)
        cfk__key_release(&entry->key, &cache->alloc);
    keep_short(&entry->key, key, key_len);
    entry->value = value;
    entry->low = (uint32_t)hash;
    cache->stats.misses++;
    cache->stats.evicted++;
    cache->stats.inserted++;
    cfk__cache_set_expiry(cache, oldest, expire_ns);
    if (cfk__cache_table_insert(a, hash, oldest))
        cfk__cache_rehash(cache);
    return CFK_CACHE_MISS;
}

/* Why this may not be stored. */
static int refuse(const cfk_cache *cache, size_t key_len, uint64_t weight,
                  struct cfk_error *err)
{
    if (cache->telling)
        return cfk__cache_busy(err);
    if (key_len > cache->max_key_bytes)
        return cfk__fail(err, CFK_E_LIMIT, "cache: a key of %zu bytes; %lu is the most",
                         key_len, (unsigned long)cache->max_key_bytes);
    return cfk__fail(err, CFK_E_LIMIT, "cache: a weight of %llu; %llu is the most",
                     (unsigned long long)weight, (unsigned long long)cache->max_weight);
}

static inline bool may_store(const cfk_cache *cache, size_t key_len, uint64_t weight)
{
    return !cache->telling && key_len <= cache->max_key_bytes &&
           weight <= cache->max_weight;
}

static inline int set(cfk_cache *cache, const struct cfk_cache_entry *new, int64_t now_ns,
                      struct cfk_error *err)
{
    uint64_t hash;
    uint32_t node;

    if (!may_store(cache, new->key_len, new->weight))
        return refuse(cache, new->key_len, new->weight, err);
    hash = cfk__keyed_hash(&cache->hasher, new->key, new->key_len);
    node = cfk__cache_find(&cache->a, hash, new->key, new->key_len);
    if (node >= cache->a.first_ghost)
        return add(cache, hash, node, new, now_ns, err);
    replace(cache, node, new, now_ns);
    return CFK_OK;
}

int cfk_cache_set(cfk_cache *cache, const void *key, size_t key_len, uint64_t value,
                  int64_t expire_ns, int64_t now_ns, struct cfk_error *err)
{
    struct cfk_cache_entry new = { .key = key,
                                   .key_len = key_len,
                                   .value = value,
                                   .expire_ns = expire_ns,
                                   .weight = 1 };

    return set(cache, &new, now_ns, err);
}

int cfk_cache_set_weighed(cfk_cache *cache, const void *key, size_t key_len,
                          uint64_t value, uint64_t weight, int64_t expire_ns,
                          int64_t now_ns, struct cfk_error *err)
{
    struct cfk_cache_entry new = { .key = key,
                                   .key_len = key_len,
                                   .value = value,
                                   .expire_ns = expire_ns,
                                   .weight = weight };

    return set(cache, &new, now_ns, err);
}

/*
 * The hash and comparison of keys up to 16 bytes need no call, nor registers saved for
 * one. So this is compiled twice: for these, where nothing else stands against it
 * either, and for any key.
 */
static CFK__ALWAYS_INLINE int get_or_set(cfk_cache *cache, bool common, const void *key,
                                         size_t key_len, uint64_t *value,
                                         int64_t expire_ns, int64_t now_ns,
                                         struct cfk_error *err)
{
    struct cfk_cache_entry new;
    uint64_t hash;
    uint32_t node;
    int rc = CFK_OK;

    hash = common ? cfk__keyed_hash_fast(&cache->hasher, key, key_len)
                  : cfk__keyed_hash(&cache->hasher, key, key_len);
    node = cfk__cache_find(&cache->a, hash, key, key_len);
    if (node < cache->a.first_ghost &&
        !cfk__cache_is_stale(&cache->a.entries[node], now_ns))
        return hit(cache, node, value);
    if (common && node == CFK__CACHE_NONE && cache->plain && is_turnover(cache, now_ns))
        return turn_over(cache, hash, key, key_len, *value, expire_ns);
    cache->stats.misses++;
    new = (struct cfk_cache_entry){ .key = key,
                                    .key_len = key_len,
                                    .value = *value,
                                    .expire_ns = expire_ns,
                                    .weight = 1 };
    if (node < cache->a.first_ghost)
        replace(cache, node, &new, now_ns);
    else
        rc = add(cache, hash, node, &new, now_ns, err);
    return rc == CFK_OK ? CFK_CACHE_MISS : rc;
}

static CFK__NOINLINE int get_or_set_short(cfk_cache *cache, const void *key,
                                          size_t key_len, uint64_t *value,
                                          int64_t expire_ns, int64_t now_ns,
                                          struct cfk_error *err)
{
    CFK__ASSUME(key_len <= CFK__CACHE_SHORT);
    return get_or_set(cache, true, key, key_len, value, expire_ns, now_ns, err);
}

static CFK__NOINLINE int get_or_set_any(cfk_cache *cache, const void *key, size_t key_len,
                                        uint64_t *value, int64_t expire_ns,
                                        int64_t now_ns, struct cfk_error *err)
{
    if (!may_store(cache, key_len, 1))
        return refuse(cache, key_len, 1, err);
    return get_or_set(cache, false, key, key_len, value, expire_ns, now_ns, err);
}

/*
 * What is asked for most, in an LRU that tells nobody: a key of 8 to 16 bytes that is in
 * or takes the place of the oldest. Whatever else comes up is left to the above. None of
 * it can fail.
 */
static CFK__NOINLINE int get_or_set_quick(cfk_cache *cache, const void *key,
                                          size_t key_len, uint64_t *value,
                                          int64_t expire_ns, int64_t now_ns)
{
    struct cfk__key_words words;
    uint64_t hash;
    uint32_t node;

    CFK__ASSUME(key_len >= CFK__CACHE_QUICK && key_len <= CFK__CACHE_SHORT);
    words = cfk__key_words(key, key_len);
    hash = cfk__hash_close(&cache->hasher, words, 0, key_len);
    node = find_by_words(&cache->a, hash, words, key_len);
    if (node == CFK__CHAIN_END) {
        if (is_turnover(cache, now_ns))
            return turn_over(cache, hash, key, key_len, *value, expire_ns);
    } else if (!cfk__cache_is_stale(&cache->a.entries[node], now_ns)) {
        *value = cache->a.entries[node].value;
        return use_lru(cache, node);
    }
    return get_or_set_short(cache, key, key_len, value, expire_ns, now_ns, NULL);
}

int cfk_cache_get_or_set(cfk_cache *cache, const void *key, size_t key_len,
                         uint64_t *value, int64_t expire_ns, int64_t now_ns,
                         struct cfk_error *err)
{
    if (key_len - CFK__CACHE_QUICK < cache->quick_keys)
        return get_or_set_quick(cache, key, key_len, value, expire_ns, now_ns);
    if (key_len < cache->short_keys)
        return get_or_set_short(cache, key, key_len, value, expire_ns, now_ns, err);
    return get_or_set_any(cache, key, key_len, value, expire_ns, now_ns, err);
}

int cfk_cache_delete(cfk_cache *cache, const void *key, size_t key_len,
                     struct cfk_error *err)
{
    uint32_t index;

    if (cache->telling)
        return cfk__cache_busy(err);
    index = look_up(cache, key, key_len);
    if (index == CFK__CACHE_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND, "cache: no such key");
    cfk__cache_drop(cache, index, CFK_CACHE_DELETED);
    return CFK_OK;
}
