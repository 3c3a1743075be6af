/* SPDX-License-Identifier: MIT */
/*
 * Best-first search (A*) over certificates: a path waits in a heap under the
 * least length that a chain through it can have, which reach.c knows. So
 * chains are found in order of their length, and a budget that is met costs
 * the longest ones. The signature of a link is checked when its path is taken
 * out, not when it is put in, and never twice.
 *
 * A path from which no chain can come, because everything further on fails its
 * own checks or no root is there, is followed too, but last, for few steps and
 * without signatures: to tell people why.
 */
#include "bundle/search.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bundle/revocation.h"

#include <string.h>

enum { MAX_EXPLAINED = 1000 };

static int no_memory(struct cfk__search *s)
{
    return cfk__fail(s->err, CFK_E_NOMEM, "bundle: no memory for the search");
}

/* Room for one more in an array of the search. */
static int grow(struct cfk__search *s, void *array, uint32_t count, uint32_t *capacity,
                size_t size)
{
    uint32_t more = *capacity > 0 ? *capacity * 2 : 64;
    void *grown;
    void *old;

    if (count < *capacity)
        return CFK_OK;
    memcpy(&old, array, sizeof old);
    grown = cfk__realloc(&s->result->alloc, old, more, size);
    if (grown == NULL)
        return no_memory(s);
    memcpy(array, &grown, sizeof grown);
    *capacity = more;
    return CFK_OK;
}

/* The order in the heap: doomed ones last, then length, strangers, depth, arrival. */
static uint64_t order_of(const struct cfk__search *s, const struct cfk__node *node)
{
    enum cfk__distance kind = node->doomed ? CFK__BY_NAME : CFK__BY_CHECK;
    uint32_t further =
        node->rooted ? 0 : cfk__distance(s->pool, node->cert->issuer, kind);
    uint64_t length = node->depth;

    length += further == CFK__UNREACHABLE ? UINT16_MAX : further;
    return (uint64_t)node->doomed << 63 | length << 24 |
           (uint64_t)(node->strangers & 0xff) << 16 | (0xffff - node->depth);
}

static bool before(const struct cfk__heap_entry *a, const struct cfk__heap_entry *b)
{
    return a->order != b->order ? a->order < b->order : a->node < b->node;
}

