/* SPDX-License-Identifier: MIT */
#include "delta/cm_state.h"

#include "base/alloc.h"

#include <string.h>

enum {
    RUN_ALIGNED = 16, /* bytes that agree from which a matcher is followed */
    RUN_LONGEST = 20,
    SLOTS_LOG_MIN = 12,
    SLOTS_LOG_MAX = 21,
    TABLE_LOG_MIN = 10,
    TABLE_LOG_MAX = 22,
};

/* The size of tables, as logarithms. */
struct sizes {
    uint32_t slots;
    uint32_t longest;
    uint32_t edited;
};

static uint32_t log2_up(uint64_t value, uint32_t least, uint32_t most)
{
    uint32_t log = least;

    while (log < most && UINT64_C(1) << log < value)
        log++;
    return log;
}

static struct sizes sizes_of(size_t old_size, size_t new_size)
{
    struct sizes s;

    s.slots = log2_up(new_size / 16, SLOTS_LOG_MIN, SLOTS_LOG_MAX);
    s.longest = log2_up((uint64_t)old_size + new_size, TABLE_LOG_MIN, TABLE_LOG_MAX);
    s.edited = log2_up(new_size / 4, TABLE_LOG_MIN, TABLE_LOG_MAX);
    return s;
}

uint64_t cfk__cm_model_memory(size_t old_size, size_t new_size)
{
    struct sizes s = sizes_of(old_size, new_size);

    return sizeof(struct cfk__cm_model) + (sizeof(struct cfk__cm_slot) << s.slots) +
           (sizeof(uint32_t) << s.longest) + (sizeof(uint32_t) << s.edited) +
           256 * 256 * sizeof(uint16_t) + cfk__cm_source_memory(old_size, new_size);
}

static void append(struct cfk__cm_model *m, uint8_t byte)
{
    m->data[m->history.size++] = byte;
    m->history.last = m->history.last << 8 | byte;
}

static uint32_t *follow_of(struct cfk__cm_model *m, uint32_t i, uint32_t length)
{
    uint32_t with = cfk__cm_agreement(m, i);

    return &m->follow[i][with][length < CFK__CM_FOLLOW_LENGTHS
                                   ? length
                                   : CFK__CM_FOLLOW_LENGTHS - 1];
}

/* Follow the matcher that is surest, if any is sure enough. */
static bool begin_run(struct cfk__cm_model *m)
{
    uint32_t best = 0;
    bool found = false;

    for (uint32_t i = 0; i < CFK__CM_MATCHERS; i++) {
        const struct cfk__cm_match *match = &m->matches.of[i];

        m->follow_at[i] = NULL;
        if (!match->valid)
            continue;
        m->follow_at[i] = follow_of(m, i, match->length);
        if (cfk__cm_state_p(*m->follow_at[i]) < best ||
            match->length < (i == CFK__CM_LONGEST ? RUN_LONGEST : RUN_ALIGNED))
            continue;
        best = cfk__cm_state_p(*m->follow_at[i]);
        cfk__cm_run_begin(&m->run, match->at, match->length);
        m->run_kind = i;
        found = true;
    }
    return found;
}

static void follow_learn(struct cfk__cm_model *m, uint8_t byte)
{
    for (uint32_t i = 0; i < CFK__CM_MATCHERS; i++)
        if (m->follow_at[i] != NULL)
            cfk__cm_state_update(&m->math, m->follow_at[i],
                                 m->data[m->matches.of[i].at] == byte, 250);
}

static void next_byte(struct cfk__cm_model *m)
{
    m->running = begin_run(m);
    if (!m->running)
        cfk__cm_byte_begin(m);
}

