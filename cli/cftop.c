/* SPDX-License-Identifier: MIT */
#include "common/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_BY = CLI_OPT_OWN,
    OPT_TSV,
    DEFAULT_COUNTERS = 1024,
    DEFAULT_LINES = 20,
    MOST_COUNTERS = 1 << 24,
    MOST_KEY = 65536,
};

static const char help[] =
    "usage: cftop [-k COUNTERS] [-n LINES] [-f FIELD] [-d DELIM] [-w FIELD] [--by "
    "hi|lo]\n"
    "             [--json|--tsv] [FILE...]\n"
    "\n"
    "Prints the most frequent lines, or keys in them, in constant memory and one\n"
    "pass. The true count of each is between hi and lo; where they are equal, it is\n"
    "exact. Files are read one after another, \"-\" and no file being standard input.\n"
    "\n"
    "  -k, --counters N        keys watched at a time (1024); more is more exact: hi - "
    "lo is\n"
    "                          at most the total / N\n"
    "  -n, --lines N           keys to print (20)\n"
    "  -f, --field FIELD       the key is this field, counted from 1; without it, the "
    "line\n" CLI_STREAM_HELP_DELIMITER
    "  -w, --weight FIELD      add the whole number in this field instead of 1\n"
    "      --by hi|lo          order by upper bounds (hi) or by lower ones\n"
    "      --tsv               rank, hi, lo, share of the total and key, between tabs; "
    "the\n"
    "                          key last and as it is, the share from 0 to 1\n"
    "      --json              the same, one object a line\n" CLI_STREAM_HELP_COMMON "\n"
    "Keys are bytes, at most 65536 of them; longer ones are not counted, with a "
    "warning.\n"
    "Exit status: 0, or 2 on trouble.\n"
    "\n"
    "Example: the ten words that a text uses most\n"
    "  tr -cs A-Za-z '\\n' < /usr/share/common-licenses/GPL-3 | cftop -n 10\n";

static const struct option longs[] = {
    { "counters", required_argument, NULL, 'k' },
    { "lines", required_argument, NULL, 'n' },
    { "field", required_argument, NULL, 'f' },
    { "weight", required_argument, NULL, 'w' },
    { "by", required_argument, NULL, OPT_BY },
    { "tsv", no_argument, NULL, OPT_TSV },
    CLI_STREAM_LONGS,
};

static const struct cli_tool tool = {
    .name = "cftop",
    .help = help,
    .shorts = "k:n:f:w:" CLI_STREAM_SHORTS,
    .longs = longs,
};

enum { KEY, WEIGHT };

struct request {
    struct cli_stream stream;
    uint64_t counters;
    uint64_t lines;
    int order;
    bool tsv;
};

struct count {
    cfk_topk *top;
    bool weighted;
    /* lines that were skipped for want of it */
    uint64_t no_key;
    uint64_t no_weight;
    uint64_t long_key;
};

/* One line into the sketch. */
static int count_line(void *context, const struct cli_line *line)
{
    struct count *count = context;
    struct cfk_error err = { 0 };
    uint64_t weight = 1;
    const char *key;
    size_t key_len;
    int rc;

    if (count->weighted && !cli_line_u64(line, WEIGHT, &weight)) {
        count->no_weight++;
        return CLI_YES;
    }
    if (!cli_line_field(line, KEY, &key, &key_len)) {
        count->no_key++;
        return CLI_YES;
    }
    rc = cfk_topk_add(count->top, key, key_len, weight, &err);
    if (rc == CFK_E_LIMIT) {
        count->long_key++;
        return CLI_YES;
    }
    return rc == CFK_OK ? CLI_YES : cli_fail(&err);
}

static void warn_of(const struct count *count, const struct cli_stream *stream)
{
    cli_warn_count(count->no_key, "lines have no field %llu and were not counted",
                   (unsigned long long)stream->fields[KEY]);
    cli_warn_count(count->no_weight,
                   "lines have no whole number in field %llu and were not counted",
                   (unsigned long long)stream->fields[WEIGHT]);
    cli_warn_count(count->long_key, "keys are longer than %d bytes and were not counted",
                   MOST_KEY);
}

static double share_of(const struct cfk_topk_item *item, uint64_t total)
{
    return total > 0 ? (double)item->hi / (double)total : 0;
}

/* JSON's integers are signed here; no count of lines comes near that. */
static json_int_t json_count(uint64_t count)
{
    return count < INT64_MAX ? (json_int_t)count : INT64_MAX;
}

