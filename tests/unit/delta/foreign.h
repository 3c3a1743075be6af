/* SPDX-License-Identifier: MIT */
/* Generated PE and Mach-O files of the same code and data, as program.h makes ELF. */
#ifndef DELTA_FOREIGN_H
#define DELTA_FOREIGN_H

#include "gen.h"

enum {
    FOREIGN_FUNCTIONS_MAX = 1000,
    FOREIGN_MAX = 1 << 19, /* bytes */
    FOREIGN_CASES = 6,     /* of the jump table that every function has */
};

/*
 * So many functions, with one more before function extra (or none where there is no such
 * function): each has a table of jumps, a pointer to it in data, and what tells how to
 * unwind it. The same seed gives the same functions. Returns the size of the file.
 */
size_t foreign_pe(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out);
size_t foreign_macho(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out);

#endif
