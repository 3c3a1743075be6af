/* SPDX-License-Identifier: MIT */
/* The recorded streams and what is known of them. */
#ifndef STREAM_H
#define STREAM_H

#include "cfkit/cache.h"
#include "trace.h"
#include "vectors.h"

/* Names, and the least share of the 100 most frequent keys that 1024 counters find. */
struct stream {
    const char *name;
    double precision;
};
enum { STREAMS = 12 };
extern const struct stream streams[STREAMS];

/*
 * Stream and truth, or false after a visible skip (without a word under valgrind
 * and sanitizers, where only the small ones are tried).
 */
bool stream_open(const char *name, struct trace *trace, json_t **truth);

/* For so many keys of streams. */
cfk_cache *stream_cache(size_t capacity);

#endif
