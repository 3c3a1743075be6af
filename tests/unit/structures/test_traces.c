/* SPDX-License-Identifier: MIT */
/* The structures on recorded streams, against what others computed of them. */
#include "cfkit/ewma.h"
#include "cfkit/topk.h"
#include "stream.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 8 };

static cfk_topk *new_sketch(void)
{
    struct cfk_topk_options opts = { .size = sizeof opts,
                                     .max_key_bytes = 4096,
                                     .seed = { 1, 77 } };
    cfk_topk *top;

    ck_assert_int_eq(cfk_topk_new(&opts, &top, NULL), CFK_OK);
    return top;
}

/* Every step-th key from the start-th on. */
static cfk_topk *count_part(const struct trace *trace, size_t start, size_t step)
{
    cfk_topk *top = new_sketch();

    for (size_t i = start; i < trace->count; i += step)
        if (cfk_topk_add(top, trace->keys[i].data, trace->keys[i].len, 1, NULL) != CFK_OK)
            ck_abort_msg("line %zu cannot be added", i);
    return top;
}

static cfk_topk *count_stream(const struct trace *trace)
{
    return count_part(trace, 0, 1);
}

/* As eight machines would count it. */
static cfk_topk *count_in_parts(const struct trace *trace)
{
    cfk_topk *top = new_sketch();

    for (size_t part = 0; part < PARTS; part++) {
        cfk_topk *piece = count_part(trace, part, PARTS);

        ck_assert_int_eq(cfk_topk_merge(top, piece, NULL), CFK_OK);
        cfk_topk_free(piece);
    }
    return top;
}

static cfk_cache *count_exactly(const struct trace *trace, size_t distinct)
{
    cfk_cache *counts = stream_cache(distinct);

    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_key *key = &trace->keys[i];
        uint64_t count = 0;

        cfk_cache_get(counts, key->data, key->len, 0, 0, &count, NULL);
        if (cfk_cache_set(counts, key->data, key->len, count + 1, CFK_CACHE_NEVER, 0,
                          NULL) != CFK_OK)
            ck_abort_msg("line %zu cannot be counted", i);
    }
    ck_assert_uint_eq(cfk_cache_count(counts), distinct);
    return counts;
}

static void expect_bounds(const char *name, const cfk_topk *top, const cfk_cache *counts,
                          size_t events)
{
    struct cfk_cache_entry entry;
    uint64_t worst = cfk_topk_max_error(top);
    uint64_t cursor = 0;

    ck_assert_uint_eq(cfk_topk_total(top), events);
    ck_assert_uint_le(worst, events / 1024);
    while (cfk_cache_next(counts, &cursor, &entry) == 1) {
        uint64_t lo;
        uint64_t hi;

        cfk_topk_query(top, entry.key, entry.key_len, &lo, &hi);
        if (lo > entry.value || entry.value > hi || hi - lo > worst)
            ck_abort_msg("%s: %.*s: %llu is not in %llu..%llu", name, (int)entry.key_len,
                         (const char *)entry.key, (unsigned long long)entry.value,
                         (unsigned long long)lo, (unsigned long long)hi);
    }
}

START_TEST(the_bounds_hold_for_every_key_of_a_stream)
{
    const struct stream *stream = &streams[_i];
    struct cfk_topk_stats stats;
    struct trace trace;
    cfk_cache *counts;
    cfk_topk *top;
    json_t *truth;

    if (!stream_open(stream->name, &trace, &truth))
        return;
    counts = count_exactly(
        &trace, (size_t)json_integer_value(json_object_get(truth, "distinct")));
    top = count_stream(&trace);
    expect_bounds(stream->name, top, counts, trace.count);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_le(stats.bytes, 120 * 1024);
    cfk_topk_free(top);
    top = count_in_parts(&trace);
    expect_bounds(stream->name, top, counts, trace.count);
    cfk_topk_free(top);
    cfk_cache_free(counts);
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

/* Keys of the truth are bytes written as code points below 256. */
static size_t latin1(const char *utf8, char *out)
{
    const unsigned char *p = (const unsigned char *)utf8;
    size_t len = 0;

    for (; *p != '\0'; p++, len++) {
        if (*p >= 0xc0) {
            out[len] = (char)((*p & 3) << 6 | (p[1] & 0x3f));
            p++;
        } else {
            out[len] = (char)*p;
        }
    }
    return len;
}

static bool listed(const struct cfk_topk_item *items, size_t count, const char *key,
                   size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].key_len == len && memcmp(items[i].key, key, len) == 0)
            return true;
    return false;
}

