/* SPDX-License-Identifier: MIT */
/* Delegations: made, replaced, ended, listed. Opening with them: keeper_open.c. */
#include "split/keeper.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/secret.h"
#include "split/handle.h"
#include "split/identity.h"

#include <string.h>

enum {
    DEFAULT_DELEGATIONS = 1024,
    MAX_DELEGATIONS = 1 << 20,
};

static const int64_t NS = 1000000000;

int cfk_keeper_new(const struct cfk_keeper_options *opts, cfk_keeper **out,
                   struct cfk_error *err)
{
    struct cfk_keeper_options o;
    cfk_keeper *keeper;
    void *secret = NULL;
    int rc;

    *out = NULL;
    rc = cfk__options_import(&o, sizeof o, opts, err);
    if (rc != CFK_OK)
        return rc;
    if (o.max_delegations == 0)
        o.max_delegations = DEFAULT_DELEGATIONS;
    if (o.max_delegations > MAX_DELEGATIONS)
        return cfk__fail(err, CFK_E_INVALID, "split: a keeper of %u delegations, not %d",
                         (unsigned)o.max_delegations, MAX_DELEGATIONS);
    keeper = cfk__calloc(o.alloc, 1, sizeof *keeper);
    if (keeper == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a keeper");
    keeper->options = o;
    keeper->alloc = *cfk__alloc_or_default(o.alloc);
    keeper->latest = INT64_MIN;
    keeper->list = cfk__calloc(o.alloc, o.max_delegations, sizeof *keeper->list);
    rc = keeper->list != NULL
             ? cfk__secret_new(sizeof *keeper->keys, &secret, err)
             : cfk__fail(err, CFK_E_NOMEM, "split: no memory for %u delegations",
                         (unsigned)o.max_delegations);
    keeper->keys = secret;
    if (rc == CFK_OK)
        rc = cfk__random(keeper->keys->mask, sizeof keeper->keys->mask, err);
    if (rc != CFK_OK) {
        cfk_keeper_free(keeper);
        return rc;
    }
    *out = keeper;
    return CFK_OK;
}

/* --- the end of delegations --- */

void cfk__keeper_tell(const cfk_keeper *keeper, struct cfk_keeper_event event)
{
    event.size = sizeof event;
    event.now = keeper->latest;
    if (keeper->options.audit != NULL)
        keeper->options.audit(keeper->options.audit_ctx, &event);
}

static void tell_of(const cfk_keeper *keeper, int what, const struct cfk__delegation *d,
                    const char *asker)
{
    cfk__keeper_tell(keeper, (struct cfk_keeper_event){
                                 .what = what,
                                 .person = d->person,
                                 .slot = d->slot,
                                 .asker = asker,
                                 .id = d->identity ? NULL : d->lock_id,
                                 .uses = d->uses,
                             });
}

static void release(const cfk_keeper *keeper, struct cfk__delegation *d)
{
    cfk__wipe(d, d->block_size);
    cfk__free(&keeper->alloc, d);
}

/* Take it out of the list, tell why, wipe it. */
static void end(cfk_keeper *keeper, uint32_t index, int what)
{
    struct cfk__delegation *d = keeper->list[index];

    keeper->count--;
    memmove(keeper->list + index, keeper->list + index + 1,
            (keeper->count - index) * sizeof *keeper->list);
    if (what != 0)
        tell_of(keeper, what, d, NULL);
    release(keeper, d);
}

void cfk_keeper_free(cfk_keeper *keeper)
{
    struct cfk_alloc alloc;

    if (keeper == NULL)
        return;
    alloc = keeper->alloc;
    for (uint32_t i = 0; i < keeper->count; i++)
        release(keeper, keeper->list[i]);
    cfk__secret_free(keeper->keys);
    cfk__free(&alloc, keeper->list);
    cfk__free(&alloc, keeper);
}

void cfk__keeper_set_time(cfk_keeper *keeper, int64_t now)
{
    if (now > keeper->latest)
        keeper->latest = now;
    while (keeper->count > 0 && keeper->list[0]->expiry <= keeper->latest)
        end(keeper, 0, CFK_KEEPER_EXPIRED);
}

uint32_t cfk_keeper_expire(cfk_keeper *keeper, int64_t now)
{
    cfk__keeper_set_time(keeper, now);
    return keeper->count;
}

int64_t cfk_keeper_next_expiry(const cfk_keeper *keeper)
{
    return keeper->count > 0 ? keeper->list[0]->expiry : CFK_KEEPER_NEVER;
}

uint32_t cfk_keeper_revoke(cfk_keeper *keeper, const char *person, const char *slot)
{
    uint32_t before = keeper->count;

    for (uint32_t i = keeper->count; i-- > 0;) {
        const struct cfk__delegation *d = keeper->list[i];

        if ((person == NULL || strcmp(person, d->person) == 0) &&
            (slot == NULL || strcmp(slot, d->slot) == 0))
            end(keeper, i, CFK_KEEPER_REVOKED);
    }
    return before - keeper->count;
}

void cfk__keeper_use(cfk_keeper *keeper, struct cfk__delegation *d, const char *asker)
{
    uint32_t i = 0;

    d->uses--;
    tell_of(keeper, CFK_KEEPER_USED, d, asker);
    if (d->uses > 0)
        return;
    while (keeper->list[i] != d)
        i++;
    end(keeper, i, 0);
}

int cfk_keeper_get(const cfk_keeper *keeper, uint32_t index, struct cfk_keeper_info *info,
                   struct cfk_error *err)
{
    const struct cfk__delegation *d;

