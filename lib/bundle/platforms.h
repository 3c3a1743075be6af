/* SPDX-License-Identifier: MIT */
/*
 * Which platforms trust which roots. Platforms share stores: a store is a list
 * of roots and a list of the platforms that have it. Read from YAML by
 * platforms_yaml.c, asked by rank.c.
 */
#ifndef CFK_BUNDLE_PLATFORMS_H
#define CFK_BUNDLE_PLATFORMS_H

#include "base/crypto.h"
#include "cfkit/bundle.h"

struct cfk__platform {
    char *name;
    char *label;
    uint32_t weight;
    bool sha1;     /* takes signatures made with SHA-1 */
    bool ecdsa;    /* knows ECDSA */
    bool expiry;   /* refuses an anchor that has expired */
    int64_t since; /* in use from then, */
    int64_t until; /* and until before then */
};

/* Platforms first .. first + count - 1 of cfk_bundle_platforms.members. */
struct cfk__store {
    uint32_t first;
    uint32_t count;
};

struct cfk__store_root {
    uint8_t sha256[CFK__SHA256_SIZE];
    uint32_t store;
    int64_t since;
    int64_t until;
};

/* An array that grows; each of the three below. */
struct cfk__list {
    void *items;
    size_t count;
    size_t capacity;
};

struct cfk_bundle_platforms {
    struct cfk_alloc alloc;
    struct cfk__list platforms; /* struct cfk__platform */
    struct cfk__list stores;    /* struct cfk__store */
    struct cfk__list members;   /* uint32_t */
    struct cfk__list roots;     /* struct cfk__store_root, by sha256 */
    uint64_t weight;            /* of all platforms */
    size_t max_platforms;
    size_t max_roots;
};

static inline const struct cfk__platform *
cfk__platform_at(const cfk_bundle_platforms *platforms, size_t index)
{
    return (const struct cfk__platform *)platforms->platforms.items + index;
}

/* Room for one more item of size bytes, zeroed, at the end; NULL: no memory. */
void *cfk__platforms_grow(cfk_bundle_platforms *platforms, struct cfk__list *list,
                          size_t size);

/* The number of a platform by its name; SIZE_MAX: there is none. */
size_t cfk__platforms_find(const cfk_bundle_platforms *platforms, const char *name,
                           size_t size);

/* What a chain asks of a platform. */
struct cfk__chain_traits {
    const uint8_t *anchor; /* SHA-256 of the root */
    int64_t time;
    bool sha1;    /* below the root */
    bool ecdsa;   /* a key or a signature of any step */
    bool expired; /* the root, at time */
};

/*
 * Set the bit of each platform that trusts such a chain; bits has one for each
 * platform, zero. The sum of their weights.
 */
uint64_t cfk__platforms_trust(const cfk_bundle_platforms *platforms,
                              const struct cfk__chain_traits *chain, uint8_t *bits);

/* Fill platforms from YAML (platforms_yaml.c). CFK_OK, _CORRUPT, _LIMIT, _NOMEM. */
int cfk__platforms_read(cfk_bundle_platforms *platforms, const void *yaml, size_t size,
                        struct cfk_error *err);

#endif
