/* SPDX-License-Identifier: MIT */
#include "delta/cm_math.h"

/* 65536 / (1 + exp(-x / 256)) for x from -3072 in steps of 128. */
static const uint16_t logistic[49] = {
    1,     1,     1,     2,     3,     5,     8,     13,    22,    36,
    60,    98,    162,   267,   439,   720,   1179,  1921,  3108,  4971,
    7812,  11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565,
    62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500,
    65514, 65523, 65528, 65531, 65533, 65534, 65535, 65535, 65535,
};

enum { LOGISTIC_FROM = -3072, LOGISTIC_STEP = 128 };

static uint16_t squash(int32_t x)
{
    int32_t at = (x - LOGISTIC_FROM) / LOGISTIC_STEP;
    int32_t part = (x - LOGISTIC_FROM) % LOGISTIC_STEP;
    int32_t low = logistic[at];
    int32_t high = logistic[at + 1];

    return (uint16_t)(low + (high - low) * part / LOGISTIC_STEP);
}

void cfk__cm_math_init(struct cfk__cm_math *m)
{
    int32_t x = -CFK__CM_STRETCHED_MAX;

    for (int32_t i = -CFK__CM_STRETCHED_MAX; i <= CFK__CM_STRETCHED_MAX; i++)
        m->squash[i + CFK__CM_STRETCHED_MAX] = squash(i);
    for (int32_t i = 0; i < 4096; i++) {
        while (x < CFK__CM_STRETCHED_MAX && (int32_t)cfk__cm_squash(m, x) < 16 * i + 8)
            x++;
        m->stretch[i] = (int16_t)x;
    }
    for (uint32_t n = 0; n < 16; n++)
        m->rate[n] = (uint16_t)(655360 / (10 * n + 16));
    for (uint32_t n = 0; n < 256; n++)
        m->reciprocal[n] = 131072 / (2 * n + 3);
}
