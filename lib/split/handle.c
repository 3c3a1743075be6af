/* SPDX-License-Identifier: MIT */
/* Locks read from the head of a file, and what they tell. */
#include "split/handle.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/bech32.h"

#include <string.h>

uint64_t cfk__lock_most_work(const cfk_lock *lock)
{
    static const uint64_t most_memory = UINT64_C(1) << 20;

    return 4 * (lock->options.max_memory_kib != 0 ? lock->options.max_memory_kib
                                                  : most_memory);
}

int cfk__lock_tell(const cfk_lock *lock, int what, int code, const char *person)
{
    struct cfk_lock_event event = { sizeof event, what, code, person };

    if (lock->options.audit != NULL)
        lock->options.audit(lock->options.audit_ctx, lock, &event);
    return code;
}

int cfk__lock_for_people(const cfk_lock *lock, struct cfk_error *err)
{
    if (lock->place.kind == CFK_LOCK_PEOPLE)
        return CFK_OK;
    return cfk__fail(err, CFK_E_STATE, "split: shares open this lock, not people");
}

/* --- making and reading --- */

static int new_handle(const struct cfk_lock_options *opts, uint8_t kind, cfk_lock **out,
                      struct cfk_error *err)
{
    struct cfk_lock_options o;
    cfk_lock *lock;
    void *secret;
    int rc = cfk__options_import(&o, sizeof o, opts, err);

    if (rc != CFK_OK)
        return rc;
    lock = cfk__calloc(o.alloc, 1, sizeof *lock);
    if (lock == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a lock");
    lock->options = o;
    lock->alloc = *cfk__alloc_or_default(o.alloc);
    lock->place.kind = kind;
    rc = cfk__secret_new(sizeof *lock->keys, &secret, err);
    lock->keys = secret;
    if (rc == CFK_OK && kind == CFK_LOCK_PEOPLE) {
        lock->slots = cfk__calloc(&lock->alloc, 1, CFK_LOCK_HEAD);
        if (lock->slots == NULL)
            rc = cfk__fail(err, CFK_E_NOMEM, "split: no memory for the head of a lock");
    }
    if (rc != CFK_OK) {
        cfk_lock_free(lock);
        return rc;
    }
    *out = lock;
    return CFK_OK;
}

void cfk_lock_free(cfk_lock *lock)
{
    struct cfk_alloc alloc;

    if (lock == NULL)
        return;
    alloc = lock->alloc;
    cfk_policy_free(lock->now.policy);
    cfk_policy_free(lock->next.policy);
    cfk__secret_free(lock->keys);
    cfk__free(&alloc, lock->slots);
    cfk__free(&alloc, lock);
}

int cfk_lock_new(const char *policy, size_t len, const struct cfk_lock_options *opts,
                 cfk_lock **out, struct cfk_error *err)
{
    int rc;

    *out = NULL;
    rc = new_handle(opts, CFK_LOCK_PEOPLE, out, err);
    if (rc == CFK_OK)
        rc = cfk_lock_set_policy(*out, policy, len, err);
    if (rc != CFK_OK) {
        cfk_lock_free(*out);
        *out = NULL;
    }
    return rc;
}

/* What begins there; 0 for nothing of ours, a kind that we do not know for another. */
static unsigned kind_at(const uint8_t *data, size_t size, size_t offset)
{
    struct cfk__lock_prefix prefix;
    struct cfk__reader r;

    if (size <= offset)
        return 0;
    cfk__reader_init(&r, data + offset, size - offset);
    if (!cfk__lock_read_prefix(&r, &prefix))
        return 0;
    return prefix.kind == CFK_LOCK_SHARES ? CFK_LOCK_SHARES : CFK_LOCK_PEOPLE;
}

/* The second copy tells as much as the first, which may be damaged. */
int cfk_lock_kind(const void *head, size_t size)
{
    if (kind_at(head, size, CFK__SLOT_SIZE) == CFK_LOCK_PEOPLE)
        return CFK_LOCK_PEOPLE;
    return (int)kind_at(head, size, 0);
}

static int read_for_shares(cfk_lock *lock, const uint8_t *head, size_t size,
                           struct cfk_error *err)
{
    return cfk__lock_parse(head, size, &lock->place, err);
}

/* Take the slot that has the highest number of those that are good. */
static int take_slot(cfk_lock *lock, struct cfk__slot slots[2], struct cfk_error *err)
{
    struct cfk__kdf_limits limits = cfk__lock_limits(lock);
    unsigned newer =
        slots[1].state == CFK__SLOT_GOOD &&
        (slots[0].state != CFK__SLOT_GOOD || slots[1].sequence > slots[0].sequence);
    int rc;

    lock->slot = slots[newer];
    rc = cfk__head_read(&lock->slot, &limits, &lock->alloc, &lock->now, err);
    if (rc != CFK_E_CORRUPT || slots[!newer].state != CFK__SLOT_GOOD)
        return rc;
    cfk_policy_free(lock->now.policy);
    memset(&lock->now, 0, sizeof lock->now);
    slots[newer].state = CFK__SLOT_DAMAGED;
    lock->slot = slots[!newer];
    return cfk__head_read(&lock->slot, &limits, &lock->alloc, &lock->now, err);
}

static int read_for_people(cfk_lock *lock, const uint8_t *head, size_t size,
                           struct cfk_error *err)
{
    struct cfk__slot slots[2];
    int rc = CFK_OK;

