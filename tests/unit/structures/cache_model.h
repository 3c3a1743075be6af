/* SPDX-License-Identifier: MIT */
/*
 * Every policy of a cache as plainly as it can be written: arrays of entries from the
 * oldest to the newest, keys of one number. What the tests and the fuzzer compare with.
 */
#ifndef CACHE_MODEL_H
#define CACHE_MODEL_H

#include "cfkit/cache.h"

#include <stdbool.h>

enum { MODEL_MOST = 64 };

struct model_entry {
    unsigned key;
    uint64_t value;
    uint64_t weight;
    int64_t expire;
    unsigned uses;
};

struct model_list {
    struct model_entry at[MODEL_MOST];
    size_t count;
};

struct model {
    int32_t policy;
    size_t capacity;
    uint64_t max_weight; /* 0: none */
    int64_t grace;

    struct model_list main;
    struct model_list first;        /* S3-FIFO's small queue, ARC's T1 */
    struct model_list ghosts;       /* of S3-FIFO; ARC's B2 */
    struct model_list ghosts_first; /* ARC's B1 */
    double target;                  /* ARC's p */
    bool again;                     /* ARC: what comes in is in B1 or B2 */
    bool again_main;                /* ... in B2 */
    size_t hand;                    /* of SIEVE, in main; MODEL_MOST: none */
    uint64_t dropped;               /* values that left */
};

/* An entry and its list, or NULL. */
struct model_entry *model_find(struct model *m, unsigned key);
size_t model_count(const struct model *m);
uint64_t model_weight(const struct model *m);

/* As the functions of the cache. */
int model_get(struct model *m, unsigned key, int64_t now, unsigned flags,
              uint64_t *value);
int model_set(struct model *m, unsigned key, uint64_t value, uint64_t weight,
              int64_t expire, int64_t now);
int model_get_or_set(struct model *m, unsigned key, uint64_t *value, int64_t expire,
                     int64_t now);
bool model_delete(struct model *m, unsigned key);
void model_expire(struct model *m, int64_t now);
void model_clear(struct model *m);
void model_resize(struct model *m, size_t capacity, uint64_t max_weight, int64_t now);

#endif
