/* SPDX-License-Identifier: MIT */
#include "split/policy_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* For people: code points from 1. */
static size_t column_of(const struct cfk__lexer *lex, size_t offset)
{
    size_t column = 1;

    for (size_t i = 0; i < offset && i < lex->size; i++)
        column += ((uint8_t)lex->text[i] & 0xc0) != 0x80;
    return column;
}

int cfk__lex_refuse(const struct cfk__lexer *lex, int code, size_t offset,
                    const char *format, ...)
{
    char words[160];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    return cfk__fail_at(lex->err, code, offset, "split: policy, column %zu: %s",
                        column_of(lex, offset), words);
}

/* "wanted X, not Y" at the token. */
int cfk__lex_unexpected(const struct cfk__lexer *lex, const char *wanted)
{
    static const char *const titles[] = {
        [CFK__END] = "the end", [CFK__NAME] = "a name", [CFK__NUMBER] = "a number",
        [CFK__OPEN] = "'('",    [CFK__CLOSE] = "')'",   [CFK__COMMA] = "','",
        [CFK__AND] = "'and'",   [CFK__OR] = "'or'",     [CFK__OF] = "'of'",
        [CFK__STAR] = "'*'",
    };
    char character[12] = "this";

    if (lex->token != CFK__OTHER)
        return cfk__lex_refuse(lex, CFK_E_INVALID, lex->start, "wanted %s, not %s",
                               wanted, titles[lex->token]);
    if (lex->text[lex->start] > ' ' && lex->text[lex->start] < 0x7f)
        snprintf(character, sizeof character, "'%c'", lex->text[lex->start]);
    return cfk__lex_refuse(lex, CFK_E_INVALID, lex->start, "wanted %s, not %s", wanted,
                           character);
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || (uint8_t)c >= 0x80;
}

static bool goes_on_name(char c)
{
    return begins_name(c) || c == '.' || c == '-' || c == '@' || c == '+';
}

/* The word and a keyword are equal but for case. */
static bool is_keyword(const struct cfk__lexer *lex, const char *keyword)
{
    if (lex->word_size != strlen(keyword))
        return false;
    for (size_t i = 0; i < lex->word_size; i++)
        if ((lex->word[i] | 0x20) != keyword[i])
            return false;
    return true;
}

static bool is_number(const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (word[i] < '0' || word[i] > '9')
            return false;
    return size > 0;
}

static void read_word(struct cfk__lexer *lex)
{
    while (lex->pos < lex->size && goes_on_name(lex->text[lex->pos]))
        lex->pos++;
    lex->word = lex->text + lex->start;
    lex->word_size = lex->pos - lex->start;
    lex->token = CFK__NAME;
    if (is_keyword(lex, "and"))
        lex->token = CFK__AND;
    else if (is_keyword(lex, "or"))
        lex->token = CFK__OR;
    else if (is_keyword(lex, "of"))
        lex->token = CFK__OF;
    if (!is_number(lex->word, lex->word_size))
        return;
    lex->token = CFK__NUMBER;
    lex->number = 0;
    for (size_t i = 0; i < lex->word_size && lex->number < 100000; i++)
        lex->number = lex->number * 10 + (unsigned)(lex->word[i] - '0');
}

static int read_quoted(struct cfk__lexer *lex)
{
    const char *close = memchr(lex->text + lex->pos, '"', lex->size - lex->pos);

    if (close == NULL)
        return cfk__lex_refuse(lex, CFK_E_INVALID, lex->start,
                               "the quote is never closed");
    lex->token = CFK__NAME;
    lex->word = lex->text + lex->pos;
    lex->word_size = (size_t)(close - lex->word);
    lex->pos += lex->word_size + 1;
    return CFK_OK;
}

static enum cfk__token punctuation(char c)
{
    switch (c) {
    case '(': return CFK__OPEN;
    case ')': return CFK__CLOSE;
    case ',': return CFK__COMMA;
    case '&': return CFK__AND;
    case '|': return CFK__OR;
    case '*': return CFK__STAR;
    default: return CFK__OTHER;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int cfk__lex_next(struct cfk__lexer *lex)
{
    while (lex->pos < lex->size && is_blank(lex->text[lex->pos]))
        lex->pos++;
    lex->start = lex->pos;
    lex->token = CFK__END;
    if (lex->pos == lex->size)
        return CFK_OK;
    if (begins_name(lex->text[lex->pos])) {
        read_word(lex);
        return CFK_OK;
    }
    lex->token = punctuation(lex->text[lex->pos++]);
    return lex->text[lex->start] == '"' ? read_quoted(lex) : CFK_OK;
}
