/* SPDX-License-Identifier: MIT */
/* Shares that came together, inside. */
#ifndef CFK_SPLIT_QUORUM_H
#define CFK_SPLIT_QUORUM_H

#include "split/lock.h"

/* In secret memory, in one piece. */
struct cfk__quorum_keys {
    uint8_t ys[CFK_SPLIT_MAX_SHARES][CFK__MASTER_SIZE];
    uint8_t master[CFK__MASTER_SIZE];
    struct cfk__share first;     /* the share that the others must go with */
    struct cfk__share_work work; /* the one being read */
    uint8_t plain[CFK_SPLIT_MAX_INSIDE];
};

/* What it takes to make another share; in secret memory. */
struct cfk__quorum_extension {
    struct cfk__share_work work;
    struct cfk__merkle tree;
    char text[CFK_SPLIT_MAX_SHARE_TEXT];
};

struct cfk_split_quorum {
    struct cfk_alloc alloc;
    uint32_t have;
    uint8_t xs[CFK_SPLIT_MAX_SHARES];
    struct cfk__quorum_keys *keys;
    struct cfk__quorum_extension *extension; /* NULL until one is wanted */
};

/*
 * The master key from the first k shares, every one of which was proven; for the caller
 * to wipe. CFK_OK or CFK_E_NEED_MORE.
 */
int cfk__quorum_join(cfk_split_quorum *quorum, struct cfk_error *err);

#endif
