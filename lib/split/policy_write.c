/* SPDX-License-Identifier: MIT */
/*
 * The canonical spelling: "and" and "or" where a gate is one of them, "k of"
 * otherwise, brackets around every gate inside another, quotes where they are
 * needed.
 */
#include "base/error.h"
#include "split/policy.h"

#include <stdio.h>
#include <string.h>

typedef struct cfk__policy_node node;

struct output {
    const cfk_policy *policy;
    struct cfk__buffer buffer;
    int rc; /* of the first failure */
};

static void put(struct output *o, const char *text)
{
    if (o->rc == CFK_OK)
        o->rc = cfk__buffer_append(&o->buffer, text, strlen(text));
}

static bool is_keyword(const char *name)
{
    static const char *const keywords[] = { "and", "or", "of" };

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        size_t j = 0;

        while (keywords[i][j] != '\0' && (name[j] | 0x20) == keywords[i][j])
            j++;
        if (keywords[i][j] == '\0' && name[j] == '\0')
            return true;
    }
    return false;
}

static bool needs_quotes(const char *name)
{
    static const char digits[] = "0123456789";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char inner[] = ".-@+";

    if (name[strspn(name, digits)] == '\0' || is_keyword(name))
        return true;
    for (const char *p = name; *p != '\0'; p++)
        if ((uint8_t)*p < 0x80 && strchr(digits, *p) == NULL &&
            strchr(plain, *p) == NULL && (p == name || strchr(inner, *p) == NULL))
            return true;
    return false;
}

static void put_name(struct output *o, const char *name)
{
    const char *quote = needs_quotes(name) ? "\"" : "";

    put(o, quote);
    put(o, name);
    put(o, quote);
}

/* "and", "or", or NULL for any other gate. */
static const char *word_of(const node *nodes, const node *gate)
{
    unsigned count = 0;

    for (uint16_t c = gate->first; c != CFK__POLICY_NONE; c = nodes[c].next, count++)
        if (nodes[c].weight != 1)
            return NULL;
    if (gate->threshold == 1)
        return " or ";
    return gate->threshold == count ? " and " : NULL;
}

/* As deep as gates are nested: CFK_POLICY_MAX_DEPTH. */
static void put_node(struct output *o, const node *n, bool outermost)
{
    const node *nodes = o->policy->nodes;
    const char *word;
    char number[16];

    if (n->first == CFK__POLICY_NONE) {
        put_name(o, o->policy->people[n->person]);
        return;
    }
    word = word_of(nodes, n);
    if (word == NULL) {
        snprintf(number, sizeof number, "%u of ", n->threshold);
        put(o, number);
    }
    if (word == NULL || !outermost)
        put(o, "(");
    for (uint16_t c = n->first; c != CFK__POLICY_NONE; c = nodes[c].next) {
        put_node(o, &nodes[c], false);
        if (nodes[c].weight != 1) {
            snprintf(number, sizeof number, "*%u", nodes[c].weight);
            put(o, number);
        }
        if (nodes[c].next != CFK__POLICY_NONE)
            put(o, word == NULL ? ", " : word);
    }
    if (word == NULL || !outermost)
        put(o, ")");
}

int cfk__policy_write(cfk_policy *policy, struct cfk_error *err)
{
    struct output o = { .policy = policy, .buffer = { .alloc = &policy->alloc } };

    put_node(&o, &policy->nodes[policy->node_count - 1], true);
    if (o.rc == CFK_OK)
        o.rc = cfk__buffer_append(&o.buffer, "", 1);
    if (o.rc != CFK_OK) {
        cfk__buffer_free(&o.buffer);
        return cfk__fail(err, o.rc, "split: no memory for a policy");
    }
    policy->text = (char *)o.buffer.data;
    return CFK_OK;
}
