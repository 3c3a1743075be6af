/* SPDX-License-Identifier: MIT */
#include "cfcache.h"

#include <string.h>

enum { OPT_TSV = CLI_OPT_OWN, OPT_MRC };

static const char help[] =
    "usage: cfcache -c CAPACITY,... [-p POLICY,...] [-k FIELD] [-s FIELD]\n"
    "               [-t FIELD [-e FIELD]] [-d DELIM] [--mrc] [--json|--tsv] [FILE...]\n"
    "       cfcache --mrc [-k FIELD] [-d DELIM] [--json|--tsv] [FILE...]\n"
    "\n"
    "Tells how often a cache would have had what was asked for: each line is a request\n"
    "for a key, and what is missing is fetched and kept. Any number of capacities and\n"
    "policies is tried in one pass. Files are read one after another, \"-\" and no file\n"
    "being standard input.\n"
    "\n"
    "  -c, --capacity LIST     entries (1000) or shares of the distinct keys (1%, 0.5%;\n"
    "                          rounded down, at least one), with commas between; with "
    "-s\n"
    "                          bytes (64K, 1.5M) or shares of what all keys take\n"
    "  -p, --policy LIST       what is dropped when the cache is full: lru (the "
    "default),\n"
    "                          s3fifo, arc, sieve, fifo, clock, with commas between\n"
    "  -k, --key FIELD         the key is this field, counted from 1; without it, the "
    "line\n"
    "  -s, --size FIELD        the size of what is asked for, in bytes\n"
    "  -t, --time FIELD        the time of the request, in seconds with up to nine "
    "decimals\n"
    "  -e, --expiry FIELD      seconds for which what is fetched may be kept; needs "
    "-t\n" CLI_STREAM_HELP_DELIMITER
    "      --mrc               also every capacity at which an LRU has more hits, "
    "exactly\n"
    "      --tsv               policy, capacity, requests and hits, between tabs\n"
    "      --json              the same, one object a line\n" CLI_STREAM_HELP_COMMON "\n"
    "With shares, all has to be counted first: keys and requests (4 bytes each, 16 more\n"
    "with -t, 8 more with -s) are then held in memory. Lines without the fields and "
    "keys\n"
    "above 65536 bytes are skipped, with a warning. Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: two policies, each of two entries, then of half of the keys\n"
    "  printf '%s\\n' a b a c a b | cfcache -c 2,50% -p lru,s3fifo\n";

static const struct option longs[] = {
    { "capacity", required_argument, NULL, 'c' },
    { "policy", required_argument, NULL, 'p' },
    { "key", required_argument, NULL, 'k' },
    { "size", required_argument, NULL, 's' },
    { "time", required_argument, NULL, 't' },
    { "expiry", required_argument, NULL, 'e' },
    { "mrc", no_argument, NULL, OPT_MRC },
    { "tsv", no_argument, NULL, OPT_TSV },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cfcache",
    .help = help,
    .shorts = "c:p:k:s:t:e:" CLI_STREAM_SHORTS,
    .longs = longs,
};

static const struct policy policies[MOST_POLICIES] = {
    { "lru", CFK_CACHE_LRU },   { "s3fifo", CFK_CACHE_S3FIFO },
    { "arc", CFK_CACHE_ARC },   { "sieve", CFK_CACHE_SIEVE },
    { "fifo", CFK_CACHE_FIFO }, { "clock", CFK_CACHE_CLOCK },
};

/* ---- lists with commas ---- */

/* The next piece of a list into word; false at the end, and where it is too long. */
static bool next_word(const char **list, char *word, size_t size)
{
    size_t len;

    if (*list == NULL)
        return false;
    len = strcspn(*list, ",");
    if (len >= size)
        len = 0; /* nothing is as long as that */
    memcpy(word, *list, len);
    word[len] = '\0';
    *list += strcspn(*list, ",");
    *list = **list == ',' ? *list + 1 : NULL;
    return true;
}

enum { WORD = 64 };

static bool add_policy(struct request *r, const char *word)
{
    for (size_t i = 0; i < MOST_POLICIES; i++) {
        if (strcmp(word, policies[i].name) != 0)
            continue;
        for (size_t j = 0; j < r->policy_count; j++)
            if (r->policies[j] == &policies[i])
                return false;
        r->policies[r->policy_count++] = &policies[i];
        return true;
    }
    return false;
}

static bool add_policies(struct request *r, const char *list)
{
    char word[WORD];

    while (next_word(&list, word, sizeof word))
        if (!add_policy(r, word))
            return false;
    return true;
}

/* One of "1000", "64K" where bytes are meant, "1%". */
static bool parse_capacity(const struct request *r, const char *word, struct capacity *c)
{
    size_t len = strlen(word);

    if (len > 0 && word[len - 1] == '%')
        return cli_parse_double(word, len - 1, &c->percent) && c->percent > 0 &&
               c->percent <= 100;
    if (is_sized(r))
        return cli_parse_size(word, &c->amount) && c->amount > 0;
    return cli_parse_u64(word, 1, MOST_CAPACITY, &c->amount);
}

