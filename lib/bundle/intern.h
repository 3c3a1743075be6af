/* SPDX-License-Identifier: MIT */
/* Byte strings to small numbers: equal strings get the same, from 0 on. */
#ifndef CFK_BUNDLE_INTERN_H
#define CFK_BUNDLE_INTERN_H

#include "base/bytes.h"
#include "base/table.h"

struct cfk__intern_item {
    struct cfk__span bytes;
    uint64_t hash;
};

/* Zero all but alloc and key to begin. */
struct cfk__intern {
    const struct cfk_alloc *alloc;
    uint64_t key[2]; /* of the hash */
    struct cfk__intern_item *items;
    uint32_t count;
    uint32_t capacity;
    struct cfk__table table;
};

/* What the other calls want to know of the bytes, so that it is computed once. */
uint64_t cfk__intern_hash(const struct cfk__intern *in, struct cfk__span bytes);

/* The number of bytes with this hash, or CFK__TABLE_NONE. */
uint32_t cfk__intern_find(const struct cfk__intern *in, struct cfk__span bytes,
                          uint64_t hash);

/* Make room for one more. CFK_OK, CFK_E_LIMIT or CFK_E_NOMEM. */
int cfk__intern_reserve(struct cfk__intern *in);

/* Add bytes, which are not there yet and stay where they are, after a _reserve. */
uint32_t cfk__intern_add(struct cfk__intern *in, struct cfk__span bytes, uint64_t hash);
void cfk__intern_free(struct cfk__intern *in);

#endif
