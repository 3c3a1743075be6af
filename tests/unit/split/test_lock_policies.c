/* SPDX-License-Identifier: MIT */
/* Who may open a lock, how many they may be, and what they may cost. */
#include "lock_of.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdio.h>

static const char secret[] = "the secret of the lock";

/* --- who may open: every subset of every policy --- */

/* Deterministic keys cost an X25519 each, so people are few and policies many. */
static void check_subsets(const char *policy, const json_t *names)
{
    struct file file = lock_with_words(policy, secret, sizeof secret);
    size_t people = json_array_size(names);
    cfk_lock *all = lock_read(&file);

    for (uint32_t bits = 0; bits < UINT32_C(1) << people; bits++) {
        const char *given[KEYS + 1] = { NULL };
        struct cfk_error err;
        size_t count = 0;
        int met, rc;

        for (size_t i = 0; i < people && count < KEYS; i++)
            if (bits >> i & 1) {
                const char *name = json_string_value(json_array_get(names, i));
                size_t len = strlen(name);
                bool known = false;

                for (size_t j = 0; j < cfk_policy_people(cfk_lock_policy(all)); j++)
                    known = known || strncmp(cfk_policy_person(cfk_lock_policy(all), j),
                                             name, len + 1) == 0;
                if (known)
                    given[count++] = name;
            }
        met = cfk_policy_satisfied(cfk_lock_policy(all), given, count);
        rc = open_with(&file, given, secret, sizeof secret, &err);
        ck_assert_msg(rc == (met ? CFK_OK : CFK_E_NEED_MORE), "%s: %s", policy,
                      rc == CFK_OK ? "opened" : err.message);
    }
    cfk_lock_free(all);
    free(file.data);
}

START_TEST(locks_open_for_whom_the_truth_table_says)
{
    json_t *root = vectors_load("split/policies_redoctober.json");
    unsigned tried = 0;
    unsigned seen = 0;
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const json_t *names = json_object_get(item, "names");

        if (json_is_true(json_object_get(item, "duplicates")) ||
            json_array_size(names) > 4 || seen++ % (RUNNING_ON_VALGRIND ? 40 : 4) != 0)
            continue;
        check_subsets(vectors_text(item, "policy"), names);
        tried++;
    }
    ck_assert_uint_gt(tried, RUNNING_ON_VALGRIND ? 0 : 4);
    json_decref(root);
}
END_TEST

START_TEST(weights_and_nesting_open_as_written)
{
    static const char *const policies[] = {
        "3 of (ops*2, alice, bob)",
        "alice and (bob or carol)",
        "2 of (alice, 2 of (bob, carol, dave), bob)",
        "(2, alice, bob, (1, carol, dave))",
        "alice & (bob | carol)",
    };
    json_t *names = json_pack("[sssss]", "alice", "bob", "carol", "dave", "ops");

    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (!RUNNING_ON_VALGRIND || i == 2)
            check_subsets(policies[i], names);
    json_decref(names);
}
END_TEST

/* --- sizes and costs --- */

START_TEST(secrets_of_every_size_open_again)
{
    static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 40000 };
    static const char *const both[] = { "a", "b", NULL };
    uint8_t *data = calloc(1, 40000);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct file file = lock_with_words("a and b", data, sizes[i]);

        ck_assert_uint_eq(file.size, HEAD + 56 + sizes[i] + (sizes[i] / 16384 + 1) * 16);
        ck_assert_int_eq(open_with(&file, both, data, sizes[i], NULL), CFK_OK);
        free(file.data);
    }
    free(data);
}
END_TEST

static cfk_lock *many(const char *gate, unsigned people, struct cfk_error *err)
{
    char policy[8192];
    cfk_lock *lock = NULL;
    int used = snprintf(policy, sizeof policy, "%s (", gate);

    for (unsigned i = 0; i < people; i++)
        used += snprintf(policy + used, sizeof policy - (size_t)used, "%sperson%u",
                         i > 0 ? ", " : "", i);
    policy[used++] = ')';
    ck_assert_int_eq(cfk_lock_new(policy, (size_t)used, &cheap, &lock, err), CFK_OK);
    return lock;
}

START_TEST(twenty_people_take_four_kib)
{
    cfk_lock *lock = many("2 of", 20, NULL);
    cfk_identity *identity;
    struct file file;
    char name[24];

    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "person%u", i);
        identity = identity_new();
        if (i % 2 == 0)
            set_public(lock, name, identity);
        else
            set_words(lock, name, name);
        cfk_identity_free(identity);
    }
    file = lock_file(lock, secret, sizeof secret);
    ck_assert_uint_le(lock_info(lock).used, 4096);
    free(file.data);
    cfk_lock_free(lock);
}
END_TEST