static int heap_push(struct cfk__search *s, uint32_t node)
{
    struct cfk__heap_entry entry = { order_of(s, &s->nodes[node]), node };
    uint32_t i = s->heap_count;
    int rc = grow(s, &s->heap, s->heap_count, &s->heap_capacity, sizeof entry);

    if (rc != CFK_OK)
        return rc;
    s->heap_count++;
    for (; i > 0 && before(&entry, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = entry;
    return CFK_OK;
}

static uint32_t heap_pop(struct cfk__search *s)
{
    uint32_t node = s->heap[0].node;
    struct cfk__heap_entry last = s->heap[--s->heap_count];
    uint32_t i = 0;

    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= s->heap_count)
            break;
        if (child + 1 < s->heap_count && before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!before(&s->heap[child], &last))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return node;
}

static int push(struct cfk__search *s, const struct cfk__node *node)
{
    int rc = grow(s, &s->nodes, s->node_count, &s->node_capacity, sizeof *s->nodes);

    if (rc != CFK_OK)
        return rc;
    s->nodes[s->node_count] = *node;
    return heap_push(s, s->node_count++);
}

/* Copy the path that ends in node, with one more certificate behind it unless NULL. */
static int copy_path(struct cfk__search *s, uint32_t node, struct cfk__cert *more,
                     struct cfk__path *out)
{
    uint32_t length = s->nodes[node].depth + (more != NULL);

    memset(out, 0, sizeof *out);
    out->certs = cfk__arena_alloc(&s->result->arena, length * sizeof(struct cfk__cert *));
    if (out->certs == NULL)
        return no_memory(s);
    out->length = length;
    if (more != NULL)
        out->certs[--length] = more;
    for (; node != CFK__NONE; node = s->nodes[node].parent)
        out->certs[--length] = s->nodes[node].cert;
    return CFK_OK;
}

int cfk__search_append(struct cfk__search *s, struct cfk__paths *paths,
                       const struct cfk__path *path)
{
    int rc = grow(s, &paths->items, paths->count, &paths->capacity, sizeof *paths->items);

    if (rc == CFK_OK)
        paths->items[paths->count++] = *path;
    return rc;
}

/* Whether one more rejected path may be listed. */
static bool may_reject(struct cfk__search *s)
{
    if (s->result->rejected.count < s->limits->max_rejected)
        return true;
    s->result->met |= CFK_BUNDLE_MET_REJECTED;
    return false;
}

static int reject_path(struct cfk__search *s, const struct cfk__path *path)
{
    return may_reject(s) ? cfk__search_append(s, &s->result->rejected, path) : CFK_OK;
}

static int reject(struct cfk__search *s, uint32_t node, struct cfk__cert *more,
                  bool rooted, uint32_t step, int reason)
{
    struct cfk__path path;
    int rc;

    if (!may_reject(s))
        return CFK_OK;
    rc = copy_path(s, node, more, &path);
    if (rc != CFK_OK)
        return rc;
    path.rooted = rooted;
    path.reason = reason;
    path.step = step;
    return cfk__search_append(s, &s->result->rejected, &path);
}

/* Both name a key, and not the same one: issuer is a namesake of the real one. */
static bool is_stranger(const struct cfk__cert *cert, const struct cfk__cert *issuer)
{
    return cert->x.authority_key_id.size > 0 && issuer->x.subject_key_id.size > 0 &&
           !cfk__span_equal(cert->x.authority_key_id, issuer->x.subject_key_id);
}

/* Whether a certificate with this subject and key is on the path already. */
static bool on_path(const struct cfk__search *s, uint32_t node,
                    const struct cfk__cert *cert)
{
    for (; node != CFK__NONE; node = s->nodes[node].parent)
        if (s->nodes[node].cert->subject == cert->subject &&
            s->nodes[node].cert->key == cert->key)
            return true;
    return false;
}

/* Whether this step may still be made; remembers which budget forbids it. */
static bool may_expand(struct cfk__search *s, bool doomed)
{
    if (doomed)
        return s->explained++ < MAX_EXPLAINED;
    if (s->result->expansions >= s->limits->max_expansions) {
        s->result->met |= CFK_BUNDLE_MET_EXPANSIONS;
        return false;
    }
    s->result->expansions++;
    return true;
}

/* Put the path on, or say why not. The issuer passes its own checks. */
static int extend(struct cfk__search *s, uint32_t from, struct cfk__cert *issuer,
                  bool rooted)
{
    const struct cfk__node *below = &s->nodes[from];
    struct cfk__node node = {
        .cert = issuer,
        .parent = from,
        .depth = below->depth + 1,
        .cas = below->cas + (issuer->subject != issuer->issuer),
        .strangers =
            below->strangers + is_stranger(below->cert, issuer) + issuer->damaged,
        .rooted = rooted,
    };
    uint32_t further = rooted ? 0 : cfk__distance(s->pool, issuer->issuer, CFK__BY_CHECK);

    node.doomed = below->doomed || further == CFK__UNREACHABLE;
    if (further != CFK__UNREACHABLE && node.depth + further > s->limits->max_length) {
        if (!node.doomed)
            s->result->met |= CFK_BUNDLE_MET_LENGTH;
        return CFK_OK;
    }
    if (node.depth > s->limits->max_length)
        return CFK_OK;
    return push(s, &node);
}

static int consider(struct cfk__search *s, uint32_t from, struct cfk__cert *issuer,
                    bool rooted)
{
    const struct cfk__node *below = &s->nodes[from];
    int reason = cfk__check_issuer_once(s->pool, issuer, s->wanted, rooted);

    if (reason == CFK_OK && issuer->x.path_length >= 0 &&
        below->cas > (uint32_t)issuer->x.path_length &&
        !(rooted && s->wanted->profile.id == CFK_BUNDLE_PROFILE_LENIENT))
        reason = CFK_E_PATH_LENGTH;
    if (reason != CFK_OK)
        return reject(s, from, issuer, rooted, below->depth, reason);
    return extend(s, from, issuer, rooted);
}

/* Whether an issuer may follow a path: any, or where there are forced ones, the next. */
static bool is_allowed(const struct cfk__search *s, uint32_t node,
                       const struct cfk__cert *issuer)
{
    uint32_t next = s->nodes[node].depth - 1;

    if (s->forced == NULL)
        return true;
    if (next >= s->forced_count)
        return (issuer->from & CFK_BUNDLE_ROOT) != 0;
    return s->forced[next] == issuer;
}

/* Every certificate that may have issued the last one of a path. */
static int expand(struct cfk__search *s, uint32_t from)
{
    bool doomed = s->nodes[from].doomed;
    uint32_t name = s->nodes[from].cert->issuer;
    uint32_t next = name != CFK__NONE ? s->pool->name_info[name].first : CFK__NONE;
    bool found = false;

    if (name != CFK__NONE && cfk__twins_mark(s->pool, name) != CFK_OK)
        return no_memory(s);
    for (; next != CFK__NONE; next = s->pool->certs[next]->same_name) {
        struct cfk__cert *issuer = s->pool->certs[next];
        int rc = CFK_OK;

        if (on_path(s, from, issuer) || !is_allowed(s, from, issuer))
            continue;
        if (!may_expand(s, doomed))
            return CFK_OK;
        found = true;
        if ((issuer->from & CFK_BUNDLE_ROOT) != 0)
            rc = consider(s, from, issuer, true);
        if (rc == CFK_OK && (issuer->from & CFK__INTERMEDIATE) != 0)
            rc = consider(s, from, issuer, false);
        if (rc != CFK_OK)
            return rc;
    }
    if (!found)
        return reject(s, from, NULL, false, s->nodes[from].depth - 1,
                      CFK_E_UNKNOWN_ISSUER);
    return CFK_OK;
}

/* What only a whole path shows: policies and revocation. Sets the reason and who is to
 * blame. */
static int check_whole(struct cfk__search *s, struct cfk__path *path)
{
    const struct cfk__x509 *x[CFK__LENGTH_MAX];
    uint32_t count = path->length - 1;

    for (uint32_t i = 0; i < count; i++)
        x[i] = &path->certs[i]->x;
    path->reason =
        cfk__policies_check(&s->policies, &s->wanted->policy, x, count, &path->step);
    if (path->reason == CFK_E_LIMIT)
        s->result->met |= CFK_BUNDLE_MET_COMPARISONS;
    if (path->reason == CFK_OK)
        path->reason = cfk__revocation_check(s, path);
    return path->reason;
}

static int add_chain(struct cfk__search *s, uint32_t node)
{
    struct cfk__path path;
    int rc = copy_path(s, node, NULL, &path);

    if (rc != CFK_OK)
        return rc;
    path.rooted = true;
    rc = check_whole(s, &path);
    if (rc == CFK_OK)
        return cfk__search_append(s, &s->result->chains, &path);
    if (rc == CFK_E_NOMEM)
        return no_memory(s);
    if (rc == CFK_E_LIMIT) /* noted where it was met */
        return CFK_OK;
    return reject_path(s, &path);
}

/* Whether every name below the last certificate of a path is in its constraints. */
static int check_names(struct cfk__search *s, uint32_t number)
{
    const struct cfk__node *node = &s->nodes[number];
    struct cfk__span constraints = node->cert->x.name_constraints;
    struct cfk__name_violation violation;

    if (constraints.size == 0 ||
        (node->rooted && s->wanted->profile.id == CFK_BUNDLE_PROFILE_LENIENT))
        return CFK_OK;
    for (uint32_t i = node->parent; i != CFK__NONE; i = s->nodes[i].parent) {
        const struct cfk__node *below = &s->nodes[i];
        bool is_leaf = below->parent == CFK__NONE;
        int rc = CFK_OK;

        if (is_leaf || below->cert->subject != below->cert->issuer)
            rc = cfk__names_check(&s->names, constraints, &below->cert->x, &violation);
        if (rc == CFK_E_LIMIT)
            s->result->met |= CFK_BUNDLE_MET_COMPARISONS;
        if (rc == CFK_E_NAME_CONSTRAINT) {
            rc = reject(s, number, NULL, node->rooted, below->depth - 1, rc);
            return rc == CFK_OK ? CFK_E_NAME_CONSTRAINT : rc;
        }
        if (rc != CFK_OK)
            return rc == CFK_E_NOMEM ? no_memory(s) : rc;
    }
    return CFK_OK;
}

/* A root that says nothing about its issuer signed itself, where a profile asks. */
static int check_root(struct cfk__search *s, uint32_t number)
{
    const struct cfk__node *node = &s->nodes[number];
    int rc;

    if (!node->rooted || !cfk__check_must_sign_itself(&node->cert->x, s->wanted))
        return CFK_OK;
    rc = cfk__search_verify(s, node->cert, node->cert);
    if (rc != CFK_E_SIGNATURE)
        return rc;
    rc = reject(s, number, NULL, true, node->depth - 1, CFK_E_PROFILE);
    return rc == CFK_OK ? CFK_E_PROFILE : rc;
}

/* A path's turn has come: check its last link, then go on from it. */
static int take(struct cfk__search *s, uint32_t number)
{
    struct cfk__node node = s->nodes[number];
    int rc;

    if (node.parent != CFK__NONE && !node.doomed) {
        struct cfk__cert *child = s->nodes[node.parent].cert;

        rc = cfk__search_verify(s, child, node.cert);
        if (rc == CFK_E_SIGNATURE)
            return reject(s, node.parent, node.cert, node.rooted, node.depth - 2,
                          is_stranger(child, node.cert) ? CFK_E_UNKNOWN_ISSUER : rc);
        if (rc == CFK_OK)
            rc = check_root(s, number);
        if (rc == CFK_OK)
            rc = check_names(s, number);
        if (rc != CFK_OK)
            return rc == CFK_E_NOMEM ? rc : CFK_OK; /* reported or rejected */
    }
    if (!node.rooted)
        return expand(s, number);
    if (node.doomed) /* its links were not checked */
        return CFK_OK;
    return add_chain(s, number);
}

/* A leaf that is a trusted root itself is a chain of one. */
static bool leaf_is_root(const struct cfk__search *s)
{
    const struct cfk__cert *leaf = &s->result->leaf;

    return leaf->number != CFK__NONE &&
           (s->pool->certs[leaf->number]->from & CFK_BUNDLE_ROOT) != 0;
}

int cfk__search_run(struct cfk__search *s)
{
    struct cfk_bundle_result *result = s->result;
    struct cfk__node leaf = { .cert = &result->leaf, .parent = CFK__NONE, .depth = 1 };
    int reason = cfk__check_leaf(&result->leaf.x, s->wanted);
    int rc = cfk__reach(s->pool, result->leaf.issuer, s->wanted, s->err);

    if (rc != CFK_OK)
        return rc;
    leaf.doomed =
        cfk__distance(s->pool, result->leaf.issuer, CFK__BY_CHECK) == CFK__UNREACHABLE;
    rc = push(s, &leaf);
    if (rc == CFK_OK && reason != CFK_OK)
        return reject(s, 0, NULL, false, 0, reason);
    if (rc == CFK_OK && leaf_is_root(s)) {
        rc = add_chain(s, 0);
        if (result->leaf.subject == result->leaf.issuer)
            return rc;
    }
    while (rc == CFK_OK && s->heap_count > 0) {
        if (result->chains.count >= s->limits->max_chains) {
            result->met |= CFK_BUNDLE_MET_CHAINS;
            break;
        }
        rc = take(s, heap_pop(s));
    }
    return rc;
}

int cfk__search_again(struct cfk__search *s)
{
    struct cfk_bundle_result *result = s->result;
    int rc = cfk__pool_locate(s->pool, &result->leaf, s->err);

    result->chains.count = result->rejected.count = 0;
    result->met = 0;
    s->expanded += result->expansions;
    result->expansions = 0;
    s->node_count = s->heap_count = 0;
    s->explained = s->needed = s->failed = 0;
    s->names.left = s->limits->max_comparisons;
    cfk__edges_free(&s->statuses);
    s->statuses = (struct cfk__edges){ .alloc = &result->alloc };
    return rc == CFK_OK ? cfk__search_run(s) : rc;
}

void cfk__search_free(struct cfk__search *s)
{
    cfk__free(&s->result->alloc, s->nodes);
    cfk__free(&s->result->alloc, s->heap);
    cfk__edges_free(&s->leaf_edges);
    cfk__edges_free(&s->statuses);
    cfk__names_free(&s->names);
    cfk__policies_free(&s->policies);
}
