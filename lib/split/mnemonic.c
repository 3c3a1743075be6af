/* SPDX-License-Identifier: MIT */
/*
 * SLIP-0039, "Format of the share mnemonic", in words of 10 bits:
 *
 *     15 id, 1 extendable, 4 exponent, 4 group, 4 group threshold - 1,
 *     4 groups - 1, 4 member, 4 threshold - 1, zeros to fill the first word of
 *     the value, the value, 30 checksum
 */
#include "split/mnemonic.h"

#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    WORD_BITS = 10,
    HEAD_WORDS = 4,
    CHECK_WORDS = 3,
    MIN_WORDS = 20,
    MAX_PADDING = 8,
};

/* --- the checksum: RS1024, a Reed-Solomon code over GF(1024) --- */

/* One more symbol; feeding 0 multiplies. The generator is public, chk is not. */
static uint32_t rs1024_step(uint32_t chk, uint32_t symbol)
{
    static const uint32_t generator[] = { 0x00e0e040, 0x01c1c080, 0x03838100, 0x07070200,
                                          0x0e0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48,
                                          0x21b1f890, 0x03f3f120 };
    uint32_t top = chk >> 20;

    chk = (chk & 0xfffff) << WORD_BITS ^ symbol;
    for (unsigned i = 0; i < WORD_BITS; i++)
        chk ^= generator[i] & (0u - (top >> i & 1));
    return chk;
}

/* 1 where all the words are right, with the checksum at their end. */
static uint32_t rs1024(const uint16_t *words, size_t count, bool extendable)
{
    const char *name = extendable ? "shamir_extendable" : "shamir";
    uint32_t chk = 1;

    for (; *name != '\0'; name++)
        chk = rs1024_step(chk, (uint8_t)*name);
    for (size_t i = 0; i < count; i++)
        chk = rs1024_step(chk, words[i]);
    return chk;
}

/*
 * The one word that, changed, would make the checksum right, from 1, or 0. The
 * code is linear: a mistake's part in the result is the sum of those of its
 * bits, which are known from the last word backwards. Every sum is met by
 * changing one bit at a time (Gray).
 */
static uint32_t find_mistake(const uint16_t *words, size_t count, bool extendable)
{
    uint32_t wanted = rs1024(words, count, extendable) ^ 1;
    uint32_t parts[WORD_BITS];

    for (unsigned bit = 0; bit < WORD_BITS; bit++)
        parts[bit] = 1u << bit;
    for (size_t place = count; place > 0; place--) {
        uint32_t sum = 0;

        for (unsigned i = 1; i < CFK__WORD_COUNT; i++) {
            unsigned bit = 0;

            while (!(i >> bit & 1))
                bit++;
            sum ^= parts[bit];
            if (sum == wanted)
                return (uint32_t)place;
        }
        for (unsigned bit = 0; bit < WORD_BITS; bit++)
            parts[bit] = rs1024_step(parts[bit], 0);
    }
    return 0;
}

/* --- bits --- */

/* A position in words, counted in bits from the first one's highest. */
struct bits {
    uint16_t *words;
    size_t pos;
};

static void put(struct bits *b, uint32_t value, unsigned count)
{
    while (count-- > 0) {
        uint16_t *word = &b->words[b->pos / WORD_BITS];

        *word = (uint16_t)((unsigned)*word << 1 | (value >> count & 1));
        b->pos++;
    }
}

static uint32_t take(struct bits *b, unsigned count)
{
    uint32_t value = 0;

    while (count-- > 0) {
        uint32_t word = b->words[b->pos / WORD_BITS];

        value = value << 1 | (word >> (WORD_BITS - 1 - b->pos % WORD_BITS) & 1);
        b->pos++;
    }
    return value;
}

static size_t words_of(size_t size)
{
    return HEAD_WORDS + (8 * size + WORD_BITS - 1) / WORD_BITS + CHECK_WORDS;
}

static unsigned padding_of(size_t size)
{
    return (unsigned)((words_of(size) - HEAD_WORDS - CHECK_WORDS) * WORD_BITS - 8 * size);
}

/* --- writing --- */

static size_t pack(const struct cfk__mnemonic *share, uint16_t *words)
{
    struct bits b = { words, 0 };
    size_t count = words_of(share->size);
    uint32_t chk;

    memset(words, 0, CFK__MNEMONIC_MAX_WORDS * sizeof *words);
    put(&b, share->id, CFK__MNEMONIC_ID_BITS);
    put(&b, share->extendable, 1);
    put(&b, share->exponent, 4);
    put(&b, share->group, 4);
    put(&b, share->group_threshold - 1u, 4);
    put(&b, share->group_count - 1u, 4);
    put(&b, share->member, 4);
    put(&b, share->threshold - 1u, 4);
    put(&b, 0, padding_of(share->size));
    for (size_t i = 0; i < share->size; i++)
        put(&b, share->value[i], 8);
    chk = rs1024(words, count, share->extendable) ^ 1;
    put(&b, chk, CHECK_WORDS * WORD_BITS);
    return count;
}

void cfk__mnemonic_write(const struct cfk__mnemonic *share, char *text)
{
    uint16_t words[CFK__MNEMONIC_MAX_WORDS];
    size_t count = pack(share, words);

    for (size_t i = 0; i < count; i++) {
        char letters[CFK__WORD_MAX];
        size_t size = CFK__WORD_MIN;

        cfk__word_text(words[i], letters);
        while (size < CFK__WORD_MAX && letters[size] != '\0')
            size++;
        memcpy(text, letters, size);
        text += size;
        *text++ = i + 1 < count ? ' ' : '\0';
        cfk__wipe(letters, sizeof letters);
    }
    cfk__wipe(words, sizeof words);
}

