/* SPDX-License-Identifier: MIT */
/*
 * The keyed hash of the structures: two multiplications of 64 by 64 bits that
 * are folded to 64, as the wyhash family does, but with all operands secret. It
 * takes a third of the instructions of SipHash-1-3, and who does not know the
 * seed cannot tell which keys collide. Who does know it can make keys that do.
 *
 * Therefore a table under it has a tripwire: where a run of used slots grows
 * longer than chance allows, its owner calls cfk__hasher_guard() and enters all
 * keys again. From then on cfk__keyed_hash() is SipHash-1-3 under a key that has just
 * been drawn, and no knowledge of the seed helps:
 *
 *     cfk__table_insert(&table, cfk__keyed_hash(&hasher, key, len), index);
 *     if (cfk__hasher_tripped(&hasher, &table, hash)) {
 *         cfk__hasher_guard(&hasher);
 *         (clear the table, insert every key under its new hash)
 *     }
 *
 * What has no run to watch, such as buckets without keys, is better hashed by
 * cfk__siphash13() from the start.
 */
#ifndef CFK_STRUCTURES_HASH_H
#define CFK_STRUCTURES_HASH_H

#include "base/load.h"
#include "base/siphash.h"
#include "base/table.h"

#include <string.h>

struct cfk__hasher {
    uint64_t seed[2];   /* as asked for, or random */
    uint64_t secret[4]; /* made from it */
    uint64_t guard[2];  /* the key of SipHash-1-3, once guarded */
    bool guarded;
};

/* Take the seed asked for, or a random one for two zeros. CFK_OK or CFK_E_RANDOM. */
int cfk__hasher_init(struct cfk__hasher *h, const uint64_t asked[2],
                     struct cfk_error *err);

/* Hash by SipHash-1-3 under a new random key from here on. */
void cfk__hasher_guard(struct cfk__hasher *h);

/* The product of 128 bits from halves of 32, for machines without a wider type. */
static inline void cfk__multiply_halves(uint64_t a, uint64_t b, uint64_t *lo,
                                        uint64_t *hi)
{
    uint64_t a_lo = (uint32_t)a;
    uint64_t a_hi = a >> 32;
    uint64_t b_lo = (uint32_t)b;
    uint64_t b_hi = b >> 32;
    uint64_t low = a_lo * b_lo;
    uint64_t cross = a_hi * b_lo + (low >> 32);
    uint64_t middle = a_lo * b_hi + (uint32_t)cross;

    *lo = middle << 32 | (uint32_t)low;
    *hi = a_hi * b_hi + (cross >> 32) + (middle >> 32);
}

static inline void cfk__multiply(uint64_t a, uint64_t b, uint64_t *lo, uint64_t *hi)
{
#if defined(__SIZEOF_INT128__)
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    *lo = (uint64_t)product;
    *hi = (uint64_t)(product >> 64);
#else
    cfk__multiply_halves(a, b, lo, hi);
#endif
}

static inline uint64_t cfk__hash_fold(uint64_t a, uint64_t b)
{
    uint64_t lo;
    uint64_t hi;

    cfk__multiply(a, b, &lo, &hi);
    return lo ^ hi;
}

/* Two words that, with the length, tell any two keys of up to 16 bytes apart. */
struct cfk__key_words {
    uint64_t a;
    uint64_t b;
};

static inline struct cfk__key_words cfk__key_words(const uint8_t *p, size_t len)
{
    if (len >= 8) /* they overlap where there are less than 16 */
        return (struct cfk__key_words){ cfk__load64le(p), cfk__load64le(p + len - 8) };
    if (len >= 4)
        return (struct cfk__key_words){ cfk__load32le(p), cfk__load32le(p + len - 4) };
    if (len > 0)
        return (struct cfk__key_words){
            (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1], 0
        };
    return (struct cfk__key_words){ 0, 0 };
}

/* Whether the key of len <= 16 bytes at p has these words. */
static inline bool cfk__key_has_words(const uint8_t *p, size_t len,
                                      struct cfk__key_words words)
{
    struct cfk__key_words those = cfk__key_words(p, len);

    return those.a == words.a && those.b == words.b;
}

/* The hash of a key that ends in these words, after a head. */
static inline uint64_t cfk__hash_close(const struct cfk__hasher *h,
                                       struct cfk__key_words words, uint64_t head,
                                       size_t len)
{
    uint64_t lo;
    uint64_t hi;

    cfk__multiply(words.a ^ h->secret[0], words.b ^ h->secret[1] ^ head, &lo, &hi);
    return cfk__hash_fold(lo ^ h->secret[2] ^ len, hi ^ h->secret[3]);
}

/* All of a key above 16 bytes but its last 16. */
static inline uint64_t cfk__hash_head(const struct cfk__hasher *h, const uint8_t *p,
                                      size_t len)
{
    uint64_t head = h->secret[3];

    for (; len > 16; p += 16, len -= 16)
        head =
            cfk__hash_fold(cfk__load64le(p) ^ h->secret[2], cfk__load64le(p + 8) ^ head);
    return head;
}

/* The fast hash, also after the table has gone over to another. */
static inline uint64_t cfk__keyed_hash_fast(const struct cfk__hasher *h, const void *data,
                                            size_t len)
{
    const uint8_t *p = data;

    if (len <= 16)
        return cfk__hash_close(h, cfk__key_words(p, len), 0, len);
    return cfk__hash_close(h, cfk__key_words(p + len - 16, 16), cfk__hash_head(h, p, len),
                           len);
}

/* The hash by which a table finds its keys. */
static inline uint64_t cfk__keyed_hash(const struct cfk__hasher *h, const void *data,
                                       size_t len)
{
    if (h->guarded)
        return cfk__siphash13(h->guard, data, len);
    return cfk__keyed_hash_fast(h, data, len);
}

/*
 * The length of the run of used slots in which a hash has its home. No search
 * for it looks at more.
 */
static inline uint32_t cfk__table_run(const struct cfk__table *t, uint64_t hash)
{
    uint32_t home = cfk__table_tag(hash) & t->mask;
    uint32_t end = home;
    uint32_t start = home;

    while (t->slots[end & t->mask] != 0)
        end++;
    while (t->slots[(start - 1) & t->mask] != 0)
        start--;
    return end - start;
}

/*
 * The longest run that is left alone. Runs of n by chance become rarer by
 * 0.83 a slot in a table that is half full, so that this one comes about once
 * in the 3.5th power of the table's size.
 */
static inline uint32_t cfk__table_longest_run(const struct cfk__table *t)
{
    uint32_t bits = 0;

    for (uint32_t mask = t->mask; mask != 0; mask >>= 1)
        bits++;
    return 16 * bits;
}

/* Whether the key that was just inserted under hash calls for the guard. */
static inline bool cfk__hasher_tripped(const struct cfk__hasher *h,
                                       const struct cfk__table *t, uint64_t hash)
{
    enum { NEVER_TOO_LONG = 32 }; /* of the smallest tables, which cannot be crowded */
    uint32_t run = cfk__table_run(t, hash);

    return run > NEVER_TOO_LONG && !h->guarded && run > cfk__table_longest_run(t);
}

#endif
