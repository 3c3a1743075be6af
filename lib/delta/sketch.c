/* SPDX-License-Identifier: MIT */
/*
 * Sketches of content, after Odess (Zou and others, 2021): of all positions, one in
 * 64 is sampled, chosen by the 8 bytes there; a sample is the hash of 32 bytes; and of
 * all samples each of 16 linear maps keeps its least image. Two versions agree in one
 * of them as often as they have samples in common. Odess chooses by a gear hash; one
 * product of 8 bytes chooses as well and has no chain of dependencies, which makes
 * it twice as fast.
 */
#include "delta/sketch.h"

#include "base/error.h"

enum {
    BLOCK = 4096, /* positions looked at together */
    SAMPLE = 32,  /* bytes that are hashed there */
};

static const uint64_t choice_limit = UINT64_C(1) << 58; /* one in 64 is below */

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

static inline uint64_t load(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
           (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* Write a position where the next chosen one goes; 1 if it is chosen, else 0. */
static inline size_t choose(const uint8_t *block, size_t at, uint32_t *chosen)
{
    *chosen = (uint32_t)at;
    return load(block + at) * factors[0] < choice_limit;
}

/* The chosen of count positions; the bytes of all their samples are there. */
static size_t choose_all(const uint8_t *block, size_t count, uint32_t *chosen)
{
    size_t found = 0;
    size_t at = 0;

    for (; at + 4 <= count; at += 4) { /* no branch depends on the content */
        found += choose(block, at, chosen + found);
        found += choose(block, at + 1, chosen + found);
        found += choose(block, at + 2, chosen + found);
        found += choose(block, at + 3, chosen + found);
    }
    for (; at < count; at++)
        found += choose(block, at, chosen + found);
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
            hash += load(block + chosen[i] + 8 * k) * factors[k];
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
