/* SPDX-License-Identifier: MIT */
#include "delta/huffman.h"

#include "delta/fse.h"

#include <string.h>

enum {
    DIRECT_MAX = 128, /* weights that can be written in four bits each */
    WEIGHT_LOG_MAX = 6,
};

/* The bytes that occur, the rarest first, and how deep each is in the tree. */
struct leaves {
    unsigned count;
    uint32_t key[256]; /* occurrences << 8 | byte */
    uint8_t depth[256];
};

static void sort_keys(uint32_t *key, unsigned count)
{
    static const unsigned gaps[] = { 57, 23, 10, 4, 1 };

    for (unsigned g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        unsigned gap = gaps[g];

        for (unsigned i = gap; i < count; i++) {
            uint32_t k = key[i];
            unsigned j = i;

            for (; j >= gap && key[j - gap] > k; j -= gap)
                key[j] = key[j - gap];
            key[j] = k;
        }
    }
}

/* Huffman's algorithm with two queues: leaves, and nodes in order of making. */
static void tree_depths(struct leaves *l)
{
    uint32_t weight[256];
    uint16_t parent[512]; /* of leaf i; of node i at 256 + i */
    uint8_t depth[256];
    unsigned root = (l->count - 2) & 255;
    unsigned leaf = 0;
    unsigned node = 0;

    for (unsigned made = 0; made + 1 < l->count; made++) {
        weight[made] = 0;
        for (int child = 0; child < 2; child++) {
            bool take_leaf =
                leaf < l->count && (node >= made || l->key[leaf] >> 8 <= weight[node]);

            weight[made] += take_leaf ? l->key[leaf] >> 8 : weight[node];
            parent[take_leaf ? leaf++ : 256 + node++] = (uint16_t)made;
        }
    }
    depth[root] = 0;
    for (unsigned i = root; i-- > 0;)
        depth[i] = (uint8_t)(depth[parent[256 + i]] + 1);
    for (unsigned i = 0; i < l->count; i++)
        l->depth[i] = (uint8_t)(depth[parent[i]] + 1);
}

/* Bring all depths to limit or less, and the tree back to a full one. */
static void limit_depths(struct leaves *l, unsigned limit)
{
    int32_t slack = INT32_C(1) << limit; /* what of the code space is left */

    for (unsigned i = 0; i < l->count; i++) {
        if (l->depth[i] > limit)
            l->depth[i] = (uint8_t)limit;
        slack -= INT32_C(1) << (limit - l->depth[i]);
    }
    for (unsigned i = 0; slack < 0; i++) {
        while (slack < 0 && l->depth[i] < limit) {
            l->depth[i]++;
            slack += INT32_C(1) << (limit - l->depth[i]);
        }
    }
    while (slack > 0) {
        for (unsigned i = l->count; i-- > 0;) {
            int32_t more = INT32_C(1) << (limit - l->depth[i]);

            if (l->depth[i] > 1 && more <= slack) {
                slack -= more;
                l->depth[i]--;
            }
        }
    }
}

/* Codes count up from the longest, and within a length from the lowest byte. */
static void assign_codes(struct cfk__huffman *h)
{
    unsigned of_length[CFK__HUFFMAN_LOG_MAX + 1] = { 0 };
    uint16_t next[CFK__HUFFMAN_LOG_MAX + 1];
    unsigned code = 0;

    for (unsigned s = 0; s <= h->last; s++)
        of_length[h->bits[s]]++;
    for (unsigned length = h->log; length > 0; length--) {
        next[length] = (uint16_t)code;
        code = (code + of_length[length]) >> 1;
    }
    for (unsigned s = 0; s <= h->last; s++)
        if (h->bits[s] > 0)
            h->code[s] = next[h->bits[s]]++;
}

static unsigned weight_of(const struct cfk__huffman *h, unsigned symbol)
{
    return h->bits[symbol] > 0 ? h->log + 1u - h->bits[symbol] : 0;
}

