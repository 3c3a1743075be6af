/* SPDX-License-Identifier: MIT */
#include "checked.h"
#include "common.h"
#include "fault.h"
#include "gen.h"
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 20000, ALL = CFK_DELTA_SKETCH_VALUES };

static struct cfk_delta_sketch sketch_of(const void *data, size_t size)
{
    struct cfk_delta_sketch s;

    ck_assert_int_eq(cfk_delta_sketch_compute(data, size, &s, NULL), CFK_OK);
    ck_assert_uint_eq(s.data_size, size);
    return s;
}

static uint8_t *page(uint64_t seed)
{
    uint8_t *data = malloc(PAGE);
    struct gen g;

    gen_seed(&g, seed);
    gen_bytes(&g, data, PAGE);
    return data;
}

static cfk_delta_store *store_of(uint64_t max_bytes, uint32_t max_pages)
{
    struct cfk_delta_store_options opts = { .size = sizeof opts,
                                            .max_bytes = max_bytes,
                                            .max_pages = max_pages };
    cfk_delta_store *store;

    ck_assert_int_eq(cfk_delta_store_new(&opts, &store, NULL), CFK_OK);
    return store;
}

static const cfk_delta_ref *add(cfk_delta_store *store, const void *data, size_t size)
{
    const cfk_delta_ref *ref;

    ck_assert_int_eq(cfk_delta_store_add(store, data, size, &ref, NULL), CFK_OK);
    return ref;
}

START_TEST(similar_content_has_similar_sketches)
{
    uint8_t *a = page(1);
    uint8_t *b = page(2);
    struct cfk_delta_sketch sa = sketch_of(a, PAGE);
    struct cfk_delta_sketch sb = sketch_of(b, PAGE);
    struct cfk_delta_sketch half;

    ck_assert_uint_eq(cfk_delta_sketch_compare(&sa, &sa), ALL);
    ck_assert_uint_eq(cfk_delta_sketch_compare(&sa, &sb), 0);
    memcpy(b, a + PAGE / 2, PAGE / 2); /* moved, at another offset */
    half = sketch_of(b, PAGE);
    ck_assert_uint_gt(cfk_delta_sketch_compare(&sa, &half), 1);
    ck_assert_uint_lt(cfk_delta_sketch_compare(&sa, &half), ALL);
    a[PAGE / 2] ^= 1;
    half = sketch_of(a, PAGE);
    ck_assert_uint_ge(cfk_delta_sketch_compare(&sa, &half), ALL - 2);
    free(a);
    free(b);
}
END_TEST

START_TEST(sketches_are_the_same_everywhere)
{
    uint8_t text[2000];
    struct cfk_delta_sketch s;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * i * UINT32_C(2654435761) >> 24);
    s = sketch_of(text, sizeof text);
    ck_assert_uint_eq(s.values[0], 20513716);
    ck_assert_uint_eq(s.values[15], 64022983);
}
END_TEST

START_TEST(content_without_samples_is_like_nothing)
{
    struct cfk_delta_sketch none = sketch_of("", 0);
    struct cfk_delta_sketch few = sketch_of("0123456789012345678901234567890", 31);

    ck_assert_uint_eq(cfk_delta_sketch_compare(&none, &none), 0);
    ck_assert_uint_eq(cfk_delta_sketch_compare(&few, &few), 0);
    ck_assert_uint_eq(cfk_delta_sketch_compare(NULL, &few), 0);
    ck_assert_uint_eq(cfk_delta_sketch_compare(&few, NULL), 0);
}
END_TEST

START_TEST(runs_are_sketched_as_well)
{
    uint8_t *zeros = calloc(1, PAGE);
    struct cfk_delta_sketch a = sketch_of(zeros, PAGE);
    struct cfk_delta_sketch b = sketch_of(zeros, PAGE / 2);

    ck_assert_uint_eq(cfk_delta_sketch_compare(&a, &b), ALL);
    free(zeros);
}
END_TEST

