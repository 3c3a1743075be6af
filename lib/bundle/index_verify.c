/* SPDX-License-Identifier: MIT */
/* Signatures between the certificates of a pool, checked before they are needed. */
#include "base/error.h"
#include "bundle/search.h"

enum { CROWD = 64 }; /* more issuers of one name than this are left to a search */

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for a signature");
}

static bool is_crowd(const cfk_bundle_pool *pool, uint32_t name)
{
    uint32_t count = 0;

    for (uint32_t i = pool->name_info[name].first; i != CFK__NONE && count <= CROWD;
         i = pool->certs[i]->same_name)
        count++;
    return count > CROWD;
}

static int verify_pair(cfk_bundle_pool *pool, const struct cfk__cert *cert,
                       const struct cfk__cert *issuer, uint64_t *done,
                       struct cfk_error *err)
{
    int verdict;

    if (cfk__index_recall(cert, issuer, &verdict) ||
        cfk__edges_find(&pool->edges, cert->number, issuer->key) != NULL)
        return CFK_OK;
    verdict = cfk__verify_signature(cert, issuer, NULL);
    if (verdict == CFK_E_NOMEM)
        return no_memory(err);
    ++*done;
    if (verdict != CFK_OK)
        verdict = CFK_E_SIGNATURE;
    if (cfk__edges_add(&pool->edges, cert->number, issuer->key, verdict, 0) != CFK_OK)
        return no_memory(err);
    return CFK_OK;
}

static int verify_cert(cfk_bundle_pool *pool, const struct cfk__cert *cert,
                       uint64_t *done, struct cfk_error *err)
{
    int rc = CFK_OK;

    if (is_crowd(pool, cert->issuer))
        return CFK_OK;
    for (uint32_t i = pool->name_info[cert->issuer].first; i != CFK__NONE && rc == CFK_OK;
         i = pool->certs[i]->same_name)
        rc = verify_pair(pool, cert, pool->certs[i], done, err);
    return rc;
}

int cfk_bundle_index_verify(cfk_bundle_pool *pool, uint64_t most, uint64_t *done,
                            struct cfk_error *err)
{
    uint64_t count = 0;
    int rc = cfk__index_load_all(pool, err);

    for (uint32_t i = 0; i < pool->ders.count && rc == CFK_OK && count < most; i++)
        rc = verify_cert(pool, pool->certs[i], &count, err);
    if (done != NULL)
        *done = count;
    return rc;
}
