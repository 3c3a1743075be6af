/* SPDX-License-Identifier: MIT */
/*
 * A policy inside: its nodes in an array, children before their gate, so that
 * every question is a loop over the array, and the last node is the root.
 */
#ifndef CFK_SPLIT_POLICY_H
#define CFK_SPLIT_POLICY_H

#include "base/bytes.h"
#include "cfkit/policy.h"

#define CFK__POLICY_NONE UINT16_MAX

enum {
    CFK__POLICY_MAX_NODES = 2 * CFK_POLICY_MAX_LEAVES, /* a gate has two children */
    CFK__POLICY_MAX_BRACKETS = 32,                     /* in the text */
};

/* A gate where it has a first child, else a person. */
struct cfk__policy_node {
    uint16_t first;  /* child, or CFK__POLICY_NONE */
    uint16_t next;   /* sibling, or CFK__POLICY_NONE */
    uint16_t person; /* index of a name */
    uint16_t leaves; /* names below, as often as weights say; 1 for a person */
    uint8_t threshold;
    uint8_t weight; /* in the gate above */
    uint8_t depth;  /* gates from here down */
};

struct cfk_policy {
    struct cfk_alloc alloc;
    struct cfk__policy_node *nodes; /* CFK__POLICY_MAX_NODES or fewer have room */
    uint16_t node_count;
    uint16_t node_capacity;
    uint16_t people_count;
    const char *people[CFK_POLICY_MAX_PEOPLE]; /* into names */
    char *names;
    char *text;
};

/* Fill an empty policy, whose alloc is set, from text. What cfk_policy_parse() returns.
 */
int cfk__policy_read(cfk_policy *policy, const char *text, size_t len,
                     struct cfk_error *err);

/* Set policy->text. CFK_OK or CFK_E_NOMEM. */
int cfk__policy_write(cfk_policy *policy, struct cfk_error *err);

/* Index of a name among the people, or CFK__POLICY_NONE. */
uint16_t cfk__policy_find(const cfk_policy *policy, const char *name, size_t size);

/* Whether people with have[index] set meet the policy. */
bool cfk__policy_met(const cfk_policy *policy, const bool *have);

#define CFK__POLICY_NEVER UINT32_MAX

/*
 * Choose people who meet the policy at little cost: cost[index] each, not over
 * 65536, or CFK__POLICY_NEVER for one who cannot be had. Sets take[index].
 * None of those taken could be left out, but for those who cost nothing. False
 * where it cannot be met.
 */
bool cfk__policy_choose(const cfk_policy *policy, const uint32_t *cost, bool *take);

/* Set help[index] of those without have[index] who could bring the policy nearer. */
void cfk__policy_helpers(const cfk_policy *policy, const bool *have, bool *help);

/*
 * Whether the bytes may be a person's name. If not, *why tells in words that
 * continue "the name ".
 */
bool cfk__name_ok(const char *name, size_t size, const char **why);

#endif
