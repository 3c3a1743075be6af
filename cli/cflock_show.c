/* SPDX-License-Identifier: MIT */
/* cflock show, check: what locks and shares say about themselves; no secret needed. */
#define _DEFAULT_SOURCE /* explicit_bzero */

#include "cflock.h"

#include "lock_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- locks --- */

static const char *kind_text(const struct cfk_lock_person *person, char *text,
                             size_t size)
{
    if (person->kind == CFK_LOCK_IDENTITY)
        snprintf(text, size, "%s", person->public_text);
    else
        snprintf(text, size, "a passphrase (Argon2id, %u KiB, %u passes)",
                 person->memory_kib, person->passes);
    return text;
}

static json_t *person_json(const char *name, const struct cfk_lock_person *person)
{
    if (person->kind == CFK_LOCK_IDENTITY)
        return json_pack("{so ss ss}", "name", cli_json_text(name, strlen(name)), "kind",
                         "identity", "public", person->public_text);
    return json_pack("{so ss sI sI sI}", "name", cli_json_text(name, strlen(name)),
                     "kind", "passphrase", "memory_kib", (json_int_t)person->memory_kib,
                     "passes", (json_int_t)person->passes, "lanes",
                     (json_int_t)person->lanes);
}

static json_t *people_json(const cfk_lock *lock)
{
    const cfk_policy *policy = cfk_lock_policy(lock);
    json_t *people = json_array();

    for (size_t i = 0; i < cfk_policy_people(policy); i++) {
        struct cfk_lock_person person = { .size = sizeof person };

        cfk_lock_show_person(lock, i, &person, NULL);
        json_array_append_new(people, person_json(cfk_policy_person(policy, i), &person));
    }
    return people;
}

static int show_people_lock(const char *path, const cfk_lock *lock,
                            const struct cfk_lock_info *info)
{
    const cfk_policy *policy = cfk_lock_policy(lock);
    const char *words = cfk_policy_text(policy);
    char text[128];
    char id[SPLIT_ID_TEXT];

    split_id_text(info->id, sizeof info->id, id);
    if (cli_json())
        return cli_print_json(json_pack(
            "{so ss ss so sI sI sb sb so}", "file", cli_json_text(path, strlen(path)),
            "kind", "people", "lock", id, "policy", cli_json_text(words, strlen(words)),
            "generation", (json_int_t)info->generation, "used", (json_int_t)info->used,
            "damaged", (int)info->damaged, "interrupted", (int)info->interrupted,
            "people", people_json(lock)));
    printf("%s: a lock that people open\n  policy: %s\n  lock: %s, generation %u\n", path,
           words, id, info->generation);
    for (size_t i = 0; i < cfk_policy_people(policy); i++) {
        struct cfk_lock_person person = { .size = sizeof person };

        cfk_lock_show_person(lock, i, &person, NULL);
        printf("  %s: %s\n", cfk_policy_person(policy, i),
               kind_text(&person, text, sizeof text));
    }
    return CLI_YES;
}

static int show_share_lock(const char *path, const struct cfk_lock_info *info)
{
    char set[SPLIT_ID_TEXT];
    char id[SPLIT_ID_TEXT];

    split_id_text(info->set_id, sizeof info->set_id, set);
    split_id_text(info->id, sizeof info->id, id);
    if (cli_json())
        return cli_print_json(json_pack("{so ss ss ss}", "file",
                                        cli_json_text(path, strlen(path)), "kind",
                                        "shares", "lock", id, "set", set));
    printf("%s: a lock that shares open\n  set: %s\n  lock: %s\n", path, set, id);
    return CLI_YES;
}

static int show_lock(const char *path, uint8_t *head, size_t size)
{
    struct cfk_lock_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    struct lock_file file;
    int rc = lock_file_take(&file, path, -1, head, size, NULL, &err);
    int status;

    if (rc == CFK_OK)
        rc = cfk_lock_show(file.lock, &info, &err);
    if (rc != CFK_OK)
        status = cli_fail(&err);
    else
        status = info.kind == CFK_LOCK_PEOPLE ? show_people_lock(path, file.lock, &info)
                                              : show_share_lock(path, &info);
    lock_file_close(&file);
    return status;
}

/* --- shares --- */

static json_t *name_json(const char *name)
{
    return name[0] != '\0' ? cli_json_text(name, strlen(name)) : json_null();
}

static int show_share(const char *path, const char *text, size_t size)
{
    struct cfk_split_share_info info = { .size = sizeof info };
    struct cfk_error err = { 0 };
    char set[SPLIT_ID_TEXT];
    int rc = cfk_split_share_check(text, size, &info, &err);

    if (rc != CFK_OK) {
        split_blame(&err, path);
        return cli_fail(&err);
    }
    split_id_text(info.set_id, sizeof info.set_id, set);
    if (cli_json())
        return cli_print_json(json_pack(
            "{so ss ss sI sI sI sI sb so so}", "file", cli_json_text(path, strlen(path)),
            "kind", "share", "set", set, "generation", (json_int_t)info.generation, "x",
            (json_int_t)info.x, "threshold", (json_int_t)info.threshold, "count",
            (json_int_t)info.count, "has_secret", (int)info.has_secret, "holder",
            name_json(info.holder), "label", name_json(info.label)));
    printf("%s: share %u, %u of %u needed\n  set: %s, generation %u\n", path, info.x,
           info.threshold, info.count, set, info.generation);
    if (info.holder[0] != '\0')
        printf("  holder: %s\n", info.holder);
    if (info.label[0] != '\0')
        printf("  label: %s\n", info.label);
    puts(info.has_secret ? "  the secret is inside" : "  the secret is in a lock file");
    return CLI_YES;
}

static int show_one(const char *path)
{
    uint8_t *data = malloc(CFK_LOCK_HEAD);
    struct cfk_error err = { 0 };
    size_t size = 0;
    int status;
    int fd = -1;
    int rc;

    if (data == NULL)
        return cli_error(CFK_E_NOMEM, "no memory");
    rc = split_open_file(path, &fd, &err);
    if (rc == CFK_OK)
        rc = split_read(fd, path, data, CFK_LOCK_HEAD, &size, &err);
    split_close(fd);
    if (rc == CFK_OK && cfk_lock_kind(data, size) != 0)
        return show_lock(path, data, size);
    status = rc == CFK_OK ? show_share(path, (const char *)data, size) : cli_fail(&err);
    explicit_bzero(data, CFK_LOCK_HEAD);
    free(data);
    return status;
}

int cflock_show(struct lock_job *job)
{
    int worst = CLI_YES;

    for (int i = 0; i < job->count; i++) {
        int status = show_one(job->operands[i]);

        worst = status > worst ? status : worst;
    }
    return worst;
}
