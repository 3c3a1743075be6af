/* SPDX-License-Identifier: MIT */
/*
 * Sealing and opening lock files in pieces, given the master key: with the head
 * where shares open it, else the payload alone.
 */
#ifndef CFK_SPLIT_STREAM_H
#define CFK_SPLIT_STREAM_H

#include "cfkit/split.h"
#include "split/lock.h"

int cfk__sealer_new(const uint8_t *master, const struct cfk__place *place,
                    const struct cfk_alloc *alloc, cfk_split_sealer **out,
                    struct cfk_error *err);

/* place->set_id is that of the shares. */
int cfk__opener_new(const uint8_t *master, const struct cfk__place *place,
                    const struct cfk_alloc *alloc, cfk_split_opener **out,
                    struct cfk_error *err);

#endif
