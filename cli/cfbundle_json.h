/* SPDX-License-Identifier: MIT */
/* What cfbundle found, as one JSON object. */
#ifndef CFBUNDLE_JSON_H
#define CFBUNDLE_JSON_H

#include "cfkit/bundle.h"

/* cfk_bundle_chain_cert() or cfk_bundle_rejected_cert(). */
typedef int (*cfbundle_cert_fn)(cfk_bundle_result *result, size_t path, size_t index,
                                struct cfk_bundle_cert *out, struct cfk_error *err);

enum { CFBUNDLE_WARNINGS = 5 };

struct cfbundle_warning {
    uint32_t bit; /* CFK_BUNDLE_WARN_* */
    const char *code;
    const char *words;
};

extern const struct cfbundle_warning cfbundle_warnings[CFBUNDLE_WARNINGS];

/*
 * Print the result; platforms is what it was ranked by or NULL, pem is the best bundle or
 * NULL, why the reason there is none (code CFK_OK: there is). The exit status of the
 * printing.
 */
int cfbundle_print_json(cfk_bundle_result *result, const cfk_bundle_platforms *platforms,
                        const char *pem, const struct cfk_error *why);

#endif
