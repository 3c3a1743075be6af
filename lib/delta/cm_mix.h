/* SPDX-License-Identifier: MIT */
/*
 * Logistic mixing: some sets of weights, each chosen by a context of its own,
 * combine the stretched inputs; a last mixer combines what they say.
 */
#ifndef CFK_DELTA_CM_MIX_H
#define CFK_DELTA_CM_MIX_H

#include "delta/cm_math.h"

enum { CFK__CM_MIX_INPUTS = 40, CFK__CM_MIX_SETS = 3 };

struct cfk__cm_mixer {
    uint32_t inputs; /* used of in */
    uint32_t rate;   /* of learning */
    int32_t in[CFK__CM_MIX_INPUTS];
    int32_t *weights[CFK__CM_MIX_SETS]; /* rows of inputs, 65536 is 1 */
    uint32_t row[CFK__CM_MIX_SETS];
    int32_t stretched[CFK__CM_MIX_SETS];
    uint32_t p[CFK__CM_MIX_SETS];
    int32_t *last; /* rows of CFK__CM_MIX_SETS */
    uint32_t last_row;
    uint32_t last_p;
};

/* Returns the probability, 1 .. 65535. */
uint32_t cfk__cm_mix(const struct cfk__cm_math *math, struct cfk__cm_mixer *m);
void cfk__cm_mix_learn(struct cfk__cm_mixer *m, unsigned bit);

#endif
