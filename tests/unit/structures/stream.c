/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "checked.h"
#include "unit.h"

#include <stdio.h>

enum { SMALL = 30000 };

const struct stream streams[STREAMS] = {
    { "cphy_sample", 0.86 }, { "dns", 1 },     { "domains", 1 }, { "oltp", 1 },
    { "ormbusy", 0.96 },     { "scarab", 1 },  { "web_ip", 1 },  { "web_path", 1 },
    { "words_kjv", 1 },      { "zipf0.8", 1 }, { "zipf1.0", 1 }, { "zipf1.2", 1 },
};

bool stream_open(const char *name, struct trace *trace, json_t **truth)
{
    char relative[64];
    const char *path;

    snprintf(relative, sizeof relative, "ds/truth/%s.json", name);
    *truth = vectors_load(relative);
    if (*truth == NULL)
        return false;
    if (CHECKED && json_integer_value(json_object_get(*truth, "n")) > SMALL) {
        json_decref(*truth);
        return false;
    }
    snprintf(relative, sizeof relative, "ds/%s.keys.zst", name);
    path = unit_data(relative);
    ck_assert_msg(path != NULL && trace_load(trace, path), "cannot read %s", relative);
    ck_assert_uint_eq(trace->count,
                      (size_t)json_integer_value(json_object_get(*truth, "n")));
    return true;
}

cfk_cache *stream_cache(size_t capacity)
{
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = capacity,
                                      .max_key_bytes = 4096 };
    cfk_cache *cache;

    ck_assert_int_eq(cfk_cache_new(&opts, &cache, NULL), CFK_OK);
    return cache;
}
