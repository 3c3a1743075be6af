/* SPDX-License-Identifier: MIT */
/*
 * A keeper beside a model of it: delegations of three people in two slots with all
 * kinds of terms, a clock that jumps, requests. It opens exactly when two people
 * have a delegation that matches, spends one use of each of two people, and
 * nothing when it does not open.
 */
#include "cfkit/keeper.h"
#include "fuzz.h"
#include "split/handle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 3, SLOTS = 2, NAMES = 3 };

static const char *const people[PEOPLE] = { "alice", "bob", "carol" };
static const char *const slots[SLOTS] = { "day", "night" };
static const char *const names[NAMES] = { "x", "y", "z" }; /* of askers and labels */

struct known {
    uint64_t uses; /* 0: there is none */
    int64_t expiry;
    unsigned askers; /* bits; all: anyone */
    unsigned labels;
    bool any_label;
    bool unlabelled;
};

struct world {
    const uint8_t *data;
    size_t size;
    cfk_keeper *keeper;
    int64_t now;
    struct known known[PEOPLE][SLOTS];
};

/* One lock serves all inputs: making it takes its time. */
static cfk_lock *lock;
static cfk_identity *identities[PEOPLE];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void make_lock(void)
{
    cfk_split_sealer *sealer;
    const void *head;
    cfk_lock *made;
    size_t size;

    must(cfk_lock_new("2 of (alice, bob, carol)", 24, NULL, &made, NULL) == CFK_OK);
    for (int i = 0; i < PEOPLE; i++) {
        must(cfk_identity_new(NULL, &identities[i], NULL) == CFK_OK);
        must(cfk_lock_set_public(made, people[i], cfk_identity_public(identities[i]),
                                 NULL) == CFK_OK);
    }
    must(cfk_lock_seal(made, &sealer, NULL) == CFK_OK);
    must(cfk_lock_head(made, &head, &size, NULL) == CFK_OK);
    must(cfk_lock_read(head, size, NULL, &lock, NULL) == CFK_OK);
    for (int i = 0; i < PEOPLE; i++)
        must(cfk_lock_give_identity(lock, people[i], identities[i], NULL) == CFK_OK);
    cfk_split_sealer_free(sealer);
    cfk_lock_free(made);
}

static uint8_t take(struct world *w)
{
    if (w->size == 0)
        return 0;
    w->size--;
    return *w->data++;
}

static size_t list_of(unsigned bits, const char **list)
{
    size_t count = 0;

    for (int i = 0; i < NAMES; i++)
        if (bits >> i & 1)
            list[count++] = names[i];
    return count;
}

static void forget_ended(struct world *w)
{
    for (int i = 0; i < PEOPLE; i++)
        for (int j = 0; j < SLOTS; j++)
            if (w->known[i][j].expiry <= w->now)
                w->known[i][j].uses = 0;
}

/* The lock has been given everything by everybody, once for all. */
static void let_all_give(bool given)
{
    for (int i = 0; i < PEOPLE; i++)
        lock->given[i] = given;
    lock->open = false;
}

static void delegate(struct world *w, uint8_t op)
{
    const char *askers[NAMES], *labels[NAMES];
    uint8_t bits = take(w);
    struct known k = { .uses = take(w) % 4, .askers = bits & 7, .labels = bits >> 3 & 7 };
    struct cfk_keeper_terms t = { .size = sizeof t };
    unsigned person = op / 8 % PEOPLE, slot = op / 32 % SLOTS;
    int rc;

    t.person = people[person];
    t.slot = slots[slot];
    t.uses = k.uses;
    t.seconds = take(w) % 16;
    t.askers = askers;
    t.asker_count = list_of(k.askers, askers);
    t.labels = labels;
    t.label_count = list_of(k.labels, labels);
    t.any_label = k.any_label = bits >> 6 & 1;
    t.unlabelled = k.unlabelled = bits >> 7 & 1;
    if (op >= 128)
        t.anyone = 1, t.asker_count = 0, k.askers = 7;
    k.expiry = w->now + (int64_t)t.seconds * 1000000000;
    let_all_give(true);
    rc = op % 64 == 63 ? cfk_keeper_delegate_identity(w->keeper, identities[person], &t,
                                                      w->now, NULL)
                       : cfk_keeper_delegate(w->keeper, lock, &t, w->now, NULL);
    if (k.uses == 0 || t.seconds == 0 || k.askers == 0 ||
        (k.labels == 0 && !k.unlabelled)) {
        must(rc == CFK_E_INVALID);
        return;
    }
    must(rc == CFK_OK);
    w->known[person][slot] = k;
}

