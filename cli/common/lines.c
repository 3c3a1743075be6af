/* SPDX-License-Identifier: MIT */
#include "common/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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
    lines->skipping = false;
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
        if (lines->wait != NULL && !lines->wait(lines->wait_ctx, lines->fd)) {
            lines->count = 0;
            return 0;
        }
        got = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(err, CFK_E_IO, errno, "cannot read", lines->path);
    lines->end += (size_t)got;
    return got > 0;
}

/* ---- where lines end ---- */

/* A walk over the newlines of start..end. */
struct walk {
    struct cli_span *out;
    size_t max;
    size_t count;
    const char *line; /* where the next one starts */
};

static inline void found(struct walk *w, const char *newline)
{
    w->out[w->count++] = (struct cli_span){ w->line, (size_t)(newline - w->line) };
    w->line = newline + 1;
}

#if defined(__SSE2__)

/* A bit for each newline of 64 bytes. */
static inline uint64_t newlines_in(const char *p)
{
    const __m128i newline = _mm_set1_epi8('\n');
    uint64_t bits = 0;

    for (int i = 0; i < 4; i++) {
        __m128i some = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(some, newline));

        bits |= (uint64_t)(unsigned)mask << 16 * i;
    }
    return bits;
}

/* Whole blocks of 64 bytes from p on; returns where it stopped. */
static const char *walk_blocks(struct walk *w, const char *p, const char *end)
{
    for (; end - p >= 64; p += 64) {
        for (uint64_t bits = newlines_in(p); bits != 0; bits &= bits - 1) {
            if (w->count == w->max)
                return w->line;
            found(w, p + __builtin_ctzll(bits));
        }
    }
    return p;
}

#else

static const char *walk_blocks(struct walk *w, const char *p, const char *end)
{
    (void)w, (void)end;
    return p;
}

#endif

/* Hand out up to max lines that are whole in the buffer. */
static size_t take_lines(struct cli_lines *lines, struct cli_span *out, size_t max)
{
    const char *end = lines->buffer + lines->end;
    const char *p = lines->buffer + lines->searched;
    struct walk w = { .out = out, .max = max, .line = lines->buffer + lines->start };

    p = walk_blocks(&w, p, end);
    while (w.count < max && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        if (newline == NULL)
            break;
        found(&w, newline);
        p = w.line;
    }
    lines->start = (size_t)(w.line - lines->buffer);
    lines->searched = w.count > 0 ? lines->start : lines->end;
    lines->number += w.count;
    return w.count;
}

/* All that is left in the buffer, as a line of its own. */
static size_t take_rest(struct cli_lines *lines, struct cli_span *out)
{
    *out = (struct cli_span){ lines->buffer + lines->start, lines->end - lines->start };
    lines->start = lines->end;
    lines->searched = lines->end;
    lines->number++;
    return 1;
}

/* Drop the rest of a line that was cut, as far as it has been read. */
static void skip_rest(struct cli_lines *lines)
{
    const char *newline =
        memchr(lines->buffer + lines->start, '\n', lines->end - lines->start);

    lines->skipping = newline == NULL;
    lines->start = newline != NULL ? (size_t)(newline - lines->buffer) + 1 : lines->end;
    lines->searched = lines->start;
}

static void close_file(struct cli_lines *lines)
{
    if (lines->fd > STDIN_FILENO)
        close(lines->fd);
    lines->fd = -1;
}

/* Lines, or 0 where more has to be read first. */
static size_t take(struct cli_lines *lines, struct cli_span *out, size_t max)
{
    size_t count = 0;

    if (lines->skipping)
        skip_rest(lines);
    if (lines->searched < lines->end)
        count = take_lines(lines, out, max);
    if (count == 0 && lines->cut_long && lines->start == 0 &&
        lines->end == lines->capacity) {
        count = take_rest(lines, out);
        lines->cut = true;
        lines->skipping = true;
    }
    return count;
}

int cli_lines_batch(struct cli_lines *lines, struct cli_span *out, size_t max,
                    size_t *count, struct cfk_error *err)
{
    lines->cut = false;
    for (;;) {
        int rc;

        if (lines->fd < 0) {
            if (lines->count == 0)
                return 0;
            rc = open_next(lines, err);
            if (rc != CFK_OK)
                return rc;
        }
        *count = take(lines, out, max);
        if (*count > 0)
            return 1;
        rc = fill(lines, err);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            close_file(lines);
            *count = lines->start < lines->end ? take_rest(lines, out) : 0;
            if (*count > 0)
                return 1;
        }
    }
}

int cli_lines_next(struct cli_lines *lines, const char **line, size_t *len,
                   struct cfk_error *err)
{
    struct cli_span span;
    size_t count;
    int rc = cli_lines_batch(lines, &span, 1, &count, err);

    if (rc == 1) {
        *line = span.data;
        *len = span.len;
    }
    return rc;
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
