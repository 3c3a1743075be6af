/* SPDX-License-Identifier: MIT */
/*
 * Keys kept by value inside the entries of the structures: short ones in the
 * entry itself, long ones in a block of their own. And the secret seed of the
 * hash that finds them.
 */
#ifndef CFK_STRUCTURES_KEY_H
#define CFK_STRUCTURES_KEY_H

#include "base/alloc.h"
#include "structures/hash.h"

enum { CFK__KEY_INLINE = 28 };

struct cfk__key {
    uint32_t len;
    uint8_t bytes[CFK__KEY_INLINE]; /* a pointer to the block where len is larger */
};

static inline const uint8_t *cfk__key_data(const struct cfk__key *key)
{
    const uint8_t *block;

    if (key->len <= CFK__KEY_INLINE)
        return key->bytes;
    memcpy(&block, key->bytes, sizeof block);
    return block;
}

/*
 * Equality of len bytes. Most keys are short, and a call of memcmp() costs
 * more than comparing their words does.
 */
static inline bool cfk__bytes_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (; len > 16; a += 8, b += 8, len -= 8)
        if (cfk__load64le(a) != cfk__load64le(b))
            return false;
    return cfk__key_has_words(a, len, cfk__key_words(b, len));
}

static inline bool cfk__key_equal(const struct cfk__key *key, const void *data,
                                  size_t len)
{
    return key->len == len && cfk__bytes_equal(cfk__key_data(key), data, len);
}

/* A copy of data, at most UINT32_MAX bytes. CFK_OK or CFK_E_NOMEM. */
int cfk__key_store(struct cfk__key *key, const void *data, size_t len,
                   const struct cfk_alloc *alloc);
void cfk__key_release(struct cfk__key *key, const struct cfk_alloc *alloc);

/* The seed asked for, or a random one for two zeros. CFK_OK or CFK_E_RANDOM. */
int cfk__key_seed(uint64_t seed[2], const uint64_t asked[2], struct cfk_error *err);

/*
 * The limit on the length of keys, 0 meaning 256. CFK_OK, or CFK_E_INVALID
 * where it is above CFK__KEY_MOST.
 */
#define CFK__KEY_MOST (UINT32_C(1) << 30)
int cfk__key_limit(uint32_t *limit, size_t asked, const char *component,
                   struct cfk_error *err);

#endif
