/* SPDX-License-Identifier: MIT */
/*
 * Leaves that bundles were built for lately, and which keys made their
 * signatures: a leaf is no part of the pool, but servers ask for the same again.
 */
#ifndef CFK_BUNDLE_RECENT_H
#define CFK_BUNDLE_RECENT_H

#include "base/bytes.h"

enum {
    CFK__RECENT_LEAVES = 64,
    CFK__RECENT_KEYS = 8,
    CFK__RECENT_SIZE = 16384, /* larger ones are not kept */
};

struct cfk__recent_leaf {
    uint64_t hash;
    struct cfk__span der; /* a copy; size 0: nothing is kept here */
    uint32_t count;
    struct {
        uint32_t key;
        int verdict;
    } keys[CFK__RECENT_KEYS];
};

struct cfk__recent {
    const struct cfk_alloc *alloc;
    struct cfk__recent_leaf *leaves; /* NULL until there is one */
};

/* Whether it is known if a key signed the leaf: then *verdict is set. */
bool cfk__recent_recall(const struct cfk__recent *r, struct cfk__span der, uint64_t hash,
                        uint32_t key, int *verdict);

/* Remember it, unless the leaf is too large. CFK_OK, CFK_E_NOMEM. */
int cfk__recent_add(struct cfk__recent *r, struct cfk__span der, uint64_t hash,
                    uint32_t key, int verdict);
void cfk__recent_free(struct cfk__recent *r);

#endif
