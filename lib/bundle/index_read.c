/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/error.h"
#include "base/load.h"
#include "base/siphash.h"
#include "bundle/export.h"
#include "bundle/pool.h"

#include <string.h>

/* "cfbundle-index/1" */
static const uint64_t hash_key[2] = { UINT64_C(0x656c646e75626663),
                                      UINT64_C(0x312f7865646e692d) };

uint64_t cfk__index_hash(struct cfk__span name)
{
    return cfk__siphash13(hash_key, name.data, name.size);
}

uint64_t cfk__index_checksum(const uint8_t *data, size_t size)
{
    return cfk__siphash13(hash_key, data, size);
}

uint64_t cfk__index_count(const uint32_t uses[CFK__INDEX_USES])
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < CFK__INDEX_USES; i++)
        count += uses[i];
    return count;
}

static int damaged(struct cfk_error *err, uint64_t offset, const char *what)
{
    return cfk__fail_at(err, CFK_E_CORRUPT, offset, "bundle: the index is damaged: %s",
                        what);
}

/* --- header and table --- */

static int read_head(struct cfk__span data, struct cfk__index_head *head,
                     uint64_t *table_sum, struct cfk_error *err)
{
    struct cfk__reader r;
    uint32_t version = 0;
    uint64_t sum;

    memset(head, 0, sizeof *head);
    cfk__reader_init(&r, data.data, data.size);
    if (data.size < CFK__INDEX_HEADER ||
        memcmp(data.data, CFK__INDEX_MAGIC, strlen(CFK__INDEX_MAGIC)) != 0)
        return cfk__fail(err, CFK_E_CORRUPT, "bundle: this is no index of a pool");
    cfk__read_skip(&r, strlen(CFK__INDEX_MAGIC));
    cfk__read_u32le(&r, &version);
    if (version != CFK__INDEX_VERSION)
        return cfk__fail(
            err, CFK_E_NOTSUP,
            "bundle: the index is of version %u, this reads version %d; make "
            "it anew",
            (unsigned)version, CFK__INDEX_VERSION);
    cfk__read_u32le(&r, &head->names);
    cfk__read_u64le(&r, &head->size);
    cfk__read_u64le(&r, &head->edges);
    cfk__read_u32le(&r, &head->keys);
    cfk__read_u32le(&r, &head->largest);
    cfk__read_u32le(&r, &head->note_size);
    for (uint32_t i = 1; i < CFK__INDEX_USES; i++)
        cfk__read_u32le(&r, &head->uses[i]);
    cfk__read_copy(&r, head->sha256, sizeof head->sha256);
    cfk__read_u64le(&r, table_sum);
    cfk__read_u64le(&r, &sum);
    if (sum != cfk__index_checksum(data.data, cfk__reader_offset(&r) - sizeof sum))
        return damaged(err, 0, "its header");
    return CFK_OK;
}

/* Where the note begins, and the records. Both fit in what was checked. */
static size_t note_at(const struct cfk__index_head *head)
{
    return CFK__INDEX_HEADER + (size_t)head->names * CFK__INDEX_ENTRY;
}

static size_t records_at(const struct cfk__index_head *head)
{
    return note_at(head) + (head->note_size + 7) / 8 * 8;
}

static int open_index(struct cfk__span data, struct cfk__index_head *head,
                      struct cfk_error *err)
{
    uint64_t table_sum = 0;
    uint64_t rest;
    int rc = read_head(data, head, &table_sum, err);

    if (rc != CFK_OK)
        return rc;
    if (head->size != data.size)
        return cfk__fail_at(err, CFK_E_CORRUPT, data.size,
                            "bundle: the index is damaged: it has %zu bytes and should "
                            "have %llu",
                            data.size, (unsigned long long)head->size);
    rest = data.size - CFK__INDEX_HEADER;
    if (head->names > rest / CFK__INDEX_ENTRY || head->note_size > CFK__INDEX_NOTE_MAX ||
        records_at(head) > data.size || head->keys > cfk__index_count(head->uses) ||
        cfk__index_count(head->uses) > rest / CFK__INDEX_CERT)
        return damaged(err, 0, "more than fits in it");
    if (table_sum != cfk__index_checksum(data.data + CFK__INDEX_HEADER,
                                         records_at(head) - CFK__INDEX_HEADER))
        return damaged(err, CFK__INDEX_HEADER, "its table");
    return CFK_OK;
}

