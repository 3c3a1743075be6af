/* SPDX-License-Identifier: MIT */
/* Files as certificates: PEM, DER and PKCS #7, the good ones apart from the bad ones. */
#include "base/alloc.h"
#include "base/error.h"
#include "bundle/pem.h"
#include "bundle/pkcs7.h"
#include "bundle/pool.h"

#include <stddef.h>
#include <string.h>

struct walk;

/*
 * Takes the next certificate, or why there is a bad one in its place. What it
 * returns but for CFK_OK ends the walk.
 */
typedef int (*take_fn)(struct walk *w, struct cfk__span der, uint64_t offset,
                       const struct cfk_error *why);

/* A certificate of an input of which one is the leaf. */
struct entry {
    size_t at; /* in bytes */
    size_t size;
    uint64_t index;
    uint64_t offset;
};

struct walk {
    cfk_bundle_pool *pool;
    uint32_t from;
    struct cfk_bundle_report *report;
    struct cfk_error *err;
    take_fn take;
    uint64_t index; /* of the next certificate */

    /* Where one is the leaf: all of them, until it is known which. */
    struct cfk__buffer bytes;
    struct entry *entries;
    size_t count;
    size_t capacity;
    bool bag; /* some came from a bag, which has no order */
};

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for an input");
}

static int fail_with(struct cfk_error *err, const struct cfk_error *why)
{
    if (err != NULL)
        *err = *why;
    return why->code;
}

/* Whether a failure ends the whole input, not just one certificate. */
static bool is_fatal(const cfk_bundle_pool *pool, int rc)
{
    return rc == CFK_E_NOMEM || (rc == CFK_E_LIMIT && cfk__pool_is_full(pool));
}

/* A take_fn: into the pool. */
static int take_into_pool(struct walk *w, struct cfk__span der, uint64_t offset,
                          const struct cfk_error *why)
{
    struct cfk_error own = { 0 };
    int rc = CFK_OK;

    if (why == NULL) {
        rc = cfk__pool_check_size(w->pool, der.size, &own);
        if (rc == CFK_OK)
            rc = cfk__pool_add(w->pool, der, w->from, &own);
        if (rc != CFK_OK)
            why = &own;
    }
    if (is_fatal(w->pool, rc))
        return fail_with(w->err, why);
    cfk__pool_tell(w->report, w->index++, offset, why);
    return CFK_OK;
}

/* A take_fn: aside, until the leaf among them is known. The first one must be good. */
static int take_aside(struct walk *w, struct cfk__span der, uint64_t offset,
                      const struct cfk_error *why)
{
    struct cfk_error own = { 0 };
    struct entry *grown = w->entries;

    if (why == NULL && cfk__pool_check_size(w->pool, der.size, &own) != CFK_OK)
        why = &own;
    if (why != NULL && w->index == 0)
        return fail_with(w->err, why);
    if (why != NULL) {
        cfk__pool_tell(w->report, w->index++, offset, why);
        return CFK_OK;
    }
    if (w->count > w->pool->max_certs)
        return cfk__fail(w->err, CFK_E_LIMIT,
                         "bundle: a pool holds at most %zu certificates",
                         w->pool->max_certs);
    if (w->count == w->capacity) {
        w->capacity = w->capacity > 0 ? w->capacity * 2 : 8;
        grown = cfk__realloc(&w->pool->alloc, grown, w->capacity, sizeof *grown);
    }
    if (grown == NULL)
        return no_memory(w->err);
    w->entries = grown;
    grown[w->count++] = (struct entry){ w->bytes.size, der.size, w->index++, offset };
    if (cfk__buffer_reserve(&w->bytes, der.size + 1) != CFK_OK || /* also for none */
        cfk__buffer_append(&w->bytes, der.data, der.size) != CFK_OK)
        return no_memory(w->err);
    return CFK_OK;
}

/* --- what an input is --- */

static int walk_bag(struct walk *w, struct cfk__span der, uint64_t offset)
{
    struct cfk_error why = { 0 };
    struct cfk__reader certs;
    struct cfk__der cert;
    int rc = cfk__pkcs7_open(der, &certs, &why);

    w->bag = true;
    if (rc != CFK_OK)
        return w->take(w, der, offset, &why);
    while (rc == CFK_OK && cfk__reader_left(&certs) > 0) {
        if (!cfk__pkcs7_next(&certs, &cert)) {
            cfk__fail_at(&why, CFK_E_CORRUPT, offset,
                         "bundle: PKCS #7: a malformed certificate");
            return w->take(w, der, offset, &why);
        }
        if (cert.tag == CFK__DER_SEQUENCE)
            rc = w->take(w, cert.whole, offset, NULL);
    }
    return rc;
}

