/* SPDX-License-Identifier: MIT */
/*
 * A small server's view of its traffic: which client asks most, how long answers
 * take on average, which answers are still in the cache, who asks too often.
 *
 *     cc structures.c $(pkg-config --cflags --libs libcfkit) && ./a.out
 */
#include <cfkit/cfkit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)

static void check(int rc, const struct cfk_error *err)
{
    if (rc == CFK_OK)
        return;
    fprintf(stderr, "%s: %s\n", cfk_error_name(rc), err->message);
    exit(EXIT_FAILURE);
}

int main(void)
{
    struct cfk_topk_options top_options = { .size = sizeof top_options, .counters = 100 };
    struct cfk_cache_options cache_options = { .size = sizeof cache_options,
                                               .capacity = 50 };
    struct cfk_limit_options limit_options = {
        .size = sizeof limit_options, .events = 10, .period_ns = SECOND, .burst = 20
    };
    struct cfk_topk_item heaviest[3];
    struct cfk_ewma latency;
    struct cfk_error err;
    cfk_topk *top;
    cfk_cache *cache;
    cfk_limit *limit;
    unsigned hits = 0;
    unsigned refused = 0;
    size_t count;

    check(cfk_topk_new(&top_options, &top, &err), &err);
    check(cfk_cache_new(&cache_options, &cache, &err), &err);
    check(cfk_limit_new(&limit_options, &limit, &err), &err);
    check(cfk_ewma_init(&latency, 10 * SECOND, &err), &err);

    /* Ten thousand requests in 100 s; client 0 sends about every tenth. */
    for (unsigned i = 0; i < 10000; i++) {
        int64_t now = (int64_t)i * 10 * MILLISECOND;
        unsigned random = (i * 2654435761u) >> 8;
        double took = 5;
        char client[32];
        char page[32];

        snprintf(client, sizeof client, "10.0.0.%u", i % 9 == 0 ? 0 : random % 250);
        snprintf(page, sizeof page, "/page/%u", random % (1 + random % 200));

        check(cfk_topk_add(top, client, strlen(client), 1, &err), &err);
        if (cfk_limit_allow(limit, client, strlen(client), 1, now, NULL, &err) ==
            CFK_LIMIT_DENY) {
            refused++;
            continue;
        }
        if (cfk_cache_get(cache, page, strlen(page), now, 0, NULL, &err) ==
            CFK_CACHE_HIT) {
            hits++;
            took = 1;
        } else {
            check(
                cfk_cache_set(cache, page, strlen(page), i, now + 5 * SECOND, now, &err),
                &err);
        }
        check(cfk_ewma_add(&latency, took, now, &err), &err);
    }

    count = cfk_topk_list(top, CFK_TOPK_BY_HI, heaviest, 3);
    for (size_t i = 0; i < count; i++)
        printf("%.*s asked %" PRIu64 " to %" PRIu64 " times\n", (int)heaviest[i].key_len,
               (const char *)heaviest[i].key, heaviest[i].lo, heaviest[i].hi);
    printf("%u answers from the cache, %u requests refused, %.2f ms on average\n", hits,
           refused, cfk_ewma_value(&latency));

    cfk_limit_free(limit);
    cfk_cache_free(cache);
    cfk_topk_free(top);
    return EXIT_SUCCESS;
}
