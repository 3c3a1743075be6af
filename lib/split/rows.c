/* SPDX-License-Identifier: MIT */
#include "split/rows.h"

#include "base/secret.h"

#include <string.h>

enum {
    GROUP = 4,
    PREFIX_SIZE = sizeof CFK__ROWS_PREFIX - 1,
    SYMBOL_BITS = 5,
    SYMBOL_MASK = 31,
    CHECK_MASK = 0x3ff,
    WORD = 8, /* characters or symbols that are handled at once, a byte each */
};

/* --- eight bytes in a word, none above 127, the first of them the highest --- */

#define EACH  UINT64_C(0x0101010101010101)
#define HIGH  (EACH << 7)
#define PAIRS UINT64_C(0x0001000100010001)

/* The highest bit of each byte that is n, 1 to 128, or more. */
static inline uint64_t at_least(uint64_t v, uint32_t n)
{
    return (v + EACH * (128 - n)) & HIGH;
}

static inline uint64_t between(uint64_t v, uint32_t first, uint32_t last)
{
    return at_least(v, first) & ~at_least(v, last + 1);
}

static inline uint64_t equal(uint64_t v, uint32_t c)
{
    return between(v, c, c);
}

/* From highest bits: 1 there, or all the others there. */
static inline uint64_t one_at(uint64_t high)
{
    return high >> 7;
}

static inline uint64_t all_at(uint64_t high)
{
    return high - (high >> 7);
}

/* 0-9, then the letters without i, l, o and u. */
static uint64_t write_symbols(uint64_t v)
{
    return v + EACH * '0' + (all_at(at_least(v, 10)) & EACH * ('a' - '0' - 10)) +
           one_at(at_least(v, 18)) + one_at(at_least(v, 20)) + one_at(at_least(v, 22)) +
           one_at(at_least(v, 27));
}

/* Highest bits, of what was seen in any place. */
struct seen {
    uint64_t upper, lower, unknown;
};

/* The values of characters; 0 for one that has none. */
static uint64_t read_symbols(uint64_t chars, struct seen *seen)
{
    uint64_t v = chars & ~HIGH;
    uint64_t folded = v | EACH * 0x20;
    uint64_t digit = between(v, '0', '9');
    uint64_t upper = between(v, 'A', 'Z');
    uint64_t lower = between(v, 'a', 'z');
    uint64_t letter = upper | lower;
    uint64_t like_one = letter & (equal(folded, 'i') | equal(folded, 'l'));
    uint64_t own = letter & ~like_one & ~equal(folded, 'o');
    uint64_t behind =
        one_at(own & at_least(folded, 'j')) + one_at(own & at_least(folded, 'm')) +
        one_at(own & at_least(folded, 'p')) + one_at(own & at_least(folded, 'v'));

    seen->upper |= upper;
    seen->lower |= lower;
    seen->unknown |= (~(digit | letter) & HIGH) | equal(folded, 'u') | (chars & HIGH);
    return (v & all_at(digit)) - (EACH * '0' & all_at(digit)) + one_at(like_one) +
           (folded & all_at(own)) - (EACH * ('a' - 10) & all_at(own)) - behind;
}

/* 40 bits to eight symbols and back: apart by halves. */
static uint64_t unpack(uint64_t v)
{
    v = (v & 0xfffff) | (v & 0xfffff00000) << 12;
    v = (v & 0x000003ff000003ff) | (v & 0x000ffc00000ffc00) << 6;
    return (v & 0x001f001f001f001f) | (v & 0x03e003e003e003e0) << 3;
}

static uint64_t pack(uint64_t v)
{
    v = (v & 0x001f001f001f001f) | (v >> 3 & 0x03e003e003e003e0);
    v = (v & 0x000003ff000003ff) | (v >> 6 & 0x000ffc00000ffc00);
    return (v & 0xfffff) | (v >> 12 & 0xfffff00000);
}

/*
 * The check, a CRC with x^10 + x^9 + x^5 + x^4 + x + 1, goes on by count symbols, 1 to
 * 8, at the low end of v. It is the sum of what their bits add. In the table, of
 * symbols from the last: row 0 has the bits of the last, the third to last and so on in
 * 16 bits each from the lowest, row 1 has those between.
 */
