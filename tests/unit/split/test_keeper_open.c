/* SPDX-License-Identifier: MIT */
/* Locks opened by delegations: who matches, who is taken, what it costs them. */
#include "fault.h"
#include "keeper_of.h"
#include "split/handle.h"

#include <stdlib.h>

static const char *const names[] = { "alice", "bob", "carol", "dave" };

static struct people people;
static uint8_t head[CFK_LOCK_HEAD];  /* 2 of alice, bob and carol */
static uint8_t other[CFK_LOCK_HEAD]; /* the same, another lock */

static void set_up(void)
{
    people = people_of(names, 4);
    head_of(&people, "2 of (alice, bob, carol)", head);
    head_of(&people, "2 of (alice, bob, carol)", other);
}

static void tear_down(void)
{
    people_free(&people);
}

static int ask_plainly(cfk_keeper *keeper, const uint8_t *which)
{
    return ask(keeper, which, "ci", NULL, 0, 0, NULL);
}

/* The uses that a person's delegation has left in a slot; 0: there is none. */
static uint64_t uses_of(const cfk_keeper *keeper, const char *person, const char *slot)
{
    struct cfk_keeper_info info = { .size = sizeof info };

    for (uint32_t i = 0; cfk_keeper_get(keeper, i, &info, NULL) == CFK_OK; i++)
        if (strcmp(info.person, person) == 0 && strcmp(info.slot, slot) == 0)
            return info.uses;
    return 0;
}

START_TEST(enough_delegations_open_and_each_loses_a_use)
{
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    struct cfk_error err;

    alice.uses = 2;
    delegate(keeper, &people, &alice, 0);
    unit_expect_error(ask(keeper, head, "ci", NULL, 0, 0, &err), CFK_E_NEED_MORE, &err,
                      "not enough delegations match for 2 of (alice, bob, carol)");
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 2);
    delegate_shares(keeper, &people, head, &bob, 0);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 1);
    ck_assert_uint_eq(uses_of(keeper, "bob", ""), 0);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_E_NEED_MORE);
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 1);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(an_open_lock_costs_nothing_more)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head);

    alice.uses = bob.uses = 3;
    delegate(keeper, &people, &alice, 0);
    delegate(keeper, &people, &bob, 0);
    ck_assert_int_eq(cfk_keeper_open(keeper, lock, &request, 0, NULL), CFK_OK);
    ck_assert_int_eq(cfk_keeper_open(keeper, lock, &request, 0, NULL), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 2);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(who_gives_in_person_costs_nobody_a_use)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head);
    const char *given[4];

    alice.uses = bob.uses = 2;
    delegate(keeper, &people, &alice, 0);
    delegate(keeper, &people, &bob, 0);
    ck_assert_int_eq(cfk_lock_give_identity(lock, "alice", people.identities[0], NULL),
                     CFK_OK);
    ck_assert_int_eq(cfk_keeper_open(keeper, lock, &request, 0, NULL), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 2);
    ck_assert_uint_eq(uses_of(keeper, "bob", ""), 1);
    ck_assert_uint_eq(cfk_lock_given(lock, given), 1);
    ck_assert_str_eq(given[0], "alice");
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(only_those_who_may_ask_are_served)
{
    static const char *const askers[] = { "ci", "deploy" };
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();

    alice.anyone = 0, alice.askers = askers, alice.asker_count = 2;
    delegate(keeper, &people, &alice, 0);
    delegate(keeper, &people, &bob, 0);
    ck_assert_int_eq(ask(keeper, head, "mallory", NULL, 0, 0, NULL), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask(keeper, head, "c", NULL, 0, 0, NULL), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask(keeper, head, "CI", NULL, 0, 0, NULL), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask(keeper, head, "deploy", NULL, 0, 0, NULL), CFK_OK);
    cfk_keeper_free(keeper);
}
END_TEST

/* alice's terms say all of it, bob's fit everything. */
static int ask_with_labels(const struct cfk_keeper_terms *alice,
                           const char *const *labels, size_t count)
{
    static const char *const all[] = { "a", "b", "c" };
    struct cfk_keeper_terms bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    int rc;

    bob.labels = all, bob.label_count = 3;
    delegate(keeper, &people, &bob, 0);
    delegate(keeper, &people, alice, 0);
    rc = ask(keeper, head, "ci", labels, count, 0, NULL);
    cfk_keeper_free(keeper);
    return rc;
}

