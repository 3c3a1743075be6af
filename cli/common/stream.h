/* SPDX-License-Identifier: MIT */
/*
 * What the tools share that take lines one by one: files on the command line,
 * options that say in which fields of a line something stands, and the walk over
 * all lines. A tool gives each kind of field a letter and an index:
 *
 *     enum { KEY, WEIGHT };
 *     struct cli_stream s = { .letters = "fw", .delimiter = CLI_FIELDS_BLANK };
 *
 * after which option -w 3 sets s.fields[WEIGHT] to 3, and
 * cli_line_u64(line, WEIGHT, &n) reads the number in the third field of a line.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "common/cli.h"
#include "common/lines.h"

enum { CLI_STREAM_FIELDS = 4 };

/* The end of a tool's letters, of its long options, and the words about them. */
#define CLI_STREAM_SHORTS "d:" CLI_COMMON_SHORTS
/* clang-format off */
#define CLI_STREAM_LONGS \
    { "delimiter", required_argument, NULL, 'd' }, \
    CLI_COMMON_LONGS
#define CLI_STREAM_HELP_DELIMITER \
    "  -d, --delimiter DELIM   fields end at this byte (\\t: tab), not at runs of " \
    "blanks\n"
#define CLI_STREAM_HELP_COMMON \
    "  -q, --quiet             no warnings\n" \
    "  -v, --verbose           say what was read\n" \
    "      --color WHEN        always, auto or never\n" \
    "      --no-progress       no progress on a terminal\n" \
    "  -h, --help              this text\n" \
    "  -V, --version           the version\n"
/* clang-format on */

struct cli_stream {
    const char *letters; /* of options that name a field; at most CLI_STREAM_FIELDS */
    uint64_t fields[CLI_STREAM_FIELDS]; /* in their order; from 1, 0: not given */
    int delimiter;
    char *const *paths; /* none: standard input */
    int path_count;
};

/*
 * Take an option that is not the tool's own: -d, or one of the letters. CLI_YES,
 * or what main() is to return, after the word about it.
 */
int cli_stream_option(struct cli_stream *stream, int option);

/* What follows the options are the files. */
void cli_stream_files(struct cli_stream *stream, int argc, char **argv);

struct cli_line {
    const struct cli_stream *stream;
    const char *text; /* good until the next line */
    size_t len;
};

/* CLI_YES to go on, or the exit status with which to end; then it has been told why. */
typedef int cli_stream_take(void *context, const struct cli_line *line);

/*
 * Hand every line of every file to take. CLI_YES after the last; else the status that
 * take returned, that of a failure to read, which is reported here, or CLI_TROUBLE where
 * standard output failed, which is left for cli_finish() to report.
 */
int cli_stream_each(const struct cli_stream *stream, cli_stream_take *take,
                    void *context);

/*
 * What stands in the field of this index, or in the whole line where none was given.
 * False, with the result untouched, where there is no such field or not such a thing in
 * it. See cli_field(), cli_field_u64(), cli_parse_seconds() and cli_parse_double().
 */
bool cli_line_field(const struct cli_line *line, int index, const char **text,
                    size_t *len);
bool cli_line_u64(const struct cli_line *line, int index, uint64_t *out);
bool cli_line_seconds(const struct cli_line *line, int index, int64_t *ns);
bool cli_line_double(const struct cli_line *line, int index, double *out);

/* Warn of so many things: "COUNT WORDS"; of none, nothing. */
void cli_warn_count(uint64_t count, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
