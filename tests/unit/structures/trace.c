/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static bool decompress(struct trace *trace, FILE *file)
{
    enum { PIECE = 1 << 20 };
    ZSTD_DCtx *context = ZSTD_createDCtx();
    char *piece = malloc(PIECE);
    size_t capacity = 0;
    size_t left = 1;
    ZSTD_inBuffer in = { piece, 0, 0 };

    while (context != NULL && piece != NULL && !ZSTD_isError(left)) {
        ZSTD_outBuffer out;

        if (in.pos == in.size) {
            in.size = fread(piece, 1, PIECE, file);
            in.pos = 0;
            if (in.size == 0)
                break;
        }
        if (capacity - trace->size < PIECE) {
            capacity = 2 * capacity + PIECE;
            trace->text = realloc(trace->text, capacity);
            if (trace->text == NULL)
                abort();
        }
        out = (ZSTD_outBuffer){ trace->text, capacity, trace->size };
        left = ZSTD_decompressStream(context, &out, &in);
        trace->size = out.pos;
    }
    free(piece);
    ZSTD_freeDCtx(context);
    return left == 0;
}

static void split(struct trace *trace)
{
    const char *end = trace->text + trace->size;
    const char *line = trace->text;
    size_t capacity = 0;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));

        if (newline == NULL)
            newline = end;
        if (trace->count == capacity) {
            capacity = 2 * capacity + 1024;
            trace->keys = realloc(trace->keys, capacity * sizeof *trace->keys);
            if (trace->keys == NULL)
                abort();
        }
        trace->keys[trace->count++] =
            (struct trace_key){ line, (size_t)(newline - line) };
        line = newline + 1;
    }
}

bool trace_load(struct trace *trace, const char *path)
{
    FILE *file = fopen(path, "rb");
    bool ok;

    *trace = (struct trace){ 0 };
    if (file == NULL)
        return false;
    ok = decompress(trace, file);
    fclose(file);
    if (ok)
        split(trace);
    return ok;
}

void trace_free(struct trace *trace)
{
    free(trace->text);
    free(trace->keys);
    *trace = (struct trace){ 0 };
}
