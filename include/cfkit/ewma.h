/* SPDX-License-Identifier: MIT */
/*
 * Averages that forget: the weight of a sample halves every half-life. Samples
 * may come at any times, and the average is exact for the times they come at.
 *
 * struct cfk_ewma averages values; struct cfk_rate averages how often events
 * happen. Both are small values that the caller owns: they hold no memory,
 * need no free, and may be copied. Initialise before use, and treat the fields
 * as read-only. One value serves one thread at a time; reading is not writing.
 *
 * Times are nanoseconds on any clock of the caller's, also negative ones. They
 * should not go back; `backward` counts those that do.
 */
#ifndef CFKIT_EWMA_H
#define CFKIT_EWMA_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cfk_ewma {
    double decay;      /* ln 2 / half-life, per nanosecond */
    double mean;       /* see cfk_ewma_value() */
    double variance;   /* see cfk_ewma_variance() */
    int64_t time;      /* of the latest sample */
    uint64_t count;    /* samples taken */
    uint64_t backward; /* of these, how many came with a time before the latest */
    uint64_t rejected; /* samples that were no finite number */
    uint64_t reserved[5];
};

/*
 * Begin an average without samples.
 *
 * Returns CFK_OK, or CFK_E_INVALID for a half-life below 1. O(1). Since 0.1.
 */
CFK_API int cfk_ewma_init(struct cfk_ewma *average, int64_t half_life_ns,
                          struct cfk_error *err);

/*
 * Take a sample. The first one is the average; from then on the average moves
 * towards each sample by the weight 1 - 2^(-dt / half-life), dt being the time
 * since the sample before. A sample at that time or an earlier one has no weight.
 *
 * Returns CFK_OK, or CFK_E_INVALID for NaN and infinities, which are counted
 * in `rejected` and change nothing else. O(1), no allocation. Since 0.1.
 */
CFK_API int cfk_ewma_add(struct cfk_ewma *average, double value, int64_t time_ns,
                         struct cfk_error *err);

/* The average; 0 before the first sample. Always finite. Since 0.1. */
CFK_API double cfk_ewma_value(const struct cfk_ewma *average);

/*
 * The variance of the samples around the average under the same weights; 0
 * before the second sample. What would overflow stays DBL_MAX. Since 0.1.
 */
CFK_API double cfk_ewma_variance(const struct cfk_ewma *average);

struct cfk_rate {
    double decay;      /* ln 2 / half-life, per nanosecond */
    double rate;       /* per nanosecond, at time */
    int64_t time;      /* of the latest event */
    uint64_t count;    /* calls of cfk_rate_add() */
    uint64_t backward; /* of these, how many came with a time before the latest */
    uint64_t reserved[5];
};

/*
 * Begin a rate without events.
 *
 * Returns CFK_OK, or CFK_E_INVALID for a half-life below 1. O(1). Since 0.1.
 */
CFK_API int cfk_rate_init(struct cfk_rate *rate, int64_t half_life_ns,
                          struct cfk_error *err);

/*
 * Count events that happened at a time. Each raises the rate by ln 2 /
 * half-life, which then decays, so that events of the same time all count, and
 * late ones count as if they had come in time. A rate needs a few half-lives to
 * rise to a steady stream's.
 *
 * O(1), no allocation, cannot fail. Since 0.1.
 */
CFK_API void cfk_rate_add(struct cfk_rate *rate, uint64_t events, int64_t time_ns);

/*
 * Events per second as seen at a time; nothing is stored. A time before the
 * latest event counts as that event's. Since 0.1.
 */
CFK_API double cfk_rate_at(const struct cfk_rate *rate, int64_t time_ns);

#ifdef __cplusplus
}
#endif

#endif
