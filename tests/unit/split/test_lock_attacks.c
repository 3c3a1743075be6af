/* SPDX-License-Identifier: MIT */
/* Locks that somebody changed: by accident, or knowing the format. */
#include "lock_of.h"

#include "base/crypto.h"
#include "split/head.h"

static const char secret[] = "the secret of the lock";
static const char *const both[] = { "alice", "bob", NULL };

enum { PREFIX = 28, CHECK = 32, MAC = 32 };

/* A slot is a prefix, a body, a MAC of these, a check of all. */
static size_t body_size(const uint8_t *slot)
{
    return (size_t)slot[24] << 24 | (size_t)slot[25] << 16 | (size_t)slot[26] << 8 |
           slot[27];
}

/* Make the check fit again, as anybody can; the MAC takes the key. */
static void mend(uint8_t *slot)
{
    size_t checked = PREFIX + body_size(slot) + MAC;

    ck_assert_int_eq(cfk__hash(CFK__SHA256, slot, checked, slot + checked, NULL), CFK_OK);
}

/* The start of a field's value in a slot. */
static uint8_t *field(uint8_t *slot, uint8_t type)
{
    uint8_t *p = slot + PREFIX;

    while (*p != type)
        p += 3 + (p[1] << 8 | p[2]);
    return p + 3;
}

/* Opened right, with a warning, or refused. */
static void judge(const struct file *file, bool both_hurt, const char *what, size_t at)
{
    struct cfk_error err = { 0 };
    struct cfk_lock_info info;
    cfk_lock *lock;
    int rc = open_with(file, both, secret, sizeof secret, &err);

    if (both_hurt) {
        ck_assert_msg(rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP, "%s %zu: %s", what, at,
                      cfk_error_name(rc));
        return;
    }
    ck_assert_msg(rc == CFK_OK, "%s %zu: %s", what, at, err.message);
    lock = lock_read(file);
    info = lock_info(lock);
    ck_assert_msg(info.damaged == 1, "%s %zu: no warning", what, at);
    cfk_lock_free(lock);
}

START_TEST(a_flipped_bit_in_one_copy_is_told_and_harmless)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);

    for (size_t slot = 0; slot < 2; slot++) {
        size_t used = PREFIX + body_size(file.data + slot * SLOT) + MAC + CHECK;

        for (size_t bit = 0; bit < 8 * (size_t)SLOT; bit += RUNNING_ON_VALGRIND ? 8191
                                                            : bit < 8 * used    ? 13
                                                                                : 4093) {
            file.data[slot * SLOT + bit / 8] ^= (uint8_t)(1 << bit % 8);
            judge(&file, false, "bit", bit);
            file.data[slot * SLOT + bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    free(file.data);
}
END_TEST

START_TEST(flipped_bits_in_both_copies_are_refused)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    size_t used = PREFIX + body_size(file.data) + CHECK + MAC;

    for (size_t bit = 0; bit < 8 * (used + 10); bit += RUNNING_ON_VALGRIND ? 211 : 1) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file.data[SLOT + bit / 8] ^= (uint8_t)(1 << bit % 8);
        judge(&file, true, "bits", bit);
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file.data[SLOT + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(file.data);
}
END_TEST

START_TEST(a_bit_in_the_payload_is_refused)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);

    for (size_t at = HEAD; at < file.size; at += RUNNING_ON_VALGRIND ? 31 : 1) {
        struct cfk_error err;

        file.data[at] ^= 4;
        ck_assert_int_eq(open_with(&file, both, secret, sizeof secret, &err),
                         CFK_E_CORRUPT);
        ck_assert(err.offset == 0 || (err.offset >= HEAD && err.offset < file.size));
        file.data[at] ^= 4;
    }
    free(file.data);
}
END_TEST

START_TEST(every_cut_is_refused)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);

    for (size_t size = 0; size < file.size;
         size += size < 700 || size >= HEAD ? (RUNNING_ON_VALGRIND ? 97 : 1) : 4001) {
        struct file cut = { malloc(size > 0 ? size : 1), size };

        memcpy(cut.data, file.data, size);
        ck_assert_int_eq(open_with(&cut, both, secret, sizeof secret, NULL),
                         CFK_E_CORRUPT);
        free(cut.data);
    }
    file_append(&file, "", 1);
    ck_assert_int_eq(open_with(&file, both, secret, sizeof secret, NULL), CFK_E_CORRUPT);
    free(file.data);
}
END_TEST

