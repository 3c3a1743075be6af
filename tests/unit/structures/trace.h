/* SPDX-License-Identifier: MIT */
/* Recorded streams: a key a line, compressed with zstd. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace {
    char *text;
    size_t size;
    struct trace_key {
        const char *data;
        size_t len;
    } * keys; /* one a line */
    size_t count;
};

/* False where the file is not to be had; release with trace_free(). */
bool trace_load(struct trace *trace, const char *path);
void trace_free(struct trace *trace);

#endif
