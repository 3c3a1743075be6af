/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "split_people.h"

#include "common/input.h"
#include "people_file.h"
#include "split_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEY_FILE = 4096 };

bool split_givers_add(struct split_givers *givers, const char *name, const char *identity)
{
    if (givers->count == CFK_POLICY_MAX_PEOPLE)
        return false;
    givers->who[givers->count].name = name;
    givers->who[givers->count++].identity = identity;
    return true;
}

bool split_takers_ask(struct split_takers *takers, const char *name, bool generate)
{
    if (takers->asked_count == CFK_POLICY_MAX_PEOPLE)
        return false;
    takers->asked[takers->asked_count].name = name;
    takers->asked[takers->asked_count++].generate = generate;
    takers->generated_count += generate;
    return true;
}

bool split_takers_pair(struct split_takers *takers, const char *pair)
{
    if (takers->pair_count == CFK_POLICY_MAX_PEOPLE)
        return false;
    takers->pairs[takers->pair_count++] = pair;
    return true;
}

char *split_pair_name(const char *pair, const char **public_text)
{
    const char *sign = strrchr(pair, '=');

    *public_text = sign != NULL ? sign + 1 : "";
    return sign != NULL ? strndup(pair, (size_t)(sign - pair)) : strdup(pair);
}

static int ask(struct cli_passphrase_source *source, const char *words, const char *whom,
               bool again, struct cli_passphrase *out, struct cfk_error *err)
{
    char prompt[200];

    snprintf(prompt, sizeof prompt, "%s %.100s", words, whom);
    return cli_passphrase_ask(source, prompt, again, out, err);
}

/* --- those who open --- */

static int load_identity(const char *path, struct cli_passphrase_source *source,
                         cfk_identity **out, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    struct cfk_identity_info info = { .size = sizeof info };
    struct cli_input in = { 0 };
    int rc = cli_input_open(&in, path, MAX_KEY_FILE, CLI_INPUT_SECRET, err);

    *out = NULL;
    if (rc != CFK_OK)
        return rc;
    rc = cfk_identity_show((const char *)in.data, in.size, &info, err);
    rc = rc == CFK_OK ? CFK_OK : split_blame(err, path);
    if (rc == CFK_OK)
        rc = ask(source, "Passphrase for", path, false, &passphrase, err);
    if (rc == CFK_OK) {
        rc = cfk_identity_load((const char *)in.data, in.size, passphrase.bytes,
                               passphrase.size, NULL, out, err);
        rc = rc == CFK_OK ? CFK_OK : split_blame(err, path);
    }
    cli_passphrase_wipe(&passphrase);
    cli_input_close(&in);
    return rc;
}

static int give_identity(cfk_lock *lock, const char *path,
                         struct cli_passphrase_source *source, struct cfk_error *err)
{
    cfk_identity *identity;
    int rc = load_identity(path, source, &identity, err);

    if (rc != CFK_OK)
        return rc;
    rc = cfk_lock_give_identity(lock, NULL, identity, err);
    cfk_identity_free(identity);
    if (rc == CFK_E_PASSPHRASE)
        return split_fail(err, rc, path, "this identity does not open the lock");
    return rc;
}

/* Where the name stands among the lock's people, or a failure that lists them. */
static int find_person(const cfk_lock *lock, const char *path, const char *name,
                       struct cfk_lock_person *person, struct cfk_error *err)
{
    const cfk_policy *policy = cfk_lock_policy(lock);

    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        if (strcmp(cfk_policy_person(policy, i), name) == 0)
            return cfk_lock_show_person(lock, i, person, err);
    *err = (struct cfk_error){ .code = CFK_E_NOTFOUND };
    snprintf(err->message, sizeof err->message,
             "%.60s: nobody named '%.64s' opens it, but %.60s", path, name,
             cfk_policy_text(policy));
    return CFK_E_NOTFOUND;
}

/* The one who supplied it may know that it is theirs that is wrong. */
static int give_passphrase(cfk_lock *lock, const char *name,
                           const struct cli_passphrase *passphrase, struct cfk_error *err)
{
    int rc =
        cfk_lock_give_passphrase(lock, name, passphrase->bytes, passphrase->size, err);

    if (rc == CFK_E_PASSPHRASE)
        return split_fail(err, rc, name, "wrong passphrase");
    return rc;
}

static int give_by_name(cfk_lock *lock, const char *path, const char *name,
                        struct cli_passphrase_source *source, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    struct cfk_lock_person person = { .size = sizeof person };
    int rc = find_person(lock, path, name, &person, err);

    /* Whoever has an identity gives it by --identity. */
    if (rc != CFK_OK || person.kind == CFK_LOCK_IDENTITY)
        return rc;
    rc = ask(source, "Passphrase of", name, false, &passphrase, err);
    if (rc == CFK_OK)
        rc = give_passphrase(lock, name, &passphrase, err);
    cli_passphrase_wipe(&passphrase);
    return rc;
}

/* Whoever was named has given. */
static int check_names(const cfk_lock *lock, const char *path,
                       const struct split_givers *givers, struct cfk_error *err)
{
    struct cfk_lock_person person = { .size = sizeof person };
    int rc = CFK_OK;

    for (size_t i = 0; i < givers->count && rc == CFK_OK; i++) {
        if (givers->who[i].name == NULL)
            continue;
        rc = find_person(lock, path, givers->who[i].name, &person, err);
        if (rc == CFK_OK && !person.has_given)
            rc = split_fail(err, CFK_E_INVALID, givers->who[i].name,
                            "opens it with an identity; name its file with --identity");
    }
    return rc;
}

