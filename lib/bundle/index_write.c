/* SPDX-License-Identifier: MIT */
/*
 * Records go in the order of the hashes of their names, certificates in the
 * order in which those of one name came; keys are numbered as they are met.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "bundle/pool.h"

#include <stdlib.h>
#include <string.h>

/* A name that somebody bears. */
struct bearer {
    uint64_t hash;
    uint32_t name;
    struct cfk__span form;
};

struct plan {
    cfk_bundle_pool *pool;
    struct cfk__index_head head;
    struct bearer *bearers;
    uint32_t bearer_count;
    uint32_t *keys;        /* by number in the pool: number in the index */
    uint32_t *old_keys;    /* by number in the index that the pool has: in the new one */
    uint32_t *first_edge;  /* by certificate, and one more for the end */
    uint32_t *edges;       /* number of a key << 1 | whether it signed */
    uint32_t *used;        /* how many of a certificate, from first_edge on */
    struct cfk__writer to; /* the index */
};

static int no_memory(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for an index");
}

static int compare_bearers(const void *left, const void *right)
{
    const struct bearer *a = left;
    const struct bearer *b = right;
    size_t common = a->form.size < b->form.size ? a->form.size : b->form.size;
    int order;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    order = memcmp(a->form.data, b->form.data, common);
    if (order != 0)
        return order;
    return a->form.size < b->form.size ? -1 : a->form.size > b->form.size;
}

static void list_bearers(struct plan *p)
{
    const cfk_bundle_pool *pool = p->pool;

    for (uint32_t i = 0; i < pool->names.count; i++) {
        struct cfk__span form = pool->names.items[i].bytes;

        if (pool->name_info[i].first != CFK__NONE)
            p->bearers[p->bearer_count++] =
                (struct bearer){ cfk__index_hash(form), i, form };
    }
    qsort(p->bearers, p->bearer_count, sizeof *p->bearers, compare_bearers);
}

/* Whether a bearer shares the record of the one before it. */
static bool shares_record(const struct plan *p, uint32_t i)
{
    return i > 0 && p->bearers[i].hash == p->bearers[i - 1].hash;
}

/* What a certificate may be used as: what was fetched is an intermediate like others. */
static uint32_t use_of(const struct cfk__cert *cert)
{
    uint32_t fetched = CFK_BUNDLE_FETCHED;

    return (cert->from & fetched) == 0 ? cert->from
                                       : (cert->from & ~fetched) | CFK_BUNDLE_POOL;
}

/* Number the keys in the order of the file, and count what there is. */
static void number_keys(struct plan *p)
{
    const cfk_bundle_pool *pool = p->pool;

    memset(p->keys, 0xff, ((size_t)pool->keys.count + 1) * sizeof *p->keys);
    memset(p->old_keys, 0xff, ((size_t)pool->index.head.keys + 1) * sizeof *p->old_keys);
    for (uint32_t i = 0; i < p->bearer_count; i++) {
        p->head.names += !shares_record(p, i);
        for (uint32_t n = pool->name_info[p->bearers[i].name].first; n != CFK__NONE;
             n = pool->certs[n]->same_name) {
            const struct cfk__cert *cert = pool->certs[n];

            if (p->keys[cert->key] == CFK__NONE)
                p->keys[cert->key] = p->head.keys++;
            if (cert->part.edges != NULL)
                p->old_keys[cert->part.key] = p->keys[cert->key];
            if (cert->x.der.size > p->head.largest)
                p->head.largest = (uint32_t)cert->x.der.size;
            p->head.uses[use_of(cert)]++;
        }
    }
}

/* --- signatures --- */

static int compare_edges(const void *left, const void *right)
{
    uint32_t a;
    uint32_t b;

    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

/* Signatures that an index of the pool has; to: NULL only counts them. */
static uint32_t old_edges(const struct plan *p, const struct cfk__cert *cert,
                          uint32_t *to)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cert->part.count; i++) {
        uint32_t edge = cfk__index_edge(&cert->part, i);
        uint32_t key =
            edge >> 1 < p->pool->index.head.keys ? p->old_keys[edge >> 1] : CFK__NONE;

        if (key == CFK__NONE)
            continue;
        if (to != NULL)
            to[count] = key << 1 | (edge & 1);
        count++;
    }
    return count;
}

