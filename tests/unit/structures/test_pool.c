/* SPDX-License-Identifier: MIT */
#include "cfkit/pool.h"
#include "checked.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>

static cfk_pool *pool_of(struct cfk_pool_options opts)
{
    cfk_pool *pool;

    opts.size = sizeof opts;
    ck_assert_int_eq(cfk_pool_new(&opts, &pool, NULL), CFK_OK);
    return pool;
}

static struct cfk_pool_stats stats_of(const cfk_pool *pool)
{
    struct cfk_pool_stats stats = { .size = sizeof stats };

    ck_assert_int_eq(cfk_pool_get_stats(pool, &stats, NULL), CFK_OK);
    return stats;
}

static void *get(cfk_pool *pool, size_t size)
{
    size_t capacity = 0;
    void *block;

    ck_assert_int_eq(cfk_pool_get(pool, size, &block, &capacity, NULL), CFK_OK);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_ge(capacity, size);
    ck_assert_uint_eq((uintptr_t)block % 16, 0);
    memset(block, 0xa5, capacity);
    return block;
}

static void put(cfk_pool *pool, void *block)
{
    ck_assert_int_eq(cfk_pool_put(pool, block, NULL), CFK_OK);
}

START_TEST(what_was_put_back_comes_again)
{
    cfk_pool *pool = pool_of((struct cfk_pool_options){ 0 });
    void *first = get(pool, 1500);
    void *second = get(pool, 1500);

    ck_assert_ptr_ne(first, second);
    put(pool, first);
    put(pool, second);
    ck_assert_ptr_eq(get(pool, 1490), second);
    ck_assert_ptr_eq(get(pool, 1500), first);
    ck_assert_uint_eq(stats_of(pool).gets, 4);
    ck_assert_uint_eq(stats_of(pool).reused, 2);
    ck_assert_uint_eq(stats_of(pool).out_blocks, 2);
    put(pool, first);
    put(pool, second);
    put(pool, NULL);
    ck_assert_uint_eq(stats_of(pool).out_bytes, 0);
    ck_assert_uint_eq(stats_of(pool).kept_blocks, 2);
    cfk_pool_free(pool);
}
END_TEST

START_TEST(a_block_is_an_eighth_too_large_at_most)
{
    cfk_pool *pool = pool_of((struct cfk_pool_options){ .keep_bytes = 1 });
    size_t before = 0;

    for (size_t size = 0; size < 600000; size += 1 + size / 300) {
        size_t capacity;
        void *block;

        ck_assert_int_eq(cfk_pool_get(pool, size, &block, &capacity, NULL), CFK_OK);
        ck_assert_uint_ge(capacity, size);
        ck_assert_uint_ge(capacity, before);
        ck_assert_uint_le(capacity, size <= 128 ? size + 16 : size + size / 8);
        before = capacity;
        put(pool, block);
    }
    /* A size that is one of the pool's own is met exactly. */
    for (size_t size = 16; size <= (size_t)1 << 20; size *= 2) {
        size_t capacity;
        void *block;

        cfk_pool_get(pool, size, &block, &capacity, NULL);
        ck_assert_uint_eq(capacity, size);
        put(pool, block);
    }
    cfk_pool_free(pool);
}
END_TEST

START_TEST(caps_bound_what_is_kept)
{
    cfk_pool *pool = pool_of((struct cfk_pool_options){
        .max_size = 1024, .keep_bytes = 4096, .keep_each = 3 });
    void *blocks[8];
    void *large;

    for (int i = 0; i < 8; i++)
        blocks[i] = get(pool, i < 4 ? 512 : 1024);
    for (int i = 0; i < 8; i++)
        put(pool, blocks[i]);
    ck_assert_uint_eq(stats_of(pool).kept_blocks,
                      3 + 2); /* of 4096 bytes, 512 are left */
    ck_assert_uint_eq(stats_of(pool).kept_bytes, 3 * 512 + 2 * 1024);
    ck_assert_uint_eq(stats_of(pool).released, 3);
    large = get(pool, 1025);
    put(pool, large);
    ck_assert_uint_eq(stats_of(pool).released, 4);
    ck_assert_uint_eq(cfk_pool_drain(pool), 3 * 512 + 2 * 1024);
    ck_assert_uint_eq(cfk_pool_drain(pool), 0);
    ck_assert_uint_eq(stats_of(pool).kept_bytes, 0);
    ck_assert_uint_eq(stats_of(pool).trimmed, 5);
    cfk_pool_free(pool);
}
END_TEST

