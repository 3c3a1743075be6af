/* SPDX-License-Identifier: MIT */
/*
 * Long keys find where to look in the old version, short ones what else is worth a
 * copy. Chains are walked for a bounded number of steps, so that no input takes long;
 * a large old version is indexed at every stride-th position, and its matches are
 * extended backwards.
 */
#include "delta/vcdiff_match.h"

#include "base/alloc.h"

#include <string.h>

enum {
    KEY_LONG = 8,
    KEY_SHORT = 4,
    ENTRIES_MAX = 1 << 24, /* of the old version */
    SHORT_MAX = 1 << 25,   /* bytes of one that has short keys too */
    HEADS_LOG_MIN = 8,
    HEADS_LOG_MAX = 22,
    BACK_MAX = 1024, /* bytes that a match is extended backwards */
    COPY_CODE = 1,   /* byte of the instruction */
    GAIN_MIN = 2,
    LONG_MATCH = 64, /* bytes that are no coincidence, */
    LONG_STEPS = 4,  /* looked for in so many places */
};

static uint64_t load(const uint8_t *p, uint32_t key)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < KEY_SHORT; i++)
        value |= (uint64_t)p[i] << (8 * i);
    if (key == KEY_LONG)
        for (uint32_t i = KEY_SHORT; i < KEY_LONG; i++)
            value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static size_t bucket(const struct cfk__match_index *x, const uint8_t *p)
{
    return (size_t)(load(p, x->key) * UINT64_C(0x9e3779b97f4a7c15) >>
                    (64 - x->heads_log));
}

static int index_init(struct cfk__match_index *x, size_t size, uint32_t key,
                      uint32_t stride, const struct cfk_alloc *alloc)
{
    size_t entries = size / stride + 1;

    x->key = key;
    x->stride = stride;
    x->heads_log = HEADS_LOG_MIN;
    while (x->heads_log < HEADS_LOG_MAX && (size_t)1 << x->heads_log < entries)
        x->heads_log++;
    x->heads = cfk__calloc(alloc, (size_t)1 << x->heads_log, sizeof x->heads[0]);
    x->next = cfk__calloc(alloc, entries, sizeof x->next[0]);
    return x->heads != NULL && x->next != NULL ? CFK_OK : CFK_E_NOMEM;
}

static void index_add(struct cfk__match_index *x, size_t at)
{
    size_t b;
    size_t entry = at / x->stride;

    if (x->bytes.size < x->key || at > x->bytes.size - x->key)
        return;
    b = bucket(x, x->bytes.data + at);
    x->next[entry] = x->heads[b];
    x->heads[b] = (uint32_t)entry + 1;
}

static void index_free(struct cfk__match_index *x, const struct cfk_alloc *alloc)
{
    cfk__free(alloc, x->heads);
    cfk__free(alloc, x->next);
}

int cfk__matcher_init(struct cfk__matcher *m, struct cfk__span old, size_t window_max,
                      const struct cfk__match_effort *effort,
                      const struct cfk_alloc *alloc)
{
    uint32_t stride = 1;
    int rc;

    *m = (struct cfk__matcher){ .alloc = alloc, .effort = *effort };
    while (old.size / stride > ENTRIES_MAX)
        stride *= 2;
    rc = index_init(&m->old_long, old.size, KEY_LONG, stride, alloc);
    if (rc == CFK_OK && old.size <= SHORT_MAX)
        rc = index_init(&m->old_short, old.size, KEY_SHORT, 1, alloc);
    if (rc == CFK_OK)
        rc = index_init(&m->made, window_max, KEY_SHORT, 1, alloc);
    if (rc != CFK_OK) {
        cfk__matcher_free(m);
        return rc;
    }
    m->old_long.bytes = old;
    for (size_t at = 0; at < old.size; at += stride)
        index_add(&m->old_long, at);
    if (m->old_short.heads != NULL) {
        m->old_short.bytes = old;
        for (size_t at = 0; at < old.size; at++)
            index_add(&m->old_short, at);
    }
    return CFK_OK;
}

void cfk__matcher_free(struct cfk__matcher *m)
{
    index_free(&m->old_long, m->alloc);
    index_free(&m->old_short, m->alloc);
    index_free(&m->made, m->alloc);
    *m = (struct cfk__matcher){ 0 };
}

void cfk__matcher_window(struct cfk__matcher *m, struct cfk__span window, size_t at,
                         size_t size)
{
    const struct cfk__span *old = &m->old_long.bytes;

    memset(m->made.heads, 0, sizeof m->made.heads[0] << m->made.heads_log);
    m->made.bytes = window;
    m->segment_at = at;
    m->segment = (struct cfk__span){ size > 0 ? old->data + at : old->data, size };
}

