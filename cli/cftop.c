/* SPDX-License-Identifier: MIT */
#include "common/cli.h"
#include "common/lines.h"

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
    "line\n"
    "  -d, --delimiter DELIM   fields end at this byte (\\t: tab), not at runs of "
    "blanks\n"
    "  -w, --weight FIELD      add the whole number in this field instead of 1\n"
    "      --by hi|lo          order by upper bounds (hi) or by lower ones\n"
    "      --tsv               rank, hi, lo, share of the total and key, between tabs; "
    "the\n"
    "                          key last and as it is, the share from 0 to 1\n"
    "      --json              the same, one object a line\n"
    "  -q, --quiet             no warnings\n"
    "  -v, --verbose           say what was read\n"
    "      --color WHEN        always, auto or never\n"
    "      --no-progress       no progress on a terminal\n"
    "  -h, --help              this text\n"
    "  -V, --version           the version\n"
    "\n"
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
    { "delimiter", required_argument, NULL, 'd' },
    { "weight", required_argument, NULL, 'w' },
    { "by", required_argument, NULL, OPT_BY },
    { "tsv", no_argument, NULL, OPT_TSV },
    CLI_COMMON_LONGS,
};

static const struct cli_tool tool = {
    .name = "cftop",
    .help = help,
    .shorts = "k:n:f:d:w:" CLI_COMMON_SHORTS,
    .longs = longs,
};

struct request {
    uint64_t counters;
    uint64_t lines;
    uint64_t field;
    uint64_t weight_field;
    int delimiter;
    int order;
    bool tsv;
};

struct skipped {
    uint64_t field;
    uint64_t weight;
    uint64_t length;
};

/* One line into the sketch. */
static int count_line(cfk_topk *top, const struct request *r, const char *line,
                      size_t len, struct skipped *skipped, struct cfk_error *err)
{
    uint64_t weight = 1;
    const char *text;
    size_t text_len;
    int rc;

    if (r->weight_field != 0) {
        if (!cli_field(line, len, r->delimiter, r->weight_field, &text, &text_len) ||
            !cli_field_u64(text, text_len, &weight)) {
            skipped->weight++;
            return CFK_OK;
        }
    }
    if (!cli_field(line, len, r->delimiter, r->field, &text, &text_len)) {
        skipped->field++;
        return CFK_OK;
    }
    rc = cfk_topk_add(top, text, text_len, weight, err);
    if (rc == CFK_E_LIMIT) {
        skipped->length++;
        rc = CFK_OK;
    }
    return rc;
}

static int count_lines(cfk_topk *top, const struct request *r, char **paths,
                       int path_count, struct skipped *skipped, struct cfk_error *err)
{
    struct cli_lines lines;
    const char *line;
    size_t len;
    int rc = cli_lines_open(&lines, paths, path_count, err);

    while (rc == CFK_OK && (rc = cli_lines_next(&lines, &line, &len, err)) == 1)
        rc = count_line(top, r, line, len, skipped, err);
    cli_lines_close(&lines);
    return rc;
}

static void warn_of(const struct skipped *skipped, const struct request *r)
{
    if (skipped->field > 0)
        cli_warn("%llu lines have no field %llu and were not counted",
                 (unsigned long long)skipped->field, (unsigned long long)r->field);
    if (skipped->weight > 0)
        cli_warn("%llu lines have no whole number in field %llu and were not counted",
                 (unsigned long long)skipped->weight,
                 (unsigned long long)r->weight_field);
    if (skipped->length > 0)
        cli_warn("%llu keys are longer than %d bytes and were not counted",
                 (unsigned long long)skipped->length, MOST_KEY);
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

static int run(const struct request *r, char **paths, int path_count)
{
    struct cfk_topk_options opts = {
        .size = sizeof opts,
        .counters = (size_t)r->counters,
        .max_key_bytes = MOST_KEY,
    };
    struct skipped skipped = { 0 };
    struct cfk_error err = { 0 };
    cfk_topk *top;
    int status;

    if (cfk_topk_new(&opts, &top, &err) != CFK_OK)
        return cli_fail(&err);
    if (count_lines(top, r, paths, path_count, &skipped, &err) != CFK_OK)
        status = cli_fail(&err);
    else
        status = print_top(top, r);
    warn_of(&skipped, r);
    cfk_topk_free(top);
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
        .counters = DEFAULT_COUNTERS,
        .lines = DEFAULT_LINES,
        .delimiter = CLI_FIELDS_BLANK,
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
        case 'f':
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.field))
                return cli_usage("-f wants the number of a field, not '%s'", optarg);
            break;
        case 'w':
            if (!cli_parse_u64(optarg, 1, UINT64_MAX, &r.weight_field))
                return cli_usage("-w wants the number of a field, not '%s'", optarg);
            break;
        case 'd':
            if (!cli_parse_delimiter(optarg, &r.delimiter))
                return cli_usage("-d wants one byte or \\t, not '%s'", optarg);
            break;
        case OPT_BY:
            if (!parse_order(optarg, &r.order))
                return cli_usage("--by wants hi or lo, not '%s'", optarg);
            break;
        case OPT_TSV: r.tsv = true; break;
        default: return cli_usage(NULL);
        }
    }
    if (r.tsv && cli_json())
        return cli_usage("--json or --tsv, not both");
    return cli_finish(run(&r, argv + optind, argc - optind));
}
