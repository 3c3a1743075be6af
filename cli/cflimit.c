/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    OPT_MARK = CLI_OPT_OWN,
    OPT_KEYS,
    OPT_BUCKETS,
    OPT_RETRY_AFTER,
    OPT_INVERT,
    OPT_STATS,
    DEFAULT_KEYS = 65536,
    MOST_KEYS = 1 << 24,
    MOST_BUCKETS = 1 << 28,
    MOST_KEY = 65536,
};
static const int64_t NS_PER_SECOND = 1000000000;

static const char help[] =
    "usage: cflimit -r N/PERIOD [-b BURST] [-f FIELD] [-t FIELD] [-c FIELD] [-d DELIM]\n"
    "               [--mark] [--retry-after] [--invert] [--keys N|--buckets N]\n"
    "               [--stats] [--json] [FILE...]\n"
    "\n"
    "Passes the lines that stay under a rate and drops the rest: with -f, a rate for\n"
    "each key. Files are read one after another, \"-\" and no file being standard "
    "input.\n"
    "\n"
    "  -r, --rate N/PERIOD     N lines per s, m, h, d or a time such as 250ms\n"
    "  -b, --burst N           this many at once, after a pause (the N of the rate)\n"
    "  -f, --field FIELD       the key is this field, counted from 1; without it, all\n"
    "                          lines share one limit\n"
    "  -t, --time FIELD        the time, in seconds with up to nine decimals, is in "
    "this\n"
    "                          field; without it, it is when the line is read\n"
    "  -c, --cost FIELD        a line counts for as many as this field says, bytes say;\n"
    "                          one above the burst never "
    "passes\n" CLI_STREAM_HELP_DELIMITER "      --mark              drop nothing; put "
    "\"+ \" before lines that pass and \"- \"\n"
    "                          before those that do not\n"
    "      --retry-after       with --mark, put the seconds after which a line would "
    "pass\n"
    "                          behind the mark, 0 or \"never\" too\n"
    "      --invert            pass the lines above the rate and drop those under it\n"
    "      --keys N            room for this many keys that are not back at their full\n"
    "                          burst (65536); more are an error\n"
    "      --buckets N         any number of keys in this many buckets of 8 bytes, a "
    "power\n"
    "                          of two; keys that meet in a bucket share its limit\n"
    "      --stats             tell of lines and keys at the end, on standard error\n"
    "      --json              one object for every line: whether it passes, and the\n"
    "                          seconds after which it would; --stats is the last "
    "one\n" CLI_STREAM_HELP_COMMON "\n"
    "Lines without the key's field share the empty key; lines without a time have that\n"
    "of the line before, and those without a cost that of 1; all with a warning. Of a\n"
    "key, 65536 bytes count. Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: at most two lines of each address\n"
    "  printf '%s\\n' 'a 1' 'a 2' 'a 3' 'b 1' | cflimit -r 2/h -f 1\n";

static const struct option longs[] = {
    { "rate", required_argument, NULL, 'r' },
    { "burst", required_argument, NULL, 'b' },
    { "field", required_argument, NULL, 'f' },
    { "time", required_argument, NULL, 't' },
    { "cost", required_argument, NULL, 'c' },
    { "mark", no_argument, NULL, OPT_MARK },
    { "retry-after", no_argument, NULL, OPT_RETRY_AFTER },
    { "invert", no_argument, NULL, OPT_INVERT },
    { "keys", required_argument, NULL, OPT_KEYS },
    { "buckets", required_argument, NULL, OPT_BUCKETS },
    { "stats", no_argument, NULL, OPT_STATS },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cflimit",
    .help = help,
    .shorts = "r:b:f:t:c:" CLI_STREAM_SHORTS,
    .longs = longs,
};

enum { KEY, TIME, COST };

struct request {
    struct cli_stream stream;
    uint64_t events;
    uint64_t period;
    uint64_t burst;
    uint64_t keys;    /* 0: as many as usual */
    uint64_t buckets; /* 0: exact */
    bool mark;
    bool retry_after;
    bool invert;
    bool stats;
};

struct filter {
    const struct request *r;
    cfk_limit *limit;
    uint64_t no_key;
    uint64_t no_time;
    uint64_t no_cost;
    int64_t time; /* of the latest line */
};

