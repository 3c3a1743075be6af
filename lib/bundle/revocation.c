/* SPDX-License-Identifier: MIT */
#include "bundle/revocation.h"

#include "base/error.h"

#include <string.h>

enum {
    DEPTH_MAX = 3, /* CRL issuers whose own certificates are looked up in CRLs */
    UNIT = 64,     /* bytes of a CRL that one comparison pays for */
};

/* A certificate whose status is asked for, and the path that vouches for it. */
struct question {
    struct cfk__search *s;
    const struct cfk__cert *target;
    struct cfk__cert *const *above; /* its issuer first */
    uint32_t count;
    unsigned depth;
    bool local; /* only the issuer's own CRLs were asked */
};

static bool is_usable(const struct cfk__search *s, const struct cfk__crl *crl)
{
    bool strict = s->wanted->profile.id >= CFK_BUNDLE_PROFILE_RFC5280;

    if (crl->unknown_critical || crl->this_update > s->wanted->time ||
        crl->next_update < s->wanted->time)
        return false;
    if (crl->signature.verifiable && crl->signature.scheme.hash == CFK__SHA1 &&
        !s->wanted->allow_sha1)
        return false;
    return !strict ||
           (crl->version == 2 && crl->number.size > 0 && !crl->critical_number &&
            !crl->long_time && crl->next_update != INT64_MAX);
}

static int check_signature(struct question *q, uint32_t number,
                           const struct cfk__cert *signer)
{
    const struct cfk__crl *crl = q->s->pool->crls[number];
    struct cfk__cert as_cert = { 0 };

    as_cert.x.tbs = crl->tbs;
    as_cert.x.signature = crl->signature;
    return cfk__search_verify_in(q->s, &q->s->pool->crl_edges, number, &as_cert, signer);
}

/* Whether a certificate may sign CRLs: RFC 5280, 6.3.3 f. */
static bool may_sign(const struct cfk__cert *cert)
{
    return !cert->x.has_key_usage || (cert->x.key_usage & CFK__KU_CRL_SIGN) != 0;
}

static int status_of(struct question *q, int *status);

/* Whether a certificate that is not on the path may speak for it. CFK_OK: it may. */
static int check_delegate(struct question *q, uint32_t number, struct cfk__cert *cert)
{
    int rc = check_signature(q, number, cert);

    if (rc != CFK_OK)
        return rc;
    if (q->s->wanted->time < cert->x.not_before || q->s->wanted->time > cert->x.not_after)
        return CFK_E_SIGNATURE;
    for (uint32_t i = 0; i < q->count; i++) {
        struct question own = {
            .s = q->s,
            .target = cert,
            .above = q->above + i,
            .count = q->count - i,
            .depth = q->depth + 1,
        };
        int status = CFK_OK;

        if (q->above[i]->subject != cert->issuer)
            continue;
        rc = cfk__search_verify(q->s, cert, q->above[i]);
        if (rc == CFK_OK && q->depth < DEPTH_MAX)
            rc = status_of(&own, &status);
        if (rc == CFK_OK)
            return status == CFK_E_REVOKED ? CFK_E_SIGNATURE : CFK_OK;
        if (rc != CFK_E_SIGNATURE)
            return rc;
    }
    return CFK_E_SIGNATURE;
}

/* Whether somebody signed a CRL who may: CFK_OK, CFK_E_SIGNATURE, or trouble. */
static int check_signer(struct question *q, uint32_t number)
{
    const cfk_bundle_pool *pool = q->s->pool;
    uint32_t name = pool->crls[number]->issuer_name;
    int rc;

    for (uint32_t i = 0; i < q->count; i++) {
        if (q->above[i]->subject != name || !may_sign(q->above[i]))
            continue;
        rc = check_signature(q, number, q->above[i]);
        if (rc == CFK_OK)
            q->local = q->local && i == 0;
        if (rc != CFK_E_SIGNATURE)
            return rc;
    }
    q->local = false;
    for (uint32_t i = pool->name_info[name].first; i != CFK__NONE;
         i = pool->certs[i]->same_name) {
        if (!may_sign(pool->certs[i]))
            continue;
        rc = check_delegate(q, number, pool->certs[i]);
        if (rc != CFK_E_SIGNATURE)
            return rc;
    }
    return CFK_E_SIGNATURE;
}

