/* SPDX-License-Identifier: MIT */
/* Locks opened by delegations: which of them match, which are taken, and the spending. */
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/handle.h"
#include "split/identity.h"
#include "split/keeper.h"
#include "split/policy_share.h"

#include <string.h>

enum { COST = 256, COST_IDENTITY = COST + 1 }; /* fewer people go before cheaper ones */

/* --- a person's shares in a lock --- */

enum way { COUNT, OUT_OF_LOCK, INTO_LOCK, WIPE_IN_LOCK };

/* A person's leaves one after the other. Returns the bytes that they are. */
static size_t walk_shares(const cfk_lock *lock, uint16_t person, enum way way,
                          uint8_t *own, const uint8_t *from)
{
    struct cfk__policy_leaf leaf;
    size_t at = 0;

    for (size_t i = 0; cfk__policy_leaf(lock->now.policy, i, &leaf); i++) {
        size_t size = (size_t)leaf.count * CFK__MASTER_SIZE;
        uint8_t *place = lock->keys->shares + (size_t)leaf.first * CFK__MASTER_SIZE;

        if (leaf.person != person)
            continue;
        if (way == OUT_OF_LOCK)
            memcpy(own + at, place, size);
        else if (way == INTO_LOCK)
            memcpy(place, from + at, size);
        else if (way == WIPE_IN_LOCK)
            cfk__wipe(place, size);
        at += size;
    }
    return at;
}

size_t cfk__keeper_shares_size(const cfk_lock *lock, uint16_t person)
{
    return walk_shares(lock, person, COUNT, NULL, NULL);
}

void cfk__keeper_copy_shares(const cfk_lock *lock, uint16_t person, uint8_t *own)
{
    walk_shares(lock, person, OUT_OF_LOCK, own, NULL);
}

static void place_shares(cfk_lock *lock, uint16_t person, const uint8_t *own)
{
    walk_shares(lock, person, INTO_LOCK, NULL, own);
    lock->given[person] = true;
}

static void take_back(cfk_lock *lock, uint16_t person)
{
    walk_shares(lock, person, WIPE_IN_LOCK, NULL, NULL);
    lock->given[person] = false;
}

/* --- who matches --- */

static bool has_name(const char *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++, names += strlen(names) + 1)
        if (strcmp(names, name) == 0)
            return true;
    return false;
}

static bool matches_labels(const struct cfk__delegation *d,
                           const struct cfk_keeper_request *r)
{
    size_t found = 0;

    if (r->label_count == 0)
        return d->unlabelled;
    for (size_t i = 0; i < r->label_count; i++)
        found += has_name(d->labels, d->label_count, r->labels[i]);
    return d->any_label ? found > 0 : found == r->label_count;
}

/* Whether it holds what the lock has for the person. */
static bool is_for(const struct cfk__delegation *d, const cfk_lock *lock, uint16_t person)
{
    const struct cfk__holder *holder = &lock->now.people[person];

    if (!d->identity)
        return d->generation == lock->now.generation &&
               memcmp(d->lock_id, lock->now.lock_id, sizeof d->lock_id) == 0;
    return holder->kind == CFK_LOCK_IDENTITY &&
           memcmp(holder->public_key, d->public_key, sizeof d->public_key) == 0;
}

/* The delegation that would be taken of each person; NULL for those who gave. */
struct choice {
    struct cfk__delegation *of[CFK_POLICY_MAX_PEOPLE];
};

/* They are walked in the order in which they end, and shares go before identities. */
static void match(const cfk_keeper *keeper, const cfk_lock *lock,
                  const struct cfk_keeper_request *r, struct choice *c)
{
    memset(c, 0, sizeof *c);
    for (uint32_t i = 0; i < keeper->count; i++) {
        struct cfk__delegation *d = keeper->list[i];
        uint16_t person;

        if (d->refused || !matches_labels(d, r) ||
            !(d->anyone || has_name(d->askers, d->asker_count, r->asker)))
            continue;
        person = cfk__policy_find(lock->now.policy, d->person, strlen(d->person));
        if (person == CFK__POLICY_NONE || lock->given[person] || !is_for(d, lock, person))
            continue;
        if (c->of[person] == NULL || (c->of[person]->identity && !d->identity))
            c->of[person] = d;
    }
}

static int import_request(struct cfk_keeper_request *r,
                          const struct cfk_keeper_request *given, struct cfk_error *err)
{
    int rc = cfk__options_import(r, sizeof *r, given, err);

    if (rc != CFK_OK)
        return rc;
    if (r->asker == NULL)
        return cfk__fail(err, CFK_E_INVALID, "split: a request names who asks");
    if (r->label_count > CFK_KEEPER_MAX_NAMES)
        return cfk__fail(err, CFK_E_LIMIT, "split: %zu labels, not at most %d",
                         r->label_count, CFK_KEEPER_MAX_NAMES);
    for (size_t i = 0; i < r->label_count; i++)
        if (!cfk__keeper_name_ok(r->labels[i]) || r->labels[i][0] == '\0')
            return cfk__fail(err, CFK_E_INVALID, "split: label %zu is not a name", i + 1);
    return CFK_OK;
}

static int check_lock(const cfk_lock *lock, struct cfk_error *err)
{
    int rc = cfk__lock_for_people(lock, err);

    if (rc == CFK_OK && lock->now.generation == 0)
        rc = cfk__fail(err, CFK_E_STATE, "split: the lock was not sealed yet");
    return rc;
}