START_TEST(all_labels_have_to_match_unless_any_will_do)
{
    static const char *const ab[] = { "a", "b" }, *const a[] = { "a" },
                             *const c[] = { "c" };
    struct cfk_keeper_terms t = terms_of("alice");

    t.unlabelled = 0, t.labels = ab, t.label_count = 2;
    ck_assert_int_eq(ask_with_labels(&t, ab, 2), CFK_OK);
    ck_assert_int_eq(ask_with_labels(&t, a, 1), CFK_OK);
    ck_assert_int_eq(ask_with_labels(&t, c, 1), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask_with_labels(&t, NULL, 0), CFK_E_NEED_MORE);
    t.unlabelled = 1;
    ck_assert_int_eq(ask_with_labels(&t, NULL, 0), CFK_OK);
    t.labels = a, t.label_count = 1;
    ck_assert_int_eq(ask_with_labels(&t, ab, 2), CFK_E_NEED_MORE);
    t.any_label = 1;
    ck_assert_int_eq(ask_with_labels(&t, ab, 2), CFK_OK);
    ck_assert_int_eq(ask_with_labels(&t, c, 1), CFK_E_NEED_MORE);
    t.label_count = 0;
    ck_assert_int_eq(ask_with_labels(&t, a, 1), CFK_E_NEED_MORE);
}
END_TEST

START_TEST(shares_open_their_lock_alone_an_identity_every_one)
{
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();

    alice.uses = bob.uses = 9;
    delegate_shares(keeper, &people, head, &alice, 0);
    delegate(keeper, &people, &bob, 0);
    ck_assert_int_eq(ask_plainly(keeper, other), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_OK);
    delegate(keeper, &people, &alice, 0);
    ck_assert_int_eq(ask_plainly(keeper, other), CFK_OK);

    /* Somebody else's identity under a name that is not theirs is good for nothing. */
    ck_assert_int_eq(
        cfk_keeper_delegate_identity(keeper, people.identities[3], &alice, 0, NULL),
        CFK_OK);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_E_NEED_MORE);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(shares_from_before_a_change_are_not_taken)
{
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head);
    uint8_t changed[CFK_LOCK_HEAD];
    const void *bytes;
    size_t size;

    delegate_shares(keeper, &people, head, &alice, 0);
    delegate(keeper, &people, &bob, 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, people.identities[i], NULL),
                         CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, NULL), CFK_OK);
    ck_assert_int_eq(cfk_lock_change(lock, NULL), CFK_OK);
    ck_assert_int_eq(cfk_lock_head(lock, &bytes, &size, NULL), CFK_OK);
    memcpy(changed, bytes, size);
    ck_assert_int_eq(ask_plainly(keeper, changed), CFK_E_NEED_MORE);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_OK);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(the_fewest_people_are_taken_and_shares_before_identities)
{
    struct cfk_keeper_terms t;
    cfk_keeper *keeper = keeper_new();
    uint8_t either[CFK_LOCK_HEAD];

    head_of(&people, "dave or 3 of (alice, bob, carol)", either);
    for (int i = 0; i < 4; i++) {
        t = terms_of(names[i]);
        t.uses = 5;
        delegate(keeper, &people, &t, 0);
    }
    ck_assert_int_eq(ask_plainly(keeper, either), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "dave", ""), 4);
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 5);

    t = terms_of("carol");
    t.slot = "shares", t.uses = 5, t.seconds = 100;
    delegate_shares(keeper, &people, head, &t, 0);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "carol", "shares"), 4);
    ck_assert_uint_eq(uses_of(keeper, "carol", ""), 5);
    ck_assert_uint_eq(uses_of(keeper, "alice", "") + uses_of(keeper, "bob", ""), 9);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(of_several_slots_the_one_that_ends_first_is_taken)
{
    struct cfk_keeper_terms t = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper = keeper_new();

    t.uses = bob.uses = 9;
    t.slot = "long", t.seconds = 100;
    delegate(keeper, &people, &t, 0);
    t.slot = "short", t.seconds = 5;
    delegate(keeper, &people, &t, 0);
    delegate(keeper, &people, &bob, 0);
    ck_assert_int_eq(ask_plainly(keeper, head), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "alice", "short"), 8);
    ck_assert_int_eq(ask(keeper, head, "ci", NULL, 0, 6 * NS, NULL), CFK_OK);
    ck_assert_uint_eq(uses_of(keeper, "alice", "long"), 8);
    cfk_keeper_free(keeper);
}
END_TEST

/* --- locks that are not right --- */

