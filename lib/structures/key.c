/* SPDX-License-Identifier: MIT */
#include "structures/key.h"

#include "base/crypto.h"
#include "base/error.h"

enum { DEFAULT_KEY_LIMIT = 256 };

int cfk__key_store(struct cfk__key *key, const void *data, size_t len,
                   const struct cfk_alloc *alloc)
{
    if (len <= CFK__KEY_INLINE) {
        if (len > 0)
            memcpy(key->bytes, data, len);
    } else {
        uint8_t *block = cfk__malloc(alloc, len);

        if (block == NULL)
            return CFK_E_NOMEM;
        memcpy(block, data, len);
        memcpy(key->bytes, &block, sizeof block);
    }
    key->len = (uint32_t)len;
    return CFK_OK;
}

void cfk__key_release(struct cfk__key *key, const struct cfk_alloc *alloc)
{
    if (key->len > CFK__KEY_INLINE) {
        uint8_t *block;

        memcpy(&block, key->bytes, sizeof block);
        cfk__free(alloc, block);
    }
    key->len = 0;
}

int cfk__key_seed(uint64_t seed[2], const uint64_t asked[2], struct cfk_error *err)
{
    seed[0] = asked[0];
    seed[1] = asked[1];
    if (seed[0] != 0 || seed[1] != 0)
        return CFK_OK;
    return cfk__random(seed, 2 * sizeof seed[0], err);
}

int cfk__key_limit(uint32_t *limit, size_t asked, const char *component,
                   struct cfk_error *err)
{
    if (asked > CFK__KEY_MOST)
        return cfk__fail(err, CFK_E_INVALID, "%s: keys of %zu bytes; %lu is the most",
                         component, asked, (unsigned long)CFK__KEY_MOST);
    *limit = asked > 0 ? (uint32_t)asked : DEFAULT_KEY_LIMIT;
    return CFK_OK;
}
