/* SPDX-License-Identifier: MIT */
/*
 * Where the new version goes on in the old one. Positions are in one buffer
 * that holds the old version and then what is known of the new.
 *
 *   aligned  follows the old version; after a difference it takes the byte for
 *            replaced and goes on, until what follows shows a better place nearby
 *   resume   the place of the last difference: where text was inserted, the old
 *            goes on there
 *   longest  the last place where the last bytes stood before
 *   edited   the same among bytes that were different: edits repeat themselves
 */
#ifndef CFK_DELTA_CM_MATCH_H
#define CFK_DELTA_CM_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CFK__CM_ALIGNED,
    CFK__CM_RESUME,
    CFK__CM_LONGEST,
    CFK__CM_EDITED,
    CFK__CM_MATCHERS,
};

struct cfk__cm_match {
    size_t at;       /* of the byte that is expected next */
    uint32_t length; /* of bytes before it that agree, as far as known */
    uint32_t missed; /* one bit a byte, the last one lowest */
    bool valid;
};

struct cfk__cm_history {
    const uint8_t *data;
    size_t old_size;
    size_t size;   /* known bytes */
    uint64_t last; /* the last 8 bytes, the newest lowest */
};

struct cfk__cm_matches {
    struct cfk__cm_match of[CFK__CM_MATCHERS];
    size_t origin;     /* where the old version was left */
    uint32_t *longest; /* tables of positions + 1 by hash */
    uint32_t longest_shift;
    uint32_t *edited;
    uint32_t edited_shift;
};

/* The place to look at, in the table of edits, before the next byte. */
size_t cfk__cm_edited_before(const struct cfk__cm_matches *m,
                             const struct cfk__cm_history *h);

/* Put all of the old version into the table of longest. */
void cfk__cm_matches_index(struct cfk__cm_matches *m, const struct cfk__cm_history *h);

/* A byte that was coded by itself was added to the history. */
void cfk__cm_matches_next(struct cfk__cm_matches *m, const struct cfk__cm_history *h);

/* A run along the place at ended, with a byte that is another there. */
void cfk__cm_matches_break(struct cfk__cm_matches *m, const struct cfk__cm_history *h,
                           size_t at, size_t run);

/* How many bytes before at and before the end agree, most at most. */
uint32_t cfk__cm_agree(const struct cfk__cm_history *h, size_t at, uint32_t most);

#endif
