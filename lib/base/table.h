/* SPDX-License-Identifier: MIT */
/*
 * The open-addressing table under every structure that looks things up by key.
 * It maps a 64-bit keyed hash to a 32-bit index into an array that its owner
 * keeps; the owner compares keys. Slots hold 32 bits of the hash beside the
 * index, probing is linear, deletion shifts back and leaves no tombstones. At
 * most half of the slots are used. All allocation happens in _init.
 */
#ifndef CFK_BASE_TABLE_H
#define CFK_BASE_TABLE_H

#include "cfkit/base.h"

#include <stdbool.h>

#define CFK__TABLE_NONE UINT32_MAX
#define CFK__TABLE_MAX  (UINT32_C(1) << 30) /* most entries of one table */

struct cfk__table {
    uint64_t *slots; /* tag << 32 | index + 1; 0 is empty */
    uint32_t mask;
    uint32_t count;
};

/* Room for capacity entries. CFK_OK, CFK_E_INVALID or CFK_E_NOMEM. */
int cfk__table_init(struct cfk__table *t, uint32_t capacity,
                    const struct cfk_alloc *alloc);
void cfk__table_free(struct cfk__table *t, const struct cfk_alloc *alloc);
void cfk__table_clear(struct cfk__table *t);

/* Bytes that a table for capacity entries takes. */
size_t cfk__table_bytes(uint32_t capacity);

static inline uint32_t cfk__table_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/*
 * The index stored under hash for which same(ctx, index) holds, or
 * CFK__TABLE_NONE. O(1) expected; same is called only where 32 bits of the
 * hash agree.
 */
static inline uint32_t cfk__table_find(const struct cfk__table *t, uint64_t hash,
                                       bool (*same)(const void *ctx, uint32_t index),
                                       const void *ctx)
{
    uint32_t tag = cfk__table_tag(hash);

    for (uint32_t i = tag & t->mask;; i = (i + 1) & t->mask) {
        uint64_t slot = t->slots[i];

        if (slot == 0)
            return CFK__TABLE_NONE;
        if ((uint32_t)(slot >> 32) == tag && same(ctx, (uint32_t)slot - 1))
            return (uint32_t)slot - 1;
    }
}

/* Add an index that is not there yet. The owner keeps count <= capacity. */
void cfk__table_insert(struct cfk__table *t, uint64_t hash, uint32_t index);

/* Remove an index that is there under this hash. */
void cfk__table_remove(struct cfk__table *t, uint64_t hash, uint32_t index);

/* The entry stored as from has moved to index to. */
void cfk__table_move(struct cfk__table *t, uint64_t hash, uint32_t from, uint32_t to);

#endif
