/* SPDX-License-Identifier: MIT */
/*
 * A chain as it was given. The search is held to it; where it is not valid,
 * but each certificate is signed by the next, it is taken all the same, with a warning.
 */
#include "base/error.h"
#include "bundle/search.h"

static int no_memory(struct cfk__search *s)
{
    return cfk__fail(s->err, CFK_E_NOMEM, "bundle: no memory for the search");
}

/* What came with the leaf, in the order of its coming, which is that of the numbers. */
int cfk__force_begin(struct cfk__search *s)
{
    const cfk_bundle_pool *pool = s->pool;
    size_t count = cfk_bundle_pool_count(pool, CFK_BUNDLE_INPUT);

    if (count >= CFK__LENGTH_MAX)
        return cfk__fail(s->err, CFK_E_LIMIT,
                         "bundle: a chain of more than %d certificates", CFK__LENGTH_MAX);
    s->forced = cfk__arena_alloc(&s->result->arena, (count + 1) * sizeof *s->forced);
    if (s->forced == NULL)
        return no_memory(s);
    for (uint32_t i = 0; i < pool->ders.count; i++)
        if ((pool->certs[i]->from & CFK_BUNDLE_INPUT) != 0)
            s->forced[s->forced_count++] = pool->certs[i];
    return CFK_OK;
}

/* Whether each certificate of the path is signed by the next. CFK_OK, CFK_E_*. */
static int check_links(struct cfk__search *s, const struct cfk__path *path)
{
    for (uint32_t i = 0; i + 1 < path->length; i++) {
        int rc = CFK_E_SIGNATURE;

        if (path->certs[i]->issuer == path->certs[i + 1]->subject)
            rc = cfk__search_verify(s, path->certs[i], path->certs[i + 1]);
        if (rc != CFK_OK)
            return rc;
    }
    return CFK_OK;
}

int cfk__force_end(struct cfk__search *s)
{
    struct cfk_bundle_result *result = s->result;
    struct cfk__path path = { .length = s->forced_count + 1, .forced = true };
    int rc;

    if (result->chains.count > 0 || result->reason == CFK_E_LIMIT)
        return CFK_OK;
    path.certs = cfk__arena_alloc(&result->arena, path.length * sizeof *path.certs);
    if (path.certs == NULL)
        return no_memory(s);
    path.certs[0] = &result->leaf;
    for (uint32_t i = 0; i < s->forced_count; i++)
        path.certs[i + 1] = s->forced[i];
    if (s->forced_count > 0)
        path.rooted = (s->forced[s->forced_count - 1]->from & CFK_BUNDLE_ROOT) != 0;
    rc = check_links(s, &path);
    if (rc != CFK_OK)
        return rc == CFK_E_NOMEM ? rc : CFK_OK; /* then the verdict stands */
    result->invalid = result->why;
    result->reason = CFK_OK;
    return cfk__search_append(s, &result->chains, &path);
}
