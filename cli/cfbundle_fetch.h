/* SPDX-License-Identifier: MIT */
/* --fetch: issuers that are missing come from the URLs that certificates name. */
#ifndef CFBUNDLE_FETCH_H
#define CFBUNDLE_FETCH_H

#include "cfbundle_curl.h"
#include "cfkit/bundle.h"

struct cfbundle_fetching {
    bool wanted;
    bool tuned;           /* an option of fetching was given */
    bool any_address;     /* --fetch-private */
    uint64_t timeout_ns;  /* of one URL */
    uint64_t max_time_ns; /* of all */
    const char *keep;     /* folder of what was found, or NULL */
    struct cfk_bundle_fetch_options options;
    struct cfbundle_curl *curl;
    uint64_t began_ns;
};

/* Defaults. */
void cfbundle_fetch_init(struct cfbundle_fetching *f);

/* Load libcurl; then options may be given to a build. */
int cfbundle_fetch_begin(struct cfbundle_fetching *f, struct cfk_error *err);

/*
 * Say what could not be fetched (with -v alone, where there is a chain all the
 * same), and keep the fetched certificates of chains in the folder, as SHA256.pem.
 */
int cfbundle_fetch_end(struct cfbundle_fetching *f, cfk_bundle_result *result,
                       struct cfk_error *err);
void cfbundle_fetch_free(struct cfbundle_fetching *f);

/* Without --fetch: a hint where the issuer that is missing may be had. */
void cfbundle_fetch_hint(cfk_bundle_result *result);

#endif