int cfk_bundle_index_describe(const void *data, size_t size,
                              struct cfk_bundle_index_info *out, struct cfk_error *err)
{
    struct cfk_bundle_index_info info = { .size = sizeof info };
    struct cfk__index_head head;
    int rc = open_index((struct cfk__span){ data, size }, &head, err);

    if (rc != CFK_OK)
        return rc;
    for (uint32_t i = 0; i < CFK__INDEX_USES; i++)
        info.roots += (i & CFK_BUNDLE_ROOT) != 0 ? head.uses[i] : 0;
    info.certs = (uint32_t)cfk__index_count(head.uses);
    info.names = head.names;
    info.keys = head.keys;
    info.signatures = head.edges;
    info.note = (const uint8_t *)data + note_at(&head);
    info.note_size = head.note_size;
    memcpy(info.sha256, head.sha256, sizeof info.sha256);
    return cfk__export(out, &info, sizeof info, err);
}

/* --- names --- */

static const uint8_t *entry_at(const struct cfk__index *index, uint32_t i)
{
    return index->data.data + CFK__INDEX_HEADER + (size_t)i * CFK__INDEX_ENTRY;
}

/* The place of a hash in the table; the number of names where it is not there. */
static uint32_t find_entry(const struct cfk__index *index, uint64_t hash)
{
    uint32_t low = 0;
    uint32_t high = index->head.names;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cfk__load64le(entry_at(index, middle)) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < index->head.names && cfk__load64le(entry_at(index, low)) == hash
               ? low
               : index->head.names;
}

bool cfk__index_has(const struct cfk__index *index, struct cfk__span name)
{
    return index->data.size > 0 &&
           find_entry(index, cfk__index_hash(name)) < index->head.names;
}

/* --- records --- */

/* The next certificate of a record. */
static bool next_cert(const struct cfk__index *index, struct cfk__reader *r,
                      struct cfk__index_part *part, uint32_t *from, struct cfk__span *der)
{
    struct cfk__span edges;
    uint32_t size;

    if (!cfk__read_u32le(r, &part->key) || !cfk__read_u32le(r, from) ||
        !cfk__read_u32le(r, &part->count) || !cfk__read_u32le(r, &size) ||
        part->count > cfk__reader_left(r) / 4 ||
        !cfk__read_span(r, (size_t)part->count * 4, &edges) ||
        !cfk__read_span(r, size, der))
        return false;
    part->edges = edges.data;
    return *from != 0 && *from < CFK__INDEX_USES && index->head.keys > part->key &&
           size <= index->head.largest;
}

/* The record of an entry of the table, its checksum checked, as its certificates. */
static bool open_record(const struct cfk__index *index, uint32_t i, uint64_t *offset,
                        uint32_t *count, struct cfk__reader *r)
{
    const uint8_t *entry = entry_at(index, i);
    uint64_t size = (uint64_t)cfk__load32le(entry + 12) * 8;
    const uint8_t *record;

    *offset = (uint64_t)cfk__load32le(entry + 8) * 8;
    if (*offset > index->data.size || size > index->data.size - *offset ||
        size < CFK__INDEX_RECORD)
        return false;
    record = index->data.data + *offset;
    if (cfk__load64le(record) != cfk__index_checksum(record + 8, (size_t)size - 8))
        return false;
    *count = cfk__load32le(record + 8);
    cfk__reader_init(r, record + CFK__INDEX_RECORD, (size_t)size - CFK__INDEX_RECORD);
    return true;
}

/* Whether a record is well formed; uses: what its certificates may be used as. */
static bool check_record(const struct cfk__index *index, struct cfk__reader r,
                         uint32_t count, uint32_t uses[CFK__INDEX_USES])
{
    struct cfk__index_part part;
    struct cfk__span der;
    uint32_t from;

    for (uint32_t n = 0; n < count; n++) {
        if (!next_cert(index, &r, &part, &from, &der))
            return false;
        uses[from]++;
    }
    for (uint32_t i = 0; i < CFK__INDEX_USES; i++)
        if (uses[i] > index->left[i])
            return false;
    return cfk__reader_left(&r) < 8;
}

