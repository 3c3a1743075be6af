/* SPDX-License-Identifier: MIT */
/* One share of SLIP-39: its fields, its words. */
#ifndef CFK_SPLIT_MNEMONIC_H
#define CFK_SPLIT_MNEMONIC_H

#include "cfkit/words.h"
#include "split/wordlist.h"

enum {
    CFK__MNEMONIC_ID_BITS = 15,
    CFK__MNEMONIC_MAX_WORDS = 59, /* of 64 bytes */
    CFK__MNEMONIC_MAX_TEXT = CFK__MNEMONIC_MAX_WORDS * (CFK__WORD_MAX + 1),
};

struct cfk__mnemonic {
    uint16_t id;
    bool extendable; /* not bound to the id */
    uint8_t exponent;
    uint8_t group; /* from 0 */
    uint8_t group_threshold;
    uint8_t group_count;
    uint8_t member; /* from 0 */
    uint8_t threshold;
    uint8_t size;
    uint8_t value[CFK_WORDS_MAX_SECRET];
};

/* The share in words with spaces between and a NUL behind; CFK__MNEMONIC_MAX_TEXT. */
void cfk__mnemonic_write(const struct cfk__mnemonic *share, char *text);

/*
 * Read and check a share, see cfk_words_check(). *word is the mistyped word
 * from 1, or 0. On failure the share holds nothing.
 */
int cfk__mnemonic_read(const char *text, size_t len, struct cfk__mnemonic *share,
                       uint32_t *word, struct cfk_error *err);

#endif
