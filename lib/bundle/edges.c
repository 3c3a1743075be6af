/* SPDX-License-Identifier: MIT */
#include "bundle/edges.h"

#include "base/alloc.h"
#include "base/siphash.h"

enum { FIRST_CAPACITY = 64 };

struct wanted {
    const struct cfk__edges *edges;
    uint32_t cert;
    uint32_t key;
};

static uint64_t hash_of(const struct cfk__edges *e, uint32_t cert, uint32_t key)
{
    uint32_t pair[2] = { cert, key };

    return cfk__siphash13(e->seed, pair, sizeof pair);
}

static bool same(const void *ctx, uint32_t index)
{
    const struct wanted *wanted = ctx;
    const struct cfk__edge *edge = &wanted->edges->items[index];

    return edge->cert == wanted->cert && edge->key == wanted->key;
}

struct cfk__edge *cfk__edges_find(const struct cfk__edges *e, uint32_t cert, uint32_t key)
{
    struct wanted wanted = { e, cert, key };
    uint32_t index;

    if (e->count == 0)
        return NULL;
    index = cfk__table_find(&e->table, hash_of(e, cert, key), same, &wanted);
    return index == CFK__TABLE_NONE ? NULL : &e->items[index];
}

static int grow(struct cfk__edges *e)
{
    uint32_t capacity = e->capacity > 0 ? e->capacity * 2 : FIRST_CAPACITY;
    struct cfk__edge *items;
    struct cfk__table table;
    int rc;

    if (capacity > CFK__TABLE_MAX / 2)
        return CFK_E_LIMIT;
    items = cfk__realloc(e->alloc, e->items, capacity, sizeof *items);
    if (items == NULL)
        return CFK_E_NOMEM;
    e->items = items;
    rc = cfk__table_init(&table, capacity, e->alloc);
    if (rc != CFK_OK)
        return rc;
    for (uint32_t i = 0; i < e->count; i++)
        cfk__table_insert(&table, hash_of(e, items[i].cert, items[i].key), i);
    if (e->capacity > 0)
        cfk__table_free(&e->table, e->alloc);
    e->table = table;
    e->capacity = capacity;
    return CFK_OK;
}

int cfk__edges_add(struct cfk__edges *e, uint32_t cert, uint32_t key, int verdict,
                   uint64_t stamp)
{
    if (e->count == e->capacity) {
        int rc = grow(e);

        if (rc != CFK_OK)
            return rc;
    }
    e->items[e->count] = (struct cfk__edge){ cert, key, verdict, stamp };
    cfk__table_insert(&e->table, hash_of(e, cert, key), e->count);
    e->count++;
    return CFK_OK;
}

void cfk__edges_free(struct cfk__edges *e)
{
    cfk__free(e->alloc, e->items);
    if (e->capacity > 0)
        cfk__table_free(&e->table, e->alloc);
}