/* Those who have a passphrase in turn; an empty one says that they are not here. */
static int ask_everybody(cfk_lock *lock, struct cli_passphrase_source *source,
                         struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    const char *missing[CFK_POLICY_MAX_PEOPLE];
    const cfk_policy *policy = cfk_lock_policy(lock);
    int rc = CFK_OK;

    for (size_t i = 0; i < cfk_policy_people(policy) && rc == CFK_OK; i++) {
        const char *name = cfk_policy_person(policy, i);
        struct cfk_lock_person person = { .size = sizeof person };

        rc = cfk_lock_show_person(lock, i, &person, err);
        if (rc != CFK_OK || person.kind != CFK_LOCK_PASSPHRASE)
            continue;
        if (cfk_lock_missing(lock, missing) == 0)
            return CFK_OK;
        rc =
            ask(source, "(Empty: not here) Passphrase of", name, false, &passphrase, err);
        if (rc == CFK_OK && passphrase.size > 0)
            rc = give_passphrase(lock, name, &passphrase, err);
        cli_passphrase_wipe(&passphrase);
    }
    return rc;
}

int split_open_lock(cfk_lock *lock, const char *path, const struct split_givers *givers,
                    struct cli_passphrase_source *source, struct cfk_error *err)
{
    int rc = CFK_OK;

    for (size_t i = 0; i < givers->count && rc == CFK_OK; i++)
        rc = givers->who[i].name != NULL
                 ? give_by_name(lock, path, givers->who[i].name, source, err)
                 : give_identity(lock, givers->who[i].identity, source, err);
    if (rc == CFK_OK)
        rc = givers->count > 0 ? check_names(lock, path, givers, err)
                               : ask_everybody(lock, source, err);
    if (rc != CFK_OK)
        return rc;
    rc = cfk_lock_open(lock, err);
    return rc == CFK_OK ? CFK_OK : split_blame(err, path);
}

/* --- those who shall --- */

static int set_public(cfk_lock *lock, const char *name, const char *public_text,
                      struct cfk_error *err)
{
    int rc = cfk_lock_set_public(lock, name, public_text, err);

    return rc == CFK_OK ? CFK_OK : split_blame(err, name);
}

struct listing {
    cfk_lock *lock;
    const cfk_policy *before;
};

/* The file may know more people than the policy, and older keys than the lock. */
static int set_listed(void *ctx, const char *name, const char *public_text,
                      struct cfk_error *err)
{
    const struct listing *listing = ctx;
    struct cfk_error said = { 0 };
    int rc;

    for (size_t i = 0; listing->before != NULL && i < cfk_policy_people(listing->before);
         i++)
        if (strcmp(cfk_policy_person(listing->before, i), name) == 0)
            return CFK_OK;
    rc = set_public(listing->lock, name, public_text, &said);
    if (rc == CFK_OK || rc == CFK_E_NOTFOUND)
        return CFK_OK;
    *err = said;
    return rc;
}

static int set_pair(cfk_lock *lock, const char *pair, struct cfk_error *err)
{
    const char *public_text;
    char *name = split_pair_name(pair, &public_text);
    int rc;

    if (name == NULL)
        return split_fail(err, CFK_E_NOMEM, pair, "no memory");
    rc = set_public(lock, name, public_text, err);
    free(name);
    return rc;
}

static int set_passphrase(cfk_lock *lock, const char *name, const void *passphrase,
                          size_t size, struct cfk_error *err)
{
    int rc = cfk_lock_set_passphrase(lock, name, passphrase, size, err);

    return rc == CFK_OK ? CFK_OK : split_blame(err, name);
}

static int set_asked(cfk_lock *lock, const char *name,
                     struct cli_passphrase_source *source, struct cfk_error *err)
{
    static struct cli_passphrase passphrase;
    int rc = ask(source, "New passphrase of", name, true, &passphrase, err);

    if (rc == CFK_OK)
        rc = set_passphrase(lock, name, passphrase.bytes, passphrase.size, err);
    cli_passphrase_wipe(&passphrase);
    return rc;
}

static int set_generated(cfk_lock *lock, const char *name, char words[SPLIT_WORDS_SIZE],
                         struct cfk_error *err)
{
    int rc = cfk_words_passphrase(SPLIT_WORDS, words, SPLIT_WORDS_SIZE, err);

    return rc == CFK_OK ? set_passphrase(lock, name, words, strlen(words), err) : rc;
}

void split_tell_words(struct split_takers *takers, json_t *answer)
{
    json_t *map = answer != NULL && takers->generated_count > 0 ? json_object() : NULL;

    for (size_t i = 0; i < takers->asked_count; i++) {
        if (!takers->asked[i].generate)
            continue;
        if (map != NULL)
            json_object_set_new(map, takers->asked[i].name,
                                json_string(takers->asked[i].words));
        else
            printf("%s: %s\n", takers->asked[i].name, takers->asked[i].words);
        explicit_bzero(takers->asked[i].words, SPLIT_WORDS_SIZE);
    }
    if (map != NULL)
        json_object_set_new(answer, "passphrases", map);
}

int split_set_keys(cfk_lock *lock, struct split_takers *takers, const cfk_policy *before,
                   struct cli_passphrase_source *source, struct cfk_error *err)
{
    struct listing listing = { lock, before };
    int rc = CFK_OK;

    if (takers->people != NULL)
        rc = people_read(takers->people, set_listed, &listing, err);
    for (size_t i = 0; i < takers->pair_count && rc == CFK_OK; i++)
        rc = set_pair(lock, takers->pairs[i], err);
    for (size_t i = 0; i < takers->asked_count && rc == CFK_OK; i++)
        rc = takers->asked[i].generate
                 ? set_generated(lock, takers->asked[i].name, takers->asked[i].words, err)
                 : set_asked(lock, takers->asked[i].name, source, err);
    return rc;
}
