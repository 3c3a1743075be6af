/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_RATE = CLI_OPT_OWN,
    OPT_VAR,
    OPT_RANGE,
    OPT_START,
    OPT_EVERY,
    OPT_FINAL,
    TIME_TEXT = 64,
};
static const int64_t NS_PER_SECOND = 1000000000;

static const char help[] =
    "usage: cfewma -H HALF-LIFE [-t FIELD] [-x FIELD] [-d DELIM] [--rate] [--var]\n"
    "              [--range] [--start first|zero|debias] [--every N|--final] [--json]\n"
    "              [FILE...]\n"
    "\n"
    "Prints the exponentially weighted moving average of a series of numbers at any\n"
    "times: the weight of a sample halves every half-life. The average starts at the\n"
    "first sample. One line for each: the time (with -t), the variance (with --var),\n"
    "the lowest and the highest (with --range), and last the average with 17\n"
    "significant digits. Files are read one after another, \"-\" and no file being\n"
    "standard input.\n"
    "\n"
    "  -H, --half-life TIME    60s, 250ms, 1.5h; a bare number is seconds\n"
    "  -t, --time FIELD        the time, in seconds with up to nine decimals, is in "
    "this\n"
    "                          field, counted from 1; without it, lines are a second "
    "apart\n"
    "  -x, --value FIELD       the value is in this field; without it, in the first that "
    "is\n"
    "                          not the time\n" CLI_STREAM_HELP_DELIMITER
    "      --rate              the average number of lines per second instead; with -x, "
    "of\n"
    "                          the events whose number is in that field\n"
    "      --var               the variance around the average too\n"
    "      --range             the lowest and the highest of late too; their distance "
    "to\n"
    "                          the average halves every half-life\n"
    "      --start HOW         begin at the first sample, or at zero, as golibs does, "
    "or\n"
    "                          debias: by the weights of what came after the first; "
    "with\n"
    "                          --rate, debias is by the time since the first line\n"
    "      --every N           print every Nth line only\n"
    "      --final             print the last line only\n"
    "      --json              one object a line\n" CLI_STREAM_HELP_COMMON "\n"
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
    { "rate", no_argument, NULL, OPT_RATE },
    { "var", no_argument, NULL, OPT_VAR },
    { "range", no_argument, NULL, OPT_RANGE },
    { "start", required_argument, NULL, OPT_START },
    { "every", required_argument, NULL, OPT_EVERY },
    { "final", no_argument, NULL, OPT_FINAL },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cfewma",
    .help = help,
    .shorts = "H:t:x:" CLI_STREAM_SHORTS,
    .longs = longs,
};

enum { TIME, VALUE };

struct request {
    struct cli_stream stream;
    uint64_t half_life;
    uint64_t every;
    bool rate;
    bool variance;
    bool range;
    bool final;
    enum { START_FIRST, START_ZERO, START_DEBIAS } start;
};

/* Of the latest line that counted. */
struct series {
    const struct request *r;
    struct cfk_ewma average;
    struct cfk_rate rate;
    uint64_t lines;
    uint64_t count;
    uint64_t skipped;
    int64_t time;
    double value;
    char time_text[TIME_TEXT]; /* as it stood in the line */
};

static bool has_field(const struct request *r, int index)
{
    return r->stream.fields[index] != 0;
}

static bool read_time(const struct cli_line *line, struct series *s)
{
    const char *text;
    size_t text_len;

    if (!has_field(s->r, TIME)) {
        s->time = s->lines <= INT64_MAX / (uint64_t)NS_PER_SECOND
                      ? (int64_t)(s->lines - 1) * NS_PER_SECOND
                      : INT64_MAX;
        return true;
    }
    if (!cli_line_field(line, TIME, &text, &text_len) || text_len >= TIME_TEXT ||
        !cli_parse_seconds(text, text_len, &s->time))
        return false;
    memcpy(s->time_text, text, text_len);
    s->time_text[text_len] = '\0';
    return true;
}

static bool take_value(const struct cli_line *line, struct series *s)
{
    return cli_line_double(line, VALUE, &s->value) && read_time(line, s) &&
           cfk_ewma_add(&s->average, s->value, s->time, NULL) == CFK_OK;
}

static bool take_events(const struct cli_line *line, struct series *s)
{
    uint64_t events = 1;

    if (has_field(s->r, VALUE) && !cli_line_u64(line, VALUE, &events))
        return false;
    if (!read_time(line, s))
        return false;
    cfk_rate_add(&s->rate, events, s->time);
    return true;
}

/* What was asked for: the average or the rate, by its start. */
static double result(const struct series *s)
{
    bool debias = s->r->start == START_DEBIAS;

    if (s->r->rate)
        return debias ? cfk_rate_debiased_at(&s->rate, s->time)
                      : cfk_rate_at(&s->rate, s->time);
    if (debias)
        return cfk_ewma_debiased(&s->average);
    return s->r->start == START_ZERO ? cfk_ewma_from_zero(&s->average)
                                     : cfk_ewma_value(&s->average);
}

