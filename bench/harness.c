/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT (void)0
#endif

enum { MAX_RUNS = 101, MIN_RUNS = 5 };
static const uint64_t ENOUGH_NS = 1000000000;

static const char *filter;
static bool counting;
static int rows;

uint64_t bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss;
}

void bench_start(int argc, char **argv, const char *title)
{
    const char *callgrind = getenv("BENCH_CALLGRIND");

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "-f") == 0)
            filter = argv[i + 1];
    counting = callgrind != NULL && strcmp(callgrind, "1") == 0;
    printf("%s\n%-28s %-28s %12s %12s %10s %5s\n", title, "work", "subject",
           "min ns/unit", "median", "MB/s", "runs");
}

bool bench_wanted(const char *work, const char *subject)
{
    return filter == NULL || strstr(work, filter) != NULL ||
           strstr(subject, filter) != NULL;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void measure(const struct bench_row *row, uint64_t *ns)
{
    uint64_t start;
    bool ok;

    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    start = bench_now_ns();
    ok = row->run(row->ctx);
    *ns = bench_now_ns() - start;
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    if (!ok || (row->check != NULL && !row->check(row->ctx))) {
        printf("%s: %s: wrong result\n", row->work, row->subject);
        exit(EXIT_FAILURE);
    }
}

void bench_run(const struct bench_row *row)
{
    uint64_t samples[MAX_RUNS];
    uint64_t total = 0;
    int runs = 0;
    double units = (double)(row->units > 0 ? row->units : 1);

    if (!bench_wanted(row->work, row->subject))
        return;
    do {
        measure(row, &samples[runs]);
        total += samples[runs++];
    } while (!counting && runs < MAX_RUNS && (runs < MIN_RUNS || total < ENOUGH_NS));
    qsort(samples, (size_t)runs, sizeof samples[0], by_value);

    printf("%-28s %-28s %12.1f %12.1f ", row->work, row->subject,
           (double)samples[0] / units, (double)samples[runs / 2] / units);
    if (row->bytes > 0)
        printf("%10.1f", (double)row->bytes * 1e3 / (double)samples[0]);
    else
        printf("%10s", "-");
    printf(" %5d\n", runs);
    fflush(stdout);
    rows++;
}

void bench_fact(const char *subject, const char *work, const char *what, double value)
{
    if (!bench_wanted(work, subject))
        return;
    printf("%-28s %-28s %s %.10g\n", work, subject, what, value);
    fflush(stdout);
    rows++;
}

int bench_finish(void)
{
    if (rows == 0)
        printf("nothing was measured\n");
    return rows > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
