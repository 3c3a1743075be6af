/* SPDX-License-Identifier: MIT */
/* Delegations by themselves: their terms, their time, their end. */
#include "fault.h"
#include "keeper_of.h"
#include "split/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = { "alice", "bob", "carol" };
static const char two_of_three[] = "2 of (alice, bob, carol)";

static struct people people;
static uint8_t head[CFK_LOCK_HEAD];

static void set_up(void)
{
    people = people_of(names, 3);
    head_of(&people, two_of_three, head);
}

static void tear_down(void)
{
    people_free(&people);
}

static int try_terms(cfk_keeper *keeper, const struct cfk_keeper_terms *terms,
                     struct cfk_error *err)
{
    return cfk_keeper_delegate_identity(keeper, people.identities[0], terms, 0, err);
}

static void refuses(cfk_keeper *keeper, const struct cfk_keeper_terms *terms, int code,
                    const char *words)
{
    struct cfk_error err;

    unit_expect_error(try_terms(keeper, terms, &err), code, &err, words);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 0);
}

START_TEST(terms_that_cannot_be_are_refused)
{
    static const char *const good[] = { "ops" };
    static const char *const bad[] = { "ops", "" };
    const char *many[CFK_KEEPER_MAX_NAMES + 1];
    cfk_keeper *keeper = keeper_new();
    struct cfk_keeper_terms t;

    for (size_t i = 0; i < CFK_KEEPER_MAX_NAMES + 1; i++)
        many[i] = "ops";
    t = terms_of("alice");
    t.uses = 0;
    refuses(keeper, &t, CFK_E_INVALID, "0 uses");
    t = terms_of("alice");
    t.seconds = 0;
    refuses(keeper, &t, CFK_E_INVALID, "0 seconds");
    t.seconds = UINT64_C(1) << 31;
    refuses(keeper, &t, CFK_E_INVALID, "2^31 - 1");
    t = terms_of("alice");
    t.anyone = 0;
    refuses(keeper, &t, CFK_E_INVALID, "askers or for anyone");
    t.anyone = 1, t.askers = good, t.asker_count = 1;
    refuses(keeper, &t, CFK_E_INVALID, "askers or for anyone");
    t.anyone = 0, t.askers = bad, t.asker_count = 2;
    refuses(keeper, &t, CFK_E_INVALID, "asker 2 is not");
    t.askers = many, t.asker_count = CFK_KEEPER_MAX_NAMES + 1;
    refuses(keeper, &t, CFK_E_LIMIT, "256 askers");
    t = terms_of("alice");
    t.unlabelled = 0;
    refuses(keeper, &t, CFK_E_INVALID, "labels or for what has none");
    t.labels = bad, t.label_count = 2;
    refuses(keeper, &t, CFK_E_INVALID, "label 2 is not");
    t.labels = many, t.label_count = CFK_KEEPER_MAX_NAMES + 1;
    refuses(keeper, &t, CFK_E_LIMIT, "256 labels");
    t = terms_of("");
    refuses(keeper, &t, CFK_E_INVALID, "person");
    t.person = NULL;
    refuses(keeper, &t, CFK_E_INVALID, "person");
    t = terms_of("alice");
    t.slot = "a\nb";
    refuses(keeper, &t, CFK_E_INVALID, "slot");
    t = terms_of("alice");
    t.size = 0;
    refuses(keeper, &t, CFK_E_INVALID, "size");
    t = terms_of("alice");
    t.askers = many, t.asker_count = CFK_KEEPER_MAX_NAMES, t.anyone = 0;
    t.labels = many, t.label_count = CFK_KEEPER_MAX_NAMES;
    t.seconds = INT32_MAX, t.uses = UINT64_MAX;
    ck_assert_int_eq(try_terms(keeper, &t, NULL), CFK_OK);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(shares_are_taken_only_of_who_gave_them)
{
    struct cfk_lock_options opts = { .size = sizeof opts };
    struct cfk_keeper_terms alice = terms_of("alice"), mallory = terms_of("mallory");
    cfk_keeper *keeper = keeper_new();
    cfk_lock *lock = read_head(head), *unsealed;
    struct cfk_error err;

    unit_expect_error(cfk_keeper_delegate(keeper, lock, &alice, 0, &err), CFK_E_STATE,
                      &err, "'alice' has not given");
    ck_assert_int_eq(cfk_lock_give_identity(lock, "bob", people.identities[1], NULL),
                     CFK_OK);
    unit_expect_error(cfk_keeper_delegate(keeper, lock, &alice, 0, &err), CFK_E_STATE,
                      &err, "'alice' has not given");
    unit_expect_error(cfk_keeper_delegate(keeper, lock, &mallory, 0, &err), CFK_E_STATE,
                      &err, "'mallory' has not given");
    ck_assert_int_eq(
        cfk_lock_new(two_of_three, strlen(two_of_three), &opts, &unsealed, NULL), CFK_OK);
    unit_expect_error(cfk_keeper_delegate(keeper, unsealed, &alice, 0, &err), CFK_E_STATE,
                      &err, "has not given");
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 0);
    cfk_lock_free(unsealed);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(a_slot_holds_one_delegation_and_a_new_one_replaces_it)
{
    struct cfk_keeper_terms t = terms_of("alice"), other = terms_of("alice");
    struct cfk_keeper_info info = { .size = sizeof info };
    cfk_keeper *keeper = keeper_new();

    delegate(keeper, &people, &t, 0);
    t.uses = 7, t.seconds = 3;
    delegate(keeper, &people, &t, 0);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 1);
    other.slot = "night";
    delegate(keeper, &people, &other, 0);
    t.person = "bob";
    delegate(keeper, &people, &t, 0);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 3);
    ck_assert_int_eq(cfk_keeper_get(keeper, 0, &info, NULL), CFK_OK);
    ck_assert_str_eq(info.person, "alice");
    ck_assert_str_eq(info.slot, "");
    ck_assert_uint_eq(info.uses, 7);
    ck_assert_int_eq(info.expiry, 3 * NS);
    ck_assert_uint_eq(info.identity, 1);
    ck_assert_uint_eq(info.anyone, 1);
    ck_assert_int_eq(cfk_keeper_get(keeper, 2, &info, NULL), CFK_OK);
    ck_assert_str_eq(info.slot, "night");
    ck_assert_int_eq(cfk_keeper_get(keeper, 3, &info, NULL), CFK_E_NOTFOUND);
    info.size = 0;
    ck_assert_int_eq(cfk_keeper_get(keeper, 0, &info, NULL), CFK_E_INVALID);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(time_ends_delegations_for_good)
{
    struct cfk_keeper_terms t = terms_of("alice");
    cfk_keeper *keeper = keeper_new();

    ck_assert_int_eq(cfk_keeper_next_expiry(keeper), CFK_KEEPER_NEVER);
    delegate(keeper, &people, &t, 0);
    t.slot = "later", t.seconds = 20;
    delegate(keeper, &people, &t, 0);
    ck_assert_int_eq(cfk_keeper_next_expiry(keeper), 10 * NS);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 10 * NS - 1), 2);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 10 * NS), 1);
    ck_assert_int_eq(cfk_keeper_next_expiry(keeper), 20 * NS);

    /* A clock that goes back brings nothing back and makes nothing longer. */
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 1);
    t.slot = "set back", t.seconds = 1;
    delegate(keeper, &people, &t, -1000 * NS);
    ck_assert_int_eq(cfk_keeper_next_expiry(keeper), 11 * NS);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 20 * NS), 0);
    ck_assert_int_eq(cfk_keeper_next_expiry(keeper), CFK_KEEPER_NEVER);

    /* At the end of time. */
    delegate(keeper, &people, &t, CFK_KEEPER_NEVER - 5);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, CFK_KEEPER_NEVER - 2), 1);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, CFK_KEEPER_NEVER), 0);
    cfk_keeper_free(keeper);
}
END_TEST

