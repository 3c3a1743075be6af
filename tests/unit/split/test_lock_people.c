/* SPDX-License-Identifier: MIT */
/* Locks that people open: made, read, opened; who is wrong is told. */
#include "fault.h"
#include "lock_of.h"

#include <stdio.h>

static const char secret[] = "the secret of the lock";

static cfk_lock *mixed_lock(cfk_identity *const *identities, struct file *file)
{
    cfk_lock *lock;

    ck_assert_int_eq(cfk_lock_new("2 of (alice, bob, carol)", 24, &cheap, &lock, NULL),
                     CFK_OK);
    set_public(lock, "alice", identities[0]);
    set_public(lock, "bob", identities[1]);
    set_words(lock, "carol", "words of carol");
    *file = lock_file(lock, secret, sizeof secret);
    cfk_lock_free(lock);
    return lock_read(file);
}

START_TEST(identities_and_passphrases_open_together)
{
    cfk_identity *ids[] = { identity_new(), identity_new(), identity_new() };
    const char *names[3];
    struct file file, plain;
    struct cfk_error err;
    cfk_lock *lock = mixed_lock(ids, &file);

    ck_assert_str_eq(cfk_policy_text(cfk_lock_policy(lock)), "2 of (alice, bob, carol)");
    ck_assert_uint_eq(cfk_lock_missing(lock, names), 2);
    unit_expect_error(cfk_lock_open(lock, &err), CFK_E_NEED_MORE, &err,
                      "not enough people");
    ck_assert_int_eq(cfk_lock_give_identity(lock, "bob", ids[1], &err), CFK_OK);
    ck_assert_uint_eq(cfk_lock_given(lock, names), 1);
    ck_assert_str_eq(names[0], "bob");
    unit_expect_error(cfk_lock_open(lock, &err), CFK_E_NEED_MORE, &err, "would do");
    unit_expect_error(cfk_lock_give_identity(lock, NULL, ids[2], &err), CFK_E_PASSPHRASE,
                      &err, "wrong passphrase or identity");
    unit_expect_error(cfk_lock_give_identity(lock, "carol", ids[0], &err),
                      CFK_E_PASSPHRASE, &err, "wrong passphrase or identity");
    ck_assert_int_eq(give_words(lock, "carol", &err), CFK_OK);
    ck_assert_uint_eq(cfk_lock_missing(lock, names), 0);
    unit_expect_error(payload(lock, &file, &plain, &err), CFK_E_STATE, &err, "not open");
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    ck_assert_uint_eq(lock_info(lock).is_open, 1);
    ck_assert_int_eq(payload(lock, &file, &plain, &err), CFK_OK);
    ck_assert_uint_eq(plain.size, sizeof secret);
    ck_assert_mem_eq(plain.data, secret, sizeof secret);
    free(plain.data);
    free(file.data);
    cfk_lock_free(lock);
    for (int i = 0; i < 3; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

START_TEST(strangers_learn_one_thing_only)
{
    static const struct {
        const char *name, *words;
    } wrong[] = { { "carol", "not hers" },
                  { "carol", "" },
                  { "mallory", "words of carol" },
                  { "alice", "words of carol" },
                  { "", "" } };
    cfk_identity *ids[] = { identity_new(), identity_new() };
    struct cfk_error first = { 0 }, err;
    struct file file;
    cfk_lock *lock = mixed_lock(ids, &file);
    char *huge = calloc(1, 1 << 20);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(cfk_lock_give_passphrase(lock, wrong[i].name, wrong[i].words,
                                                  strlen(wrong[i].words), &err),
                         CFK_E_PASSPHRASE);
        if (i == 0)
            first = err;
        ck_assert_str_eq(err.message, first.message);
    }
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "carol", huge, 4096, &err),
                     CFK_E_PASSPHRASE);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "carol", huge, 4097, &err),
                     CFK_E_LIMIT);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "carol", huge, 1 << 20, &err),
                     CFK_E_LIMIT);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "carol", NULL, 0, &err),
                     CFK_E_PASSPHRASE);
    ck_assert_int_eq(give_words(lock, "carol", &err), CFK_OK);
    free(huge);
    free(file.data);
    cfk_lock_free(lock);
    for (int i = 0; i < 2; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

START_TEST(passphrases_are_bytes)
{
    static const char composed[] = "caf\xc3\xa9";
    static const char combining[] = "cafe\xcc\x81";
    static const char raw[] = "\xff\x00\xfe";
    struct cfk_error err;
    struct file file;
    cfk_lock *lock;

    ck_assert_int_eq(cfk_lock_new("a and b", 7, &cheap, &lock, NULL), CFK_OK);
    ck_assert_int_eq(
        cfk_lock_set_passphrase(lock, "a", composed, sizeof composed - 1, &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_set_passphrase(lock, "b", raw, 3, &err), CFK_OK);
    file = lock_file(lock, secret, sizeof secret);
    cfk_lock_free(lock);
    lock = lock_read(&file);
    ck_assert_int_eq(
        cfk_lock_give_passphrase(lock, "a", combining, sizeof combining - 1, &err),
        CFK_E_PASSPHRASE);
    ck_assert_int_eq(
        cfk_lock_give_passphrase(lock, "a", composed, sizeof composed - 1, &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "b", raw, 2, &err), CFK_E_PASSPHRASE);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "b", raw, 3, &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    cfk_lock_free(lock);
    free(file.data);
}
END_TEST

START_TEST(one_person_twice_counts_once)
{
    cfk_identity *ids[] = { identity_new(), identity_new() };
    cfk_split_sealer *sealer;
    struct cfk_error err;
    struct file file;
    cfk_lock *lock = mixed_lock(ids, &file);

    ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, ids[0], &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_give_identity(lock, "alice", ids[0], &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_E_NEED_MORE);
    cfk_lock_free(lock);
    free(file.data);

    /* Nor does one key under two names. */
    ck_assert_int_eq(cfk_lock_new("alice and bob", 13, &cheap, &lock, NULL), CFK_OK);
    set_public(lock, "alice", ids[0]);
    set_public(lock, "bob", ids[0]);
    unit_expect_error(cfk_lock_seal(lock, &sealer, &err), CFK_E_INVALID, &err,
                      "'alice' and 'bob' have the same key");
    ck_assert_ptr_null(sealer);
    set_public(lock, "bob", ids[1]);
    ck_assert_int_eq(cfk_lock_seal(lock, &sealer, &err), CFK_OK);
    cfk_split_sealer_free(sealer);
    cfk_lock_free(lock);

    /* Unless that was said. */
    ck_assert_int_eq(cfk_lock_new("alice and bob", 13, &alone, &lock, NULL), CFK_OK);
    set_public(lock, "alice", ids[0]);
    set_public(lock, "bob", ids[0]);
    file = lock_file(lock, secret, sizeof secret);
    cfk_lock_free(lock);
    lock = lock_read(&file);
    ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, ids[0], &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    cfk_lock_free(lock);
    free(file.data);
    for (int i = 0; i < 2; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

START_TEST(a_policy_that_one_person_meets_is_refused)
{
    struct cfk_error err;
    cfk_lock *lock;

    unit_expect_error(cfk_lock_new("alice or bob", 12, NULL, &lock, &err),
                      CFK_E_ONE_PERSON, &err, "'alice' alone");
    ck_assert_ptr_null(lock);
    unit_expect_error(cfk_lock_new("alice", 5, NULL, &lock, &err), CFK_E_ONE_PERSON, &err,
                      "alone");
    unit_expect_error(cfk_lock_new("3 of (a, b)", 11, NULL, &lock, &err), CFK_E_INVALID,
                      &err, "");
    ck_assert_int_eq(cfk_lock_new("alice or bob", 12, &alone, &lock, &err), CFK_OK);
    cfk_lock_free(lock);
    ck_assert_int_eq(cfk_lock_new("a and b", 7, &cheap, &lock, &err), CFK_OK);
    unit_expect_error(cfk_lock_set_policy(lock, "a", 1, &err), CFK_E_ONE_PERSON, &err,
                      "alone");
    cfk_lock_free(lock);
}
END_TEST

START_TEST(what_a_lock_tells_needs_no_secret)
{
    cfk_identity *ids[] = { identity_new(), identity_new() };
    struct cfk_lock_person person = { .size = sizeof person };
    struct cfk_lock_info info;
    struct cfk_error err;
    struct file file;
    cfk_lock *lock = mixed_lock(ids, &file);

    info = lock_info(lock);
    ck_assert_uint_eq(info.kind, CFK_LOCK_PEOPLE);
    ck_assert_uint_eq(info.generation, 1);
    ck_assert_uint_eq(info.is_open, 0);
    ck_assert_uint_eq(info.damaged, 0);
    ck_assert_uint_eq(info.interrupted, 0);
    ck_assert_uint_eq(info.head_size, HEAD);
    ck_assert_uint_lt(info.used, 600);
    ck_assert_int_eq(cfk_lock_show_person(lock, 0, &person, &err), CFK_OK);
    ck_assert_uint_eq(person.kind, CFK_LOCK_IDENTITY);
    ck_assert_str_eq(person.public_text, cfk_identity_public(ids[0]));
    ck_assert_uint_eq(person.has_given, 0);
    ck_assert_int_eq(cfk_lock_show_person(lock, 2, &person, &err), CFK_OK);
    ck_assert_uint_eq(person.kind, CFK_LOCK_PASSPHRASE);
    ck_assert_str_eq(person.public_text, "");
    ck_assert_uint_eq(person.memory_kib, 8);
    ck_assert_uint_eq(person.passes, 1);
    ck_assert_uint_eq(person.lanes, 1);
    unit_expect_error(cfk_lock_show_person(lock, 3, &person, &err), CFK_E_INVALID, &err,
                      "no person 3");
    person.size = 0;
    unit_expect_error(cfk_lock_show_person(lock, 0, &person, &err), CFK_E_INVALID, &err,
                      "size");
    info.size = 1;
    unit_expect_error(cfk_lock_show(lock, &info, &err), CFK_E_INVALID, &err, "size");
    cfk_lock_free(lock);
    free(file.data);
    for (int i = 0; i < 2; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

START_TEST(a_lock_that_shares_open_is_read_by_the_same_reader)
{
    const char *names[1];
    cfk_split_sealer *sealer;
    cfk_split_opener *opener;
    struct cfk_lock_info info;
    struct cfk_error err;
    const void *out;
    size_t size, used;
    cfk_split *set;
    cfk_lock *lock;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_new(set, &sealer, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_update(sealer, "x", 1, &used, &out, &size, NULL),
                     CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_finish(sealer, &out, &size, NULL), CFK_OK);
    ck_assert_int_eq(cfk_lock_kind(out, size), CFK_LOCK_SHARES);
    ck_assert_int_eq(cfk_lock_read(out, size, NULL, &lock, &err), CFK_OK);
    info = lock_info(lock);
    ck_assert_uint_eq(info.kind, CFK_LOCK_SHARES);
    ck_assert_uint_eq(info.head_size, 72);
    ck_assert_mem_eq(info.set_id, cfk_split_set_id(set), 8);
    ck_assert_ptr_null(cfk_lock_policy(lock));
    ck_assert_uint_eq(cfk_lock_missing(lock, names), 0);
    ck_assert_uint_eq(cfk_lock_given(lock, names), 0);
    unit_expect_error(give_words(lock, "a", &err), CFK_E_STATE, &err, "shares open");
    unit_expect_error(cfk_lock_open(lock, &err), CFK_E_STATE, &err, "shares open");
    unit_expect_error(cfk_lock_opener(lock, &opener, &err), CFK_E_STATE, &err,
                      "not open");
    unit_expect_error(cfk_lock_set_policy(lock, "a and b", 7, &err), CFK_E_STATE, &err,
                      "shares open");
    unit_expect_error(cfk_lock_set_passphrase(lock, "a", "b", 1, &err), CFK_E_STATE, &err,
                      "shares open");
    unit_expect_error(cfk_lock_change(lock, &err), CFK_E_STATE, &err, "not sealed");
    cfk_lock_free(lock);
    for (size_t cut = 0; cut < 72; cut++)
        ck_assert_int_eq(cfk_lock_read(out, cut, NULL, &lock, &err), CFK_E_CORRUPT);
    cfk_split_sealer_free(sealer);
    cfk_split_free(set);
}
END_TEST

START_TEST(things_out_of_order_are_refused)
{
    cfk_split_sealer *sealer;
    struct cfk_error err;
    const void *head;
    uint64_t offset;
    size_t size;
    cfk_lock *lock;

    ck_assert_int_eq(cfk_lock_new("a and b", 7, &cheap, &lock, NULL), CFK_OK);
    unit_expect_error(cfk_lock_seal(lock, &sealer, &err), CFK_E_STATE, &err,
                      "'a' has no key yet");
    unit_expect_error(cfk_lock_head(lock, &head, &size, &err), CFK_E_STATE, &err,
                      "nothing was sealed");
    ck_assert_int_eq(cfk_lock_piece(lock, 0, &offset, &head, &size), 0);
    unit_expect_error(give_words(lock, "a", &err), CFK_E_STATE, &err, "not sealed");
    unit_expect_error(cfk_lock_open(lock, &err), CFK_E_STATE, &err, "not sealed");
    unit_expect_error(cfk_lock_change(lock, &err), CFK_E_STATE, &err, "not sealed");
    unit_expect_error(cfk_lock_set_public(lock, "c", "age1", &err), CFK_E_CORRUPT, &err,
                      "");
    unit_expect_error(cfk_lock_set_passphrase(lock, "c", "x", 1, &err), CFK_E_NOTFOUND,
                      &err, "nobody named 'c'");
    unit_expect_error(cfk_lock_set_passphrase(lock, "a", "", 0, &err), CFK_E_INVALID,
                      &err, "empty");
    unit_expect_error(cfk_lock_set_passphrase(lock, "a", &err, 4097, &err), CFK_E_LIMIT,
                      &err, "4097");
    cfk_lock_free(lock);
    cfk_lock_free(NULL);
}
END_TEST

/* --- what is told to a log --- */

struct log {
    char text[512];
};

static void note(void *ctx, const cfk_lock *lock, const struct cfk_lock_event *event)
{
    struct log *log = ctx;
    size_t used = strlen(log->text);

    ck_assert_uint_eq(event->size, sizeof *event);
    ck_assert_uint_eq(lock_info(lock).kind, CFK_LOCK_PEOPLE);
    snprintf(log->text + used, sizeof log->text - used, "%d %s %s;", (int)event->what,
             cfk_error_name(event->code), event->person != NULL ? event->person : "-");
}

START_TEST(an_audit_hears_of_every_step)
{
    struct file file = lock_with_words("a and b", secret, sizeof secret);
    struct log log = { "" };
    struct cfk_lock_options opts = cheap;
    cfk_split_sealer *sealer;
    struct cfk_error err;
    cfk_lock *lock;

    opts.audit = note;
    opts.audit_ctx = &log;
    ck_assert_int_eq(cfk_lock_read(file.data, file.size, &opts, &lock, &err), CFK_OK);
    cfk_lock_give_passphrase(lock, "b", "wrong", 5, &err);
    give_words(lock, "a", &err);
    cfk_lock_open(lock, &err);
    give_words(lock, "b", &err);
    cfk_lock_open(lock, &err);
    cfk_lock_change(lock, &err);
    ck_assert_int_eq(cfk_lock_seal(lock, &sealer, &err), CFK_OK);
    cfk_split_sealer_free(sealer);
    ck_assert_str_eq(log.text,
                     "1 wrong-passphrase b;1 ok a;2 need-more -;1 ok b;2 ok -;4 ok -;"
                     "3 ok -;");
    cfk_lock_free(lock);
    free(file.data);
}
END_TEST

/* --- failing allocations --- */

static int make_and_open(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_lock_options opts = cheap;
    cfk_identity *const *ids = ctx;
    cfk_split_sealer *sealer = NULL;
    cfk_split_opener *opener = NULL;
    cfk_lock *again = NULL;
    const void *head;
    size_t size;
    cfk_lock *lock;
    int rc;

    opts.alloc = alloc;
    rc = cfk_lock_new("alice and bob", 13, &opts, &lock, NULL);
    for (int i = 0; i < 2 && rc == CFK_OK; i++)
        rc = cfk_lock_set_public(lock, i == 0 ? "alice" : "bob",
                                 cfk_identity_public(ids[i]), NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_seal(lock, &sealer, NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_head(lock, &head, &size, NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_read(head, size, &opts, &again, NULL);
    for (int i = 0; i < 2 && rc == CFK_OK; i++)
        rc = cfk_lock_give_identity(again, NULL, ids[i], NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_open(again, NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_change(again, NULL);
    if (rc == CFK_OK)
        rc = cfk_lock_opener(again, &opener, NULL);
    cfk_split_opener_free(opener);
    cfk_split_sealer_free(sealer);
    cfk_lock_free(again);
    cfk_lock_free(lock);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    cfk_identity *ids[] = { identity_new(), identity_new() };

    fault_sweep(make_and_open, ids, 15);
    for (int i = 0; i < 2; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        identities_and_passphrases_open_together,
        strangers_learn_one_thing_only,
        passphrases_are_bytes,
        one_person_twice_counts_once,
        a_policy_that_one_person_meets_is_refused,
        what_a_lock_tells_needs_no_secret,
        a_lock_that_shares_open_is_read_by_the_same_reader,
        things_out_of_order_are_refused,
        an_audit_hears_of_every_step,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *s = suite_create("split/lock_people");

    suite_add_tcase(s, unit_case("people", tests));
    return s;
}
