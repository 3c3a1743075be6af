/* SPDX-License-Identifier: MIT */
/*
 * Long copies: one decision a byte, whether the new version still goes on as the
 * place that is followed. Most of a page costs next to nothing this way, in
 * time and in bytes; where copies end is what there is to learn.
 */
#ifndef CFK_DELTA_CM_RUN_H
#define CFK_DELTA_CM_RUN_H

#include "delta/cm_match.h"
#include "delta/cm_mix.h"

enum {
    CFK__CM_RUN_STATES = 6,
    CFK__CM_RUN_INPUTS = 8, /* with room up to a multiple of 8 */
    CFK__CM_RUN_LOG = 13,
};

struct cfk__cm_run {
    size_t at; /* of the byte that is expected next */
    size_t length;
    uint32_t trusted; /* bytes that agreed when it began */
    size_t broken;    /* where in the new version the last run ended */
    struct cfk__cm_mix mixer;
    int16_t in[CFK__CM_RUN_INPUTS];
    uint8_t kinds[256]; /* of bytes */
    bool is_sure;       /* all states are: nothing is mixed then */
    uint32_t sure[256]; /* that it goes on nevertheless */
    uint32_t *at_sure;
    uint32_t *state[CFK__CM_RUN_STATES];
    uint32_t direct[3][1024];
    uint32_t hashed[3][1 << CFK__CM_RUN_LOG];
    int16_t weights[CFK__CM_MIX_SETS][64 * CFK__CM_RUN_INPUTS];
    int32_t last[CFK__CM_MIX_SETS];
};

void cfk__cm_run_init(struct cfk__cm_run *r);
void cfk__cm_run_begin(struct cfk__cm_run *r, size_t at, uint32_t trusted);

/* The probability that the run goes on. */
uint32_t cfk__cm_run_predict(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                             const struct cfk__cm_history *h, size_t edited);
void cfk__cm_run_learn(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                       const struct cfk__cm_history *h, unsigned bit);

#endif
