/* SPDX-License-Identifier: MIT */
/*
 * Averages, limits, rings and pools, beside what a C program has at hand: the C
 * library's exp() and malloc(), GLib's hash table and asynchronous queue, a ring under
 * a mutex.
 */
#include "cfkit/cfkit.h"
#include "gen.h"
#include "harness.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_GLIB
#include <glib.h>
#endif

enum { EVENTS = 1000000, DISTINCT = 340000, KEY = 16, BLOCKS = 64, SLOTS = 1024 };

/* Keys by the law of Zipf with exponent 1, times with gaps, sizes of buffers. */
static struct event {
    char key[KEY];
    size_t key_len;
    int64_t time;
    size_t size;
} * events;

static void generate(void)
{
    int64_t time = 0;
    struct gen g;

    events = calloc(EVENTS, sizeof *events);
    if (events == NULL)
        abort();
    gen_seed(&g, 1);
    for (size_t i = 0; i < EVENTS; i++) {
        double rank = exp(gen_unit(&g) * log(DISTINCT));
        unsigned long name = (unsigned long)rank * 2654435761u % 4294967291u;

        events[i].key_len = (size_t)snprintf(events[i].key, KEY, "%lu", name);
        time += (int64_t)gen_below(&g, 2000) + 1;
        events[i].time = time;
        events[i].size = (size_t)exp2(6 + gen_unit(&g) * 8);
    }
}

/* ---- averages ---- */

static bool ewma_run(void *ctx)
{
    bool regular = *(bool *)ctx;
    struct cfk_ewma average;

    cfk_ewma_init(&average, 1000000, NULL);
    for (int64_t i = 0; i < EVENTS; i++)
        cfk_ewma_add(&average, (double)(i & 1), regular ? i * 1000 : events[i].time,
                     NULL);
    return fabs(cfk_ewma_value(&average) - 0.5) < 0.05;
}

/* As it is usually written, and as golibs does it. */
static bool libm_run(void *ctx)
{
    double decay = log(2) / 1000000;
    double average = 0;
    int64_t last = 0;

    (void)ctx;
    for (int64_t i = 0; i < EVENTS; i++) {
        double weight = exp(-(double)(events[i].time - last) * decay);

        average = average * weight + (double)(i & 1) * (1 - weight);
        last = events[i].time;
    }
    return fabs(average - 0.5) < 0.05;
}

static bool rate_run(void *ctx)
{
    struct cfk_rate rate;
    double now;

    (void)ctx;
    cfk_rate_init(&rate, 1000000, NULL);
    for (int64_t i = 0; i < EVENTS; i++)
        cfk_rate_add(&rate, 1, events[i].time);
    now = cfk_rate_at(&rate, rate.time);
    return now > 0.8e6 && now < 1.2e6;
}

/* ---- limits: the first to run tells how many should pass, about ---- */

enum { RATE = 1000, BURST = 10 };

static bool plausible(uint64_t passed)
{
    return passed > EVENTS / 4 && passed < EVENTS;
}

struct limiter {
    size_t max_keys;
    int32_t hash;
};

