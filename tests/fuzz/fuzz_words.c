/* SPDX-License-Identifier: MIT */
/*
 * Shares in words, one a line. What is read is written as the same share; a
 * join takes them or leaves them, and opens only with enough of them. Opening
 * ends before PBKDF2, which would take all the time, at a passphrase that is
 * too long.
 */
#include "fuzz.h"
#include "split/mnemonic.h"

#include <stdlib.h>
#include <string.h>

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* CFK_OK where the line is a share. */
static int check_line(const char *line, size_t size)
{
    struct cfk_words_info info = { .size = sizeof info };
    struct cfk__mnemonic share;
    struct cfk__mnemonic again;
    char text[CFK__MNEMONIC_MAX_TEXT];
    uint32_t word;
    int rc = cfk_words_check(line, size, &info, NULL);

    demand(rc == CFK_OK || rc == CFK_E_SHARE || rc == CFK_E_CORRUPT || rc == CFK_E_LIMIT);
    demand(info.word == 0 || (rc == CFK_E_SHARE && info.word <= CFK__MNEMONIC_MAX_WORDS));
    if (rc != CFK_OK)
        return rc;
    demand(cfk__mnemonic_read(line, size, &share, &word, NULL) == CFK_OK);
    cfk__mnemonic_write(&share, text);
    demand(cfk__mnemonic_read(text, strlen(text), &again, &word, NULL) == CFK_OK);
    demand(memcmp(&share, &again, sizeof share) == 0);
    return CFK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t passphrase[CFK_WORDS_MAX_PASSPHRASE + 1];
    const char *text = (const char *)data;
    cfk_words_join *join;
    const void *secret;
    size_t secret_size;
    int rc;

    if (cfk_words_join_new(NULL, &join, NULL) != CFK_OK)
        return 0;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t line = end != NULL ? (size_t)(end - text) : size;

        rc = check_line(text, line);
        demand(cfk_words_join_add(join, text, line, NULL) != CFK_OK || rc == CFK_OK);
        text += line + (end != NULL);
        size -= line + (end != NULL);
    }
    rc = cfk_words_join_open(join, passphrase, sizeof passphrase, &secret, &secret_size,
                             NULL);
    if (cfk_words_join_ready(join))
        demand(rc == CFK_E_LIMIT || rc == CFK_E_SHARE);
    else
        demand(rc == CFK_E_NEED_MORE);
    cfk_words_join_free(join);
    return 0;
}
