/* SPDX-License-Identifier: MIT */
/* The CRLs of a pool. */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/pem.h"
#include "bundle/pool.h"

#include <string.h>

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for a CRL");
}

static int check_size(const cfk_bundle_pool *pool, size_t size, struct cfk_error *err)
{
    if (size > pool->max_crl_size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: a CRL of %zu bytes, at most %zu are allowed", size,
                         pool->max_crl_size);
    return CFK_OK;
}

static int reserve(cfk_bundle_pool *pool, struct cfk_error *err)
{
    uint32_t more = pool->crl_capacity > 0 ? pool->crl_capacity * 2 : 16;
    struct cfk__crl **grown;

    if (pool->crl_count >= pool->max_crls)
        return cfk__fail(err, CFK_E_LIMIT, "bundle: a pool holds at most %zu CRLs",
                         pool->max_crls);
    if (pool->crl_count < pool->crl_capacity)
        return CFK_OK;
    grown = cfk__realloc(&pool->alloc, pool->crls, more, sizeof(struct cfk__crl *));
    if (grown == NULL)
        return no_memory(err);
    pool->crls = grown;
    pool->crl_capacity = more;
    return CFK_OK;
}

/* Whether a failure ends the whole input, not just one CRL. */
static bool is_fatal(const cfk_bundle_pool *pool, int rc)
{
    return rc == CFK_E_NOMEM || (rc == CFK_E_LIMIT && pool->crl_count >= pool->max_crls);
}

static int add_der(cfk_bundle_pool *pool, struct cfk__span der, struct cfk_error *err)
{
    struct cfk__crl *crl;
    void *copy;
    int rc = check_size(pool, der.size, err);

    if (rc == CFK_OK)
        rc = reserve(pool, err);
    if (rc != CFK_OK)
        return rc;
    crl = cfk__arena_alloc(&pool->arena, sizeof *crl);
    copy = crl != NULL ? cfk__arena_copy(&pool->arena, der.data, der.size) : NULL;
    if (copy == NULL)
        return no_memory(err);
    rc = cfk__crl_parse(crl, copy, der.size, err);
    if (rc != CFK_OK) {
        cfk__arena_undo(&pool->arena, copy);
        return rc;
    }
    rc = cfk__pool_number_name(pool, crl->issuer, &crl->issuer_name, err);
    if (rc == CFK_OK)
        rc = cfk__index_load(pool, crl->issuer_name, err);
    if (rc == CFK_OK)
        pool->crls[pool->crl_count++] = crl;
    return rc;
}

static int add_block(cfk_bundle_pool *pool, const struct cfk__pem_block *block,
                     struct cfk__buffer *der, struct cfk_error *err)
{
    size_t bad;
    int rc;

    der->size = 0;
    if (!block->ended)
        return cfk__fail_at(err, CFK_E_CORRUPT, block->offset,
                            "bundle: a PEM CRL has no END line");
    rc = check_size(pool, block->body.size / 4 * 3 / 2, err); /* half may be blanks */
    if (rc != CFK_OK)
        return rc;
    rc = cfk__base64_decode(block->body, der, &bad);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail_at(err, rc, block->offset, "bundle: a PEM CRL is not base64");
    if (rc != CFK_OK)
        return no_memory(err);
    return add_der(pool, (struct cfk__span){ der->data, der->size }, err);
}

/* Add one CRL or say in the report why it is left out; true when that ends it all. */
static bool settle(cfk_bundle_pool *pool, int rc, uint64_t index, uint64_t offset,
                   const struct cfk_error *why, struct cfk_bundle_report *report,
                   struct cfk_error *err)
{
    if (is_fatal(pool, rc)) {
        if (err != NULL)
            *err = *why;
        return true;
    }
    cfk__pool_tell(report, index, offset, rc == CFK_OK ? NULL : why);
    return false;
}

static int add_blocks(cfk_bundle_pool *pool, struct cfk__span data,
                      struct cfk_bundle_report *report, struct cfk_error *err)
{
    struct cfk__buffer der = { .alloc = &pool->alloc };
    struct cfk__pem_block block;
    struct cfk__reader text;
    uint64_t index = 0;
    int rc = CFK_OK;

    cfk__reader_init(&text, data.data, data.size);
    while (cfk__pem_next(&text, &block)) {
        struct cfk_error why = { 0 };

        if (!CFK__SPAN_IS(block.label, "X509 CRL") && !CFK__SPAN_IS(block.label, "CRL"))
            continue;
        rc = add_block(pool, &block, &der, &why);
        if (settle(pool, rc, index++, block.offset, &why, report, err))
            break;
        rc = CFK_OK;
    }
    cfk__buffer_free(&der);
    return rc;
}

/* A SEQUENCE whose length is in further bytes, or is the one of the input. */
static bool looks_like_der(struct cfk__span data)
{
    return data.size > 1 && data.data[0] == CFK__DER_SEQUENCE &&
           (data.data[1] > 0x80 || data.data[1] + 2U == data.size);
}

int cfk_bundle_pool_add_crl(cfk_bundle_pool *pool, const void *data, size_t size,
                            struct cfk_bundle_report *report, struct cfk_error *err)
{
    struct cfk__span span = { data, size };
    struct cfk_error why = { 0 };
    int rc = cfk__pool_start_report(report, err);

    if (rc != CFK_OK)
        return rc;
    if (!looks_like_der(span))
        return add_blocks(pool, span, report, err);
    rc = add_der(pool, span, &why);
    return settle(pool, rc, 0, 0, &why, report, err) ? rc : CFK_OK;
}

size_t cfk_bundle_pool_crl_count(const cfk_bundle_pool *pool)
{
    return pool->crl_count;
}