/* One thing in DER: a certificate, or what there is in its place. */
static int walk_der(struct walk *w, struct cfk__span der, uint64_t offset)
{
    struct cfk_error why = { 0 };

    switch (cfk__der_kind(der)) {
    case CFK__DER_IS_PKCS7: return walk_bag(w, der, offset);
    case CFK__DER_IS_PKCS12:
        cfk__fail_at(
            &why, CFK_E_NOTSUP, offset,
            "bundle: PKCS #12 is not read here; 'openssl pkcs12 -nokeys' makes PEM "
            "of it");
        return w->take(w, der, offset, &why);
    default: break;
    }
    if (der.size > 1 && der.data[1] == 0x80) {
        cfk__fail_at(&why, CFK_E_CORRUPT, offset,
                     "bundle: a certificate with an open length, as BER has it; it must "
                     "be DER");
        return w->take(w, der, offset, &why);
    }
    return w->take(w, der, offset, NULL);
}

static bool is_bag(const struct cfk__pem_block *block)
{
    return CFK__SPAN_IS(block->label, "PKCS7") || CFK__SPAN_IS(block->label, "CMS");
}

/* What a block stands for in out. Only NOMEM is not the block's own fault. */
static int decode_block(const cfk_bundle_pool *pool, const struct cfk__pem_block *block,
                        struct cfk__buffer *out, struct cfk_error *err)
{
    const uint8_t *text = block->label.data - strlen("-----BEGIN ");
    struct cfk__span body = block->body;
    bool encrypted;
    size_t bad;
    int rc = CFK_OK;

    out->size = 0;
    if (!block->ended)
        return cfk__fail_at(err, CFK_E_CORRUPT, block->offset,
                            "bundle: a PEM certificate has no END line");
    if (!is_bag(block)) /* half may be blanks */
        rc = cfk__pool_check_size(pool, block->body.size / 4 * 3 / 2, err);
    if (rc != CFK_OK)
        return rc;
    cfk__pem_skip_headers(&body, &encrypted);
    if (encrypted)
        return cfk__fail_at(err, CFK_E_NOTSUP, block->offset,
                            "bundle: a PEM certificate is encrypted; certificates need "
                            "not be");
    rc = cfk__base64_decode(body, out, &bad);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail_at(err, rc, block->offset + (uint64_t)(body.data - text) + bad,
                            "bundle: a PEM certificate is not base64");
    return rc == CFK_OK ? CFK_OK : no_memory(err);
}

static int walk_pem(struct walk *w, struct cfk__span data)
{
    struct cfk__buffer der = { .alloc = &w->pool->alloc };
    struct cfk__pem_block block;
    struct cfk__reader text;
    int rc = CFK_OK;

    cfk__reader_init(&text, data.data, data.size);
    while (rc == CFK_OK && cfk__pem_next(&text, &block)) {
        struct cfk_error why = { 0 };
        struct cfk__span bytes;

        if (!cfk__pem_is_certificate(&block) && !is_bag(&block))
            continue;
        rc = decode_block(w->pool, &block, &der, &why);
        bytes = (struct cfk__span){ der.data, der.size };
        if (rc == CFK_E_NOMEM)
            fail_with(w->err, &why);
        else if (rc != CFK_OK)
            rc = w->take(w, bytes, block.offset, &why);
        else if (is_bag(&block))
            rc = walk_bag(w, bytes, block.offset);
        else
            rc = w->take(w, bytes, block.offset, NULL);
    }
    cfk__buffer_free(&der);
    return rc;
}

/* DER starts with a SEQUENCE whose length does not fit in one byte. */
static int walk(struct walk *w, struct cfk__span data)
{
    if (data.size > 1 && data.data[0] == CFK__DER_SEQUENCE && data.data[1] >= 0x80)
        return walk_der(w, data, 0);
    return walk_pem(w, data);
}

int cfk_bundle_pool_add(cfk_bundle_pool *pool, const void *data, size_t size,
                        uint32_t from, struct cfk_bundle_report *report,
                        struct cfk_error *err)
{
    struct walk w = {
        .pool = pool, .from = from, .report = report, .err = err, .take = take_into_pool
    };
    int rc = cfk__pool_check_from(from, err);

    if (rc == CFK_OK)
        rc = cfk__pool_start_report(report, err);
    return rc == CFK_OK ? walk(&w, (struct cfk__span){ data, size }) : rc;
}

/* --- which of them is the leaf --- */

/* Whom a certificate is of and by; nobody where it is malformed. */
struct names {
    struct cfk__span subject;
    struct cfk__span issuer;
    bool is_ca;
};

