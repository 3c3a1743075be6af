/* SPDX-License-Identifier: MIT */
/* Blocks of given sequences, decoded by libzstd: every mode of every part. */
#include "delta/block.h"
#include "delta/xxh64.h"
#include "gen.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { DATA_MAX = 3 << 17, SEQUENCES_MAX = CFK__BLOCK_MAX / 3 + 2 };

/* What was seen at least once. */
struct seen {
    bool literals[4];
    bool one_stream;
    bool four_streams;
    bool direct_weights;
    bool coded_weights;
    bool table[3][4];
    bool raw_block;
    bool rle_block;
};

/* A frame in the making, by random literals and copies. */
struct maker {
    struct gen g;
    uint8_t *data;
    size_t size;
    uint8_t *frame;
    size_t frame_size;
    struct cfk__sequence *sequences;
    struct cfk__block block;
    struct cfk__block_state state;
    struct seen seen;
};

/* How random a block is. */
struct style {
    size_t size;
    unsigned bytes; /* so many different ones among literals; 0: none at all */
    unsigned first_byte;
    unsigned literals; /* in a row, at most */
    unsigned match;    /* bytes of a copy, at most */
    unsigned offsets;  /* different ones, at most; 0: no copies */
};

static void make_literals(struct maker *m, const struct style *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t skew = gen_below(&m->g, s->bytes) * gen_below(&m->g, s->bytes);

        m->data[m->size++] = (uint8_t)(s->first_byte + skew / s->bytes);
    }
}

static void make_block(struct maker *m, const struct style *s)
{
    size_t start = m->size;
    size_t end = start + s->size;
    size_t count = 0;

    while (m->size < end) {
        size_t left = end - m->size;
        size_t literals = s->bytes > 0 ? gen_below(&m->g, s->literals + 1) : 0;
        size_t match = 3 + (size_t)gen_below(&m->g, s->match + 1);
        size_t offset = 1 + (size_t)gen_below(&m->g, s->offsets + 1) * 7;

        if (m->size == 0 && literals == 0)
            literals = 1; /* something to copy */
        if (s->offsets == 0 || literals + match > left) {
            make_literals(m, s, left);
            break;
        }
        make_literals(m, s, literals);
        if (offset > m->size)
            offset = m->size;
        for (size_t i = 0; i < match; i++, m->size++)
            m->data[m->size] = m->data[m->size - offset];
        m->sequences[count++] =
            (struct cfk__sequence){ (uint32_t)literals, (uint32_t)match,
                                    (uint32_t)offset };
    }
    cfk__block_plan(&m->block, &m->state, m->data + start, s->size, m->sequences, count,
                    gen_below(&m->g, 2) > 0);
}

static void note(struct maker *m, const uint8_t *written)
{
    const struct cfk__literals_plan *l = &m->block.literals_plan;
    unsigned type = written[0] >> 1 & 3;

    m->seen.raw_block |= type == 0;
    m->seen.rle_block |= type == 1;
    if (type != 2)
        return;
    m->seen.literals[l->kind] = true;
    if (l->kind >= CFK__LITERALS_HUFFMAN) {
        m->seen.one_stream |= m->block.literals_count <= 1023;
        m->seen.four_streams |= m->block.literals_count > 1023;
    }
    if (l->kind == CFK__LITERALS_HUFFMAN) {
        m->seen.direct_weights |= l->code.header[0] >= 128;
        m->seen.coded_weights |= l->code.header[0] < 128;
    }
    for (unsigned kind = 0; kind < 3 && m->block.coded_count > 0; kind++)
        m->seen.table[kind][m->block.sequences_plan.mode[kind]] = true;
}

static void write_block(struct maker *m, bool last)
{
    uint8_t *at = m->frame + m->frame_size;
    size_t room = ZSTD_compressBound(m->block.size);
    size_t size = cfk__block_write(&m->block, &m->state, last, at, room);

    ck_assert_uint_gt(size, 0);
    ck_assert_uint_le(size, 3 + m->block.size);
    note(m, at);
    m->frame_size += size;
}

