/* SPDX-License-Identifier: MIT */
/*
 * Which places of two versions belong together though not all bytes agree: what bsdiff
 * (Percival, 2003) does with a suffix array, here by hash chains and extension
 * until the score drops.
 */
#ifndef CFK_DELTA_BIN_ALIGN_H
#define CFK_DELTA_BIN_ALIGN_H

#include "base/bytes.h"

/* size bytes at that are like those from. */
struct cfk__bin_piece {
    uint32_t at;   /* in the new version */
    uint32_t from; /* in the old one */
    uint32_t size;
};

enum { CFK__BIN_PIECE_MIN = 8 }; /* of size */

/* In the order of the new version, without overlaps there. */
struct cfk__bin_pieces {
    const struct cfk_alloc *alloc;
    struct cfk__bin_piece *list;
    size_t count;
    size_t capacity;
};

/* CFK_OK or CFK_E_NOMEM. */
int cfk__bin_pieces_add(struct cfk__bin_pieces *p, struct cfk__bin_piece piece);
void cfk__bin_pieces_free(struct cfk__bin_pieces *p);

/*
 * Pieces for versions of 1 << 29 bytes at most each. Looks at steps candidates for a
 * place, and at so many bytes in all as are in proportion to the new version.
 * Takes 4 bytes of memory a byte of the old one and 8 MiB. CFK_OK or CFK_E_NOMEM.
 */
int cfk__bin_align(struct cfk__span old, struct cfk__span new_version, uint32_t steps,
                   uint32_t penalty, struct cfk__bin_pieces *out);

#endif
