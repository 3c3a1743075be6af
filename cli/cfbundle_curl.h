/* SPDX-License-Identifier: MIT */
/*
 * One GET over HTTP by libcurl, which is loaded when it is first needed: linked
 * to the tool it would take longer to load than most of the tool's work takes.
 */
#ifndef CFBUNDLE_CURL_H
#define CFBUNDLE_CURL_H

#include "cfkit/base.h"

#include <stdbool.h>

struct cfbundle_curl;

enum {
    CFBUNDLE_URL_MAX = 2048,
    CFBUNDLE_HEADER_MAX = 64 * 1024,  /* bytes of one answer's header */
    CFBUNDLE_DROPPED_MAX = 64 * 1024, /* of a body that is not wanted */
};

struct cfbundle_get {
    const char *url;
    uint64_t timeout_ms;
    bool any_address; /* hosts need not be public */

    /* A piece of the body of a 200; what it returns but for CFK_OK ends the transfer. */
    int (*take)(void *ctx, const void *data, size_t size);
    void *ctx;

    long status;                         /* out: 200, 404...; 0: there was none */
    char redirect[CFBUNDLE_URL_MAX + 1]; /* out: where else to look, or "" */
};

/*
 * CFK_OK, or CFK_E_NOTSUP where the tool was built without libcurl or the
 * system has none.
 */
int cfbundle_curl_open(struct cfbundle_curl **out, struct cfk_error *err);

/*
 * Get one URL, following nothing; no proxy, no cookies, no password. An HTTP
 * status of any kind is CFK_OK. CFK_E_TIMEOUT, what take returned, or CFK_E_IO with the
 * cause in err.
 */
int cfbundle_curl_get(struct cfbundle_curl *curl, struct cfbundle_get *get,
                      struct cfk_error *err);

/* NULL is accepted. */
void cfbundle_curl_close(struct cfbundle_curl *curl);

#endif
