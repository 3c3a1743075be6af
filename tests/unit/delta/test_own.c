/* SPDX-License-Identifier: MIT */
/* The encoder of zstd frames: what goes in comes out, of any kind and at any level. */
#include "checked.h"
#include "common.h"
#include "delta/own.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { TRAP = 8000 };

static size_t encode(const struct cfk_alloc *alloc, const uint8_t *old, size_t old_size,
                     const uint8_t *new, size_t size, const struct cfk__effort *effort,
                     uint8_t *out, size_t capacity, int *rc)
{
    struct cfk__index index;
    struct cfk__own_job job = { alloc, old, old_size, &index, new, size, effort, true };
    size_t made = 0;

    *rc = cfk__own_index(&index, alloc, effort->tree, old, old_size);
    if (*rc != CFK_OK)
        return 0;
    *rc = cfk__own_encode(&job, out, capacity, &made);
    cfk__index_free(&index);
    return made;
}

/* By libzstd alone, with nothing of ours. */
static void decode_plainly(const uint8_t *old, size_t old_size, const uint8_t *new,
                           size_t size, const uint8_t *patch, size_t patch_size)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    uint8_t *back = malloc(size + 1);
    size_t got;

    ZSTD_DCtx_refPrefix(ctx, old, old_size);
    got = ZSTD_decompressDCtx(ctx, back, size + 1, patch, patch_size);
    ck_assert_msg(!ZSTD_isError(got), "%s", ZSTD_getErrorName(got));
    ck_assert_uint_eq(got, size);
    if (size > 0)
        ck_assert_int_eq(memcmp(back, new, size), 0);
    free(back);
    ZSTD_freeDCtx(ctx);
}

static size_t there_and_back(const uint8_t *old, size_t old_size, const uint8_t *new,
                             size_t size, const struct cfk__effort *effort)
{
    size_t bound = cfk_delta_bound(size);
    uint8_t *out = malloc(bound);
    int rc;
    size_t made = encode(NULL, old, old_size, new, size, effort, out, bound, &rc);

    ck_assert_int_eq(rc, CFK_OK);
    decode_plainly(old, old_size, new, size, out, made);
    free(out);
    return made;
}

static size_t at_level(uint32_t level, const uint8_t *old, size_t old_size,
                       const uint8_t *new, size_t size)
{
    struct cfk__effort effort;

    cfk__own_effort(&effort, level, old_size + size);
    return there_and_back(old, old_size, new, size, &effort);
}

/* Inputs on which matchers without bounds take quadratic time or go astray. */
static void trap_runs(uint8_t *data, size_t size)
{
    memset(data, 0, size);
}

static void trap_period(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 3);
}

static void trap_almost_period(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 257 == 0 ? i / 257 : i % 2);
}

/* The word that begins all words of a, ab, aba, abaab... */
static void trap_fibonacci(uint8_t *data, size_t size)
{
    size_t shorter = 1;
    size_t longer = 2;

    memcpy(data, "ab", 2);
    while (longer < size) {
        size_t more = size - longer < shorter ? size - longer : shorter;
        size_t both = longer + shorter;

        memcpy(data + longer, data, more);
        shorter = longer;
        longer = both;
    }
}

/* Every four letters of an alphabet of 16 in a row once, by the greedy rule. */
static void trap_de_bruijn(uint8_t *data, size_t size)
{
    uint32_t state = 1;

    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)('a' + (state & 15));
        for (int bit = 0; bit < 4; bit++) /* x^16 + x^14 + x^13 + x^11 + 1 */
            state = state >> 1 ^ (-(state & 1) & 0xb400u);
    }
}

static void trap_four_grams(uint8_t *data, size_t size)
{
    struct gen g;

    gen_seed(&g, 41);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 8 < 4 ? "same"[i % 4] : (int)gen_below(&g, 256));
}

static void (*const traps[])(uint8_t *, size_t) = {
    trap_runs,      trap_period,    trap_almost_period,
    trap_fibonacci, trap_de_bruijn, trap_four_grams,
};

