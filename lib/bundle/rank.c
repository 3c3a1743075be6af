/* SPDX-License-Identifier: MIT */
#include "bundle/search.h"

#include <stdlib.h>
#include <string.h>

enum { WEAK_RSA_BITS = 2048 };

/* Validity and warnings of a chain. */
static void measure(struct cfk__path *chain)
{
    int64_t leaf_until = chain->certs[0]->x.not_after;

    chain->valid_from = INT64_MIN;
    chain->valid_until = INT64_MAX;
    chain->issuers_until = INT64_MAX;
    for (uint32_t i = 0; i < chain->length; i++) {
        const struct cfk__x509 *x = &chain->certs[i]->x;

        if (x->not_before > chain->valid_from)
            chain->valid_from = x->not_before;
        if (x->not_after < chain->valid_until)
            chain->valid_until = x->not_after;
        if (i > 0 && x->not_after < chain->issuers_until)
            chain->issuers_until = x->not_after;
        if (i + 1 < chain->length && x->signature.verifiable &&
            x->signature.scheme.hash == CFK__SHA1)
            chain->warnings |= CFK_BUNDLE_WARN_SHA1;
        if (x->key.rsa && x->key.bits < WEAK_RSA_BITS)
            chain->warnings |= CFK_BUNDLE_WARN_WEAK_KEY;
        if (x->not_after < leaf_until)
            chain->warnings |= CFK_BUNDLE_WARN_SHORT;
    }
}

/* Greater first. */
static int later(int64_t a, int64_t b)
{
    return a > b ? -1 : a < b;
}

static int compare(const void *left, const void *right)
{
    const struct cfk__path *a = left;
    const struct cfk__path *b = right;
    int order = 0;

    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    order = later(a->valid_until, b->valid_until);
    if (order == 0)
        order = later(a->issuers_until, b->issuers_until);
    for (uint32_t i = 0; i < a->length && order == 0; i++)
        order = memcmp(a->certs[i]->facts->sha256, b->certs[i]->facts->sha256,
                       CFK__SHA256_SIZE);
    return order;
}

int cfk__rank(struct cfk_bundle_result *result, struct cfk_error *err)
{
    struct cfk__paths *chains = &result->chains;

    for (uint32_t i = 0; i < chains->count; i++) {
        struct cfk__path *chain = &chains->items[i];

        measure(chain);
        for (uint32_t n = 0; chains->count > 1 && n < chain->length; n++) {
            const struct cfk__facts
                *facts; /* what compare() reads, made where it can fail */
            int rc = cfk__result_facts(result, chain->certs[n], &facts, err);

            if (rc != CFK_OK)
                return rc;
        }
    }
    if (chains->count > 1)
        qsort(chains->items, chains->count, sizeof *chains->items, compare);
    return CFK_OK;
}