static void maker_init(struct maker *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    gen_seed(&m->g, seed);
    m->data = malloc(DATA_MAX);
    m->frame = malloc(ZSTD_compressBound(DATA_MAX) + 64);
    m->sequences = malloc(SEQUENCES_MAX * sizeof *m->sequences);
    m->block.literals = malloc(CFK__BLOCK_MAX);
    m->block.coded = malloc(SEQUENCES_MAX * sizeof *m->block.coded);
}

static void maker_free(struct maker *m)
{
    free(m->data);
    free(m->frame);
    free(m->sequences);
    free(m->block.literals);
    free(m->block.coded);
}

/* Begin a frame with a window of 8 MiB, no size, and a checksum. */
static void begin(struct maker *m)
{
    static const uint8_t header[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68 };

    m->size = 0;
    memcpy(m->frame, header, sizeof header);
    m->frame_size = sizeof header;
    cfk__block_state_init(&m->state);
}

static void end_and_decode(struct maker *m)
{
    uint64_t hash = cfk__xxh64(m->data, m->size);
    uint8_t *back = malloc(m->size + 1);
    size_t size;

    for (int i = 0; i < 4; i++)
        m->frame[m->frame_size++] = (uint8_t)(hash >> (8 * i));
    size = ZSTD_decompress(back, m->size, m->frame, m->frame_size);
    ck_assert_msg(!ZSTD_isError(size), "%s", ZSTD_getErrorName(size));
    ck_assert_uint_eq(size, m->size);
    ck_assert_int_eq(memcmp(back, m->data, size), 0);
    free(back);
}

static void some_style(struct gen *g, struct style *s, size_t size_max)
{
    static const unsigned bytes[] = { 1, 2, 3, 40, 90, 200, 256 };

    s->size = 1 + (size_t)gen_below(g, size_max);
    s->bytes = bytes[gen_below(g, sizeof bytes / sizeof bytes[0])];
    s->first_byte = s->bytes > 128 ? 0 : (unsigned)gen_below(g, 128);
    s->literals = (unsigned)(UINT64_C(1) << gen_below(g, 12));
    s->match = (unsigned)((UINT64_C(1) << gen_below(g, 15)) - 1);
    s->offsets = (unsigned)(UINT64_C(1) << gen_below(g, 15)) - 1;
}

START_TEST(blocks_of_every_kind_decode_to_their_data)
{
    struct maker m;

    maker_init(&m, 31);
    for (int i = 0; i < 1500; i++) {
        unsigned blocks = 1 + (unsigned)gen_below(&m.g, 5);
        struct style style = { 0 };

        begin(&m);
        for (unsigned b = 0; b < blocks; b++) {
            if (gen_below(&m.g, 3) > 0 || b == 0)
                some_style(&m.g, &style, i % 50 == 0 ? CFK__BLOCK_MAX / 2 : 3000);
            make_block(&m, &style);
            write_block(&m, b + 1 == blocks);
        }
        end_and_decode(&m);
    }
    for (int kind = 0; kind < 4; kind++) {
        ck_assert_msg(m.seen.literals[kind], "literals of kind %d", kind);
        for (int table = 0; table < 3; table++)
            ck_assert_msg(m.seen.table[table][kind], "table %d in mode %d", table, kind);
    }
    ck_assert(m.seen.one_stream && m.seen.four_streams);
    ck_assert(m.seen.direct_weights && m.seen.coded_weights);
    ck_assert(m.seen.raw_block && m.seen.rle_block);
    maker_free(&m);
}
END_TEST

START_TEST(the_longest_copies_and_most_sequences_fit_a_block)
{
    static const struct style styles[] = {
        { CFK__BLOCK_MAX, 3, 'a', 0, 0, 1 },      /* copies of three bytes */
        { CFK__BLOCK_MAX, 90, ' ', 90000, 0, 0 }, /* literals alone */
        { CFK__BLOCK_MAX, 90, ' ', 1, 131000, 1 },
    };
    struct maker m;

    maker_init(&m, 32);
    begin(&m);
    m.data[m.size++] = 'x'; /* something to copy */
    cfk__block_plan(&m.block, &m.state, m.data, 1, m.sequences, 0, true);
    write_block(&m, false);
    for (size_t i = 0; i < 2; i++) {
        make_block(&m, &styles[i]);
        write_block(&m, i == 1);
    }
    end_and_decode(&m);
    begin(&m);
    make_block(&m, &styles[2]);
    write_block(&m, true);
    end_and_decode(&m);
    maker_free(&m);
}
END_TEST

