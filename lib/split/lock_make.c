/* SPDX-License-Identifier: MIT */
/* Locks made and changed: a plan of who opens it, then a head that says so. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "split/bech32.h"
#include "split/handle.h"
#include "split/policy_share.h"
#include "split/stream.h"

#include <string.h>

enum { DEFAULT_MEMORY_KIB = 65536, DEFAULT_PASSES = 3, DEFAULT_LANES = 1 };

/* --- the plan --- */

/* People of both policies keep their keys; what is wrapped for them will be made. */
static void carry_keys(const struct cfk__head *from, struct cfk__head *to)
{
    if (from->policy == NULL)
        return;
    for (size_t i = 0; i < cfk_policy_people(to->policy); i++) {
        const char *name = cfk_policy_person(to->policy, i);
        uint16_t before = cfk__policy_find(from->policy, name, strlen(name));

        if (before != CFK__POLICY_NONE)
            to->people[i] = from->people[before];
    }
}

int cfk_lock_set_policy(cfk_lock *lock, const char *policy, size_t len,
                        struct cfk_error *err)
{
    struct cfk_policy_options opts = { .size = sizeof opts,
                                       .allow_single = lock->options.allow_single,
                                       .alloc = &lock->alloc };
    struct cfk__head *plan;
    int rc = cfk__lock_for_people(lock, err);

    if (rc != CFK_OK)
        return rc;
    plan = cfk__calloc(&lock->alloc, 1, sizeof *plan);
    if (plan == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a policy");
    rc = cfk_policy_parse(policy, len, &opts, &plan->policy, err);
    if (rc == CFK_OK) {
        carry_keys(lock->next.policy != NULL ? &lock->next : &lock->now, plan);
        cfk_policy_free(lock->next.policy);
        lock->next = *plan;
    }
    cfk__free(&lock->alloc, plan);
    return rc;
}

/* The planned person, in a plan that is the head as it is where there is none yet. */
static int plan_person(cfk_lock *lock, const char *name, struct cfk__holder **out,
                       struct cfk_error *err)
{
    const char *policy;
    uint16_t person;
    int rc = cfk__lock_for_people(lock, err);

    if (rc == CFK_OK && lock->next.policy == NULL) {
        policy = cfk_policy_text(lock->now.policy);
        rc = cfk_lock_set_policy(lock, policy, strlen(policy), err);
    }
    if (rc != CFK_OK)
        return rc;
    person = cfk__policy_find(lock->next.policy, name, strlen(name));
    if (person == CFK__POLICY_NONE)
        return cfk__fail(err, CFK_E_NOTFOUND,
                         "split: the policy has nobody named '%.64s'", name);
    *out = &lock->next.people[person];
    return CFK_OK;
}

int cfk_lock_set_public(cfk_lock *lock, const char *name, const char *public_text,
                        struct cfk_error *err)
{
    struct cfk__holder holder = { .kind = CFK_LOCK_IDENTITY };
    struct cfk__holder *person;
    int rc = cfk__public_read(public_text, strlen(public_text), holder.public_key, err);

    if (rc == CFK_OK)
        rc = plan_person(lock, name, &person, err);
    if (rc == CFK_OK)
        *person = holder;
    return rc;
}

static int check_passphrase(const cfk_lock *lock, size_t size, struct cfk__holder *holder,
                            struct cfk_error *err)
{
    struct cfk__kdf_limits limits = cfk__lock_limits(lock);
    const struct cfk_lock_options *o = &lock->options;