START_TEST(a_store_finds_by_digest_and_by_likeness)
{
    cfk_delta_store *store = store_of(0, 0);
    struct cfk_delta_pick picks[3];
    uint8_t *pages[5];
    uint8_t digests[5][CFK_DELTA_DIGEST_SIZE];
    size_t count;

    for (int i = 0; i < 5; i++) {
        pages[i] = page((uint64_t)i);
        memcpy(digests[i], cfk_delta_ref_digest(add(store, pages[i], PAGE)),
               sizeof digests[i]);
    }
    ck_assert_uint_eq(cfk_delta_store_count(store), 5);
    ck_assert_uint_eq(cfk_delta_store_bytes(store), 5 * PAGE);
    add(store, pages[2], PAGE); /* there already */
    ck_assert_uint_eq(cfk_delta_store_count(store), 5);
    pages[3][77] ^= 1;
    ck_assert_int_eq(
        cfk_delta_store_pick(store, pages[3], PAGE, NULL, picks, 3, &count, NULL),
        CFK_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_mem_eq(cfk_delta_ref_digest(picks[0].ref), digests[3], 32);
    ck_assert_uint_ge(picks[0].similarity, ALL - 2);
    ck_assert_uint_lt(picks[0].patch_size, 200);
    ck_assert_uint_ge(picks[1].patch_size, PAGE * 99 / 100);
    ck_assert_ptr_eq(cfk_delta_store_get(store, digests[3]), picks[0].ref);
    ck_assert_int_eq(cfk_delta_store_remove(store, digests[3], NULL), CFK_OK);
    ck_assert_int_eq(cfk_delta_store_remove(store, digests[3], NULL), CFK_E_NOTFOUND);
    ck_assert_ptr_null(cfk_delta_store_get(store, digests[3]));
    ck_assert_uint_eq(cfk_delta_store_bytes(store), 4 * PAGE);
    add(store, pages[3], PAGE); /* into the slot that is free */
    ck_assert_uint_eq(cfk_delta_store_count(store), 5);
    for (int i = 0; i < 5; i++)
        free(pages[i]);
    cfk_delta_store_free(store);
}
END_TEST

START_TEST(as_many_are_tried_as_was_asked)
{
    cfk_delta_store *store = store_of(0, 0);
    struct cfk_delta_pick_options opts = { .size = sizeof opts, .tries = 2 };
    struct cfk_delta_pick picks[4];
    uint8_t *data = page(1);
    size_t count;

    for (size_t i = 1; i <= 4; i++)
        add(store, data, PAGE / i);
    ck_assert_int_eq(
        cfk_delta_store_pick(store, data, PAGE, &opts, picks, 4, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 4);
    ck_assert_uint_gt(picks[0].patch_size, 0);
    ck_assert_uint_ge(picks[1].patch_size, picks[0].patch_size);
    ck_assert_uint_eq(picks[2].patch_size, 0);
    ck_assert_uint_eq(cfk_delta_ref_size(picks[0].ref), PAGE);
    opts.no_tries = 1;
    ck_assert_int_eq(
        cfk_delta_store_pick(store, data, PAGE, &opts, picks, 1, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(picks[0].patch_size, 0);
    ck_assert_uint_eq(picks[0].similarity, ALL);
    ck_assert_uint_eq(cfk_delta_ref_size(picks[0].ref), PAGE);
    free(data);
    cfk_delta_store_free(store);
}
END_TEST

/* Without samples the size decides. */
START_TEST(tiny_pages_are_ranked_by_size)
{
    cfk_delta_store *store = store_of(0, 0);
    struct cfk_delta_pick_options opts = { .size = sizeof opts, .no_tries = 1 };
    struct cfk_delta_pick picks[3];
    size_t count;

    add(store, "0123456789", 10);
    add(store, "01234", 5);
    add(store, "", 0);
    ck_assert_int_eq(
        cfk_delta_store_pick(store, "012345", 6, &opts, picks, 3, &count, NULL), CFK_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(cfk_delta_ref_size(picks[0].ref), 5);
    ck_assert_uint_eq(cfk_delta_ref_size(picks[1].ref), 10);
    ck_assert_uint_eq(picks[0].similarity, 0);
    ck_assert_int_eq(
        cfk_delta_store_pick(store, "012345", 6, &opts, picks, 1, &count, NULL), CFK_OK);
    ck_assert_uint_eq(cfk_delta_ref_size(picks[0].ref), 5);
    cfk_delta_store_free(store);
}
END_TEST

START_TEST(what_was_used_longest_ago_is_forgotten)
{
    cfk_delta_store *store = store_of(100, 0);
    uint8_t first[CFK_DELTA_DIGEST_SIZE];
    uint8_t second[CFK_DELTA_DIGEST_SIZE];
    char data[101] = "x";

    memcpy(first, cfk_delta_ref_digest(add(store, data, 40)), 32);
    memcpy(second, cfk_delta_ref_digest(add(store, data, 60)), 32);
    ck_assert_uint_eq(cfk_delta_store_count(store), 2); /* exactly full */
    ck_assert_ptr_nonnull(cfk_delta_store_get(store, first));
    add(store, data, 1);
    ck_assert_uint_eq(cfk_delta_store_count(store), 2);
    ck_assert_uint_eq(cfk_delta_store_bytes(store), 41);
    ck_assert_ptr_null(cfk_delta_store_get(store, second));
    ck_assert_ptr_nonnull(cfk_delta_store_get(store, first));
    add(store, data, 100); /* all others go */
    ck_assert_uint_eq(cfk_delta_store_count(store), 1);
    ck_assert_int_eq(cfk_delta_store_add(store, data, 101, NULL, NULL), CFK_E_LIMIT);
    ck_assert_uint_eq(cfk_delta_store_count(store), 1);
    cfk_delta_store_free(store);
}
END_TEST

START_TEST(the_number_of_pages_is_a_limit_too)
{
    cfk_delta_store *store = store_of(0, 2);
    char data[4] = "abc";

    for (size_t size = 0; size < 4; size++)
        add(store, data, size);
    ck_assert_uint_eq(cfk_delta_store_count(store), 2);
    ck_assert_uint_eq(cfk_delta_store_bytes(store), 5);
    cfk_delta_store_free(store);
}
END_TEST

/* Against a list of what must be there. */
START_TEST(a_store_and_its_model_agree)
{
    enum { KEPT = 8, KINDS = 30, STEPS = 3000 };
    cfk_delta_store *store = store_of(0, KEPT);
    uint8_t digests[KINDS][CFK_DELTA_DIGEST_SIZE];
    size_t model[KEPT + 1]; /* kinds, the oldest first */
    size_t kept = 0;
    struct gen g;

    for (size_t kind = 0; kind < KINDS; kind++) {
        cfk_delta_ref *ref = make_ref("abcdefghijklmnopqrstuvwxyz1234", kind);

        memcpy(digests[kind], cfk_delta_ref_digest(ref), 32);
        cfk_delta_ref_free(ref);
    }
    gen_seed(&g, 11);
    for (int step = 0; step < STEPS; step++) {
        size_t kind = gen_below(&g, KINDS);
        unsigned what = (unsigned)gen_below(&g, 4);
        size_t at = 0;

        while (at < kept && model[at] != kind)
            at++;
        if (what == 0) {
            ck_assert_int_eq(cfk_delta_store_remove(store, digests[kind], NULL),
                             at < kept ? CFK_OK : CFK_E_NOTFOUND);
        } else if (what == 1) {
            const cfk_delta_ref *ref = cfk_delta_store_get(store, digests[kind]);

            ck_assert((ref != NULL) == (at < kept));
        } else {
            add(store, "abcdefghijklmnopqrstuvwxyz1234", kind);
        }
        if (at < kept)
            memmove(model + at, model + at + 1, (--kept - at) * sizeof model[0]);
        else if (what < 2)
            continue;
        if (what > 0)
            model[kept++] = kind;
        if (kept > KEPT)
            memmove(model, model + 1, --kept * sizeof model[0]);
        ck_assert_uint_eq(cfk_delta_store_count(store), kept);
    }
    cfk_delta_store_free(store);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    struct cfk_delta_store_options opts = { .size = sizeof opts };
    struct cfk_delta_pick_options pick = { .size = sizeof pick, .no_tries = 2 };
    struct cfk_delta_pick picks[1];
    struct cfk_delta_sketch sketch;
    struct cfk_error err;
    cfk_delta_store *store;
    size_t count;

    unit_expect_error(cfk_delta_sketch_compute(NULL, 1, &sketch, &err), CFK_E_INVALID,
                      &err, "sketch");
    unit_expect_error(cfk_delta_sketch_compute("", 0, NULL, &err), CFK_E_INVALID, &err,
                      "sketch");
    opts.max_pages = (1 << 24) + 1;
    unit_expect_error(cfk_delta_store_new(&opts, &store, &err), CFK_E_INVALID, &err,
                      "16777216 pages");
    ck_assert_ptr_null(store);
    opts.max_pages = 1;
    opts.reserved = 1;
    unit_expect_error(cfk_delta_store_new(&opts, &store, &err), CFK_E_INVALID, &err,
                      "reserved");
    store = store_of(0, 1);
    unit_expect_error(cfk_delta_store_pick(store, "", 0, &pick, picks, 1, &count, &err),
                      CFK_E_INVALID, &err, "no_tries");
    unit_expect_error(cfk_delta_store_pick(store, "", 0, NULL, picks, 0, &count, &err),
                      CFK_E_INVALID, &err, "no room");
    unit_expect_error(cfk_delta_store_pick(NULL, "", 0, NULL, picks, 1, &count, &err),
                      CFK_E_INVALID, &err, "no store");
    ck_assert_int_eq(cfk_delta_store_pick(store, "", 0, NULL, picks, 1, &count, &err),
                     CFK_OK);
    ck_assert_uint_eq(count, 0);
    unit_expect_error(cfk_delta_store_add(NULL, "", 0, NULL, &err), CFK_E_INVALID, &err,
                      "no store");
    unit_expect_error(cfk_delta_store_add(store, NULL, 1, NULL, &err), CFK_E_INVALID,
                      &err, "no bytes");
    unit_expect_error(cfk_delta_store_remove(store, NULL, &err), CFK_E_INVALID, &err,
                      "no digest");
    ck_assert_ptr_null(cfk_delta_store_get(NULL, ""));
    ck_assert_uint_eq(cfk_delta_store_count(NULL), 0);
    ck_assert_uint_eq(cfk_delta_store_bytes(NULL), 0);
    cfk_delta_store_free(store);
    cfk_delta_store_free(NULL);
}
END_TEST

static int use_store(void *ctx, const struct cfk_alloc *alloc)
{
    struct cfk_delta_store_options opts = { .size = sizeof opts,
                                            .alloc = alloc,
                                            .max_pages = 2 };
    struct cfk_delta_pick_options pick = { .size = sizeof pick, .alloc = alloc };
    struct cfk_delta_pick picks[2];
    cfk_delta_store *store;
    size_t count;
    int rc = cfk_delta_store_new(&opts, &store, NULL);

    (void)ctx;
    for (size_t size = 10; rc == CFK_OK && size < 14; size++)
        rc = cfk_delta_store_add(store, "a page of a site", size, NULL, NULL);
    if (rc == CFK_OK)
        rc = cfk_delta_store_pick(store, "a page", 6, &pick, picks, 2, &count, NULL);
    cfk_delta_store_free(store);
    return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
    fault_sweep(use_store, NULL, 13);
}
END_TEST

enum { PAIRS = 128 };

struct pages {
    uint8_t *old[PAIRS];
    size_t old_size[PAIRS];
    uint8_t *new[PAIRS];
    size_t new_size[PAIRS];
    size_t count;
};

static void load(struct pages *p, const char *folder)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);

    ck_assert_msg(dir != NULL, "cannot open %s", folder);
    while (p->count < PAIRS && (entry = readdir(dir)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/old", folder, entry->d_name);
        p->old[p->count] = unit_read_file(path, &p->old_size[p->count]);
        snprintf(path, sizeof path, "%s/%s/new", folder, entry->d_name);
        p->new[p->count] = unit_read_file(path, &p->new_size[p->count]);
        p->count++;
    }
    closedir(dir);
}

static size_t patch_size(const cfk_delta_ref *ref, const void *data, size_t size)
{
    struct cfk_delta_encode_options opts = {
        .size = sizeof opts, .format = CFK_DELTA_ZSTD, .level = 1, .no_verify = 1
    };
    void *patch;
    size_t patch_size;

    ck_assert_int_eq(cfk_delta_encode(ref, data, size, &opts, &patch, &patch_size, NULL),
                     CFK_OK);
    cfk_free(NULL, patch);
    return patch_size;
}

/* The choice costs little more than the best of all old pages for every new one. */
START_TEST(of_real_pages_nearly_the_best_is_picked)
{
    const char *data = unit_data("delta/web");
    struct pages *p = calloc(1, sizeof *p);
    cfk_delta_store *store = store_of(0, 0);
    const cfk_delta_ref *refs[PAIRS];
    char folder[2048];
    size_t picked = 0;
    size_t best = 0;

    if (data != NULL) {
        snprintf(folder, sizeof folder, "%s", data);
        load(p, folder);
        for (size_t i = 0; i < p->count; i++)
            refs[i] = add(store, p->old[i], p->old_size[i]);
    }
    for (size_t i = 0; i < p->count; i += CHECKED ? 32 : 8) {
        struct cfk_delta_pick picks[4];
        size_t least = SIZE_MAX;
        size_t count;

        ck_assert_int_eq(cfk_delta_store_pick(store, p->new[i], p->new_size[i], NULL,
                                              picks, 4, &count, NULL),
                         CFK_OK);
        picked += patch_size(picks[0].ref, p->new[i], p->new_size[i]);
        for (size_t j = 0; j < p->count; j++) {
            size_t size = patch_size(refs[j], p->new[i], p->new_size[i]);

            least = size < least ? size : least;
        }
        best += least;
    }
    if (data != NULL) {
        printf("picked %zu bytes, best %zu\n", picked, best);
        ck_assert_uint_le(picked, best + best / (CHECKED ? 10 : 50)); /* few: chance */
    }
    for (size_t i = 0; i < p->count; i++) {
        free(p->old[i]);
        free(p->new[i]);
    }
    free(p);
    cfk_delta_store_free(store);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        similar_content_has_similar_sketches,
        sketches_are_the_same_everywhere,
        content_without_samples_is_like_nothing,
        runs_are_sketched_as_well,
        a_store_finds_by_digest_and_by_likeness,
        as_many_are_tried_as_was_asked,
        tiny_pages_are_ranked_by_size,
        what_was_used_longest_ago_is_forgotten,
        the_number_of_pages_is_a_limit_too,
        a_store_and_its_model_agree,
        wrong_arguments_are_refused,
        every_failed_allocation_is_reported,
        of_real_pages_nearly_the_best_is_picked,
        NULL,
    };
    Suite *suite = suite_create("delta/store");

    suite_add_tcase(suite, unit_case("store", tests));
    return suite;
}
