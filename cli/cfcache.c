/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_TSV = CLI_OPT_OWN,
    MOST_SIZES = 64,
    MOST_CAPACITY = 1 << 28,
    MOST_KEY = 65536,
    FIRST_NAMES = 65536,
};

static const char help[] =
    "usage: cfcache -c CAPACITY,... [-p lru] [-k FIELD] [-t FIELD [-e FIELD]] [-d "
    "DELIM]\n"
    "               [--json|--tsv] [FILE...]\n"
    "\n"
    "Tells how often a cache would have had what was asked for: each line is a request\n"
    "for a key, and what is missing is fetched and kept. Any number of capacities is\n"
    "tried in one pass. Files are read one after another, \"-\" and no file being\n"
    "standard input.\n"
    "\n"
    "  -c, --capacity LIST     entries (1000) or shares of the distinct keys (1%, 0.5%;\n"
    "                          rounded down, at least one), with commas between\n"
    "  -p, --policy lru        what is dropped when the cache is full: lru, the entry "
    "that\n"
    "                          was asked for longest ago\n"
    "  -k, --key FIELD         the key is this field, counted from 1; without it, the "
    "line\n"
    "  -t, --time FIELD        the time of the request, in seconds with up to nine "
    "decimals\n"
    "  -e, --expiry FIELD      seconds for which what is fetched may be kept; needs "
    "-t\n" CLI_STREAM_HELP_DELIMITER
    "      --tsv               policy, capacity, requests and hits, between tabs\n"
    "      --json              the same, one object a line\n" CLI_STREAM_HELP_COMMON "\n"
    "With shares, distinct keys have to be counted first: keys and requests (4 bytes\n"
    "each, 20 with -t) are then held in memory. Lines without the fields and keys above\n"
    "65536 bytes are skipped, with a warning. Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: a cache of two, then of half of the keys\n"
    "  printf '%s\\n' a b a c a b | cfcache -c 2,50%\n";

static const struct option longs[] = {
    { "capacity", required_argument, NULL, 'c' },
    { "policy", required_argument, NULL, 'p' },
    { "key", required_argument, NULL, 'k' },
    { "time", required_argument, NULL, 't' },
    { "expiry", required_argument, NULL, 'e' },
    { "tsv", no_argument, NULL, OPT_TSV },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cfcache",
    .help = help,
    .shorts = "c:p:k:t:e:" CLI_STREAM_SHORTS,
    .longs = longs,
};

/* A cache to try. */
struct subject {
    double percent;    /* of the distinct keys; 0: entries is given */
    uint64_t capacity; /* in entries */
    uint64_t hits;
    cfk_cache *cache;
};

enum { KEY, TIME, EXPIRY };

struct request {
    struct cli_stream stream;
    struct subject subjects[MOST_SIZES];
    size_t count;
    bool shares; /* some subject is a percentage */
    bool tsv;
};

/* What a line asks for. */
struct access {
    const char *key;
    size_t key_len;
    int64_t now;
    int64_t expire;
};

/* All requests, where capacities are known at the end only. */
struct trace {
    cfk_cache *names; /* key to number; never full */
    uint32_t *numbers;
    int64_t *times; /* now and expiry in turn; NULL without -t */
    size_t capacity;
};

/* Lines on their way into caches or a trace. */
struct intake {
    struct request *r;
    struct trace trace;
    uint64_t requests;
    uint64_t skipped;
};

static bool parse_line(const struct cli_line *line, struct access *access)
{
    const uint64_t *fields = line->stream->fields;
    int64_t lifetime;

    access->now = 0;
    access->expire = CFK_CACHE_NEVER;
    if (!cli_line_field(line, KEY, &access->key, &access->key_len) ||
        access->key_len > MOST_KEY)
        return false;
    if (fields[TIME] == 0)
        return true;
    if (!cli_line_seconds(line, TIME, &access->now))
        return false;
    if (fields[EXPIRY] == 0)
        return true;
    if (!cli_line_seconds(line, EXPIRY, &lifetime) || lifetime < 0)
        return false;
    if (access->now <= 0 || lifetime < CFK_CACHE_NEVER - access->now)
        access->expire = access->now + lifetime;
    return true;
}

/* ---- trying ---- */

static int new_cache(uint64_t capacity, cfk_cache **out, struct cfk_error *err)
{
    struct cfk_cache_options opts = {
        .size = sizeof opts,
        .capacity = (size_t)capacity,
        .max_key_bytes = MOST_KEY,
    };

    return cfk_cache_new(&opts, out, err);
}

static int try_one(struct subject *s, const struct access *a, struct cfk_error *err)
{
    if (cfk_cache_get(s->cache, a->key, a->key_len, a->now, 0, NULL, NULL) ==
        CFK_CACHE_HIT) {
        s->hits++;
        return CFK_OK;
    }
    return cfk_cache_set(s->cache, a->key, a->key_len, 0, a->expire, a->now, err);
}

