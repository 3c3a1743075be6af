/* SPDX-License-Identifier: MIT */
#include "common/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One tool runs in one process: this is the place for what all of it shares. */
static struct {
    const struct cli_tool *tool;
    bool json;
    bool quiet;
    bool verbose;
    bool progress;
    bool colour;
} cli = { .progress = true };

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && (no_colour == NULL || no_colour[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

void cli_start(const struct cli_tool *tool)
{
    cli.tool = tool;
    cli.colour = wants_colour();
}

bool cli_json(void)
{
    return cli.json;
}

bool cli_quiet(void)
{
    return cli.quiet;
}

bool cli_verbose(void)
{
    return cli.verbose;
}

bool cli_progress_wanted(void)
{
    return cli.progress && !cli.quiet && isatty(STDERR_FILENO);
}

bool cli_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) != 0;
}

static void say(const char *tag, const char *colour, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void say(const char *tag, const char *colour, const char *format, va_list args)
{
    fprintf(stderr, "%s: ", cli.tool->name);
    if (tag != NULL && cli.colour)
        fprintf(stderr, "\033[%sm%s:\033[0m ", colour, tag);
    else if (tag != NULL)
        fprintf(stderr, "%s: ", tag);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void cli_hint(const char *format, ...)
{
    va_list args;

    if (cli.quiet)
        return;
    va_start(args, format);
    say("hint", "36", format, args);
    va_end(args);
}

void cli_warn(const char *format, ...)
{
    va_list args;

    if (cli.quiet)
        return;
    va_start(args, format);
    say("warning", "33", format, args);
    va_end(args);
}

void cli_note(const char *format, ...)
{
    va_list args;

    if (cli.quiet)
        return;
    va_start(args, format);
    say(NULL, "", format, args);
    va_end(args);
}

void cli_detail(const char *format, ...)
{
    va_list args;

    if (cli.quiet || !cli.verbose)
        return;
    va_start(args, format);
    say(NULL, "", format, args);
    va_end(args);
}

static void error_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void error_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("error", "31", format, args);
    va_end(args);
}

static void print_json_error(const char *code, const char *message, uint64_t offset)
{
    json_t *fault = json_pack("{ss so}", "code", code, "message",
                              cli_json_text(message, strlen(message)));

    if (fault != NULL && offset != 0)
        json_object_set_new(fault, "offset", json_integer((json_int_t)offset));
    cli_print_json(fault == NULL ? NULL : json_pack("{so}", "error", fault));
}

int cli_usage(const char *format, ...)
{
    char message[512];
    va_list args;

    if (format != NULL) {
        va_start(args, format);
        vsnprintf(message, sizeof message, format, args);
        va_end(args);
        error_line("%s", message);
        if (cli.json)
            print_json_error("usage", message, 0);
    }
    fprintf(stderr, "Try '%s --help' for what it takes.\n", cli.tool->name);
    return CLI_TROUBLE;
}

/* Codes that answer the question asked, in the negative. */
static int status_of(int code)
{
    return code <= CFK_E_REFERENCE ? CLI_NO : CLI_TROUBLE;
}

/* "delta: no room" said by cfdelta needs no second "delta". */
static const char *without_component(const char *message)
{
    static const char *const components[] = { "delta: ", "bundle: ", "split: ",
                                              "upgrade: " };

    for (size_t i = 0; i < sizeof components / sizeof components[0]; i++) {
        size_t len = strlen(components[i]);

        if (strncmp(message, components[i], len) == 0)
            return message + len;
    }
    return message;
}

int cli_fail(const struct cfk_error *err)
{
    const char *message = without_component(err->message);

    error_line("%s", message);
    if (cli.json)
        print_json_error(cfk_error_name(err->code), message, err->offset);
    return status_of(err->code);
}

int cli_error(int code, const char *format, ...)
{
    struct cfk_error err = { .code = code };
    va_list args;

    va_start(args, format);
    vsnprintf(err.message, sizeof err.message, format, args);
    va_end(args);
    return cli_fail(&err);
}

int cli_finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        error_line("cannot write to standard output: %s", strerror(errno));
        return CLI_TROUBLE;
    }
    return status;
}

static int print_help(void)
{
    fputs(cli.tool->help, stdout);
    return cli_finish(CLI_YES);
}

static int print_version(void)
{
    printf("%s (libcfkit) %s\n", cli.tool->name, cfk_version());
    return cli_finish(CLI_YES);
}

/* --color=always, auto or never. */
static bool set_colour(const char *when)
{
    if (strcmp(when, "always") == 0)
        cli.colour = true;
    else if (strcmp(when, "never") == 0)
        cli.colour = false;
    else if (strcmp(when, "auto") == 0)
        cli.colour = wants_colour();
    else
        return false;
    return true;
}

static bool is_own_option(int c)
{
    const struct option *option = cli.tool->longs;

    if (c <= 0x7f && c != ':' && strchr(cli.tool->shorts, c) != NULL)
        return true;
    while (option->name != NULL && option->val != c)
        option++;
    return option->name != NULL;
}

/* What getopt_long() did not like, in our words. */
static void complain(char *const *argv)
{
    const char *word = argv[optind - 1];
    char letter[] = { '-', (char)optopt, '\0' };
    const char *option = optopt > 0 && optopt <= 0x7f && word[1] != '-' ? letter : word;
    char message[256];

    if (optopt == 0 || !is_own_option(optopt))
        snprintf(message, sizeof message, "there is no option '%s'", option);
    else if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL)
        snprintf(message, sizeof message, "'%s' takes no value", option);
    else
        snprintf(message, sizeof message, "'%s' wants a value", option);
    error_line("%s", message);
    if (cli.json)
        print_json_error("usage", message, 0);
}

int cli_option(int argc, char **argv)
{
    opterr = 0;
    for (;;) {
        int c = getopt_long(argc, argv, cli.tool->shorts, cli.tool->longs, NULL);

        switch (c) {
        case 'q': cli.quiet = true; break;
        case 'v': cli.verbose = true; break;
        case CLI_OPT_JSON: cli.json = true; break;
        case CLI_OPT_NO_PROGRESS: cli.progress = false; break;
        case CLI_OPT_COLOR:
            if (!set_colour(optarg)) {
                error_line("--color wants always, auto or never, not '%s'", optarg);
                return '?';
            }
            break;
        case 'h': exit(print_help());
        case 'V': exit(print_version());
        case '?': complain(argv); return c;
        default: return c;
        }
    }
}