struct cfk__cm_model *cfk__cm_model_new(const struct cfk_alloc *alloc, uint8_t *buffer,
                                        size_t old_size, size_t new_size)
{
    struct sizes s = sizes_of(old_size, new_size);
    struct cfk__cm_model *m = cfk__calloc(alloc, 1, sizeof *m);
    struct cfk__cm_slot *slots;
    uint16_t(*after)[256];

    if (m == NULL)
        return NULL;
    m->alloc = *cfk__alloc_or_default(alloc);
    m->data = buffer;
    m->history.data = buffer;
    m->history.old_size = old_size;
    m->history.size = old_size;
    slots = cfk__calloc(alloc, (size_t)1 << s.slots, sizeof *slots);
    after = cfk__calloc(alloc, 256, sizeof *after);
    cfk__cm_contexts_init(&m->contexts, after, slots, UINT32_C(1) << s.slots);
    m->matches.longest = cfk__calloc(alloc, (size_t)1 << s.longest, sizeof(uint32_t));
    m->matches.edited = cfk__calloc(alloc, (size_t)1 << s.edited, sizeof(uint32_t));
    if (!cfk__cm_source_init(&m->source, alloc, buffer, old_size, new_size) ||
        slots == NULL || after == NULL || m->matches.longest == NULL ||
        m->matches.edited == NULL) {
        cfk__cm_model_free(m);
        return NULL;
    }
    m->matches.longest_shift = 32 - s.longest;
    m->matches.edited_shift = 32 - s.edited;
    cfk__cm_math_init(&m->math);
    cfk__cm_run_init(&m->run);
    cfk__cm_byte_init(m);
    cfk__cm_matches_index(&m->matches, &m->history);
    m->run.broken = old_size;
    if (old_size > 0) {
        m->running = true;
        cfk__cm_run_begin(&m->run, 0, 31);
    } else {
        cfk__cm_byte_begin(m);
    }
    return m;
}

void cfk__cm_model_free(struct cfk__cm_model *m)
{
    struct cfk_alloc alloc;

    if (m == NULL)
        return;
    alloc = m->alloc;
    cfk__free(&alloc, m->contexts.slots);
    cfk__free(&alloc, m->matches.longest);
    cfk__free(&alloc, m->matches.edited);
    cfk__free(&alloc, m->contexts.after);
    cfk__cm_source_free(&m->source, &alloc);
    cfk__free(&alloc, m);
}

size_t cfk__cm_model_known(const struct cfk__cm_model *m)
{
    return m->history.size - m->history.old_size;
}

uint32_t cfk__cm_model_predict(struct cfk__cm_model *m)
{
    uint32_t p;

    if (!m->running)
        return cfk__cm_byte_predict(m);
    p = cfk__cm_run_predict(&m->run, &m->math, &m->history,
                            cfk__cm_edited_before(&m->matches, &m->history));
    return p < 2 ? 2 : p > 65535 ? 65535 : p;
}

unsigned cfk__cm_model_decision(const struct cfk__cm_model *m, uint8_t byte)
{
    if (m->running)
        return m->data[m->run.at] == byte;
    return byte >> (7 - m->known) & 1;
}

static void learn_run(struct cfk__cm_model *m, unsigned bit)
{
    size_t at = m->run.at;

    if (m->run.length + m->run.trusted < CFK__CM_FOLLOW_LENGTHS)
        cfk__cm_state_update(&m->math,
                             &m->follow[m->run_kind][1][m->run.length + m->run.trusted],
                             bit, 250);
    cfk__cm_run_learn(&m->run, &m->math, &m->history, bit);
    if (bit) {
        append(m, m->data[at]);
        if (m->run.at < m->history.size &&
            (m->run.at != m->history.old_size || at >= m->history.old_size))
            return;
        /* the old version is at its end */
        for (int i = 0; i < CFK__CM_MATCHERS; i++)
            m->matches.of[i].valid = false;
        m->running = false;
        cfk__cm_byte_begin(m);
        return;
    }
    m->running = false;
    m->excluded = true;
    cfk__cm_matches_break(&m->matches, &m->history, at, m->run.length);
    cfk__cm_byte_begin(m);
}

void cfk__cm_model_learn(struct cfk__cm_model *m, unsigned bit)
{
    if (m->running) {
        learn_run(m, bit);
        return;
    }
    cfk__cm_byte_learn(m, bit);
    if (m->known < 8)
        return;
    follow_learn(m, (uint8_t)m->node);
    append(m, (uint8_t)m->node);
    cfk__cm_source_add(&m->source, &m->history);
    m->excluded = false;
    cfk__cm_matches_next(&m->matches, &m->history);
    next_byte(m);
}
