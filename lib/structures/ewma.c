/* SPDX-License-Identifier: MIT */
/*
 * The share of a sample is 1 - 2^(-dt/H). For a dt that is small beside H that
 * difference cancels; expm1() computes it to full precision. For the same reason all
 * that decays moves by a share of a difference, and is never multiplied by a factor
 * just below 1, whose rounding error would add up over equal steps.
 */
#include "cfkit/ewma.h"

#include "base/error.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double LN_2 = 0.693147180559945309417;
static const double NS_PER_SECOND = 1e9;

static double finite_or_most(double value)
{
    return isfinite(value) ? value : DBL_MAX;
}

/* from <= to; the difference of two int64_t always fits in a uint64_t. */
static uint64_t nanoseconds(int64_t from, int64_t to)
{
    return (uint64_t)to - (uint64_t)from;
}

static double share_of(uint64_t step, double decay)
{
    return -expm1(-(double)step * decay);
}

/* What is left of a share; of one near 1, so that all digits are right. */
static double kept_of(double share, uint64_t step, double decay)
{
    return share < 0.5 ? 1 - share : exp(-(double)step * decay);
}

/* From x towards target, from the nearer end, so that neither loses digits. */
static double moved(double x, double target, double share, double kept)
{
    double way = target - x;

    if (!isfinite(way)) /* the difference overflows, the result does not */
        return share * target + kept * x;
    return share < 0.5 ? x + share * way : target - kept * way;
}

static int check_half_life(int64_t half_life_ns, const char *what, struct cfk_error *err)
{
    if (half_life_ns >= 1)
        return CFK_OK;
    return cfk__fail(err, CFK_E_INVALID,
                     "%s: a half-life of %lld ns; it has to be 1 or more", what,
                     (long long)half_life_ns);
}

/* ---- averages ---- */

int cfk_ewma_init(struct cfk_ewma *average, int64_t half_life_ns, struct cfk_error *err)
{
    int rc = check_half_life(half_life_ns, "ewma", err);

    memset(average, 0, sizeof *average);
    if (rc == CFK_OK)
        average->decay = LN_2 / (double)half_life_ns;
    return rc;
}

static void begin(struct cfk_ewma *average, double value, int64_t time_ns)
{
    average->mean = average->high = average->low = value;
    average->time = time_ns;
    average->mass = 1;
}

/* West (1979), by the share of the sample. */
static double moved_variance(const struct cfk_ewma *average, double value, double share,
                             double kept)
{
    double way = value - average->mean;
    double square = finite_or_most(way * way);

    if (share < 0.5)
        return finite_or_most(average->variance +
                              share * (kept * square - average->variance));
    return finite_or_most(kept * (average->variance + share * square));
}

static void set_extremes(struct cfk_ewma *average, double value)
{
    if (value > average->high)
        average->high = value;
    if (value < average->low)
        average->low = value;
}

/* Values of any size, also those whose differences overflow. */
static void take_large(struct cfk_ewma *average, double value, double share, double kept)
{
    average->variance = moved_variance(average, value, share, kept);
    average->mean = moved(average->mean, value, share, kept);
    average->from_zero = moved(average->from_zero, value, share, kept);
    average->seen = moved(average->seen, 1, share, kept);
    average->high = moved(average->high, average->mean, share, kept);
    average->low = moved(average->low, average->mean, share, kept);
    set_extremes(average, value);
}

static bool is_large(const struct cfk_ewma *average, double value)
{
    static const double large = 0x1p500; /* squares and differences are finite below */

    return !(fabs(value) < large && fabs(average->from_zero) < large &&
             average->high < large && average->low > -large);
}

/* The same for a share below one half and values that are not large. */
static void take_small(struct cfk_ewma *average, double value, double share)
{
    double way = value - average->mean;

    average->variance += share * ((1 - share) * way * way - average->variance);
    average->mean += share * way;
    average->from_zero += share * (value - average->from_zero);
    average->seen += share * (1 - average->seen);
    average->high += share * (average->mean - average->high);
    average->low += share * (average->mean - average->low);
    set_extremes(average, value);
}

static void take(struct cfk_ewma *average, double value, double share, uint64_t step)
{
    double kept;

    if (share < 0.5 && average->mass == 1 && !is_large(average, value)) {
        take_small(average, value, share);
        return;
    }
    kept = kept_of(share, step, average->decay);
    if (average->mass != 1) {
        average->mass = moved(average->mass, 1, share, kept);
        share /= average->mass;
        kept = 1 - share;
    }
    take_large(average, value, share, kept);
}

int cfk_ewma_add(struct cfk_ewma *average, double value, int64_t time_ns,
                 struct cfk_error *err)
{
    uint64_t step;

    if (!isfinite(value)) {
        average->rejected++;
        return cfk__fail(err, CFK_E_INVALID, "ewma: a sample has to be a finite number");
    }
    if (average->count++ == 0) {
        begin(average, value, time_ns);
        return CFK_OK;
    }
    if (time_ns < average->time) {
        average->backward++;
        return CFK_OK;
    }
    step = nanoseconds(average->time, time_ns);
    if (step != average->step) {
        average->step = step;
        average->share = share_of(step, average->decay);
    }
    average->time = time_ns;
    take(average, value, average->share, step);
    return CFK_OK;
}

double cfk_ewma_value(const struct cfk_ewma *average)
{
    return average->mean;
}

double cfk_ewma_debiased(const struct cfk_ewma *average)
{
    double value = average->seen > 0 ? average->from_zero / average->seen : 0;

    return isfinite(value) ? value : average->mean;
}

double cfk_ewma_from_zero(const struct cfk_ewma *average)
{
    return average->from_zero;
}

double cfk_ewma_variance(const struct cfk_ewma *average)
{
    return average->variance;
}

