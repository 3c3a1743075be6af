/* SPDX-License-Identifier: MIT */
/*
 * A store of references. Pages live in slots, in a list from the one used last to the
 * one used longest ago. Values of sketches lead to the pages that have them, so that
 * those that have none in common with a new version are not looked at.
 */
#include "delta/store.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <string.h>

enum {
    DEFAULT_PAGES = 4096,
    PAGES_MAX = 1 << 24,
};

static const uint64_t default_bytes = UINT64_C(1) << 26;
static const uint32_t no_slot = UINT32_MAX;

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
    s->newest = s->oldest = s->free = no_slot;
    s->slots = cfk__calloc(o.alloc, o.max_pages, sizeof s->slots[0]);
    s->values = cfk__calloc(o.alloc, o.max_pages, sizeof s->values[0]);
    s->sizes = cfk__calloc(o.alloc, o.max_pages, sizeof s->sizes[0]);
    if (s->slots == NULL || s->values == NULL || s->sizes == NULL ||
        cfk__postings_init(&s->postings, o.max_pages, o.alloc) != CFK_OK ||
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
    cfk__postings_free(&store->postings, &alloc);
    cfk__free(&alloc, store->sizes);
    cfk__free(&alloc, store->values);
    cfk__free(&alloc, store->slots);
    cfk__free(&alloc, store);
}

/* Out of the list of uses. */
static void unlink_slot(cfk_delta_store *s, uint32_t index)
{
    const struct slot *slot = &s->slots[index];

    if (slot->newer != no_slot)
        s->slots[slot->newer].older = slot->older;
    else
        s->newest = slot->older;
    if (slot->older != no_slot)
        s->slots[slot->older].newer = slot->newer;
    else
        s->oldest = slot->newer;
}

static void link_newest(cfk_delta_store *s, uint32_t index)
{
    s->slots[index].newer = no_slot;
    s->slots[index].older = s->newest;
    if (s->newest != no_slot)
        s->slots[s->newest].newer = index;
    else
        s->oldest = index;
    s->newest = index;
}

static void forget(cfk_delta_store *s, uint32_t index)
{
    struct slot *slot = &s->slots[index];

    unlink_slot(s, index);
    cfk__postings_remove(&s->postings, index, s->values[index].of);
    cfk__table_remove(&s->table, hash_of(cfk__delta_ref_digest(slot->ref)), index);
    s->bytes -= slot->ref->old.size;
    cfk_delta_ref_free(slot->ref);
    *slot = (struct slot){ .older = s->free };
    s->free = index;
}

/* Forget until there is room for a page of size bytes, at most max_bytes. */
static uint32_t make_room(cfk_delta_store *s, size_t size)
{
    uint32_t index;

    while (s->bytes > s->max_bytes - size || s->table.count == s->max_pages)
        forget(s, s->oldest);
    if (s->free == no_slot)
        return s->end++;
    index = s->free;
    s->free = s->slots[index].older;
    return index;
}

static const cfk_delta_ref *use(cfk_delta_store *s, uint32_t index)
{
    unlink_slot(s, index);
    link_newest(s, index);
    return s->slots[index].ref;
}

static const cfk_delta_ref *keep(cfk_delta_store *s, cfk_delta_ref *ref,
                                 const struct cfk_delta_sketch *sketch)
{
    uint32_t index = make_room(s, ref->old.size);

    s->slots[index].ref = ref;
    memcpy(s->values[index].of, sketch->values, sizeof sketch->values);
    s->sizes[index] = ref->old.size;
    s->bytes += ref->old.size;
    cfk__table_insert(&s->table, hash_of(cfk__delta_ref_digest(ref)), index);
    cfk__postings_add(&s->postings, index, sketch->values);
    link_newest(s, index);
    return ref;
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