    if (size == 0)
        return cfk__fail(err, CFK_E_INVALID, "split: an empty passphrase keeps nothing");
    if (size > CFK_IDENTITY_MAX_PASSPHRASE)
        return cfk__fail(err, CFK_E_LIMIT, "split: a passphrase of %zu bytes, not %d",
                         size, CFK_IDENTITY_MAX_PASSPHRASE);
    holder->cost = (struct cfk__kdf_cost){
        .memory_kib = o->memory_kib != 0 ? o->memory_kib : DEFAULT_MEMORY_KIB,
        .passes = o->passes != 0 ? o->passes : DEFAULT_PASSES,
        .lanes = o->lanes != 0 ? o->lanes : DEFAULT_LANES,
    };
    return cfk__kdf_check(&holder->cost, &limits, err);
}

int cfk_lock_set_passphrase(cfk_lock *lock, const char *name, const void *passphrase,
                            size_t size, struct cfk_error *err)
{
    struct cfk__holder holder = { .kind = CFK_LOCK_PASSPHRASE };
    struct cfk__holder *person;
    uint8_t *scalar = lock->keys->scratch;
    int rc = check_passphrase(lock, size, &holder, err);

    if (rc == CFK_OK)
        rc = plan_person(lock, name, &person, err);
    if (rc == CFK_OK)
        rc = cfk__random(holder.salt, sizeof holder.salt, err);
    if (rc == CFK_OK)
        rc = cfk__lock_scalar(&holder, (struct cfk__span){ passphrase, size }, scalar,
                              err);
    if (rc == CFK_OK)
        rc = cfk__x25519_public(holder.public_key, scalar, err);
    if (rc == CFK_OK)
        *person = holder;
    cfk__wipe(scalar, CFK__X25519_SIZE);
    return rc;
}

/* --- what a plan must have --- */

static int check_keys(const cfk_lock *lock, const struct cfk__head *plan,
                      struct cfk_error *err)
{
    size_t people = cfk_policy_people(plan->policy);

    for (size_t i = 0; i < people; i++) {
        if (plan->people[i].kind == 0)
            return cfk__fail(err, CFK_E_STATE, "split: '%s' has no key yet",
                             cfk_policy_person(plan->policy, i));
        for (size_t j = 0; j < i && lock->options.allow_single == 0; j++)
            if (memcmp(plan->people[i].public_key, plan->people[j].public_key,
                       CFK__X25519_SIZE) == 0)
                return cfk__fail(err, CFK_E_INVALID,
                                 "split: '%s' and '%s' have the same key: they would be "
                                 "one person",
                                 cfk_policy_person(plan->policy, j),
                                 cfk_policy_person(plan->policy, i));
    }
    return CFK_OK;
}

/* Those who open it at the least cost must be within what a reader pays. */
static int check_cost(const cfk_lock *lock, const struct cfk__head *plan,
                      struct cfk_error *err)
{
    uint64_t most = cfk__lock_most_work(lock);
    uint64_t unit = most / 65536 + 1; /* costs are compared in so many */
    uint32_t cost[CFK_POLICY_MAX_PEOPLE];
    bool take[CFK_POLICY_MAX_PEOPLE];
    uint64_t work = 0;

    for (size_t i = 0; i < cfk_policy_people(plan->policy); i++)
        cost[i] = (uint32_t)(cfk__lock_work(&plan->people[i]) / unit);
    cfk__policy_choose(plan->policy, cost, take);
    for (size_t i = 0; i < cfk_policy_people(plan->policy); i++)
        work += take[i] ? cfk__lock_work(&plan->people[i]) : 0;
    if (work > most)
        return cfk__fail(err, CFK_E_LIMIT,
                         "split: the passphrases of those whom it takes would together "
                         "cost more than is allowed");
    return CFK_OK;
}

/* --- the head --- */

/* In secret memory. */
struct work {
    uint8_t ephemeral[CFK__X25519_SIZE];
    uint8_t shares[CFK_POLICY_MAX_LEAVES * CFK__MASTER_SIZE];
    uint8_t own[CFK_POLICY_MAX_LEAVES * CFK__MASTER_SIZE]; /* of one person */
};

/* The shares of a person, one after the other. */
static size_t gather(const cfk_policy *policy, size_t person, const uint8_t *shares,
                     uint8_t *own)
{
    struct cfk__policy_leaf leaf;
    size_t at = 0;

    for (size_t i = 0; cfk__policy_leaf(policy, i, &leaf); i++) {
        size_t size = (size_t)leaf.count * CFK__MASTER_SIZE;

        if (leaf.person != person)
            continue;
        memcpy(own + at, shares + (size_t)leaf.first * CFK__MASTER_SIZE, size);
        at += size;
    }
    return at;
}

/* All shares to the people of the head, in wraps, which has room. */
static int wrap_all(struct cfk__head *head, struct work *work, uint8_t *wraps,
                    struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = 0; i < cfk_policy_people(head->policy) && rc == CFK_OK; i++) {
        struct cfk__holder *person = &head->people[i];
        struct cfk__wrap wrap = { head, i, work->ephemeral, person->public_key };
        size_t size = gather(head->policy, i, work->shares, work->own);

        rc = cfk__wrap(&wrap, work->own, size, wraps, err);
        person->wrapped = (struct cfk__span){ wraps, size + CFK__WRAP_TAG };
        wraps += size + CFK__WRAP_TAG;
    }
    return rc;
}

