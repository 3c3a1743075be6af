/* SPDX-License-Identifier: MIT */
#include "delta/cm_source.h"

#include "base/alloc.h"
#include "delta/load.h"

#include <string.h>

enum {
    PAIRS = 65536,
    LONG = 8, /* bytes before a place that are compared */
    DEEP_BYTES = 4,
    NEW_LOG = 12,
    LOG_MIN = 10,
    LOG_MAX = 20,
    WORD_MIN = 2,
};

static uint32_t log2_of(size_t old_size)
{
    uint32_t log = LOG_MIN;

    while (log < LOG_MAX && (size_t)1 << log < old_size)
        log++;
    return log;
}

uint64_t cfk__cm_source_memory(size_t old_size, size_t new_size)
{
    return sizeof(uint32_t) * (2 * (uint64_t)old_size + new_size + PAIRS + 1 +
                               (UINT64_C(1) << log2_of(old_size)) + (1u << NEW_LOG));
}

static uint32_t pair_before(const uint8_t *p)
{
    return (uint32_t)p[-1] << 8 | p[-2];
}

static uint32_t deep_slot(const struct cfk__cm_source *s, const uint8_t *p)
{
    return cfk__load32le(p - DEEP_BYTES) * UINT32_C(0x9e3779b1) >> s->head_shift;
}

static uint32_t new_slot(const uint8_t *p)
{
    return pair_before(p) * UINT32_C(0x9e3779b1) >> (32 - NEW_LOG);
}

static void sort(struct cfk__cm_source *s, const uint8_t *data)
{
    uint32_t sum = 0;

    for (size_t i = LONG; i < s->old_size; i++)
        s->starts[pair_before(data + i)]++;
    for (uint32_t i = 0; i <= PAIRS; i++) {
        uint32_t count = s->starts[i];

        s->starts[i] = sum;
        sum += count;
    }
    for (size_t i = LONG; i < s->old_size; i++) {
        uint32_t slot = deep_slot(s, data + i);

        s->places[s->starts[pair_before(data + i)]++] = (uint32_t)i;
        s->before[i] = s->head[slot];
        s->head[slot] = (uint32_t)i;
    }
    memmove(s->starts + 1, s->starts, PAIRS * sizeof s->starts[0]);
    s->starts[0] = 0;
}

bool cfk__cm_source_init(struct cfk__cm_source *s, const struct cfk_alloc *alloc,
                         const uint8_t *data, size_t old_size, size_t new_size)
{
    uint32_t log = log2_of(old_size);

    s->old_size = old_size;
    s->head_shift = 32 - log;
    s->starts = cfk__calloc(alloc, PAIRS + 1, sizeof(uint32_t));
    s->places = cfk__realloc(alloc, NULL, old_size, sizeof(uint32_t));
    s->before = cfk__realloc(alloc, NULL, old_size, sizeof(uint32_t));
    s->head = cfk__calloc(alloc, (size_t)1 << log, sizeof(uint32_t));
    s->new_head = cfk__calloc(alloc, 1u << NEW_LOG, sizeof(uint32_t));
    s->new_before = cfk__realloc(alloc, NULL, new_size, sizeof(uint32_t));
    if (s->starts == NULL || s->places == NULL || s->before == NULL || s->head == NULL ||
        s->new_head == NULL || s->new_before == NULL)
        return false;
    sort(s, data);
    return true;
}

void cfk__cm_source_free(struct cfk__cm_source *s, const struct cfk_alloc *alloc)
{
    cfk__free(alloc, s->starts);
    cfk__free(alloc, s->places);
    cfk__free(alloc, s->before);
    cfk__free(alloc, s->head);
    cfk__free(alloc, s->new_head);
    cfk__free(alloc, s->new_before);
}

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 32) - 'a') < 26 || (uint8_t)(byte - '0') < 10 || byte >= 128;
}

static uint32_t word_length(const uint8_t *end)
{
    uint32_t n = 0;

    while (n < LONG - 1 && is_letter(end[-1 - (ptrdiff_t)n]))
        n++;
    return n;
}

/* Bytes before p that are those before the end, whose last ones are here; at most 8. */
static uint32_t agreeing(const uint8_t *p, uint64_t here)
{
    uint64_t other = cfk__load64le(p - LONG) ^ here;

    return other == 0 ? LONG : (uint32_t)__builtin_clzll(other) >> 3;
}

struct look {
    const uint8_t *data;
    uint64_t here; /* the last bytes, the newest highest */
    uint32_t word;
};

/* What a place counts for, by agreeing bytes. */
#define OLD(three)                                                                       \
    {                                                                                    \
        1, three                                                                         \
    }
#define DEEP(five, six, eight)                                                           \
    {                                                                                    \
        0, 0, 1, five, six, eight                                                        \
    }
#define NEW(three, four, six)                                                            \
    {                                                                                    \
        0, 0, 0, 0, 0, 0, 1, three, four, six                                            \
    }

