/* SPDX-License-Identifier: MIT */
/*
 * Sketches of content, after Odess (Zou and others, 2021): of all positions, one in
 * 64 is sampled, chosen by the 8 bytes there; a sample is the hash of 32 bytes; and of
 * all samples each of 16 linear maps keeps its least image. Two versions agree in one
 * of them as often as they have samples in common. Odess chooses by a gear hash, a
 * chain of dependencies along all bytes; products of 16 bits, summed up, choose as well
 * and 4 positions at a time where there is SSE2.
 */
#include "delta/sketch.h"

#include "base/error.h"
#include "base/load.h"

#include <stdbool.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    BLOCK = 4096, /* positions looked at together */
    SAMPLE = 32,  /* bytes that are hashed there */
    GROUP = 16,   /* positions of one mark each */
};

/* A position is chosen by 6 bits of a sum. In a run of zeros all are, and say the same.
 */
enum { CHOICE_MASK = 0x3f << 18, CHOICE = 0 };

static const int16_t choice_factors[4] = { 0x6a35, 0x4f1d, 0x7659, 0x5b2b };

static const uint64_t factors[SAMPLE / 8] = {
    UINT64_C(0x9e3779b97f4a7c15),
    UINT64_C(0xbf58476d1ce4e5b9),
    UINT64_C(0x94d049bb133111eb),
    UINT64_C(0xd6e8feb86659fd93),
};

/* Fixed for ever: sketches of different builds may meet. */
struct maps {
    uint32_t factors[CFK_DELTA_SKETCH_VALUES];
    uint32_t terms[CFK_DELTA_SKETCH_VALUES];
};

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static uint32_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 32);
}

static void make_maps(struct maps *m)
{
    uint64_t state = 0;

    for (int i = 0; i < CFK_DELTA_SKETCH_VALUES; i++) {
        m->factors[i] = next_random(&state) | 1;
        m->terms[i] = next_random(&state);
    }
}

static void take_samples(const struct maps *m, const uint32_t *samples, size_t count,
                         uint32_t *values)
{
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < CFK_DELTA_SKETCH_VALUES; k++) {
            uint32_t image = samples[i] * m->factors[k] + m->terms[k];

            values[k] = image < values[k] ? image : values[k];
        }
    }
}

static bool is_chosen(const uint8_t *p)
{
    uint32_t sum = 0;

    for (int i = 0; i < 4; i++)
        sum += (uint32_t)((int16_t)(p[2 * i] | p[2 * i + 1] << 8) * choice_factors[i]);
    return (sum & CHOICE_MASK) == CHOICE;
}

#ifdef __SSE2__
/* The sums of positions p, p + 4, p + 8 and p + 12, whether they choose. */
static inline __m128i choose_4(const uint8_t *p, __m128i first, __m128i second)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 4));
    __m128i sum = _mm_add_epi32(_mm_madd_epi16(a, first), _mm_madd_epi16(b, second));

    return _mm_cmpeq_epi32(_mm_and_si128(sum, _mm_set1_epi32(CHOICE_MASK)),
                           _mm_set1_epi32(CHOICE));
}

/* Write the chosen of 16 positions, of whose bytes at is the first, in any order. */
static inline size_t choose_group(const uint8_t *block, size_t at, uint32_t *chosen)
{
    const int16_t *f = choice_factors;
    __m128i first =
        _mm_set1_epi32((int)((uint16_t)f[0] | (uint32_t)(uint16_t)f[1] << 16));
    __m128i second =
        _mm_set1_epi32((int)((uint16_t)f[2] | (uint32_t)(uint16_t)f[3] << 16));
    __m128i low = _mm_packs_epi32(choose_4(block + at, first, second),
                                  choose_4(block + at + 1, first, second));
    __m128i high = _mm_packs_epi32(choose_4(block + at + 2, first, second),
                                   choose_4(block + at + 3, first, second));
    unsigned marks = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high));
    size_t found = 0;

    for (; marks != 0; marks &= marks - 1) {
        unsigned lane = (unsigned)__builtin_ctz(marks);

        chosen[found++] = (uint32_t)at + 4 * (lane % 4) + lane / 4;
    }
    return found;
}
#else
static inline size_t choose_group(const uint8_t *block, size_t at, uint32_t *chosen)
{
    size_t found = 0;

    for (size_t i = 0; i < GROUP; i++) { /* no branch depends on the content */
        chosen[found] = (uint32_t)(at + i);
        found += is_chosen(block + at + i);
    }
    return found;
}
#endif

/* The chosen of count positions; the bytes of all their samples are there. */
static size_t choose_all(const uint8_t *block, size_t count, uint32_t *chosen)
{
    size_t found = 0;
    size_t at = 0;

    for (; at + GROUP <= count; at += GROUP)
        found += choose_group(block, at, chosen + found);
    for (; at < count; at++) {
        chosen[found] = (uint32_t)at;
        found += is_chosen(block + at);
    }
    return found;
}

/* Hash the samples; one that is like the one before, as in a run, says nothing new. */
static size_t hash_samples(const uint8_t *block, const uint32_t *chosen, size_t count,
                           uint32_t *samples)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t hash = 0;

        for (size_t k = 0; k < SAMPLE / 8; k++)
            hash += cfk__load64le(block + chosen[i] + 8 * k) * factors[k];
        samples[found] = (uint32_t)(hash >> 32);
        found += found == 0 || samples[found] != samples[found - 1];
    }
    return found;
}

static void sketch_all(const struct maps *m, const uint8_t *bytes, size_t size,
                       uint32_t *values)
{
    uint32_t chosen[BLOCK + 1];
    uint32_t samples[BLOCK + 1];
    size_t positions = size < SAMPLE ? 0 : size - SAMPLE + 1;

    for (size_t at = 0; at < positions; at += BLOCK) {
        size_t piece = positions - at < BLOCK ? positions - at : BLOCK;
        size_t count = choose_all(bytes + at, piece, chosen);

        count = hash_samples(bytes + at, chosen, count, samples);
        take_samples(m, samples, count, values);
    }
}

int cfk_delta_sketch_compute(const void *data, size_t size, struct cfk_delta_sketch *out,
                             struct cfk_error *err)
{
    struct maps m;

    if (out == NULL || (data == NULL && size > 0))
        return cfk__fail(err, CFK_E_INVALID, "delta: no bytes or no room for a sketch");
    make_maps(&m);
    out->data_size = size;
    for (int k = 0; k < CFK_DELTA_SKETCH_VALUES; k++)
        out->values[k] = CFK__SKETCH_EMPTY;
    sketch_all(&m, data, size, out->values);
    return CFK_OK;
}

uint32_t cfk__sketch_common(const uint32_t *a, const uint32_t *b)
{
    uint32_t common = 0;

    for (int k = 0; k < CFK_DELTA_SKETCH_VALUES; k++)
        common += a[k] == b[k];
    return common;
}

uint32_t cfk_delta_sketch_compare(const struct cfk_delta_sketch *a,
                                  const struct cfk_delta_sketch *b)
{
    if (a == NULL || b == NULL || a->values[0] == CFK__SKETCH_EMPTY)
        return 0;
    return cfk__sketch_common(a->values, b->values);
}
