/* SPDX-License-Identifier: MIT */
/*
 * Where in some bytes others were seen: for each hash a binary search tree, ordered by
 * what follows, with later places above earlier ones. A walk down meets the longest
 * copies after few steps; making the tree takes such a walk for each place.
 */
#ifndef CFK_DELTA_TREE_H
#define CFK_DELTA_TREE_H

#include "base/bytes.h"
#include "delta/load.h"

enum {
    CFK__TREE_READ = 8,   /* bytes that must be there at a place to enter it */
    CFK__TREE_DEEP = 512, /* bytes compared at most; what agrees in them is equal */
};

struct cfk__tree {
    unsigned shift;
    uint32_t *head;  /* a place + 1; 0: none */
    uint32_t *child; /* two of each place: what sorts before it and behind */
};

static inline uint32_t cfk__tree_hash(const struct cfk__tree *t, const uint8_t *p)
{
    return (uint32_t)(cfk__load32le(p) * UINT64_C(0x9e3779b185ebca87) >> t->shift);
}

/* What a walk meets: take() is told of copies longer than best, which it may raise. */
struct cfk__tree_walk {
    uint32_t best;
    unsigned steps;
    void (*take)(struct cfk__tree_walk *walk, uint32_t place, uint32_t length);
};

/* Look for data[0..limit) among the places of a tree over old. */
void cfk__tree_find(const struct cfk__tree *tree, const uint8_t *old, size_t old_size,
                    const uint8_t *data, size_t limit, struct cfk__tree_walk *walk);

/*
 * Enter a place of data, later than all before. What the walk meets goes to
 * walk->take unless that is NULL.
 */
void cfk__tree_enter(struct cfk__tree *tree, const uint8_t *data, size_t size,
                     uint32_t place, struct cfk__tree_walk *walk);

#endif
