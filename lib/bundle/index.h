/* SPDX-License-Identifier: MIT */
/*
 * The index of a pool, cfbundle-index(5): a header, a table of names sorted by
 * their hash, a note, and behind them one record for each name with all the
 * certificates that bear it. Nothing in it is believed before it was checked:
 * header, table and note when it is added to a pool, a record when its name is
 * first asked for. Then its certificates join the pool as if they had been there
 * from the start, but for their bytes, which stay where they are.
 */
#ifndef CFK_BUNDLE_INDEX_H
#define CFK_BUNDLE_INDEX_H

#include "base/bytes.h"

#define CFK__INDEX_MAGIC                                                                 \
    "\x89"                                                                               \
    "CFP\r\n\x1a\n"

enum {
    CFK__INDEX_VERSION = 1,
    CFK__INDEX_HEADER = 120,
    CFK__INDEX_ENTRY = 16,  /* of the table: hash, place and size in units of 8 */
    CFK__INDEX_RECORD = 16, /* checksum, certificates, zero */
    CFK__INDEX_CERT = 16,   /* key, from, edges, size */
    CFK__INDEX_USES = 8,    /* combinations of CFK_BUNDLE_INPUT, _POOL, _ROOT */
    CFK__INDEX_NOTE_MAX = 1 << 20,
};

struct cfk__cert;
struct cfk_bundle_pool;

/* The fields of a header, checked; see cfbundle-index(5). */
struct cfk__index_head {
    uint64_t size;
    uint32_t names;
    uint32_t keys;
    uint32_t largest; /* bytes of a certificate */
    uint32_t note_size;
    uint64_t edges;
    uint32_t uses[CFK__INDEX_USES]; /* certificates by what they may be used as */
    uint8_t sha256[32];
};

struct cfk__index {
    struct cfk__span data; /* the caller's; size 0: there is no index */
    struct cfk__index_head head;
    uint32_t left[CFK__INDEX_USES]; /* certificates that are not in the pool yet */
    uint8_t *loaded;                /* by place in the table: the record is in the pool */
};

/* A certificate's part of the index. */
struct cfk__index_part {
    uint32_t key; /* its number in the index */
    uint32_t count;
    const uint8_t *edges; /* NULL: not from an index */
};

/* The hash of a name, of its comparable form, and the checksum of bytes. */
uint64_t cfk__index_hash(struct cfk__span name);
uint64_t cfk__index_checksum(const uint8_t *data, size_t size);

/* Certificates in all. */
uint64_t cfk__index_count(const uint32_t uses[CFK__INDEX_USES]);

/* Whether a name, in comparable form, may be in the index. */
bool cfk__index_has(const struct cfk__index *index, struct cfk__span name);

/*
 * See to it that all certificates of a name, and who they are, are in the pool.
 * CFK_OK, CFK_E_CORRUPT, CFK_E_LIMIT or CFK_E_NOMEM; the pool may have moved.
 */
int cfk__index_load(struct cfk_bundle_pool *pool, uint32_t name, struct cfk_error *err);

/* The same for every name. */
int cfk__index_load_all(struct cfk_bundle_pool *pool, struct cfk_error *err);

/* An edge: the number of a key, and in the lowest bit whether it signed. */
uint32_t cfk__index_edge(const struct cfk__index_part *part, uint32_t i);

/* Whether the index knows if issuer's key signed cert: then *verdict is set. */
bool cfk__index_recall(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                       int *verdict);

#endif
