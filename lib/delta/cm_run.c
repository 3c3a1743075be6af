/* SPDX-License-Identifier: MIT */
#include "delta/cm_run.h"

enum {
    GOES_ON = 65536 - 96,
    LIMIT = 250,
};

static uint32_t log2_floor(size_t value)
{
    uint32_t log = 0;

    while (value > 1) {
        value >>= 1;
        log++;
    }
    return log;
}

/* Eight kinds of characters, as far as edits tell them apart. */
static uint32_t kind(uint8_t byte)
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

void cfk__cm_run_init(struct cfk__cm_run *r)
{
    for (size_t i = 0; i < 3; i++) {
        for (size_t s = 0; s < 1024; s++)
            r->direct[i][s] = cfk__cm_state(GOES_ON, 8);
        for (size_t s = 0; s < 1u << CFK__CM_RUN_LOG; s++)
            r->hashed[i][s] = cfk__cm_state(GOES_ON, 3);
    }
    r->mixer.inputs = CFK__CM_RUN_INPUTS;
    r->mixer.rate = 2;
    for (size_t i = 0; i < CFK__CM_MIX_SETS; i++) {
        r->mixer.weights[i] = r->weights[i];
        for (size_t w = 0; w < 64 * CFK__CM_RUN_INPUTS; w++)
            r->weights[i][w] = 65536 / 4;
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

uint32_t cfk__cm_run_predict(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                             const struct cfk__cm_history *h, size_t edited)
{
    struct cfk__cm_mixer *m = &r->mixer;
    uint8_t expected = h->data[r->at];
    uint64_t last = h->last;
    uint32_t says = edited == 0 ? 0 : edit_says(h, edited, expected);
    size_t total = r->length + r->trusted;
    uint32_t long_log = log2_floor(total + 1);
    uint32_t since_log = log2_floor(h->size - r->broken + 1);
    uint32_t kinds = kind(expected) << 3 | kind((uint8_t)last);
    uint32_t mask = (1u << CFK__CM_RUN_LOG) - 1;

    if (long_log > 15)
        long_log = 15;
    if (since_log > 15)
        since_log = 15;
    r->state[0] = &r->direct[0][says << 8 | long_log << 4 | since_log];
    r->state[1] = &r->direct[1][kinds << 4 | long_log];
    r->state[2] = &r->direct[2][kinds << 3 | kind((uint8_t)(last >> 8))];
    r->state[3] = &r->hashed[0][cfk__cm_hash((last & 0xff) << 8 | expected, 1) & mask];
    r->state[4] =
        &r->hashed[1][cfk__cm_hash((last & 0xffffff) << 8 | expected, 2) & mask];
    r->state[5] =
        &r->hashed[2][cfk__cm_hash((last & 0xffffffffff) << 8 | expected, 3) & mask];
    for (size_t i = 0; i < CFK__CM_RUN_INPUTS - 1; i++)
        m->in[i] = cfk__cm_stretch(math, cfk__cm_state_p(*r->state[i]));
    m->in[CFK__CM_RUN_INPUTS - 1] = 256;
    m->row[0] = long_log;
    m->row[1] = says;
    m->row[2] = since_log;
    return cfk__cm_mix(math, m);
}

void cfk__cm_run_learn(struct cfk__cm_run *r, const struct cfk__cm_math *math,
                       const struct cfk__cm_history *h, unsigned bit)
{
    cfk__cm_mix_learn(&r->mixer, bit);
    for (size_t i = 0; i < CFK__CM_RUN_INPUTS - 1; i++)
        cfk__cm_state_update(math, r->state[i], bit, LIMIT);
    if (bit) {
        r->at++;
        r->length++;
    } else {
        r->broken = h->size;
    }
}
