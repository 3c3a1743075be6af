/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "bundle/search.h"

#include <string.h>

enum {
    DEFAULT_LENGTH = 12, /* a leaf, 10 intermediates, a root */
    DEFAULT_FAILURES = 256,
    DEFAULT_SIGNATURES = 24,
    DEFAULT_EXPANSIONS = 10000,
    DEFAULT_CHAINS = 1000,
    DEFAULT_REJECTED = 1000,
    DEFAULT_COMPARISONS = 1000000,
    MAX_POLICIES = 1000,
};

#define KNOWN_FLAGS                                                                      \
    (CFK_BUNDLE_ALLOW_SHA1 | CFK_BUNDLE_REQUIRE_POLICY | CFK_BUNDLE_NO_MAPPING |         \
     CFK_BUNDLE_NO_ANY_POLICY | CFK_BUNDLE_CRL_IF_PRESENT | CFK_BUNDLE_FORCE)

static void set_default(uint32_t *value, uint32_t fallback)
{
    if (*value == 0)
        *value = fallback;
}

static int import_options(struct cfk_bundle_options *o,
                          const struct cfk_bundle_options *opts,
                          struct cfk__wanted *wanted, struct cfk_error *err)
{
    static const uint32_t purposes[] = {
        [CFK_BUNDLE_EKU_SERVER_AUTH] = CFK__EKU_SERVER_AUTH,
        [CFK_BUNDLE_EKU_CLIENT_AUTH] = CFK__EKU_CLIENT_AUTH,
        [CFK_BUNDLE_EKU_EMAIL_PROTECTION] = CFK__EKU_EMAIL_PROTECTION,
        [CFK_BUNDLE_EKU_ANY] = 0,
    };
    int rc = cfk__options_import(o, sizeof *o, opts, err);

    if (rc != CFK_OK)
        return rc;
    set_default(&o->max_length, DEFAULT_LENGTH);
    set_default(&o->max_failures, DEFAULT_FAILURES);
    set_default(&o->max_signatures, DEFAULT_SIGNATURES);
    set_default(&o->max_expansions, DEFAULT_EXPANSIONS);
    set_default(&o->max_chains, DEFAULT_CHAINS);
    set_default(&o->max_rejected, DEFAULT_REJECTED);
    set_default(&o->max_comparisons, DEFAULT_COMPARISONS);
    if (o->max_length > CFK__LENGTH_MAX)
        return cfk__fail(err, CFK_E_INVALID, "bundle: max_length is at most %d",
                         CFK__LENGTH_MAX);
    if (o->eku >= sizeof purposes / sizeof *purposes)
        return cfk__fail(err, CFK_E_INVALID, "bundle: %u is no CFK_BUNDLE_EKU_ purpose",
                         (unsigned)o->eku);
    if ((o->flags & ~(uint32_t)KNOWN_FLAGS) != 0)
        return cfk__fail(err, CFK_E_INVALID, "bundle: unknown flags %#x",
                         (unsigned)o->flags);
    wanted->crl_if_present = (o->flags & CFK_BUNDLE_CRL_IF_PRESENT) != 0;
    wanted->policy.required = (o->flags & CFK_BUNDLE_REQUIRE_POLICY) != 0;
    wanted->policy.no_mapping = (o->flags & CFK_BUNDLE_NO_MAPPING) != 0;
    wanted->policy.no_any = (o->flags & CFK_BUNDLE_NO_ANY_POLICY) != 0;
    wanted->allow_sha1 = (o->flags & CFK_BUNDLE_ALLOW_SHA1) != 0;
    if (o->profile > CFK_BUNDLE_PROFILE_WEBPKI)
        return cfk__fail(err, CFK_E_INVALID, "bundle: %u is no CFK_BUNDLE_PROFILE_",
                         (unsigned)o->profile);
    wanted->profile.id = o->profile;
    wanted->profile.servers = o->eku == CFK_BUNDLE_EKU_SERVER_AUTH;
    wanted->eku = purposes[o->eku];
    wanted->has_host = o->host != NULL;
    if (wanted->has_host && !cfk__host_parse(o->host, &wanted->host))
        return cfk__fail(err, CFK_E_INVALID,
                         "bundle: the host is neither a DNS name nor an IP address");
    return CFK_OK;
}

