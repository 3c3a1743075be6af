/* SPDX-License-Identifier: MIT */
/*
 * Damaged copies. A copy with a flipped bit keeps either the signature of its
 * original or all that is signed, while the original has each of them in common
 * with some copy. Who has just one in common is looked at last, so that a crowd
 * of copies does not cost a verification each before the original's turn.
 */
#include "base/alloc.h"
#include "base/siphash.h"
#include "bundle/search.h"

enum {
    FEWEST = 8, /* are tried one by one */
    MOST = 512, /* are compared, each with each */
};

struct twin {
    struct cfk__cert *cert;
    uint64_t tbs;
    uint64_t signature;
    bool same_tbs; /* as another, whose signature differs */
    bool same_signature;
};

static uint32_t collect(cfk_bundle_pool *pool, uint32_t first, struct twin *twins)
{
    uint32_t count = 0;

    for (uint32_t i = first; i != CFK__NONE; i = pool->certs[i]->same_name) {
        const struct cfk__x509 *x = &pool->certs[i]->x;

        if (twins != NULL)
            twins[count] = (struct twin){
                .cert = pool->certs[i],
                .tbs = cfk__siphash13(pool->ders.key, x->tbs.data, x->tbs.size),
                .signature = cfk__siphash13(pool->ders.key, x->signature.bytes.data,
                                            x->signature.bytes.size),
            };
        count++;
    }
    return count;
}

static void compare(struct twin *a, struct twin *b)
{
    bool tbs = a->tbs == b->tbs;
    bool signature = a->signature == b->signature;

    if (tbs == signature)
        return;
    a->same_tbs |= tbs;
    b->same_tbs |= tbs;
    a->same_signature |= signature;
    b->same_signature |= signature;
}

int cfk__twins_mark(cfk_bundle_pool *pool, uint32_t number)
{
    struct cfk__name *name = &pool->name_info[number];
    uint32_t count;
    struct twin *twins;

    if (name->last == name->compared)
        return CFK_OK;
    name->compared = name->last;
    count = collect(pool, name->first, NULL);
    if (count < FEWEST || count > MOST)
        return CFK_OK;
    twins = cfk__calloc(&pool->alloc, count, sizeof *twins);
    if (twins == NULL)
        return CFK_E_NOMEM;
    collect(pool, name->first, twins);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t n = i + 1; n < count; n++)
            compare(&twins[i], &twins[n]);
    for (uint32_t i = 0; i < count; i++)
        twins[i].cert->damaged = twins[i].same_tbs != twins[i].same_signature;
    cfk__free(&pool->alloc, twins);
    return CFK_OK;
}
