/* SPDX-License-Identifier: MIT */
#include "delta/log2.h"
#include "delta/parse.h"

enum { LITERALS_CODES = 36, OFFSET_CODES = 32, MATCH_CODES = 53, PLAIN = 8 * 256 };

/* Codes that a table lacks may come in with the next one, at the price of a rare one. */
static uint32_t code_price(const struct cfk__fse_norm *norm, unsigned kind, unsigned code)
{
    uint32_t price = cfk__fse_price(norm, code);
    uint32_t rare = norm->log * 256u + 384;

    if (price == CFK__FSE_PRICE_NONE)
        price = rare < 1536 ? 1536 : rare;
    return price + 256 * cfk__extra_bits(kind, code);
}

static void price_tables(struct cfk__prices *p, const struct cfk__fse_norm *const norm[3])
{
    for (unsigned c = 0; c < LITERALS_CODES; c++)
        p->literals_code[c] =
            code_price(norm[CFK__LITERAL_LENGTHS], CFK__LITERAL_LENGTHS, c);
    for (unsigned c = 0; c < OFFSET_CODES; c++)
        p->offset_code[c] = code_price(norm[CFK__OFFSETS], CFK__OFFSETS, c);
    for (unsigned c = 0; c < MATCH_CODES; c++)
        p->match_code[c] = code_price(norm[CFK__MATCH_LENGTHS], CFK__MATCH_LENGTHS, c);
    for (unsigned n = 0; n < CFK__PRICED_LENGTHS; n++) {
        p->literals[n] = p->literals_code[cfk__literals_code(n)];
        p->match[n] = n < CFK__MATCH_MIN ? UINT16_MAX : p->match_code[cfk__match_code(n)];
    }
}

static void price_bytes(struct cfk__prices *p, const struct cfk__huffman *h)
{
    for (unsigned s = 0; s < 256; s++)
        p->byte[s] = h == NULL        ? PLAIN
                     : h->bits[s] > 0 ? h->bits[s] * 256u
                                      : CFK__HUFFMAN_PRICE_NONE;
}

void cfk__prices_guess(struct cfk__prices *prices, const uint32_t counts[256],
                       const struct cfk__block_state *state)
{
    const struct cfk__fse_norm *norm[3];
    uint32_t total = 0;

    for (unsigned kind = 0; kind < 3; kind++)
        norm[kind] =
            state->tables.valid ? &state->tables.table[kind].norm : cfk__predefined(kind);
    price_tables(prices, norm);
    if (state->huffman.log > 0) {
        price_bytes(prices, &state->huffman);
        return;
    }
    for (unsigned s = 0; s < 256; s++)
        total += counts[s] + 1;
    for (unsigned s = 0; s < 256; s++) {
        uint32_t bits = cfk__log2_256(total) - cfk__log2_256(counts[s] + 1);

        /* Half-way to what they cost without a code, for few pay for one. */
        prices->byte[s] = (bits + PLAIN) / 2;
    }
}

void cfk__prices_of_block(struct cfk__prices *prices, const struct cfk__block *block,
                          const struct cfk__block_state *state)
{
    const struct cfk__fse_norm *norm[3];

    for (unsigned kind = 0; kind < 3; kind++)
        norm[kind] = block->coded_count > 0 ? &block->sequences_plan.norm[kind]
                                            : cfk__predefined(kind);
    price_tables(prices, norm);
    switch (block->literals_plan.kind) {
    case CFK__LITERALS_HUFFMAN: price_bytes(prices, &block->literals_plan.code); break;
    case CFK__LITERALS_TREELESS: price_bytes(prices, &state->huffman); break;
    default: price_bytes(prices, NULL); break;
    }
}
