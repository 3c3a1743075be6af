/* SPDX-License-Identifier: MIT */
/* Sketches against exact counts and against a naive one of the same algorithm. */
#include "gen.h"
#include "sketch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODEL_KEYS = 64 };

static void expect_model(const cfk_topk *top, const uint64_t *truth, uint8_t keys,
                         uint64_t total)
{
    uint64_t worst = cfk_topk_max_error(top);

    sketch_check(top);
    sketch_must(cfk_topk_total(top) == total, "the total is the sum");
    sketch_must(worst <= total / top->counter_count, "no error is above total / k");
    for (uint8_t key = 0; key < keys; key++) {
        struct cfk_topk_item item;

        cfk_topk_get(top, &key, 1, 0, &item);
        sketch_must(item.lo <= truth[key] && truth[key] <= item.hi,
                    "the truth is within the bounds");
        sketch_must(item.lo <= item.estimate && item.estimate <= item.hi,
                    "the estimate is within the bounds");
        sketch_must(item.hi - item.lo <= worst, "no error is above the greatest");
    }
}

/* Of the heaviest keys, those above the error bound must be in the list. */
static void expect_heavy_listed(const cfk_topk *top, const uint64_t *truth)
{
    struct cfk_topk_item items[MODEL_KEYS];
    size_t count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, MODEL_KEYS);

    for (uint8_t key = 0; key < MODEL_KEYS; key++) {
        bool listed = false;

        for (size_t i = 0; i < count; i++)
            listed = listed || *(const uint8_t *)items[i].key == key;
        ck_assert(listed || truth[key] <= cfk_topk_max_error(top));
    }
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_ge(items[i - 1].hi, items[i].hi);
}

/* Both selections, of keys above a threshold, against the truth. */
static void expect_selections(const cfk_topk *top, const uint64_t *truth,
                              uint64_t threshold)
{
    struct cfk_topk_select_options o = { .size = sizeof o, .threshold = threshold };
    struct cfk_topk_item items[MODEL_KEYS];
    bool possible[MODEL_KEYS] = { false };
    size_t count;

    o.which = CFK_TOPK_SURE;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, MODEL_KEYS, &count, NULL), CFK_OK);
    for (size_t i = 0; i < count; i++)
        sketch_must(truth[*(const uint8_t *)items[i].key] > threshold,
                    "no false positives");
    o.which = CFK_TOPK_POSSIBLE;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, MODEL_KEYS, &count, NULL), CFK_OK);
    for (size_t i = 0; i < count; i++)
        possible[*(const uint8_t *)items[i].key] = true;
    for (uint8_t key = 0; key < MODEL_KEYS; key++)
        sketch_must(possible[key] || truth[key] <= threshold ||
                        truth[key] <= cfk_topk_max_error(top),
                    "no false negatives");
}

static uint64_t weight_of(struct gen *g, int kind)
{
    switch (kind) {
    case 0: return 1;
    case 1: return gen_below(g, 4);
    case 2: return gen_below(g, 2000);
    default: return gen_u64(g) >> (20 + gen_below(g, 44));
    }
}

START_TEST(bounds_hold_against_exact_counts)
{
    static const size_t sizes[] = { 1, 2, 3, 12, 13, 40 };
    struct gen g;

    gen_seed(&g, 7);
    for (int run = 0; run < sketch_rounds(480); run++) {
        uint64_t truth[MODEL_KEYS] = { 0 };
        uint64_t total = 0;
        cfk_topk *top =
            sketch(sizes[run % 6], gen_below(&g, 3) == 0 ? 1 : gen_below(&g, 40));

        for (int step = 0; step < 1500; step++) {
            uint64_t range = gen_below(&g, MODEL_KEYS) + 1;
            uint8_t key = (uint8_t)gen_below(&g, range);
            uint64_t weight = weight_of(&g, run / 6 % 4);

            sketch_must(cfk_topk_add(top, &key, 1, weight, NULL) == CFK_OK,
                        "it can be added");
            truth[key] += weight;
            total += weight;
            if (step % 100 == 0)
                expect_model(top, truth, MODEL_KEYS, total);
        }
        expect_model(top, truth, MODEL_KEYS, total);
        expect_heavy_listed(top, truth);
        expect_selections(top, truth, gen_below(&g, total / 10 + 1));
        cfk_topk_free(top);
    }
}
END_TEST

/* Every sequence of 6 of 3 keys, with weights 1 and 2, on k = 1 and 2. */
START_TEST(every_short_sequence_keeps_the_bounds)
{
    unsigned step_of_codes = (unsigned)(20 / sketch_rounds(20));

    for (unsigned code = 0; code < 6 * 6 * 6 * 6 * 6 * 6; code += step_of_codes) {
        for (size_t k = 1; k <= 2; k++) {
            uint64_t truth[MODEL_KEYS] = { 0 };
            uint64_t total = 0;
            cfk_topk *top = sketch(k, 1 + code % 3);
            unsigned rest = code;

            for (int step = 0; step < 6; step++, rest /= 6) {
                uint8_t key = (uint8_t)(rest % 3);
                uint64_t weight = 1 + rest % 2;

                cfk_topk_add(top, &key, 1, weight, NULL);
                truth[key] += weight;
                total += weight;
            }
            expect_model(top, truth, 3, total);
            cfk_topk_free(top);
        }
    }
}
END_TEST

