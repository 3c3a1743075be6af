/* SPDX-License-Identifier: MIT */
/*
 * What the tools share, so that they all behave the same: options, messages,
 * exit codes, JSON, numbers. See also input.h, output.h and progress.h.
 *
 * A tool is a struct cli_tool and a main() of this shape:
 *
 *     cli_start(&tool);
 *     while ((c = cli_option(argc, argv)) != -1)
 *         switch (c) {
 *         case 'k':
 *             if (!cli_parse_u64(optarg, 1, UINT32_MAX, &k))
 *                 return cli_usage("-k wants a number from 1, not '%s'", optarg);
 *             break;
 *         default: return cli_usage(NULL);
 *         }
 *     return cli_finish(run(...));
 */
#ifndef CLI_H
#define CLI_H

#include "cfkit/cfkit.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

/* Exit status: yes, a well-founded no, trouble. */
enum {
    CLI_YES = 0,
    CLI_NO = 1,
    CLI_TROUBLE = 2,
};

/* Values of long options without a letter; a tool's own start at CLI_OPT_OWN. */
enum {
    CLI_OPT_JSON = 0x100,
    CLI_OPT_COLOR,
    CLI_OPT_NO_PROGRESS,
    CLI_OPT_OWN,
};

/* Every tool has these; they are handled here and never reach the tool. */
#define CLI_COMMON_SHORTS "qvhV"
/* clang-format off */
#define CLI_COMMON_LONGS \
    { "quiet", no_argument, NULL, 'q' }, \
    { "verbose", no_argument, NULL, 'v' }, \
    { "json", no_argument, NULL, CLI_OPT_JSON }, \
    { "color", required_argument, NULL, CLI_OPT_COLOR }, \
    { "no-progress", no_argument, NULL, CLI_OPT_NO_PROGRESS }, \
    { "help", no_argument, NULL, 'h' }, \
    { "version", no_argument, NULL, 'V' }, \
    { NULL, 0, NULL, 0 }
/* clang-format on */

struct cli_tool {
    const char *name;           /* "cfdelta" */
    const char *help;           /* all of --help, ending with an example that works */
    const char *shorts;         /* the tool's letters, then CLI_COMMON_SHORTS */
    const struct option *longs; /* the tool's, then CLI_COMMON_LONGS */
};

void cli_start(const struct cli_tool *tool);

/*
 * The next option of the tool's own, as getopt_long() returns it, or -1. An
 * unknown one comes back as '?', after the word about it: return
 * cli_usage(NULL). --help and --version print and exit.
 */
int cli_option(int argc, char **argv);

bool cli_json(void);            /* --json was given */
bool cli_quiet(void);           /* -q */
bool cli_verbose(void);         /* -v */
bool cli_progress_wanted(void); /* stderr is a terminal; not with -q, --no-progress */

/* "TOOL: error: ..." and "Try 'TOOL --help'"; CLI_TROUBLE. NULL: the hint alone. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Report a failure of the library or one of our own: the message on stderr
 * as "TOOL: error: ...", and with --json {"error": {...}} on stdout. Returns
 * the exit status that fits the code: CLI_NO where it is an answer, not a
 * mishap. A message that starts with the tool's component ("delta: ...") is
 * printed without it.
 */
int cli_fail(const struct cfk_error *err);
int cli_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* More words on stderr: silent with -q; verbose ones appear with -v alone. */
void cli_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Flush stdout; a failure (a full disk, say) turns any status into CLI_TROUBLE. */
int cli_finish(int status);

/*
 * Print value as one line on stdout and release it. NULL means no memory: an
 * error object is printed in its place and CLI_TROUBLE returned.
 */
int cli_print_json(json_t *value);

/* Bytes as a JSON string; what is not valid UTF-8 becomes U+FFFD. */
json_t *cli_json_text(const char *text, size_t len);

/*
 * The same as member name of an object; where that loses something, the exact
 * bytes are in member name_hex besides. False: no memory.
 */
bool cli_json_set_bytes(json_t *object, const char *name, const char *bytes, size_t len);

/* Bytes for people: control characters and what is not UTF-8 appear as \xHH. */
void cli_print_text(const char *text, size_t len);

/* Length of the valid UTF-8 sequence that text of left > 0 bytes begins with, or 0. */
size_t cli_utf8_length(const char *text, size_t left);

/* Whether stdout may get binary data: not when it is a terminal. */
bool cli_stdout_is_terminal(void);

/*
 * Numbers from the command line or a file. All of them take the whole string,
 * refuse signs, blanks and what lies outside min..max, and leave *out alone
 * on failure.
 */
bool cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Bytes: 10, 64K, 1.5M, 2G, 1T with powers of 1024; KiB, MiB, kB spellings too. */
bool cli_parse_size(const char *text, uint64_t *out);

/* 250ms, 60s, 1.5m, 2h, 7d, 10us, 5ns; a bare number is seconds. To nanoseconds. */
bool cli_parse_duration(const char *text, uint64_t *ns);

/* Seconds with decimals, kept to the nanosecond: "1700000000.123456789", "-1.5". */
bool cli_parse_seconds(const char *text, size_t len, int64_t *ns);

/* RFC 3339 ("2026-11-20T08:00:00Z", or a date alone) or UNIX seconds. */
bool cli_parse_time(const char *text, int64_t *unix_seconds);

/* A finite decimal number. */
bool cli_parse_double(const char *text, size_t len, double *out);

#endif