static int print_json(const struct series *s)
{
    const struct request *r = s->r;
    json_t *object = json_pack("{sI}", "n", (json_int_t)s->count);
    bool ok = object != NULL;

    if (ok && has_field(r, TIME))
        ok = json_object_set_new(object, "time", json_string(s->time_text)) == 0;
    if (ok && r->rate)
        ok = json_object_set_new(object, "rate", json_real(result(s))) == 0;
    if (ok && !r->rate)
        ok = json_object_set_new(object, "value", json_real(s->value)) == 0 &&
             json_object_set_new(object, "average", json_real(result(s))) == 0;
    if (ok && r->variance)
        ok = json_object_set_new(object, "variance",
                                 json_real(cfk_ewma_variance(&s->average))) == 0;
    if (ok && r->range)
        ok = json_object_set_new(object, "low", json_real(cfk_ewma_low(&s->average))) ==
                 0 &&
             json_object_set_new(object, "high", json_real(cfk_ewma_high(&s->average))) ==
                 0;
    if (!ok) {
        json_decref(object);
        object = NULL;
    }
    return cli_print_json(object);
}

static int print_point(const struct series *s)
{
    const struct request *r = s->r;

    if (cli_json())
        return print_json(s);
    if (has_field(r, TIME))
        printf("%s ", s->time_text);
    if (r->variance)
        printf("%.17g ", cfk_ewma_variance(&s->average));
    if (r->range)
        printf("%.17g %.17g ", cfk_ewma_low(&s->average), cfk_ewma_high(&s->average));
    printf("%.17g\n", result(s));
    return CLI_YES;
}

static int take_line(void *context, const struct cli_line *line)
{
    struct series *s = context;
    bool taken;

    s->lines++;
    taken = s->r->rate ? take_events(line, s) : take_value(line, s);
    if (!taken) {
        s->skipped++;
        return CLI_YES;
    }
    s->count++;
    if (s->r->final || s->count % s->r->every != 0)
        return CLI_YES;
    return print_point(s);
}

static int warn_of(const struct series *s)
{
    uint64_t backward = s->r->rate ? s->rate.backward : s->average.backward;

    if (s->skipped > 0 && s->count == 0)
        return cli_error(CFK_E_CORRUPT, "no line has the numbers asked for");
    cli_warn_count(s->skipped, "lines without the numbers asked for were skipped");
    cli_warn_count(backward, "lines went back in time");
    cli_detail("%llu lines, %llu samples", (unsigned long long)s->lines,
               (unsigned long long)s->count);
    return CLI_YES;
}

static int run(const struct request *r)
{
    struct series s = { .r = r };
    struct cfk_error err = { 0 };
    int status;

    if (cfk_ewma_init(&s.average, (int64_t)r->half_life, &err) != CFK_OK ||
        cfk_rate_init(&s.rate, (int64_t)r->half_life, &err) != CFK_OK)
        return cli_fail(&err);
    status = cli_stream_each(&r->stream, take_line, &s);
    if (status == CLI_YES && r->final && s.count > 0)
        status = print_point(&s);
    return status == CLI_YES ? warn_of(&s) : status;
}

/* What does not fit together; CLI_YES where all is well. */
static int check(struct request *r)
{
    uint64_t *fields = r->stream.fields;

    if (r->half_life == 0)
        return cli_usage("-H HALF-LIFE is needed");
    if (r->rate && r->variance)
        return cli_usage("--rate has no --var");
    if (r->rate && r->range)
        return cli_usage("--rate has no --range");
    if (r->rate && r->start == START_ZERO)
        return cli_usage("--rate starts at zero by itself");
    if (r->final && r->every != 0)
        return cli_usage("--every or --final, not both");
    if (fields[VALUE] != 0 && fields[VALUE] == fields[TIME])
        return cli_usage("-t and -x name the same field");
    if (r->every == 0)
        r->every = 1;
    if (fields[VALUE] == 0 && !r->rate)
        fields[VALUE] = fields[TIME] == 1 ? 2 : 1;
    return CLI_YES;
}

static bool parse_start(const char *text, struct request *r)
{
    if (strcmp(text, "first") == 0)
        r->start = START_FIRST;
    else if (strcmp(text, "zero") == 0)
        r->start = START_ZERO;
    else if (strcmp(text, "debias") == 0)
        r->start = START_DEBIAS;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct request r = { .stream = { .letters = "tx", .delimiter = CLI_FIELDS_BLANK } };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'H':
            if (!cli_parse_duration(optarg, &r.half_life) || r.half_life == 0 ||
                r.half_life > INT64_MAX)
                return cli_usage("-H wants a time like 60s, not '%s'", optarg);
            break;
        case OPT_EVERY:
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.every))
                return cli_usage("--every wants a number from 1, not '%s'", optarg);
            break;
        case OPT_RATE: r.rate = true; break;
        case OPT_VAR: r.variance = true; break;
        case OPT_RANGE: r.range = true; break;
        case OPT_START:
            if (!parse_start(optarg, &r))
                return cli_usage("--start wants first, zero or debias, not '%s'", optarg);
            break;
        case OPT_FINAL: r.final = true; break;
        default:
            if (cli_stream_option(&r.stream, c) != CLI_YES)
                return CLI_TROUBLE;
        }
    }
    if (check(&r) != CLI_YES)
        return CLI_TROUBLE;
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
