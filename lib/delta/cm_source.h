/* SPDX-License-Identifier: MIT */
/*
 * What followed elsewhere where the last bytes stood. Nothing is taught beforehand: the
 * old version is sorted by the two bytes before each place, and only where a byte has to
 * be coded are those places looked at.
 */
#ifndef CFK_DELTA_CM_SOURCE_H
#define CFK_DELTA_CM_SOURCE_H

#include "cfkit/base.h"
#include "delta/cm_match.h"

/* How much before a place agrees, at least: in the old version by two ways to find it,
 * and in what was coded of the new one; and the same word. */
enum cfk__cm_class {
    CFK__CM_OLD_2,
    CFK__CM_OLD_3,
    CFK__CM_DEEP_4,
    CFK__CM_DEEP_5,
    CFK__CM_DEEP_6,
    CFK__CM_DEEP_8,
    CFK__CM_NEW_2,
    CFK__CM_NEW_3,
    CFK__CM_NEW_4,
    CFK__CM_NEW_6,
    CFK__CM_WORD,
    CFK__CM_CLASSES,
    CFK__CM_CLASS_ROOM = 16,
};

enum {
    CFK__CM_SEEN_OLD = 48, /* places looked at, at most */
    CFK__CM_SEEN_DEEP = 24,
    CFK__CM_SEEN_NEW = 64,
    CFK__CM_SEEN = CFK__CM_SEEN_OLD + CFK__CM_SEEN_DEEP + CFK__CM_SEEN_NEW,
};

_Static_assert((int)CFK__CM_SEEN < 256, "counts have 8 bits");

/* How often a byte followed, by class. */
struct cfk__cm_seen {
    uint8_t times[CFK__CM_CLASS_ROOM];
};

struct cfk__cm_source {
    uint32_t *starts; /* by the last byte and the one before: where in places */
    uint32_t *places; /* of the old version, rising for the same two bytes */
    uint32_t *head;   /* of the last 4 bytes: a place of the old version, 0: none, */
    uint32_t *before; /* and the one before it with the same hash */
    uint32_t head_shift;
    uint32_t *new_head; /* the same for coded bytes of the new version, by 2 bytes */
    uint32_t *new_before;
    size_t old_size;
    uint32_t best;    /* agreeing bytes, at most 8 */
    uint32_t count;   /* of bytes seen */
    uint8_t row[256]; /* of a byte, in seen; right where bytes[row] is that byte */
    uint8_t bytes[CFK__CM_SEEN];
    struct cfk__cm_seen seen[CFK__CM_SEEN];
};

uint64_t cfk__cm_source_memory(size_t old_size, size_t new_size);

/* false: no memory. To be freed in either case. */
bool cfk__cm_source_init(struct cfk__cm_source *s, const struct cfk_alloc *alloc,
                         const uint8_t *data, size_t old_size, size_t new_size);
void cfk__cm_source_free(struct cfk__cm_source *s, const struct cfk_alloc *alloc);

/* See what followed, for the next byte; places near close_to in the old version first. */
void cfk__cm_source_look(struct cfk__cm_source *s, const struct cfk__cm_history *h,
                         size_t close_to);

/* Keep what is below node (1, then bits), and count it by its next bit. */
void cfk__cm_source_count(struct cfk__cm_source *s, uint32_t node, unsigned shift,
                          struct cfk__cm_seen times[2]);

/* The byte before the end of the history was coded: it may be looked at. */
void cfk__cm_source_add(struct cfk__cm_source *s, const struct cfk__cm_history *h);

/* How often each byte came after one in the old version, counts of 256. */
void cfk__cm_source_after(const struct cfk__cm_source *s, const uint8_t *data,
                          uint8_t byte, uint32_t *counts);

#endif
