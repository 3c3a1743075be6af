/* SPDX-License-Identifier: MIT */
#include "common/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Unicode 15, table 3-7. */
size_t cli_utf8_length(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
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
    char *valid = malloc(len * 3 + 1);
    size_t used = 0;
    json_t *value;

    if (valid == NULL)
        return NULL;
    for (size_t i = 0; i < len;) {
        size_t step = cli_utf8_length(text + i, len - i);

        if (step == 0) {
            memcpy(valid + used, replacement, 3);
            used += 3;
            i++;
        } else {
            memcpy(valid + used, text + i, step);
            used += step;
            i += step;
        }
    }
    value = json_stringn(valid, used);
    free(valid);
    return value;
}

/* Lower-case hexadecimal digits of bytes as a JSON string. */
static json_t *json_hex(const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(len * 2 + 1);
    json_t *value;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    value = json_stringn(text, len * 2);
    free(text);
    return value;
}

bool cli_json_set_bytes(json_t *object, const char *name, const char *bytes, size_t len)
{
    char hex_name[64];
    size_t valid = 0;

    while (valid < len) {
        size_t step = cli_utf8_length(bytes + valid, len - valid);

        if (step == 0)
            break;
        valid += step;
    }
    if (json_object_set_new(object, name, cli_json_text(bytes, len)) != 0)
        return false;
    if (valid == len)
        return true;
    snprintf(hex_name, sizeof hex_name, "%s_hex", name);
    return json_object_set_new(object, hex_name, json_hex(bytes, len)) == 0;
}

void cli_print_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)text + i;
        size_t step = cli_utf8_length(text + i, len - i);
        bool control = p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);

        if (step == 0) {
            printf("\\x%02x", p[0]);
            step = 1;
        } else if (control) {
            for (size_t k = 0; k < step; k++)
                printf("\\x%02x", p[k]);
        } else {
            fwrite(p, 1, step, stdout);
        }
        i += step;
    }
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
