/* SPDX-License-Identifier: MIT */
/*
 * What followed a context before: hashed tables of counters, one slot for each
 * context and half of a byte, and for each kind of context a map from the state
 * of a counter to what that state turned out to mean.
 */
#ifndef CFK_DELTA_CM_CONTEXT_H
#define CFK_DELTA_CM_CONTEXT_H

#include "delta/cm_math.h"

#include <stdbool.h>

enum {
    CFK__CM_TRAINED = 8, /* kinds of context that the old version teaches: */
    CFK__CM_LIVE = 4,    /* and those that need the matchers */
    CFK__CM_CONTEXTS = CFK__CM_TRAINED + CFK__CM_LIVE,
    CFK__CM_PER_CONTEXT = 2, /* inputs of the mixer */
    CFK__CM_MAP = 1024,
};

struct cfk__cm_slot {
    uint16_t check;
    uint16_t counters[15]; /* a binary tree over four bits */
};

/* The words of a text, rolling. */
struct cfk__cm_words {
    uint32_t word;
    uint32_t before;
};

struct cfk__cm_contexts {
    struct cfk__cm_slot *slots;
    uint32_t mask; /* slots - 1 */
    uint32_t maps[CFK__CM_CONTEXTS][CFK__CM_MAP];
    uint32_t hashes[CFK__CM_CONTEXTS];
    struct cfk__cm_slot *at[CFK__CM_CONTEXTS];
    uint32_t *map_at[CFK__CM_CONTEXTS];
    uint32_t known; /* how many kinds of contexts have been seen before */
};

void cfk__cm_contexts_init(struct cfk__cm_contexts *c, struct cfk__cm_slot *slots,
                           uint32_t count);

void cfk__cm_words_next(struct cfk__cm_words *w, uint8_t byte);

/* The contexts of the next byte; last holds the 8 bytes before it, newest lowest. */
void cfk__cm_contexts_trained(struct cfk__cm_contexts *c, uint64_t last,
                              const struct cfk__cm_words *words);

/* Find the slots of count contexts for the next half of a byte; partial is 1 or 1hhhh. */
void cfk__cm_contexts_find(struct cfk__cm_contexts *c, uint32_t count, uint32_t partial);

/* The mixer's inputs for a bit; node is 1 .. 15 in the half's tree. */
void cfk__cm_contexts_inputs(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                             uint32_t node, int32_t *in);
void cfk__cm_contexts_learn(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint32_t node, unsigned bit);

/* Learn a byte of the old version, without predicting it. */
void cfk__cm_contexts_train(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint8_t byte);

#endif
