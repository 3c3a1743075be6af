/* SPDX-License-Identifier: MIT */
#include "delta/scan.h"

#include "delta/log2.h"

enum {
    LENGTH_MIN = 4,
    NODE_CANDIDATES = 16, /* at most, for one node */
    ENOUGH = 1024,
    BACK_MAX = 64,
    SPARSE = 4, /* within a long copy, only one position in so many is searched */
    GOOD = 16,  /* bytes from which on less is tried to find more */
};

/* The search at one position; lengths grow along the list. */
struct search {
    struct cfk__tree_walk walk; /* first, so that its callback finds the rest */
    uint32_t base;              /* bytes between its data and the new version */
    struct cfk__scan *s;
    const uint8_t *here;
    uint32_t position;
    uint32_t limit; /* bytes that are left of the new version */
    uint32_t best;
    uint32_t best_offset;
    unsigned found;
};

static void add_candidate(struct cfk__scan *s, uint32_t offset, uint32_t length)
{
    s->candidates[s->candidate_count++] = (struct cfk__candidate){ offset, length };
}

/* A longer one than before. When the list is full, only the longest is kept. */
static void take(struct search *f, uint32_t offset, uint32_t length)
{
    struct cfk__scan *s = f->s;

    if (length <= f->best)
        return;
    f->best = length;
    f->best_offset = offset;
    if (f->found == NODE_CANDIDATES ||
        (f->found > 0 &&
         (s->candidate_count >= s->candidate_max ||
          s->candidates[s->candidate_count - 1].offset >> cfk__log2_floor(offset) !=
              0))) {
        s->candidate_count--;
        f->found--;
    }
    add_candidate(s, offset, length);
    f->found++;
}

/* A copy that is passed over. */
static bool nice(const struct search *f)
{
    const struct cfk__effort *e = f->s->effort;

    if (f->found == 0)
        return false;
    return f->best >= (f->best_offset == f->s->alignment ? e->nice_aligned : e->nice) ||
           (f->best == f->limit && f->best >= GOOD);
}

/* A copy so long that looking for a longer one is no use. */
static bool enough(const struct search *f)
{
    return f->best >= ENOUGH || f->best == f->limit;
}

/* Look along a chain of places in data, whose byte 0 is base bytes before the new. */
static void follow(struct search *f, const struct cfk__index *x,
                   const struct cfk__chains *c, uint32_t hash, unsigned steps,
                   const uint8_t *data, uint32_t size, uint32_t base)
{
    uint32_t next = c->head[hash];

    while (next != 0 && steps-- > 0) {
        uint32_t place = next - 1;
        uint32_t at = place << x->stride_log;
        uint32_t room = size - at < f->limit ? size - at : f->limit;

        next = c->prev[place & c->mask];
        if (next > place) /* overwritten by a later one */
            next = 0;
        if (f->best < room && data[at + f->best] == f->here[f->best]) {
            uint32_t length = (uint32_t)cfk__common(data + at, f->here, room);

            take(f, base + f->position - at, length);
            if (enough(f))
                return;
        }
    }
}

static void look(struct search *f)
{
    struct cfk__scan *s = f->s;
    const struct cfk__effort *e = s->effort;
    const struct cfk__index *old = s->old_index;
    const struct cfk__index *new = &s->new_index;

    follow(f, new, &new->near, cfk__hash_short(new, f->here), e->new_steps, s->new_data,
           s->new_size, 0);
    if (!enough(f) && s->old_size > 0)
        follow(f, old, &old->near, cfk__hash_short(old, f->here), e->old_steps,
               s->old_data, s->old_size, s->old_size);
}

/* By the hash of 12 bytes. */
static void look_far(struct search *f)
{
    struct cfk__scan *s = f->s;
    const struct cfk__index *old = s->old_index;
    const struct cfk__index *new = &s->new_index;
    unsigned steps = s->effort->long_steps;

    follow(f, new, &new->far, cfk__hash_long(new, f->here), steps, s->new_data,
           s->new_size, 0);
    if (!enough(f) && s->old_size > 0)
        follow(f, old, &old->far, cfk__hash_long(old, f->here), steps, s->old_data,
               s->old_size, s->old_size);
}