START_TEST(slots_and_parts_of_locks_cannot_be_exchanged)
{
    struct file a = lock_with_words("alice and bob", secret, sizeof secret);
    struct file b = lock_with_words("alice and bob", secret, sizeof secret);
    uint8_t *slot = malloc(SLOT);
    struct cfk_error err;

    memcpy(slot, a.data, SLOT); /* both slots in each other's place */
    memcpy(a.data, a.data + SLOT, SLOT);
    memcpy(a.data + SLOT, slot, SLOT);
    judge(&a, true, "exchanged", 0);
    memcpy(a.data, slot, SLOT); /* the same twice */
    judge(&a, false, "twice", 0);
    memcpy(a.data + SLOT, b.data + SLOT, SLOT); /* a slot of another lock, the older */
    ck_assert_int_eq(open_with(&a, both, secret, sizeof secret, &err), CFK_OK);
    memcpy(a.data, b.data, SLOT); /* the head of another lock */
    unit_expect_error(open_with(&a, both, secret, sizeof secret, &err), CFK_E_CORRUPT,
                      &err, "does not belong to this key");
    free(slot);
    free(a.data);
    free(b.data);
}
END_TEST

/* --- forged by somebody who knows the format, in both copies --- */

static int forged(struct file *file, void (*change)(uint8_t *slot), struct cfk_error *err)
{
    for (size_t slot = 0; slot < 2; slot++) {
        change(file->data + slot * SLOT);
        mend(file->data + slot * SLOT);
    }
    return open_with(file, both, secret, sizeof secret, err);
}

static void rename_a_person(uint8_t *slot)
{
    field(slot, 3)[4] = 'a'; /* alice is now "alica" */
}

static void weaken_the_policy(uint8_t *slot)
{
    memcpy(field(slot, 3), "alice or bob ", 13);
}

static void spell_the_policy_otherwise(uint8_t *slot)
{
    memcpy(field(slot, 3), "alice  &  bob", 13);
}

static void lower_the_generation(uint8_t *slot)
{
    field(slot, 2)[3] = 7;
}

static void zero_the_generation(uint8_t *slot)
{
    field(slot, 2)[3] = 0;
}

static void use_a_weak_point(uint8_t *slot)
{
    memset(field(slot, 4), 0, 32);
}

static void cheapen_the_passphrase(uint8_t *slot)
{
    uint8_t *cost = field(slot, 5) + 33;

    cost[3] = 9; /* KiB */
}

static void ask_for_too_much(uint8_t *slot)
{
    memset(field(slot, 5) + 33, 0xff, 4);
}

static void ask_for_nothing(uint8_t *slot)
{
    memset(field(slot, 5) + 33, 0, 9);
}

static void name_an_unknown_kind(uint8_t *slot)
{
    field(slot, 5)[0] = 3;
}

static void name_an_unknown_field(uint8_t *slot)
{
    field(slot, 4)[-3] = 6;
}

static void change_the_order(uint8_t *slot)
{
    field(slot, 2)[-3] = 1;
}

static void lengthen_a_field(uint8_t *slot)
{
    field(slot, 3)[-1]++;
}

static void lengthen_the_body(uint8_t *slot)
{
    slot[27]++;
}

static void claim_a_huge_body(uint8_t *slot)
{
    slot[24] = 0; /* within the slot, beyond the field */
    slot[26] += 4;
}

static void change_a_wrapped_share(uint8_t *slot)
{
    field(slot, 5)[1 + 32 + 25] ^= 1;
}

static void replace_a_public_key(uint8_t *slot)
{
    field(slot, 5)[1] ^= 1;
}

START_TEST(forged_heads_are_refused)
{
    static const struct {
        const char *what;
        void (*change)(uint8_t *slot);
        int code;
        const char *words;
    } cases[] = {
        { "rename", rename_a_person, CFK_E_PASSPHRASE, "nobody who opens" },
        { "policy", weaken_the_policy, CFK_E_CORRUPT, "contradicts itself" },
        { "spelling", spell_the_policy_otherwise, CFK_E_CORRUPT, "contradicts itself" },
        { "generation", lower_the_generation, CFK_E_CORRUPT, "for 'alice' is forged" },
        { "generation 0", zero_the_generation, CFK_E_CORRUPT, "contradicts itself" },
        { "weak point", use_a_weak_point, CFK_E_CORRUPT, "for 'alice' is forged" },
        { "cost", cheapen_the_passphrase, CFK_E_PASSPHRASE, "wrong passphrase" },
        { "huge cost", ask_for_too_much, CFK_E_LIMIT, "more than is allowed" },
        { "no cost", ask_for_nothing, CFK_E_CORRUPT, "contradicts itself" },
        { "kind", name_an_unknown_kind, CFK_E_NOTSUP, "newer version" },
        { "field", name_an_unknown_field, CFK_E_NOTSUP, "newer version" },
        { "order", change_the_order, CFK_E_CORRUPT, "contradicts itself" },
        { "length", lengthen_a_field, CFK_E_CORRUPT, "contradicts itself" },
        { "body", lengthen_the_body, CFK_E_CORRUPT, "" },
        { "huge body", claim_a_huge_body, CFK_E_CORRUPT, "" },
        { "share", change_a_wrapped_share, CFK_E_CORRUPT, "for 'alice' is forged" },
        { "public key", replace_a_public_key, CFK_E_PASSPHRASE, "wrong passphrase" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct file file = lock_with_words("alice and bob", secret, sizeof secret);
        struct cfk_error err = { 0 };
        int rc = forged(&file, cases[i].change, &err);

        ck_assert_msg(rc == cases[i].code, "%s: %s, %s", cases[i].what,
                      cfk_error_name(rc), err.message);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s: %s",
                      cases[i].what, err.message);
        free(file.data);
    }
}
END_TEST

