/* SPDX-License-Identifier: MIT */
#include "base/siphash.h"

#include "base/load.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void rounds(struct state *s, int count)
{
    for (int i = 0; i < count; i++) {
        s->v0 += s->v1;
        s->v1 = rotate_left(s->v1, 13) ^ s->v0;
        s->v0 = rotate_left(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate_left(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate_left(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate_left(s->v1, 17) ^ s->v2;
        s->v2 = rotate_left(s->v2, 32);
    }
}

/* 1 to 7 bytes, by loads that overlap. */
static inline uint64_t load_rest(const uint8_t *p, size_t size)
{
    if (size >= 4)
        return cfk__load32le(p) | (uint64_t)cfk__load32le(p + size - 4)
                                      << (8 * (size - 4));
    return p[0] | (uint64_t)p[size / 2] << (8 * (size / 2)) |
           (uint64_t)p[size - 1] << (8 * (size - 1));
}

static inline uint64_t siphash(const uint64_t key[2], const uint8_t *p, size_t size,
                               int per_word, int at_end)
{
    struct state s = {
        key[0] ^ UINT64_C(0x736f6d6570736575),
        key[1] ^ UINT64_C(0x646f72616e646f6d),
        key[0] ^ UINT64_C(0x6c7967656e657261),
        key[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t last = (uint64_t)size << 56;
    uint64_t word;

    for (; size >= 8; p += 8, size -= 8) {
        word = cfk__load64le(p);
        s.v3 ^= word;
        rounds(&s, per_word);
        s.v0 ^= word;
    }
    if (size > 0)
        last |= load_rest(p, size);
    s.v3 ^= last;
    rounds(&s, per_word);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    rounds(&s, at_end);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t cfk__siphash13(const uint64_t key[2], const void *data, size_t size)
{
    return siphash(key, data, size, 1, 3);
}

uint64_t cfk__siphash24(const uint64_t key[2], const void *data, size_t size)
{
    return siphash(key, data, size, 2, 4);
}