/* Share the master key among the people of the head, under a new ephemeral key. */
static int share(struct cfk__head *head, const uint8_t *master, uint8_t *wraps,
                 struct cfk_error *err)
{
    struct work *work;
    void *secret;
    int rc = cfk__secret_new(sizeof *work, &secret, err);

    work = secret;
    if (rc == CFK_OK)
        rc = cfk__random(work->ephemeral, sizeof work->ephemeral, err);
    if (rc == CFK_OK)
        rc = cfk__x25519_public(head->ephemeral, work->ephemeral, err);
    if (rc == CFK_OK)
        rc = cfk__policy_share(head->policy, master, CFK__MASTER_SIZE, work->shares, err);
    if (rc == CFK_OK)
        rc = wrap_all(head, work, wraps, err);
    cfk__secret_free(secret);
    return rc;
}

/* Both copies, the one that goes over the stale slot first. */
static int write_slots(struct cfk__head *head, const uint8_t *master, uint8_t *slots,
                       struct cfk_error *err)
{
    int rc = CFK_OK;

    for (int i = 0; i < 2 && rc == CFK_OK; i++) {
        head->sequence++;
        rc = cfk__head_write(head, master,
                             slots + head->sequence % 2 * (size_t)CFK__SLOT_SIZE, err);
    }
    return rc;
}

/* The new head becomes the present one; its spans now point into the slots. */
static int adopt(cfk_lock *lock, struct cfk__head *head, uint8_t *slots,
                 struct cfk_error *err)
{
    struct cfk__kdf_limits limits = cfk__lock_limits(lock);
    unsigned newest = head->sequence % 2;
    cfk_policy *policy = head->policy;
    struct cfk__slot slot;
    int rc = cfk__slot_look(slots + newest * (size_t)CFK__SLOT_SIZE, CFK__SLOT_SIZE,
                            newest, &slot, err);

    head->policy = NULL;
    if (rc == CFK_OK)
        rc = cfk__head_read(&slot, &limits, &lock->alloc, head, err);
    if (rc != CFK_OK) {
        cfk_policy_free(head->policy);
        head->policy = policy;
        return rc;
    }
    cfk_policy_free(policy);
    cfk_policy_free(lock->now.policy);
    cfk__free(&lock->alloc, lock->slots);
    lock->now = *head;
    memset(&lock->next, 0, sizeof lock->next);
    lock->slot = slot;
    lock->slots = slots;
    lock->damaged = false;
    lock->interrupted = false;
    return CFK_OK;
}

/* The head as planned, with its ids and numbers, takes the place of the present one. */
static int make_head(cfk_lock *lock, const uint8_t *master, struct cfk_error *err)
{
    size_t room = (size_t)CFK_POLICY_MAX_LEAVES * CFK__MASTER_SIZE +
                  (size_t)CFK_POLICY_MAX_PEOPLE * CFK__WRAP_TAG;
    uint8_t *slots = cfk__calloc(&lock->alloc, 1, CFK_LOCK_HEAD);
    uint8_t *wraps = cfk__malloc(&lock->alloc, room);
    struct cfk__head *head = &lock->next;
    int rc = CFK_OK;

    if (slots == NULL || wraps == NULL)
        rc = cfk__fail(err, CFK_E_NOMEM, "split: no memory for the head of a lock");
    if (rc == CFK_OK)
        rc = share(head, master, wraps, err);
    if (rc == CFK_OK)
        rc = write_slots(head, master, slots, err);
    if (rc == CFK_OK)
        rc = adopt(lock, head, slots, err);
    cfk__free(&lock->alloc, wraps);
    if (rc != CFK_OK)
        cfk__free(&lock->alloc, slots);
    return rc;
}

