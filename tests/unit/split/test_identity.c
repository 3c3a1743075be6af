/* SPDX-License-Identifier: MIT */
#include "cfkit/identity.h"
#include "fault.h"
#include "split/bech32.h"
#include "split/identity.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* As cheap as Argon2id can be. */
static const struct cfk_identity_options cheap = { .size = sizeof cheap,
                                                   .memory_kib = 8,
                                                   .passes = 1 };

/* The example of cfkey(5); its passphrase is "correct horse". */
static const char example[] =
    "cfkit-identity-1\n"
    "public: age1uq8maqt7jkpzcwn7cdt0rkurkqk0egur48mt5hfze9l6f7h785wq9wnftc\n"
    "kdf: argon2id m=64 t=1 p=1 salt=68e7b250d94fcfd68365c4463a05991f\n"
    "key: db61c2c4c389a569d9d556c9f2d62b5ef39ee9df9dc8901ff873db2ec0370688710a798d33fca93"
    "5c8f604d95380be26e2fd9117c0c67225e5b35f5e26f6d2ded839e88fb194222e58ebd1a0b4aad627\n"
    "check: 0f50f1c5f04738b2\n";

static const char alice[] =
    "age1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qt4hs7q";

static cfk_identity *new_identity(void)
{
    cfk_identity *identity;

    ck_assert_int_eq(cfk_identity_new(NULL, &identity, NULL), CFK_OK);
    return identity;
}

static char *save(const cfk_identity *identity, const char *passphrase)
{
    char *text;
    size_t len;
    struct cfk_error err = { 0 };
    int rc = cfk_identity_save(identity, passphrase, strlen(passphrase), &cheap, &text,
                               &len, &err);

    ck_assert_msg(rc == CFK_OK, "%s", err.message);
    ck_assert_uint_eq(strlen(text), len);
    return text;
}

static int load(const char *text, const char *passphrase, struct cfk_error *err)
{
    cfk_identity *identity = (cfk_identity *)err;
    int rc = cfk_identity_load(text, strlen(text), passphrase, strlen(passphrase), NULL,
                               &identity, err);

    ck_assert((rc == CFK_OK) == (identity != NULL));
    cfk_identity_free(identity);
    return rc;
}

START_TEST(an_identity_comes_back)
{
    cfk_identity *identity = new_identity();
    cfk_identity *again;
    char *text = save(identity, "correct horse");

    ck_assert_int_eq(
        cfk_identity_load(text, strlen(text), "correct horse", 13, NULL, &again, NULL),
        CFK_OK);
    ck_assert_str_eq(cfk_identity_public(again), cfk_identity_public(identity));
    ck_assert_mem_eq(again->scalar, identity->scalar, CFK__X25519_SIZE);
    ck_assert_int_eq(cfk_identity_check_public(cfk_identity_public(identity), 62, NULL),
                     CFK_OK);
    cfk_free(NULL, text);
    cfk_identity_free(again);
    cfk_identity_free(identity);
    cfk_identity_free(NULL);
}
END_TEST

START_TEST(two_identities_and_two_files_differ)
{
    cfk_identity *one = new_identity();
    cfk_identity *other = new_identity();
    char *text = save(one, "a");
    char *again = save(one, "a");

    ck_assert_str_ne(cfk_identity_public(one), cfk_identity_public(other));
    ck_assert_str_ne(text, again);
    cfk_free(NULL, text);
    cfk_free(NULL, again);
    cfk_identity_free(one);
    cfk_identity_free(other);
}
END_TEST

