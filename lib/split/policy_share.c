/* SPDX-License-Identifier: MIT */
#include "split/policy_share.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "split/shamir.h"

#include <string.h>

typedef struct cfk__policy_node node;

/* Where the vectors of each node are; children stand before their gate. */
struct layout {
    const node *nodes;
    uint16_t count;
    uint32_t vectors;                      /* of all nodes */
    uint16_t width[CFK__POLICY_MAX_NODES]; /* of a node, in vectors */
    uint32_t first[CFK__POLICY_MAX_NODES];
};

static bool is_gate(const node *n)
{
    return n->first != CFK__POLICY_NONE;
}

/* A child is as wide as its gate, times its weight; the root is one vector. */
static void lay_out(const cfk_policy *policy, struct layout *l)
{
    l->nodes = policy->nodes;
    l->count = policy->node_count;
    l->width[l->count - 1] = 1;
    for (uint16_t i = l->count; i-- > 0;)
        for (uint16_t c = l->nodes[i].first; c != CFK__POLICY_NONE; c = l->nodes[c].next)
            l->width[c] = (uint16_t)(l->width[i] * l->nodes[c].weight);
    l->vectors = 0;
    for (uint16_t i = 0; i < l->count; i++) {
        l->first[i] = l->vectors;
        l->vectors += l->width[i];
    }
}

size_t cfk__policy_vectors(const cfk_policy *policy)
{
    return policy->nodes[policy->node_count - 1].leaves;
}

bool cfk__policy_leaf(const cfk_policy *policy, size_t number,
                      struct cfk__policy_leaf *out)
{
    struct layout l;
    uint32_t first = 0;

    lay_out(policy, &l);
    for (uint16_t i = 0; i < l.count; i++) {
        if (is_gate(&l.nodes[i]))
            continue;
        if (number-- == 0) {
            *out = (struct cfk__policy_leaf){ l.nodes[i].person, (uint16_t)first,
                                              l.width[i] };
            return true;
        }
        first += l.width[i];
    }
    return false;
}

/* Copy the vectors of leaves from what all nodes have to shares, or back. */
static void copy_leaves(const struct layout *l, uint8_t *all, size_t size,
                        uint8_t *to_shares, const uint8_t *from_shares)
{
    size_t at = 0;

    for (uint16_t i = 0; i < l->count; i++) {
        uint8_t *own = all + l->first[i] * size;
        size_t own_size = l->width[i] * size;

        if (is_gate(&l->nodes[i]))
            continue;
        if (to_shares != NULL)
            memcpy(to_shares + at, own, own_size);
        else
            memcpy(own, from_shares + at, own_size);
        at += own_size;
    }
}

/* A gate's vectors as one long secret; its points go to the members in order. */
static int share_gate(const struct layout *l, uint16_t gate, uint8_t *all, size_t size,
                      uint8_t *coefficients, struct cfk_error *err)
{
    const node *g = &l->nodes[gate];
    size_t own_size = l->width[gate] * size;
    struct cfk__shamir p = { all + l->first[gate] * size, coefficients, g->threshold - 1u,
                             own_size };
    unsigned x = 1;
    int rc = cfk__random(coefficients, p.degree * own_size, err);

    for (uint16_t c = g->first; c != CFK__POLICY_NONE && rc == CFK_OK;
         c = l->nodes[c].next) {
        cfk__shamir_evaluate(&p, (uint8_t)x, l->nodes[c].weight, own_size,
                             all + l->first[c] * size, own_size);
        x += l->nodes[c].weight;
    }
    return rc;
}

int cfk__policy_share(const cfk_policy *policy, const uint8_t *secret, size_t size,
                      uint8_t *shares, struct cfk_error *err)
{
    struct layout l;
    void *memory;
    uint8_t *all;
    int rc;

    lay_out(policy, &l);
    /* The coefficients of a gate are never more than its points. */
    rc = cfk__secret_new((l.vectors + cfk__policy_vectors(policy)) * size, &memory, err);
    if (rc != CFK_OK)
        return rc;
    all = memory;
    memcpy(all + l.first[l.count - 1] * size, secret, size);
    for (uint16_t i = l.count; i-- > 0 && rc == CFK_OK;)
        if (is_gate(&l.nodes[i]))
            rc = share_gate(&l, i, all, size, all + l.vectors * size, err);
    if (rc == CFK_OK)
        copy_leaves(&l, all, size, shares, NULL);
    cfk__secret_free(memory);
    return rc;
}

/* From the points of members that are there: the first threshold of them. */
static bool recover_gate(const struct layout *l, uint16_t gate, const bool *there,
                         uint8_t *all, size_t size)
{
    const node *g = &l->nodes[gate];
    size_t own_size = l->width[gate] * size;
    uint8_t xs[CFK_POLICY_MAX_WEIGHT];
    const uint8_t *ys[CFK_POLICY_MAX_WEIGHT];
    unsigned count = 0;
    uint8_t x = 1;

    for (uint16_t c = g->first; c != CFK__POLICY_NONE; c = l->nodes[c].next) {
        for (unsigned i = 0; i < l->nodes[c].weight; i++, x++) {
            if (!there[c] || count == g->threshold)
                continue;
            xs[count] = x;
            ys[count++] = all + l->first[c] * size + i * own_size;
        }
    }
    if (count < g->threshold)
        return false;
    cfk__shamir_interpolate(xs, ys, count, own_size, all + l->first[gate] * size);
    return true;
}

int cfk__policy_recover(const cfk_policy *policy, const bool *have, const uint8_t *shares,
                        size_t size, uint8_t *secret, struct cfk_error *err)
{
    struct layout l;
    bool there[CFK__POLICY_MAX_NODES];
    void *memory;
    uint8_t *all;
    int rc;

    if (!cfk__policy_met(policy, have))
        return cfk__fail(err, CFK_E_NEED_MORE, "split: the policy is not met: %.150s",
                         policy->text);
    lay_out(policy, &l);
    rc = cfk__secret_new(l.vectors * size, &memory, err);
    if (rc != CFK_OK)
        return rc;
    all = memory;
    copy_leaves(&l, all, size, NULL, shares);
    for (uint16_t i = 0; i < l.count; i++)
        there[i] = is_gate(&l.nodes[i]) ? recover_gate(&l, i, there, all, size)
                                        : have[l.nodes[i].person];
    memcpy(secret, all + l.first[l.count - 1] * size, size);
    cfk__secret_free(memory);
    return CFK_OK;
}
