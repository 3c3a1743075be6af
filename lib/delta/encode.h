/* SPDX-License-Identifier: MIT */
/* The choice of a window, apart from the encoder so that its limits can be tested. */
#ifndef CFK_DELTA_ENCODE_H
#define CFK_DELTA_ENCODE_H

#include "cfkit/delta.h"

/*
 * The logarithm of a window in which all of a new version of new_size bytes can
 * reach all of a reference of old_size bytes, where the largest that libzstd
 * takes is log_max. CFK_OK, or CFK_E_LIMIT where the format allows none.
 */
int cfk__delta_window(uint32_t format, uint64_t old_size, uint64_t new_size, int log_max,
                      int *log, struct cfk_error *err);

#endif
