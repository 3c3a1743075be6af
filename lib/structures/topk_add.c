/* SPDX-License-Identifier: MIT */
/*
 * Filtered Space-Saving. A key without a counter adds to its cells, of which it
 * has one in each of two rows; the lesser bounds its weight, and neither is
 * raised above what that requires. When they would reach the least counter,
 * the key takes over that counter instead, the lesser cell's value becoming its
 * error, and the evicted key's cells are raised to the evicted count.
 *
 * An event raises the excess of counts over M by at most its weight, and M only
 * rises to the least count, which lowers each of k excesses by as much: so what
 * topk.h promises is kept.
 */
#include "structures/topk.h"

#include "base/error.h"

#if defined(__GNUC__)
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define PREFETCH(p) __builtin_prefetch(p)
#define INLINE      static inline __attribute__((always_inline))
#define NOINLINE    static __attribute__((noinline))
#else
#define LIKELY(x)   (x)
#define PREFETCH(p) ((void)(p))
#define INLINE      static inline
#define NOINLINE    static
#endif

enum {
    BATCH = 32,
    SHORT = 16,     /* bytes of a key that two words can hold */
    NEAR = 1 << 16, /* counters below which fetching ahead costs more than it gains */
};

static int no_memory(struct cfk_error *err, size_t key_len)
{
    return cfk__fail(err, CFK_E_NOMEM, "topk: no memory for a key of %zu bytes", key_len);
}

NOINLINE int too_long(const cfk_topk *top, size_t key_len, struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_LIMIT, "topk: a key of %zu bytes; %lu is the most",
                     key_len, (unsigned long)top->max_key_bytes);
}

/* A counter that is still free; nothing has been evicted, so the cells are empty. */
static int take_free(cfk_topk *top, const void *key, size_t key_len, uint64_t hash,
                     uint64_t amount, struct cfk_error *err)
{
    struct cfk__topk_counter *counter = &top->counters[top->used];

    if (cfk__key_store(&counter->key, key, key_len, &top->alloc) != CFK_OK)
        return no_memory(err, key_len);
    counter->count = amount;
    counter->error = 0;
    counter->noise = 0;
    counter->hash = hash;
    cfk__topk_enter(top, top->used++);
    return CFK_OK;
}

/* The least counter, the heap's top, passes to a key; error is what others may have. */
static int take_over(cfk_topk *top, struct cfk__topk_counter *victim, const void *key,
                     size_t key_len, uint64_t hash, uint64_t error, uint64_t count,
                     struct cfk_error *err)
{
    uint32_t index = (uint32_t)(victim - top->counters);
    struct cfk__key kept;

    if (cfk__key_store(&kept, key, key_len, &top->alloc) != CFK_OK)
        return no_memory(err, key_len);
    cfk__topk_raise_cells(cfk__topk_decays(top), top,
                          cfk__topk_cells_of(top, victim->hash), victim->count);
    cfk__topk_leave(top, index);
    cfk__key_release(&victim->key, &top->alloc);

    victim->key = kept;
    victim->hash = hash;
    victim->error = error;
    victim->noise = cfk__topk_noise_in(top, error);
    victim->count = count;
    cfk__topk_enter(top, index);
    cfk__topk_settle(top, count);
    top->evictions++;
    return CFK_OK;
}

/* A key that may weigh as much as the least counter, when all are in use. */
static int contend(cfk_topk *top, const void *key, size_t key_len, uint64_t hash,
                   uint64_t amount, struct cfk_error *err)
{
    bool decayed = cfk__topk_decays(top);
    struct cfk__topk_cells at = cfk__topk_cells_of(top, hash);
    uint64_t before = cfk__topk_cell_value(decayed, top, at);
    struct cfk__topk_counter *least = cfk__topk_least_counter(top);
    uint64_t after;

    if (!decayed && before == CFK__TOPK_CELL_MOST)
        before = least->count > top->offset ? least->count : top->offset;
    after = cfk__topk_sum(decayed, before, amount);
    if (after >= least->count)
        return take_over(top, least, key, key_len, hash, before, after, err);
    cfk__topk_raise_cells(decayed, top, at, after);
    return CFK_OK;
}

/* A key without a counter that its cells cannot take in. */
NOINLINE int want_counter(cfk_topk *top, const void *key, size_t key_len, uint64_t hash,
                          uint64_t amount, struct cfk_error *err)
{
    int rc;

    if (amount == 0)
        return CFK_OK;
    rc = top->used < top->counter_count ? take_free(top, key, key_len, hash, amount, err)
                                        : contend(top, key, key_len, hash, amount, err);
    if (rc == CFK_OK)
        top->total = cfk__topk_sum(cfk__topk_decays(top), top->total, amount);
    return rc;
}

