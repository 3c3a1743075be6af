/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "gen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 2000000, DISTINCT = 340000, KEY = 16 };

/* Ranks by the law of Zipf with exponent 1, as decimal numbers. */
static void generate(struct trace *out)
{
    char *text = malloc((size_t)EVENTS * KEY);
    struct gen g;

    out->keys = calloc(EVENTS, sizeof *out->keys);
    out->count = EVENTS;
    out->text = text;
    if (text == NULL || out->keys == NULL)
        abort();
    gen_seed(&g, 1);
    for (size_t i = 0; i < EVENTS; i++) {
        double rank = exp(gen_unit(&g) * log(DISTINCT));
        uint64_t name = (uint64_t)rank * UINT64_C(2654435761) % 4294967291u;
        int len = snprintf(text, KEY, "%llu", (unsigned long long)name);

        out->keys[i] = (struct trace_key){ text, (size_t)len };
        text += len;
    }
}

bool stream_load(const char *name, struct trace *out)
{
    const char *root = getenv("CFKIT_DATA");
    char path[4096];

    snprintf(path, sizeof path, "%s/ds/%s.keys.zst", root != NULL ? root : "", name);
    if (root != NULL && trace_load(out, path))
        return true;
    generate(out);
    return false;
}
