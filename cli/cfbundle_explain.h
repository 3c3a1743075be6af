/* SPDX-License-Identifier: MIT */
/* What cfbundle found, in words for people. */
#ifndef CFBUNDLE_EXPLAIN_H
#define CFBUNDLE_EXPLAIN_H

#include "cfkit/bundle.h"

/* A date as "2026-01-31". */
#define CFBUNDLE_DATE_SIZE 24
const char *cfbundle_date(int64_t when, char text[CFBUNDLE_DATE_SIZE]);

/*
 * On standard error: the best chain, what expires when, who does not trust it,
 * what the other chains lack beside it, and why paths were rejected. platforms
 * may be NULL.
 */
void cfbundle_explain(cfk_bundle_result *result, const cfk_bundle_platforms *platforms,
                      int64_t now);

#endif