static int try_all(struct request *r, const struct access *a, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = 0; i < r->count && rc == CFK_OK; i++)
        rc = try_one(&r->subjects[i], a, err);
    return rc;
}

/* ---- remembering, to count distinct keys first ---- */

static int no_memory(struct cfk_error *err)
{
    err->code = CFK_E_NOMEM;
    snprintf(err->message, sizeof err->message, "no memory for the requests");
    return err->code;
}

static int trace_init(struct trace *t, struct cfk_error *err)
{
    return new_cache(FIRST_NAMES, &t->names, err);
}

static void trace_free(struct trace *t)
{
    cfk_cache_free(t->names);
    free(t->numbers);
    free(t->times);
}

static int grow_names(struct trace *t, struct cfk_error *err)
{
    struct cfk_cache_entry entry;
    cfk_cache *larger;
    uint64_t cursor = 0;
    int rc = new_cache(2 * cfk_cache_capacity(t->names), &larger, err);

    while (rc == CFK_OK && cfk_cache_next(t->names, &cursor, &entry) == 1)
        rc = cfk_cache_set(larger, entry.key, entry.key_len, entry.value, CFK_CACHE_NEVER,
                           0, err);
    if (rc != CFK_OK) {
        cfk_cache_free(larger);
        return rc;
    }
    cfk_cache_free(t->names);
    t->names = larger;
    return CFK_OK;
}

static int number_of(struct trace *t, const struct access *a, uint32_t *number,
                     struct cfk_error *err)
{
    uint64_t known;
    int rc = CFK_OK;

    if (cfk_cache_get(t->names, a->key, a->key_len, 0, 0, &known, NULL) ==
        CFK_CACHE_HIT) {
        *number = (uint32_t)known;
        return CFK_OK;
    }
    if (cfk_cache_count(t->names) == cfk_cache_capacity(t->names))
        rc = grow_names(t, err);
    *number = (uint32_t)cfk_cache_count(t->names);
    if (rc == CFK_OK)
        rc =
            cfk_cache_set(t->names, a->key, a->key_len, *number, CFK_CACHE_NEVER, 0, err);
    return rc;
}

static int grow_trace(struct trace *t, bool timed, struct cfk_error *err)
{
    size_t capacity = t->capacity > 0 ? 2 * t->capacity : FIRST_NAMES;
    uint32_t *numbers = realloc(t->numbers, capacity * sizeof *numbers);
    int64_t *times;

    if (numbers == NULL)
        return no_memory(err);
    t->numbers = numbers;
    if (timed) {
        times = realloc(t->times, 2 * capacity * sizeof *times);
        if (times == NULL)
            return no_memory(err);
        t->times = times;
    }
    t->capacity = capacity;
    return CFK_OK;
}

static int remember(struct trace *t, bool timed, const struct access *a, uint64_t at,
                    struct cfk_error *err)
{
    int rc = CFK_OK;

    if (at == t->capacity)
        rc = grow_trace(t, timed, err);
    if (rc == CFK_OK)
        rc = number_of(t, a, &t->numbers[at], err);
    if (rc == CFK_OK && t->times != NULL) {
        t->times[2 * at] = a->now;
        t->times[2 * at + 1] = a->expire;
    }
    return rc;
}

static uint64_t share_of(double percent, uint64_t distinct)
{
    double entries = percent * (double)distinct / 100;

    return entries >= 1 ? (uint64_t)entries : 1;
}

static int replay(struct request *r, const struct trace *t, uint64_t requests,
                  struct cfk_error *err)
{
    int rc = CFK_OK;

    for (uint64_t i = 0; i < requests && rc == CFK_OK; i++) {
        struct access a = {
            .key = (const char *)&t->numbers[i],
            .key_len = sizeof t->numbers[i],
            .now = t->times != NULL ? t->times[2 * i] : 0,
            .expire = t->times != NULL ? t->times[2 * i + 1] : CFK_CACHE_NEVER,
        };

        rc = try_all(r, &a, err);
    }
    return rc;
}

/* ---- the whole ---- */

static int take_line(void *context, const struct cli_line *line)
{
    struct intake *in = context;
    struct request *r = in->r;
    struct cfk_error err = { 0 };
    struct access a;
    int rc;

    if (!parse_line(line, &a)) {
        in->skipped++;
        return CLI_YES;
    }
    if (r->shares)
        rc = remember(&in->trace, r->stream.fields[TIME] != 0, &a, in->requests, &err);
    else
        rc = try_all(r, &a, &err);
    in->requests++;
    return rc == CFK_OK ? CLI_YES : cli_fail(&err);
}

