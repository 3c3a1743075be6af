/* SPDX-License-Identifier: MIT */
/* What cfbundle found, as one JSON object. */
#ifndef CFBUNDLE_JSON_H
#define CFBUNDLE_JSON_H

#include "cfbundle_warnings.h"

/* cfk_bundle_chain_cert() or cfk_bundle_rejected_cert(). */
typedef int (*cfbundle_cert_fn)(cfk_bundle_result *result, size_t path, size_t index,
                                struct cfk_bundle_cert *out, struct cfk_error *err);

/* Print all that was found. The exit status of the printing. */
int cfbundle_print_json(const struct cfbundle_found *found);

#endif
