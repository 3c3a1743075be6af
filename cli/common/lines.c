/* SPDX-License-Identifier: MIT */
#include "common/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_SIZE = 256 * 1024 };

static char standard_input[] = "-";
static char *const only_standard_input[] = { standard_input };

static int fail(struct cfk_error *err, int code, int sys_errno, const char *what,
                const char *path)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

    err->code = code;
    err->sys_errno = sys_errno;
    if (sys_errno != 0)
        snprintf(err->message, sizeof err->message, "%s %s: %s", what, name,
                 strerror(sys_errno));
    else
        snprintf(err->message, sizeof err->message, "%s: %s", name, what);
    return code;
}

int cli_lines_open(struct cli_lines *lines, char *const *paths, int count,
                   struct cfk_error *err)
{
    *lines = (struct cli_lines){
        .paths = count > 0 ? paths : only_standard_input,
        .count = count > 0 ? count : 1,
        .fd = -1,
        .capacity = BUFFER_SIZE,
    };
    lines->buffer = malloc(lines->capacity);
    if (lines->buffer == NULL)
        return fail(err, CFK_E_NOMEM, 0, "no memory to read it", lines->paths[0]);
    return CFK_OK;
}

void cli_lines_close(struct cli_lines *lines)
{
    if (lines->buffer != NULL && lines->fd > STDIN_FILENO)
        close(lines->fd);
    free(lines->buffer);
    *lines = (struct cli_lines){ .fd = -1 };
}

static int open_next(struct cli_lines *lines, struct cfk_error *err)
{
    lines->path = *lines->paths++;
    lines->count--;
    lines->number = 0;
    lines->start = lines->end = lines->searched = 0;
    lines->fd = strcmp(lines->path, "-") == 0 ? STDIN_FILENO
                                              : open(lines->path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0)
        return fail(err, CFK_E_IO, errno, "cannot open", lines->path);
    return CFK_OK;
}

/* Room behind what is there: move it to the front, or grow. */
static int make_room(struct cli_lines *lines, struct cfk_error *err)
{
    char *grown;

    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->searched -= lines->start;
        lines->start = 0;
    }
    if (lines->end < lines->capacity)
        return CFK_OK;
    if (lines->capacity >= CLI_LINES_MOST)
        return fail(err, CFK_E_LIMIT, 0, "a line of 64 MiB or more", lines->path);
    grown = realloc(lines->buffer, lines->capacity * 2);
    if (grown == NULL)
        return fail(err, CFK_E_NOMEM, 0, "no memory for a long line", lines->path);
    lines->buffer = grown;
    lines->capacity *= 2;
    return CFK_OK;
}

/* 1 with more bytes in the buffer, 0 at the end of the file. */
static int fill(struct cli_lines *lines, struct cfk_error *err)
{
    ssize_t got;
    int rc = make_room(lines, err);

    if (rc != CFK_OK)
        return rc;
    fflush(stdout); /* a failure stays in stdout's state, for cli_finish() */
    do {
        got = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(err, CFK_E_IO, errno, "cannot read", lines->path);
    lines->end += (size_t)got;
    return got > 0;
}

static int hand_out(struct cli_lines *lines, const char *newline, const char **line,
                    size_t *len)
{
    size_t stop = (size_t)(newline - lines->buffer);

    *line = lines->buffer + lines->start;
    *len = stop - lines->start;
    lines->start = stop < lines->end ? stop + 1 : stop;
    lines->searched = lines->start;
    lines->number++;
    return 1;
}

static void close_file(struct cli_lines *lines)
{
    if (lines->fd > STDIN_FILENO)
        close(lines->fd);
    lines->fd = -1;
}

int cli_lines_next(struct cli_lines *lines, const char **line, size_t *len,
                   struct cfk_error *err)
{
    for (;;) {
        const char *newline = NULL;
        int rc;

        if (lines->fd < 0) {
            if (lines->count == 0)
                return 0;
            rc = open_next(lines, err);
            if (rc != CFK_OK)
                return rc;
        }
        if (lines->searched < lines->end)
            newline = memchr(lines->buffer + lines->searched, '\n',
                             lines->end - lines->searched);
        if (newline != NULL)
            return hand_out(lines, newline, line, len);
        lines->searched = lines->end;
        rc = fill(lines, err);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            close_file(lines);
            if (lines->start < lines->end)
                return hand_out(lines, lines->buffer + lines->end, line, len);
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool blank_field(const char *p, const char *end, uint64_t n, const char **field,
                        size_t *field_len)
{
    for (;;) {
        const char *start;

        while (p < end && is_blank(*p))
            p++;
        if (p == end)
            return false;
        start = p;
        while (p < end && !is_blank(*p))
            p++;
        if (--n == 0) {
            *field = start;
            *field_len = (size_t)(p - start);
            return true;
        }
    }
}

static bool delimited_field(const char *p, const char *end, int delimiter, uint64_t n,
                            const char **field, size_t *field_len)
{
    for (;;) {
        const char *stop = p < end ? memchr(p, delimiter, (size_t)(end - p)) : NULL;

        if (--n == 0) {
            *field = p;
            *field_len = (size_t)((stop != NULL ? stop : end) - p);
            return true;
        }
        if (stop == NULL)
            return false;
        p = stop + 1;
    }
}

bool cli_field(const char *line, size_t len, int delimiter, uint64_t n,
               const char **field, size_t *field_len)
{
    if (n == 0) {
        *field = line;
        *field_len = len;
        return true;
    }
    return delimiter == CLI_FIELDS_BLANK
               ? blank_field(line, line + len, n, field, field_len)
               : delimited_field(line, line + len, delimiter, n, field, field_len);
}

bool cli_field_u64(const char *field, size_t len, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(field[i] - '0');

        if (field[i] < '0' || field[i] > '9' || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (len == 0)
        return false;
    *out = value;
    return true;
}

bool cli_parse_delimiter(const char *text, int *delimiter)
{
    if (strcmp(text, "\\t") == 0) {
        *delimiter = '\t';
        return true;
    }
    if (strlen(text) != 1)
        return false;
    *delimiter = (unsigned char)text[0];
    return true;
}