size_t cfk_keeper_helpers(cfk_keeper *keeper, const cfk_lock *lock,
                          const struct cfk_keeper_request *request, int64_t now,
                          const char **names)
{
    struct cfk_keeper_request r;
    struct choice c;
    bool have[CFK_POLICY_MAX_PEOPLE] = { false };
    bool help[CFK_POLICY_MAX_PEOPLE];
    size_t count = 0;

    cfk__keeper_set_time(keeper, now);
    if (import_request(&r, request, NULL) != CFK_OK || check_lock(lock, NULL) != CFK_OK)
        return 0;
    match(keeper, lock, &r, &c);
    for (size_t i = 0; i < lock->now.policy->people_count; i++)
        have[i] = lock->given[i] || c.of[i] != NULL;
    cfk__policy_helpers(lock->now.policy, have, help);
    for (size_t i = 0; i < lock->now.policy->people_count; i++)
        if (help[i])
            names[count++] = lock->now.policy->people[i];
    return count;
}

/* --- opening --- */

/* Leave in the choice those whom the cheapest set of people needs. */
static int choose(const cfk_lock *lock, struct choice *c, struct cfk_error *err)
{
    const cfk_policy *policy = lock->now.policy;
    uint32_t cost[CFK_POLICY_MAX_PEOPLE];
    bool take[CFK_POLICY_MAX_PEOPLE];

    for (size_t i = 0; i < policy->people_count; i++) {
        cost[i] = lock->given[i] ? 0 : CFK__POLICY_NEVER;
        if (c->of[i] != NULL)
            cost[i] = c->of[i]->identity ? COST_IDENTITY : COST;
    }
    if (!cfk__policy_choose(policy, cost, take))
        return cfk__fail(err, CFK_E_NEED_MORE,
                         "split: not enough delegations match for %.150s", policy->text);
    for (size_t i = 0; i < policy->people_count; i++)
        if (!take[i])
            c->of[i] = NULL;
    return CFK_OK;
}

/* What the delegation stands for goes into the lock. */
static int bring(cfk_keeper *keeper, cfk_lock *lock, uint16_t person,
                 const struct cfk__delegation *d, struct cfk_error *err)
{
    uint8_t *own = keeper->keys->shares;
    cfk_identity identity = { .scalar = own };
    int rc;

    memcpy(own, d->masked, d->masked_size);
    rc = cfk__keeper_mask(keeper, d->serial, own, d->masked_size, err);
    if (rc == CFK_OK && d->identity) {
        memcpy(identity.public_key, d->public_key, sizeof d->public_key);
        rc = cfk_lock_give_identity(lock, d->person, &identity, err);
    } else if (rc == CFK_OK) {
        place_shares(lock, person, own);
    }
    cfk__wipe(own, d->masked_size);
    return rc;
}

/* Also behind a success: nobody is to delegate again what was delegated to us. */
static void bring_back(cfk_lock *lock, const struct choice *c)
{
    for (uint16_t i = 0; i < lock->now.policy->people_count; i++)
        if (c->of[i] != NULL)
            take_back(lock, i);
}

/* Bring all of the choice. What is damaged for one person is refused: *again. */
static int bring_all(cfk_keeper *keeper, cfk_lock *lock, const struct choice *c,
                     bool *again, struct cfk_error *err)
{
    int rc = CFK_OK;

    *again = false;
    for (uint16_t i = 0; i < lock->now.policy->people_count && rc == CFK_OK; i++) {
        if (c->of[i] == NULL)
            continue;
        rc = bring(keeper, lock, i, c->of[i], err);
        *again = rc == CFK_E_CORRUPT;
        c->of[i]->refused = *again;
    }
    return rc;
}

/* With other people as long as what the lock holds for somebody is damaged. */
static int open_with(cfk_keeper *keeper, cfk_lock *lock,
                     const struct cfk_keeper_request *r, struct choice *c,
                     struct cfk_error *err)
{
    struct cfk_error more;
    bool refused = false;
    bool again;
    int rc;

    do {
        match(keeper, lock, r, c);
        rc = choose(lock, c, &more);
        if (rc != CFK_OK) {
            if (!refused && err != NULL)
                *err = more;
            return refused ? CFK_E_CORRUPT : rc;
        }
        rc = bring_all(keeper, lock, c, &again, err);
        if (rc == CFK_OK)
            rc = cfk_lock_open(lock, err);
        bring_back(lock, c);
        refused = refused || again;
    } while (again);
    return rc;
}

static void spend(cfk_keeper *keeper, const struct choice *c, const char *asker)
{
    for (size_t i = 0; i < CFK_POLICY_MAX_PEOPLE; i++)
        if (c->of[i] != NULL)
            cfk__keeper_use(keeper, c->of[i], asker);
}

int cfk_keeper_open(cfk_keeper *keeper, cfk_lock *lock,
                    const struct cfk_keeper_request *request, int64_t now,
                    struct cfk_error *err)
{
    struct cfk_keeper_request r;
    struct choice c;
    int rc;

    cfk__keeper_set_time(keeper, now);
    rc = import_request(&r, request, err);
    if (rc == CFK_OK)
        rc = check_lock(lock, err);
    if (rc != CFK_OK || lock->open)
        return rc;
    for (uint32_t i = 0; i < keeper->count; i++)
        keeper->list[i]->refused = false;
    rc = open_with(keeper, lock, &r, &c, err);
    cfk__keeper_tell(keeper, (struct cfk_keeper_event){ .what = CFK_KEEPER_OPENED,
                                                        .code = rc,
                                                        .asker = r.asker,
                                                        .id = lock->now.lock_id });
    if (rc == CFK_OK)
        spend(keeper, &c, r.asker);
    return rc;
}
