/* SPDX-License-Identifier: MIT */
#include "delta/bin_model.h"

#include "delta/log2.h"

#include <string.h>

enum {
    NEW = 0x8000,        /* a probability, */
    NEW_COUNTER = 0x800, /* and in 12 bits */
    SURE = 16,           /* of 65536: nothing is surer than that */
    NUMBER_LIMIT = 255,
    CHUNK_LIMIT = 255,
    SLOW_LIMIT = 12,
    FAST_LIMIT = 2,
    HINT_LIMIT = 250,
    FLAG_WEIGHT = 3 * CFK__CM_MIX_ONE / 8, /* at first */
    BYTE_WEIGHT = 7 * CFK__CM_MIX_ONE / 32,
    FLAG_RATE = 3,
    BYTE_RATE = 7,
    BIAS = 128,
    LINE = 16,
};

static const unsigned flag_limits[CFK__BIN_FLAG_CONTEXTS] = { 250, 60, 120 };

static void fill(uint32_t *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        states[i] = cfk__cm_state(NEW, 0);
}

static void weigh(int16_t *weights, size_t count, int16_t value)
{
    for (size_t i = 0; i < count; i++)
        weights[i] = value;
}

static void weigh_last(int32_t *weights, size_t count)
{
    for (size_t i = 0; i < count; i++)
        weights[i] = 65536 / CFK__CM_MIX_SETS;
}

static void sorted_init(struct cfk__bin_sorted *s)
{
    s->mixer = (struct cfk__cm_mix){ .rate = BYTE_RATE };
    for (int i = 0; i < CFK__BIN_HINTS; i++)
        fill(s->hints[i], CFK__BIN_HINT_ROWS * 8);
    for (int i = 0; i < CFK__CM_MIX_SETS; i++) {
        weigh(s->weights[i], CFK__BIN_BYTE_ROWS * CFK__BIN_INPUTS, BYTE_WEIGHT);
        s->mixer.weights[i] = s->weights[i];
    }
    weigh_last(s->last, 256 * CFK__CM_MIX_SETS);
    s->mixer.last = s->last;
}

void cfk__bin_model_init(struct cfk__bin_model *m, struct cfk__bin_slot *slots,
                         uint32_t count, uint32_t *flags, unsigned flag_log)
{
    cfk__cm_math_init(&m->math);
    for (int i = 0; i < CFK__BIN_NUMBERS; i++) {
        fill(m->numbers[i].more, sizeof m->numbers[i].more / sizeof(uint32_t));
        for (int j = 0; j < 33; j++)
            fill(m->numbers[i].high[j], 8);
    }
    fill(m->chunks, CFK__BIN_CHUNK_ROWS);
    fill(m->recalls, CFK__BIN_RECALL_ROWS);
    for (size_t i = 0; i < CFK__BIN_FLAG_CONTEXTS; i++)
        m->flags[i] = flags + (i << flag_log);
    m->flag_mask = (UINT32_C(1) << flag_log) - 1;
    m->flag_mixer = (struct cfk__cm_mix){ .rate = FLAG_RATE };
    for (int i = 0; i < CFK__CM_MIX_SETS; i++) {
        weigh(m->flag_weights[i], CFK__BIN_FLAG_ROWS * CFK__BIN_FLAG_INPUTS, FLAG_WEIGHT);
        m->flag_mixer.weights[i] = m->flag_weights[i];
    }
    weigh_last(m->flag_last, CFK__CM_MIX_SETS);
    m->flag_mixer.last = m->flag_last;
    for (int i = 0; i < CFK__BIN_SORTS; i++)
        sorted_init(&m->sorts[i]);
    m->slots = slots;
    m->lines_mask = count / LINE - 1;
}

static unsigned code_state(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                           uint32_t *state, unsigned limit, unsigned bit)
{
    uint32_t p = cfk__cm_state_p(*state);

    p = p < SURE ? SURE : p > 65536 - SURE ? 65536 - SURE : p;
    bit = cfk__bin_bit(b, bit, p);
    cfk__cm_state_update(&m->math, state, bit, limit);
    return bit;
}

/* Elias's gamma code of value + 1, its length and its first three bits modelled. */
uint32_t cfk__bin_code_number(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                              enum cfk__bin_number which, uint32_t value)
{
    struct cfk__bin_numbers *n = &m->numbers[which];
    uint32_t plus = value + 1;
    unsigned length = cfk__log2_floor(plus);
    unsigned bits = 0;
    unsigned node = 1;
    uint32_t result = 1;

    while (bits < 31 && code_state(m, b, &n->more[bits], NUMBER_LIMIT, bits < length))
        bits++;
    for (unsigned i = bits; i-- > 0;) {
        unsigned bit = plus >> i & 1;

        if (node < 8) {
            bit = code_state(m, b, &n->high[bits][node], NUMBER_LIMIT, bit);
            node = node << 1 | bit;
        } else {
            bit = cfk__bin_bit(b, bit, NEW);
        }
        result = result << 1 | bit;
    }
    return result - 1;
}

bool cfk__bin_code_chunk(struct cfk__bin_model *m, struct cfk__bin_bits *b, uint32_t row,
                         bool right)
{
    return code_state(m, b, &m->chunks[row], CHUNK_LIMIT, right);
}

bool cfk__bin_code_recall(struct cfk__bin_model *m, struct cfk__bin_bits *b, uint32_t row,
                          bool right)
{
    return code_state(m, b, &m->recalls[row], CHUNK_LIMIT, right);
}

