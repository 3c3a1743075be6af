/* SPDX-License-Identifier: MIT */
#include "checked.h"
#include "common.h"
#include "delta/trial.h"
#include "gen.h"
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 60, MORE = 1100, SIZE = 3000, ROUNDS = 300, SITES = 4 };

/* Versions of a few pages: each has edits of its own. */
static size_t version(struct gen *g, uint8_t *out)
{
    static uint8_t sites[SITES][SIZE];
    static bool made;

    if (!made) {
        struct gen of_sites;

        gen_seed(&of_sites, 77);
        for (int i = 0; i < SITES; i++)
            gen_text(&of_sites, (char *)sites[i], SIZE);
        made = true;
    }
    return gen_edit(g, sites[gen_below(g, SITES)], SIZE, (unsigned)gen_below(g, 30), out,
                    2 * SIZE);
}

struct model {
    const cfk_delta_ref *refs[PAGES];
    struct cfk_delta_sketch sketches[PAGES];
    size_t count;
};

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Each pick is no worse than the next one, and than all that are not picked. */
static void check_picks(const struct model *m, const struct cfk_delta_sketch *sketch,
                        const struct cfk_delta_pick *picks, size_t count)
{
    size_t better = 0;
    uint32_t least = picks[count - 1].similarity;
    uint64_t far = distance(cfk_delta_ref_size(picks[count - 1].ref), sketch->data_size);

    for (size_t i = 0; i < count; i++) {
        struct cfk_delta_sketch own;

        ck_assert_int_eq(cfk_delta_ref_sketch(picks[i].ref, &own, NULL), CFK_OK);
        ck_assert_uint_eq(picks[i].similarity, cfk_delta_sketch_compare(&own, sketch));
        ck_assert(i == 0 || picks[i].similarity <= picks[i - 1].similarity);
        for (size_t j = 0; j < i; j++)
            ck_assert_ptr_ne(picks[i].ref, picks[j].ref);
    }
    for (size_t i = 0; i < m->count; i++) {
        uint32_t similarity = cfk_delta_sketch_compare(&m->sketches[i], sketch);

        better += similarity > least ||
                  (similarity == least &&
                   distance(m->sketches[i].data_size, sketch->data_size) < far);
    }
    ck_assert_uint_lt(better, count);
}

/* With strangers in the store all pages are not looked at. */
static void check_model(uint32_t strangers)
{
    struct cfk_delta_pick_options opts = { .size = sizeof opts, .no_tries = 1 };
    struct cfk_delta_store_options room = { .size = sizeof room,
                                            .max_pages = PAGES + strangers };
    struct cfk_delta_pick picks[PAGES];
    cfk_delta_store *store;
    struct model m = { .count = 0 };
    uint8_t page[2 * SIZE];
    struct gen g;

    gen_seed(&g, 4);
    ck_assert_int_eq(cfk_delta_store_new(&room, &store, NULL), CFK_OK);
    for (uint32_t i = 0; i < strangers; i++) { /* of sizes that nothing else has */
        uint64_t numbers[20];

        for (size_t k = 0; k < 20; k++)
            numbers[k] = gen_u64(&g);
        cfk_delta_store_add(store, numbers, sizeof numbers, NULL, NULL);
    }
    for (int round = 0; round < (CHECKED ? ROUNDS / 15 : ROUNDS); round++) {
        struct cfk_delta_sketch sketch;
        size_t size = version(&g, page);
        size_t capacity = 1 + gen_below(&g, PAGES);
        size_t count;

        if (m.count == PAGES || (m.count > 0 && gen_below(&g, 4) == 0)) {
            size_t at = gen_below(&g, m.count);

            ck_assert_int_eq(
                cfk_delta_store_remove(store, cfk_delta_ref_digest(m.refs[at]), NULL),
                CFK_OK);
            m.count--;
            m.refs[at] = m.refs[m.count];
            m.sketches[at] = m.sketches[m.count];
        }
        ck_assert_int_eq(cfk_delta_store_add(store, page, size, &m.refs[m.count], NULL),
                         CFK_OK);
        if (cfk_delta_store_count(store) > m.count + strangers) {
            cfk_delta_ref_sketch(m.refs[m.count], &m.sketches[m.count], NULL);
            m.count++;
        }
        size = version(&g, page);
        if (gen_below(&g, 8) == 0)
            size = gen_below(&g, 40); /* nothing to compare but the size */
        ck_assert_int_eq(cfk_delta_sketch_compute(page, size, &sketch, NULL), CFK_OK);
        ck_assert_int_eq(
            cfk_delta_store_pick(store, page, size, &opts, picks, capacity, &count, NULL),
            CFK_OK);
        ck_assert_uint_eq(count, capacity < m.count + strangers ? capacity : m.count);
        check_picks(&m, &sketch, picks, count);
    }
    cfk_delta_store_free(store);
}

