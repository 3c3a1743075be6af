/* SPDX-License-Identifier: MIT */
/* People come and go: what changes, what stays, what a crash leaves. */
#include "fault.h"
#include "lock_of.h"

#include "split/head.h"

static const char secret[] = "the secret of the lock";

static cfk_lock *opened(const struct file *file, const char *first, const char *second)
{
    struct cfk_error err;
    cfk_lock *lock = lock_read(file);

    ck_assert_int_eq(give_words(lock, first, &err), CFK_OK);
    ck_assert_int_eq(give_words(lock, second, &err), CFK_OK);
    ck_assert_msg(cfk_lock_open(lock, &err) == CFK_OK, "%s", err.message);
    return lock;
}

static int open_two(const struct file *file, const char *first, const char *second,
                    struct cfk_error *err)
{
    const char *const names[] = { first, second, NULL };

    return open_with(file, names, secret, sizeof secret, err);
}

static struct file copy_of(const struct file *file)
{
    struct file copy = { NULL, 0 };

    file_append(&copy, file->data, file->size);
    return copy;
}

static void plan(cfk_lock *lock, const char *policy)
{
    struct cfk_error err;

    ck_assert_msg(cfk_lock_set_policy(lock, policy, strlen(policy), &err) == CFK_OK, "%s",
                  err.message);
}

START_TEST(a_person_is_added_without_the_payload)
{
    struct file file = lock_with_words("2 of (alice, bob)", secret, sizeof secret);
    struct file before = copy_of(&file);
    struct cfk_error err;
    cfk_lock *lock = opened(&file, "alice", "bob");

    plan(lock, "2 of (alice, bob, carol)");
    unit_expect_error(cfk_lock_change(lock, &err), CFK_E_STATE, &err,
                      "'carol' has no key yet");
    ck_assert_str_eq(cfk_policy_text(cfk_lock_policy(lock)), "alice and bob");
    set_words(lock, "carol", "words of carol");
    ck_assert_int_eq(cfk_lock_change(lock, &err), CFK_OK);
    ck_assert_str_eq(cfk_policy_text(cfk_lock_policy(lock)), "2 of (alice, bob, carol)");
    ck_assert_uint_eq(lock_info(lock).generation, 2);
    write_pieces(lock, &file, 2);
    cfk_lock_free(lock);
    ck_assert_mem_eq(file.data + HEAD, before.data + HEAD, file.size - HEAD);
    ck_assert_int_eq(open_two(&file, "carol", "bob", &err), CFK_OK);
    ck_assert_int_eq(open_two(&file, "alice", "bob", &err), CFK_OK);
    ck_assert_int_eq(open_two(&before, "alice", "bob", &err), CFK_OK);
    free(before.data);
    free(file.data);
}
END_TEST

START_TEST(a_person_who_is_removed_counts_no_more_but_in_old_heads)
{
    struct file file = lock_with_words("2 of (alice, bob, carol)", secret, sizeof secret);
    struct file before = copy_of(&file);
    struct cfk_error err;
    cfk_lock *lock = opened(&file, "alice", "bob");

    plan(lock, "2 of (alice, carol)");
    ck_assert_int_eq(cfk_lock_change(lock, &err), CFK_OK);
    write_pieces(lock, &file, 2);
    cfk_lock_free(lock);
    ck_assert_int_eq(open_two(&file, "alice", "bob", &err), CFK_E_PASSPHRASE);
    ck_assert_int_eq(open_two(&file, "alice", "carol", &err), CFK_OK);
    /* An old head over the new file opens it: that is what rekey is for. */
    memcpy(file.data, before.data, HEAD);
    ck_assert_int_eq(open_two(&file, "alice", "bob", &err), CFK_OK);
    free(before.data);
    free(file.data);
}
END_TEST

START_TEST(a_new_key_revokes_old_heads)
{
    struct file file = lock_with_words("2 of (alice, bob, carol)", secret, sizeof secret);
    struct cfk_error err;
    cfk_lock *lock = opened(&file, "alice", "bob");
    struct file plain, fresh;

    ck_assert_int_eq(payload(lock, &file, &plain, &err), CFK_OK);
    plan(lock, "2 of (alice, carol)");
    fresh = lock_file(lock, plain.data, plain.size);
    ck_assert_uint_eq(lock_info(lock).generation, 1);
    cfk_lock_free(lock);
    ck_assert_mem_ne(file.data, fresh.data, HEAD);
    ck_assert_int_eq(open_two(&fresh, "alice", "carol", &err), CFK_OK);
    ck_assert_int_eq(open_two(&fresh, "alice", "bob", &err), CFK_E_PASSPHRASE);
    memcpy(fresh.data, file.data, HEAD);
    unit_expect_error(open_two(&fresh, "alice", "bob", &err), CFK_E_CORRUPT, &err,
                      "does not belong to this key");
    free(plain.data);
    free(fresh.data);
    free(file.data);
}
END_TEST

