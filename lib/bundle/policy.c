/* SPDX-License-Identifier: MIT */
#include "bundle/policy.h"

#include "base/alloc.h"

enum { FIRST_CAPACITY = 32 };

#define ANY_POLICY "\x55\x1d\x20\x00"

/* Room for one more in an array that starts at *array. */
static int grow(struct cfk__policies *p, void **array, uint32_t count, uint32_t *capacity,
                size_t size)
{
    uint32_t more = *capacity > 0 ? *capacity * 2 : FIRST_CAPACITY;
    void *grown;

    if (count < *capacity)
        return CFK_OK;
    if (more > UINT32_MAX / 4)
        return CFK_E_LIMIT;
    grown = cfk__realloc(p->alloc, *array, more, size);
    if (grown == NULL)
        return CFK_E_NOMEM;
    *array = grown;
    *capacity = more;
    return CFK_OK;
}

/* The node of a policy between first and end; CFK__NO_POLICY where there is none. */
static int find(struct cfk__policies *p, uint32_t first, uint32_t end,
                struct cfk__span policy, uint32_t *out)
{
    *out = CFK__NO_POLICY;
    for (uint32_t i = first; i < end; i++) {
        if (*p->left == 0)
            return CFK_E_LIMIT;
        --*p->left;
        if (!p->nodes[i].gone && cfk__span_equal(p->nodes[i].policy, policy)) {
            *out = i;
            return CFK_OK;
        }
    }
    return CFK_OK;
}

static int add_node(struct cfk__policies *p, struct cfk__span policy, uint32_t *out)
{
    void *nodes = p->nodes;
    int rc = grow(p, &nodes, p->node_count, &p->node_capacity, sizeof *p->nodes);

    p->nodes = nodes;
    if (rc != CFK_OK)
        return rc;
    *out = p->node_count++;
    p->nodes[*out] = (struct cfk__policy_node){
        .policy = policy,
        .first_parent = CFK__NO_POLICY,
    };
    return CFK_OK;
}

static int add_parent(struct cfk__policies *p, uint32_t node, uint32_t parent)
{
    void *links = p->links;
    int rc = grow(p, &links, p->link_count, &p->link_capacity, sizeof *p->links);

    p->links = links;
    if (rc != CFK_OK)
        return rc;
    p->links[p->link_count] =
        (struct cfk__policy_link){ parent, p->nodes[node].first_parent };
    p->nodes[node].first_parent = p->link_count++;
    return CFK_OK;
}

static bool next_policy(struct cfk__reader *list, struct cfk__span *policy)
{
    struct cfk__reader one;

    return cfk__der_enter(list, CFK__DER_SEQUENCE, &one) &&
           cfk__der_value(&one, CFK__DER_OID, policy);
}

static struct cfk__reader read_span(struct cfk__span span)
{
    struct cfk__reader r;

    cfk__reader_init(&r, span.data, span.size);
    return r;
}

/* Whether two policies of a certificate are the same, which RFC 5280 forbids. */
static int has_twice(struct cfk__policies *p, const struct cfk__x509 *x)
{
    struct cfk__reader list = read_span(x->policies);
    struct cfk__reader rest;
    struct cfk__span a;
    struct cfk__span b;

    while (next_policy(&list, &a)) {
        for (rest = list; next_policy(&rest, &b);) {
            if (*p->left == 0)
                return CFK_E_LIMIT;
            --*p->left;
            if (cfk__span_equal(a, b))
                return CFK_E_POLICY;
        }
    }
    return CFK_OK;
}

static bool has_any(const struct cfk__x509 *x)
{
    struct cfk__reader list = read_span(x->policies);
    struct cfk__span policy;

    while (next_policy(&list, &policy))
        if (CFK__SPAN_IS(policy, ANY_POLICY))
            return true;
    return false;
}

/* RFC 5280, 6.1.3, d and e: what a certificate's policies leave of this depth. */
static int restrict_level(struct cfk__policies *p, const struct cfk__x509 *x,
                          bool any_allowed)
{
    uint32_t end = p->node_count;
    bool any = any_allowed && has_any(x);
    struct cfk__reader list = read_span(x->policies);
    struct cfk__span policy;
    uint32_t node;
    int rc = has_twice(p, x);

    while (rc == CFK_OK && next_policy(&list, &policy)) {
        if (CFK__SPAN_IS(policy, ANY_POLICY))
            continue;
        rc = find(p, p->level, end, policy, &node);
        if (rc == CFK_OK && node == CFK__NO_POLICY && p->any)
            rc = add_node(p, policy, &node);
        if (rc == CFK_OK && node != CFK__NO_POLICY)
            p->nodes[node].listed = true;
    }
    for (uint32_t i = p->level; i < end && !any; i++)
        p->nodes[i].gone |= !p->nodes[i].listed;
    p->any = p->any && any;
    return rc;
}

