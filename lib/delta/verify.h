/* SPDX-License-Identifier: MIT */
/* What an encoder does with a patch before it hands it out. */
#ifndef CFK_DELTA_VERIFY_H
#define CFK_DELTA_VERIFY_H

#include "base/bytes.h"
#include "cfkit/delta.h"

/*
 * Decode a patch and compare with data, all of it at once, or of vcdiff a window at a
 * time. CFK_OK, CFK_E_NOMEM, or CFK_E_INVALID: it becomes something else.
 */
int cfk__delta_verify(const struct cfk_alloc *alloc, uint32_t format,
                      const cfk_delta_ref *ref, struct cfk__span data,
                      struct cfk__span patch, struct cfk_error *err);

#endif