static json_t *json_item(const struct cfk_topk_item *item, size_t rank, uint64_t total)
{
    json_t *object =
        json_pack("{sI sI sI sf}", "rank", (json_int_t)rank, "hi", json_count(item->hi),
                  "lo", json_count(item->lo), "share", share_of(item, total));

    if (object != NULL && !cli_json_set_bytes(object, "key", item->key, item->key_len)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int print_json(const struct cfk_topk_item *items, size_t count, uint64_t total)
{
    int status = CLI_YES;

    for (size_t i = 0; i < count && status == CLI_YES; i++)
        status = cli_print_json(json_item(&items[i], i + 1, total));
    return status;
}

static int print_tsv(const struct cfk_topk_item *items, size_t count, uint64_t total)
{
    for (size_t i = 0; i < count; i++) {
        printf("%zu\t%llu\t%llu\t%.9f\t", i + 1, (unsigned long long)items[i].hi,
               (unsigned long long)items[i].lo, share_of(&items[i], total));
        fwrite(items[i].key, 1, items[i].key_len, stdout);
        putchar('\n');
    }
    return CLI_YES;
}

static int print_table(const struct cfk_topk_item *items, size_t count, uint64_t total)
{
    if (count > 0)
        printf("%6s %12s %12s %7s  %s\n", "rank", "hi", "lo", "share", "key");
    for (size_t i = 0; i < count; i++) {
        printf("%6zu %12llu %12llu %6.2f%%  ", i + 1, (unsigned long long)items[i].hi,
               (unsigned long long)items[i].lo, 100 * share_of(&items[i], total));
        cli_print_text(items[i].key, items[i].key_len);
        putchar('\n');
    }
    return CLI_YES;
}

static int print_top(const cfk_topk *top, const struct request *r)
{
    uint64_t wanted = r->lines < r->counters ? r->lines : r->counters;
    struct cfk_topk_item *items = calloc((size_t)wanted, sizeof *items);
    uint64_t total = cfk_topk_total(top);
    size_t count;
    int status;

    if (items == NULL)
        return cli_error(CFK_E_NOMEM, "no memory for %llu keys",
                         (unsigned long long)wanted);
    count = cfk_topk_list(top, r->order, items, (size_t)wanted);
    if (cli_json())
        status = print_json(items, count, total);
    else
        status =
            r->tsv ? print_tsv(items, count, total) : print_table(items, count, total);
    free(items);
    cli_detail("total %llu, no count is wrong by more than %llu",
               (unsigned long long)total, (unsigned long long)cfk_topk_max_error(top));
    return status;
}

static int run(const struct request *r)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts,
        .counters = (size_t)r->counters,
        .max_key_bytes = MOST_KEY,
    };
    struct count count = { .weighted = r->stream.fields[WEIGHT] != 0 };
    struct cfk_error err = { 0 };
    int status;

    if (cfk_topk_new(&opts, &count.top, &err) != CFK_OK)
        return cli_fail(&err);
    status = cli_stream_each(&r->stream, count_line, &count);
    if (status == CLI_YES)
        status = print_top(count.top, r);
    warn_of(&count, &r->stream);
    cfk_topk_free(count.top);
    return status;
}

static bool parse_order(const char *text, int *order)
{
    if (strcmp(text, "hi") == 0)
        *order = CFK_TOPK_BY_HI;
    else if (strcmp(text, "lo") == 0)
        *order = CFK_TOPK_BY_LO;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct request r = {
        .stream = { .letters = "fw", .delimiter = CLI_FIELDS_BLANK },
        .counters = DEFAULT_COUNTERS,
        .lines = DEFAULT_LINES,
    };
    int c;

    cli_start(&tool);
    while ((c = cli_option(argc, argv)) != -1) {
        switch (c) {
        case 'k':
            if (!cli_parse_u64(optarg, 1, MOST_COUNTERS, &r.counters))
                return cli_usage("-k wants a number from 1 to %d, not '%s'",
                                 MOST_COUNTERS, optarg);
            break;
        case 'n':
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.lines))
                return cli_usage("-n wants a number from 1, not '%s'", optarg);
            break;
        case OPT_BY:
            if (!parse_order(optarg, &r.order))
                return cli_usage("--by wants hi or lo, not '%s'", optarg);
            break;
        case OPT_TSV: r.tsv = true; break;
        default:
            if (cli_stream_option(&r.stream, c) != CLI_YES)
                return CLI_TROUBLE;
        }
    }
    if (r.tsv && cli_json())
        return cli_usage("--json or --tsv, not both");
    cli_stream_files(&r.stream, argc, argv);
    return cli_finish(run(&r));
}
