/* SPDX-License-Identifier: MIT */
#include "delta/cm_mix.h"

enum { WEIGHT_MAX = 1 << 20, LAST_RATE = 3 };

static int32_t dot(const int32_t *in, const int32_t *weights, uint32_t count)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += (int64_t)in[i] * weights[i];
    sum >>= 16;
    if (sum > CFK__CM_STRETCHED_MAX)
        return CFK__CM_STRETCHED_MAX;
    return sum < -CFK__CM_STRETCHED_MAX ? -CFK__CM_STRETCHED_MAX : (int32_t)sum;
}

/* error is in 1/65536 of probability. */
static void train(const int32_t *in, int32_t *weights, uint32_t count, int32_t error,
                  uint32_t rate)
{
    int32_t step = error * (int32_t)rate >> 4;

    for (uint32_t i = 0; i < count; i++) {
        int32_t w = weights[i] + (int32_t)(((int64_t)in[i] * step + 0x8000) >> 16);

        w = w > WEIGHT_MAX ? WEIGHT_MAX : w;
        weights[i] = w < -WEIGHT_MAX ? -WEIGHT_MAX : w;
    }
}

uint32_t cfk__cm_mix(const struct cfk__cm_math *math, struct cfk__cm_mixer *m)
{
    for (uint32_t i = 0; i < CFK__CM_MIX_SETS; i++) {
        m->stretched[i] =
            dot(m->in, m->weights[i] + (size_t)m->row[i] * m->inputs, m->inputs);
        m->p[i] = cfk__cm_squash(math, m->stretched[i]);
    }
    m->last_p = cfk__cm_squash(math, dot(m->stretched,
                                         m->last + (size_t)m->last_row * CFK__CM_MIX_SETS,
                                         CFK__CM_MIX_SETS));
    return m->last_p;
}

void cfk__cm_mix_learn(struct cfk__cm_mixer *m, unsigned bit)
{
    int32_t target = bit ? 65535 : 0;

    for (uint32_t i = 0; i < CFK__CM_MIX_SETS; i++)
        train(m->in, m->weights[i] + (size_t)m->row[i] * m->inputs, m->inputs,
              target - (int32_t)m->p[i], m->rate);
    train(m->stretched, m->last + (size_t)m->last_row * CFK__CM_MIX_SETS,
          CFK__CM_MIX_SETS, target - (int32_t)m->last_p, LAST_RATE);
}
