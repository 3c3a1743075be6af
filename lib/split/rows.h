/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text that people copy: Crockford's base 32 in groups of four, eight
 * groups a row, and behind each row two characters that check it and its
 * number, so that a slip is found in its row.
 */
#ifndef CFK_SPLIT_ROWS_H
#define CFK_SPLIT_ROWS_H

#include "base/bytes.h"

enum {
    CFK__ROW_SYMBOLS = 32, /* of data; 20 bytes */
    CFK__ROW_CHECK = 2,
};

/* What stands before the first row. */
#define CFK__ROWS_PREFIX "cfs1"

/* Bytes of text for size bytes, each row with its newline. */
size_t cfk__rows_text_size(size_t size);

/* Exactly so many bytes of text; no NUL. */
void cfk__rows_write(struct cfk__span data, char *text);

enum cfk__rows_fault {
    CFK__ROWS_FINE,
    CFK__ROWS_CHARACTER, /* one that is not of the alphabet */
    CFK__ROWS_CASE,      /* upper and lower case together */
    CFK__ROWS_CHECKED,   /* the row does not fit its check characters */
    CFK__ROWS_LENGTH,    /* no such number of bytes, or more than fit */
};

struct cfk__rows_result {
    enum cfk__rows_fault fault;
    uint32_t row;  /* where the fault is, from 1 */
    size_t offset; /* of that row in the text */
    size_t size;   /* bytes that were read, all of them or those before the fault */
};

/* Between the rows of one text: zeros to begin with. */
struct cfk__row_state {
    uint64_t upper, lower; /* not 0 where letters of that case were seen */
    uint64_t pending;
    unsigned pending_bits;
};

/* All zero for a row that is fine. */
struct cfk__row_verdict {
    uint32_t unknown; /* a character that is not of the alphabet */
    uint32_t mixed;   /* upper and lower case together */
    uint32_t wrong;   /* what the check characters are off by */
};

/*
 * Read one row: count symbols, at most CFK__ROW_SYMBOLS, and the check characters
 * behind them, without blanks. Time depends on count alone.
 */
struct cfk__row_verdict cfk__row_read(struct cfk__row_state *state, uint32_t row,
                                      const char *symbols, size_t count,
                                      struct cfk__writer *out);

/*
 * Read text that begins with the prefix. Blanks and line ends may stand
 * anywhere; all letters have one case; o is read as 0, i and l as 1. Time
 * depends on the length of the text and on where its blanks and faults are.
 */
struct cfk__rows_result cfk__rows_read(const char *text, size_t len, uint8_t *data,
                                       size_t capacity);

#endif