START_TEST(delegations_are_revoked_one_by_one_or_all)
{
    cfk_keeper *keeper = keeper_new();
    struct cfk_keeper_terms t;

    for (int i = 0; i < 3; i++) {
        t = terms_of(names[i]);
        delegate(keeper, &people, &t, 0);
        t.slot = "b";
        delegate(keeper, &people, &t, 0);
    }
    ck_assert_uint_eq(cfk_keeper_revoke(keeper, "alice", "c"), 0);
    ck_assert_uint_eq(cfk_keeper_revoke(keeper, "alice", ""), 1);
    ck_assert_uint_eq(cfk_keeper_revoke(keeper, "alice", ""), 0);
    ck_assert_uint_eq(cfk_keeper_revoke(keeper, "bob", NULL), 2);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 3);
    ck_assert_uint_eq(cfk_keeper_revoke(keeper, NULL, NULL), 3);
    ck_assert_uint_eq(cfk_keeper_expire(keeper, 0), 0);
    cfk_keeper_free(keeper);
    cfk_keeper_free(NULL);
}
END_TEST

START_TEST(a_keeper_takes_so_many_delegations)
{
    struct cfk_keeper_options opts = { .size = sizeof opts, .max_delegations = 2 };
    struct cfk_keeper_terms t = terms_of("alice");
    struct cfk_error err;
    cfk_keeper *keeper;

    ck_assert_int_eq(cfk_keeper_new(&opts, &keeper, NULL), CFK_OK);
    delegate(keeper, &people, &t, 0);
    t.slot = "b";
    delegate(keeper, &people, &t, 0);
    delegate(keeper, &people, &t, 0); /* replaced */
    t.slot = "c";
    unit_expect_error(try_terms(keeper, &t, &err), CFK_E_LIMIT, &err, "2 delegations");
    delegate(keeper, &people, &t, 10 * NS); /* the others have ended */
    cfk_keeper_free(keeper);
    opts.max_delegations = (1 << 20) + 1;
    unit_expect_error(cfk_keeper_new(&opts, &keeper, &err), CFK_E_INVALID, &err,
                      "1048576");
    ck_assert_ptr_null(keeper);
}
END_TEST

