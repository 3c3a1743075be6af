/* SPDX-License-Identifier: MIT */
/*
 * A store of references. Pages live in slots; sketches have an array of their own,
 * so that looking through all of them reads nothing else.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/table.h"
#include "delta/reference.h"
#include "delta/sketch.h"

#include <string.h>

enum { DEFAULT_PAGES = 4096, PAGES_MAX = 1 << 24, DEFAULT_TRIES = 4, TRIAL_LEVEL = 1 };

static const uint64_t default_bytes = UINT64_C(1) << 26;

struct slot {
    cfk_delta_ref *ref; /* NULL: free */
    uint64_t used;      /* when, by the store's count of uses */
};

struct values {
    uint32_t of[CFK_DELTA_SKETCH_VALUES];
    uint64_t size; /* of the page */
};

/* Invariants: slots from end on were never used; bytes is the sum of the pages. */
struct cfk_delta_store {
    struct cfk_alloc alloc;
    uint64_t max_bytes;
    uint32_t max_pages;
    uint32_t end;
    uint64_t bytes;
    uint64_t uses;
    struct slot *slots;
    struct values *values;
    struct cfk__table table; /* by digest */
};

/* A digest is as good a hash as any, and costly to choose. */
static uint64_t hash_of(const uint8_t *digest)
{
    uint64_t hash = 0;

    for (int i = 0; i < 8; i++)
        hash = hash << 8 | digest[i];
    return hash;
}

struct wanted {
    const cfk_delta_store *store;
    const uint8_t *digest;
};

static bool has_digest(const void *ctx, uint32_t index)
{
    const struct wanted *w = ctx;

    return memcmp(cfk__delta_ref_digest(w->store->slots[index].ref), w->digest,
                  CFK_DELTA_DIGEST_SIZE) == 0;
}

static uint32_t find(const cfk_delta_store *s, const uint8_t *digest)
{
    struct wanted wanted = { s, digest };

    return cfk__table_find(&s->table, hash_of(digest), has_digest, &wanted);
}

int cfk_delta_store_new(const struct cfk_delta_store_options *opts, cfk_delta_store **out,
                        struct cfk_error *err)
{
    struct cfk_delta_store_options o;
    cfk_delta_store *s;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.max_pages > PAGES_MAX || o.reserved != 0)
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: a store has at most %d pages, and reserved is 0",
                         PAGES_MAX);
    if (o.max_pages == 0)
        o.max_pages = DEFAULT_PAGES;

    s = cfk__calloc(o.alloc, 1, sizeof *s);
    if (s == NULL)
        goto no_memory;
    s->alloc = *cfk__alloc_or_default(o.alloc);
    s->max_bytes = o.max_bytes > 0 ? o.max_bytes : default_bytes;
    s->max_pages = o.max_pages;
    s->slots = cfk__calloc(o.alloc, o.max_pages, sizeof s->slots[0]);
    s->values = cfk__calloc(o.alloc, o.max_pages, sizeof s->values[0]);
    if (s->slots == NULL || s->values == NULL ||
        cfk__table_init(&s->table, o.max_pages, o.alloc) != CFK_OK)
        goto no_memory;
    *out = s;
    return CFK_OK;

no_memory:
    cfk_delta_store_free(s);
    return cfk__fail(err, CFK_E_NOMEM, "delta: no memory for a store of %u pages",
                     o.max_pages);
}

void cfk_delta_store_free(cfk_delta_store *store)
{
    struct cfk_alloc alloc;

    if (store == NULL)
        return;
    alloc = store->alloc;
    for (uint32_t i = 0; i < store->end; i++)
        cfk_delta_ref_free(store->slots[i].ref);
    cfk__table_free(&store->table, &alloc);
    cfk__free(&alloc, store->values);
    cfk__free(&alloc, store->slots);
    cfk__free(&alloc, store);
}

static void forget(cfk_delta_store *s, uint32_t index)
{
    struct slot *slot = &s->slots[index];

    cfk__table_remove(&s->table, hash_of(cfk__delta_ref_digest(slot->ref)), index);
    s->bytes -= slot->ref->old.size;
    cfk_delta_ref_free(slot->ref);
    *slot = (struct slot){ 0 };
}

