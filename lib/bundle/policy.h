/* SPDX-License-Identifier: MIT */
/*
 * Certificate policies of a path (RFC 5280, 6.1, with the graph of RFC 9618):
 * one node for each policy and depth, so that mappings cannot make it grow
 * beyond what the certificates themselves say.
 */
#ifndef CFK_BUNDLE_POLICY_H
#define CFK_BUNDLE_POLICY_H

#include "bundle/x509.h"

/* What the caller asks for; the inputs of RFC 5280, 6.1.1, c to g. */
struct cfk__policy_wanted {
    const struct cfk__span *accepted; /* OIDs; count 0: any policy will do */
    size_t count;
    bool required;   /* initial-explicit-policy */
    bool no_mapping; /* initial-policy-mapping-inhibit */
    bool no_any;     /* initial-any-policy-inhibit */
};

/* A policy at a depth. It descends from each of its parents, or from any policy. */
struct cfk__policy_node {
    struct cfk__span policy;
    uint32_t first_parent; /* CFK__NO_POLICY: any policy is the parent */
    bool gone;
    bool listed;  /* by the certificate of this depth */
    bool mapped;  /* to others, which stand for it further down */
    bool reached; /* from the policies of the leaf */
};

#define CFK__NO_POLICY UINT32_MAX

struct cfk__policy_link {
    uint32_t parent;
    uint32_t next;
};

/* Memory of a check; zero all but alloc to begin, release with cfk__policies_free(). */
struct cfk__policies {
    const struct cfk_alloc *alloc;
    struct cfk__policy_node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    struct cfk__policy_link *links;
    uint32_t link_count;
    uint32_t link_capacity;
    uint32_t level; /* the first node of the depth under way */
    bool any;       /* any policy is valid at this depth */
    uint64_t *left; /* comparisons that may still be made */
};

/*
 * Check the path x[0] (the leaf) to x[count - 1] (issued by the trust anchor,
 * which is not among them). CFK_OK; CFK_E_POLICY with *step to blame;
 * CFK_E_LIMIT when no comparisons are left; CFK_E_NOMEM.
 */
int cfk__policies_check(struct cfk__policies *p, const struct cfk__policy_wanted *wanted,
                        const struct cfk__x509 *const *x, uint32_t count, uint32_t *step);

void cfk__policies_free(struct cfk__policies *p);

/*
 * The DER contents of an OID in digits, at text, appended to out. CFK_OK,
 * CFK_E_INVALID where it is none, CFK_E_NOMEM.
 */
int cfk__policy_parse(const char *text, size_t size, struct cfk__buffer *out);

#endif
