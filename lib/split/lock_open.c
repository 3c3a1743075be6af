/* SPDX-License-Identifier: MIT */
/* People come together: each brings their shares, enough of them the key. */
#include "base/error.h"
#include "base/secret.h"
#include "split/handle.h"
#include "split/identity.h"
#include "split/policy_share.h"
#include "split/stream.h"

#include <string.h>

/* One answer for all that is not right, so that it tells a stranger nothing. */
static int refuse(struct cfk_error *err)
{
    return cfk__fail(err, CFK_E_PASSPHRASE,
                     "split: wrong passphrase or identity, or nobody who opens this lock "
                     "with it");
}

static int check_readable(const cfk_lock *lock, struct cfk_error *err)
{
    int rc = cfk__lock_for_people(lock, err);

    if (rc == CFK_OK && lock->now.generation == 0)
        return cfk__fail(err, CFK_E_STATE, "split: the lock was not sealed yet");
    return rc;
}

/* A person's shares to their places among all; or only how many bytes they are. */
static size_t scatter(const cfk_policy *policy, size_t person, const uint8_t *own,
                      uint8_t *shares)
{
    struct cfk__policy_leaf leaf;
    size_t at = 0;

    for (size_t i = 0; cfk__policy_leaf(policy, i, &leaf); i++) {
        size_t size = (size_t)leaf.count * CFK__MASTER_SIZE;

        if (leaf.person != person)
            continue;
        memcpy(shares + (size_t)leaf.first * CFK__MASTER_SIZE, own + at, size);
        at += size;
    }
    return at;
}

/* With the scalar that belongs to the person's public key. */
static int take_shares(cfk_lock *lock, size_t person, const uint8_t *scalar,
                       struct cfk_error *err)
{
    const struct cfk__holder *holder = &lock->now.people[person];
    struct cfk__wrap wrap = { &lock->now, person, scalar, lock->now.ephemeral };
    void *own;
    int rc = cfk__secret_new(holder->wrapped.size, &own, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk__unwrap(&wrap, holder->wrapped, own, err);
    if (rc == CFK_OK) {
        scatter(lock->now.policy, person, own, lock->keys->shares);
        lock->given[person] = true;
    }
    cfk__secret_free(own);
    if (rc == CFK_E_CORRUPT)
        return cfk__fail(err, rc, "split: what the lock holds for '%s' is forged",
                         cfk_policy_person(lock->now.policy, person));
    return rc;
}

static bool has_key(const cfk_lock *lock, size_t person, const uint8_t *public_key)
{
    const struct cfk__holder *holder = &lock->now.people[person];

    return holder->kind == CFK_LOCK_IDENTITY &&
           memcmp(holder->public_key, public_key, sizeof holder->public_key) == 0;
}

int cfk_lock_give_identity(cfk_lock *lock, const char *name, const cfk_identity *identity,
                           struct cfk_error *err)
{
    int rc = check_readable(lock, err);
    bool found = false;

    for (size_t i = 0; rc == CFK_OK && i < cfk_policy_people(lock->now.policy); i++) {
        const char *person = cfk_policy_person(lock->now.policy, i);

        if (!has_key(lock, i, identity->public_key) ||
            (name != NULL && strcmp(person, name) != 0))
            continue;
        found = true;
        rc = take_shares(lock, i, identity->scalar, err);
        cfk__lock_tell(lock, CFK_LOCK_GAVE, rc, person);
    }
    if (rc != CFK_OK || found)
        return rc;
    return cfk__lock_tell(lock, CFK_LOCK_GAVE, refuse(err), name);
}

/* --- passphrases --- */

/* Who is not there costs as much as who is: somebody else, or the usual. */
static struct cfk__holder nobody(const cfk_lock *lock)
{
    struct cfk__holder holder = { .cost = { 65536, 3, 1 } };

    for (size_t i = 0; i < cfk_policy_people(lock->now.policy); i++)
        if (lock->now.people[i].kind == CFK_LOCK_PASSPHRASE)
            return lock->now.people[i];
    return holder;
}

/* Of those tried together; a person who tries again is counted once. */
static int check_work(cfk_lock *lock, size_t person, struct cfk_error *err)
{
    uint64_t most = cfk__lock_most_work(lock);

    if (lock->tried[person])
        return CFK_OK;
    if (cfk__lock_work(&lock->now.people[person]) > most - lock->work)
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: these passphrases together cost more than is allowed");
    lock->work += cfk__lock_work(&lock->now.people[person]);
    lock->tried[person] = true;
    return CFK_OK;
}

/* Whether the scalar in scratch is that of the public key. */
static int check_scalar(const cfk_lock *lock, const struct cfk__holder *holder,
                        struct cfk_error *err)
{
    uint8_t public_key[CFK__X25519_SIZE];
    int rc = cfk__x25519_public(public_key, lock->keys->scratch, err);