static uint32_t check_symbols(uint32_t check, uint64_t v, size_t count)
{
    static const uint64_t added[2][SYMBOL_BITS] = {
        { 0x022700ae00260233, 0x027d015c004c0255, 0x02c902b800980299, 0x03a1034301300301,
          0x017100b502600031 },
        { 0x02e2016a02f30062, 0x03f702d403d500c4, 0x01dd039b01990188, 0x03ba010503320310,
          0x0147020a00570013 }
    };
    uint64_t sum = count > 1 ? 0 : (check & SYMBOL_MASK) << SYMBOL_BITS;

    /* What the check was stands before the first two. */
    v ^= (uint64_t)(check >> SYMBOL_BITS) << 8 * (count - 1);
    if (count > 1)
        v ^= (uint64_t)(check & SYMBOL_MASK) << 8 * (count - 2);
    for (int i = 0; i < SYMBOL_BITS; i++) {
        sum ^= (v >> i & PAIRS) * 0xffff & added[0][i];
        sum ^= (v >> (8 + i) & PAIRS) * 0xffff & added[1][i];
    }
    sum ^= sum >> 32;
    return (sum ^ sum >> 16) & CHECK_MASK;
}

/* --- rows --- */

static size_t symbols_of(size_t size)
{
    return (size * 8 + SYMBOL_BITS - 1) / SYMBOL_BITS;
}

/* A row is its symbols, a blank before each group and before the check, a newline. */
static size_t row_text_size(size_t symbols)
{
    return symbols + (symbols + GROUP - 1) / GROUP + 1 + CFK__ROW_CHECK + 1;
}

size_t cfk__rows_text_size(size_t size)
{
    size_t symbols = symbols_of(size);
    size_t full = symbols / CFK__ROW_SYMBOLS;
    size_t rest = symbols % CFK__ROW_SYMBOLS;

    /* Every row but the first begins with as many blanks as the prefix has letters. */
    return full * (PREFIX_SIZE + row_text_size(CFK__ROW_SYMBOLS)) +
           (rest > 0 ? PREFIX_SIZE + row_text_size(rest) : 0);
}

static char *write_check(char *out, uint32_t check)
{
    uint64_t chars =
        write_symbols((uint64_t)(check >> SYMBOL_BITS) << 8 | (check & SYMBOL_MASK));

    *out++ = ' ';
    *out++ = (char)(chars >> 8 & 0xff);
    *out++ = (char)(chars & 0xff);
    *out++ = '\n';
    return out;
}

/* Eight symbols from byte at on; behind the end there are zeros. */
static uint64_t symbols_at(struct cfk__span data, size_t at)
{
    uint64_t v = 0;

    for (size_t i = at; i < at + SYMBOL_BITS; i++)
        v = v << 8 | (i < data.size ? data.data[i] : 0);
    return unpack(v);
}

void cfk__rows_write(struct cfk__span data, char *text)
{
    size_t symbols = symbols_of(data.size);
    uint32_t check = 0;

    for (size_t i = 0; i < symbols; i += WORD) {
        size_t count = symbols - i < WORD ? symbols - i : WORD;
        uint64_t v = symbols_at(data, i / WORD * SYMBOL_BITS) >> 8 * (WORD - count);
        uint64_t chars = write_symbols(v);

        if (i % CFK__ROW_SYMBOLS == 0) {
            memcpy(text, i == 0 ? CFK__ROWS_PREFIX : "    ", PREFIX_SIZE);
            text += PREFIX_SIZE;
            check = (uint32_t)(i / CFK__ROW_SYMBOLS + 1);
        }
        for (size_t j = 0; j < count; j++) {
            if (j % GROUP == 0)
                *text++ = ' ';
            *text++ = (char)(chars >> 8 * (count - 1 - j) & 0xff);
        }
        check = check_symbols(check, v, count);
        if ((i + count) % CFK__ROW_SYMBOLS == 0 || i + count == symbols)
            text = write_check(text, check);
    }
}

