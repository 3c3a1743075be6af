/* SPDX-License-Identifier: MIT */
/*
 * What one part of an executable says of another that comes after it: relocations of the
 * words that they fill, the index of .eh_frame of the functions in it.
 */
#ifndef CFK_DELTA_BIN_TOLD_H
#define CFK_DELTA_BIN_TOLD_H

#include "delta/bin_map.h"

struct cfk__bin_said {
    uint64_t place; /* 0: none */
    uint64_t value;
};

struct cfk__bin_told {
    struct cfk__bin_said *said; /* a zeroed table, */
    unsigned log;               /* and its size */
};

/* Add what was said of a field at an address of the new version. */
void cfk__bin_told_guess(const struct cfk__bin_told *t, enum cfk__bin_field kind,
                         uint64_t here, struct cfk__bin_guesses *g);

/* A field at a place of the new version, and in memory, became known: the address to. */
void cfk__bin_told_learn(struct cfk__bin_told *t, enum cfk__bin_field kind,
                         const uint8_t *new_version, size_t at, uint64_t here,
                         uint64_t to, uint64_t frame_index);

#endif
