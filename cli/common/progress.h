/* SPDX-License-Identifier: MIT */
/*
 * Progress of long work on standard error: only on a terminal, only after a
 * second, never with -q or --no-progress, and gone without trace at the end.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli_progress {
    const char *what;
    uint64_t total; /* 0: not known */
    uint64_t started_ns;
    uint64_t shown_ns;
    bool wanted;
    bool visible;
};

void cli_progress_start(struct cli_progress *p, const char *what, uint64_t total);
void cli_progress_update(struct cli_progress *p, uint64_t done);
void cli_progress_end(struct cli_progress *p);

#endif
