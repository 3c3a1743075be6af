/* SPDX-License-Identifier: MIT */
/* Payloads in pieces of all sizes, and read in any place. */
#include "gen.h"
#include "keeper_of.h"
#include "set_of.h"
#include "split/lock.h"

enum {
    CHUNK = CFK__PAYLOAD_CHUNK,
    SEALED = CHUNK + CFK__PAYLOAD_TAG,
    MOST = 6 * CHUNK,
    ROOM = CFK_LOCK_HEAD + MOST + 1024,
};

/* A file with all that it takes to open it. */
struct file {
    uint8_t plain[MOST];
    uint8_t bytes[ROOM];
    size_t plain_size;
    size_t size;
    size_t payload; /* where the first chunk begins */
    struct people people;
    struct shares shares;
};

static void append(struct file *f, const void *data, size_t size)
{
    ck_assert_uint_le(size, ROOM - f->size);
    if (size > 0)
        memcpy(f->bytes + f->size, data, size);
    f->size += size;
}

/* Pieces of up to most bytes, and sometimes none. */
static size_t piece(struct gen *g, size_t most, size_t left)
{
    size_t size = (size_t)gen_below(g, most + 1);

    return size < left ? size : left;
}

static void seal_all(struct file *f, cfk_split_sealer *sealer, struct gen *g, size_t most)
{
    const void *out;
    size_t out_size, used;

    for (size_t at = 0; at < f->plain_size; at += used) {
        size_t take = piece(g, most, f->plain_size - at);

        ck_assert_int_eq(cfk_split_sealer_update(sealer, f->plain + at, take, &used, &out,
                                                 &out_size, NULL),
                         CFK_OK);
        ck_assert_uint_le(used, take);
        append(f, out, out_size);
    }
    ck_assert_int_eq(cfk_split_sealer_finish(sealer, &out, &out_size, NULL), CFK_OK);
    append(f, out, out_size);
    cfk_split_sealer_free(sealer);
}

static struct file *file_new(size_t size, struct gen *g)
{
    struct file *f = calloc(1, sizeof *f);

    f->plain_size = size;
    gen_bytes(g, f->plain, size);
    return f;
}

/* For shares. */
static struct file *file_of(size_t size, size_t most, struct gen *g)
{
    struct file *f = file_new(size, g);
    cfk_split_sealer *sealer;
    cfk_split *set;

    ck_assert_int_eq(cfk_split_new(NULL, &set, NULL), CFK_OK);
    ck_assert_int_eq(cfk_split_sealer_new(set, &sealer, NULL), CFK_OK);
    seal_all(f, sealer, g, most);
    f->shares = shares_take(set, 2);
    f->payload = CFK__LOCK_HEADER + CFK__PAYLOAD_PREFIX;
    ck_assert_uint_eq(f->size, f->payload + size + (size / CHUNK + 1) * CFK__PAYLOAD_TAG);
    cfk_split_free(set);
    return f;
}

static cfk_split_opener *opener_of(const struct file *f)
{
    cfk_split_quorum *quorum;
    cfk_split_opener *opener;

    ck_assert_int_eq(cfk_split_quorum_new(NULL, &quorum, NULL), CFK_OK);
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_int_eq(
            cfk_split_quorum_add(quorum, f->shares.text[i], f->shares.len[i], NULL),
            CFK_OK);
    ck_assert_int_eq(cfk_split_opener_new(quorum, &opener, NULL), CFK_OK);
    cfk_split_quorum_free(quorum);
    return opener;
}

static void file_free(struct file *f)
{
    shares_free(&f->shares);
    people_free(&f->people);
    free(f);
}

/* Returns the code of the end, and how much plaintext came out right. */
static int open_all(const struct file *f, struct gen *g, size_t most, size_t *done,
                    struct cfk_error *err)
{
    cfk_split_opener *opener = opener_of(f);
    const void *out;
    size_t out_size, used;
    int rc = CFK_OK;

    *done = 0;
    for (size_t at = 0; at < f->size && rc == CFK_OK; at += used) {
        size_t take = piece(g, most, f->size - at);

        rc = cfk_split_opener_update(opener, f->bytes + at, take, &used, &out, &out_size,
                                     err);
        if (out_size > 0)
            ck_assert_mem_eq(out, f->plain + *done, out_size);
        *done += out_size;
    }
    if (rc == CFK_OK) {
        rc = cfk_split_opener_finish(opener, &out, &out_size, err);
        if (out_size > 0)
            ck_assert_mem_eq(out, f->plain + *done, out_size);
        *done += out_size;
    }
    cfk_split_opener_free(opener);
    return rc;
}

static const size_t sizes[] = { 0,         1,         CHUNK - 1,     CHUNK,
                                CHUNK + 1, 2 * CHUNK, 5 * CHUNK - 7, MOST };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(pieces_of_every_size_make_the_same)
{
    static const size_t most[] = { 100000, 40000, 5000 };
    struct gen g;
    size_t done;

    gen_seed(&g, 1);
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < 3; j++) {
            struct file *f = file_of(sizes[i], most[j], &g);

            for (size_t k = 0; k < 3; k++) {
                ck_assert_int_eq(open_all(f, &g, most[k], &done, NULL), CFK_OK);
                ck_assert_uint_eq(done, sizes[i]);
            }
            file_free(f);
        }
}
END_TEST

