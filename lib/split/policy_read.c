/* SPDX-License-Identifier: MIT */
/*
 * The language of policies.
 *
 *     either  = both *( or both )            or:  "or" | "|"
 *     both    = one *( and one )             and: "and" | "&"
 *     one     = name | gate | "(" either ")"
 *     gate    = number "of" "(" member *( "," member ) ")"
 *             | "(" number "," member *( "," member ) ")"
 *     member  = either [ "*" number ]        the weight stands behind a single "one"
 */
#include "base/alloc.h"
#include "split/policy.h"
#include "split/policy_lex.h"

#include <string.h>

struct parser {
    struct cfk__lexer lex;
    cfk_policy *policy;
    bool infix; /* the expression read last has an "and" or "or" of its own */
    unsigned brackets;
    unsigned leaves;
    size_t names_size;
};

/* Children of a gate in the making. */
struct members {
    size_t start;
    uint16_t first;
    uint16_t last;
    unsigned count;
    unsigned weight; /* together */
};

static int expect(struct parser *p, enum cfk__token token, const char *wanted)
{
    return p->lex.token == token ? cfk__lex_next(&p->lex)
                                 : cfk__lex_unexpected(&p->lex, wanted);
}

/* --- nodes --- */

static int add_node(struct parser *p, struct cfk__policy_node node, uint16_t *out)
{
    cfk_policy *policy = p->policy;

    if (policy->node_count == policy->node_capacity) {
        uint16_t capacity =
            (uint16_t)(policy->node_capacity == 0 ? 16 : 2 * policy->node_capacity);
        void *nodes =
            cfk__realloc(&policy->alloc, policy->nodes, capacity, sizeof *policy->nodes);

        if (nodes == NULL)
            return cfk__fail(p->lex.err, CFK_E_NOMEM, "split: no memory for a policy");
        policy->nodes = nodes;
        policy->node_capacity = capacity;
    }
    *out = policy->node_count++;
    policy->nodes[*out] = node;
    return CFK_OK;
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool same_but_for_case(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return a[size] == '\0';
}

/* A name that is new to the policy: copy it. */
static int add_person(struct parser *p, uint16_t *out)
{
    cfk_policy *policy = p->policy;
    char *copy = policy->names + p->names_size;
    const char *why;

    if (!cfk__name_ok(p->lex.word, p->lex.word_size, &why))
        return cfk__lex_refuse(&p->lex, CFK_E_INVALID, p->lex.start, "the name %s", why);
    for (uint16_t i = 0; i < policy->people_count; i++)
        if (strlen(policy->people[i]) == p->lex.word_size &&
            same_but_for_case(policy->people[i], p->lex.word, p->lex.word_size))
            return cfk__lex_refuse(&p->lex, CFK_E_INVALID, p->lex.start,
                                   "'%.*s' and '%s' differ in case alone",
                                   (int)p->lex.word_size, p->lex.word, policy->people[i]);
    if (policy->people_count == CFK_POLICY_MAX_PEOPLE)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, p->lex.start, "more than %d people",
                               CFK_POLICY_MAX_PEOPLE);
    memcpy(copy, p->lex.word, p->lex.word_size);
    copy[p->lex.word_size] = '\0';
    p->names_size += p->lex.word_size + 1;
    *out = policy->people_count++;
    policy->people[*out] = copy;
    return CFK_OK;
}

static int add_leaf(struct parser *p, uint16_t *out)
{
    struct cfk__policy_node leaf = {
        .first = CFK__POLICY_NONE, .next = CFK__POLICY_NONE, .leaves = 1, .weight = 1
    };
    int rc = CFK_OK;

    if (p->leaves++ == CFK_POLICY_MAX_LEAVES)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, p->lex.start, "more than %d names",
                               CFK_POLICY_MAX_LEAVES);
    leaf.person = cfk__policy_find(p->policy, p->lex.word, p->lex.word_size);
    if (leaf.person == CFK__POLICY_NONE)
        rc = add_person(p, &leaf.person);
    if (rc == CFK_OK)
        rc = add_node(p, leaf, out);
    return rc == CFK_OK ? cfk__lex_next(&p->lex) : rc;
}

/* --- gates --- */

/* A person twice in one gate counts once and is meant otherwise. */
static int check_duplicate(struct parser *p, const struct members *members,
                           const struct cfk__policy_node *node, size_t offset)
{
    const struct cfk__policy_node *nodes = p->policy->nodes;

    if (node->first != CFK__POLICY_NONE)
        return CFK_OK;
    for (uint16_t i = members->first; i != CFK__POLICY_NONE; i = nodes[i].next)
        if (nodes[i].first == CFK__POLICY_NONE && nodes[i].person == node->person)
            return cfk__lex_refuse(
                &p->lex, CFK_E_INVALID, offset,
                "'%s' is twice in one gate; '*2' behind it gives it more weight",
                p->policy->people[node->person]);
    return CFK_OK;
}

