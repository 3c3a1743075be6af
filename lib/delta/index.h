/* SPDX-License-Identifier: MIT */
/*
 * Where in some bytes a few given ones were seen: hash chains, the last place first.
 * A reference has an index of all of it, which is then only read; the encoder
 * has one that grows with the new version.
 */
#ifndef CFK_DELTA_INDEX_H
#define CFK_DELTA_INDEX_H

#include "base/bytes.h"
#include "delta/tree.h"

enum {
    CFK__INDEX_HEADS_LOG_MAX = 20,
    CFK__INDEX_READ = 12,           /* bytes that must be there at a place to hash it, */
    CFK__INDEX_READ_FULL = 32,      /* and for the longest hash */
    CFK__INDEX_FULL_FROM = 1 << 17, /* bytes from which there is one */
};

struct cfk__chains {
    unsigned shift; /* 64 - the logarithm of the number of heads */
    uint32_t mask;  /* of places in prev */
    uint32_t *head; /* a place + 1; 0: none */
    uint32_t *prev;
};

struct cfk__index {
    struct cfk_alloc alloc;
    void *memory;
    unsigned stride_log;     /* a place is a position >> stride_log */
    unsigned short_bytes;    /* 4 to 8 that the short hash takes */
    struct cfk__tree tree;   /* instead of chains; no heads where there is none */
    struct cfk__chains near; /* by the short hash */
    struct cfk__chains far;  /* by one of 12 bytes */
    struct cfk__chains full; /* by one of 32; no heads where it is not worth it */
    uint32_t counts[256];    /* how often each byte occurs, in a sample */
};

/*
 * Tables for size bytes of which every 1 << stride_log th is a place, with at most
 * places of them kept in chains with about so many heads. CFK_OK or CFK_E_NOMEM.
 */
int cfk__index_init(struct cfk__index *index, const struct cfk_alloc *alloc, size_t size,
                    unsigned stride_log, uint32_t places, size_t heads_wanted);

/* A tree for size bytes instead. CFK_OK or CFK_E_NOMEM. */
int cfk__index_init_tree(struct cfk__index *index, const struct cfk_alloc *alloc,
                         size_t size, size_t heads_wanted);
void cfk__index_free(struct cfk__index *index);

/* Enter all places of data. */
void cfk__index_fill(struct cfk__index *index, const uint8_t *data, size_t size);

static inline uint32_t cfk__hash_short(const struct cfk__index *x, const uint8_t *p)
{
    uint64_t bytes = cfk__load64le(p) << (64 - 8 * x->short_bytes);

    return (uint32_t)(bytes * UINT64_C(0x9e3779b185ebca87) >> x->near.shift);
}

static inline uint32_t cfk__hash_long(const struct cfk__index *x, const uint8_t *p)
{
    uint64_t mixed = cfk__load64le(p) * UINT64_C(0xc2b2ae3d27d4eb4f);

    mixed = (mixed ^ mixed >> 29 ^ cfk__load32le(p + 8)) * UINT64_C(0x9e3779b185ebca87);
    return (uint32_t)(mixed >> x->far.shift);
}

static inline uint32_t cfk__hash_full(const struct cfk__index *x, const uint8_t *p)
{
    uint64_t mixed = 0;

    for (int i = 0; i < 32; i += 8) {
        mixed = (mixed ^ cfk__load64le(p + i)) * UINT64_C(0x9e3779b185ebca87);
        mixed ^= mixed >> 32;
    }
    return (uint32_t)(mixed * UINT64_C(0xc2b2ae3d27d4eb4f) >> x->full.shift);
}

static inline void cfk__chain_add(struct cfk__chains *c, uint32_t hash, uint32_t place)
{
    c->prev[place & c->mask] = c->head[hash];
    c->head[hash] = place + 1;
}

#endif
