/* SPDX-License-Identifier: MIT */
/*
 * Policies: what is accepted has a canonical spelling that reads as itself, its
 * people together meet it, nobody does not, and its answers are true.
 */
#include "fuzz.h"
#include "split/policy.h"

#include <stdlib.h>
#include <string.h>

static const struct cfk_policy_options single = { .size = sizeof single,
                                                  .allow_single = 1 };

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void check_people(const cfk_policy *policy)
{
    const char *names[2 * CFK_POLICY_MAX_PEOPLE];
    size_t people = cfk_policy_people(policy);
    size_t missing;

    demand(people >= 1 && people <= CFK_POLICY_MAX_PEOPLE);
    missing = cfk_policy_missing(policy, NULL, 0, names);
    demand(missing >= 1 && cfk_policy_satisfied(policy, names, missing));
    demand(!cfk_policy_satisfied(policy, names, missing - 1));
    demand(cfk_policy_helpers(policy, NULL, 0, names) >= missing);
    for (size_t i = 0; i < people; i++)
        names[i] = cfk_policy_person(policy, i);
    demand(cfk_policy_satisfied(policy, names, people));
    demand(!cfk_policy_satisfied(policy, NULL, 0));
    demand(cfk_policy_helpers(policy, names, people, names + people) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cfk_policy *policy;
    cfk_policy *again;
    const char *text;

    if (cfk_policy_parse((const char *)data, size, &single, &policy, NULL) != CFK_OK)
        return 0;
    text = cfk_policy_text(policy);
    demand(cfk_policy_parse(text, strlen(text), &single, &again, NULL) == CFK_OK);
    demand(strcmp(cfk_policy_text(again), text) == 0);
    demand(cfk_policy_people(again) == cfk_policy_people(policy));
    check_people(policy);
    cfk_policy_free(again);
    cfk_policy_free(policy);
    return 0;
}
