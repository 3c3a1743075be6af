/* SPDX-License-Identifier: MIT */
/*
 * Stack distances. Requests are numbered; a key is known by the number of its latest
 * request, and a Fenwick tree has a one at each of those. How many keys have been
 * used since a key was is then a sum, and one more is its depth in an LRU's list.
 * When the numbers run out, keys are renumbered in their order.
 */
#include "structures/cache_queue.h"

#include "base/error.h"
#include "base/options.h"

enum { FIRST_SIZE = 1024 };
static const size_t MOST_DISTINCT = (size_t)1 << 28;

struct cfk_cache_curve {
    struct cfk_alloc alloc;
    cfk_cache *keys; /* the number of the latest request of each; never full */
    uint32_t *tree;  /* from 1 */
    uint64_t *hits;  /* hits[n]: requests of the key at depth n + 1 */
    uint32_t size;   /* numbers there are; twice the keys that there is room for */
    uint32_t used;   /* numbers that have been given, from 1 */
    uint64_t requests;
    size_t max_distinct;
};

/* ---- the tree ---- */

static uint32_t last_bit(uint32_t n)
{
    return n & (~n + 1);
}

static void tree_add(cfk_cache_curve *curve, uint32_t number, uint32_t change)
{
    for (; number <= curve->size; number += last_bit(number))
        curve->tree[number] += change;
}

/* Keys with a number up to this one. */
static uint32_t tree_sum(const cfk_cache_curve *curve, uint32_t number)
{
    uint32_t sum = 0;

    for (; number > 0; number -= last_bit(number))
        sum += curve->tree[number];
    return sum;
}

/* The tree of ones at 1 to count. A node sums up as many as its last bit says. */
static void tree_fill(cfk_cache_curve *curve, uint32_t count)
{
    for (uint32_t i = 1; i <= curve->size; i++) {
        uint32_t from = i - last_bit(i);

        curve->tree[i] = from >= count ? 0 : (i < count ? i : count) - from;
    }
}

/* ---- room ---- */

static void renumber(cfk_cache_curve *curve)
{
    struct cfk__cache_arrays *a = &curve->keys->a;
    uint32_t count = cfk__cache_count(curve->keys);

    for (uint32_t i = CFK__QUEUES; i < a->begun; i++)
        a->entries[i].value = tree_sum(curve, (uint32_t)a->entries[i].value);
    tree_fill(curve, count);
    curve->used = count;
}

