/* SPDX-License-Identifier: MIT */
/* The parts that code bits. That decoders agree is shown in test_block.c. */
#include "checked.h"
#include "delta/fse.h"
#include "delta/huffman.h"
#include "delta/log2.h"
#include "delta/xxh64.h"
#include "gen.h"
#include "unit.h"

#include <string.h>

/* Counts of so many symbols, some zero, some very large. */
static void make_counts(struct gen *g, uint32_t *counts, unsigned symbols)
{
    memset(counts, 0, symbols * sizeof *counts);
    for (unsigned s = 0; s < symbols; s++)
        if (gen_below(g, 3) > 0)
            counts[s] = (uint32_t)gen_below(g, UINT64_C(1) << gen_below(g, 16));
    counts[gen_below(g, symbols)]++;
    counts[0]++;
    counts[symbols - 1]++;
}

START_TEST(logarithms_are_exact_at_powers_and_rise_between)
{
    for (unsigned bit = 0; bit < 32; bit++)
        ck_assert_uint_eq(cfk__log2_256(UINT32_C(1) << bit), bit * 256);
    ck_assert_uint_eq(cfk__log2_256(3), 406); /* 405.75 */
    for (uint32_t v = 1; v < (CHECKED ? 2000u : 100000u); v++)
        ck_assert_uint_le(cfk__log2_256(v), cfk__log2_256(v + 1));
}
END_TEST

START_TEST(checksums_are_those_of_the_definition)
{
    uint8_t bytes[101];
    uint64_t seen[101];

    ck_assert(cfk__xxh64(NULL, 0) == UINT64_C(0xef46db3751d8e999));
    ck_assert(cfk__xxh64("a", 1) == UINT64_C(0xd24ec4f1a98c6e5b));
    ck_assert(cfk__xxh64("abc", 3) == UINT64_C(0x44bc2cf5ad770999));
    memset(bytes, 7, sizeof bytes);
    for (size_t n = 0; n < sizeof bytes; n++) {
        seen[n] = cfk__xxh64(bytes, n);
        for (size_t i = 0; i < n; i++)
            ck_assert(seen[i] != seen[n]);
    }
}
END_TEST

START_TEST(distributions_give_every_symbol_a_state_and_use_all_states)
{
    uint32_t counts[CFK__FSE_SYMBOLS_MAX];
    struct cfk__fse_norm norm;
    struct gen g;

    gen_seed(&g, 21);
    for (int i = 0; i < (CHECKED ? 100 : 2000); i++) {
        unsigned symbols = 2 + (unsigned)gen_below(&g, CFK__FSE_SYMBOLS_MAX - 1);
        unsigned log = 6 + (unsigned)gen_below(&g, 4);
        int sum = 0;

        make_counts(&g, counts, symbols);
        cfk__fse_normalise(&norm, log, counts, symbols);
        ck_assert_uint_eq(norm.symbols, symbols);
        for (unsigned s = 0; s < symbols; s++) {
            ck_assert_int_eq(norm.count[s] > 0, counts[s] > 0);
            sum += norm.count[s];
        }
        ck_assert_int_eq(sum, 1 << log);
        ck_assert(cfk__fse_cost(&norm, counts, symbols) != UINT64_MAX);
    }
}
END_TEST

START_TEST(a_symbol_that_a_table_lacks_costs_without_end)
{
    uint32_t counts[4] = { 5, 0, 5, 0 };
    struct cfk__fse_norm norm;

    cfk__fse_normalise(&norm, 5, counts, 4);
    ck_assert_uint_eq(norm.symbols, 3);
    ck_assert_uint_eq(cfk__fse_price(&norm, 0), 256);
    ck_assert_uint_eq(cfk__fse_price(&norm, 1), CFK__FSE_PRICE_NONE);
    ck_assert_uint_eq(cfk__fse_price(&norm, 3), CFK__FSE_PRICE_NONE);
    counts[3] = 1;
    ck_assert(cfk__fse_cost(&norm, counts, 4) == UINT64_MAX);
}
END_TEST

START_TEST(a_description_takes_as_many_bytes_as_it_says)
{
    uint32_t counts[CFK__FSE_SYMBOLS_MAX];
    uint8_t out[CFK__FSE_HEADER_MAX + 1];
    struct cfk__fse_norm norm;
    struct gen g;

    gen_seed(&g, 22);
    for (int i = 0; i < (CHECKED ? 50 : 500); i++) {
        size_t size;

        make_counts(&g, counts, CFK__FSE_SYMBOLS_MAX);
        cfk__fse_normalise(&norm, 9, counts, CFK__FSE_SYMBOLS_MAX);
        size = cfk__fse_write_norm(&norm, out, CFK__FSE_HEADER_MAX);
        ck_assert_uint_gt(size, 0);
        memset(out, 0xaa, sizeof out);
        ck_assert_uint_eq(cfk__fse_write_norm(&norm, out, size), size);
        ck_assert_uint_eq(out[size], 0xaa);
        ck_assert_uint_eq(cfk__fse_write_norm(&norm, out, size - 1), 0);
    }
}
END_TEST

