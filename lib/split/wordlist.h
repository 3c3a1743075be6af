/* SPDX-License-Identifier: MIT */
/* The 1024 words of SLIP-39. Which word it is decides no branch and no index. */
#ifndef CFK_SPLIT_WORDLIST_H
#define CFK_SPLIT_WORDLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CFK__WORD_COUNT = 1024,
    CFK__WORD_MIN = 4,
    CFK__WORD_MAX = 8,
};

/* The letters of word index, with zeros behind shorter ones. */
void cfk__word_text(uint32_t index, char text[CFK__WORD_MAX]);

/*
 * Which word it is: in any case, cut after four letters or more. False if it is
 * none of them.
 */
bool cfk__word_find(const char *text, size_t size, uint32_t *index);

#endif
