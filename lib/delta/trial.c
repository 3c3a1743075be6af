/* SPDX-License-Identifier: MIT */
#include "delta/trial.h"

#include "base/alloc.h"
#include "base/error.h"
#include "delta/load.h"
#include "delta/log2.h"

#include <string.h>

enum {
    KEY = 8,
    PLACES_LOG_MIN = 8,
    PLACES_LOG_MAX = 17,
    STRIDE_MIN = 4,    /* between places of the old version */
    SKIP_LOG = 6,      /* after 2^this bytes without a match, every second is tried */
    COUNTED = 16384,   /* bytes whose frequencies tell what one costs */
    COPY_COST = 832,   /* lengths and offset of a copy in 1/256 byte, */
    FRAME_COST = 3328, /* and what is there in any case */
};

/* The entropy of single bytes, in 1/256 byte. */
static uint32_t literal_cost(struct cfk__span data)
{
    size_t step = data.size / COUNTED + 1;
    uint32_t counts[256] = { 0 };
    uint32_t total = 0;
    uint64_t bits = 0;

    for (size_t at = 0; at < data.size; at += step, total++)
        counts[data.data[at]]++;
    for (int c = 0; c < 256; c++)
        if (counts[c] > 0)
            bits +=
                (uint64_t)counts[c] * (cfk__log2_256(total) - cfk__log2_256(counts[c]));
    return total > 0 ? (uint32_t)(bits / total / 8) : 0;
}

int cfk__trial_init(struct cfk__trial *t, struct cfk__span data,
                    const struct cfk_alloc *alloc)
{
    *t = (struct cfk__trial){ .alloc = alloc,
                              .data = data,
                              .literal_cost = literal_cost(data) };
    t->places = cfk__malloc(alloc, sizeof t->places[0] << PLACES_LOG_MAX);
    return t->places != NULL ? CFK_OK : CFK_E_NOMEM;
}

void cfk__trial_free(struct cfk__trial *t)
{
    cfk__free(t->alloc, t->places);
}

static size_t bucket(const uint8_t *p, unsigned log)
{
    return (size_t)(cfk__load64le(p) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - log));
}

/* Places are counted in strides, from 1. */
static unsigned index_old(struct cfk__trial *t, struct cfk__span old, size_t *stride)
{
    unsigned log = PLACES_LOG_MIN;
    uint32_t place = 1;

    *stride = STRIDE_MIN;
    while (old.size / *stride > (size_t)1 << PLACES_LOG_MAX)
        *stride *= 2;
    while (log < PLACES_LOG_MAX && (size_t)1 << log < old.size / *stride)
        log++;
    memset(t->places, 0, sizeof t->places[0] << log);
    for (size_t at = 0; at + KEY <= old.size; at += *stride)
        t->places[bucket(old.data + at, log)] = place++;
    return log;
}

/* A place in old with the 8 bytes at at: in line with the last copy, or by the index. */
static bool find(const struct cfk__trial *t, struct cfk__span old, unsigned log,
                 size_t stride, size_t at, size_t drift, size_t *place)
{
    const uint8_t *p = t->data.data + at;
    uint32_t entry;

    *place = at + drift; /* modulo the address space */
    if (old.size >= KEY && *place <= old.size - KEY &&
        memcmp(old.data + *place, p, KEY) == 0)
        return true;
    entry = t->places[bucket(p, log)];
    *place = (size_t)(entry - 1) * stride;
    return entry != 0 && memcmp(old.data + *place, p, KEY) == 0;
}

uint64_t cfk__trial_estimate(struct cfk__trial *t, struct cfk__span old)
{
    size_t size = t->data.size;
    size_t done = 0; /* what is before is copied, or counted as literals */
    size_t drift = 0;
    size_t stride;
    unsigned log = index_old(t, old, &stride);
    uint64_t literals = 0;
    uint64_t copies = 0;
    size_t at = 0;

    while (at + KEY <= size) {
        size_t place;
        size_t back;
        size_t most;

        if (!find(t, old, log, stride, at, drift, &place)) {
            at += 1 + ((at - done) >> SKIP_LOG);
            continue;
        }
        most = at - done < place ? at - done : place;
        back = cfk__common_back(t->data.data + at, old.data + place, most);
        most = size - at < old.size - place ? size - at : old.size - place;
        literals += at - back - done;
        copies++;
        drift = place - at;
        at += cfk__common(t->data.data + at, old.data + place, most);
        done = at;
    }
    literals += size - done;
    return (literals * t->literal_cost + copies * COPY_COST + FRAME_COST) / 256;
}
