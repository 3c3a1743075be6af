/* SPDX-License-Identifier: MIT */
/*
 * Changes of a lock, as the input says: people, keys, policies, in any order. Whatever
 * happens, the head that there is opens for its people; and it is read as what it was
 * written from.
 */
#include "cfkit/lock.h"
#include "fuzz.h"
#include "split/handle.h"

#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 6, STEPS = 12, BEGIN = 2 };

static const char *const names[PEOPLE] = { "ann", "ben", "cyd", "dan", "eva", "fay" };
static const char *const policies[] = {
    "ann and ben",
    "2 of (ann, ben, cyd)",
    "3 of (ann*2, ben, cyd, dan)",
    "ann and (ben or cyd or (dan and eva))",
    "2 of (ben, fay, 2 of (ann, cyd, eva))",
    "4 of (ann, ben, cyd, dan, eva, fay)",
    "ann or ben",
    "2 of (ann",
};

/* Keys without Argon2id, which would be all that is measured. */
static cfk_identity *keys[PEOPLE];

static void make_keys(void)
{
    for (int i = 0; i < PEOPLE; i++)
        if (keys[i] == NULL && cfk_identity_new(NULL, &keys[i], NULL) != CFK_OK)
            abort();
}

/* Everybody gives: what was written must be what is read, and open. */
static cfk_lock *reopen(cfk_lock *lock)
{
    struct cfk_lock_info before = { .size = sizeof before };
    struct cfk_lock_info after = { .size = sizeof after };
    const char *policy = cfk_policy_text(cfk_lock_policy(lock));
    cfk_lock *again;
    const void *head;
    size_t size;

    if (cfk_lock_show(lock, &before, NULL) != CFK_OK ||
        cfk_lock_head(lock, &head, &size, NULL) != CFK_OK ||
        cfk_lock_read(head, size, NULL, &again, NULL) != CFK_OK ||
        cfk_lock_show(again, &after, NULL) != CFK_OK)
        abort();
    if (strcmp(policy, cfk_policy_text(cfk_lock_policy(again))) != 0 ||
        before.generation != after.generation || after.damaged || after.interrupted)
        abort();
    for (int i = 0; i < PEOPLE; i++)
        cfk_lock_give_identity(again, NULL, keys[i], NULL);
    if (cfk_lock_open(again, NULL) != CFK_OK ||
        memcmp(again->keys->master, lock->keys->master, CFK__MASTER_SIZE) != 0)
        abort();
    cfk_lock_free(lock);
    return again;
}

static cfk_lock *step(cfk_lock *lock, uint8_t op, uint8_t what)
{
    const char *policy = policies[what % (sizeof policies / sizeof policies[0])];
    cfk_split_sealer *sealer;

    switch (op % 5) {
    case 0: cfk_lock_set_policy(lock, policy, strlen(policy), NULL); break;
    case 1:
        cfk_lock_set_public(lock, names[what % PEOPLE],
                            cfk_identity_public(keys[what / PEOPLE % PEOPLE]), NULL);
        break;
    case 2: cfk_lock_change(lock, NULL); break;
    case 3:
        if (cfk_lock_seal(lock, &sealer, NULL) == CFK_OK)
            cfk_split_sealer_free(sealer);
        break;
    default: return reopen(lock);
    }
    return lock;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cfk_split_sealer *sealer;
    cfk_lock *lock;

    make_keys();
    if (cfk_lock_new(policies[0], strlen(policies[0]), NULL, &lock, NULL) != CFK_OK)
        abort();
    for (int i = 0; i < BEGIN; i++)
        if (cfk_lock_set_public(lock, names[i], cfk_identity_public(keys[i]), NULL) !=
            CFK_OK)
            abort();
    if (cfk_lock_seal(lock, &sealer, NULL) != CFK_OK)
        abort();
    cfk_split_sealer_free(sealer);
    for (size_t i = 0; i + 1 < size && i < (size_t)2 * STEPS; i += 2)
        lock = step(lock, data[i], data[i + 1]);
    lock = reopen(lock);
    cfk_lock_free(lock);
    return 0;
}