/* "2 of" over the same people and as many shares each, but a lower threshold. */
static void lower_the_threshold(uint8_t *slot)
{
    uint8_t *policy = field(slot, 3);

    ck_assert_int_eq(policy[0], '3');
    policy[0] = '2';
}

START_TEST(a_lower_threshold_opens_nothing)
{
    static const char policy[] = "3 of (alice, bob, carol, dave)";
    struct file file = lock_with_words(policy, secret, sizeof secret);
    struct cfk_error err;

    unit_expect_error(forged(&file, lower_the_threshold, &err), CFK_E_CORRUPT, &err,
                      "the head of the lock file is forged");
    free(file.data);
}
END_TEST

START_TEST(a_wrong_mac_is_a_forged_head)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    size_t mac = PREFIX + body_size(file.data);
    struct cfk_error err;

    for (size_t i = 0; i < MAC; i += RUNNING_ON_VALGRIND ? 11 : 1) {
        file.data[mac + i] ^= 1; /* of the copy that is read */
        mend(file.data);
        unit_expect_error(open_with(&file, both, secret, sizeof secret, &err),
                          CFK_E_CORRUPT, &err, "forged");
        file.data[mac + i] ^= 1;
    }
    free(file.data);
}
END_TEST

/* Anybody can wrap something for a public key: it opens for bob, and not the lock. */
START_TEST(a_share_slipped_in_for_a_public_key_opens_nothing)
{
    cfk_identity *ids[] = { identity_new(), identity_new() };
    struct file mine, theirs;
    struct cfk_error err;
    cfk_lock *lock;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cfk_lock_new("alice and bob", 13, &cheap, &lock, NULL), CFK_OK);
        set_public(lock, "alice", ids[0]);
        set_public(lock, "bob", ids[1]);
        *(i == 0 ? &theirs : &mine) = lock_file(lock, secret, sizeof secret);
        cfk_lock_free(lock);
    }
    memcpy(theirs.data, mine.data, HEAD); /* a whole head of one's own making */
    lock = lock_read(&theirs);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cfk_lock_give_identity(lock, NULL, ids[i], &err), CFK_OK);
    ck_assert_int_eq(cfk_lock_open(lock, &err), CFK_OK);
    mine = (struct file){ (free(mine.data), NULL), 0 };
    unit_expect_error(payload(lock, &theirs, &mine, &err), CFK_E_CORRUPT, &err,
                      "does not belong to this key");
    ck_assert_uint_eq(mine.size, 0);
    cfk_lock_free(lock);
    free(theirs.data);
    for (int i = 0; i < 2; i++)
        cfk_identity_free(ids[i]);
}
END_TEST

START_TEST(other_versions_are_not_guessed_at)
{
    struct file file = lock_with_words("alice and bob", secret, sizeof secret);
    struct cfk_error err;
    cfk_lock *lock;

    file.data[8] = 2;
    judge(&file, false, "version", 0);
    file.data[SLOT + 8] = 2;
    unit_expect_error(cfk_lock_read(file.data, file.size, NULL, &lock, &err),
                      CFK_E_NOTSUP, &err, "newer version");
    ck_assert_ptr_null(lock);
    memset(file.data, 0, HEAD);
    unit_expect_error(cfk_lock_read(file.data, file.size, NULL, &lock, &err),
                      CFK_E_CORRUPT, &err, "not a lock file");
    ck_assert_int_eq(cfk_lock_kind(file.data, file.size), 0);
    ck_assert_int_eq(cfk_lock_kind("", 0), 0);
    free(file.data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_flipped_bit_in_one_copy_is_told_and_harmless,
        flipped_bits_in_both_copies_are_refused,
        a_bit_in_the_payload_is_refused,
        every_cut_is_refused,
        slots_and_parts_of_locks_cannot_be_exchanged,
        forged_heads_are_refused,
        a_lower_threshold_opens_nothing,
        a_wrong_mac_is_a_forged_head,
        a_share_slipped_in_for_a_public_key_opens_nothing,
        other_versions_are_not_guessed_at,
        NULL,
    };
    Suite *s = suite_create("split/lock_attacks");

    suite_add_tcase(s, unit_case("attacks", tests));
    return s;
}
