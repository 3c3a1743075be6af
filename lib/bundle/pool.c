/* SPDX-License-Identifier: MIT */
#include "bundle/pool.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/load.h"
#include "base/options.h"
#include "bundle/x509_name.h"

#include <stddef.h>
#include <string.h>

enum {
    DEFAULT_MAX_CERTS = 100000,
    DEFAULT_MAX_CERT_SIZE = 256 * 1024,
    DEFAULT_MAX_CRLS = 10000,
    DEFAULT_MAX_CRL_SIZE = 64 * 1024 * 1024,
};

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for the pool");
}

int cfk_bundle_pool_new(const struct cfk_bundle_pool_options *opts, cfk_bundle_pool **out,
                        struct cfk_error *err)
{
    struct cfk_bundle_pool_options o;
    cfk_bundle_pool *pool;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    pool = cfk__calloc(o.alloc, 1, sizeof *pool);
    if (pool == NULL)
        return no_memory(err);
    pool->alloc = *cfk__alloc_or_default(o.alloc);
    pool->max_certs = o.max_certs != 0 ? o.max_certs : DEFAULT_MAX_CERTS;
    pool->max_cert_size = o.max_cert_size != 0 ? o.max_cert_size : DEFAULT_MAX_CERT_SIZE;
    pool->max_crls = o.max_crls != 0 ? o.max_crls : DEFAULT_MAX_CRLS;
    pool->max_crl_size = o.max_crl_size != 0 ? o.max_crl_size : DEFAULT_MAX_CRL_SIZE;
    rc = cfk__random(pool->ders.key, sizeof pool->ders.key, err);
    if (rc != CFK_OK) {
        cfk_bundle_pool_free(pool);
        return rc;
    }
    memcpy(pool->names.key, pool->ders.key, sizeof pool->names.key);
    memcpy(pool->keys.key, pool->ders.key, sizeof pool->keys.key);
    memcpy(pool->edges.seed, pool->ders.key, sizeof pool->edges.seed);
    memcpy(pool->crl_edges.seed, pool->ders.key, sizeof pool->crl_edges.seed);
    pool->arena.alloc = &pool->alloc;
    pool->ders.alloc = &pool->alloc;
    pool->names.alloc = &pool->alloc;
    pool->keys.alloc = &pool->alloc;
    pool->edges.alloc = &pool->alloc;
    pool->crl_edges.alloc = &pool->alloc;
    pool->scratch.alloc = &pool->alloc;
    pool->recent.alloc = &pool->alloc;
    *out = pool;
    return CFK_OK;
}

void cfk_bundle_pool_free(cfk_bundle_pool *pool)
{
    struct cfk_alloc alloc;

    if (pool == NULL)
        return;
    alloc = pool->alloc;
    cfk__intern_free(&pool->ders);
    cfk__intern_free(&pool->names);
    cfk__intern_free(&pool->keys);
    cfk__edges_free(&pool->edges);
    cfk__edges_free(&pool->crl_edges);
    cfk__buffer_free(&pool->scratch);
    cfk__free(&alloc, pool->certs);
    cfk__free(&alloc, pool->crls);
    cfk__free(&alloc, pool->name_info);
    cfk__free(&alloc, pool->index.loaded);
    cfk__recent_free(&pool->recent);
    cfk__arena_free(&pool->arena);
    cfk__free(&alloc, pool);
}

/* The comparable form of a name in pool->scratch. */
static int canonical(cfk_bundle_pool *pool, struct cfk__span name, struct cfk__span *out,
                     struct cfk_error *err)
{
    int rc;

    pool->scratch.size = 0;
    rc = cfk__name_canonical(name, &pool->scratch);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail(err, rc, "bundle: no certificate: a name is malformed");
    if (rc != CFK_OK)
        return no_memory(err);
    *out = (struct cfk__span){ pool->scratch.data, pool->scratch.size };
    return CFK_OK;
}

