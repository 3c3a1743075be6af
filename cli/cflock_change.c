/* SPDX-License-Identifier: MIT */
/* cflock add, remove, policy, rekey: who opens a lock, changed by those who do. */
#include "cflock.h"

#include "lock_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next policy of a lock, on the heap; it starts as what the lock has. */
struct plan {
    const struct lock_job *job;
    char *text;
    size_t operand; /* the first that names a person */
};

static int no_memory(struct cfk_error *err)
{
    return split_fail(err, CFK_E_NOMEM, "the policy", "no memory");
}

static int set_text(struct plan *plan, const char *text, struct cfk_error *err)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return no_memory(err);
    free(plan->text);
    plan->text = copy;
    return CFK_OK;
}

typedef int edit_policy(const cfk_policy *policy, const char *name,
                        const struct cfk_policy_options *opts, cfk_policy **out,
                        struct cfk_error *err);

/* One person more or less. */
static int edit(struct plan *plan, edit_policy *how, const char *name,
                struct cfk_error *err)
{
    struct cfk_policy_options any = { .size = sizeof any, .allow_single = 1 };
    struct cfk_policy_options opts = { .size = sizeof opts,
                                       .allow_single = plan->job->allow_single };
    cfk_policy *changed = NULL;
    cfk_policy *policy;
    int rc = cfk_policy_parse(plan->text, strlen(plan->text), &any, &policy, err);

    if (rc == CFK_OK)
        rc = how(policy, name, &opts, &changed, err);
    if (rc == CFK_OK)
        rc = set_text(plan, cfk_policy_text(changed), err);
    cfk_policy_free(changed);
    cfk_policy_free(policy);
    return rc;
}

static bool has_person(const cfk_policy *policy, const char *name)
{
    for (size_t i = 0; i < cfk_policy_people(policy); i++)
        if (strcmp(cfk_policy_person(policy, i), name) == 0)
            return true;
    return false;
}

/* --- what the verbs want --- */

/* Everybody who is named by NAME=PUBLIC, NAME or --ask. */
static int plan_add(struct plan *plan, const cfk_policy *now, struct cfk_error *err)
{
    const struct lock_job *job = plan->job;
    int rc = CFK_OK;

    (void)now;
    if (job->policy != NULL)
        return set_text(plan, job->policy, err);
    for (int i = 1; i < job->count && rc == CFK_OK; i++) {
        const char *public_text;
        char *name = split_pair_name(job->operands[i], &public_text);

        rc = name == NULL ? no_memory(err) : edit(plan, cfk_policy_with, name, err);
        free(name);
    }
    for (size_t i = 0; i < job->takers.asked_count && rc == CFK_OK; i++)
        rc = edit(plan, cfk_policy_with, job->takers.asked[i].name, err);
    return rc;
}

static int plan_remove(struct plan *plan, const cfk_policy *now, struct cfk_error *err)
{
    const struct lock_job *job = plan->job;
    int rc = CFK_OK;

    for (int i = 1; i < job->count && rc == CFK_OK; i++) {
        if (!has_person(now, job->operands[i]))
            return split_fail(err, CFK_E_NOTFOUND, job->operands[i],
                              "nobody of that name opens it");
        if (job->policy == NULL)
            rc = edit(plan, cfk_policy_without, job->operands[i], err);
    }
    return rc == CFK_OK && job->policy != NULL ? set_text(plan, job->policy, err) : rc;
}

static int plan_policy(struct plan *plan, const cfk_policy *now, struct cfk_error *err)
{
    (void)now;
    return set_text(plan, plan->job->operands[1], err);
}

static int plan_rekey(struct plan *plan, const cfk_policy *now, struct cfk_error *err)
{
    (void)now;
    return plan->job->policy != NULL ? set_text(plan, plan->job->policy, err) : CFK_OK;
}

typedef int make_plan(struct plan *plan, const cfk_policy *now, struct cfk_error *err);

/* The new policy, after which those who open it, and those who get keys, are asked. */
static int prepare(struct lock_job *job, struct lock_file *file, make_plan *how,
                   struct cfk_error *err)
{
    const cfk_policy *now = cfk_lock_policy(file->lock);
    struct plan plan = { .job = job };
    int rc;

    if (now == NULL)
        return split_fail(err, CFK_E_INVALID, job->operands[0],
                          "shares open it, not people; see cflock reshare");
    rc = set_text(&plan, cfk_policy_text(now), err);
    if (rc == CFK_OK)
        rc = how(&plan, now, err);
    if (rc == CFK_OK)
        rc = cfk_lock_set_policy(file->lock, plan.text, strlen(plan.text), err);
    free(plan.text);
    if (rc == CFK_OK)
        rc = split_open_lock(file->lock, file->path, &job->givers, &job->source, err);
    if (rc == CFK_OK)
        rc = split_set_keys(file->lock, &job->takers, now, &job->source, err);
    return rc == CFK_OK ? split_audit_check(&job->audit, err) : rc;
}

/* --- the answer --- */

static int answer(struct lock_job *job, const struct lock_file *file, const char *path)
{
    const char *policy = cfk_policy_text(cfk_lock_policy(file->lock));
    struct cfk_lock_info info = { .size = sizeof info };
    char id[SPLIT_ID_TEXT];
    json_t *told;

    cfk_lock_show(file->lock, &info, NULL);
    if (cli_json()) {
        told = json_pack("{so ss so sI}", "file", cli_json_text(path, strlen(path)),
                         "lock", split_id_text(info.id, sizeof info.id, id), "policy",
                         cli_json_text(policy, strlen(policy)), "generation",
                         (json_int_t)info.generation);
        split_tell_words(&job->takers, told);
        return cli_print_json(told);
    }
    split_tell_words(&job->takers, NULL);
    cli_note("%s: now %s opens it", path, policy);
    return CLI_YES;
}