bool cfk__bin_code_flag(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                        const struct cfk__bin_flag *flag, bool right)
{
    struct cfk__cm_mix *x = &m->flag_mixer;
    int16_t *in = m->flag_in;
    uint32_t *at[CFK__BIN_FLAG_CONTEXTS];
    uint32_t states[CFK__BIN_FLAG_CONTEXTS];
    unsigned bit;

    for (int i = 0; i < CFK__BIN_FLAG_CONTEXTS; i++) {
        at[i] = &m->flags[i][flag->contexts[i] & m->flag_mask];
        states[i] = *at[i] ^ cfk__cm_state(NEW, 0);
        in[i] = cfk__cm_mix_input(&m->math, cfk__cm_state_p(states[i]));
    }
    in[CFK__BIN_FLAG_CONTEXTS] = BIAS;
    memcpy(x->row, flag->rows, sizeof x->row);
    bit = cfk__bin_bit(b, right, cfk__cm_mix(&m->math, x, in, CFK__BIN_FLAG_INPUTS));
    cfk__cm_mix_learn(x, in, CFK__BIN_FLAG_INPUTS, bit);
    for (int i = 0; i < CFK__BIN_FLAG_CONTEXTS; i++) {
        cfk__cm_state_update(&m->math, &states[i], bit, flag_limits[i]);
        *at[i] = states[i] ^ cfk__cm_state(NEW, 0);
    }
    return bit;
}

/* What one bit of a byte is predicted and learned with. */
struct places {
    struct cfk__bin_slot *lines[CFK__BIN_CONTEXTS];
    uint32_t *hints[CFK__BIN_HINTS]; /* NULL: the hint was wrong already, or none */
};

static void find_lines(struct cfk__bin_model *m, const struct cfk__bin_context *c,
                       uint32_t partial, struct places *p)
{
    for (uint32_t i = 0; i < CFK__BIN_CONTEXTS; i++) {
        uint32_t h = cfk__cm_hash((uint64_t)c->hashes[i] << 16 | partial, i + 1);

        p->lines[i] = m->slots + (size_t)(h & m->lines_mask) * LINE;
        __builtin_prefetch(p->lines[i], 1);
    }
}

static void add_inputs(struct cfk__bin_model *m, const struct cfk__bin_context *c,
                       struct cfk__bin_sorted *s, uint32_t node, unsigned shift,
                       uint32_t nibble, struct places *p)
{
    int16_t *in = s->in;

    for (int i = 0; i < CFK__BIN_CONTEXTS; i++) {
        struct cfk__bin_slot *slot = &p->lines[i][nibble];
        bool seen = (slot->slow & 15) != 0;

        *in++ = seen ? cfk__cm_mix_input(&m->math, slot->slow) : 0;
        *in++ = seen ? cfk__cm_mix_input(&m->math, slot->fast) : 0;
    }
    for (int i = 0; i < CFK__BIN_HINTS; i++) {
        uint32_t hint = (uint32_t)c->hints[i] | 256;
        int16_t x = 0;

        p->hints[i] = NULL;
        if (c->hints[i] >= 0 && hint >> (shift + 1) == node) {
            p->hints[i] = &s->hints[i][c->hint_rows[i] * 8 + shift];
            x = cfk__cm_mix_input(&m->math, cfk__cm_state_p(*p->hints[i]));
        }
        *in++ = (int16_t)(hint >> shift & 1 ? x : -x);
    }
    *in = BIAS;
}

static void learn(struct cfk__bin_model *m, const struct cfk__bin_context *c,
                  uint32_t nibble, unsigned shift, const struct places *p, unsigned bit)
{
    for (int i = 0; i < CFK__BIN_CONTEXTS; i++) {
        struct cfk__bin_slot *slot = &p->lines[i][nibble];

        if ((slot->slow & 15) == 0)
            *slot = (struct cfk__bin_slot){ NEW_COUNTER << 4, NEW_COUNTER << 4 };
        cfk__cm_counter_update(&m->math, &slot->slow, bit, SLOW_LIMIT);
        cfk__cm_counter_update(&m->math, &slot->fast, bit, FAST_LIMIT);
    }
    for (int i = 0; i < CFK__BIN_HINTS; i++)
        if (p->hints[i] != NULL)
            cfk__cm_state_update(&m->math, p->hints[i],
                                 bit == ((unsigned)c->hints[i] >> shift & 1), HINT_LIMIT);
}

uint8_t cfk__bin_code_byte(struct cfk__bin_model *m, struct cfk__bin_bits *b,
                           const struct cfk__bin_context *c, uint8_t value)
{
    struct cfk__bin_sorted *s = &m->sorts[c->sort];
    struct places p;
    uint32_t node = 1;
    uint32_t nibble = 1;

    s->mixer.row[0] = c->rows[0];
    s->mixer.row[1] = c->rows[1];
    for (unsigned shift = 8; shift-- > 0;) {
        unsigned bit;

        if (shift % 4 == 3) {
            find_lines(m, c, node, &p);
            nibble = 1;
        }
        add_inputs(m, c, s, node, shift, nibble, &p);
        s->mixer.row[2] = node;
        s->mixer.last_row = node;
        bit = cfk__bin_bit(b, value >> shift & 1,
                           cfk__cm_mix(&m->math, &s->mixer, s->in, CFK__BIN_INPUTS));
        cfk__cm_mix_learn(&s->mixer, s->in, CFK__BIN_INPUTS, bit);
        learn(m, c, nibble, shift, &p, bit);
        node = node << 1 | bit;
        nibble = nibble << 1 | bit;
    }
    return (uint8_t)node;
}