START_TEST(trim_releases_what_nobody_needed)
{
    cfk_pool *pool = pool_of((struct cfk_pool_options){ 0 });
    void *blocks[10];

    for (int i = 0; i < 10; i++)
        blocks[i] = get(pool, 4096);
    for (int i = 0; i < 10; i++)
        put(pool, blocks[i]);
    ck_assert_uint_eq(cfk_pool_trim(pool), 0); /* they were out just now */
    for (int i = 0; i < 4; i++)
        blocks[i] = get(pool, 4096);
    for (int i = 0; i < 4; i++)
        put(pool, blocks[i]);
    ck_assert_uint_eq(cfk_pool_trim(pool), 6 * 4096);
    ck_assert_uint_eq(stats_of(pool).kept_blocks, 4);
    ck_assert_uint_eq(cfk_pool_trim(pool), 4 * 4096);
    ck_assert_uint_eq(cfk_pool_trim(pool), 0);
    cfk_pool_free(pool);
}
END_TEST

START_TEST(foreign_blocks_and_second_returns_are_refused)
{
    cfk_pool *one = pool_of((struct cfk_pool_options){ 0 });
    cfk_pool *other = pool_of((struct cfk_pool_options){ 0 });
    struct cfk_error err = { 0 };
    void *block = get(one, 100);

    unit_expect_error(cfk_pool_put(other, block, &err), CFK_E_INVALID, &err,
                      "not of this pool");
    put(one, block);
    unit_expect_error(cfk_pool_put(one, block, &err), CFK_E_INVALID, &err,
                      "put back before");
    unit_expect_error(cfk_pool_put(other, block, &err), CFK_E_INVALID, &err,
                      "put back before");
    ck_assert_uint_eq(stats_of(one).kept_blocks, 1);
    ck_assert_uint_eq(stats_of(one).refused, 1);
    ck_assert_uint_eq(stats_of(other).refused, 2);
    ck_assert_ptr_eq(get(one, 100), block);
    put(one, block);
    cfk_pool_free(one);
    cfk_pool_free(other);
}
END_TEST

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

START_TEST(secrets_do_not_stay)
{
    cfk_pool *pool = pool_of((struct cfk_pool_options){ .flags = CFK_POOL_ZERO });
    size_t capacity;
    void *block;

    ck_assert_int_eq(cfk_pool_get(pool, 1000, &block, &capacity, NULL), CFK_OK);
    ck_assert(all_zero(block, capacity));
    memset(block, 0xee, capacity);
    put(pool, block);
    ck_assert(all_zero(block, capacity)); /* it is kept, so it may be looked at */
    ck_assert_int_eq(cfk_pool_get(pool, 1000, &block, &capacity, NULL), CFK_OK);
    ck_assert(all_zero(block, capacity));
    put(pool, block);
    cfk_pool_free(pool);
}
END_TEST

/* Blocks that are out never overlap, and the numbers add up. */
START_TEST(any_sequence_keeps_blocks_apart)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct fault fault;
        struct cfk_pool_options opts = { .size = sizeof opts };
        uint8_t *blocks[64] = { 0 };
        size_t sizes[64];
        size_t out = 0;
        cfk_pool *pool;
        struct gen g;

        gen_seed(&g, seed);
        opts.alloc = fault_at(&fault, 0);
        opts.max_size = 1 + gen_below(&g, 5000);
        opts.keep_bytes = 1 + gen_below(&g, 50000);
        opts.keep_each = gen_below(&g, 10);
        ck_assert_int_eq(cfk_pool_new(&opts, &pool, NULL), CFK_OK);
        for (int step = 0; step < 1000; step++) {
            size_t i = gen_below(&g, 64);
            struct cfk_pool_stats stats = stats_of(pool);

            ck_assert_uint_eq(fault.live, 1 + stats.out_blocks + stats.kept_blocks);
            ck_assert_uint_eq(stats.out_blocks, out);
            ck_assert_uint_le(stats.kept_bytes, opts.keep_bytes);
            if (gen_below(&g, 100) == 0)
                cfk_pool_trim(pool);
            if (blocks[i] == NULL) {
                sizes[i] = gen_below(&g, 6000);
                blocks[i] = get(pool, sizes[i]);
                memset(blocks[i], (int)i, sizes[i]);
                out++;
            } else {
                for (size_t k = 0; k < sizes[i]; k++)
                    if (blocks[i][k] != i)
                        ck_abort_msg("seed %llu: a block was overwritten",
                                     (unsigned long long)seed);
                put(pool, blocks[i]);
                blocks[i] = NULL;
                out--;
            }
        }
        for (int i = 0; i < 64; i++)
            put(pool, blocks[i]);
        cfk_pool_free(pool);
        ck_assert_uint_eq(fault.live, 0);
    }
}
END_TEST

/* Two sizes, of which three blocks are kept at most, as counts. */
struct shelf {
    void *out[8];
    size_t out_count;
    size_t kept;
    size_t lowest;
};

static void shelf_operate(cfk_pool *pool, struct shelf *shelf, size_t size, unsigned what)
{
    if (what == 0) {
        shelf->out[shelf->out_count++] = get(pool, size);
        shelf->kept -= shelf->kept > 0;
        if (shelf->kept < shelf->lowest)
            shelf->lowest = shelf->kept;
    } else if (what == 1 && shelf->out_count > 0) {
        put(pool, shelf->out[--shelf->out_count]);
        shelf->kept += shelf->kept < 3;
    }
}

