/* SPDX-License-Identifier: MIT */
/*
 * The parts of cfcache: what is asked for (cfcache.c), the caches that are tried
 * (cfcache_try.c), requests that are remembered until capacities are known
 * (cfcache_trace.c), and results (cfcache_print.c).
 */
#ifndef CFCACHE_H
#define CFCACHE_H

#include "common/stream.h"

#include "cfkit/cache.h"

enum {
    MOST_SIZES = 64,
    MOST_POLICIES = 6,
    MOST_CAPACITY = 1 << 28,
    MOST_KEY = 65536,
    FIRST_ENTRIES = 1024,
};

/* The fields of a line, in the order of their letters. */
enum { KEY, TIME, EXPIRY, SIZE };

struct policy {
    const char *name;
    int32_t policy;
};

struct capacity {
    double percent; /* of the distinct keys or their sizes; 0: amount is given */
    uint64_t amount;
};

struct request {
    struct cli_stream stream;
    const char *lists[MOST_SIZES]; /* of capacities, as they were given */
    size_t list_count;
    struct capacity capacities[MOST_SIZES];
    size_t capacity_count;
    const struct policy *policies[MOST_POLICIES];
    size_t policy_count;
    bool shares; /* some capacity is a percentage */
    bool curve;
    bool tsv;
};

static inline bool is_sized(const struct request *r)
{
    return r->stream.fields[SIZE] != 0;
}

/* What a line asks for. */
struct access {
    const char *key;
    size_t key_len;
    int64_t now;
    int64_t expire;
    uint64_t size; /* 1 where there are none */
};

/* A cache that is tried. */
struct subject {
    const struct policy *policy;
    uint64_t capacity; /* in entries, or bytes */
    bool sized;
    uint64_t hits;
    uint64_t hit_bytes;
    cfk_cache *cache;
};

/* All of them, and what they have been asked. */
struct trial {
    struct subject *subjects;
    size_t count;
    cfk_cache_curve *curve; /* NULL: not asked for */
    uint64_t requests;
    uint64_t bytes;
};

/* Make the caches, of shares of whole. CFK_OK or an error. */
int trial_begin(struct trial *t, const struct request *r, uint64_t whole,
                struct cfk_error *err);
int trial_add(struct trial *t, const struct access *a, struct cfk_error *err);
void trial_end(struct trial *t);

/* All requests. Zero it to begin with. */
struct trace {
    cfk_cache *names; /* key to number; never full */
    uint32_t *numbers;
    int64_t *times;  /* now and expiry in turn; NULL without -t */
    uint64_t *sizes; /* NULL without -s */
    uint64_t count;
    size_t capacity;
    uint64_t distinct_size; /* of all distinct keys when they first came */
};

int trace_add(struct trace *t, const struct request *r, const struct access *a,
              struct cfk_error *err);

/* Hand every request to a trial. */
int trace_replay(const struct trace *t, struct trial *trial, struct cfk_error *err);
void trace_end(struct trace *t);

/* Print all results. The status to end with. */
int print_trial(const struct request *r, const struct trial *t);

#endif
