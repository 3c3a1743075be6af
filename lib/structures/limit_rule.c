/* SPDX-License-Identifier: MIT */
/*
 * Rules, and limits in cells of the caller's. A cell is the time at which its
 * bucket is full again, in whole nanoseconds since the least int64_t, so that a
 * zero cell is a full bucket at any time.
 */
#include "structures/limit_rule.h"

#include "base/error.h"

static const int64_t DEFAULT_PERIOD_NS = 1000000000;
static const uint64_t MOST_BURST = INT32_MAX;

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/*
 * The same rule in units of 1 / events of a nanosecond, the period rounded up.
 * Both numbers of events are below 2^32, so no product overflows.
 */
static void set_units(struct cfk_limit_rule *rule, uint64_t events)
{
    uint64_t rest = rule->period % rule->events * events;

    rule->period = rule->period / rule->events * events + rest / rule->events +
                   (rest % rule->events > 0);
    rule->events = events;
}

static int set_rate(struct cfk_limit_rule *rule, uint64_t events, int64_t period_ns,
                    uint64_t burst, struct cfk_error *err)
{
    uint64_t common;

    if (events == 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: events per period have to be set");
    if (period_ns < 0)
        return cfk__fail(err, CFK_E_INVALID, "limit: the period has to be above 0");
    if (period_ns == 0)
        period_ns = DEFAULT_PERIOD_NS;
    common = greatest_common_divisor(events, (uint64_t)period_ns);
    rule->events = events / common;
    rule->period = (uint64_t)period_ns / common;
    rule->burst = burst != 0 ? burst : events;
    if (rule->events > UINT32_MAX)
        return cfk__fail(err, CFK_E_INVALID,
                         "limit: %llu events in %lld ns cannot be told apart; use fewer",
                         (unsigned long long)events, (long long)period_ns);
    if (rule->burst > MOST_BURST)
        return cfk__fail(err, CFK_E_INVALID, "limit: a burst of %llu; %llu is the most",
                         (unsigned long long)rule->burst, (unsigned long long)MOST_BURST);
    return CFK_OK;
}

static int set_depth(struct cfk_limit_rule *rule, struct cfk_error *err)
{
    uint64_t longest = CFK__LIMIT_DEEPEST / rule->burst;

    if (rule->period > longest) {
        if (rule->period / rule->events >= longest)
            return cfk__fail(err, CFK_E_INVALID,
                             "limit: a burst of %llu would take over 146 years to refill",
                             (unsigned long long)rule->burst);
        set_units(rule, longest / (rule->period / rule->events + 1));
    }
    rule->depth = rule->burst * rule->period;
    return CFK_OK;
}

int cfk__limit_rule(struct cfk_limit_rule *rule, uint64_t events, int64_t period_ns,
                    uint64_t burst, struct cfk_error *err)
{
    int rc = set_rate(rule, events, period_ns, burst, err);

    return rc == CFK_OK ? set_depth(rule, err) : rc;
}

int cfk_limit_rule_init(struct cfk_limit_rule *rule, uint64_t events, int64_t period_ns,
                        uint64_t burst, struct cfk_error *err)
{
    struct cfk_limit_rule made = { 0 };
    int rc = set_rate(&made, events, period_ns, burst, err);

    *rule = (struct cfk_limit_rule){ 0 };
    if (rc != CFK_OK)
        return rc;
    set_units(&made, 1);
    rc = set_depth(&made, err);
    if (rc == CFK_OK)
        *rule = made;
    return rc;
}

/* Near the end of time the clock stands still, so that no cell overflows. */
int cfk_limit_cell_next(const struct cfk_limit_rule *rule, uint64_t cell, uint64_t cost,
                        int64_t now_ns, uint64_t *next, int64_t *retry_ns)
{
    uint64_t now = (uint64_t)now_ns ^ UINT64_C(1) << 63;
    uint64_t last = UINT64_MAX - rule->depth - 1;
    uint64_t debt;
    int64_t unasked;
    bool pass;

    if (now > last)
        now = last;
    debt = cfk__limit_debt(rule, cfk__limit_deepest(rule), cell > now ? cell - now : 0);
    pass = cfk__limit_charge(rule, &debt, cost, retry_ns != NULL ? retry_ns : &unasked);
    *next = cost > 0 && cost <= rule->burst ? now + debt : cell;
    return pass ? CFK_LIMIT_PASS : CFK_LIMIT_DENY;
}

int cfk_limit_cell_take(const struct cfk_limit_rule *rule, uint64_t *cell, uint64_t cost,
                        int64_t now_ns, int64_t *retry_ns)
{
    uint64_t before = __atomic_load_n(cell, __ATOMIC_RELAXED);
    uint64_t next;
    int verdict;

    do {
        verdict = cfk_limit_cell_next(rule, before, cost, now_ns, &next, retry_ns);
    } while (next != before &&
             !__atomic_compare_exchange_n(cell, &before, next, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return verdict;
}
