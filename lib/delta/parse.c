/* SPDX-License-Identifier: MIT */
#include "delta/parse.h"

#include <string.h>

enum {
    LONG = 256, /* a copy of so many bytes is cut only where it pays: */
    TAIL = 16,  /* in its last bytes, and where others begin */
    COVERS = 4,
};

/* A copy as the next step from a node. */
struct step {
    uint32_t node;
    uint32_t position;
    uint32_t offset;
    uint32_t base; /* its price but for the length */
    uint32_t end;  /* of a long one, the position behind */
};

/* A parse under way: one gap, and the one that long copies lead to. */
struct parse {
    const struct cfk__scan *scan;
    const struct cfk__prices *prices;
    struct cfk__way *ways;
    struct cfk__way_state *states;
    const struct cfk__gap *gap;
    const struct cfk__gap *next; /* NULL in the last gap */
    bool shorter;
    struct step covers[COVERS]; /* long copies under way */
    unsigned cover;             /* the one that reaches furthest */
    uint32_t base;              /* at the node: what a copy costs but for its own */
    uint32_t recent[3];         /* and the offsets that values 1 to 3 stand for */
};

/* Runs that are longer than a block are divided: each part is within the codes. */
static uint32_t within_block(uint32_t n)
{
    return n < CFK__BLOCK_MAX ? n : CFK__BLOCK_MAX - 1;
}

static uint32_t literals_price(const struct cfk__prices *p, uint32_t n)
{
    return n < CFK__PRICED_LENGTHS
               ? p->literals[n]
               : p->literals_code[cfk__literals_code(within_block(n))];
}

static uint32_t match_price(const struct cfk__prices *p, uint32_t n)
{
    return n < CFK__PRICED_LENGTHS ? p->match[n]
                                   : p->match_code[cfk__match_code(within_block(n))];
}

/* Copies of low to high bytes; the one of low leads to node. */
static void arrive_all(const struct parse *p, const struct step *s, uint32_t node,
                       uint32_t low, uint32_t high)
{
    const uint32_t *prices = p->prices->match;
    struct cfk__way *way = p->ways + node - low;
    uint32_t most = high < CFK__PRICED_LENGTHS ? high : CFK__PRICED_LENGTHS - 1;
    uint32_t n = low;

    for (; n <= most; n++)
        if (s->base + prices[n] < way[n].cost)
            way[n] = (struct cfk__way){ s->base + prices[n], s->node, n, s->offset };
    for (; n <= high; n++) {
        uint32_t cost = s->base + match_price(p->prices, n);

        if (cost < way[n].cost)
            way[n] = (struct cfk__way){ cost, s->node, n, s->offset };
    }
}

/* Remember a long copy instead of the one that ends first; the furthest is the last. */
static void cover(struct parse *p, const struct step *s, uint32_t end)
{
    unsigned least = 0;

    for (unsigned i = 1; i < COVERS; i++)
        if (p->covers[i].end < p->covers[least].end)
            least = i;
    if (end <= p->covers[least].end)
        return;
    if (end > p->covers[p->cover].end)
        p->cover = least;
    p->covers[least] = *s;
    p->covers[least].end = end;
}

/* A node within long copies: by which of them to get here. */
static void pull(const struct parse *p, uint32_t node, uint32_t position)
{
    for (unsigned i = 0; i < COVERS; i++) {
        const struct step *s = &p->covers[i];
        uint32_t n = position - s->position;

        if (position < s->end && n >= CFK__MATCH_MIN && s->position < position)
            arrive_all(p, s, node, n, n);
    }
}

/* Of an offset at the node; values 2 and 3 have the same code. */
static uint32_t offset_price(const struct parse *p, uint32_t offset)
{
    const uint32_t *prices = p->prices->offset_code;

    if (offset == p->recent[0])
        return prices[0];
    if (offset == p->recent[1] || offset == p->recent[2])
        return prices[1];
    return prices[cfk__offset_code(offset + 3)];
}