/* How many of the 100 most frequent keys are among the first 100 listed. */
static size_t precision(const cfk_topk *top, const json_t *truth)
{
    struct cfk_topk_item items[100];
    size_t count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, 100);
    size_t found = 0;
    size_t at;
    json_t *pair;

    ck_assert_uint_eq(count, 100);
    json_array_foreach(json_object_get(truth, "top"), at, pair)
    {
        char key[4096];
        size_t len = latin1(json_string_value(json_array_get(pair, 0)), key);

        if (at < 100)
            found += listed(items, count, key, len);
    }
    return found;
}

START_TEST(the_most_frequent_keys_are_found)
{
    const struct stream *stream = &streams[_i];
    struct trace trace;
    json_t *truth;
    cfk_topk *top;
    cfk_topk *merged;
    size_t found;

    if (!stream_open(stream->name, &trace, &truth))
        return;
    top = count_stream(&trace);
    found = precision(top, truth);
    ck_assert_msg((double)found >= stream->precision * 100, "%s: %zu of 100",
                  stream->name, found);
    merged = count_in_parts(&trace);
    ck_assert_msg(precision(merged, truth) + 1 >= found, "%s: merged, %zu instead of %zu",
                  stream->name, precision(merged, truth), found);
    cfk_topk_free(merged);
    cfk_topk_free(top);
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

static const char *const series[] = { "cphy", "dns", "logu", "ns", "web" };
static const int64_t half_lives[] = { 1000000000, 60000000000, 3600000000000 };
enum { SERIES = 5, HALF_LIVES = 3 };

static void expect_near(double got, const json_t *point, const char *member,
                        double relative)
{
    double wanted = strtod(json_string_value(json_object_get(point, member)), NULL);

    if (fabs(wanted) > 1e-290) /* below, doubles have fewer digits */
        ck_assert_msg(fabs(got - wanted) <= relative * fabs(wanted),
                      "%s: %.17g, not %.17g", member, got, wanted);
}

START_TEST(averages_equal_those_of_fifty_digits)
{
    const char *name = series[_i / HALF_LIVES];
    int64_t half_life = half_lives[_i % HALF_LIVES];
    struct cfk_ewma average;
    struct cfk_ewma gaps; /* the rate of golibs */
    struct cfk_rate rate;
    struct trace trace;
    char relative[96];
    const char *path;
    json_t *truth;
    json_t *points;
    size_t next = 0;

    snprintf(relative, sizeof relative, "ds/ewma/dev_%s.h%lld.json", name,
             (long long)half_life);
    truth = vectors_load(relative);
    if (truth == NULL)
        return;
    points = json_object_get(truth, "points");
    snprintf(relative, sizeof relative, "ds/ewma/dev_%s.series.txt.zst", name);
    path = unit_data(relative);
    ck_assert(path != NULL && trace_load(&trace, path));
    cfk_ewma_init(&average, half_life, NULL);
    cfk_ewma_init(&gaps, half_life, NULL);
    cfk_rate_init(&rate, half_life, NULL);
    for (size_t i = 0; i < trace.count; i++) {
        const json_t *point = json_array_get(points, next);
        char *rest;
        int64_t time = strtoll(trace.keys[i].data, &rest, 10);

        if (average.count == 0 || time > average.time)
            cfk_ewma_add(&gaps, average.count == 0 ? 0 : 1e9 / (double)(time - gaps.time),
                         time, NULL);
        ck_assert_int_eq(cfk_ewma_add(&average, strtod(rest, NULL), time, NULL), CFK_OK);
        cfk_rate_add(&rate, 1, time);
        if (point == NULL || (size_t)json_integer_value(json_object_get(point, "i")) != i)
            continue;
        next++;
        expect_near(cfk_ewma_value(&average), point, "seeded", 1e-13);
        expect_near(cfk_ewma_from_zero(&average), point, "golibs", 1e-13);
        expect_near(cfk_ewma_debiased(&average), point, "debias", 1e-13);
        expect_near(cfk_ewma_variance(&average), point, "var", 1e-13);
        expect_near(cfk_ewma_from_zero(&gaps), point, "rate_golibs", 1e-13);
        expect_near(cfk_rate_at(&rate, time), point, "rate_impulse", 1e-13);
    }
    ck_assert_uint_eq(next, json_array_size(points));
    ck_assert_uint_ge(next, 50);
    trace_free(&trace);
    json_decref(truth);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("structures/traces");
    TCase *tc = tcase_create("traces");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, the_bounds_hold_for_every_key_of_a_stream, 0, STREAMS);
    tcase_add_loop_test(tc, the_most_frequent_keys_are_found, 0, STREAMS);
    tcase_add_loop_test(tc, averages_equal_those_of_fifty_digits, 0, SERIES * HALF_LIVES);
    suite_add_tcase(suite, tc);
    return suite;
}
