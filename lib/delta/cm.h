/* SPDX-License-Identifier: MIT */
/* The body of a cfd patch that context mixing makes: model and coder together. */
#ifndef CFK_DELTA_CM_H
#define CFK_DELTA_CM_H

#include "base/bytes.h"
#include "delta/cm_model.h"

/* Memory that either direction takes at most, about. */
uint64_t cfk__cm_memory(uint64_t old_size, uint64_t new_size);

/* CFK_OK, CFK_E_SPACE (more than capacity), CFK_E_NOMEM, CFK_E_LIMIT (positions). */
int cfk__cm_encode_body(const struct cfk_alloc *alloc, struct cfk__span old,
                        struct cfk__span new_version, uint8_t *out, size_t capacity,
                        size_t *size, struct cfk_error *err);

/* A decoder in pieces. */
struct cfk__cm_body;

int cfk__cm_body_new(const struct cfk_alloc *alloc, struct cfk__span old, size_t new_size,
                     struct cfk__cm_body **out, struct cfk_error *err);
void cfk__cm_body_free(struct cfk__cm_body *b);

enum cfk__cm_progress { CFK__CM_MORE, CFK__CM_WHOLE, CFK__CM_WRONG, CFK__CM_NO_MEMORY };

/*
 * Decode until most more bytes of the new version are known, or in is used up:
 * WHOLE behind the last byte of the body, once all of them were asked for.
 */
enum cfk__cm_progress cfk__cm_body_take(struct cfk__cm_body *b, struct cfk__reader *in,
                                        size_t most);

/* What is known of the new version. */
struct cfk__span cfk__cm_body_known(const struct cfk__cm_body *b);

#endif