/* A copy that a tree has: as long as it goes, for it compared no more than needed. */
static void take_place(struct cfk__tree_walk *walk, uint32_t place, uint32_t length)
{
    struct search *f = (struct search *)walk;
    uint32_t offset = f->base + f->position - place;

    if (length == CFK__TREE_DEEP)
        length = cfk__scan_common(f->s, f->position, offset, f->limit);
    take(f, offset, length);
    walk->best = f->best;
}

static void look_trees(struct search *f)
{
    struct cfk__scan *s = f->s;

    f->walk.best = f->best;
    f->walk.take = take_place;
    if (f->position >= s->entered) {
        f->walk.steps = s->effort->new_steps;
        cfk__tree_enter(&s->new_index.tree, s->new_data, s->new_size, f->position,
                        &f->walk);
        s->entered = f->position + 1;
    }
    f->base = s->old_size;
    f->walk.steps = s->effort->old_steps;
    if (s->old_size > 0)
        cfk__tree_find(&s->old_index->tree, s->old_data, s->old_size, f->here, f->limit,
                       &f->walk);
}

/* By the longest hash, which finds the longest copy in few steps. */
static void look_full(struct search *f)
{
    struct cfk__scan *s = f->s;
    const struct cfk__index *old = s->old_index;
    const struct cfk__index *new = &s->new_index;
    unsigned steps = s->effort->long_steps;

    if (new->full.head != NULL)
        follow(f, new, &new->full, cfk__hash_full(new, f->here), steps, s->new_data,
               s->new_size, 0);
    if (old->full.head != NULL && !enough(f))
        follow(f, old, &old->full, cfk__hash_full(old, f->here), steps, s->old_data,
               s->old_size, s->old_size);
}

/*
 * All candidates at a position into the list. Well within a copy, f->best is what is
 * left of it, and only a few positions are searched.
 */
static void find(struct search *f)
{
    struct cfk__scan *s = f->s;
    bool inner = f->best >= s->effort->inner;

    if (s->alignment > 0)
        take(f, s->alignment, cfk__scan_common(s, f->position, s->alignment, f->limit));
    if (enough(f) || nice(f))
        return;
    if (inner && (!s->effort->exhaustive || f->position % SPARSE != 0))
        return;
    if (s->effort->tree) {
        if (f->limit >= CFK__TREE_READ)
            look_trees(f);
        return;
    }
    if (inner && f->found == 0)
        f->best = LENGTH_MIN - 1;
    if (f->limit >= CFK__INDEX_READ)
        look(f);
    if (f->limit >= CFK__INDEX_READ && !enough(f))
        look_far(f);
    if (f->limit >= CFK__INDEX_READ_FULL && !enough(f))
        look_full(f);
}

static void enter(struct cfk__scan *s, uint32_t position)
{
    struct cfk__index *x = &s->new_index;
    const uint8_t *here = s->new_data + position;

    if (position < s->entered || s->new_size - position < CFK__INDEX_READ)
        return;
    if (s->effort->tree) {
        struct cfk__tree_walk walk = { .steps = s->effort->new_steps };

        cfk__tree_enter(&x->tree, s->new_data, s->new_size, position, &walk);
        s->entered = position + 1;
        return;
    }
    cfk__chain_add(&x->near, cfk__hash_short(x, here), position);
    cfk__chain_add(&x->far, cfk__hash_long(x, here), position);
    if (x->full.head != NULL && s->new_size - position >= CFK__INDEX_READ_FULL)
        cfk__chain_add(&x->full, cfk__hash_full(x, here), position);
    s->entered = position + 1;
}