/* The page that was used longest ago. There is one. */
static uint32_t oldest(const cfk_delta_store *s)
{
    uint32_t best = 0;
    uint64_t used = UINT64_MAX;

    for (uint32_t i = 0; i < s->end; i++) {
        if (s->slots[i].ref != NULL && s->slots[i].used < used) {
            used = s->slots[i].used;
            best = i;
        }
    }
    return best;
}

/* Forget until there is room for a page of size bytes, at most max_bytes. */
static uint32_t make_room(cfk_delta_store *s, size_t size)
{
    uint32_t index = 0;

    while (s->bytes > s->max_bytes - size || s->table.count == s->max_pages)
        forget(s, oldest(s));
    if (s->table.count == s->end)
        return s->end++;
    while (s->slots[index].ref != NULL)
        index++;
    return index;
}

static const cfk_delta_ref *use(cfk_delta_store *s, uint32_t index)
{
    s->slots[index].used = ++s->uses;
    return s->slots[index].ref;
}

static const cfk_delta_ref *keep(cfk_delta_store *s, cfk_delta_ref *ref,
                                 const struct cfk_delta_sketch *sketch)
{
    uint32_t index = make_room(s, ref->old.size);

    s->slots[index].ref = ref;
    memcpy(s->values[index].of, sketch->values, sizeof sketch->values);
    s->values[index].size = ref->old.size;
    s->bytes += ref->old.size;
    cfk__table_insert(&s->table, hash_of(cfk__delta_ref_digest(ref)), index);
    return use(s, index);
}

int cfk_delta_store_add(cfk_delta_store *store, const void *data, size_t size,
                        const cfk_delta_ref **ref, struct cfk_error *err)
{
    struct cfk_delta_ref_options opts = { .size = sizeof opts, .copy = 1 };
    const cfk_delta_ref *kept;
    struct cfk_delta_sketch sketch;
    cfk_delta_ref *made;
    uint32_t index;
    int rc;

    if (ref != NULL)
        *ref = NULL;
    if (store == NULL)
        return cfk__fail(err, CFK_E_INVALID, "delta: no store");
    if (size > store->max_bytes)
        return cfk__fail(err, CFK_E_LIMIT,
                         "delta: a page of %zu bytes does not go into a store of %llu",
                         size, (unsigned long long)store->max_bytes);
    opts.alloc = &store->alloc;
    rc = cfk_delta_ref_new(data, size, &opts, &made, err);
    if (rc == CFK_OK)
        rc = cfk__delta_ref_hash(made, err);
    if (rc != CFK_OK) {
        cfk_delta_ref_free(made);
        return rc;
    }
    index = find(store, cfk__delta_ref_digest(made));
    if (index != CFK__TABLE_NONE) {
        cfk_delta_ref_free(made);
        kept = use(store, index);
    } else {
        cfk_delta_sketch_compute(data, size, &sketch, NULL);
        kept = keep(store, made, &sketch);
    }
    if (ref != NULL)
        *ref = kept;
    return CFK_OK;
}

const cfk_delta_ref *cfk_delta_store_get(cfk_delta_store *store, const void *digest)
{
    uint32_t index;

    if (store == NULL || digest == NULL)
        return NULL;
    index = find(store, digest);
    return index == CFK__TABLE_NONE ? NULL : use(store, index);
}

int cfk_delta_store_remove(cfk_delta_store *store, const void *digest,
                           struct cfk_error *err)
{
    uint32_t index;

    if (store == NULL || digest == NULL)
        return cfk__fail(err, CFK_E_INVALID, "delta: no store or no digest");
    index = find(store, digest);
    if (index == CFK__TABLE_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND, "delta: no such page in the store");
    forget(store, index);
    return CFK_OK;
}

uint64_t cfk_delta_store_count(const cfk_delta_store *store)
{
    return store == NULL ? 0 : store->table.count;
}

