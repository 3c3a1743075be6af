/* SPDX-License-Identifier: MIT */
/* Real and adversarial pairs of the test data, each in the form DIR/{old,new}. */
#include "common.h"
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOW_FROM = 256 * 1024 }; /* level 9 takes seconds beyond */

struct totals {
    size_t pairs;
    size_t patch_bytes; /* at level 5 */
    size_t new_bytes;
};

static void one_pair(const char *folder, const char *name, struct totals *t)
{
    char path[4096];
    uint8_t *old;
    uint8_t *new;
    size_t old_size;
    size_t new_size;
    cfk_delta_ref *ref;

    snprintf(path, sizeof path, "%s/%s/old", folder, name);
    old = unit_read_file(path, &old_size);
    snprintf(path, sizeof path, "%s/%s/new", folder, name);
    new = unit_read_file(path, &new_size);
    ref = make_ref(old, old_size);
    round_trip(ref, new, new_size, CFK_DELTA_DCZ, 1);
    t->patch_bytes += round_trip(ref, new, new_size, CFK_DELTA_ZSTD, 5);
    if (new_size < SLOW_FROM)
        round_trip(ref, new, new_size, CFK_DELTA_DCZ, 8);
    t->new_bytes += new_size;
    t->pairs++;
    cfk_delta_ref_free(ref);
    free(old);
    free(new);
}

/* All pairs of a category; their patches take at most so many bytes in all. */
static void category(const char *relative, size_t most)
{
    const char *data = unit_data(relative);
    struct totals t = { 0 };
    struct dirent *entry;
    char folder[2048];
    DIR *dir;

    if (data == NULL)
        return;
    snprintf(folder, sizeof folder, "%s", data);
    dir = opendir(folder);
    ck_assert_msg(dir != NULL, "cannot open %s", folder);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            one_pair(folder, entry->d_name, &t);
    closedir(dir);
    ck_assert_uint_gt(t.pairs, 0);
    printf("%s: %zu pairs, %zu bytes, patches %zu\n", relative, t.pairs, t.new_bytes,
           t.patch_bytes);
    ck_assert_uint_le(t.patch_bytes, most);
}

START_TEST(pages)
{
    category("delta/web", 35000);
}
END_TEST

START_TEST(a_large_page)
{
    category("delta/webbig", 400);
}
END_TEST

START_TEST(json)
{
    category("delta/json", 18000);
}
END_TEST

START_TEST(databases_and_logs)
{
    category("delta/db", 78000);
}
END_TEST

START_TEST(adversarial_edits)
{
    category("delta/edge", 153000);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        pages, a_large_page, json, databases_and_logs, adversarial_edits, NULL,
    };
    Suite *suite = suite_create("delta/pairs");

    suite_add_tcase(suite, unit_case("pairs", tests));
    return suite;
}
