/* SPDX-License-Identifier: MIT */
#include "bundle/pem.h"

#include "base/load.h"
#include "bundle/der.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END   "-----END "
#define DASH  "-----"
#define LABEL "CERTIFICATE"

enum {
    LINE_CHARS = 64,
    DIGIT_BLANK = 64,
    DIGIT_PAD = 65,
    DIGIT_BAD = 66,
};

/* The next line without its end; false when there is none. */
static bool next_line(struct cfk__reader *text, struct cfk__span *line)
{
    const uint8_t *newline;
    size_t left = cfk__reader_left(text);
    size_t size;

    if (left == 0)
        return false;
    newline = memchr(text->pos, '\n', left);
    size = newline != NULL ? (size_t)(newline - text->pos) : left;
    cfk__read_span(text, size, line);
    cfk__read_skip(text, newline != NULL ? 1 : 0);
    while (line->size > 0 &&
           (line->data[line->size - 1] == '\r' || line->data[line->size - 1] == ' ' ||
            line->data[line->size - 1] == '\t'))
        line->size--;
    return true;
}

/* The next line that begins with a dash: base64 has none, so that none is far to seek. */
static bool next_dashed(struct cfk__reader *text, struct cfk__span *line)
{
    const uint8_t *begin = text->pos;

    for (;;) {
        const uint8_t *dash = memchr(text->pos, '-', cfk__reader_left(text));

        text->pos = dash != NULL ? dash : text->end;
        if (dash == NULL)
            return false;
        if (dash == begin || dash[-1] == '\n')
            return next_line(text, line);
        text->pos++;
    }
}

/* A line of the form start, label, five dashes. */
static bool is_boundary(struct cfk__span line, const char *start, struct cfk__span *label)
{
    size_t head = strlen(start);
    size_t tail = strlen(DASH);

    if (line.size < head + tail || line.data[0] != '-' ||
        memcmp(line.data, start, head) != 0 ||
        memcmp(line.data + line.size - tail, DASH, tail) != 0)
        return false;
    *label = (struct cfk__span){ line.data + head, line.size - head - tail };
    return true;
}

bool cfk__pem_next(struct cfk__reader *text, struct cfk__pem_block *block)
{
    struct cfk__span line;
    struct cfk__span label;
    const uint8_t *body;

    do {
        if (!next_dashed(text, &line))
            return false;
    } while (!is_boundary(line, BEGIN, &block->label));
    block->offset = (uint64_t)(line.data - text->start);
    block->ended = false;
    body = text->pos;
    for (;;) {
        struct cfk__reader before;

        if (!next_dashed(text, &line)) {
            block->body = (struct cfk__span){ body, (size_t)(text->pos - body) };
            return true;
        }
        before = *text;
        before.pos = line.data;
        block->body = (struct cfk__span){ body, (size_t)(before.pos - body) };
        if (is_boundary(line, END, &label)) {
            block->ended = cfk__span_equal(label, block->label);
            return true;
        }
        if (is_boundary(line, BEGIN,
                        &label)) { /* the next one begins: this was cut off */
            *text = before;
            return true;
        }
    }
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A line "Name: value" at the start of text, which it is taken from. */
static bool take_header(struct cfk__span *text, struct cfk__span *name,
                        struct cfk__span *value)
{
    const uint8_t *newline = memchr(text->data, '\n', text->size);
    size_t size = newline != NULL ? (size_t)(newline - text->data) : text->size;
    const uint8_t *colon = memchr(text->data, ':', size);

    if (colon == NULL)
        return false;
    *name = (struct cfk__span){ text->data, (size_t)(colon - text->data) };
    *value = (struct cfk__span){ colon + 1, size - name->size - 1 };
    while (value->size > 0 && is_blank(value->data[0])) {
        value->data++;
        value->size--;
    }
    while (value->size > 0 && is_blank(value->data[value->size - 1]))
        value->size--;
    size += newline != NULL ? 1 : 0;
    text->data += size;
    text->size -= size;
    return true;
}

struct cfk__span cfk__pem_skip_headers(struct cfk__span *body, bool *encrypted)
{
    struct cfk__span info = { NULL, 0 };
    struct cfk__span name;
    struct cfk__span value;

    *encrypted = false;
    while (take_header(body, &name, &value)) {
        if (CFK__SPAN_IS(name, "Proc-Type"))
            *encrypted = value.size > 2 && !CFK__SPAN_IS(value, "4,CLEAR");
        if (CFK__SPAN_IS(name, "DEK-Info"))
            info = value;
    }
    return info;
}

bool cfk__pem_is_certificate(const struct cfk__pem_block *block)
{
    return CFK__SPAN_IS(block->label, LABEL) || CFK__SPAN_IS(block->label, "X509 " LABEL);
}

/* What a character stands for, of all 256: a digit, or one of DIGIT_*. */
/* clang-format off */
#define DIGITS(X) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(64) X(64) X(66) X(66) X(64) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(64) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(62) X(66) X(66) X(66) X(63) \
    X(52) X(53) X(54) X(55) X(56) X(57) X(58) X(59) X(60) X(61) X(66) X(66) X(66) X(65) X(66) X(66) \
    X(66) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) \
    X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) \
    X(41) X(42) X(43) X(44) X(45) X(46) X(47) X(48) X(49) X(50) X(51) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) \
    X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66) X(66)
