/* SPDX-License-Identifier: MIT */
/* What a model knows, for its two files: copies (cm_model.c) and bytes (cm_byte.c). */
#ifndef CFK_DELTA_CM_STATE_H
#define CFK_DELTA_CM_STATE_H

#include "delta/cm_model.h"

enum {
    CFK__CM_USED = CFK__CM_CONTEXT_INPUTS + 2 * CFK__CM_MATCHERS + 2,
    CFK__CM_INPUTS = 32,      /* with room up to a multiple of 8 */
    CFK__CM_STATE_ROWS = 64,  /* of the mixer: how the matchers stand, */
    CFK__CM_KNOWN_ROWS = 144, /* how much was seen elsewhere, */
    CFK__CM_NODE_ROWS = 256,  /* where in the byte */
    CFK__CM_FOLLOW_LENGTHS = 48,
    CFK__CM_SSE_STEPS = 24,
    CFK__CM_SSE_ROWS = 1024,
};

_Static_assert((int)CFK__CM_USED <= (int)CFK__CM_INPUTS, "room for all inputs");

struct cfk__cm_model {
    struct cfk_alloc alloc;
    uint8_t *data;
    struct cfk__cm_history history;
    struct cfk__cm_matches matches;
    struct cfk__cm_source source;
    struct cfk__cm_run run;
    struct cfk__cm_contexts contexts;
    struct cfk__cm_mix mixer;
    int16_t in[CFK__CM_INPUTS];
    struct cfk__cm_math math;
    bool running;
    bool excluded;  /* the aligned matcher's byte is known to be wrong */
    uint32_t node;  /* 1, then the bits of the byte so far below it */
    uint32_t known; /* how many those are */
    uint32_t quality;
    uint32_t run_kind; /* the matcher that the run follows */
    uint32_t follow[CFK__CM_MATCHERS][4]
                   [CFK__CM_FOLLOW_LENGTHS]; /* that the next byte is right */
    uint32_t *follow_at[CFK__CM_MATCHERS];
    uint32_t match_state[CFK__CM_MATCHERS][512];
    uint32_t *match_at[CFK__CM_MATCHERS];
    uint32_t zero[256]; /* order 0 */
    uint16_t sse[2][CFK__CM_SSE_ROWS][CFK__CM_SSE_STEPS + 1];
    uint16_t *sse_at[2];
    uint32_t sse_part[2];
    int16_t state_weights[CFK__CM_STATE_ROWS * CFK__CM_INPUTS];
    int16_t known_weights[CFK__CM_KNOWN_ROWS * CFK__CM_INPUTS];
    int16_t node_weights[CFK__CM_NODE_ROWS * CFK__CM_INPUTS];
    int32_t last_weights[CFK__CM_STATE_ROWS * CFK__CM_MIX_SETS];
};

/* Everything for bytes as it is before the first one. */
void cfk__cm_byte_init(struct cfk__cm_model *m);

/* The next byte is not part of a copy. */
void cfk__cm_byte_begin(struct cfk__cm_model *m);

/* The probability that its next bit is 1, and to learn that bit. */
uint32_t cfk__cm_byte_predict(struct cfk__cm_model *m);
void cfk__cm_byte_learn(struct cfk__cm_model *m, unsigned bit);

/* What another matcher says to the byte that one expects: 0 nothing, 1 the same, 2
 * another. */
uint32_t cfk__cm_agreement(const struct cfk__cm_model *m, uint32_t matcher);

#endif