static int add_member(struct parser *p, struct members *members, uint16_t child,
                      size_t offset)
{
    struct cfk__policy_node *nodes = p->policy->nodes;
    int rc = check_duplicate(p, members, &nodes[child], offset);

    if (rc != CFK_OK)
        return rc;
    members->weight += nodes[child].weight;
    if (members->weight > CFK_POLICY_MAX_WEIGHT)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, offset,
                               "more than %d members in one gate", CFK_POLICY_MAX_WEIGHT);
    if (members->count++ == 0)
        members->first = child;
    else
        nodes[members->last].next = child;
    members->last = child;
    return CFK_OK;
}

/* The gate over members; over a single one, that member. */
static int close_gate(struct parser *p, const struct members *members, unsigned threshold,
                      uint16_t *out)
{
    struct cfk__policy_node *nodes = p->policy->nodes;
    struct cfk__policy_node gate = { .first = members->first,
                                     .next = CFK__POLICY_NONE,
                                     .weight = 1 };
    unsigned leaves = 0;
    uint8_t depth = 0;

    if (threshold == 0 || threshold > members->weight)
        return cfk__lex_refuse(&p->lex, CFK_E_INVALID, members->start,
                               "a gate of weight %u cannot want %u of it, only 1 to %u",
                               members->weight, threshold, members->weight);
    if (members->count == 1) {
        nodes[members->first].weight = 1;
        *out = members->first;
        return CFK_OK;
    }
    for (uint16_t i = members->first; i != CFK__POLICY_NONE; i = nodes[i].next) {
        leaves += (unsigned)nodes[i].leaves * nodes[i].weight;
        depth = nodes[i].depth > depth ? nodes[i].depth : depth;
    }
    if (leaves > CFK_POLICY_MAX_LEAVES)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, members->start,
                               "more than %d weighted names", CFK_POLICY_MAX_LEAVES);
    if (depth == CFK_POLICY_MAX_DEPTH)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, members->start,
                               "gates nested more than %d deep", CFK_POLICY_MAX_DEPTH);
    gate.leaves = (uint16_t)leaves;
    gate.depth = (uint8_t)(depth + 1);
    gate.threshold = (uint8_t)threshold;
    return add_node(p, gate, out);
}

/* --- grammar --- */

static int read_either(struct parser *p, uint16_t *out);

static int read_weight(struct parser *p, uint16_t child)
{
    int rc;

    if (p->lex.token != CFK__STAR)
        return CFK_OK;
    if (p->infix)
        return cfk__lex_refuse(&p->lex, CFK_E_INVALID, p->lex.start,
                               "a weight stands behind one name or bracket");
    rc = cfk__lex_next(&p->lex);
    if (rc != CFK_OK)
        return rc;
    if (p->lex.token != CFK__NUMBER)
        return cfk__lex_unexpected(&p->lex, "a weight");
    if (p->lex.number == 0 || p->lex.number > CFK_POLICY_MAX_WEIGHT)
        return cfk__lex_refuse(&p->lex, CFK_E_INVALID, p->lex.start,
                               "a weight is 1 to %d", CFK_POLICY_MAX_WEIGHT);
    p->policy->nodes[child].weight = (uint8_t)p->lex.number;
    return cfk__lex_next(&p->lex);
}

/* member *( "," member ) ")" */
static int read_members(struct parser *p, unsigned threshold, size_t start, uint16_t *out)
{
    struct members members = { .start = start, .first = CFK__POLICY_NONE };
    int rc = CFK_OK;

    for (;;) {
        size_t offset = p->lex.start;
        uint16_t child;

        rc = read_either(p, &child);
        if (rc == CFK_OK)
            rc = read_weight(p, child);
        if (rc == CFK_OK)
            rc = add_member(p, &members, child, offset);
        if (rc != CFK_OK)
            return rc;
        if (p->lex.token != CFK__COMMA)
            break;
        rc = cfk__lex_next(&p->lex);
        if (rc != CFK_OK)
            return rc;
    }
    rc = expect(p, CFK__CLOSE, "',' or ')'");
    return rc == CFK_OK ? close_gate(p, &members, threshold, out) : rc;
}

