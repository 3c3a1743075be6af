/* SPDX-License-Identifier: MIT */
/* Clocks: one to measure by, one to show. */
#ifndef CFUPGRADE_TIME_H
#define CFUPGRADE_TIME_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t cfupgrade_monotonic_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* "2026-11-20T12:00:00Z" */
enum { CFUPGRADE_TIME_SIZE = 32 };
static inline void cfupgrade_time_print(time_t when, char out[CFUPGRADE_TIME_SIZE])
{
    struct tm utc;

    gmtime_r(&when, &utc);
    strftime(out, CFUPGRADE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

#endif
