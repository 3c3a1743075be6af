/* SPDX-License-Identifier: MIT */
/* What Red October's tests and probes of it say about delegations, as steps. */
#include "keeper_of.h"
#include "vectors.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_NAMES = 16 };

struct world {
    struct people people;
    const json_t *item;
    cfk_keeper *keeper;
    int64_t now;
    char *files[MOST_PEOPLE]; /* everybody's identity under their passphrase */
    size_t sizes[MOST_PEOPLE];
    uint8_t head[CFK_LOCK_HEAD];
};

static size_t names_in(const json_t *object, const char *member, const char **names)
{
    const json_t *list = json_object_get(object, member);
    size_t count = json_array_size(list);

    ck_assert_uint_le(count, MOST_NAMES);
    for (size_t i = 0; i < count; i++)
        names[i] = json_string_value(json_array_get(list, i));
    return count;
}

static uint64_t number_in(const json_t *object, const char *member)
{
    return (uint64_t)json_integer_value(json_object_get(object, member));
}

static size_t index_of(const struct world *w, const char *name)
{
    size_t i = 0;

    while (strcmp(w->people.names[i], name) != 0)
        i++;
    return i;
}

static void save(struct world *w, size_t i, const char *passphrase)
{
    struct cfk_identity_options cheap = { .size = sizeof cheap,
                                          .memory_kib = 8,
                                          .passes = 1 };

    free(w->files[i]);
    ck_assert_int_eq(cfk_identity_save(w->people.identities[i], passphrase,
                                       strlen(passphrase), &cheap, &w->files[i],
                                       &w->sizes[i], NULL),
                     CFK_OK);
}

/* Who says nothing about askers or labels means all, there; here it has to be said. */
static const char *delegate_step(struct world *w, const json_t *step)
{
    const char *askers[MOST_NAMES], *labels[MOST_NAMES];
    struct cfk_keeper_terms terms = terms_of(vectors_text(step, "who"));
    const char *passphrase = vectors_text(step, "password");
    size_t i = index_of(w, terms.person);
    cfk_identity *identity;
    int rc;

    terms.slot = vectors_text(step, "slot");
    terms.uses = number_in(step, "uses");
    terms.seconds = number_in(step, "seconds");
    terms.askers = askers;
    terms.asker_count = names_in(step, "users", askers);
    terms.anyone = terms.asker_count == 0;
    terms.labels = labels;
    terms.label_count = names_in(step, "labels", labels);
    terms.unlabelled = terms.label_count == 0;
    terms.any_label = 1;
    if (cfk_identity_load(w->files[i], w->sizes[i], passphrase, strlen(passphrase), NULL,
                          &identity, NULL) != CFK_OK)
        return "wrong-passphrase";
    rc = cfk_keeper_delegate_identity(w->keeper, identity, &terms, w->now, NULL);
    cfk_identity_free(identity);
    return rc == CFK_OK ? "ok" : "refused";
}

static const char *open_step(struct world *w, const json_t *step)
{
    const char *labels[MOST_NAMES];
    size_t count = names_in(w->item, "labels", labels);
    struct cfk_error err;
    int rc =
        ask(w->keeper, w->head, vectors_text(step, "by"), labels, count, w->now, &err);

    ck_assert_msg(rc == CFK_OK || rc == CFK_E_NEED_MORE, "%s", err.message);
    return rc == CFK_OK ? "opened" : "not-enough";
}

/* Returns what the step gave, or NULL where it gives nothing. */
static const char *do_step(struct world *w, const json_t *step, char number[32])
{
    const char *op = vectors_text(step, "op");

    if (strcmp(op, "delegate") == 0)
        return delegate_step(w, step);
    if (strcmp(op, "open") == 0)
        return open_step(w, step);
    if (strcmp(op, "live_delegations") == 0) {
        snprintf(number, 32, "%u", cfk_keeper_expire(w->keeper, w->now));
        return number;
    }
    if (strcmp(op, "advance_clock") == 0)
        w->now += (int64_t)number_in(step, "seconds") * NS;
    else if (strcmp(op, "change_passphrase") == 0)
        save(w, index_of(w, vectors_text(step, "who")), "right");
    else if (strcmp(op, "purge") == 0)
        cfk_keeper_revoke(w->keeper, NULL, NULL);
    else
        ck_abort_msg("a step that nobody knows: %s", op);
    return NULL;
}

/* Before a change the passphrase is the old one; without one it is right from the start.
 */
static const char *first_passphrase(const json_t *steps)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step) if (strcmp(vectors_text(step, "op"),
                                                  "change_passphrase") == 0) return "old";
    return "right";
}

static void play(const json_t *item)
{
    const char *names[MOST_NAMES];
    size_t count = names_in(item, "people", names);
    const json_t *steps = json_object_get(item, "steps");
    struct world *w = calloc(1, sizeof *w);
    const json_t *step;
    size_t i;

    w->people = people_of(names, count);
    w->item = item;
    w->keeper = keeper_new();
    w->now = 5 * NS;
    for (i = 0; i < count; i++)
        save(w, i, first_passphrase(steps));
    head_of(&w->people, vectors_text(item, "policy"), w->head);
    json_array_foreach(steps, i, step)
    {
        const json_t *want = json_object_get(step, "expect");
        char number[32], wanted[32];
        const char *got = do_step(w, step, number);

        if (want == NULL)
            continue;
        if (json_is_integer(want))
            snprintf(wanted, sizeof wanted, "%lld", json_integer_value(want));
        else
            snprintf(wanted, sizeof wanted, "%s", json_string_value(want));
        ck_assert_msg(got != NULL && strcmp(got, wanted) == 0, "%s, step %zu: %s, not %s",
                      vectors_text(item, "id"), i, got, wanted);
    }
    for (i = 0; i < count; i++)
        free(w->files[i]);
    cfk_keeper_free(w->keeper);
    people_free(&w->people);
    free(w);
}

START_TEST(all_scenarios_end_as_they_should)
{
    json_t *root = vectors_load("split/delegation_scenarios.json");
    json_t *item;
    size_t i;

    if (root == NULL)
        return;
    json_array_foreach(json_object_get(root, "items"), i, item) play(item);
    ck_assert_uint_gt(i, 5);
    json_decref(root);
}
END_TEST

Suite *unit_suite(void)
{
    const TTest *const tests[] = { all_scenarios_end_as_they_should, NULL };
    Suite *s = suite_create("split/keeper_data");

    suite_add_tcase(s, unit_case("scenarios", tests));
    return s;
}