static bool is_blank(unsigned char c)
{
    return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

/* The next characters that are no blanks, at most a row; where these are is public. */
static size_t gather(const char *text, size_t len, size_t *at,
                     char symbols[CFK__ROW_SYMBOLS + CFK__ROW_CHECK])
{
    size_t count = 0;

    for (; *at < len && count < CFK__ROW_SYMBOLS + CFK__ROW_CHECK; ++*at)
        if (!is_blank((unsigned char)text[*at]))
            symbols[count++] = text[*at];
    return count;
}

/* count of them, 1 to 8, at the low end; what is before them is no fault. */
static uint64_t read_word(const char *chars, size_t count, struct seen *seen)
{
    uint64_t v = EACH * '0';

    for (size_t i = 0; i < count; i++)
        v = v << 8 | (unsigned char)chars[i];
    return read_symbols(v, seen);
}

static uint32_t any(uint64_t bits)
{
    return (uint32_t)((bits | (0 - bits)) >> 63);
}

struct cfk__row_verdict cfk__row_read(struct cfk__row_state *r, uint32_t row,
                                      const char *symbols, size_t count,
                                      struct cfk__writer *out)
{
    struct cfk__row_verdict verdict = { 0 };
    struct seen seen = { r->upper, r->lower, 0 };
    uint32_t check = row & CHECK_MASK;
    uint8_t bytes[CFK__ROW_SYMBOLS * SYMBOL_BITS / 8 + 1];
    size_t size = 0;
    uint64_t v;

    for (size_t i = 0; i < count; i += WORD) {
        size_t taken = count - i < WORD ? count - i : WORD;

        v = read_word(symbols + i, taken, &seen);
        check = check_symbols(check, v, taken);
        r->pending = r->pending << SYMBOL_BITS * taken | pack(v);
        r->pending_bits += SYMBOL_BITS * (unsigned)taken;
        for (; r->pending_bits >= 8; r->pending_bits -= 8)
            bytes[size++] = (uint8_t)(r->pending >> (r->pending_bits - 8));
    }
    cfk__write(out, bytes, size);
    cfk__wipe(bytes, sizeof bytes);
    v = read_word(symbols + count, CFK__ROW_CHECK, &seen);
    r->upper = seen.upper;
    r->lower = seen.lower;
    verdict.unknown = any(seen.unknown);
    verdict.mixed = any(seen.upper) & any(seen.lower);
    verdict.wrong = check ^ (uint32_t)pack(v);
    return verdict;
}

static enum cfk__rows_fault fault_of(struct cfk__row_verdict verdict)
{
    if (verdict.unknown != 0)
        return CFK__ROWS_CHARACTER;
    if (verdict.mixed != 0)
        return CFK__ROWS_CASE;
    return verdict.wrong != 0 ? CFK__ROWS_CHECKED : CFK__ROWS_FINE;
}

struct cfk__rows_result cfk__rows_read(const char *text, size_t len, uint8_t *data,
                                       size_t capacity)
{
    struct cfk__row_state r = { 0 };
    struct seen seen = { 0 };
    struct cfk__rows_result result = { CFK__ROWS_FINE, 1, 0, 0 };
    char symbols[CFK__ROW_SYMBOLS + CFK__ROW_CHECK];
    struct cfk__writer out;
    size_t at = PREFIX_SIZE;
    size_t start = at;
    size_t count = gather(text, len, &at, symbols);

    cfk__writer_init(&out, data, capacity);
    read_word(text, PREFIX_SIZE, &seen);
    r.upper = seen.upper;
    r.lower = seen.lower;
    while (count > 0 && result.fault == CFK__ROWS_FINE) {
        result.offset = start;
        if (count <= CFK__ROW_CHECK || cfk__writer_size(&out) == capacity) {
            result.fault = CFK__ROWS_LENGTH;
            break;
        }
        result.fault = fault_of(
            cfk__row_read(&r, result.row, symbols, count - CFK__ROW_CHECK, &out));
        if (result.fault == CFK__ROWS_FINE)
            result.row++;
        start = at;
        count = gather(text, len, &at, symbols);
    }
    cfk__wipe(symbols, sizeof symbols);
    result.size = cfk__writer_size(&out);
    if (result.fault == CFK__ROWS_FINE &&
        (!cfk__writer_ok(&out) || r.pending_bits >= SYMBOL_BITS ||
         (r.pending & ((UINT64_C(1) << r.pending_bits) - 1)) != 0))
        result.fault = CFK__ROWS_LENGTH;
    cfk__wipe(&r, sizeof r);
    return result;
}
