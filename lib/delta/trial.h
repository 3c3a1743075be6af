/* SPDX-License-Identifier: MIT */
/*
 * About how many bytes a patch would take, at a hundredth of the time of making it: what
 * of the new version is nowhere in the old one, and in how many pieces the rest is.
 */
#ifndef CFK_DELTA_TRIAL_H
#define CFK_DELTA_TRIAL_H

#include "base/bytes.h"

struct cfk__trial {
    const struct cfk_alloc *alloc;
    struct cfk__span data; /* the new version, which must stay */
    uint32_t *places;      /* of the old version at hand, by the hash of 8 bytes */
    uint32_t literal_cost; /* of a byte that is new, in 1/256 byte */
};

/* CFK_OK or CFK_E_NOMEM. */
int cfk__trial_init(struct cfk__trial *t, struct cfk__span data,
                    const struct cfk_alloc *alloc);
void cfk__trial_free(struct cfk__trial *t);

/* Never 0. */
uint64_t cfk__trial_estimate(struct cfk__trial *t, struct cfk__span old);

#endif
