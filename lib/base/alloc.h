/* SPDX-License-Identifier: MIT */
/* Allocation through the caller's hooks, with products that cannot overflow. */
#ifndef CFK_BASE_ALLOC_H
#define CFK_BASE_ALLOC_H

#include "cfkit/base.h"

/* The allocator itself, or the default one for NULL. Never NULL. */
const struct cfk_alloc *cfk__alloc_or_default(const struct cfk_alloc *alloc);

/* NULL for alloc means the default one, in all of these. A size of 0 gives a block. */
void *cfk__malloc(const struct cfk_alloc *alloc, size_t size);

/* count * size zeroed bytes, or NULL when that is not to be had or overflows. */
void *cfk__calloc(const struct cfk_alloc *alloc, size_t count, size_t size);

/* Resize to count * size bytes; on failure NULL, and block stays as it was. */
void *cfk__realloc(const struct cfk_alloc *alloc, void *block, size_t count, size_t size);

void cfk__free(const struct cfk_alloc *alloc, void *block);

#endif