static void open_gap(struct cfk__scan *s, uint32_t position)
{
    s->gaps[s->gap_count++] = (struct cfk__gap){ position, s->node_count, 0 };
}

static void add_node(struct cfk__scan *s)
{
    s->late[s->node_count].length = 0;
    s->first[++s->node_count] = s->candidate_count;
    s->gaps[s->gap_count - 1].count++;
}

/*
 * Where a long copy was found: it may also begin one byte later, which lets it be
 * a recent offset after a literal. Returns where to go on.
 */
static uint32_t pass_over(struct cfk__scan *s, uint32_t position, uint32_t offset,
                          uint32_t length, uint32_t block_end)
{
    uint32_t end = length < block_end - position ? position + length : block_end;
    uint32_t border = s->effort->border;
    uint32_t start;

    s->carry = length - (end - position);
    s->alignment = offset;
    s->quiet = 0;
    add_node(s);
    add_candidate(s, offset, end - position - 1);
    add_node(s);
    start = end == block_end || end - position < border + 4 ? end : end - border;
    open_gap(s, start);
    return start;
}

/*
 * Sampling and skipping find copies late: tell the nodes before, as far as the bytes
 * agree. The node of the position is not added yet.
 */
static void tell_back(struct cfk__scan *s, uint32_t position, uint32_t offset,
                      uint32_t length)
{
    const struct cfk__gap *gap = &s->gaps[s->gap_count - 1];
    uint32_t most = gap->count < BACK_MAX ? gap->count : BACK_MAX;

    for (uint32_t back = 1; back <= most; back++) {
        struct cfk__candidate *late = &s->late[s->node_count - back];

        if (late->length >= length + back ||
            cfk__scan_common(s, position - back, offset, 1) == 0)
            return;
        *late = (struct cfk__candidate){ offset, length + back };
    }
}

/* Whether to save the search here, where nothing was found for long. */
static bool skip(struct cfk__scan *s)
{
    uint32_t rarer = s->quiet >> s->effort->skip_log;

    s->quiet++;
    return rarer > 0 && s->quiet % (rarer + 1) != 0;
}

/* The bytes that the copy which reaches furthest covers from a position on. */
static uint32_t covered(const struct cfk__scan *s, uint32_t position)
{
    uint32_t left = s->cover_end > position ? s->cover_end - position : 0;

    return left < s->effort->inner ? LENGTH_MIN - 1 : left;
}

void cfk__scan_block(struct cfk__scan *s, uint32_t start, uint32_t end)
{
    uint32_t position = start;
    struct cfk__candidate last = { 0, 0 }; /* offset and end of the last one found */

    s->gap_count = 0;
    s->node_count = 0;
    s->candidate_count = 0;
    s->first[0] = 0;
    s->cover_end = start;
    open_gap(s, start);
    if (s->carry > LENGTH_MIN) {
        add_candidate(s, s->alignment, s->carry < end - start ? s->carry : end - start);
        position = pass_over(s, start, s->alignment, s->carry, end);
    }
    while (position < end) {
        struct search f = { .s = s,
                            .here = s->new_data + position,
                            .position = position,
                            .limit = s->new_size - position,
                            .best = covered(s, position) };

        if (!skip(s))
            find(&f);
        enter(s, position);
        if (f.found > 0 &&
            !(f.best_offset == last.offset && position + f.best == last.length))
            tell_back(s, position, f.best_offset, f.best);
        if (f.found > 0) {
            last = (struct cfk__candidate){ f.best_offset, position + f.best };
            s->quiet = 0;
        }
        if (nice(&f) && end - position > LENGTH_MIN) {
            position = pass_over(s, position, f.best_offset, f.best, end);
            s->cover_end = position;
            continue;
        }
        if (f.found > 0 && position + f.best > s->cover_end)
            s->cover_end = position + f.best;
        if (s->cover_end > position)
            s->quiet = 0;
        add_node(s);
        position++;
    }
    add_node(s);
}