    memcpy(lock->slots, head, size < CFK_LOCK_HEAD ? size : CFK_LOCK_HEAD);
    for (unsigned i = 0; i < 2 && rc == CFK_OK; i++) {
        size_t from = i * (size_t)CFK__SLOT_SIZE;

        rc = cfk__slot_look(lock->slots + from, size > from ? size - from : 0, i,
                            &slots[i], err);
    }
    if (rc != CFK_OK)
        return rc;
    if (slots[0].state != CFK__SLOT_GOOD && slots[1].state != CFK__SLOT_GOOD) {
        if (slots[0].state == CFK__SLOT_NEWER || slots[1].state == CFK__SLOT_NEWER)
            return cfk__fail(err, CFK_E_NOTSUP, "split: a lock file of a newer version");
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: both copies of the lock file's head are damaged");
    }
    rc = take_slot(lock, slots, err);
    if (rc != CFK_OK)
        return rc;
    lock->damaged = slots[0].state != CFK__SLOT_GOOD || slots[1].state != CFK__SLOT_GOOD;
    lock->interrupted = !lock->damaged && (slots[0].body.size != slots[1].body.size ||
                                           memcmp(slots[0].body.data, slots[1].body.data,
                                                  slots[0].body.size) != 0);
    return CFK_OK;
}

int cfk_lock_read(const void *head, size_t size, const struct cfk_lock_options *opts,
                  cfk_lock **out, struct cfk_error *err)
{
    int kind = cfk_lock_kind(head, size);
    int rc;

    *out = NULL;
    if (kind == 0)
        return cfk__fail(err, CFK_E_CORRUPT,
                         "split: not a lock file, or its head is damaged");
    rc = new_handle(opts, (uint8_t)kind, out, err);
    if (rc != CFK_OK)
        return rc;
    rc = kind == CFK_LOCK_PEOPLE ? read_for_people(*out, head, size, err)
                                 : read_for_shares(*out, head, size, err);
    if (rc != CFK_OK) {
        cfk_lock_free(*out);
        *out = NULL;
    }
    return rc;
}

/* --- what it tells --- */

int cfk_lock_show(const cfk_lock *lock, struct cfk_lock_info *info, struct cfk_error *err)
{
    struct cfk_lock_info told = { .size = info->size, .kind = lock->place.kind };

    if (info->size != sizeof told)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of the info is not set");
    if (lock->place.kind == CFK_LOCK_SHARES) {
        told.head_size = CFK__LOCK_HEADER;
        told.used = CFK__LOCK_HEADER;
        memcpy(told.id, lock->place.lock_id, sizeof told.id);
        memcpy(told.set_id, lock->place.set_id, sizeof told.set_id);
    } else {
        told.head_size = CFK_LOCK_HEAD;
        told.generation = lock->now.generation;
        told.is_open = lock->open;
        told.damaged = lock->damaged;
        told.interrupted = lock->interrupted;
        told.used = (uint32_t)lock->slot.used;
        memcpy(told.id, lock->now.lock_id, sizeof told.id);
    }
    *info = told;
    return CFK_OK;
}

/* The head that there is, or the one that will be. */
static const struct cfk__head *known(const cfk_lock *lock)
{
    return lock->now.policy != NULL ? &lock->now : &lock->next;
}

const cfk_policy *cfk_lock_policy(const cfk_lock *lock)
{
    return known(lock)->policy;
}

int cfk_lock_show_person(const cfk_lock *lock, size_t index,
                         struct cfk_lock_person *person, struct cfk_error *err)
{
    struct cfk_lock_person told = { .size = person->size };
    const cfk_policy *policy = known(lock)->policy;
    const struct cfk__holder *holder;

    if (person->size != sizeof told)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of the person is not set");
    if (policy == NULL || index >= cfk_policy_people(policy))
        return cfk__fail(err, CFK_E_INVALID, "split: the lock has no person %zu", index);
    holder = &known(lock)->people[index];
    told.kind = holder->kind;
    told.has_given = lock->given[index];
    if (holder->kind == CFK_LOCK_PASSPHRASE) {
        told.memory_kib = holder->cost.memory_kib;
        told.passes = holder->cost.passes;
        told.lanes = holder->cost.lanes;
    } else if (holder->kind == CFK_LOCK_IDENTITY) {
        cfk__public_write(holder->public_key, told.public_text);
    }
    *person = told;
    return CFK_OK;
}

size_t cfk_lock_given(const cfk_lock *lock, const char **names)
{
    const cfk_policy *policy = lock->now.policy;
    size_t count = 0;

    for (size_t i = 0; policy != NULL && i < cfk_policy_people(policy); i++)
        if (lock->given[i])
            names[count++] = cfk_policy_person(policy, i);
    return count;
}

size_t cfk_lock_missing(const cfk_lock *lock, const char **names)
{
    const char *have[CFK_POLICY_MAX_PEOPLE];

    if (lock->now.policy == NULL)
        return 0;
    return cfk_policy_missing(lock->now.policy, have, cfk_lock_given(lock, have), names);
}

int cfk_lock_head(const cfk_lock *lock, const void **head, size_t *size,
                  struct cfk_error *err)
{
    *head = NULL;
    *size = 0;
    if (lock->now.generation == 0)
        return cfk__fail(err, CFK_E_STATE, "split: nothing was sealed yet");
    *head = lock->slots;
    *size = CFK_LOCK_HEAD;
    return CFK_OK;
}

int cfk_lock_piece(const cfk_lock *lock, uint32_t index, uint64_t *offset,
                   const void **data, size_t *size)
{
    if (lock->now.generation == 0 || index > 1)
        return 0;
    /* The newest copy is that of piece 1; the slot of the other was the stale one. */
    *offset = ((lock->now.sequence + 1 + index) % 2) * CFK__SLOT_SIZE;
    *data = lock->slots + *offset;
    *size = CFK__SLOT_SIZE;
    return 1;
}
