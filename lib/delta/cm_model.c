/* SPDX-License-Identifier: MIT */
#include "delta/cm_state.h"

#include "base/alloc.h"

#include <string.h>

enum {
    RUN_ALIGNED = 16, /* bytes that agree from which a matcher is followed */
    RUN_LONGEST = 20,
    NEAR_BLOCK_LOG = 8,
    NEAR_BEFORE = 1024,
    NEAR_BEHIND = 1024,
    WARM_UP = 64,
    SLOTS_LOG_MIN = 14,
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

static struct sizes sizes_of(size_t old_size, size_t new_size,
                             enum cfk__cm_priming priming)
{
    struct sizes s;
    uint64_t taught = priming == CFK__CM_PRIME_ALL ? (uint64_t)old_size + new_size / 8
                                                   : (uint64_t)(old_size + new_size) / 8;

    s.slots = log2_up(taught * CFK__CM_TRAINED, SLOTS_LOG_MIN, SLOTS_LOG_MAX);
    s.longest = log2_up((uint64_t)old_size + new_size, TABLE_LOG_MIN, TABLE_LOG_MAX);
    s.edited = log2_up(new_size / 4, TABLE_LOG_MIN, TABLE_LOG_MAX);
    return s;
}

static size_t blocks(size_t old_size)
{
    return (old_size >> NEAR_BLOCK_LOG) / 8 + 1;
}

uint64_t cfk__cm_model_memory(size_t old_size, size_t new_size,
                              enum cfk__cm_priming priming)
{
    struct sizes s = sizes_of(old_size, new_size, priming);

    return sizeof(struct cfk__cm_model) + (sizeof(struct cfk__cm_slot) << s.slots) +
           (sizeof(uint32_t) << s.longest) + (sizeof(uint32_t) << s.edited) +
           blocks(old_size);
}

static void learn_old(struct cfk__cm_model *m, size_t from, size_t end)
{
    struct cfk__cm_words words = { 0, 0 };
    size_t at = from > WARM_UP ? from - WARM_UP : 0;
    uint64_t last = 0;

    for (; at < end; at++) {
        if (at >= from) {
            cfk__cm_contexts_trained(&m->contexts, last, &words);
            cfk__cm_contexts_train(&m->contexts, &m->math, m->data[at]);
        }
        cfk__cm_words_next(&words, m->data[at]);
        last = last << 8 | m->data[at];
    }
}

/* Learn what was not learned yet around a place of the old version. */
static void learn_near(struct cfk__cm_model *m, size_t at)
{
    size_t old_size = m->history.old_size;
    size_t from = (at > NEAR_BEFORE ? at - NEAR_BEFORE : 0) >> NEAR_BLOCK_LOG;
    size_t end =
        (old_size - at > NEAR_BEHIND ? at + NEAR_BEHIND : old_size - 1) >> NEAR_BLOCK_LOG;

    for (size_t b = from; b <= end; b++) {
        size_t first = b << NEAR_BLOCK_LOG;
        size_t behind = first + (1u << NEAR_BLOCK_LOG);

        if ((m->learned[b / 8] >> b % 8 & 1) != 0)
            continue;
        m->learned[b / 8] |= (uint8_t)(1u << b % 8);
        learn_old(m, first, behind < old_size ? behind : old_size);
    }
}

static void append(struct cfk__cm_model *m, uint8_t byte)
{
    m->data[m->history.size++] = byte;
    m->history.last = m->history.last << 8 | byte;
    cfk__cm_words_next(&m->words, byte);
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
                                        size_t old_size, size_t new_size,
                                        enum cfk__cm_priming priming)
{
    struct sizes s = sizes_of(old_size, new_size, priming);
    struct cfk__cm_model *m = cfk__calloc(alloc, 1, sizeof *m);
    struct cfk__cm_slot *slots;

    if (m == NULL)
        return NULL;
    m->alloc = *cfk__alloc_or_default(alloc);
    m->data = buffer;
    m->history.data = buffer;
    m->history.old_size = old_size;
    m->history.size = old_size;
    slots = cfk__calloc(alloc, (size_t)1 << s.slots, sizeof *slots);
    cfk__cm_contexts_init(&m->contexts, slots, UINT32_C(1) << s.slots);
    m->matches.longest = cfk__calloc(alloc, (size_t)1 << s.longest, sizeof(uint32_t));
    m->matches.edited = cfk__calloc(alloc, (size_t)1 << s.edited, sizeof(uint32_t));
    m->learned = cfk__calloc(alloc, blocks(old_size), 1);
    if (slots == NULL || m->matches.longest == NULL || m->matches.edited == NULL ||
        m->learned == NULL) {
        cfk__cm_model_free(m);
        return NULL;
    }
    m->matches.longest_shift = 32 - s.longest;
    m->matches.edited_shift = 32 - s.edited;
    cfk__cm_math_init(&m->math);
    cfk__cm_run_init(&m->run);
    cfk__cm_byte_init(m);
    cfk__cm_matches_index(&m->matches, &m->history);
    if (priming == CFK__CM_PRIME_ALL) {
        learn_old(m, 0, old_size);
        memset(m->learned, 255, blocks(old_size));
    }
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
    cfk__free(&alloc, m->learned);
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
    if (at < m->history.old_size)
        learn_near(m, at);
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
    m->excluded = false;
    cfk__cm_matches_next(&m->matches, &m->history);
    next_byte(m);
}
