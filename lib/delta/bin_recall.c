/* SPDX-License-Identifier: MIT */
#include "delta/bin_recall.h"

#include "base/alloc.h"
#include "delta/load.h"

enum { LOG_MIN = 12, LOG_MAX = 20, MISSES_MAX = 3 };

static uint32_t hash(const struct cfk__bin_recall *r, const uint8_t *end)
{
    const uint8_t *p = end - CFK__BIN_RECALL_BYTES;
    uint64_t bytes = cfk__load32le(p) | (uint64_t)p[4] << 32;

    return (uint32_t)(bytes * UINT64_C(0x9e3779b185ebca87) >> r->shift);
}

int cfk__bin_recall_init(struct cfk__bin_recall *r, const struct cfk_alloc *alloc,
                         struct cfk__span old, const uint8_t *new_version,
                         size_t new_size)
{
    unsigned log = LOG_MIN;

    while (log < LOG_MAX && (old.size + new_size) >> log != 0)
        log++;
    *r = (struct cfk__bin_recall){ .old = old, .new = new_version, .shift = 64 - log };
    r->in_old = cfk__calloc(alloc, (size_t)1 << log, sizeof *r->in_old);
    r->in_new = cfk__calloc(alloc, (size_t)1 << log, sizeof *r->in_new);
    if (r->in_old == NULL || r->in_new == NULL)
        return CFK_E_NOMEM;
    for (size_t i = CFK__BIN_RECALL_BYTES; i < old.size; i++)
        r->in_old[hash(r, old.data + i)] = (uint32_t)i + 1;
    return CFK_OK;
}

void cfk__bin_recall_free(struct cfk__bin_recall *r, const struct cfk_alloc *alloc)
{
    cfk__free(alloc, r->in_old);
    cfk__free(alloc, r->in_new);
}

void cfk__bin_recall_restart(struct cfk__bin_recall *r)
{
    r->at = NULL;
}

/* Follow at, when what is before it is what is before now. */
static bool follow(struct cfk__bin_recall *r, const uint8_t *start, const uint8_t *at,
                   const uint8_t *end, const uint8_t *now, size_t known)
{
    size_t limit = (size_t)(at - start);

    limit = limit < known ? limit : known;
    limit = limit < CFK__BIN_RECALL_LENGTH_MAX ? limit : CFK__BIN_RECALL_LENGTH_MAX;
    r->length = (uint32_t)cfk__common_back(at, now, limit);
    if (r->length < CFK__BIN_RECALL_BYTES)
        return false;
    r->at = at;
    r->end = end;
    r->misses = 0;
    return true;
}

int cfk__bin_recall_expect(struct cfk__bin_recall *r, size_t known)
{
    const uint8_t *now = r->new + known;
    uint32_t h;
    uint32_t here;
    uint32_t there;

    if (known < CFK__BIN_RECALL_BYTES)
        return -1;
    h = hash(r, now);
    here = r->in_new[h];
    there = r->in_old[h];
    r->in_new[h] = (uint32_t)known + 1;
    if (r->at == NULL &&
        !(here != 0 && follow(r, r->new, r->new + here - 1, NULL, now, known)) &&
        !(there != 0 && follow(r, r->old.data, r->old.data + there - 1,
                               r->old.data + r->old.size, now, known)))
        return -1;
    return *r->at;
}

void cfk__bin_recall_learn(struct cfk__bin_recall *r, uint8_t byte)
{
    if (r->at == NULL)
        return;
    if (*r->at == byte) {
        r->length += r->length < CFK__BIN_RECALL_LENGTH_MAX;
    } else {
        r->length = 1;
        r->misses++;
    }
    r->at++;
    if (r->misses >= MISSES_MAX || r->at == r->end)
        r->at = NULL;
}
