/* SPDX-License-Identifier: MIT */
/*
 * libcfkit bundle: issuers that nobody has are fetched from where certificates
 * say that they are (RFC 5280, 4.2.2.1: authority information access, method
 * caIssuers). The library has no network: it asks the caller for what a URL
 * names, within limits, and takes nothing on trust that comes back.
 *
 *     struct cfk_bundle_fetch_options fetch = { .size = sizeof fetch, .get = get };
 *     struct cfk_bundle_options opts = { .size = sizeof opts, .fetch = &fetch };
 *
 *     static int get(void *ctx, const char *url, cfk_bundle_answer *answer,
 *                    struct cfk_error *err)
 *     {
 *         while ((n = next_piece(url, piece)) > 0)
 *             if ((rc = cfk_bundle_answer_add(answer, piece, n, err)) != CFK_OK)
 *                 return rc;
 *         return CFK_OK;
 *     }
 *
 * Who has an event loop and cannot wait in a callback goes without: build, ask
 * cfk_bundle_issuer_url() of a certificate whose issuer is missing, fetch, add what
 * came with cfk_bundle_pool_add() as CFK_BUNDLE_FETCHED, and build again.
 */
#ifndef CFKIT_BUNDLE_FETCH_H
#define CFKIT_BUNDLE_FETCH_H

#include <cfkit/bundle.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a fetch puts what it gets; it lives while the fetch runs. */
typedef struct cfk_bundle_answer cfk_bundle_answer;

/*
 * Add size bytes to what was got so far. A fetch that fails here gives up and
 * returns the same code; whatever it returns, the answer is not looked at.
 *
 * Returns CFK_OK, CFK_E_LIMIT (more than an answer may have) or CFK_E_NOMEM.
 * O(size), amortized. Since 0.1.
 */
CFK_API int cfk_bundle_answer_add(cfk_bundle_answer *answer, const void *data,
                                  size_t size, struct cfk_error *err);

/*
 * Get what url names: http or https, printable ASCII without blanks, with a
 * host and without a user or password, at most 2,048 characters. Where the host is, and
 * how long to wait, is the callback's to judge: the URL is by whoever made the
 * certificate, who may want to reach what only the caller can.
 *
 * Return CFK_OK, CFK_E_NOMEM (which ends the build), or any other CFK_E_* with the cause
 * in err->message: then this fetch has failed, and the build goes on without it.
 */
typedef int (*cfk_bundle_fetch_fn)(void *ctx, const char *url, cfk_bundle_answer *answer,
                                   struct cfk_error *err);

enum {
    CFK_BUNDLE_FETCH_HTTPS = 1, /* URLs may be https too */

    /* Fetch all issuers, also where there are chains: for those that nobody knows yet. */
    CFK_BUNDLE_FETCH_ALL = 2
};

struct cfk_bundle_fetch_options {
    size_t size;             /* sizeof(struct cfk_bundle_fetch_options) */
    cfk_bundle_fetch_fn get; /* NULL: nothing is fetched */
    void *ctx;
    uint32_t flags;     /* CFK_BUNDLE_FETCH_* */
    uint32_t max_count; /* URLs asked for in a build; 0 means 16 */
    uint32_t max_depth; /* fetched certificates in one path; 0 means 5 */
    uint32_t reserved;  /* 0 */
    uint64_t max_size;  /* bytes of one answer; 0 means 256 KiB */
    uint64_t max_total; /* bytes of all answers of a build; 0 means 2 MiB */
};

/*
 * What cfk_bundle_build() does with them: where there is no chain, or each chain
 * ends before its leaf does, or with CFK_BUNDLE_FETCH_ALL, it asks for the issuers
 * of the certificates in whose issuer paths end, then of those below, whose place in
 * a path the signatures prove. After each answer with something new it searches again.
 * The first 8 URLs of a certificate count; no URL is asked for twice; the budgets of a
 * search count anew for each. What was fetched stays in the pool as CFK_BUNDLE_FETCHED,
 * an intermediate like any other: it is in a chain only where a root that
 * was trusted before vouches for it. Nothing is fetched for a leaf that
 * fails on its own.
 *
 * A limit that is met is CFK_BUNDLE_MET_FETCHES, and without a chain the
 * verdict is CFK_E_LIMIT. A fetch that failed is no such limit; it is listed here.
 */
struct cfk_bundle_fetched_info {
    size_t size; /* sizeof(struct cfk_bundle_fetched_info) */

    /* Lives as long as the result; what is not printable ASCII is in it as %XX. */
    const char *url;
    const char *message; /* why it failed; "" where it did not */
    int32_t code;        /* CFK_OK, or how it failed */
    uint32_t certs;      /* certificates in the answer that were new */
    uint64_t bytes;      /* of the answer */
    uint32_t asked;      /* 1; 0: a URL that nobody was asked for, code says why */
    uint32_t reserved;
};

/* URLs that this build met: asked for, or refused as CFK_E_NOTSUP. Since 0.1. */
CFK_API size_t cfk_bundle_fetched_count(const cfk_bundle_result *result);

/*
 * One of them, from 0 in the order of the build, into *out, whose size the
 * caller sets. The code is that of the callback; CFK_E_NOTFOUND: there is no
 * certificate in the answer; CFK_E_CORRUPT: none that can be used; CFK_E_LIMIT: too large
 * an answer, or the pool is full; CFK_E_NOTSUP: a URL that is neither http
 * nor https, or malformed.
 *
 * Returns CFK_OK or CFK_E_INVALID (out of range). Since 0.1.
 */
CFK_API int cfk_bundle_fetched(const cfk_bundle_result *result, size_t index,
                               struct cfk_bundle_fetched_info *out,
                               struct cfk_error *err);

/*
 * URL number index that a certificate in DER names for its issuer, whatever
 * its scheme, not checked and without a NUL: *url and *url_size point into der.
 *
 * Returns CFK_OK, CFK_E_NOTFOUND (it has not that many) or CFK_E_CORRUPT (not a
 * certificate). O(size). Since 0.1.
 */
CFK_API int cfk_bundle_issuer_url(const void *der, size_t size, size_t index,
                                  const char **url, size_t *url_size,
                                  struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
