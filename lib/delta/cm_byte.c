/* SPDX-License-Identifier: MIT */
/* Bytes that are not in a copy, bit by bit. */
#include "delta/cm_state.h"

#include <string.h>

enum {
    INPUTS = CFK__CM_INPUTS,
    MATCH_INPUT = CFK__CM_CONTEXT_INPUTS,
    ZERO_INPUT = MATCH_INPUT + 2 * CFK__CM_MATCHERS,
    BIAS_INPUT,
    BIAS = 128,
};

/* What the weights are after some pages, on the average. */
static void fill_weights(int16_t *weights, size_t rows)
{
    static const int16_t first[INPUTS] = {
        /* the old version, the new one, the same word */
        1150,
        550,
        1000,
        550,
        700,
        1050,
        950,
        600,
        550,
        650,
        2100,
        /* the byte before, live contexts */
        2250,
        -200,
        750,
        -450,
        1100,
        -320,
        1000,
        -250,
        700,
        -300,
        /* the matchers, order 0 */
        2550,
        -700,
        3240,
        -60,
        2250,
        -950,
        2200,
        -900,
        1030,
    };

    for (size_t r = 0; r < rows; r++)
        memcpy(weights + r * INPUTS, first, sizeof first);
}

void cfk__cm_byte_init(struct cfk__cm_model *m)
{
    fill_weights(m->state_weights, CFK__CM_STATE_ROWS);
    fill_weights(m->known_weights, CFK__CM_KNOWN_ROWS);
    fill_weights(m->node_weights, CFK__CM_NODE_ROWS);
    for (size_t i = 0; i < CFK__CM_STATE_ROWS * CFK__CM_MIX_SETS; i++)
        m->last_weights[i] = 65536 / CFK__CM_MIX_SETS;
    m->mixer.rate = 7;
    m->mixer.weights[0] = m->state_weights;
    m->mixer.weights[1] = m->known_weights;
    m->mixer.weights[2] = m->node_weights;
    m->mixer.last = m->last_weights;
    for (size_t i = 0; i < CFK__CM_MATCHERS; i++) {
        for (uint32_t s = 0; s < 512; s++) {
            uint32_t length = s & 15;
            uint32_t missed = s >> 4 & 3;
            uint32_t p = 65536 - 40000 / (length + 1 + (missed == 0 ? 4 : 0));

            m->match_state[i][s] = cfk__cm_state(p, 4);
        }
        for (uint32_t w = 0; w < 3; w++)
            for (uint32_t l = 0; l < CFK__CM_FOLLOW_LENGTHS; l++)
                m->follow[i][w][l] = cfk__cm_state(65535 - 16384 / (l + 1), 4);
    }
    /* the excluded byte: each bit as expected is more and more unlikely */
    for (uint32_t bit = 0; bit < 8; bit++)
        m->match_state[CFK__CM_ALIGNED][384 + bit] =
            cfk__cm_state(bit < 7 ? UINT32_C(40000) >> bit / 2 : 16, 4);
    for (size_t i = 0; i < 256; i++)
        m->zero[i] = cfk__cm_state(32768, 0);
    for (size_t t = 0; t < 2; t++)
        for (size_t r = 0; r < CFK__CM_SSE_ROWS; r++)
            for (int32_t s = 0; s <= CFK__CM_SSE_STEPS; s++)
                m->sse[t][r][s] = (uint16_t)cfk__cm_squash(
                    &m->math, (s - CFK__CM_SSE_STEPS / 2) *
                                  (2 * CFK__CM_STRETCHED_MAX / CFK__CM_SSE_STEPS));
}

static uint32_t length_step(uint32_t length)
{
    if (length < 8)
        return length;
    return length < 16   ? 8 + (length - 8) / 2
           : length < 32 ? 12 + (length - 16) / 8
           : length < 64 ? 14
                         : 15;
}