    if (info->size != sizeof *info)
        return cfk__fail(err, CFK_E_INVALID, "split: the size of the info is not set");
    if (index >= keeper->count)
        return cfk__fail(err, CFK_E_NOTFOUND, "split: no delegation %u of %u",
                         (unsigned)index, (unsigned)keeper->count);
    d = keeper->list[index];
    *info = (struct cfk_keeper_info){
        .size = sizeof *info,
        .person = d->person,
        .slot = d->slot,
        .uses = d->uses,
        .expiry = d->expiry,
        .identity = d->identity,
        .anyone = d->anyone,
    };
    if (!d->identity)
        memcpy(info->id, d->lock_id, sizeof info->id);
    return CFK_OK;
}

/* --- terms --- */

bool cfk__keeper_name_ok(const char *name)
{
    return name != NULL && cfk__share_name_ok(name, strlen(name));
}

static int check_names(const char *what, const char *const *names, size_t count,
                       struct cfk_error *err)
{
    if (count > CFK_KEEPER_MAX_NAMES)
        return cfk__fail(err, CFK_E_LIMIT, "split: %zu %ss, not at most %d", count, what,
                         CFK_KEEPER_MAX_NAMES);
    for (size_t i = 0; i < count; i++)
        if (!cfk__keeper_name_ok(names[i]) || names[i][0] == '\0')
            return cfk__fail(
                err, CFK_E_INVALID,
                "split: %s %zu is not 1 to %d bytes of UTF-8 without control "
                "characters or outer blanks",
                what, i + 1, CFK_KEEPER_MAX_NAME);
    return CFK_OK;
}

static int check_terms(struct cfk_keeper_terms *t, struct cfk_error *err)
{
    int rc;

    if (t->slot == NULL)
        t->slot = "";
    if (!cfk__keeper_name_ok(t->person) || t->person[0] == '\0' ||
        !cfk__keeper_name_ok(t->slot))
        return cfk__fail(err, CFK_E_INVALID,
                         "split: the person or the slot of a delegation is not a name");
    if (t->uses < 1 || t->seconds < 1 || t->seconds > INT32_MAX)
        return cfk__fail(
            err, CFK_E_INVALID,
            "split: a delegation for %llu uses in %llu seconds; it takes one "
            "of each, and at most 2^31 - 1 seconds",
            (unsigned long long)t->uses, (unsigned long long)t->seconds);
    if ((t->asker_count > 0) == (t->anyone != 0))
        return cfk__fail(err, CFK_E_INVALID,
                         "split: a delegation is either for a list of askers or for "
                         "anyone");
    if (t->label_count == 0 && t->unlabelled == 0)
        return cfk__fail(
            err, CFK_E_INVALID,
            "split: a delegation is for labels or for what has none, or both");
    rc = check_names("asker", t->askers, t->asker_count, err);
    if (rc == CFK_OK)
        rc = check_names("label", t->labels, t->label_count, err);
    return rc;
}

static size_t strings_size(const char *const *names, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += strlen(names[i]) + 1;
    return size;
}

/* Copies of strings, one after the other; *at is moved behind them. */
static const char *copy_strings(char **at, const char *const *names, size_t count)
{
    const char *first = *at;

    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]) + 1;

        memcpy(*at, names[i], size);
        *at += size;
    }
    return first;
}

static int new_delegation(cfk_keeper *keeper, const struct cfk_keeper_terms *t,
                          size_t masked_size, struct cfk__delegation **out,
                          struct cfk_error *err)
{
    size_t size = sizeof **out + masked_size + strings_size(&t->person, 1) +
                  strings_size(&t->slot, 1) + strings_size(t->askers, t->asker_count) +
                  strings_size(t->labels, t->label_count);
    struct cfk__delegation *d = cfk__calloc(&keeper->alloc, 1, size);
    char *at;

    *out = d;
    if (d == NULL)
        return cfk__fail(err, CFK_E_NOMEM, "split: no memory for a delegation");
    d->block_size = size;
    d->masked = (uint8_t *)(d + 1);
    d->masked_size = masked_size;
    at = (char *)d->masked + masked_size;
    d->person = copy_strings(&at, &t->person, 1);
    d->slot = copy_strings(&at, &t->slot, 1);
    d->askers = copy_strings(&at, t->askers, t->asker_count);
    d->labels = copy_strings(&at, t->labels, t->label_count);
    d->asker_count = t->asker_count;
    d->label_count = t->label_count;
    d->anyone = t->anyone != 0;
    d->any_label = t->any_label != 0;
    d->unlabelled = t->unlabelled != 0;
    d->uses = t->uses;
    d->serial = ++keeper->serial;
    d->expiry = keeper->latest > CFK_KEEPER_NEVER - 1 - (int64_t)t->seconds * NS
                    ? CFK_KEEPER_NEVER - 1
                    : keeper->latest + (int64_t)t->seconds * NS;
    return CFK_OK;
}

