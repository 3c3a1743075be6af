/* SPDX-License-Identifier: MIT */
/* A quorum of shares makes one more, or all of them anew. */
#include "fault.h"
#include "set_of.h"

static const char secret[] = "the secret";

static cfk_split_quorum *quorum_of(const struct shares *s, const uint32_t *which,
                                   size_t count)
{
    cfk_split_quorum *quorum;
    struct cfk_error err;

    ck_assert_int_eq(cfk_split_quorum_new(NULL, &quorum, NULL), CFK_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(cfk_split_quorum_add(quorum, s->text[which[i]], s->len[which[i]],
                                           &err) == CFK_OK,
                      "%s", err.message);
    return quorum;
}

static void opens(cfk_split_quorum *quorum)
{
    const void *out;
    size_t size;

    ck_assert_int_eq(cfk_split_quorum_open(quorum, &out, &size, NULL), CFK_OK);
    ck_assert_uint_eq(size, sizeof secret);
    ck_assert_mem_eq(out, secret, size);
}

START_TEST(a_new_share_goes_with_the_old_ones)
{
    static const struct {
        uint32_t k, n;
    } sizes[] = { { 2, 3 }, { 3, 5 }, { 2, 2 }, { 5, 9 } };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct cfk_split_options opts = { .size = sizeof opts,
                                          .threshold = sizes[i].k,
                                          .count = sizes[i].n,
                                          .label = "a label" };
        struct shares s = shares_of(&opts, secret, sizeof secret, sizes[i].n);
        uint32_t which[] = { 0, 1, 2, 3, 4 };
        cfk_split_quorum *quorum = quorum_of(&s, which, sizes[i].k);
        struct cfk_split_share_info old = { .size = sizeof old };
        struct cfk_split_share_info info = { .size = sizeof info };
        cfk_split_quorum *next;
        struct cfk_error err;
        const char *text;
        size_t len;

        ck_assert_msg(cfk_split_quorum_extend(quorum, 0, "dora", &text, &len, &err) ==
                          CFK_OK,
                      "%s", err.message);
        ck_assert_uint_eq(strlen(text), len);
        ck_assert_int_eq(cfk_split_share_check(text, len, &info, NULL), CFK_OK);
        ck_assert_int_eq(cfk_split_share_check(s.text[0], s.len[0], &old, NULL), CFK_OK);
        ck_assert_uint_gt(info.x, sizes[i].n);
        ck_assert_str_eq(info.holder, "dora");
        ck_assert_str_eq(info.label, "a label");
        ck_assert_uint_eq(info.generation, 1);
        ck_assert_mem_eq(info.set_id, old.set_id, sizeof old.set_id);
        ck_assert_mem_eq(info.fingerprint, old.fingerprint, sizeof old.fingerprint);

        next = quorum_of(&s, which + 1, sizes[i].k - 1); /* without the first */
        ck_assert_int_eq(cfk_split_quorum_add(next, text, len, &err), CFK_OK);
        opens(next);
        cfk_split_quorum_free(next);
        cfk_split_quorum_free(quorum);
        shares_free(&s);
    }
}
END_TEST

