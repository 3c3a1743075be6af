/* SPDX-License-Identifier: MIT */
/*
 * Finding copies. Long ones are passed over at the speed of comparing; what lies
 * between them, the gaps, is listed byte by byte with the copies that could begin
 * there, for the parser to choose from.
 */
#ifndef CFK_DELTA_SCAN_H
#define CFK_DELTA_SCAN_H

#include "delta/index.h"

/* How hard to try. */
struct cfk__effort {
    uint16_t new_steps;    /* candidates to look at within the new version, */
    uint16_t old_steps;    /* in the old one by the short hash, */
    uint16_t long_steps;   /* and in both by the long one */
    uint16_t nice;         /* a copy of so many bytes is taken at once, */
    uint16_t nice_aligned; /* or of so many where the last long one would go on */
    uint16_t inner;        /* within a copy that has so many bytes left, less search */
    uint16_t border;       /* bytes at a long copy's end that count to the next gap */
    uint8_t passes;        /* of parsing, each with the prices of the one before */
    uint8_t shorter;       /* 1: also try copies shorter than they could be */
    uint8_t thorough;      /* 1: try all Huffman codes */
    uint8_t exhaustive;    /* 1: some search within long copies too */
    uint8_t tree;          /* 1: indexes are trees */
    uint8_t skip_log;      /* after 1 << skip_log bytes without a copy, look less often */
};

struct cfk__candidate {
    uint32_t offset;
    uint32_t length;
};

/* Bytes in a row that are listed; a copy that ends the gap leads into the next one. */
struct cfk__gap {
    uint32_t start; /* position in the new version */
    uint32_t node;  /* its number, counted over all gaps of the block */
    uint32_t count; /* nodes: bytes, and the place behind the last */
};

struct cfk__scan {
    const struct cfk__effort *effort;
    const uint8_t *old_data;
    uint32_t old_size;
    const struct cfk__index *old_index;
    const uint8_t *new_data;
    uint32_t new_size;
    struct cfk__index new_index;
    uint32_t entered;   /* positions below are in new_index, or passed over */
    uint32_t carry;     /* length of a copy that goes on from the block before */
    uint32_t alignment; /* offset of the last long copy */
    uint32_t cover_end; /* where the copy ends that reaches furthest */
    uint32_t quiet;     /* bytes since the last copy of any length */
    struct cfk__gap *gaps;
    size_t gap_count;
    uint32_t *first; /* of each node, its candidates in the list; and one behind */
    uint32_t node_count;
    struct cfk__candidate *candidates;
    uint32_t candidate_count;
    struct cfk__candidate *late; /* of each node: a copy that was found behind it */
    uint32_t candidate_max;      /* then one a node; there is room for so many more */
};

/* List the gaps of the block from start to end. The caller owns all arrays. */
void cfk__scan_block(struct cfk__scan *scan, uint32_t start, uint32_t end);

/* Bytes from position on that are equal to those so far back, at most limit. */
static inline uint32_t cfk__scan_common(const struct cfk__scan *s, uint32_t position,
                                        uint32_t offset, uint32_t limit)
{
    const uint8_t *here = s->new_data + position;
    uint32_t back;

    if (offset <= position)
        return (uint32_t)cfk__common(here - offset, here, limit);
    back = offset - position;
    if (back > s->old_size)
        return 0;
    return (uint32_t)cfk__common(s->old_data + (s->old_size - back), here,
                                 limit < back ? limit : back);
}

#endif