/* --- new delegations --- */

int cfk__keeper_mask(const cfk_keeper *keeper, uint64_t serial, uint8_t *data,
                     size_t size, struct cfk_error *err)
{
    struct cfk__span key = { keeper->keys->mask, sizeof keeper->keys->mask };
    uint8_t pad[CFK__SHA512_SIZE];
    int rc = CFK_OK;

    for (uint64_t block = 0; size > 0 && rc == CFK_OK; block++) {
        struct cfk__span number[] = { { (const uint8_t *)&serial, sizeof serial },
                                      { (const uint8_t *)&block, sizeof block } };
        size_t take = size < sizeof pad ? size : sizeof pad;

        rc = cfk__hmac_parts(CFK__SHA512, key, number, 2, pad, err);
        for (size_t i = 0; i < take && rc == CFK_OK; i++)
            data[i] ^= pad[i];
        data += take;
        size -= take;
    }
    cfk__wipe(pad, sizeof pad);
    return rc;
}

static uint32_t find(const cfk_keeper *keeper, const char *person, const char *slot)
{
    uint32_t i = 0;

    while (i < keeper->count && (strcmp(keeper->list[i]->person, person) != 0 ||
                                 strcmp(keeper->list[i]->slot, slot) != 0))
        i++;
    return i;
}

/* In its place in the list, in that of the one before it in its slot if there is one. */
static void insert(cfk_keeper *keeper, struct cfk__delegation *d)
{
    uint32_t former = find(keeper, d->person, d->slot);
    uint32_t at;

    if (former < keeper->count)
        end(keeper, former, CFK_KEEPER_REPLACED);
    for (at = keeper->count; at > 0 && keeper->list[at - 1]->expiry > d->expiry; at--)
        keeper->list[at] = keeper->list[at - 1];
    keeper->list[at] = d;
    keeper->count++;
    tell_of(keeper, CFK_KEEPER_DELEGATED, d, NULL);
}

static int begin(cfk_keeper *keeper, const struct cfk_keeper_terms *terms, int64_t now,
                 struct cfk_keeper_terms *t, struct cfk_error *err)
{
    int rc;

    cfk__keeper_set_time(keeper, now);
    rc = cfk__options_import(t, sizeof *t, terms, err);
    if (rc == CFK_OK)
        rc = check_terms(t, err);
    if (rc == CFK_OK && keeper->count == keeper->options.max_delegations &&
        find(keeper, t->person, t->slot) == keeper->count)
        rc = cfk__fail(err, CFK_E_LIMIT, "split: there are %u delegations already",
                       (unsigned)keeper->count);
    return rc;
}

/* Its secret is there: mask it, and make it known. */
static int finish(cfk_keeper *keeper, struct cfk__delegation *d, struct cfk_error *err)
{
    int rc = cfk__keeper_mask(keeper, d->serial, d->masked, d->masked_size, err);

    if (rc == CFK_OK)
        insert(keeper, d);
    else
        release(keeper, d);
    return rc;
}

int cfk_keeper_delegate_identity(cfk_keeper *keeper, const cfk_identity *identity,
                                 const struct cfk_keeper_terms *terms, int64_t now,
                                 struct cfk_error *err)
{
    struct cfk_keeper_terms t;
    struct cfk__delegation *d;
    int rc = begin(keeper, terms, now, &t, err);

    if (rc == CFK_OK)
        rc = new_delegation(keeper, &t, CFK__X25519_SIZE, &d, err);
    if (rc != CFK_OK)
        return rc;
    d->identity = true;
    memcpy(d->public_key, identity->public_key, sizeof d->public_key);
    memcpy(d->masked, identity->scalar, CFK__X25519_SIZE);
    return finish(keeper, d, err);
}

int cfk_keeper_delegate(cfk_keeper *keeper, const cfk_lock *lock,
                        const struct cfk_keeper_terms *terms, int64_t now,
                        struct cfk_error *err)
{
    struct cfk_keeper_terms t;
    struct cfk__delegation *d;
    uint16_t person = CFK__POLICY_NONE;
    int rc = begin(keeper, terms, now, &t, err);

    if (rc != CFK_OK)
        return rc;
    if (lock->now.generation != 0)
        person = cfk__policy_find(lock->now.policy, t.person, strlen(t.person));
    if (person == CFK__POLICY_NONE || !lock->given[person])
        return cfk__fail(err, CFK_E_STATE, "split: '%s' has not given the lock anything",
                         t.person);
    rc = new_delegation(keeper, &t, cfk__keeper_shares_size(lock, person), &d, err);
    if (rc != CFK_OK)
        return rc;
    memcpy(d->lock_id, lock->now.lock_id, sizeof d->lock_id);
    d->generation = lock->now.generation;
    cfk__keeper_copy_shares(lock, person, d->masked);
    return finish(keeper, d, err);
}
