/* SPDX-License-Identifier: MIT */
/* Delegations inside: what is known of each, and its secret under a mask. */
#ifndef CFK_SPLIT_KEEPER_H
#define CFK_SPLIT_KEEPER_H

#include "cfkit/keeper.h"
#include "split/lock.h"
#include "split/policy.h"

#include <stdbool.h>

/* In one block of memory: the strings and the secret stand behind it. */
struct cfk__delegation {
    int64_t expiry;
    uint64_t uses;
    uint64_t serial;                      /* of the mask, never used twice */
    uint8_t public_key[CFK__X25519_SIZE]; /* of an identity */
    uint8_t lock_id[CFK__LOCK_ID_SIZE];   /* of the lock whose shares they are */
    uint32_t generation;
    bool identity;
    bool anyone;
    bool any_label;
    bool unlabelled;
    bool refused; /* while a lock is being opened: it did not do */
    const char *person;
    const char *slot;
    const char *askers; /* asker_count strings, one after the other with their NULs */
    const char *labels;
    size_t asker_count;
    size_t label_count;
    uint8_t *masked;
    size_t masked_size;
    size_t block_size;
};

/* In secret memory. */
struct cfk__keeper_keys {
    uint8_t mask[CFK__SHA512_SIZE];
    uint8_t shares[CFK_POLICY_MAX_LEAVES * CFK__MASTER_SIZE]; /* of one person */
};

struct cfk_keeper {
    struct cfk_keeper_options options; /* alloc is not used */
    struct cfk_alloc alloc;
    int64_t latest; /* time that was told */
    uint64_t serial;
    uint32_t count;
    struct cfk__delegation **list; /* in the order in which they end */
    struct cfk__keeper_keys *keys;
};

/* Mask or unmask what belongs to a serial number. CFK_OK or CFK_E_NOMEM. */
int cfk__keeper_mask(const cfk_keeper *keeper, uint64_t serial, uint8_t *data,
                     size_t size, struct cfk_error *err);

/* Whether a name, of a slot, an asker or a label, is one: UTF-8, not too long. */
bool cfk__keeper_name_ok(const char *name);

/* Take the time in, and wipe what has ended by then. */
void cfk__keeper_set_time(cfk_keeper *keeper, int64_t now);

/* One use less; the last wipes it. */
void cfk__keeper_use(cfk_keeper *keeper, struct cfk__delegation *d, const char *asker);

void cfk__keeper_tell(const cfk_keeper *keeper, struct cfk_keeper_event event);

/* The size of a person's shares in a lock, and a copy of them. */
size_t cfk__keeper_shares_size(const cfk_lock *lock, uint16_t person);
void cfk__keeper_copy_shares(const cfk_lock *lock, uint16_t person, uint8_t *own);

#endif
