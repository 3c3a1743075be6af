/* SPDX-License-Identifier: MIT */
#include "bundle/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <string.h>

enum {
    ALIGNMENT = alignof(max_align_t),
    BLOCK_SIZE = 65536,
};

struct cfk__arena_block {
    struct cfk__arena_block *next;
    size_t used;
    size_t size;
    alignas(ALIGNMENT) uint8_t bytes[];
};

static struct cfk__arena_block *add_block(struct cfk__arena *a, size_t size)
{
    struct cfk__arena_block *block;

    if (size < BLOCK_SIZE)
        size = BLOCK_SIZE;
    block = cfk__malloc(a->alloc, sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->next = a->blocks;
    block->used = 0;
    block->size = size;
    a->blocks = block;
    return block;
}

void *cfk__arena_alloc(struct cfk__arena *a, size_t size)
{
    struct cfk__arena_block *block = a->blocks;
    void *memory;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (block == NULL || block->size - block->used < size)
        block = add_block(a, size);
    if (block == NULL)
        return NULL;
    memory = block->bytes + block->used;
    block->used += size;
    memset(memory, 0, size);
    return memory;
}

void *cfk__arena_copy(struct cfk__arena *a, const void *data, size_t size)
{
    void *copy = size < SIZE_MAX ? cfk__arena_alloc(a, size + 1) : NULL;

    if (copy != NULL && size > 0)
        memcpy(copy, data, size);
    return copy;
}

void cfk__arena_undo(struct cfk__arena *a, void *block)
{
    a->blocks->used = (size_t)((uint8_t *)block - a->blocks->bytes);
}

void cfk__arena_free(struct cfk__arena *a)
{
    while (a->blocks != NULL) {
        struct cfk__arena_block *next = a->blocks->next;

        cfk__free(a->alloc, a->blocks);
        a->blocks = next;
    }
}