/* Price a copy of low to high bytes, within the gap and into the next. */
static void walk(struct parse *p, struct step *s, uint32_t low, uint32_t high)
{
    uint32_t left = p->gap->start + p->gap->count - 1 - s->position;
    uint32_t inside = high < left ? high : left;

    s->base = p->base + offset_price(p, s->offset);
    if (!p->shorter && inside > low)
        low = inside;
    if (inside >= LONG) {
        cover(p, s, s->position + inside);
        low = low > inside - TAIL ? low : inside - TAIL;
    }
    arrive_all(p, s, s->node + low, low, inside);
    if (p->next != NULL && s->position + high >= p->next->start) {
        uint32_t most = p->next->start + p->next->count - 1 - s->position;
        uint32_t first = p->next->start - s->position;

        if (high < most)
            most = high;
        if (low < first)
            low = first;
        arrive_all(p, s, p->next->node + (low - first), low, most);
    }
}

static void try_literal(const struct parse *p, uint32_t node, uint32_t position)
{
    uint32_t literals = p->states[node].literals;
    struct cfk__way *to = &p->ways[node + 1];
    uint32_t cost = p->ways[node].cost + p->prices->byte[p->scan->new_data[position]] +
                    literals_price(p->prices, literals + 1) -
                    literals_price(p->prices, literals);

    if (cost < to->cost)
        *to = (struct cfk__way){ cost, node, 0, 0 };
}

/* What the best way to a node leaves to those from there. */
static void settle(struct parse *p, uint32_t node)
{
    const struct cfk__way *way = &p->ways[node];
    struct cfk__way_state *state = &p->states[node];
    unsigned zero;

    if (node > 0) {
        const struct cfk__way_state *from = &p->states[way->from];

        *state = *from;
        state->literals++;
        if (way->match > 0) {
            cfk__offset_value(state->recent, way->offset, from->literals > 0);
            state->literals = 0;
        }
    }
    zero = state->literals == 0;
    p->base = way->cost + p->prices->literals[0];
    p->recent[0] = state->recent[zero];
    p->recent[1] = state->recent[1 + zero];
    p->recent[2] = zero ? state->recent[0] - 1 : state->recent[2];
}

/* Whether the bytes at a position are for three of them as so far back. */
static bool resumes(const struct cfk__scan *s, uint32_t position, uint32_t offset)
{
    const uint8_t *here = s->new_data + position;
    const uint8_t *there = here - offset;

    if (offset > position) {
        if (offset - position < 4 || offset - position > s->old_size)
            return offset - position < 4;
        there = s->old_data + (s->old_size - (offset - position));
    }
    return ((cfk__load32le(here) ^ cfk__load32le(there)) & 0xffffff) == 0;
}

static void try_recent(struct parse *p, uint32_t node, uint32_t position)
{
    const struct cfk__scan *scan = p->scan;
    uint32_t left = p->gap->start + p->gap->count - 1 - position;

    if (left < CFK__MATCH_MIN || scan->new_size - position < 4)
        return;
    for (unsigned i = 0; i < 3; i++) {
        struct step s = { .node = node, .position = position, .offset = p->recent[i] };
        uint32_t length;

        if (s.offset == 0 || !resumes(scan, position, s.offset))
            continue;
        length = cfk__scan_common(scan, position, s.offset, left);
        if (length >= CFK__MATCH_MIN)
            walk(p, &s, CFK__MATCH_MIN, length);
    }
}

/* Whether a copy goes on with one that began a byte before. */
static bool goes_on(const struct cfk__candidate *c, const struct cfk__candidate *before)
{
    return c->length + 1 == before->length && c->offset == before->offset;
}

/* Whether one that goes on may pay: where another copy ended, and not a literal. */
static bool breaks(const struct cfk__way *way, const struct cfk__candidate *c)
{
    return way->match > 0 && way->offset != c->offset;
}

/* The longest copy that was found at the node before this one, or none. */
static struct cfk__candidate longest_before(const struct parse *p, uint32_t node)
{
    const struct cfk__scan *scan = p->scan;

    if (node == p->gap->node || scan->first[node - 1] == scan->first[node])
        return (struct cfk__candidate){ 0, 0 };
    return scan->candidates[scan->first[node] - 1];
}