/* Grow an array beside an intern to its capacity. */
static int follow_capacity(cfk_bundle_pool *pool, void **array, uint32_t *capacity,
                           uint32_t wanted, size_t size)
{
    void *grown;

    if (*capacity >= wanted)
        return CFK_OK;
    grown = cfk__realloc(&pool->alloc, *array, wanted, size);
    if (grown == NULL)
        return CFK_E_NOMEM;
    *array = grown;
    *capacity = wanted;
    return CFK_OK;
}

/* The number of a name in comparable form, which is added where it is not there. */
static int number_form(cfk_bundle_pool *pool, struct cfk__span form, uint32_t *out,
                       struct cfk_error *err)
{
    uint64_t hash = cfk__intern_hash(&pool->names, form);
    void *info = pool->name_info;
    void *copy;
    int rc;

    *out = cfk__intern_find(&pool->names, form, hash);
    if (*out != CFK__NONE)
        return CFK_OK;
    if (cfk__intern_reserve(&pool->names) != CFK_OK)
        return no_memory(err);
    rc = follow_capacity(pool, &info, &pool->name_capacity, pool->names.capacity,
                         sizeof *pool->name_info);
    pool->name_info = info;
    copy = rc == CFK_OK ? cfk__arena_copy(&pool->arena, form.data, form.size) : NULL;
    if (copy == NULL)
        return no_memory(err);
    *out = cfk__intern_add(&pool->names, (struct cfk__span){ copy, form.size }, hash);
    pool->name_info[*out] = (struct cfk__name){ .first = CFK__NONE,
                                                .last = CFK__NONE,
                                                .compared = CFK__NONE };
    return CFK_OK;
}

int cfk__pool_find_name(cfk_bundle_pool *pool, struct cfk__span name, uint32_t *out,
                        struct cfk_error *err)
{
    struct cfk__span form;
    int rc = canonical(pool, name, &form, err);

    *out = CFK__NONE;
    if (rc != CFK_OK)
        return rc;
    *out = cfk__intern_find(&pool->names, form, cfk__intern_hash(&pool->names, form));
    if (*out == CFK__NONE && cfk__index_has(&pool->index, form))
        rc = number_form(pool, form, out, err);
    return rc == CFK_OK && *out != CFK__NONE ? cfk__index_load(pool, *out, err) : rc;
}

int cfk__pool_number_name(cfk_bundle_pool *pool, struct cfk__span name, uint32_t *out,
                          struct cfk_error *err)
{
    struct cfk__span form;
    int rc = canonical(pool, name, &form, err);

    return rc == CFK_OK ? number_form(pool, form, out, err) : rc;
}

static int number_key(cfk_bundle_pool *pool, struct cfk__span spki, uint32_t *out,
                      struct cfk_error *err)
{
    uint64_t hash = cfk__intern_hash(&pool->keys, spki);

    *out = cfk__intern_find(&pool->keys, spki, hash);
    if (*out != CFK__NONE)
        return CFK_OK;
    if (cfk__intern_reserve(&pool->keys) != CFK_OK)
        return no_memory(err);
    *out = cfk__intern_add(&pool->keys, spki, hash);
    return CFK_OK;
}

/* Room for one more certificate, so that adding it cannot fail. */
static int reserve_cert(cfk_bundle_pool *pool, struct cfk_error *err)
{
    void *certs = pool->certs;
    int rc = cfk__intern_reserve(&pool->ders);

    if (rc == CFK_OK)
        rc = follow_capacity(pool, &certs, &pool->certs_capacity, pool->ders.capacity,
                             sizeof(struct cfk__cert *));
    pool->certs = certs;
    return rc == CFK_OK ? CFK_OK : no_memory(err);
}

static void link_cert(cfk_bundle_pool *pool, struct cfk__cert *cert, uint64_t hash)
{
    struct cfk__name *name = &pool->name_info[cert->subject];

    cert->number = cfk__intern_add(&pool->ders, cert->x.der, hash);
    cert->same_name = CFK__NONE;
    pool->certs[cert->number] = cert;
    if (name->last == CFK__NONE)
        name->first = cert->number;
    else
        pool->certs[name->last]->same_name = cert->number;
    name->last = cert->number;
}