/* The policies of a list with commas, into the arena of the result. */
static int read_policies(cfk_bundle_result *result, const char *text,
                         struct cfk__policy_wanted *policy, struct cfk_error *err)
{
    struct cfk__buffer oid = { .alloc = &result->alloc };
    struct cfk__span *list;
    size_t count = 1;
    int rc = CFK_OK;

    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    if (count > MAX_POLICIES)
        return cfk__fail(err, CFK_E_LIMIT, "bundle: more than %d policies", MAX_POLICIES);
    list = cfk__arena_alloc(&result->arena, count * sizeof *list);
    if (list == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for the policies");
    for (size_t i = 0; i < count && rc == CFK_OK; i++) {
        size_t size = strcspn(text, ",");

        oid.size = 0;
        rc = cfk__policy_parse(text, size, &oid);
        if (rc == CFK_E_INVALID)
            rc = cfk__fail(err, rc, "bundle: a policy is an OID such as 2.23.140.1.2.1");
        if (rc == CFK_OK)
            list[i].data = cfk__arena_copy(&result->arena, oid.data, oid.size);
        list[i].size = oid.size;
        if (rc == CFK_E_NOMEM || (rc == CFK_OK && list[i].data == NULL))
            rc = cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for the policies");
        text += size + 1;
    }
    cfk__buffer_free(&oid);
    policy->accepted = list;
    policy->count = count;
    return rc;
}

static int new_result(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                      const struct cfk_alloc *alloc, cfk_bundle_result **out,
                      struct cfk_error *err)
{
    cfk_bundle_result *result;
    void *copy;

    *out = NULL;
    if (leaf_size > pool->max_cert_size)
        return cfk__fail(err, CFK_E_LIMIT,
                         "bundle: a certificate of %zu bytes, at most %zu are allowed",
                         leaf_size, pool->max_cert_size);
    result = cfk__calloc(alloc, 1, sizeof *result);
    if (result == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for a result");
    result->alloc = *cfk__alloc_or_default(alloc);
    result->arena.alloc = &result->alloc;
    result->pool = pool;
    *out = result;
    copy = cfk__arena_copy(&result->arena, leaf, leaf_size);
    if (copy == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "bundle: no memory for a result");
    return cfk__pool_adopt(pool, &result->leaf, copy, leaf_size, err);
}

/* The search, with what comes before and after it. */
static int search_all(struct cfk__search *s, struct cfk_error *err)
{
    bool forced = (s->limits->flags & CFK_BUNDLE_FORCE) != 0;
    int rc = forced ? cfk__force_begin(s) : CFK_OK;

    if (rc == CFK_OK)
        rc = cfk__search_run(s);
    if (rc == CFK_OK && s->limits->fetch != NULL)
        rc = cfk__fetch_issuers(s, s->limits->fetch);
    s->result->expansions += s->expanded;
    if (rc == CFK_OK)
        rc = cfk__verdict(s);
    if (rc == CFK_OK && forced)
        rc = cfk__force_end(s);
    return rc == CFK_OK ? cfk_bundle_rank(s->result, NULL, err) : rc;
}

int cfk__bundle_build(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                      int64_t time, const struct cfk_bundle_options *opts,
                      cfk__verify_fn verify, cfk_bundle_result **out,
                      struct cfk_error *err)
{
    struct cfk__wanted wanted = { .time = time };
    struct cfk_bundle_options o;
    cfk_bundle_result *result;
    int rc;

    *out = NULL;
    rc = import_options(&o, opts, &wanted, err);
    if (rc != CFK_OK)
        return rc;
    rc = new_result(pool, leaf, leaf_size, o.alloc, &result, err);
    if (rc == CFK_OK && o.policies != NULL)
        rc = read_policies(result, o.policies, &wanted.policy, err);
    if (rc == CFK_OK) {
        struct cfk__search search = {
            .pool = pool,
            .result = result,
            .wanted = &result->wanted,
            .limits = &o,
            .verify = verify,
            .err = err,
        };

        result->wanted = wanted;
        search.leaf_edges.alloc = &result->alloc;
        search.statuses.alloc = &result->alloc;
        search.names.left = o.max_comparisons;
        search.names.name.alloc = &result->alloc;
        search.names.base.alloc = &result->alloc;
        search.policies.alloc = &result->alloc;
        search.policies.left = &search.names.left;
        rc = search_all(&search, err);
        cfk__search_free(&search);
    }
    if (rc != CFK_OK) {
        cfk_bundle_result_free(result);
        return rc;
    }
    *out = result;
    return CFK_OK;
}

int cfk_bundle_build(cfk_bundle_pool *pool, const void *leaf, size_t leaf_size,
                     int64_t time, const struct cfk_bundle_options *opts,
                     cfk_bundle_result **out, struct cfk_error *err)
{
    return cfk__bundle_build(pool, leaf, leaf_size, time, opts, cfk__verify_signature,
                             out, err);
}