static bool next_mapping(struct cfk__reader *list, struct cfk__span *from,
                         struct cfk__span *to)
{
    struct cfk__reader one;

    return cfk__der_enter(list, CFK__DER_SEQUENCE, &one) &&
           cfk__der_value(&one, CFK__DER_OID, from) &&
           cfk__der_value(&one, CFK__DER_OID, to);
}

/* 6.1.4, b: mark what is mapped, or drop it where mapping is not allowed. */
static int mark_mapped(struct cfk__policies *p, const struct cfk__x509 *x, bool allowed)
{
    struct cfk__reader list = read_span(x->policy_mappings);
    struct cfk__span from;
    struct cfk__span to;
    uint32_t node;
    int rc = CFK_OK;

    while (rc == CFK_OK && next_mapping(&list, &from, &to)) {
        rc = find(p, p->level, p->node_count, from, &node);
        if (rc == CFK_OK && node == CFK__NO_POLICY && p->any && allowed)
            rc = add_node(p, from, &node);
        if (rc != CFK_OK || node == CFK__NO_POLICY)
            continue;
        p->nodes[node].mapped = allowed;
        p->nodes[node].gone = !allowed;
    }
    return rc;
}

/* One policy of the depth below, that descends from parent. */
static int descend(struct cfk__policies *p, uint32_t next, struct cfk__span policy,
                   uint32_t parent)
{
    uint32_t node;
    int rc = find(p, next, p->node_count, policy, &node);

    if (rc == CFK_OK && node == CFK__NO_POLICY)
        rc = add_node(p, policy, &node);
    return rc == CFK_OK ? add_parent(p, node, parent) : rc;
}

/* The depth below: what is not mapped stays itself, what is becomes what it maps to. */
static int next_level(struct cfk__policies *p, const struct cfk__x509 *x, bool allowed)
{
    struct cfk__reader list = read_span(x->policy_mappings);
    struct cfk__span from;
    struct cfk__span to;
    uint32_t first = p->level;
    uint32_t next;
    uint32_t node;
    int rc = mark_mapped(p, x, allowed);

    next = p->node_count;
    for (uint32_t i = first; i < next && rc == CFK_OK; i++)
        if (!p->nodes[i].gone && !p->nodes[i].mapped)
            rc = descend(p, next, p->nodes[i].policy, i);
    while (rc == CFK_OK && allowed && next_mapping(&list, &from, &to)) {
        rc = find(p, first, next, from, &node);
        if (rc == CFK_OK && node != CFK__NO_POLICY)
            rc = descend(p, next, to, node);
    }
    p->level = next;
    return rc;
}

static bool is_empty(const struct cfk__policies *p)
{
    for (uint32_t i = p->level; i < p->node_count; i++)
        if (!p->nodes[i].gone)
            return false;
    return !p->any;
}

static bool is_accepted(const struct cfk__policy_wanted *wanted, struct cfk__span policy)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (cfk__span_equal(wanted->accepted[i], policy))
            return true;
    return false;
}

/*
 * Whether a policy of the leaf descends from one that is accepted, under its
 * name nearest to the trust anchor. A node's parents come before it.
 */
static bool meets(struct cfk__policies *p, const struct cfk__policy_wanted *wanted)
{
    if (is_empty(p))
        return false;
    if (wanted->count == 0 || p->any)
        return true;
    for (uint32_t i = p->level; i < p->node_count; i++)
        p->nodes[i].reached = !p->nodes[i].gone;
    for (uint32_t i = p->node_count; i > 0; i--) {
        const struct cfk__policy_node *node = &p->nodes[i - 1];

        if (!node->reached)
            continue;
        if (node->first_parent == CFK__NO_POLICY && is_accepted(wanted, node->policy))
            return true;
        for (uint32_t n = node->first_parent; n != CFK__NO_POLICY; n = p->links[n].next)
            p->nodes[p->links[n].parent].reached = true;
    }
    return false;
}

