/* SPDX-License-Identifier: MIT */
#include "split/rows.h"

#include "base/secret.h"

#include <string.h>

enum {
    GROUP = 4,
    PREFIX_SIZE = sizeof CFK__ROWS_PREFIX - 1,
    SYMBOL_BITS = 5,
    CHECK_MASK = 0x3ff,
    /* CRC-10: x^10 + x^9 + x^5 + x^4 + x + 1 */
};

/* 1 where a < b, for small numbers, without a branch. */
static inline uint32_t less(uint32_t a, uint32_t b)
{
    return (a - b) >> 31;
}

static inline uint32_t same(uint32_t a, uint32_t b)
{
    return less(a ^ b, 1);
}

/* 0-9, then the letters without i, l, o and u. */
static char symbol_char(uint32_t v)
{
    uint32_t letter =
        'a' + v - 10 + less(17, v) + less(19, v) + less(21, v) + less(26, v);
    uint32_t digit = (uint32_t)0 - less(v, 10);

    return (char)((('0' + v) & digit) | (letter & ~digit));
}

/* The value of a character in *v; 0 for one that has none, else 1. */
static uint32_t symbol_value(uint32_t c, uint32_t *v)
{
    uint32_t is_digit = less('0' - 1, c) & less(c, '9' + 1);
    uint32_t lower = c | 0x20;
    uint32_t is_letter = less('a' - 1, lower) & less(lower, 'z' + 1) & less(0x3f, c);
    uint32_t is_zero = same(lower, 'o');
    uint32_t is_one = same(lower, 'i') | same(lower, 'l');
    uint32_t letter = 10 + lower - 'a' - less('i', lower) - less('l', lower) -
                      less('o', lower) - less('u', lower);

    letter &= (uint32_t)0 - (is_letter & ~is_zero & ~is_one & 1);
    *v = (letter | (is_one & is_letter)) | ((c - '0') & ((uint32_t)0 - is_digit));
    return (is_digit | is_letter) & (1 ^ same(lower, 'u'));
}

/* Five steps of the division at once: what each bit that falls out adds. */
static uint32_t check_symbol(uint32_t check, uint32_t symbol)
{
    static const uint32_t added[SYMBOL_BITS] = { 0x233, 0x255, 0x299, 0x301, 0x31 };
    uint32_t out = check >> SYMBOL_BITS ^ symbol;

    check = check << SYMBOL_BITS & CHECK_MASK;
    for (int i = 0; i < SYMBOL_BITS; i++)
        check ^= added[i] & ((uint32_t)0 - (out >> i & 1));
    return check;
}

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
    *out++ = ' ';
    *out++ = symbol_char(check >> SYMBOL_BITS);
    *out++ = symbol_char(check & 31);
    *out++ = '\n';
    return out;
}

/* The five bits from bit on; behind the end there are zeros. */
static uint32_t symbol_at(struct cfk__span data, size_t bit)
{
    size_t byte = bit / 8;
    uint32_t pair = (uint32_t)data.data[byte] << 8;

    if (byte + 1 < data.size)
        pair |= data.data[byte + 1];
    return pair >> (16 - SYMBOL_BITS - bit % 8) & 31;
}

void cfk__rows_write(struct cfk__span data, char *text)
{
    size_t symbols = symbols_of(data.size);
    uint32_t check = 0;

    for (size_t i = 0; i < symbols; i++) {
        uint32_t symbol = symbol_at(data, i * SYMBOL_BITS);

        if (i % CFK__ROW_SYMBOLS == 0) {
            memcpy(text, i == 0 ? CFK__ROWS_PREFIX : "    ", PREFIX_SIZE);
            text += PREFIX_SIZE;
            check = (uint32_t)(i / CFK__ROW_SYMBOLS + 1);
        }
        if (i % GROUP == 0)
            *text++ = ' ';
        *text++ = symbol_char(symbol);
        check = check_symbol(check, symbol);
        if (i % CFK__ROW_SYMBOLS == CFK__ROW_SYMBOLS - 1 || i == symbols - 1)
            text = write_check(text, check);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Characters of the code that are left, for the length of the last row. */
static size_t count_symbols(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += !is_blank(text[i]);
    return count;
}

/* Where the next characters are that are no blanks; these are not secret. */
static size_t gather(const char *text, size_t at, char *symbols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (is_blank(text[at]))
            at++;
        symbols[i] = text[at++];
    }
    return at;
}

/* Bit 0 for an upper case letter, bit 1 for a lower case one. */
static uint32_t case_of(uint32_t c)
{
    return (less('A' - 1, c) & less(c, 'Z' + 1)) | (less('a' - 1, c) & less(c, 'z' + 1))
                                                       << 1;
}

struct cfk__row_verdict cfk__row_read(struct cfk__row_state *r, uint32_t row,
                                      const char *symbols, size_t count,
                                      struct cfk__writer *out)
{
    struct cfk__row_verdict verdict = { 0 };
    uint32_t check = row & CHECK_MASK;
    uint32_t known = 1;
    uint32_t symbol;

    for (size_t i = 0; i < count + CFK__ROW_CHECK; i++) {
        known &= symbol_value((unsigned char)symbols[i], &symbol);
        r->cases |= case_of((unsigned char)symbols[i]);
        if (i >= count) {
            check ^= symbol << (i == count ? SYMBOL_BITS : 0);
            continue;
        }
        check = check_symbol(check, symbol);
        r->pending = r->pending << SYMBOL_BITS | symbol;
        r->pending_bits += SYMBOL_BITS;
        if (r->pending_bits >= 8) {
            r->pending_bits -= 8;
            cfk__write_u8(out, (uint8_t)(r->pending >> r->pending_bits));
        }
    }
    verdict.unknown = known ^ 1;
    verdict.mixed = r->cases >> 1 & r->cases;
    verdict.wrong = check;
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
    struct cfk__rows_result result = { CFK__ROWS_FINE, 1, 0, 0 };
    char symbols[CFK__ROW_SYMBOLS + CFK__ROW_CHECK];
    struct cfk__writer out;
    size_t left = count_symbols(text + PREFIX_SIZE, len - PREFIX_SIZE);
    size_t at = PREFIX_SIZE;

    cfk__writer_init(&out, data, capacity);
    for (size_t i = 0; i < PREFIX_SIZE; i++)
        r.cases |= case_of((unsigned char)text[i]);
    while (left > 0 && result.fault == CFK__ROWS_FINE) {
        size_t take = left < sizeof symbols ? left : sizeof symbols;

        result.offset = at;
        if (take <= CFK__ROW_CHECK || cfk__writer_size(&out) == capacity) {
            result.fault = CFK__ROWS_LENGTH;
            break;
        }
        at = gather(text, at, symbols, take);
        result.fault =
            fault_of(cfk__row_read(&r, result.row, symbols, take - CFK__ROW_CHECK, &out));
        left -= take;
        if (result.fault == CFK__ROWS_FINE)
            result.row++;
    }
    cfk__wipe(symbols, sizeof symbols);
    result.size = cfk__writer_size(&out);
    if (result.fault == CFK__ROWS_FINE &&
        (!cfk__writer_ok(&out) || r.pending_bits >= SYMBOL_BITS ||
         (r.pending & ((1u << r.pending_bits) - 1)) != 0))
        result.fault = CFK__ROWS_LENGTH;
    cfk__wipe(&r, sizeof r);
    return result;
}