static int fail(const struct cfk_error *err)
{
    int status = cli_fail(err);

    if (err->code == CFK_E_ONE_PERSON)
        cli_hint("--allow-single allows it");
    if (err->code == CFK_E_STATE)
        cli_hint("NAME=age1..., the file of --people, or --ask for a passphrase");
    return status;
}

static struct cfk_lock_options options_of(struct lock_job *job)
{
    struct cfk_lock_options options = { .size = sizeof options,
                                        .allow_single = job->allow_single,
                                        .memory_kib = job->memory_kib,
                                        .passes = job->passes };

    split_audit_attach(&job->audit, &options);
    return options;
}

/* --- the head alone --- */

static int change(struct lock_job *job, make_plan *how, const char *honest)
{
    struct cfk_lock_options options = options_of(job);
    struct cfk_error err = { 0 };
    struct lock_file file;
    int rc = lock_file_open(&file, job->operands[0], true, &options, &err);
    int status;

    if (rc == CFK_OK)
        rc = prepare(job, &file, how, &err);
    if (rc == CFK_OK)
        rc = cfk_lock_change(file.lock, &err);
    if (rc == CFK_OK)
        rc = split_audit_check(&job->audit, &err);
    if (rc == CFK_OK)
        rc = lock_file_update(&file, &err);
    status = rc == CFK_OK ? answer(job, &file, job->operands[0]) : fail(&err);
    if (rc == CFK_OK && honest != NULL)
        cli_hint("%s", honest);
    lock_file_close(&file);
    return status;
}

/* Whoever is named without a key must be in the people file. */
static int pairs_of(struct lock_job *job, int first)
{
    for (int i = first; i < job->count; i++) {
        if (strchr(job->operands[i], '=') == NULL) {
            if (job->takers.people == NULL)
                return cli_usage("'%s' has no key: NAME=age1..., --people or --ask",
                                 job->operands[i]);
        } else if (!split_takers_pair(&job->takers, job->operands[i])) {
            return cli_usage("there are too many people");
        }
    }
    return CLI_YES;
}

int cflock_add(struct lock_job *job)
{
    int status = pairs_of(job, 1);

    if (status != CLI_YES)
        return status;
    if (job->count == 1 && job->takers.asked_count == 0)
        return cli_usage("add wants people: NAME=age1..., or --ask NAME");
    return change(job, plan_add, NULL);
}

static const char honest_words[] =
    "copies of the file from before still open as they did; cflock rekey, and "
    "destroying them, ends that";

int cflock_remove(struct lock_job *job)
{
    if (job->count == 1)
        return cli_usage("remove wants the names of people");
    return change(job, plan_remove, honest_words);
}

int cflock_policy(struct lock_job *job)
{
    int status;

    if (job->count == 1)
        return cli_usage("policy wants a lock file and a policy");
    status = pairs_of(job, 2);
    return status == CLI_YES ? change(job, plan_policy, honest_words) : status;
}

/* --- a new key --- */

static int seal_anew(const struct lock_file *file, struct cli_output *out,
                     struct cfk_error *err)
{
    struct split_source source = { .path = file->path, .fd = file->fd };
    cfk_split_opener *opener;
    cfk_split_sealer *sealer = NULL;
    const void *head;
    size_t size;
    int rc = cfk_lock_opener(file->lock, &opener, err);

    source.first = lock_file_rest(file, &source.first_size);
    if (rc == CFK_OK)
        rc = cfk_lock_seal(file->lock, &sealer, err);
    if (rc == CFK_OK)
        rc = cfk_lock_head(file->lock, &head, &size, err);
    if (rc == CFK_OK)
        rc = cli_output_write(out, head, size, err);
    if (rc == CFK_OK)
        rc = split_reseal(&source, opener, sealer, out, err);
    cfk_split_sealer_free(sealer);
    cfk_split_opener_free(opener);
    return rc;
}

int cflock_rekey(struct lock_job *job)
{
    struct cfk_lock_options options = options_of(job);
    const char *path = job->output != NULL ? job->output : job->operands[0];
    unsigned flags = job->output != NULL ? job->flags : CLI_OUTPUT_REPLACE;
    struct cli_output out = { .fd = -1 };
    struct cfk_error err = { 0 };
    struct lock_file file;
    int status = pairs_of(job, 1);
    int rc;

    if (status != CLI_YES)
        return status;
    rc = lock_file_open(&file, job->operands[0], job->output == NULL, &options, &err);
    if (rc == CFK_OK)
        rc = cli_output_open(&out, path, flags | CLI_OUTPUT_SECRET | CLI_OUTPUT_BINARY,
                             &err);
    if (rc == CFK_OK)
        rc = prepare(job, &file, plan_rekey, &err);
    if (rc == CFK_OK)
        rc = seal_anew(&file, &out, &err);
    if (rc == CFK_OK)
        rc = split_audit_check(&job->audit, &err);
    if (rc == CFK_OK)
        rc = cli_output_commit(&out, &err);
    cli_output_abort(&out);
    status = rc == CFK_OK ? answer(job, &file, path) : fail(&err);
    if (rc == CFK_OK)
        cli_hint("copies of the old file still open as they did; destroy them");
    lock_file_close(&file);
    return status;
}