START_TEST(traps_come_back_at_every_level)
{
    enum { TRAPS = sizeof traps / sizeof traps[0] };
    uint8_t *old = malloc(TRAP);
    uint8_t *new = malloc(TRAP);

    for (size_t a = 0; a < TRAPS; a++) {
        traps[a](old, TRAP);
        for (size_t b = 0; b < TRAPS; b++) {
            uint32_t level = 1 + (uint32_t)(a + b) % 9;

            traps[b](new, TRAP);
            new[TRAP / 2] ^= 1;
            at_level(level, old, TRAP - 5, new, TRAP);
            if (a == b)
                ck_assert_uint_lt(at_level(5, old, TRAP, new, TRAP), 200);
        }
    }
    free(old);
    free(new);
}
END_TEST

START_TEST(edits_of_many_sizes_come_back_at_every_level)
{
    struct gen g;

    gen_seed(&g, 42);
    for (int i = 0; i < (CHECKED ? 20 : 100); i++) {
        size_t old_size = (size_t)gen_below(&g, UINT64_C(1) << gen_below(&g, 16));
        unsigned edits = (unsigned)gen_below(&g, 50);
        size_t capacity = old_size + 64 * (size_t)edits;
        uint8_t *old = malloc(old_size + 1);
        uint8_t *new = malloc(capacity + 1);
        size_t size;

        gen_text(&g, (char *)old, old_size);
        size = gen_edit(&g, old, old_size, edits, new, capacity);
        at_level(1 + (uint32_t)i % 9, old, old_size, new, size);
        free(old);
        free(new);
    }
}
END_TEST

START_TEST(sizes_around_headers_and_blocks_come_back)
{
    static const size_t sizes[] = { 0,      1,      2,      11,     12,    13,    255,
                                    256,    257,    65535,  65791,  65792, 65793, 131071,
                                    131072, 131073, 262143, 262144, 262145 };
    uint8_t *bytes = malloc(262146);
    struct gen g;

    gen_seed(&g, 43);
    gen_text(&g, (char *)bytes, 262146);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (uint32_t level = 1; level <= 9; level += 4)
            ck_assert_uint_lt(at_level(level, bytes, sizes[i], bytes, sizes[i]), 80);
        at_level(sizes[i] < 1000 ? 9 : 1, bytes, 0, bytes + 1, sizes[i]);
        at_level(sizes[i] < 1000 ? 5 : 2, bytes + 1, sizes[i] / 2, bytes, sizes[i]);
    }
    free(bytes);
}
END_TEST

START_TEST(any_effort_comes_back)
{
    struct gen g;
    uint8_t old[6000];
    uint8_t new[9000];

    gen_seed(&g, 44);
    for (int i = 0; i < (CHECKED ? 30 : 300); i++) {
        struct cfk__effort e = {
            .new_steps = (uint16_t)gen_below(&g, 9),
            .old_steps = (uint16_t)gen_below(&g, 9),
            .long_steps = (uint16_t)gen_below(&g, 3),
            .nice = (uint16_t)(32 + gen_below(&g, 300)),
            .inner = (uint16_t)gen_below(&g, 40),
            .border = (uint16_t)gen_below(&g, 9),
            .passes = (uint8_t)(1 + gen_below(&g, 3)),
            .shorter = (uint8_t)gen_below(&g, 2),
            .thorough = (uint8_t)gen_below(&g, 2),
            .exhaustive = (uint8_t)gen_below(&g, 2),
            .tree = (uint8_t)gen_below(&g, 2),
            .skip_log = (uint8_t)(2 + gen_below(&g, 30)),
        };
        size_t size;

        e.nice_aligned = (uint16_t)(16 + gen_below(&g, 100));
        gen_text(&g, (char *)old, sizeof old);
        size =
            gen_edit(&g, old, sizeof old, (unsigned)gen_below(&g, 60), new, sizeof new);
        there_and_back(old, sizeof old, new, size, &e);
    }
}
END_TEST

START_TEST(a_long_reference_is_sampled_and_still_found)
{
    size_t size = 9u << 20; /* beyond where every place is indexed */
    uint8_t *old = malloc(size);
    uint8_t *new = malloc(size);
    struct gen g;

    gen_seed(&g, 45);
    gen_bytes(&g, old, size);
    memcpy(new, old + size / 2 + 3, size / 2 - 3);
    memcpy(new + size / 2 - 3, "new", 3);
    memcpy(new + size / 2, old + 1, size / 2);
    for (uint32_t level = 1; level <= 9; level += 4)
        ck_assert_uint_lt(at_level(level, old, size, new, size), 1500);
    free(old);
    free(new);
}
END_TEST