/* Twice as many numbers, and room for twice as many keys. */
static int grow(cfk_cache_curve *curve, struct cfk_error *err)
{
    size_t size = 2 * (size_t)curve->size;
    uint64_t *hits;
    uint32_t *tree;

    hits = cfk__realloc(&curve->alloc, curve->hits, size / 2, sizeof *hits);
    if (hits == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu keys", size / 2);
    memset(hits + curve->size / 2, 0, (size - curve->size) / 2 * sizeof *hits);
    curve->hits = hits;
    tree = cfk__realloc(&curve->alloc, curve->tree, size + 1, sizeof *tree);
    if (tree == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for %zu keys", size / 2);
    curve->tree = tree;
    if (cfk_cache_capacity(curve->keys) < size / 2) {
        int rc = cfk_cache_resize(curve->keys, size / 2, 0, 0, err);

        if (rc != CFK_OK)
            return rc;
    }
    renumber(curve);
    curve->size = (uint32_t)size;
    tree_fill(curve, curve->used);
    return CFK_OK;
}

/* A free number, and room for a key if this is a new one. */
static int make_room(cfk_cache_curve *curve, const void *key, size_t key_len,
                     struct cfk_error *err)
{
    uint32_t count = cfk__cache_count(curve->keys);

    if (count == curve->size / 2 &&
        cfk_cache_peek(curve->keys, key, key_len, NULL, NULL) != CFK_OK)
        return grow(curve, err);
    if (curve->used == curve->size)
        renumber(curve);
    return CFK_OK;
}

/* ---- the public functions ---- */

static int acquire(cfk_cache_curve *curve, const struct cfk_cache_curve_options *o,
                   struct cfk_error *err)
{
    struct cfk_cache_options keys = { .size = sizeof keys,
                                      .capacity = FIRST_SIZE / 2,
                                      .max_key_bytes = o->max_key_bytes,
                                      .policy = CFK_CACHE_FIFO,
                                      .seed = { o->seed[0], o->seed[1] },
                                      .alloc = &curve->alloc };
    int rc = cfk_cache_new(&keys, &curve->keys, err);

    if (rc != CFK_OK)
        return rc;
    curve->size = FIRST_SIZE;
    curve->tree = cfk__calloc(&curve->alloc, FIRST_SIZE + 1, sizeof *curve->tree);
    curve->hits = cfk__calloc(&curve->alloc, FIRST_SIZE / 2, sizeof *curve->hits);
    if (curve->tree == NULL || curve->hits == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for a curve");
    return CFK_OK;
}

int cfk_cache_curve_new(const struct cfk_cache_curve_options *opts, cfk_cache_curve **out,
                        struct cfk_error *err)
{
    struct cfk_cache_curve_options o;
    cfk_cache_curve *curve;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.max_distinct > MOST_DISTINCT)
        return cfk__fail(err, CFK_E_INVALID, "cache: %zu distinct keys; %zu is the most",
                         o.max_distinct, MOST_DISTINCT);
    curve = cfk__calloc(o.alloc, 1, sizeof *curve);
    if (curve == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "cache: no memory for a curve");
    curve->alloc = *cfk__alloc_or_default(o.alloc);
    curve->max_distinct = o.max_distinct > 0 ? o.max_distinct : MOST_DISTINCT;
    rc = acquire(curve, &o, err);
    if (rc != CFK_OK) {
        cfk_cache_curve_free(curve);
        return rc;
    }
    *out = curve;
    return CFK_OK;
}

void cfk_cache_curve_free(cfk_cache_curve *curve)
{
    struct cfk_alloc alloc;

    if (curve == NULL)
        return;
    alloc = curve->alloc;
    cfk_cache_free(curve->keys);
    cfk__free(&alloc, curve->tree);
    cfk__free(&alloc, curve->hits);
    cfk__free(&alloc, curve);
}

int cfk_cache_curve_add(cfk_cache_curve *curve, const void *key, size_t key_len,
                        struct cfk_error *err)
{
    uint64_t before;
    int rc;

    if (cfk_cache_count(curve->keys) == curve->max_distinct &&
        cfk_cache_peek(curve->keys, key, key_len, NULL, NULL) != CFK_OK)
        return cfk__fail(err, CFK_E_LIMIT, "cache: more than %zu distinct keys",
                         curve->max_distinct);
    rc = make_room(curve, key, key_len, err);
    if (rc != CFK_OK)
        return rc;
    before = curve->used + 1;
    rc =
        cfk_cache_get_or_set(curve->keys, key, key_len, &before, CFK_CACHE_NEVER, 0, err);
    if (rc < 0)
        return rc;
    curve->used++;
    curve->requests++;
    tree_add(curve, curve->used, 1);
    if (rc == CFK_CACHE_MISS)
        return CFK_OK;
    curve->hits[tree_sum(curve, curve->used) - tree_sum(curve, (uint32_t)before) - 1]++;
    tree_add(curve, (uint32_t)before, UINT32_MAX); /* take the one away */
    return cfk_cache_set(curve->keys, key, key_len, curve->used, CFK_CACHE_NEVER, 0, err);
}

uint64_t cfk_cache_curve_requests(const cfk_cache_curve *curve)
{
    return curve->requests;
}

size_t cfk_cache_curve_distinct(const cfk_cache_curve *curve)
{
    return cfk_cache_count(curve->keys);
}

int cfk_cache_curve_next(const cfk_cache_curve *curve, struct cfk_cache_point *point)
{
    size_t distinct = cfk_cache_count(curve->keys);

    for (size_t at = point->capacity; at < distinct; at++) {
        if (curve->hits[at] == 0)
            continue;
        point->capacity = at + 1;
        point->hits += curve->hits[at];
        return 1;
    }
    return 0;
}

uint64_t cfk_cache_curve_hits(const cfk_cache_curve *curve, size_t capacity)
{
    size_t distinct = cfk_cache_count(curve->keys);
    uint64_t hits = 0;

    for (size_t at = 0; at < capacity && at < distinct; at++)
        hits += curve->hits[at];
    return hits;
}
