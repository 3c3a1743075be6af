/* SPDX-License-Identifier: MIT */
/* Generated inputs: the same sequence from the same seed, everywhere. */
#ifndef GEN_H
#define GEN_H

#include <stddef.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea and Flood, 2014). */
struct gen {
    uint64_t state;
};

void gen_seed(struct gen *g, uint64_t seed);
uint64_t gen_u64(struct gen *g);

/* 0 .. bound - 1, near enough to uniform. */
uint64_t gen_below(struct gen *g, uint64_t bound);

/* 0 .. 1, without 1. */
double gen_unit(struct gen *g);
void gen_bytes(struct gen *g, void *out, size_t size);

/* Words and markup in lines, about as compressible as a page. */
void gen_text(struct gen *g, char *out, size_t size);

/*
 * Change data of size bytes into out: edits insertions, deletions and
 * replacements at random places. Returns its size, at most capacity.
 */
size_t gen_edit(struct gen *g, const uint8_t *data, size_t size, unsigned edits,
                uint8_t *out, size_t capacity);

#endif
