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
static int explain_names(struct cfk__search *s, const struct cfk__path *path)
{
    struct cfk__cert *issuer = path->certs[path->length - 1];
    struct cfk__name_violation violation;
    const struct cfk__facts *facts;
    int rc = cfk__result_facts(s->result, issuer, &facts, s->err);

    if (rc != CFK_OK)
        return rc;
    s->names.left = UINT64_MAX;
    rc = cfk__names_check(&s->names, issuer->x.name_constraints,
                          &path->certs[path->step]->x, &violation);
    if (rc == CFK_E_NAME_CONSTRAINT)
        rc = cfk__names_explain(&s->names, &violation, path->step, facts->subject,
                                path->length - 1, &s->result->why);
    if (rc == CFK_E_NOMEM)
        return cfk__fail(s->err, rc, "bundle: no memory for the search");
    s->result->reason = rc;
    return CFK_OK;
}

static int explain_path(struct cfk__search *s, const struct cfk__path *path)
{
    struct cfk_bundle_result *result = s->result;
    struct cfk__cert *blamed = path->certs[path->step];
    struct cfk__cert *issuer =
        path->step + 1 < path->length ? path->certs[path->step + 1] : NULL;
    const struct cfk__facts *facts;
    int rc;

    if (path->reason == CFK_E_NAME_CONSTRAINT)
        return explain_names(s, path);
    rc = cfk__result_facts(result, blamed, &facts, s->err);
    if (rc == CFK_OK)
        result->reason = cfk__check_explain(blamed, issuer, facts, path->step,
                                            cfk__path_part(path, path->step),
                                            path->reason, s->wanted, &result->why);
    return rc;
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
    return explain_path(s, path != NULL ? path : &alone);
}
