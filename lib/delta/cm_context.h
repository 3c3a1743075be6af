/* SPDX-License-Identifier: MIT */
/*
 * What the places seen (cm_source.h), the byte before, and contexts that know where the
 * matchers stand say of the bits of a byte.
 */
#ifndef CFK_DELTA_CM_CONTEXT_H
#define CFK_DELTA_CM_CONTEXT_H

#include "delta/cm_math.h"
#include "delta/cm_source.h"

enum {
    CFK__CM_LIVE = 4, /* contexts that need the matchers */
    CFK__CM_MAP = 1024,
    CFK__CM_STEPS = 12, /* of counts */
    CFK__CM_CONTEXT_INPUTS = CFK__CM_CLASSES + 2 * CFK__CM_LIVE + 2,
};

struct cfk__cm_slot {
    uint16_t check;
    uint16_t counters[15]; /* a binary tree over four bits */
};

struct cfk__cm_contexts {
    uint32_t counts[CFK__CM_CLASSES][CFK__CM_STEPS * CFK__CM_STEPS];
    uint32_t *count_at[CFK__CM_CLASSES];

    uint16_t (*after)[256]; /* by the byte before, and node */
    bool filled[256];       /* from the old version */
    uint16_t *after_row;
    uint32_t after_map[CFK__CM_MAP];
    uint32_t *after_map_at;

    struct cfk__cm_slot *slots;
    uint32_t mask; /* slots - 1 */
    uint32_t hashes[CFK__CM_LIVE];
    struct cfk__cm_slot *at[CFK__CM_LIVE];
    uint32_t maps[CFK__CM_LIVE][CFK__CM_MAP];
    uint32_t *map_at[CFK__CM_LIVE];
};

void cfk__cm_contexts_init(struct cfk__cm_contexts *c, uint16_t (*after)[256],
                           struct cfk__cm_slot *slots, uint32_t count);

/* A byte begins: the byte before it is last. */
void cfk__cm_contexts_begin(struct cfk__cm_contexts *c, const struct cfk__cm_source *s,
                            const uint8_t *data, uint8_t last);

/* Find the slots for the next half of a byte; partial is 1 or 1hhhh. */
void cfk__cm_contexts_find(struct cfk__cm_contexts *c, uint32_t partial);

/* The mixer's inputs for a bit below node, 1 .. 255. */
void cfk__cm_contexts_inputs(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                             struct cfk__cm_source *s, uint32_t node, unsigned shift,
                             int16_t *in);
void cfk__cm_contexts_learn(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint32_t node, unsigned bit);

#endif