static void read_names(const struct walk *w, struct names *names)
{
    for (size_t i = 0; i < w->count; i++) {
        struct cfk__x509 x;

        names[i] = (struct names){ { NULL, 0 }, { NULL, 0 }, true };
        if (cfk__x509_parse(&x, w->bytes.data + w->entries[i].at, w->entries[i].size,
                            NULL) == CFK_OK)
            names[i] = (struct names){ x.subject, x.issuer, x.is_ca };
    }
}

static bool issues(const struct names *a, const struct names *b)
{
    return a->subject.size > 0 && cfk__span_equal(a->subject, b->issuer);
}

/* Root first: each is the issuer of the next, and the first is not issued by the second.
 */
static bool is_reversed(const struct names *names, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (!issues(&names[i], &names[i + 1]))
            return false;
    return !issues(&names[1], &names[0]);
}

/* In a bag: the first that issues no other, better one that may issue none at all. */
static size_t find_last(const struct names *names, size_t count)
{
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        bool is_issuer = false;

        for (size_t n = 0; n < count && !is_issuer; n++)
            is_issuer = n != i && issues(&names[i], &names[n]);
        if (!is_issuer && (found == count || (names[found].is_ca && !names[i].is_ca)))
            found = i;
    }
    return found < count ? found : 0;
}

enum { BAG_MAX = 1000 }; /* certificates among which the leaf is looked for */

/* The number of the leaf among the entries, of which there is one at least. */
static int choose_leaf(struct walk *w, size_t *leaf)
{
    size_t count = w->count < BAG_MAX ? w->count : BAG_MAX;
    struct names *names;

    *leaf = 0;
    if (w->count == 1)
        return CFK_OK;
    names = cfk__calloc(&w->pool->alloc, w->count, sizeof *names);
    if (names == NULL)
        return no_memory(w->err);
    read_names(w, names);
    if (w->bag)
        *leaf = find_last(names, count);
    else if (is_reversed(names, w->count))
        *leaf = w->count - 1;
    cfk__free(&w->pool->alloc, names);
    return CFK_OK;
}

/* Add all but the leaf, in the order of the chain: from behind where the leaf is last. */
static int add_others(struct walk *w, size_t leaf)
{
    int rc = CFK_OK;

    w->from = CFK_BUNDLE_INPUT;
    for (size_t n = 0; n < w->count && rc == CFK_OK; n++) {
        size_t i = leaf > 0 && !w->bag ? w->count - 1 - n : n;
        const struct entry *entry = &w->entries[i];

        w->index = entry->index;
        if (i == leaf)
            cfk__pool_tell(w->report, entry->index, entry->offset, NULL);
        else
            rc = take_into_pool(
                w, (struct cfk__span){ w->bytes.data + entry->at, entry->size },
                entry->offset, NULL);
    }
    return rc;
}

static int copy_leaf(struct walk *w, size_t number, void **leaf, size_t *leaf_size)
{
    const struct entry *entry = &w->entries[number];
    struct cfk__x509 x;
    int rc = cfk__x509_parse(&x, w->bytes.data + entry->at, entry->size, w->err);

    if (rc != CFK_OK)
        return rc;
    *leaf = cfk__malloc(&w->pool->alloc, entry->size);
    if (*leaf == NULL)
        return no_memory(w->err);
    memcpy(*leaf, w->bytes.data + entry->at, entry->size);
    *leaf_size = entry->size;
    if (number > 0 && w->report != NULL &&
        w->report->size >= offsetof(struct cfk_bundle_report, reserved))
        w->report->reordered = 1;
    return CFK_OK;
}

int cfk_bundle_pool_add_input(cfk_bundle_pool *pool, const void *data, size_t size,
                              struct cfk_bundle_report *report, void **leaf,
                              size_t *leaf_size, struct cfk_error *err)
{
    struct walk w = { .pool = pool, .report = report, .err = err, .take = take_aside };
    size_t number = 0;
    int rc;

    *leaf = NULL;
    w.bytes.alloc = &pool->alloc;
    rc = cfk__pool_start_report(report, err);
    if (rc != CFK_OK)
        return rc;
    rc = walk(&w, (struct cfk__span){ data, size });
    if (rc == CFK_OK && w.count == 0)
        rc = cfk__fail(err, CFK_E_NOTFOUND, "bundle: no certificate in the input");
    if (rc == CFK_OK)
        rc = choose_leaf(&w, &number);
    if (rc == CFK_OK)
        rc = add_others(&w, number);
    if (rc == CFK_OK)
        rc = copy_leaf(&w, number, leaf, leaf_size);
    cfk__buffer_free(&w.bytes);
    cfk__free(&pool->alloc, w.entries);
    return rc;
}
