/* SPDX-License-Identifier: MIT */
/* Checksums of an index, made right after it was changed, so that readers read on. */
#ifndef INDEX_SEAL_H
#define INDEX_SEAL_H

#include <stddef.h>
#include <stdint.h>

/* All that can be found in it. */
void index_seal(uint8_t *data, size_t size);

void index_set_u32(uint8_t *at, uint32_t value);

#endif
