/* SPDX-License-Identifier: MIT */
/* What must hold for one certificate, whatever chain it stands in. */
#ifndef CFK_BUNDLE_CHECK_H
#define CFK_BUNDLE_CHECK_H

#include "bundle/host.h"
#include "bundle/policy.h"
#include "bundle/pool.h"
#include "bundle/profile.h"

struct cfk__wanted {
    int64_t time;
    uint32_t eku; /* CFK__EKU_*; 0: any */
    bool allow_sha1;
    bool crl_if_present;
    struct cfk__profile profile;
    struct cfk__policy_wanted policy;
    bool has_host;
    struct cfk__host host;
};

/* CFK_OK or the CFK_E_* reason. */
int cfk__check_leaf(const struct cfk__x509 *x, const struct cfk__wanted *wanted);
int cfk__check_issuer(const struct cfk__x509 *x, const struct cfk__wanted *wanted,
                      bool is_root);

/* The same, looked at once in a build: under pool->stamp. */
int cfk__check_issuer_once(const cfk_bundle_pool *pool, struct cfk__cert *cert,
                           const struct cfk__wanted *wanted, bool is_root);

/*
 * Whether this root has to be signed by its own key, as nothing else excuses it
 * from an authority key identifier (RFC 5280, 4.2.1.1).
 */
bool cfk__check_must_sign_itself(const struct cfk__x509 *x,
                                 const struct cfk__wanted *wanted);

/* The rule that makes CFK_E_PROFILE of a certificate. */
const struct cfk__rule *cfk__check_rule(const struct cfk__x509 *x, enum cfk__part part,
                                        const struct cfk__wanted *wanted);

/*
 * Fill err with what is wrong with certificate number step (0: the leaf) of a
 * path for this reason; issuer is the next one, or NULL. Returns reason.
 */
int cfk__check_explain(const struct cfk__cert *cert, const struct cfk__cert *issuer,
                       const struct cfk__facts *facts, uint32_t step, enum cfk__part part,
                       int reason, const struct cfk__wanted *wanted,
                       struct cfk_error *err);

#endif