START_TEST(what_stands_before_damage_comes_out_and_the_place_is_told)
{
    struct cfk_error err;
    struct gen g;

    gen_seed(&g, 2);
    for (size_t chunk = 0; chunk < 6; chunk++) {
        struct file *f = file_of(5 * CHUNK + 5, 100000, &g);
        size_t done;

        f->bytes[f->payload + chunk * SEALED + 3] ^= 1;
        ck_assert_int_eq(open_all(f, &g, ROOM, &done, &err), CFK_E_CORRUPT);
        ck_assert_uint_eq(done, chunk * CHUNK);
        ck_assert_uint_eq(err.offset, f->payload + chunk * SEALED);
        file_free(f);
    }
}
END_TEST

/* Chunks in another order, twice, or left out are refused where they are out of place. */
static void check_moved(size_t from, size_t to, bool drop)
{
    struct cfk_error err;
    struct file *f;
    struct gen g;
    size_t done;
    uint8_t *chunks;

    gen_seed(&g, 3);
    f = file_of(5 * CHUNK + 5, 100000, &g);
    chunks = f->bytes + f->payload;
    if (drop) {
        memmove(chunks + to * SEALED, chunks + from * SEALED,
                f->size - f->payload - from * SEALED);
        f->size -= (from - to) * SEALED;
    } else {
        memcpy(chunks + to * SEALED, chunks + from * SEALED, SEALED);
    }
    ck_assert_int_eq(open_all(f, &g, ROOM, &done, &err), CFK_E_CORRUPT);
    ck_assert_uint_eq(done, to * CHUNK);
    ck_assert_uint_eq(err.offset, f->payload + to * SEALED);
    file_free(f);
}

START_TEST(chunks_out_of_place_are_refused)
{
    check_moved(1, 2, false);
    check_moved(4, 0, false);
    check_moved(2, 1, true);
    check_moved(5, 4, true);
}
END_TEST

/* --- random access --- */

static void feed_head(cfk_split_opener *opener, const struct file *f, size_t from)
{
    const void *out;
    size_t out_size, used;

    ck_assert_int_eq(cfk_split_opener_update(opener, f->bytes + from, f->size - from,
                                             &used, &out, &out_size, NULL),
                     CFK_OK);
    ck_assert_uint_eq(used, f->payload - from);
    ck_assert_uint_eq(out_size, 0);
}

static int read_at(cfk_split_opener *opener, const struct file *f, uint64_t offset,
                   uint8_t *out, size_t size, size_t *got, struct cfk_error *err)
{
    uint64_t at;
    size_t need;

    ck_assert_int_eq(cfk_split_opener_locate(opener, offset, size, &at, &need, NULL),
                     CFK_OK);
    if (at > f->size)
        at = f->size;
    if (need > f->size - at)
        need = (size_t)(f->size - at);
    return cfk_split_opener_read_at(opener, offset, f->bytes + at, need, out, size, got,
                                    err);
}

static void check_reads(cfk_split_opener *opener, const struct file *f, struct gen *g)
{
    static uint8_t out[MOST + 100];

    for (int i = 0; i < 60; i++) {
        size_t offset = (size_t)gen_below(g, f->plain_size + 1);
        size_t size = i % 3 == 0 ? gen_below(g, MOST) : gen_below(g, 300);
        size_t left = f->plain_size - offset, got;
        size_t want = size < left ? size : left;

        memset(out, 0x77, sizeof out);
        ck_assert_int_eq(read_at(opener, f, offset, out, size, &got, NULL), CFK_OK);
        ck_assert_uint_eq(got, want);
        ck_assert_mem_eq(out, f->plain + offset, want);
        ck_assert_uint_eq(out[want], 0x77);
    }
}

START_TEST(any_place_can_be_read)
{
    struct gen g;

    gen_seed(&g, 4);
    for (size_t i = 0; i < SIZES; i++) {
        struct file *f = file_of(sizes[i], 100000, &g);
        cfk_split_opener *opener = opener_of(f);

        feed_head(opener, f, 0);
        check_reads(opener, f, &g);
        cfk_split_opener_free(opener);
        file_free(f);
    }
}
END_TEST

