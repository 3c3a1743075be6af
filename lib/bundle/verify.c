/* SPDX-License-Identifier: MIT */
/* Signatures that a search asks for: each at most once, within its budgets. */
#include "base/error.h"
#include "bundle/search.h"

static int no_memory(struct cfk__search *s)
{
    return cfk__fail(s->err, CFK_E_NOMEM, "bundle: no memory for the search");
}

int cfk__verify_signature(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                          struct cfk_error *err)
{
    if (!cert->x.signature.verifiable)
        return CFK_E_NOTSUP;
    return cfk__signature_verify(&cert->x.signature.scheme, issuer->x.key.spki,
                                 cert->x.tbs, cert->x.signature.bytes, err);
}

/*
 * Whether one more signature may be asked for. What an earlier build left known
 * counts as well, so that the answer does not depend on what was built before.
 */
static bool may_verify(struct cfk__search *s)
{
    if (s->failed >= s->limits->max_failures)
        s->result->met |= CFK_BUNDLE_MET_FAILURES;
    else if (s->result->chains.count > 0 && s->needed >= s->limits->max_signatures)
        s->result->met |= CFK_BUNDLE_MET_SIGNATURES;
    else
        return true;
    return false;
}

static int count_verdict(struct cfk__search *s, int verdict)
{
    s->needed++;
    s->failed += verdict != CFK_OK;
    return verdict;
}

/* The answer of an index, of an earlier build for this leaf, or of the back end. */
static int find_out(struct cfk__search *s, const struct cfk__cert *cert,
                    const struct cfk__cert *issuer)
{
    bool leaf = cert == &s->result->leaf && cert->number == CFK__NONE;
    int verdict;

    if (cfk__index_recall(cert, issuer, &verdict) ||
        (leaf && cfk__recent_recall(&s->pool->recent, cert->x.der, cert->hash,
                                    issuer->key, &verdict))) {
        s->result->remembered++;
        return verdict;
    }
    s->result->signatures++;
    verdict = s->verify(cert, issuer, NULL);
    if (verdict == CFK_E_NOMEM)
        return verdict;
    if (verdict != CFK_OK) {
        s->result->failures++;
        verdict = CFK_E_SIGNATURE;
    }
    if (leaf && cfk__recent_add(&s->pool->recent, cert->x.der, cert->hash, issuer->key,
                                verdict) != CFK_OK)
        return CFK_E_NOMEM;
    return verdict;
}

int cfk__search_verify_in(struct cfk__search *s, struct cfk__edges *edges,
                          uint32_t number, const struct cfk__cert *cert,
                          const struct cfk__cert *issuer)
{
    struct cfk__edge *known = cfk__edges_find(edges, number, issuer->key);
    int verdict;

    if (known != NULL && known->stamp == s->pool->stamp) {
        s->result->remembered++;
        return known->verdict;
    }
    if (!may_verify(s))
        return CFK_E_LIMIT;
    if (known != NULL) {
        s->result->remembered++;
        known->stamp = s->pool->stamp;
        return count_verdict(s, known->verdict);
    }
    verdict = find_out(s, cert, issuer);
    if (verdict == CFK_E_NOMEM)
        return no_memory(s);
    if (cfk__edges_add(edges, number, issuer->key, verdict, s->pool->stamp) != CFK_OK)
        return no_memory(s);
    return count_verdict(s, verdict);
}

/*
 * After a first wrong key, find the keys that an ECDSA signature could be by,
 * so that the other candidates need no verification: decoys cost nothing.
 */
static int find_signers(struct cfk__search *s, struct cfk__cert *cert,
                        const struct cfk__cert *issuer)
{
    bool is_leaf = cert->number == CFK__NONE;
    struct cfk__ec_keys keys;
    int rc;

    if (s->verify != cfk__verify_signature || cert->misses != 1 ||
        !cert->x.signature.verifiable || cert->x.signature.scheme.id != CFK__ECDSA ||
        !issuer->x.key.nist_curve)
        return CFK_OK;
    if (!may_verify(s))
        return CFK_E_LIMIT;
    s->result->signatures++;
    rc = cfk__signature_keys(&cert->x.signature.scheme, issuer->x.key.spki, cert->x.tbs,
                             cert->x.signature.bytes, &keys, NULL);
    if (rc != CFK_OK)
        return rc == CFK_E_NOMEM ? no_memory(s) : CFK_OK;
    cert->signers = cfk__arena_alloc(is_leaf ? &s->result->arena : &s->pool->arena,
                                     sizeof *cert->signers);
    if (cert->signers == NULL)
        return no_memory(s);
    *cert->signers = keys;
    return CFK_OK;
}

/* All comparisons of a certificate's signers cost as much as one verification. */
static int compare_signers(struct cfk__search *s, struct cfk__cert *cert,
                           const struct cfk__cert *issuer)
{
    if (cert->signers_stamp != s->pool->stamp) {
        if (!may_verify(s))
            return CFK_E_LIMIT;
        s->needed++;
        cert->signers_stamp = s->pool->stamp;
    }
    return cfk__signature_keys_have(cert->signers, issuer->x.key.spki) ? CFK_OK
                                                                       : CFK_E_SIGNATURE;
}

int cfk__search_verify(struct cfk__search *s, struct cfk__cert *cert,
                       const struct cfk__cert *issuer)
{
    struct cfk__edges *edges =
        cert->number == CFK__NONE ? &s->leaf_edges : &s->pool->edges;
    bool asked = cfk__edges_find(edges, cert->number, issuer->key) != NULL;
    int rc = CFK_OK;

    if (!asked && cert->signers == NULL)
        rc = find_signers(s, cert, issuer);
    if (rc != CFK_OK)
        return rc;
    if (!asked && cert->signers != NULL &&
        cfk__signature_keys_fit(cert->signers, issuer->x.key.spki))
        return compare_signers(s, cert, issuer);
    rc = cfk__search_verify_in(s, edges, cert->number, cert, issuer);
    if (!asked)
        cert->misses += rc == CFK_E_SIGNATURE;
    return rc;
}