/* Where a name is kept among recent ones: names differ most at their ends. */
static struct cfk__recent_name *recent_name(cfk_bundle_pool *pool, struct cfk__span name)
{
    uint64_t word = name.size;

    for (size_t i = name.size > 16 ? name.size - 16 : 0; i + 4 <= name.size; i += 4)
        word = word * UINT64_C(0x9e3779b97f4a7c15) + cfk__load32le(name.data + i);
    return &pool->recent_names[word * UINT64_C(0x9e3779b97f4a7c15) >> 56];
}

/* The number of a name of a certificate that stays. Issuers come in crowds of the same.
 */
static int number_lasting(cfk_bundle_pool *pool, struct cfk__span name, uint32_t *out,
                          struct cfk_error *err)
{
    struct cfk__recent_name *recent = recent_name(pool, name);
    int rc = CFK_OK;

    if (cfk__span_equal(recent->der, name)) {
        *out = recent->number;
        return CFK_OK;
    }
    rc = cfk__pool_number_name(pool, name, out, err);
    if (rc == CFK_OK)
        *recent = (struct cfk__recent_name){ name, *out };
    return rc;
}

/* What is the same for all certificates that have what this one has. */
static int number_parts(cfk_bundle_pool *pool, struct cfk__cert *cert,
                        struct cfk_error *err)
{
    int rc = number_lasting(pool, cert->x.subject, &cert->subject, err);

    if (rc == CFK_OK)
        rc = number_lasting(pool, cert->x.issuer, &cert->issuer, err);
    if (rc == CFK_OK)
        rc = number_key(pool, cert->x.key.spki, &cert->key, err);
    return rc;
}

/*
 * A certificate that is read, at x. Unless it is from the index itself, that is
 * asked first who else bears its name, and may turn out to have it.
 */
static int add_read(cfk_bundle_pool *pool, const struct cfk__x509 *x, uint64_t hash,
                    uint32_t from, bool indexed, uint32_t *number, struct cfk_error *err)
{
    struct cfk__cert *cert = cfk__arena_alloc(&pool->arena, sizeof *cert);
    int rc;

    if (cert == NULL)
        return no_memory(err);
    cert->x = *x;
    cert->from = from;
    rc = number_parts(pool, cert, err);
    if (rc == CFK_OK && !indexed)
        rc = cfk__index_load(pool, cert->subject, err);
    if (rc != CFK_OK)
        return rc;
    *number = cfk__intern_find(&pool->ders, x->der, hash);
    if (*number != CFK__NONE) {
        pool->certs[*number]->from |= from;
        return CFK_OK;
    }
    rc = reserve_cert(pool, err);
    if (rc != CFK_OK)
        return rc;
    link_cert(pool, cert, hash);
    *number = cert->number;
    return CFK_OK;
}

int cfk__pool_check_size(const cfk_bundle_pool *pool, size_t size, struct cfk_error *err)
{
    if (size > pool->max_cert_size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: a certificate of %zu bytes, at most %zu are allowed",
                         size, pool->max_cert_size);
    return CFK_OK;
}

bool cfk__pool_is_full(const cfk_bundle_pool *pool)
{
    return pool->ders.count + cfk__index_count(pool->index.left) >= pool->max_certs;
}

int cfk__pool_add(cfk_bundle_pool *pool, struct cfk__span der, uint32_t from,
                  struct cfk_error *err)
{
    uint64_t hash = cfk__intern_hash(&pool->ders, der);
    uint32_t number = cfk__intern_find(&pool->ders, der, hash);
    struct cfk__x509 x;
    void *copy;
    int rc;

    if (number != CFK__NONE) {
        pool->certs[number]->from |= from;
        return CFK_OK;
    }
    if (cfk__pool_is_full(pool))
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: a pool holds at most %zu certificates",
                         pool->max_certs);
    copy = cfk__arena_copy(&pool->arena, der.data, der.size);
    if (copy == NULL)
        return no_memory(err);
    rc = cfk__x509_parse(&x, copy, der.size, err);
    if (rc == CFK_OK)
        return add_read(pool, &x, hash, from, false, &number, err);
    cfk__arena_undo(&pool->arena, copy);
    return rc;
}

