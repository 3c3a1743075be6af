/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/export.h"
#include "bundle/pem.h"
#include "bundle/platforms.h"
#include "bundle/search.h"

#include <string.h>

void cfk_bundle_result_free(cfk_bundle_result *result)
{
    struct cfk_alloc alloc;

    if (result == NULL)
        return;
    alloc = result->alloc;
    cfk__free(&alloc, result->chains.items);
    cfk__free(&alloc, result->rejected.items);
    cfk__free(&alloc, result->fetches.items);
    cfk__arena_free(&result->arena);
    cfk__free(&alloc, result);
}

int cfk__result_facts(struct cfk_bundle_result *result, struct cfk__cert *cert,
                      const struct cfk__facts **out, struct cfk_error *err)
{
    struct cfk__arena *arena =
        cert == &result->leaf ? &result->arena : &result->pool->arena;

    return cfk__cert_facts(arena, cert, out, err);
}

int cfk_bundle_reason(const cfk_bundle_result *result, struct cfk_error *err)
{
    if (err != NULL && result->reason != CFK_OK)
        *err = result->why;
    else if (err != NULL && result->invalid.code != CFK_OK)
        *err = result->invalid;
    return result->reason;
}

size_t cfk_bundle_chain_count(const cfk_bundle_result *result)
{
    return result->chains.count;
}

size_t cfk_bundle_rejected_count(const cfk_bundle_result *result)
{
    return result->rejected.count;
}

/* NULL where there is no such number. */
static const struct cfk__path *find_path(const struct cfk__paths *paths, size_t number,
                                         struct cfk_error *err)
{
    if (number < paths->count)
        return &paths->items[number];
    cfk__fail(err, CFK_E_INVALID, "bundle: number %zu of %u", number,
              (unsigned)paths->count);
    return NULL;
}

int cfk_bundle_chain(const cfk_bundle_result *result, size_t chain,
                     struct cfk_bundle_chain_info *out, struct cfk_error *err)
{
    struct cfk_bundle_chain_info ours = { 0 };
    const struct cfk__path *path = find_path(&result->chains, chain, err);

    if (path == NULL)
        return CFK_E_INVALID;
    ours.length = path->length;
    ours.warnings = path->warnings;
    ours.valid_from = path->valid_from;
    ours.valid_until = path->valid_until;
    ours.ubiquity = path->rating.ubiquity;
    ours.ubiquity_max = result->platforms != NULL ? result->platforms->weight : 0;
    ours.security_bits = path->rating.security;
    ours.weakest_step = path->rating.weakest;
    return cfk__export(out, &ours, sizeof ours, err);
}

int cfk_bundle_chain_trusted(const cfk_bundle_result *result, size_t chain,
                             size_t platform)
{
    const uint8_t *trusted;

    if (chain >= result->chains.count || result->platforms == NULL ||
        platform >= result->platforms->platforms.count)
        return 0;
    trusted = result->chains.items[chain].rating.trusted;
    return (trusted[platform / 8] >> platform % 8 & 1) != 0;
}

int cfk_bundle_rejected(const cfk_bundle_result *result, size_t path,
                        struct cfk_bundle_rejected_info *out, struct cfk_error *err)
{
    struct cfk_bundle_rejected_info ours = { 0 };
    const struct cfk__path *found = find_path(&result->rejected, path, err);

    if (found == NULL)
        return CFK_E_INVALID;
    ours.reason = found->reason;
    ours.step = found->step;
    ours.length = found->length;
    if (found->reason == CFK_E_PROFILE)
        ours.rule = cfk__check_rule(&found->certs[found->step]->x,
                                    cfk__path_part(found, found->step), &result->wanted)
                        ->code;
    return cfk__export(out, &ours, sizeof ours, err);
}

static int describe(cfk_bundle_result *result, struct cfk__cert *cert, uint32_t from,
                    struct cfk_bundle_cert *out, struct cfk_error *err)
{
    struct cfk_bundle_cert ours = { 0 };
    const struct cfk__facts *facts;
    int rc = cfk__result_facts(result, cert, &facts, err);