/* first_edge[i + 1] as the number of those of certificate i, to begin with. */
static uint64_t count_edges(struct plan *p)
{
    const cfk_bundle_pool *pool = p->pool;
    uint64_t total = 0;

    for (uint32_t i = 0; i < pool->ders.count; i++)
        p->first_edge[i + 1] = old_edges(p, pool->certs[i], NULL);
    for (uint32_t i = 0; i < pool->edges.count; i++)
        p->first_edge[pool->edges.items[i].cert + 1]++;
    for (uint32_t i = 0; i < pool->ders.count; i++) {
        total += p->first_edge[i + 1];
        p->first_edge[i + 1] += p->first_edge[i];
    }
    return total;
}

/* Sort those of a certificate and leave each key once; how many are left. */
static uint32_t tidy_edges(uint32_t *edges, uint32_t count)
{
    uint32_t kept = 0;

    if (count > 1)
        qsort(edges, count, sizeof *edges, compare_edges);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || edges[kept - 1] >> 1 != edges[i] >> 1)
            edges[kept++] = edges[i];
    return kept;
}

/* Sort the edges by certificate. */
static void place_edges(struct plan *p)
{
    const cfk_bundle_pool *pool = p->pool;
    uint32_t *used = p->used;

    for (uint32_t i = 0; i < pool->ders.count; i++)
        used[i] = old_edges(p, pool->certs[i], p->edges + p->first_edge[i]);
    for (uint32_t i = 0; i < pool->edges.count; i++) {
        const struct cfk__edge *edge = &pool->edges.items[i];

        if (p->keys[edge->key] != CFK__NONE)
            p->edges[p->first_edge[edge->cert] + used[edge->cert]++] =
                p->keys[edge->key] << 1 | (edge->verdict == CFK_OK);
    }
    for (uint32_t i = 0; i < pool->ders.count; i++) {
        used[i] = tidy_edges(p->edges + p->first_edge[i], used[i]);
        p->head.edges += used[i];
    }
}

static int collect_edges(struct plan *p, struct cfk_error *err)
{
    uint64_t total = count_edges(p);

    if (total > UINT32_MAX)
        return cfk__fail(err, CFK_E_LIMIT, "bundle: too many signatures for an index");
    p->edges = cfk__calloc(&p->pool->alloc, (size_t)total + 1, sizeof *p->edges);
    if (p->edges == NULL)
        return no_memory(err);
    place_edges(p);
    return CFK_OK;
}

/* --- bytes --- */

static size_t round_up(size_t size)
{
    return (size + 7) / 8 * 8;
}

/* Bytes of the certificates of a name in its record. */
static uint64_t measure(const struct plan *p, uint32_t name)
{
    uint64_t size = 0;

    for (uint32_t i = p->pool->name_info[name].first; i != CFK__NONE;
         i = p->pool->certs[i]->same_name)
        size +=
            CFK__INDEX_CERT + (uint64_t)p->used[i] * 4 + p->pool->certs[i]->x.der.size;
    return size;
}

static int measure_all(struct plan *p, struct cfk_error *err)
{
    uint64_t size = CFK__INDEX_HEADER + (uint64_t)p->head.names * CFK__INDEX_ENTRY +
                    round_up(p->head.note_size);
    uint64_t record = 0;

    for (uint32_t i = 0; i < p->bearer_count; i++) {
        if (!shares_record(p, i))
            record = CFK__INDEX_RECORD;
        record += measure(p, p->bearers[i].name);
        if (i + 1 == p->bearer_count || !shares_record(p, i + 1))
            size += (record + 7) / 8 * 8;
    }
    p->head.size = size;
    if (size / 8 > UINT32_MAX || size > SIZE_MAX)
        return cfk__fail(err, CFK_E_LIMIT, "bundle: an index of more than 32 GiB");
    return CFK_OK;
}