START_TEST(a_key_is_replaced_and_the_rest_stays)
{
    struct file file = lock_with_words("2 of (alice, bob, carol)", secret, sizeof secret);
    cfk_identity *identity = identity_new();
    struct cfk_error err;
    cfk_lock *lock = opened(&file, "alice", "bob");

    set_words(lock, "bob", "something new");
    set_public(lock, "carol", identity);
    ck_assert_int_eq(cfk_lock_change(lock, &err), CFK_OK);
    write_pieces(lock, &file, 2);
    cfk_lock_free(lock);
    lock = lock_read(&file);
    ck_assert_int_eq(give_words(lock, "bob", &err), CFK_E_PASSPHRASE);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "bob", "something new", 13, &err),
                     CFK_OK);
    ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, identity, &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    cfk_lock_free(lock);
    ck_assert_int_eq(open_two(&file, "alice", "carol", &err), CFK_E_PASSPHRASE);
    cfk_identity_free(identity);
    free(file.data);
}
END_TEST

START_TEST(a_lock_that_is_not_open_is_not_changed)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    cfk_lock *lock = lock_read(&file);
    cfk_split_sealer *sealer;
    struct cfk_error err;

    give_words(lock, "alice", &err);
    unit_expect_error(cfk_lock_change(lock, &err), CFK_E_STATE, &err, "not open");
    unit_expect_error(cfk_lock_seal(lock, &sealer, &err), CFK_E_STATE, &err, "not open");
    cfk_lock_free(lock);
    free(file.data);
}
END_TEST

/* Whenever writing ends, the lock opens, as before or as after. */
START_TEST(a_crash_in_the_midst_of_a_change_loses_nothing)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    struct cfk_error err;
    size_t step = RUNNING_ON_VALGRIND ? 8191 : 97;

    for (int round = 0; round < 2; round++) {
        cfk_lock *lock = opened(&file, "alice", "bob");
        struct cfk_lock_info info;

        plan(lock, round == 0 ? "2 of (alice, bob, carol)" : "alice and bob");
        if (round == 0)
            set_words(lock, "carol", "words of carol");
        ck_assert_int_eq(cfk_lock_change(lock, &err), CFK_OK);
        for (uint32_t piece = 0; piece < 2; piece++) {
            uint64_t offset;
            const void *data;
            size_t size;

            ck_assert_int_eq(cfk_lock_piece(lock, piece, &offset, &data, &size), 1);
            for (size_t cut = 0; cut <= size; cut += cut < 1200 ? step : 8 * step) {
                struct file torn = copy_of(&file);

                write_pieces(lock, &torn, piece);
                memcpy(torn.data + offset, data, cut);
                ck_assert_msg(open_two(&torn, "alice", "bob", &err) == CFK_OK,
                              "piece %u cut at %zu: %s", piece, cut, err.message);
                free(torn.data);
            }
        }
        ck_assert_int_eq(cfk_lock_piece(lock, 2, &(uint64_t){ 0 },
                                        &(const void *){ NULL }, &(size_t){ 0 }),
                         0);
        write_pieces(lock, &file, 1); /* and there it ended */
        cfk_lock_free(lock);
        lock = lock_read(&file);
        info = lock_info(lock);
        ck_assert_uint_eq(info.interrupted, 1);
        ck_assert_uint_eq(info.damaged, 0);
        ck_assert_uint_eq(info.generation, (unsigned)round + 2);
        cfk_lock_free(lock);
    }
    free(file.data);
}
END_TEST

START_TEST(the_next_change_mends_both_copies)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    struct cfk_error err;

    for (size_t slot = 0; slot < 2; slot++) {
        cfk_lock *lock;

        file.data[slot * SLOT + 300] ^= 1;
        lock = opened(&file, "alice", "bob");
        ck_assert_uint_eq(lock_info(lock).damaged, 1);
        ck_assert_int_eq(cfk_lock_change(lock, &err), CFK_OK);
        write_pieces(lock, &file, 2);
        cfk_lock_free(lock);
        lock = opened(&file, "alice", "bob");
        ck_assert_uint_eq(lock_info(lock).damaged, 0);
        ck_assert_uint_eq(lock_info(lock).interrupted, 0);
        ck_assert_uint_eq(lock_info(lock).generation, slot + 2);
        cfk_lock_free(lock);
    }
    free(file.data);
}
END_TEST

/* --- policies with a person more or less --- */

static int edited(const char *text, const char *name, bool with, char *out, size_t size,
                  struct cfk_error *err)
{
    cfk_policy *policy, *changed;
    int rc;

