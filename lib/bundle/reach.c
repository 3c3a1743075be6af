/* SPDX-License-Identifier: MIT */
/*
 * Which names lie between a leaf and the roots. Forward from the leaf's issuer,
 * every certificate that bears a name leads to the name of its own issuer;
 * backward from the names of roots, breadth first, each gets its distance. The
 * work is linear in the certificates that are reached and checks no signature,
 * so a mesh of cross-signatures without an exit costs next to nothing.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/search.h"

/* "Whoever is issued under a name may itself bear the name to." */
struct edge {
    uint32_t to;
    uint32_t next; /* of the same issuer */
    bool usable;
};

struct reach {
    cfk_bundle_pool *pool;
    const struct cfk__wanted *wanted;
    struct edge *edges;
    uint32_t edge_count;
    uint32_t edge_capacity;
    uint32_t first_name; /* the names reached, in a list */
    uint32_t last_name;
    uint32_t name_count;
};

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for the search");
}

static void visit(struct reach *r, uint32_t number)
{
    struct cfk__name *name = &r->pool->name_info[number];

    if (name->stamp == r->pool->stamp)
        return;
    name->stamp = r->pool->stamp;
    name->distance[CFK__BY_NAME] = CFK__UNREACHABLE;
    name->distance[CFK__BY_CHECK] = CFK__UNREACHABLE;
    name->next_name = CFK__NONE;
    name->first_edge = CFK__NONE;
    if (r->last_name == CFK__NONE)
        r->first_name = number;
    else
        r->pool->name_info[r->last_name].next_name = number;
    r->last_name = number;
    r->name_count++;
}

static int add_edge(struct reach *r, struct cfk__cert *cert)
{
    struct cfk__name *issuer;
    struct edge *grown;

    if (r->edge_count == r->edge_capacity) {
        uint32_t capacity = r->edge_capacity > 0 ? r->edge_capacity * 2 : 64;

        grown = cfk__realloc(&r->pool->alloc, r->edges, capacity, sizeof *grown);
        if (grown == NULL)
            return CFK_E_NOMEM;
        r->edges = grown;
        r->edge_capacity = capacity;
    }
    visit(r, cert->issuer);
    issuer = &r->pool->name_info[cert->issuer];
    r->edges[r->edge_count] = (struct edge){
        .to = cert->subject,
        .next = issuer->first_edge,
        .usable = cfk__check_issuer_once(r->pool, cert, r->wanted, false) == CFK_OK,
    };
    issuer->first_edge = r->edge_count++;
    return CFK_OK;
}

/* All certificates that bear a name: edges of intermediates, distance 1 of roots. */
static int follow_name(struct reach *r, uint32_t number, struct cfk_error *err)
{
    struct cfk__name *name;
    int rc = cfk__index_load(r->pool, number, err);

    if (rc != CFK_OK)
        return rc;
    name = &r->pool->name_info[number];
    for (uint32_t i = name->first; i != CFK__NONE; i = r->pool->certs[i]->same_name) {
        struct cfk__cert *cert = r->pool->certs[i];

        if ((cert->from & CFK_BUNDLE_ROOT) != 0) {
            name->distance[CFK__BY_NAME] = 1;
            if (cfk__check_issuer_once(r->pool, cert, r->wanted, true) == CFK_OK)
                name->distance[CFK__BY_CHECK] = 1;
        }
        if ((cert->from & CFK__INTERMEDIATE) != 0 && add_edge(r, cert) != CFK_OK)
            return no_memory(err);
    }
    return CFK_OK;
}

/* Breadth first from the names of roots; queue has room for every name. */
static void spread(struct reach *r, enum cfk__distance kind, uint32_t *queue)
{
    struct cfk__name *names = r->pool->name_info;
    uint32_t head = 0;
    uint32_t tail = 0;

    for (uint32_t n = r->first_name; n != CFK__NONE; n = names[n].next_name)
        if (names[n].distance[kind] == 1)
            queue[tail++] = n;
    while (head < tail) {
        const struct cfk__name *name = &names[queue[head++]];

        for (uint32_t e = name->first_edge; e != CFK__NONE; e = r->edges[e].next) {
            struct cfk__name *to = &names[r->edges[e].to];

            if (to->distance[kind] != CFK__UNREACHABLE ||
                (kind == CFK__BY_CHECK && !r->edges[e].usable))
                continue;
            to->distance[kind] = name->distance[kind] + 1;
            queue[tail++] = r->edges[e].to;
        }
    }
}

int cfk__reach(cfk_bundle_pool *pool, uint32_t name, const struct cfk__wanted *wanted,
               struct cfk_error *err)
{
    struct reach r = { pool, wanted, NULL, 0, 0, CFK__NONE, CFK__NONE, 0 };
    uint32_t *queue = NULL;
    int rc = CFK_OK;

    pool->stamp++;
    if (name == CFK__NONE)
        return CFK_OK;
    visit(&r, name);
    for (uint32_t n = name; n != CFK__NONE && rc == CFK_OK;
         n = pool->name_info[n].next_name)
        rc = follow_name(&r, n, err);
    if (rc == CFK_OK) {
        queue = cfk__calloc(&pool->alloc, r.name_count, sizeof *queue);
        rc = queue != NULL ? CFK_OK : no_memory(err);
    }
    if (queue != NULL) {
        spread(&r, CFK__BY_NAME, queue);
        spread(&r, CFK__BY_CHECK, queue);
    }
    cfk__free(&pool->alloc, queue);
    cfk__free(&pool->alloc, r.edges);
    return rc;
}

uint32_t cfk__distance(const cfk_bundle_pool *pool, uint32_t name,
                       enum cfk__distance kind)
{
    if (name == CFK__NONE || pool->name_info[name].stamp != pool->stamp)
        return CFK__UNREACHABLE;
    return pool->name_info[name].distance[kind];
}
