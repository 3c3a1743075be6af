/* SPDX-License-Identifier: MIT */
/* Policies against recorded truth tables, and malformed ones. */
#include "cfkit/policy.h"
#include "unit.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct cfk_policy_options single = { .size = sizeof single,
                                                  .allow_single = 1 };

/* "alice+carol" for a subset of names. */
static void subset_title(const json_t *names, uint32_t bits, char *title)
{
    title[0] = '\0';
    for (size_t i = 0; i < json_array_size(names); i++)
        if (bits >> i & 1)
            sprintf(title + strlen(title), "%s%s", title[0] == '\0' ? "" : "+",
                    json_string_value(json_array_get(names, i)));
}

static bool lists(const json_t *array, const char *text)
{
    size_t i;
    json_t *entry;

    json_array_foreach(array, i, entry) if (strcmp(json_string_value(entry), text) ==
                                            0) return true;
    return false;
}

static void check_truth_table(const json_t *item, const cfk_policy *policy)
{
    const json_t *names = json_object_get(item, "names");
    const json_t *satisfying = json_object_get(item, "satisfying");
    size_t people = json_array_size(names);

    for (uint32_t bits = 0; bits < UINT32_C(1) << people; bits++) {
        const char *present[32];
        char title[256];
        size_t count = 0;

        for (size_t i = 0; i < people; i++)
            if (bits >> i & 1)
                present[count++] = json_string_value(json_array_get(names, i));
        subset_title(names, bits, title);
        ck_assert_msg(cfk_policy_satisfied(policy, present, count) ==
                          lists(satisfying, title),
                      "%s: %s", vectors_text(item, "policy"), title);
    }
}

START_TEST(red_october_truth_tables)
{
    json_t *root = vectors_load("split/policies_redoctober.json");
    unsigned right = 0;
    unsigned refusals = 0;
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const char *text = vectors_text(item, "policy");
        struct cfk_error err = { 0 };
        cfk_policy *policy;
        int rc = cfk_policy_parse(text, strlen(text), &single, &policy, &err);

        if (rc != CFK_OK) {
            ck_assert_msg(json_is_true(json_object_get(item, "duplicates")), "%s: %s",
                          text, err.message);
            ck_assert_ptr_nonnull(strstr(err.message, "is twice in one gate"));
            refusals++;
            continue;
        }
        check_truth_table(item, policy);
        cfk_policy_free(policy);
        right++;
    }
    ck_assert_uint_ge(right, 105);
    ck_assert_uint_eq(right + refusals, i);
    json_decref(root);
}
END_TEST

START_TEST(malformed_policies_are_refused)
{
    json_t *root = vectors_load("split/policies_malformed.json");
    size_t i;
    json_t *item;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item)
    {
        const json_t *text = json_object_get(item, "policy");
        cfk_policy *policy;
        int rc = cfk_policy_parse(json_string_value(text), json_string_length(text), NULL,
                                  &policy, NULL);

        ck_assert_msg(rc != CFK_OK, "%s", vectors_text(item, "why"));
        ck_assert_ptr_null(policy);
    }
    json_decref(root);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = {
        red_october_truth_tables,
        malformed_policies_are_refused,
        NULL,
    };
    Suite *suite = suite_create("split/policy_data");

    suite_add_tcase(suite, unit_case("data", tests));
    return suite;
}