START_TEST(more_effort_makes_no_larger_patches)
{
    struct gen g;
    uint8_t *old = malloc(60000);
    uint8_t *new = malloc(70000);
    size_t first = 0;
    size_t last = 0;
    size_t size;

    gen_seed(&g, 46);
    for (int i = 0; i < 5; i++) {
        gen_text(&g, (char *)old, 60000);
        size = gen_edit(&g, old, 60000, 100, new, 70000);
        first += at_level(1, old, 60000, new, size);
        ck_assert_uint_le(at_level(5, old, 60000, new, size), first);
        last += at_level(9, old, 60000, new, size);
    }
    ck_assert_uint_lt(last, first);
    free(old);
    free(new);
}
END_TEST

START_TEST(the_same_bytes_come_out_wherever_the_input_lies)
{
    static uint8_t old[40001 + 8];
    static uint8_t new[50000 + 8];
    static uint8_t first[60000];
    static uint8_t again[60000];
    struct cfk__effort effort;
    struct gen g;
    size_t size;
    size_t made;
    int rc;

    gen_seed(&g, 47);
    gen_text(&g, (char *)old, 40001);
    size = gen_edit(&g, old, 40001, 60, new, 50000);
    for (uint32_t level = 1; level <= 9; level++) {
        cfk__own_effort(&effort, level, 90000);
        made = encode(NULL, old, 40001, new, size, &effort, first, sizeof first, &rc);
        for (size_t shift = 1; shift < 8; shift += 3) {
            memmove(old + shift, old, 40001);
            memmove(new + shift, new, size);
            memset(again, 0xff, sizeof again);
            ck_assert_uint_eq(encode(NULL, old + shift, 40001, new + shift, size, &effort,
                                     again, sizeof again, &rc),
                              made);
            ck_assert_mem_eq(again, first, made);
            memmove(old, old + shift, 40001);
            memmove(new, new + shift, size);
        }
    }
}
END_TEST

START_TEST(no_byte_is_written_beyond_the_room)
{
    uint8_t old[3000];
    uint8_t new[4000];
    uint8_t out[1000];
    struct cfk__effort effort;
    struct gen g;
    size_t made;
    size_t size;
    int rc;

    gen_seed(&g, 48);
    gen_text(&g, (char *)old, sizeof old);
    size = gen_edit(&g, old, sizeof old, 8, new, sizeof new);
    cfk__own_effort(&effort, 5, 7000);
    made = encode(NULL, old, sizeof old, new, size, &effort, out, sizeof out, &rc);
    ck_assert_int_eq(rc, CFK_OK);
    for (size_t room = 0; room < made; room++) {
        memset(out, 0xaa, sizeof out);
        encode(NULL, old, sizeof old, new, size, &effort, out, room, &rc);
        ck_assert_int_eq(rc, CFK_E_SPACE);
        ck_assert_uint_eq(out[room], 0xaa);
    }
}
END_TEST

static int encode_tree(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk__effort *effort = ctx;
    uint8_t out[200];
    int rc;

    encode(alloc, (const uint8_t *)"the old version", 15,
           (const uint8_t *)"the new version", 15, effort, out, sizeof out, &rc);
    return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
    struct cfk__effort effort;

    cfk__own_effort(&effort, 9, 30);
    fault_sweep(encode_tree, &effort, 3);
    cfk__own_effort(&effort, 5, 30);
    fault_sweep(encode_tree, &effort, 3);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        traps_come_back_at_every_level,
        edits_of_many_sizes_come_back_at_every_level,
        sizes_around_headers_and_blocks_come_back,
        any_effort_comes_back,
        a_long_reference_is_sampled_and_still_found,
        more_effort_makes_no_larger_patches,
        the_same_bytes_come_out_wherever_the_input_lies,
        no_byte_is_written_beyond_the_room,
        every_failed_allocation_is_reported,
        NULL,
    };
    Suite *suite = suite_create("delta/own");

    suite_add_tcase(suite, unit_case("own", tests));
    return suite;
}