static void check_code(const struct cfk__huffman *h, const uint32_t *counts,
                       unsigned limit)
{
    uint32_t used = 0;

    ck_assert_uint_le(h->log, limit);
    for (unsigned s = 0; s < 256; s++) {
        ck_assert_int_eq(h->bits[s] > 0, counts[s] > 0);
        if (h->bits[s] > 0)
            used += UINT32_C(1) << (limit - h->bits[s]);
    }
    ck_assert_uint_eq(used, UINT32_C(1) << limit); /* a full tree */
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            if (a != b && h->bits[a] > 0 && h->bits[b] >= h->bits[a])
                ck_assert_uint_ne(h->code[b] >> (h->bits[b] - h->bits[a]), h->code[a]);
}

START_TEST(codes_are_full_and_prefix_free_at_every_limit)
{
    uint32_t counts[256];
    struct cfk__huffman h;
    struct gen g;

    gen_seed(&g, 23);
    for (int i = 0; i < 12; i++) {
        unsigned symbols = 2 + (unsigned)gen_below(&g, 255);
        unsigned distinct = 0;

        memset(counts, 0, sizeof counts);
        make_counts(&g, counts, symbols);
        for (unsigned s = 0; s < 256; s++)
            distinct += counts[s] > 0;
        for (unsigned limit = 1; limit <= CFK__HUFFMAN_LOG_MAX; limit++) {
            bool possible = distinct <= 1u << limit;

            if (!possible)
                ck_assert(!cfk__huffman_build(&h, counts, limit));
            else if (cfk__huffman_build(&h, counts, limit))
                check_code(&h, counts, limit);
        }
    }
}
END_TEST

START_TEST(frequencies_of_fibonacci_meet_the_limit)
{
    uint32_t counts[256] = { 1, 1 };
    struct cfk__huffman h;

    for (unsigned s = 2; s < 22; s++)
        counts[s] = counts[s - 1] + counts[s - 2];
    ck_assert(cfk__huffman_build(&h, counts, CFK__HUFFMAN_LOG_MAX));
    ck_assert_uint_eq(h.log, CFK__HUFFMAN_LOG_MAX);
    check_code(&h, counts, CFK__HUFFMAN_LOG_MAX);
    ck_assert_uint_eq(h.bits[21], 1);
}
END_TEST

START_TEST(one_byte_alone_has_no_code)
{
    uint32_t counts[256] = { 0 };
    struct cfk__huffman h;

    ck_assert(!cfk__huffman_build(&h, counts, 11));
    counts['a'] = 1000;
    ck_assert(!cfk__huffman_build(&h, counts, 11));
    counts['b'] = 1;
    ck_assert(cfk__huffman_build(&h, counts, 11));
    ck_assert_uint_eq(cfk__huffman_bits(&h, counts), 1001);
    counts['c'] = 1;
    ck_assert(cfk__huffman_bits(&h, counts) == UINT64_MAX);
}
END_TEST

START_TEST(a_stream_takes_the_bits_that_were_counted)
{
    uint8_t data[3000];
    uint8_t out[4000];
    uint32_t counts[256] = { 0 };
    struct cfk__huffman h;
    struct gen g;
    size_t size;

    gen_seed(&g, 24);
    gen_text(&g, (char *)data, sizeof data);
    for (size_t i = 0; i < sizeof data; i++)
        counts[data[i]]++;
    ck_assert(cfk__huffman_build(&h, counts, 11));
    size = (size_t)(cfk__huffman_bits(&h, counts) / 8) + 1;
    ck_assert_uint_eq(cfk__huffman_encode(&h, data, sizeof data, out, sizeof out), size);
    ck_assert_uint_eq(cfk__huffman_encode(&h, data, sizeof data, out, size), size);
    ck_assert_uint_eq(cfk__huffman_encode(&h, data, sizeof data, out, size - 1), 0);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        logarithms_are_exact_at_powers_and_rise_between,
        checksums_are_those_of_the_definition,
        distributions_give_every_symbol_a_state_and_use_all_states,
        a_symbol_that_a_table_lacks_costs_without_end,
        a_description_takes_as_many_bytes_as_it_says,
        codes_are_full_and_prefix_free_at_every_limit,
        frequencies_of_fibonacci_meet_the_limit,
        one_byte_alone_has_no_code,
        a_stream_takes_the_bits_that_were_counted,
        NULL,
    };
    Suite *suite = suite_create("delta/entropy");

    suite_add_tcase(suite, unit_case("entropy", tests));
    return suite;
}