/* How many certificates may still follow until a rule holds: RFC 5280, 6.1.2, d to f. */
struct counters {
    uint32_t explicit_policy;
    uint32_t mapping;
    uint32_t any_policy;
};

static void count_down(uint32_t *counter)
{
    if (*counter > 0)
        --*counter;
}

static void lower(uint32_t *counter, int32_t limit)
{
    if (limit >= 0 && (uint32_t)limit < *counter)
        *counter = (uint32_t)limit;
}

/* 6.1.4, h to j. */
static void prepare(struct counters *c, const struct cfk__x509 *x)
{
    if (!cfk__x509_self_issued(x)) {
        count_down(&c->explicit_policy);
        count_down(&c->mapping);
        count_down(&c->any_policy);
    }
    lower(&c->explicit_policy, x->explicit_policy);
    lower(&c->mapping, x->inhibit_mapping);
    lower(&c->any_policy, x->inhibit_any_policy);
}

/* Whether the answer can be no: only where somebody asks for a policy. */
static bool matters(const struct cfk__policy_wanted *wanted,
                    const struct cfk__x509 *const *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (x[i]->explicit_policy >= 0)
            return true;
    return wanted->required;
}

int cfk__policies_check(struct cfk__policies *p, const struct cfk__policy_wanted *wanted,
                        const struct cfk__x509 *const *x, uint32_t count, uint32_t *step)
{
    struct counters c = {
        .explicit_policy = wanted->required ? 0 : count + 1,
        .mapping = wanted->no_mapping ? 0 : count + 1,
        .any_policy = wanted->no_any ? 0 : count + 1,
    };
    int rc = CFK_OK;

    if (!matters(wanted, x, count))
        return CFK_OK;
    p->node_count = 0;
    p->link_count = 0;
    p->level = 0;
    p->any = true;
    for (uint32_t i = count; i > 0 && rc == CFK_OK; i--) {
        const struct cfk__x509 *cert = x[i - 1];
        bool is_leaf = i == 1;

        *step = i - 1;
        rc = restrict_level(
            p, cert, c.any_policy > 0 || (!is_leaf && cfk__x509_self_issued(cert)));
        if (rc == CFK_OK && c.explicit_policy == 0 && is_empty(p))
            rc = CFK_E_POLICY;
        if (rc != CFK_OK || is_leaf)
            break;
        rc = next_level(p, cert, c.mapping > 0);
        prepare(&c, cert);
    }
    if (rc != CFK_OK || count == 0)
        return rc;
    count_down(&c.explicit_policy);
    if (x[0]->explicit_policy == 0)
        c.explicit_policy = 0;
    return c.explicit_policy > 0 || meets(p, wanted) ? CFK_OK : CFK_E_POLICY;
}

void cfk__policies_free(struct cfk__policies *p)
{
    cfk__free(p->alloc, p->nodes);
    cfk__free(p->alloc, p->links);
}

/* Base 128, the highest digits first. */
static int put_arc(uint64_t arc, struct cfk__buffer *out)
{
    uint8_t digits[10];
    size_t at = sizeof digits;

    do {
        uint8_t more = at == sizeof digits ? 0 : 0x80;

        digits[--at] = (uint8_t)((arc & 0x7f) | more);
        arc >>= 7;
    } while (arc > 0);
    return cfk__buffer_append(out, digits + at, sizeof digits - at);
}

int cfk__policy_parse(const char *text, size_t size, struct cfk__buffer *out)
{
    uint64_t first = 0;
    size_t arcs = 0;
    size_t at = 0;
    int rc = CFK_OK;

    while (rc == CFK_OK && at < size) {
        uint64_t arc = 0;
        size_t digits = 0;

        for (; at < size && text[at] >= '0' && text[at] <= '9' && digits < 19; digits++)
            arc = arc * 10 + (uint64_t)(text[at++] - '0');
        if (digits == 0 || (at < size && (text[at++] != '.' || at == size)))
            return CFK_E_INVALID;
        if (arcs == 0 && arc > 2)
            return CFK_E_INVALID;
        if (arcs == 1 && first < 2 && arc > 39)
            return CFK_E_INVALID;
        if (arcs == 0)
            first = arc;
        else
            rc = put_arc(arcs == 1 ? first * 40 + arc : arc, out);
        arcs++;
    }
    return rc == CFK_OK && arcs < 2 ? CFK_E_INVALID : rc;
}
