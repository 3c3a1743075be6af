/* SPDX-License-Identifier: MIT */
#include "upgrade/text.h"

bool cfk__text_number(const char *text, size_t len, unsigned base, uint64_t max,
                      uint64_t *out)
{
    uint64_t value = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)text[i] - '0';

        if (digit >= base || digit > max || value > (max - digit) / base)
            return false;
        value = value * base + digit;
    }
    *out = value;
    return true;
}

bool cfk__text_is_name(const char *text, size_t len)
{
    if (len == 0 || len > CFK__NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || text[i] == ':')
            return false;
    return true;
}