/* Whether a copy begins at the node that could not begin earlier. */
static bool begins(const struct parse *p, uint32_t node)
{
    const struct cfk__scan *scan = p->scan;
    const struct cfk__candidate *late = &scan->late[node];

    if (scan->first[node] != scan->first[node + 1])
        return true;
    return late->length > 0 &&
           (node == p->gap->node || !goes_on(late, &scan->late[node - 1]));
}

static void try_candidates(struct parse *p, uint32_t node, uint32_t position)
{
    const struct cfk__scan *scan = p->scan;
    const struct cfk__candidate *late = &scan->late[node];
    const struct step *last = &p->covers[p->cover];
    struct cfk__candidate before = longest_before(p, node);
    const struct cfk__way *way = &p->ways[node];
    uint32_t low = CFK__MATCH_MIN;

    for (uint32_t i = scan->first[node]; i < scan->first[node + 1]; i++) {
        const struct cfk__candidate *c = &scan->candidates[i];
        struct step s = { .node = node, .position = position, .offset = c->offset };

        if (c->length < low) /* a list of its own begins */
            low = CFK__MATCH_MIN;
        if (!goes_on(c, &before) || breaks(way, c))
            walk(p, &s, low, c->length);
        low = c->length + 1;
    }
    if (late->length > 0 && (node == p->gap->node || breaks(way, late) ||
                             !goes_on(late, &scan->late[node - 1]))) {
        struct step s = { .node = node, .position = position, .offset = late->offset };

        walk(p, &s, CFK__MATCH_MIN, late->length);
    }
    if (way->match > 0 && last->end > position + CFK__MATCH_MIN &&
        last->offset != way->offset) {
        struct step s = { .node = node, .position = position, .offset = last->offset };

        walk(p, &s, CFK__MATCH_MIN, last->end - position);
    }
}

static void parse_gap(struct parse *p)
{
    uint32_t last = p->gap->count - 1;

    memset(p->covers, 0, sizeof p->covers);
    p->cover = 0;
    for (uint32_t i = 0; i <= last; i++) {
        uint32_t node = p->gap->node + i;
        uint32_t position = p->gap->start + i;

        if (p->covers[p->cover].end > position + TAIL) {
            if (!begins(p, node))
                continue;
            pull(p, node, position);
        }
        if (p->ways[node].cost == UINT32_MAX)
            continue;
        settle(p, node);
        if (i < last) {
            try_literal(p, node, position);
            try_recent(p, node, position);
        }
        if (i < last || p->next != NULL)
            try_candidates(p, node, position);
    }
}

/* The way back from the end, turned around. */
static size_t collect(const struct cfk__way *ways, const struct cfk__way_state *states,
                      uint32_t end, struct cfk__sequence *s)
{
    size_t count = 0;

    for (uint32_t node = end; node > 0; node = ways[node].from)
        if (ways[node].match > 0)
            s[count++] = (struct cfk__sequence){ states[ways[node].from].literals,
                                                 ways[node].match, ways[node].offset };
    for (size_t i = 0; i < count / 2; i++) {
        struct cfk__sequence swap = s[i];

        s[i] = s[count - 1 - i];
        s[count - 1 - i] = swap;
    }
    return count;
}

size_t cfk__parse(const struct cfk__scan *scan, const struct cfk__prices *prices,
                  const uint32_t recent[3], struct cfk__way *ways,
                  struct cfk__way_state *states, struct cfk__sequence *s)
{
    struct parse p = { .scan = scan, .prices = prices, .ways = ways, .states = states };

    for (uint32_t i = 0; i < scan->node_count; i++)
        ways[i].cost = UINT32_MAX;
    ways[0] = (struct cfk__way){ .cost = prices->literals[0] };
    states[0] = (struct cfk__way_state){ .literals = 0 };
    memcpy(states[0].recent, recent, sizeof states[0].recent);
    p.shorter = scan->effort->shorter;
    for (size_t i = 0; i < scan->gap_count; i++) {
        p.gap = &scan->gaps[i];
        p.next = i + 1 < scan->gap_count ? p.gap + 1 : NULL;
        parse_gap(&p);
    }
    return collect(ways, states, scan->node_count - 1, s);
}
