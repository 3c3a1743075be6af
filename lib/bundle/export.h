/* SPDX-License-Identifier: MIT */
/* Structs that are filled in for callers of any version. */
#ifndef CFK_BUNDLE_EXPORT_H
#define CFK_BUNDLE_EXPORT_H

#include "cfkit/base.h"

/*
 * Give the caller as much of ours as it knows, by the size it has set at the
 * start of out; what only it knows becomes zero. CFK_OK or CFK_E_INVALID.
 */
int cfk__export(void *out, const void *ours, size_t size, struct cfk_error *err);

#endif
