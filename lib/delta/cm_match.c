/* SPDX-License-Identifier: MIT */
#include "delta/cm_match.h"

#include "delta/cm_math.h"

#include <string.h>

enum {
    LONGEST_MIN = 6, /* bytes that are hashed */
    EDITED_MIN = 5,
    AGREE_MAX = 40,
    NEAR_BEFORE = 128, /* where the aligned matcher looks for its place */
    NEAR_BEHIND = 2048,
    NEAR_TRIES = 64,
    NEAR_MIN = 3,
    ALIGNED_SURE = 16,
};

static uint32_t slot(uint64_t last, unsigned bytes, uint32_t shift)
{
    uint64_t key = last << (64 - 8 * bytes);

    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) >> shift;
}

uint32_t cfk__cm_agree(const struct cfk__cm_history *h, size_t at, uint32_t most)
{
    uint32_t n = 0;

    while (n < most && n < at && n < h->size &&
           h->data[at - 1 - n] == h->data[h->size - 1 - n])
        n++;
    return n;
}

void cfk__cm_matches_index(struct cfk__cm_matches *m, const struct cfk__cm_history *h)
{
    uint64_t last = 0;

    for (size_t i = 0; i < h->old_size; i++) {
        last = last << 8 | h->data[i];
        if (i >= LONGEST_MIN)
            m->longest[slot(last, LONGEST_MIN, m->longest_shift)] = (uint32_t)(i + 1);
    }
}

size_t cfk__cm_edited_before(const struct cfk__cm_matches *m,
                             const struct cfk__cm_history *h)
{
    return m->edited[slot(h->last, EDITED_MIN, m->edited_shift)];
}

static void look_up(struct cfk__cm_match *match, const struct cfk__cm_history *h,
                    size_t at, uint32_t least)
{
    uint32_t length = at > 0 && at < h->size ? cfk__cm_agree(h, at, AGREE_MAX) : 0;

    if (length < least)
        return;
    *match = (struct cfk__cm_match){ at, length, 0, true };
}

/* The same, where the next byte is not the one that is known to be wrong. */
static void look_up_other(struct cfk__cm_match *match, const struct cfk__cm_history *h,
                          size_t at, uint32_t least, uint8_t wrong)
{
    match->valid = false;
    look_up(match, h, at, least);
    if (match->valid && h->data[match->at] == wrong)
        match->valid = false;
}

/* Look around the place where the old version was left for the last bytes. */
static void realign(struct cfk__cm_matches *m, const struct cfk__cm_history *h)
{
    struct cfk__cm_match *a = &m->of[CFK__CM_ALIGNED];
    size_t from = m->origin > NEAR_BEFORE ? m->origin - NEAR_BEFORE : 0;
    size_t end =
        h->old_size - m->origin > NEAR_BEHIND ? m->origin + NEAR_BEHIND : h->old_size;
    const uint8_t *data = h->data;
    uint8_t wanted = (uint8_t)h->last;
    uint32_t best = a->valid ? a->length : 0;
    size_t place = 0;
    unsigned tries = 0;

    if (best < NEAR_MIN - 1)
        best = NEAR_MIN - 1;
    while (from < end && tries < NEAR_TRIES) {
        const uint8_t *hit = memchr(data + from, wanted, end - from);
        uint32_t length;

        if (hit == NULL)
            break;
        from = (size_t)(hit - data) + 1;
        if (from < 2 || data[from - 2] != (uint8_t)(h->last >> 8))
            continue;
        tries++;
        length = cfk__cm_agree(h, from, AGREE_MAX);
        if (length > best && from < h->old_size) {
            best = length;
            place = from;
        }
    }
    if (place > 0)
        *a = (struct cfk__cm_match){ place, best, 0, true };
}

static void advance(struct cfk__cm_match *match, const struct cfk__cm_history *h,
                    uint8_t byte)
{
    bool hit;

    if (!match->valid)
        return;
    hit = h->data[match->at] == byte;
    match->missed = match->missed << 1 | !hit;
    match->at++;
    match->length = hit ? match->length + 1 : 0;
    if (match->at >= h->size)
        match->valid = false;
}

void cfk__cm_matches_next(struct cfk__cm_matches *m, const struct cfk__cm_history *h)
{
    struct cfk__cm_match *a = &m->of[CFK__CM_ALIGNED];
    struct cfk__cm_match *r = &m->of[CFK__CM_RESUME];
    struct cfk__cm_match *l = &m->of[CFK__CM_LONGEST];
    struct cfk__cm_match *e = &m->of[CFK__CM_EDITED];
    uint8_t byte = (uint8_t)h->last;
    uint32_t *edited = &m->edited[slot(h->last, EDITED_MIN, m->edited_shift)];
    uint32_t *longest = &m->longest[slot(h->last, LONGEST_MIN, m->longest_shift)];

    for (int i = 0; i < CFK__CM_MATCHERS; i++)
        advance(&m->of[i], h, byte);
    if (a->valid && a->at >= h->old_size && a->at - 1 < h->old_size)
        a->valid = false;
    if (r->length == 0) {
        r->at = m->origin;
        r->valid = m->origin < h->old_size;
    }
    if (l->length == 0)
        l->valid = false;
    if (e->length == 0)
        e->valid = false;
    if (!a->valid || a->length < ALIGNED_SURE)
        realign(m, h);
    if (!l->valid || l->length < AGREE_MAX)
        look_up(l, h, *longest, LONGEST_MIN);
    if (!e->valid)
        look_up(e, h, *edited, EDITED_MIN - 1);
    *longest = (uint32_t)h->size;
    *edited = (uint32_t)h->size;
}

void cfk__cm_matches_break(struct cfk__cm_matches *m, const struct cfk__cm_history *h,
                           size_t at, size_t run)
{
    struct cfk__cm_match *a = &m->of[CFK__CM_ALIGNED];

    if (at < h->old_size && (run >= 32 || at > m->origin))
        m->origin = at;
    *a = (struct cfk__cm_match){ at, 0, 0, true };
    m->of[CFK__CM_RESUME].valid = false;
    look_up_other(&m->of[CFK__CM_LONGEST], h,
                  m->longest[slot(h->last, LONGEST_MIN, m->longest_shift)], LONGEST_MIN,
                  h->data[at]);
    look_up_other(&m->of[CFK__CM_EDITED], h, cfk__cm_edited_before(m, h), EDITED_MIN - 1,
                  h->data[at]);
}
