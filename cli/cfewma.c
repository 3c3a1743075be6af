/* SPDX-License-Identifier: MIT */
#include "common/cli.h"
#include "common/lines.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_RATE = CLI_OPT_OWN,
    OPT_VAR,
    OPT_EVERY,
    OPT_FINAL,
    TIME_TEXT = 64,
};
static const int64_t NS_PER_SECOND = 1000000000;

static const char help[] =
    "usage: cfewma -H HALF-LIFE [-t FIELD] [-x FIELD] [-d DELIM] [--rate] [--var]\n"
    "              [--every N|--final] [--json] [FILE...]\n"
    "\n"
    "Prints the exponentially weighted moving average of a series of numbers at any\n"
    "times: the weight of a sample halves every half-life. The average starts at the\n"
    "first sample. One line for each: the time (with -t), the variance (with --var), "
    "the\n"
    "average, which is last and has 17 significant digits. Files are read one after\n"
    "another, \"-\" and no file being standard input.\n"
    "\n"
    "  -H, --half-life TIME    60s, 250ms, 1.5h; a bare number is seconds\n"
    "  -t, --time FIELD        the time, in seconds with up to nine decimals, is in "
    "this\n"
    "                          field, counted from 1; without it, lines are a second "
    "apart\n"
    "  -x, --value FIELD       the value is in this field; without it, in the first that "
    "is\n"
    "                          not the time\n"
    "  -d, --delimiter DELIM   fields end at this byte (\\t: tab), not at runs of "
    "blanks\n"
    "      --rate              the average number of lines per second instead; with -x, "
    "of\n"
    "                          the events whose number is in that field\n"
    "      --var               the variance around the average too\n"
    "      --every N           print every Nth line only\n"
    "      --final             print the last line only\n"
    "      --json              one object a line\n"
    "  -q, --quiet             no warnings\n"
    "  -v, --verbose           say what was read\n"
    "      --color WHEN        always, auto or never\n"
    "      --no-progress       no progress on a terminal\n"
    "  -h, --help              this text\n"
    "  -V, --version           the version\n"
    "\n"
    "Lines without numbers are skipped, with a warning; samples whose time goes back "
    "have\n"
    "no weight. Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: load smoothed over ten samples\n"
    "  printf '%s\\n' 0.5 0.7 4.2 0.6 | cfewma -H 10s\n";

