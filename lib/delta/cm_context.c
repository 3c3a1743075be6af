/* SPDX-License-Identifier: MIT */
#include "delta/cm_context.h"

#include "delta/cm_mix.h"

#include <string.h>

enum {
    COUNTER_NEW = 2048 << 4,
    COUNTER_LIMIT = 12,
    MAP_LIMIT = 200,
    COUNT_LIMIT = 160,
};

/* Counts by step: 0 .. 6 as they are, then ever wider. */
static uint32_t step(uint8_t count)
{
    static const uint8_t steps[32] = { 0, 1, 2,  3,  4,  5,  6,  7,  7,  7, 8,
                                       8, 8, 8,  8,  8,  9,  9,  9,  9,  9, 9,
                                       9, 9, 10, 10, 10, 10, 10, 10, 10, 10 };

    return count < 32 ? steps[count] : CFK__CM_STEPS - 1;
}

/* What a step means, in 1/2, about. */
static const uint8_t means[CFK__CM_STEPS] = { 0, 2, 4, 6, 8, 10, 12, 16, 24, 37, 54, 80 };

/* How much a count of 0 is worth, by class, in 1/64: the deeper the less. */
static const uint8_t doubts[CFK__CM_CLASSES] = {
    40, 24, 24, 16, 12, 8, 32, 20, 12, 6, 16
};

void cfk__cm_contexts_init(struct cfk__cm_contexts *c, uint16_t (*after)[256],
                           struct cfk__cm_slot *slots, uint32_t count)
{
    memset(c, 0, sizeof *c);
    c->after = after;
    c->slots = slots;
    c->mask = count - 1;
    for (uint32_t s = 0; s < CFK__CM_MAP; s++)
        c->after_map[s] = cfk__cm_state((s & 63) * 1024 + 512, 6);
    for (uint32_t i = 0; i < CFK__CM_LIVE; i++)
        memcpy(c->maps[i], c->after_map, sizeof c->maps[i]);
    for (uint32_t i = 0; i < CFK__CM_CLASSES; i++)
        for (uint32_t s = 0; s < CFK__CM_STEPS * CFK__CM_STEPS; s++) {
            uint32_t zeros = means[s / CFK__CM_STEPS] * 32u + doubts[i];
            uint32_t ones = means[s % CFK__CM_STEPS] * 32u + doubts[i];

            c->counts[i][s] = cfk__cm_state(65536 * ones / (zeros + ones), 6);
        }
}

/* Make counters of what came after a byte in the old version. */
static void fill(uint16_t *row, uint32_t *counts)
{
    uint32_t sums[512];

    memcpy(sums + 256, counts, 256 * sizeof *counts);
    for (uint32_t node = 255; node > 0; node--) {
        uint32_t total = sums[2 * node] + sums[2 * node + 1];
        uint32_t p =
            (uint32_t)((sums[2 * node + 1] * UINT64_C(8190) + 4095) / (2 * total + 2));

        sums[node] = total;
        row[node] = (uint16_t)(p << 4 | (total < COUNTER_LIMIT ? total : COUNTER_LIMIT));
    }
}

void cfk__cm_contexts_begin(struct cfk__cm_contexts *c, const struct cfk__cm_source *s,
                            const uint8_t *data, uint8_t last)
{
    c->after_row = c->after[last];
    if (!c->filled[last]) {
        uint32_t counts[256] = { 0 };

        cfk__cm_source_after(s, data, last, counts);
        fill(c->after_row, counts);
        c->filled[last] = true;
    }
    cfk__cm_contexts_find(c, 1);
}

/* The slot of a hash: found, or the less used of two taken over. */
static struct cfk__cm_slot *find(struct cfk__cm_contexts *c, uint32_t hash)
{
    uint16_t check = (uint16_t)(hash >> 16 | 1);
    uint32_t at = (hash * UINT32_C(0x9e3779b1)) >> 4 & c->mask;
    struct cfk__cm_slot *a = &c->slots[at];
    struct cfk__cm_slot *b = &c->slots[at ^ 1];

    if (a->check == check)
        return a;
    if (b->check == check)
        return b;
    if ((b->counters[0] & 15) < (a->counters[0] & 15))
        a = b;
    a->check = check;
    for (size_t i = 0; i < 15; i++)
        a->counters[i] = COUNTER_NEW;
    return a;
}

void cfk__cm_contexts_find(struct cfk__cm_contexts *c, uint32_t partial)
{
    for (uint32_t i = 0; i < CFK__CM_LIVE; i++) {
        uint32_t hash = c->hashes[i];

        if (partial != 1)
            hash = (hash + partial) * UINT32_C(0x85ebca6b) ^ hash >> 15;
        c->at[i] = find(c, hash);
    }
}

static uint32_t half_node(uint32_t node)
{
    return node < 16    ? node
           : node < 32  ? 1
           : node < 64  ? 2 | (node & 1)
           : node < 128 ? 4 | (node & 3)
                        : 8 | (node & 7);
}

static uint32_t map_index(uint16_t counter)
{
    return (counter & 15u) << 6 | counter >> 10;
}

/* Two inputs of a counter. */
static int16_t *counter_inputs(const struct cfk__cm_math *math, uint16_t counter,
                               uint32_t state, int16_t *in)
{
    int32_t seen = counter & 15;

    in[0] = seen == 0 ? 0 : cfk__cm_mix_input(math, cfk__cm_state_p(state));
    in[1] = (int16_t)(seen == 0 ? 0 : ((counter >> 4) - 2048) * (seen + 1) >> 5);
    return in + 2;
}

void cfk__cm_contexts_inputs(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                             struct cfk__cm_source *s, uint32_t node, unsigned shift,
                             int16_t *in)
{
    struct cfk__cm_seen times[2];
    uint32_t half = half_node(node);
    uint16_t after = c->after_row[node];

    cfk__cm_source_count(s, node, shift, times);
    for (uint32_t i = 0; i < CFK__CM_CLASSES; i++, in++) {
        uint32_t *state = &c->counts[i][step(times[0].times[i]) * CFK__CM_STEPS +
                                        step(times[1].times[i])];

        c->count_at[i] = state == c->counts[i] ? NULL : state;
        *in =
            state == c->counts[i] ? 0 : cfk__cm_mix_input(math, cfk__cm_state_p(*state));
    }
    c->after_map_at = &c->after_map[map_index(after)];
    in = counter_inputs(math, after, *c->after_map_at, in);
    for (uint32_t i = 0; i < CFK__CM_LIVE; i++) {
        uint16_t counter = c->at[i]->counters[half - 1];

        c->map_at[i] = &c->maps[i][map_index(counter)];
        in = counter_inputs(math, counter, *c->map_at[i], in);
    }
}

void cfk__cm_contexts_learn(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint32_t node, unsigned bit)
{
    uint32_t half = half_node(node);

    for (uint32_t i = 0; i < CFK__CM_CLASSES; i++)
        if (c->count_at[i] != NULL)
            cfk__cm_state_update(math, c->count_at[i], bit, COUNT_LIMIT);
    cfk__cm_state_update(math, c->after_map_at, bit, MAP_LIMIT);
    cfk__cm_counter_update(math, &c->after_row[node], bit, COUNTER_LIMIT);
    for (uint32_t i = 0; i < CFK__CM_LIVE; i++) {
        cfk__cm_state_update(math, c->map_at[i], bit, MAP_LIMIT);
        cfk__cm_counter_update(math, &c->at[i]->counters[half - 1], bit, COUNTER_LIMIT);
    }
}
