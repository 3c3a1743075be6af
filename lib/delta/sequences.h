/* SPDX-License-Identifier: MIT */
/* The sequences section of a block (RFC 8878, 3.1.1.3.2). */
#ifndef CFK_DELTA_SEQUENCES_H
#define CFK_DELTA_SEQUENCES_H

#include "delta/fse.h"

enum { CFK__MATCH_MIN = 3 };

/* The order in which their tables are described. */
enum { CFK__LITERAL_LENGTHS = 0, CFK__OFFSETS = 1, CFK__MATCH_LENGTHS = 2 };

/* Some literals, then a copy from so far back. */
struct cfk__sequence {
    uint32_t literals;
    uint32_t match;
    uint32_t offset;
};

/* The same in the terms of the format. */
struct cfk__coded_sequence {
    uint32_t literals;
    uint32_t match;
    uint32_t offset_value; /* 1 to 3: of the recent ones */
    uint8_t code[3];
};

/* The value that stands for offset after the recent ones, which are brought forward. */
uint32_t cfk__offset_value(uint32_t recent[3], uint32_t offset, bool after_literals);

unsigned cfk__literals_code(uint32_t literals);
unsigned cfk__match_code(uint32_t match);
static inline unsigned cfk__offset_code(uint32_t value)
{
    return 31u - (unsigned)__builtin_clz(value);
}

/* Extra bits of a code of a kind. */
unsigned cfk__extra_bits(unsigned kind, unsigned code);

enum cfk__table_mode {
    CFK__TABLE_PREDEFINED = 0,
    CFK__TABLE_RLE = 1,
    CFK__TABLE_FSE = 2,
    CFK__TABLE_REPEAT = 3,
};

/* The tables that the last block with sequences left to the next. */
struct cfk__sequence_tables {
    bool valid;
    struct cfk__fse_table table[3];
};

struct cfk__sequences_plan {
    enum cfk__table_mode mode[3];
    struct cfk__fse_norm norm[3]; /* a single state for RLE */
    size_t size;                  /* of the section, within a byte or two */
};

/* The distribution that needs no description. */
const struct cfk__fse_norm *cfk__predefined(unsigned kind);

/* Choose the tables that take the fewest bits. last may be NULL. */
void cfk__sequences_plan(struct cfk__sequences_plan *plan,
                         const struct cfk__coded_sequence *s, size_t count,
                         const struct cfk__sequence_tables *last);

/*
 * Write the section as planned, and leave its tables in last. Returns its size, 0
 * when it does not fit.
 */
size_t cfk__sequences_write(const struct cfk__sequences_plan *plan,
                            const struct cfk__coded_sequence *s, size_t count,
                            struct cfk__sequence_tables *last, uint8_t *out,
                            size_t capacity);

#endif