/* ---- the algorithm without any cleverness ---- */

struct naive {
    uint32_t k;
    uint32_t used;
    struct {
        uint32_t key;
        uint64_t count;
        uint64_t error;
    } counters[MODEL_KEYS];
    uint64_t cells[2][MODEL_KEYS];
};

static uint64_t *naive_cell(struct naive *n, const cfk_topk *top, uint32_t key, int row)
{
    uint64_t hash = cfk__keyed_hash_fast(&top->hasher, &key, sizeof key);

    return &n->cells[row][(row == 0 ? hash : hash >> 33) & top->row_mask];
}

static void naive_raise(struct naive *n, const cfk_topk *top, uint32_t key,
                        uint64_t value)
{
    for (int row = 0; row < 2; row++) {
        uint64_t *cell = naive_cell(n, top, key, row);

        *cell = *cell > value ? *cell : value;
    }
}

static uint64_t naive_least_cell(struct naive *n, const cfk_topk *top, uint32_t key)
{
    uint64_t first = *naive_cell(n, top, key, 0);
    uint64_t second = *naive_cell(n, top, key, 1);

    return first < second ? first : second;
}

static uint32_t naive_find(const struct naive *n, uint32_t key)
{
    uint32_t i = 0;

    while (i < n->used && n->counters[i].key != key)
        i++;
    return i;
}

static void naive_add(struct naive *n, const cfk_topk *top, uint32_t key, uint64_t weight)
{
    uint32_t at = naive_find(n, key);
    uint64_t cell = naive_least_cell(n, top, key);
    uint32_t least = 0;

    if (at < n->used) {
        n->counters[at].count += weight;
        return;
    }
    if (n->used < n->k) {
        n->counters[n->used].key = key;
        n->counters[n->used++].count = weight;
        return;
    }
    for (uint32_t i = 1; i < n->k; i++)
        if (n->counters[i].count < n->counters[least].count)
            least = i;
    if (cell + weight < n->counters[least].count) {
        naive_raise(n, top, key, cell + weight);
        return;
    }
    naive_raise(n, top, n->counters[least].key, n->counters[least].count);
    n->counters[least].key = key;
    n->counters[least].count = cell + weight;
    n->counters[least].error = cell;
}

/* Weights so wide that no two counts are equal and the victim is never in doubt. */
START_TEST(a_sketch_does_what_the_naive_one_does)
{
    struct gen g;

    gen_seed(&g, 11);
    for (int run = 0; run < sketch_rounds(200); run++) {
        uint32_t k = (uint32_t)gen_below(&g, 20) + 1;
        cfk_topk *top = sketch(k, (size_t)2 << gen_below(&g, 6));
        struct naive n = { .k = k };

        for (int step = 0; step < 2000; step++) {
            uint32_t key = (uint32_t)gen_below(&g, MODEL_KEYS);
            uint64_t weight = gen_below(&g, UINT32_MAX / 4096);

            cfk_topk_add(top, &key, sizeof key, weight, NULL);
            if (weight > 0)
                naive_add(&n, top, key, weight);
        }
        for (uint32_t key = 0; key < MODEL_KEYS; key++) {
            uint32_t at = naive_find(&n, key);
            uint64_t cell = naive_least_cell(&n, top, key);
            uint64_t lo;
            uint64_t hi;

            cfk_topk_query(top, &key, sizeof key, &lo, &hi);
            sketch_must(hi == (at < n.used ? n.counters[at].count : cell), "hi is equal");
            sketch_must(hi - lo == (at < n.used ? n.counters[at].error : cell),
                        "the error is equal");
        }
        cfk_topk_free(top);
    }
}
END_TEST

/* ---- streams against the algorithm ---- */

START_TEST(hostile_streams_keep_the_bounds)
{
    enum { K = 64 };
    uint32_t events = (uint32_t)sketch_rounds(50000);
    cfk_topk *top = sketch(K, 0);

    /* Round robin over more keys than counters: nearly every event is a miss. */
    for (uint32_t i = 0; i < events; i++) {
        uint32_t key = i % (K + 1);

        cfk_topk_add(top, &key, sizeof key, 1, NULL);
    }
    sketch_check(top);
    ck_assert_uint_le(cfk_topk_max_error(top), events / K);
    cfk_topk_reset(top);

    /* All keys distinct, with distinct weights. */
    for (uint32_t i = 0; i < events; i++)
        cfk_topk_add(top, &i, sizeof i, (uint64_t)i * 7919 % 10007, NULL);
    sketch_check(top);
    ck_assert_uint_le(cfk_topk_max_error(top), cfk_topk_total(top) / K);
    cfk_topk_free(top);
}
END_TEST

