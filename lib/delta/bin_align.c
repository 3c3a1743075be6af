/* SPDX-License-Identifier: MIT */
#include "delta/bin_align.h"

#include "base/alloc.h"
#include "delta/load.h"
#include "delta/log2.h"

#include <string.h>

enum {
    SEED = 8,           /* bytes that agree at a candidate */
    HEADS_LOG_MIN = 10, /* of the chains */
    HEADS_LOG_MAX = 21,
    DROP = 24,      /* below the best score so far: the end of a piece */
    SCORE_MIN = 14, /* of a piece, agreeing bytes less others */
    WORTH = 4,
    NEAR = 1 << 16,
    LINKS = 512,
    LOOK = 1 << 10,    /* bytes of a candidate */
    OVERLAP = 1 << 12, /* bytes over which the border of two pieces is moved */
    WORK = 512,        /* bytes looked at for a byte of the new version, on the average */
};

struct aligner {
    struct cfk__span old;
    struct cfk__span new_version;
    unsigned heads_shift;
    uint32_t *head; /* a place + 1, by hash; 0: none */
    uint32_t *prev;
    uint32_t steps;
    int64_t penalty; /* for a byte that does not agree */
    uint64_t work;   /* bytes that may still be looked at */
    struct cfk__bin_pieces *pieces;
};

int cfk__bin_pieces_add(struct cfk__bin_pieces *p, struct cfk__bin_piece piece)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 64 : 2 * p->capacity;
        void *list = cfk__realloc(p->alloc, p->list, capacity, sizeof *p->list);

        if (list == NULL)
            return CFK_E_NOMEM;
        p->list = list;
        p->capacity = capacity;
    }
    p->list[p->count++] = piece;
    return CFK_OK;
}

void cfk__bin_pieces_free(struct cfk__bin_pieces *p)
{
    cfk__free(p->alloc, p->list);
    p->list = NULL;
    p->count = 0;
    p->capacity = 0;
}

static uint32_t hash(const struct aligner *a, const uint8_t *p)
{
    return (uint32_t)(cfk__load64le(p) * UINT64_C(0x9e3779b185ebca87) >> a->heads_shift);
}

static void fill(struct aligner *a)
{
    for (size_t i = 0; i + SEED <= a->old.size; i++) {
        uint32_t h = hash(a, a->old.data + i);

        a->prev[i] = a->head[h];
        a->head[h] = (uint32_t)i + 1;
    }
}

/* How far two rows of bytes, limit long, are alike: the length of the best score. */
static size_t forward(const uint8_t *a, const uint8_t *b, size_t limit, int64_t penalty,
                      int64_t *score)
{
    size_t end = 0;
    size_t i = 0;
    int64_t now = 0;

    *score = 0;
    while (i < limit && now >= *score - DROP) {
        size_t same = cfk__common(a + i, b + i, limit - i);

        i += same;
        now += (int64_t)same;
        if (now > *score) {
            *score = now;
            end = i;
        }
        if (i < limit) {
            now -= penalty;
            i++;
        }
    }
    return end;
}

