/* SPDX-License-Identifier: MIT */
/* cftop: lines into a sketch. */
#ifndef CFTOP_COUNT_H
#define CFTOP_COUNT_H

#include "common/stream.h"

enum { CFTOP_KEY, CFTOP_WEIGHT, CFTOP_TIME };
enum { CFTOP_MOST_KEY = 65536 };

struct cftop_count {
    const struct cli_stream *stream;
    cfk_topk *top;
    bool arrival;                    /* the time of a line is when it is read */
    bool (*wait)(void *ctx, int fd); /* before each read; false ends the input */
    void *wait_ctx;

    /* lines that were not counted, for want of it */
    uint64_t no_key;
    uint64_t no_weight;
    uint64_t no_time;
    uint64_t too_long;
};

/* Count the lines of all files: CLI_YES, or the status of a failure that was told. */
int cftop_count(struct cftop_count *count);

/* Warn of what was not counted. */
void cftop_count_warn(const struct cftop_count *count);

/* Nanoseconds of UNIX time. */
int64_t cftop_now(void);

#endif