START_TEST(the_format_stays)
{
    struct cfk_identity_info info = { .size = sizeof info };
    struct cfk_error err;

    ck_assert_int_eq(load(example, "correct horse", &err), CFK_OK);
    ck_assert_int_eq(cfk_identity_show(example, sizeof example - 1, &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.memory_kib, 64);
    ck_assert_uint_eq(info.passes, 1);
    ck_assert_uint_eq(info.lanes, 1);
    ck_assert_str_eq(info.public_text,
                     "age1uq8maqt7jkpzcwn7cdt0rkurkqk0egur48mt5hfze9l6f7h785wq9wnftc");
}
END_TEST

START_TEST(a_wrong_passphrase_is_told_from_damage)
{
    static const char *const wrong[] = { "", "Correct horse", "correct horse ", "\xff" };
    struct cfk_error err;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        unit_expect_error(load(example, wrong[i], &err), CFK_E_PASSPHRASE, &err,
                          "wrong passphrase");
}
END_TEST

START_TEST(every_changed_byte_is_damage)
{
    char copy[sizeof example];

    for (size_t i = 0; i < sizeof example - 1; i += RUNNING_ON_VALGRIND ? 7 : 1) {
        struct cfk_error err;
        cfk_identity *identity;
        int rc;

        memcpy(copy, example, sizeof example);
        copy[i] = (char)(copy[i] ^ 1 << i % 8);
        rc = cfk_identity_load(copy, sizeof example - 1, "correct horse", 13, NULL,
                               &identity, &err);
        ck_assert_msg(rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP, "byte %zu: %s", i,
                      cfk_error_name(rc));
        ck_assert(rc == CFK_E_CORRUPT || i == 15 || i == 16);
    }
}
END_TEST

START_TEST(cut_or_lengthened_is_damage)
{
    char longer[sizeof example + 1];
    cfk_identity *identity;

    for (size_t len = 0; len < sizeof example - 1; len += RUNNING_ON_VALGRIND ? 7 : 1) {
        int rc =
            cfk_identity_load(example, len, "correct horse", 13, NULL, &identity, NULL);

        ck_assert(rc == CFK_E_CORRUPT ||
                  (rc == CFK_E_NOTSUP && (len == 15 || len == 16)));
    }
    memcpy(longer, example, sizeof example - 1);
    longer[sizeof example - 1] = '\n';
    ck_assert_int_eq(cfk_identity_load(longer, sizeof example, "correct horse", 13, NULL,
                                       &identity, NULL),
                     CFK_E_CORRUPT);
}
END_TEST

/* A text whose check is right, with some field changed. */
static void forged(void (*change)(struct cfk__keyfile *), int code, const char *words)
{
    struct cfk__keyfile file;
    char text[CFK__KEYFILE_MAX_TEXT];
    struct cfk_error err;
    size_t len;

    ck_assert_int_eq(cfk__keyfile_read(example, sizeof example - 1, &file, NULL), CFK_OK);
    change(&file);
    ck_assert_int_eq(cfk__keyfile_write(&file, text, &len, NULL), CFK_OK);
    unit_expect_error(load(text, "correct horse", &err), code, &err, words);
}

static void change_key(struct cfk__keyfile *file)
{
    file->sealed[0] ^= 1;
}

static void change_public(struct cfk__keyfile *file)
{
    ck_assert_int_eq(cfk__public_read(alice, 62, file->public_key, NULL), CFK_OK);
}

static void change_commitment(struct cfk__keyfile *file)
{
    file->commitment[31] ^= 0x80;
}

static void ask_too_much_memory(struct cfk__keyfile *file)
{
    file->cost.memory_kib = 1048577;
}

static void ask_too_many_passes(struct cfk__keyfile *file)
{
    file->cost.passes = 17;
}

static void ask_too_many_lanes(struct cfk__keyfile *file)
{
    file->cost = (struct cfk__kdf_cost){ 8 * 17, 1, 17 };
}

static void ask_too_much_work(struct cfk__keyfile *file)
{
    file->cost = (struct cfk__kdf_cost){ 1048576, 5, 1 };
}

static void ask_no_pass(struct cfk__keyfile *file)
{
    file->cost.passes = 0;
}

static void ask_no_memory(struct cfk__keyfile *file)
{
    file->cost.memory_kib = 0;
}

static void ask_all(struct cfk__keyfile *file)
{
    file->cost = (struct cfk__kdf_cost){ UINT32_MAX, UINT32_MAX, UINT32_MAX };
}

START_TEST(forged_files_are_refused)
{
    forged(change_key, CFK_E_CORRUPT, "its key does not open");
    forged(change_public, CFK_E_CORRUPT, "its key does not open");
    forged(change_commitment, CFK_E_PASSPHRASE, "wrong passphrase");
    forged(ask_too_much_memory, CFK_E_LIMIT, "1048577 KiB, 1 passes");
    forged(ask_too_many_passes, CFK_E_LIMIT, "17 passes");
    forged(ask_too_many_lanes, CFK_E_LIMIT, "17 lanes");
    forged(ask_too_much_work, CFK_E_LIMIT, "1048576 KiB, 5 passes");
    forged(ask_no_pass, CFK_E_CORRUPT, "an Argon2id that there is not");
    forged(ask_no_memory, CFK_E_CORRUPT, "an Argon2id that there is not");
    forged(ask_all, CFK_E_CORRUPT, "an Argon2id that there is not");
}
END_TEST

START_TEST(limits_can_be_moved)
{
    struct cfk_identity_options opts = { .size = sizeof opts, .max_memory_kib = 63 };
    cfk_identity *identity;

    ck_assert_int_eq(cfk_identity_load(example, sizeof example - 1, "correct horse", 13,
                                       &opts, &identity, NULL),
                     CFK_E_LIMIT);
    opts.max_memory_kib = 64;
    opts.max_passes = 1;
    ck_assert_int_eq(cfk_identity_load(example, sizeof example - 1, "correct horse", 13,
                                       &opts, &identity, NULL),
                     CFK_OK);
    cfk_identity_free(identity);
}
END_TEST

static void save_refused(const struct cfk_identity_options *opts, size_t size, int code,
                         const char *words)
{
    static const char passphrase[CFK_IDENTITY_MAX_PASSPHRASE + 1] = "x";
    cfk_identity *identity = new_identity();
    struct cfk_error err = { 0 };
    char *text = (char *)&err;
    size_t len = 1;

    unit_expect_error(
        cfk_identity_save(identity, passphrase, size, opts, &text, &len, &err), code,
        &err, words);
    ck_assert_ptr_null(text);
    ck_assert_uint_eq(len, 0);
    cfk_identity_free(identity);
}

START_TEST(saving_has_limits)
{
    struct cfk_identity_options opts = cheap;
    static char long_one[CFK_IDENTITY_MAX_PASSPHRASE + 2];
    struct cfk_error err;
    cfk_identity *identity = new_identity();
    char *text;

    save_refused(&cheap, 0, CFK_E_INVALID, "an empty passphrase");
    save_refused(&cheap, CFK_IDENTITY_MAX_PASSPHRASE + 1, CFK_E_LIMIT, "4097 bytes");
    opts.memory_kib = 7;
    save_refused(&opts, 1, CFK_E_INVALID, "7 KiB, 1 passes");
    opts.memory_kib = 15;
    opts.lanes = 2;
    save_refused(&opts, 1, CFK_E_INVALID, "2 lanes; it takes 8 KiB a lane");
    opts.memory_kib = 2097152;
    save_refused(&opts, 1, CFK_E_LIMIT, "more than is allowed");
    opts.size = 1;
    save_refused(&opts, 1, CFK_E_INVALID, "size");
    memset(long_one, 'x', CFK_IDENTITY_MAX_PASSPHRASE);
    text = save(identity, long_one);
    ck_assert_int_eq(load(text, long_one, &err), CFK_OK);
    long_one[CFK_IDENTITY_MAX_PASSPHRASE] = 'x';
    ck_assert_int_eq(load(text, long_one, &err), CFK_E_LIMIT);
    cfk_free(NULL, text);
    cfk_identity_free(identity);
}
END_TEST

START_TEST(other_texts_are_told)
{
    struct cfk_error err;

    unit_expect_error(load("", "x", &err), CFK_E_CORRUPT, &err, "does not begin with");
    unit_expect_error(load("AGE-SECRET-KEY-1", "x", &err), CFK_E_CORRUPT, &err,
                      "not an identity");
    unit_expect_error(load("cfkit-identity-2\n", "x", &err), CFK_E_NOTSUP, &err,
                      "another version");
    unit_expect_error(load("cfkit-identity-1\nprivate: ", "x", &err), CFK_E_CORRUPT, &err,
                      "damaged at byte 17");
}
END_TEST

static void public_refused(const char *text)
{
    struct cfk_error err;

    unit_expect_error(cfk_identity_check_public(text, strlen(text), &err), CFK_E_CORRUPT,
                      &err, "public key");
}

START_TEST(public_texts_are_those_of_age)
{
    /* RFC 7748, 6.1: Alice's public key. */
    size_t size;
    uint8_t *key = unit_hex(
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", &size);
    uint8_t read[CFK__X25519_SIZE];
    char text[CFK_IDENTITY_PUBLIC_SIZE];

    cfk__public_write(key, text);
    ck_assert_str_eq(text, alice);
    ck_assert_int_eq(cfk__public_read(alice, strlen(alice), read, NULL), CFK_OK);
    ck_assert_mem_eq(read, key, sizeof read);
    ck_assert_int_eq(
        cfk__public_read("AGE1S5S0QZVFXZN4GAYT0HWTG0HHTGXM7WSDYCUP4A8T5J5CA25MFE4QT4HS7Q",
                         62, read, NULL),
        CFK_OK);
    ck_assert_mem_eq(read, key, sizeof read);
    /* age's own README */
    ck_assert_int_eq(
        cfk_identity_check_public(
            "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", 62, NULL),
        CFK_OK);
    free(key);
}
END_TEST

START_TEST(mistyped_public_texts_are_refused)
{
    char copy[CFK_IDENTITY_PUBLIC_SIZE];

    public_refused("");
    public_refused("age1");
    public_refused("age1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qt4hs7");
    public_refused("age1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qt4hs7qq");
    public_refused("Age1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qt4hs7q");
    /* padding that is not zero, points of low order */
    public_refused("age1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4pkrr9rj");
    public_refused("age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z");
    public_refused("age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya");
    for (size_t i = 0; i < strlen(alice); i++) {
        strcpy(copy, alice);
        copy[i] = copy[i] == 'q' ? 'p' : 'q';
        public_refused(copy);
    }
}
END_TEST

START_TEST(info_may_be_of_another_size)
{
    struct cfk_identity_info info = { .size = 1 };

    ck_assert_int_eq(cfk_identity_show(example, sizeof example - 1, &info, NULL),
                     CFK_E_INVALID);
    info.size = sizeof info;
    ck_assert_int_eq(cfk_identity_show(example, 20, &info, NULL), CFK_E_CORRUPT);
}
END_TEST

static int make_save_load(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_identity_options opts = cheap;
    cfk_identity *identity;
    cfk_identity *again = NULL;
    char *text = NULL;
    size_t len;
    int rc;

    (void)ctx;
    opts.alloc = alloc;
    rc = cfk_identity_new(&opts, &identity, NULL);
    if (rc == CFK_OK)
        rc = cfk_identity_save(identity, "x", 1, &opts, &text, &len, NULL);
    if (rc == CFK_OK)
        rc = cfk_identity_load(text, len, "x", 1, &opts, &again, NULL);
    cfk_free(alloc, text);
    cfk_identity_free(again);
    cfk_identity_free(identity);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    fault_sweep(make_save_load, NULL, 3);
}
END_TEST

static struct cfk__span span_of(const json_t *item, const char *name)
{
    size_t size;
    uint8_t *bytes = vectors_hex(item, name, &size);

    return (struct cfk__span){ bytes, size };
}

static void release(struct cfk__span span)
{
    free((uint8_t *)(uintptr_t)span.data);
}

static uint32_t number(const json_t *item, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(item, name));
}

START_TEST(argon2id_vectors)
{
    json_t *root = vectors_load("split/passphrase_kdf.json");
    unsigned right = 0;
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        struct cfk__kdf_cost cost = { number(item, "m_kib"), number(item, "t"),
                                      number(item, "p") };
        struct cfk__kdf_input input;
        struct cfk__span want;
        uint8_t got[64];

        if (json_object_get(item, "kdf") != NULL) /* scrypt */
            continue;
        if (RUNNING_ON_VALGRIND && cost.memory_kib > 1024)
            continue;
        input = (struct cfk__kdf_input){ span_of(item, "password"), span_of(item, "salt"),
                                         span_of(item, "secret"), span_of(item, "ad") };
        want = span_of(item, "tag");
        ck_assert_int_eq(cfk__kdf(&cost, &input, got, want.size, NULL), CFK_OK);
        ck_assert_mem_eq(got, want.data, want.size);
        release(input.passphrase);
        release(input.salt);
        release(input.secret);
        release(input.ad);
        release(want);
        right++;
    }
    ck_assert_uint_ge(right, RUNNING_ON_VALGRIND ? 3 : 8);
    json_decref(root);
}
END_TEST

START_TEST(a_salt_has_eight_bytes)
{
    struct cfk__kdf_cost cost = { 8, 1, 1 };
    struct cfk__kdf_input input = { .salt = { (const uint8_t *)"seven..", 7 } };
    struct cfk_error err;
    uint8_t out[32];

    unit_expect_error(cfk__kdf(&cost, &input, out, sizeof out, &err), CFK_E_INVALID, &err,
                      "Salt");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        an_identity_comes_back,
        two_identities_and_two_files_differ,
        the_format_stays,
        a_wrong_passphrase_is_told_from_damage,
        every_changed_byte_is_damage,
        cut_or_lengthened_is_damage,
        forged_files_are_refused,
        limits_can_be_moved,
        saving_has_limits,
        other_texts_are_told,
        public_texts_are_those_of_age,
        mistyped_public_texts_are_refused,
        info_may_be_of_another_size,
        every_allocation_may_fail,
        argon2id_vectors,
        a_salt_has_eight_bytes,
        NULL,
    };
    Suite *suite = suite_create("split/identity");

    suite_add_tcase(suite, unit_case("identity", tests));
    return suite;
}