static bool parse_capacities(struct request *r)
{
    char word[WORD];

    for (size_t i = 0; i < r->list_count; i++) {
        const char *list = r->lists[i];

        while (next_word(&list, word, sizeof word)) {
            if (r->capacity_count == MOST_SIZES ||
                !parse_capacity(r, word, &r->capacities[r->capacity_count]))
                return false;
            r->shares = r->shares || r->capacities[r->capacity_count].percent > 0;
            r->capacity_count++;
        }
    }
    return true;
}

/* ---- lines ---- */

/* Lines on their way into caches, or into memory. */
struct intake {
    struct request *r;
    struct trace trace;
    struct trial trial;
    uint64_t skipped;
};

static bool parse_expiry(const struct cli_line *line, struct access *a)
{
    int64_t lifetime;

    if (!cli_line_seconds(line, EXPIRY, &lifetime) || lifetime < 0)
        return false;
    if (a->now <= 0 || lifetime < CFK_CACHE_NEVER - a->now)
        a->expire = a->now + lifetime;
    return true;
}

static bool parse_line(const struct cli_line *line, struct access *a)
{
    const uint64_t *fields = line->stream->fields;

    *a = (struct access){ .expire = CFK_CACHE_NEVER, .size = 1 };
    return cli_line_field(line, KEY, &a->key, &a->key_len) && a->key_len <= MOST_KEY &&
           (fields[SIZE] == 0 || cli_line_u64(line, SIZE, &a->size)) &&
           (fields[TIME] == 0 || cli_line_seconds(line, TIME, &a->now)) &&
           (fields[EXPIRY] == 0 || parse_expiry(line, a));
}

static int take_line(void *context, const struct cli_line *line)
{
    struct intake *in = context;
    struct cfk_error err = { 0 };
    struct access a;
    int rc;

    if (!parse_line(line, &a)) {
        in->skipped++;
        return CLI_YES;
    }
    if (in->r->shares)
        rc = trace_add(&in->trace, in->r, &a, &err);
    else
        rc = trial_add(&in->trial, &a, &err);
    return rc == CFK_OK ? CLI_YES : cli_fail(&err);
}

/* Capacities are known: every line is tried as it comes. */
static int measure_at_once(struct intake *in)
{
    struct cfk_error err = { 0 };

    if (trial_begin(&in->trial, in->r, 0, &err) != CFK_OK)
        return cli_fail(&err);
    return cli_stream_each(&in->r->stream, take_line, in);
}

/* They depend on what is in all lines: these are remembered, then tried. */
static int measure_after(struct intake *in)
{
    int status = cli_stream_each(&in->r->stream, take_line, in);
    struct trace *trace = &in->trace;
    struct cfk_error err = { 0 };
    size_t distinct = trace->names != NULL ? cfk_cache_count(trace->names) : 0;
    uint64_t whole = is_sized(in->r) ? trace->distinct_size : distinct;

    if (status != CLI_YES)
        return status;
    if (trial_begin(&in->trial, in->r, whole, &err) != CFK_OK ||
        trace_replay(trace, &in->trial, &err) != CFK_OK)
        return cli_fail(&err);
    cli_detail("%zu distinct keys", distinct);
    return CLI_YES;
}

static int run(struct request *r)
{
    struct intake in = { .r = r };
    int status = r->shares ? measure_after(&in) : measure_at_once(&in);

    if (status == CLI_YES)
        status = print_trial(r, &in.trial);
    trace_end(&in.trace);
    trial_end(&in.trial);
    cli_warn_count(in.skipped, "lines lack what was asked for and were skipped");
    return status;
}

/* ---- options ---- */

static int check(struct request *r)
{
    const uint64_t *fields = r->stream.fields;

    if (!parse_capacities(r))
        return cli_usage("-c wants up to %d %s or percentages, with commas between",
                         MOST_SIZES, is_sized(r) ? "sizes" : "numbers from 1");
    if (r->capacity_count == 0 && !r->curve)
        return cli_usage("-c CAPACITY or --mrc is needed");
    if (r->capacity_count == 0 && r->policy_count > 0)
        return cli_usage("-p needs -c");
    if (r->curve && (fields[SIZE] != 0 || fields[EXPIRY] != 0))
        return cli_usage("--mrc knows neither sizes nor expiry");
    if (fields[EXPIRY] != 0 && fields[TIME] == 0)
        return cli_usage("-e needs -t");
    if (r->tsv && cli_json())
        return cli_usage("--json or --tsv, not both");
    if (r->policy_count == 0)
        r->policies[r->policy_count++] = &policies[0];
    return CLI_YES;
}

int main(int argc, char **argv)
{
    struct request r = { .stream = { .letters = "ktes", .delimiter = CLI_FIELDS_BLANK } };
    int status;
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'c':
            if (r.list_count == MOST_SIZES)
                return cli_usage("-c was given more than %d times", MOST_SIZES);
            r.lists[r.list_count++] = optarg;
            break;
        case 'p':
            if (!add_policies(&r, optarg))
                return cli_usage(
                    "-p wants each of lru, s3fifo, arc, sieve, fifo and clock "
                    "once at most, with commas between, not '%s'",
                    optarg);
            break;
        case OPT_MRC: r.curve = true; break;
        case OPT_TSV: r.tsv = true; break;
        default:
            if (cli_stream_option(&r.stream, c) != CLI_YES)
                return CLI_TROUBLE;
        }
    }
    status = check(&r);
    if (status != CLI_YES)
        return status;
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