static uint32_t length_class(uint32_t length)
{
    static const uint8_t classes[16] = { 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6 };

    return length < 16 ? classes[length] : 7;
}

uint32_t cfk__cm_agreement(const struct cfk__cm_model *m, uint32_t i)
{
    const struct cfk__cm_match *other =
        &m->matches.of[i == CFK__CM_LONGEST ? CFK__CM_ALIGNED : CFK__CM_LONGEST];

    if (!other->valid)
        return 0;
    return m->data[other->at] == m->data[m->matches.of[i].at] ? 1 : 2;
}

/* Contexts that know where the matchers stand. */
static void live_contexts(struct cfk__cm_model *m)
{
    const struct cfk__cm_match *a = &m->matches.of[CFK__CM_ALIGNED];
    const struct cfk__cm_match *r = &m->matches.of[CFK__CM_RESUME];
    uint64_t last = m->history.last;
    uint32_t expected = a->valid ? m->data[a->at] + 1u : 0;
    uint32_t resumed = r->valid ? m->data[r->at] + 1u : 0;
    uint32_t before = a->valid && a->at > 0 ? m->data[a->at - 1] : 0;
    uint32_t *h = m->contexts.hashes;

    expected |= m->excluded ? 512 : 0;
    h[0] = cfk__cm_hash((uint64_t)expected << 8 | (last & 0xff), 21);
    h[1] = cfk__cm_hash((uint64_t)expected << 20 | resumed << 8 | (a->missed & 7), 22);
    h[2] = cfk__cm_hash((uint64_t)expected << 24 | before << 8 | (last & 0xff), 23);
    h[3] = cfk__cm_hash((uint64_t)expected << 24 | (last & 0xffff), 24);
}

void cfk__cm_byte_begin(struct cfk__cm_model *m)
{
    m->node = 1;
    m->known = 0;
    live_contexts(m);
    cfk__cm_source_look(&m->source, &m->history, m->matches.origin);
    cfk__cm_contexts_begin(&m->contexts, &m->source, m->data, (uint8_t)m->history.last);
    m->quality = m->source.best;
}

/* How far into the byte the expected one agrees: its bit, or 2 for not at all. */
static unsigned expected_bit(const struct cfk__cm_model *m, uint8_t byte)
{

    if ((256u | byte) >> (8 - m->known) != m->node)
        return 2;
    return byte >> (7 - m->known) & 1;
}

static void match_inputs(struct cfk__cm_model *m, int16_t *in)
{

    for (uint32_t i = 0; i < CFK__CM_MATCHERS; i++, in += 2) {
        const struct cfk__cm_match *match = &m->matches.of[i];
        unsigned bit = match->valid ? expected_bit(m, m->data[match->at]) : 2;
        uint32_t state;
        int16_t stretched;

        m->match_at[i] = NULL;
        in[0] = in[1] = 0;
        if (bit == 2)
            continue;
        state = length_step(match->length) | (match->missed & 3) << 4 |
                (m->known == 0 ? 64u : 0);
        if (i == CFK__CM_ALIGNED && m->excluded)
            state = 384 + m->known;
        m->match_at[i] = &m->match_state[i][state];
        stretched = cfk__cm_mix_input(&m->math, cfk__cm_state_p(*m->match_at[i]));
        in[0] = (int16_t)(bit ? stretched : -stretched);
        in[1] = (int16_t)(((int32_t)cfk__cm_state_p(*m->match_at[i]) - 32768) >> 6);
        in[1] = (int16_t)(bit ? in[1] : -in[1]);
    }
}

static void match_learn(struct cfk__cm_model *m, unsigned bit)
{
    for (uint32_t i = 0; i < CFK__CM_MATCHERS; i++) {
        if (m->match_at[i] != NULL) {
            unsigned expected = expected_bit(m, m->data[m->matches.of[i].at]);

            cfk__cm_state_update(&m->math, m->match_at[i], expected == bit, 120);
        }
    }
}

