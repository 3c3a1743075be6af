/* SPDX-License-Identifier: MIT */
/* What a store of references holds. */
#ifndef CFK_DELTA_STORE_H
#define CFK_DELTA_STORE_H

#include "base/table.h"
#include "delta/postings.h"
#include "delta/reference.h"

struct slot {
    cfk_delta_ref *ref; /* NULL: free */
    uint32_t newer;     /* the page used next after this one; no_slot: none */
    uint32_t older;     /* and before; of a free slot, the next that is free */
};

struct values {
    uint32_t of[CFK_DELTA_SKETCH_VALUES];
};

/* Invariants: slots from end on were never used; bytes is the sum of the pages. */
struct cfk_delta_store {
    struct cfk_alloc alloc;
    uint64_t max_bytes;
    uint32_t max_pages;
    uint32_t end;
    uint64_t bytes;
    uint32_t newest;
    uint32_t oldest;
    uint32_t free; /* the first free slot before end */
    struct slot *slots;
    struct values *values;
    uint64_t *sizes; /* of pages; of a free slot, no matter */
    struct cfk__postings postings;
    struct cfk__table table; /* by digest */
};

#endif
