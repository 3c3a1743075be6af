/* SPDX-License-Identifier: MIT */
#include "cftop_count.h"
#include "cftop_view.h"
#include "common/input.h"
#include "common/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_BY = CLI_OPT_OWN,
    OPT_TSV,
    OPT_EVERY,
    OPT_SAVE,
    OPT_FORCE,
    OPT_MERGE,
    DEFAULT_COUNTERS = 1024,
    DEFAULT_LINES = 20,
    MOST_COUNTERS = 1 << 24,
};

/* More than MOST_COUNTERS with all their keys and cells. */
static const uint64_t MOST_SAVED = UINT64_C(8) << 30;

/*
 * Sketches that are saved have one seed, so that all of them can be merged. What
 * somebody makes of knowing it costs precision of the cells that he floods.
 */
static const uint64_t common_seed[2] = { UINT64_C(0x706f74666b6666), 1 };

static const char help[] =
    "usage: cftop [-k COUNTERS] [-n LINES] [-f FIELD] [-d DELIM] [-w FIELD]\n"
    "             [-H HALF-LIFE] [-t FIELD] [--by hi|lo|rate] [--every TIME]\n"
    "             [--json|--tsv] [--save FILE] [--merge FILE]... [FILE...]\n"
    "\n"
    "Prints the most frequent lines, or keys in them, in constant memory and one\n"
    "pass. The true count of each is between hi and lo; where they are equal, it is\n"
    "exact. Files are read one after another, \"-\" and no file being standard input.\n"
    "\n"
    "  -k, --counters N        keys watched at a time (1024); more is more exact: hi -\n"
    "                          lo is at most the total / N\n"
    "  -n, --lines N           keys to print (20)\n"
    "  -f, --field FIELD       the key is this field, counted from 1; without it, the\n"
    "                          line\n" CLI_STREAM_HELP_DELIMITER
    "  -w, --weight FIELD      add the whole number in this field instead of 1\n"
    "  -H, --half-life TIME    forget: counts are halved with every TIME (60s, 5m, 1h)\n"
    "                          that passes, and rates a second are printed for counts\n"
    "  -t, --time FIELD        with -H: the time, in seconds with up to nine decimals,\n"
    "                          is in this field; without it, it is when the line is\n"
    "                          read\n"
    "      --by hi|lo|rate     order by upper bounds (hi), by lower ones or, with -H, "
    "by\n"
    "                          estimated rates\n"
    "      --every TIME        print every TIME, and at the end; on a terminal, in "
    "place\n"
    "      --tsv               rank, hi, lo, share of the total and key, between tabs;\n"
    "                          the key last and as it is, the share from 0 to 1\n"
    "      --json              the same and an estimate, one object a line\n"
    "      --save FILE         write all that has been counted, for --merge\n"
    "      --force             --save may replace a file\n"
    "      --merge FILE        count this in, made by --save with the same -k and -H;\n"
    "                          standard input is then read only as "
    "\"-\"\n" CLI_STREAM_HELP_COMMON "\n"
    "Keys are bytes, at most 65536 of them; longer ones are not counted, with a\n"
    "warning. An interrupt ends the input and prints. Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: the ten words that a text uses most\n"
    "  tr -cs A-Za-z '\\n' < /usr/share/common-licenses/GPL-3 | cftop -n 10\n";

static const struct option longs[] = {
    { "counters", required_argument, NULL, 'k' },
    { "lines", required_argument, NULL, 'n' },
    { "field", required_argument, NULL, 'f' },
    { "weight", required_argument, NULL, 'w' },
    { "time", required_argument, NULL, 't' },
    { "half-life", required_argument, NULL, 'H' },
    { "by", required_argument, NULL, OPT_BY },
    { "every", required_argument, NULL, OPT_EVERY },
    { "tsv", no_argument, NULL, OPT_TSV },
    { "save", required_argument, NULL, OPT_SAVE },
    { "force", no_argument, NULL, OPT_FORCE },
    { "merge", required_argument, NULL, OPT_MERGE },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cftop",
    .help = help,
    .shorts = "k:n:f:w:t:H:" CLI_STREAM_SHORTS,
    .longs = longs,
};

struct request {
    struct cli_stream stream;
    struct cftop_view view;
    uint64_t counters; /* 0: not given */
    uint64_t half_life_ns;
    uint64_t lines;
    bool by_rate;
    const char *save;
    bool force;
    const char **merge;
    int merges;
};

/* ---- sketches ---- */