double cfk_ewma_high(const struct cfk_ewma *average)
{
    return average->high;
}

double cfk_ewma_low(const struct cfk_ewma *average)
{
    return average->low;
}

/* What time alone does: the mass shrinks, the extremes close in. */
static void age(struct cfk_ewma *average, int64_t time_ns)
{
    uint64_t step = nanoseconds(average->time, time_ns);
    double share = share_of(step, average->decay);
    double kept = kept_of(share, step, average->decay);

    average->mass *= kept;
    average->high = moved(average->high, average->mean, share, kept);
    average->low = moved(average->low, average->mean, share, kept);
    average->time = time_ns;
}

/* Of two groups: within each, and between their means. */
static double joint_variance(const struct cfk_ewma *a, const struct cfk_ewma *b,
                             double share, double kept)
{
    double way = b->mean - a->mean;
    double within = moved(a->variance, b->variance, share, kept);

    return finite_or_most(within + share * kept * finite_or_most(way * way));
}

/* Both with samples and of the same time. */
static void join(struct cfk_ewma *average, const struct cfk_ewma *add)
{
    double mass = average->mass + add->mass;
    double share = add->mass / mass;
    double kept = average->mass / mass;

    average->variance = joint_variance(average, add, share, kept);
    average->mean = moved(average->mean, add->mean, share, kept);
    average->from_zero = moved(average->from_zero, add->from_zero, share, kept);
    average->seen = moved(average->seen, add->seen, share, kept);
    average->high = add->high > average->high ? add->high : average->high;
    average->low = add->low < average->low ? add->low : average->low;
    average->mass = mass;
    average->count += add->count;
    average->backward += add->backward;
    average->rejected += add->rejected;
}

int cfk_ewma_merge(struct cfk_ewma *average, const struct cfk_ewma *other,
                   struct cfk_error *err)
{
    struct cfk_ewma add = *other;

    if (average->decay != other->decay)
        return cfk__fail(err, CFK_E_INVALID,
                         "ewma: merge wants averages of one half-life");
    if (add.count == 0) {
        average->rejected += add.rejected;
        return CFK_OK;
    }
    if (average->count == 0) {
        add.rejected += average->rejected;
        *average = add;
        return CFK_OK;
    }
    if (add.time < average->time)
        age(&add, average->time);
    else
        age(average, add.time);
    join(average, &add);
    return CFK_OK;
}

/* ---- rates ---- */

int cfk_rate_init(struct cfk_rate *rate, int64_t half_life_ns, struct cfk_error *err)
{
    int rc = check_half_life(half_life_ns, "rate", err);

    memset(rate, 0, sizeof *rate);
    if (rc == CFK_OK)
        rate->decay = LN_2 / (double)half_life_ns;
    return rc;
}

/* What is left of a rate at a later time. */
static double faded_to(const struct cfk_rate *rate, int64_t time_ns)
{
    uint64_t step = nanoseconds(rate->time, time_ns);
    double share = share_of(step, rate->decay);

    return moved(rate->rate, 0, share, kept_of(share, step, rate->decay));
}

/*
 * Many equal events would all be rounded the same way, so what rounding loses is carried
 * to the next (Kahan, 1965).
 */
static void raise_by(struct cfk_rate *rate, double change)
{
    double wanted = change + rate->carry;
    double sum = rate->rate + wanted;

    rate->carry = wanted - (sum - rate->rate);
    rate->rate = sum;
}

void cfk_rate_add(struct cfk_rate *rate, uint64_t events, int64_t time_ns)
{
    double impulse = (double)events * rate->decay;
    uint64_t step;

    if (rate->count++ == 0)
        rate->time = rate->start = time_ns;
    if (time_ns < rate->time) {
        rate->backward++;
        if (time_ns < rate->start)
            rate->start = time_ns;
        step = nanoseconds(time_ns, rate->time);
        raise_by(rate, impulse * exp(-(double)step * rate->decay));
        return;
    }
    step = nanoseconds(rate->time, time_ns);
    if (step != rate->step) {
        rate->step = step;
        rate->share = share_of(step, rate->decay);
    }
    rate->time = time_ns;
    if (rate->share < 0.5) {
        raise_by(rate, impulse - rate->share * rate->rate);
        return;
    }
    rate->rate *= exp(-(double)step * rate->decay);
    rate->carry = 0;
    raise_by(rate, impulse);
}

double cfk_rate_at(const struct cfk_rate *rate, int64_t time_ns)
{
    double now = time_ns > rate->time ? faded_to(rate, time_ns) : rate->rate;

    return now * NS_PER_SECOND;
}

double cfk_rate_debiased_at(const struct cfk_rate *rate, int64_t time_ns)
{
    int64_t now = time_ns > rate->time ? time_ns : rate->time;
    double weight = share_of(nanoseconds(rate->start, now), rate->decay);

    return weight > 0 ? cfk_rate_at(rate, now) / weight : 0;
}

int cfk_rate_merge(struct cfk_rate *rate, const struct cfk_rate *other,
                   struct cfk_error *err)
{
    struct cfk_rate add = *other;

    if (rate->decay != other->decay)
        return cfk__fail(err, CFK_E_INVALID, "rate: merge wants rates of one half-life");
    if (add.count == 0)
        return CFK_OK;
    if (rate->count == 0) {
        *rate = add;
        return CFK_OK;
    }
    if (rate->time < add.time) {
        rate->rate = faded_to(rate, add.time) + add.rate;
        rate->time = add.time;
    } else {
        rate->rate += faded_to(&add, rate->time);
    }
    if (add.start < rate->start)
        rate->start = add.start;
    rate->count += add.count;
    rate->backward += add.backward;
    return CFK_OK;
}
