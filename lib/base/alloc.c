/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void *default_reallocate(void *ctx, void *block, size_t size)
{
    (void)ctx;
    return realloc(block, size);
}

static void default_release(void *ctx, void *block)
{
    (void)ctx;
    free(block);
}

static const struct cfk_alloc default_alloc = {
    .allocate = default_allocate,
    .reallocate = default_reallocate,
    .release = default_release,
};

const struct cfk_alloc *cfk__alloc_or_default(const struct cfk_alloc *alloc)
{
    return alloc != NULL ? alloc : &default_alloc;
}

void *cfk__malloc(const struct cfk_alloc *alloc, size_t size)
{
    alloc = cfk__alloc_or_default(alloc);
    return alloc->allocate(alloc->ctx, size > 0 ? size : 1);
}

void *cfk__calloc(const struct cfk_alloc *alloc, size_t count, size_t size)
{
    void *block;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    block = cfk__malloc(alloc, count * size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void *cfk__realloc(const struct cfk_alloc *alloc, void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    alloc = cfk__alloc_or_default(alloc);
    size *= count;
    return alloc->reallocate(alloc->ctx, block, size > 0 ? size : 1);
}

void cfk__free(const struct cfk_alloc *alloc, void *block)
{
    alloc = cfk__alloc_or_default(alloc);
    alloc->release(alloc->ctx, block);
}

void cfk_free(const struct cfk_alloc *alloc, void *block)
{
    cfk__free(alloc, block);
}
