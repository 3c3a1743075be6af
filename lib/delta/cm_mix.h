/* SPDX-License-Identifier: MIT */
/*
 * Logistic mixing as in cm_mix.h, in 16 bits: loops of fixed length that compilers make
 * vector code of without being asked for any instruction set.
 */
#ifndef CFK_DELTA_CM_MIX_H
#define CFK_DELTA_CM_MIX_H

#include "delta/cm_math.h"

enum {
    CFK__CM_MIX_SETS = 3,
    CFK__CM_MIX_ONE = 8192,             /* the weight 1 */
    CFK__CM_MIX_WEIGHT_MAX = 31 * 1024, /* so that no step leaves 16 bits */
    CFK__CM_MIX_INPUT_SHIFT = 1,        /* inputs are stretched probabilities >> that */
};

/* Sets of weights, each chosen by a context of its own. */
struct cfk__cm_mix {
    int16_t *weights[CFK__CM_MIX_SETS]; /* rows of the number of inputs */
    uint32_t row[CFK__CM_MIX_SETS];
    uint32_t p[CFK__CM_MIX_SETS];
    int32_t *last; /* rows of CFK__CM_MIX_SETS, 65536 is 1 */
    int32_t stretched[CFK__CM_MIX_SETS];
    uint32_t last_row;
    uint32_t last_p;
    int32_t rate; /* of learning, at most 7 */
};

static inline int16_t cfk__cm_mix_input(const struct cfk__cm_math *math, uint32_t p)
{
    return (int16_t)(cfk__cm_stretch(math, p) >> CFK__CM_MIX_INPUT_SHIFT);
}

static inline int32_t cfk__cm_dot(const int16_t *in, const int16_t *weights, int count)
{
    int32_t sum = 0;

    for (int i = 0; i < count; i++)
        sum += in[i] * weights[i];
    return sum;
}

/* Products are rounded. In 16 bits throughout, where vectors hold the most. */
static inline void cfk__cm_train(const int16_t *in, int16_t *weights, int count,
                                 int16_t step)
{
    for (int i = 0; i < count; i++) {
        int16_t twice = (int16_t)(2 * in[i]);
        int16_t high = (int16_t)(twice * step >> 16);
        int16_t w = (int16_t)(weights[i] + (int16_t)((high + 1) >> 1));

        w = w > CFK__CM_MIX_WEIGHT_MAX ? CFK__CM_MIX_WEIGHT_MAX : w;
        weights[i] = w < -CFK__CM_MIX_WEIGHT_MAX ? -CFK__CM_MIX_WEIGHT_MAX : w;
    }
}

/* Returns the probability, 1 .. 65535. count is the same constant in both. */
static inline uint32_t cfk__cm_mix(const struct cfk__cm_math *math, struct cfk__cm_mix *m,
                                   const int16_t *in, int count)
{
    const int32_t *last = m->last + (size_t)m->last_row * CFK__CM_MIX_SETS;
    int64_t sum = 0;

    for (int i = 0; i < CFK__CM_MIX_SETS; i++) {
        int32_t x =
            cfk__cm_dot(in, m->weights[i] + (size_t)m->row[i] * (size_t)count, count) /
            (CFK__CM_MIX_ONE >> CFK__CM_MIX_INPUT_SHIFT);

        x = x > CFK__CM_STRETCHED_MAX ? CFK__CM_STRETCHED_MAX : x;
        x = x < -CFK__CM_STRETCHED_MAX ? -CFK__CM_STRETCHED_MAX : x;
        m->stretched[i] = x;
        m->p[i] = cfk__cm_squash(math, x);
        sum += (int64_t)x * last[i];
    }
    sum >>= 16;
    sum = sum > CFK__CM_STRETCHED_MAX ? CFK__CM_STRETCHED_MAX : sum;
    sum = sum < -CFK__CM_STRETCHED_MAX ? -CFK__CM_STRETCHED_MAX : sum;
    m->last_p = cfk__cm_squash(math, (int32_t)sum);
    return m->last_p;
}

static inline void cfk__cm_mix_learn(struct cfk__cm_mix *m, const int16_t *in, int count,
                                     unsigned bit)
{
    int32_t *last = m->last + (size_t)m->last_row * CFK__CM_MIX_SETS;
    int32_t target = bit ? 65535 : 0;
    int32_t step = (target - (int32_t)m->last_p) * 3 / 16;

    for (int i = 0; i < CFK__CM_MIX_SETS; i++) {
        int32_t error = (target - (int32_t)m->p[i]) / 16;

        if (error == 0)
            continue;
        cfk__cm_train(in, m->weights[i] + (size_t)m->row[i] * (size_t)count, count,
                      (int16_t)(error * m->rate));
    }
    if (step != 0)
        for (int i = 0; i < CFK__CM_MIX_SETS; i++)
            last[i] += (int32_t)(((int64_t)m->stretched[i] * step + 0x8000) >> 16);
}

#endif
