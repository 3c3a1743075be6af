/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of GCRA, the same for every form of a limit. An event costs
 * period units of time, a unit being 1 / events of a nanosecond. The debt of a
 * bucket is the time until it is full again, in units: 0 when it is full, depth
 * when it is empty.
 */
#ifndef CFK_STRUCTURES_LIMIT_RULE_H
#define CFK_STRUCTURES_LIMIT_RULE_H

#include "cfkit/limit.h"

#include <stdbool.h>

/* No debt is deeper, in units. */
#define CFK__LIMIT_DEEPEST (UINT64_C(1) << 62)

/*
 * The rule of so many events every period_ns (0: a second), burst at once (0: as
 * many as events). Exact where burst * period is at most CFK__LIMIT_DEEPEST in
 * lowest terms; else the cost of an event is rounded up by less than 1 / 2^30 of
 * it. CFK_OK or CFK_E_INVALID.
 */
int cfk__limit_rule(struct cfk_limit_rule *rule, uint64_t events, int64_t period_ns,
                    uint64_t burst, struct cfk_error *err);

/*
 * What a debt that was found counts as. Above the depth, the clock is behind one that
 * was seen before. By less than a second: a thread was late, and the bucket is as it is.
 * By more: the clock went back, and the bucket is empty, no worse.
 */
static inline uint64_t cfk__limit_debt(const struct cfk_limit_rule *rule,
                                       uint64_t deepest, uint64_t debt)
{
    return debt <= deepest ? debt : rule->depth;
}

/* The debt up to which only a thread was late. */
static inline uint64_t cfk__limit_deepest(const struct cfk_limit_rule *rule)
{
    const uint64_t second = 1000000000;

    return rule->depth + (rule->events < CFK__LIMIT_DEEPEST / 2 / second
                              ? rule->events * second
                              : CFK__LIMIT_DEEPEST / 2);
}

/*
 * Add a cost to a debt, and true; or leave it, and false, with the time
 * after which it would be true.
 */
static inline bool cfk__limit_charge(const struct cfk_limit_rule *rule, uint64_t *debt,
                                     uint64_t cost, int64_t *retry_ns)
{
    uint64_t after;

    if (cost > rule->burst) {
        *retry_ns = CFK_LIMIT_NEVER;
        return false;
    }
    after = *debt + cost * rule->period;
    if (after > rule->depth && cost > 0) {
        after -= rule->depth;
        *retry_ns = (int64_t)(after / rule->events + (after % rule->events > 0));
        return false;
    }
    *retry_ns = 0;
    *debt = after;
    return true;
}

#endif
