/* SPDX-License-Identifier: MIT */
#include "delta/sequences.h"

#include "delta/log2.h"

#include <string.h>

enum { LITERALS_CODES = 36, OFFSET_CODES = 32, MATCH_CODES = 53 };

/* Where the codes begin that stand for more than one length (RFC 8878, tables 9, 10). */
static const uint32_t literals_base[] = { 16,   18,   20,   22,    24,    28,   32,
                                          40,   48,   64,   128,   256,   512,  1024,
                                          2048, 4096, 8192, 16384, 32768, 65536 };
static const uint8_t literals_extra[] = { 1, 1, 1, 1,  2,  2,  3,  3,  4,  6,
                                          7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint32_t match_base[] = { 35,   37,   39,   41,   43,    47,    51,
                                       59,   67,   83,   99,   131,   259,   515,
                                       1027, 2051, 4099, 8195, 16387, 32771, 65539 };
static const uint8_t match_extra[] = { 1, 1, 1, 1,  2,  2,  3,  3,  4,  4, 5,
                                       7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static const unsigned codes_of[3] = { LITERALS_CODES, OFFSET_CODES, MATCH_CODES };
static const unsigned log_max[3] = { 9, 8, 9 };

static const struct cfk__fse_norm predefined[3] = {
    { 6, 36, { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
               2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1 } },
    { 5, 29, { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
               1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 } },
    { 6, 53, { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1 } },
};

const struct cfk__fse_norm *cfk__predefined(unsigned kind)
{
    return &predefined[kind];
}

uint32_t cfk__offset_value(uint32_t recent[3], uint32_t offset, bool after_literals)
{
    uint32_t first = after_literals ? recent[0] : recent[1];
    uint32_t second = after_literals ? recent[1] : recent[2];
    uint32_t third = after_literals ? recent[2] : recent[0] - 1;
    uint32_t value = offset == first    ? 1
                     : offset == second ? 2
                     : offset == third  ? 3
                                        : offset + 3;
    unsigned index = value + !after_literals; /* of the recent ones, from 1 */

    if (value > 3 || index > 2) {
        recent[2] = recent[1];
        recent[1] = recent[0];
    } else if (index == 2) {
        recent[1] = recent[0];
    }
    recent[0] = offset;
    return value;
}

unsigned cfk__literals_code(uint32_t literals)
{
    unsigned i = 0;

    if (literals < 16)
        return literals;
    if (literals >= 64)
        return 19 + cfk__log2_floor(literals);
    while (literals_base[i + 1] <= literals)
        i++;
    return 16 + i;
}

unsigned cfk__match_code(uint32_t match)
{
    unsigned i = 0;

    if (match < 35)
        return match - CFK__MATCH_MIN;
    if (match >= 131)
        return 36 + cfk__log2_floor(match - CFK__MATCH_MIN);
    while (match_base[i + 1] <= match)
        i++;
    return 32 + i;
}

unsigned cfk__extra_bits(unsigned kind, unsigned code)
{
    switch (kind) {
    case CFK__LITERAL_LENGTHS: return code < 16 ? 0 : literals_extra[code - 16];
    case CFK__MATCH_LENGTHS: return code < 32 ? 0 : match_extra[code - 32];
    default: return code;
    }
}

/* What a table takes, header included, in 1/256 bit. */
static uint64_t table_cost(const struct cfk__fse_norm *norm, const uint32_t *counts,
                           unsigned kind, unsigned last_code, size_t header)
{
    uint64_t cost = cfk__fse_cost(norm, counts, codes_of[kind]);

    if (cost == UINT64_MAX)
        return cost;
    return cost - cfk__fse_price(norm, last_code) + norm->log * 256u + header * 2048;
}

struct choice {
    unsigned kind;
    const uint32_t *counts;
    unsigned last_code;
    struct cfk__sequences_plan *plan;
    uint64_t cost;
};

static void offer(struct choice *c, enum cfk__table_mode mode,
                  const struct cfk__fse_norm *norm, size_t header)
{
    uint64_t cost = table_cost(norm, c->counts, c->kind, c->last_code, header);

    if (cost < c->cost) {
        c->cost = cost;
        c->plan->mode[c->kind] = mode;
        c->plan->norm[c->kind] = *norm;
    }
}

/* Own tables of every size: large ones are exact, small ones have short headers. */
static void offer_own(struct choice *c, unsigned distinct, size_t count)
{
    uint8_t header[CFK__FSE_HEADER_MAX];
    struct cfk__fse_norm norm;

    for (unsigned log = CFK__FSE_LOG_MIN; log <= log_max[c->kind]; log++) {
        size_t size;

        if (distinct > 1u << log)
            continue;
        if (log > CFK__FSE_LOG_MIN && UINT64_C(1) << log > (uint64_t)count * 8)
            break;
        cfk__fse_normalise(&norm, log, c->counts, codes_of[c->kind]);
        size = cfk__fse_write_norm(&norm, header, sizeof header);
        if (size > 0)
            offer(c, CFK__TABLE_FSE, &norm, size);
    }
}

static uint64_t choose(struct cfk__sequences_plan *plan, unsigned kind,
                       const uint32_t *counts, unsigned last_code, size_t count,
                       const struct cfk__sequence_tables *last)
{
    struct choice c = { kind, counts, last_code, plan, UINT64_MAX };
    unsigned distinct = 0;

    for (unsigned s = 0; s < codes_of[kind]; s++)
        distinct += counts[s] > 0;
    offer(&c, CFK__TABLE_PREDEFINED, &predefined[kind], 0);
    if (last != NULL && last->valid)
        offer(&c, CFK__TABLE_REPEAT, &last->table[kind].norm, 0);
    if (distinct == 1) {
        struct cfk__fse_norm one = { .log = 0, .symbols = (uint8_t)(last_code + 1) };

        one.count[last_code] = 1;
        offer(&c, CFK__TABLE_RLE, &one, 1);
    } else {
        offer_own(&c, distinct, count);
    }
    return c.cost;
}

static size_t count_size(size_t count)
{
    return count < 128 ? 1 : count < 0x7f00 ? 2 : 3;
}

void cfk__sequences_plan(struct cfk__sequences_plan *plan,
                         const struct cfk__coded_sequence *s, size_t count,
                         const struct cfk__sequence_tables *last)
{
    uint32_t counts[3][CFK__FSE_SYMBOLS_MAX] = { 0 };
    uint64_t bits = 0; /* in 1/256 */

    plan->size = 1;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            counts[kind][s[i].code[kind]]++;
            bits += 256 * cfk__extra_bits(kind, s[i].code[kind]);
        }
    }
    for (unsigned kind = 0; kind < 3; kind++)
        bits += choose(plan, kind, counts[kind], s[count - 1].code[kind], count, last);
    plan->size = count_size(count) + 1 + (size_t)(bits / 2048) + 1;
}

