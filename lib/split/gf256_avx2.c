/* SPDX-License-Identifier: MIT */
/*
 * A byte times a scalar is the sum of its two halves times the scalar. The 16
 * products of each half fit into a register, and PSHUFB looks 32 of them up at
 * once without touching memory (Plank, Greenan and Miller, 2013).
 */
#include "split/gf256.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdbool.h>

#define AVX2   __attribute__((target("avx2")))
#define INLINE AVX2 __attribute__((always_inline)) static inline

enum {
    STEP = sizeof(__m256i),
    AHEAD = 128, /* two lines of the cache */
    INPUTS = 8,  /* at a time: their tables stay in the first cache */
};

/* The products of a scalar, public as it is, with 0 to 15 and with their 16-folds. */
struct products {
    __m256i low;
    __m256i high;
};

INLINE __m256i twice(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

/* The products whose number has a bit are those without it, and one power more. */
INLINE __m128i half_products(unsigned *power)
{
    const __m128i number =
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m128i table = _mm_setzero_si128();

    for (int bit = 1; bit < 16; bit <<= 1) {
        __m128i mask = _mm_set1_epi8((char)bit);
        __m128i has = _mm_cmpeq_epi8(_mm_and_si128(number, mask), mask);

        table = _mm_xor_si128(table, _mm_and_si128(has, _mm_set1_epi8((char)*power)));
        *power = *power << 1 ^ (*power >> 7) * 0x11b;
    }
    return table;
}

INLINE struct products products_of(uint8_t scalar)
{
    unsigned power = scalar;
    __m256i low = twice(half_products(&power));

    return (struct products){ low, twice(half_products(&power)) };
}

INLINE __m256i vector_load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The line that is written soon is fetched: many streams leave too few in the cache. */
INLINE void vector_store(uint8_t *p, __m256i v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
    __builtin_prefetch((const void *)((uintptr_t)p + AHEAD), 1);
}

/*
 * Add up to INPUTS inputs, from first on, to a number of outputs that is known
 * when this is compiled, so that all sums stay in registers. What stands in the
 * outputs counts behind the first inputs.
 */
INLINE void add_inputs(const struct cfk__gf256_map *map, size_t outputs, size_t first,
                       size_t size)
{
    const __m256i mask = _mm256_set1_epi8(0x0f);
    const struct cfk__gf256_map m = *map; /* what no store can change */
    size_t inputs = m.input_count - first < INPUTS ? m.input_count - first : INPUTS;
    const uint8_t *in[INPUTS];
    struct products t[INPUTS][CFK__GF256_OUTPUTS];

    for (size_t i = 0; i < inputs; i++) {
        in[i] = m.inputs[first + i];
        for (size_t j = 0; j < outputs; j++)
            t[i][j] = products_of(m.matrix[j * m.input_count + first + i]);
    }
    for (size_t at = 0; at < size; at += STEP) {
        __m256i sums[CFK__GF256_OUTPUTS];

        for (size_t j = 0; j < outputs; j++)
            sums[j] = first > 0            ? vector_load(m.outputs + j * m.stride + at)
                      : m.constant != NULL ? vector_load(m.constant + at)
                                           : _mm256_setzero_si256();
        for (size_t i = 0; i < inputs; i++) {
            __m256i v = vector_load(in[i] + at);
            __m256i low = _mm256_and_si256(v, mask);
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);

            for (size_t j = 0; j < outputs; j++) {
                __m256i product =
                    _mm256_xor_si256(_mm256_shuffle_epi8(t[i][j].low, low),
                                     _mm256_shuffle_epi8(t[i][j].high, high));

                sums[j] = _mm256_xor_si256(sums[j], product);
            }
        }
        for (size_t j = 0; j < outputs; j++)
            vector_store(m.outputs + j * m.stride + at, sums[j]);
    }
}

AVX2 static void map_columns(const struct cfk__gf256_map *map, size_t size)
{
    size_t first = 0;

    do {
        switch (map->output_count) {
        case 1: add_inputs(map, 1, first, size); break;
        case 2: add_inputs(map, 2, first, size); break;
        case 3: add_inputs(map, 3, first, size); break;
        case 4: add_inputs(map, 4, first, size); break;
        default: add_inputs(map, 5, first, size); break;
        }
        first += INPUTS;
    } while (first < map->input_count);
}

/* The bytes behind the whole columns. */
static void map_rest(const struct cfk__gf256_map *map, size_t from, size_t size)
{
    const uint8_t *inputs[256];
    struct cfk__gf256_map rest = *map;

    for (size_t i = 0; i < map->input_count; i++)
        inputs[i] = map->inputs[i] + from;
    rest.inputs = inputs;
    rest.outputs += from;
    if (map->constant != NULL)
        rest.constant += from;
    cfk__gf256_portable(&rest, size - from);
}

static void kernel(const struct cfk__gf256_map *map, size_t size)
{
    size_t whole = size / STEP * STEP;

    if (whole > 0)
        map_columns(map, whole);
    if (whole < size)
        map_rest(map, whole, size);
}

INLINE __m256i vector_add(__m256i v, __m256i w)
{
    return _mm256_xor_si256(v, w);
}

/* Added to itself; where the highest bit was set, the polynomial is subtracted. */
INLINE __m256i vector_twice(__m256i v)
{
    __m256i high = _mm256_cmpgt_epi8(_mm256_setzero_si256(), v);

    return _mm256_xor_si256(_mm256_add_epi8(v, v),
                            _mm256_and_si256(high, _mm256_set1_epi8(0x1b)));
}

#define VECTOR __m256i
#define TARGET AVX2
#include "split/gf256_points.h"

static void evaluate_or_less(const struct cfk__gf256_points *points, size_t size)
{
    if (size < sizeof(VECTOR))
        cfk__gf256_evaluate_portable(points, size);
    else
        evaluate(points, size);
}

cfk__gf256_evaluate *cfk__gf256_evaluate_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? evaluate_or_less : NULL;
}

cfk__gf256_kernel *cfk__gf256_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? kernel : NULL;
}

#else

cfk__gf256_evaluate *cfk__gf256_evaluate_avx2(void)
{
    return NULL;
}

cfk__gf256_kernel *cfk__gf256_avx2(void)
{
    return NULL;
}

#endif