START_TEST(a_lost_share_is_made_again_as_it_was)
{
    const char *holders[] = { "alice", "bob", "carol" };
    struct cfk_split_options opts = { .size = sizeof opts, .holders = holders };
    struct shares s = shares_of(&opts, secret, sizeof secret, 3);
    uint32_t which[] = { 0, 2 };
    cfk_split_quorum *quorum = quorum_of(&s, which, 2);
    const char *text;
    size_t len;

    ck_assert_int_eq(cfk_split_quorum_extend(quorum, 2, "bob", &text, &len, NULL),
                     CFK_OK);
    ck_assert_str_eq(text, s.text[1]);
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

START_TEST(extending_is_refused_for_reasons)
{
    struct shares s = shares_of(NULL, secret, sizeof secret, 3);
    uint32_t which[] = { 0, 1 };
    cfk_split_quorum *quorum = quorum_of(&s, which, 1);
    struct cfk_error err;
    const char *text;
    size_t len;

    unit_expect_error(cfk_split_quorum_extend(quorum, 0, NULL, &text, &len, &err),
                      CFK_E_NEED_MORE, &err, "1 more needed");
    ck_assert_ptr_null(text);
    ck_assert_uint_eq(len, 0);
    cfk_split_quorum_free(quorum);
    quorum = quorum_of(&s, which, 2);
    unit_expect_error(cfk_split_quorum_extend(quorum, 256, NULL, &text, &len, &err),
                      CFK_E_INVALID, &err, "255 numbers");
    unit_expect_error(cfk_split_quorum_extend(quorum, 2, NULL, &text, &len, &err),
                      CFK_E_EXISTS, &err, "there already");
    unit_expect_error(cfk_split_quorum_extend(quorum, 0, "a\nb", &text, &len, &err),
                      CFK_E_INVALID, &err, "holder's name");
    ck_assert_int_eq(cfk_split_quorum_extend(quorum, 255, NULL, &text, &len, &err),
                     CFK_OK);
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

START_TEST(every_number_can_be_taken)
{
    struct cfk_split_options opts = { .size = sizeof opts, .count = 253 };
    struct shares s = shares_of(&opts, secret, sizeof secret, 2);
    uint32_t which[] = { 0, 1 };
    cfk_split_quorum *quorum = quorum_of(&s, which, 2);
    struct cfk_error err;
    const char *text;
    size_t len;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cfk_split_quorum_extend(quorum, 0, NULL, &text, &len, &err),
                         CFK_OK);
        ck_assert_int_eq(cfk_split_quorum_add(quorum, text, len, &err), CFK_OK);
    }
    unit_expect_error(cfk_split_quorum_extend(quorum, 0, NULL, &text, &len, &err),
                      CFK_E_LIMIT, &err, "255 shares");
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

static struct cfk__hash_ctx *hash_new(void)
{
    struct cfk__hash_ctx *hash;

    ck_assert_int_eq(cfk__hash_new(CFK__SHA256, &hash, NULL), CFK_OK);
    return hash;
}

static void forge_fingerprint_of_one(struct cfk__share *share)
{
    struct cfk__merkle *tree = calloc(1, sizeof *tree);
    struct cfk__hash_ctx *hash = hash_new();
    uint8_t y[CFK__MASTER_SIZE];

    /* A tree of shares that are of no polynomial: x * x, as integers. */
    for (unsigned x = 1; x < CFK__MERKLE_LEAVES; x++) {
        memset(y, (int)(x * x), sizeof y);
        cfk__share_leaf(hash, share->common, (uint8_t)x, y,
                        tree->nodes[CFK__MERKLE_LEAVES + x], NULL);
    }
    cfk__merkle_build(hash, tree, NULL);
    cfk__hash_free(hash);
    memset(share->y, share->x * share->x, sizeof share->y);
    memcpy(share->root, tree->nodes[1], sizeof share->root);
    cfk__merkle_prove(tree, share->x, share->proof);
    free(tree);
}

START_TEST(shares_that_are_of_no_polynomial_are_named)
{
    struct cfk_split_options opts = { .size = sizeof opts, .threshold = 3 };
    struct shares s = shares_of(&opts, secret, sizeof secret, 3);
    uint32_t which[] = { 0, 1, 2 };
    cfk_split_quorum *quorum;
    struct cfk_error err;
    const char *text;
    size_t len;

    for (int i = 0; i < 3; i++)
        forge(&s.text[i], &s.len[i], forge_fingerprint_of_one);
    quorum = quorum_of(&s, which, 3);
    unit_expect_error(cfk_split_quorum_extend(quorum, 0, NULL, &text, &len, &err),
                      CFK_E_SHARE, &err, "these shares are forged");
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

/* --- all anew --- */

START_TEST(new_shares_open_and_do_not_mix_with_old_ones)
{
    struct cfk_split_options opts = {
        .size = sizeof opts, .threshold = 3, .count = 4, .label = "of old"
    };
    struct shares s = shares_of(&opts, secret, sizeof secret, 4);
    uint32_t which[] = { 3, 1, 0 };
    cfk_split_quorum *quorum = quorum_of(&s, which, 3);
    struct cfk_split_options fewer = { .size = sizeof fewer, .threshold = 2, .count = 5 };
    struct cfk_split_share_info info = { .size = sizeof info };
    struct cfk_error err;
    struct shares t;
    cfk_split *set;

    ck_assert_msg(cfk_split_quorum_reshare(quorum, &fewer, &set, &err) == CFK_OK, "%s",
                  err.message);
    unit_expect_error(cfk_split_seal(set, "x", 1, &err), CFK_E_STATE, &err, "already");
    t = shares_take(set, 5);
    cfk_split_free(set);
    ck_assert_int_eq(cfk_split_share_check(t.text[4], t.len[4], &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.generation, 2);
    ck_assert_uint_eq(info.threshold, 2);
    ck_assert_uint_eq(info.count, 5);
    ck_assert_str_eq(info.label, "of old");
    unit_expect_error(cfk_split_quorum_add(quorum, t.text[4], t.len[4], &err),
                      CFK_E_GENERATION, &err, "generation 2");
    opens(quorum); /* the old ones still do */
    cfk_split_quorum_free(quorum);
    which[0] = 4;
    quorum = quorum_of(&t, which, 2);
    opens(quorum);

    /* And again, with what there was. */
    ck_assert_int_eq(cfk_split_quorum_reshare(quorum, NULL, &set, &err), CFK_OK);
    shares_free(&t);
    t = shares_take(set, 5);
    ck_assert_int_eq(cfk_split_share_check(t.text[0], t.len[0], &info, NULL), CFK_OK);
    ck_assert_uint_eq(info.generation, 3);
    ck_assert_uint_eq(info.threshold, 2);
    cfk_split_free(set);
    cfk_split_quorum_free(quorum);
    shares_free(&t);
    shares_free(&s);
}
END_TEST

static void make_it_last(struct cfk__share *share)
{
    struct cfk__merkle *tree = calloc(1, sizeof *tree);
    struct cfk__hash_ctx *hash = hash_new();

    share->generation = UINT16_MAX;
    memset(share->y, 0, sizeof share->y);
    cfk__share_hash_common(hash, share, NULL);
    for (uint8_t x = 1; x < 3; x++)
        cfk__share_leaf(hash, share->common, x, share->y,
                        tree->nodes[CFK__MERKLE_LEAVES + x], NULL);
    cfk__merkle_build(hash, tree, NULL);
    cfk__hash_free(hash);
    memcpy(share->root, tree->nodes[1], sizeof share->root);
    cfk__merkle_prove(tree, share->x, share->proof);
    free(tree);
}

START_TEST(resharing_is_refused_for_reasons)
{
    struct shares s = shares_of(NULL, secret, sizeof secret, 3);
    struct cfk_split_options bad = { .size = sizeof bad, .threshold = 1 };
    uint32_t which[] = { 0, 1 };
    cfk_split_quorum *quorum = quorum_of(&s, which, 1);
    struct cfk_error err;
    cfk_split *set;

    unit_expect_error(cfk_split_quorum_reshare(quorum, NULL, &set, &err), CFK_E_NEED_MORE,
                      &err, "1 more needed");
    ck_assert_ptr_null(set);
    ck_assert_int_eq(cfk_split_quorum_add(quorum, s.text[1], s.len[1], NULL), CFK_OK);
    unit_expect_error(cfk_split_quorum_reshare(quorum, &bad, &set, &err), CFK_E_INVALID,
                      &err, "not at least 2");
    cfk_split_quorum_free(quorum);

    for (int i = 0; i < 2; i++)
        forge(&s.text[i], &s.len[i], make_it_last);
    quorum = quorum_of(&s, which, 2);
    unit_expect_error(cfk_split_quorum_reshare(quorum, NULL, &set, &err), CFK_E_LIMIT,
                      &err, "changed too often");
    cfk_split_quorum_free(quorum);
    shares_free(&s);
}
END_TEST

static int extend_and_reshare(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_split_quorum_options join = { .size = sizeof join, .alloc = alloc };
    struct cfk_split_options opts = { .size = sizeof opts, .alloc = alloc };
    const struct shares *s = ctx;
    cfk_split_quorum *quorum;
    cfk_split *set = NULL;
    const char *text;
    size_t len;
    int rc = cfk_split_quorum_new(&join, &quorum, NULL);

    for (int i = 0; i < 2 && rc == CFK_OK; i++)
        rc = cfk_split_quorum_add(quorum, s->text[i], s->len[i], NULL);
    if (rc == CFK_OK)
        rc = cfk_split_quorum_extend(quorum, 0, NULL, &text, &len, NULL);
    if (rc == CFK_OK)
        rc = cfk_split_quorum_reshare(quorum, &opts, &set, NULL);
    cfk_split_free(set);
    cfk_split_quorum_free(quorum);
    return rc;
}

START_TEST(every_failed_allocation_is_survived)
{
    struct shares s = shares_of(NULL, secret, sizeof secret, 3);

    fault_sweep(extend_and_reshare, &s, 2);
    shares_free(&s);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        a_new_share_goes_with_the_old_ones,
        a_lost_share_is_made_again_as_it_was,
        extending_is_refused_for_reasons,
        every_number_can_be_taken,
        shares_that_are_of_no_polynomial_are_named,
        new_shares_open_and_do_not_mix_with_old_ones,
        resharing_is_refused_for_reasons,
        every_failed_allocation_is_survived,
        NULL,
    };
    Suite *suite = suite_create("split/extend");

    suite_add_tcase(suite, unit_case("extend", tests));
    return suite;
}