void cfk__matcher_pass(struct cfk__matcher *m, size_t at)
{
    index_add(&m->made, at);
}

/* How many bytes are the same at a and b, of limit. */
static size_t same_ahead(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t n = 0;

    while (limit - n >= 8 && memcmp(a + n, b + n, 8) == 0)
        n += 8;
    while (n < limit && a[n] == b[n])
        n++;
    return n;
}

static uint32_t size_cost(size_t size)
{
    uint32_t cost = 0;

    if (size <= 18) /* in the code itself */
        return 0;
    do {
        cost++;
        size >>= 7;
    } while (size > 0);
    return cost;
}

/* Judge a place in bytes, which start at the address base, against the best so far. */
static void consider(const struct cfk__matcher *m, const struct cfk__match_query *q,
                     struct cfk__span bytes, uint64_t base, size_t place,
                     struct cfk__match *best)
{
    const struct cfk__span *window = &m->made.bytes;
    size_t limit = window->size - q->at;
    size_t back = 0;
    struct cfk__match match;
    size_t ahead;

    if (limit > bytes.size - place)
        limit = bytes.size - place;
    ahead = same_ahead(bytes.data + place, window->data + q->at, limit);
    if (ahead < KEY_SHORT)
        return;
    while (back < place && back < q->at - q->floor && back < BACK_MAX &&
           bytes.data[place - back - 1] == window->data[q->at - back - 1])
        back++;
    match.from = q->at - back;
    match.size = ahead + back;
    match.address = base + place - back;
    match.gain = (int64_t)match.size - COPY_CODE - size_cost(match.size) -
                 q->cost(q->ctx, match.address, match.from);
    if (match.gain >= GAIN_MIN && match.gain > best->gain)
        *best = match;
}

/* Along a chain of places in the bytes that start at from of those that are indexed. */
static void search(const struct cfk__matcher *m, const struct cfk__match_query *q,
                   const struct cfk__match_index *x, struct cfk__span bytes, size_t from,
                   uint64_t base, struct cfk__match *best)
{
    const struct cfk__span *window = &m->made.bytes;
    uint32_t left = m->effort.depth;
    uint32_t entry;

    if (x->heads == NULL || window->size - q->at < x->key)
        return;
    entry = x->heads[bucket(x, window->data + q->at)];
    while (entry != 0 && left-- > 0 && best->size < m->effort.nice) {
        size_t place = (size_t)(entry - 1) * x->stride;

        if (place >= from && place - from < bytes.size)
            consider(m, q, bytes, base, place - from, best);
        entry = x->next[entry - 1];
    }
}

struct cfk__match cfk__matcher_find(const struct cfk__matcher *m,
                                    const struct cfk__match_query *query)
{
    struct cfk__span old = m->segment;
    struct cfk__match best = { 0 };

    if (query->at >= m->made.bytes.size)
        return best;
    if (query->expected < old.size)
        consider(m, query, old, 0, (size_t)query->expected, &best);
    if (query->home != query->expected && query->home < old.size)
        consider(m, query, old, 0, (size_t)query->home, &best);
    if (best.size < m->effort.nice)
        search(m, query, &m->old_long, old, m->segment_at, 0, &best);
    if (best.size < m->effort.nice)
        search(m, query, &m->made, m->made.bytes, 0, old.size, &best);
    if (best.size < m->effort.nice)
        search(m, query, &m->old_short, old, m->segment_at, 0, &best);
    return best;
}

static bool long_match(struct cfk__span old, size_t place, struct cfk__span window,
                       size_t at)
{
    return place < old.size && old.size - place >= LONG_MATCH &&
           window.size - at >= LONG_MATCH &&
           memcmp(old.data + place, window.data + at, LONG_MATCH) == 0;
}

/* A run is everywhere, and tells nothing. */
static bool is_run(const uint8_t *p)
{
    return memcmp(p, p + 1, LONG_MATCH - 1) == 0;
}

size_t cfk__matcher_home(const struct cfk__matcher *m, struct cfk__span window,
                         size_t place)
{
    const struct cfk__match_index *x = &m->old_long;

    if (window.size < LONG_MATCH || long_match(x->bytes, place, window, 0))
        return place;
    for (size_t at = 0; at <= window.size - LONG_MATCH; at++) {
        uint32_t entry;

        if (is_run(window.data + at))
            continue;
        entry = x->heads[bucket(x, window.data + at)];
        for (int left = LONG_STEPS; entry != 0 && left > 0; left--) {
            size_t found = (size_t)(entry - 1) * x->stride;

            if (long_match(x->bytes, found, window, at))
                return found > at ? found - at : 0;
            entry = x->next[entry - 1];
        }
    }
    return place;
}
