/* SPDX-License-Identifier: MIT */
/* Options of decoding, as both ways of it read them. */
#ifndef CFK_DELTA_DECODE_H
#define CFK_DELTA_DECODE_H

#include "cfkit/delta.h"

/* The caller's options with the defaults filled in. */
int cfk__delta_decode_options(struct cfk_delta_decode_options *o,
                              const struct cfk_delta_decode_options *opts,
                              struct cfk_error *err);

#endif
