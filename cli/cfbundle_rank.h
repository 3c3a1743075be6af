/* SPDX-License-Identifier: MIT */
/* How cfbundle ranks chains: its options, and the platforms that they are ranked by. */
#ifndef CFBUNDLE_RANK_H
#define CFBUNDLE_RANK_H

#include "cfkit/bundle.h"

#include <stdbool.h>

enum {
    CFBUNDLE_ANCHORS = 64,
    CFBUNDLE_REQUIRED = 64,
};

struct cfbundle_ranking {
    const char *path; /* of the platforms; NULL: those that ship */
    uint8_t prefer[CFBUNDLE_ANCHORS][32];
    uint8_t avoid[CFBUNDLE_ANCHORS][32];
    const char *require[CFBUNDLE_REQUIRED];
    struct cfk_bundle_rank_options options;
    cfk_bundle_platforms *platforms; /* owned */
    bool forced;                     /* --flavor force, which is no order */
};

/* --order, --flavor, a SHA-256 in hexadecimal with or without colons: false if it is
 * none. */
bool cfbundle_order(struct cfbundle_ranking *ranking, const char *text);
bool cfbundle_flavor(struct cfbundle_ranking *ranking, const char *text);
bool cfbundle_prefer(struct cfbundle_ranking *ranking, const char *text);
bool cfbundle_avoid(struct cfbundle_ranking *ranking, const char *text);

/* --require-platform; false when there are too many. */
bool cfbundle_require(struct cfbundle_ranking *ranking, const char *name);

/*
 * Load the platforms, where there is a choice or people are to be told of them,
 * and rank. Where those that ship are not installed, go without.
 */
int cfbundle_rank(struct cfbundle_ranking *ranking, cfk_bundle_result *result,
                  bool telling, struct cfk_error *err);
void cfbundle_rank_free(struct cfbundle_ranking *ranking);

#endif