/* --- what is told --- */

static void note(void *ctx, const struct cfk_keeper_event *e)
{
    char *log = ctx;
    size_t used = strlen(log);

    ck_assert_uint_eq(e->size, sizeof *e);
    snprintf(log + used, 1024 - used, "%d/%d %s.%s %s %s %d %d\n", e->what, e->code,
             e->person != NULL ? e->person : "-", e->slot != NULL ? e->slot : "-",
             e->asker != NULL ? e->asker : "-", e->id != NULL ? "lock" : "any",
             (int)e->uses, (int)(e->now / NS));
}

START_TEST(everything_that_happens_is_told)
{
    char log[1024] = "";
    struct cfk_keeper_options opts = { .size = sizeof opts, .audit = note };
    struct cfk_keeper_terms alice = terms_of("alice"), bob = terms_of("bob");
    cfk_keeper *keeper;

    opts.audit_ctx = log;
    ck_assert_int_eq(cfk_keeper_new(&opts, &keeper, NULL), CFK_OK);
    bob.uses = 2;
    delegate(keeper, &people, &alice, NS);
    ck_assert_int_eq(ask(keeper, head, "ci", NULL, 0, NS, NULL), CFK_E_NEED_MORE);
    delegate_shares(keeper, &people, head, &bob, 2 * NS);
    ck_assert_int_eq(ask(keeper, head, "ci", NULL, 0, 3 * NS, NULL), CFK_OK);
    delegate(keeper, &people, &bob, 4 * NS);
    delegate(keeper, &people, &alice, 5 * NS);
    cfk_keeper_expire(keeper, 14 * NS);
    cfk_keeper_revoke(keeper, "alice", NULL);
    ck_assert_str_eq(log, "1/0 alice. - any 1 1\n"
                          "3/-80 -.- ci lock 0 1\n"
                          "1/0 bob. - lock 2 2\n"
                          "3/0 -.- ci lock 0 3\n"
                          "4/0 alice. ci any 0 3\n"
                          "4/0 bob. ci lock 1 3\n"
                          "2/0 bob. - lock 1 4\n"
                          "1/0 bob. - any 2 4\n"
                          "1/0 alice. - any 1 5\n"
                          "5/0 bob. - any 2 14\n"
                          "6/0 alice. - any 1 14\n");
    cfk_keeper_free(keeper);
}
END_TEST

/* --- memory --- */

struct blocks {
    struct cfk_alloc alloc;
    size_t count;
    size_t sizes[64];
    uint8_t *data[64];
};

static void *keep_block(void *ctx, size_t size)
{
    struct blocks *b = ctx;

    ck_assert_uint_lt(b->count, 64);
    b->sizes[b->count] = size;
    return b->data[b->count++] = calloc(1, size);
}

static void *grow_block(void *ctx, void *block, size_t size)
{
    (void)ctx;
    (void)block;
    (void)size;
    return NULL;
}

/* Nothing is released, so that what was left there can be looked at. */
static void drop_block(void *ctx, void *block)
{
    (void)ctx;
    (void)block;
}

static size_t find_in(const struct blocks *b, const void *what, size_t size)
{
    size_t found = 0;

    for (size_t i = 0; i < b->count; i++)
        for (size_t at = 0; at + size <= b->sizes[i]; at++)
            found += memcmp(b->data[i] + at, what, size) == 0;
    return found;
}

