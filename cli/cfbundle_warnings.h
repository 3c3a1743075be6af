/* SPDX-License-Identifier: MIT */
/* What speaks against the chains that were found, in codes and in words. */
#ifndef CFBUNDLE_WARNINGS_H
#define CFBUNDLE_WARNINGS_H

#include "cfkit/bundle.h"

#include <stdbool.h>

/* A date as "2026-01-31". */
#define CFBUNDLE_DATE_SIZE 24
const char *cfbundle_date(int64_t when, char text[CFBUNDLE_DATE_SIZE]);

/* A message of the library without the name of the component. */
const char *cfbundle_words(const char *message);

/* What a run found, and what it was told. */
struct cfbundle_found {
    cfk_bundle_result *result;
    const cfk_bundle_platforms *platforms; /* may be NULL */
    int64_t time;
    bool reordered;       /* the chain in the input was the wrong way round */
    struct cfk_error why; /* why there is no chain, or why the forced one is not valid */
    const char *pem;      /* the best bundle; NULL: there is none */
};

/* The code of each CFK_BUNDLE_WARN_* bit, in the order of the bits. */
enum { CFBUNDLE_WARNINGS = 6 };
extern const char *const cfbundle_warning_codes[CFBUNDLE_WARNINGS];

/* Tell each warning about the best chain and the input, with the certificate it is about.
 */
void cfbundle_warnings(const struct cfbundle_found *found,
                       void (*tell)(void *ctx, const char *code, const char *words),
                       void *ctx);

#endif
