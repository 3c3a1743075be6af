/* SPDX-License-Identifier: MIT */
/*
 * Which pages of a store have a value in their sketch: for each of the values a list of
 * pages, the last that was added first. Hash lists with links both ways, so that a
 * page leaves without a walk.
 */
#ifndef CFK_DELTA_POSTINGS_H
#define CFK_DELTA_POSTINGS_H

#include "base/bytes.h"
#include "cfkit/delta.h"

/* A posting is a page's number * CFK_DELTA_SKETCH_VALUES + which of its values, + 1. */
struct cfk__postings {
    unsigned shift;
    uint32_t *heads;
    uint32_t *next;
    uint32_t *prev; /* 0: it is first */
};

/* For so many pages. CFK_OK or CFK_E_NOMEM. */
int cfk__postings_init(struct cfk__postings *p, uint32_t pages,
                       const struct cfk_alloc *alloc);
void cfk__postings_free(struct cfk__postings *p, const struct cfk_alloc *alloc);

void cfk__postings_add(struct cfk__postings *p, uint32_t page, const uint32_t *values);

/* A page that was added with these values. */
void cfk__postings_remove(struct cfk__postings *p, uint32_t page, const uint32_t *values);

/* The first posting that may have this as its kth value, and the next; 0: no more. */
uint32_t cfk__postings_first(const struct cfk__postings *p, unsigned k, uint32_t value);

static inline uint32_t cfk__postings_next(const struct cfk__postings *p, uint32_t posting)
{
    return p->next[posting - 1];
}

static inline uint32_t cfk__postings_page(uint32_t posting)
{
    return (posting - 1) / CFK_DELTA_SKETCH_VALUES;
}

#endif