static int make_caches(struct request *r, uint64_t distinct, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = 0; i < r->count && rc == CFK_OK; i++) {
        struct subject *s = &r->subjects[i];

        if (s->percent > 0)
            s->capacity = share_of(s->percent, distinct);
        rc = new_cache(s->capacity, &s->cache, err);
    }
    return rc;
}

/* Capacities are known: every line is tried as it comes. */
static int measure_at_once(struct intake *in)
{
    struct cfk_error err = { 0 };

    if (make_caches(in->r, 0, &err) != CFK_OK)
        return cli_fail(&err);
    return cli_stream_each(&in->r->stream, take_line, in);
}

/* They depend on the number of distinct keys: lines are remembered, then tried. */
static int measure_after(struct intake *in)
{
    struct trace *trace = &in->trace;
    struct cfk_error err = { 0 };
    int status;
    int rc;

    if (trace_init(trace, &err) != CFK_OK)
        return cli_fail(&err);
    status = cli_stream_each(&in->r->stream, take_line, in);
    if (status != CLI_YES)
        return status;
    rc = make_caches(in->r, cfk_cache_count(trace->names), &err);
    if (rc == CFK_OK)
        rc = replay(in->r, trace, in->requests, &err);
    if (rc != CFK_OK)
        return cli_fail(&err);
    cli_detail("%zu distinct keys", cfk_cache_count(trace->names));
    return CLI_YES;
}

static int print_subject(const struct request *r, const struct subject *s,
                         uint64_t requests)
{
    double ratio = requests > 0 ? (double)s->hits / (double)requests : 0;

    if (cli_json())
        return cli_print_json(json_pack("{ss sI sI sI sf}", "policy", "lru", "capacity",
                                        (json_int_t)s->capacity, "requests",
                                        (json_int_t)requests, "hits", (json_int_t)s->hits,
                                        "hit_ratio", ratio));
    if (r->tsv)
        printf("lru\t%llu\t%llu\t%llu\n", (unsigned long long)s->capacity,
               (unsigned long long)requests, (unsigned long long)s->hits);
    else
        printf("%-8s %12llu %12llu %12llu %8.2f%%\n", "lru",
               (unsigned long long)s->capacity, (unsigned long long)requests,
               (unsigned long long)s->hits, 100 * ratio);
    return CLI_YES;
}

static int run(struct request *r)
{
    struct intake in = { .r = r };
    int status = r->shares ? measure_after(&in) : measure_at_once(&in);

    trace_free(&in.trace);
    if (status == CLI_YES && !r->tsv && !cli_json())
        printf("%-8s %12s %12s %12s %9s\n", "policy", "capacity", "requests", "hits",
               "ratio");
    for (size_t i = 0; i < r->count; i++) {
        if (status == CLI_YES)
            status = print_subject(r, &r->subjects[i], in.requests);
        cfk_cache_free(r->subjects[i].cache);
    }
    cli_warn_count(in.skipped, "lines lack what was asked for and were skipped");
    return status;
}

/* One of "1000", "1%". */
static bool parse_capacity(const char *text, struct subject *s)
{
    size_t len = strlen(text);

    if (len == 0 || text[len - 1] != '%')
        return cli_parse_u64(text, 1, MOST_CAPACITY, &s->capacity);
    return cli_parse_double(text, len - 1, &s->percent) && s->percent > 0 &&
           s->percent <= 100;
}

static bool parse_capacities(char *list, struct request *r)
{
    char *rest = list;

    while (rest != NULL) {
        char *text = rest;
        char *comma = strchr(rest, ',');

        rest = comma != NULL ? comma + 1 : NULL;
        if (comma != NULL)
            *comma = '\0';
        if (r->count == MOST_SIZES || !parse_capacity(text, &r->subjects[r->count]))
            return false;
        r->shares = r->shares || r->subjects[r->count].percent > 0;
        r->count++;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct request r = { .stream = { .letters = "kte", .delimiter = CLI_FIELDS_BLANK } };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'c':
            if (!parse_capacities(optarg, &r))
                return cli_usage("-c wants up to %d numbers from 1 or percentages, "
                                 "with commas between",
                                 MOST_SIZES);
            break;
        case 'p':
            if (strcmp(optarg, "lru") != 0)
                return cli_usage("-p wants lru, not '%s'", optarg);
            break;
        case OPT_TSV: r.tsv = true; break;
        default:
            if (cli_stream_option(&r.stream, c) != CLI_YES)
                return CLI_TROUBLE;
        }
    }
    if (r.count == 0)
        return cli_usage("-c CAPACITY is needed");
    if (r.stream.fields[EXPIRY] != 0 && r.stream.fields[TIME] == 0)
        return cli_usage("-e needs -t");
    if (r.tsv && cli_json())
        return cli_usage("--json or --tsv, not both");
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
