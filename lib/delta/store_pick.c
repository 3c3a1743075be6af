/* SPDX-License-Identifier: MIT */
/*
 * The choice of a reference: pages that look alike, by their sketches, and of the best
 * of them what a patch would take.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "delta/sketch.h"
#include "delta/store.h"
#include "delta/trial.h"

#include <string.h>

enum {
    DEFAULT_TRIES = 4,
    TRIAL_LEVEL = 1,
    FEW_PAGES = 1024, /* all of them are looked at; of more, */
    STEPS_MAX = 64,   /* so many of those that have a value, for each */
};

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

/* What a search through a store has found. */
struct search {
    const cfk_delta_store *store;
    const struct cfk_delta_sketch *sketch;
    uint8_t *seen; /* a bit for each slot */
    struct cfk_delta_pick *picks;
    size_t capacity;
    size_t count;
    size_t size;
};

static bool is_seen(const struct search *f, uint32_t index)
{
    return (f->seen[index / 8] >> index % 8 & 1) != 0;
}

static void consider(struct search *f, uint32_t index, uint32_t similarity)
{
    const struct cfk_delta_pick *worst = &f->picks[f->capacity - 1];
    struct cfk_delta_pick pick = { .ref = f->store->slots[index].ref,
                                   .similarity = similarity };

    if (f->count < f->capacity ||
        looks_better(similarity, f->store->sizes[index], worst, f->size))
        insert_pick(f->picks, f->capacity, &f->count, &pick, f->size);
}

/* The pages that have the kth value too, the last STEPS_MAX of them or more. */
static void search_value(struct search *f, unsigned k)
{
    const cfk_delta_store *s = f->store;
    uint32_t value = f->sketch->values[k];
    uint32_t at = cfk__postings_first(&s->postings, k, value);
    size_t left = f->capacity > STEPS_MAX ? f->capacity : STEPS_MAX;

    for (; at != 0 && left > 0; at = cfk__postings_next(&s->postings, at), left--) {
        uint32_t index = cfk__postings_page(at);

        if (s->values[index].of[k] != value || is_seen(f, index))
            continue;
        f->seen[index / 8] |= (uint8_t)(1u << index % 8);
        consider(f, index, cfk__sketch_common(s->values[index].of, f->sketch->values));
    }
}

/* The distance in size that a page without a value in common must be below. */
static uint64_t worst_distance(const struct search *f)
{
    const struct cfk_delta_pick *last = &f->picks[f->count - 1];

    if (f->count < f->capacity)
        return UINT64_MAX;
    return last->similarity > 0 ? 0 : distance(last->ref->old.size, f->size);
}

/* Where those are too few, others follow by size. */
static void search_sizes(struct search *f)
{
    const cfk_delta_store *s = f->store;
    uint64_t worst = UINT64_MAX;

    for (uint32_t i = 0; i < s->end && worst > 0; i++) {
        if (distance(s->sizes[i], f->size) >= worst || s->slots[i].ref == NULL ||
            is_seen(f, i))
            continue;
        consider(f, i, 0);
        worst = worst_distance(f);
    }
}

static void search_all(struct search *f)
{
    const cfk_delta_store *s = f->store;
    bool empty = f->sketch->values[0] == CFK__SKETCH_EMPTY;

    for (uint32_t i = 0; i < s->end; i++) {
        if (s->slots[i].ref != NULL)
            consider(f, i,
                     empty ? 0 : cfk__sketch_common(s->values[i].of, f->sketch->values));
    }
}

static int pick_by_sketch(struct search *f, const struct cfk_alloc *alloc)
{
    if (f->store->end <= FEW_PAGES) {
        search_all(f);
        return CFK_OK;
    }
    f->seen = cfk__calloc(alloc, f->store->end / 8 + 1, 1);
    if (f->seen == NULL)
        return CFK_E_NOMEM;
    if (f->sketch->values[0] != CFK__SKETCH_EMPTY)
        for (unsigned k = 0; k < CFK_DELTA_SKETCH_VALUES; k++)
            search_value(f, k);
    if (f->count < f->capacity)
        search_sizes(f);
    cfk__free(alloc, f->seen);
    return CFK_OK;
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

/* Worth a patch beside the one that is expected to be least. */
static bool is_close(uint64_t estimate, uint64_t least)
{
    return estimate <= least + least / 2 + 64;
}

/*
 * What the first of picks would take is estimated; patches are made of those that may be
 * the best.
 */
static int try_picks(struct cfk_delta_pick *picks, size_t tries, struct cfk__span data,
                     const struct cfk_alloc *alloc, struct cfk_error *err)
{
    uint64_t least = UINT64_MAX;
    struct cfk__trial trial;

    if (tries > 1 && cfk__trial_init(&trial, data, alloc) != CFK_OK)
        return cfk__fail(err, CFK_E_NOMEM, "delta: no memory to try candidates");
    for (size_t i = 0; i < tries && tries > 1; i++) {
        picks[i].patch_size = cfk__trial_estimate(&trial, picks[i].ref->old);
        least = picks[i].patch_size < least ? picks[i].patch_size : least;
    }
    if (tries > 1)
        cfk__trial_free(&trial);
    for (size_t i = 0; i < tries; i++) {
        struct cfk_delta_pick pick = picks[i];
        size_t at = i;
        int rc = is_close(pick.patch_size, least)
                     ? try_pick(&pick, data.data, data.size, alloc, err)
                     : CFK_OK;

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
    struct search f = { store, &sketch, NULL, picks, capacity, 0, size };
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
    rc = pick_by_sketch(&f, o.alloc);
    if (rc != CFK_OK)
        return cfk__fail(err, rc, "delta: no memory to look for candidates");
    tries = o.no_tries ? 0 : o.tries > 0 ? o.tries : DEFAULT_TRIES;
    rc = try_picks(picks, tries < f.count ? tries : f.count,
                   (struct cfk__span){ data, size }, o.alloc, err);
    if (rc == CFK_OK)
        *count = f.count;
    return rc;
}
