/* SPDX-License-Identifier: MIT */
/* What the tests of sketches share. */
#ifndef SKETCH_H
#define SKETCH_H

#include "cfkit/topk.h"
#include "structures/topk.h"

enum { SKETCH_SECOND = 1000000000 };

/* A sketch with the seed { 1, 2 }; 0 is a default, as in the options. */
cfk_topk *sketch(size_t counters, size_t cells);
cfk_topk *sketch_decayed(size_t counters, size_t cells, int64_t half_life_ns);

void sketch_add(cfk_topk *top, const char *key, uint64_t weight);
void sketch_expect(const cfk_topk *top, const void *key, size_t len, uint64_t lo,
                   uint64_t hi);

/* Everything that structures/topk.h says of a sketch between calls. */
void sketch_check(const cfk_topk *top);

/* An assertion of Check costs too much to be made millions of times. */
void sketch_must(bool holds, const char *what);

/* Rounds of a loop: all, or a few under valgrind and sanitizers. */
int sketch_rounds(int all);

#endif