    if (rc != CFK_OK)
        return rc;
    ours.der = cert->x.der.data;
    ours.der_size = cert->x.der.size;
    ours.subject = facts->subject;
    ours.issuer = facts->issuer;
    ours.key = cert->x.key.name;
    ours.signature = facts->signature;
    ours.not_before = cert->x.not_before;
    ours.not_after = cert->x.not_after;
    ours.key_bits = cert->x.key.bits;
    ours.from = from;
    memcpy(ours.sha256, facts->sha256, sizeof ours.sha256);
    return cfk__export(out, &ours, sizeof ours, err);
}

static int describe_step(cfk_bundle_result *result, const struct cfk__path *path,
                         size_t index, struct cfk_bundle_cert *out, struct cfk_error *err)
{
    struct cfk__cert *cert;
    uint32_t from;

    if (index >= path->length)
        return cfk__fail(err, CFK_E_INVALID, "bundle: certificate %zu of %u", index,
                         (unsigned)path->length);
    cert = path->certs[index];
    from = (cert->from & CFK_BUNDLE_INPUT) != 0  ? CFK_BUNDLE_INPUT
           : (cert->from & CFK_BUNDLE_POOL) != 0 ? CFK_BUNDLE_POOL
                                                 : CFK_BUNDLE_FETCHED;
    if (index + 1 == path->length && path->rooted)
        from = CFK_BUNDLE_ROOT;
    else if (index == 0)
        from = 0;
    return describe(result, cert, from, out, err);
}

int cfk_bundle_chain_cert(cfk_bundle_result *result, size_t chain, size_t index,
                          struct cfk_bundle_cert *out, struct cfk_error *err)
{
    const struct cfk__path *path = find_path(&result->chains, chain, err);

    return path != NULL ? describe_step(result, path, index, out, err) : CFK_E_INVALID;
}

int cfk_bundle_rejected_cert(cfk_bundle_result *result, size_t path, size_t index,
                             struct cfk_bundle_cert *out, struct cfk_error *err)
{
    const struct cfk__path *found = find_path(&result->rejected, path, err);

    return found != NULL ? describe_step(result, found, index, out, err) : CFK_E_INVALID;
}

int cfk_bundle_leaf(cfk_bundle_result *result, struct cfk_bundle_cert *out,
                    struct cfk_error *err)
{
    return describe(result, &result->leaf, 0, out, err);
}

int cfk_bundle_result_counters(const cfk_bundle_result *result,
                               struct cfk_bundle_counters *out, struct cfk_error *err)
{
    struct cfk_bundle_counters ours = { 0 };

    ours.signatures = result->signatures;
    ours.remembered = result->remembered;
    ours.failures = result->failures;
    ours.expansions = result->expansions;
    ours.met = result->met;
    for (uint32_t i = 0; i < result->fetches.count; i++) {
        ours.fetches += result->fetches.items[i].asked;
        ours.fetched_bytes += result->fetches.items[i].bytes;
    }
    return cfk__export(out, &ours, sizeof ours, err);
}

int cfk_bundle_write_pem(const cfk_bundle_result *result, size_t chain, uint32_t flags,
                         const struct cfk_alloc *alloc, char **out, size_t *out_size,
                         struct cfk_error *err)
{
    const struct cfk__path *path;
    struct cfk__writer w;
    uint32_t length;
    size_t size = 0;
    char *text;

    *out = NULL;
    if ((flags & ~(uint32_t)CFK_BUNDLE_WITH_ROOT) != 0)
        return cfk__fail(err, CFK_E_INVALID, "bundle: unknown flags %#x",
                         (unsigned)flags);
    path = find_path(&result->chains, chain, err);
    if (path == NULL)
        return CFK_E_INVALID;
    length = path->length;
    if (length > 1 && path->rooted && (flags & CFK_BUNDLE_WITH_ROOT) == 0)
        length--;
    for (uint32_t i = 0; i < length; i++)
        size += cfk__pem_size(path->certs[i]->x.der.size);
    text = cfk__malloc(alloc, size + 1);
    if (text == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for %zu bytes of PEM",
                         size);
    cfk__writer_init(&w, text, size);
    for (uint32_t i = 0; i < length; i++)
        cfk__pem_write(&w, path->certs[i]->x.der.data, path->certs[i]->x.der.size);
    text[size] = '\0';
    *out = text;
    *out_size = size;
    return CFK_OK;
}
