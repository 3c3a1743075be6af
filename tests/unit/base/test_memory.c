/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/crypto.h"
#include "fault.h"
#include "unit.h"

#include <string.h>

START_TEST(products_that_overflow_are_refused)
{
    struct fault fault;
    const struct cfk_alloc *alloc = fault_at(&fault, 0);
    void *block = cfk__malloc(alloc, 10);

    ck_assert_ptr_null(cfk__calloc(alloc, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(cfk__calloc(alloc, 3, SIZE_MAX / 2));
    ck_assert_ptr_null(cfk__realloc(alloc, block, SIZE_MAX / 2 + 1, 2));
    ck_assert_uint_eq(fault.calls, 1);
    cfk__free(alloc, block);
    ck_assert_uint_eq(fault.live, 0);
}
END_TEST

START_TEST(zeroed_memory_is_zero_and_empty_blocks_exist)
{
    uint8_t *block = cfk__calloc(NULL, 100, 7);

    for (size_t i = 0; i < 700; i++)
        ck_assert_uint_eq(block[i], 0);
    block = cfk__realloc(NULL, block, 2, 700);
    ck_assert_ptr_nonnull(block);
    cfk__free(NULL, block);
    block = cfk__calloc(NULL, 0, 0);
    ck_assert_ptr_nonnull(block);
    cfk_free(NULL, block);
    cfk_free(NULL, NULL);
}
END_TEST

START_TEST(the_hook_is_used_for_all_of_it)
{
    struct fault fault;
    const struct cfk_alloc *alloc = fault_at(&fault, 3);
    char *block = cfk__malloc(alloc, 4);

    memcpy(block, "abc", 4);
    block = cfk__realloc(alloc, block, 100, 1);
    ck_assert_str_eq(block, "abc");
    ck_assert_ptr_null(cfk__realloc(alloc, block, 200, 1));
    ck_assert_str_eq(block, "abc");
    ck_assert_uint_eq(fault.live, 1);
    cfk_free(alloc, block);
    ck_assert_uint_eq(fault.live, 0);
}
END_TEST

START_TEST(random_bytes_differ)
{
    uint8_t a[64] = { 0 };
    uint8_t b[64] = { 0 };

    ck_assert_int_eq(cfk__random(a, sizeof a, NULL), CFK_OK);
    ck_assert_int_eq(cfk__random(b, sizeof b, NULL), CFK_OK);
    ck_assert_mem_ne(a, b, sizeof a);
    ck_assert_int_eq(cfk__random(a, 0, NULL), CFK_OK);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        products_that_overflow_are_refused,
        zeroed_memory_is_zero_and_empty_blocks_exist,
        the_hook_is_used_for_all_of_it,
        random_bytes_differ,
        NULL,
    };
    Suite *suite = suite_create("base/memory");

    suite_add_tcase(suite, unit_case("memory", tests));
    return suite;
}
