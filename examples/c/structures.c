/* SPDX-License-Identifier: MIT */
/*
 * A small server's view of its traffic: which client asks most, how long answers
 * take on average, which answers are still in the cache, who asks too often, what the
 * last requests were; buffers that are used again, and a DNS server's limits.
 *
 *     cc structures.c $(pkg-config --cflags --libs libcfkit) && ./a.out
 */
#include <cfkit/cfkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE        32
#define MILLISECOND INT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s: %s\n", cfk_error_name(rc), err->message);
    exit(EXIT_FAILURE);
}

/* What the server keeps about its traffic. */
struct traffic {
    cfk_topk *clients;
    cfk_cache *pages;
    cfk_limit *limit; /* of each client */
    cfk_ring *recent; /* pages */
    cfk_pool *buffers;
    struct cfk_ewma latency;
    struct cfk_rate requests;
    unsigned hits;
    unsigned refused;
};

static void serve(struct traffic *t, const char *client, const char *page, int64_t now)
{
    size_t page_len = strlen(page);
    struct cfk_error err;
    void *buffer;
    int found;

    cfk_rate_add(&t->requests, 1, now);

    check(cfk_topk_add(t->clients, client, strlen(client), 1, &err), &err);
    if (cfk_limit_allow(t->limit, client, strlen(client), 1, now, NULL, &err) ==
        CFK_LIMIT_DENY) {
        t->refused++;
        return;
    }
    found = cfk_cache_get(t->pages, page, page_len, now, 0, NULL, &err);
    if (found == CFK_CACHE_HIT)
        t->hits++;
    else
        check(cfk_cache_set(t->pages, page, page_len, 0, now + 5 * SECOND, now, &err),
              &err);
    check(cfk_pool_get(t->buffers, PAGE, &buffer, NULL, &err), &err);
    snprintf(buffer, PAGE, "%s", page);
    cfk_ring_push(t->recent, buffer, NULL);
    check(cfk_pool_put(t->buffers, buffer, &err), &err);
    check(cfk_ewma_add(&t->latency, found == CFK_CACHE_HIT ? 1 : 5, now, &err), &err);
}

/* A flood of one question: a few answers, then some without records, the rest not. */
static void answer_dns(int64_t now)
{
    struct cfk_rrl_options opts = { .size = sizeof opts,
                                    .rates = { [CFK_RRL_ANSWER] = 5 } };
    static const unsigned char spoofed[4] = { 192, 0, 2, 1 };
    unsigned count[4] = { 0 };
    struct cfk_error err;
    cfk_rrl *rrl;

    check(cfk_rrl_new(&opts, &rrl, &err), &err);
    for (int i = 0; i < 100; i++)
        count[cfk_rrl_check(rrl, spoofed, sizeof spoofed, CFK_RRL_ANSWER, "example.org",
                            11, 1, now, &err)]++;
    printf("of 100 responses %u sent, %u truncated, %u dropped\n", count[CFK_RRL_SEND],
           count[CFK_RRL_SLIP], count[CFK_RRL_DROP]);
    cfk_rrl_free(rrl);
}

/* Two threads would do this at the same time. */
static void hand_over(void)
{
    struct cfk_error err;
    cfk_spsc *queue;
    void *item = "a job";

    check(cfk_spsc_new(NULL, &queue, &err), &err);
    if (cfk_spsc_push(queue, &item, 1) == 1 && cfk_spsc_pop(queue, &item, 1) == 1)
        printf("handed over: %s\n", (const char *)item);
    cfk_spsc_free(queue);
}

static void report(const struct traffic *t, int64_t now)
{
    struct cfk_topk_item heaviest[3];
    size_t count = cfk_topk_list(t->clients, CFK_TOPK_BY_HI, heaviest, 3);

    for (size_t i = 0; i < count; i++)
        printf("%.*s asked %" PRIu64 " to %" PRIu64 " times\n", (int)heaviest[i].key_len,
               (const char *)heaviest[i].key, heaviest[i].lo, heaviest[i].hi);
    printf("%u answers from the cache, %u requests refused, %.2f ms on average\n",
           t->hits, t->refused, cfk_ewma_value(&t->latency));
    printf("%.0f requests a second, the last one for %s\n",
           cfk_rate_at(&t->requests, now),
           (const char *)cfk_ring_at(t->recent, cfk_ring_count(t->recent) - 1));
}

int main(void)
{
    struct cfk_topk_options top_opts = { .size = sizeof top_opts, .counters = 100 };
    struct cfk_cache_options cache_opts = { .size = sizeof cache_opts, .capacity = 50 };
    struct cfk_limit_options limit_opts = {
        .size = sizeof limit_opts, .events = 10, .period_ns = SECOND, .burst = 20
    };
    struct cfk_ring_options ring_opts = { .size = sizeof ring_opts,
                                          .capacity = 10,
                                          .item_size = PAGE };
    struct traffic t = { .hits = 0 };
    struct cfk_error err;

    check(cfk_topk_new(&top_opts, &t.clients, &err), &err);
    check(cfk_cache_new(&cache_opts, &t.pages, &err), &err);
    check(cfk_limit_new(&limit_opts, &t.limit, &err), &err);
    check(cfk_ring_new(&ring_opts, &t.recent, &err), &err);
    check(cfk_pool_new(NULL, &t.buffers, &err), &err);
    check(cfk_ewma_init(&t.latency, 10 * SECOND, &err), &err);
    check(cfk_rate_init(&t.requests, 10 * SECOND, &err), &err);

    /* Ten thousand requests in 100 s; client 0 sends about every tenth. */
    for (unsigned i = 0; i < 10000; i++) {
        unsigned random = (i * 2654435761u) >> 8;
        char client[32];
        char page[PAGE];

        snprintf(client, sizeof client, "10.0.0.%u", i % 9 == 0 ? 0 : random % 250);
        snprintf(page, sizeof page, "/page/%u", random % (1 + random % 200));
        serve(&t, client, page, (int64_t)i * 10 * MILLISECOND);
    }
    report(&t, 100 * SECOND);
    answer_dns(100 * SECOND);
    hand_over();

    cfk_pool_free(t.buffers);
    cfk_ring_free(t.recent);
    cfk_limit_free(t.limit);
    cfk_cache_free(t.pages);
    cfk_topk_free(t.clients);
    return EXIT_SUCCESS;
}
