/* SPDX-License-Identifier: MIT */
/* An allocator that fails when told to, and the sweep over every failure. */
#ifndef FAULT_H
#define FAULT_H

#include "cfkit/base.h"

struct fault {
    struct cfk_alloc alloc;
    size_t calls;   /* allocations asked for so far */
    size_t fail_at; /* the number of the one that fails, from 1; 0: none */
    size_t live;    /* blocks handed out and not released */
};

/* Begin anew: an allocator whose nth allocation fails (0: none does). */
const struct cfk_alloc *fault_at(struct fault *fault, size_t nth);

/*
 * Run call(ctx, alloc) with the 1st, 2nd, 3rd... allocation failing until it
 * succeeds. Each failed run must return CFK_E_NOMEM and leave no block behind;
 * so must the last one, which returns CFK_OK: call releases what it makes. At
 * least least failures must have been injected. Returns how many were.
 */
size_t fault_sweep(int (*call)(void *ctx, const struct cfk_alloc *alloc), void *ctx,
                   size_t least);

#endif
