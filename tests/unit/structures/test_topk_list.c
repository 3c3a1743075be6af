/* SPDX-License-Identifier: MIT */
/* What a sketch tells: lists, selections, estimates. */
#include "sketch.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

START_TEST(lists_are_ordered_by_either_bound)
{
    cfk_topk *top = sketch(2, 1);
    struct cfk_topk_item items[2];

    /* c rises in the only cell until it may weigh as much as b. */
    sketch_add(top, "a", 6);
    sketch_add(top, "b", 5);
    sketch_add(top, "c", 4);
    sketch_add(top, "c", 4);
    sketch_expect(top, "c", 1, 4, 8);
    sketch_expect(top, "b", 1, 0, 5);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_HI, items, 2), 2);
    ck_assert_mem_eq(items[0].key, "c", 1);
    ck_assert_uint_eq(items[0].lo, 4);
    ck_assert_uint_eq(items[0].hi, 8);
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_LO, items, 1), 1);
    ck_assert_mem_eq(items[0].key, "a", 1);
    cfk_topk_free(top);
}
END_TEST

START_TEST(equal_keys_are_listed_in_their_own_order)
{
    cfk_topk *top = sketch(64, 0);
    struct cfk_topk_item items[64];
    char key[8];
    size_t count;

    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "%d", i * 37 % 50);
        sketch_add(top, key, 1);
    }
    sketch_add(top, "4\x80", 1);
    for (size_t max = 1; max <= 64; max++) {
        count = cfk_topk_list(top, CFK_TOPK_BY_HI, items, max);
        ck_assert_uint_eq(count, max < 51 ? max : 51);
        ck_assert_mem_eq(items[0].key, "0", 1);
        for (size_t i = 1; i < count; i++) {
            size_t both = items[i].key_len < items[i - 1].key_len ? items[i].key_len
                                                                  : items[i - 1].key_len;
            int d = memcmp(items[i - 1].key, items[i].key, both);

            ck_assert(d < 0 || (d == 0 && items[i - 1].key_len < items[i].key_len));
        }
    }
    cfk_topk_free(top);
}
END_TEST

START_TEST(selections_have_thresholds)
{
    struct {
        struct cfk_topk_select_options known;
        uint64_t unknown;
    } newer = { .unknown = 1 };
    struct cfk_topk_select_options o = { .size = sizeof o };
    struct cfk_topk_item items[4];
    struct cfk_error err = { 0 };
    size_t count = 99;
    cfk_topk *top = sketch(2, 1);

    sketch_add(top, "a", 6);
    sketch_add(top, "b", 5);
    sketch_add(top, "c", 4); /* to the cells */
    sketch_add(top, "c", 4); /* takes b's counter: 4 to 8 */
    ck_assert_int_eq(cfk_topk_select(top, NULL, items, 4, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_mem_eq(items[0].key, "c", 1);
    o.order = CFK_TOPK_BY_LO;
    o.which = CFK_TOPK_SURE;
    o.threshold = 5;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_mem_eq(items[0].key, "a", 1);
    o.which = CFK_TOPK_POSSIBLE; /* 6, the most that b may weigh, is not above 6 */
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_mem_eq(items[0].key, "c", 1);
    o.threshold = 8;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_OK);
    ck_assert_uint_eq(count, 0);

    o.order = 3;
    unit_expect_error(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_E_INVALID,
                      &err, "no such order of a list: 3");
    o.order = -1;
    ck_assert_int_eq(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_E_INVALID);
    o.order = CFK_TOPK_BY_ESTIMATE;
    o.which = 3;
    unit_expect_error(cfk_topk_select(top, &o, items, 4, &count, &err), CFK_E_INVALID,
                      &err, "no such selection of keys: 3");
    newer.known.size = sizeof newer;
    ck_assert_int_eq(cfk_topk_select(top, &newer.known, items, 4, &count, NULL),
                     CFK_E_NOTSUP);
    cfk_topk_free(top);
}
END_TEST

/* A flat stream: every key comes thrice, and hi says a multiple of that. */
START_TEST(estimates_are_near_where_bounds_are_wide)
{
    enum { DISTINCT = 20000, TIMES = 3 };
    cfk_topk *top = sketch(256, 2048);
    struct cfk_topk_item items[100];
    double hi = 0;
    double estimate = 0;

    for (uint32_t i = 0; i < DISTINCT * TIMES; i++) {
        uint32_t key = i % DISTINCT;

        ck_assert_int_eq(cfk_topk_add(top, &key, sizeof key, 1, NULL), CFK_OK);
    }
    ck_assert_uint_eq(cfk_topk_list(top, CFK_TOPK_BY_HI, items, 100), 100);
    for (int i = 0; i < 100; i++) {
        hi += (double)items[i].hi / 100;
        estimate += (double)items[i].estimate / 100;
    }
    ck_assert(hi > 8 * TIMES);
    ck_assert(estimate < 2 * TIMES);
    for (uint32_t key = 0; key < DISTINCT; key += 100) {
        struct cfk_topk_item item;

        cfk_topk_get(top, &key, sizeof key, 0, &item);
        ck_assert(item.lo <= item.estimate && item.estimate <= item.hi);
        ck_assert_ptr_eq(item.key, &key);
    }
    cfk_topk_free(top);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        lists_are_ordered_by_either_bound,
        equal_keys_are_listed_in_their_own_order,
        selections_have_thresholds,
        estimates_are_near_where_bounds_are_wide,
        NULL,
    };
    Suite *suite = suite_create("structures/topk_list");

    suite_add_tcase(suite, unit_case("list", tests));
    return suite;
}