/* hash is the fast one, table_hash that of the table. Calls nothing on its usual way. */
INLINE int add_hashed(bool decayed, cfk_topk *top, const void *key, size_t key_len,
                      uint64_t hash, uint64_t table_hash, uint64_t amount,
                      struct cfk_error *err)
{
    uint32_t index = cfk__topk_find(top, table_hash, key, key_len);
    struct cfk__topk_cells at;
    uint64_t after;

    if (index != CFK__TABLE_NONE) {
        struct cfk__topk_counter *counter = &top->counters[index];

        counter->count = cfk__topk_sum(decayed, counter->count, amount);
        top->total = cfk__topk_sum(decayed, top->total, amount);
        return CFK_OK;
    }
    at = cfk__topk_cells_of(top, hash);
    after = cfk__topk_sum(decayed, cfk__topk_cell_value(decayed, top, at), amount);
    if (after >= top->cell_floor)
        return want_counter(top, key, key_len, hash, amount, err);
    cfk__topk_raise_cells(decayed, top, at, after);
    top->total = cfk__topk_sum(decayed, top->total, amount);
    return CFK_OK;
}

/* Weights that decay. */
INLINE int add_decayed(cfk_topk *top, const void *key, size_t key_len, uint64_t hash,
                       uint64_t table_hash, uint64_t weight, int64_t now,
                       struct cfk_error *err)
{
    int64_t latest = top->latest;
    uint64_t amount = cfk__topk_weigh(top, weight, now);
    int rc;

    if (amount == 0)
        return CFK_OK;
    rc = add_hashed(true, top, key, key_len, hash, table_hash, amount, err);
    if (rc != CFK_OK && latest >= top->landmark)
        top->latest = latest;
    return rc;
}

/* The way of all keys, decayed or not, guarded or not. */
NOINLINE int add_any(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                     int64_t now, struct cfk_error *err)
{
    uint64_t hash;
    uint64_t table_hash;

    if (key_len > top->max_key_bytes)
        return too_long(top, key_len, err);
    hash = cfk__keyed_hash_fast(&top->hasher, key, key_len);
    table_hash = cfk__topk_table_hash(top, hash, key, key_len);
    if (cfk__topk_decays(top))
        return add_decayed(top, key, key_len, hash, table_hash, weight, now, err);
    return add_hashed(false, top, key, key_len, hash, table_hash, weight, err);
}

/* A key that counters hold inline, by the words of its last 16 bytes, and its hash. */
struct ahead {
    struct cfk__key_words words;
    uint64_t hash;
};

/* longer is known where this is compiled: whether the key has more than SHORT bytes. */
INLINE struct ahead look_ahead(bool longer, const cfk_topk *top, const uint8_t *key,
                               size_t key_len)
{
    struct ahead ahead;
    uint64_t head = 0;

    if (longer) {
        ahead.words = cfk__key_words(key + key_len - SHORT, SHORT);
        head = cfk__hash_head(&top->hasher, key, key_len);
    } else {
        ahead.words = cfk__key_words(key, key_len);
    }
    ahead.hash = cfk__hash_close(&top->hasher, ahead.words, head, key_len);
    return ahead;
}

INLINE bool same_inline(bool longer, const uint8_t *kept, const uint8_t *key,
                        size_t key_len, struct cfk__key_words words)
{
    if (!longer)
        return cfk__key_has_words(kept, key_len, words);
    return cfk__key_has_words(kept + key_len - SHORT, SHORT, words) &&
           cfk__key_has_words(kept, SHORT, cfk__key_words(key, SHORT));
}

/*
 * The short way is the plain one for keys that counters hold inline, with their
 * words loaded once, hashed and compared. It sums without looking: no count and no
 * cell is above the total, and where that would overflow all ways are one.
 */
INLINE int add_short(bool longer, cfk_topk *top, const void *key, size_t key_len,
                     struct ahead ahead, uint64_t weight, struct cfk_error *err)
{
    uint64_t hash = ahead.hash;
    uint64_t total = top->total + weight;
    uint32_t tag = cfk__table_tag(hash);
    uint32_t mask = top->table.mask;
    struct cfk__topk_cells at;
    uint64_t after;

