/* SPDX-License-Identifier: MIT */
/*
 * Where an address of the old version went in the new one: by the pieces, by what the
 * same address and those near it became before, and by what the last one of its kind did.
 * Which to follow is learned.
 */
#ifndef CFK_DELTA_BIN_MAP_H
#define CFK_DELTA_BIN_MAP_H

#include "delta/bin_align.h"
#include "delta/bin_fields.h"
#include "delta/cm_math.h"

enum {
    CFK__BIN_NEAR_LOG = 16,
    CFK__BIN_GUESSES = 5,
    CFK__BIN_PATTERNS = 64,
};

/* What an address became. */
struct cfk__bin_learned {
    uint32_t address; /* its low half */
    int32_t shift;
};

struct cfk__bin_map {
    const struct cfk__bin_image *old;
    const struct cfk__bin_image *new;
    struct cfk__bin_piece *pieces; /* by from, without overlaps there */
    size_t count;
    struct cfk__bin_learned *learned; /* a zeroed table, for guesses, */
    unsigned learned_log;             /* and its size */
    int32_t near[1 << CFK__BIN_NEAR_LOG];
    int32_t last[CFK__BIN_KINDS];
    uint32_t repeats[CFK__BIN_KINDS]; /* whether shifts were those before, as bits */
    uint32_t trust[CFK__BIN_KINDS][CFK__BIN_GUESSES][CFK__BIN_PATTERNS];
};

enum cfk__bin_guess {
    CFK__BIN_SAME_ADDRESS, /* what it became before */
    CFK__BIN_BY_PIECE,
    CFK__BIN_NEAR_ADDRESS, /* moved as one close to it was */
    CFK__BIN_LAST_OF_KIND, /* moved as the last one of its kind */
    CFK__BIN_TOLD,         /* what another part of the new version says */
};

/* What may have become of an address. */
struct cfk__bin_guesses {
    uint64_t address;
    bool is[CFK__BIN_GUESSES];
    uint64_t to[CFK__BIN_GUESSES];
    uint32_t pattern; /* which of them agree */
};

/* map is zeroed; map->pieces is to be released. CFK_OK or CFK_E_NOMEM. */
int cfk__bin_map_init(struct cfk__bin_map *map, const struct cfk__bin_image *old,
                      const struct cfk__bin_image *new_image,
                      const struct cfk__bin_pieces *pieces);

/* Where the pieces say that address went; false: nowhere. */
bool cfk__bin_map_move(const struct cfk__bin_map *map, uint64_t address, uint64_t *to);

/* All guesses but CFK__BIN_TOLD, which is left out. */
void cfk__bin_map_guess(const struct cfk__bin_map *map, enum cfk__bin_field kind,
                        uint64_t address, struct cfk__bin_guesses *out);

/* The guess to follow, by number, or -1. */
int cfk__bin_map_choose(const struct cfk__bin_map *map, enum cfk__bin_field kind,
                        const struct cfk__bin_guesses *g);

/* What became of it. */
void cfk__bin_map_learn(struct cfk__bin_map *map, const struct cfk__cm_math *math,
                        enum cfk__bin_field kind, const struct cfk__bin_guesses *g,
                        uint64_t to);

/* What fields of the new version are relative to that has one place. */
void cfk__bin_bases_init(struct cfk__bin_bases *b, const struct cfk__bin_fields *fields,
                         const struct cfk__bin_map *map);

/*
 * The old version with its addresses moved to where the pieces say, for a closer look
 * at what belongs together. To be released with alloc; NULL: no memory.
 */
uint8_t *cfk__bin_relocated(const struct cfk_alloc *alloc, const struct cfk__bin_map *map,
                            const struct cfk__bin_fields *fields, struct cfk__span old);

#endif
