/* SPDX-License-Identifier: MIT */
/* What the two kinds of rings share, and a way to test what takes centuries. */
#ifndef CFK_STRUCTURES_RING_H
#define CFK_STRUCTURES_RING_H

#include "cfkit/ring.h"

/* The options, checked, with their defaults. CFK_OK, CFK_E_INVALID or CFK_E_NOTSUP. */
int cfk__ring_options(struct cfk_ring_options *o, const struct cfk_ring_options *opts,
                      struct cfk_error *err);

/* As if so many items had gone through an empty queue that nobody uses yet. */
void cfk__spsc_begin_at(cfk_spsc *queue, uint64_t index);

#endif
