/* SPDX-License-Identifier: MIT */
/*
 * Lines of files, one after another, and fields of lines. Lines are bytes and
 * end in a newline, which is not part of them; a carriage return before it is.
 * The last line of a file needs no newline.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "cfkit/base.h"

#include <stdbool.h>

/* Lines are shorter than this; a longer one ends the reading with CFK_E_LIMIT. */
#define CLI_LINES_MOST (UINT32_C(64) << 20)

struct cli_span {
    const char *data;
    size_t len;
};

/* Zero it to begin with; cli_lines_close() is right in every state. */
struct cli_lines {
    /* May be set between opening and the first line: */
    bool cut_long;                   /* see cli_lines_batch() */
    bool (*wait)(void *ctx, int fd); /* called before each read; false ends all input */
    void *wait_ctx;

    bool cut; /* the latest line was cut */

    /* The rest is not for others. */
    char *const *paths;
    int count; /* paths left */
    const char *path;
    int fd; /* -1: none is open */
    char *buffer;
    size_t capacity;
    size_t start; /* of what has been read and not been handed out */
    size_t end;
    size_t searched; /* no newline before here */
    uint64_t number; /* of the latest line within its file; this is for others */
    bool skipping;   /* the rest of a line that was cut */
};

/*
 * Read the files of count paths, "-" being standard input, which is also what
 * count 0 means. CFK_OK or CFK_E_NOMEM; files are opened as their turn comes.
 */
int cli_lines_open(struct cli_lines *lines, char *const *paths, int count,
                   struct cfk_error *err);

/*
 * The next line, good until the next call: 1, or 0 at the end, or CFK_E_IO,
 * CFK_E_LIMIT or CFK_E_NOMEM with a message that names the file. Standard
 * output is flushed before waiting for more input, so that a filter in a live
 * pipe does not sit on its output.
 */
int cli_lines_next(struct cli_lines *lines, const char **line, size_t *len,
                   struct cfk_error *err);

/*
 * As many lines as have been read already, from 1 to max, good until the next call;
 * *count says how many. Returns as cli_lines_next(), for less than that costs where
 * lines are short.
 *
 * With cut_long, memory does not grow: of a line that the buffer (256 KiB) cannot
 * hold the beginning is handed out, alone, with cut set, and the rest is skipped.
 */
int cli_lines_batch(struct cli_lines *lines, struct cli_span *out, size_t max,
                    size_t *count, struct cfk_error *err);
void cli_lines_close(struct cli_lines *lines);

/* How fields are told apart: any run of blanks and tabs, or one byte. */
enum { CLI_FIELDS_BLANK = -1 };

/*
 * Field number n of a line, from 1; 0 is the whole line. Between blanks there
 * are no empty fields, between delimiting bytes there may be. False where the
 * line has fewer.
 */
bool cli_field(const char *line, size_t len, int delimiter, uint64_t n,
               const char **field, size_t *field_len);

/* Digits alone, as a number. */
bool cli_field_u64(const char *field, size_t len, uint64_t *out);

/* A delimiter from the command line: one byte, or \t. */
bool cli_parse_delimiter(const char *text, int *delimiter);

#endif