static int new_sketch(const struct request *r, cfk_topk **top)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts,
        .counters = r->counters > 0 ? (size_t)r->counters : DEFAULT_COUNTERS,
        .max_key_bytes = CFTOP_MOST_KEY,
        .half_life_ns = (int64_t)r->half_life_ns,
    };
    struct cfk_error err = { 0 };

    if (r->save != NULL)
        memcpy(opts.seed, common_seed, sizeof opts.seed);
    return cfk_topk_new(&opts, top, &err) == CFK_OK ? CLI_YES : cli_fail(&err);
}

/* A failure with the name of the file before it. */
static int fail_of(const char *path, const struct cfk_error *err)
{
    static const char prefix[] = "topk: ";
    const char *words = err->message;

    if (strncmp(words, prefix, strlen(prefix)) == 0)
        words += strlen(prefix);
    return cli_error(err->code, "%s: %s", path, words);
}

static int load_sketch(const char *path, cfk_topk **top)
{
    struct cfk_topk_load_options opts = { .size = sizeof opts,
                                          .max_counters = MOST_COUNTERS };
    struct cfk_error err = { 0 };
    struct cli_input in;
    int rc;

    *top = NULL;
    if (cli_input_open(&in, path, MOST_SAVED, CLI_INPUT_BINARY, &err) != CFK_OK)
        return cli_fail(&err);
    rc = cfk_topk_load(in.data, in.size, &opts, top, &err);
    cli_input_close(&in);
    return rc == CFK_OK ? CLI_YES : fail_of(path, &err);
}

/* -k and -H, where they are given, are those of the sketch; -t needs a half-life. */
static int check_sketch(const struct request *r, const struct cfk_topk_stats *stats)
{
    if (r->counters != 0 && r->counters != stats->counters)
        return cli_error(CFK_E_INVALID, "%s: it has %llu counters, not %llu", r->merge[0],
                         (unsigned long long)stats->counters,
                         (unsigned long long)r->counters);
    if (r->half_life_ns != 0 && (int64_t)r->half_life_ns != stats->half_life_ns)
        return cli_error(CFK_E_INVALID, "%s: it has a half-life of %lld ns, not %llu",
                         r->merge[0], (long long)stats->half_life_ns,
                         (unsigned long long)r->half_life_ns);
    if (stats->half_life_ns == 0 && r->stream.fields[CFTOP_TIME] != 0)
        return cli_usage("-t needs -H: without a half-life, times do not matter");
    if (stats->half_life_ns == 0 && r->by_rate)
        return cli_usage("--by rate needs -H: without a half-life there are no rates");
    return CLI_YES;
}

/* All saved sketches in one, or one of the options' kind where there are none. */
static int first_sketch(const struct request *r, cfk_topk **top)
{
    int status = r->merges > 0 ? load_sketch(r->merge[0], top) : new_sketch(r, top);

    for (int i = 1; i < r->merges && status == CLI_YES; i++) {
        struct cfk_error err = { 0 };
        cfk_topk *saved;

        status = load_sketch(r->merge[i], &saved);
        if (status == CLI_YES && cfk_topk_merge(*top, saved, &err) != CFK_OK)
            status = fail_of(r->merge[i], &err);
        cfk_topk_free(saved);
    }
    return status;
}

static int save_sketch(struct cli_output *out, const cfk_topk *top)
{
    struct cfk_error err = { 0 };
    void *data;
    size_t size;
    int rc = cfk_topk_save(top, &data, &size, &err);

    if (rc == CFK_OK)
        rc = cli_output_write(out, data, size, &err);
    if (rc == CFK_OK)
        rc = cli_output_commit(out, &err);
    cfk_free(NULL, data);
    return rc == CFK_OK ? CLI_YES : cli_fail(&err);
}

/* ---- the work ---- */

static int count_and_print(struct request *r, struct cli_output *out)
{
    struct cftop_view *view = &r->view;
    struct cftop_count count = {
        .stream = &r->stream,
        .top = view->top,
        .arrival = view->arrival,
        .wait = cftop_view_wait,
        .wait_ctx = view,
    };
    int status = CLI_YES;

    cftop_view_start(view);
    if (r->stream.path_count > 0 || r->merges == 0)
        status = cftop_count(&count);
    if (status == CLI_YES && r->save != NULL)
        status = save_sketch(out, view->top);
    if (status == CLI_YES)
        status = cftop_view_finish(view);
    cftop_count_warn(&count);
    cli_detail("total %llu, no count is wrong by more than %llu",
               (unsigned long long)cfk_topk_total(view->top),
               (unsigned long long)cfk_topk_max_error(view->top));
    return status;
}

