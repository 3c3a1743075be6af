/* SPDX-License-Identifier: MIT */
/* What a store does with sketches. */
#ifndef CFK_DELTA_SKETCH_H
#define CFK_DELTA_SKETCH_H

#include "cfkit/delta.h"

/* The values of content without a sample: shorter than 32 bytes, say. */
#define CFK__SKETCH_EMPTY UINT32_MAX

/* How many of the CFK_DELTA_SKETCH_VALUES values are the same. */
uint32_t cfk__sketch_common(const uint32_t *a, const uint32_t *b);

#endif
