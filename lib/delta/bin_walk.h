/* SPDX-License-Identifier: MIT */
/* The walk through the body of a binary patch, the same for both sides. */
#ifndef CFK_DELTA_BIN_WALK_H
#define CFK_DELTA_BIN_WALK_H

#include "delta/bin_map.h"
#include "delta/bin_model.h"
#include "delta/bin_recall.h"
#include "delta/bin_told.h"

enum {
    CFK__BIN_STEP = 32,        /* bytes of the new version that a step makes at most */
    CFK__BIN_STEP_CODE = 1024, /* bytes that code for them at most */
    CFK__BIN_AHEAD = 64,       /* predictions kept, a power of two */
};

struct cfk__bin_walk {
    struct cfk_alloc alloc;
    struct cfk__span old;
    uint8_t *new;
    size_t new_size;
    size_t known; /* of new */
    struct cfk__bin_pieces pieces;
    size_t piece; /* the one that known is in or before */

    struct cfk__bin_image old_image;
    struct cfk__bin_image new_image; /* read when enough is known */
    bool new_image_read;
    struct cfk__bin_fields fields;
    struct cfk__bin_map map;
    struct cfk__bin_bases bases;
    struct cfk__bin_told told;

    uint8_t right[CFK__BIN_AHEAD];  /* predicted bytes, by place */
    uint8_t traits[CFK__BIN_AHEAD]; /* kind << 4 | which of 4 << 2 | how predicted */
    size_t predicted;               /* how far */
    bool plain;                     /* no field is in the last step */
    uint32_t wrong_chunks;          /* the last ones, as bits */
    uint32_t wrong_bytes;
    uint8_t last_fix; /* what was last added to a prediction */

    struct cfk__bin_recall recall;
    struct cfk__bin_model model;
    struct cfk__bin_slot *slots;
    uint32_t *flags;
};

/* A walk that has done nothing. CFK_OK or CFK_E_NOMEM; to be freed in either case. */
int cfk__bin_walk_new(const struct cfk_alloc *alloc, struct cfk__span old,
                      size_t new_size, struct cfk__bin_walk **out);
void cfk__bin_walk_free(struct cfk__bin_walk *w);

/* The next piece: the one given when writing. false: not a possible one. */
bool cfk__bin_walk_piece(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                         struct cfk__bin_piece *piece);

/* All pieces are there. CFK_OK or CFK_E_NOMEM. */
int cfk__bin_walk_begin(struct cfk__bin_walk *w);

/* Make the next bytes of the new version known; truth holds them all when writing. */
void cfk__bin_walk_step(struct cfk__bin_walk *w, struct cfk__bin_bits *b,
                        const uint8_t *truth);

#endif
