/* SPDX-License-Identifier: MIT */
/* cftop: the answer, once or every so often. */
#ifndef CFTOP_VIEW_H
#define CFTOP_VIEW_H

#include "cfkit/topk.h"

#include <stdbool.h>

struct cftop_view {
    cfk_topk *top;
    struct cfk_topk_item *items; /* room for lines of them */
    size_t lines;
    int order;
    bool rates;   /* there is a half-life: hi and lo are rates */
    bool arrival; /* times are those of the clock, so rates sink while nothing comes */
    bool tsv;
    uint64_t every_ns; /* 0: at the end alone */

    /* The rest is not for others. */
    bool live;       /* on a terminal: one frame over the other */
    uint64_t due_ns; /* of the next */
    unsigned drawn;  /* lines of the latest frame */
    bool printed;    /* there was a block, so an empty line separates the next */
};

/* Take over SIGINT: from here on it ends the input, a second one the tool. */
void cftop_view_start(struct cftop_view *view);

/* For cli_lines: show what is due while waiting for input; false after SIGINT. */
bool cftop_view_wait(void *view, int fd);

/* The last word: all lines that were asked for. The exit status. */
int cftop_view_finish(struct cftop_view *view);

#endif
