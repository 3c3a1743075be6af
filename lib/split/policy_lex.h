/* SPDX-License-Identifier: MIT */
/* A policy's text as tokens, and complaints about it that tell the column. */
#ifndef CFK_SPLIT_POLICY_LEX_H
#define CFK_SPLIT_POLICY_LEX_H

#include "base/error.h"

#include <stdbool.h>

enum cfk__token {
    CFK__END,
    CFK__NAME,
    CFK__NUMBER,
    CFK__OPEN,
    CFK__CLOSE,
    CFK__COMMA,
    CFK__AND,
    CFK__OR,
    CFK__OF,
    CFK__STAR,
    CFK__OTHER,
};

/* Set text, size and err to begin with. */
struct cfk__lexer {
    const char *text;
    size_t size;
    size_t pos; /* behind the token */
    enum cfk__token token;
    size_t start;     /* of the token */
    const char *word; /* of a name, without quotes */
    size_t word_size;
    unsigned number; /* saturates */
    struct cfk_error *err;
};

/* Take the next token. CFK_OK or CFK_E_INVALID. */
int cfk__lex_next(struct cfk__lexer *lex);

/* Report and return code, with the column of offset before the words. */
int cfk__lex_refuse(const struct cfk__lexer *lex, int code, size_t offset,
                    const char *format, ...) CFK__PRINTF(4, 5);

/* Refuse the token: "wanted X, not Y". */
int cfk__lex_unexpected(const struct cfk__lexer *lex, const char *wanted);

#endif
