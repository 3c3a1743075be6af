/* SPDX-License-Identifier: MIT */
#include "delta/parse.h"

#include <string.h>

/* A parse under way: one gap, and the one that long copies lead to. */
struct parse {
    const struct cfk__scan *scan;
    const struct cfk__prices *prices;
    struct cfk__way *ways;
    uint32_t *costs; /* of the ways */
    const struct cfk__gap *gap;
    const struct cfk__gap *next; /* NULL in the last gap */
    bool shorter;
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

/* A copy as the next step from a node. */
struct step {
    uint32_t node;
    uint32_t position;
    uint32_t offset;
    uint32_t base; /* its price but for the length */
    uint32_t recent[3];
};

static void arrive(const struct parse *p, const struct step *s, uint32_t node,
                   uint32_t length)
{
    struct cfk__way *to = &p->ways[node];

    memcpy(to->recent, s->recent, sizeof to->recent);
    to->literals = 0;
    to->from = s->node;
    to->match = length;
    to->offset = s->offset;
}

/* Copies of low to high bytes; the one of low leads to node. */
static void arrive_all(const struct parse *p, const struct step *s, uint32_t node,
                       uint32_t low, uint32_t high)
{
    uint32_t *costs = p->costs + node;

    for (uint32_t n = low; n <= high; n++) {
        uint32_t cost = s->base + match_price(p->prices, n);

        if (cost < costs[n - low]) {
            costs[n - low] = cost;
            arrive(p, s, node + (n - low), n);
        }
    }
}

/* Price a copy of low to high bytes, within the gap and into the next. */
static void walk(const struct parse *p, struct step *s, uint32_t low, uint32_t high)
{
    const struct cfk__way *way = &p->ways[s->node];
    uint32_t left = p->gap->start + p->gap->count - 1 - s->position;
    uint32_t inside = high < left ? high : left;
    uint32_t value;

    memcpy(s->recent, way->recent, sizeof s->recent);
    value = cfk__offset_value(s->recent, s->offset, way->literals > 0);
    s->base = p->costs[s->node] + p->prices->offset_code[cfk__offset_code(value)] +
              p->prices->literals[0];
    if (!p->shorter && inside > low)
        low = inside;
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
    const struct cfk__way *way = &p->ways[node];
    struct cfk__way *to = &p->ways[node + 1];
    uint32_t cost = p->costs[node] + p->prices->byte[p->scan->new_data[position]] +
                    literals_price(p->prices, way->literals + 1) -
                    literals_price(p->prices, way->literals);

    if (cost >= p->costs[node + 1])
        return;
    p->costs[node + 1] = cost;
    *to = *way;
    to->literals = way->literals + 1;
    to->from = node;
    to->match = 0;
}

/* Returns the length of the longest copy that a recent offset gives. */
static uint32_t try_recent(const struct parse *p, uint32_t node, uint32_t position)
{
    const struct cfk__way *way = &p->ways[node];
    uint32_t left = p->gap->start + p->gap->count - 1 - position;
    unsigned zero = way->literals == 0;
    uint32_t best = 0;

    for (unsigned i = 0; i < 3; i++) {
        uint32_t offset = i + zero < 3 ? way->recent[i + zero] : way->recent[0] - 1;
        struct step s = { .node = node, .position = position, .offset = offset };
        uint32_t length;

        if (offset == 0)
            continue;
        length = cfk__scan_common(p->scan, position, offset, left);
        if (length >= CFK__MATCH_MIN)
            walk(p, &s, CFK__MATCH_MIN, length);
        best = length > best ? length : best;
    }
    return best;
}

static void try_candidates(const struct parse *p, uint32_t node, uint32_t position)
{
    const struct cfk__scan *scan = p->scan;
    uint32_t low = CFK__MATCH_MIN;

    for (uint32_t i = scan->first[node]; i < scan->first[node + 1]; i++) {
        const struct cfk__candidate *c = &scan->candidates[i];
        struct step s = { .node = node, .position = position, .offset = c->offset };

        if (c->length < low) /* a list of its own begins */
            low = CFK__MATCH_MIN;
        walk(p, &s, low, c->length);
        low = c->length + 1;
    }
    if (scan->late[node].length > 0) {
        struct step s = { .node = node,
                          .position = position,
                          .offset = scan->late[node].offset };

        walk(p, &s, CFK__MATCH_MIN, scan->late[node].length);
    }
}

static void parse_gap(const struct parse *p)
{
    uint32_t last = p->gap->count - 1;

    for (uint32_t i = 0; i <= last; i++) {
        uint32_t node = p->gap->node + i;
        uint32_t position = p->gap->start + i;

        if (i < last) {
            try_literal(p, node, position);
            try_recent(p, node, position);
        }
        if (i < last || p->next != NULL)
            try_candidates(p, node, position);
    }
}

/* The way back from the end, turned around. */
static size_t collect(const struct cfk__way *ways, uint32_t end, struct cfk__sequence *s)
{
    size_t count = 0;
    uint32_t node = end;

    while (node > 0) {
        const struct cfk__way *way = &ways[node];

        if (way->match > 0)
            s[count++] = (struct cfk__sequence){ ways[way->from].literals, way->match,
                                                 way->offset };
        node = way->from;
    }
    for (size_t i = 0; i < count / 2; i++) {
        struct cfk__sequence swap = s[i];

        s[i] = s[count - 1 - i];
        s[count - 1 - i] = swap;
    }
    return count;
}

size_t cfk__parse(const struct cfk__scan *scan, const struct cfk__prices *prices,
                  const uint32_t recent[3], struct cfk__way *ways, uint32_t *costs,
                  struct cfk__sequence *s)
{
    struct parse p = { .scan = scan, .prices = prices, .ways = ways, .costs = costs };

    memset(costs, 0xff, scan->node_count * sizeof *costs);
    costs[0] = prices->literals[0];
    ways[0] = (struct cfk__way){ .match = 0 };
    memcpy(ways[0].recent, recent, sizeof ways[0].recent);
    p.shorter = scan->effort->shorter;
    for (size_t i = 0; i < scan->gap_count; i++) {
        p.gap = &scan->gaps[i];
        p.next = i + 1 < scan->gap_count ? p.gap + 1 : NULL;
        parse_gap(&p);
    }
    return collect(ways, scan->node_count - 1, s);
}
