/* SPDX-License-Identifier: MIT */
#include "bundle/recent.h"

#include "base/alloc.h"
#include "bundle/der.h"

#include <string.h>

static void clear(struct cfk__recent *r, struct cfk__recent_leaf *leaf)
{
    void *copy;

    memcpy(&copy, &leaf->der.data, sizeof copy); /* ours: const is for readers */
    cfk__free(r->alloc, copy);
    *leaf = (struct cfk__recent_leaf){ .count = 0 };
}

/* Each leaf has one place; what was there gives way. */
static struct cfk__recent_leaf *place_of(const struct cfk__recent *r, uint64_t hash)
{
    return &r->leaves[hash % CFK__RECENT_LEAVES];
}

static bool is_leaf(const struct cfk__recent_leaf *leaf, struct cfk__span der,
                    uint64_t hash)
{
    return leaf->der.size > 0 && leaf->hash == hash && cfk__span_equal(leaf->der, der);
}

bool cfk__recent_recall(const struct cfk__recent *r, struct cfk__span der, uint64_t hash,
                        uint32_t key, int *verdict)
{
    const struct cfk__recent_leaf *leaf;

    if (r->leaves == NULL)
        return false;
    leaf = place_of(r, hash);
    if (!is_leaf(leaf, der, hash))
        return false;
    for (uint32_t i = 0; i < leaf->count; i++)
        if (leaf->keys[i].key == key) {
            *verdict = leaf->keys[i].verdict;
            return true;
        }
    return false;
}

static bool begin(struct cfk__recent *r, struct cfk__recent_leaf *leaf,
                  struct cfk__span der, uint64_t hash)
{
    uint8_t *copy = cfk__malloc(r->alloc, der.size);

    if (copy == NULL)
        return false;
    clear(r, leaf);
    memcpy(copy, der.data, der.size);
    leaf->hash = hash;
    leaf->der = (struct cfk__span){ copy, der.size };
    return true;
}

int cfk__recent_add(struct cfk__recent *r, struct cfk__span der, uint64_t hash,
                    uint32_t key, int verdict)
{
    struct cfk__recent_leaf *leaf;

    if (der.size > CFK__RECENT_SIZE)
        return CFK_OK;
    if (r->leaves == NULL)
        r->leaves = cfk__calloc(r->alloc, CFK__RECENT_LEAVES, sizeof *r->leaves);
    if (r->leaves == NULL)
        return CFK_E_NOMEM;
    leaf = place_of(r, hash);
    if (!is_leaf(leaf, der, hash) && !begin(r, leaf, der, hash))
        return CFK_E_NOMEM;
    if (leaf->count == CFK__RECENT_KEYS)
        return CFK_OK;
    leaf->keys[leaf->count].key = key;
    leaf->keys[leaf->count++].verdict = verdict;
    return CFK_OK;
}

void cfk__recent_free(struct cfk__recent *r)
{
    for (uint32_t i = 0; r->leaves != NULL && i < CFK__RECENT_LEAVES; i++)
        clear(r, &r->leaves[i]);
    cfk__free(r->alloc, r->leaves);
    r->leaves = NULL;
}