static int add_certs(cfk_bundle_pool *pool, struct cfk__reader r, uint32_t count,
                     uint64_t hash, uint64_t offset, struct cfk_error *err)
{
    for (uint32_t n = 0; n < count; n++) {
        struct cfk__index_part part;
        struct cfk__span der;
        struct cfk__cert *cert;
        uint32_t number;
        uint32_t from;
        int rc;

        next_cert(&pool->index, &r, &part, &from, &der);
        rc = cfk__pool_place(pool, der, from, &number, err);
        if (rc == CFK_E_CORRUPT)
            return damaged(err, offset, "a certificate in it");
        if (rc != CFK_OK)
            return rc;
        cert = pool->certs[number];
        cert->part = part;
        if (cfk__index_hash(pool->names.items[cert->subject].bytes) != hash)
            return damaged(err, offset, "a certificate is under another's name");
    }
    return CFK_OK;
}

static int load_record(cfk_bundle_pool *pool, uint32_t i, struct cfk_error *err)
{
    struct cfk__index *index = &pool->index;
    uint32_t uses[CFK__INDEX_USES] = { 0 };
    struct cfk__reader r;
    uint64_t offset = 0;
    uint32_t count;
    int rc;

    if (!open_record(index, i, &offset, &count, &r) ||
        !check_record(index, r, count, uses))
        return damaged(err, offset, "the certificates of a name");
    index->loaded[i] = 1; /* so that its own certificates do not ask for it */
    rc = add_certs(pool, r, count, cfk__load64le(entry_at(index, i)), offset, err);
    if (rc != CFK_OK) {
        index->loaded[i] = 0;
        return rc;
    }
    for (uint32_t n = 0; n < CFK__INDEX_USES; n++)
        index->left[n] -= uses[n];
    return CFK_OK;
}

int cfk__index_load(cfk_bundle_pool *pool, uint32_t name, struct cfk_error *err)
{
    const struct cfk__index *index = &pool->index;
    uint32_t i;
    int rc = CFK_OK;

    if (index->data.size == 0 || pool->name_info[name].loaded)
        return CFK_OK;
    i = find_entry(index, cfk__index_hash(pool->names.items[name].bytes));
    if (i < index->head.names && !index->loaded[i])
        rc = load_record(pool, i, err);
    pool->name_info[name].loaded = rc == CFK_OK;
    return rc;
}

int cfk__index_load_all(cfk_bundle_pool *pool, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (uint32_t i = 0; i < pool->index.head.names && rc == CFK_OK; i++)
        if (!pool->index.loaded[i])
            rc = load_record(pool, i, err);
    if (rc == CFK_OK && cfk__index_count(pool->index.left) > 0)
        return damaged(err, 0, "it has fewer certificates than it says");
    return rc;
}

uint32_t cfk__index_edge(const struct cfk__index_part *part, uint32_t i)
{
    return cfk__load32le(part->edges + (size_t)i * 4);
}

bool cfk__index_recall(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                       int *verdict)
{
    if (issuer->part.edges == NULL)
        return false;
    for (uint32_t i = 0; i < cert->part.count; i++) {
        uint32_t edge = cfk__index_edge(&cert->part, i);

        if (edge >> 1 == issuer->part.key) {
            *verdict = (edge & 1) != 0 ? CFK_OK : CFK_E_SIGNATURE;
            return true;
        }
    }
    return false;
}

/* --- into a pool --- */

static int check_limits(const cfk_bundle_pool *pool, const struct cfk__index_head *head,
                        struct cfk_error *err)
{
    uint64_t count = cfk__index_count(head->uses);

    if (count + pool->ders.count > pool->max_certs)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: an index of %llu certificates; a pool holds at most "
                         "%zu",
                         (unsigned long long)count, pool->max_certs);
    return cfk__pool_check_size(pool, head->largest, err);
}

int cfk_bundle_pool_add_index(cfk_bundle_pool *pool, const void *data, size_t size,
                              struct cfk_error *err)
{
    struct cfk__index index = { .data = { data, size } };
    int rc;

    if (pool->index.data.size > 0)
        return cfk__fail(err, CFK_E_INVALID, "bundle: a pool takes one index");
    rc = open_index(index.data, &index.head, err);
    if (rc == CFK_OK)
        rc = check_limits(pool, &index.head, err);
    if (rc != CFK_OK)
        return rc;
    memcpy(index.left, index.head.uses, sizeof index.left);
    index.loaded = cfk__calloc(&pool->alloc, (size_t)index.head.names + 1, 1);
    if (index.loaded == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for an index");
    pool->index = index;
    for (uint32_t i = 0; i < pool->names.count && rc == CFK_OK; i++)
        rc = cfk__index_load(pool, i, err);
    return rc;
}
