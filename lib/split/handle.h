/* SPDX-License-Identifier: MIT */
/* A lock for people inside: the head as it is, the head as planned, the keys. */
#ifndef CFK_SPLIT_HANDLE_H
#define CFK_SPLIT_HANDLE_H

#include "split/head.h"

/* In secret memory. */
struct cfk__lock_keys {
    uint8_t master[CFK__MASTER_SIZE];
    uint8_t scratch[CFK__X25519_SIZE]; /* a scalar, while it is used */
    uint8_t shares[CFK_POLICY_MAX_LEAVES * CFK__MASTER_SIZE]; /* in their places */
};

struct cfk_lock {
    struct cfk_lock_options options; /* alloc is not used */
    struct cfk_alloc alloc;
    struct cfk__place place; /* kind; the ids of a lock for shares */
    struct cfk__head now;    /* generation 0: there is none */
    struct cfk__slot slot;   /* of now, in slots */
    struct cfk__head next;   /* policy NULL: nothing is planned */
    bool given[CFK_POLICY_MAX_PEOPLE];
    bool tried[CFK_POLICY_MAX_PEOPLE]; /* their passphrase cost work */
    uint64_t work;                     /* KiB times passes */
    bool open;
    bool damaged;
    bool interrupted;
    struct cfk__lock_keys *keys;
    uint8_t *slots; /* CFK_LOCK_HEAD bytes, or NULL for a lock that shares open */
};

static inline struct cfk__kdf_limits cfk__lock_limits(const cfk_lock *lock)
{
    return (struct cfk__kdf_limits){ lock->options.max_memory_kib,
                                     lock->options.max_passes };
}

/* The most KiB times passes that all passphrases of an opening may cost together. */
uint64_t cfk__lock_most_work(const cfk_lock *lock);

static inline uint64_t cfk__lock_work(const struct cfk__holder *person)
{
    return (uint64_t)person->cost.memory_kib * person->cost.passes;
}

/* Tell the audit, if there is one, and return code. */
int cfk__lock_tell(const cfk_lock *lock, int what, int code, const char *person);

/* CFK_E_STATE where shares open the lock. */
int cfk__lock_for_people(const cfk_lock *lock, struct cfk_error *err);

/*
 * The X25519 scalar that a passphrase gives, from the costs and the salt of a person.
 * Errors of cfk__kdf().
 */
int cfk__lock_scalar(const struct cfk__holder *person, struct cfk__span passphrase,
                     uint8_t scalar[CFK__X25519_SIZE], struct cfk_error *err);

/* A person's shares in the head, on their way in or out. */
struct cfk__wrap {
    const struct cfk__head *head;
    size_t person;
    const uint8_t *scalar; /* the person's, or that of the ephemeral key */
    const uint8_t *point;  /* the other's public key */
};

/* size bytes of data to size + CFK__WRAP_TAG in out. CFK_E_NOMEM. */
int cfk__wrap(const struct cfk__wrap *wrap, const uint8_t *data, size_t size,
              uint8_t *out, struct cfk_error *err);

/* size bytes to size - CFK__WRAP_TAG, in out. CFK_E_CORRUPT. */
int cfk__unwrap(const struct cfk__wrap *wrap, struct cfk__span wrapped, uint8_t *out,
                struct cfk_error *err);

#endif
