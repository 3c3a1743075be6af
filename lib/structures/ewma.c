/* SPDX-License-Identifier: MIT */
/*
 * Weights are 1 - 2^(-dt/H). For a dt that is small beside H that difference
 * cancels; expm1() computes it to full precision.
 */
#include "cfkit/ewma.h"

#include "base/error.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double LN_2 = 0.693147180559945309417;
static const double NS_PER_SECOND = 1e9;

/* from <= to; the difference of two int64_t always fits in a uint64_t. */
static double nanoseconds(int64_t from, int64_t to)
{
    return (double)((uint64_t)to - (uint64_t)from);
}

static double finite_or_most(double value)
{
    return isfinite(value) ? value : DBL_MAX;
}

int cfk_ewma_init(struct cfk_ewma *average, int64_t half_life_ns, struct cfk_error *err)
{
    memset(average, 0, sizeof *average);
    if (half_life_ns < 1)
        return cfk__fail(err, CFK_E_INVALID,
                         "ewma: a half-life of %lld ns; it has to be 1 or more",
                         (long long)half_life_ns);
    average->decay = LN_2 / (double)half_life_ns;
    return CFK_OK;
}

/* Towards value by weight; kept is 1 - weight, and each of them is precise. */
static void move(struct cfk_ewma *average, double value, double weight, double kept)
{
    double step = value - average->mean;

    if (!isfinite(step)) { /* the difference overflows, the average does not */
        average->mean = weight * value + kept * average->mean;
        average->variance = weight > 0 ? DBL_MAX : average->variance;
        return;
    }
    /* From the nearer end, so that what is left of the other loses nothing. */
    if (weight < 0.5)
        average->mean += weight * step;
    else
        average->mean = value - kept * step;
    average->variance = finite_or_most(kept * (average->variance + weight * step * step));
}

int cfk_ewma_add(struct cfk_ewma *average, double value, int64_t time_ns,
                 struct cfk_error *err)
{
    double exponent;

    if (!isfinite(value)) {
        average->rejected++;
        return cfk__fail(err, CFK_E_INVALID, "ewma: a sample has to be a finite number");
    }
    if (average->count++ == 0) {
        average->mean = value;
        average->time = time_ns;
        return CFK_OK;
    }
    if (time_ns < average->time) {
        average->backward++;
        return CFK_OK;
    }
    exponent = -nanoseconds(average->time, time_ns) * average->decay;
    average->time = time_ns;
    move(average, value, -expm1(exponent), exp(exponent));
    return CFK_OK;
}

double cfk_ewma_value(const struct cfk_ewma *average)
{
    return average->mean;
}

double cfk_ewma_variance(const struct cfk_ewma *average)
{
    return average->variance;
}

int cfk_rate_init(struct cfk_rate *rate, int64_t half_life_ns, struct cfk_error *err)
{
    memset(rate, 0, sizeof *rate);
    if (half_life_ns < 1)
        return cfk__fail(err, CFK_E_INVALID,
                         "rate: a half-life of %lld ns; it has to be 1 or more",
                         (long long)half_life_ns);
    rate->decay = LN_2 / (double)half_life_ns;
    return CFK_OK;
}

void cfk_rate_add(struct cfk_rate *rate, uint64_t events, int64_t time_ns)
{
    double impulse = (double)events * rate->decay;

    if (rate->count++ == 0)
        rate->time = time_ns;
    if (time_ns >= rate->time) {
        rate->rate *= exp(-nanoseconds(rate->time, time_ns) * rate->decay);
        rate->time = time_ns;
    } else {
        rate->backward++;
        impulse *= exp(-nanoseconds(time_ns, rate->time) * rate->decay);
    }
    rate->rate += impulse;
}

double cfk_rate_at(const struct cfk_rate *rate, int64_t time_ns)
{
    double now = rate->rate;

    if (time_ns > rate->time)
        now *= exp(-nanoseconds(rate->time, time_ns) * rate->decay);
    return now * NS_PER_SECOND;
}
