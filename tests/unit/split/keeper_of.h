/* SPDX-License-Identifier: MIT */
/* People, their locks and their delegations for tests. */
#ifndef KEEPER_OF_H
#define KEEPER_OF_H

#include "cfkit/keeper.h"
#include "unit.h"

#include <string.h>

#define NS INT64_C(1000000000)

enum { MOST_PEOPLE = 8 };

/* Everybody of a policy has an identity, in the order of the policy. */
struct people {
    size_t count;
    const char *names[MOST_PEOPLE];
    cfk_identity *identities[MOST_PEOPLE];
};

static inline struct people people_of(const char *const *names, size_t count)
{
    struct people p = { .count = count };

    ck_assert_uint_le(count, MOST_PEOPLE);
    for (size_t i = 0; i < count; i++) {
        p.names[i] = names[i];
        ck_assert_int_eq(cfk_identity_new(NULL, &p.identities[i], NULL), CFK_OK);
    }
    return p;
}

static inline cfk_identity *identity_of(const struct people *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->names[i], name) == 0)
            return p->identities[i];
    ck_abort_msg("nobody is '%s'", name);
    return NULL;
}

static inline void people_free(struct people *p)
{
    for (size_t i = 0; i < p->count; i++)
        cfk_identity_free(p->identities[i]);
}

/* The head of a new lock file. */
static inline void head_of(const struct people *p, const char *policy,
                           uint8_t head[CFK_LOCK_HEAD])
{
    struct cfk_lock_options opts = { .size = sizeof opts, .allow_single = 1 };
    struct cfk_error err;
    cfk_split_sealer *sealer;
    const void *bytes;
    cfk_lock *lock;
    size_t size;

    ck_assert_msg(cfk_lock_new(policy, strlen(policy), &opts, &lock, &err) == CFK_OK,
                  "%s", err.message);
    for (size_t i = 0; i < cfk_policy_people(cfk_lock_policy(lock)); i++) {
        const char *name = cfk_policy_person(cfk_lock_policy(lock), i);
        const char *public_text = cfk_identity_public(identity_of(p, name));

        ck_assert_int_eq(cfk_lock_set_public(lock, name, public_text, NULL), CFK_OK);
    }
    ck_assert_msg(cfk_lock_seal(lock, &sealer, &err) == CFK_OK, "%s", err.message);
    ck_assert_int_eq(cfk_lock_head(lock, &bytes, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, CFK_LOCK_HEAD);
    memcpy(head, bytes, size);
    cfk_split_sealer_free(sealer);
    cfk_lock_free(lock);
}

static inline cfk_lock *read_head(const uint8_t head[CFK_LOCK_HEAD])
{
    struct cfk_lock_options opts = { .size = sizeof opts, .allow_single = 1 };
    struct cfk_error err;
    cfk_lock *lock;

    ck_assert_msg(cfk_lock_read(head, CFK_LOCK_HEAD, &opts, &lock, &err) == CFK_OK, "%s",
                  err.message);
    return lock;
}

/* One use in ten seconds for anyone and for locks without a label. */
static inline struct cfk_keeper_terms terms_of(const char *person)
{
    return (struct cfk_keeper_terms){ .size = sizeof(struct cfk_keeper_terms),
                                      .person = person,
                                      .uses = 1,
                                      .seconds = 10,
                                      .anyone = 1,
                                      .unlabelled = 1 };
}

static inline cfk_keeper *keeper_new(void)
{
    cfk_keeper *keeper;

    ck_assert_int_eq(cfk_keeper_new(NULL, &keeper, NULL), CFK_OK);
    return keeper;
}

/* Delegate a person's identity by these terms. */
static inline void delegate(cfk_keeper *keeper, const struct people *p,
                            const struct cfk_keeper_terms *terms, int64_t now)
{
    struct cfk_error err;

    ck_assert_msg(cfk_keeper_delegate_identity(keeper, identity_of(p, terms->person),
                                               terms, now, &err) == CFK_OK,
                  "%s", err.message);
}

/* Delegate a person's shares of the lock with this head. */
static inline void delegate_shares(cfk_keeper *keeper, const struct people *p,
                                   const uint8_t *head,
                                   const struct cfk_keeper_terms *terms, int64_t now)
{
    cfk_lock *lock = read_head(head);
    struct cfk_error err;

    ck_assert_int_eq(
        cfk_lock_give_identity(lock, terms->person, identity_of(p, terms->person), NULL),
        CFK_OK);
    ck_assert_msg(cfk_keeper_delegate(keeper, lock, terms, now, &err) == CFK_OK, "%s",
                  err.message);
    cfk_lock_free(lock);
}

/* What comes of a request by asker to open the lock with this head, which has labels. */
static inline int ask(cfk_keeper *keeper, const uint8_t *head, const char *asker,
                      const char *const *labels, size_t label_count, int64_t now,
                      struct cfk_error *err)
{
    struct cfk_keeper_request request = { sizeof request, asker, labels, label_count };
    cfk_lock *lock = read_head(head);
    cfk_split_opener *opener = NULL;
    int rc = cfk_keeper_open(keeper, lock, &request, now, err);
    int opened = cfk_lock_opener(lock, &opener, NULL);
    const char *given[MOST_PEOPLE];

    ck_assert_int_eq(opened, rc == CFK_OK ? CFK_OK : CFK_E_STATE);
    ck_assert_uint_eq(cfk_lock_given(lock, given), 0);
    cfk_split_opener_free(opener);
    cfk_lock_free(lock);
    return rc;
}

#endif