    ck_assert_int_eq(cfk_policy_parse(text, strlen(text), NULL, &policy, NULL), CFK_OK);
    rc = with ? cfk_policy_with(policy, name, NULL, &changed, err)
              : cfk_policy_without(policy, name, NULL, &changed, err);
    ck_assert((rc == CFK_OK) == (changed != NULL));
    if (rc == CFK_OK) {
        ck_assert_uint_lt(strlen(cfk_policy_text(changed)), size);
        strcpy(out, cfk_policy_text(changed));
    }
    cfk_policy_free(changed);
    cfk_policy_free(policy);
    return rc;
}

START_TEST(a_policy_gains_and_loses_people)
{
    static const struct {
        const char *text, *name, *wanted;
        bool with;
    } cases[] = {
        { "2 of (a, b)", "c", "2 of (a, b, c)", true },
        { "2 of (a, b, c)", "two words", "2 of (a, b, c, \"two words\")", true },
        { "3 of (a, b, c)", "of", "3 of (a, b, c, \"of\")", true },
        { "2 of (a, b, c)", "b", "a and c", false },
        { "a and (b or c)", "b", "a and c", false },
        { "3 of (ops*2, a, b)", "b", "2 of (a and ops)", false },
        { "2 of (a, b, 2 of (c, d, e))", "d", "2 of (a, b, (c and e))", false },
    };
    char text[128];
    struct cfk_error err;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int rc =
            edited(cases[i].text, cases[i].name, cases[i].with, text, sizeof text, &err);

        ck_assert_msg(rc == CFK_OK, "%s: %s", cases[i].text, err.message);
        if (i != 5) /* weights stay: see below */
            ck_assert_str_eq(text, cases[i].wanted);
        else
            ck_assert_str_eq(text, "3 of (ops*2, a)");
    }
}
END_TEST

START_TEST(a_policy_that_would_make_no_sense_is_refused)
{
    static const struct {
        const char *text, *name, *words;
        int code;
        bool with;
    } cases[] = {
        { "2 of (a, b)", "b", "already", CFK_E_EXISTS, true },
        { "a and (b or c)", "d", "gates or weights", CFK_E_INVALID, true },
        { "3 of (ops*2, a, b)", "d", "gates or weights", CFK_E_INVALID, true },
        { "2 of (a, b)", "", "the name is empty", CFK_E_INVALID, true },
        { "2 of (a, b)", "x\ny", "the name has", CFK_E_INVALID, true },
        { "2 of (a, b)", "A", "", CFK_E_INVALID, true },
        { "2 of (a, b)", "c", "nobody named", CFK_E_NOTFOUND, false },
        { "2 of (a, b)", "b", "without 'b' nobody", CFK_E_INVALID, false },
        { "a and (b or c)", "a", "without 'a' nobody", CFK_E_INVALID, false },
        { "2 of (a, (b and c))", "a", "without 'a' nobody", CFK_E_INVALID, false },
        { "(a and b) or (c and d)", "a", "without 'a' nobody", CFK_E_INVALID, false },
    };
    char text[128];
    struct cfk_error err;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int rc =
            edited(cases[i].text, cases[i].name, cases[i].with, text, sizeof text, &err);

        ck_assert_msg(rc == cases[i].code, "%s, %s: %s", cases[i].text, cases[i].name,
                      cfk_error_name(rc));
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s", err.message);
    }
}
END_TEST

static int edit(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_policy_options opts = { .size = sizeof opts, .alloc = alloc };
    cfk_policy *policy, *more = NULL, *less = NULL;
    int rc;

    (void)ctx;
    rc = cfk_policy_parse("2 of (a, b, c)", 14, &opts, &policy, NULL);
    if (rc == CFK_OK)
        rc = cfk_policy_with(policy, "d", &opts, &more, NULL);
    if (rc == CFK_OK)
        rc = cfk_policy_without(more, "a", &opts, &less, NULL);
    cfk_policy_free(less);
    cfk_policy_free(more);
    cfk_policy_free(policy);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    fault_sweep(edit, NULL, 6);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_person_is_added_without_the_payload,
        a_person_who_is_removed_counts_no_more_but_in_old_heads,
        a_new_key_revokes_old_heads,
        a_key_is_replaced_and_the_rest_stays,
        a_lock_that_is_not_open_is_not_changed,
        a_crash_in_the_midst_of_a_change_loses_nothing,
        the_next_change_mends_both_copies,
        a_policy_gains_and_loses_people,
        a_policy_that_would_make_no_sense_is_refused,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *s = suite_create("split/lock_change");

    suite_add_tcase(s, unit_case("change", tests));
    return s;
}
