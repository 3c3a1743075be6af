/* SPDX-License-Identifier: MIT */
/* Options structs that start with their size and may only grow at the end. */
#ifndef CFK_BASE_OPTIONS_H
#define CFK_BASE_OPTIONS_H

#include "cfkit/base.h"

/*
 * Copy the caller's options, of whatever version, into dst of dst_size bytes:
 * what both sides know is taken, what only we know is zero, what only the
 * caller knows must be zero. src may be NULL: all zero, so every default.
 * Returns CFK_OK, CFK_E_INVALID (size not set) or CFK_E_NOTSUP.
 */
int cfk__options_import(void *dst, size_t dst_size, const void *src,
                        struct cfk_error *err);

#endif
