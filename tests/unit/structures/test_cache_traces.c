/* SPDX-License-Identifier: MIT */
/*
 * The policies on recorded streams, against hits that others counted: of LRU by
 * stack distances, of all by libCacheSim. Below some capacity there is no such
 * truth: its sub-queues round to nothing, and our S3-FIFO has a larger small queue.
 */
#include "stream.h"
#include "unit.h"

#include <stdlib.h>

struct subject {
    const char *name; /* in the truth */
    int32_t policy;
    size_t least; /* capacity for which there is a truth */
};

static const struct subject subjects[] = {
    { "LRU", CFK_CACHE_LRU, 1 },     { "FIFO", CFK_CACHE_FIFO, 1 },
    { "Sieve", CFK_CACHE_SIEVE, 1 }, { "Clock", CFK_CACHE_CLOCK, 1 },
    { "ARC", CFK_CACHE_ARC, 20 },    { "S3FIFO", CFK_CACHE_S3FIFO, 100 },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0], LONG = 1000000 };

static uint64_t hits_of(const struct trace *trace, int32_t policy, size_t capacity)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts, .capacity = capacity, .max_key_bytes = 4096, .policy = policy
    };
    cfk_cache *cache;
    uint64_t hits = 0;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_key *key = &trace->keys[i];
        uint64_t value = 0;

        hits += cfk_cache_get_or_set(cache, key->data, key->len, &value, CFK_CACHE_NEVER,
                                     0, NULL) == CFK_CACHE_HIT;
    }
    ck_assert_uint_le(cfk_cache_count(cache), capacity);
    cfk_cache_free(cache);
    return hits;
}

static void expect_hits(const struct trace *trace, const char *stream,
                        const struct subject *s, json_t *truth, size_t least)
{
    const char *capacity;
    json_t *hits;
    size_t tried = 0;
    size_t seen = 0;

    json_object_foreach(truth, capacity, hits)
    {
        size_t entries = strtoul(capacity, NULL, 10);
        uint64_t got;

        /* Of long streams every third capacity, but for LRU all. */
        if (entries < s->least ||
            (trace->count > LONG && s->policy != CFK_CACHE_LRU && seen++ % 3 != 0))
            continue;
        got = hits_of(trace, s->policy, entries);
        ck_assert_msg(got == (uint64_t)json_integer_value(hits),
                      "%s: %s of %zu: %llu hits, not %lld", stream, s->name, entries,
                      (unsigned long long)got, (long long)json_integer_value(hits));
        tried++;
    }
    ck_assert_uint_ge(tried, least);
}

START_TEST(hits_equal_the_truth_at_every_capacity)
{
    const struct subject *s = &subjects[_i / STREAMS];
    const char *stream = streams[_i % STREAMS].name;
    struct trace trace;
    json_t *truth;

    if (!stream_open(stream, &trace, &truth))
        return;
    if (s->policy == CFK_CACHE_LRU)
        expect_hits(&trace, stream, s, json_object_get(truth, "lru_hits"), 8);
    else
        expect_hits(&trace, stream, s,
                    json_object_get(json_object_get(truth, "anchors_hits"), s->name), 2);
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

/* Where libCacheSim gives no measure: within a point of FIFO, or better. */
START_TEST(tiny_caches_are_no_worse_than_fifo)
{
    static const size_t capacities[] = { 1, 2, 3, 10, 13, 19 };
    struct trace trace;
    json_t *truth;

    if (!stream_open(streams[_i].name, &trace, &truth))
        return;
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        double fifo = (double)hits_of(&trace, CFK_CACHE_FIFO, capacities[i]);

        for (int32_t policy = CFK_CACHE_S3FIFO; policy <= CFK_CACHE_ARC; policy++) {
            double got = (double)hits_of(&trace, policy, capacities[i]);

            ck_assert_msg((fifo - got) / (double)trace.count <= 0.01,
                          "%s: policy %d of %zu: %g hits, FIFO %g", streams[_i].name,
                          policy, capacities[i], got, fifo);
        }
    }
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("structures/cache_traces");
    TCase *tc = tcase_create("cache_traces");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, hits_equal_the_truth_at_every_capacity, 0,
                        SUBJECTS * STREAMS);
    tcase_add_loop_test(tc, tiny_caches_are_no_worse_than_fifo, 0, STREAMS);
    suite_add_tcase(suite, tc);
    return suite;
}