static const struct cfk__cm_seen old_worth[9] = {
    [2] = { OLD(0) }, [3] = { OLD(1) }, [4] = { OLD(1) }, [5] = { OLD(1) },
    [6] = { OLD(1) }, [7] = { OLD(1) }, [8] = { OLD(1) },
};
static const struct cfk__cm_seen deep_worth[9] = {
    [4] = { DEEP(0, 0, 0) }, [5] = { DEEP(1, 0, 0) }, [6] = { DEEP(1, 1, 0) },
    [7] = { DEEP(1, 1, 0) }, [8] = { DEEP(1, 1, 1) },
};
static const struct cfk__cm_seen new_worth[9] = {
    [2] = { NEW(0, 0, 0) }, [3] = { NEW(1, 0, 0) }, [4] = { NEW(1, 1, 0) },
    [5] = { NEW(1, 1, 0) }, [6] = { NEW(1, 1, 1) }, [7] = { NEW(1, 1, 1) },
    [8] = { NEW(1, 1, 1) },
};

static struct cfk__cm_seen *see(struct cfk__cm_source *s, uint8_t byte,
                                const struct cfk__cm_seen *worth)
{
    uint32_t row = s->row[byte];
    struct cfk__cm_seen *e;

    if (row >= s->count || s->bytes[row] != byte) {
        row = s->count++;
        s->row[byte] = (uint8_t)row;
        s->bytes[row] = byte;
        s->seen[row] = *worth;
        return &s->seen[row];
    }
    e = &s->seen[row];
    for (int i = 0; i < CFK__CM_CLASS_ROOM; i++)
        e->times[i] += worth->times[i];
    return e;
}

/* The same, and whether it was after the same word. */
static void see_text(struct cfk__cm_source *s, const struct look *l, size_t place,
                     const struct cfk__cm_seen worth[9])
{
    uint32_t agree = agreeing(l->data + place, l->here);
    struct cfk__cm_seen *e;

    if (agree < 2)
        return;
    if (agree > s->best)
        s->best = agree;
    e = see(s, l->data[place], &worth[agree]);
    if (l->word >= WORD_MIN && agree >= l->word &&
        (l->word == LONG - 1 || !is_letter(l->data[place - l->word - 1])))
        e->times[CFK__CM_WORD]++;
}

/* Where among places from .. end those behind close_to begin. */
static uint32_t search(const struct cfk__cm_source *s, uint32_t from, uint32_t end,
                       size_t close_to)
{
    while (from < end) {
        uint32_t middle = from + (end - from) / 2;

        if (s->places[middle] < close_to)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

static void look_old(struct cfk__cm_source *s, const struct look *l, uint32_t pair,
                     size_t close_to)
{
    uint32_t from = s->starts[pair];
    uint32_t end = s->starts[pair + 1];

    if (end - from > CFK__CM_SEEN_OLD) {
        uint32_t at = search(s, from, end, close_to);

        if (at > from + CFK__CM_SEEN_OLD / 2)
            from = at - CFK__CM_SEEN_OLD / 2;
        if (end - from > CFK__CM_SEEN_OLD)
            end = from + CFK__CM_SEEN_OLD;
        else
            from = end - CFK__CM_SEEN_OLD;
    }
    for (; from < end; from++)
        see_text(s, l, s->places[from], old_worth);
}

void cfk__cm_source_look(struct cfk__cm_source *s, const struct cfk__cm_history *h,
                         size_t close_to)
{
    const uint8_t *end = h->data + h->size;
    struct look l = { .data = h->data };
    uint32_t place;
    uint32_t links;

    s->count = 0;
    s->best = 0;
    if (h->size < LONG)
        return;
    l.here = cfk__load64le(end - LONG);
    l.word = word_length(end);
    place = s->new_head[new_slot(end)];
    for (links = CFK__CM_SEEN_NEW; place != 0 && links > 0; links--) {
        see_text(s, &l, place, new_worth);
        place = s->new_before[place - s->old_size];
    }
    place = s->head[deep_slot(s, end)];
    for (links = CFK__CM_SEEN_DEEP; place != 0 && links > 0; links--) {
        uint32_t agree = agreeing(h->data + place, l.here);

        if (agree >= DEEP_BYTES) {
            if (agree > s->best)
                s->best = agree;
            see(s, l.data[place], &deep_worth[agree]);
        }
        place = s->before[place];
    }
    look_old(s, &l, pair_before(end), close_to);
}

void cfk__cm_source_count(struct cfk__cm_source *s, uint32_t node, unsigned shift,
                          struct cfk__cm_seen times[2])
{
    uint32_t kept = 0;

    memset(times, 0, 2 * sizeof *times);
    for (uint32_t i = 0; i < s->count; i++) {
        uint8_t byte = s->bytes[i];
        uint8_t *sum = times[byte >> shift & 1].times;

        if ((byte | 256u) >> (shift + 1) != node)
            continue;
        for (int j = 0; j < CFK__CM_CLASS_ROOM; j++)
            sum[j] += s->seen[i].times[j];
        s->bytes[kept] = byte;
        s->seen[kept++] = s->seen[i];
    }
    s->count = kept;
}

void cfk__cm_source_add(struct cfk__cm_source *s, const struct cfk__cm_history *h)
{
    size_t place = h->size - 1;
    uint32_t *head;

    if (place < LONG)
        return;
    head = &s->new_head[new_slot(h->data + place)];
    s->new_before[place - s->old_size] = *head;
    *head = (uint32_t)place;
}

void cfk__cm_source_after(const struct cfk__cm_source *s, const uint8_t *data,
                          uint8_t byte, uint32_t *counts)
{
    uint32_t end = s->starts[(uint32_t)byte * 256 + 256];

    for (uint32_t i = s->starts[(uint32_t)byte * 256]; i < end; i++)
        counts[data[s->places[i]]]++;
}
