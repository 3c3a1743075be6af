/* SPDX-License-Identifier: MIT */
/*
 * The structures on a stream of keys: CFKIT_DATA's zipf1.0 where it is set, else
 * a generated one of the same law. Beside them, what a C program has at hand: a
 * GLib hash table, with a queue for LRU and with counts for the exact top.
 */
#include "cfkit/cfkit.h"
#include "gen.h"
#include "harness.h"
#include "trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_GLIB
#include <glib.h>
#endif

enum { EVENTS = 2000000, DISTINCT = 340000, CAPACITY = 16384, KEY = 16 };

static struct trace stream;

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

static void load(struct trace *out)
{
    const char *root = getenv("CFKIT_DATA");
    char path[4096];

    snprintf(path, sizeof path, "%s/ds/zipf1.0.keys.zst", root != NULL ? root : "");
    if (root == NULL || !trace_load(out, path))
        generate(out);
}

/* The heaviest key and the hits of an LRU, by the first subject; others must agree. */
static uint64_t heaviest;
static uint64_t right_hits;

static bool agree(uint64_t *right, uint64_t got)
{
    if (*right == 0)
        *right = got;
    return got == *right;
}

static bool topk_run(void *ctx)
{
    const size_t *counters = ctx;
    struct cfk_topk_options opts = { .size = sizeof opts, .counters = *counters };
    struct cfk_topk_item item;
    cfk_topk *top;
    bool ok;

    if (cfk_topk_new(&opts, &top, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < stream.count; i++)
        cfk_topk_add(top, stream.keys[i].data, stream.keys[i].len, 1, NULL);
    ok = cfk_topk_list(top, CFK_TOPK_BY_HI, &item, 1) == 1 && agree(&heaviest, item.hi);
    cfk_topk_free(top);
    return ok;
}

static bool lru_run(void *ctx)
{
    const int64_t *lifetime = ctx;
    struct cfk_cache_options opts = { .size = sizeof opts, .capacity = CAPACITY };
    cfk_cache *cache;
    uint64_t hits = 0;

    if (cfk_cache_new(&opts, &cache, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < stream.count; i++) {
        const struct trace_key *key = &stream.keys[i];
        int64_t now = (int64_t)i;

        if (cfk_cache_get(cache, key->data, key->len, now, 0, NULL, NULL) ==
            CFK_CACHE_HIT)
            hits++;
        else
            cfk_cache_set(cache, key->data, key->len, i,
                          *lifetime > 0 ? now + *lifetime : CFK_CACHE_NEVER, now, NULL);
    }
    cfk_cache_free(cache);
    return *lifetime > 0 ? hits > 0 : agree(&right_hits, hits);
}

static bool limit_run(void *ctx)
{
    const size_t *max_keys = ctx;
    struct cfk_limit_options opts = { .size = sizeof opts, .events = 1000, .burst = 10 };
    cfk_limit *limit;
    uint64_t passed = 0;

    opts.max_keys = *max_keys;
    opts.buckets = *max_keys > 0 ? 0 : 65536;
    if (cfk_limit_new(&opts, &limit, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < stream.count; i++)
        passed += cfk_limit_allow(limit, stream.keys[i].data, stream.keys[i].len, 1,
                                  (int64_t)i * 100, NULL, NULL) == CFK_LIMIT_PASS;
    cfk_limit_free(limit);
    return passed > 0 && passed < stream.count;
}

static bool ewma_run(void *ctx)
{
    struct cfk_ewma average;

    (void)ctx;
    cfk_ewma_init(&average, 1000000, NULL);
    for (int64_t i = 0; i < EVENTS; i++)
        cfk_ewma_add(&average, (double)(i & 1), i * 1000 + (i & 7) * 50, NULL);
    return fabs(cfk_ewma_value(&average) - 0.5) < 0.05;
}

#ifdef BENCH_GLIB

/* What GLib keeps of a cached key. */
struct node {
    GList link;
    char key[32];
};

static const char *terminated(const struct trace_key *key, char *copy)
{
    size_t len = key->len < 31 ? key->len : 31;

    memcpy(copy, key->data, len);
    copy[len] = '\0';
    return copy;
}

static void glib_insert(GHashTable *table, GQueue *queue, const char *key)
{
    struct node *node;

    if (queue->length == CAPACITY) {
        node = (struct node *)(void *)queue->tail;
        g_queue_unlink(queue, &node->link);
        g_hash_table_remove(table, node->key);
    } else {
        node = g_new0(struct node, 1);
    }
    strcpy(node->key, key);
    node->link.data = node;
    g_queue_push_head_link(queue, &node->link);
    g_hash_table_insert(table, node->key, node);
}

static bool glib_lru_run(void *ctx)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    GQueue queue = G_QUEUE_INIT;
    uint64_t hits = 0;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        char copy[32];
        const char *key = terminated(&stream.keys[i], copy);
        struct node *node = g_hash_table_lookup(table, key);

        if (node == NULL) {
            glib_insert(table, &queue, key);
            continue;
        }
        g_queue_unlink(&queue, &node->link);
        g_queue_push_head_link(&queue, &node->link);
        hits++;
    }
    while (queue.length > 0)
        g_free(g_queue_pop_head_link(&queue));
    g_hash_table_destroy(table);
    return agree(&right_hits, hits);
}

static bool glib_count_run(void *ctx)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer value;
    uint64_t most = 0;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        char copy[32];
        const char *key = terminated(&stream.keys[i], copy);
        uint64_t *count = g_hash_table_lookup(table, key);

        if (count == NULL) {
            count = g_new0(uint64_t, 1);
            g_hash_table_insert(table, g_strdup(key), count);
        }
        ++*count;
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        most = *(uint64_t *)value > most ? *(uint64_t *)value : most;
    g_hash_table_destroy(table);
    return agree(&heaviest, most);
}

#endif

static void measure(const char *work, const char *subject, bool (*run)(void *), void *ctx)
{
    struct bench_row row = {
        .subject = subject, .work = work, .units = stream.count, .run = run, .ctx = ctx
    };

    bench_run(&row);
}

int main(int argc, char **argv)
{
    size_t small = 1024;
    size_t large = 16384;
    int64_t never = 0;
    int64_t lifetime = 100000;
    size_t hashed = 0;
    size_t keys = 65536;

    load(&stream);
    bench_start(argc, argv, "structures");
    measure("top/add", "cfkit k=1024", topk_run, &small);
    measure("top/add", "cfkit k=16384", topk_run, &large);
#ifdef BENCH_GLIB
    measure("top/add", "glib hash, exact", glib_count_run, NULL);
#endif
    measure("lru/get-or-set 16384", "cfkit", lru_run, &never);
    measure("lru/get-or-set 16384", "cfkit with expiry", lru_run, &lifetime);
#ifdef BENCH_GLIB
    measure("lru/get-or-set 16384", "glib hash + queue", glib_lru_run, NULL);
#endif
    measure("limit/allow", "cfkit hashed", limit_run, &hashed);
    measure("limit/allow", "cfkit exact", limit_run, &keys);
    measure("ewma/add", "cfkit", ewma_run, NULL);
    trace_free(&stream);
    return bench_finish();
}
