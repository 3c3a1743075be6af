/* SPDX-License-Identifier: MIT */
/*
 * Averages that forget: the weight of a sample halves every half-life. Samples
 * may come at any times, and the average is exact for the times they come at.
 *
 * struct cfk_ewma averages values; struct cfk_rate averages how often events
 * happen. Both are small values that the caller owns: they hold no memory,
 * need no free, and may be copied, also as bytes to another process of the same
 * version and byte order. Initialise before use, and treat the fields as
 * read-only. One value serves one thread at a time; reading is not writing.
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
    double from_zero;  /* see cfk_ewma_from_zero() */
    double seen;       /* the weight of all samples after the first, 0 to 1 */
    double mass;       /* 1; after a merge, see cfk_ewma_merge() */
    double high;       /* see cfk_ewma_high() */
    double low;        /* see cfk_ewma_low() */
    int64_t time;      /* of the latest sample */
    uint64_t count;    /* samples taken */
    uint64_t backward; /* of these, how many came with a time before the latest */
    uint64_t rejected; /* samples that were no finite number */
    uint64_t step;     /* the latest interval, */
    double share;      /* and the weight of a sample after it */
    uint64_t reserved[4];
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
 * The average of the samples after the first one alone, by the weights that they have:
 * the time before them counts for nothing, where cfk_ewma_value() takes the first sample
 * for all of it. 0 before the second. Since 0.1.
 */
CFK_API double cfk_ewma_debiased(const struct cfk_ewma *average);

/*
 * The average that starts at 0 and whose first sample only sets the clock, as that of
 * cloudflare/golibs does. For its EwmaRate, add 1e9 / dt for each event. Since 0.1.
 */
CFK_API double cfk_ewma_from_zero(const struct cfk_ewma *average);

/*
 * The variance of the samples around the average under the same weights; 0
 * before the second sample. What would overflow stays DBL_MAX. Since 0.1.
 */
CFK_API double cfk_ewma_variance(const struct cfk_ewma *average);

/*
 * The highest and the lowest of late: a sample beyond them becomes them, and from then on
 * their distance to the average halves every half-life. Since 0.1.
 */
CFK_API double cfk_ewma_high(const struct cfk_ewma *average);
CFK_API double cfk_ewma_low(const struct cfk_ewma *average);

/*
 * Add another average of the same half-life, of other samples: of another thread or
 * machine, say. Each average has a mass, which is 1 at its latest sample and halves every
 * half-life after it; the result is the mean of both by their masses at the later time,
 * and the sum of these is its mass, so that averages may be merged in any order (extremes
 * may differ by it). Samples that are added to the result later count as one more
 * average. Counts add.
 *
 * Returns CFK_OK, or CFK_E_INVALID for different half-lives; then nothing has changed.
 * O(1). Since 0.1.
 */
CFK_API int cfk_ewma_merge(struct cfk_ewma *average, const struct cfk_ewma *other,
                           struct cfk_error *err);

struct cfk_rate {
    double decay;      /* ln 2 / half-life, per nanosecond */
    double rate;       /* per nanosecond, at time */
    int64_t time;      /* of the latest event */
    int64_t start;     /* of the earliest */
    uint64_t count;    /* calls of cfk_rate_add() */
    uint64_t backward; /* of these, how many came with a time before the latest */
    uint64_t step;     /* the latest interval, */
    double share;      /* and what a rate loses in it */
    double carry;      /* what rounding has lost of the rate */
    uint64_t reserved[3];
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

/*
 * The same, divided by the weight of the time since the earliest event: the rate of a
 * steady stream from early on. 0 at that event's time. Since 0.1.
 */
CFK_API double cfk_rate_debiased_at(const struct cfk_rate *rate, int64_t time_ns);

/*
 * Add the events of another rate of the same half-life, as if all had come here.
 *
 * Returns CFK_OK, or CFK_E_INVALID for different half-lives; then nothing has changed.
 * O(1). Since 0.1.
 */
CFK_API int cfk_rate_merge(struct cfk_rate *rate, const struct cfk_rate *other,
                           struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
