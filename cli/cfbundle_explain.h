/* SPDX-License-Identifier: MIT */
/* What cfbundle found, in words for people. */
#ifndef CFBUNDLE_EXPLAIN_H
#define CFBUNDLE_EXPLAIN_H

#include "cfbundle_warnings.h"

/*
 * On standard error: the best chain, what expires when, who does not trust it,
 * what the other chains lack beside it, and why paths were rejected.
 */
void cfbundle_explain(const struct cfbundle_found *found);

/* With -v: every chain and every rejected path, certificate by certificate. */
void cfbundle_show(cfk_bundle_result *result);

#endif