/* Numbers without sign, from small to large. */
static int compare_numbers(struct cfk__span a, struct cfk__span b)
{
    for (; a.size > 0 && a.data[0] == 0; a.size--)
        a.data++;
    for (; b.size > 0 && b.data[0] == 0; b.size--)
        b.data++;
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size == 0 ? 0 : memcmp(a.data, b.data, a.size);
}

static bool same_scope(const struct cfk__crl *a, const struct cfk__crl *b)
{
    return a->issuer_name == b->issuer_name &&
           cfk__span_equal(a->scope.whole, b->scope.whole);
}

/*
 * The latest CRL of the scope of number, signed as it must be, that is a delta
 * to it, or with delta false replaces it; number where there is none.
 */
static int find_later(struct question *q, uint32_t number, bool delta, uint32_t *out)
{
    const cfk_bundle_pool *pool = q->s->pool;
    const struct cfk__crl *crl = pool->crls[number];

    *out = number;
    for (uint32_t i = 0; i < pool->crl_count && crl->number.size > 0; i++) {
        const struct cfk__crl *other = pool->crls[i];
        int rc;

        if ((other->base.size > 0) != delta || !same_scope(crl, other) ||
            !is_usable(q->s, other) ||
            compare_numbers(other->number, pool->crls[*out]->number) <= 0 ||
            (delta && compare_numbers(crl->number, other->base) < 0))
            continue;
        rc = check_signer(q, i);
        if (rc == CFK_OK)
            *out = i;
        else if (rc != CFK_E_SIGNATURE)
            return rc;
    }
    return CFK_OK;
}

/* Whether a list of GeneralNames has the issuer of the certificate in question. */
static int names_issuer(struct question *q, struct cfk__span names, struct cfk__span name,
                        bool *out)
{
    struct cfk__point_names list = { 0 };
    struct cfk__point_names one = { .issuer = name };

    cfk__reader_init(&list.list, names.data, names.size);
    cfk__reader_init(&one.list, NULL, 0);
    return cfk__point_names_meet(one, list, &q->s->names.name, &q->s->names.base, out);
}

/* Look a certificate up in a CRL: *reason is that of its entry, -1 without one. */
static int look_up(struct question *q, uint32_t number, int *reason)
{
    const struct cfk__crl *crl = q->s->pool->crls[number];
    const struct cfk__x509 *x = &q->target->x;
    bool ours = crl->issuer_name == q->target->issuer;
    uint64_t cost = 1 + crl->entries.size / UNIT;
    struct cfk__crl_entry entry;
    struct cfk__reader r;

    *reason = -1;
    if (q->s->names.left < cost) {
        q->s->result->met |= CFK_BUNDLE_MET_COMPARISONS;
        return CFK_E_LIMIT;
    }
    q->s->names.left -= cost;
    cfk__reader_init(&r, crl->entries.data, crl->entries.size);
    while (cfk__crl_next(&r, &entry)) {
        if (entry.issuer.size > 0) { /* holds for those that follow, too */
            int rc = names_issuer(q, entry.issuer, x->issuer, &ours);

            if (rc != CFK_OK)
                return rc;
        }
        if (ours && cfk__span_equal(entry.serial, x->serial)) {
            *reason = entry.reason;
            return CFK_OK;
        }
    }
    return CFK_OK;
}

/* Whether a CRL is about a certificate as its distribution point says: 6.3.3 b. */
static int is_about(struct question *q, const struct cfk__crl *crl,
                    const struct cfk__crl_point *point, bool *out)
{
    const struct cfk__x509 *x = &q->target->x;
    struct cfk__point_names theirs = { 0 };
    int rc = CFK_OK;

    *out = false;
    if (crl->scope.attributes || (crl->scope.users && x->is_ca) ||
        (crl->scope.cas && !x->is_ca))
        return CFK_OK;
    *out = crl->issuer_name == q->target->issuer;
    if (point->issuers.size > 0 && !crl->scope.indirect)
        *out = false;
    else if (point->issuers.size > 0)
        rc = names_issuer(q, point->issuers, crl->issuer, out);
    if (rc != CFK_OK || !*out || crl->scope.names.size == 0)
        return rc;
    cfk__reader_init(&theirs.list, point->issuers.data, point->issuers.size);
    if (point->names.size > 0)
        theirs = cfk__point_names_of(point->names,
                                     point->issuers.size > 0 ? crl->issuer : x->issuer);
    else if (point->issuers.size == 0)
        theirs.issuer = x->issuer;
    return cfk__point_names_meet(cfk__point_names_of(crl->scope.names, crl->issuer),
                                 theirs, &q->s->names.name, &q->s->names.base, out);
}

