/* SPDX-License-Identifier: MIT */
/* The cache on recorded streams, against hits counted by stack distances. */
#include "stream.h"
#include "unit.h"

#include <stdlib.h>

static uint64_t lru_hits(const struct trace *trace, size_t capacity)
{
    cfk_cache *cache = stream_cache(capacity);
    uint64_t hits = 0;

    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_key *key = &trace->keys[i];

        if (cfk_cache_get(cache, key->data, key->len, 0, 0, NULL, NULL) == CFK_CACHE_HIT)
            hits++;
        else
            cfk_cache_set(cache, key->data, key->len, 0, CFK_CACHE_NEVER, 0, NULL);
    }
    cfk_cache_free(cache);
    return hits;
}

START_TEST(hits_equal_the_truth_at_every_capacity)
{
    struct trace trace;
    const char *capacity;
    json_t *truth;
    json_t *hits;
    size_t tried = 0;

    if (!stream_open(streams[_i].name, &trace, &truth))
        return;
    json_object_foreach(json_object_get(truth, "lru_hits"), capacity, hits)
    {
        ck_assert_uint_eq(lru_hits(&trace, strtoul(capacity, NULL, 10)),
                          (uint64_t)json_integer_value(hits));
        tried++;
    }
    ck_assert_uint_ge(tried, 8);
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("structures/lru");
    TCase *tc = tcase_create("lru");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, hits_equal_the_truth_at_every_capacity, 0, STREAMS);
    suite_add_tcase(suite, tc);
    return suite;
}
