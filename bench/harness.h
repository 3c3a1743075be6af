/* SPDX-License-Identifier: MIT */
/*
 * A small in-process benchmark harness. A row is one subject (ours or a peer's)
 * doing one piece of work; it is run several times, its result checked each
 * time, and its minimum and median are printed beside the other rows.
 *
 * Under BENCH_CALLGRIND=1 each row runs once, between start and stop of
 * callgrind's counting where valgrind is there, so that instruction counts are
 * of the work alone: valgrind --tool=callgrind --collect-atstart=no bench_X.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_row {
    const char *subject;      /* "cfkit", "zstd -19" */
    const char *work;         /* "web/encode" */
    uint64_t units;           /* things done in one run: operations, pages */
    uint64_t bytes;           /* bytes handled in one run, 0: no MB/s column */
    bool (*run)(void *ctx);   /* the work */
    bool (*check)(void *ctx); /* its result is right; NULL: run says it */
    void *ctx;
};

/* Begin a table; -f TEXT in argv runs only rows whose work or subject has it. */
void bench_start(int argc, char **argv, const char *title);

/* Whether the filter lets a row through; for costly preparations. */
bool bench_wanted(const char *work, const char *subject);

/* Measure a row and print it. A false result ends the program with status 1. */
void bench_run(const struct bench_row *row);

/* A fact that is not a time, in the same table: bytes of a patch, say. */
void bench_fact(const char *subject, const char *work, const char *what, double value);

/* The exit status. */
int bench_finish(void);

/* Monotonic nanoseconds; peak resident set in KiB. */
uint64_t bench_now_ns(void);
uint64_t bench_peak_kib(void);

#endif
