/* SPDX-License-Identifier: MIT */
/*
 * Signatures that were checked: for a pair of a certificate and the key that
 * may have signed it, whether it did. A pair is checked once in its pool's life.
 */
#ifndef CFK_BUNDLE_EDGES_H
#define CFK_BUNDLE_EDGES_H

#include "base/table.h"

struct cfk__edge {
    uint32_t cert;
    uint32_t key;
    int verdict;    /* CFK_OK, CFK_E_SIGNATURE or CFK_E_NOTSUP */
    uint64_t stamp; /* of the last build that needed it */
};

/* Zero all but alloc and seed to begin. */
struct cfk__edges {
    const struct cfk_alloc *alloc;
    uint64_t seed[2];
    struct cfk__edge *items;
    uint32_t count;
    uint32_t capacity;
    struct cfk__table table;
};

/* The edge, or NULL when it was never checked. */
struct cfk__edge *cfk__edges_find(const struct cfk__edges *e, uint32_t cert,
                                  uint32_t key);

/* Remember a pair that is not there. CFK_OK, CFK_E_LIMIT or CFK_E_NOMEM. */
int cfk__edges_add(struct cfk__edges *e, uint32_t cert, uint32_t key, int verdict,
                   uint64_t stamp);
void cfk__edges_free(struct cfk__edges *e);

#endif