/* What the view needs to know of the sketch. */
static int prepare_view(struct request *r)
{
    struct cftop_view *view = &r->view;
    struct cfk_topk_stats stats;
    int status;

    cfk_topk_get_stats(view->top, 0, &stats);
    status = check_sketch(r, &stats);
    if (status != CLI_YES)
        return status;
    view->rates = stats.half_life_ns > 0;
    view->arrival = view->rates && r->stream.fields[CFTOP_TIME] == 0;
    view->lines = (size_t)(r->lines < stats.counters ? r->lines : stats.counters);
    view->items = calloc(view->lines, sizeof *view->items);
    if (view->items == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for %zu keys", view->lines);
    return CLI_YES;
}

static int run(struct request *r)
{
    struct cli_output out = { 0 };
    struct cfk_error err = { 0 };
    int status = first_sketch(r, &r->view.top);

    if (status == CLI_YES)
        status = prepare_view(r);
    if (status == CLI_YES && r->save != NULL &&
        cli_output_open(&out, r->save, r->force ? CLI_OUTPUT_REPLACE : 0, &err) != CFK_OK)
        status = cli_fail(&err);
    if (status == CLI_YES)
        status = count_and_print(r, &out);
    cli_output_abort(&out);
    cfk_topk_free(r->view.top);
    free(r->view.items);
    return status;
}

/* ---- options ---- */

static bool parse_order(const char *text, struct request *r)
{
    r->by_rate = strcmp(text, "rate") == 0;
    if (strcmp(text, "hi") == 0)
        r->view.order = CFK_TOPK_BY_HI;
    else if (strcmp(text, "lo") == 0)
        r->view.order = CFK_TOPK_BY_LO;
    else if (r->by_rate)
        r->view.order = CFK_TOPK_BY_ESTIMATE;
    else
        return false;
    return true;
}

static bool parse_positive_time(const char *text, uint64_t *ns)
{
    return cli_parse_duration(text, ns) && *ns > 0 && *ns <= INT64_MAX;
}

static int take_option(struct request *r, int c)
{
    switch (c) {
    case 'k':
        if (!cli_parse_u64(optarg, 1, MOST_COUNTERS, &r->counters))
            return cli_usage("-k wants a number from 1 to %d, not '%s'", MOST_COUNTERS,
                             optarg);
        return CLI_YES;
    case 'n':
        if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r->lines))
            return cli_usage("-n wants a number from 1, not '%s'", optarg);
        return CLI_YES;
    case 'H':
        if (!parse_positive_time(optarg, &r->half_life_ns))
            return cli_usage("-H wants a time such as 60s or 5m, not '%s'", optarg);
        return CLI_YES;
    case OPT_BY:
        if (!parse_order(optarg, r))
            return cli_usage("--by wants hi, lo or rate, not '%s'", optarg);
        return CLI_YES;
    case OPT_EVERY:
        if (!parse_positive_time(optarg, &r->view.every_ns))
            return cli_usage("--every wants a time such as 2s, not '%s'", optarg);
        return CLI_YES;
    case OPT_TSV: r->view.tsv = true; return CLI_YES;
    case OPT_SAVE: r->save = optarg; return CLI_YES;
    case OPT_FORCE: r->force = true; return CLI_YES;
    case OPT_MERGE: r->merge[r->merges++] = optarg; return CLI_YES;
    default: return cli_stream_option(&r->stream, c);
    }
}

static int check_options(const struct request *r)
{
    if (r->view.tsv && cli_json())
        return cli_usage("--json or --tsv, not both");
    if (r->save != NULL && strcmp(r->save, "-") == 0)
        return cli_usage("--save wants a file: standard output is for the answer");
    if (r->force && r->save == NULL)
        return cli_usage("--force is for --save");
    return CLI_YES;
}

int main(int argc, char **argv)
{
    struct request r = {
        .stream = { .letters = "fwt", .delimiter = CLI_FIELDS_BLANK },
        .lines = DEFAULT_LINES,
    };
    int status = CLI_YES;
    int c;

    cli_start(&tool);
    r.merge = calloc((size_t)argc, sizeof *r.merge);
    if (r.merge == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for options");
    while (status == CLI_YES && (c = cli_option(argc, argv)) != -1)
        status = take_option(&r, c);
    if (status == CLI_YES)
        status = check_options(&r);
    if (status == CLI_YES) {
        cli_stream_files(&r.stream, argc, argv);
        status = run(&r);
    }
    free(r.merge);
    return cli_finish(status);
}
