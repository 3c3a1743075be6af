/* SPDX-License-Identifier: MIT */
/* Questions to a policy. Children stand before their gate: loops, no recursion. */
#include "split/policy.h"

#include <string.h>

typedef struct cfk__policy_node node;

static bool is_gate(const node *n)
{
    return n->first != CFK__POLICY_NONE;
}

/* met[i] for each node. */
static void evaluate(const cfk_policy *policy, const bool *have, bool *met)
{
    const node *nodes = policy->nodes;

    for (uint16_t i = 0; i < policy->node_count; i++) {
        unsigned sum = 0;

        if (!is_gate(&nodes[i])) {
            met[i] = have[nodes[i].person];
            continue;
        }
        for (uint16_t c = nodes[i].first; c != CFK__POLICY_NONE; c = nodes[c].next)
            sum += met[c] ? nodes[c].weight : 0u;
        met[i] = sum >= nodes[i].threshold;
    }
}

bool cfk__policy_met(const cfk_policy *policy, const bool *have)
{
    bool met[CFK__POLICY_MAX_NODES];

    evaluate(policy, have, met);
    return met[policy->node_count - 1];
}

/* --- the cheapest people --- */

/* What it costs to reach each sum of weights, and the children that do it. */
struct table {
    uint64_t cost[CFK_POLICY_MAX_WEIGHT + 1]; /* [0 .. threshold] */
    uint8_t taken[CFK_POLICY_MAX_WEIGHT][(CFK_POLICY_MAX_WEIGHT + 8) / 8];
};

static uint64_t capped(uint64_t cost)
{
    return cost < CFK__POLICY_NEVER ? cost : CFK__POLICY_NEVER;
}

/* Children in order, and for each whether it is worth its cost at each sum. */
static uint64_t fill_table(const node *nodes, const node *gate, const uint64_t *costs,
                           struct table *t)
{
    unsigned child = 0;

    memset(t->taken, 0, sizeof t->taken);
    t->cost[0] = 0;
    for (unsigned sum = 1; sum <= gate->threshold; sum++)
        t->cost[sum] = CFK__POLICY_NEVER;
    for (uint16_t c = gate->first; c != CFK__POLICY_NONE; c = nodes[c].next, child++) {
        for (unsigned sum = gate->threshold; sum > 0; sum--) {
            unsigned rest = sum > nodes[c].weight ? sum - nodes[c].weight : 0;
            uint64_t with = capped(t->cost[rest] + costs[c]);

            if (with >= t->cost[sum])
                continue;
            t->cost[sum] = with;
            t->taken[child][sum / 8] |= (uint8_t)(1u << sum % 8);
        }
    }
    return t->cost[gate->threshold];
}

/* Mark the children that the table chose, from the last back to the first. */
static void mark_chosen(const node *nodes, const node *gate, const struct table *t,
                        bool *chosen)
{
    uint16_t children[CFK_POLICY_MAX_WEIGHT];
    unsigned count = 0;
    unsigned sum = gate->threshold;

    for (uint16_t c = gate->first; c != CFK__POLICY_NONE; c = nodes[c].next)
        children[count++] = c;
    while (count-- > 0 && sum > 0) {
        if (!(t->taken[count][sum / 8] >> sum % 8 & 1))
            continue;
        chosen[children[count]] = true;
        sum -= sum > nodes[children[count]].weight ? nodes[children[count]].weight : sum;
    }
}

/* A person in several places may have been taken for nothing: leave out who can be. */
static void prune(const cfk_policy *policy, const uint32_t *cost, bool *take)
{
    for (size_t i = policy->people_count; i-- > 0;) {
        if (!take[i] || cost[i] == 0)
            continue;
        take[i] = false;
        take[i] = !cfk__policy_met(policy, take);
    }
}

bool cfk__policy_choose(const cfk_policy *policy, const uint32_t *cost, bool *take)
{
    const node *nodes = policy->nodes;
    uint64_t costs[CFK__POLICY_MAX_NODES];
    bool chosen[CFK__POLICY_MAX_NODES] = { false };
    struct table table;
    uint16_t root = (uint16_t)(policy->node_count - 1);

    for (size_t i = 0; i < policy->people_count; i++)
        take[i] = cost[i] == 0;
    for (uint16_t i = 0; i <= root; i++)
        costs[i] = is_gate(&nodes[i]) ? fill_table(nodes, &nodes[i], costs, &table)
                                      : cost[nodes[i].person];
    if (costs[root] >= CFK__POLICY_NEVER)
        return false;
    chosen[root] = true;
    for (uint16_t i = root + 1u; i-- > 0;) {
        if (!chosen[i])
            continue;
        if (is_gate(&nodes[i])) {
            fill_table(nodes, &nodes[i], costs, &table);
            mark_chosen(nodes, &nodes[i], &table, chosen);
        } else {
            take[nodes[i].person] = true;
        }
    }
    prune(policy, cost, take);
    return true;
}

/* --- who could help --- */

/*
 * Whether a child that is not met can decide its gate: with some of the others
 * that are not met either, the sum without it is below the threshold and with
 * it is not.
 */
static bool decides(const node *nodes, const node *gate, uint16_t child, const bool *met)
{
    bool reached[CFK_POLICY_MAX_WEIGHT + 1] = { false }; /* sums below the threshold */
    unsigned there = 0;

    for (uint16_t c = gate->first; c != CFK__POLICY_NONE; c = nodes[c].next)
        there += met[c] ? nodes[c].weight : 0u;
    reached[there] = true;
    for (uint16_t c = gate->first; c != CFK__POLICY_NONE; c = nodes[c].next) {
        if (met[c] || c == child)
            continue;
        for (unsigned sum = gate->threshold; sum-- > nodes[c].weight;)
            reached[sum] = reached[sum] || reached[sum - nodes[c].weight];
    }
    for (unsigned sum = there; sum < gate->threshold; sum++)
        if (reached[sum] && sum + nodes[child].weight >= gate->threshold)
            return true;
    return false;
}

void cfk__policy_helpers(const cfk_policy *policy, const bool *have, bool *help)
{
    const node *nodes = policy->nodes;
    bool met[CFK__POLICY_MAX_NODES];
    bool useful[CFK__POLICY_MAX_NODES] = { false };
    uint16_t root = (uint16_t)(policy->node_count - 1);

    memset(help, 0, CFK_POLICY_MAX_PEOPLE * sizeof *help);
    evaluate(policy, have, met);
    useful[root] = !met[root];
    for (uint16_t i = root + 1u; i-- > 0;) {
        if (!useful[i])
            continue;
        if (!is_gate(&nodes[i]))
            help[nodes[i].person] = true;
        for (uint16_t c = nodes[i].first; c != CFK__POLICY_NONE; c = nodes[c].next)
            useful[c] = !met[c] && decides(nodes, &nodes[i], c, met);
    }
}
