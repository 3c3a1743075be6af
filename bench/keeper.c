/* SPDX-License-Identifier: MIT */
/* A lock opened by delegations, with a hundred of them in the keeper. */
#include "cfkit/keeper.h"
#include "harness.h"
#include "split/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OTHERS = 48, DELEGATIONS = 2 + 2 * (OTHERS + 1) };

struct world {
    cfk_keeper *keeper;
    cfk_lock *lock; /* whose key is forgotten before each run */
};

static const char policy[] = "2 of (alice, bob, carol)";
static const char *const names[] = { "alice", "bob", "carol" };

static bool make_lock(cfk_identity **identities, cfk_lock **out)
{
    cfk_split_sealer *sealer = NULL;
    const void *head;
    size_t size;
    cfk_lock *lock;
    bool fine = cfk_lock_new(policy, strlen(policy), NULL, &lock, NULL) == CFK_OK;

    for (int i = 0; i < 3 && fine; i++)
        fine = cfk_identity_new(NULL, &identities[i], NULL) == CFK_OK &&
               cfk_lock_set_public(lock, names[i], cfk_identity_public(identities[i]),
                                   NULL) == CFK_OK;
    fine = fine && cfk_lock_seal(lock, &sealer, NULL) == CFK_OK &&
           cfk_lock_head(lock, &head, &size, NULL) == CFK_OK &&
           cfk_lock_read(head, size, NULL, out, NULL) == CFK_OK;
    cfk_split_sealer_free(sealer);
    cfk_lock_free(lock);
    return fine;
}

static bool delegate(struct world *w, cfk_identity *const *identities, bool as_identity)
{
    struct cfk_keeper_terms t = { .size = sizeof t,
                                  .uses = UINT64_MAX,
                                  .seconds = 1000,
                                  .anyone = 1,
                                  .unlabelled = 1 };
    bool fine = true;

    for (int i = 0; i < 2 && fine; i++) {
        t.person = names[i];
        fine = cfk_lock_give_identity(w->lock, names[i], identities[i], NULL) == CFK_OK;
        if (as_identity)
            fine = fine && cfk_keeper_delegate_identity(w->keeper, identities[i], &t, 0,
                                                        NULL) == CFK_OK;
        else
            fine = fine && cfk_keeper_delegate(w->keeper, w->lock, &t, 0, NULL) == CFK_OK;
    }
    memset(w->lock->given, 0, sizeof w->lock->given);
    return fine;
}

/* People of other locks, in two slots each. */
static bool delegate_others(struct world *w, const cfk_identity *identity)
{
    struct cfk_keeper_terms t = {
        .size = sizeof t, .uses = 5, .seconds = 100, .anyone = 1, .unlabelled = 1
    };
    bool fine = true;
    char name[16];

    t.person = name;
    for (int i = 0; i < 2 * (OTHERS + 1) && fine; i++) {
        snprintf(name, sizeof name, "person%d", i / 2);
        t.slot = i % 2 ? "night" : "day";
        fine = cfk_keeper_delegate_identity(w->keeper, identity, &t, 0, NULL) == CFK_OK;
    }
    return fine && cfk_keeper_expire(w->keeper, 0) == DELEGATIONS;
}

static bool open_lock(void *ctx)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct world *w = ctx;

    w->lock->open = false;
    return cfk_keeper_open(w->keeper, w->lock, &request, 0, NULL) == CFK_OK;
}

int main(int argc, char **argv)
{
    struct world w = { 0 };
    cfk_identity *identities[3] = { 0 };

    bench_start(argc, argv, "keeper: a lock for 2 of 3 opened by delegations");
    if (cfk_keeper_new(NULL, &w.keeper, NULL) != CFK_OK ||
        !make_lock(identities, &w.lock) || !delegate(&w, identities, false) ||
        !delegate_others(&w, identities[2]))
        return EXIT_FAILURE;
    bench_run(&(struct bench_row){ "shares", "open/100 delegations", 1, 0, open_lock,
                                   NULL, &w });
    if (!delegate(&w, identities, true))
        return EXIT_FAILURE;
    bench_run(&(struct bench_row){ "identities", "open/100 delegations", 1, 0, open_lock,
                                   NULL, &w });
    for (int i = 0; i < 3; i++)
        cfk_identity_free(identities[i]);
    cfk_lock_free(w.lock);
    cfk_keeper_free(w.keeper);
    return bench_finish();
}
