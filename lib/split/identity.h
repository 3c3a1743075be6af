/* SPDX-License-Identifier: MIT */
/* A person's key inside, and its text. Format: cfkey(5). */
#ifndef CFK_SPLIT_IDENTITY_H
#define CFK_SPLIT_IDENTITY_H

#include "base/crypto.h"
#include "cfkit/identity.h"
#include "split/kdf.h"

enum {
    CFK__KEYFILE_SALT = 16,
    CFK__KEYFILE_COMMITMENT = 32,
    CFK__KEYFILE_SEALED = CFK__X25519_SIZE + CFK__AEAD_TAG_SIZE,
    CFK__KEYFILE_MAX_TEXT = 512,
};

struct cfk_identity {
    struct cfk_alloc alloc;
    uint8_t *scalar; /* secret memory, CFK__X25519_SIZE bytes */
    uint8_t public_key[CFK__X25519_SIZE];
    char public_text[CFK_IDENTITY_PUBLIC_SIZE];
};

/* The fields of the text. */
struct cfk__keyfile {
    uint8_t public_key[CFK__X25519_SIZE];
    struct cfk__kdf_cost cost;
    uint8_t salt[CFK__KEYFILE_SALT];
    uint8_t commitment[CFK__KEYFILE_COMMITMENT];
    uint8_t sealed[CFK__KEYFILE_SEALED];
};

/* The lines that are bound into the sealed key. Returns their size. */
size_t cfk__keyfile_head(const struct cfk__keyfile *file,
                         char text[CFK__KEYFILE_MAX_TEXT]);

/* The whole text with a NUL. CFK_OK or CFK_E_NOMEM. */
int cfk__keyfile_write(const struct cfk__keyfile *file, char text[CFK__KEYFILE_MAX_TEXT],
                       size_t *len, struct cfk_error *err);

/* CFK_OK, CFK_E_CORRUPT, CFK_E_NOTSUP or CFK_E_NOMEM. */
int cfk__keyfile_read(const char *text, size_t len, struct cfk__keyfile *file,
                      struct cfk_error *err);

#endif
