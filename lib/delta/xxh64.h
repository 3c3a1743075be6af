/* SPDX-License-Identifier: MIT */
/* XXH64 with seed 0, of which a zstd frame holds the low half as its checksum. */
#ifndef CFK_DELTA_XXH64_H
#define CFK_DELTA_XXH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t cfk__xxh64(const void *data, size_t size);

#endif
