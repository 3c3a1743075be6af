/* SPDX-License-Identifier: MIT */
/* Policies where split is configured out. */
#include "base/error.h"
#include "cfkit/policy.h"

int cfk_policy_parse(const char *text, size_t len, const struct cfk_policy_options *opts,
                     cfk_policy **out, struct cfk_error *err)
{
    (void)text;
    (void)len;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

void cfk_policy_free(cfk_policy *policy)
{
    (void)policy;
}

const char *cfk_policy_text(const cfk_policy *policy)
{
    (void)policy;
    return "";
}

size_t cfk_policy_people(const cfk_policy *policy)
{
    (void)policy;
    return 0;
}

const char *cfk_policy_person(const cfk_policy *policy, size_t index)
{
    (void)policy;
    (void)index;
    return NULL;
}

int cfk_policy_satisfied(const cfk_policy *policy, const char *const *names, size_t count)
{
    (void)policy;
    (void)names;
    (void)count;
    return 0;
}

size_t cfk_policy_missing(const cfk_policy *policy, const char *const *names,
                          size_t count, const char **missing)
{
    (void)policy;
    (void)names;
    (void)count;
    (void)missing;
    return 0;
}

size_t cfk_policy_helpers(const cfk_policy *policy, const char *const *names,
                          size_t count, const char **helpers)
{
    (void)policy;
    (void)names;
    (void)count;
    (void)helpers;
    return 0;
}

int cfk_policy_with(const cfk_policy *policy, const char *name,
                    const struct cfk_policy_options *opts, cfk_policy **out,
                    struct cfk_error *err)
{
    (void)policy;
    (void)name;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}

int cfk_policy_without(const cfk_policy *policy, const char *name,
                       const struct cfk_policy_options *opts, cfk_policy **out,
                       struct cfk_error *err)
{
    (void)policy;
    (void)name;
    (void)opts;
    *out = NULL;
    return cfk__fail_absent(err, "split");
}
