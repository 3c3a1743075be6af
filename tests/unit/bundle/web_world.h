/* SPDX-License-Identifier: MIT */
/* A small world of which a part is on the web. */
#ifndef BUNDLE_WEB_WORLD_H
#define BUNDLE_WEB_WORLD_H

#include "small_world.h"
#include "web.h"

#include <string.h>

#define CA_URL "http://ca.test/ca.der"

/* A leaf whose issuer's certificate is at this URL. */
struct named {
    struct make m;
    char ext[5400];
};

static const struct make *by_url(struct named *n, const struct make *m, const char *url)
{
    n->m = *m;
    n->ext[0] = '\0';
    web_issuer_ext(n->ext, sizeof n->ext, url);
    n->m.ext = n->ext;
    return &n->m;
}

static inline cfk_bundle_pool *pool_of_root(void)
{
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    return pool;
}

static inline cfk_bundle_result *build_with(cfk_bundle_pool *pool, const struct make *m,
                                            struct web *web)
{
    struct cfk_bundle_options opts = { .size = sizeof opts, .fetch = web_options(web) };

    return build(pool, m, &opts);
}

static inline struct cfk_bundle_fetched_info fetched(const cfk_bundle_result *result,
                                                     size_t i)
{
    struct cfk_bundle_fetched_info out = { .size = sizeof out };

    ck_assert_int_eq(cfk_bundle_fetched(result, i, &out, NULL), CFK_OK);
    return out;
}

static inline struct cfk_bundle_counters counters(const cfk_bundle_result *result)
{
    struct cfk_bundle_counters out = { .size = sizeof out };

    ck_assert_int_eq(cfk_bundle_result_counters(result, &out, NULL), CFK_OK);
    return out;
}

/* leaf, issued by a, issued by b, issued by c, issued by root: names, and who signed. */
static const struct make links[] = {
    { .subject = "leaf", .issuer = "a", .key = 9, .signed_by = 10 },
    { .subject = "a", .issuer = "b", .key = 10, .signed_by = 11, .ca = true },
    { .subject = "b", .issuer = "c", .key = 11, .signed_by = 12, .ca = true },
    { .subject = "c", .issuer = "root", .key = 12, .signed_by = 1, .ca = true },
};
static const char *const link_urls[] = { "http://x.test/a", "http://x.test/b",
                                         "http://x.test/c", "http://x.test/root" };

struct line {
    struct web web;
    struct named named[4];
    uint8_t rooms[4][2048];
};

/* A web with a, b and c, each of which names the next. */
static inline void make_line(struct line *line)
{
    memset(&line->web, 0, sizeof line->web);
    for (size_t i = 0; i < 4; i++) {
        by_url(&line->named[i], &links[i], link_urls[i]);
        if (i > 0)
            web_add_cert(&line->web, link_urls[i - 1], &line->named[i].m, line->rooms[i]);
    }
}

#endif