static size_t write_count(uint8_t *out, size_t count)
{
    if (count < 128) {
        out[0] = (uint8_t)count;
    } else if (count < 0x7f00) {
        out[0] = (uint8_t)(128 + (count >> 8));
        out[1] = (uint8_t)count;
    } else {
        out[0] = 255;
        out[1] = (uint8_t)(count - 0x7f00);
        out[2] = (uint8_t)((count - 0x7f00) >> 8);
    }
    return count_size(count);
}

static void write_extra(struct cfk__bits *b, const struct cfk__coded_sequence *s)
{
    uint32_t base;
    unsigned code = s->code[CFK__LITERAL_LENGTHS];

    if (code >= 16)
        cfk__bits_add(b, s->literals - literals_base[code - 16],
                      literals_extra[code - 16]);
    code = s->code[CFK__MATCH_LENGTHS];
    base = code >= 32 ? match_base[code - 32] : 0;
    if (code >= 32)
        cfk__bits_add(b, s->match - base, match_extra[code - 32]);
    cfk__bits_flush(b);
    cfk__bits_add(b, s->offset_value, s->code[CFK__OFFSETS]);
    cfk__bits_flush(b);
}

/* From the last sequence to the first, as it is read from its end. */
static size_t write_bits(const struct cfk__fse_table *t,
                         const struct cfk__coded_sequence *s, size_t count, uint8_t *out,
                         size_t capacity)
{
    uint32_t state[3];
    struct cfk__bits b;
    size_t i = count - 1;

    cfk__bits_init(&b, out, capacity);
    for (unsigned kind = 0; kind < 3; kind++)
        state[kind] = cfk__fse_start(&t[kind], s[i].code[kind]);
    write_extra(&b, &s[i]);
    while (i-- > 0) {
        cfk__fse_put(&t[CFK__OFFSETS], &b, &state[CFK__OFFSETS], s[i].code[CFK__OFFSETS]);
        cfk__fse_put(&t[CFK__MATCH_LENGTHS], &b, &state[CFK__MATCH_LENGTHS],
                     s[i].code[CFK__MATCH_LENGTHS]);
        cfk__fse_put(&t[CFK__LITERAL_LENGTHS], &b, &state[CFK__LITERAL_LENGTHS],
                     s[i].code[CFK__LITERAL_LENGTHS]);
        cfk__bits_flush(&b);
        write_extra(&b, &s[i]);
    }
    cfk__fse_end(&t[CFK__MATCH_LENGTHS], &b, state[CFK__MATCH_LENGTHS]);
    cfk__fse_end(&t[CFK__OFFSETS], &b, state[CFK__OFFSETS]);
    cfk__fse_end(&t[CFK__LITERAL_LENGTHS], &b, state[CFK__LITERAL_LENGTHS]);
    return cfk__bits_close(&b);
}

/* A table's description; SIZE_MAX when it does not fit. */
static size_t write_table(const struct cfk__sequences_plan *plan, unsigned kind,
                          uint8_t *out, size_t capacity)
{
    size_t size;

    switch (plan->mode[kind]) {
    case CFK__TABLE_RLE:
        if (capacity == 0)
            return SIZE_MAX;
        out[0] = (uint8_t)(plan->norm[kind].symbols - 1);
        return 1;
    case CFK__TABLE_FSE:
        size = cfk__fse_write_norm(&plan->norm[kind], out, capacity);
        return size > 0 ? size : SIZE_MAX;
    default: return 0;
    }
}

size_t cfk__sequences_write(const struct cfk__sequences_plan *plan,
                            const struct cfk__coded_sequence *s, size_t count,
                            struct cfk__sequence_tables *last, uint8_t *out,
                            size_t capacity)
{
    size_t at;
    size_t bits;

    if (capacity < 4)
        return 0;
    at = write_count(out, count);
    if (count == 0)
        return at;
    out[at++] = (uint8_t)((unsigned)plan->mode[CFK__LITERAL_LENGTHS] << 6 |
                          (unsigned)plan->mode[CFK__OFFSETS] << 4 |
                          (unsigned)plan->mode[CFK__MATCH_LENGTHS] << 2);
    for (unsigned kind = 0; kind < 3; kind++) {
        size_t size = write_table(plan, kind, out + at, capacity - at);

        if (size == SIZE_MAX)
            return 0;
        at += size;
        if (plan->mode[kind] != CFK__TABLE_REPEAT)
            cfk__fse_build(&last->table[kind], &plan->norm[kind]);
    }
    last->valid = true;
    bits = write_bits(last->table, s, count, out + at, capacity - at);
    return bits > 0 ? at + bits : 0;
}