START_TEST(picks_are_those_of_a_look_at_every_page)
{
    check_model(0);
    check_model(MORE);
}
END_TEST

/* Of more pages that look the same than are looked at, those added last are seen. */
START_TEST(the_last_of_many_alike_are_found)
{
    enum { MANY = 1100, LAST = 1300 };
    struct cfk_delta_pick_options opts = { .size = sizeof opts, .no_tries = 1 };
    cfk_delta_store *store;
    const cfk_delta_ref *last = NULL;
    struct cfk_delta_pick pick;
    uint8_t page[LAST];
    size_t count;
    struct gen g;

    gen_seed(&g, 5);
    gen_bytes(&g, page, LAST);
    ck_assert_int_eq(cfk_delta_store_new(NULL, &store, NULL), CFK_OK);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(cfk_delta_store_add(store, page, LAST - MANY + i, &last, NULL),
                         CFK_OK);
    ck_assert_int_eq(
        cfk_delta_store_pick(store, page, LAST, &opts, &pick, 1, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_ptr_eq(pick.ref, last);
    cfk_delta_store_free(store);
}
END_TEST

static uint64_t estimate(const void *old, size_t old_size, const void *new, size_t size)
{
    struct cfk__trial t;
    uint64_t result;

    ck_assert_int_eq(cfk__trial_init(&t, (struct cfk__span){ new, size }, NULL), CFK_OK);
    result = cfk__trial_estimate(&t, (struct cfk__span){ old, old_size });
    cfk__trial_free(&t);
    return result;
}

START_TEST(estimates_are_near_the_patches)
{
    for (unsigned edits = 0; edits < 200; edits += CHECKED ? 90 : 20) {
        struct sample s;
        uint64_t about;

        sample_make(&s, 30000, edits, CFK_DELTA_ZSTD);
        about = estimate(s.old, s.old_size, s.new, s.new_size);
        ck_assert_uint_ge(about * 2, s.patch_size);
        ck_assert_uint_le(about, s.patch_size * 3 + 64);
        sample_free(&s);
    }
}
END_TEST

START_TEST(anything_can_be_estimated)
{
    uint8_t bytes[100];
    struct gen g;

    gen_seed(&g, 6);
    gen_bytes(&g, bytes, sizeof bytes);
    for (size_t i = 0; i < 40; i += 1 + CHECKED)
        for (size_t j = 0; j < 40; j += 1 + CHECKED) {
            uint8_t *old = malloc(i > 0 ? i : 1); /* an access beyond is seen */
            uint8_t *new = malloc(j > 0 ? j : 1);
            uint64_t about;

            memcpy(old, bytes, i);
            memcpy(new, bytes + 3, j);
            about = estimate(old, i, new, j);
            ck_assert_uint_gt(about, 0);
            ck_assert_uint_le(about, 20 + j);
            free(old);
            free(new);
        }
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        picks_are_those_of_a_look_at_every_page,
        the_last_of_many_alike_are_found,
        estimates_are_near_the_patches,
        anything_can_be_estimated,
        NULL,
    };
    Suite *suite = suite_create("delta/pick");

    suite_add_tcase(suite, unit_case("pick", tests));
    return suite;
}