    if (rc == CFK_OK &&
        !cfk__equal_secret(public_key, holder->public_key, sizeof public_key))
        rc = refuse(err);
    return rc;
}

static int try_passphrase(cfk_lock *lock, uint16_t person, struct cfk__span passphrase,
                          struct cfk_error *err)
{
    bool there = person != CFK__POLICY_NONE &&
                 lock->now.people[person].kind == CFK_LOCK_PASSPHRASE;
    struct cfk__holder holder = there ? lock->now.people[person] : nobody(lock);
    int rc = there ? check_work(lock, person, err) : CFK_OK;

    if (rc == CFK_OK)
        rc = cfk__lock_scalar(&holder, passphrase, lock->keys->scratch, err);
    if (rc == CFK_OK)
        rc = there ? check_scalar(lock, &holder, err) : refuse(err);
    if (rc == CFK_OK)
        rc = take_shares(lock, person, lock->keys->scratch, err);
    cfk__wipe(lock->keys->scratch, sizeof lock->keys->scratch);
    return rc;
}

int cfk_lock_give_passphrase(cfk_lock *lock, const char *name, const void *passphrase,
                             size_t size, struct cfk_error *err)
{
    uint16_t person;
    int rc = check_readable(lock, err);

    if (rc != CFK_OK)
        return rc;
    if (size > CFK_IDENTITY_MAX_PASSPHRASE)
        return cfk__fail(err, CFK_E_LIMIT, "split: a passphrase of %zu bytes, not %d",
                         size, CFK_IDENTITY_MAX_PASSPHRASE);
    person = cfk__policy_find(lock->now.policy, name, strlen(name));
    rc = try_passphrase(lock, person, (struct cfk__span){ passphrase, size }, err);
    return cfk__lock_tell(lock, CFK_LOCK_GAVE, rc, name);
}

/* --- the key --- */

/* "bob and carol", as many as fit. */
static void list_missing(const cfk_lock *lock, char *text, size_t size)
{
    const char *names[CFK_POLICY_MAX_PEOPLE];
    size_t count = cfk_lock_missing(lock, names);
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " and " : ", ";
        size_t more = strlen(between) + strlen(names[i]);

        if (more + 4 >= size - used) {
            memcpy(text + used, "...", 4);
            return;
        }
        memcpy(text + used, between, strlen(between));
        memcpy(text + used + strlen(between), names[i], strlen(names[i]) + 1);
        used += more;
    }
}

static int find_key(cfk_lock *lock, struct cfk_error *err)
{
    char missing[160];
    int rc;

    if (!cfk__policy_met(lock->now.policy, lock->given)) {
        list_missing(lock, missing, sizeof missing);
        return cfk__fail(err, CFK_E_NEED_MORE, "split: not enough people; %s would do",
                         missing);
    }
    rc = cfk__policy_recover(lock->now.policy, lock->given, lock->keys->shares,
                             CFK__MASTER_SIZE, lock->keys->master, err);
    if (rc == CFK_OK)
        rc =
            cfk__slot_check(lock->slots + lock->now.sequence % 2 * (size_t)CFK__SLOT_SIZE,
                            &lock->slot, lock->keys->master, err);
    if (rc != CFK_OK)
        cfk__wipe(lock->keys->master, sizeof lock->keys->master);
    return rc;
}

int cfk_lock_open(cfk_lock *lock, struct cfk_error *err)
{
    int rc = check_readable(lock, err);

    if (rc != CFK_OK || lock->open)
        return rc;
    rc = find_key(lock, err);
    lock->open = rc == CFK_OK;
    return cfk__lock_tell(lock, CFK_LOCK_OPENED, rc, NULL);
}

int cfk_lock_opener(cfk_lock *lock, cfk_split_opener **out, struct cfk_error *err)
{
    struct cfk__place place = { .kind = CFK_LOCK_PEOPLE };

    *out = NULL;
    if (!lock->open)
        return cfk__fail(err, CFK_E_STATE, "split: the lock is not open");
    memcpy(place.lock_id, lock->now.lock_id, sizeof place.lock_id);
    return cfk__opener_new(lock->keys->master, &place, &lock->alloc, out, err);
}