/* The same before a and b. */
static size_t backward(const uint8_t *a, const uint8_t *b, size_t limit, int64_t penalty)
{
    size_t end = 0;
    int64_t now = 0;
    int64_t best = 0;

    for (size_t i = 1; i <= limit && now >= best - DROP; i++) {
        now += a[-(ptrdiff_t)i] == b[-(ptrdiff_t)i] ? 1 : -penalty;
        if (now > best) {
            best = now;
            end = i;
        }
    }
    return end;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int64_t score_of(struct aligner *a, size_t at, size_t from)
{
    size_t limit = least(least(a->new_version.size - at, a->old.size - from), LOOK);
    size_t end;
    int64_t score;

    if (cfk__load64le(a->new_version.data + at) != cfk__load64le(a->old.data + from))
        return 0;
    end =
        forward(a->new_version.data + at, a->old.data + from, limit, a->penalty, &score);
    end += 2 * DROP;
    a->work -= end < a->work ? end : a->work;
    return score;
}

/* Where the old version would go on at the same distance as in the last piece. */
static size_t expected(const struct aligner *a, size_t at)
{
    const struct cfk__bin_piece *last;

    if (a->pieces->count == 0)
        return at;
    last = &a->pieces->list[a->pieces->count - 1];
    return last->from + (at - last->at);
}

/* What a candidate is worth, its score above all, and then that it is close. */
static int64_t worth(struct aligner *a, size_t at, size_t from, size_t close_to)
{
    size_t distance = from > close_to ? from - close_to : close_to - from;
    int64_t score = score_of(a, at, from);

    return score < SCORE_MIN ? 0
                             : WORTH * score - cfk__log2_floor((uint32_t)distance + 1);
}

/* The best place of the old version for what is at, or false. */
static bool find(struct aligner *a, size_t at, size_t *from)
{
    size_t close_to = expected(a, at);
    uint32_t links = LINKS;
    uint32_t steps = a->steps;
    uint32_t c = a->head[hash(a, a->new_version.data + at)];
    int64_t best = 0;

    if (close_to <= a->old.size && a->old.size - close_to >= SEED) {
        best = worth(a, at, close_to, close_to);
        *from = close_to;
    }
    for (; c != 0 && steps > 0 && links > 0; links--, c = a->prev[c - 1]) {
        size_t place = c - 1;
        int64_t now;

        if (steps <= a->steps / 2 && place - close_to + NEAR > 2 * NEAR)
            continue;
        steps--;
        now = worth(a, at, place, close_to);
        if (now > best) {
            best = now;
            *from = place;
        }
    }
    return best > 0;
}

/* How much of the end of the last piece is better at the start of the next. */
static size_t border(const struct aligner *a, const struct cfk__bin_piece *last,
                     const struct cfk__bin_piece *next)
{
    const uint8_t *n = a->new_version.data + next->at;
    const uint8_t *theirs = a->old.data + last->from + last->size;
    const uint8_t *ours = a->old.data + next->from;
    size_t limit = least(least(last->size, next->from), OVERLAP);
    size_t end = 0;
    int64_t now = 0;
    int64_t best = 0;

    for (ptrdiff_t i = 1; i <= (ptrdiff_t)limit && now >= best - DROP; i++) {
        now += (n[-i] == ours[-i]) - (n[-i] == theirs[-i]);
        if (now > best) {
            best = now;
            end = (size_t)i;
        }
    }
    return end;
}

static void grow_back(struct cfk__bin_piece *p, size_t by)
{
    p->at -= (uint32_t)by;
    p->from -= (uint32_t)by;
    p->size += (uint32_t)by;
}

/* Take the place found as a piece, after what is known up to done. */
static int take(struct aligner *a, size_t at, size_t from, size_t done)
{
    struct cfk__bin_piece p = { (uint32_t)at, (uint32_t)from, 0 };
    int64_t score;

    p.size = (uint32_t)forward(a->new_version.data + at, a->old.data + from,
                               least(a->new_version.size - at, a->old.size - from),
                               a->penalty, &score);
    grow_back(&p, backward(a->new_version.data + at, a->old.data + from,
                           least(at - done, from), a->penalty));
    if (p.at == done && a->pieces->count > 0) {
        struct cfk__bin_piece *last = &a->pieces->list[a->pieces->count - 1];
        size_t better = border(a, last, &p);

        grow_back(&p, better);
        last->size -= (uint32_t)better;
        if (last->size < CFK__BIN_PIECE_MIN)
            a->pieces->count--;
    }
    return p.size < CFK__BIN_PIECE_MIN ? CFK_OK : cfk__bin_pieces_add(a->pieces, p);
}

/* Where the last piece ends. */
static size_t known(const struct cfk__bin_pieces *p)
{
    return p->count == 0 ? 0 : p->list[p->count - 1].at + p->list[p->count - 1].size;
}

static int align(struct aligner *a)
{
    size_t done = 0;
    size_t at = 0;
    int rc = CFK_OK;

    fill(a);
    if (a->old.size >= SEED && a->new_version.size >= SEED &&
        score_of(a, 0, 0) >= SCORE_MIN)
        rc = take(a, 0, 0, 0);
    while (rc == CFK_OK && a->work > 0) {
        size_t from;

        if (known(a->pieces) > done)
            at = done = known(a->pieces);
        if (a->new_version.size - at < SEED)
            break;
        if (find(a, at, &from))
            rc = take(a, at, from, done);
        at++;
    }
    return rc;
}

int cfk__bin_align(struct cfk__span old, struct cfk__span new_version, uint32_t steps,
                   uint32_t penalty, struct cfk__bin_pieces *out)
{
    struct aligner a = {
        .old = old, .new_version = new_version, .steps = steps, .penalty = penalty
    };
    unsigned log = HEADS_LOG_MIN;
    int rc = CFK_E_NOMEM;

    while (log < HEADS_LOG_MAX && old.size >> log != 0)
        log++;
    a.heads_shift = 64 - log;
    a.work = WORK * (uint64_t)new_version.size;
    a.pieces = out;
    a.head = cfk__calloc(out->alloc, (size_t)1 << log, sizeof *a.head);
    a.prev = cfk__calloc(out->alloc, old.size + 1, sizeof *a.prev);
    if (a.head != NULL && a.prev != NULL)
        rc = align(&a);
    cfk__free(out->alloc, a.head);
    cfk__free(out->alloc, a.prev);
    return rc;
}