START_TEST(recent_offsets_follow_the_format)
{
    uint32_t recent[3] = { 1, 4, 8 };

    ck_assert_uint_eq(cfk__offset_value(recent, 100, true), 103); /* 100 1 4 */
    ck_assert_uint_eq(cfk__offset_value(recent, 100, true), 1);
    ck_assert_uint_eq(cfk__offset_value(recent, 1, true), 2);    /* 1 100 4 */
    ck_assert_uint_eq(cfk__offset_value(recent, 4, true), 3);    /* 4 1 100 */
    ck_assert_uint_eq(cfk__offset_value(recent, 1, false), 1);   /* 1 4 100 */
    ck_assert_uint_eq(cfk__offset_value(recent, 100, false), 2); /* 100 1 4 */
    ck_assert_uint_eq(cfk__offset_value(recent, 99, false), 3);  /* 99 100 1 */
    ck_assert_uint_eq(cfk__offset_value(recent, 99, false), 102);
    ck_assert_uint_eq(recent[0], 99);
    ck_assert_uint_eq(recent[1], 99);
    ck_assert_uint_eq(recent[2], 100);
}
END_TEST

START_TEST(codes_of_lengths_begin_where_the_format_says)
{
    ck_assert_uint_eq(cfk__literals_code(15), 15);
    ck_assert_uint_eq(cfk__literals_code(16), 16);
    ck_assert_uint_eq(cfk__literals_code(63), 24);
    ck_assert_uint_eq(cfk__literals_code(64), 25);
    ck_assert_uint_eq(cfk__literals_code(65535), 34);
    ck_assert_uint_eq(cfk__literals_code(131071), 35);
    ck_assert_uint_eq(cfk__match_code(3), 0);
    ck_assert_uint_eq(cfk__match_code(34), 31);
    ck_assert_uint_eq(cfk__match_code(35), 32);
    ck_assert_uint_eq(cfk__match_code(130), 42);
    ck_assert_uint_eq(cfk__match_code(131), 43);
    ck_assert_uint_eq(cfk__match_code(131074), 52);
    for (unsigned code = 0; code < 36; code++)
        ck_assert_uint_le(cfk__extra_bits(CFK__LITERAL_LENGTHS, code), 16);
    for (unsigned code = 0; code < 53; code++)
        ck_assert_uint_le(cfk__extra_bits(CFK__MATCH_LENGTHS, code), 16);
}
END_TEST

START_TEST(a_block_without_room_is_refused_and_writes_nothing_behind)
{
    static const struct style style = { 2000, 60, ' ', 20, 20, 30 };
    uint8_t out[2100];
    struct cfk__block_state state;
    struct maker m;
    size_t size;

    maker_init(&m, 33);
    begin(&m);
    make_block(&m, &style);
    state = m.state;
    size = cfk__block_write(&m.block, &state, true, out, sizeof out);
    ck_assert_uint_gt(size, 0);
    for (size_t room = 0; room < size; room++) {
        memset(out, 0xaa, sizeof out);
        state = m.state;
        ck_assert_uint_eq(cfk__block_write(&m.block, &state, true, out, room), 0);
        ck_assert_uint_eq(out[room], 0xaa);
    }
    maker_free(&m);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        blocks_of_every_kind_decode_to_their_data,
        the_longest_copies_and_most_sequences_fit_a_block,
        recent_offsets_follow_the_format,
        codes_of_lengths_begin_where_the_format_says,
        a_block_without_room_is_refused_and_writes_nothing_behind,
        NULL,
    };
    Suite *suite = suite_create("delta/block");

    suite_add_tcase(suite, unit_case("block", tests));
    return suite;
}
