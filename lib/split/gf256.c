/* SPDX-License-Identifier: MIT */
#include "split/gf256.h"

#include "base/secret.h"

#include <stdbool.h>
#include <string.h>

#define HIGH_BITS  UINT64_C(0x8080808080808080)
#define POLYNOMIAL UINT64_C(0x1b1b1b1b1b1b1b1b)

enum { WORD = sizeof(uint64_t), BLOCK = 64 }; /* words that are doubled at a time */

/* Each byte times 2: shift, and subtract the polynomial where a bit fell out. */
static inline uint64_t times_two(uint64_t v)
{
    uint64_t high = v & HIGH_BITS;

    return ((v ^ high) << 1) ^ ((high - (high >> 7)) & POLYNOMIAL);
}

static inline void double_words(uint64_t *v, size_t words)
{
    for (size_t i = 0; i < words; i++)
        v[i] = times_two(v[i]);
}

static inline void add_words(uint8_t *out, const uint64_t *v, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t sum;

        memcpy(&sum, out + i * WORD, WORD);
        sum ^= v[i];
        memcpy(out + i * WORD, &sum, WORD);
    }
}

static inline void add_bytes(uint8_t *out, const uint64_t *v, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)v;

    add_words(out, v, size / WORD);
    for (size_t i = size / WORD * WORD; i < size; i++)
        out[i] ^= bytes[i];
}

/* Double an input bit after bit; it goes where a scalar has the bit. */
static inline void add_input(const struct cfk__gf256_map *map, size_t input, size_t at,
                             size_t size, uint64_t v[BLOCK])
{
    uint8_t scalars[CFK__GF256_OUTPUTS];
    unsigned all = 0;

    v[(size - 1) / WORD] = 0;
    memcpy(v, map->inputs[input] + at, size);
    for (size_t i = 0; i < map->output_count; i++) {
        scalars[i] = map->matrix[i * map->input_count + input];
        all |= scalars[i];
    }
    for (unsigned bit = 0; all >> bit != 0; bit++) {
        if (bit > 0)
            double_words(v, (size + WORD - 1) / WORD);
        for (size_t i = 0; i < map->output_count; i++)
            if (scalars[i] >> bit & 1)
                add_bytes(map->outputs + i * map->stride + at, v, size);
    }
}

static inline void map_block(const struct cfk__gf256_map *map, size_t at, size_t size,
                             uint64_t v[BLOCK])
{
    for (size_t i = 0; i < map->output_count; i++) {
        uint8_t *out = map->outputs + i * map->stride + at;

        if (map->constant != NULL)
            memcpy(out, map->constant + at, size);
        else
            memset(out, 0, size);
    }
    for (size_t i = 0; i < map->input_count; i++)
        add_input(map, i, at, size, v);
}

void cfk__gf256_portable(const struct cfk__gf256_map *map, size_t size)
{
    uint64_t v[BLOCK];
    size_t at = 0;

    /* Whole blocks have a length that the compiler knows, and makes use of. */
    for (; size - at >= sizeof v; at += sizeof v)
        map_block(map, at, sizeof v, v);
    if (at < size)
        map_block(map, at, size - at, v);
    cfk__wipe(v, sizeof v);
}

#define VECTOR uint64_t
#define TARGET
#define INLINE static inline

INLINE VECTOR vector_load(const uint8_t *p)
{
    VECTOR v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void vector_store(uint8_t *p, VECTOR v)
{
    memcpy(p, &v, sizeof v);
}

INLINE VECTOR vector_add(VECTOR v, VECTOR w)
{
    return v ^ w;
}

INLINE VECTOR vector_twice(VECTOR v)
{
    return times_two(v);
}

#include "split/gf256_points.h"

void cfk__gf256_evaluate_portable(const struct cfk__gf256_points *points, size_t size)
{
    evaluate(points, size);
}

cfk__gf256_evaluate *cfk__gf256_evaluate_best(void)
{
    cfk__gf256_evaluate *avx2 = cfk__gf256_evaluate_avx2();

    return avx2 != NULL ? avx2 : cfk__gf256_evaluate_portable;
}

cfk__gf256_kernel *cfk__gf256(void)
{
    cfk__gf256_kernel *avx2 = cfk__gf256_avx2();

    return avx2 != NULL ? avx2 : cfk__gf256_portable;
}

uint8_t cfk__gf256_multiply(uint8_t a, uint8_t b)
{
    unsigned product = 0;
    unsigned power = a;

    for (; b != 0; b >>= 1) {
        product ^= power & (0u - (b & 1u));
        power = power << 1 ^ (power >> 7) * 0x11b;
    }
    return (uint8_t)product;
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
