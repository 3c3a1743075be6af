/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes ahead were seen before: hash chains over the old version and over
 * the window that is being encoded.
 */
#ifndef CFK_DELTA_VCDIFF_MATCH_H
#define CFK_DELTA_VCDIFF_MATCH_H

#include "base/bytes.h"

/* How hard to look. */
struct cfk__match_effort {
    uint32_t depth;    /* steps along a chain */
    uint32_t nice;     /* a match this long is not searched to be improved */
    uint32_t lazy;     /* positions ahead that may have a better one */
    uint32_t skip_log; /* after 2^this bytes without a match, every second is tried */
};

/* Chains of the positions 0, stride, 2 * stride... whose key bytes hash alike. */
struct cfk__match_index {
    struct cfk__span bytes;
    uint32_t *heads; /* entry + 1; 0: none */
    uint32_t *next;
    uint32_t heads_log;
    uint32_t key; /* bytes: 4 or 8 */
    uint32_t stride;
};

struct cfk__matcher {
    const struct cfk_alloc *alloc;
    struct cfk__match_effort effort;
    struct cfk__match_index old_long;  /* all of the old version */
    struct cfk__match_index old_short; /* of one that is not too large */
    struct cfk__match_index made;      /* the window, as far as it was passed */
    struct cfk__span segment;          /* of the old version: where copies are from */
    size_t segment_at;
};

/* A match; address counts through the segment and on in the window. */
struct cfk__match {
    size_t from; /* where it starts in the window: extended backwards */
    size_t size; /* 0: none */
    uint64_t address;
    int64_t gain; /* bytes saved */
};

/* What an address would cost in bytes, in a copy that is made at a position. */
typedef uint32_t cfk__match_cost(const void *ctx, uint64_t address, size_t at);

struct cfk__match_query {
    size_t at;
    size_t floor;      /* bytes before it are encoded already */
    uint64_t expected; /* the address behind that of the copy before; or none */
    uint64_t home;     /* the one in line with the last long copy; or none */
    cfk__match_cost *cost;
    const void *ctx;
};

/* CFK_OK or CFK_E_NOMEM. old must outlive it; window_max bytes is its longest window. */
int cfk__matcher_init(struct cfk__matcher *m, struct cfk__span old, size_t window_max,
                      const struct cfk__match_effort *effort,
                      const struct cfk_alloc *alloc);
void cfk__matcher_free(struct cfk__matcher *m);

/*
 * Begin a window, which must stay where it is. Copies are from size bytes of the old
 * version at at.
 */
void cfk__matcher_window(struct cfk__matcher *m, struct cfk__span window, size_t at,
                         size_t size);

/*
 * Where in the old version the window would start by the first long match in it; place
 * is tried first, and the answer where there is none.
 */
size_t cfk__matcher_home(const struct cfk__matcher *m, struct cfk__span window,
                         size_t place);

/* The match that saves most at query->at. */
struct cfk__match cfk__matcher_find(const struct cfk__matcher *m,
                                    const struct cfk__match_query *query);

/* Let later matches start at this position of the window. */
void cfk__matcher_pass(struct cfk__matcher *m, size_t at);

#endif
