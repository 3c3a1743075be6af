/* SPDX-License-Identifier: MIT */
/* Verdict cases of the test data: bundle/suites/NAME.cases, format in its README. */
#ifndef CASES_H
#define CASES_H

#include "cfkit/bundle.h"

#include <stdbool.h>

struct test_case {
    char id[256];
    char features[256];
    char host[300]; /* "dns:example.com"; "-" */
    char eku[64];
    bool success; /* what is expected */
    int64_t time;
    int64_t depth; /* -1: no limit given */
    cfk_bundle_pool *pool;
    uint8_t *leaf;
    size_t leaf_size;
};

/* Call each for every stride-th case of a file; false where the data is not there. */
bool cases_run(const char *suite, unsigned stride,
               void (*each)(void *ctx, const struct test_case *c), void *ctx);

/* Build as the case says, under CFK_BUNDLE_PROFILE_*. */
int case_build(const struct test_case *c, uint32_t profile, cfk_bundle_result **out,
               struct cfk_error *err);

#endif
