/* SPDX-License-Identifier: MIT */
/* Numbers in text, and what of a text is a name. */
#ifndef CFK_UPGRADE_TEXT_H
#define CFK_UPGRADE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CFK__NAME_MAX = 255 };

/* All len characters are digits of base 8 or 10, and the value at most max. */
bool cfk__text_number(const char *text, size_t len, unsigned base, uint64_t max,
                      uint64_t *out);

/* May stand in LISTEN_FDNAMES: 1 to 255 bytes, no ':' and no control character. */
bool cfk__text_is_name(const char *text, size_t len);

#endif
