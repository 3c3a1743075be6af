/* SPDX-License-Identifier: MIT */
/*
 * Forward decay (Cormode, Shkapenyuk, Srivastava and Xu, 2009): nothing that is
 * stored decays; an event adds its weight times 2 to the half-lives between the
 * landmark and it. All amounts keep their order, and one power a distinct time is
 * all it costs. When amounts become large, the landmark moves to the present.
 */
#include "structures/topk.h"

#include <math.h>

static const double MOST_HALF_LIVES = 400; /* between landmark and present */

/* Times are exact to 1e-13 by then, so that 3 may be 3.0000000000001. */
static const double SLACK = 4e-13;

static double half_lives(int64_t half_life, int64_t from, int64_t to)
{
    if (to < from)
        return -half_lives(half_life, to, from);
    return (double)((uint64_t)to - (uint64_t)from) / (double)half_life;
}

double cfk__topk_decay(int64_t half_life, int64_t from, int64_t to)
{
    return exp2(-half_lives(half_life, from, to));
}

static uint64_t scaled(uint64_t amount, double factor)
{
    return cfk__topk_amount(cfk__topk_real(amount) * factor);
}

void cfk__topk_scale(cfk_topk *top, double factor)
{
    for (uint32_t i = 0; i < top->used; i++) {
        struct cfk__topk_counter *counter = &top->counters[i];

        counter->count = scaled(counter->count, factor);
        counter->error = scaled(counter->error, factor);
        counter->noise = scaled(counter->noise, factor);
    }
    for (size_t i = 0; i < cfk__topk_cell_count(top); i++)
        top->wide[i] = scaled(top->wide[i], factor);
    top->noise = scaled(top->noise, factor);
    top->offset = scaled(top->offset, factor);
    top->total = scaled(top->total, factor);
    cfk__topk_forget_least(top);
}

static void start(cfk_topk *top, int64_t now)
{
    top->started = true;
    top->landmark = now;
    top->latest = now;
    top->factor_time = now;
    top->factor = 1;
}

static void move_landmark(cfk_topk *top, int64_t now)
{
    cfk__topk_scale(top, cfk__topk_decay(top->half_life, top->landmark, now));
    top->landmark = now;
}

uint64_t cfk__topk_weigh(cfk_topk *top, uint64_t weight, int64_t now)
{
    if (weight == 0)
        return 0;
    if (!top->started)
        start(top, now);
    if (now != top->factor_time) {
        if (half_lives(top->half_life, top->landmark, now) > MOST_HALF_LIVES)
            move_landmark(top, now);
        top->factor = exp2(half_lives(top->half_life, top->landmark, now));
        top->factor_time = now;
    }
    if (now > top->latest)
        top->latest = now;
    return cfk__topk_amount((double)weight * top->factor);
}

double cfk__topk_factor_at(const cfk_topk *top, int64_t now)
{
    if (!cfk__topk_decays(top) || !top->started)
        return 1;
    return cfk__topk_decay(top->half_life, top->landmark,
                           now > top->latest ? now : top->latest);
}

double cfk__topk_rate_of_one(const cfk_topk *top)
{
    return log(2) * 1e9 / (double)top->half_life;
}

uint64_t cfk__topk_weight(const cfk_topk *top, uint64_t amount, double factor,
                          enum cfk__topk_rounding rounding)
{
    double weight;
    double nearest;

    if (!cfk__topk_decays(top))
        return amount;
    weight = cfk__topk_real(amount) * factor;
    nearest = rint(weight);
    if (fabs(weight - nearest) > weight * SLACK) {
        if (rounding == CFK__TOPK_DOWN)
            nearest = floor(weight);
        else if (rounding == CFK__TOPK_UP)
            nearest = ceil(weight);
    }
    return nearest < 0x1p64 ? (uint64_t)nearest : UINT64_MAX;
}
