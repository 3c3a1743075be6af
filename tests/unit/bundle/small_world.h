/* SPDX-License-Identifier: MIT */
/* A root, an intermediate and a leaf, and building from them. */
#ifndef BUNDLE_SMALL_WORLD_H
#define BUNDLE_SMALL_WORLD_H

#include "make.h"
#include "unit.h"

static const struct make root = {
    .subject = "root", .issuer = "root", .key = 1, .signed_by = 1, .ca = true
};
static const struct make ca = {
    .subject = "ca", .issuer = "root", .key = 2, .signed_by = 1, .ca = true
};
static const struct make leaf = {
    .subject = "leaf", .issuer = "ca", .key = 9, .signed_by = 2
};

static inline cfk_bundle_pool *new_pool(void)
{
    cfk_bundle_pool *pool;

    ck_assert_int_eq(cfk_bundle_pool_new(NULL, &pool, NULL), CFK_OK);
    return pool;
}

static inline cfk_bundle_result *build(cfk_bundle_pool *pool, const struct make *m,
                                       const struct cfk_bundle_options *opts)
{
    struct cfk_error err = { 0 };
    cfk_bundle_result *result;
    int rc = make_build(pool, m, opts, &result, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    return result;
}

#endif
