/* SPDX-License-Identifier: MIT */
/*
 * The key of a person: an X25519 key pair. Locks are made for the public text,
 * which is that of age ("age1..."); the secret half stays with its person, in a
 * file under a passphrase (Argon2id), so that a lock holds nothing to guess and
 * a passphrase is changed without touching any lock.
 *
 *     cfk_identity_new(NULL, &identity, &err);
 *     puts(cfk_identity_public(identity));
 *     cfk_identity_save(identity, passphrase, size, NULL, &text, &len, &err);
 *     cfk_identity_free(identity);
 *
 * Passphrases are bytes: a letter that has two spellings in Unicode makes two
 * passphrases. The secret half is kept in locked memory. The format of the
 * text: cfkey(5).
 */
#ifndef CFKIT_IDENTITY_H
#define CFKIT_IDENTITY_H

#include <cfkit/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFK_IDENTITY_PUBLIC_SIZE = 63,     /* bytes of a public text with its NUL */
    CFK_IDENTITY_MAX_PASSPHRASE = 4096 /* bytes */
};

/* It never changes, so that any number of threads may use it at once. */
typedef struct cfk_identity cfk_identity;

struct cfk_identity_options {
    size_t size; /* sizeof(struct cfk_identity_options) */

    /* Saving: what a guess of the passphrase costs. About 0.25 s by default. */
    uint32_t memory_kib; /* at least 8 for each lane; 0 means 65536, 64 MiB */
    uint32_t passes;     /* 0 means 3 */
    uint32_t lanes;      /* 0 means 1; worked off by one thread */

    /* Loading and saving: the most that a text may ask for. */
    uint32_t max_memory_kib; /* 0 means 1048576, 1 GiB; times passes, 4 of that */
    uint32_t max_passes;     /* 0 means 16; of lanes there are at most 16 */

    const struct cfk_alloc *alloc; /* NULL means malloc and free; not for Argon2id */
};

/*
 * A new random key pair in *out; release it with cfk_identity_free(). Returns
 * CFK_OK, CFK_E_INVALID, CFK_E_NOTSUP, CFK_E_NOMEM or CFK_E_RANDOM. Since 0.1.
 */
CFK_API int cfk_identity_new(const struct cfk_identity_options *opts, cfk_identity **out,
                             struct cfk_error *err);

/* Wipe and release; identity may be NULL. Since 0.1. */
CFK_API void cfk_identity_free(cfk_identity *identity);

/* The public text, 62 characters; it lives as long as the identity. Since 0.1. */
CFK_API const char *cfk_identity_public(const cfk_identity *identity);

/*
 * The identity under a passphrase, as *len bytes of text and a NUL in *text,
 * which goes to cfk_free(). Save it under a new passphrase to change that.
 *
 *   CFK_OK
 *   CFK_E_INVALID  an empty passphrase, or costs that Argon2id does not know
 *   CFK_E_LIMIT    a passphrase of over 4096 bytes, or costs over the limits
 *   CFK_E_NOTSUP, CFK_E_NOMEM, CFK_E_RANDOM
 *
 * Since 0.1.
 */
CFK_API int cfk_identity_save(const cfk_identity *identity, const void *passphrase,
                              size_t passphrase_size,
                              const struct cfk_identity_options *opts, char **text,
                              size_t *len, struct cfk_error *err);

/*
 * Read such a text into *out; release it with cfk_identity_free().
 *
 *   CFK_OK
 *   CFK_E_PASSPHRASE  wrong
 *   CFK_E_CORRUPT     not an identity, damaged, or forged
 *   CFK_E_LIMIT       it asks for more than the limits: nothing was allocated
 *   CFK_E_NOTSUP      of a newer version
 *   CFK_E_INVALID, CFK_E_NOMEM
 *
 * Since 0.1.
 */
CFK_API int cfk_identity_load(const char *text, size_t len, const void *passphrase,
                              size_t passphrase_size,
                              const struct cfk_identity_options *opts, cfk_identity **out,
                              struct cfk_error *err);

/* What such a text says without its passphrase. */
struct cfk_identity_info {
    size_t size; /* sizeof(struct cfk_identity_info), set by the caller */
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
    char public_text[CFK_IDENTITY_PUBLIC_SIZE];
};

/* Fill *info. CFK_OK, CFK_E_INVALID, CFK_E_CORRUPT or CFK_E_NOTSUP. Since 0.1. */
CFK_API int cfk_identity_show(const char *text, size_t len,
                              struct cfk_identity_info *info, struct cfk_error *err);

/*
 * Whether text is somebody's public text, of cfkit or age. CFK_OK, or
 * CFK_E_CORRUPT: mistyped, or a point that keeps no secret. Since 0.1.
 */
CFK_API int cfk_identity_check_public(const char *text, size_t len,
                                      struct cfk_error *err);

#ifdef __cplusplus
}
#endif

#endif