/* Damage what a lock that was read holds for a person. */
static void damage(cfk_lock *lock, size_t person)
{
    const struct cfk__span *wrapped = &lock->now.people[person].wrapped;

    lock->slots[wrapped->data - lock->slots] ^= 1;
}

START_TEST(damage_for_one_person_is_got_around_by_others)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head);
    struct cfk_keeper_terms t;
    struct cfk_error err;

    for (int i = 0; i < 2; i++) {
        t = terms_of(names[i]);
        t.uses = 5;
        delegate(keeper, &people, &t, 0);
    }
    damage(lock, 0);
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_CORRUPT,
                      &err, "'alice' is forged");
    ck_assert_uint_eq(uses_of(keeper, "alice", ""), 5);
    ck_assert_uint_eq(uses_of(keeper, "bob", ""), 5);

    /* carol would do in alice's place, but the head as a whole is not what it was. */
    t = terms_of("carol");
    delegate(keeper, &people, &t, 0);
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_CORRUPT,
                      &err, "forged");
    ck_assert_uint_eq(uses_of(keeper, "carol", ""), 1);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(what_cannot_be_opened_is_told)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct cfk_lock_options opts = { .size = sizeof opts };
    static const char *const bad[] = { "a", "" };
    cfk_keeper *keeper = keeper_new();
    struct cfk_error err;
    const char *help[4];
    cfk_lock *lock;

    ck_assert_int_eq(cfk_lock_new("alice and bob", 13, &opts, &lock, NULL), CFK_OK);
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_STATE, &err,
                      "not sealed");
    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 0, help), 0);
    cfk_lock_free(lock);
    lock = read_head(head);
    request.labels = bad, request.label_count = 2;
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_INVALID,
                      &err, "label 2");
    request.label_count = CFK_KEEPER_MAX_NAMES + 1;
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_LIMIT, &err,
                      "256 labels");
    request.label_count = 0, request.asker = NULL;
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_INVALID,
                      &err, "who asks");
    request.size = 0;
    unit_expect_error(cfk_keeper_open(keeper, lock, &request, 0, &err), CFK_E_INVALID,
                      &err, "size");
    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 0, help), 0);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(those_who_could_help_are_named)
{
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct cfk_keeper_terms t = terms_of("bob");
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head);
    const char *help[4];

    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 0, help), 3);
    delegate(keeper, &people, &t, 0);
    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 0, help), 2);
    ck_assert_str_eq(help[0], "alice");
    ck_assert_str_eq(help[1], "carol");
    ck_assert_int_eq(cfk_lock_give_identity(lock, "carol", people.identities[2], NULL),
                     CFK_OK);
    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 0, help), 0);
    ck_assert_uint_eq(cfk_keeper_helpers(keeper, lock, &request, 10 * NS, help), 2);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(opening_allocates_nothing)
{
    struct fault fault;
    struct cfk_keeper_options opts = { .size = sizeof opts };
    struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
    struct cfk_keeper_terms t;
    cfk_lock *lock = read_head(head);
    cfk_keeper *keeper;
    size_t calls;

    opts.alloc = fault_at(&fault, 0);
    ck_assert_int_eq(cfk_keeper_new(&opts, &keeper, NULL), CFK_OK);
    for (int i = 0; i < 3; i++) {
        t = terms_of(names[i]);
        t.uses = 2;
        delegate_shares(keeper, &people, head, &t, 0);
    }
    calls = fault.calls;
    ck_assert_int_eq(cfk_keeper_open(keeper, lock, &request, 0, NULL), CFK_OK);
    ck_assert_uint_eq(fault.calls, calls);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
    ck_assert_uint_eq(fault.live, 0);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        enough_delegations_open_and_each_loses_a_use,
        an_open_lock_costs_nothing_more,
        who_gives_in_person_costs_nobody_a_use,
        only_those_who_may_ask_are_served,
        all_labels_have_to_match_unless_any_will_do,
        shares_open_their_lock_alone_an_identity_every_one,
        shares_from_before_a_change_are_not_taken,
        the_fewest_people_are_taken_and_shares_before_identities,
        of_several_slots_the_one_that_ends_first_is_taken,
        damage_for_one_person_is_got_around_by_others,
        what_cannot_be_opened_is_told,
        those_who_could_help_are_named,
        opening_allocates_nothing,
        NULL,
    };
    Suite *s = suite_create("split/keeper_open");
    TCase *tc = unit_case("opening", tests);

    tcase_add_checked_fixture(tc, set_up, tear_down);
    suite_add_tcase(s, tc);
    return s;
}
