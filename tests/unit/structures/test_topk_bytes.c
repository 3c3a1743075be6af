/* SPDX-License-Identifier: MIT */
/* Sketches as bytes: there and back, and what strangers may have written. */
#include "base/bytes.h"
#include "base/siphash.h"
#include "fault.h"
#include "gen.h"
#include "sketch.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Where things stand in the head. */
enum {
    AT_VERSION = 4,
    AT_FLAGS = 6,
    AT_COUNTERS = 8,
    AT_CELLS = 12,
    AT_KEY_LIMIT = 16,
    AT_USED = 20,
    AT_SEED = 24,
    AT_HALF_LIFE = 40,
    AT_LANDMARK = 48,
    AT_LATEST = 56,
    AT_TOTAL = 64,
    AT_OFFSET = 72,
    AT_NOISE = 80,
    AT_COUNTER = 88
};

struct saved {
    uint8_t *data;
    size_t size;
};

static struct saved save(const cfk_topk *top)
{
    struct saved s;
    void *data;

    ck_assert_int_eq(cfk_topk_save(top, &data, &s.size, NULL), CFK_OK);
    s.data = data;
    return s;
}

static void put(struct saved *s, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        s->data[at + i] = (uint8_t)(value >> 8 * i);
}

/* The right checksum behind whatever stands there. */
static void seal(struct saved *s)
{
    static const uint64_t key[2] = { 0, 0 };

    put(s, s->size - 8, cfk__siphash24(key, s->data, s->size - 8), 8);
}

static void expect_same(const cfk_topk *a, const cfk_topk *b)
{
    struct saved first = save(a);
    struct saved second = save(b);

    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.data, second.data, first.size);
    cfk_free(NULL, first.data);
    cfk_free(NULL, second.data);
}

