/* SPDX-License-Identifier: MIT */
#include "split/policy.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <string.h>

/* The two-person rule: nobody meets it alone. */
static int check_nobody_alone(const cfk_policy *policy, struct cfk_error *err)
{
    bool have[CFK_POLICY_MAX_PEOPLE] = { false };
    bool met = false;

    for (size_t i = 0; i < policy->people_count; i++) {
        have[i] = true;
        met = cfk__policy_met(policy, have);
        have[i] = false;
        if (met)
            return cfk__fail(err, CFK_E_ONE_PERSON,
                             "split: '%s' alone would meet the policy; it wants two "
                             "people, unless that is allowed",
                             policy->people[i]);
    }
    return CFK_OK;
}

int cfk_policy_parse(const char *text, size_t len, const struct cfk_policy_options *opts,
                     cfk_policy **out, struct cfk_error *err)
{
    struct cfk_policy_options o;
    cfk_policy *policy;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    policy = cfk__calloc(o.alloc, 1, sizeof *policy);
    if (policy == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a policy");
    policy->alloc = *cfk__alloc_or_default(o.alloc);
    rc = cfk__policy_read(policy, text, len, err);
    if (rc == CFK_OK && o.allow_single == 0)
        rc = check_nobody_alone(policy, err);
    if (rc == CFK_OK)
        rc = cfk__policy_write(policy, err);
    if (rc != CFK_OK) {
        cfk_policy_free(policy);
        return rc;
    }
    *out = policy;
    return CFK_OK;
}

void cfk_policy_free(cfk_policy *policy)
{
    struct cfk_alloc alloc;

    if (policy == NULL)
        return;
    alloc = policy->alloc;
    cfk__free(&alloc, policy->nodes);
    cfk__free(&alloc, policy->names);
    cfk__free(&alloc, policy->text);
    cfk__free(&alloc, policy);
}

const char *cfk_policy_text(const cfk_policy *policy)
{
    return policy->text;
}

size_t cfk_policy_people(const cfk_policy *policy)
{
    return policy->people_count;
}

const char *cfk_policy_person(const cfk_policy *policy, size_t index)
{
    return index < policy->people_count ? policy->people[index] : NULL;
}

uint16_t cfk__policy_find(const cfk_policy *policy, const char *name, size_t size)
{
    for (uint16_t i = 0; i < policy->people_count; i++)
        if (strlen(policy->people[i]) == size &&
            memcmp(policy->people[i], name, size) == 0)
            return i;
    return CFK__POLICY_NONE;
}

/* have[index] of those who are named. */
static void mark(const cfk_policy *policy, const char *const *names, size_t count,
                 bool *have)
{
    memset(have, 0, CFK_POLICY_MAX_PEOPLE * sizeof *have);
    for (size_t i = 0; i < count; i++) {
        uint16_t person = cfk__policy_find(policy, names[i], strlen(names[i]));

        if (person != CFK__POLICY_NONE)
            have[person] = true;
    }
}

/* The names of those who are marked. */
static size_t list(const cfk_policy *policy, const bool *marked, const char **names)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->people_count; i++)
        if (marked[i])
            names[count++] = policy->people[i];
    return count;
}

int cfk_policy_satisfied(const cfk_policy *policy, const char *const *names, size_t count)
{
    bool have[CFK_POLICY_MAX_PEOPLE];

    mark(policy, names, count, have);
    return cfk__policy_met(policy, have);
}

size_t cfk_policy_missing(const cfk_policy *policy, const char *const *names,
                          size_t count, const char **missing)
{
    bool have[CFK_POLICY_MAX_PEOPLE];
    bool take[CFK_POLICY_MAX_PEOPLE];
    uint32_t cost[CFK_POLICY_MAX_PEOPLE];

    mark(policy, names, count, have);
    for (size_t i = 0; i < policy->people_count; i++)
        cost[i] = !have[i];
    cfk__policy_choose(policy, cost, take);
    for (size_t i = 0; i < policy->people_count; i++)
        take[i] = take[i] && !have[i];
    return list(policy, take, missing);
}

size_t cfk_policy_helpers(const cfk_policy *policy, const char *const *names,
                          size_t count, const char **helpers)
{
    bool have[CFK_POLICY_MAX_PEOPLE];
    bool help[CFK_POLICY_MAX_PEOPLE];

    mark(policy, names, count, have);
    cfk__policy_helpers(policy, have, help);
    return list(policy, help, helpers);
}
