/* SPDX-License-Identifier: MIT */
/* Fetching issuers: what was asked for, and the loop around the search (fetch.c). */
#ifndef CFK_BUNDLE_FETCH_H
#define CFK_BUNDLE_FETCH_H

#include "base/bytes.h"
#include "cfkit/bundle.h"

#include <stdbool.h>

struct cfk__search;

/* One URL and what came of it. */
struct cfk__fetched {
    struct cfk__span url; /* as the certificate has it */
    const char *text;     /* the same for people */
    const char *message;
    int code;
    uint32_t certs;
    uint64_t bytes;
    bool asked;
};

struct cfk__fetches {
    struct cfk__fetched *items;
    uint32_t count;
    uint32_t capacity;
};

/*
 * After a search: fetch issuers and search again, as long as that helps and
 * the limits allow it. opts NULL: not at all. CFK_OK, CFK_E_INVALID,
 * CFK_E_NOTSUP or CFK_E_NOMEM.
 */
int cfk__fetch_issuers(struct cfk__search *s,
                       const struct cfk_bundle_fetch_options *opts);

/*
 * NULL where a URL may be fetched, else why not (fetch_url.c). The form that
 * it must have is in bundle_fetch.h.
 */
const char *cfk__fetch_refusal(struct cfk__span url, bool https);

/* The same for text: what is not printable ASCII as %XX; true when out has the room. */
bool cfk__fetch_url_text(struct cfk__span url, struct cfk__buffer *out);

#endif