static bool limit_run(void *ctx)
{
    const struct limiter *limiter = ctx;
    struct cfk_limit_options opts = { .size = sizeof opts,
                                      .events = RATE,
                                      .burst = BURST };
    cfk_limit *limit;
    uint64_t passed = 0;

    opts.max_keys = limiter->max_keys;
    opts.buckets = limiter->max_keys > 0 ? 0 : 65536;
    opts.hash = limiter->hash;
    if (cfk_limit_new(&opts, &limit, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < EVENTS; i++)
        passed += cfk_limit_allow(limit, events[i].key, events[i].key_len, 1,
                                  events[i].time, NULL, NULL) == CFK_LIMIT_PASS;
    cfk_limit_free(limit);
    return plausible(passed);
}

static bool cell_run(void *ctx)
{
    struct cfk_limit_rule rule;
    uint64_t cells[SLOTS] = { 0 };
    uint64_t passed = 0;

    (void)ctx;
    cfk_limit_rule_init(&rule, 1000 * RATE, 0, BURST, NULL);
    for (size_t i = 0; i < EVENTS; i++)
        passed += cfk_limit_cell_take(&rule, &cells[i % SLOTS], 1, events[i].time,
                                      NULL) == CFK_LIMIT_PASS;
    return passed == EVENTS;
}

static bool rrl_run(void *ctx)
{
    struct cfk_rrl_options opts = { .size = sizeof opts };
    cfk_rrl *rrl;
    uint64_t sent = 0;

    (void)ctx;
    opts.rates[CFK_RRL_ANSWER] = RATE;
    if (cfk_rrl_new(&opts, &rrl, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < EVENTS; i++)
        sent += cfk_rrl_check(rrl, events[i].key, 4, CFK_RRL_ANSWER, "example.org", 11, 1,
                              events[i].time, NULL) == CFK_RRL_SEND;
    cfk_rrl_free(rrl);
    return sent > 1000 && sent < EVENTS;
}

#ifdef BENCH_GLIB

struct bucket {
    double credit;
    int64_t time;
};

/* A token bucket for each key in a hash table. */
static bool glib_limit_run(void *ctx)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    uint64_t passed = 0;

    (void)ctx;
    for (size_t i = 0; i < EVENTS; i++) {
        struct bucket *b = g_hash_table_lookup(table, events[i].key);

        if (b == NULL) {
            b = g_new(struct bucket, 1);
            *b = (struct bucket){ BURST, events[i].time };
            g_hash_table_insert(table, events[i].key, b);
        }
        b->credit += (double)(events[i].time - b->time) * RATE / 1e9;
        b->credit = b->credit < BURST ? b->credit : BURST;
        b->time = events[i].time;
        if (b->credit >= 1) {
            b->credit -= 1;
            passed++;
        }
    }
    g_hash_table_destroy(table);
    return plausible(passed);
}

#endif

/* ---- rings ---- */

static cfk_ring *new_ring(void)
{
    struct cfk_ring_options opts = { .size = sizeof opts, .capacity = SLOTS };
    cfk_ring *ring;

    return cfk_ring_new(&opts, &ring, NULL) == CFK_OK ? ring : NULL;
}

static cfk_spsc *new_queue(void)
{
    struct cfk_ring_options opts = { .size = sizeof opts, .capacity = SLOTS };
    cfk_spsc *queue;

    return cfk_spsc_new(&opts, &queue, NULL) == CFK_OK ? queue : NULL;
}

static bool ring_run(void *ctx)
{
    cfk_ring *ring = new_ring();
    uint64_t sum = 0;

    (void)ctx;
    for (uint64_t i = 0; i < EVENTS; i++) {
        uint64_t item = 0;

        cfk_ring_push(ring, &i, NULL);
        cfk_ring_pop(ring, &item);
        sum += item;
    }
    cfk_ring_free(ring);
    return sum == (uint64_t)EVENTS * (EVENTS - 1) / 2;
}

static bool queue_run(void *ctx)
{
    cfk_spsc *queue = new_queue();
    uint64_t sum = 0;

    (void)ctx;
    for (uint64_t i = 0; i < EVENTS; i++) {
        uint64_t item = 0;

        cfk_spsc_push(queue, &i, 1);
        cfk_spsc_pop(queue, &item, 1);
        sum += item;
    }
    cfk_spsc_free(queue);
    return sum == (uint64_t)EVENTS * (EVENTS - 1) / 2;
}

#ifdef BENCH_GLIB

static bool glib_queue_run(void *ctx)
{
    GAsyncQueue *queue = g_async_queue_new();
    uint64_t sum = 0;

    (void)ctx;
    for (uintptr_t i = 0; i < EVENTS; i++) {
        g_async_queue_push(queue, (void *)(i + 1));
        sum += (uintptr_t)g_async_queue_pop(queue) - 1;
    }
    g_async_queue_unref(queue);
    return sum == (uint64_t)EVENTS * (EVENTS - 1) / 2;
}

#endif

/* A ring under a mutex, as two threads would share one without a queue. */
struct locked {
    pthread_mutex_t mutex;
    cfk_ring *ring;
};

static void *feed_queue(void *ctx)
{
    for (uint64_t i = 0; i < EVENTS;) {
        if (cfk_spsc_push(ctx, &i, 1) == 1)
            i++;
        else
            sched_yield();
    }
    return NULL;
}

static void *feed_locked(void *ctx)
{
    struct locked *l = ctx;

    for (uint64_t i = 0; i < EVENTS;) {
        int done;

        pthread_mutex_lock(&l->mutex);
        done = cfk_ring_offer(l->ring, &i);
        pthread_mutex_unlock(&l->mutex);
        if (done)
            i++;
        else
            sched_yield();
    }
    return NULL;
}

static bool two_threads_run(void *ctx)
{
    cfk_spsc *queue = new_queue();
    pthread_t thread;
    uint64_t next = 0;
    bool ok = true;

    (void)ctx;
    pthread_create(&thread, NULL, feed_queue, queue);
    while (next < EVENTS) {
        uint64_t item;

        if (cfk_spsc_pop(queue, &item, 1) == 1)
            ok = ok && item == next++;
        else
            sched_yield();
    }
    pthread_join(thread, NULL);
    cfk_spsc_free(queue);
    return ok;
}

static bool locked_run(void *ctx)
{
    struct locked l = { PTHREAD_MUTEX_INITIALIZER, new_ring() };
    pthread_t thread;
    uint64_t next = 0;
    bool ok = true;

    (void)ctx;
    pthread_create(&thread, NULL, feed_locked, &l);
    while (next < EVENTS) {
        uint64_t item;
        int got;

        pthread_mutex_lock(&l.mutex);
        got = cfk_ring_pop(l.ring, &item);
        pthread_mutex_unlock(&l.mutex);
        if (got)
            ok = ok && item == next++;
        else
            sched_yield();
    }
    pthread_join(thread, NULL);
    cfk_ring_free(l.ring);
    return ok;
}

/* ---- buffers: some are out at a time, of any size ---- */

static bool pool_run(void *ctx)
{
    void *blocks[BLOCKS] = { 0 };
    bool ok = true;
    cfk_pool *pool;

    (void)ctx;
    if (cfk_pool_new(NULL, &pool, NULL) != CFK_OK)
        return false;
    for (size_t i = 0; i < EVENTS; i++) {
        void **slot = &blocks[i % BLOCKS];

        ok = ok && cfk_pool_put(pool, *slot, NULL) == CFK_OK &&
             cfk_pool_get(pool, events[i].size, slot, NULL, NULL) == CFK_OK;
        *(char *)*slot = 1;
    }
    for (size_t i = 0; i < BLOCKS; i++)
        cfk_pool_put(pool, blocks[i], NULL);
    cfk_pool_free(pool);
    return ok;
}

static bool malloc_run(void *ctx)
{
    void *blocks[BLOCKS] = { 0 };
    bool ok = true;

    (void)ctx;
    for (size_t i = 0; i < EVENTS; i++) {
        void **slot = &blocks[i % BLOCKS];

        free(*slot);
        *slot = malloc(events[i].size);
        ok = ok && *slot != NULL;
        *(char *)*slot = 1;
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return ok;
}

static void measure(const char *work, const char *subject, bool (*run)(void *), void *ctx)
{
    struct bench_row row = {
        .subject = subject, .work = work, .units = EVENTS, .run = run, .ctx = ctx
    };

    bench_run(&row);
}

int main(int argc, char **argv)
{
    bool irregular = false;
    bool regular = true;
    struct limiter siphash = { 0, CFK_LIMIT_SIPHASH };
    struct limiter fast = { 0, CFK_LIMIT_FAST_HASH };
    struct limiter keys = { 2 * DISTINCT, CFK_LIMIT_SIPHASH };

    generate();
    bench_start(argc, argv, "structures");
    measure("ewma/add", "cfkit", ewma_run, &irregular);
    measure("ewma/add", "cfkit, equal steps", ewma_run, &regular);
    measure("ewma/add", "libm exp, value alone", libm_run, NULL);
    measure("rate/add", "cfkit", rate_run, NULL);
    measure("limit/allow", "cfkit hashed", limit_run, &siphash);
    measure("limit/allow", "cfkit hashed, fast hash", limit_run, &fast);
    measure("limit/allow", "cfkit exact", limit_run, &keys);
    measure("limit/allow", "cfkit cell", cell_run, NULL);
    measure("limit/allow", "cfkit rrl", rrl_run, NULL);
#ifdef BENCH_GLIB
    measure("limit/allow", "glib hash, token bucket", glib_limit_run, NULL);
#endif
    measure("ring/push-pop", "cfkit ring", ring_run, NULL);
    measure("ring/push-pop", "cfkit spsc", queue_run, NULL);
#ifdef BENCH_GLIB
    measure("ring/push-pop", "glib async queue", glib_queue_run, NULL);
#endif
    measure("ring/2-threads", "cfkit spsc", two_threads_run, NULL);
    measure("ring/2-threads", "ring and mutex", locked_run, NULL);
    measure("pool/get-put", "cfkit", pool_run, NULL);
    measure("pool/get-put", "malloc", malloc_run, NULL);
    free(events);
    return bench_finish();
}