/* Weights as two interleaved states of FSE; 0 when that cannot be. */
static size_t fse_weights(const struct cfk__huffman *h, unsigned log, uint8_t *out,
                          size_t capacity)
{
    uint32_t counts[CFK__HUFFMAN_LOG_MAX + 1] = { 0 };
    struct cfk__fse_norm norm;
    struct cfk__fse_table table;
    struct cfk__bits b;
    uint32_t state[2];
    unsigned distinct = 0;
    unsigned i = h->last;
    size_t size;
    size_t stream;

    for (unsigned s = 0; s < h->last; s++)
        distinct += counts[weight_of(h, s)]++ == 0;
    if (distinct < 2)
        return 0;
    cfk__fse_normalise(&norm, log, counts, CFK__HUFFMAN_LOG_MAX + 1);
    size = cfk__fse_write_norm(&norm, out, capacity);
    if (size == 0)
        return 0;
    cfk__fse_build(&table, &norm);
    cfk__bits_init(&b, out + size, capacity - size);
    for (int start = 0; start < 2; start++) {
        i--;
        state[i & 1] = cfk__fse_start(&table, weight_of(h, i));
    }
    while (i-- > 0) {
        cfk__fse_put(&table, &b, &state[i & 1], weight_of(h, i));
        cfk__bits_flush(&b);
    }
    cfk__fse_end(&table, &b, state[1]);
    cfk__fse_end(&table, &b, state[0]);
    stream = cfk__bits_close(&b);
    return stream > 0 ? size + stream : 0;
}

static void direct_weights(struct cfk__huffman *h)
{
    h->header[0] = (uint8_t)(127 + h->last);
    h->header_size = 1 + (h->last + 1u) / 2;
    for (unsigned s = 0; s < h->last; s += 2)
        h->header[1 + s / 2] =
            (uint8_t)(weight_of(h, s) << 4 | (s + 1 < h->last ? weight_of(h, s + 1) : 0));
}

/* The shortest description there is. */
static bool describe(struct cfk__huffman *h)
{
    uint8_t coded[CFK__HUFFMAN_HEADER_MAX - 1];

    h->header_size = SIZE_MAX;
    if (h->last <= DIRECT_MAX)
        direct_weights(h);
    for (unsigned log = CFK__FSE_LOG_MIN; log <= WEIGHT_LOG_MAX && h->last > 1; log++) {
        size_t size = fse_weights(h, log, coded, sizeof coded);

        if (size > 0 && size + 1 < h->header_size) {
            h->header[0] = (uint8_t)size;
            memcpy(h->header + 1, coded, size);
            h->header_size = size + 1;
        }
    }
    return h->header_size <= sizeof h->header;
}

bool cfk__huffman_build(struct cfk__huffman *h, const uint32_t counts[256],
                        unsigned limit)
{
    struct leaves l = { 0 };

    h->log = 0;
    h->last = 0;
    memset(h->bits, 0, sizeof h->bits);
    for (unsigned s = 0; s < 256; s++)
        if (counts[s] > 0)
            l.key[l.count++] = counts[s] << 8 | s;
    if (l.count < 2 || l.count > 1u << limit)
        return false;
    sort_keys(l.key, l.count);
    tree_depths(&l);
    limit_depths(&l, limit);
    for (unsigned i = 0; i < l.count; i++) {
        uint8_t symbol = (uint8_t)l.key[i];

        h->bits[symbol] = l.depth[i];
        h->log = l.depth[i] > h->log ? l.depth[i] : h->log;
        h->last = symbol > h->last ? symbol : h->last;
    }
    assign_codes(h);
    return describe(h);
}

uint64_t cfk__huffman_bits(const struct cfk__huffman *h, const uint32_t counts[256])
{
    uint64_t bits = 0;

    for (unsigned s = 0; s < 256; s++) {
        if (counts[s] > 0 && h->bits[s] == 0)
            return UINT64_MAX;
        bits += (uint64_t)counts[s] * h->bits[s];
    }
    return bits;
}

size_t cfk__huffman_encode(const struct cfk__huffman *h, const uint8_t *data, size_t size,
                           uint8_t *out, size_t capacity)
{
    struct cfk__bits b;

    cfk__bits_init(&b, out, capacity);
    while (size-- > 0) {
        cfk__bits_add(&b, h->code[data[size]], h->bits[data[size]]);
        if (b.count > 48)
            cfk__bits_flush(&b);
    }
    return cfk__bits_close(&b);
}
