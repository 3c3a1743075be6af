/* SPDX-License-Identifier: MIT */
/* What chains are compared by (rank.c), and how strong their steps are (strength.c). */
#ifndef CFK_BUNDLE_RANK_H
#define CFK_BUNDLE_RANK_H

#include "cfkit/bundle.h"

#include <stdbool.h>

struct cfk__path;

enum { CFK__RANK_KEYS = 12 };

/* Criteria in the order in which they are compared (rank.c). */
struct cfk__ranking {
    uint8_t keys[CFK__RANK_KEYS];
    unsigned count;
};

struct cfk__rating {
    const struct cfk__ranking *ranking; /* while it is sorted */
    uint64_t ubiquity;
    uint8_t *trusted; /* a bit for each platform; NULL: there are none */
    uint32_t security;
    uint32_t weakest;
    int preference;      /* 1 preferred, -1 avoided */
    bool required;       /* all platforms that are required trust it */
    bool sha1;           /* a signature below the root */
    bool ecdsa;          /* a key or signature of any certificate */
    uint8_t common_hash; /* cfssl's marks for the rarest hash and key */
    uint8_t common_key;
};

/* security, weakest, sha1, ecdsa, common_hash, common_key of a chain. */
void cfk__strength(const struct cfk__path *chain, struct cfk__rating *rating);

#endif
