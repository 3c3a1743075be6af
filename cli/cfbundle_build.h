/* SPDX-License-Identifier: MIT */
/* How cfbundle judges chains: options of the search, by the words of the command line. */
#ifndef CFBUNDLE_BUILD_H
#define CFBUNDLE_BUILD_H

#include "cfkit/bundle.h"

#include <stdbool.h>

enum { CFBUNDLE_POLICIES_SIZE = 4096 };

struct cfbundle_build {
    struct cfk_bundle_options options;
    struct cfk_bundle_fetch_options *fetch; /* whose limits are among those of --limit */
    char policies[CFBUNDLE_POLICIES_SIZE];
};

/* --eku, --profile, --policy, --limit NAME=NUMBER: false where it is none. */
bool cfbundle_eku(struct cfbundle_build *build, const char *text);
bool cfbundle_profile(struct cfbundle_build *build, const char *text);
bool cfbundle_policy(struct cfbundle_build *build, const char *text);
bool cfbundle_limit(struct cfbundle_build *build, const char *text);

#endif
