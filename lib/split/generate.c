/* SPDX-License-Identifier: MIT */
/* Passphrases that nobody has to make up. */
#include "base/crypto.h"
#include "base/error.h"
#include "base/secret.h"
#include "cfkit/words.h"
#include "split/wordlist.h"

#include <string.h>

/* A number from two random bytes is as likely as any: 65536 is a multiple of 1024. */
static size_t put_word(const uint8_t random[2], char *text)
{
    uint32_t index = ((uint32_t)random[0] << 8 | random[1]) % CFK__WORD_COUNT;
    char word[CFK__WORD_MAX];
    size_t size = 0;

    cfk__word_text(index, word);
    while (size < CFK__WORD_MAX && word[size] != '\0')
        size++;
    memcpy(text, word, size);
    cfk__wipe(word, sizeof word);
    return size;
}

int cfk_words_passphrase(uint32_t count, char *text, size_t size, struct cfk_error *err)
{
    uint8_t random[2 * CFK_WORDS_PASSPHRASE_MAX];
    char *p = text;
    int rc;

    if (count == 0 || count > CFK_WORDS_PASSPHRASE_MAX)
        return cfk__fail(err, CFK_E_INVALID,
                         "split: a passphrase of %u words, not 1 to %d", (unsigned)count,
                         CFK_WORDS_PASSPHRASE_MAX);
    if (size < (CFK__WORD_MAX + 1) * (size_t)count)
        return cfk__fail(err, CFK_E_SPACE,
                         "split: %zu bytes for %u words, which may take %u", size,
                         (unsigned)count, (CFK__WORD_MAX + 1) * (unsigned)count);
    rc = cfk__random(random, 2 * (size_t)count, err);
    for (uint32_t i = 0; i < count && rc == CFK_OK; i++) {
        p += put_word(random + 2 * (size_t)i, p);
        *p++ = i + 1 < count ? ' ' : '\0';
    }
    cfk__wipe(random, sizeof random);
    return rc;
}
