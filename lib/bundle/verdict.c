/* SPDX-License-Identifier: MIT */
/*
 * Why there is no chain. Of the rejected paths the one is told that says most:
 * a certificate that was found and fails a check before a signature that does
 * not hold before an issuer that is missing, then the longer path, then what is
 * not just an old twin that ran out. Paths
 * that were followed by name alone are believed only after the signatures
 * along them were checked, so that a namesake does not put blame on itself.
 */
#include "bundle/search.h"

#include "base/alloc.h"
#include "base/error.h"

static uint32_t weight(const struct cfk__path *path)
{
    uint32_t kind = 2;
    uint32_t lasting = 1;

    if (path->reason == CFK_E_UNKNOWN_ISSUER)
        kind = 0;
    else if (path->reason == CFK_E_SIGNATURE)
        kind = 1;
    else if (path->reason == CFK_E_EXPIRED || path->reason == CFK_E_NOT_YET_VALID)
        lasting = 0;
    return kind << 16 | path->length << 1 | lasting;
}

/* Whether each certificate that counts for the reason really issued the one below. */
static int links_hold(struct cfk__search *s, const struct cfk__path *path)
{
    uint32_t last = path->reason == CFK_E_SIGNATURE ? path->step : path->length - 1;

    if (path->reason == CFK_E_UNKNOWN_ISSUER)
        last = path->step;
    for (uint32_t i = 0; i < last; i++) {
        int rc = cfk__search_verify(s, path->certs[i], path->certs[i + 1]);

        if (rc != CFK_OK)
            return rc;
    }
    return CFK_OK;
}

/* The rejected path that says most and holds; NULL when none does. */
static int choose(struct cfk__search *s, const struct cfk__path **out)
{
    struct cfk__paths *paths = &s->result->rejected;
    bool *tried = cfk__calloc(&s->result->alloc, paths->count, sizeof *tried);
    int rc = tried != NULL ? CFK_OK : CFK_E_NOMEM;

    *out = NULL;
    while (rc == CFK_OK) {
        uint32_t best = CFK__NONE;

        for (uint32_t i = 0; i < paths->count; i++)
            if (!tried[i] && (best == CFK__NONE ||
                              weight(&paths->items[i]) > weight(&paths->items[best])))
                best = i;
        if (best == CFK__NONE)
            break;
        tried[best] = true;
        rc = links_hold(s, &paths->items[best]);
        if (rc == CFK_OK) {
            *out = &paths->items[best];
            break;
        }
        if (rc == CFK_E_SIGNATURE)
            rc = CFK_OK;
    }
    cfk__free(&s->result->alloc, tried);
    return rc == CFK_E_LIMIT ? CFK_OK : rc;
}

/* The same check again, which was paid for, for its words. */
static int explain_names(struct cfk_bundle_result *result, const struct cfk__path *path,
                         struct cfk_error *why)
{
    struct cfk__cert *issuer = path->certs[path->length - 1];
    struct cfk__names names = { .left = UINT64_MAX };
    struct cfk__name_violation violation;
    const struct cfk__facts *facts;
    int rc = cfk__result_facts(result, issuer, &facts, why);

    if (rc != CFK_OK)
        return rc;
    names.name.alloc = names.base.alloc = &result->alloc;
    rc = cfk__names_check(&names, issuer->x.name_constraints, &path->certs[path->step]->x,
                          &violation);
    if (rc == CFK_E_NAME_CONSTRAINT)
        rc = cfk__names_explain(&names, &violation, path->step, facts->subject,
                                path->length - 1, why);
    cfk__names_free(&names);
    if (rc == CFK_E_NOMEM)
        return cfk__fail(why, rc, "bundle: no memory to explain a path");
    return rc;
}

/* The reason of a rejected path, its words in why; CFK_E_NOMEM, where it is another. */
static int explain_path(struct cfk_bundle_result *result, const struct cfk__path *path,
                        struct cfk_error *why)
{
    struct cfk__cert *blamed = path->certs[path->step];
    struct cfk__cert *issuer =
        path->step + 1 < path->length ? path->certs[path->step + 1] : NULL;
    const struct cfk__facts *facts;
    int rc;

    if (path->reason == CFK_E_NAME_CONSTRAINT)
        return explain_names(result, path, why);
    rc = cfk__result_facts(result, blamed, &facts, why);
    if (rc != CFK_OK)
        return rc;
    return cfk__check_explain(blamed, issuer, facts, path->step,
                              cfk__path_part(path, path->step), path->reason,
                              &result->wanted, why);
}

int cfk_bundle_rejected_explain(cfk_bundle_result *result, size_t path,
                                struct cfk_error *err)
{
    struct cfk_error unread;

    if (path >= result->rejected.count)
        return cfk__fail(err, CFK_E_INVALID, "bundle: number %zu of %u", path,
                         (unsigned)result->rejected.count);
    return explain_path(result, &result->rejected.items[path],
                        err != NULL ? err : &unread);
}

int cfk__verdict(struct cfk__search *s)
{
    struct cfk_bundle_result *result = s->result;
    uint32_t budgets = CFK_BUNDLE_MET_LENGTH | CFK_BUNDLE_MET_FAILURES |
                       CFK_BUNDLE_MET_EXPANSIONS | CFK_BUNDLE_MET_COMPARISONS |
                       CFK_BUNDLE_MET_FETCHES;
    struct cfk__cert *leaf = &result->leaf;
    struct cfk__path alone = { .certs = &leaf,
                               .length = 1,
                               .reason = CFK_E_UNKNOWN_ISSUER };
    const struct cfk__path *path;
    int rc;

    if (result->chains.count > 0)
        return CFK_OK;
    if ((result->met & budgets) != 0) {
        result->reason = cfk__fail(
            &result->why, CFK_E_LIMIT, "bundle: no chain was found within %s",
            (result->met & CFK_BUNDLE_MET_EXPANSIONS) != 0 ? "the steps allowed"
            : (result->met & CFK_BUNDLE_MET_FAILURES) != 0
                ? "the signature checks allowed"
            : (result->met & CFK_BUNDLE_MET_COMPARISONS) != 0
                ? "the name comparisons allowed"
            : (result->met & CFK_BUNDLE_MET_LENGTH) != 0 ? "the length allowed"
                                                         : "the fetches allowed");
        return CFK_OK;
    }
    rc = choose(s, &path);
    if (rc != CFK_OK)
        return cfk__fail(s->err, rc, "bundle: no memory for the search");
    result->reason = explain_path(result, path != NULL ? path : &alone, &result->why);
    if (result->reason == CFK_E_NOMEM || result->reason == CFK_E_RANDOM)
        return cfk__fail(s->err, result->reason, "%s", result->why.message);
    return CFK_OK;
}
