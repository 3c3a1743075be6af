/* SPDX-License-Identifier: MIT */
/* A pool to make an index of. */
#ifndef BUNDLE_INDEX_WORLD_H
#define BUNDLE_INDEX_WORLD_H

#include "small_world.h"

static const struct make other_ca = {
    .subject = "ca", .issuer = "root", .key = 3, .signed_by = 1, .ca = true
};
static const struct make stranger = {
    .subject = "stranger", .issuer = "nobody", .key = 4, .signed_by = 5, .ca = true
};

/* A root, two CAs of one name and somebody else, whose signatures are known. */
static inline cfk_bundle_pool *known_world(void)
{
    cfk_bundle_pool *pool = new_pool();

    make_add(pool, &root, CFK_BUNDLE_ROOT);
    make_add(pool, &other_ca, CFK_BUNDLE_POOL);
    make_add(pool, &ca, CFK_BUNDLE_POOL);
    make_add(pool, &stranger, CFK_BUNDLE_POOL);
    cfk_bundle_result_free(build(pool, &leaf, NULL));
    return pool;
}

#endif
