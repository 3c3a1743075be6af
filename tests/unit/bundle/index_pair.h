/* SPDX-License-Identifier: MIT */
/* A pool, the same pool out of an index, and whether both give the same answer. */
#ifndef INDEX_PAIR_H
#define INDEX_PAIR_H

#include "cfkit/bundle.h"

/* The index of a pool, on the heap, or a failed test. */
void *index_of(cfk_bundle_pool *pool, size_t *size);

/* A new pool with this index, and with the CRLs of like unless it is NULL. */
cfk_bundle_pool *index_pool(const void *data, size_t size, const cfk_bundle_pool *like);

/* Everything in the results is the same, but who remembered signatures. */
void index_expect_same(const char *what, cfk_bundle_result *a, cfk_bundle_result *b);

#endif
