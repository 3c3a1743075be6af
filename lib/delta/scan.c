/* SPDX-License-Identifier: MIT */
#include "delta/scan.h"

enum {
    LENGTH_MIN = 4,
    NODE_CANDIDATES = 16, /* at most, for one node */
    ENOUGH = 1024,
    BACK_MAX = 64,
    SPARSE = 4, /* within a copy, only one position in so many is searched */
    NONE = 16,
    GOOD = 16, /* bytes from which on less is tried to find more */
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
        (f->found > 0 && s->candidate_count >= s->candidate_max)) {
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

/* How far to cut the search down where a copy of this length is known. */
static unsigned less_for(const struct search *f, uint32_t known)
{
    const struct cfk__effort *e = f->s->effort;

    if (known < (e->exhaustive ? e->inner : GOOD))
        return 0;
    if (e->exhaustive)
        return f->position % SPARSE == 0 ? 0 : NONE;
    return known < e->inner ? 2 : NONE;
}

static void look(struct search *f, unsigned less)
{
    struct cfk__scan *s = f->s;
    const struct cfk__effort *e = s->effort;
    const struct cfk__index *old = s->old_index;
    const struct cfk__index *new = &s->new_index;

    if (e->new_steps >> less > 0)
        follow(f, new, &new->near, cfk__hash_short(new, f->here), e->new_steps >> less,
               s->new_data, s->new_size, 0);
    if (e->old_steps >> less > 0 && !enough(f) && s->old_size > 0)
        follow(f, old, &old->near, cfk__hash_short(old, f->here), e->old_steps >> less,
               s->old_data, s->old_size, s->old_size);
    if (e->long_steps > 0 && !enough(f))
        follow(f, new, &new->far, cfk__hash_long(new, f->here), e->long_steps,
               s->new_data, s->new_size, 0);
    if (e->long_steps > 0 && !enough(f) && s->old_size > 0)
        follow(f, old, &old->far, cfk__hash_long(old, f->here), e->long_steps,
               s->old_data, s->old_size, s->old_size);
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
    uint32_t known = f->best;
    uint32_t known_offset = f->best_offset;

    /* Nearer copies count even where they are shorter than one that is known. */
    f->best = f->walk.best = LENGTH_MIN - 1;
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
    if (known > f->best) {
        f->best = known;
        f->best_offset = known_offset;
    }
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

/* All candidates at a position into the list; before is the best of the last one. */
static void find(struct search *f, struct cfk__candidate before)
{
    struct cfk__scan *s = f->s;
    unsigned less;

    if (s->alignment > 0)
        take(f, s->alignment, cfk__scan_common(s, f->position, s->alignment, f->limit));
    if (enough(f) || nice(f))
        return;
    less = less_for(f, f->best > before.length ? f->best : before.length);
    if (s->effort->tree) {
        if (f->limit >= CFK__TREE_READ)
            look_trees(f);
        return;
    }
    if (less < NONE && f->limit >= CFK__INDEX_READ)
        look(f, less);
    if (less < NONE && f->limit >= CFK__INDEX_READ_FULL && !enough(f))
        look_full(f);
    if (before.length > 0)
        take(f, before.offset, before.length - 1);
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

void cfk__scan_block(struct cfk__scan *s, uint32_t start, uint32_t end)
{
    struct cfk__candidate before = { 0, 0 };
    uint32_t position = start;

    s->gap_count = 0;
    s->node_count = 0;
    s->candidate_count = 0;
    s->first[0] = 0;
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
                            .best = LENGTH_MIN - 1 };

        if (!skip(s))
            find(&f, before);
        enter(s, position);
        if (f.best > before.length)
            tell_back(s, position, f.best_offset, f.best);
        if (nice(&f) && end - position > LENGTH_MIN) {
            position = pass_over(s, position, f.best_offset, f.best, end);
            before.length = 0;
            continue;
        }
        before = (struct cfk__candidate){ f.best_offset, f.best };
        if (f.found > 0)
            s->quiet = 0;
        add_node(s);
        position++;
    }
    add_node(s);
}
