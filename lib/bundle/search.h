/* SPDX-License-Identifier: MIT */
/*
 * The search for chains. Three steps: reach.c finds, by names alone, what lies
 * between the leaf and a root and how far away roots are; search.c follows
 * paths, the shortest first, and checks signatures on the way; verdict.c says
 * why there is no chain where there is none.
 */
#ifndef CFK_BUNDLE_SEARCH_H
#define CFK_BUNDLE_SEARCH_H

#include "bundle/check.h"
#include "bundle/fetch.h"
#include "bundle/name_constraints.h"
#include "bundle/rank.h"

/* A chain, or a path that was rejected; leaf first. */
struct cfk__path {
    struct cfk__cert **certs;
    uint32_t length;
    bool rooted; /* the last certificate was used as a root */
    bool forced; /* as CFK_BUNDLE_FORCE has it, though it is not valid */
    int reason;  /* rejected: CFK_E_*, and who is to blame */
    uint32_t step;
    int64_t valid_from; /* chains: see struct cfk_bundle_chain_info */
    int64_t valid_until;
    int64_t issuers_until; /* valid_until without the leaf */
    uint32_t warnings;
    struct cfk__rating rating;
};

/* What a certificate of a path is used as. */
static inline enum cfk__part cfk__path_part(const struct cfk__path *path, uint32_t step)
{
    if (step == 0)
        return CFK__PART_LEAF;
    return path->rooted && step + 1 == path->length ? CFK__PART_ROOT : CFK__PART_ISSUER;
}

struct cfk__paths {
    struct cfk__path *items;
    uint32_t count;
    uint32_t capacity;
};

struct cfk_bundle_result {
    struct cfk_alloc alloc;
    cfk_bundle_pool *pool;
    struct cfk__arena arena; /* paths, the leaf, its facts */
    struct cfk__cert leaf;
    struct cfk__wanted wanted;
    struct cfk__paths chains;
    struct cfk__paths rejected;
    const cfk_bundle_platforms *platforms; /* that the chains were ranked by */
    int reason;
    struct cfk_error why;
    struct cfk_error invalid; /* why a forced chain is not valid */
    struct cfk__fetches fetches;
    uint64_t signatures;
    uint64_t remembered;
    uint64_t failures;
    uint64_t expansions;
    uint32_t met;
};

/* The most certificates that a chain may have. */
#define CFK__LENGTH_MAX 255

/* Verifies one signature: CFK_OK, CFK_E_SIGNATURE, CFK_E_NOTSUP or CFK_E_NOMEM. */
typedef int (*cfk__verify_fn)(const struct cfk__cert *cert,
                              const struct cfk__cert *issuer, struct cfk_error *err);

/* How far it is, in certificates, from an issuer's name to the end of a root. */
enum cfk__distance {
    CFK__BY_NAME,  /* over every certificate with a fitting name */
    CFK__BY_CHECK, /* only over those that pass cfk__check_issuer() */
};

#define CFK__UNREACHABLE UINT32_MAX

struct cfk__heap_entry {
    uint64_t order;
    uint32_t node;
};

struct cfk__node {
    struct cfk__cert *cert;
    uint32_t parent;    /* node below; CFK__NONE: this is the leaf */
    uint32_t depth;     /* certificates up to and with this one */
    uint32_t cas;       /* of them, intermediates that are not self-issued */
    uint32_t strangers; /* links whose key identifiers disagree, damaged copies */
    bool rooted;
    bool doomed; /* no chain can come of it; followed to say why */
};

struct cfk__search {
    cfk_bundle_pool *pool;
    struct cfk_bundle_result *result;
    const struct cfk__wanted *wanted;
    const struct cfk_bundle_options *limits;
    cfk__verify_fn verify;
    struct cfk_error *err;
    struct cfk__node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    struct cfk__heap_entry *heap;
    uint32_t heap_count;
    uint32_t heap_capacity;
    struct cfk__edges leaf_edges; /* of a leaf that is not in the pool */
    struct cfk__edges statuses; /* CFK_E_REVOKED... of a certificate under an issuer's */
    uint32_t explained;         /* expansions of doomed nodes */
    uint32_t needed;            /* signatures that this build asked for, */
    uint32_t failed;            /* and of them, those that do not hold */
    struct cfk__names names;
    struct cfk__policies policies;
    struct cfk__cert **forced; /* the only intermediates, in order; NULL: any */
    uint32_t forced_count;
    uint64_t expanded; /* steps of the searches before this one */
};

/*
 * Find distances for what the name may be issued by, into the names of the
 * pool; cfk__distance() reads them until the next call. CFK_OK, CFK_E_NOMEM.
 */
int cfk__reach(cfk_bundle_pool *pool, uint32_t name, const struct cfk__wanted *wanted,
               struct cfk_error *err);
uint32_t cfk__distance(const cfk_bundle_pool *pool, uint32_t name,
                       enum cfk__distance kind);

/* Fill result with chains and rejections. CFK_OK or CFK_E_NOMEM. */
int cfk__search_run(struct cfk__search *s);
void cfk__search_free(struct cfk__search *s);

/* The same once more, after the pool has grown; what was found before is gone. */
int cfk__search_again(struct cfk__search *s);

/* What CFK_BUNDLE_FORCE allows (force.c): before the search, and if it found nothing. */
int cfk__force_begin(struct cfk__search *s);
int cfk__force_end(struct cfk__search *s);

/* A path at the end of those that were found. */
int cfk__search_append(struct cfk__search *s, struct cfk__paths *paths,
                       const struct cfk__path *path);

/*
 * Whether the key of issuer made the signature of cert, checked at most once:
 * CFK_OK, CFK_E_SIGNATURE; CFK_E_LIMIT when max_failures are used up;
 * CFK_E_NOMEM.
 */
int cfk__search_verify(struct cfk__search *s, struct cfk__cert *cert,
                       const struct cfk__cert *issuer);

/* The same for what is kept in edges under a number, as the tbs and signature of cert. */
int cfk__search_verify_in(struct cfk__search *s, struct cfk__edges *edges,
                          uint32_t number, const struct cfk__cert *cert,
                          const struct cfk__cert *issuer);

/* Find damaged copies among the certificates of a name (twins.c). CFK_OK, CFK_E_NOMEM. */
int cfk__twins_mark(cfk_bundle_pool *pool, uint32_t name);

/* Set result->reason and ->why, where there is no chain (verdict.c). CFK_OK or
 * CFK_E_NOMEM. */
int cfk__verdict(struct cfk__search *s);

/* The facts of a certificate of the result, in the arena that it lives in. */
int cfk__result_facts(struct cfk_bundle_result *result, struct cfk__cert *cert,
                      const struct cfk__facts **out, struct cfk_error *err);

/* The back end's verification. */
int cfk__verify_signature(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                          struct cfk_error *err);

/* cfk_bundle_build() with another verification, for tests. */
int cfk__bundle_build(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                      int64_t time, const struct cfk_bundle_options *opts,
                      cfk__verify_fn verify, cfk_bundle_result **out,
                      struct cfk_error *err);

#endif
