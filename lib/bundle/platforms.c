/* SPDX-License-Identifier: MIT */
#include "bundle/platforms.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "bundle/export.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_MAX_SIZE = 4 * 1024 * 1024,
    DEFAULT_MAX_PLATFORMS = 1000,
    DEFAULT_MAX_ROOTS = 100000,
    FIRST_CAPACITY = 32,
};

void *cfk__platforms_grow(cfk_bundle_platforms *platforms, struct cfk__list *list,
                          size_t size)
{
    size_t more = list->capacity > 0 ? list->capacity * 2 : FIRST_CAPACITY;
    uint8_t *item;
    void *grown;

    if (list->count == list->capacity) {
        grown = cfk__realloc(&platforms->alloc, list->items, more, size);
        if (grown == NULL)
            return NULL;
        list->items = grown;
        list->capacity = more;
    }
    item = (uint8_t *)list->items + list->count++ * size;
    memset(item, 0, size);
    return item;
}

size_t cfk__platforms_find(const cfk_bundle_platforms *platforms, const char *name,
                           size_t size)
{
    for (size_t i = 0; i < platforms->platforms.count; i++) {
        const char *own = cfk__platform_at(platforms, i)->name;

        if (own != NULL && strlen(own) == size && memcmp(own, name, size) == 0)
            return i;
    }
    return SIZE_MAX;
}

static int by_root(const void *a, const void *b)
{
    const struct cfk__store_root *left = a;
    const struct cfk__store_root *right = b;

    int order = memcmp(left->sha256, right->sha256, sizeof left->sha256);

    if (order == 0)
        order = left->store < right->store ? -1 : left->store > right->store;
    return order;
}

/* Sort the roots; none may be twice in one store, so that asking stays cheap. */
static int sort_roots(cfk_bundle_platforms *platforms, struct cfk_error *err)
{
    const struct cfk__store_root *roots = platforms->roots.items;
    size_t count = platforms->roots.count;

    if (count > 0)
        qsort(platforms->roots.items, count, sizeof *roots, by_root);
    for (size_t i = 1; i < count; i++)
        if (by_root(&roots[i - 1], &roots[i]) == 0)
            return cfk__fail(
                err, CFK_E_CORRUPT,
                "bundle: platforms: root %02x%02x%02x%02x... is twice in one "
                "store",
                roots[i].sha256[0], roots[i].sha256[1], roots[i].sha256[2],
                roots[i].sha256[3]);
    return CFK_OK;
}

int cfk_bundle_platforms_parse(const void *yaml, size_t size,
                               const struct cfk_bundle_platforms_options *opts,
                               cfk_bundle_platforms **out, struct cfk_error *err)
{
    struct cfk_bundle_platforms_options o;
    cfk_bundle_platforms *platforms;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.max_size == 0)
        o.max_size = DEFAULT_MAX_SIZE;
    if (size > o.max_size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: platforms of %zu bytes, at most %zu are allowed", size,
                         o.max_size);
    platforms = cfk__calloc(o.alloc, 1, sizeof *platforms);
    if (platforms == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for platforms");
    platforms->alloc = *cfk__alloc_or_default(o.alloc);
    platforms->max_platforms =
        o.max_platforms != 0 ? o.max_platforms : DEFAULT_MAX_PLATFORMS;
    platforms->max_roots = o.max_roots != 0 ? o.max_roots : DEFAULT_MAX_ROOTS;
    rc = cfk__platforms_read(platforms, yaml, size, err);
    if (rc == CFK_OK)
        rc = sort_roots(platforms, err);
    if (rc != CFK_OK) {
        cfk_bundle_platforms_free(platforms);
        return rc;
    }
    for (size_t i = 0; i < platforms->platforms.count; i++)
        platforms->weight += cfk__platform_at(platforms, i)->weight;
    *out = platforms;
    return CFK_OK;
}

void cfk_bundle_platforms_free(cfk_bundle_platforms *platforms)
{
    struct cfk_alloc alloc;

    if (platforms == NULL)
        return;
    alloc = platforms->alloc;
    for (size_t i = 0; i < platforms->platforms.count; i++) {
        cfk__free(&alloc, cfk__platform_at(platforms, i)->name);
        cfk__free(&alloc, cfk__platform_at(platforms, i)->label);
    }
    cfk__free(&alloc, platforms->platforms.items);
    cfk__free(&alloc, platforms->stores.items);
    cfk__free(&alloc, platforms->members.items);
    cfk__free(&alloc, platforms->roots.items);
    cfk__free(&alloc, platforms);
}

size_t cfk_bundle_platforms_count(const cfk_bundle_platforms *platforms)
{
    return platforms->platforms.count;
}

int cfk_bundle_platforms_get(const cfk_bundle_platforms *platforms, size_t index,
                             struct cfk_bundle_platform *out, struct cfk_error *err)
{
    struct cfk_bundle_platform ours = { 0 };
    const struct cfk__platform *platform;

    if (index >= platforms->platforms.count)
        return cfk__fail(err, CFK_E_INVALID, "bundle: platform %zu of %zu", index,
                         platforms->platforms.count);
    platform = cfk__platform_at(platforms, index);
    ours.name = platform->name;
    ours.label = platform->label != NULL ? platform->label : platform->name;
    ours.weight = platform->weight;
    return cfk__export(out, &ours, sizeof ours, err);
}

static bool accepts(const struct cfk__platform *platform,
                    const struct cfk__chain_traits *chain)
{
    return (platform->sha1 || !chain->sha1) && (platform->ecdsa || !chain->ecdsa) &&
           (!platform->expiry || !chain->expired) && chain->time >= platform->since &&
           chain->time < platform->until;
}

/* The first entry of this root, or the end. */
static size_t find_root(const cfk_bundle_platforms *platforms, const uint8_t *sha256)
{
    const struct cfk__store_root *roots = platforms->roots.items;
    size_t low = 0;
    size_t high = platforms->roots.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(roots[middle].sha256, sha256, CFK__SHA256_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t cfk__platforms_trust(const cfk_bundle_platforms *platforms,
                              const struct cfk__chain_traits *chain, uint8_t *bits)
{
    const struct cfk__store_root *roots = platforms->roots.items;
    const struct cfk__store *stores = platforms->stores.items;
    const uint32_t *members = platforms->members.items;
    uint64_t score = 0;

    for (size_t i = find_root(platforms, chain->anchor);
         i < platforms->roots.count &&
         memcmp(roots[i].sha256, chain->anchor, CFK__SHA256_SIZE) == 0;
         i++) {
        const struct cfk__store *store = &stores[roots[i].store];

        if (chain->time < roots[i].since || chain->time >= roots[i].until)
            continue;
        for (uint32_t n = store->first; n < store->first + store->count; n++) {
            const struct cfk__platform *platform =
                cfk__platform_at(platforms, members[n]);
            uint8_t bit = (uint8_t)(1U << members[n] % 8);

            if ((bits[members[n] / 8] & bit) != 0 || !accepts(platform, chain))
                continue;
            bits[members[n] / 8] |= bit;
            score += platform->weight;
        }
    }
    return score;
}
