/* SPDX-License-Identifier: MIT */
#include "gen.h"

#include <string.h>

void gen_seed(struct gen *g, uint64_t seed)
{
    g->state = seed;
}

uint64_t gen_u64(struct gen *g)
{
    uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t gen_below(struct gen *g, uint64_t bound)
{
    return gen_u64(g) % bound;
}

double gen_unit(struct gen *g)
{
    return (double)(gen_u64(g) >> 11) * 0x1p-53;
}

void gen_bytes(struct gen *g, void *out, size_t size)
{
    uint8_t *p = out;

    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)gen_u64(g);
}

void gen_text(struct gen *g, char *out, size_t size)
{
    static const char *const words[] = {
        "<p>",     "</p>\n",      "the ",        "edge ", "of ",    "network ",
        "page ",   "<a href=\"/", "\">",         "</a> ", "cache ", "and ",
        "answer ", "request ",    "2026-11-20 ", "\n",
    };
    size_t at = 0;

    while (at < size) {
        const char *word = words[gen_below(g, sizeof words / sizeof words[0])];
        size_t len = strlen(word);

        if (len > size - at)
            len = size - at;
        memcpy(out + at, word, len);
        at += len;
    }
}

size_t gen_edit(struct gen *g, const uint8_t *data, size_t size, unsigned edits,
                uint8_t *out, size_t capacity)
{
    size_t used = size < capacity ? size : capacity;

    if (used > 0)
        memcpy(out, data, used);
    for (unsigned i = 0; i < edits; i++) {
        size_t at = (size_t)gen_below(g, used + 1);
        size_t len = (size_t)gen_below(g, 24) + 1;

        if (gen_below(g, 3) == 0) { /* delete */
            if (len > used - at)
                len = used - at;
            memmove(out + at, out + at + len, used - at - len);
            used -= len;
        } else if (gen_below(g, 2) == 0) { /* insert */
            if (len > capacity - used)
                len = capacity - used;
            memmove(out + at + len, out + at, used - at);
            gen_bytes(g, out + at, len);
            used += len;
        } else { /* replace */
            if (len > used - at)
                len = used - at;
            gen_bytes(g, out + at, len);
        }
    }
    return used;
}
