/* SPDX-License-Identifier: MIT */
/* Where the last bytes of the new version were seen before, in it or in the old one. */
#ifndef CFK_DELTA_BIN_RECALL_H
#define CFK_DELTA_BIN_RECALL_H

#include "base/bytes.h"

enum { CFK__BIN_RECALL_BYTES = 5, CFK__BIN_RECALL_LENGTH_MAX = 31 };

struct cfk__bin_recall {
    struct cfk__span old;
    const uint8_t *new;
    unsigned shift;   /* 64 - the logarithm of the size of both tables */
    uint32_t *in_old; /* a place + 1; 0: none */
    uint32_t *in_new;
    const uint8_t *at;  /* the byte that is expected; NULL: none */
    const uint8_t *end; /* of the old version, where at is in that */
    uint32_t length;    /* of what agreed, at most CFK__BIN_RECALL_LENGTH_MAX */
    uint32_t misses;
};

/* CFK_OK or CFK_E_NOMEM; to be freed in either case. */
int cfk__bin_recall_init(struct cfk__bin_recall *r, const struct cfk_alloc *alloc,
                         struct cfk__span old, const uint8_t *new_version,
                         size_t new_size);
void cfk__bin_recall_free(struct cfk__bin_recall *r, const struct cfk_alloc *alloc);

/* Unlearned bytes begin: nothing is expected. */
void cfk__bin_recall_restart(struct cfk__bin_recall *r);

/* What to expect after known bytes of the new version: a byte, or -1. */
int cfk__bin_recall_expect(struct cfk__bin_recall *r, size_t known);

/* What came. */
void cfk__bin_recall_learn(struct cfk__bin_recall *r, uint8_t byte);

#endif