/* --- reading --- */

/* The words of a text, as far as they are words. */
struct reading {
    uint16_t words[CFK__MNEMONIC_MAX_WORDS];
    size_t offsets[CFK__MNEMONIC_MAX_WORDS];
    size_t count;
    size_t unknown;       /* how many are not in the list */
    size_t first_unknown; /* its number, from 0 */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* False if there are more than any share has. */
static bool read_words(struct reading *r, const char *text, size_t len)
{
    size_t pos = 0;

    r->count = 0;
    r->unknown = 0;
    for (;;) {
        uint32_t index = 0;
        size_t start;

        while (pos < len && is_blank(text[pos]))
            pos++;
        if (pos == len)
            return true;
        if (r->count == CFK__MNEMONIC_MAX_WORDS)
            return false;
        for (start = pos; pos < len && !is_blank(text[pos]);)
            pos++;
        if (!cfk__word_find(text + start, pos - start, &index) && r->unknown++ == 0)
            r->first_unknown = r->count;
        r->offsets[r->count] = start;
        r->words[r->count++] = (uint16_t)index;
    }
}

static int refuse_word(const struct reading *r, size_t place, uint32_t *word,
                       const char *why, struct cfk_error *err)
{
    *word = (uint32_t)place + 1;
    return cfk__fail_at(err, CFK_E_SHARE, r->offsets[place], "split: word %zu %s",
                        place + 1, why);
}

/* The number of bytes that the words hold, or 0 if no share has so many words. */
static size_t size_of(size_t count)
{
    size_t bits = (count - HEAD_WORDS - CHECK_WORDS) * WORD_BITS;

    return bits % 16 <= MAX_PADDING ? bits / 16 * 2 : 0;
}

static int check_words(const struct reading *r, uint32_t *word, struct cfk_error *err)
{
    bool extendable;
    uint32_t mistake;

    if (r->unknown * 2 > r->count || r->count == 0)
        return cfk__fail(err, CFK_E_CORRUPT, "split: not a share in words of SLIP-39");
    if (r->unknown > 0)
        return refuse_word(r, r->first_unknown, word, "is not in the list of words", err);
    if (r->count < MIN_WORDS || size_of(r->count) == 0)
        return cfk__fail(err, CFK_E_SHARE,
                         "split: %zu words; a share has 20, 33 for 32 bytes, or another "
                         "number for another secret: is one missing or twice there?",
                         r->count);
    extendable = r->words[1] >> 4 & 1;
    if (rs1024(r->words, r->count, extendable) == 1)
        return CFK_OK;
    mistake = find_mistake(r->words, r->count, extendable);
    if (mistake == 0) /* it may have hit that very bit */
        mistake = find_mistake(r->words, r->count, !extendable) == 2 ? 2 : 0;
    if (mistake != 0)
        return refuse_word(r, mistake - 1, word, "is not what was written", err);
    return cfk__fail(err, CFK_E_SHARE,
                     "split: the words do not check: more than one is wrong, or their "
                     "order is");
}

static int unpack(struct reading *r, struct cfk__mnemonic *share, struct cfk_error *err)
{
    struct bits b = { r->words, 0 };

    share->size = (uint8_t)size_of(r->count);
    share->id = (uint16_t)take(&b, CFK__MNEMONIC_ID_BITS);
    share->extendable = take(&b, 1);
    share->exponent = (uint8_t)take(&b, 4);
    share->group = (uint8_t)take(&b, 4);
    share->group_threshold = (uint8_t)(take(&b, 4) + 1);
    share->group_count = (uint8_t)(take(&b, 4) + 1);
    share->member = (uint8_t)take(&b, 4);
    share->threshold = (uint8_t)(take(&b, 4) + 1);
    if (take(&b, padding_of(share->size)) != 0)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: the bits in front of a share's value are not zero");
    for (size_t i = 0; i < share->size; i++)
        share->value[i] = (uint8_t)take(&b, 8);
    if (share->group_threshold > share->group_count || share->group >= share->group_count)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: group %u of %u, of which it takes %u, cannot be",
                         share->group + 1u, share->group_count, share->group_threshold);
    return CFK_OK;
}

int cfk__mnemonic_read(const char *text, size_t len, struct cfk__mnemonic *share,
                       uint32_t *word, struct cfk_error *err)
{
    struct reading r;
    int rc;

    *word = 0;
    memset(share, 0, sizeof *share);
    if (len > CFK_WORDS_MAX_TEXT)
        return cfk__fail(err, CFK_E_LIMIT, "split: a share in words of %zu bytes, not %d",
                         len, CFK_WORDS_MAX_TEXT);
    if (read_words(&r, text, len))
        rc = check_words(&r, word, err);
    else
        rc = cfk__fail(err, CFK_E_CORRUPT, "split: a share has no more than %d words",
                       CFK__MNEMONIC_MAX_WORDS);
    if (rc == CFK_OK)
        rc = unpack(&r, share, err);
    if (rc != CFK_OK)
        cfk__wipe(share, sizeof *share);
    cfk__wipe(&r, sizeof r);
    return rc;
}
