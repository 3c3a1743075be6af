/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include "base/alloc.h"

#include <string.h>

static size_t slots_for(uint32_t capacity)
{
    size_t slots = 4;

    while (slots < (size_t)capacity * 2)
        slots *= 2;
    return slots;
}

size_t cfk__table_bytes(uint32_t capacity)
{
    return slots_for(capacity) * sizeof(uint64_t);
}

int cfk__table_init(struct cfk__table *t, uint32_t capacity,
                    const struct cfk_alloc *alloc)
{
    size_t slots;

    *t = (struct cfk__table){ 0 };
    if (capacity > CFK__TABLE_MAX)
        return CFK_E_INVALID;
    slots = slots_for(capacity);
    t->slots = cfk__calloc(alloc, slots, sizeof *t->slots);
    if (t->slots == NULL)
        return CFK_E_NOMEM;
    t->mask = (uint32_t)(slots - 1);
    return CFK_OK;
}

void cfk__table_free(struct cfk__table *t, const struct cfk_alloc *alloc)
{
    cfk__free(alloc, t->slots);
    *t = (struct cfk__table){ 0 };
}

void cfk__table_clear(struct cfk__table *t)
{
    memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof *t->slots);
    t->count = 0;
}

void cfk__table_insert(struct cfk__table *t, uint64_t hash, uint32_t index)
{
    uint32_t tag = cfk__table_tag(hash);
    uint32_t i = tag & t->mask;

    while (t->slots[i] != 0)
        i = (i + 1) & t->mask;
    t->slots[i] = (uint64_t)tag << 32 | (index + 1);
    t->count++;
}

static uint32_t slot_of(const struct cfk__table *t, uint64_t hash, uint32_t index)
{
    uint64_t wanted = (uint64_t)cfk__table_tag(hash) << 32 | (index + 1);
    uint32_t i = cfk__table_tag(hash) & t->mask;

    while (t->slots[i] != wanted)
        i = (i + 1) & t->mask;
    return i;
}

void cfk__table_remove(struct cfk__table *t, uint64_t hash, uint32_t index)
{
    uint32_t hole = slot_of(t, hash, index);

    /* Pull back every follower whose home does not lie after the hole. */
    for (uint32_t i = (hole + 1) & t->mask; t->slots[i] != 0; i = (i + 1) & t->mask) {
        uint32_t home = (uint32_t)(t->slots[i] >> 32) & t->mask;

        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole] = 0;
    t->count--;
}

void cfk__table_move(struct cfk__table *t, uint64_t hash, uint32_t from, uint32_t to)
{
    t->slots[slot_of(t, hash, from)] = (uint64_t)cfk__table_tag(hash) << 32 | (to + 1);
}