/* number "of" "(" ... */
static int read_gate(struct parser *p, uint16_t *out)
{
    unsigned threshold = p->lex.number;
    size_t start = p->lex.start;
    int rc = cfk__lex_next(&p->lex);

    if (rc == CFK_OK)
        rc = expect(p, CFK__OF, "'of' behind the number");
    if (rc == CFK_OK)
        rc = expect(p, CFK__OPEN, "'('");
    return rc == CFK_OK ? read_members(p, threshold, start, out) : rc;
}

/* Behind "(": Red October's gate if a number and a comma come, else brackets. */
static int read_brackets(struct parser *p, size_t start, uint16_t *out)
{
    struct parser before = *p;
    int rc;

    if (p->lex.token == CFK__NUMBER) {
        rc = cfk__lex_next(&p->lex);
        if (rc == CFK_OK && p->lex.token != CFK__OF) {
            rc = expect(p, CFK__COMMA, "',' or 'of' behind the number");
            return rc == CFK_OK ? read_members(p, before.lex.number, start, out) : rc;
        }
        *p = before;
    }
    rc = read_either(p, out);
    if (rc != CFK_OK)
        return rc;
    if (p->lex.token == CFK__COMMA)
        return cfk__lex_refuse(
            &p->lex, CFK_E_INVALID, start,
            "a gate says how many it wants: '2 of (alice, bob)' or '(2, "
            "alice, bob)'");
    return expect(p, CFK__CLOSE, "'and', 'or' or ')'");
}

static int read_one(struct parser *p, uint16_t *out)
{
    size_t start = p->lex.start;
    int rc;

    if (p->lex.token == CFK__NAME)
        return add_leaf(p, out);
    if (p->lex.token != CFK__NUMBER && p->lex.token != CFK__OPEN)
        return cfk__lex_unexpected(&p->lex, "a name or a gate");
    if (p->brackets++ == CFK__POLICY_MAX_BRACKETS)
        return cfk__lex_refuse(&p->lex, CFK_E_LIMIT, start,
                               "brackets nested more than %d deep",
                               CFK__POLICY_MAX_BRACKETS);
    if (p->lex.token == CFK__NUMBER) {
        rc = read_gate(p, out);
    } else {
        rc = cfk__lex_next(&p->lex);
        if (rc == CFK_OK)
            rc = read_brackets(p, start, out);
    }
    p->brackets--;
    return rc;
}

/* one *( and one ), or both *( or both ) */
static int read_chain(struct parser *p, enum cfk__token operator,
                      int (*read)(struct parser *, uint16_t *), uint16_t *out)
{
    struct members members = { .start = p->lex.start, .first = CFK__POLICY_NONE };
    bool infix = false;
    size_t offset = p->lex.start;
    int rc = read(p, out);

    while (rc == CFK_OK && (members.count > 0 || p->lex.token == operator)) {
        rc = add_member(p, &members, *out, offset);
        if (rc != CFK_OK || p->lex.token != operator)
            break;
        rc = cfk__lex_next(&p->lex);
        offset = p->lex.start;
        if (rc == CFK_OK)
            rc = read(p, out);
    }
    if (rc == CFK_OK && members.count > 0) {
        infix = true;
        rc = close_gate(p, &members, operator== CFK__AND ? members.count : 1, out);
    }
    p->infix = infix || (operator== CFK__OR && p->infix);
    return rc;
}

static int read_both(struct parser *p, uint16_t *out)
{
    return read_chain(p, CFK__AND, read_one, out);
}

static int read_either(struct parser *p, uint16_t *out)
{
    return read_chain(p, CFK__OR, read_both, out);
}

int cfk__policy_read(cfk_policy *policy, const char *text, size_t len,
                     struct cfk_error *err)
{
    struct parser p = { .lex = { .text = text, .size = len, .err = err },
                        .policy = policy };
    uint16_t root;
    int rc;

    if (len > CFK_POLICY_MAX_TEXT)
        return cfk__fail(err, CFK_E_LIMIT, "split: a policy of %zu bytes, not %d at most",
                         len, CFK_POLICY_MAX_TEXT);
    policy->names = cfk__malloc(&policy->alloc, len + 1);
    if (policy->names == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a policy");
    rc = cfk__lex_next(&p.lex);
    if (rc == CFK_OK && p.lex.token == CFK__END)
        rc = cfk__lex_refuse(&p.lex, CFK_E_INVALID, 0, "it is empty");
    if (rc == CFK_OK)
        rc = read_either(&p, &root);
    if (rc == CFK_OK && p.lex.token != CFK__END)
        rc = cfk__lex_unexpected(&p.lex, "'and', 'or' or the end");
    return rc;
}
