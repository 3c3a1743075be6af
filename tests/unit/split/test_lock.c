/* SPDX-License-Identifier: MIT */
#include "cfkit/lock.h"
#include "fault.h"
#include "gen.h"
#include "set_of.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* Every place; one in so many under valgrind. */
static size_t stride(void)
{
    return RUNNING_ON_VALGRIND ? 29 : 1;
}

enum { HEAD = 72 + 56, CHUNK = 16384, TAG = 16 };

struct bytes {
    uint8_t *data;
    size_t size;
};

static void append(struct bytes *b, const void *data, size_t size)
{
    if (size == 0)
        return;
    b->data = realloc(b->data, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

/* The plaintext in pieces of step bytes. */
static struct bytes seal(cfk_split_sealer *sealer, const uint8_t *data, size_t size,
                         size_t step)
{
    struct bytes out = { NULL, 0 };
    const void *piece;
    size_t piece_size;

    while (size > 0) {
        size_t used;

        ck_assert_int_eq(cfk_split_sealer_update(sealer, data, size < step ? size : step,
                                                 &used, &piece, &piece_size, NULL),
                         CFK_OK);
        ck_assert(used > 0 || piece_size > 0);
        append(&out, piece, piece_size);
        data += used;
        size -= used;
    }
    ck_assert_int_eq(cfk_split_sealer_finish(sealer, &piece, &piece_size, NULL), CFK_OK);
    append(&out, piece, piece_size);
    return out;
}

/* The code at the end; *plain has what came out before it. */
static int open_lock(cfk_split_quorum *quorum, const uint8_t *data, size_t size,
                     size_t step, struct bytes *plain, struct cfk_error *err)
{
    cfk_split_opener *opener;
    const void *piece;
    size_t piece_size;
    int rc = cfk_split_opener_new(quorum, &opener, err);

    *plain = (struct bytes){ NULL, 0 };
    while (rc == CFK_OK && size > 0) {
        size_t used;

        rc = cfk_split_opener_update(opener, data, size < step ? size : step, &used,
                                     &piece, &piece_size, err);
        append(plain, piece, piece_size);
        data += used;
        size -= used;
    }
    if (rc == CFK_OK) {
        rc = cfk_split_opener_finish(opener, &piece, &piece_size, err);
        append(plain, piece, piece_size);
        ck_assert_int_eq(cfk_split_opener_finish(opener, &piece, &piece_size, NULL),
                         CFK_E_STATE);
    }
    cfk_split_opener_free(opener);
    return rc;
}

struct lock {
    cfk_split_quorum *quorum;
    struct bytes file;
};

static struct lock lock_of(const uint8_t *data, size_t size, size_t step)
{
    struct lock lock;
    cfk_split_sealer *sealer;
    struct shares s;
    cfk_split *set;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_new(set, &sealer, NULL), CFK_OK);
    s = shares_take(set, 3);
    cfk_split_free(set);
    lock.file = seal(sealer, data, size, step);
    cfk_split_sealer_free(sealer);
    ck_assert_int_eq(cfk_split_quorum_new(NULL, &lock.quorum, NULL), CFK_OK);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(cfk_split_quorum_add(lock.quorum, s.text[i], s.len[i], NULL),
                         CFK_OK);
    shares_free(&s);
    return lock;
}

static void lock_free(struct lock *lock)
{
    cfk_split_quorum_free(lock->quorum);
    free(lock->file.data);
}

START_TEST(locks_of_every_size_open_again)
{
    static const size_t sizes[] = { 0,         1,         100,           CHUNK - 1, CHUNK,
                                    CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7, 100000 };
    uint8_t *data = malloc(100000);
    struct gen g;

    gen_seed(&g, 6);
    gen_bytes(&g, data, 100000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t step = 1; step < 200000; step = step * 77 + 1) {
            struct lock lock = lock_of(data, sizes[i], step);
            struct bytes plain;

            if (step == 1 && sizes[i] > CHUNK + 1) {
                lock_free(&lock);
                continue;
            }
            ck_assert_uint_eq(lock.file.size,
                              HEAD + sizes[i] + (sizes[i] / CHUNK + 1) * TAG);
            ck_assert_int_eq(open_lock(lock.quorum, lock.file.data, lock.file.size, step,
                                       &plain, NULL),
                             CFK_OK);
            ck_assert_uint_eq(plain.size, sizes[i]);
            if (plain.size > 0)
                ck_assert_mem_eq(plain.data, data, plain.size);
            free(plain.data);
            lock_free(&lock);
        }
    free(data);
}
END_TEST

static void refused(const struct lock *lock, size_t size, const char *what, size_t at)
{
    uint8_t *exact =
        malloc(size > 0 ? size : 1); /* so that a sanitizer sees a read behind */
    struct bytes plain;
    int rc;

    if (size > 0)
        memcpy(exact, lock->file.data, size);
    rc = open_lock(lock->quorum, exact, size, SIZE_MAX, &plain, NULL);
    ck_assert_msg(rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP || rc == CFK_E_OTHER_SET,
                  "%s %zu: %s", what, at, cfk_error_name(rc));
    ck_assert_uint_le(plain.size, CHUNK);
    free(plain.data);
    free(exact);
}

START_TEST(every_flipped_bit_of_a_lock_is_refused)
{
    struct lock lock = lock_of((const uint8_t *)"a secret of some bytes", 22, 5);

    for (size_t bit = 0; bit < 8 * lock.file.size; bit += stride()) {
        lock.file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused(&lock, lock.file.size, "bit", bit);
        lock.file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    lock_free(&lock);
}
END_TEST

START_TEST(every_cut_of_a_lock_is_refused)
{
    static uint8_t data[CHUNK + 20];
    struct lock lock = lock_of(data, sizeof data, SIZE_MAX);

    for (size_t size = 0; size < lock.file.size;
         size += size < 300 ? stride() : 37 * stride())
        refused(&lock, size, "cut to", size);
    for (size_t size = HEAD + CHUNK; size < lock.file.size; size += stride())
        refused(&lock, size, "cut to", size);
    lock.file.data = realloc(lock.file.data, lock.file.size + 1);
    lock.file.data[lock.file.size] = 0;
    refused(&lock, lock.file.size + 1, "lengthened", 1);
    lock_free(&lock);
}
END_TEST

START_TEST(chunks_cannot_be_swapped_repeated_or_dropped)
{
    static uint8_t data[3 * CHUNK];
    struct lock lock;
    uint8_t *first, *second, *copy = malloc(CHUNK + TAG);

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i >> 14);
    lock = lock_of(data, sizeof data, SIZE_MAX);
    first = lock.file.data + HEAD;
    second = first + CHUNK + TAG;
    memcpy(copy, second, CHUNK + TAG);
    memcpy(second, first, CHUNK + TAG); /* repeated */
    refused(&lock, lock.file.size, "repeated", 0);
    memcpy(first, copy, CHUNK + TAG); /* now both are swapped */
    refused(&lock, lock.file.size, "swapped", 0);
    memmove(first, second, (size_t)(lock.file.data + lock.file.size - second));
    refused(&lock, lock.file.size - CHUNK - TAG, "dropped", 0);
    free(copy);
    lock_free(&lock);
}
END_TEST

START_TEST(a_lock_of_another_set_is_named_as_such)
{
    struct lock a = lock_of((const uint8_t *)"a", 1, 1);
    struct lock b = lock_of((const uint8_t *)"b", 1, 1);
    struct cfk_error err;
    struct bytes plain;
    int rc;

    rc = open_lock(a.quorum, b.file.data, b.file.size, SIZE_MAX, &plain, &err);
    unit_expect_error(rc, CFK_E_OTHER_SET, &err, "different sets");
    memcpy(b.file.data + 16, a.file.data + 16, 8); /* the set's name alone is no key */
    rc = open_lock(a.quorum, b.file.data, b.file.size, SIZE_MAX, &plain, &err);
    unit_expect_error(rc, CFK_E_CORRUPT, &err, "forged");
    memcpy(b.file.data, a.file.data, 72); /* nor is the whole head */
    rc = open_lock(a.quorum, b.file.data, b.file.size, SIZE_MAX, &plain, &err);
    unit_expect_error(rc, CFK_E_CORRUPT, &err, "does not belong to this key");
    lock_free(&a);
    lock_free(&b);
}
END_TEST

START_TEST(other_versions_and_kinds_are_not_guessed_at)
{
    struct lock lock = lock_of((const uint8_t *)"a", 1, 1);
    struct cfk_error err;
    struct bytes plain;

    lock.file.data[8] = 2;
    unit_expect_error(
        open_lock(lock.quorum, lock.file.data, lock.file.size, SIZE_MAX, &plain, &err),
        CFK_E_NOTSUP, &err, "version 2");
    lock.file.data[8] = 1;
    lock.file.data[9] = 3;
    unit_expect_error(
        open_lock(lock.quorum, lock.file.data, lock.file.size, SIZE_MAX, &plain, &err),
        CFK_E_NOTSUP, &err, "kind 3");
    lock.file.data[9] = CFK_LOCK_PEOPLE;
    unit_expect_error(
        open_lock(lock.quorum, lock.file.data, lock.file.size, SIZE_MAX, &plain, &err),
        CFK_E_NOTSUP, &err, "that people open");
    lock_free(&lock);
}
END_TEST

START_TEST(damage_is_told_with_its_place)
{
    static uint8_t data[2 * CHUNK];
    struct lock lock = lock_of(data, sizeof data, SIZE_MAX);
    struct cfk_error err;
    struct bytes plain;

    lock.file.data[HEAD + CHUNK + TAG + 5] ^= 1;
    unit_expect_error(
        open_lock(lock.quorum, lock.file.data, lock.file.size, SIZE_MAX, &plain, &err),
        CFK_E_CORRUPT, &err, "damaged or cut short");
    ck_assert_uint_eq(err.offset, HEAD + CHUNK + TAG);
    ck_assert_uint_eq(plain.size, CHUNK);
    free(plain.data);
    lock_free(&lock);
}
END_TEST

START_TEST(a_stream_that_ended_takes_nothing)
{
    cfk_split_sealer *sealer;
    struct cfk_error err;
    const void *out;
    cfk_split *set;
    size_t used, size;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_new(set, &sealer, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_finish(sealer, &out, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, HEAD + TAG);
    unit_expect_error(cfk_split_sealer_update(sealer, "a", 1, &used, &out, &size, &err),
                      CFK_E_STATE, &err, "ended");
    unit_expect_error(cfk_split_sealer_finish(sealer, &out, &size, &err), CFK_E_STATE,
                      &err, "ended");
    cfk_split_sealer_free(sealer);
    cfk_split_free(set);
}
END_TEST

static int seal_and_open(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_split_options opts = { .size = sizeof opts, .alloc = alloc };
    struct cfk_split_quorum_options join = { .size = sizeof join, .alloc = alloc };
    cfk_split_quorum *quorum = NULL;
    cfk_split_sealer *sealer = NULL;
    cfk_split_opener *opener = NULL;
    cfk_split *set;
    const char *text;
    size_t len;
    int rc;

    (void)ctx;
    rc = cfk_split_new(&opts, &set, NULL);
    if (rc == CFK_OK)
        rc = cfk_split_sealer_new(set, &sealer, NULL);
    if (rc == CFK_OK)
        rc = cfk_split_quorum_new(&join, &quorum, NULL);
    for (uint32_t i = 0; i < 2 && rc == CFK_OK; i++) {
        rc = cfk_split_share(set, i, &text, &len, NULL);
        if (rc == CFK_OK)
            rc = cfk_split_quorum_add(quorum, text, len, NULL);
    }
    if (rc == CFK_OK)
        rc = cfk_split_opener_new(quorum, &opener, NULL);
    cfk_split_opener_free(opener);
    cfk_split_sealer_free(sealer);
    cfk_split_quorum_free(quorum);
    cfk_split_free(set);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    fault_sweep(seal_and_open, NULL, 4);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        locks_of_every_size_open_again,
        every_flipped_bit_of_a_lock_is_refused,
        every_cut_of_a_lock_is_refused,
        chunks_cannot_be_swapped_repeated_or_dropped,
        a_lock_of_another_set_is_named_as_such,
        other_versions_and_kinds_are_not_guessed_at,
        damage_is_told_with_its_place,
        a_stream_that_ended_takes_nothing,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *s = suite_create("split/lock");

    suite_add_tcase(s, unit_case("lock", tests));
    return s;
}
