/* SPDX-License-Identifier: MIT */
#include "bundle/intern.h"

#include "base/alloc.h"
#include "base/siphash.h"
#include "bundle/der.h"

enum { FIRST_CAPACITY = 16 };

struct wanted {
    const struct cfk__intern *in;
    struct cfk__span bytes;
};

static bool same(const void *ctx, uint32_t index)
{
    const struct wanted *wanted = ctx;

    return cfk__span_equal(wanted->in->items[index].bytes, wanted->bytes);
}

uint64_t cfk__intern_hash(const struct cfk__intern *in, struct cfk__span bytes)
{
    return cfk__siphash13(in->key, bytes.data, bytes.size);
}

uint32_t cfk__intern_find(const struct cfk__intern *in, struct cfk__span bytes,
                          uint64_t hash)
{
    struct wanted wanted = { in, bytes };

    if (in->count == 0)
        return CFK__TABLE_NONE;
    return cfk__table_find(&in->table, hash, same, &wanted);
}

int cfk__intern_reserve(struct cfk__intern *in)
{
    uint32_t capacity = in->capacity > 0 ? in->capacity * 2 : FIRST_CAPACITY;
    struct cfk__intern_item *items;
    struct cfk__table table;
    int rc;

    if (in->count < in->capacity)
        return CFK_OK;
    if (capacity > CFK__TABLE_MAX / 2)
        return CFK_E_LIMIT;
    items = cfk__realloc(in->alloc, in->items, capacity, sizeof *items);
    if (items == NULL)
        return CFK_E_NOMEM;
    in->items = items;
    rc = cfk__table_init(&table, capacity, in->alloc);
    if (rc != CFK_OK)
        return rc;
    for (uint32_t i = 0; i < in->count; i++)
        cfk__table_insert(&table, in->items[i].hash, i);
    if (in->capacity > 0)
        cfk__table_free(&in->table, in->alloc);
    in->table = table;
    in->capacity = capacity;
    return CFK_OK;
}

uint32_t cfk__intern_add(struct cfk__intern *in, struct cfk__span bytes, uint64_t hash)
{
    struct cfk__intern_item *item = &in->items[in->count];

    item->bytes = bytes;
    item->hash = hash;
    cfk__table_insert(&in->table, item->hash, in->count);
    return in->count++;
}

void cfk__intern_free(struct cfk__intern *in)
{
    cfk__free(in->alloc, in->items);
    if (in->capacity > 0)
        cfk__table_free(&in->table, in->alloc);
}