static void choose_rows(struct cfk__cm_model *m)
{
    const struct cfk__cm_match *a = &m->matches.of[CFK__CM_ALIGNED];
    const struct cfk__cm_match *l = &m->matches.of[CFK__CM_LONGEST];
    uint32_t state = 0;
    uint32_t longest = 0;

    if (m->excluded)
        state = 1;
    else if (a->valid && m->match_at[CFK__CM_ALIGNED] != NULL)
        state = 2 + length_class(a->length);
    if (l->valid && m->match_at[CFK__CM_LONGEST] != NULL)
        longest = l->length < 10 ? 1 : l->length < 16 ? 2 : 3;
    m->mixer.row[0] = state << 2 | longest;
    m->mixer.row[1] = m->quality << 3 | m->known;
    m->mixer.row[2] = m->node;
    m->mixer.last_row = state << 2 | longest;
}

/* Correct p by what it turned out to mean before in a context. */
static uint32_t sse(struct cfk__cm_model *m, size_t table, uint32_t row,
                    int32_t stretched)
{
    enum { STEP = 2 * CFK__CM_STRETCHED_MAX / CFK__CM_SSE_STEPS };
    uint32_t at = (uint32_t)(stretched + CFK__CM_STRETCHED_MAX);
    uint32_t low = at / STEP;
    uint32_t part = at % STEP;
    uint16_t *s;

    if (low >= CFK__CM_SSE_STEPS) {
        low = CFK__CM_SSE_STEPS - 1;
        part = STEP;
    }
    s = &m->sse[table][row][low];
    m->sse_at[table] = part * 2 < STEP ? s : s + 1;
    return (s[0] * (STEP - part) + s[1] * part) / STEP;
}

static uint32_t clamp(uint32_t p)
{
    return p < 16 ? 16 : p > 65536 - 16 ? 65536 - 16 : p;
}

uint32_t cfk__cm_byte_predict(struct cfk__cm_model *m)
{
    struct cfk__cm_mix *mixer = &m->mixer;
    uint32_t p;
    uint32_t p1;
    uint32_t p2;
    int32_t stretched;

    cfk__cm_contexts_inputs(&m->contexts, &m->math, &m->source, m->node, 7 - m->known,
                            m->in);
    match_inputs(m, m->in + MATCH_INPUT);
    m->in[ZERO_INPUT] = cfk__cm_mix_input(&m->math, cfk__cm_state_p(m->zero[m->node]));
    m->in[BIAS_INPUT] = BIAS;
    choose_rows(m);
    p = cfk__cm_mix(&m->math, mixer, m->in, INPUTS);
    stretched = cfk__cm_stretch(&m->math, p);
    p1 = sse(m, 0, m->node | (mixer->row[0] >= 4 ? 256u : 0) | (m->excluded ? 512u : 0),
             stretched);
    p2 = sse(m, 1,
             cfk__cm_hash(m->node << 8 | (m->history.last & 0xff), 77) &
                 (CFK__CM_SSE_ROWS - 1),
             stretched);
    return clamp((2 * p + p1 + p2) / 4);
}

static void sse_learn(struct cfk__cm_model *m, unsigned bit)
{
    for (size_t t = 0; t < 2; t++) {
        int32_t p = *m->sse_at[t];

        p += ((bit ? 65535 : 0) - p) >> 6;
        *m->sse_at[t] = (uint16_t)p;
    }
}

void cfk__cm_byte_learn(struct cfk__cm_model *m, unsigned bit)
{
    cfk__cm_mix_learn(&m->mixer, m->in, INPUTS, bit);
    cfk__cm_contexts_learn(&m->contexts, &m->math, m->node, bit);
    cfk__cm_state_update(&m->math, &m->zero[m->node], bit, 250);
    match_learn(m, bit);
    sse_learn(m, bit);
    m->node = m->node << 1 | bit;
    m->known++;
    if (m->known == 4)
        cfk__cm_contexts_find(&m->contexts, m->node);
}