/* What one complete CRL and its latest delta say: adds to *reasons, or CFK_E_REVOKED. */
static int ask(struct question *q, uint32_t number, const struct cfk__crl_point *point,
               uint16_t *reasons)
{
    const struct cfk__crl *crl = q->s->pool->crls[number];
    uint32_t later;
    int reason = -1;
    bool about;
    int rc;

    if (crl->base.size > 0 || !is_usable(q->s, crl))
        return CFK_OK;
    rc = is_about(q, crl, point, &about);
    if (rc != CFK_OK || !about)
        return rc;
    rc = check_signer(q, number);
    if (rc == CFK_OK)
        rc = find_later(q, number, false, &later);
    if (rc != CFK_OK || later != number) /* that one is asked in its turn */
        return rc == CFK_E_SIGNATURE ? CFK_OK : rc;
    rc = find_later(q, number, true, &later);
    if (rc == CFK_OK && later != number)
        rc = look_up(q, later, &reason);
    if (rc == CFK_OK && reason < 0)
        rc = look_up(q, number, &reason);
    if (rc != CFK_OK)
        return rc;
    *reasons |= crl->scope.reasons & point->reasons;
    return reason >= 0 && reason != CFK__CRL_REMOVE ? CFK_E_REVOKED : CFK_OK;
}

static int ask_all(struct question *q, const struct cfk__crl_point *point,
                   uint16_t *reasons)
{
    int rc = CFK_OK;

    for (uint32_t i = 0; i < q->s->pool->crl_count && rc == CFK_OK; i++)
        rc = ask(q, i, point, reasons);
    return rc;
}

/*
 * *status: CFK_OK, CFK_E_REVOKED or CFK_E_REVOCATION. First the points that the
 * certificate names, then the CRLs of its issuer at large.
 */
static int status_of(struct question *q, int *status)
{
    struct cfk__crl_point at_large = { .reasons = CFK__REASONS_ALL };
    struct cfk__span points = q->target->x.crl_points;
    struct cfk__crl_point point;
    struct cfk__reader r;
    uint16_t reasons = 0;
    int rc = CFK_OK;

    cfk__reader_init(&r, points.data, points.size);
    while (rc == CFK_OK && cfk__crl_next_point(&r, &point))
        rc = ask_all(q, &point, &reasons);
    if (rc == CFK_OK && reasons != CFK__REASONS_ALL)
        rc = ask_all(q, &at_large, &reasons);
    *status = rc == CFK_E_REVOKED           ? rc
              : reasons == CFK__REASONS_ALL ? CFK_OK
                                            : CFK_E_REVOCATION;
    return rc == CFK_E_REVOKED ? CFK_OK : rc;
}

/* The status of a certificate of a path, known from another one where it can be. */
static int path_status(struct cfk__search *s, const struct cfk__path *path, uint32_t step,
                       int *status)
{
    const struct cfk__cert *target = path->certs[step];
    uint32_t issuer = path->certs[step + 1]->number;
    struct question q = {
        .s = s,
        .target = target,
        .above = path->certs + step + 1,
        .count = path->length - step - 1,
        .local = true,
    };
    const struct cfk__edge *known = cfk__edges_find(&s->statuses, target->number, issuer);
    int rc;

    if (known != NULL) {
        *status = known->verdict;
        return CFK_OK;
    }
    rc = status_of(&q, status);
    if (rc != CFK_OK || !q.local)
        return rc;
    return cfk__edges_add(&s->statuses, target->number, issuer, *status, 0);
}

int cfk__revocation_check(struct cfk__search *s, struct cfk__path *path)
{
    int status = CFK_OK;
    int rc = CFK_OK;

    if (s->pool->crl_count == 0)
        return CFK_OK;
    for (uint32_t i = 0; i + 1 < path->length && rc == CFK_OK && status == CFK_OK; i++) {
        path->step = i;
        rc = path_status(s, path, i, &status);
        if (status == CFK_E_REVOCATION && s->wanted->crl_if_present)
            status = CFK_OK;
    }
    return rc == CFK_OK ? status : rc;
}