/* The certificates of a name, which go into the digest too. */
static int write_certs(struct plan *p, uint32_t name, uint32_t *count,
                       struct cfk__hash_ctx *digest, struct cfk_error *err)
{
    cfk_bundle_pool *pool = p->pool;
    int rc = CFK_OK;

    for (uint32_t i = pool->name_info[name].first; i != CFK__NONE && rc == CFK_OK;
         i = pool->certs[i]->same_name) {
        const struct cfk__cert *cert = pool->certs[i];

        rc = cfk__hash_update(digest, cert->x.der.data, cert->x.der.size, err);
        cfk__write_u32le(&p->to, p->keys[cert->key]);
        cfk__write_u32le(&p->to, use_of(cert));
        cfk__write_u32le(&p->to, p->used[i]);
        cfk__write_u32le(&p->to, (uint32_t)cert->x.der.size);
        for (uint32_t n = 0; n < p->used[i]; n++)
            cfk__write_u32le(&p->to, p->edges[p->first_edge[i] + n]);
        cfk__write(&p->to, cert->x.der.data, cert->x.der.size);
        ++*count;
    }
    return rc;
}

/* The record that begins with a bearer; *i becomes the last who shares it. */
static int write_record(struct plan *p, uint32_t *i, struct cfk__writer *table,
                        struct cfk__hash_ctx *digest, struct cfk_error *err)
{
    size_t start = cfk__writer_size(&p->to);
    struct cfk__writer head;
    uint8_t *record = p->to.pos;
    uint32_t count = 0;
    size_t size;
    int rc;

    cfk__write_u64le(table, p->bearers[*i].hash);
    cfk__write_u64le(&p->to, 0);
    cfk__write_u64le(&p->to, 0);
    rc = write_certs(p, p->bearers[*i].name, &count, digest, err);
    while (rc == CFK_OK && *i + 1 < p->bearer_count && shares_record(p, *i + 1))
        rc = write_certs(p, p->bearers[++*i].name, &count, digest, err);
    while (cfk__writer_size(&p->to) % 8 != 0)
        cfk__write_u8(&p->to, 0);
    size = cfk__writer_size(&p->to) - start;
    cfk__write_u32le(table, (uint32_t)(start / 8));
    cfk__write_u32le(table, (uint32_t)(size / 8));
    cfk__writer_init(&head, record, CFK__INDEX_RECORD);
    cfk__write_u64le(&head, 0);
    cfk__write_u32le(&head, count);
    cfk__writer_init(&head, record, 8);
    cfk__write_u64le(&head, cfk__index_checksum(record + 8, size - 8));
    return rc;
}

static void write_head(const struct plan *p, uint8_t *data, size_t table_size)
{
    const struct cfk__index_head *head = &p->head;
    struct cfk__writer w;

    cfk__writer_init(&w, data, CFK__INDEX_HEADER);
    cfk__write(&w, CFK__INDEX_MAGIC, strlen(CFK__INDEX_MAGIC));
    cfk__write_u32le(&w, CFK__INDEX_VERSION);
    cfk__write_u32le(&w, head->names);
    cfk__write_u64le(&w, head->size);
    cfk__write_u64le(&w, head->edges);
    cfk__write_u32le(&w, head->keys);
    cfk__write_u32le(&w, head->largest);
    cfk__write_u32le(&w, head->note_size);
    for (uint32_t i = 1; i < CFK__INDEX_USES; i++)
        cfk__write_u32le(&w, head->uses[i]);
    cfk__write(&w, head->sha256, sizeof head->sha256);
    cfk__write_u64le(&w, cfk__index_checksum(data + CFK__INDEX_HEADER, table_size));
    cfk__write_u64le(&w, cfk__index_checksum(data, cfk__writer_size(&w)));
}