int cfk__pool_place(cfk_bundle_pool *pool, struct cfk__span der, uint32_t from,
                    uint32_t *number, struct cfk_error *err)
{
    struct cfk__x509 x;
    int rc = cfk__x509_parse(&x, der.data, der.size, err);

    if (rc != CFK_OK)
        return rc;
    return add_read(pool, &x, cfk__intern_hash(&pool->ders, der), from, true, number,
                    err);
}

int cfk__pool_check_from(uint32_t from, struct cfk_error *err)
{
    if (from != CFK_BUNDLE_INPUT && from != CFK_BUNDLE_POOL && from != CFK_BUNDLE_ROOT &&
        from != CFK_BUNDLE_FETCHED)
        return cfk__fail(err, CFK_E_INVALID, "bundle: %u does not say where it came from",
                         (unsigned)from);
    return CFK_OK;
}

int cfk_bundle_pool_add_der(cfk_bundle_pool *pool, const void *der, size_t size,
                            uint32_t from, struct cfk_error *err)
{
    int rc = cfk__pool_check_from(from, err);

    if (rc == CFK_OK)
        rc = cfk__pool_check_size(pool, size, err);
    if (rc == CFK_OK)
        rc = cfk__pool_add(pool, (struct cfk__span){ der, size }, from, err);
    return rc;
}

void cfk__pool_tell(struct cfk_bundle_report *report, uint64_t index, uint64_t offset,
                    const struct cfk_error *why)
{
    if (report == NULL)
        return;
    if (report->found <= index)
        report->found = index + 1;
    report->bad += why != NULL;
    if (report->each != NULL)
        report->each(report->ctx, index, offset, why);
}

int cfk__pool_start_report(struct cfk_bundle_report *report, struct cfk_error *err)
{
    struct cfk_bundle_report known;
    int rc = cfk__options_import(&known, sizeof known, report, err);

    if (rc == CFK_OK && report != NULL)
        report->found = report->bad = 0;
    if (rc == CFK_OK && known.size >= offsetof(struct cfk_bundle_report, reserved))
        report->reordered = 0;
    return rc;
}

size_t cfk_bundle_pool_count(const cfk_bundle_pool *pool, uint32_t from)
{
    size_t count = 0;

    for (uint32_t i = 0; i < pool->ders.count; i++)
        count += (pool->certs[i]->from & from) != 0;
    for (uint32_t i = 0; i < CFK__INDEX_USES; i++)
        count += (i & from) != 0 ? pool->index.left[i] : 0;
    return count;
}

int cfk__pool_locate(cfk_bundle_pool *pool, struct cfk__cert *leaf, struct cfk_error *err)
{
    int rc = cfk__pool_find_name(pool, leaf->x.subject, &leaf->subject, err);

    if (rc == CFK_OK)
        rc = cfk__pool_find_name(pool, leaf->x.issuer, &leaf->issuer, err);
    if (rc != CFK_OK)
        return rc;
    leaf->key = cfk__intern_find(&pool->keys, leaf->x.key.spki,
                                 cfk__intern_hash(&pool->keys, leaf->x.key.spki));
    leaf->hash = cfk__intern_hash(&pool->ders, leaf->x.der);
    leaf->number = cfk__intern_find(&pool->ders, leaf->x.der, leaf->hash);
    return CFK_OK;
}

int cfk__pool_adopt(cfk_bundle_pool *pool, struct cfk__cert *leaf, const void *der,
                    size_t size, struct cfk_error *err)
{
    int rc;

    memset(leaf, 0, sizeof *leaf);
    rc = cfk__x509_parse(&leaf->x, der, size, err);
    leaf->same_name = CFK__NONE;
    return rc == CFK_OK ? cfk__pool_locate(pool, leaf, err) : rc;
}
