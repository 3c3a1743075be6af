/* SPDX-License-Identifier: MIT */
/* Memory that is released all at once, in blocks that never move. */
#ifndef CFK_BUNDLE_ARENA_H
#define CFK_BUNDLE_ARENA_H

#include "base/bytes.h"

struct cfk__arena_block;

/* Zero all but alloc, which may be NULL and must outlive the arena. */
struct cfk__arena {
    const struct cfk_alloc *alloc;
    struct cfk__arena_block *blocks;
};

/* size zeroed bytes, aligned for any type, or NULL. */
void *cfk__arena_alloc(struct cfk__arena *a, size_t size);

/* A copy of size bytes with a NUL behind it, or NULL. */
void *cfk__arena_copy(struct cfk__arena *a, const void *data, size_t size);

/* Give back what was taken last: block must be that. */
void cfk__arena_undo(struct cfk__arena *a, void *block);
void cfk__arena_free(struct cfk__arena *a);

#endif