static cfk_topk *load(const struct saved *s)
{
    struct cfk_error err = { 0 };
    cfk_topk *top;
    int rc = cfk_topk_load(s->data, s->size, NULL, &top, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    return top;
}

static void fill(cfk_topk *top, struct gen *g, int events)
{
    for (int i = 0; i < events; i++) {
        char key[40] = { 0 };

        key[0] = (char)gen_below(g, gen_below(g, 120) + 1);
        ck_assert_int_eq(cfk_topk_add_at(top, key, key[0] % 3 == 0 ? sizeof key : 1,
                                         gen_below(g, 9), (int64_t)gen_below(g, 1 << 20),
                                         NULL),
                         CFK_OK);
    }
}

START_TEST(what_is_saved_is_loaded)
{
    struct gen g;

    gen_seed(&g, 41);
    for (int run = 0; run < sketch_rounds(200); run++) {
        int64_t half_life = run % 2 == 0 ? 0 : 1 << gen_below(&g, 24);
        cfk_topk *top = sketch_decayed(gen_below(&g, 150), gen_below(&g, 200), half_life);
        struct saved s;
        cfk_topk *back;

        fill(top, &g, (int)gen_below(&g, 2000));
        if (run % 5 == 0) { /* and so is what has been merged */
            cfk_topk *from =
                sketch_decayed(top->counter_count, cfk__topk_cell_count(top), half_life);

            fill(from, &g, (int)gen_below(&g, 2000));
            ck_assert_int_eq(cfk_topk_merge(top, from, NULL), CFK_OK);
            cfk_topk_free(from);
        }
        s = save(top);
        back = load(&s);
        sketch_check(back);
        expect_same(top, back);
        ck_assert_uint_eq(cfk_topk_total(top), cfk_topk_total(back));
        ck_assert_uint_eq(cfk_topk_max_error(top), cfk_topk_max_error(back));
        fill(back, &g, 100);
        sketch_check(back);
        cfk_free(NULL, s.data);
        cfk_topk_free(back);
        cfk_topk_free(top);
    }
}
END_TEST

START_TEST(one_stream_has_one_form)
{
    cfk_topk *first = sketch(20, 0);
    cfk_topk *second = sketch(20, 0);
    struct gen g;

    gen_seed(&g, 42);
    fill(first, &g, 3000);
    gen_seed(&g, 42);
    fill(second, &g, 3000);
    expect_same(first, second);
    cfk_topk_free(first);
    cfk_topk_free(second);
}
END_TEST

/* The vector of cfk-topk(5). */
START_TEST(the_format_keeps_its_bytes)
{
    static const char wanted[] =
        "4346484801000000020000000200000000010000020000000100000000000000"
        "0200000000000000000000000000000000000000000000000000000000000000"
        "0700000000000000000000000000000000000000000000000300000000000000"
        "0000000000000000000000000000000001000000610200000000000000000000"
        "0000000000000000000000000001000000630200000002000000fc504ba21cc0"
        "c0de";
    cfk_topk *top = sketch(2, 2);
    struct saved s;
    uint8_t *bytes;
    size_t size;

    sketch_add(top, "a", 3);
    sketch_add(top, "b", 2);
    sketch_add(top, "c", 2);
    s = save(top);
    bytes = unit_hex(wanted, &size);
    ck_assert_uint_eq(s.size, size);
    ck_assert_mem_eq(s.data, bytes, size);
    free(bytes);
    cfk_free(NULL, s.data);
    cfk_topk_free(top);
}
END_TEST

static void expect_error(const struct saved *s, int code, const char *words)
{
    struct cfk_error err = { 0 };
    cfk_topk *top = (cfk_topk *)&err;

    unit_expect_error(cfk_topk_load(s->data, s->size, NULL, &top, &err), code, &err,
                      words);
    ck_assert_ptr_null(top);
}

static struct saved small(int64_t half_life)
{
    cfk_topk *top = sketch_decayed(2, 2, half_life);
    struct saved s;

    sketch_add(top, "a", 30);
    sketch_add(top, "b", 20);
    sketch_add(top, "c", 20);
    s = save(top);
    cfk_topk_free(top);
    return s;
}

START_TEST(damage_is_seen)
{
    struct saved s = small(0);
    struct saved part = { malloc(s.size), 0 };

    for (part.size = 0; part.size < s.size; part.size++) {
        struct saved exact = { malloc(part.size), part.size }; /* for ASan */

        memcpy(exact.data, s.data, part.size);
        expect_error(&exact, CFK_E_CORRUPT, "topk: ");
        free(exact.data);
    }
    part.size = s.size;
    for (size_t bit = 0; bit < 8 * s.size; bit++) {
        cfk_topk *top;
        int rc;

        memcpy(part.data, s.data, s.size);
        part.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        rc = cfk_topk_load(part.data, part.size, NULL, &top, NULL);
        ck_assert(rc == CFK_E_CORRUPT ||
                  (rc == CFK_E_NOTSUP && bit / 8 >= 4 && bit / 8 < 6));
    }
    free(part.data);
    cfk_free(NULL, s.data);
    ck_assert_int_eq(cfk_topk_load(NULL, 0, NULL, &(cfk_topk *){ NULL }, NULL),
                     CFK_E_CORRUPT);
}
END_TEST

/* One lie at a time, under a checksum that is right. */
static void expect_lie(int64_t half_life, size_t at, uint64_t value, size_t width,
                       int code, const char *words)
{
    struct saved s = small(half_life);

    put(&s, at, value, width);
    seal(&s);
    expect_error(&s, code, words);
    cfk_free(NULL, s.data);
}

START_TEST(lies_in_the_head_are_seen)
{
    expect_lie(0, AT_VERSION, 2, 2, CFK_E_NOTSUP, "version 2; this library reads 1");
    expect_lie(0, AT_FLAGS, 2, 2, CFK_E_CORRUPT, "unknown flags");
    expect_lie(0, AT_FLAGS, 1, 2, CFK_E_CORRUPT, "unknown flags");
    expect_lie(0, AT_COUNTERS, 0, 4, CFK_E_CORRUPT, "more counters are used");
    expect_lie(0, AT_COUNTERS, 1, 4, CFK_E_CORRUPT, "more counters are used");
    expect_lie(0, AT_COUNTERS, 3, 4, CFK_E_CORRUPT, "too great");
    expect_lie(0, AT_COUNTERS, UINT32_MAX, 4, CFK_E_LIMIT, "1048576 is the most");
    expect_lie(0, AT_CELLS, 0, 4, CFK_E_CORRUPT, "no power of two");
    expect_lie(0, AT_CELLS, 1, 4, CFK_E_CORRUPT, "no power of two");
    expect_lie(0, AT_CELLS, 3, 4, CFK_E_CORRUPT, "no power of two");
    expect_lie(0, AT_CELLS, UINT32_C(1) << 31, 4, CFK_E_CORRUPT, "cut short");
    expect_lie(0, AT_CELLS, 4, 4, CFK_E_CORRUPT, "cut short");
    expect_lie(0, AT_KEY_LIMIT, 0, 4, CFK_E_CORRUPT, "limit of keys");
    expect_lie(0, AT_KEY_LIMIT, (UINT32_C(1) << 30) + 1, 4, CFK_E_CORRUPT, "limit of");
    expect_lie(0, AT_USED, 1, 4, CFK_E_CORRUPT, "another length");
    expect_lie(0, AT_HALF_LIFE, UINT64_MAX, 8, CFK_E_CORRUPT, "out of order");
    expect_lie(0, AT_LANDMARK, UINT64_MAX, 8, CFK_E_CORRUPT, "times without an event");
    expect_lie(0, AT_LATEST, UINT64_MAX, 8, CFK_E_CORRUPT, "out of order");
    expect_lie(5, AT_LANDMARK, 1, 8, CFK_E_CORRUPT, "out of order");
    expect_lie(5, AT_FLAGS, 0, 2, CFK_E_CORRUPT, "weights without an event");
    expect_lie(0, AT_TOTAL, 49, 8, CFK_E_CORRUPT, "above the total");
    expect_lie(0, AT_OFFSET, 36, 8, CFK_E_CORRUPT, "above the total");
    expect_lie(0, AT_NOISE, 31, 8, CFK_E_CORRUPT, "too great");
    expect_lie(5, AT_TOTAL, UINT64_C(0x7ff0000000000000), 8, CFK_E_CORRUPT, "range");
    expect_lie(5, AT_OFFSET, UINT64_MAX, 8, CFK_E_CORRUPT, "range");
    expect_lie(5, AT_NOISE, UINT64_C(0x7ff8000000000001), 8, CFK_E_CORRUPT, "range");
}
END_TEST

START_TEST(lies_in_counters_and_cells_are_seen)
{
    const size_t second = AT_COUNTER + 29;
    const size_t cells = second + 29;
    uint64_t nan = UINT64_C(0x7ff8000000000000);

    expect_lie(0, AT_COUNTER + 8, 31, 8, CFK_E_CORRUPT, "bounds are out of order");
    expect_lie(0, AT_COUNTER + 8, 21, 8, CFK_E_CORRUPT, "error is too great");
    expect_lie(0, AT_COUNTER + 16, 1, 8, CFK_E_CORRUPT, "bounds are out of order");
    expect_lie(0, AT_COUNTER, 31 + 20, 8, CFK_E_CORRUPT, "above the total");
    expect_lie(0, AT_COUNTER + 24, 0, 4, CFK_E_CORRUPT, "");
    expect_lie(0, AT_COUNTER + 24, UINT32_MAX, 4, CFK_E_CORRUPT, "cut short");
    expect_lie(0, AT_COUNTER + 24, 50, 4, CFK_E_CORRUPT, "");
    expect_lie(0, AT_COUNTER + 28, 'c', 1, CFK_E_CORRUPT, "two counters");
    expect_lie(0, second + 28, 'a', 1, CFK_E_CORRUPT, "two counters");
    expect_lie(0, cells, 21, 4, CFK_E_CORRUPT, "a cell is too great");
    expect_lie(0, cells + 4, UINT32_MAX, 4, CFK_E_CORRUPT, "a cell is too great");
    expect_lie(5, AT_COUNTER, nan, 8, CFK_E_CORRUPT, "bounds are out of order");
    expect_lie(5, AT_COUNTER + 8, UINT64_MAX, 8, CFK_E_CORRUPT, "bounds are out");
    expect_lie(5, cells, nan, 8, CFK_E_CORRUPT, "a cell is too great");
    expect_lie(5, cells, UINT64_C(0x8000000000000000), 8, CFK_E_CORRUPT, "a cell is");
}
END_TEST

START_TEST(a_seed_of_zeros_is_refused)
{
    struct saved s = small(0);

    put(&s, AT_SEED, 0, 8);
    put(&s, AT_SEED + 8, 0, 8);
    seal(&s);
    expect_error(&s, CFK_E_CORRUPT, "there is no seed");
    cfk_free(NULL, s.data);
}
END_TEST

/* Whoever saved it may have filled its table with keys of one hash. */
START_TEST(a_flood_in_a_file_is_answered)
{
    cfk_topk *top = sketch(1024, 0);
    uint64_t key[2] = { top->hasher.secret[0], 0 };
    struct cfk_topk_stats stats;
    struct saved s;
    cfk_topk *back;

    for (; key[1] < 1024; key[1]++)
        cfk_topk_add(top, key, sizeof key, 1, NULL);
    s = save(top);
    back = load(&s);
    sketch_check(back);
    cfk_topk_get_stats(back, 0, &stats);
    ck_assert_uint_eq(stats.guards, 1);
    cfk_free(NULL, s.data);
    cfk_topk_free(back);
    cfk_topk_free(top);
}
END_TEST

START_TEST(loading_has_a_limit)
{
    struct cfk_topk_load_options opts = { .size = sizeof opts, .max_counters = 1 };
    struct saved s = small(0);
    struct cfk_error err = { 0 };
    cfk_topk *top;

    unit_expect_error(cfk_topk_load(s.data, s.size, &opts, &top, &err), CFK_E_LIMIT, &err,
                      "a sketch of 2 counters; 1 is the most");
    opts.max_counters = 2;
    ck_assert_int_eq(cfk_topk_load(s.data, s.size, &opts, &top, &err), CFK_OK);
    cfk_topk_free(top);
    opts.size = 0;
    ck_assert_int_eq(cfk_topk_load(s.data, s.size, &opts, &top, &err), CFK_E_INVALID);
    ck_assert_ptr_null(top);
    cfk_free(NULL, s.data);
}
END_TEST

static int save_and_load(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts, .counters = 4, .seed = { 3, 4 }, .alloc = alloc
    };
    struct cfk_topk_load_options load_opts = { .size = sizeof load_opts, .alloc = alloc };
    struct cfk_error err = { 0 };
    char key[40] = { 0 };
    cfk_topk *top;
    cfk_topk *back = NULL;
    void *data = NULL;
    size_t size;
    int rc = cfk_topk_new(&opts, &top, &err);

    (void)ctx;
    for (char i = 0; i < 4 && rc == CFK_OK; i++) {
        key[0] = i;
        rc = cfk_topk_add(top, key, sizeof key, 10, &err);
    }
    if (rc == CFK_OK)
        rc = cfk_topk_save(top, &data, &size, &err);
    if (rc == CFK_OK)
        rc = cfk_topk_load(data, size, &load_opts, &back, &err);
    if (rc != CFK_OK) {
        unit_expect_error(rc, CFK_E_NOMEM, &err, "topk: no memory");
        ck_assert_ptr_null(back);
    }
    cfk_free(alloc, data);
    cfk_topk_free(top);
    cfk_topk_free(back);
    return rc;
}

START_TEST(failed_allocations_leave_nothing)
{
    fault_sweep(save_and_load, NULL, 19);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_is_saved_is_loaded,
        one_stream_has_one_form,
        the_format_keeps_its_bytes,
        damage_is_seen,
        lies_in_the_head_are_seen,
        lies_in_counters_and_cells_are_seen,
        a_seed_of_zeros_is_refused,
        a_flood_in_a_file_is_answered,
        loading_has_a_limit,
        failed_allocations_leave_nothing,
        NULL,
    };
    Suite *suite = suite_create("structures/topk_bytes");

    suite_add_tcase(suite, unit_case("bytes", tests));
    return suite;
}
