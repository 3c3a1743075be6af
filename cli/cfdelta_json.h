/* SPDX-License-Identifier: MIT */
/* What cfdelta prints as JSON again and again. NULL where there is no memory. */
#ifndef CFDELTA_JSON_H
#define CFDELTA_JSON_H

#include "common/cli.h"

json_t *json_size(uint64_t size);

/* CFK_DELTA_DIGEST_SIZE bytes in hexadecimal. */
json_t *json_digest(const uint8_t *digest);

/* Its first size bytes; null for none. */
json_t *json_prefix(const uint8_t *digest, size_t size);

/* {"size": ..., "sha256": ...} of bytes. */
json_t *json_file(const void *data, size_t size);

#endif
