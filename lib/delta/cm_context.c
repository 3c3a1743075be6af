/* SPDX-License-Identifier: MIT */
#include "delta/cm_context.h"

#include <string.h>

enum {
    COUNTER_NEW = 2048 << 4,
    COUNTER_LIMIT = 12,
    MAP_LIMIT = 200,
};

void cfk__cm_contexts_init(struct cfk__cm_contexts *c, struct cfk__cm_slot *slots,
                           uint32_t count)
{
    memset(c, 0, sizeof *c);
    c->slots = slots;
    c->mask = count - 1;
    for (uint32_t i = 0; i < CFK__CM_CONTEXTS; i++) {
        for (uint32_t s = 0; s < CFK__CM_MAP; s++) {
            uint32_t p = (s & 63) * 1024 + 512;

            c->maps[i][s] = cfk__cm_state(p, 6);
        }
    }
}

void cfk__cm_words_next(struct cfk__cm_words *w, uint8_t byte)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  byte >= 128 || (byte >= '0' && byte <= '9');

    if (letter) {
        w->word = (w->word + byte + 1) * UINT32_C(0x2f0b4c47);
    } else if (w->word != 0) {
        w->before = w->word;
        w->word = 0;
    }
}

void cfk__cm_contexts_trained(struct cfk__cm_contexts *c, uint64_t last,
                              const struct cfk__cm_words *words)
{
    uint32_t *h = c->hashes;

    h[0] = cfk__cm_hash(last & 0xff, 1);
    h[1] = cfk__cm_hash(last & 0xffff, 2);
    h[2] = cfk__cm_hash(last & 0xffffff, 3);
    h[3] = cfk__cm_hash(last & 0xffffffff, 4);
    h[4] = cfk__cm_hash(last & UINT64_C(0xffffffffff), 5);
    h[5] = cfk__cm_hash(last & UINT64_C(0xffffffffffffff), 6);
    h[6] = cfk__cm_hash((uint64_t)words->word << 8 | (last & 0xff), 7);
    h[7] = cfk__cm_hash((uint64_t)words->word << 32 | words->before, 8);
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

void cfk__cm_contexts_find(struct cfk__cm_contexts *c, uint32_t count, uint32_t partial)
{
    uint32_t known = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t hash = c->hashes[i];

        if (partial != 1)
            hash = (hash + partial) * UINT32_C(0x85ebca6b) ^ hash >> 15;
        c->at[i] = find(c, hash);
        if (i < CFK__CM_TRAINED)
            known += (c->at[i]->counters[0] & 15) != 0;
    }
    c->known = known;
}

static uint32_t *map_of(struct cfk__cm_contexts *c, uint32_t i, uint16_t counter)
{
    return &c->maps[i][(counter & 15) << 6 | counter >> 10];
}

void cfk__cm_contexts_inputs(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                             uint32_t node, int32_t *in)
{
    for (uint32_t i = 0; i < CFK__CM_CONTEXTS; i++) {
        uint16_t counter = c->at[i]->counters[node - 1];
        unsigned seen = counter & 15;

        c->map_at[i] = map_of(c, i, counter);
        if (seen == 0) {
            *in++ = 0;
            *in++ = 0;
            continue;
        }
        *in++ = cfk__cm_stretch(math, cfk__cm_state_p(*c->map_at[i]));
        *in++ = ((counter >> 4) - 2048) * (int32_t)(seen + 1) >> 4;
    }
}

void cfk__cm_contexts_learn(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint32_t node, unsigned bit)
{
    for (uint32_t i = 0; i < CFK__CM_CONTEXTS; i++) {
        cfk__cm_state_update(math, c->map_at[i], bit, MAP_LIMIT);
        cfk__cm_counter_update(math, &c->at[i]->counters[node - 1], bit, COUNTER_LIMIT);
    }
}

void cfk__cm_contexts_train(struct cfk__cm_contexts *c, const struct cfk__cm_math *math,
                            uint8_t byte)
{
    for (int half = 0; half < 2; half++) {
        unsigned bits = half == 0 ? byte >> 4 : byte & 15u;

        cfk__cm_contexts_find(c, CFK__CM_TRAINED, half == 0 ? 1 : 16u | byte >> 4);
        for (uint32_t i = 0; i < CFK__CM_TRAINED; i++) {
            uint32_t node = 1;

            for (int shift = 3; shift >= 0; shift--) {
                unsigned bit = bits >> shift & 1;
                uint16_t *counter = &c->at[i]->counters[node - 1];

                cfk__cm_state_update(math, map_of(c, i, *counter), bit, MAP_LIMIT);
                cfk__cm_counter_update(math, counter, bit, COUNTER_LIMIT);
                node = node << 1 | bit;
            }
        }
    }
}
