/* SPDX-License-Identifier: MIT */
/*
 * A hash tree over the 255 shares that a polynomial has (and an empty leaf for
 * x = 0), so that one share is proven to belong to a root of 16 bytes. hash is a
 * context of SHA-256 in any state, for the many digests there are in a row.
 */
#ifndef CFK_SPLIT_MERKLE_H
#define CFK_SPLIT_MERKLE_H

#include "base/crypto.h"

enum {
    CFK__MERKLE_HASH = 16,    /* SHA-256, cut */
    CFK__MERKLE_CONTENT = 54, /* most bytes of a leaf: one block of SHA-256 in all */
    CFK__MERKLE_LEAVES = 256,
    CFK__MERKLE_DEPTH = 8,
    CFK__MERKLE_PROOF = CFK__MERKLE_DEPTH * CFK__MERKLE_HASH,
};

/* Node 1 is the root, node i has the children 2i and 2i + 1, leaf x is node 256 + x. */
struct cfk__merkle {
    uint8_t nodes[2 * CFK__MERKLE_LEAVES][CFK__MERKLE_HASH];
};

/* The hash of what a leaf stands for. CFK_OK or CFK_E_NOMEM, as in all of these. */
int cfk__merkle_leaf(struct cfk__hash_ctx *hash, struct cfk__span content, uint8_t *leaf,
                     struct cfk_error *err);

/* Fill the nodes above the leaves, which are there. */
int cfk__merkle_build(struct cfk__hash_ctx *hash, struct cfk__merkle *tree,
                      struct cfk_error *err);

/* The hashes beside the way from leaf x up, nearest first. */
void cfk__merkle_prove(const struct cfk__merkle *tree, uint8_t x, uint8_t *proof);

/* The root that a leaf and its proof lead to. */
int cfk__merkle_root(struct cfk__hash_ctx *hash, const uint8_t *leaf, uint8_t x,
                     const uint8_t *proof, uint8_t *root, struct cfk_error *err);

#endif
