/* SPDX-License-Identifier: MIT */
#include "split/bech32.h"

#include "base/error.h"
#include "base/secret.h"

#include <string.h>

enum {
    PREFIX_SIZE = 4,  /* "age1" */
    KEY_SYMBOLS = 52, /* of 5 bits: 32 bytes and 4 zeros */
    CHECK_SYMBOLS = 6,
    SYMBOLS = KEY_SYMBOLS + CHECK_SYMBOLS,
    TEXT_SIZE = PREFIX_SIZE + SYMBOLS,
};

_Static_assert(TEXT_SIZE + 1 == CFK_IDENTITY_PUBLIC_SIZE, "part of the ABI");

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t step(uint32_t chk, uint8_t symbol)
{
    static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3 };
    uint32_t top = chk >> 25;

    chk = (chk & 0x1ffffff) << 5 ^ symbol;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1)
            chk ^= generator[i];
    return chk;
}

/* 1 where the symbols end in their checksum. */
static uint32_t checksum(const uint8_t symbols[SYMBOLS])
{
    static const uint8_t prefix[] = { 3, 3, 3, 0, 'a' & 31, 'g' & 31, 'e' & 31 };
    uint32_t chk = 1;

    for (size_t i = 0; i < sizeof prefix; i++)
        chk = step(chk, prefix[i]);
    for (size_t i = 0; i < SYMBOLS; i++)
        chk = step(chk, symbols[i]);
    return chk;
}

/* Bit number i of a key, from the highest of its first byte; 0 behind the end. */
static unsigned bit_of(const uint8_t *key, size_t i)
{
    return i < 8 * CFK__X25519_SIZE ? (unsigned)key[i / 8] >> (7 - i % 8) & 1u : 0u;
}

void cfk__public_write(const uint8_t key[CFK__X25519_SIZE],
                       char text[CFK_IDENTITY_PUBLIC_SIZE])
{
    uint8_t symbols[SYMBOLS] = { 0 };
    uint32_t chk;

    for (size_t i = 0; i < KEY_SYMBOLS; i++)
        for (size_t bit = 0; bit < 5; bit++)
            symbols[i] = (uint8_t)((unsigned)symbols[i] << 1 | bit_of(key, 5 * i + bit));
    chk = checksum(symbols) ^ 1;
    for (size_t i = 0; i < CHECK_SYMBOLS; i++)
        symbols[KEY_SYMBOLS + i] = chk >> 5 * (CHECK_SYMBOLS - 1 - i) & 31;
    memcpy(text, "age1", PREFIX_SIZE);
    for (size_t i = 0; i < SYMBOLS; i++)
        text[PREFIX_SIZE + i] = alphabet[symbols[i]];
    text[TEXT_SIZE] = '\0';
}

/* All in small letters, or all in capitals, as small ones. */
static bool fold(const char *text, char *folded)
{
    bool small = false;
    bool capital = false;

    for (size_t i = 0; i < TEXT_SIZE; i++) {
        small = small || (text[i] >= 'a' && text[i] <= 'z');
        folded[i] = text[i];
        if (text[i] >= 'A' && text[i] <= 'Z') {
            capital = true;
            folded[i] = (char)(text[i] + 'a' - 'A');
        }
    }
    return !(small && capital);
}

static bool read_symbols(const char *text, size_t len, uint8_t symbols[SYMBOLS])
{
    char folded[TEXT_SIZE];

    if (len != TEXT_SIZE || !fold(text, folded) ||
        memcmp(folded, "age1", PREFIX_SIZE) != 0)
        return false;
    for (size_t i = 0; i < SYMBOLS; i++) {
        const char *at = memchr(alphabet, folded[PREFIX_SIZE + i], sizeof alphabet - 1);

        if (at == NULL)
            return false;
        symbols[i] = (uint8_t)(at - alphabet);
    }
    return checksum(symbols) == 1 && (symbols[KEY_SYMBOLS - 1] & 15) == 0;
}

int cfk__public_read(const char *text, size_t len, uint8_t key[CFK__X25519_SIZE],
                     struct cfk_error *err)
{
    static const uint8_t any_scalar[CFK__X25519_SIZE] = { 8 };
    uint8_t symbols[SYMBOLS];
    uint8_t product[CFK__X25519_SIZE];
    int rc;

    if (!read_symbols(text, len, symbols))
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: not a public key, or mistyped; one has 62 characters "
                         "and begins with age1");
    memset(key, 0, CFK__X25519_SIZE);
    for (size_t i = 0; i < 8 * CFK__X25519_SIZE; i++)
        key[i / 8] = (uint8_t)(key[i / 8] << 1 | (symbols[i / 5] >> (4 - i % 5) & 1));
    rc = cfk__x25519(product, any_scalar, key, err);
    cfk__wipe(product, sizeof product);
    if (rc == CFK_E_INVALID)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: a public key of low order keeps no secret");
    return rc;
}

int cfk_identity_check_public(const char *text, size_t len, struct cfk_error *err)
{
    uint8_t key[CFK__X25519_SIZE];

    return cfk__public_read(text, len, key, err);
}
