/* SPDX-License-Identifier: MIT */
/* Averages and rates, in a build without the structures. */
#include "cfkit/ewma.h"

#include "base/error.h"

#include <string.h>

static int absent(struct cfk_error *err)
{
    return cfk__fail_absent(err, "structures");
}

int cfk_ewma_init(struct cfk_ewma *average, int64_t half_life_ns, struct cfk_error *err)
{
    (void)half_life_ns;
    memset(average, 0, sizeof *average);
    return absent(err);
}

int cfk_ewma_add(struct cfk_ewma *average, double value, int64_t time_ns,
                 struct cfk_error *err)
{
    (void)average, (void)value, (void)time_ns;
    return absent(err);
}

double cfk_ewma_value(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

double cfk_ewma_variance(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

int cfk_rate_init(struct cfk_rate *rate, int64_t half_life_ns, struct cfk_error *err)
{
    (void)half_life_ns;
    memset(rate, 0, sizeof *rate);
    return absent(err);
}

void cfk_rate_add(struct cfk_rate *rate, uint64_t events, int64_t time_ns)
{
    (void)rate, (void)events, (void)time_ns;
}

double cfk_rate_at(const struct cfk_rate *rate, int64_t time_ns)
{
    (void)rate, (void)time_ns;
    return 0;
}

double cfk_ewma_debiased(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

double cfk_ewma_from_zero(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

double cfk_ewma_high(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

double cfk_ewma_low(const struct cfk_ewma *average)
{
    (void)average;
    return 0;
}

int cfk_ewma_merge(struct cfk_ewma *average, const struct cfk_ewma *other,
                   struct cfk_error *err)
{
    (void)average, (void)other;
    return absent(err);
}

double cfk_rate_debiased_at(const struct cfk_rate *rate, int64_t time_ns)
{
    (void)rate, (void)time_ns;
    return 0;
}

int cfk_rate_merge(struct cfk_rate *rate, const struct cfk_rate *other,
                   struct cfk_error *err)
{
    (void)rate, (void)other;
    return absent(err);
}
