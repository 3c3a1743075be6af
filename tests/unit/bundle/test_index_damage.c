/* SPDX-License-Identifier: MIT */
/* Indexes that are cut short, changed, or made up to do harm. */
#include "checked.h"
#include "gen.h"
#include "index_pair.h"
#include "index_seal.h"
#include "index_world.h"

#include <stdlib.h>
#include <string.h>

/* Either the damage is named, or the answer is the right one. */
static int answer(const void *data, size_t size, const char *what)
{
    cfk_bundle_result *result = NULL;
    struct cfk_error err = { 0 };
    cfk_bundle_pool *pool = new_pool();
    int rc = cfk_bundle_pool_add_index(pool, data, size, &err);

    if (rc == CFK_OK)
        rc = make_build(pool, &leaf, NULL, &result, &err);
    if (rc == CFK_OK) {
        ck_assert_msg(cfk_bundle_chain_count(result) == 1, "%s", what);
        ck_assert_uint_eq(cfk_bundle_rejected_count(result), 1);
    } else {
        ck_assert_msg(rc == CFK_E_CORRUPT || rc == CFK_E_NOTSUP, "%s: %d", what, rc);
        ck_assert_msg(strstr(err.message, "index") != NULL, "%s", err.message);
    }
    cfk_bundle_result_free(result);
    cfk_bundle_pool_free(pool);
    return rc;
}

START_TEST(every_truncation_is_found)
{
    cfk_bundle_pool *pool = known_world();
    size_t size;
    uint8_t *data = index_of(pool, &size);

    for (size_t cut = 0; cut < size; cut += CHECKED ? 7 : 1) {
        uint8_t *part = malloc(cut + 1); /* so that reading on is seen */

        memcpy(part, data, cut);
        ck_assert_int_ne(answer(part, cut, "cut"), CFK_OK);
        free(part);
    }
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

#define STEP (CHECKED ? 53U : 5U) /* bits */

START_TEST(every_flipped_bit_is_found_or_does_not_matter)
{
    cfk_bundle_pool *pool = known_world();
    size_t unnoticed = 0;
    size_t size;
    uint8_t *data = index_of(pool, &size);

    for (size_t bit = 0; bit < 8 * size; bit += STEP) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        unnoticed += answer(data, size, "bit") == CFK_OK;
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_lt(unnoticed, 8 * size / STEP / 3); /* the stranger's record */
    ck_assert_uint_gt(unnoticed, 0);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

/* Whatever it says, an index that someone made up crashes nothing. */
static void use(const void *data, size_t size)
{
    cfk_bundle_result *result = NULL;
    cfk_bundle_pool *pool = new_pool();
    void *again = NULL;

    make_add(pool, &ca, CFK_BUNDLE_INPUT);
    if (cfk_bundle_pool_add_index(pool, data, size, NULL) == CFK_OK) {
        make_build(pool, &leaf, NULL, &result, NULL);
        cfk_bundle_pool_count(pool, 7);
        cfk_bundle_result_free(result);
        if (cfk_bundle_index_write(pool, NULL, &again, &size, NULL) == CFK_OK)
            cfk_bundle_pool_free(index_pool(again, size, NULL));
        cfk_free(NULL, again);
    }
    cfk_bundle_pool_free(pool);
}

START_TEST(made_up_indexes_do_no_harm)
{
    static const uint32_t odd[] = { 0,          1,          2,          7,         8,
                                    0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
    cfk_bundle_pool *pool = known_world();
    struct gen g;
    size_t size;
    uint8_t *data = index_of(pool, &size);
    uint8_t *copy = malloc(size);

    for (size_t at = 8; at + 4 <= size; at += CHECKED ? 36 : 4)
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
            memcpy(copy, data, size);
            index_set_u32(copy + at, odd[i]);
            index_seal(copy, size);
            use(copy, size);
        }
    gen_seed(&g, 4);
    for (int n = 0; n < (CHECKED ? 200 : 1000); n++) {
        memcpy(copy, data, size);
        for (uint64_t i = 1 + gen_below(&g, 4); i > 0; i--)
            copy[gen_below(&g, size)] = (uint8_t)gen_u64(&g);
        index_seal(copy, size);
        use(copy, size);
    }
    free(copy);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    cfk_bundle_pool *pool = known_world();
    struct cfk_bundle_index_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    size_t size;
    uint8_t *data = index_of(pool, &size);

    unit_expect_error(cfk_bundle_index_describe("-----BEGIN", 10, &info, &err),
                      CFK_E_CORRUPT, &err, "no index of a pool");
    unit_expect_error(cfk_bundle_index_describe(data, size - 8, &info, &err),
                      CFK_E_CORRUPT, &err, "should have");
    data[8] = 2;
    unit_expect_error(cfk_bundle_index_describe(data, size, &info, &err), CFK_E_NOTSUP,
                      &err, "version 2");
    data[8] = 0; /* big-endian, as if another machine had written it */
    data[11] = 1;
    unit_expect_error(cfk_bundle_index_describe(data, size, &info, &err), CFK_E_NOTSUP,
                      &err, "make it anew");
    data[8] = 1;
    data[11] = 0;
    data[50] ^= 1;
    unit_expect_error(cfk_bundle_index_describe(data, size, &info, &err), CFK_E_CORRUPT,
                      &err, "its header");
    data[50] ^= 1;
    data[121] ^= 1;
    unit_expect_error(cfk_bundle_index_describe(data, size, &info, &err), CFK_E_CORRUPT,
                      &err, "its table");
    ck_assert_uint_eq(err.offset, CFK__INDEX_HEADER);
    cfk_bundle_pool_free(pool);
    cfk_free(NULL, data);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        every_truncation_is_found,
        every_flipped_bit_is_found_or_does_not_matter,
        made_up_indexes_do_no_harm,
        what_is_wrong_is_said,
        NULL,
    };
    Suite *suite = suite_create("bundle/index_damage");

    suite_add_tcase(suite, unit_case("damage", tests));
    return suite;
}
