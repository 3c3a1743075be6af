/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of context mixing, in integers alone so that every CPU and
 * compiler gives the same bytes. Probabilities are of a 1 bit, in 1/65536;
 * "stretched" ones are ln(p / (1 - p)) in 1/256.
 */
#ifndef CFK_DELTA_CM_MATH_H
#define CFK_DELTA_CM_MATH_H

#include <stddef.h>
#include <stdint.h>

/* Negative numbers are shifted to the right arithmetically throughout. */
_Static_assert((-5 >> 1) == -3, "arithmetic shifts");

enum { CFK__CM_STRETCHED_MAX = 2880 };

struct cfk__cm_math {
    int16_t stretch[4096];                          /* by probability >> 4 */
    uint16_t squash[2 * CFK__CM_STRETCHED_MAX + 1]; /* by stretched + MAX */
    uint16_t rate[16];                              /* 65536 / (n + 1.6) */
    uint32_t reciprocal[256];                       /* 65536 / (n + 1.5) */
};

void cfk__cm_math_init(struct cfk__cm_math *m);

static inline int32_t cfk__cm_stretch(const struct cfk__cm_math *m, uint32_t p)
{
    return m->stretch[p >> 4];
}

static inline uint32_t cfk__cm_squash(const struct cfk__cm_math *m, int32_t x)
{
    if (x > CFK__CM_STRETCHED_MAX)
        x = CFK__CM_STRETCHED_MAX;
    if (x < -CFK__CM_STRETCHED_MAX)
        x = -CFK__CM_STRETCHED_MAX;
    return m->squash[x + CFK__CM_STRETCHED_MAX];
}

/*
 * A counter that was seen a few times learns fast: 12 bits of probability over 4 of
 * how often, up to limit.
 */
static inline void cfk__cm_counter_update(const struct cfk__cm_math *m, uint16_t *c,
                                          unsigned bit, unsigned limit)
{
    unsigned n = *c & 15;
    int32_t p = *c >> 4;
    int32_t target = bit ? 4095 : 0;

    p += (target - p) * m->rate[n] >> 16;
    *c = (uint16_t)((unsigned)p << 4 | (n < limit ? n + 1 : n));
}

/* The same with 22 bits over 10, for what is seen often. */
static inline void cfk__cm_state_update(const struct cfk__cm_math *m, uint32_t *s,
                                        unsigned bit, unsigned limit)
{
    uint32_t n = *s & 1023;
    int32_t p = (int32_t)(*s >> 10);
    int32_t target = bit ? (1 << 22) - 1 : 0;

    p += (int32_t)((int64_t)(target - p) * m->reciprocal[n] >> 16);
    *s = (uint32_t)p << 10 | (n < limit ? n + 1 : n);
}

static inline uint32_t cfk__cm_state_p(uint32_t s)
{
    return s >> 16;
}

static inline uint32_t cfk__cm_state(uint32_t p, uint32_t n)
{
    return p << 16 | n;
}

static inline uint32_t cfk__cm_hash(uint64_t value, uint32_t salt)
{
    uint64_t h = (value + salt) * UINT64_C(0x9e3779b97f4a7c15);

    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(h >> 32);
}

#endif
