/* SPDX-License-Identifier: MIT */
#include "split/gf256.h"

#include <string.h>

#define LOW_BITS   UINT64_C(0x0101010101010101)
#define SEVEN_BITS UINT64_C(0x7f7f7f7f7f7f7f7f)

/* Each byte times 2: shift, and subtract the polynomial where a bit fell out. */
static inline uint64_t times_two(uint64_t v)
{
    return ((v & SEVEN_BITS) << 1) ^ ((v >> 7 & LOW_BITS) * 0x1b);
}

/* The scalar as eight masks, all ones where its bit is set. */
struct factor {
    uint64_t masks[8];
};

static inline struct factor factor_of(uint8_t c)
{
    struct factor f;

    for (unsigned bit = 0; bit < 8; bit++)
        f.masks[bit] = (uint64_t)0 - (c >> bit & 1);
    return f;
}

static inline uint64_t times(uint64_t v, const struct factor *f)
{
    uint64_t product = v & f->masks[0];

    for (unsigned bit = 1; bit < 8; bit++) {
        v = times_two(v);
        product ^= v & f->masks[bit];
    }
    return product;
}

static inline uint64_t load(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load_rest(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

void cfk__gf256_horner(uint8_t *acc, uint8_t x, const uint8_t *add, size_t size)
{
    struct factor f = factor_of(x);
    uint64_t v;
    size_t i;

    for (i = 0; i + sizeof v <= size; i += sizeof v) {
        v = times(load(acc + i), &f) ^ load(add + i);
        memcpy(acc + i, &v, sizeof v);
    }
    v = times(load_rest(acc + i, size - i), &f) ^ load_rest(add + i, size - i);
    memcpy(acc + i, &v, size - i);
}

void cfk__gf256_add_product(uint8_t *acc, uint8_t c, const uint8_t *vector, size_t size)
{
    struct factor f = factor_of(c);
    uint64_t v;
    size_t i;

    for (i = 0; i + sizeof v <= size; i += sizeof v) {
        v = load(acc + i) ^ times(load(vector + i), &f);
        memcpy(acc + i, &v, sizeof v);
    }
    v = load_rest(acc + i, size - i) ^ times(load_rest(vector + i, size - i), &f);
    memcpy(acc + i, &v, size - i);
}

uint8_t cfk__gf256_multiply(uint8_t a, uint8_t b)
{
    struct factor f = factor_of(b);

    return (uint8_t)times(a, &f);
}

/* a^254: the group has 255 elements. */
uint8_t cfk__gf256_invert(uint8_t a)
{
    uint8_t power = a;
    uint8_t inverse = 1;

    for (unsigned i = 1; i < 8; i++) {
        power = cfk__gf256_multiply(power, power);
        inverse = cfk__gf256_multiply(inverse, power);
    }
    return inverse;
}