/* What both ways to a new head ask for; without a plan it is that of the present head. */
static int check_plan(cfk_lock *lock, struct cfk_error *err)
{
    int rc = cfk__lock_for_people(lock, err);

    if (rc != CFK_OK)
        return rc;
    if (lock->now.generation != 0 && !lock->open)
        return cfk__fail(err, CFK_E_STATE, "split: the lock is not open");
    if (lock->next.policy == NULL) {
        const char *policy = cfk_policy_text(lock->now.policy);

        rc = cfk_lock_set_policy(lock, policy, strlen(policy), err);
    }
    if (rc == CFK_OK)
        rc = check_keys(lock, &lock->next, err);
    if (rc == CFK_OK)
        rc = check_cost(lock, &lock->next, err);
    return rc;
}

/* People and shares of before are of no more use. */
static void forget_given(cfk_lock *lock)
{
    cfk__wipe(lock->keys->shares, sizeof lock->keys->shares);
    memset(lock->given, 0, sizeof lock->given);
    memset(lock->tried, 0, sizeof lock->tried);
    lock->work = 0;
}

static int seal_anew(cfk_lock *lock, uint8_t *master, cfk_split_sealer **out,
                     struct cfk_error *err)
{
    struct cfk__place place = { .kind = CFK_LOCK_PEOPLE };
    int rc = cfk__random(master, CFK__MASTER_SIZE, err);

    if (rc == CFK_OK)
        rc = cfk__random(place.lock_id, sizeof place.lock_id, err);
    lock->next.sequence = 0;
    lock->next.generation = 1;
    memcpy(lock->next.lock_id, place.lock_id, sizeof place.lock_id);
    if (rc == CFK_OK)
        rc = cfk__sealer_new(master, &place, &lock->alloc, out, err);
    if (rc == CFK_OK)
        rc = make_head(lock, master, err);
    if (rc == CFK_OK)
        return CFK_OK;
    cfk_split_sealer_free(*out);
    *out = NULL;
    return rc;
}

int cfk_lock_seal(cfk_lock *lock, cfk_split_sealer **out, struct cfk_error *err)
{
    void *master;
    int rc;

    *out = NULL;
    rc = check_plan(lock, err);
    if (rc == CFK_OK)
        rc = cfk__secret_new(CFK__MASTER_SIZE, &master, err);
    if (rc != CFK_OK)
        return rc;
    rc = seal_anew(lock, master, out, err);
    if (rc == CFK_OK) {
        forget_given(lock);
        memcpy(lock->keys->master, master, CFK__MASTER_SIZE);
        lock->open = true;
    }
    cfk__secret_free(master);
    return cfk__lock_tell(lock, CFK_LOCK_SEALED, rc, NULL);
}

int cfk_lock_change(cfk_lock *lock, struct cfk_error *err)
{
    struct cfk__head *plan = &lock->next;
    int rc;

    if (lock->now.generation == 0)
        return cfk__fail(err, CFK_E_STATE, "split: the lock was not sealed yet");
    if (lock->now.generation == UINT32_MAX)
        return cfk__fail(err, CFK_E_LIMIT, "split: the lock was changed too often");
    rc = check_plan(lock, err);
    if (rc != CFK_OK)
        return rc;
    plan->sequence = lock->now.sequence;
    plan->generation = lock->now.generation + 1;
    memcpy(plan->lock_id, lock->now.lock_id, sizeof plan->lock_id);
    rc = make_head(lock, lock->keys->master, err);
    if (rc == CFK_OK)
        forget_given(lock);
    return cfk__lock_tell(lock, CFK_LOCK_CHANGED, rc, NULL);
}
