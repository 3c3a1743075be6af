/* SPDX-License-Identifier: MIT */
#include "delta/fse.h"

#include "delta/log2.h"

/* What a symbol that occurs count times would save with one state more than n. */
static uint64_t gain(uint32_t count, int n)
{
    return (uint64_t)count *
           (cfk__log2_256((uint32_t)(n + 1)) - cfk__log2_256((uint32_t)n));
}

static unsigned most_gain(const struct cfk__fse_norm *norm, const uint32_t *counts)
{
    uint64_t best_gain = 0;
    unsigned best = 0;

    for (unsigned s = 0; s < norm->symbols; s++) {
        uint64_t g = counts[s] > 0 ? gain(counts[s], norm->count[s]) : 0;

        if (g > best_gain) {
            best_gain = g;
            best = s;
        }
    }
    return best;
}

static unsigned least_loss(const struct cfk__fse_norm *norm, const uint32_t *counts)
{
    uint64_t best_loss = UINT64_MAX;
    unsigned best = 0;

    for (unsigned s = 0; s < norm->symbols; s++) {
        uint64_t loss =
            norm->count[s] > 1 ? gain(counts[s], norm->count[s] - 1) : UINT64_MAX;

        if (loss < best_loss) {
            best_loss = loss;
            best = s;
        }
    }
    return best;
}

void cfk__fse_normalise(struct cfk__fse_norm *norm, unsigned log, const uint32_t *counts,
                        unsigned symbols)
{
    int left = 1 << log;
    uint64_t total = 0;

    while (counts[symbols - 1] == 0)
        symbols--;
    *norm = (struct cfk__fse_norm){ .log = (uint8_t)log, .symbols = (uint8_t)symbols };
    for (unsigned s = 0; s < symbols; s++)
        total += counts[s];
    for (unsigned s = 0; s < symbols; s++) {
        uint64_t share = ((uint64_t)counts[s] << log) / total;

        if (counts[s] > 0)
            norm->count[s] = (int16_t)(share > 0 ? share : 1);
        left -= norm->count[s];
    }
    for (; left > 0; left--)
        norm->count[most_gain(norm, counts)]++;
    for (; left < 0; left++)
        norm->count[least_loss(norm, counts)]--;
}

uint32_t cfk__fse_price(const struct cfk__fse_norm *norm, unsigned symbol)
{
    int count = symbol < norm->symbols ? norm->count[symbol] : 0;

    if (count == 0)
        return CFK__FSE_PRICE_NONE;
    return norm->log * 256u - (count < 0 ? 0 : cfk__log2_256((uint32_t)count));
}

uint64_t cfk__fse_cost(const struct cfk__fse_norm *norm, const uint32_t *counts,
                       unsigned symbols)
{
    uint64_t cost = 0;

    for (unsigned s = 0; s < symbols; s++) {
        if (counts[s] == 0)
            continue;
        if (s >= norm->symbols || norm->count[s] == 0)
            return UINT64_MAX;
        cost += (uint64_t)counts[s] * cfk__fse_price(norm, s);
    }
    return cost;
}

/* After a symbol that does not occur: how many more do not, in groups of three. */
static unsigned write_zeros(const struct cfk__fse_norm *norm, unsigned s,
                            struct cfk__bits *b)
{
    unsigned zeros = 0;

    while (s + zeros < norm->symbols && norm->count[s + zeros] == 0)
        zeros++;
    for (unsigned left = zeros;; left -= 3) {
        cfk__bits_add(b, left >= 3 ? 3 : left, 2);
        cfk__bits_flush(b);
        if (left < 3)
            break;
    }
    return s + zeros;
}

size_t cfk__fse_write_norm(const struct cfk__fse_norm *norm, uint8_t *out, size_t size)
{
    int remaining = (1 << norm->log) + 1;
    int threshold = 1 << norm->log;
    unsigned bits = norm->log + 1u;
    unsigned s = 0;
    struct cfk__bits b;

    cfk__bits_init(&b, out, size);
    cfk__bits_add(&b, norm->log - 5u, 4);
    while (s < norm->symbols && remaining > 1) {
        int count = norm->count[s++];
        int spare = 2 * threshold - 1 - remaining; /* values that need a bit less */
        int value = count + 1;

        remaining -= count < 0 ? -count : count;
        if (value >= threshold)
            value += spare;
        cfk__bits_add(&b, (uint32_t)value, bits - (value < spare));
        cfk__bits_flush(&b);
        if (count == 0)
            s = write_zeros(norm, s, &b);
        for (; remaining < threshold; threshold >>= 1)
            bits--;
    }
    return cfk__bits_finish(&b);
}

/* Which symbol each state is of: the order of the decoder's table. */
static void spread(const struct cfk__fse_norm *norm, uint8_t *symbol_of)
{
    unsigned size = 1u << norm->log;
    unsigned step = (size >> 1) + (size >> 3) + 3;
    unsigned high = size;
    unsigned at = 0;

    for (unsigned s = 0; s < norm->symbols; s++)
        if (norm->count[s] < 0)
            symbol_of[--high] = (uint8_t)s;
    for (unsigned s = 0; s < norm->symbols; s++) {
        for (int i = 0; i < norm->count[s]; i++) {
            symbol_of[at] = (uint8_t)s;
            do
                at = (at + step) & (size - 1);
            while (at >= high);
        }
    }
}

void cfk__fse_build(struct cfk__fse_table *table, const struct cfk__fse_norm *norm)
{
    uint8_t symbol_of[1u << CFK__FSE_LOG_MAX];
    uint16_t fill[CFK__FSE_SYMBOLS_MAX];
    unsigned size = 1u << norm->log;
    unsigned total = 0;

    table->norm = *norm;
    spread(norm, symbol_of);
    for (unsigned s = 0; s < norm->symbols; s++) {
        unsigned count = norm->count[s] < 0 ? 1 : (unsigned)norm->count[s];
        unsigned most = norm->log - (count > 1 ? cfk__log2_floor(count - 1) : 0);

        fill[s] = (uint16_t)total;
        table->symbol[s].bits = (most << 16) - (count << most);
        if (count <= 1)
            table->symbol[s].bits = ((unsigned)norm->log << 16) - size;
        table->symbol[s].offset = (int32_t)total - (int32_t)count;
        total += count;
    }
    for (unsigned i = 0; i < size; i++)
        table->next[fill[symbol_of[i]]++] = (uint16_t)(size + i);
}
