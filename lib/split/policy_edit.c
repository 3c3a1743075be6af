/* SPDX-License-Identifier: MIT */
/*
 * Policies with a person more or less: written out as "k of (...)" with that
 * change, then read as any other.
 */
#include "base/error.h"
#include "split/policy.h"

#include <stdio.h>
#include <string.h>

typedef struct cfk__policy_node node;

struct edit {
    const cfk_policy *policy;
    uint16_t leave_out; /* a person, or CFK__POLICY_NONE */
    struct cfk__buffer buffer;
    int rc; /* of the first failure */
};

static void put(struct edit *e, const char *text)
{
    if (e->rc == CFK_OK)
        e->rc = cfk__buffer_append(&e->buffer, text, strlen(text));
}

static void put_name(struct edit *e, const char *name)
{
    put(e, "\"");
    put(e, name);
    put(e, "\"");
}

static bool is_gate(const node *n)
{
    return n->first != CFK__POLICY_NONE;
}

/* As deep as gates are nested: CFK_POLICY_MAX_DEPTH. The name is NULL or one more. */
static void put_node(struct edit *e, const node *n, const char *name)
{
    const node *nodes = e->policy->nodes;
    const char *between = "";
    char number[24];

    if (!is_gate(n)) {
        put_name(e, e->policy->people[n->person]);
        return;
    }
    snprintf(number, sizeof number, "%u of (", n->threshold);
    put(e, number);
    for (uint16_t c = n->first; c != CFK__POLICY_NONE; c = nodes[c].next) {
        if (!is_gate(&nodes[c]) && nodes[c].person == e->leave_out)
            continue;
        put(e, between);
        put_node(e, &nodes[c], NULL);
        snprintf(number, sizeof number, "*%u", nodes[c].weight);
        if (nodes[c].weight != 1)
            put(e, number);
        between = ", ";
    }
    if (name != NULL) {
        put(e, between);
        put_name(e, name);
    }
    put(e, ")");
}

static int finish(struct edit *e, const struct cfk_policy_options *opts, cfk_policy **out,
                  struct cfk_error *err)
{
    int rc = e->rc;

    if (rc == CFK_OK)
        rc = cfk_policy_parse((const char *)e->buffer.data, e->buffer.size, opts, out,
                              err);
    else
        rc = cfk__fail(err, rc, "split: no memory for a policy");
    cfk__buffer_free(&e->buffer);
    return rc;
}

static const node *root_of(const cfk_policy *policy)
{
    return &policy->nodes[policy->node_count - 1];
}

static bool is_plain(const cfk_policy *policy)
{
    const node *nodes = policy->nodes;

    for (uint16_t c = root_of(policy)->first; c != CFK__POLICY_NONE; c = nodes[c].next)
        if (is_gate(&nodes[c]) || nodes[c].weight != 1)
            return false;
    return is_gate(root_of(policy));
}

int cfk_policy_with(const cfk_policy *policy, const char *name,
                    const struct cfk_policy_options *opts, cfk_policy **out,
                    struct cfk_error *err)
{
    struct edit e = { .policy = policy,
                      .leave_out = CFK__POLICY_NONE,
                      .buffer = { .alloc = &policy->alloc } };
    const char *why;

    *out = NULL;
    if (!cfk__name_ok(name, strlen(name), &why))
        return cfk__fail(err, CFK_E_INVALID, "split: the name %s", why);
    if (cfk__policy_find(policy, name, strlen(name)) != CFK__POLICY_NONE)
        return cfk__fail(err, CFK_E_EXISTS, "split: the policy has '%.64s' already",
                         name);
    if (!is_plain(policy))
        return cfk__fail(err, CFK_E_INVALID,
                         "split: the policy %.120s has gates or weights: write a new one",
                         policy->text);
    put_node(&e, root_of(policy), name);
    return finish(&e, opts, out, err);
}

int cfk_policy_without(const cfk_policy *policy, const char *name,
                       const struct cfk_policy_options *opts, cfk_policy **out,
                       struct cfk_error *err)
{
    struct edit e = { .policy = policy,
                      .leave_out = cfk__policy_find(policy, name, strlen(name)),
                      .buffer = { .alloc = &policy->alloc } };
    int rc;

    *out = NULL;
    if (e.leave_out == CFK__POLICY_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "split: the policy has nobody named '%.64s'", name);
    put_node(&e, root_of(policy), NULL);
    rc = finish(&e, opts, out, err);
    if (rc == CFK_E_INVALID && (opts == NULL || opts->size >= sizeof opts->size))
        return cfk__fail(
            err, rc,
            "split: without '%.64s' nobody could meet the policy %.80s: write "
            "a new one",
            name, policy->text);
    return rc;
}
