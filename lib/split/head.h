/* SPDX-License-Identifier: MIT */
/* The head of a lock for people: one of its two copies as fields. Format: cfl(5). */
#ifndef CFK_SPLIT_HEAD_H
#define CFK_SPLIT_HEAD_H

#include "base/crypto.h"
#include "cfkit/lock.h"
#include "split/kdf.h"
#include "split/lock.h"
#include "split/policy.h"

enum {
    CFK__SLOT_SIZE = CFK_LOCK_HEAD / 2,
    CFK__LOCK_SALT = 16,
    CFK__WRAP_TAG = CFK__AEAD_TAG_SIZE,
};

/* What a head holds for a person. */
struct cfk__holder {
    uint8_t kind; /* 0: no key is set */
    uint8_t public_key[CFK__X25519_SIZE];
    struct cfk__kdf_cost cost; /* of a passphrase */
    uint8_t salt[CFK__LOCK_SALT];
    struct cfk__span wrapped; /* their shares; bytes of somebody else's */
};

struct cfk__head {
    uint64_t sequence; /* its copy stands in slot sequence modulo 2 */
    uint8_t lock_id[CFK__LOCK_ID_SIZE];
    uint32_t generation;
    uint8_t ephemeral[CFK__X25519_SIZE]; /* public */
    cfk_policy *policy;
    struct cfk__holder people[CFK_POLICY_MAX_PEOPLE]; /* in the order of the policy */
};

/* How many vectors of CFK__MASTER_SIZE bytes the shares of each person are. */
void cfk__head_vectors(const cfk_policy *policy, uint16_t vectors[CFK_POLICY_MAX_PEOPLE]);

/* Write a slot, all CFK__SLOT_SIZE bytes of it. CFK_E_LIMIT, CFK_E_NOMEM. */
int cfk__head_write(const struct cfk__head *head, const uint8_t *master, uint8_t *slot,
                    struct cfk_error *err);

enum cfk__slot_state {
    CFK__SLOT_GOOD,
    CFK__SLOT_DAMAGED,
    CFK__SLOT_NEWER, /* another version */
};

struct cfk__slot {
    enum cfk__slot_state state;
    uint64_t sequence;
    struct cfk__span body;
    size_t used; /* bytes of it all */
};

/* Judge slot number 0 or 1, of which size bytes are there. CFK_OK or CFK_E_NOMEM. */
int cfk__slot_look(const uint8_t *data, size_t size, unsigned number,
                   struct cfk__slot *slot, struct cfk_error *err);

/*
 * Read the body of a slot that is good. The policy is the caller's, also after
 * a failure. Spans point into the body. CFK_E_CORRUPT, CFK_E_NOTSUP, CFK_E_LIMIT (of
 * the costs), CFK_E_NOMEM.
 */
int cfk__head_read(const struct cfk__slot *slot, const struct cfk__kdf_limits *limits,
                   const struct cfk_alloc *alloc, struct cfk__head *head,
                   struct cfk_error *err);

/* Whether the slot was written with the master key. CFK_E_CORRUPT, CFK_E_NOMEM. */
int cfk__slot_check(const uint8_t *data, const struct cfk__slot *slot,
                    const uint8_t *master, struct cfk_error *err);

#endif