    if (total < weight)
        return add_any(top, key, key_len, weight, 0, err);
    for (uint32_t i = tag & mask;; i = (i + 1) & mask) {
        uint64_t slot = top->table.slots[i];
        struct cfk__topk_counter *counter;

        if (slot == 0)
            break;
        if ((uint32_t)(slot >> 32) != tag)
            continue;
        counter = &top->counters[(uint32_t)slot - 1];
        if (counter->key.len == key_len &&
            same_inline(longer, counter->key.bytes, key, key_len, ahead.words)) {
            counter->count += weight;
            top->total = total;
            return CFK_OK;
        }
    }
    at = cfk__topk_cells_of(top, hash);
    after = cfk__topk_cell_value(false, top, at) + weight;
    if (after >= top->cell_floor)
        return want_counter(top, key, key_len, hash, weight, err);
    cfk__topk_raise_narrow(top, at, (uint32_t)after);
    top->total = total;
    return CFK_OK;
}

/* The plain way: the table has the fast hash, the length is right, weights stay. */
NOINLINE int add_plain(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                       struct cfk_error *err)
{
    uint64_t hash;

    if (LIKELY(key_len <= CFK__KEY_INLINE))
        return add_short(true, top, key, key_len, look_ahead(true, top, key, key_len),
                         weight, err);
    hash = cfk__keyed_hash_fast(&top->hasher, key, key_len);
    return add_hashed(false, top, key, key_len, hash, hash, weight, err);
}

void cfk__topk_choose_ways(cfk_topk *top)
{
    bool any = cfk__topk_decays(top) || top->hasher.guarded;

    top->plain_end = any ? 0 : top->max_key_bytes + 1;
    top->short_end = top->plain_end < SHORT + 1 ? top->plain_end : SHORT + 1;
}

INLINE int add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
               int64_t now, struct cfk_error *err)
{
    if (LIKELY(key_len < top->short_end))
        return add_short(false, top, key, key_len, look_ahead(false, top, key, key_len),
                         weight, err);
    if (LIKELY(key_len < top->plain_end))
        return add_plain(top, key, key_len, weight, err);
    return add_any(top, key, key_len, weight, now, err);
}

int cfk_topk_add(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                 struct cfk_error *err)
{
    return add(top, key, key_len, weight, top->latest, err);
}

int cfk_topk_add_at(cfk_topk *top, const void *key, size_t key_len, uint64_t weight,
                    int64_t now_ns, struct cfk_error *err)
{
    return add(top, key, key_len, weight, now_ns, err);
}

/* ---- batches ---- */

static void fetch(const cfk_topk *top, uint64_t hash)
{
    const struct cfk__table *table = &top->table;
    struct cfk__topk_cells at = cfk__topk_cells_of(top, hash);

    PREFETCH(&table->slots[cfk__table_tag(hash) & table->mask]);
    PREFETCH(&top->narrow[at.first]);
    PREFETCH(&top->narrow[at.second]);
}

/* Fetch what count keys will need: slots and cells first, then counters. */
static void hash_ahead(const cfk_topk *top, const struct cfk_topk_key *keys, size_t count,
                       struct ahead *ahead)
{
    for (size_t i = 0; i < count; i++) {
        ahead[i].hash = 0;
        if (keys[i].key_len >= top->short_end)
            continue;
        ahead[i] = look_ahead(false, top, keys[i].key, keys[i].key_len);
        fetch(top, ahead[i].hash);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t slot = top->table.slots[cfk__table_tag(ahead[i].hash) & top->table.mask];

        PREFETCH(&top->counters[slot != 0 ? (uint32_t)slot - 1 : 0]);
    }
}

/* Up to BATCH keys, of which those that go the short way are fetched ahead. */
static int add_ahead(cfk_topk *top, const struct cfk_topk_key *keys, size_t count,
                     int64_t now, size_t *added, struct cfk_error *err)
{
    struct ahead ahead[BATCH];

    hash_ahead(top, keys, count, ahead);
    for (size_t i = 0; i < count; i++, ++*added) {
        const struct cfk_topk_key *key = &keys[i];
        int rc;

        if (key->key_len < top->short_end)
            rc =
                add_short(false, top, key->key, key->key_len, ahead[i], key->weight, err);
        else
            rc = add(top, key->key, key->key_len, key->weight, now, err);
        if (rc != CFK_OK)
            return rc;
    }
    return CFK_OK;
}

int cfk_topk_add_batch(cfk_topk *top, const struct cfk_topk_key *keys, size_t count,
                       int64_t now_ns, size_t *added, struct cfk_error *err)
{
    size_t done = 0;
    int rc = CFK_OK;

    if (top->counter_count > NEAR)
        while (rc == CFK_OK && done < count)
            rc = add_ahead(top, keys + done, count - done < BATCH ? count - done : BATCH,
                           now_ns, &done, err);
    else
        while (done < count) {
            const struct cfk_topk_key *key = &keys[done];

            rc = add(top, key->key, key->key_len, key->weight, now_ns, err);
            if (rc != CFK_OK)
                break;
            done++;
        }
    if (added != NULL)
        *added = done;
    return rc;
}
