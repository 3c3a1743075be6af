/* SPDX-License-Identifier: MIT */
/*
 * Heavy hitters on streams of keys, beside what a C program has at hand: exact
 * counts in a hash table of GLib and of uthash. All must agree on the heaviest key.
 */
#include "cfkit/topk.h"
#include "harness.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_GLIB
#include <glib.h>
#endif
#ifdef BENCH_UTHASH
#include <uthash.h>
#endif

enum { COUNTERS = 1024, MANY_COUNTERS = 262144, PARTS = 8, MOST_KEY = 4096 };
static const int64_t HALF_LIFE = 60 * INT64_C(1000000000);

static struct trace stream;
static struct cfk_topk_key *batch; /* the stream once more */

/* The heaviest key's count, by the first subject; others must agree. */
static uint64_t heaviest;

static bool agree(uint64_t got)
{
    if (heaviest == 0)
        heaviest = got;
    return got == heaviest;
}

static cfk_topk *sketch(size_t counters, int64_t half_life)
{
    struct cfk_topk_options opts = { .size = sizeof opts,
                                     .counters = counters,
                                     .max_key_bytes = MOST_KEY,
                                     .seed = { 1, 2 },
                                     .half_life_ns = half_life };
    cfk_topk *top;

    if (cfk_topk_new(&opts, &top, NULL) != CFK_OK)
        abort();
    return top;
}

/* Whether the first of the list is right. */
static bool first_is_right(cfk_topk *top)
{
    struct cfk_topk_item item;
    bool ok = cfk_topk_list(top, CFK_TOPK_BY_HI, &item, 1) == 1 && agree(item.hi);

    cfk_topk_free(top);
    return ok;
}

static bool add_run(void *ctx)
{
    const size_t *counters = ctx;
    cfk_topk *top = sketch(*counters, 0);

    for (size_t i = 0; i < stream.count; i++)
        cfk_topk_add(top, stream.keys[i].data, stream.keys[i].len, 1, NULL);
    return first_is_right(top);
}

static bool batch_run(void *ctx)
{
    const size_t *counters = ctx;
    cfk_topk *top = sketch(*counters, 0);

    cfk_topk_add_batch(top, batch, stream.count, 0, NULL, NULL);
    return first_is_right(top);
}

/* A thousand events a second. */
static bool decayed_run(void *ctx)
{
    cfk_topk *top = sketch(COUNTERS, HALF_LIFE);
    struct cfk_topk_item item;
    bool ok;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++)
        cfk_topk_add_at(top, stream.keys[i].data, stream.keys[i].len, 1,
                        (int64_t)i * 1000000, NULL);
    ok = cfk_topk_list(top, CFK_TOPK_BY_HI, &item, 1) == 1 && item.rate_lo > 0;
    cfk_topk_free(top);
    return ok;
}

/* As PARTS machines would count it. */
static bool merged_run(void *ctx)
{
    cfk_topk *top = sketch(COUNTERS, 0);
    size_t share = stream.count / PARTS + 1;

    (void)ctx;
    for (size_t start = 0; start < stream.count; start += share) {
        cfk_topk *part = sketch(COUNTERS, 0);
        size_t left = stream.count - start;

        cfk_topk_add_batch(part, batch + start, left < share ? left : share, 0, NULL,
                           NULL);
        if (cfk_topk_merge(top, part, NULL) != CFK_OK)
            abort();
        cfk_topk_free(part);
    }
    return first_is_right(top);
}

#ifdef BENCH_GLIB

static bool glib_run(void *ctx)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer value;
    uint64_t most = 0;
    char copy[MOST_KEY + 1];

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        uint64_t *count;

        memcpy(copy, stream.keys[i].data, stream.keys[i].len);
        copy[stream.keys[i].len] = '\0';
        count = g_hash_table_lookup(table, copy);
        if (count == NULL) {
            count = g_new0(uint64_t, 1);
            g_hash_table_insert(table, g_strdup(copy), count);
        }
        ++*count;
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        most = *(uint64_t *)value > most ? *(uint64_t *)value : most;
    g_hash_table_destroy(table);
    return agree(most);
}

#endif

#ifdef BENCH_UTHASH

struct entry {
    UT_hash_handle hh;
    uint64_t count;
    char key[];
};

static bool uthash_run(void *ctx)
{
    struct entry *table = NULL;
    struct entry *entry;
    struct entry *next;
    uint64_t most = 0;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        const struct trace_key *key = &stream.keys[i];

        HASH_FIND(hh, table, key->data, (unsigned)key->len, entry);
        if (entry == NULL) {
            entry = calloc(1, sizeof *entry + key->len);
            if (entry == NULL)
                abort();
            memcpy(entry->key, key->data, key->len);
            HASH_ADD_KEYPTR(hh, table, entry->key, (unsigned)key->len, entry);
        }
        entry->count++;
    }
    HASH_ITER(hh, table, entry, next)
    {
        most = entry->count > most ? entry->count : most;
        HASH_DEL(table, entry);
        free(entry);
    }
    return agree(most);
}

#endif

static void measure(const char *work, const char *subject, bool (*run)(void *), void *ctx)
{
    struct bench_row row = {
        .subject = subject, .work = work, .units = stream.count, .run = run, .ctx = ctx
    };

    bench_run(&row);
}

static void measure_all(const char *name)
{
    size_t few = COUNTERS;
    size_t many = MANY_COUNTERS;

    measure(name, "cfkit add", add_run, &few);
    measure(name, "cfkit add_batch", batch_run, &few);
    measure(name, "cfkit add_at, half-life", decayed_run, NULL);
    measure(name, "cfkit 8 parts, merged", merged_run, NULL);
    measure(name, "cfkit add k=262144", add_run, &many);
    measure(name, "cfkit add_batch k=262144", batch_run, &many);
#ifdef BENCH_GLIB
    measure(name, "glib hash, exact", glib_run, NULL);
#endif
#ifdef BENCH_UTHASH
    measure(name, "uthash, exact", uthash_run, NULL);
#endif
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "zipf1.0", "scarab", "words_kjv", "dns" };

    bench_start(argc, argv, "topk: k = 1024");
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        bool recorded = stream_load(names[n], &stream);

        batch = calloc(stream.count, sizeof *batch);
        if (batch == NULL)
            abort();
        for (size_t i = 0; i < stream.count; i++)
            batch[i] =
                (struct cfk_topk_key){ stream.keys[i].data, stream.keys[i].len, 1 };
        heaviest = 0;
        measure_all(recorded ? names[n] : "generated zipf1.0");
        free(batch);
        trace_free(&stream);
        if (!recorded)
            break;
    }
    return bench_finish();
}