START_TEST(as_many_people_as_a_policy_names_have_room)
{
    unsigned people = 255;
    struct file file, plain;
    struct cfk_error err;
    cfk_lock *lock;
    char name[24];

    if (RUNNING_ON_VALGRIND)
        people = 20;
    lock = many("2 of", people, &err);
    for (unsigned i = 0; i < people; i++) {
        snprintf(name, sizeof name, "person%u", i);
        set_words(lock, name, name);
    }
    file = lock_file(lock, secret, sizeof secret);
    cfk_lock_free(lock);
    lock = lock_read(&file);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, "person0", "person0", 7, &err),
                     CFK_OK);
    ck_assert_int_eq(cfk_lock_give_passphrase(lock, name, name, strlen(name), &err),
                     CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    ck_assert_int_eq(payload(lock, &file, &plain, &err), CFK_OK);
    free(plain.data);
    free(file.data);
    cfk_lock_free(lock);
}
END_TEST

START_TEST(more_shares_than_the_head_holds_are_refused)
{
    /* Four gates of 255 weights each: 1020 vectors of 32 bytes are over 32 KiB. */
    static const char policy[] = "4 of (100 of (a*100, b*155), 100 of (a*101, b*154), "
                                 "100 of (a*102, b*153), 100 of (a*103, b*152))";
    cfk_split_sealer *sealer;
    struct cfk_error err;
    cfk_lock *lock;

    ck_assert_int_eq(cfk_lock_new(policy, strlen(policy), &alone, &lock, &err), CFK_OK);
    set_words(lock, "a", "a");
    set_words(lock, "b", "b");
    unit_expect_error(cfk_lock_seal(lock, &sealer, &err), CFK_E_LIMIT, &err, "no room");
    ck_assert_ptr_null(sealer);
    cfk_lock_free(lock);
}
END_TEST

START_TEST(costs_are_bounded_one_by_one_and_together)
{
    struct cfk_lock_options small = {
        .size = sizeof small, .memory_kib = 64, .passes = 4, .max_memory_kib = 64
    };
    struct cfk_lock_options tight = { .size = sizeof tight, .max_memory_kib = 63 };
    cfk_split_sealer *sealer;
    struct cfk_error err;
    struct file file;
    cfk_lock *lock;

    /* 64 KiB, 4 passes: one of them takes all that is allowed together. */
    ck_assert_int_eq(cfk_lock_new("a and b", 7, &small, &lock, NULL), CFK_OK);
    set_words(lock, "a", "words of a");
    set_words(lock, "b", "words of b");
    unit_expect_error(cfk_lock_seal(lock, &sealer, &err), CFK_E_LIMIT, &err, "together");
    cfk_lock_free(lock);
    small.max_memory_kib = 128;
    ck_assert_int_eq(cfk_lock_new("a and b", 7, &small, &lock, NULL), CFK_OK);
    set_words(lock, "a", "words of a");
    set_words(lock, "b", "words of b");
    file = lock_file(lock, secret, sizeof secret);
    cfk_lock_free(lock);

    ck_assert_int_eq(cfk_lock_read(file.data, file.size, &small, &lock, &err), CFK_OK);
    for (int i = 0; i < 3; i++) /* the same person may try again */
        ck_assert_int_eq(cfk_lock_give_passphrase(lock, "a", "wrong", 5, &err),
                         CFK_E_PASSPHRASE);
    ck_assert_int_eq(give_words(lock, "a", &err), CFK_OK);
    ck_assert_int_eq(give_words(lock, "b", &err), CFK_OK);
    cfk_lock_free(lock);

    small.max_memory_kib = 127;
    ck_assert_int_eq(cfk_lock_read(file.data, file.size, &small, &lock, &err), CFK_OK);
    ck_assert_int_eq(give_words(lock, "a", &err), CFK_OK);
    unit_expect_error(give_words(lock, "b", &err), CFK_E_LIMIT, &err, "together");
    cfk_lock_free(lock);
    unit_expect_error(cfk_lock_read(file.data, file.size, &tight, &lock, &err),
                      CFK_E_LIMIT, &err, "Argon2id with 64 KiB");
    tight.max_memory_kib = 0;
    tight.max_passes = 3;
    unit_expect_error(cfk_lock_read(file.data, file.size, &tight, &lock, &err),
                      CFK_E_LIMIT, &err, "4 passes");
    ck_assert_ptr_null(lock);
    free(file.data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        locks_open_for_whom_the_truth_table_says,
        weights_and_nesting_open_as_written,
        secrets_of_every_size_open_again,
        twenty_people_take_four_kib,
        as_many_people_as_a_policy_names_have_room,
        more_shares_than_the_head_holds_are_refused,
        costs_are_bounded_one_by_one_and_together,
        NULL,
    };
    Suite *s = suite_create("split/lock_policies");

    suite_add_tcase(s, unit_case("policies", tests));
    return s;
}
