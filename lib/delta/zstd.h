/* SPDX-License-Identifier: MIT */
/* libzstd as the delta component uses it: its stable interface alone. */
#ifndef CFK_DELTA_ZSTD_H
#define CFK_DELTA_ZSTD_H

#include "delta/patch.h"

#include <zstd.h>

/* A context for one frame with ref as raw dictionary, whatever its first bytes are. */
int cfk__zstd_decoder_new(const cfk_delta_ref *ref, ZSTD_DCtx **out,
                          struct cfk_error *err);

/* What libzstd's error says about a patch: CFK_E_NOMEM or CFK_E_CORRUPT. */
int cfk__zstd_decode_failed(size_t result, uint32_t format, uint64_t offset,
                            struct cfk_error *err);

bool cfk__zstd_no_memory(size_t result);
bool cfk__zstd_no_room(size_t result);

#endif
