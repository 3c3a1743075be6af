/* SPDX-License-Identifier: MIT */
/*
 * The body of a cfd patch between binaries. Pieces of the old version are laid where the
 * new one is like them, with the addresses in them moved to where the map of all pieces
 * says that they went; what is coded is where that is wrong, and what is right
 * there, and what belongs to no piece.
 */
#ifndef CFK_DELTA_BIN_H
#define CFK_DELTA_BIN_H

#include "base/bytes.h"
#include "delta/cm.h"

enum { CFK__BIN_SIZE_MAX = 1 << 29 }; /* of each version */

/* Memory that decoding takes at most, about. */
uint64_t cfk__bin_memory(uint64_t old_size, uint64_t new_size);

/* Whether it is a program or shared library of a known format. */
bool cfk__bin_executable(struct cfk__span file);

/* Whether it is worth a try elsewhere: it does not look like text. */
bool cfk__bin_suits(struct cfk__span new_version);

/*
 * Looks at steps candidates for a place. CFK_OK, CFK_E_SPACE (more than capacity),
 * CFK_E_NOMEM. Neither version may have more than CFK__BIN_SIZE_MAX bytes.
 */
int cfk__bin_encode_body(const struct cfk_alloc *alloc, struct cfk__span old,
                         struct cfk__span new_version, uint32_t steps, uint8_t *out,
                         size_t capacity, size_t *size);

/* A decoder in pieces, as that of cm.h. CFK_OK or CFK_E_NOMEM. */
struct cfk__bin_body;

int cfk__bin_body_new(const struct cfk_alloc *alloc, struct cfk__span old,
                      size_t new_size, struct cfk__bin_body **out);
void cfk__bin_body_free(struct cfk__bin_body *b);

enum cfk__cm_progress cfk__bin_body_take(struct cfk__bin_body *b, struct cfk__reader *in,
                                         size_t most);
struct cfk__span cfk__bin_body_known(const struct cfk__bin_body *b);

#endif