/* clang-format on */

/* At its place in a group of four; what is no digit sets bits above all of them. */
#define NO_DIGIT  UINT32_C(0x01000000)
#define PLAIN(d)  (d),
#define FIRST(d)  ((d) < DIGIT_BLANK ? (uint32_t)(d) << 18 : NO_DIGIT),
#define SECOND(d) ((d) < DIGIT_BLANK ? (uint32_t)(d) << 12 : NO_DIGIT),
#define THIRD(d)  ((d) < DIGIT_BLANK ? (uint32_t)(d) << 6 : NO_DIGIT),
#define FOURTH(d) ((d) < DIGIT_BLANK ? (uint32_t)(d) : NO_DIGIT),

static const uint8_t digit_table[256] = { DIGITS(PLAIN) };
static const uint32_t group_table[4][256] = {
    { DIGITS(FIRST) }, { DIGITS(SECOND) }, { DIGITS(THIRD) }, { DIGITS(FOURTH) }
};

/* The digits that are left: none, or two or three with the padding that fits. */
static bool finish_group(uint32_t group, unsigned digits, unsigned pads,
                         struct cfk__buffer *out)
{
    if (digits == 0 && pads == 0)
        return true;
    if (digits < 2 || digits + pads != 4)
        return false;
    group <<= 6 * pads;
    out->data[out->size++] = (uint8_t)(group >> 16);
    if (digits == 3)
        out->data[out->size++] = (uint8_t)(group >> 8);
    return true;
}

static inline uint32_t group_of(const uint8_t *p)
{
    return group_table[0][p[0]] | group_table[1][p[1]] | group_table[2][p[2]] |
           group_table[3][p[3]];
}

/*
 * Whole lines of LINE_CHARS digits, as nearly all PEM has them. A line is decoded
 * first and looked at for anything that is no digit at its end, when its bytes,
 * which nobody has seen yet, can still be taken back.
 */
static const uint8_t *decode_lines(const uint8_t *p, const uint8_t *end,
                                   struct cfk__buffer *out)
{
    uint8_t *to = out->data + out->size;

    while (end - p > LINE_CHARS && p[LINE_CHARS] == '\n') {
        uint32_t all = 0;

        for (unsigned i = 0; i < LINE_CHARS; i += 8) {
            uint32_t high = group_of(p + i);
            uint32_t low = group_of(p + i + 4);

            all |= high | low;
            cfk__store64be(to, (uint64_t)high << 40 | (uint64_t)low << 16);
            to += 6; /* two bytes too many were written: there is room, see below */
        }
        if (all >= NO_DIGIT) {
            to -= LINE_CHARS / 4 * 3;
            break;
        }
        p += LINE_CHARS + 1;
    }
    out->size = (size_t)(to - out->data);
    return p;
}

int cfk__base64_decode(struct cfk__span text, struct cfk__buffer *out, size_t *bad)
{
    const uint8_t *end = text.data + text.size;
    uint32_t group = 0;
    unsigned digits = 0;
    unsigned pads = 0;
    int rc = cfk__buffer_reserve(out, text.size / 4 * 3 + 3); /* 48 + 3 for a line */

    *bad = 0;
    if (rc != CFK_OK)
        return rc;
    for (const uint8_t *p = text.data; p < end; p++) {
        uint8_t digit;

        if (digits == 0 && pads == 0) {
            p = decode_lines(p, end, out);
            if (p == end)
                break;
        }
        digit = digit_table[*p];
        if (digit == DIGIT_BLANK)
            continue;
        if (digit == DIGIT_BAD || (digit != DIGIT_PAD && pads > 0)) {
            *bad = (size_t)(p - text.data);
            return CFK_E_CORRUPT;
        }
        if (digit == DIGIT_PAD) {
            pads++;
            continue;
        }
        group = group << 6 | digit;
        if (++digits == 4) {
            out->data[out->size++] = (uint8_t)(group >> 16);
            out->data[out->size++] = (uint8_t)(group >> 8);
            out->data[out->size++] = (uint8_t)group;
            group = 0;
            digits = 0;
        }
    }
    *bad = text.size;
    return finish_group(group, digits, pads, out) ? CFK_OK : CFK_E_CORRUPT;
}

size_t cfk__pem_size(size_t size)
{
    size_t chars = (size + 2) / 3 * 4;

    return strlen(BEGIN LABEL DASH "\n" END LABEL DASH "\n") + chars +
           (chars + LINE_CHARS - 1) / LINE_CHARS;
}

static void write_text(struct cfk__writer *out, const char *text)
{
    cfk__write(out, text, strlen(text));
}

void cfk__pem_write(struct cfk__writer *out, const void *der, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = der;
    size_t line = 0;

    write_text(out, BEGIN LABEL DASH "\n");
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        char four[4];

        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        for (unsigned d = 0; d < 4; d++)
            four[d] = d <= left ? digits[group >> (18 - 6 * d) & 0x3f] : '=';
        cfk__write(out, four, sizeof four);
        line += sizeof four;
        if (line == LINE_CHARS || left <= 3) {
            cfk__write_u8(out, '\n');
            line = 0;
        }
    }
    write_text(out, END LABEL DASH "\n");
}