static const struct option longs[] = {
    { "half-life", required_argument, NULL, 'H' },
    { "time", required_argument, NULL, 't' },
    { "value", required_argument, NULL, 'x' },
    { "delimiter", required_argument, NULL, 'd' },
    { "rate", no_argument, NULL, OPT_RATE },
    { "var", no_argument, NULL, OPT_VAR },
    { "every", required_argument, NULL, OPT_EVERY },
    { "final", no_argument, NULL, OPT_FINAL },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = {
    .name = "cfewma",
    .help = help,
    .shorts = "H:t:x:d:" CLI_COMMON_SHORTS,
    .longs = longs,
};

struct request {
    uint64_t half_life;
    uint64_t time_field;
    uint64_t value_field;
    uint64_t every;
    int delimiter;
    bool rate;
    bool variance;
    bool final;
};

/* Of the latest line that counted. */
struct series {
    struct cfk_ewma average;
    struct cfk_rate rate;
    uint64_t lines;
    uint64_t count;
    uint64_t skipped;
    int64_t time;
    double value;
    char time_text[TIME_TEXT]; /* as it stood in the line */
};

static bool read_time(const struct request *r, const char *line, size_t len,
                      struct series *s)
{
    const char *text;
    size_t text_len;

    if (r->time_field == 0) {
        s->time = (int64_t)(s->lines - 1) * NS_PER_SECOND;
        return true;
    }
    if (!cli_field(line, len, r->delimiter, r->time_field, &text, &text_len) ||
        text_len >= TIME_TEXT || !cli_parse_seconds(text, text_len, &s->time))
        return false;
    memcpy(s->time_text, text, text_len);
    s->time_text[text_len] = '\0';
    return true;
}

static bool take_value(const struct request *r, const char *line, size_t len,
                       struct series *s)
{
    const char *text;
    size_t text_len;

    if (!cli_field(line, len, r->delimiter, r->value_field, &text, &text_len) ||
        !cli_parse_double(text, text_len, &s->value) || !read_time(r, line, len, s))
        return false;
    return cfk_ewma_add(&s->average, s->value, s->time, NULL) == CFK_OK;
}

static bool take_events(const struct request *r, const char *line, size_t len,
                        struct series *s)
{
    uint64_t events = 1;
    const char *text;
    size_t text_len;

    if (r->value_field != 0 &&
        (!cli_field(line, len, r->delimiter, r->value_field, &text, &text_len) ||
         !cli_field_u64(text, text_len, &events)))
        return false;
    if (!read_time(r, line, len, s))
        return false;
    cfk_rate_add(&s->rate, events, s->time);
    return true;
}

static int print_json(const struct request *r, const struct series *s)
{
    json_t *object = json_pack("{sI}", "n", (json_int_t)s->count);
    bool ok = object != NULL;

    if (ok && r->time_field != 0)
        ok = json_object_set_new(object, "time", json_string(s->time_text)) == 0;
    if (ok && r->rate)
        ok = json_object_set_new(object, "rate",
                                 json_real(cfk_rate_at(&s->rate, s->time))) == 0;
    if (ok && !r->rate)
        ok = json_object_set_new(object, "value", json_real(s->value)) == 0 &&
             json_object_set_new(object, "average",
                                 json_real(cfk_ewma_value(&s->average))) == 0;
    if (ok && r->variance)
        ok = json_object_set_new(object, "variance",
                                 json_real(cfk_ewma_variance(&s->average))) == 0;
    if (!ok) {
        json_decref(object);
        object = NULL;
    }
    return cli_print_json(object);
}

static int print_point(const struct request *r, const struct series *s)
{
    if (cli_json())
        return print_json(r, s);
    if (r->time_field != 0)
        printf("%s ", s->time_text);
    if (r->variance)
        printf("%.17g ", cfk_ewma_variance(&s->average));
    printf("%.17g\n",
           r->rate ? cfk_rate_at(&s->rate, s->time) : cfk_ewma_value(&s->average));
    return CLI_YES;
}

static int take_line(const struct request *r, const char *line, size_t len,
                     struct series *s)
{
    bool taken;

    s->lines++;
    taken = r->rate ? take_events(r, line, len, s) : take_value(r, line, len, s);
    if (!taken) {
        s->skipped++;
        return CLI_YES;
    }
    s->count++;
    if (r->final || s->count % r->every != 0)
        return CLI_YES;
    return print_point(r, s);
}

static int warn_of(const struct request *r, const struct series *s)
{
    uint64_t backward = r->rate ? s->rate.backward : s->average.backward;

    if (s->skipped > 0 && s->count == 0)
        return cli_error(CFK_E_CORRUPT, "no line has the numbers asked for");
    if (s->skipped > 0)
        cli_warn("%llu lines without the numbers asked for were skipped",
                 (unsigned long long)s->skipped);
    if (backward > 0)
        cli_warn("%llu lines went back in time", (unsigned long long)backward);
    cli_detail("%llu lines, %llu samples", (unsigned long long)s->lines,
               (unsigned long long)s->count);
    return CLI_YES;
}

static int run(const struct request *r, char **paths, int path_count)
{
    struct series s = { .count = 0 };
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    const char *line;
    size_t len;
    int status = CLI_YES;
    int rc;

    if (cfk_ewma_init(&s.average, (int64_t)r->half_life, &err) != CFK_OK ||
        cfk_rate_init(&s.rate, (int64_t)r->half_life, &err) != CFK_OK)
        return cli_fail(&err);
    rc = cli_lines_open(&lines, paths, path_count, &err);
    while (rc == CFK_OK && (rc = cli_lines_next(&lines, &line, &len, &err)) == 1) {
        status = take_line(r, line, len, &s);
        rc = status == CLI_YES && !ferror(stdout) ? CFK_OK : CFK_E_STATE;
    }
    cli_lines_close(&lines);
    if (status != CLI_YES || ferror(stdout))
        return CLI_TROUBLE;
    if (rc != CFK_OK)
        return cli_fail(&err);
    if (r->final && s.count > 0)
        status = print_point(r, &s);
    return status == CLI_YES ? warn_of(r, &s) : status;
}

/* What does not fit together; CLI_YES where all is well. */
static int check(struct request *r)
{
    if (r->half_life == 0)
        return cli_usage("-H HALF-LIFE is needed");
    if (r->rate && r->variance)
        return cli_usage("--rate has no --var");
    if (r->final && r->every != 0)
        return cli_usage("--every or --final, not both");
    if (r->value_field != 0 && r->value_field == r->time_field)
        return cli_usage("-t and -x name the same field");
    if (r->every == 0)
        r->every = 1;
    if (r->value_field == 0 && !r->rate)
        r->value_field = r->time_field == 1 ? 2 : 1;
    return CLI_YES;
}

int main(int argc, char **argv)
{
    struct request r = { .delimiter = CLI_FIELDS_BLANK };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'H':
            if (!cli_parse_duration(optarg, &r.half_life) || r.half_life == 0 ||
                r.half_life > INT64_MAX)
                return cli_usage("-H wants a time like 60s, not '%s'", optarg);
            break;
        case 't':
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.time_field))
                return cli_usage("-t wants the number of a field, not '%s'", optarg);
            break;
        case 'x':
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.value_field))
                return cli_usage("-x wants the number of a field, not '%s'", optarg);
            break;
        case 'd':
            if (!cli_parse_delimiter(optarg, &r.delimiter))
                return cli_usage("-d wants one byte or \\t, not '%s'", optarg);
            break;
        case OPT_EVERY:
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.every))
                return cli_usage("--every wants a number from 1, not '%s'", optarg);
            break;
        case OPT_RATE: r.rate = true; break;
        case OPT_VAR: r.variance = true; break;
        case OPT_FINAL: r.final = true; break;
        default: return cli_usage(NULL);
        }
    }
    if (check(&r) != CLI_YES)
        return CLI_TROUBLE;
    return cli_finish(run(&r, argv + optind, argc - optind));
}