START_TEST(every_short_sequence_equals_a_model_of_counts)
{
    enum { STEPS = 5, CHOICES = 6 };
    uint64_t all = 1;

    for (int i = 0; i < STEPS; i++)
        all *= CHOICES;
    for (uint64_t sequence = 0; sequence < all; sequence += CHECKED ? 5 : 1) {
        cfk_pool *pool = pool_of((struct cfk_pool_options){ .keep_each = 3 });
        struct shelf shelves[2] = { { { NULL }, 0, 0, 0 } };
        uint64_t rest = sequence;

        for (int step = 0; step < STEPS; step++, rest /= CHOICES) {
            unsigned what = (unsigned)(rest % CHOICES);
            size_t gone = 0;

            for (size_t i = 0; i < 2; i++) {
                struct shelf *shelf = &shelves[i];
                size_t dropped = what == 4 ? shelf->lowest : what == 5 ? shelf->kept : 0;

                shelf->kept -= dropped;
                gone += dropped * (i == 0 ? 64 : 1024);
                if (what == 4 || shelf->kept < shelf->lowest)
                    shelf->lowest = shelf->kept;
            }
            if (what < 4)
                shelf_operate(pool, &shelves[what / 2], what / 2 == 0 ? 64 : 1024,
                              what % 2);
            else
                ck_assert_uint_eq(what == 4 ? cfk_pool_trim(pool) : cfk_pool_drain(pool),
                                  gone);
            ck_assert_uint_eq(stats_of(pool).kept_blocks,
                              shelves[0].kept + shelves[1].kept);
            ck_assert_uint_eq(stats_of(pool).out_blocks,
                              shelves[0].out_count + shelves[1].out_count);
        }
        for (size_t i = 0; i < 2; i++)
            while (shelves[i].out_count > 0)
                put(pool, shelves[i].out[--shelves[i].out_count]);
        cfk_pool_free(pool);
    }
}
END_TEST

START_TEST(options_and_sizes_have_limits)
{
    struct cfk_pool_options opts = { .size = sizeof opts };
    struct cfk_pool_stats stats = { 0 };
    struct cfk_error err = { 0 };
    void *block = &opts;
    cfk_pool *pool = (cfk_pool *)&opts;

    opts.max_size = ((size_t)1 << 40) + 1;
    unit_expect_error(cfk_pool_new(&opts, &pool, &err), CFK_E_INVALID, &err, "bytes");
    ck_assert_ptr_null(pool);
    opts.max_size = (size_t)1 << 40;
    opts.flags = 2;
    unit_expect_error(cfk_pool_new(&opts, &pool, &err), CFK_E_NOTSUP, &err, "flags");
    opts.flags = 0;
    ck_assert_int_eq(cfk_pool_new(&opts, &pool, &err), CFK_OK);
    unit_expect_error(cfk_pool_get(pool, ((size_t)1 << 40) + 1, &block, NULL, &err),
                      CFK_E_LIMIT, &err, "too large");
    ck_assert_ptr_null(block);
    unit_expect_error(cfk_pool_get(pool, SIZE_MAX, &block, NULL, &err), CFK_E_LIMIT, &err,
                      "too large");
    unit_expect_error(cfk_pool_get_stats(pool, &stats, &err), CFK_E_INVALID, &err,
                      "size");
    cfk_pool_free(pool);
    cfk_pool_free(NULL);
}
END_TEST

static int use(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_pool_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_error err = { 0 };
    void *block;
    cfk_pool *pool;
    int rc = cfk_pool_new(&opts, &pool, &err);

    (void)ctx;
    if (rc == CFK_OK) {
        rc = cfk_pool_get(pool, 100, &block, NULL, &err);
        ck_assert_uint_eq(stats_of(pool).out_blocks, rc == CFK_OK);
        put(pool, block);
    }
    if (rc != CFK_OK)
        unit_expect_error(rc, CFK_E_NOMEM, &err, "no memory");
    cfk_pool_free(pool);
    return rc;
}

START_TEST(failed_allocations_leave_nothing)
{
    fault_sweep(use, NULL, 2);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        what_was_put_back_comes_again,
        a_block_is_an_eighth_too_large_at_most,
        caps_bound_what_is_kept,
        trim_releases_what_nobody_needed,
        foreign_blocks_and_second_returns_are_refused,
        secrets_do_not_stay,
        any_sequence_keeps_blocks_apart,
        every_short_sequence_equals_a_model_of_counts,
        options_and_sizes_have_limits,
        failed_allocations_leave_nothing,
        NULL,
    };
    Suite *suite = suite_create("structures/pool");

    suite_add_tcase(suite, unit_case("pool", tests));
    return suite;
}
