/* SPDX-License-Identifier: MIT */
#include "delta/cm_run.h"

#include "delta/log2.h"

enum {
    GOES_ON = 65536 - 128,
    LIMIT = 250,
    BIAS = 128,
    SURE = 65536 - 64,
};

/* Eight kinds of characters, as far as edits tell them apart. */
static uint8_t kind_of(unsigned byte)
{
    if (byte >= '0' && byte <= '9')
        return 0;
    if ((byte >= 'a' && byte <= 'z') || byte >= 128)
        return 1;
    if (byte >= 'A' && byte <= 'Z')
        return 2;
    if (byte == '<' || byte == '>')
        return 3;
    if (byte == ' ' || byte == '\t')
        return 4;
    if (byte == '\n')
        return 5;
    return byte == '"' || byte == '\'' ? 6 : 7;
}

static uint32_t log2_floor(size_t value)
{
    uint32_t log = cfk__log2_floor((uint32_t)value);

    return log < 15 ? log : 15;
}

void cfk__cm_run_init(struct cfk__cm_run *r)
{
    for (unsigned i = 0; i < 256; i++) {
        r->kinds[i] = kind_of(i);
        r->sure[i] = cfk__cm_state(GOES_ON, 8);
    }
    for (size_t i = 0; i < 3; i++) {
        for (size_t s = 0; s < 1024; s++)
            r->direct[i][s] = cfk__cm_state(GOES_ON, 8);
        for (size_t s = 0; s < 1u << CFK__CM_RUN_LOG; s++)
            r->hashed[i][s] = cfk__cm_state(GOES_ON, 2);
    }
    r->mixer.rate = 7;
    for (size_t i = 0; i < CFK__CM_MIX_SETS; i++) {
        r->mixer.weights[i] = r->weights[i];
        for (size_t w = 0; w < 64 * CFK__CM_RUN_INPUTS; w++)
            r->weights[i][w] = CFK__CM_MIX_ONE / 4;
        r->last[i] = 65536 / 3;
    }
    r->mixer.last = r->last;
}

void cfk__cm_run_begin(struct cfk__cm_run *r, size_t at, uint32_t trusted)
{
    r->at = at;
    r->length = 0;
    r->trusted = trusted;
}

/* What was the next byte when the last bytes were last seen among edits: 0 unknown,
 * 1 the expected one, 2 or 3 another. */
static uint32_t edit_says(const struct cfk__cm_history *h, size_t edited,
                          uint8_t expected)
{
    uint32_t agree;

    if (edited == 0 || edited >= h->size)
        return 0;
    agree = cfk__cm_agree(h, edited, 12);
    if (agree < 5)
        return 0;
    if (h->data[edited] == expected)
        return 1;
    return agree < 12 ? 2 : 3;
}

static uint32_t slot(uint64_t context)
{
    return (uint32_t)(context * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CFK__CM_RUN_LOG));
}

uint32_t cfk__cm_run_predict(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                             const struct cfk__cm_history *h, size_t edited)
{
    struct cfk__cm_mix *m = &r->mixer;
    uint8_t expected = h->data[r->at];
    uint64_t last = h->last;
    uint32_t says = edited == 0 ? 0 : edit_says(h, edited, expected);
    size_t total = r->length + r->trusted;
    uint32_t long_log = log2_floor(total + 1);
    uint32_t since_log = log2_floor(h->size - r->broken + 1);
    uint32_t kinds = (uint32_t)r->kinds[expected] << 3 | r->kinds[last & 0xff];

    r->state[0] = &r->direct[0][says << 8 | long_log << 4 | since_log];
    r->state[1] = &r->direct[1][kinds << 4 | long_log];
    r->state[2] = &r->direct[2][kinds << 3 | r->kinds[last >> 8 & 0xff]];
    r->state[3] = &r->hashed[0][slot((last & 0xff) << 8 | expected)];
    r->state[4] = &r->hashed[1][slot((last & 0xffffff) << 8 | expected)];
    r->state[5] = &r->hashed[2][slot((last & 0xffffffffff) << 8 | expected)];
    r->at_sure = &r->sure[long_log << 4 | since_log];
    r->is_sure = says < 2;
    for (size_t i = 1; i < CFK__CM_RUN_STATES; i++)
        r->is_sure = r->is_sure && cfk__cm_state_p(*r->state[i]) >= SURE;
    if (r->is_sure)
        return cfk__cm_state_p(*r->at_sure);
    for (size_t i = 0; i < CFK__CM_RUN_STATES; i++)
        r->in[i] = cfk__cm_mix_input(math, cfk__cm_state_p(*r->state[i]));
    r->in[CFK__CM_RUN_STATES] = BIAS;
    m->row[0] = long_log;
    m->row[1] = says;
    m->row[2] = since_log;
    return cfk__cm_mix(math, m, r->in, CFK__CM_RUN_INPUTS);
}

void cfk__cm_run_learn(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                       const struct cfk__cm_history *h, unsigned bit)
{
    if (r->is_sure)
        cfk__cm_state_update(math, r->at_sure, bit, LIMIT);
    else
        cfk__cm_mix_learn(&r->mixer, r->in, CFK__CM_RUN_INPUTS, bit);
    if (!r->is_sure || !bit)
        for (size_t i = 0; i < CFK__CM_RUN_STATES; i++)
            cfk__cm_state_update(math, r->state[i], bit, LIMIT);
    if (bit) {
        r->at++;
        r->length++;
    } else {
        r->broken = h->size;
    }
}