START_TEST(any_place_of_a_lock_for_people_can_be_read)
{
    static const char *const names[] = { "alice", "bob" };
    struct gen g;
    struct file *f;
    cfk_split_opener *opener;
    cfk_split_sealer *sealer;
    const void *head;
    cfk_lock *lock;
    size_t size;

    gen_seed(&g, 5);
    f = file_new(3 * CHUNK + 99, &g);
    f->people = people_of(names, 2);
    ck_assert_int_eq(cfk_lock_new("alice and bob", 13, NULL, &lock, NULL), CFK_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cfk_lock_set_public(lock, names[i],
                                             cfk_identity_public(f->people.identities[i]),
                                             NULL),
                         CFK_OK);
    ck_assert_int_eq(cfk_lock_seal(lock, &sealer, NULL), CFK_OK);
    ck_assert_int_eq(cfk_lock_head(lock, &head, &size, NULL), CFK_OK);
    append(f, head, size);
    seal_all(f, sealer, &g, 50000);
    f->payload = CFK_LOCK_HEAD + CFK__PAYLOAD_PREFIX;
    ck_assert_int_eq(cfk_lock_opener(lock, &opener, NULL), CFK_OK);
    feed_head(opener, f, CFK_LOCK_HEAD);
    check_reads(opener, f, &g);
    cfk_split_opener_free(opener);
    cfk_lock_free(lock);
    file_free(f);
}
END_TEST

START_TEST(reading_somewhere_does_not_disturb_the_stream)
{
    struct gen g;
    struct file *f;
    cfk_split_opener *opener;
    const void *out;
    size_t out_size, used, done = 0;

    gen_seed(&g, 6);
    f = file_of(2 * CHUNK + 50, 100000, &g);
    opener = opener_of(f);
    feed_head(opener, f, 0);
    for (size_t at = f->payload; at < f->size; at += used) {
        size_t take = f->size - at < 9000 ? f->size - at : 9000;

        check_reads(opener, f, &g);
        ck_assert_int_eq(cfk_split_opener_update(opener, f->bytes + at, take, &used, &out,
                                                 &out_size, NULL),
                         CFK_OK);
        if (out_size > 0)
            ck_assert_mem_eq(out, f->plain + done, out_size);
        done += out_size;
    }
    check_reads(opener, f, &g);
    ck_assert_int_eq(cfk_split_opener_finish(opener, &out, &out_size, NULL), CFK_OK);
    ck_assert_uint_eq(done + out_size, f->plain_size);
    check_reads(opener, f, &g);
    cfk_split_opener_free(opener);
    file_free(f);
}
END_TEST

START_TEST(damage_and_false_ends_are_told_with_nothing_left)
{
    static const uint8_t zeros[3 * CHUNK];
    uint8_t out[3 * CHUNK];
    struct cfk_error err;
    cfk_split_opener *opener;
    struct file *f;
    struct gen g;
    uint64_t at;
    size_t got, need;

    gen_seed(&g, 7);
    f = file_of(3 * CHUNK, 100000, &g);
    opener = opener_of(f);
    unit_expect_error(cfk_split_opener_locate(opener, 0, 1, &at, &need, &err),
                      CFK_E_STATE, &err, "head");
    unit_expect_error(
        cfk_split_opener_read_at(opener, 0, f->bytes, 1, out, 1, &got, &err), CFK_E_STATE,
        &err, "head");
    feed_head(opener, f, 0);
    unit_expect_error(
        cfk_split_opener_locate(opener, UINT64_C(1) << 52, 1, &at, &need, &err),
        CFK_E_LIMIT, &err, "4 PiB");

    /* At the end there is nothing, and that is authentic; behind the last chunk it is
     * not known. */
    ck_assert_int_eq(read_at(opener, f, 3 * CHUNK, out, 9, &got, NULL), CFK_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(read_at(opener, f, 3 * CHUNK + 5, out, 9, &got, NULL), CFK_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(read_at(opener, f, 4 * CHUNK, out, 9, &got, NULL), CFK_E_CORRUPT);

    /* The last chunk was cut off, or one in the middle is damaged. */
    f->size -= CFK__PAYLOAD_TAG;
    ck_assert_int_eq(read_at(opener, f, 2 * CHUNK, out, CHUNK, &got, NULL), CFK_OK);
    unit_expect_error(read_at(opener, f, 2 * CHUNK, out, CHUNK + 1, &got, &err),
                      CFK_E_CORRUPT, &err, "cut short");
    ck_assert_mem_eq(out, zeros, CHUNK);
    f->bytes[f->payload + SEALED] ^= 1;
    memset(out, 0, sizeof out);
    unit_expect_error(read_at(opener, f, 100, out, 2 * CHUNK, &got, &err), CFK_E_CORRUPT,
                      &err, "damaged");
    ck_assert_uint_eq(err.offset, f->payload + SEALED);
    ck_assert_uint_eq(got, 0);
    ck_assert_mem_eq(out, zeros, 2 * CHUNK);
    ck_assert_int_eq(read_at(opener, f, 100, out, 100, &got, NULL), CFK_OK);
    cfk_split_opener_free(opener);
    file_free(f);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        pieces_of_every_size_make_the_same,
        what_stands_before_damage_comes_out_and_the_place_is_told,
        chunks_out_of_place_are_refused,
        any_place_can_be_read,
        any_place_of_a_lock_for_people_can_be_read,
        reading_somewhere_does_not_disturb_the_stream,
        damage_and_false_ends_are_told_with_nothing_left,
        NULL,
    };
    Suite *s = suite_create("split/stream");

    suite_add_tcase(s, unit_case("stream", tests));
    return s;
}
