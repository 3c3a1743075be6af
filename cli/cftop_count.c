/* SPDX-License-Identifier: MIT */
#include "cftop_count.h"

#include <time.h>

enum { BATCH = 512 };

int64_t cftop_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A carriage return that ends the line is not part of it. */
static size_t without_return(const struct cli_span *span)
{
    return span->len - (span->len > 0 && span->data[span->len - 1] == '\r');
}

/* Whether what was found in a line that was cut may have been cut itself. */
static bool reaches_end(const struct cli_line *line, const char *field, size_t len)
{
    return field + len == line->text + line->len;
}

/*
 * Key and weight of a line, or the reason why it has none. A field that ends
 * where a line was cut may go on, and one that is not found may come later.
 */
static uint64_t *read_line(struct cftop_count *c, const struct cli_line *line, bool cut,
                           struct cfk_topk_key *key)
{
    bool weighted = c->stream->fields[CFTOP_WEIGHT] != 0;
    const char *field;

    if (weighted) {
        if (cut && (!cli_line_field(line, CFTOP_WEIGHT, &field, &key->key_len) ||
                    reaches_end(line, field, key->key_len)))
            return &c->too_long;
        if (!cli_line_u64(line, CFTOP_WEIGHT, &key->weight))
            return &c->no_weight;
    }
    if (!cli_line_field(line, CFTOP_KEY, &field, &key->key_len))
        return cut ? &c->too_long : &c->no_key;
    if (cut && reaches_end(line, field, key->key_len))
        return &c->too_long;
    key->key = field;
    return NULL;
}

/* Keys that the sketch finds too long are passed over. */
static int add_keys(struct cftop_count *c, const struct cfk_topk_key *keys, size_t count,
                    int64_t now)
{
    while (count > 0) {
        struct cfk_error err = { 0 };
        size_t added;
        int rc = cfk_topk_add_batch(c->top, keys, count, now, &added, &err);

        if (rc == CFK_OK)
            break;
        if (rc != CFK_E_LIMIT)
            return cli_fail(&err);
        c->too_long++;
        keys += added + 1;
        count -= added + 1;
    }
    return CLI_YES;
}

static int add_timed(struct cftop_count *c, const struct cli_line *line, bool cut,
                     const struct cfk_topk_key *key)
{
    const char *field;
    size_t len;
    int64_t time;

    if (cut && (!cli_line_field(line, CFTOP_TIME, &field, &len) ||
                reaches_end(line, field, len))) {
        c->too_long++;
        return CLI_YES;
    }
    if (!cli_line_seconds(line, CFTOP_TIME, &time)) {
        c->no_time++;
        return CLI_YES;
    }
    return add_keys(c, key, 1, time);
}

/* Whole lines, as they are, each once: the shortest way. */
static int count_whole(struct cftop_count *c, const struct cli_span *spans, size_t count)
{
    struct cfk_topk_key keys[BATCH];

    for (size_t i = 0; i < count; i++)
        keys[i] = (struct cfk_topk_key){ spans[i].data, without_return(&spans[i]), 1 };
    return add_keys(c, keys, count, c->arrival ? cftop_now() : 0);
}

static int count_lines(struct cftop_count *c, const struct cli_span *spans, size_t count,
                       bool cut)
{
    struct cfk_topk_key keys[BATCH];
    bool timed = c->stream->fields[CFTOP_TIME] != 0;
    size_t used = 0;
    int status = CLI_YES;

    for (size_t i = 0; i < count && status == CLI_YES; i++) {
        struct cli_line line = { c->stream, spans[i].data, without_return(&spans[i]) };
        struct cfk_topk_key *key = &keys[used];
        uint64_t *skipped;

        key->weight = 1;
        skipped = read_line(c, &line, cut, key);
        if (skipped != NULL)
            ++*skipped;
        else if (timed)
            status = add_timed(c, &line, cut, key);
        else
            used++;
    }
    if (status == CLI_YES)
        status = add_keys(c, keys, used, c->arrival ? cftop_now() : 0);
    return status;
}

int cftop_count(struct cftop_count *c)
{
    struct cli_span spans[BATCH];
    struct cfk_error err = { 0 };
    struct cli_lines lines;
    int status = CLI_YES;
    int rc = cli_lines_open(&lines, c->stream->paths, c->stream->path_count, &err);
    bool whole = true;

    for (int i = 0; i < CLI_STREAM_FIELDS; i++)
        whole = whole && c->stream->fields[i] == 0;
    lines.cut_long = true;
    lines.wait = c->wait;
    lines.wait_ctx = c->wait_ctx;
    while (rc >= 0 && status == CLI_YES) {
        size_t count;

        rc = cli_lines_batch(&lines, spans, BATCH, &count, &err);
        if (rc != 1)
            break;
        status = whole && !lines.cut ? count_whole(c, spans, count)
                                     : count_lines(c, spans, count, lines.cut);
    }
    cli_lines_close(&lines);
    return rc < 0 ? cli_fail(&err) : status;
}

void cftop_count_warn(const struct cftop_count *c)
{
    const uint64_t *fields = c->stream->fields;

    cli_warn_count(c->no_key, "lines have no field %llu and were not counted",
                   (unsigned long long)fields[CFTOP_KEY]);
    cli_warn_count(c->no_weight,
                   "lines have no whole number in field %llu and were not counted",
                   (unsigned long long)fields[CFTOP_WEIGHT]);
    cli_warn_count(c->no_time, "lines have no time in field %llu and were not counted",
                   (unsigned long long)fields[CFTOP_TIME]);
    cli_warn_count(c->too_long, "keys are longer than %d bytes and were not counted",
                   CFTOP_MOST_KEY);
}
