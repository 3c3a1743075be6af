/* SPDX-License-Identifier: MIT */
#include "common/progress.h"

#include "common/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const uint64_t FIRST_AFTER_NS = 1000000000;
static const uint64_t EVERY_NS = 200000000;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void cli_progress_start(struct cli_progress *p, const char *what, uint64_t total)
{
    *p = (struct cli_progress){ .what = what, .total = total };
    p->wanted = cli_progress_wanted();
    if (p->wanted)
        p->started_ns = now_ns();
}

void cli_progress_update(struct cli_progress *p, uint64_t done)
{
    uint64_t now;

    if (!p->wanted)
        return;
    now = now_ns();
    if (now - p->started_ns < FIRST_AFTER_NS || now - p->shown_ns < EVERY_NS)
        return;
    p->shown_ns = now;
    p->visible = true;
    if (p->total > 0)
        fprintf(stderr, "\r\033[K%s: %3.0f %%", p->what,
                100.0 * (double)done / (double)p->total);
    else
        fprintf(stderr, "\r\033[K%s: %" PRIu64 " MB", p->what, done / 1000000);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->visible)
        fputs("\r\033[K", stderr);
    p->visible = false;
    p->wanted = false;
}
