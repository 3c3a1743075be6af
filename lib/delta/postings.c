/* SPDX-License-Identifier: MIT */
#include "delta/postings.h"

#include "base/alloc.h"

enum { VALUES = CFK_DELTA_SKETCH_VALUES, HEADS_LOG_MIN = 6, HEADS_A_PAGE = 8 };

int cfk__postings_init(struct cfk__postings *p, uint32_t pages,
                       const struct cfk_alloc *alloc)
{
    unsigned log = HEADS_LOG_MIN;

    while ((uint64_t)1 << log < (uint64_t)pages * HEADS_A_PAGE)
        log++;
    p->shift = 64 - log;
    p->heads = cfk__calloc(alloc, (size_t)1 << log, sizeof p->heads[0]);
    p->next = cfk__calloc(alloc, pages, VALUES * sizeof p->next[0]);
    p->prev = cfk__calloc(alloc, pages, VALUES * sizeof p->prev[0]);
    return p->heads != NULL && p->next != NULL && p->prev != NULL ? CFK_OK : CFK_E_NOMEM;
}

void cfk__postings_free(struct cfk__postings *p, const struct cfk_alloc *alloc)
{
    cfk__free(alloc, p->heads);
    cfk__free(alloc, p->next);
    cfk__free(alloc, p->prev);
}

static uint32_t *head(const struct cfk__postings *p, unsigned k, uint32_t value)
{
    uint64_t hash = ((uint64_t)value << 4 | k) * UINT64_C(0x9e3779b97f4a7c15);

    return &p->heads[hash >> p->shift];
}

void cfk__postings_add(struct cfk__postings *p, uint32_t page, const uint32_t *values)
{
    for (unsigned k = 0; k < VALUES; k++) {
        uint32_t posting = page * VALUES + k + 1;
        uint32_t *first = head(p, k, values[k]);

        p->next[posting - 1] = *first;
        p->prev[posting - 1] = 0;
        if (*first != 0)
            p->prev[*first - 1] = posting;
        *first = posting;
    }
}

void cfk__postings_remove(struct cfk__postings *p, uint32_t page, const uint32_t *values)
{
    for (unsigned k = 0; k < VALUES; k++) {
        uint32_t at = page * VALUES + k;
        uint32_t next = p->next[at];
        uint32_t prev = p->prev[at];

        if (next != 0)
            p->prev[next - 1] = prev;
        if (prev != 0)
            p->next[prev - 1] = next;
        else
            *head(p, k, values[k]) = next;
    }
}

uint32_t cfk__postings_first(const struct cfk__postings *p, unsigned k, uint32_t value)
{
    return *head(p, k, value);
}
