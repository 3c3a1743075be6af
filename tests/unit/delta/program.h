/* SPDX-License-Identifier: MIT */
/* Generated ELF files: code that calls and refers, data full of pointers, their tables.
 */
#ifndef DELTA_PROGRAM_H
#define DELTA_PROGRAM_H

#include "gen.h"

enum {
    PROGRAM_FUNCTIONS_MAX = 2000,
    PROGRAM_MAX = 1 << 20, /* bytes */
};

/*
 * A program of so many functions, with one more before function extra (or none where
 * there is no such function). The same seed gives the same functions. Returns its size.
 */
size_t program_make(uint64_t seed, unsigned functions, unsigned extra, uint8_t *out);

#endif