START_TEST(secrets_are_masked_and_wiped)
{
    struct blocks b = { .alloc = { keep_block, grow_block, drop_block, NULL } };
    struct cfk_keeper_options opts = { .size = sizeof opts, .max_delegations = 4 };
    struct cfk_keeper_terms t = terms_of("alice");
    uint8_t scalar[CFK__X25519_SIZE];
    cfk_keeper *keeper;

    b.alloc.ctx = &b;
    opts.alloc = &b.alloc;
    memcpy(scalar, people.identities[0]->scalar, sizeof scalar);
    ck_assert_int_eq(cfk_keeper_new(&opts, &keeper, NULL), CFK_OK);
    delegate(keeper, &people, &t, 0);
    ck_assert_uint_eq(find_in(&b, scalar, 8), 0);
    ck_assert_uint_eq(find_in(&b, "alice", 6), 1);
    t.person = "bob";
    delegate(keeper, &people, &t, 0);
    ck_assert_int_eq(ask(keeper, head, "ci", NULL, 0, 0, NULL),
                     CFK_OK); /* the last use */
    ck_assert_uint_eq(find_in(&b, "alice", 6), 0);
    ck_assert_uint_eq(find_in(&b, scalar, 8), 0);
    delegate(keeper, &people, &t, 0);
    cfk_keeper_free(keeper);
    ck_assert_uint_eq(find_in(&b, "bob", 4), 0);
    for (size_t i = 0; i < b.count; i++)
        free(b.data[i]);
}
END_TEST

START_TEST(a_forked_child_opens_nothing)
{
    struct cfk_keeper_terms t = terms_of("alice");
    cfk_keeper *keeper = keeper_new();
    int status;
    pid_t child;

    delegate(keeper, &people, &t, 0);
    delegate_shares(keeper, &people, head,
                    &(struct cfk_keeper_terms){ .size = sizeof t,
                                                .person = "bob",
                                                .uses = 1,
                                                .seconds = 5,
                                                .anyone = 1,
                                                .unlabelled = 1 },
                    0);
    child = fork();
    if (child == 0) {
        struct cfk_keeper_request request = { .size = sizeof request, .asker = "ci" };
        cfk_lock *lock = read_head(head);
        int rc = cfk_keeper_open(keeper, lock, &request, 0, NULL);

        _exit(rc == CFK_E_CORRUPT ? 0 : 1);
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(ask(keeper, head, "ci", NULL, 0, 0, NULL), CFK_OK);
    cfk_keeper_free(keeper);
}
END_TEST

static int make_and_delegate(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_keeper_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_keeper_terms t = terms_of("alice");
    cfk_keeper *keeper;
    cfk_lock *lock;
    int rc = cfk_keeper_new(&opts, &keeper, NULL);

    (void)ctx;
    if (rc != CFK_OK) {
        ck_assert_ptr_null(keeper);
        return rc;
    }
    lock = read_head(head);
    ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, people.identities[0], NULL),
                     CFK_OK);
    rc = cfk_keeper_delegate(keeper, lock, &t, 0, NULL);
    t.slot = "b";
    if (rc == CFK_OK)
        rc = cfk_keeper_delegate_identity(keeper, people.identities[0], &t, 0, NULL);
    ck_assert(rc == CFK_OK || cfk_keeper_expire(keeper, 0) < 2);
    cfk_lock_free(lock);
    cfk_keeper_free(keeper);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    fault_sweep(make_and_delegate, NULL, 4);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const terms[] = {
        terms_that_cannot_be_are_refused,
        shares_are_taken_only_of_who_gave_them,
        a_slot_holds_one_delegation_and_a_new_one_replaces_it,
        time_ends_delegations_for_good,
        delegations_are_revoked_one_by_one_or_all,
        a_keeper_takes_so_many_delegations,
        everything_that_happens_is_told,
        NULL,
    };
    const TTest *const memory[] = {
        secrets_are_masked_and_wiped,
        a_forked_child_opens_nothing,
        every_allocation_may_fail,
        NULL,
    };
    Suite *s = suite_create("split/keeper");
    TCase *cases[] = { unit_case("terms", terms), unit_case("memory", memory) };

    for (int i = 0; i < 2; i++) {
        tcase_add_checked_fixture(cases[i], set_up, tear_down);
        suite_add_tcase(s, cases[i]);
    }
    return s;
}
