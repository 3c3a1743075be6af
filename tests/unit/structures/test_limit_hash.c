/* SPDX-License-Identifier: MIT */
/* The hashes of limiters without keys: how they spread, and what the seed is for. */
#include "cfkit/limit.h"
#include "structures/hash.h"
#include "unit.h"

enum { BUCKETS = 1024, HASHES = CFK_LIMIT_FAST_HASH + 1 };

static int make(int32_t hash, uint64_t seed, uint32_t reserved, cfk_limit **out,
                struct cfk_error *err)
{
    struct cfk_limit_options opts = { .size = sizeof opts,
                                      .events = 1,
                                      .buckets = BUCKETS,
                                      .seed = { seed, 2 },
                                      .hash = hash,
                                      .reserved = reserved };

    return cfk_limit_new(&opts, out, err);
}

static cfk_limit *limit_of(int32_t hash, uint64_t seed)
{
    cfk_limit *limit;

    ck_assert_int_eq(make(hash, seed, 0, &limit, NULL), CFK_OK);
    return limit;
}

/* How many buckets are in use, one event of each key having passed or not. */
static uint64_t in_use(const cfk_limit *limit)
{
    struct cfk_limit_stats stats = { .size = sizeof stats };

    ck_assert_int_eq(cfk_limit_get_stats(limit, 0, &stats, NULL), CFK_OK);
    return stats.in_use;
}

static void use(cfk_limit *limit, const void *key, size_t len)
{
    ck_assert_int_ge(cfk_limit_allow(limit, key, len, 1, 0, NULL, NULL), 0);
}

/* As many keys as buckets leave 1/e of these alone, by chance; 5 deviations are 50. */
static void expect_spread(const cfk_limit *limit)
{
    ck_assert_uint_ge(in_use(limit), 647 - 50);
    ck_assert_uint_le(in_use(limit), 647 + 50);
}

START_TEST(alike_keys_are_spread_evenly)
{
    static const size_t lengths[] = { 2, 3, 4, 7, 8, 12, 16, 17, 40 };

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (int at = 0; at < 2; at++) { /* what differs is at the head or the end */
            cfk_limit *limit = limit_of(_i, 1);
            uint8_t key[40] = { 0 };
            size_t place = at == 0 ? 0 : lengths[i] - 2;

            for (unsigned n = 0; n < BUCKETS; n++) {
                key[place] = (uint8_t)n;
                key[place + 1] = (uint8_t)(n >> 8);
                use(limit, key, lengths[i]);
            }
            expect_spread(limit);
            cfk_limit_free(limit);
        }
}
END_TEST

/* One factor is zero for who knows the secret, and only there. */
START_TEST(keys_that_share_under_one_seed_are_spread_under_another)
{
    const uint64_t seed[2] = { 1, 2 };
    cfk_limit *known = limit_of(CFK_LIMIT_FAST_HASH, 1);
    cfk_limit *other = limit_of(CFK_LIMIT_FAST_HASH, 3);
    cfk_limit *sip = limit_of(CFK_LIMIT_SIPHASH, 1);
    struct cfk__hasher hasher;
    uint64_t key[2];

    ck_assert_int_eq(cfk__hasher_init(&hasher, seed, NULL), CFK_OK);
    key[0] = hasher.secret[0];
    for (key[1] = 0; key[1] < BUCKETS; key[1]++) {
        use(known, key, sizeof key);
        use(other, key, sizeof key);
        use(sip, key, sizeof key);
    }
    ck_assert_uint_eq(in_use(known), 1);
    expect_spread(other);
    expect_spread(sip);
    cfk_limit_free(sip);
    cfk_limit_free(other);
    cfk_limit_free(known);
}
END_TEST

START_TEST(without_a_seed_each_limiter_has_a_random_one)
{
    struct cfk_limit_options opts = {
        .size = sizeof opts, .events = 1, .buckets = BUCKETS, .hash = _i
    };
    cfk_limit *limits[2];
    uint64_t alike = 0;

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cfk_limit_new(&opts, &limits[i], NULL), CFK_OK);
    for (unsigned n = 0; n < BUCKETS; n++) {
        int first = cfk_limit_allow(limits[0], &n, sizeof n, 1, 0, NULL, NULL);
        int second = cfk_limit_allow(limits[1], &n, sizeof n, 1, 0, NULL, NULL);

        alike += first == second;
    }
    ck_assert_uint_lt(alike, BUCKETS); /* all but never otherwise */
    for (int i = 0; i < 2; i++)
        cfk_limit_free(limits[i]);
}
END_TEST

START_TEST(what_was_charged_is_found_again)
{
    cfk_limit *limit = limit_of(_i, 1);
    char key[64] = { 0 };

    for (size_t len = 0; len <= sizeof key; len++) {
        int64_t now = (int64_t)len * 2000000000;
        uint64_t left;

        ck_assert_int_eq(cfk_limit_allow(limit, key, len, 1, now, NULL, NULL),
                         CFK_LIMIT_PASS);
        ck_assert_int_eq(cfk_limit_peek(limit, key, len, 1, now, NULL, &left, NULL),
                         CFK_LIMIT_DENY);
        ck_assert_uint_eq(left, 0);
        ck_assert_int_eq(cfk_limit_allow(limit, key, len, 1, now, NULL, NULL),
                         CFK_LIMIT_DENY);
    }
    cfk_limit_free(limit);
}
END_TEST

START_TEST(other_hashes_are_refused)
{
    struct cfk_error err = { 0 };
    cfk_limit *limit;

    unit_expect_error(make(HASHES, 1, 0, &limit, &err), CFK_E_NOTSUP, &err,
                      "hash 2; known are 0 to 1");
    ck_assert_ptr_null(limit);
    unit_expect_error(make(-1, 1, 0, &limit, &err), CFK_E_NOTSUP, &err, "hash -1");
    unit_expect_error(make(0, 1, 1, &limit, &err), CFK_E_INVALID, &err, "reserved");
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        keys_that_share_under_one_seed_are_spread_under_another,
        other_hashes_are_refused,
        NULL,
    };
    Suite *suite = suite_create("structures/limit_hash");
    TCase *each = tcase_create("each hash");

    suite_add_tcase(suite, unit_case("limit_hash", tests));
    tcase_add_loop_test(each, alike_keys_are_spread_evenly, 0, HASHES);
    tcase_add_loop_test(each, without_a_seed_each_limiter_has_a_random_one, 0, HASHES);
    tcase_add_loop_test(each, what_was_charged_is_found_again, 0, HASHES);
    suite_add_tcase(suite, each);
    return suite;
}
