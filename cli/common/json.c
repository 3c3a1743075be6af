/* SPDX-License-Identifier: MIT */
#include "common/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p (Unicode 15, table 3-7), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        len = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        len = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (len > left)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < len; i++) {
        if (p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

json_t *cli_json_text(const char *text, size_t len)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    const unsigned char *p = (const unsigned char *)text;
    char *valid = malloc(len * 3 + 1);
    size_t used = 0;
    json_t *value;

    if (valid == NULL)
        return NULL;
    for (size_t i = 0; i < len;) {
        size_t step = utf8_sequence(p + i, len - i);

        if (step == 0) {
            memcpy(valid + used, replacement, 3);
            used += 3;
            i++;
        } else {
            memcpy(valid + used, p + i, step);
            used += step;
            i += step;
        }
    }
    value = json_stringn(valid, used);
    free(valid);
    return value;
}

int cli_print_json(json_t *value)
{
    if (value == NULL) {
        puts("{\"error\":{\"code\":\"no-memory\",\"message\":\"no memory for an "
             "answer\"}}");
        return CLI_TROUBLE;
    }
    if (json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0)
        fputc('\n', stdout);
    json_decref(value); /* a failed write stays in stdout's state for cli_finish() */
    return CLI_YES;
}
