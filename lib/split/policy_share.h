/* SPDX-License-Identifier: MIT */
/*
 * Secrets shared by a policy: each gate shares what it has among its members,
 * a member of weight w getting w points, down to the leaves. A leaf's share is
 * as many vectors of the secret's size as the weights above it make.
 */
#ifndef CFK_SPLIT_POLICY_SHARE_H
#define CFK_SPLIT_POLICY_SHARE_H

#include "split/policy.h"

/* A leaf of a policy; leaves are numbered from 0 in the order of the text. */
struct cfk__policy_leaf {
    uint16_t person;
    uint16_t first; /* where its share begins among all shares, in vectors */
    uint16_t count; /* of vectors */
};

/* How many vectors the shares of all leaves have, up to CFK_POLICY_MAX_LEAVES. */
size_t cfk__policy_vectors(const cfk_policy *policy);

/* Leaf number, or false where there are not so many. */
bool cfk__policy_leaf(const cfk_policy *policy, size_t number,
                      struct cfk__policy_leaf *out);

/*
 * Share a secret of size bytes: cfk__policy_vectors() * size bytes in shares,
 * leaf after leaf. CFK_OK, CFK_E_NOMEM or CFK_E_RANDOM.
 */
int cfk__policy_share(const cfk_policy *policy, const uint8_t *secret, size_t size,
                      uint8_t *shares, struct cfk_error *err);

/*
 * The secret from shares in the same places, of which those of people with
 * have[index] set are there. CFK_OK, CFK_E_NEED_MORE or CFK_E_NOMEM.
 */
int cfk__policy_recover(const cfk_policy *policy, const bool *have, const uint8_t *shares,
                        size_t size, uint8_t *secret, struct cfk_error *err);

#endif