static bool matches(const struct known *k, unsigned asker, unsigned labels)
{
    if (k->uses == 0 || !(k->askers >> asker & 1))
        return false;
    if (labels == 0)
        return k->unlabelled;
    return k->any_label ? (k->labels & labels) != 0 : (labels & ~k->labels) == 0;
}

/* What is left now is what was known, but for uses of two people that matched. */
static void compare(struct world *w, unsigned asker, unsigned labels, unsigned wanted)
{
    uint64_t left[PEOPLE][SLOTS] = { 0 };
    struct cfk_keeper_info info = { .size = sizeof info };
    int64_t last = INT64_MIN;
    unsigned spent = 0;

    for (uint32_t n = 0; cfk_keeper_get(w->keeper, n, &info, NULL) == CFK_OK; n++) {
        must(info.expiry >= last && info.uses > 0);
        must(n > 0 || info.expiry == cfk_keeper_next_expiry(w->keeper));
        last = info.expiry;
        for (int i = 0; i < PEOPLE; i++)
            for (int j = 0; j < SLOTS; j++)
                if (strcmp(info.person, people[i]) == 0 &&
                    strcmp(info.slot, slots[j]) == 0)
                    left[i][j] = info.uses;
    }
    for (int i = 0; i < PEOPLE; i++) {
        unsigned of_person = 0;

        for (int j = 0; j < SLOTS; j++) {
            if (left[i][j] == w->known[i][j].uses)
                continue;
            must(left[i][j] + 1 == w->known[i][j].uses);
            must(matches(&w->known[i][j], asker, labels));
            w->known[i][j].uses--;
            of_person++;
        }
        must(of_person <= 1);
        spent += of_person;
    }
    must(spent == wanted);
}

static void ask(struct world *w, uint8_t op)
{
    const char *list[NAMES], *help[PEOPLE];
    unsigned labels = op / 8 % 8, asker = op / 64 % NAMES, able = 0;
    struct cfk_keeper_request r = { sizeof r, names[asker], list, list_of(labels, list) };
    int rc;

    for (int i = 0; i < PEOPLE; i++)
        able += matches(&w->known[i][0], asker, labels) ||
                matches(&w->known[i][1], asker, labels);
    let_all_give(false);
    must(cfk_keeper_helpers(w->keeper, lock, &r, w->now, help) ==
         (able < 2 ? PEOPLE - able : 0));
    rc = cfk_keeper_open(w->keeper, lock, &r, w->now, NULL);
    must(rc == (able < 2 ? CFK_E_NEED_MORE : CFK_OK));
    must(lock->open == (rc == CFK_OK));
    compare(w, asker, labels, rc == CFK_OK ? 2 : 0);
}

static void revoke(struct world *w, uint8_t op)
{
    unsigned person = op / 8 % PEOPLE, slot = op / 32 % SLOTS;
    bool was = w->known[person][slot].uses > 0;

    must(cfk_keeper_revoke(w->keeper, people[person], slots[slot]) == was);
    w->known[person][slot].uses = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t shares[sizeof((struct cfk__lock_keys *)NULL)->shares];
    struct world w = { .data = data, .size = size };
    int64_t jump;

    if (lock == NULL) {
        make_lock();
        memcpy(shares, lock->keys->shares, sizeof shares);
    }
    must(cfk_keeper_new(NULL, &w.keeper, NULL) == CFK_OK);
    while (w.size > 0) {
        uint8_t op = take(&w);

        memcpy(lock->keys->shares, shares,
               sizeof shares); /* an opening takes them back */
        switch (op % 8) {
        case 0:
        case 1:
        case 2:
        case 3: delegate(&w, op); break;
        case 4:
        case 5: ask(&w, op); break;
        case 6: revoke(&w, op); break;
        default:
            jump = op / 8 * (INT64_C(1000000000) / 4);
            if (op < 16) /* back: nothing happens */
                cfk_keeper_expire(w.keeper, w.now - jump - 1);
            w.now += jump;
            forget_ended(&w);
            cfk_keeper_expire(w.keeper, w.now);
            compare(&w, 0, 0, 0);
        }
    }
    cfk_keeper_free(w.keeper);
    return 0;
}
