/* SPDX-License-Identifier: MIT */
/* SLIP-39's cipher and its sharing with a digest. */
#ifndef CFK_SPLIT_SLIP39_H
#define CFK_SPLIT_SLIP39_H

#include "base/bytes.h"
#include "cfkit/words.h"

/* What the cipher depends on besides the passphrase. */
struct cfk__slip39_salt {
    uint16_t id;
    bool extendable;
    uint8_t exponent;
};

/*
 * Encrypt or decrypt size bytes, an even number, from data to out, which may be
 * the same. CFK_OK, CFK_E_LIMIT (passphrase) or CFK_E_NOMEM.
 */
int cfk__slip39_encrypt(const struct cfk__slip39_salt *salt, struct cfk__span passphrase,
                        const uint8_t *data, size_t size, uint8_t *out,
                        struct cfk_error *err);
int cfk__slip39_decrypt(const struct cfk__slip39_salt *salt, struct cfk__span passphrase,
                        const uint8_t *data, size_t size, uint8_t *out,
                        struct cfk_error *err);

/*
 * Share a secret of size bytes among count, 1 to 16, with a digest that tells
 * when it comes back wrong, unless threshold is 1. Share i goes to shares[i].
 */
int cfk__slip39_share(const uint8_t *secret, size_t size, unsigned threshold,
                      unsigned count, uint8_t (*shares)[CFK_WORDS_MAX_SECRET],
                      struct cfk_error *err);

/* Shares of one secret: y[i] belongs to x[i]. */
struct cfk__slip39_points {
    uint8_t x[CFK_WORDS_MAX_MEMBERS];
    uint8_t y[CFK_WORDS_MAX_MEMBERS][CFK_WORDS_MAX_SECRET];
    unsigned count;
};

/*
 * Recover the secret from threshold or more points. Where there are more and
 * some of them are wrong, those that agree are found. *odd is then the index of
 * the first one that does not, else points->count. CFK_OK, CFK_E_SHARE (no
 * threshold of them agree), CFK_E_NOMEM.
 */
int cfk__slip39_recover(const struct cfk__slip39_points *points, unsigned threshold,
                        size_t size, uint8_t *secret, unsigned *odd,
                        struct cfk_error *err);

#endif