static int64_t arrival(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void set_time(struct filter *f, const struct cli_line *line)
{
    if (f->r->stream.fields[TIME] == 0)
        f->time = arrival();
    else if (!cli_line_seconds(line, TIME, &f->time))
        f->no_time++;
}

static int print_json(bool pass, int64_t retry_ns, const struct cli_line *line)
{
    bool ever = retry_ns != CFK_LIMIT_NEVER;
    double seconds = (double)retry_ns / (double)NS_PER_SECOND;
    json_t *object = json_pack("{sb so}", "pass", (int)pass, "retry_after",
                               ever ? json_real(seconds) : json_null());

    if (object != NULL && !cli_json_set_bytes(object, "line", line->text, line->len)) {
        json_decref(object);
        object = NULL;
    }
    return cli_print_json(object);
}

/* Seconds to the nanosecond, without zeros at the end. */
static void print_seconds(int64_t ns)
{
    char digits[16];
    size_t len = 9;

    if (ns == CFK_LIMIT_NEVER) {
        fputs("never ", stdout);
        return;
    }
    snprintf(digits, sizeof digits, "%09lld", (long long)(ns % NS_PER_SECOND));
    while (len > 0 && digits[len - 1] == '0')
        len--;
    printf("%lld%s%.*s ", (long long)(ns / NS_PER_SECOND), len > 0 ? "." : "", (int)len,
           digits);
}

static int print_line(const struct request *r, bool pass, int64_t retry_ns,
                      const struct cli_line *line)
{
    if (!r->mark && !cli_json() && pass == r->invert)
        return CLI_YES;
    if (cli_json())
        return print_json(pass, retry_ns, line);
    if (r->mark)
        fputs(pass ? "+ " : "- ", stdout);
    if (r->retry_after)
        print_seconds(retry_ns);
    fwrite(line->text, 1, line->len, stdout);
    putchar('\n');
    return CLI_YES;
}

static uint64_t cost_of(struct filter *f, const struct cli_line *line)
{
    uint64_t cost = 1;

    if (f->r->stream.fields[COST] != 0 && !cli_line_u64(line, COST, &cost))
        f->no_cost++;
    return cost;
}

static int judge(void *context, const struct cli_line *line)
{
    struct filter *f = context;
    const struct request *r = f->r;
    struct cfk_error err = { 0 };
    const char *key = line->text;
    size_t key_len = 0;
    int64_t retry_ns;
    int verdict;

    if (r->stream.fields[KEY] != 0 && !cli_line_field(line, KEY, &key, &key_len))
        f->no_key++;
    if (key_len > MOST_KEY)
        key_len = MOST_KEY;
    set_time(f, line);
    verdict = cfk_limit_allow(f->limit, key, key_len, cost_of(f, line), f->time,
                              &retry_ns, &err);
    if (verdict == CFK_E_LIMIT)
        cli_hint("--keys makes room for more keys, --buckets for any number");
    if (verdict < 0)
        return cli_fail(&err);
    return print_line(r, verdict == CFK_LIMIT_PASS, retry_ns, line);
}

/* For people on standard error; the same facts as JSON on standard output. */
static int print_stats(const struct filter *f, const struct cfk_limit_stats *stats)
{
    const char *form = f->r->buckets != 0 ? "buckets" : "keys";

    if (cli_json())
        return cli_print_json(json_pack(
            "{s{sI sI sI sI sf sf}}", "stats", "passed", (json_int_t)stats->passed,
            "denied", (json_int_t)stats->denied, "room", (json_int_t)stats->buckets,
            "in_use", (json_int_t)stats->in_use, "keys", stats->keys, "sharing",
            stats->sharing));
    fprintf(stderr, "cflimit: %llu lines passed, %llu did not; of %llu %s %llu in use",
            (unsigned long long)stats->passed, (unsigned long long)stats->denied,
            (unsigned long long)stats->buckets, form, (unsigned long long)stats->in_use);
    if (f->r->buckets != 0)
        fprintf(stderr, " by about %.0f keys; the next shares one at %.3g %%",
                stats->keys, 100 * stats->sharing);
    fputc('\n', stderr);
    return CLI_YES;
}

static int tell(const struct filter *f)
{
    const uint64_t *fields = f->r->stream.fields;
    struct cfk_limit_stats stats = { .size = sizeof stats };

    cli_warn_count(f->no_key, "lines have no field %llu and shared one limit",
                   (unsigned long long)fields[KEY]);
    cli_warn_count(f->no_time,
                   "lines have no time in field %llu and had that of the line before",
                   (unsigned long long)fields[TIME]);
    cli_warn_count(f->no_cost, "lines have no cost in field %llu and counted as one",
                   (unsigned long long)fields[COST]);
    (void)cfk_limit_get_stats(f->limit, f->time, &stats, NULL);
    if (f->r->stats)
        return print_stats(f, &stats);
    cli_detail("%llu lines passed, %llu did not", (unsigned long long)stats.passed,
               (unsigned long long)stats.denied);
    return CLI_YES;
}

static int run(const struct request *r)
{
    uint64_t keys = r->keys != 0 ? r->keys : DEFAULT_KEYS;
    struct cfk_limit_options opts = {
        .size = sizeof opts,
        .events = r->events,
        .period_ns = (int64_t)r->period,
        .burst = r->burst,
        .buckets = (size_t)r->buckets,
    };
    struct filter f = { .r = r };
    struct cfk_error err = { 0 };
    int status;

    if (r->buckets == 0) {
        opts.max_keys = r->stream.fields[KEY] != 0 ? (size_t)keys : 1;
        opts.max_key_bytes = MOST_KEY;
    }
    if (cfk_limit_new(&opts, &f.limit, &err) != CFK_OK)
        return cli_fail(&err);
    status = cli_stream_each(&r->stream, judge, &f);
    if (status == CLI_YES)
        status = tell(&f);
    cfk_limit_free(f.limit);
    return status;
}

/* "10/s", "100/250ms". */
static bool parse_rate(const char *text, uint64_t *events, uint64_t *period)
{
    const char *slash = strchr(text, '/');
    char count[32];
    char duration[32];

    if (slash == NULL || (size_t)(slash - text) >= sizeof count)
        return false;
    memcpy(count, text, (size_t)(slash - text));
    count[slash - text] = '\0';
    snprintf(duration, sizeof duration, "%s%.24s",
             slash[1] >= '0' && slash[1] <= '9' ? "" : "1", slash + 1);
    return cli_parse_u64(count, 1, UINT64_MAX, events) && slash[1] != '\0' &&
           strlen(slash + 1) <= 24 && cli_parse_duration(duration, period) &&
           *period > 0 && *period <= INT64_MAX;
}

/* What does not fit together; CLI_YES where all is well. */
static int check(const struct request *r)
{
    if (r->events == 0)
        return cli_usage("-r N/PERIOD is needed");
    if (r->keys != 0 && r->buckets != 0)
        return cli_usage("--keys or --buckets, not both");
    if (r->retry_after && !r->mark)
        return cli_usage("--retry-after goes with --mark");
    if (r->invert && (r->mark || cli_json()))
        return cli_usage("--mark and --json drop nothing, so --invert has no meaning");
    return CLI_YES;
}

static int take_number(const char *option, uint64_t most, uint64_t *out)
{
    if (cli_parse_u64(optarg, 1, most, out))
        return CLI_YES;
    return cli_usage("%s wants a number from 1 to %llu, not '%s'", option,
                     (unsigned long long)most, optarg);
}

/* CLI_YES, or what main() is to return. */
static int take_option(struct request *r, int option)
{
    switch (option) {
    case 'r':
        if (!parse_rate(optarg, &r->events, &r->period))
            return cli_usage("-r wants a rate like 10/s, not '%s'", optarg);
        return CLI_YES;
    case 'b': return take_number("-b", INT32_MAX, &r->burst);
    case OPT_KEYS: return take_number("--keys", MOST_KEYS, &r->keys);
    case OPT_BUCKETS: return take_number("--buckets", MOST_BUCKETS, &r->buckets);
    case OPT_MARK: r->mark = true; return CLI_YES;
    case OPT_RETRY_AFTER: r->retry_after = true; return CLI_YES;
    case OPT_INVERT: r->invert = true; return CLI_YES;
    case OPT_STATS: r->stats = true; return CLI_YES;
    default: return cli_stream_option(&r->stream, option);
    }
}

int main(int argc, char **argv)
{
    struct request r = { .stream = { .letters = "ftc", .delimiter = CLI_FIELDS_BLANK } };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1)
        if (take_option(&r, c) != CLI_YES)
            return CLI_TROUBLE;
    if (check(&r) != CLI_YES)
        return CLI_TROUBLE;
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
