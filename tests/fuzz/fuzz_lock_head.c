/* SPDX-License-Identifier: MIT */
/*
 * The head of a lock for people from outside. The input is up to two slots, short ones,
 * each after two bytes for its size; first as it is, then with its check mended, so that
 * what is behind the check is reached. What is read must tell the same twice, and opens
 * for nobody who is not in it.
 */
#include "base/crypto.h"
#include "fuzz.h"
#include "split/handle.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX = 28, MAC = 32 };

static const struct cfk_lock_options options = { .size = sizeof options,
                                                 .max_memory_kib = 64,
                                                 .max_passes = 2 };

static void mend(uint8_t *slot)
{
    size_t body = (size_t)slot[26] << 8 | slot[27];

    if (PREFIX + body + MAC + CFK__SHA256_SIZE > CFK__SLOT_SIZE)
        return;
    cfk__hash(CFK__SHA256, slot, PREFIX + body + MAC, slot + PREFIX + body + MAC, NULL);
    memset(slot + PREFIX + body + MAC + CFK__SHA256_SIZE, 0,
           CFK__SLOT_SIZE - (PREFIX + body + MAC + CFK__SHA256_SIZE));
}

/* A lock that was read and is tried; a change of it must be refused. */
static void use(cfk_lock *lock)
{
    struct cfk_lock_info info = { .size = sizeof info };
    struct cfk_lock_person person = { .size = sizeof person };
    const char *names[CFK_POLICY_MAX_PEOPLE];
    const cfk_policy *policy = cfk_lock_policy(lock);
    cfk_split_sealer *sealer;

    if (cfk_lock_show(lock, &info, NULL) != CFK_OK || policy == NULL)
        return;
    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        if (cfk_lock_show_person(lock, i, &person, NULL) != CFK_OK)
            abort();
    if (cfk_lock_missing(lock, names) == 0)
        abort();
    cfk_lock_give_passphrase(lock, cfk_policy_person(policy, 0), "x", 1, NULL);
    if (cfk_lock_open(lock, NULL) == CFK_OK)
        abort();
    if (cfk_lock_set_passphrase(lock, cfk_policy_person(policy, 0), "", 0, NULL) ==
        CFK_OK)
        abort();
    if (cfk_lock_change(lock, NULL) == CFK_OK ||
        cfk_lock_seal(lock, &sealer, NULL) == CFK_OK)
        abort();
}

static void try_head(const uint8_t *head)
{
    cfk_lock *lock;

    if (cfk_lock_read(head, CFK_LOCK_HEAD, &options, &lock, NULL) == CFK_OK)
        use(lock);
    else if (lock != NULL)
        abort();
    cfk_lock_free(lock);
}

/* Two bytes of size, then so much of the input. */
static void take_slot(struct cfk__reader *r, uint8_t *slot)
{
    struct cfk__span bytes;
    uint16_t size;

    if (!cfk__read_u16be(r, &size))
        return;
    if (size > cfk__reader_left(r))
        size = (uint16_t)cfk__reader_left(r);
    if (size > CFK__SLOT_SIZE)
        size = CFK__SLOT_SIZE;
    cfk__read_span(r, size, &bytes);
    memcpy(slot, bytes.data, bytes.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *head = calloc(1, CFK_LOCK_HEAD);
    struct cfk__reader r;

    if (head == NULL)
        return 0;
    cfk__reader_init(&r, data, size);
    take_slot(&r, head);
    take_slot(&r, head + CFK__SLOT_SIZE);
    try_head(head);
    mend(head);
    mend(head + CFK__SLOT_SIZE);
    try_head(head);
    free(head);
    return 0;
}
