/* SPDX-License-Identifier: MIT */
/* Sets of shares inside. */
#ifndef CFK_SPLIT_SET_H
#define CFK_SPLIT_SET_H

#include "split/share.h"

/*
 * The set that a share is of, under the same master key, shared anew: the next
 * generation. Options are complete. What cfk_split_new() returns, and CFK_E_LIMIT
 * after 65535 generations.
 */
int cfk__split_anew(const struct cfk_split_options *opts, const struct cfk__share *like,
                    const uint8_t *master, cfk_split **out, struct cfk_error *err);

#endif