/* All of it at data, which has head.size zeroed bytes. */
static int write_all(struct plan *p, uint8_t *data, const void *note,
                     struct cfk_error *err)
{
    size_t table_size = (size_t)p->head.names * CFK__INDEX_ENTRY;
    size_t start = CFK__INDEX_HEADER + table_size + round_up(p->head.note_size);
    struct cfk__hash_ctx *digest;
    struct cfk__writer table;
    int rc = cfk__hash_new(CFK__SHA256, &digest, err);

    if (rc != CFK_OK)
        return rc;
    cfk__writer_init(&table, data + CFK__INDEX_HEADER, table_size);
    if (p->head.note_size > 0)
        memcpy(data + CFK__INDEX_HEADER + table_size, note, p->head.note_size);
    cfk__writer_init(&p->to, data, (size_t)p->head.size);
    p->to.pos += start;
    for (uint32_t i = 0; i < p->bearer_count && rc == CFK_OK; i++)
        rc = write_record(p, &i, &table, digest, err);
    if (rc == CFK_OK)
        rc = cfk__hash_finish(digest, p->head.sha256, err);
    cfk__hash_free(digest);
    write_head(p, data, start - CFK__INDEX_HEADER);
    return rc;
}

static int make_plan(struct plan *p, struct cfk_error *err)
{
    const cfk_bundle_pool *pool = p->pool;
    const struct cfk_alloc *alloc = &pool->alloc;
    int rc;

    p->bearers = cfk__calloc(alloc, (size_t)pool->names.count + 1, sizeof *p->bearers);
    p->keys = cfk__calloc(alloc, (size_t)pool->keys.count + 1, sizeof *p->keys);
    p->old_keys =
        cfk__calloc(alloc, (size_t)pool->index.head.keys + 1, sizeof *p->old_keys);
    p->first_edge =
        cfk__calloc(alloc, (size_t)pool->ders.count + 1, sizeof *p->first_edge);
    p->used = cfk__calloc(alloc, (size_t)pool->ders.count + 1, sizeof *p->used);
    if (p->bearers == NULL || p->keys == NULL || p->old_keys == NULL ||
        p->first_edge == NULL || p->used == NULL)
        return no_memory(err);
    list_bearers(p);
    number_keys(p);
    rc = collect_edges(p, err);
    return rc == CFK_OK ? measure_all(p, err) : rc;
}

static void free_plan(struct plan *p)
{
    const struct cfk_alloc *alloc = &p->pool->alloc;

    cfk__free(alloc, p->bearers);
    cfk__free(alloc, p->keys);
    cfk__free(alloc, p->old_keys);
    cfk__free(alloc, p->first_edge);
    cfk__free(alloc, p->used);
    cfk__free(alloc, p->edges);
}

int cfk_bundle_index_write(cfk_bundle_pool *pool,
                           const struct cfk_bundle_index_options *opts, void **out,
                           size_t *out_size, struct cfk_error *err)
{
    struct plan plan = { .pool = pool };
    struct cfk_bundle_index_options o;
    uint8_t *data = NULL;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.note_size > 0 && o.note == NULL)
        return cfk__fail(err, CFK_E_INVALID, "bundle: a note of %zu bytes at NULL",
                         o.note_size);
    if (o.note_size > CFK__INDEX_NOTE_MAX)
        return cfk__fail(err, CFK_E_INVALID,
                         "bundle: the note of an index has at most "
                         "1 MiB");
    plan.head.note_size = (uint32_t)o.note_size;
    rc = cfk__index_load_all(pool, err);
    if (rc == CFK_OK)
        rc = make_plan(&plan, err);
    if (rc == CFK_OK) {
        data = cfk__calloc(o.alloc, 1, (size_t)plan.head.size);
        rc = data != NULL ? write_all(&plan, data, o.note, err) : no_memory(err);
    }
    free_plan(&plan);
    if (rc != CFK_OK) {
        cfk__free(o.alloc, data);
        return rc;
    }
    *out = data;
    *out_size = (size_t)plan.head.size;
    return CFK_OK;
}
