/* SPDX-License-Identifier: MIT */
/* age's text of an X25519 public key: Bech32 (BIP-173) with the prefix "age". */
#ifndef CFK_SPLIT_BECH32_H
#define CFK_SPLIT_BECH32_H

#include "base/crypto.h"
#include "cfkit/identity.h"

/* Write the text of a public key and a NUL. */
void cfk__public_write(const uint8_t key[CFK__X25519_SIZE],
                       char text[CFK_IDENTITY_PUBLIC_SIZE]);

/*
 * Read one, in small or in capital letters. CFK_OK, or CFK_E_CORRUPT: mistyped,
 * or a point of low order.
 */
int cfk__public_read(const char *text, size_t len, uint8_t key[CFK__X25519_SIZE],
                     struct cfk_error *err);

#endif