/* Counters examined in sweeps, for each event. */
static double sweeping(const cfk_topk *top, uint64_t events)
{
    struct cfk_topk_stats stats;

    cfk_topk_get_stats(top, 0, &stats);
    return (double)stats.sweeps * (double)stats.counters / (double)events;
}

/* One counter flaps below k - 1 huge ones: the least is sought again and again. */
START_TEST(hostile_streams_cost_a_few_steps_an_event)
{
    enum { K = 256 };
    uint32_t events = (uint32_t)sketch_rounds(200000);
    cfk_topk *top = sketch(K, 2);

    for (uint32_t i = 0; i < K - 1; i++)
        cfk_topk_add(top, &i, sizeof i, UINT32_MAX, NULL);
    for (uint32_t i = 0; i < events; i++)
        cfk_topk_add(top, &i, sizeof i, 1, NULL);
    ck_assert(sweeping(top, events) <= 5);
    cfk_topk_reset(top);

    for (uint32_t i = 0; i < events; i++) { /* each of many keys, over and over */
        uint32_t key = i % (K + 1);

        cfk_topk_add(top, &key, sizeof key, 1, NULL);
    }
    ck_assert(sweeping(top, events) <= 5);
    cfk_topk_reset(top);

    for (uint32_t i = 0; i < events; i++) /* all distinct, ever heavier */
        cfk_topk_add(top, &i, sizeof i, i, NULL);
    ck_assert(sweeping(top, events) <= 5);
    cfk_topk_free(top);
}
END_TEST

/* ---- who knows the seed ---- */

/* Keys of 16 bytes whose fast hash is one and the same: a factor is zero. */
static void zero_factor(const cfk_topk *top, uint64_t n, uint64_t key[2])
{
    key[0] = top->hasher.secret[0];
    key[1] = n;
}

START_TEST(a_flood_of_equal_hashes_is_answered)
{
    enum { K = 1024, KEYS = 3000 };
    cfk_topk *top = sketch(K, 0);
    uint64_t total = 0;
    struct cfk_topk_stats stats;

    for (int round = 0; round < 2; round++)
        for (uint64_t n = 0; n < KEYS; n++) {
            uint64_t key[2];

            zero_factor(top, n, key);
            ck_assert_int_eq(cfk_topk_add(top, key, sizeof key, n % 7 + 1, NULL), CFK_OK);
            total += n % 7 + 1;
        }
    sketch_check(top);
    cfk_topk_get_stats(top, 0, &stats);
    ck_assert_uint_eq(stats.guards, 1);
    for (uint32_t i = 0; i < top->used; i++) { /* no search is long any more */
        uint64_t hash = cfk__keyed_hash(&top->hasher, top->counters[i].key.bytes, 16);

        ck_assert_uint_le(cfk__table_run(&top->table, hash),
                          cfk__table_longest_run(&top->table));
    }
    /* They share their cells, so only those are wide. */
    ck_assert_uint_le(cfk_topk_max_error(top), total / K);
    for (uint64_t n = 0; n < KEYS; n++) {
        uint64_t key[2];
        uint64_t lo;
        uint64_t hi;

        zero_factor(top, n, key);
        cfk_topk_query(top, key, sizeof key, &lo, &hi);
        ck_assert(lo <= 2 * (n % 7 + 1) && 2 * (n % 7 + 1) <= hi);
    }
    cfk_topk_free(top);
}
END_TEST

/* Keys with equal low bits of the hash: they share a cell of the first row alone. */
START_TEST(a_flood_of_one_cell_widens_nothing_else)
{
    enum { K = 64, FLOOD = 20000 };
    cfk_topk *top = sketch(K, 1024);
    uint32_t flooded = 0;
    uint64_t lo;
    uint64_t hi;

    for (uint32_t i = 0; i < K; i++) /* so that counters are out of the flood's reach */
        cfk_topk_add(top, &i, sizeof i, 1000000, NULL);
    for (uint32_t i = K; flooded < (uint32_t)sketch_rounds(FLOOD); i++) {
        uint64_t hash = cfk__keyed_hash_fast(&top->hasher, &i, sizeof i);

        if ((hash & top->row_mask) != 5)
            continue;
        cfk_topk_add(top, &i, sizeof i, 1, NULL);
        flooded++;
    }
    sketch_check(top);
    for (size_t i = 0; i <= top->row_mask; i++)
        if (i != 5)
            ck_assert_uint_eq(top->narrow[i], 0);
    for (uint32_t i = 0; i < K; i++) {
        cfk_topk_query(top, &i, sizeof i, &lo, &hi);
        ck_assert(lo == 1000000 && hi == 1000000);
    }
    cfk_topk_free(top);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        bounds_hold_against_exact_counts,          every_short_sequence_keeps_the_bounds,
        a_sketch_does_what_the_naive_one_does,     hostile_streams_keep_the_bounds,
        hostile_streams_cost_a_few_steps_an_event, a_flood_of_equal_hashes_is_answered,
        a_flood_of_one_cell_widens_nothing_else,   NULL,
    };
    Suite *suite = suite_create("structures/topk_model");

    suite_add_tcase(suite, unit_case("model", tests));
    return suite;
}
