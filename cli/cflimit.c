/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    OPT_MARK = CLI_OPT_OWN,
    OPT_KEYS,
    DEFAULT_KEYS = 65536,
    MOST_KEYS = 1 << 24,
    MOST_KEY = 65536,
};
static const int64_t NS_PER_SECOND = 1000000000;

static const char help[] =
    "usage: cflimit -r N/PERIOD [-b BURST] [-f FIELD] [-t FIELD] [-d DELIM] [--mark]\n"
    "               [--keys N] [--json] [FILE...]\n"
    "\n"
    "Passes the lines that stay under a rate and drops the rest: with -f, a rate for\n"
    "each key. Files are read one after another, \"-\" and no file being standard "
    "input.\n"
    "\n"
    "  -r, --rate N/PERIOD     N lines per s, m, h, d or a time such as 250ms\n"
    "  -b, --burst N           this many at once, after a pause (the N of the rate)\n"
    "  -f, --field FIELD       the key is this field, counted from 1; without it, all "
    "lines\n"
    "                          share one limit\n"
    "  -t, --time FIELD        the time, in seconds with up to nine decimals, is in "
    "this\n"
    "                          field; without it, it is when the line is "
    "read\n" CLI_STREAM_HELP_DELIMITER
    "      --mark              drop nothing; put \"+ \" before lines that pass and \"- "
    "\" before\n"
    "                          those that do not\n"
    "      --keys N            room for this many keys that are not back at their full "
    "burst\n"
    "                          (65536)\n"
    "      --json              one object for every line: whether it passes, and the "
    "seconds\n"
    "                          after which it would\n" CLI_STREAM_HELP_COMMON "\n"
    "Lines without the key's field share the empty key; lines without a time have that\n"
    "of the line before; both with a warning. Of a key, 65536 bytes count. Exit status:\n"
    "0, or 2 on trouble.\n"
    "\n"
    "Example: at most two lines of each address\n"
    "  printf '%s\\n' 'a 1' 'a 2' 'a 3' 'b 1' | cflimit -r 2/h -f 1\n";

static const struct option longs[] = {
    { "rate", required_argument, NULL, 'r' },
    { "burst", required_argument, NULL, 'b' },
    { "field", required_argument, NULL, 'f' },
    { "time", required_argument, NULL, 't' },
    { "mark", no_argument, NULL, OPT_MARK },
    { "keys", required_argument, NULL, OPT_KEYS },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cflimit",
    .help = help,
    .shorts = "r:b:f:t:" CLI_STREAM_SHORTS,
    .longs = longs,
};

enum { KEY, TIME };

struct request {
    struct cli_stream stream;
    uint64_t events;
    uint64_t period;
    uint64_t burst;
    uint64_t keys;
    bool mark;
};

struct filter {
    const struct request *r;
    cfk_limit *limit;
    uint64_t passed;
    uint64_t denied;
    uint64_t no_key;
    uint64_t no_time;
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
    json_t *object = json_pack("{sb sf}", "pass", (int)pass, "retry_after",
                               (double)retry_ns / (double)NS_PER_SECOND);

    if (object != NULL && !cli_json_set_bytes(object, "line", line->text, line->len)) {
        json_decref(object);
        object = NULL;
    }
    return cli_print_json(object);
}

static int print_line(const struct request *r, bool pass, int64_t retry_ns,
                      const struct cli_line *line)
{
    if (cli_json())
        return print_json(pass, retry_ns, line);
    if (r->mark)
        fputs(pass ? "+ " : "- ", stdout);
    else if (!pass)
        return CLI_YES;
    fwrite(line->text, 1, line->len, stdout);
    putchar('\n');
    return CLI_YES;
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
    verdict = cfk_limit_allow(f->limit, key, key_len, 1, f->time, &retry_ns, &err);
    if (verdict == CFK_E_LIMIT)
        cli_hint("--keys makes room for more keys");
    if (verdict < 0)
        return cli_fail(&err);
    if (verdict == CFK_LIMIT_PASS)
        f->passed++;
    else
        f->denied++;
    return print_line(r, verdict == CFK_LIMIT_PASS, retry_ns, line);
}

static void tell(const struct filter *f)
{
    const uint64_t *fields = f->r->stream.fields;

    cli_warn_count(f->no_key, "lines have no field %llu and shared one limit",
                   (unsigned long long)fields[KEY]);
    cli_warn_count(f->no_time,
                   "lines have no time in field %llu and had that of the line before",
                   (unsigned long long)fields[TIME]);
    cli_detail("%llu lines passed, %llu did not", (unsigned long long)f->passed,
               (unsigned long long)f->denied);
}

static int run(const struct request *r)
{
    struct cfk_limit_options opts = {
        .size = sizeof opts,
        .events = r->events,
        .period_ns = (int64_t)r->period,
        .burst = r->burst,
        .max_keys = r->stream.fields[KEY] != 0 ? (size_t)r->keys : 1,
        .max_key_bytes = MOST_KEY,
    };
    struct filter f = { .r = r };
    struct cfk_error err = { 0 };
    int status;

    if (cfk_limit_new(&opts, &f.limit, &err) != CFK_OK)
        return cli_fail(&err);
    status = cli_stream_each(&r->stream, judge, &f);
    if (status == CLI_YES)
        tell(&f);
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

int main(int argc, char **argv)
{
    struct request r = {
        .stream = { .letters = "ft", .delimiter = CLI_FIELDS_BLANK },
        .keys = DEFAULT_KEYS,
    };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'r':
            if (!parse_rate(optarg, &r.events, &r.period))
                return cli_usage("-r wants a rate like 10/s, not '%s'", optarg);
            break;
        case 'b':
            if (!cli_parse_u64(optarg, 1, INT32_MAX, &r.burst))
                return cli_usage("-b wants a number from 1 to %ld, not '%s'",
                                 (long)INT32_MAX, optarg);
            break;
        case OPT_KEYS:
            if (!cli_parse_u64(optarg, 1, MOST_KEYS, &r.keys))
                return cli_usage("--keys wants a number from 1 to %d, not '%s'",
                                 MOST_KEYS, optarg);
            break;
        case OPT_MARK: r.mark = true; break;
        default:
            if (cli_stream_option(&r.stream, c) != CLI_YES)
                return CLI_TROUBLE;
        }
    }
    if (r.events == 0)
        return cli_usage("-r N/PERIOD is needed");
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
