/* SPDX-License-Identifier: MIT */
/*
 * A cache of 16384 entries on a stream of keys: each is asked for and, where it is
 * missing, stored. Beside it, what a C program has at hand: a hash table of GLib or
 * of uthash with a list in the order of use, and a block for each entry and its key,
 * which may be of any length.
 */
#include "cfkit/cache.h"
#include "harness.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#ifdef BENCH_GLIB
#include <glib.h>
#endif
#ifdef BENCH_UTHASH
#include <uthash.h>
#include <utlist.h>
#endif

enum { CAPACITY = 16384, KEY = 32 };

static struct trace stream;

/* The hits of an LRU, by the first subject; others must agree. */
static uint64_t right_hits;

static bool agree(uint64_t got)
{
    if (right_hits == 0)
        right_hits = got;
    return got == right_hits;
}

struct subject {
    const char *name;
    int32_t policy;
    int64_t lifetime; /* 0: entries do not expire */
};

static bool cfkit_run(void *ctx)
{
    const struct subject *s = ctx;
    struct cfk_cache_options opts = { .size = sizeof opts,
                                      .capacity = CAPACITY,
                                      .policy = s->policy };
    cfk_cache *cache;
    uint64_t hits = 0;

    if (cfk_cache_new(&opts, &cache, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < stream.count; i++) {
        const struct trace_key *key = &stream.keys[i];
        int64_t now = (int64_t)i;

        int64_t expire = s->lifetime > 0 ? now + s->lifetime : CFK_CACHE_NEVER;
        uint64_t value = i;

        hits += cfk_cache_get_or_set(cache, key->data, key->len, &value, expire, now,
                                     NULL) == CFK_CACHE_HIT;
    }
    cfk_cache_free(cache);
    return s->policy == CFK_CACHE_LRU && s->lifetime == 0 ? agree(hits) : hits > 0;
}

#ifdef BENCH_GLIB

static const char *terminated(const struct trace_key *key, char *copy)
{
    size_t len = key->len < KEY - 1 ? key->len : KEY - 1;

    memcpy(copy, key->data, len);
    copy[len] = '\0';
    return copy;
}

struct glib_node {
    GList link;
    uint64_t value;
    char key[];
};

static void glib_insert(GHashTable *table, GQueue *queue, const char *key, uint64_t value)
{
    size_t size = strlen(key) + 1;
    struct glib_node *node;

    if (queue->length == CAPACITY) {
        node = (struct glib_node *)(void *)queue->tail;
        g_queue_unlink(queue, &node->link);
        g_hash_table_remove(table, node->key);
        g_free(node);
    }
    node = g_malloc0(sizeof *node + size);
    memcpy(node->key, key, size);
    node->value = value;
    node->link.data = node;
    g_queue_push_head_link(queue, &node->link);
    g_hash_table_insert(table, node->key, node);
}

static bool glib_run(void *ctx)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    GQueue queue = G_QUEUE_INIT;
    uint64_t hits = 0;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        char copy[KEY];
        const char *key = terminated(&stream.keys[i], copy);
        struct glib_node *node = g_hash_table_lookup(table, key);

        if (node == NULL) {
            glib_insert(table, &queue, key, i);
            continue;
        }
        g_queue_unlink(&queue, &node->link);
        g_queue_push_head_link(&queue, &node->link);
        hits++;
    }
    while (queue.length > 0)
        g_free(g_queue_pop_head_link(&queue));
    g_hash_table_destroy(table);
    return agree(hits);
}

#endif

#ifdef BENCH_UTHASH

struct ut_node {
    UT_hash_handle hh;
    struct ut_node *prev;
    struct ut_node *next;
    uint64_t value;
    char key[];
};

static void ut_insert(struct ut_node **table, struct ut_node **list,
                      const struct trace_key *key, uint64_t value)
{
    struct ut_node *node;

    if (HASH_COUNT(*table) == CAPACITY) {
        node = (*list)->prev; /* the last */
        DL_DELETE(*list, node);
        HASH_DELETE(hh, *table, node);
        free(node);
    }
    node = malloc(sizeof *node + key->len);
    if (node == NULL)
        abort();
    memcpy(node->key, key->data, key->len);
    node->value = value;
    HASH_ADD(hh, *table, key, key->len, node);
    DL_PREPEND(*list, node);
}

static bool ut_run(void *ctx)
{
    struct ut_node *table = NULL;
    struct ut_node *list = NULL;
    struct ut_node *node;
    struct ut_node *next;
    uint64_t hits = 0;

    (void)ctx;
    for (size_t i = 0; i < stream.count; i++) {
        const struct trace_key *key = &stream.keys[i];

        HASH_FIND(hh, table, key->data, key->len, node);
        if (node != NULL) {
            DL_DELETE(list, node);
            DL_PREPEND(list, node);
            hits++;
            continue;
        }
        ut_insert(&table, &list, key, i);
    }
    HASH_CLEAR(hh, table);
    DL_FOREACH_SAFE(list, node, next)
    free(node);
    return agree(hits);
}

#endif

static void measure(const char *name, bool (*run)(void *), void *ctx)
{
    struct bench_row row = { .subject = name,
                             .work = "cache/get-or-set 16384",
                             .units = stream.count,
                             .run = run,
                             .ctx = ctx };

    bench_run(&row);
}

int main(int argc, char **argv)
{
    struct subject subjects[] = {
        { "cfkit lru, plain", CFK_CACHE_LRU, 0 },
        { "cfkit lru with expiry", CFK_CACHE_LRU, 100000 },
        { "cfkit s3fifo", CFK_CACHE_S3FIFO, 0 },
        { "cfkit arc", CFK_CACHE_ARC, 0 },
        { "cfkit sieve", CFK_CACHE_SIEVE, 0 },
        { "cfkit fifo", CFK_CACHE_FIFO, 0 },
        { "cfkit clock", CFK_CACHE_CLOCK, 0 },
    };

    (void)stream_load("zipf1.0", &stream);
    bench_start(argc, argv, "cache");
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        measure(subjects[i].name, cfkit_run, &subjects[i]);
#ifdef BENCH_UTHASH
    measure("uthash + utlist", ut_run, NULL);
#endif
#ifdef BENCH_GLIB
    measure("glib hash + queue", glib_run, NULL);
#endif
    trace_free(&stream);
    return bench_finish();
}