uint64_t cfk_delta_store_bytes(const cfk_delta_store *store)
{
    return store == NULL ? 0 : store->bytes;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Whether a similar page is the better choice, before any was tried. */
static bool looks_better(uint32_t similarity, uint64_t page_size,
                         const struct cfk_delta_pick *other, size_t size)
{
    if (similarity != other->similarity)
        return similarity > other->similarity;
    return distance(page_size, size) < distance(other->ref->old.size, size);
}

/* Into its place among those before; the last goes where there is no room. */
static void insert_pick(struct cfk_delta_pick *picks, size_t capacity, size_t *count,
                        const struct cfk_delta_pick *pick, size_t size)
{
    size_t at = *count;

    while (at > 0 &&
           looks_better(pick->similarity, pick->ref->old.size, &picks[at - 1], size))
        at--;
    if (*count < capacity)
        (*count)++;
    memmove(picks + at + 1, picks + at, (*count - at - 1) * sizeof picks[0]);
    picks[at] = *pick;
}

/* Most pages are passed over without a look at anything but their values. */
static void pick_by_sketch(const cfk_delta_store *s,
                           const struct cfk_delta_sketch *sketch, size_t size,
                           struct cfk_delta_pick *picks, size_t capacity, size_t *count)
{
    bool empty = sketch->values[0] == CFK__SKETCH_EMPTY;
    struct cfk_delta_pick worst = { 0 };
    uint64_t worst_distance = 0;

    for (uint32_t i = 0; i < s->end; i++) {
        const struct values *v = &s->values[i];
        uint32_t common = empty ? 0 : cfk__sketch_common(v->of, sketch->values);
        struct cfk_delta_pick pick = { .similarity = common };

        if (*count == capacity &&
            (common < worst.similarity ||
             (common == worst.similarity && distance(v->size, size) >= worst_distance)))
            continue;
        pick.ref = s->slots[i].ref;
        if (pick.ref == NULL)
            continue;
        insert_pick(picks, capacity, count, &pick, size);
        worst = picks[*count - 1];
        worst_distance = distance(worst.ref->old.size, size);
    }
}

/* The size of a quick patch; one that cannot be made is larger than any. */
static int try_pick(struct cfk_delta_pick *pick, const void *data, size_t size,
                    const struct cfk_alloc *alloc, struct cfk_error *err)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts,
        .alloc = alloc,
        .format = CFK_DELTA_ZSTD,
        .level = TRIAL_LEVEL,
        .no_verify = 1,
    };
    size_t patch_size;
    void *patch;
    int rc = cfk_delta_encode(pick->ref, data, size, &opts, &patch, &patch_size, err);

    cfk_free(alloc, patch);
    if (rc == CFK_E_LIMIT) {
        pick->patch_size = UINT64_MAX;
        return CFK_OK;
    }
    pick->patch_size = patch_size;
    return rc;
}

static int try_picks(struct cfk_delta_pick *picks, size_t tries, const void *data,
                     size_t size, const struct cfk_alloc *alloc, struct cfk_error *err)
{
    for (size_t i = 0; i < tries; i++) {
        struct cfk_delta_pick pick = picks[i];
        size_t at = i;
        int rc = try_pick(&pick, data, size, alloc, err);

        if (rc != CFK_OK)
            return rc;
        for (; at > 0 && pick.patch_size < picks[at - 1].patch_size; at--)
            picks[at] = picks[at - 1];
        picks[at] = pick;
    }
    return CFK_OK;
}

int cfk_delta_store_pick(const cfk_delta_store *store, const void *data, size_t size,
                         const struct cfk_delta_pick_options *opts,
                         struct cfk_delta_pick *picks, size_t capacity, size_t *count,
                         struct cfk_error *err)
{
    struct cfk_delta_pick_options o;
    struct cfk_delta_sketch sketch;
    size_t found = 0;
    size_t tries;
    int rc;

    *count = 0;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (store == NULL || picks == NULL || capacity == 0 || o.no_tries > 1)
        return cfk__fail(err, CFK_E_INVALID,
                         "delta: no store, no room for picks, or no_tries is not 0 or 1");
    rc = cfk_delta_sketch_compute(data, size, &sketch, err);
    if (rc != CFK_OK)
        return rc;
    pick_by_sketch(store, &sketch, size, picks, capacity, &found);
    tries = o.no_tries ? 0 : o.tries > 0 ? o.tries : DEFAULT_TRIES;
    rc = try_picks(picks, tries < found ? tries : found, data, size, o.alloc, err);
    if (rc == CFK_OK)
        *count = found;
    return rc;
}
