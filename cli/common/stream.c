/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cli_stream_option(struct cli_stream *stream, int option)
{
    bool short_one = option > 0 && option < CLI_OPT_JSON;
    const char *letter = short_one ? strchr(stream->letters, option) : NULL;

    if (option == 'd') {
        if (!cli_parse_delimiter(optarg, &stream->delimiter))
            return cli_usage("-d wants one byte or \\t, not '%s'", optarg);
        return CLI_YES;
    }
    if (letter == NULL)
        return cli_usage(NULL);
    if (!cli_parse_u64(optarg, 1, UINT64_MAX, &stream->fields[letter - stream->letters]))
        return cli_usage("-%c wants the number of a field, not '%s'", option, optarg);
    return CLI_YES;
}

void cli_stream_files(struct cli_stream *stream, int argc, char **argv)
{
    stream->paths = argv + optind;
    stream->path_count = argc - optind;
}

int cli_stream_each(const struct cli_stream *stream, cli_stream_take *take, void *context)
{
    struct cli_line line = { .stream = stream };
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    int status = CLI_YES;
    int rc = cli_lines_open(&lines, stream->paths, stream->path_count, &err);

    while (rc == CFK_OK && status == CLI_YES && !ferror(stdout)) {
        rc = cli_lines_next(&lines, &line.text, &line.len, &err);
        if (rc != 1)
            break;
        rc = CFK_OK;
        status = take(context, &line);
    }
    cli_lines_close(&lines);
    if (ferror(stdout))
        return CLI_TROUBLE;
    return rc == CFK_OK ? status : cli_fail(&err);
}

bool cli_line_field(const struct cli_line *line, int index, const char **text,
                    size_t *len)
{
    const struct cli_stream *stream = line->stream;

    return cli_field(line->text, line->len, stream->delimiter, stream->fields[index],
                     text, len);
}

bool cli_line_u64(const struct cli_line *line, int index, uint64_t *out)
{
    const char *text;
    size_t len;

    return cli_line_field(line, index, &text, &len) && cli_field_u64(text, len, out);
}

bool cli_line_seconds(const struct cli_line *line, int index, int64_t *ns)
{
    const char *text;
    size_t len;

    return cli_line_field(line, index, &text, &len) && cli_parse_seconds(text, len, ns);
}

bool cli_line_double(const struct cli_line *line, int index, double *out)
{
    const char *text;
    size_t len;

    return cli_line_field(line, index, &text, &len) && cli_parse_double(text, len, out);
}

void cli_warn_count(uint64_t count, const char *format, ...)
{
    char words[160];
    va_list args;

    if (count == 0)
        return;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    cli_warn("%llu %s", (unsigned long long)count, words);
}
